"""What begins at once and what waits when rules are published anew, and how long publications last: plain values."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from registry import db, journal
from registry.clock import ENDLESS
from registry.retention.publications.lasting import Lasting, lasting, starts, withdrawals
from registry.retention.rules.lengths import Kept, Placed, at_least, plan

KIND = "pd:Name"


def kept(category: str = "D1", period: str | None = "P6M", **more: Any) -> Kept:
    plain: dict[str, Any] = {
        "data_category": KIND, "silent": False, "conflict": False, "ends": "erase", "subjects": None,
        "zone": "Europe/Helsinki", "document": f"{category} {period}".encode(),
    }  # fmt: skip
    return Kept(category=category, period=period, **{**plain, **more})


def silence(category: str, kind: str | None) -> Kept:
    return kept(category, None, data_category=kind, silent=True, conflict=True, ends="", document=b"silence")


def unclear(one: Kept, kind: str | None) -> Kept:
    return dataclasses.replace(one, conflict=True, data_category=kind, document=b"unclear")


SIX, YEAR, DAYS = kept(), kept(period="P1Y"), kept(period="P183D")
SILENT, CONFLICT = silence("D1", KIND), kept(conflict=True)
SOME = frozenset({"customer"})
MORE = frozenset({"customer", "student"})


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (SIX, SIX, True), (YEAR, SIX, True), (SIX, YEAR, False), (SIX, DAYS, False), (DAYS, SIX, False),
        (SILENT, YEAR, True), (CONFLICT, YEAR, True), (YEAR, SILENT, False), (YEAR, CONFLICT, False),
        (SILENT, CONFLICT, True), (CONFLICT, SILENT, True),
        (kept(period="P1Y", ends="anonymise"), SIX, False), (kept(period="P1Y", zone="UTC"), SIX, False),
        (kept(period=None), kept(period=None), True), (kept(period=None), SIX, False), (SIX, kept(period=None), False),
        (kept(subjects=SOME), SIX, True),  # the fewer people it holds for, the fewer are deleted
        (SIX, kept(subjects=SOME), False), (kept(subjects=SOME), kept(subjects=MORE), True),
        (kept(subjects=MORE), kept(subjects=SOME), False), (kept(subjects=SOME), kept(subjects=SOME), True),
    ],
)  # fmt: skip
def test_whether_one_keeps_as_long_as_another(one: Kept, other: Kept, said: bool) -> None:
    assert at_least(one, other) is said


def test_what_keeps_and_what_a_change_says_of_it() -> None:
    assert (SIX.keeps, SILENT.keeps, CONFLICT.keeps) == (False, True, True)
    assert kept(silent=True).keeps
    assert SIX.told() == {"period": "P6M", "ends": "erase"}
    assert (SILENT.told(), CONFLICT.told()) == (None, None)


def planned(
    new: list[Kept], before: list[Kept] | None, once: Sequence[Kept] = ()
) -> tuple[list[Placed], list[dict[str, Any]]]:
    return plan(new, before, once=once, silence=silence, unclear=unclear)


def test_the_first_rules_begin_at_once() -> None:
    assert planned([SIX, kept("D2", "P1Y")], None) == ([Placed(SIX), Placed(kept("D2", "P1Y"))], [])


@pytest.mark.parametrize("before", [SIX, kept(period="P5M"), kept(period="P300D")])
def test_what_keeps_as_long_begins_at_once(before: Kept) -> None:
    assert planned([YEAR], [before]) == ([Placed(YEAR)], [])


def test_a_shorter_one_waits_and_the_old_one_goes_on() -> None:
    assert planned([SIX], [YEAR]) == (
        [Placed(YEAR, False), Placed(SIX, True)],
        [{"category": "D1", "from": YEAR.told(), "to": SIX.told(), "meanwhile": "as_before"}],
    )


def test_where_neither_is_certainly_longer_nothing_is_said_meanwhile() -> None:
    assert planned([DAYS], [SIX]) == (
        [Placed(unclear(DAYS, KIND), False), Placed(DAYS, True)],
        [{"category": "D1", "from": SIX.told(), "to": DAYS.told(), "meanwhile": "keep"}],
    )


def test_a_rule_where_there_was_none_waits() -> None:
    assert planned([SIX], []) == (
        [Placed(SILENT, False), Placed(SIX, True)],
        [{"category": "D1", "from": None, "to": SIX.told(), "meanwhile": "keep"}],
    )


def test_what_was_said_once_of_a_system_counts_besides() -> None:
    assert planned([SIX], [SIX], [YEAR]) == (
        [Placed(YEAR, False), Placed(SIX, True)],
        [{"category": "D1", "from": YEAR.told(), "to": SIX.told(), "meanwhile": "as_before"}],
    )
    assert planned([YEAR], [SIX], [YEAR]) == ([Placed(YEAR)], [])
    assert planned([SIX], [SIX], [kept("D2", "P1Y")]) == (
        [Placed(SIX), Placed(silence("D2", KIND), False)],
        [{"category": "D2", "from": YEAR.told(), "to": None, "meanwhile": "keep"}],
    )
    # It takes the place of nothing: where nothing is said now, a rule waits, however long it was once.
    assert planned([SIX], [], [SIX])[0] == [Placed(SILENT, False), Placed(SIX, True)]


def test_a_rule_taken_back_keeps_at_once() -> None:
    assert planned([SILENT], [SIX]) == ([Placed(SILENT)], [])


def test_what_is_said_of_several_at_once_goes_by_the_longest_of_them() -> None:
    assert planned([kept(period="P3M")], [SIX, YEAR]) == (
        [Placed(YEAR, False), Placed(kept(period="P3M"), True)],
        [{"category": "D1", "from": YEAR.told(), "to": kept(period="P3M").told(), "meanwhile": "as_before"}],
    )
    assert planned([YEAR], [SIX, YEAR]) == ([Placed(YEAR)], [])
    nine = kept(period="P9M")
    assert planned([nine], [SIX, YEAR])[0] == [Placed(YEAR, False), Placed(nine, True)], (
        "longer than one of them"
    )
    placed, told = planned([kept(period="P3M")], [SIX, DAYS])
    assert [(one.kept.conflict, one.comes) for one in placed] == [(True, False), (False, True)]
    assert told[0] == {"category": "D1", "from": None, "to": kept(period="P3M").told(), "meanwhile": "keep"}


def test_a_category_of_another_kind_waits_and_both_kinds_are_kept_meanwhile() -> None:
    """Whoever asks by kind would find a rule where none was, or a shorter one than was."""
    new = kept(period="P1Y", data_category="pd:EmailAddress")
    placed, told = planned([new], [SIX])
    assert [(one.kept.conflict, one.kept.data_category, one.comes) for one in placed] == [
        (True, "pd:EmailAddress", False), (True, KIND, False), (False, "pd:EmailAddress", True),
    ]  # fmt: skip
    assert told[0]["meanwhile"] == "keep"
    placed, told = planned([silence("D1", "pd:EmailAddress")], [SIX])
    assert {(one.kept.keeps, one.kept.data_category) for one in placed if not one.comes} == {
        (True, "pd:EmailAddress"), (True, KIND),
    }, "rules of others for its kind may delete sooner"  # fmt: skip
    assert told[0]["to"] is None
    assert planned([silence("D1", None)], [SIX]) == ([Placed(silence("D1", None))], []), "that keeps any kind"


@pytest.mark.parametrize(
    ("new", "gone"),
    [
        (kept("D2", "P3M"), YEAR),  # others of its kind would delete sooner
        (kept("D2", "P1Y"), SIX),  # these keep longer; those of another register may not
        (kept("D2", "P3M", data_category="pd:EmailAddress"), YEAR),
        (kept("D2", "P3M"), kept(period="P1Y", data_category=None)),
        (silence("D2", KIND), YEAR),
        (kept("D2", "P1Y"), SILENT),
        (kept("D2", "P1Y"), CONFLICT),
    ],
)
def test_a_category_that_is_gone_is_kept_until_the_change_begins(new: Kept, gone: Kept) -> None:
    placed, told = planned([new], [new, gone])
    assert placed == [Placed(new), Placed(silence("D1", gone.data_category), False)]
    assert told == [{"category": "D1", "from": gone.told(), "to": None, "meanwhile": "keep"}]


def test_of_a_category_that_is_gone_twice_one_silence_stands_and_the_first_is_told() -> None:
    new = kept("D2", "P3M")
    placed, told = planned([new], [new, SIX, YEAR, kept("D3", "P2Y")])
    assert placed == [Placed(new), Placed(SILENT, False), Placed(silence("D3", KIND), False)]
    assert [one["from"] for one in told] == [SIX.told(), kept("D3", "P2Y").told()]


# --- how long publications last


@dataclasses.dataclass
class Published:
    revision: int
    effective_from: str
    published_at: str


def at(day: int) -> str:
    return f"2027-01-{day:02d}T00:00:00.000000Z"


def published(*days: tuple[int, int]) -> list[Published]:
    """Publications by (the day of it, the day from which it applies)."""
    return [Published(number, at(since), at(on)) for number, (on, since) in enumerate(days, 1)]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([(1, 1)], [Lasting()]),
        ([(1, 1), (2, 2)], [Lasting(ENDLESS, at(2)), Lasting()]),  # it begins at once
        ([(1, 1), (3, 2)], [Lasting(ENDLESS, at(3)), Lasting()]),  # it applies from before it was published
        ([(1, 1), (2, 3)], [Lasting(at(3)), Lasting()]),  # it begins later
        ([(1, 1), (2, 5), (3, 4)], [Lasting(at(4)), Lasting(ENDLESS, at(3)), Lasting()]),
        ([(1, 1), (2, 5), (3, 5)], [Lasting(at(5)), Lasting(ENDLESS, at(3)), Lasting()]),
        ([(1, 1), (2, 5), (3, 6)], [Lasting(at(5)), Lasting(at(6)), Lasting()]),
        ([(1, 1), (2, 5), (3, 3)], [Lasting(at(5), at(3)), Lasting(ENDLESS, at(3)), Lasting()]),
    ],
)
def test_a_publication_closes_cancels_or_bounds_those_before(
    days: list[tuple[int, int]], expected: list[Lasting]
) -> None:
    assert list(lasting(published(*days), {}).values()) == expected


def test_what_is_closed_stays_as_it_was_closed() -> None:
    found = lasting(published((1, 1), (2, 2), (3, 3), (4, 9)), {})
    assert found == {
        1: Lasting(ENDLESS, at(2)), 2: Lasting(ENDLESS, at(3)), 3: Lasting(at(9)), 4: Lasting(),
    }  # fmt: skip


def test_a_withdrawal_closes_all_that_is_open() -> None:
    found = lasting(published((1, 1), (2, 2), (3, 9)), {3: at(4)})
    assert found == {
        1: Lasting(ENDLESS, at(2)), 2: Lasting(at(9), at(4), at(4)), 3: Lasting(ENDLESS, at(4), at(4)),
    }  # fmt: skip
    again = lasting(published((1, 1), (5, 5)), {1: at(3)})
    assert again == {1: Lasting(ENDLESS, at(3), at(3)), 2: Lasting()}


def test_a_publication_may_be_meant_to_last_until_a_day() -> None:
    meant = {1: at(20)}
    assert lasting(published((1, 1)), {}, meant) == {1: Lasting(at(20))}
    assert lasting(published((1, 1), (2, 25)), {}, meant)[1] == Lasting(at(20)), "its end is earlier"
    assert lasting(published((1, 1), (2, 20)), {}, meant)[1] == Lasting(at(20))
    assert lasting(published((1, 1), (2, 10)), {}, meant)[1] == Lasting(at(10))
    assert lasting(published((1, 1), (2, 2)), {}, meant)[1] == Lasting(at(20), at(2))


@pytest.mark.parametrize("some", [3, 203])
def test_what_the_journal_says_of_ends_and_withdrawals(opened: str, some: int) -> None:
    """Of one object and one action, all of them, however many there are."""

    @db.writes
    def note(action: str, of: str, version: int | None, payload: dict[str, Any]) -> str:
        return journal.append(action, of, by="operator", version=version, payload=payload).recorded_at

    when = {number: note("rules.withdrawn", "rules/a/x", number, {}) for number in range(1, some)}
    note("rules.withdrawn", "rules/a/y", 900, {})
    note("rules.withdrawn", "rules/a/x", None, {})
    note("rules.published", "rules/a/x", 901, {"until": at(20)})
    note("rules.published", "rules/a/x", 902, {})
    note("rules.published", "rules/a/x", None, {"until": at(21)})
    assert withdrawals("rules/a/x", "rules.withdrawn") == when
    assert starts("rules/a/x", "rules.published") == {901: at(20)}
    assert starts("rules/a/x", "rules.withdrawn") == {}
