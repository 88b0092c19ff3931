"""Periods: what is one, the day on which it ends, which is longer, and how it is told."""

from __future__ import annotations

from calendar import isleap
from datetime import date, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from registry import errors
from registry.law import periods

MONTHS = st.integers(0, 60)
DAYS = st.integers(0, 800)
ANCHORS = st.dates(date(1890, 1, 1), date(2210, 12, 31))


def written(years: int, months: int, weeks: int, days: int) -> str:
    parts = ((years, "Y"), (months, "M"), (weeks, "W"), (days, "D"))
    return "P" + "".join(f"{count}{unit}" for count, unit in parts if count)


def oracle(day: date, months: int, days: int) -> date:
    """The written rule, counted on the fingers: month by month without a day, then the day or the last, then days."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    lengths = (31, 29 if isleap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return date(year, month, min(day.day, lengths[month - 1])) + timedelta(days)


def ended(day: str, period: str) -> str:
    return periods.add(date.fromisoformat(day), period).isoformat()


def test_l1_months_are_counted_from_the_anchor_in_one_step() -> None:
    assert ended("2023-01-31", "P1M") == "2023-02-28"
    assert ended("2024-01-31", "P1M") == "2024-02-29"
    assert ended("2023-01-31", "P2M") == "2023-03-31"
    assert ended(ended("2023-01-31", "P1M"), "P1M") == "2023-03-28", (
        "which is why nothing is counted step by step"
    )


@pytest.mark.parametrize(("anchor", "end"), [("2023-08-31", "2024-02-29"), ("2024-08-31", "2025-02-28")])
def test_l2_the_last_day_of_the_month_stands_for_a_day_that_it_does_not_have(anchor: str, end: str) -> None:
    assert ended(anchor, "P6M") == end


@pytest.mark.parametrize(
    ("anchor", "period", "end"),
    [
        ("2024-02-29", "P1Y", "2025-02-28"),
        ("2024-02-29", "P4Y", "2028-02-29"),
        ("1896-02-29", "P4Y", "1900-02-28"),
        ("1996-02-29", "P4Y", "2000-02-29"),
        ("2024-01-31", "P1M15D", "2024-03-15"),  # months, then days: 29 February and 15 days
        ("2024-01-30", "P1M1D", "2024-03-01"),
        ("2024-03-01", "P2W", "2024-03-15"),
        ("2024-12-31", "P1D", "2025-01-01"),
        ("2024-01-31", "P1Y1M1W1D", "2025-03-08"),
        ("2024-03-31", "P10Y", "2034-03-31"),  # books of a financial year that ended on that day
        ("2024-12-31", "P6Y", "2030-12-31"),  # and its vouchers
        ("9998-12-31", "P1Y", "9999-12-31"),
    ],
)
def test_l3_the_day_on_which_a_period_ends(anchor: str, period: str, end: str) -> None:
    assert ended(anchor, period) == end


NO_PERIODS = [
    *("P0D", "P0Y0M0W0D", "P-1M", "-P1M", "+P1M", "P+1M", "P1.5Y", "P1,5Y", "P0.5M", "PT24H", "P1DT12H", "PT0S"),
    *("P99999Y", "P1000Y", "P999Y1D", "P998Y13M", "P364878D", "P52126W", "P99999999999999999999D"),
    *("", "P", "PT", "6M", "p6m", "P6m", "P 6M", " P6M", "P6M ", "P6M\n", "P1D1M", "P1M1Y", "P1D1W", "P6M6M", "P6"),
    *("P٣M", "P６M", "P1Y/P2Y", "R3/P1M", "P0001-01-01", "P6MT", "six months", "P6M\x00"),
]  # fmt: skip


@pytest.mark.parametrize("text", NO_PERIODS)
def test_l3_everything_else_is_refused(text: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        periods.parse(text)
    assert (refused.value.status, refused.value.code) == (422, "invalid_period")
    assert str(refused.value).startswith(("Not a period of", "A period of")), (
        "a fixed sentence: nothing is echoed"
    )


@pytest.mark.parametrize(
    "text", ["P999Y", "P11988M", "P364877D", "P52125W", "P1D", "P1M", "P0Y6M", "P06M", "P1Y2M3W4D"]
)
def test_l3_up_to_999_years_are_accepted(text: str) -> None:
    period = periods.parse(text)
    assert periods.add(date(2000, 1, 1), period) > date(2000, 1, 1)
    assert periods.parse(periods.iso(period)) == period


@pytest.mark.parametrize(
    ("anchor", "period"), [(date(9999, 12, 31), "P1D"), (date(9001, 1, 1), "P999Y"), (date.max, "P1M")]
)
def test_l3_a_period_that_outlives_the_calendar_is_422_and_no_crash(anchor: date, period: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        periods.add(anchor, period)
    assert refused.value.code == "date_out_of_range"


#: The fewest and the most days that some months can be counted as: with one less, and with one more, there is an order.
BOUNDS = [
    (months, f"P{days}D", said)
    for months, fewest, most in (
        ("P2M", 59, 62), ("P3M", 89, 92), ("P5M", 150, 153), ("P7M", 210, 215), ("P11M", 330, 337), ("P13M", 393, 397),
        ("P8Y", 2920, 2922), ("P100M", 3040, 3045), ("P401Y", 365 * 401, 146097 + 366),
    )
    for days, said in (
        (fewest - 1, "longer"), (fewest, "incomparable"), (most, "incomparable"), (most + 1, "shorter"),
    )
]  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ("P12M", "P1Y", "equal"),
        ("P14D", "P2W", "equal"),
        ("P1Y6M", "P18M", "equal"),
        ("P0Y6M", "P6M", "equal"),
        ("P1M7D", "P1M1W", "equal"),
        ("P3M", "P6M", "shorter"),
        ("P6Y", "P10Y", "shorter"),
        ("P1M1D", "P1M2D", "shorter"),
        ("P6M", "P185D", "shorter"),
        ("P6M", "P184D", "incomparable"),  # 184 days from 1 March
        ("P6M", "P181D", "incomparable"),  # 181 days from 1 September
        ("P6M", "P180D", "incomparable"),  # a system that counts a month as 30 days
        ("P6M", "P179D", "longer"),
        ("P1M", "P27D", "longer"),
        ("P1M", "P28D", "incomparable"),
        ("P1M", "P31D", "incomparable"),
        ("P1M", "P32D", "shorter"),
        ("P2M", "P60D", "incomparable"),
        ("P1Y", "P364D", "longer"),
        ("P1Y", "P365D", "incomparable"),
        ("P1Y", "P366D", "incomparable"),
        ("P1Y", "P367D", "shorter"),
        ("P1Y", "P52W", "longer"),
        ("P4Y", "P1461D", "incomparable"),  # 1460 where a century has no leap day
        ("P4Y", "P1462D", "shorter"),
        ("P400Y", "P146097D", "incomparable"),
        ("P400Y", "P146098D", "shorter"),
        ("P400Y", "P145999D", "longer"),
        ("P400Y1M", "P146000D", "longer"),
        ("P13M", "P1Y27D", "longer"),
        ("P13M", "P1Y28D", "incomparable"),
        ("P13M", "P1Y31D", "incomparable"),
        ("P13M", "P1Y32D", "shorter"),
        *BOUNDS,
    ],
)
def test_l3_which_period_is_longer(a: str, b: str, said: str) -> None:
    backwards = {"shorter": "longer", "longer": "shorter"}.get(said, said)
    assert periods.compare(a, b) == said
    assert periods.compare(b, a) == backwards
    assert periods.compare(periods.parse(a), periods.parse(b)) == said


@pytest.mark.parametrize(
    ("among", "longest"),
    [
        (["P6M", "P3M"], "P6M"),
        (["P3M", "P1Y", "P180D"], "P1Y"),
        (["P1Y", "P12M"], "P1Y"),
        (["P12M", "P1Y"], "P12M"),
        (["P6M", "P180D"], None),
        (["P1Y", "P365D", "P3M"], None),
        (["P6M", "P180D", "P2Y"], "P2Y"),
        (["P6M"], "P6M"),
        ([], None),
    ],
)
def test_l4_the_longest_wins_or_nobody(among: list[str], longest: str | None) -> None:
    found = periods.longest(among)
    assert (found and periods.iso(found)) == longest


@pytest.mark.parametrize(
    ("parts", "all_of_it"),
    [(("P6M",), "P6M"), (("P6M", "P1Y"), "P1Y6M"), (("P1Y", "P2W", "P1W3D"), "P1Y3W3D")],
)
def test_periods_together(parts: tuple[str, ...], all_of_it: str) -> None:
    assert periods.iso(periods.total(*parts)) == all_of_it


def test_periods_together_are_held_to_999_years_too() -> None:
    with pytest.raises(errors.Invalid):
        periods.total("P999Y", "P1D")


@pytest.mark.parametrize(
    ("period", "fi", "sv", "en"),
    [
        ("P6M", "6 kuukautta", "6 månader", "6 months"),
        ("P1M", "1 kuukausi", "1 månad", "1 month"),
        ("P1Y", "1 vuosi", "1 år", "1 year"),
        ("P10Y", "10 vuotta", "10 år", "10 years"),
        ("P1W", "1 viikko", "1 vecka", "1 week"),
        ("P2W", "2 viikkoa", "2 veckor", "2 weeks"),
        ("P1D", "1 päivä", "1 dag", "1 day"),
        ("P180D", "180 päivää", "180 dagar", "180 days"),
        ("P0Y6M", "6 kuukautta", "6 månader", "6 months"),
        ("P1Y6M", "1 vuosi ja 6 kuukautta", "1 år och 6 månader", "1 year and 6 months"),
        (
            "P2Y1M3D",
            "2 vuotta, 1 kuukausi ja 3 päivää",
            "2 år, 1 månad och 3 dagar",
            "2 years, 1 month and 3 days",
        ),
    ],
)
def test_periods_in_words(period: str, fi: str, sv: str, en: str) -> None:
    assert [periods.text(period, language) for language in ("fi", "sv", "en")] == [fi, sv, en]


@given(day=ANCHORS, years=st.integers(0, 40), months=MONTHS, weeks=st.integers(0, 60), days=DAYS)
@example(day=date(2024, 2, 29), years=1, months=0, weeks=0, days=0)
def test_l10_the_end_is_that_of_the_written_rule(
    day: date, years: int, months: int, weeks: int, days: int
) -> None:
    assume(years or months or weeks or days)
    assert periods.add(day, written(years, months, weeks, days)) == oracle(
        day, years * 12 + months, weeks * 7 + days
    )


#: Every day of spans with each kind of leap year, ordinary years, and both kinds of century.
REFERENCE = [
    start + timedelta(days)
    for start in (date(1896, 1, 1), date(1996, 1, 1), date(2021, 1, 1), date(2096, 1, 1))
    for days in range(0, 5 * 366, 3)
] + [date(year, month, 31) for year in (1899, 1999, 2023, 2099) for month in (1, 3, 5, 7, 8, 10, 12)]


@given(
    a=st.tuples(st.integers(0, 30), st.integers(0, 400)), b=st.tuples(st.integers(0, 30), st.integers(0, 400))
)
@example(a=(2, 0), b=(1, 31))
@example(a=(13, 0), b=(12, 34))
@example(a=(6, 0), b=(0, 180))
def test_an_order_holds_from_every_anchor(a: tuple[int, int], b: tuple[int, int]) -> None:
    assume(any(a) and any(b))
    said = periods.compare(written(0, a[0], 0, a[1]), written(0, b[0], 0, b[1]))
    differences = [(oracle(day, *a) - oracle(day, *b)).days for day in REFERENCE]
    if said == "equal":
        assert set(differences) == {0}
    elif said == "shorter":
        assert max(differences) < 0
    elif said == "longer":
        assert min(differences) > 0
    else:
        assert a[0] != b[0], "months alone, and days alone, always compare"


@given(st.lists(st.tuples(MONTHS, DAYS).filter(any), min_size=1, max_size=5))
def test_the_longest_is_no_shorter_than_any_other(lengths: list[tuple[int, int]]) -> None:
    read = [periods.parse(written(0, months, 0, days)) for months, days in lengths]
    found = periods.longest(read)
    if found is not None:
        assert all(periods.compare(other, found) in ("equal", "shorter") for other in read)
