"""Lengths of time as systems write them, as the periods that a payload takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from registry import errors
from registry.law import periods

_UNITS = {
    "d": "D", "day": "D", "days": "D", "w": "W", "week": "W", "weeks": "W",
    "month": "M", "months": "M", "mo": "M", "y": "Y", "year": "Y", "years": "Y",
}  # fmt: skip
_WORDS = re.compile(r"([0-9]{1,6})[\s,|_:-]*([a-z]+)")


def period(value: Any, unit: Any = None) -> str | None:
    """A length as an ISO 8601 period of whole days or more; None for what is not understood.

    Understood are ISO 8601 (`P3Y`), words (`3 years`, `3|years`), a pair (`[3, "years"]`), an object with a number and
    a unit, and a number, of days unless `unit` says something else.
    """
    if isinstance(value, Mapping):
        number = next((value[one] for one in ("value", "number", "amount", "duration") if one in value), None)
        named = next((value[one] for one in ("unit", "units", "interval", "period") if one in value), None)
        return None if named is None else _counted(number, named)
    if isinstance(value, list):
        return _counted(*value) if len(value) == 2 else period(value[0], unit) if len(value) == 1 else None
    if isinstance(value, str) and value.strip().upper().startswith("P"):
        return _iso(value.strip().upper())
    if isinstance(value, str) and (match := _WORDS.fullmatch(value.strip().lower())):
        return _counted(match[1], match[2])
    return _counted(value, "days" if unit is None else unit)


def _counted(number: Any, unit: Any) -> str | None:
    letter = _UNITS.get(unit.strip().lower()) if isinstance(unit, str) else None
    text = str(number).strip() if isinstance(number, (int, str)) and not isinstance(number, bool) else ""
    if letter is None or not re.fullmatch(r"[0-9]{1,6}", text):
        return None
    return _iso(f"P{int(text)}{letter}")


def _iso(text: str) -> str | None:
    try:
        return periods.iso(periods.parse(text))
    except errors.Invalid:
        return None
