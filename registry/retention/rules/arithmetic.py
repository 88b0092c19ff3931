"""When a period is over: from an anchor (a day, or an instant) to the first moment at which data may be deleted.

The rule, with examples, is docs/retention.md; the periods themselves are reckoned in registry.law.periods.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from registry import clock
from registry.errors import Invalid
from registry.law import periods


@dataclasses.dataclass(frozen=True, slots=True)
class Due:
    """A period that runs: its first and its last day in the zone, and the first instant after that last day."""

    first_day: date
    last_day: date
    after: str


def anchor_day(anchor: str, zone: str) -> date:
    """The day in `zone` that an anchor means: a day YYYY-MM-DD is itself, a date-time with a zone falls on one.

    Raises errors.Invalid as registry.clock does: `invalid_day`, `invalid_instant`, `zone_needed`.
    """
    if len(anchor) == len("YYYY-MM-DD"):
        return clock.day(anchor)
    return clock.day_of(clock.timestamp(anchor), zone)


def due(anchor: str, zone: str, *among: str) -> Due:
    """When all of `among` (periods in ISO 8601) are over that run from `anchor`; without any, the anchor's own day.

    Each is counted from the anchor in one step, and the latest decides: for a given anchor there always is one, also
    where the periods as such cannot be ordered. Raises errors.Invalid: as `anchor_day` does, `invalid_period`, and
    `date_out_of_range` where the calendar (year 9999) ends first.
    """
    if len(anchor) == len("YYYY-MM-DD"):  # few days are asked about, and each many times
        return _of_day(anchor, zone, among)
    return _due(anchor, zone, among)


@functools.lru_cache(maxsize=16_384)
def _of_day(anchor: str, zone: str, among: tuple[str, ...]) -> Due:
    return _due(anchor, zone, among)


def _due(anchor: str, zone: str, among: tuple[str, ...]) -> Due:
    first = anchor_day(anchor, zone)
    last = max((periods.add(first, period) for period in among), default=first)
    return Due(first, last, end_of(last, zone))


def later(several: Sequence[Due]) -> Due:
    """The one that is over last, where all have to be."""
    return max(several, key=lambda one: one.after)


@functools.lru_cache(maxsize=16_384)  # the days of some years in a few zones
def end_of(day: date, zone: str) -> str:
    """The first instant at which a day is over in a zone, for good.

    Where clocks are put back over midnight, that is the second midnight; where midnight or a whole day is skipped, the
    moment of the jump. Raises errors.Invalid, code `date_out_of_range`, for the last day of the calendar.
    """
    try:
        midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))
        return clock.written(max(midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1)))
    except OverflowError:
        raise Invalid("The day is the last one of the calendar.", code="date_out_of_range") from None
