"""Rules in force: from publication to withdrawal or end, never before, never after, never of anything else."""

from __future__ import annotations

import itertools
import runpy
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playhouse.migrations import Runner

from registry import clock, db, journal
from registry.catalogue import read, store
from registry.db import shape
from registry.errors import Conflict, Gone
from registry.retention.publications import served
from registry.retention.publications.served import Publication, ServedRule, ServedSystem, in_force
from registry.retention.publications.stored import SaidOnce, ServedTogether
from tests.retention.conftest import BY, Keeper, record

DESK = ("acme", "desk")
P6M = {"applies_to": ["D1"], "duration": "P6M", "action": "erase", "mode": "automatic"}
P1Y = {**P6M, "duration": "P1Y"}
NONE = {"applies_to": ["D1"], "criterion": "as long as needed"}


def periods_of(**asked: Any) -> list[str | None]:
    """The periods served; by default of acme/customers, the only register, asked for in each way."""
    if asked:
        return [rule.period for rule in in_force(**asked)]
    found = in_force(system=DESK)
    assert found == in_force(register=("acme", "customers")) == in_force(controller="acme")
    return [rule.period for rule in found]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the clock."""
    return lambda day: monkeypatch.setattr(clock, "now", lambda: clock.instant(day))


def test_what_is_served_is_what_was_derived(keeper: Keeper) -> None:
    written = keeper.declare()
    rules = keeper.publish(written)
    (found,) = in_force(system=DESK)
    assert found.document == rfc8785.dumps(orjson.loads(found.document))
    told = orjson.loads(found.document)
    expected = rules[0].document(revision=1, published_at=told["published_at"])
    assert told == orjson.loads(rfc8785.dumps(expected))
    assert (found.period, found.conflict) == ("P6M", False)
    assert (told["version"], told["effective_from"]) == (1, written.effective_from)


def test_each_way_of_asking_finds_it_and_nothing_else(keeper: Keeper) -> None:
    keeper.put(P6M)
    Keeper("acme", "staff").put({**P1Y, "applies_to": "all"}, systems=["chat", "desk"])
    Keeper("other", "customers").put({**P6M, "duration": "P9Y"})
    assert periods_of(register=("acme", "customers")) == ["P6M"]
    assert periods_of(controller="acme") == ["P6M", "P1Y", "P1Y"]
    assert periods_of(system=DESK) == ["P6M", "P1Y", "P1Y"]
    assert periods_of(system=("acme", "chat")) == ["P1Y", "P1Y"]
    assert periods_of(system=DESK, category="D1") == ["P6M", "P1Y"]
    assert periods_of(system=DESK, data_category="pd:EmailAddress") == ["P1Y"]
    assert periods_of(system=DESK, register=("acme", "staff"), category="D1") == ["P1Y"]
    assert periods_of(system=DESK, controller="other") == []
    assert periods_of(system=("other", "desk")) == ["P9Y"]
    with pytest.raises(ValueError, match="of which"):
        in_force(category="D1")


def test_l4_what_is_declared_and_not_published_is_not_served(keeper: Keeper) -> None:
    keeper.declare()
    assert periods_of() == []
    keeper.put(P6M)
    keeper.declare(record({**P6M, "duration": "P1M"}))  # a draft, shorter
    assert periods_of() == ["P6M"]


def test_a_later_publication_takes_the_place_of_the_one_before(keeper: Keeper) -> None:
    keeper.put(P6M)
    keeper.put(P1Y)
    assert periods_of() == ["P1Y"]
    assert [row.closed_at is None for row in Publication.select().order_by(Publication.revision)] == [
        False,
        True,
    ]


def test_l4_a_publication_without_rules_ends_those_before(keeper: Keeper) -> None:
    keeper.put(P6M)
    assert keeper.put(NONE) == ()
    assert periods_of() == []


def test_l4_withdrawn_is_gone_at_once_and_for_good(keeper: Keeper) -> None:
    keeper.put(P6M)
    keeper.put(P1Y)
    assert keeper.withdraw() is True
    assert periods_of() == []
    before = journal.checkpoint()
    assert keeper.withdraw() is False
    assert journal.checkpoint() == before
    keeper.publish(store.numbered("register", "acme", "customers", 1))
    assert periods_of() == ["P1Y"]  # a withdrawal is no way round the second person


def test_l4_ended_is_gone_without_anybody_withdrawing(keeper: Keeper) -> None:
    keeper.put(P6M)
    keeper.end()
    assert periods_of() == []
    keeper.declare()  # opened again, and not published
    assert periods_of() == []
    keeper.publish(store.newest("register", "acme", "customers"))
    assert periods_of() == ["P6M"]


def test_an_end_cannot_be_published(keeper: Keeper) -> None:
    keeper.put(P6M)
    last = store.newest("register", "acme", "customers")
    ended = keeper.end()
    with pytest.raises(Conflict):
        served.publish_rules(read.whole(last)[0], ended, by=BY)


def test_k1_an_end_that_is_planned_ends_on_its_day(keeper: Keeper, at: Callable[[str], None]) -> None:
    keeper.put(P6M)
    keeper.end(since=clock.instant("2030-01-01"))
    assert periods_of() == ["P6M"]
    at("2029-12-31T21:59:59.999999Z")
    assert periods_of() == ["P6M"]
    at("2030-01-01")
    assert periods_of() == []


def test_k1_what_takes_effect_later_is_served_from_its_day_and_what_is_in_force_until_then(
    keeper: Keeper, at: Callable[[str], None]
) -> None:
    keeper.put(P6M)
    keeper.publish(keeper.declare(record(P1Y), since=clock.instant("2030-01-01")))
    assert periods_of() == ["P6M"]
    at("2029-12-31T21:59:59.999999Z")
    assert periods_of() == ["P6M"]
    at("2030-01-01")
    assert periods_of() == ["P1Y"]


def test_nothing_is_served_before_the_only_version_takes_effect(
    keeper: Keeper, at: Callable[[str], None]
) -> None:
    keeper.publish(keeper.declare(record(P6M), since=clock.instant("2030-01-01")))
    assert periods_of() == []
    at("2030-01-01")
    assert periods_of() == ["P6M"]


def test_a_plan_is_cancelled_by_what_is_published_later(keeper: Keeper, at: Callable[[str], None]) -> None:
    keeper.put(P6M)
    keeper.publish(keeper.declare(record({**P6M, "duration": "P1M"}), since=clock.instant("2030-01-01")))
    keeper.put(P1Y)
    at("2031-01-01")
    assert periods_of() == ["P1Y"]


def test_a_withdrawal_takes_plans_along(keeper: Keeper, at: Callable[[str], None]) -> None:
    keeper.put(P6M)
    keeper.publish(keeper.declare(record(P1Y), since=clock.instant("2030-01-01")))
    keeper.withdraw()
    at("2031-01-01")
    assert periods_of() == []


def test_k3_a_clock_put_back_brings_nothing_back(keeper: Keeper, at: Callable[[str], None]) -> None:
    keeper.put(P6M)
    keeper.put(P1Y)
    at("2026-01-01")
    assert periods_of() == ["P1Y"]
    keeper.withdraw()
    assert periods_of() == []
    keeper.put(P6M)
    keeper.end()  # recorded by the journal's time, which is later than the clock's
    assert periods_of() == []


def test_the_journal_speaks_of_each_and_verifies(keeper: Keeper) -> None:
    keeper.put(P6M)
    keeper.put(NONE)
    keeper.withdraw()
    told = [entry for entry in journal.entries(limit=100) if entry.object.startswith("retention/")]
    assert [(entry.action, entry.object, entry.version) for entry in told] == [
        ("retention.published", "retention/acme/customers", 1),
        ("retention.published", "retention/acme/customers", 2),
        ("retention.withdrawn", "retention/acme/customers", 2),
    ]
    assert {entry.controller for entry in told} == {"acme"}
    assert journal.verify().ok


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        (ServedRule, "document", None),
        (ServedRule, "period", "P1M"),
        (ServedRule, "category", "D2"),
        (ServedRule, "data_category", "pd:EmailAddress"),
        (ServedRule, "conflict", True),
        (ServedTogether, "document", None),
        (ServedTogether, "digest", "0" * 30),
        (ServedTogether, "rules", 9),
        (SaidOnce, "category", "D2"),
        (SaidOnce, "system", "chat"),
        (Publication, "effective_from", "2000-01-01T00:00:00.000000Z"),
        (Publication, "version", 9),
        (Publication, "key", "others"),
    ],
)
def test_j6_a_changed_rule_is_found(keeper: Keeper, table: Any, column: str, value: Any) -> None:
    keeper.put(P6M)
    with db.writing(why="what somebody with the database in hand might do"):
        if column == "document":
            document = bytes(table.get().document)
            value = document.replace(b'"period":"P6M"', b'"period":"P1M"')
            assert value != document
        table.update({column: value}).execute()
    report = journal.verify()
    assert not report.ok
    assert [fault.seq for fault in report.faults if fault.seq] == [
        entry.seq for entry in journal.entries(limit=100) if entry.action == "retention.published"
    ]


def test_nothing_is_left_of_a_publication_that_fails(keeper: Keeper) -> None:
    written = keeper.declare()

    @db.writes
    def publish() -> None:
        keeper.publish(written)
        raise Conflict("the notice cannot be written")

    before = journal.checkpoint()
    with pytest.raises(Conflict):
        publish()
    assert journal.checkpoint() == before
    assert not any(
        table.select().exists() for table in (Publication, ServedRule, ServedSystem, ServedTogether)
    )


def test_what_is_looked_up_does_not_grow_with_history(keeper: Keeper) -> None:
    for _ in range(5):
        keeper.put(P6M, P1Y, systems=["desk", "chat"])
    assert ServedSystem.select().count() == 2
    assert Publication.select().count() == 5


def test_many_rules_of_one_register(keeper: Keeper) -> None:
    data = [{"id": f"D{n}", "text": f"Data {n}"} for n in range(1, 1001)]
    keeper.put({**P6M, "applies_to": "all"}, data_categories=data)
    found = in_force(register=("acme", "customers"))
    assert [orjson.loads(rule.document)["category"] for rule in found] == [one["id"] for one in data]
    Keeper("acme", "more").put(P6M)
    assert len(in_force(controller="acme")) == served.MOST + 1


# Whatever happens

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("declare"), st.integers(-40, 40), st.sampled_from(["P1M", "P6M", "P1Y", None])),
        st.tuples(st.just("put"), st.integers(-10, 20), st.sampled_from(["P1M", "P6M", "P1Y", None])),
        st.tuples(st.just("publish"), st.integers(0, 5)),
        st.tuples(st.just("withdraw")),
        st.tuples(st.just("end"), st.integers(-40, 40)),
        st.tuples(st.just("clock"), st.integers(-15, 30)),
    ),
    min_size=3,
    max_size=14,
)
_names = itertools.count()


class Told:
    """What may be served, by the plain words of the promise: kept beside the database, and never asked of it."""

    def __init__(self) -> None:
        self.versions: list[
            tuple[str, str, str | None, bool]
        ] = []  # effective_from, recorded_at, period, ended
        self.open: list[tuple[int, str]] = []  # number, effective_from; in the order of publication

    def published(self, number: int, now: str) -> None:
        since = self.versions[number - 1][0]
        self.open = [one for one in self.open if one[1] < since and since > now]
        self.open.append((number, since))

    def served(self, now: str) -> int | None:
        """The number of the version whose rules are in force."""
        begun = [number for number, since in self.open if since <= now]
        if not begun:
            return None
        number = begun[-1]
        later = self.versions[number:]
        over = any(ended and (since <= now or since <= recorded) for since, recorded, _, ended in later)
        return None if over else number


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(steps=STEPS)
def test_l4_whatever_happens_only_what_is_published_in_effect_and_not_ended_is_served(
    controllers: str, monkeypatch: pytest.MonkeyPatch, steps: list[tuple[Any, ...]]
) -> None:
    keeper, told = Keeper("acme", f"r{next(_names)}"), Told()
    latest = max(
        datetime.fromisoformat(clock.now()), datetime.fromisoformat(journal.checkpoint()["recorded_at"])
    )
    moment = latest

    def day(offset: int) -> str:
        return clock.written(moment + timedelta(days=offset))

    with monkeypatch.context() as patched:
        # What a shorter rule waits for is tested elsewhere; here every publication is as good as a first one.
        patched.setattr(served, "_before", lambda *_: (None, []))
        for step in (("put", -40, "P6M"), *steps):
            moment += timedelta(seconds=1)
            now = clock.written(moment)
            patched.setattr(clock, "now", lambda now=now: now)
            if step[0] in ("declare", "put"):
                statement = NONE if step[2] is None else {**P6M, "duration": step[2]}
                written = keeper.declare(record(statement), since=day(step[1]))
                told.versions.append((written.effective_from, written.recorded_at, step[2], False))
            if step[0] in ("publish", "put"):
                number = len(told.versions) if step[0] == "put" else min(step[1] + 1, len(told.versions))
                if not told.versions[number - 1][3]:
                    keeper.publish(store.numbered("register", "acme", keeper.key, number))
                    told.published(number, str(journal.checkpoint()["recorded_at"]))
            elif step[0] == "withdraw":
                keeper.withdraw()
                told.open = []
            elif step[0] == "end":
                with suppress(Gone):  # ended by then, and nothing planned
                    keeper.end(since=day(step[1]))
                for one in store.history("register", "acme", keeper.key, after=len(told.versions)):
                    told.versions.append((one.effective_from, one.recorded_at, None, True))
            elif step[0] == "clock":
                moment += timedelta(days=step[1])
            now = clock.written(moment)
            patched.setattr(clock, "now", lambda now=now: now)
            number = told.served(now)
            expected = [] if number is None else [told.versions[number - 1][2]]
            found = [orjson.loads(rule.document) for rule in in_force(register=("acme", keeper.key))]
            assert [(rule["version"], rule["period"]) for rule in found] == [
                (number, period) for period in expected if period is not None
            ]


def test_what_is_served_together_is_what_is_served_one_by_one(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.put(P6M, {**P6M, "applies_to": ["D2"], "duration": "P2Y"})
    Keeper("acme", "staff").put(P6M)
    for asked in ({"system": ("acme", "desk")}, {"register": ("acme", "staff")}, {"controller": "acme"}):
        found = served.joined(**asked)
        assert found is not None
        one_by_one = served.said(**asked)
        assert found.documents == b",".join(rule.document for rule in one_by_one if not rule.silent)
        assert found.many == len(one_by_one)
    tags = {
        asked: served.joined(controller="acme", register=("acme", asked)) for asked in ("staff", "customers")
    }
    assert len({one.tag for one in tags.values() if one}) == 2


def test_the_migration_joins_what_was_published_before(keeper: Keeper) -> None:
    keeper.put(P6M, {**P6M, "applies_to": ["D2"], "duration": "P2Y"})
    keeper.put({**P6M, "duration": "P1M"})  # shorter: it waits, so its rules are served one by one
    Keeper("acme", "staff").put({**P6M, "applies_to": "all"})

    def kept() -> list[tuple[Any, ...]]:
        rows = ServedTogether.select().order_by(ServedTogether.publication).tuples()
        return [(*row[:-1], bytes(row[-1])) for row in rows]

    before = kept()
    assert 0 < len(before) < Publication.select().count()
    with db.writing(why="back to what it was, and forth"):
        runner = Runner(db.database.obj, str(shape.DIRECTORY), shape.HISTORY)
        (name,) = [path.stem for path in shape.DIRECTORY.glob("0014_*.py")]
        module = runpy.run_path(str(shape.DIRECTORY / f"{name}.py"))
        module["down"](runner.migrator, db.database.obj)
        module["up"](runner.migrator, db.database.obj)
    assert kept() == before
    assert journal.verify().ok


def test_the_migration_remembers_what_was_said_once(keeper: Keeper) -> None:
    keeper.put(P6M)
    keeper.put(P6M, systems=["chat"])
    Keeper("acme", "staff").put({**P6M, "applies_to": "all"}, data_categories=[{"id": "D1", "text": "Talks"}])
    Keeper("acme", "staff").withdraw()
    before = sorted(SaidOnce.select().tuples())
    assert ("acme", "desk", "staff", "D1", "") in before
    assert ("acme", "desk", "customers", "D2", "pd:EmailAddress") in before
    with db.writing(why="back to what it was, and forth"):
        runner = Runner(db.database.obj, str(shape.DIRECTORY), shape.HISTORY)
        (name,) = [path.stem for path in shape.DIRECTORY.glob("*_said_once.py")]
        module = runpy.run_path(str(shape.DIRECTORY / f"{name}.py"))
        module["down"](runner.migrator, db.database.obj)
        module["up"](runner.migrator, db.database.obj)
    assert sorted(SaidOnce.select().tuples()) == before
    assert journal.verify().ok
