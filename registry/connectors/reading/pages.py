"""A page of HTML as people read it: its text, where its links lead, what its tables list.

Read in one pass that takes no longer the stranger a page is: html.parser takes a minute for 200 kB of what is never
closed. What HTML leaves to be guessed is guessed plainly: a tag ends at the next `>`.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit, urlunsplit

from registry.strict.normal import normal, piled

#: What is between these tags is not read by people.
_HIDDEN = frozenset(
    {"script", "style", "noscript", "template", "svg", "title", "iframe", "object", "textarea"}
)
INSIDE = frozenset({"a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "i", "mark", "q", "s", "small", "span",
                     "strong", "sub", "sup", "time", "u", "var", "wbr", "font"})  # fmt: skip
_NAME = re.compile(r"</?([A-Za-z][A-Za-z0-9:-]{0,40})")
_HREF = re.compile(
    r"\shref\s{0,9}=\s{0,9}(?:\"([^\"]{0,4000})\"|'([^']{0,4000})'|([^\s\"'>]{1,4000}))", re.IGNORECASE
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s{0,9}=\s{0,9}[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_NAMED = re.compile(r"charset\s{0,9}=\s{0,9}\"?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_NO_CHARACTER = re.compile(r"&#0{0,20}[1-9][0-9]{7,}")
#: The encodings that pages are in (Encoding Standard, 4.2), as Python calls them. Others of Python are no encodings of
#: characters, or take the longer the stranger a page is: Punycode a minute for 200 kB.
_ENCODINGS = frozenset({
    "ascii", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "koi8-r", "koi8-u", "cp866", "cp874", "mac-roman",
    "mac-cyrillic", "gbk", "gb2312", "gb18030", "big5", "big5hkscs", "cp950", "euc_jp", "shift_jis", "cp932",
    "iso2022_jp", "euc_kr", "cp949", "tis-620",
    *(f"iso8859-{part}" for part in range(1, 17)), *(f"cp125{part}" for part in range(9)),
})  # fmt: skip


class Piece(NamedTuple):
    """A text, or a tag: its name in small letters, whether it closes, and what it is written as."""

    text: str = ""
    tag: str = ""
    closes: bool = False
    written: str = ""


def pieces(page: str) -> Iterator[Piece]:
    """The tags and the visible text of a page, in order."""
    small, at, never = page.lower(), 0, set[str]()
    while (begin := page.find("<", at)) >= 0:
        if begin > at:
            yield Piece(unescaped(page[at:begin]))
        if page.startswith("<!--", begin):
            end = page.find("-->", begin + 4)
            if end < 0:
                return
            at = end + 3
            continue
        name = _NAME.match(page, begin)
        if name is None and page[begin + 1 : begin + 2] not in ("!", "?", "/"):
            yield Piece("<")
            at = begin + 1
            continue
        end = page.find(">", begin)
        if end < 0:
            return
        at = end + 1
        if name is None:
            continue
        tag, closes, written = name[1].lower(), page[begin + 1] == "/", page[begin:at]
        yield Piece("", tag, closes, written)
        if tag in _HIDDEN and not closes and not written.endswith("/>") and tag not in never:
            close = small.find(f"</{tag}", at)
            if close < 0:
                if tag in ("script", "style"):
                    return
                never.add(tag)
            else:
                at = close
    if at < len(page):
        yield Piece(unescaped(page[at:]))


def unescaped(text: str) -> str:
    """A text with its character references resolved, whatever they are: html.unescape raises at long numbers."""
    return html.unescape(_NO_CHARACTER.sub("&#9999999", text))


def decoded(body: bytes, content_type: str) -> str:
    """The characters of a page, by what its head, else it itself, says of them; UTF-8 where neither does, and where
    what they say is none of the encodings that pages are in.
    """
    named = _NAMED.search(content_type)
    found = _CHARSET.search(body[:4096])
    charset = named[1] if named else found[1].decode("ascii") if found else "utf-8"
    try:
        known = codecs.lookup(charset).name in _ENCODINGS
    except (LookupError, ValueError):
        known = False
    return body.decode(charset if known else "utf-8", "replace")


def read(page: str, base: str) -> tuple[str, list[str]]:
    """The text of a page in one line (NFC), and the http and https links on it, whole and in order."""
    parts: list[str] = []
    links: dict[str, None] = {}
    for piece in pieces(page):
        parts.append(piece.text if not piece.tag else "" if piece.tag in INSIDE else " ")
        if piece.tag == "a" and not piece.closes and (where := _HREF.search(piece.written)):
            link = whole(unescaped(where[1] or where[2] or where[3] or "").strip(), base)
            if link is not None:
                links[link] = None
    return normal(" ".join("".join(parts).split())), list(links)


def first_cells(page: str, headed: str) -> list[str]:
    """The first cell of each row, each once, of the tables whose first column is headed so."""
    found: dict[str, None] = {}
    cell: list[str] | None = None
    place, wanted = 0, False
    for piece in pieces(page):
        if piece.tag in ("td", "th", "tr", "table") and cell is not None:
            text = " ".join("".join(cell).split())
            if text == headed:
                wanted = True
            elif wanted and text:
                found[text] = None
            cell = None
        if piece.tag == "table":
            wanted = False
        elif piece.tag == "tr":
            place = 0
        elif piece.tag in ("td", "th") and not piece.closes:
            place += 1
            cell = [] if place == 1 else None
        elif cell is not None:
            cell.append(piece.text)
    return list(found)


def whole(link: str, base: str = "") -> str | None:
    """A link in full, without the place on the page; None of one that is not http or https."""
    if piled(link):
        return None
    try:
        parts = urlsplit(urljoin(base, link))
        return (
            urlunsplit(parts._replace(fragment=""))
            if parts.scheme in ("http", "https") and parts.hostname
            else None
        )
    except ValueError:  # an address that is none
        return None
