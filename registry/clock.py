"""Instants and days: one source of time, one way of writing it, one strict way of reading it.

An instant is text everywhere, in memory, in the database and in JSON: ``2026-11-22T08:52:00.123456Z``. It is always
UTC and always as wide, so comparing the texts compares the times, on either engine, and what was hashed is what is
kept. A day is a ``datetime.date``; it becomes an instant only together with a zone.
"""

from __future__ import annotations

import functools
import re
import time
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from registry import errors

HELSINKI = "Europe/Helsinki"
#: The instant of what has no end yet: the last that can be written.
ENDLESS = "9999-12-31T23:59:59.999999Z"

_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?"
    r"(?:(Z)|([+-])([0-9]{2}):([0-9]{2}))?"
)


def now() -> str:
    """The present instant. Call it as ``clock.now()``: that is the one place where tests put another time."""
    seconds, micros = divmod(time.time_ns() // 1000, 1_000_000)
    return f"{_second(seconds)}.{micros:06}Z"


@functools.lru_cache(maxsize=4)
def _second(since_1970: int) -> str:
    # Writing out a moment takes longer than all else of `now`, and `now` is asked several times for each request.
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since_1970))


def written(moment: datetime) -> str:
    """An aware datetime as the text of its instant."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def later(instant: str, seconds: float) -> str:
    """The instant so many seconds after another (before it, where negative)."""
    return written(datetime.fromisoformat(instant) + timedelta(seconds=seconds))


def timestamp(text: str) -> str:
    """The instant of an RFC 3339 date-time that says its zone.

    Raises errors.Invalid: ``zone_needed`` for a day alone or a time without a zone, ``invalid_instant`` for the rest
    (year 0, 24:00, second 60, more than six decimals, week dates, digits that are not ASCII).
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        if _DAY.fullmatch(text):
            raise errors.Invalid("A day alone is not a time: add the time and its zone.", code="zone_needed")
        raise errors.Invalid(
            "Not an RFC 3339 date-time such as 2026-01-31T12:00:00Z.", code="invalid_instant"
        )
    year, month, day_, hour, minute, second, fraction, utc, sign, ahead_h, ahead_m = match.groups()
    if utc is None and sign is None:
        raise errors.Invalid("The time does not say its zone: end it with Z or +02:00.", code="zone_needed")
    try:
        offset = timedelta(0)
        if sign is not None:
            if int(ahead_h) > 23 or int(ahead_m) > 59:
                raise ValueError("offset")
            offset = timedelta(hours=int(ahead_h), minutes=int(ahead_m)) * (-1 if sign == "-" else 1)
        micro = int((fraction or "0").ljust(6, "0"))
        parts = (int(year), int(month), int(day_), int(hour), int(minute), int(second), micro)
        return written(datetime(*parts, tzinfo=timezone(offset)))
    except (ValueError, OverflowError):
        raise errors.Invalid("There is no such time in the calendar.", code="invalid_instant") from None


def instant(text: str, zone: str = HELSINKI) -> str:
    """The instant of an RFC 3339 date-time with its zone, or of a day ``YYYY-MM-DD``: the first moment of it in
    `zone`.

    Raises errors.Invalid as `timestamp` does.
    """
    if not _DAY.fullmatch(text):
        return timestamp(text)
    return start_of(day(text), zone)


def start_of(on: date, zone: str = HELSINKI) -> str:
    """The first instant of a day in a zone (where clocks skip midnight, the moment they skip to)."""
    try:
        return written(datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(zone)))
    except OverflowError:
        raise errors.Invalid("There is no such time in the calendar.", code="invalid_instant") from None


def day(text: str) -> date:
    """A day from ``YYYY-MM-DD`` and nothing else. Raises errors.Invalid with the code ``invalid_day``."""
    match = _DAY.fullmatch(text)
    try:
        if match is None:
            raise ValueError("form")
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise errors.Invalid("Not a day of the calendar written YYYY-MM-DD.", code="invalid_day") from None


def day_of(instant: str, zone: str = HELSINKI) -> date:
    """The day that an instant falls on in a zone (at either end of the calendar: its last or first day)."""
    moment = datetime.fromisoformat(instant)
    try:
        return moment.astimezone(ZoneInfo(zone)).date()
    except OverflowError:
        return moment.date()
