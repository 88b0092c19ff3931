"""The process that reads one PDF from its standard input and writes what it understood to its standard output, as JSON.

    {"blocks": [[part, text], …], "guessed": …, "language": "fi" or null, "links": […], "faults": […]}
    {"failed": code}

It has no environment and limits on memory, processor time and what it writes; once the file is in memory it can open
nothing, neither files nor sockets. `registry.connectors.reading.pdf.apart` starts it.
"""

from __future__ import annotations

import codecs
import heapq  # noqa: F401 -- Counter asks for it when nothing can be opened any more
import io
import json
import logging
import resource
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pdfminer._saslprep  # noqa: F401 -- likewise, where a file is encrypted
from pdfminer.pdfdocument import PDFDocument, PDFEncryptionError, PDFPasswordIncorrect, PDFXRefFallback
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import resolve1
from pdfminer.utils import decode_text

from registry.connectors.reading.pdf import glyphs, lines, tagged
from registry.connectors.reading.pdf.joined import joined, mended

MEMORY = 512 * 1024 * 1024
SECONDS = 20  # of the processor
WRITTEN = 4 * 1024 * 1024  # bytes that are written at most
PAGES = 100
LETTERS = 500_000
BLOCKS = 5_000
LINKS = 1_000
#: What a file may have outside its structure, of its letters, before it is read as one without.
_LOOSE = 0.1
#: What is said at every other file, and says nothing of its text.
_HARMLESS = ("color", "colour", "FontBBox", "extraction", "MediaBox", "Ignoring", "graphics", "image")


class Failed(Exception):
    """Nothing can be told of the text, by a code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Warned(logging.Handler):
    """Remembers whether something of the file was passed over."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.damaged = False

    def emit(self, record: logging.LogRecord) -> None:
        said = str(record.msg)
        self.damaged = self.damaged or not any(word.casefold() in said.casefold() for word in _HARMLESS)


def read(body: bytes) -> dict[str, Any]:
    """What is understood of a PDF. Raises Failed, and whatever a file can bring a reader to."""
    warned = _Warned()
    logger = logging.getLogger("pdfminer")
    logger.addHandler(warned)
    logger.propagate = False
    try:
        document = PDFDocument(PDFParser(io.BytesIO(body)))
    except (PDFPasswordIncorrect, PDFEncryptionError):
        raise Failed("pdf_encrypted") from None
    faults: set[str] = set()
    places: dict[Any, int] = {}
    links: dict[str, None] = {}
    try:
        drawn = glyphs.of(
            _pages(document, places, faults), lambda page: links.update(dict.fromkeys(_links(page)))
        )
    except glyphs.TooMany:
        raise Failed("pdf_too_long") from None
    if not places:
        raise Failed("pdf_damaged")
    if (
        any(isinstance(one, PDFXRefFallback) for one in document.xrefs)
        or b"%%EOF" not in body[-2048:]
        or (_announced(document) != len(places) and not faults)
    ):
        faults.add("pdf_damaged")
    if _unknown(drawn):
        faults.add("pdf_letters_unknown")
    if drawn.unseen > len(drawn.glyphs) or drawn.pictured - {one.page for one in drawn.glyphs}:
        faults.add("pdf_no_text")  # of some pages, that were scanned
    found = _structured(document, places, drawn.glyphs)
    guessed = found is None
    if found is None:
        found = [
            (block.part, joined(block.glyphs))
            for block in lines.blocks(one for one in drawn.glyphs if not one.aside)
        ]
    if warned.damaged:
        faults.add("pdf_damaged")
    told = mended([text for _, text in found])
    blocks = [[part, text] for (part, _), text in zip(found, told, strict=True) if text]
    if len(blocks) > BLOCKS or sum(len(text) for _, text in blocks) > LETTERS:
        raise Failed("pdf_too_long")
    return {
        "blocks": blocks,
        "guessed": guessed,
        "language": _language(document),
        "links": list(links)[:LINKS],
        "faults": sorted(faults),
    }


def _pages(document: PDFDocument, places: dict[Any, int], faults: set[str]) -> Iterator[PDFPage]:
    """The pages that are read; their places by object number."""
    for page in PDFPage.create_pages(document):
        if len(places) == PAGES:
            faults.add("pdf_too_long")
            return
        places[page.pageid] = len(places)
        yield page


def _unknown(drawn: glyphs.Device) -> bool:
    """Whether some letters are not known. Raises Failed where there is no text, or hardly any of it is known."""
    letters = sum(one.text.isalnum() for one in drawn.glyphs if not one.aside)
    if drawn.unknown > 0.2 * letters:
        raise Failed("pdf_letters_unknown")
    if not letters:
        raise Failed("pdf_no_text")
    return drawn.unknown > 0.002 * letters


def _structured(
    document: PDFDocument, places: Mapping[Any, int], drawn: list[glyphs.Glyph]
) -> list[tuple[str, str]] | None:
    """The blocks by the structure of the file, where it has one and its text is in it."""
    structure = tagged.blocks(document.catalog, places)
    if structure is None:
        return None
    marked: dict[glyphs.Mark, list[glyphs.Glyph]] = defaultdict(list)
    loose: list[glyphs.Glyph] = []
    wanted = {mark for block in structure for mark in block.marks}
    for one in drawn:
        if one.mark in wanted:
            marked[one.mark].append(one)
        elif not one.aside:
            loose.append(one)
    if len(loose) > _LOOSE * len(drawn):
        return None
    # A piece stands where it is first; one that is in the structure again and again is not said again.
    told = [
        (block.part, joined(one for mark in block.marks for one in marked.pop(mark, ())))
        for block in structure
    ]
    return [*told, *(("beside", joined(block.glyphs)) for block in lines.blocks(loose))]


def _announced(document: PDFDocument) -> Any:
    """How many pages a document says that it has."""
    root = resolve1(document.catalog.get("Pages"))
    return resolve1(root.get("Count")) if isinstance(root, Mapping) else None


def _language(document: PDFDocument) -> str | None:
    said = resolve1(document.catalog.get("Lang"))
    tag = decode_text(said).split("-")[0].strip().lower() if isinstance(said, bytes) else ""
    return tag if 2 <= len(tag) <= 3 and tag.isascii() and tag.isalpha() else None


def _links(page: PDFPage) -> Iterator[str]:
    """Where the annotations of a page lead on the web."""
    annotations = resolve1(page.annots)
    for one in annotations[:LINKS] if isinstance(annotations, list) else ():
        annotation = resolve1(one)
        action = resolve1(annotation.get("A")) if isinstance(annotation, Mapping) else None
        where = resolve1(action.get("URI")) if isinstance(action, Mapping) else None
        if isinstance(where, bytes) and len(where) <= 4000:
            yield where.decode("utf-8", "replace")


def limited() -> None:
    """Take no more memory and time than a notice takes, and write no more."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_FSIZE, WRITTEN),
        (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        resource.setrlimit(what, (most, most))


def closed() -> None:
    """From here on nothing can be opened: no file, no socket. What is asked for later has to be there by now."""
    for name in ("utf-16-be", "utf-16-le", "utf-16", "utf-8", "latin-1", "ascii", "cp1252", "mac-roman"):
        codecs.lookup(name)  # each is a file of its own
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def main() -> None:
    """Read the file at the standard input, within limits."""
    limited()
    body = sys.stdin.buffer.read()
    closed()
    told: dict[str, Any]
    try:
        told = read(body)
    except Failed as failed:
        told = {"failed": failed.code}
    except OSError:  # something of ours wanted to open a file
        sys.exit(1)
    except MemoryError:
        told = {"failed": "pdf_too_much"}
    except Exception:  # whatever a stranger's file can bring a reader to
        told = {"failed": "pdf_damaged"}
    sys.stdout.write(json.dumps(told))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
