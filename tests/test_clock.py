"""Instants and days: what is read, what is refused, and that the text sorts as time does."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import clock, errors

FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")

MOMENTS = st.datetimes(
    min_value=datetime(1, 1, 3),  # noqa: DTZ001 -- hypothesis wants naive bounds
    max_value=datetime(9999, 12, 29),  # noqa: DTZ001 -- as above
    timezones=st.just(UTC),
)  # far enough from either end for any offset
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def test_now_is_utc_fixed_in_width_and_moves_on() -> None:
    first, second = clock.now(), clock.now()
    assert FORM.fullmatch(first)
    assert first <= second
    assert abs(datetime.now(UTC) - datetime.fromisoformat(second)) < timedelta(seconds=60)


@given(MOMENTS, MOMENTS)
def test_texts_sort_as_the_times_do(one: datetime, other: datetime) -> None:
    assert (clock.written(one) < clock.written(other)) == (one < other)
    assert len(clock.written(one)) == len(clock.written(other)) == 27


@given(MOMENTS, OFFSETS)
def test_a_timestamp_in_any_zone_is_the_same_instant(moment: datetime, zone: timezone) -> None:
    assert clock.timestamp(moment.astimezone(zone).isoformat()) == clock.written(moment)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T08:52:00Z", "2026-11-22T08:52:00.000000Z"),
        ("2026-11-22T08:52:00.5Z", "2026-11-22T08:52:00.500000Z"),
        ("2026-11-22T08:52:00.123456+02:00", "2026-11-22T06:52:00.123456Z"),
        ("2026-01-01T00:00:00+05:30", "2025-12-31T18:30:00.000000Z"),
        ("2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_k2_what_is_read(text: str, expected: str) -> None:
    assert clock.timestamp(text) == clock.instant(text) == expected


REFUSED = {
    "0000-01-01T00:00:00Z": "invalid_instant",
    "2026-01-01T24:00:00Z": "invalid_instant",
    "2026-06-30T23:59:60Z": "invalid_instant",
    "2026-02-29T00:00:00Z": "invalid_instant",
    "2026-01-01T00:60:00Z": "invalid_instant",
    "2026-01-01T00:00:00+24:00": "invalid_instant",
    "2026-01-01T00:00:00+02:60": "invalid_instant",
    "2026-01-01T00:00:00+0200": "invalid_instant",
    "2026-01-01T00:00:00+02": "invalid_instant",
    "2026-01-01T00:00:00 02:00": "invalid_instant",  # what becomes of an unescaped + in a query
    "2026-01-01t00:00:00z": "invalid_instant",
    "2026-01-01 00:00:00Z": "invalid_instant",
    "2026-01-01T00:00Z": "invalid_instant",
    "2026-01-01T00:00:00.1234567Z": "invalid_instant",
    "2026-01-01T00:00:00,5Z": "invalid_instant",
    "2026-01-01T00:00:00Z ": "invalid_instant",
    "2026-01-01T00:00:00Z\n": "invalid_instant",
    "٢٠٢٦-01-01T00:00:00Z": "invalid_instant",
    "0001-01-01T00:00:00+01:00": "invalid_instant",
    "9999-12-31T23:59:59-01:00": "invalid_instant",
    "20270101": "invalid_instant",
    "20270101T000000Z": "invalid_instant",
    "2027-W01-1": "invalid_instant",
    "2027-001": "invalid_instant",
    "+2027-01-01T00:00:00Z": "invalid_instant",
    "": "invalid_instant",
    "now": "invalid_instant",
    "2026-01-01T00:00:00": "zone_needed",
    "2026-01-01T00:00:00.000001": "zone_needed",
}


@pytest.mark.parametrize("read", [clock.timestamp, clock.instant])
@pytest.mark.parametrize(("text", "code"), REFUSED.items())
def test_k2_what_is_refused(text: str, code: str, read: Callable[[str], str]) -> None:
    with pytest.raises(errors.Invalid) as caught:
        read(text)
    assert (caught.value.status, caught.value.code) == (422, code)
    assert not text.strip() or text.strip() not in caught.value.detail


def test_a_day_alone_is_an_instant_only_with_a_zone() -> None:
    with pytest.raises(errors.Invalid) as caught:
        clock.timestamp("2026-01-01")
    assert caught.value.code == "zone_needed"
    assert clock.instant("2026-01-01") == "2025-12-31T22:00:00.000000Z"
    assert clock.instant("2026-07-01") == "2026-06-30T21:00:00.000000Z"
    assert clock.instant("2026-01-01", "UTC") == "2026-01-01T00:00:00.000000Z"
    assert clock.instant("2026-01-01", "America/St_Johns") == "2026-01-01T03:30:00.000000Z"
    # Santiago's clocks skip the midnight of 2026-09-06: that day begins at 01:00.
    assert clock.instant("2026-09-06", "America/Santiago") == "2026-09-06T04:00:00.000000Z"


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_are_no_fault_of_ours(text: str) -> None:
    for zone in ("Europe/Helsinki", "America/St_Johns"):
        try:
            assert FORM.fullmatch(clock.instant(text, zone))
        except errors.Invalid as refused:
            assert refused.code == "invalid_instant"  # noqa: PT017 -- either is right, an OverflowError is not


def test_the_first_and_the_last_instant_have_their_days() -> None:
    assert clock.day_of("9999-12-31T23:59:59.999999Z", "Europe/Helsinki") == date.max
    assert clock.day_of("0001-01-01T00:00:00.000000Z", "America/St_Johns") == date.min


@given(st.dates(date(2, 1, 1), date(9998, 1, 1)), st.sampled_from(["Europe/Helsinki", "America/St_Johns"]))
def test_the_first_moment_of_a_day_is_on_that_day_and_the_one_before_is_not(on: date, zone: str) -> None:
    start = clock.instant(on.isoformat(), zone)
    assert clock.day_of(start, zone) == on == clock.day(on.isoformat())
    before = clock.written(datetime.fromisoformat(start) - timedelta(microseconds=1))
    assert clock.day_of(before, zone) == on - timedelta(days=1)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29",
        "2026-13-01",
        "0000-01-01",
        "20260101",
        "2026-W01-1",
        "2026-1-1",
        "2026-01-01T00:00:00Z",
        "",
        " 2026-01-01",
        "2026-01-01\n",
    ],
)
def test_what_is_no_day(text: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        clock.day(text)
    assert caught.value.code == "invalid_day"


def test_k7_the_zone_of_the_machine_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "America/St_Johns")
    time.tzset()
    try:
        assert clock.instant("2026-01-01T00:00:00Z") == "2026-01-01T00:00:00.000000Z"
        assert clock.day_of("2026-01-01T22:30:00.000000Z") == date(2026, 1, 2)
        assert abs(datetime.now(ZoneInfo("UTC")) - datetime.fromisoformat(clock.now())) < timedelta(
            seconds=60
        )
    finally:
        monkeypatch.undo()
        time.tzset()
