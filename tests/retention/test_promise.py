"""The promise: whatever happens, nobody is told to delete earlier than the longest rule that applied says.

PROMISE=500x50 searches through so many runs of so many steps.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from registry import clock, db, journal
from registry.catalogue import store
from registry.errors import Conflict, Gone, SecondApproverRequired
from registry.retention.decisions.answers import answers
from registry.retention.holds import holding
from registry.retention.rules.arithmetic import due
from registry.retention.shortenings import changing
from tests.retention.conftest import BY, Keeper, record
from tests.retention.trials import real, tried

PERIODS = ["P1D", "P1M", "P6M", "P1Y", "P2Y"]
DELAY = timedelta(days=7)
_numbers = itertools.count()


class Crash(BaseException):
    """The process is killed."""


class Register:
    """What may be told of a register's data, in plain words and without looking at the database.

    `bound` is the shortest period that anybody may be told, None where data is kept. A shorter one that is published
    only takes its place once somebody else has approved it and a week has passed.
    """

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self.published = self.in_force = False
        self.bound: str | None = None
        self.next: str | None = None
        self.since = ""
        self.begins: str | None = None
        self.waiting = False

    def publish(self, period: str | None, now: str) -> None:
        self.waiting = False
        first, self.published, self.in_force = not self.published, True, True
        if first or _longer(period, self.bound):
            self.bound = period
        else:
            self.waiting, self.next, self.begins, self.since = True, period, None, now

    def passed(self, now: str) -> None:
        if self.waiting and self.begins is not None and self.begins <= now:
            self.bound, self.waiting = self.next, False

    def over(self) -> None:
        self.in_force = self.waiting = False


def _longer(one: str | None, other: str | None) -> bool:
    """Whether `one` keeps at least as long; None keeps for ever."""
    return one is None or (other is not None and PERIODS.index(one) >= PERIODS.index(other))


class Promise(RuleBasedStateMachine):
    """Two registers of one system: published, shortened, approved, withdrawn, ended, held; clock steps and crashes."""

    @initialize()
    def begin(self) -> None:
        self.number = next(_numbers)
        self.system = f"s{self.number}"
        self.moment = max(
            datetime.fromisoformat(real()), datetime.fromisoformat(journal.checkpoint()["recorded_at"])
        ) + timedelta(seconds=1)
        self.latest = self.moment
        self.tick()
        store.declare("system", "acme", self.system, {"name": "x"}, by=BY, expect=store.NEW)
        self.registers = [Register(Keeper("acme", f"{name}{self.number}")) for name in ("a", "b")]
        self.holds: list[int] = []

    def tick(self) -> None:
        self.moment += timedelta(seconds=1)
        now = clock.written(self.moment)
        clock.now = lambda: now

    def teardown(self) -> None:
        for number in getattr(self, "holds", ()):
            holding.end(number, by=BY, expect=1)
        clock.now = real

    which = st.integers(0, 1)

    @rule(which=which, period=st.sampled_from([*PERIODS, None]))
    def publish(self, which: int, period: str | None) -> None:
        self.tick()
        one = self.registers[which]
        statement = {"applies_to": ["D1"], "duration": period, "action": "erase", "mode": "automatic"}
        if period is None:
            statement = {"applies_to": ["D1"], "criterion": "as long as needed"}
        written = one.keeper.declare(
            record(statement, systems=[self.system]), since=clock.instant("2020-01-01")
        )
        one.keeper.publish(written)
        one.publish(period, self.journal())

    @rule(which=which, second=st.booleans())
    def approve(self, which: int, second: bool) -> None:
        self.tick()
        one = self.registers[which]
        for row in self.open_changes(one):
            try:
                told = changing.approve(
                    row.id, by="client/second" if second else BY, expect=row.version, delay=DELAY
                )
            except SecondApproverRequired:
                assert not second
            except Conflict:
                assert row.state == "approved"
            else:
                assert second
                assert told["begins"] == clock.written(datetime.fromisoformat(self.journal()) + DELAY)
                one.begins = told["begins"]

    @rule(which=which)
    def refuse(self, which: int) -> None:
        self.tick()
        for row in self.open_changes(self.registers[which]):
            with suppress(Conflict):
                changing.refuse(row.id, by=BY, expect=row.version)
                self.registers[which].waiting = False

    @rule(which=which)
    def withdraw(self, which: int) -> None:
        self.tick()
        self.registers[which].keeper.withdraw()
        self.registers[which].over()

    @rule(which=which)
    def end(self, which: int) -> None:
        self.tick()
        with suppress(Gone, store.NotFound):
            self.registers[which].keeper.end()
        # Nobody is told anything of it; a shorter rule goes on waiting, for the second person and the week.
        self.registers[which].in_force = False

    @precondition(lambda self: any(one.published for one in self.registers))
    @rule(of=st.sampled_from(["system", "register", "kind"]))
    def hold(self, of: str) -> None:
        self.tick()
        there = [one.keeper.key for one in self.registers if one.published]
        what: dict[str, Any] = {
            "system": {"systems": [self.system]},
            "register": {"registers": there},
            "kind": {"categories": [(key, "D1") for key in there]},
        }[of]
        self.holds.append(holding.set_hold("acme", **what, reason="x", review_on=date(2999, 1, 1), by=BY))

    @precondition(lambda self: self.holds)
    @rule()
    def unhold(self) -> None:
        self.tick()
        holding.end(self.holds.pop(), by=BY, expect=1)

    @rule(
        which=which, doing=st.sampled_from(["publish", "hold", "withdraw", "end"]), after=st.integers(1, 60)
    )
    def crash(self, which: int, doing: str, after: int) -> None:
        """Killed after so many statements, or just before all of it would have been there: nothing of it is."""
        self.tick()
        keeper, before = self.registers[which].keeper, journal.checkpoint()["size"]
        shorter = {"applies_to": ["D1"], "duration": "P1D", "action": "erase", "mode": "automatic"}
        verbs = {
            "publish": lambda: keeper.publish(
                keeper.declare(record(shorter, systems=[self.system]), since=clock.instant("2020-01-01"))
            ),
            "hold": lambda: holding.set_hold(
                "acme", systems=[self.system], reason="x", review_on=date(2999, 1, 1), by=BY
            ),
            "withdraw": keeper.withdraw,
            "end": keeper.end,
        }
        execute, left = db.database.obj.execute_sql, itertools.count(after, -1)

        def cut(sql: str, params: Any = None) -> Any:
            if next(left) <= 0:
                raise Crash
            return execute(sql, params)

        with suppress(Crash), db.writing(why="nothing of it stays"), pytest.MonkeyPatch.context() as sudden:
            sudden.setattr(db.database.obj, "execute_sql", cut)
            with suppress(Gone, store.NotFound):
                verbs[doing]()
            raise Crash
        db.request_end()
        db.request_begin()
        assert journal.checkpoint()["size"] == before

    @rule(days=st.sampled_from([-30, -1, 0, 1, 5, 6, 7, 8, 40, 400]))
    def clock_steps(self, days: int) -> None:
        self.moment += timedelta(days=days)
        self.tick()

    @invariant()
    def nobody_is_told_to_delete_too_early(self) -> None:
        if not hasattr(self, "registers"):
            return
        self.latest = max(self.latest, self.moment)
        for one in self.registers:
            one.passed(clock.written(self.latest))
        day = self.moment.date()
        anchors = [(day - timedelta(days=back)).isoformat() for back in (0, 1, 31, 200, 380, 800)]
        system = {"system": f"acme/{self.system}", "category": "D1"}
        whose: list[tuple[dict[str, str], list[Register]]] = [(system, self.registers)]
        whose += [({**system, "register": f"acme/{one.keeper.key}"}, [one]) for one in self.registers]
        items = [({**item, "anchor": anchor}, anchor, mine) for item, mine in whose for anchor in anchors]
        _, _, told = answers([item for item, _, _ in items], sees=lambda *_: True, seconds=60)
        for (_, anchor, mine), answer in zip(items, told, strict=True):
            self.judge(anchor, mine, answer)

    def judge(self, anchor: str, mine: list[Register], answer: dict[str, Any]) -> None:
        # Of who says nothing any more the data may still be there: it is kept, unless the item says whose it is.
        bound = [one.bound if one.in_force else None for one in mine if one.published]
        if self.holds and any(one.published for one in mine) and len(mine) == 2:
            assert answer["decision"] == "held"
        if not bound or None in bound:
            assert answer["decision"] in ("unknown", "held"), answer
        if answer["decision"] not in ("delete_after", "retain"):
            return
        assert not self.holds or len(mine) == 1
        longest = max((one for one in bound if one is not None), key=PERIODS.index)
        earliest = due(anchor, clock.HELSINKI, longest).after
        after = answer.get("delete_after") or answer["until"]
        assert after >= earliest
        if answer["decision"] == "delete_after":
            assert after <= clock.now()
        for one in mine:
            if one.in_force and one.waiting and one.begins is not None and one.begins > clock.now():
                assert answer["valid_until"] <= one.begins

    def journal(self) -> str:
        return str(journal.checkpoint()["recorded_at"])

    @staticmethod
    def open_changes(one: Register) -> list[Any]:
        row = changing.Change
        found = (row.superseded_at == changing.ENDLESS) & (row.register == one.keeper.key)
        return list(row.select().where(found & row.state.in_(["proposed", "approved"])))


@pytest.mark.slow
def test_l1_to_l10_whatever_happens_nobody_is_told_to_delete_too_early(controllers: str) -> None:
    tried(Promise, "12x30")
