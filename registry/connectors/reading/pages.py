"""A page of HTML as people read it: its text, where its links lead, what its tables list.

Read in one pass that takes no longer the stranger a page is: html.parser takes a minute for 200 kB of what is never
closed. What HTML leaves to be guessed is guessed plainly: a tag ends at the next `>`.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit, urlunsplit

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
            yield Piece(html.unescape(page[at:begin]))
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
        yield Piece(html.unescape(page[at:]))


def decoded(body: bytes, content_type: str) -> str:
    """The characters of a page, by what its head, else it itself, says of them; UTF-8 where neither does."""
    named = _NAMED.search(content_type)
    found = _CHARSET.search(body[:4096])
    charset = named[1] if named else found[1].decode("ascii") if found else "utf-8"
    try:
        return body.decode(charset, "replace")
    except (LookupError, ValueError):
        return body.decode("utf-8", "replace")


def read(page: str, base: str) -> tuple[str, list[str]]:
    """The text of a page in one line (NFC), and the http and https links on it, whole and in order."""
    parts: list[str] = []
    links: dict[str, None] = {}
    for piece in pieces(page):
        parts.append(piece.text if not piece.tag else "" if piece.tag in INSIDE else " ")
        if piece.tag == "a" and not piece.closes and (where := _HREF.search(piece.written)):
            link = whole(html.unescape(where[1] or where[2] or where[3] or "").strip(), base)
            if link is not None:
                links[link] = None
    return unicodedata.normalize("NFC", " ".join("".join(parts).split())), list(links)


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
    try:
        parts = urlsplit(urljoin(base, link))
        return (
            urlunsplit(parts._replace(fragment=""))
            if parts.scheme in ("http", "https") and parts.hostname
            else None
        )
    except ValueError:  # an address that is none
        return None
