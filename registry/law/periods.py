"""Periods of whole years, months, weeks and days (ISO 8601), and the day on which one ends.

The rule, as written down for everybody who deletes by it:

- A period is counted from its first day (the anchor), in one step: years and months together first, then weeks and
  days. It is never counted step by step: 31 January and ``P2M`` is 31 March, though a month and a month is not.
- Where the day does not exist in the month reached, the last day of that month stands for it: 31 August and ``P6M``
  is 28 or 29 February; 29 February and ``P1Y`` is 28 February.
- The day reached still belongs to the period: delete after the end of that day, in the controller's time zone.

Two periods compare only where every anchor gives the same answer; `compare` says how the bounds are taken.
"""

from __future__ import annotations

import functools
import itertools
import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from typing import Literal

from whenever import Date, ItemizedDateDelta

from registry import errors

Period = ItemizedDateDelta
Comparison = Literal["shorter", "equal", "longer", "incomparable"]

_FORM = re.compile(r"P(?=[0-9])(?:[0-9]{1,7}Y)?(?:[0-9]{1,7}M)?(?:[0-9]{1,7}W)?(?:[0-9]{1,7}D)?")
_CYCLE_MONTHS, _CYCLE_DAYS = 4800, 146_097  # the Gregorian calendar repeats after 400 years

_WORDS = {
    "fi": {
        "years": ("vuosi", "vuotta"),
        "months": ("kuukausi", "kuukautta"),
        "weeks": ("viikko", "viikkoa"),
        "days": ("päivä", "päivää"),
    },
    "sv": {
        "years": ("år", "år"),
        "months": ("månad", "månader"),
        "weeks": ("vecka", "veckor"),
        "days": ("dag", "dagar"),
    },
    "en": {
        "years": ("year", "years"),
        "months": ("month", "months"),
        "weeks": ("week", "weeks"),
        "days": ("day", "days"),
    },
}
_AND = {"fi": " ja ", "sv": " och ", "en": " and "}


@functools.lru_cache(maxsize=4096)  # few are ever written, and each decision reads its own
def parse(text: str) -> Period:
    """The period that `text` writes: ``P6M``, ``P1Y6M``, ``P2W``, ``P1M15D``; longer than nothing, 999 years at most.

    Raises errors.Invalid, code ``invalid_period``, for anything else: zero, a sign, a fraction, hours, small letters,
    parts out of order, digits that are not ASCII.
    """
    if not _FORM.fullmatch(text):
        raise _invalid("Not a period of whole years, months, weeks and days (ISO 8601), such as P6M.")
    try:
        period = Period.parse_iso(text)
    except ValueError:
        raise _invalid("A period of more than 999 years.") from None
    months, days = _lengths(period)
    if not months and not days:
        raise _invalid("A period of no length at all.")
    if months * _CYCLE_DAYS + days * _CYCLE_MONTHS > 999 * 12 * _CYCLE_DAYS:
        raise _invalid("A period of more than 999 years.")
    return period


def add(day: date, period: Period | str) -> date:
    """The last day of `period` when it begins on `day`, by the rule at the top of this file.

    Raises errors.Invalid: ``invalid_period``; ``date_out_of_range`` when the calendar (year 9999) ends first.
    """
    months, days = _measured(period) if isinstance(period, str) else _lengths(period)
    try:
        return Date(day.year, day.month, day.day).add(months=months, days=days).to_stdlib()
    except ValueError:
        raise errors.Invalid("The period ends after the year 9999.", code="date_out_of_range") from None


def compare(a: Period | str, b: Period | str) -> Comparison:
    """Whether `a` is shorter or longer than `b`, equal to it, or neither for certain.

    ``P12M`` equals ``P1Y`` and ``P14D`` equals ``P2W``. Months against days depend on the anchor, so both bounds are
    taken: the most days that the calendar can give, and the fewest that the calendar or the common reckoning of 30 days
    to a month and 365 to a year (which many systems' deletion settings use) can give. Only where the bounds do not
    touch is there an order: ``P6M`` (180 to 184 days) is longer than ``P179D``, and not comparable with ``P180D``;
    nor is ``P1Y`` with ``P365D``.

    Raises errors.Invalid, code ``invalid_period``.
    """
    (months_a, days_a), (months_b, days_b) = _lengths(_read(a)), _lengths(_read(b))
    if months_a < months_b:
        return _REVERSED[_order(months_b, days_b, months_a, days_a)]
    return _order(months_a, days_a, months_b, days_b)


def longest(periods: Iterable[Period | str]) -> Period | None:
    """The period that is as long as each of the others or longer; None if there is none, or none for certain.

    Of equal ones the first. None is no leave to delete: a caller keeps.
    """
    read = [_read(period) for period in periods]
    for period in read:
        if all(compare(period, other) in ("equal", "longer") for other in read):
            return period
    return None


def total(*periods: Period | str) -> Period:
    """All `periods` together as one, part by part: ``P6M`` and ``P1Y`` are ``P1Y6M``. Raises errors.Invalid.

    The worst case of a period, an interval between purges, and the life of a backup.
    """
    read = [_read(period) for period in periods]
    parts = {
        unit: sum(period.get(unit, 0) for period in read) for unit in ("years", "months", "weeks", "days")
    }
    return parse("P" + "".join(f"{count}{unit[0].upper()}" for unit, count in parts.items() if count))


def text(period: Period | str, language: str) -> str:
    """The period in words: ``6 kuukautta``, ``1 år och 6 månader``, ``2 weeks``. `language`: fi, sv, en (KeyError)."""
    words = _WORDS[language]
    parts = [f"{count} {words[unit][count != 1]}" for unit, count in _read(period).items() if count]
    return _AND[language].join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def iso(period: Period) -> str:
    """The period as ISO 8601 text in capitals, parts of zero left out: ``P1Y6M``."""
    return "P" + "".join(f"{count}{unit[0].upper()}" for unit, count in period.items() if count)


def _read(period: Period | str) -> Period:
    return parse(period) if isinstance(period, str) else period


def _invalid(detail: str) -> errors.Invalid:
    return errors.Invalid(detail, code="invalid_period")


def _lengths(period: Period) -> tuple[int, int]:
    """Months (a year is always twelve) and days (a week is always seven)."""
    years, months = period.get("years", 0), period.get("months", 0)
    return years * 12 + months, period.get("weeks", 0) * 7 + period.get("days", 0)


@functools.lru_cache(maxsize=4096)
def _measured(text: str) -> tuple[int, int]:
    return _lengths(parse(text))


_REVERSED: dict[Comparison, Comparison] = {
    "shorter": "longer",
    "longer": "shorter",
    "incomparable": "incomparable",
}


def _order(months_a: int, days_a: int, months_b: int, days_b: int) -> Comparison:
    """How a compares with b, where a has at least as many months: the difference is whole months less some days."""
    days = days_b - days_a
    if months_a == months_b:
        return "longer" if days < 0 else "shorter" if days > 0 else "equal"
    fewest, most = _bounds(months_a - months_b)
    # Where the shorter one was cut at the end of a month and the longer one was not, the days between are no more than
    # the months that follow that end have.
    return "longer" if fewest > days else "shorter" if most < days else "incomparable"


@functools.lru_cache(maxsize=1024)
def _bounds(months: int) -> tuple[int, int]:
    """The fewest and the most days that `months` months can be counted as."""
    cycles, rest = divmod(months, _CYCLE_MONTHS)
    starts = _starts()
    # What the end of a shorter month cuts off makes no other span: from its last day on it is the next month's.
    spans = [starts[i + rest] - starts[i] + cycles * _CYCLE_DAYS for i in range(_CYCLE_MONTHS)]
    years, odd = divmod(months, 12)
    return min(*spans, 365 * years + 30 * odd), max(spans)


@functools.cache
def _starts() -> list[int]:
    """Of the months of two whole cycles of the calendar: days before each one begins."""
    lengths = [monthrange(2000 + i // 12, i % 12 + 1)[1] for i in range(_CYCLE_MONTHS)]
    return list(itertools.accumulate(lengths * 2, initial=0))
