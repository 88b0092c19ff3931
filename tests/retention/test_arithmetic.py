"""When a period is over: the written rule, two other implementations, and days that clocks make longer or shorter."""

from __future__ import annotations

import random
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from registry import clock
from registry.errors import Invalid
from registry.law import periods
from registry.retention.rules.arithmetic import anchor_day, due, end_of, later
from tests.engines import Engines

HELSINKI = "Europe/Helsinki"
SPAN = tuple(datetime.fromisoformat(f"{year}-01-01") for year in (1950, 2050))
PAGE = Path(__file__).parents[2] / "docs" / "retention.md"
#: Zones whose midnights are skipped or come twice, whose days are missing, and which are far from UTC either way.
ZONES = (
    HELSINKI, "UTC", "Europe/London", "America/St_Johns", "America/Sao_Paulo", "America/Havana", "Asia/Beirut",
    "Africa/Cairo", "Pacific/Apia", "Pacific/Kwajalein", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu",
)  # fmt: skip


@pytest.mark.parametrize(
    ("anchor", "period", "last"),
    [
        ("2026-01-31", "P1M", "2026-02-28"),
        ("2028-01-31", "P1M", "2028-02-29"),
        ("2026-01-31", "P2M", "2026-03-31"),  # in one step; a month and a month would be 28 March
        ("2027-08-31", "P6M", "2028-02-29"),
        ("2026-08-31", "P6M", "2027-02-28"),
        ("2028-02-29", "P1Y", "2029-02-28"),
        ("2028-02-29", "P4Y", "2032-02-29"),
        ("2028-02-29", "P12M", "2029-02-28"),
        ("2028-02-28", "P1Y", "2029-02-28"),
        ("2028-02-28", "P365D", "2029-02-27"),
        ("2026-01-31", "P1M15D", "2026-03-15"),  # months first, then days
        ("2026-02-14", "P2W", "2026-02-28"),
        ("2026-11-22", "P1D", "2026-11-23"),
    ],
)
def test_l1_l2_l3_counted_from_the_anchor_in_one_step(anchor: str, period: str, last: str) -> None:
    found = due(anchor, HELSINKI, period)
    assert (found.first_day.isoformat(), found.last_day.isoformat()) == (anchor, last)
    assert found.after == clock.start_of(date.fromisoformat(last) + timedelta(days=1))


@pytest.mark.parametrize("period", ["P0D", "P-1M", "P1.5Y", "PT24H", "P99999Y", "p6m", "6M", "", "P6M "])
def test_l3_what_is_no_period_is_refused(period: str) -> None:
    with pytest.raises(Invalid) as caught:
        due("2026-01-31", HELSINKI, period)
    assert caught.value.code == "invalid_period"


@pytest.mark.parametrize(
    ("anchor", "code"),
    [
        ("2026-02-29", "invalid_day"), ("20260131xx", "invalid_day"), ("20260131", "invalid_instant"),
        ("2026-01-31T12:00:00", "zone_needed"), ("2026-01-31T24:00:00Z", "invalid_instant"),
        ("2026-W01-1", "invalid_day"), ("0000-01-01", "invalid_day"), ("", "invalid_instant"),
    ],
)  # fmt: skip
def test_k2_an_anchor_that_is_none_is_refused(anchor: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        due(anchor, HELSINKI, "P1M")
    assert caught.value.code == code


@pytest.mark.parametrize(("anchor", "period"), [("9999-12-31", "P1D"), ("9000-01-01", "P999Y12M")])
def test_l3_a_period_beyond_the_calendar_is_refused_and_no_overflow(anchor: str, period: str) -> None:
    with pytest.raises(Invalid) as caught:
        due(anchor, HELSINKI, period)
    assert caught.value.code in ("date_out_of_range", "invalid_period")


def test_the_last_day_of_the_calendar_never_ends() -> None:
    with pytest.raises(Invalid) as caught:
        due("9999-12-01", HELSINKI, "P30D")
    assert caught.value.code == "date_out_of_range"
    assert due("9999-12-01", "Pacific/Pago_Pago", "P29D").after == "9999-12-31T11:00:00.000000Z"


@pytest.mark.parametrize(
    ("anchor", "zone", "day"),
    [
        ("2026-01-31T21:59:59Z", HELSINKI, "2026-01-31"),
        ("2026-01-31T22:00:00Z", HELSINKI, "2026-02-01"),
        ("2026-06-30T20:59:59.999999Z", HELSINKI, "2026-06-30"),  # summer time
        ("2026-06-30T21:00:00Z", HELSINKI, "2026-07-01"),
        ("2026-02-01T00:30:00+02:00", HELSINKI, "2026-02-01"),
        ("2026-02-01T00:30:00+02:00", "UTC", "2026-01-31"),
        ("2026-02-01", "Pacific/Kiritimati", "2026-02-01"),
    ],
)
def test_an_anchor_means_a_day_in_the_controllers_zone(anchor: str, zone: str, day: str) -> None:
    assert anchor_day(anchor, zone).isoformat() == day


@pytest.mark.parametrize(
    ("day", "zone", "after"),
    [
        ("2026-03-28", HELSINKI, "2026-03-28T22:00:00.000000Z"),
        ("2026-03-29", HELSINKI, "2026-03-29T21:00:00.000000Z"),  # a day of 23 hours
        ("2026-10-25", HELSINKI, "2026-10-25T22:00:00.000000Z"),  # and one of 25
        ("2010-11-06", "America/St_Johns", "2010-11-07T03:30:00.000000Z"),  # the second midnight
        ("2018-11-03", "America/Sao_Paulo", "2018-11-04T03:00:00.000000Z"),  # there is no midnight
        ("2018-02-17", "America/Sao_Paulo", "2018-02-18T03:00:00.000000Z"),
        ("2011-12-29", "Pacific/Apia", "2011-12-30T10:00:00.000000Z"),  # 30 December 2011 is missing
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00.000000Z"),
    ],
)
def test_k7_a_day_ends_when_it_is_over_for_good(day: str, zone: str, after: str) -> None:
    assert end_of(date.fromisoformat(day), zone) == after


@given(st.dates(date(1950, 1, 1), date(2050, 1, 1)), st.sampled_from(ZONES))
def test_k7_after_the_end_of_a_day_it_never_comes_again(day: date, zone: str) -> None:
    after, there = datetime.fromisoformat(end_of(day, zone)), ZoneInfo(zone)
    assert (after - timedelta(microseconds=1)).astimezone(there).date() <= day
    for quarters in range(4 * 30):
        assert (after + timedelta(minutes=15 * quarters)).astimezone(there).date() > day


@given(st.datetimes(*SPAN, timezones=st.just(UTC)), st.sampled_from(ZONES), st.integers(1, 4000))
def test_no_period_is_over_before_so_many_days_are(moment: datetime, zone: str, days: int) -> None:
    anchor = clock.written(moment)
    found = due(anchor, zone, f"P{days}D")
    # A day may lack an hour where clocks change, and a whole day where a zone changed sides.
    least = timedelta(days=days) - timedelta(hours=25)
    assert datetime.fromisoformat(found.after) - moment > least


def test_of_several_periods_the_latest_decides_also_where_they_have_no_order() -> None:
    assert periods.compare("P1Y", "P365D") == "incomparable"
    assert due("2027-03-01", HELSINKI, "P1Y", "P365D").last_day == date(2028, 3, 1)
    assert due("2026-03-01", HELSINKI, "P365D", "P1Y").last_day == date(2027, 3, 1)
    assert due("2026-03-01", HELSINKI).last_day == date(2026, 3, 1)
    assert later([due("2026-03-01", HELSINKI), due("2026-01-01", HELSINKI, "P1Y")]).last_day == date(
        2027, 1, 1
    )


# --- L10: the same as others reckon


def cases(number: int, seed: int) -> list[tuple[date, str]]:
    """Random anchors and periods; every third anchor at the end of a month, where reckonings differ if they do."""
    chance = random.Random(seed)
    found = []
    while len(found) < number:
        day = date.fromordinal(chance.randint(date(1600, 1, 1).toordinal(), date(2400, 12, 31).toordinal()))
        if chance.random() < 1 / 3:
            day = day.replace(day=1) - timedelta(days=chance.randint(1, 3))
        parts = [
            (chance.choice([0, 0, 1, chance.randint(1, 120)]), "Y"),
            (chance.choice([0, 1, 6, 11, 12, chance.randint(1, 400)]), "M"),
            (chance.choice([0, 0, 2, chance.randint(1, 200)]), "W"),
            (chance.choice([0, 0, 1, 30, 365, chance.randint(1, 4000)]), "D"),
        ]
        if any(count for count, _ in parts):
            found.append((day, "P" + "".join(f"{count}{unit}" for count, unit in parts if count)))
    return found


def by_dateutil(day: date, period: str) -> date:
    """As python-dateutil reckons."""
    parts = {unit: int(count) for count, unit in re.findall(r"(\d+)([YMWD])", period)}
    months = {"years": parts.get("Y", 0), "months": parts.get("M", 0)}
    return day + relativedelta(**months, weeks=parts.get("W", 0), days=parts.get("D", 0))


def test_l10_a_hundred_thousand_periods_end_when_python_dateutil_says() -> None:
    for day, period in cases(100_000, seed=6):
        assert periods.add(day, period) == by_dateutil(day, period), (day, period)


@pytest.mark.postgresql
def test_l10_a_hundred_thousand_periods_end_when_postgresql_says(databases: Engines) -> None:
    asked = cases(100_000, seed=7)
    with databases.fresh("postgresql", migrated=False) as url, psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT (day + period::interval)::date FROM unnest(%s::date[], %s::text[]) AS t(day, period)",
            ([day for day, _ in asked], [period for _, period in asked]),
        ).fetchall()
    for (day, period), (told,) in zip(asked, rows, strict=True):
        assert periods.add(day, period) == told, (day, period)


def test_l10_the_listed_exceptions_are_exceptions() -> None:
    with pytest.raises((ValueError, OverflowError)):
        by_dateutil(date(9999, 12, 1), "P1M")
    with pytest.raises(Invalid):
        periods.add(date(9999, 12, 1), "P1M")
    # One step after the other, each of them cut: not what any of the three does in one.
    assert by_dateutil(by_dateutil(date(2026, 1, 31), "P1M"), "P1M") == date(2026, 3, 28)


# --- the page


def test_the_examples_of_the_page_are_true() -> None:
    lines = re.findall(
        r"^\| `([^`]+)` \| `([^`]+)` \| ([\w/]+) \| (\d{4}-\d{2}-\d{2}) \| `([^`]+)` \|",
        PAGE.read_text("utf-8"),
        re.MULTILINE,
    )
    assert len(lines) >= 10
    for anchor, period, zone, last, after in lines:
        found = due(anchor, zone, period)
        assert (found.last_day.isoformat(), found.after) == (last, clock.timestamp(after)), (anchor, period)
