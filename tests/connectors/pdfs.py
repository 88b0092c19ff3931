"""PDFs made by hand: small ones that say something, and ones that are not meant well."""

from __future__ import annotations

import textwrap
import zlib
from collections.abc import Iterator, Mapping, Sequence

HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
BOLD = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>"
A4 = b"/MediaBox[0 0 595 842]"


def file(objects: Mapping[int, bytes], *, trailer: bytes = b"", root: int = 1) -> bytes:
    """A file of objects by number, with the table of where they are."""
    parts, at, places = [HEAD], len(HEAD), {}
    for number, said in objects.items():
        one = b"%d 0 obj\n%s\nendobj\n" % (number, said)
        places[number] = at
        parts.append(one)
        at += len(one)
    most = max(objects) + 1
    table = b"".join(
        b"%010d 00000 n \n" % places[n] if n in places else b"0000000000 65535 f \n" for n in range(most)
    )
    end = b"xref\n0 %d\n%strailer\n<</Size %d/Root %d 0 R%s>>\nstartxref\n%d\n%%%%EOF\n"
    return b"".join(parts) + end % (most, table, most, root, trailer, at)


def stream(said: bytes, about: bytes = b"", *, packed: bool = False) -> bytes:
    """A stream, packed or as it is."""
    body = zlib.compress(said, 9) if packed else said
    return b"<<%s%s/Length %d>>\nstream\n%s\nendstream" % (
        about, b"/Filter/FlateDecode" if packed else b"", len(body), body,
    )  # fmt: skip


def text(x: float, y: float, said: str, *, size: float = 11, font: str = "F1") -> bytes:
    """What draws a line of text."""
    letters = said.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"BT /%s %.2f Tf %.2f %.2f Td (%s) Tj ET\n" % (font.encode(), size, x, y, letters)


def printed(
    pages: Sequence[bytes],
    *,
    catalog: bytes = b"",
    page: bytes = b"",
    more: Mapping[int, bytes] | None = None,
) -> bytes:
    """A document of pages by what draws them; `more` objects begin at 1000."""
    numbers = [10 + 2 * at for at in range(len(pages))]
    objects: dict[int, bytes] = {
        1: b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
        2: b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), b" ".join(b"%d 0 R" % n for n in numbers)),
        3: b"<</Font<</F1 4 0 R/F2 5 0 R>>/XObject<</X 1000 0 R>>>>",
        4: FONT, 5: BOLD,
    }  # fmt: skip
    for number, drawn in zip(numbers, pages, strict=True):
        objects[number] = b"<</Type/Page/Parent 2 0 R%s/Resources 3 0 R/Contents %d 0 R%s>>" % (
            A4,
            number + 1,
            page,
        )
        objects[number + 1] = stream(drawn)
    return file({**objects, **(more or {})})


def paragraphs(*said: str, top: float = 780, size: float = 11) -> bytes:
    """What draws lines below one another."""
    return b"".join(text(60, top - at * 1.3 * size, one, size=size) for at, one in enumerate(said))


def tagged(blocks: Sequence[tuple[str, str]], language: str = "fi", *, links: Sequence[str] = ()) -> bytes:
    """A tagged document of blocks: the type of each (P, H1, …) and its text, over lines and pages as they come."""
    pages: list[list[bytes]] = [[]]
    elements: list[tuple[str, list[tuple[int, int]]]] = []
    y, number = 790.0, 0
    for kind, said in blocks:
        elements.append((kind, []))
        for line in textwrap.wrap(said, 90, break_long_words=False) or [""]:
            if y < 60:
                pages.append([])
                y, number = 790.0, 0
            drawn = text(50, y, line, size=14 if kind.startswith("H") else 10)
            if elements[-1][1][-1:] and elements[-1][1][-1][0] == len(pages) - 1:
                pages[-1][-1] = pages[-1][-1].removesuffix(b"EMC\n") + drawn + b"EMC\n"
            else:
                pages[-1].append(b"/%s <</MCID %d>> BDC\n%sEMC\n" % (kind.encode(), number, drawn))
                elements[-1][1].append((len(pages) - 1, number))
                number += 1
            y -= 13
        y -= 6
    foot = [
        b"/Artifact BMC\n" + text(280, 30, f"{at + 1} ({len(pages)})") + b"EMC\n" for at in range(len(pages))
    ]
    more = {2000: b"<</Type/StructTreeRoot/K 2001 0 R>>"}
    more[2001] = b"<</Type/StructElem/S/Document/P 2000 0 R/K[%s]>>" % b" ".join(
        b"%d 0 R" % (2002 + at) for at in range(len(elements))
    )
    for at, (kind, marks) in enumerate(elements):
        kids = b" ".join(b"<</Type/MCR/Pg %d 0 R/MCID %d>>" % (10 + 2 * page, mark) for page, mark in marks)
        more[2002 + at] = b"<</Type/StructElem/S/%s/P 2001 0 R/K[%s]>>" % (kind.encode(), kids)
    annotations = b" ".join(
        b"<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(%s)>>>>" % link.encode() for link in links
    )
    return printed(
        [b"".join(drawn) + foot[at] for at, drawn in enumerate(pages)],
        catalog=b"/MarkInfo<</Marked true>>/StructTreeRoot 2000 0 R/Lang(%s)" % language.encode(),
        page=b"/Annots[%s]" % annotations,
        more=more,
    )


_PICTURE = b"/Type/XObject/Subtype/Image/Width 10/Height 10/BitsPerComponent 8/ColorSpace/DeviceGray"


def hostile() -> Iterator[tuple[str, bytes, set[str]]]:
    """Files that are not meant well, each by name, with the codes that may be told of it."""
    good = printed([paragraphs("Tiedot poistetaan.")])
    yield "nothing", b"", {"pdf_damaged"}
    yield "only a head", HEAD, {"pdf_damaged"}
    yield "zeros", HEAD + b"\0" * 100_000, {"pdf_damaged"}
    yield "another kind of file", b"<html><p>6 kk</p></html>" * 1000, {"pdf_damaged"}
    yield "cut in half", good[: len(good) // 2], {"pdf_damaged"}
    yield "without its end", good[: good.index(b"xref\n")], {"pdf_damaged"}
    yield "only its end", good[len(good) // 2 :], {"pdf_damaged", "pdf_no_text"}
    yield "arrays in arrays", printed([b"[" * 300_000]), {"pdf_damaged", "pdf_no_text", "pdf_too_slow"}
    yield "arrays in arrays, as an object", file({1: b"<</Type/Catalog/Pages 2 0 R/Lang %s>>" % (b"[" * 300_000)}), {
        "pdf_damaged", "pdf_too_slow"}  # fmt: skip
    yield (
        "dictionaries in dictionaries",
        file({1: b"<</Type/Catalog/Pages " + b"<</A " * 100_000 + b">>" * 100_001}),
        {"pdf_damaged", "pdf_too_slow"},
    )
    yield "brackets in a text", printed([b"BT /F1 9 Tf " + b"(" * 200_000]), {"pdf_damaged", "pdf_no_text"}
    yield (
        "an object that is itself",
        file({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"2 0 R"}),
        {"pdf_damaged", "pdf_too_slow"},
    )
    yield (
        "a page tree that bites its tail",
        file({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Count 1/Kids[2 0 R 2 0 R]>>"}),
        {"pdf_damaged", "pdf_no_text"},
    )
    yield "a deep page tree", file(
        {1: b"<</Type/Catalog/Pages 2 0 R>>",
         **{n: b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % (n + 1) for n in range(2, 20_000)}}
    ), {"pdf_damaged", "pdf_no_text", "pdf_too_slow"}  # fmt: skip
    yield (
        "tables of places that lead round",
        HEAD
        + (
            b"1 0 obj\n<</Type/Catalog>>\nendobj\nxref\n0 1\n0000000000 65535 f \n"
            b"trailer\n<</Size 2/Root 1 0 R/Prev 49>>\nstartxref\n49\n%%EOF\n"
        ),
        {"pdf_damaged", "pdf_no_text", "pdf_too_slow"},
    )
    yield "a table of a thousand million places", HEAD + b"xref\n0 1000000000\nstartxref\n15\n%%EOF\n", {
        "pdf_damaged", "pdf_too_slow", "pdf_too_much"}  # fmt: skip
    wide = b"<</Type/XRef/Size 9/W[1 9999999 1]/Index[0 999999999]/Root 1 0 R"
    table = stream(b"\0" * 50_000_000, wide, packed=True).replace(b"<<<<", b"<<")
    yield "a packed table of places", HEAD + b"1 0 obj\n%s\nendobj\nstartxref\n15\n%%%%EOF\n" % table, {
        "pdf_damaged", "pdf_too_much", "pdf_too_slow"}  # fmt: skip
    # What packs a megabyte, again and again.
    packing = zlib.compressobj(9)
    begun = packing.compress(b"\0" * (1 << 20)) + packing.flush(zlib.Z_FULL_FLUSH)
    packed = begun + (packing.compress(b"\0" * (1 << 20)) + packing.flush(zlib.Z_FULL_FLUSH)) * 700
    about = b"<</Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream"
    yield "a packed page of 700 MB", file({
        1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        3: b"<</Type/Page/Parent 2 0 R/Contents 4 0 R>>", 4: about % (len(packed), packed),
    }), {"pdf_too_much", "pdf_too_slow"}  # fmt: skip
    twice = zlib.compress(packed, 9)
    yield "packed twice", file({
        1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        3: b"<</Type/Page/Parent 2 0 R/Contents 4 0 R>>",
        4: b"<</Filter[/FlateDecode/FlateDecode]/Length %d>>\nstream\n%s\nendstream" % (len(twice), twice),
    }), {"pdf_too_much", "pdf_too_slow"}  # fmt: skip
    yield (
        "drawings in drawings, each ten times",
        printed(
            [b"/X Do "],
            more={
                1000 + n: stream(
                    b"/X Do " * 10,
                    b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>"
                    % (1001 + n),
                )
                for n in range(30)
            },
        ),
        {"pdf_too_slow", "pdf_damaged"},
    )
    yield (
        "a drawing in itself",
        printed(
            [b"/X Do "],
            more={1000: stream(b"/X Do " * 10, b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources 3 0 R")},
        ),
        {"pdf_no_text", "pdf_damaged", "pdf_too_slow"},
    )
    yield (
        "letters without end",
        printed([paragraphs(*["tieto " * 20_000] * 20)]),
        {"pdf_too_long", "pdf_too_slow"},
    )
    vast = b"9" * 300
    yield (
        "a page as large as the sky",
        printed([b"BT /F1 %s Tf %s 0 0 %s 0 0 Tm (6 kk) Tj ET" % (vast, vast, vast)]),
        {"pdf_no_text", "pdf_damaged"},
    )
    yield "a password", file(
        {1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Count 0/Kids[]>>",
         3: b"<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>" % (b"41" * 32, b"42" * 32)},
        trailer=b"/Encrypt 3 0 R/ID[<00><00>]",
    ), {"pdf_encrypted"}  # fmt: skip
    yield (
        "a lock that nobody knows",
        file(
            {
                1: b"<</Type/Catalog/Pages 2 0 R>>",
                2: b"<</Type/Pages/Count 0/Kids[]>>",
                3: b"<</Filter/Mine/V 99>>",
            },
            trailer=b"/Encrypt 3 0 R/ID[<00><00>]",
        ),
        {"pdf_encrypted"},
    )
    yield "pictures of pages", printed(
        [b"q 500 0 0 700 0 0 cm /X Do Q"],
        more={1000: stream(b"\0" * 100, _PICTURE)},
    ), {"pdf_no_text"}  # fmt: skip
    yield "pictures with unseen text over them", printed(
        [b"q 500 0 0 700 0 0 cm /X Do Q BT 3 Tr /F1 11 Tf 60 700 Td (Tiedot myydaan.) Tj ET"],
        more={1000: stream(b"\0" * 100, _PICTURE)},
    ), {"pdf_no_text"}  # fmt: skip
