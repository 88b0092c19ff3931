"""A page of HTML as people read it: its text, and where its links lead."""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit, urlunsplit

_HIDDEN = frozenset({"script", "style", "noscript", "template", "svg", "head", "iframe", "object"})
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_NAMED = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_INSIDE = frozenset({"a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "i", "mark", "q", "s", "small", "span",
                     "strong", "sub", "sup", "time", "u", "var", "wbr", "font"})  # fmt: skip


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.links: dict[str, None] = {}
        self.title: list[str] = []
        self._hidden: list[str] = []
        self._titled = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title":
            self._titled = True
        elif tag == "body":
            self._hidden.clear()  # whatever was left open before it
        elif tag in _HIDDEN:
            self._hidden.append(tag)
        elif tag == "a" and (where := dict(attrs).get("href")):
            self.links[where.strip()] = None
        if tag not in _INSIDE:
            self.parts.append(" ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _HIDDEN:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._titled = False
        elif tag in self._hidden:
            while self._hidden.pop() != tag:
                pass
        if tag not in _INSIDE:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._hidden and not self._titled:
            self.parts.append(data)


def decoded(body: bytes, content_type: str) -> str:
    """The characters of a page, by what its head, else it itself, says of them; UTF-8 where neither does."""
    named = _NAMED.search(content_type)
    found = _CHARSET.search(body[:4096])
    charset = named[1] if named else found[1].decode("ascii") if found else "utf-8"
    try:
        return body.decode(charset, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


def read(html: str, base: str) -> tuple[str, list[str]]:
    """The text of a page in one line (NFC), and the http and https links on it, whole and in order."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = unicodedata.normalize("NFC", " ".join("".join(reader.parts).split()))
    links: dict[str, None] = {}
    for link in reader.links:
        try:
            parts = urlsplit(urljoin(base, link))
            if parts.scheme in ("http", "https") and parts.hostname:
                links[urlunsplit(parts._replace(fragment=""))] = None
        except ValueError:  # an address that is none
            continue
    return text, list(links)
