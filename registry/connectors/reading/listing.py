"""The list of organisations that a page publishes: its text, which is what it is known by, and who is on it where a
plain table says so.

What stands around a list, menus and the foot of a page, changes for no reason of its own and is left aside. Where the
page does not say plainly what that is, all that is visible counts: better a change too many than one unseen.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from babel import Locale

from registry.connectors.observed import passages
from registry.connectors.observed.plain import ADDRESS
from registry.connectors.reading.pages import INSIDE, Piece, pieces
from registry.connectors.values import word
from registry.law import law
from registry.law.names import company

MOST = 1_000  # rows that are read for names; a page with more is of another sort
_LONGEST = 120  # characters of a name
Zone = Literal["main", "body", "around"]
_AROUND = frozenset({"nav", "footer"})
_SPANS = re.compile(r"\s(?:col|row)span\s{0,9}=\s{0,9}[\"']?\s{0,9}([^\s\"'>]{1,9})", re.IGNORECASE)
#: Heads of columns that say whose names stand below; of the second sort other things may be called so too.
_OF_PROCESSORS = frozenset({
    "sub processor", "subprocessor", "sub processors", "subprocessors", "sub processor name", "subprocessor name",
    "name of sub processor", "name of subprocessor", "entity name", "legal entity", "legal entity name",
    "third party sub processor", "third party subprocessor", "alikäsittelijä", "alikäsittelijän nimi",
    "henkilötietojen alikäsittelijä", "underbiträde", "underbiträdets namn", "namn på underbiträde",
})  # fmt: skip
_OF_SOMEBODY = frozenset({
    "name", "entity", "company", "company name", "vendor", "vendor name", "provider", "service provider", "third party",
    "organisation", "organization", "supplier", "nimi", "yritys", "yhtiö", "toimittaja", "palveluntarjoaja", "namn",
    "företag", "bolag", "leverantör", "tjänsteleverantör",
})  # fmt: skip
_OF_COUNTRIES = frozenset({
    "country", "location", "entity country", "country of processing", "location of processing", "processing location",
    "processing country", "data location", "maa", "sijainti", "sijaintimaa", "käsittelymaa", "käsittelyn sijainti",
    "land", "plats", "behandlingsland", "plats för behandling",
})  # fmt: skip
_AREAS = {
    "usa": "US", "us": "US", "united states of america": "US", "uk": "GB", "great britain": "GB", "eu": "EU",
    "european union": "EU", "euroopan unioni": "EU", "europeiska unionen": "EU", "eea": "EEA", "eta": "EEA",
    "ees": "EEA", "european economic area": "EEA", "the netherlands": "NL", "czech republic": "CZ",
}  # fmt: skip
_NO_COUNTRY = re.compile("EZ|UN|QO|X[A-J]|ZZ")


class Listing(NamedTuple):
    """What a page lists: its words in small letters, whatever markup, space and punctuation stand between them; and
    who is on it, each with a country where one is named, or None where that cannot be read for certain.
    """

    words: tuple[str, ...]
    organisations: list[dict[str, str]] | None

    def mentions(self, name: str) -> bool:
        """Whether a name stands in it, word for word."""
        return f" {_plain(name)} " in f" {' '.join(self.words)} "


def read(page: str) -> Listing:
    """What a page of HTML lists.

    Who is on it is certain where its text has tables and no other lists, each table says in its head where the names
    are and has a cell for each column in each row, and every name is that of an organisation.
    """
    zones, told = _told(page)
    try:
        return Listing(told, _organisations(page, zones))
    except _Doubt:
        return Listing(told, None)


def of_texts(texts: Iterable[str]) -> Listing:
    """What a paper lists, of which the texts are known and how they stand is not: its words alone."""
    return Listing(passages.words(" ".join(texts).replace(passages.LEFT_OUT, " ")), None)


class _Doubt(Exception):
    """Something on the page may be read in another way."""


# --- which part of a page is its text


def _zoned(page: str) -> Iterator[tuple[Piece, Zone]]:
    """The pieces of a page, each with where it stands."""
    main = around = 0
    for piece in pieces(page):
        step = -1 if piece.closes else 1
        if piece.tag == "main":
            main = max(0, main + step)
        elif piece.tag in _AROUND or (piece.tag == "header" and not main):
            around = max(0, around + step)
        yield piece, "around" if around else "main" if main else "body"


def _told(page: str) -> tuple[frozenset[Zone], tuple[str, ...]]:
    """Where the text of a page stands, and its words."""
    parts: dict[Zone, list[str]] = {"main": [], "body": [], "around": []}
    everything: list[str] = []
    last: Zone = "body"
    for piece, last in _zoned(page):
        text = (
            piece.text.replace(passages.LEFT_OUT, " ")
            if not piece.tag
            else ""
            if piece.tag in INSIDE
            else " "
        )
        everything.append(text)
        for zone, into in parts.items():
            into.append(text if zone == last else " " if piece.tag else "")
    told: dict[Zone, tuple[str, ...]] = {zone: passages.words("".join(into)) for zone, into in parts.items()}
    if last == "around":  # a menu that never ends
        return frozenset({"main", "body", "around"}), passages.words("".join(everything))
    if told["main"] and len(told["main"]) >= len(told["body"]):
        return frozenset({"main"}), told["main"]
    return frozenset({"main", "body"}), (*told["main"], *told["body"])


# --- who is on it


def _organisations(page: str, zones: frozenset[Zone]) -> list[dict[str, str]] | None:
    reader = _Tables()
    for piece, zone in _zoned(page):
        if zone in zones:
            reader.take(piece)
    found: dict[str, dict[str, str]] = {}
    for head, *rows in reader.told():
        named, of_processors, placed = _columns(head)
        for row in rows:
            name = row[named]
            if not _is_organisation(name, short=of_processors):
                raise _Doubt
            country = _countries().get(_plain(row[placed])) if placed is not None else None
            told = {"name": word(name), **({"country": country} if country else {})}
            if found.setdefault(company(name), told) != told:
                found[company(name)].pop("country", None)  # here and there
    return list(found.values()) or None


class _Tables:
    """The tables of a text, piece by piece. Raises _Doubt at what is no plain table, and at another list."""

    def __init__(self) -> None:
        self._tables: list[list[list[str]]] = []
        self._cell: list[str] | None = None
        self._inside = False
        self._count = 0

    def take(self, piece: Piece) -> None:
        if piece.tag in ("td", "th", "tr", "table"):
            self._end_cell()
            if not piece.closes or piece.tag == "table":
                self._begin(piece)
        elif piece.tag in ("li", "dt"):
            raise _Doubt
        elif self._cell is not None:
            self._cell.append(piece.text if not piece.tag else "" if piece.tag in INSIDE else " ")

    def told(self) -> Iterator[list[list[str]]]:
        """Those with more than one row, each row with as many cells as the first."""
        if self._inside:
            raise _Doubt
        for table in self._tables:
            rows = [row for row in table if row]
            if any(len(row) != len(rows[0]) for row in rows):
                raise _Doubt
            if len(rows) > 1:
                yield rows

    def _begin(self, piece: Piece) -> None:
        if piece.tag == "table":
            if not piece.closes and self._inside:
                raise _Doubt
            self._inside = not piece.closes
            if self._inside:
                self._tables.append([])
        elif not self._inside:
            raise _Doubt
        elif piece.tag == "tr":
            self._tables[-1].append([])
            self._count += 1
        else:
            if not self._tables[-1] or any(one != "1" for one in _SPANS.findall(piece.written)):
                raise _Doubt
            self._cell = []
        if self._count > MOST:
            raise _Doubt

    def _end_cell(self) -> None:
        if self._cell is not None:
            self._tables[-1][-1].append(" ".join("".join(self._cell).split()))
            self._cell = None


def _columns(head: list[str]) -> tuple[int, bool, int | None]:
    """By the head of a table: where the names are, whether they are of processors, where the countries."""
    said = [_plain(one) for one in head]
    named = [at for at, one in enumerate(said) if one in _OF_PROCESSORS]
    of_processors = bool(named)
    named = named or [at for at, one in enumerate(said) if one in _OF_SOMEBODY]
    placed = [at for at, one in enumerate(said) if one in _OF_COUNTRIES]
    if len(named) != 1:
        raise _Doubt
    return named[0], of_processors, placed[0] if len(placed) == 1 else None


def _is_organisation(name: str, *, short: bool) -> bool:
    """Whether a name is no person's: it has a form of company, is a vendor's of the law table, or, where `short` names
    are taken, is one word.
    """
    if not name or len(name) > _LONGEST or ADDRESS.search(name):
        return False
    told = passages.words(name.replace(".", ""))
    if not told or not any(char.isalpha() for char in name):
        return False
    return (
        company(" ".join(told)) != " ".join(told)
        or law().vendor(name) is not None
        or (short and len(name.split()) == 1)
    )


def _plain(text: str) -> str:
    return " ".join(passages.words(text))


@functools.cache
def _countries() -> Mapping[str, str]:
    """Countries by what they are called in Finnish, Swedish and English."""
    found = {
        _plain(name): code
        for language in ("sv", "fi", "en")
        for code, name in Locale(language).territories.items()
        if re.fullmatch("[A-Z]{2}", code) and not _NO_COUNTRY.fullmatch(code)
    }
    return {**found, **_AREAS}
