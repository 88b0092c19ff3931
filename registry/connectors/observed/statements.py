"""What a published text states, found by form in Finnish, Swedish and English: periods, dates, domains, acts, vendors.

Nothing here knows what the record says: whoever compares them decides what is missing and what is too much.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import babel

from registry import clock, errors
from registry.connectors.observed.plain import Word
from registry.law import law, periods
from registry.strict.schema import OneOf, Schema

MOST = 500  # of one page

#: What a statement of a text is about: a period, a day, a domain of a mailbox, the number of an act, a vendor's key.
STATED = ("period", "date", "mail_domain", "act", "vendor")


class StatementOfPage(Schema):
    """Something that a published text states, in a form that a record's statements can be compared with."""

    about = OneOf(*STATED, required=True)
    value = Word(
        required=True, metadata={"description": "P6M, 2026-01-31, example.fi, 1050/2018, a key of /v1/law."}
    )


_UNITS = {
    "Y": "vuosi|vuoden|vuotta|vuodeksi|vuodessa|vuoteen|år|years?|yrs?",
    "M": "kuukausi|kuukauden|kuukautta|kuukaudeksi|kuukaudessa|kuukauteen|kk|månad|månads|månader|månaders|months?",
    "W": "viikko|viikon|viikkoa|viikoksi|vecka|veckor|veckors|weeks?",
    "D": "päivä|päivän|päivää|päiväksi|vuorokausi|vuorokauden|vuorokautta|vrk|pv|dag|dagar|dagars|dygn|days?",
}
_WORDS = (
    "yksi|yhden|ett|en|one", "kaksi|kahden|två|two", "kolme|kolmen|tre|three", "neljä|neljän|fyra|four",
    "viisi|viiden|fem|five", "kuusi|kuuden|sex|six", "seitsemän|sju|seven", "kahdeksan|åtta|eight",
    "yhdeksän|nio|nine", "kymmenen|tio|ten", "yksitoista|yhdentoista|elva|eleven",
    "kaksitoista|kahdentoista|tolv|twelve",
)  # fmt: skip
COUNTS = {word: number for number, words in enumerate(_WORDS, 1) for word in words.split("|")}
_LETTERS = {word: letter for letter, words in _UNITS.items() for word in words.replace("s?", "|").split("|")}
_UNIT = "|".join(
    sorted((one for units in _UNITS.values() for one in units.split("|")), key=len, reverse=True)
)
_COUNT = "|".join(sorted(COUNTS, key=len, reverse=True))
# Also "six (6) months" and "6 (kuusi) kuukautta".
_PERIOD = re.compile(
    rf"(?<![\w.,/-])([0-9]{{1,4}}|{_COUNT})(?:\s?\((?:[0-9]{{1,4}}|\w{{2,20}})\))?[\s -]{{1,3}}({_UNIT})(?!\w)",
    re.IGNORECASE,
)
# Said without a number.
_HALF_A_YEAR = re.compile(
    r"\b(?:puoli vuotta|puolta vuotta|puolen vuoden|halvår|halvt år|half a year|half year)\b", re.IGNORECASE
)
_ONE = re.compile(
    r"(?:(\w{1,30})\W{1,3})?\b(vuoden|kuukauden|viikon) (?:ajan|kuluttua|kuluessa)\b", re.IGNORECASE
)
_DATE = re.compile(
    r"(?<![\d.])([0-3]?\d)\.\s?([01]?\d)\.\s?((?:19|20)\d\d)(?!\d)|(?<!\d)((?:19|20)\d\d-[01]\d-[0-3]\d)(?!\d)"
)
_MONTHS = {
    name.casefold(): month
    for language in ("fi", "sv", "en")
    for width in ("wide", "abbreviated")
    for form in ("format", "stand-alone")
    for month, name in babel.Locale(language).months[form][width].items()
}
# 3. marraskuuta 2026, den 3 november 2026, 3 November 2026
_NAMED = "|".join(sorted(map(re.escape, _MONTHS), key=len, reverse=True))
_LONG_DATE = re.compile(rf"(?<![\d.])([0-3]?\d)\.?\s({_NAMED})\s((?:19|20)\d\d)(?!\d)", re.IGNORECASE)
_MAIL = re.compile(
    r"[\w.+-]{1,64}\s?(?:@|\(at\)|\[at\]|\(a\))\s?((?:[a-z0-9][a-z0-9-]{0,62}\.){1,5}[a-z]{2,24})(?![\w-])",
    re.IGNORECASE,
)
_ACT = re.compile(r"(?<![\w/])([0-9]{1,4}/(?:1[89]|20)[0-9]{2})(?![\w/])")


def found(text: str) -> list[dict[str, str]]:
    """Each statement once, by what it is about and then its value; at most MOST, the rest is left out."""
    every = {(about, value) for about, value in _every(text)}
    return [{"about": about, "value": value} for about, value in sorted(every)][:MOST]


def times(text: str) -> frozenset[tuple[str, str]]:
    """The periods and days that a text states."""
    return frozenset(_times(text))


def _every(text: str) -> Iterator[tuple[str, str]]:
    yield from _times(text)
    for domain in _MAIL.findall(text):
        yield "mail_domain", domain.lower()
    for act in _ACT.findall(text):
        yield "act", act
    for vendor in law().vendors_in(text):
        yield "vendor", vendor.key


def _times(text: str) -> Iterator[tuple[str, str]]:
    for count, unit in _PERIOD.findall(text):
        number = int(count) if count.isdigit() else COUNTS[count.lower()]
        if period := _period(number, unit.lower()):
            yield "period", period
    if _HALF_A_YEAR.search(text):
        yield "period", "P6M"
    for before, unit in _ONE.findall(text.lower()):
        if not (before.isdigit() or before in COUNTS or before == "puolen"):
            yield "period", f"P1{_LETTERS[unit]}"
    written = [
        *_DATE.findall(text),
        *((d, _MONTHS[m.casefold()], y, "") for d, m, y in _LONG_DATE.findall(text)),
    ]
    for day, month, year, iso in written:
        try:
            yield "date", clock.day(iso or f"{year}-{int(month):02d}-{int(day):02d}").isoformat()
        except errors.Invalid:
            continue


def _period(number: int, unit: str) -> str | None:
    letter = _LETTERS.get(unit) or _LETTERS.get(unit.removesuffix("s"))
    try:
        return periods.iso(periods.parse(f"P{number}{letter}")) if letter else None
    except errors.Invalid:
        return None
