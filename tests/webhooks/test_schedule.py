"""The gaps between tries grow, whatever chance adds, and last some days."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from registry.webhooks import schedule

CHANCE = st.floats(0, 1, exclude_max=True)


@given(st.lists(CHANCE, min_size=len(schedule.GAPS), max_size=len(schedule.GAPS)))
def test_i2_gaps_grow_and_end(chances: list[float]) -> None:
    gaps = [schedule.gap(tries, chance) for tries, chance in enumerate(chances, 1)]
    known = [gap for gap in gaps if gap is not None]
    assert len(known) == len(schedule.GAPS)
    assert all(a < b for a, b in pairwise(known))
    assert 3 * schedule.DAY < sum(known) < 4 * schedule.DAY
    assert schedule.gap(schedule.TRIES, chances[0]) is None


@given(CHANCE, st.floats(0, 10**12))
def test_i2_what_the_receiver_asks_for_counts_up_to_a_day(chance: float, asked: float) -> None:
    gap = schedule.gap(1, chance, asked)
    assert gap is not None
    assert gap >= min(asked, schedule.DAY)
    assert gap <= max(schedule.DAY, schedule.GAPS[0] * 2)


@given(st.integers(0, 1000), CHANCE)
def test_a_receiver_that_fails_is_left_alone_for_an_hour_at_most(failures: int, chance: float) -> None:
    rest = schedule.pause(failures, chance)
    assert (rest > 0) == (failures >= schedule.PATIENCE)
    assert rest <= schedule.LONGEST_PAUSE * 1.2
