"""A page in passages: its sentences, items, cells and headings, with the heading that each stands under."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from registry.connectors.observed import passages
from registry.connectors.reading.pages import INSIDE, pieces

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
#: What is no part of the text of a page.
_BESIDE = frozenset({"nav", "footer", "aside", "form", "button", "select", "dialog"})
#: Where pages keep their text, if they say so.
_MAIN = frozenset({"main", "article"})
_LANG = re.compile(r"\slang\s{0,9}=\s{0,9}[\"']?([A-Za-z]{2,3})(?![A-Za-z])", re.IGNORECASE)


class Block(NamedTuple):
    """A paragraph, an item, a cell or a heading: which part of the page it is, and its heading."""

    part: str
    heading: str
    text: str


def language(page: str) -> str | None:
    """The language that a page says it is in: the primary subtag, in small letters."""
    for piece in pieces(page):
        if piece.tag == "html" and not piece.closes:
            found = _LANG.search(piece.written)
            return found[1].lower() if found else None
    return None


def read(page: str) -> tuple[list[dict[str, Any]], bool]:
    """The passages of a page of HTML as `observed.passages` keeps them, and whether that is all of them."""
    return _kept(list(blocks(page)))


def of_blocks(parts: Iterable[tuple[str, str]]) -> tuple[list[dict[str, Any]], bool]:
    """The same of a page whose blocks are known: which part of it each is, and its text."""
    found, heading = list[Block](), ""
    for part, text in parts:
        found.append(Block(part, heading, text))
        heading = text if part == "heading" else heading
    return _kept(found)


def _kept(every: list[Block]) -> tuple[list[dict[str, Any]], bool]:
    known = passages.common([one.text for one in every])
    found: list[dict[str, Any]] = []
    section, place = "", 0
    for block in every:
        heading = passages.shown(passages.quoted(block.heading, known)) if block.heading else ""
        for one in passages.sentences(block.text.replace(passages.LEFT_OUT, " ")):
            if len(found) == passages.MOST:
                return found, False
            place = place + 1 if heading == section else 1
            section = heading
            told = passages.words(one)
            passage = {
                "part": block.part, "at": place, "words_sha256": passages.digest(told),
                "says": passages.quoted(one, known),
            }  # fmt: skip
            found.append({**passage, "section": section} if section else passage)
    return found, True


def blocks(page: str) -> Iterator[Block]:
    """The blocks of a page in order. Where it says which part is its text, the rest is beside it."""
    main = any(piece.tag in _MAIN and not piece.closes for piece in pieces(page))
    inside, beside, heading = 0, 0, ""
    title, parts = "", list[str]()

    def block() -> Iterator[Block]:
        text = " ".join("".join(parts).split())
        parts.clear()
        if text:
            part = "beside" if beside or (main and not inside) else "heading" if title else "text"
            yield Block(part, heading, text)

    for piece in pieces(page):
        if not piece.tag:
            parts.append(piece.text)
            continue
        if piece.tag in INSIDE:
            continue
        text = " ".join("".join(parts).split())
        yield from block()
        step = -1 if piece.closes else 1
        if piece.tag in _MAIN:
            inside = max(0, inside + step)
        elif piece.tag in _BESIDE or (piece.tag == "header" and not inside):
            beside = max(0, beside + step)
        elif piece.tag in _HEADINGS:
            if piece.closes and title and text:
                heading = text if not beside else heading
            title = "" if piece.closes else piece.tag
    yield from block()
