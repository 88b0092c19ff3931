"""Runs over what has changed: what is left alone, what is not, and that nobody can tell from what is found."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from registry import clock, db, journal
from registry.catalogue import store
from registry.checks.book import book, examine
from registry.checks.days.then import look as look_then
from registry.checks.findings import grounds
from registry.checks.findings.grounds import Basis
from registry.checks.findings.stored import Checked
from registry.checks.runs import passing, running
from registry.checks.runs.passing import Watched
from registry.checks.runs.running import Scope, Tally, run
from registry.law import law
from tests import generate
from tests.checks.conftest import BY, NEWS, START, Declare, holding

NEWSLETTER = Scope(register=("acme", "news"))
TODAY = "2026-11-22T10:00:00.000000Z"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def clock_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the time."""

    def at(instant: str) -> None:
        monkeypatch.setattr(clock, "now", lambda: instant)

    at(TODAY)
    return at


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """By which rules each register was checked, since this was last cleared."""
    seen: dict[str, list[str]] = {}

    def spied(case: Any, codes: Any = None) -> Iterator[Any]:
        seen.setdefault(case.record.key, []).extend(book() if codes is None else sorted(codes))
        return examine(case) if codes is None else examine(case, codes)

    monkeypatch.setattr(passing, "examine", spied)
    return seen


def changed(scope: Scope | None = None) -> dict[str, Any]:
    return run(scope or Scope(), by=BY, changed_only=True)


def found() -> dict[tuple[str, str, str], tuple[str, bytes]]:
    return {place: (row.kind, bytes(row.document)) for place, row in holding().items()}


COUNTED = ("registers", "kinds", "severities", "waived", "law")


def test_what_has_not_changed_is_left_alone(
    clock_at: Any, registers: Declare, asked: dict[str, list[str]]
) -> None:
    first = changed()
    assert (first["changed_only"], first["unchanged"], first["registers"]) == (True, 0, 2)
    before, entries = found(), Checked.get(Checked.register == "news").checked_at
    asked.clear()
    second = changed()
    assert asked == {}
    assert (second["unchanged"], second["opened"], second["ended"]) == (2, 0, 0)
    assert {name: second[name] for name in COUNTED} == {name: first[name] for name in COUNTED}, (
        "what is left alone is counted all the same"
    )
    assert found() == before
    assert Checked.get(Checked.register == "news").checked_at == entries
    full = run(Scope(), by=BY)
    assert full["changed_only"] is False and full["unchanged"] == 0
    assert {name: full[name] for name in COUNTED} == {name: first[name] for name in COUNTED}
    assert journal.verify().ok


def change_record(declare: Declare, look: Any, patch: Any) -> None:
    declare("acme/news", {**NEWS, "retention": []})


def change_controller(declare: Declare, look: Any, patch: Any) -> None:
    store.declare("controller", "acme", "acme", {"name": "Acme Oy"}, by=BY, expect=1, effective_from=START)


def change_system(declare: Declare, look: Any, patch: Any) -> None:
    store.declare(
        "system", "acme", "desk", {"name": "Zendesk", "vendor": "Zendesk"}, by=BY, expect=1, effective_from=START
    )  # fmt: skip


def observe(declare: Declare, look: Any, patch: Any) -> None:
    look("oldest_item", {"items": [{"object": "ticket", "count": 0}]})


def new_rules(declare: Declare, look: Any, patch: Any) -> None:
    patch.setattr(grounds, "program", lambda: "other")


def new_law(declare: Declare, look: Any, patch: Any) -> None:
    patch.setattr(grounds, "law", lambda: dataclasses.replace(law(), digest="another edition"))


def forget(declare: Declare, look: Any, patch: Any) -> None:
    with db.writing(why="a test forgets"):
        Basis.delete().execute()


EVERY = {"acme/news", "acme/other", "club/members"}
CHANGES: list[tuple[Callable[..., None], set[str]]] = [
    (change_record, {"acme/news"}),
    (change_controller, {"acme/news", "acme/other"}),
    (change_system, {"acme/news"}),
    (observe, {"acme/news"}),
    (new_rules, EVERY),
    (new_law, EVERY),
    (forget, EVERY),
]


@pytest.mark.parametrize(("change", "again"), CHANGES, ids=[change.__name__ for change, _ in CHANGES])
def test_what_has_changed_is_checked_by_all_rules(
    clock_at: Any,
    registers: Declare,
    look: Any,
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, list[str]],
    change: Callable[..., None],
    again: set[str],
) -> None:
    registers("acme/other", {"register": "Muut"})
    changed()
    asked.clear()
    change(registers, look, monkeypatch)
    done = changed()
    assert {register: sorted(codes) for register, codes in asked.items()} == {
        one: list(book()) for one in again
    }
    assert done["unchanged"] == len(EVERY - again)
    asked.clear()
    changed()
    assert asked == {}, "from then on it has not changed"


def test_what_is_over_is_ended_though_nothing_was_checked(clock_at: Any, registers: Declare) -> None:
    changed()
    store.end("register", "acme", "news", by=BY, expect=1)
    done = changed()
    assert (done["registers"], done["unchanged"]) == (1, 1)
    assert done["ended"] > 0
    assert {register for register, _, _ in holding()} == {"club/members"}
    assert [row.register for row in Basis.select()] == ["members"]


def test_one_register_alone(clock_at: Any, registers: Declare, asked: dict[str, list[str]]) -> None:
    changed()
    asked.clear()
    registers("club/members", {"register": "Jäsenet", "retention": ["P1Y"]})
    assert changed(NEWSLETTER)["unchanged"] == 1
    assert asked == {}
    changed()
    assert set(asked) == {"club/members"}


# --- the day


DAYS = ("2026-11-23", "2027-06-01", "2029-01-01", "2040-01-01")


def test_on_another_day_only_those_are_asked_that_looked_at_the_day(
    clock_at: Any, registers: Declare, asked: dict[str, list[str]]
) -> None:
    changed()
    looked = {row.register: set(row.dated.split()) for row in Basis.select()}
    assert looked["news"] and looked["news"] < set(book()), "some do, and some do not"
    assert "LAW203" in looked["news"]
    assert "COM003" not in looked["news"]
    asked.clear()
    clock_at("2026-11-23T10:00:00.000000Z")
    done = changed()
    assert {key: set(codes) for key, codes in asked.items()} == {
        "acme/news": looked["news"],
        "club/members": looked["members"],
    }
    assert done["unchanged"] == 0
    assert {row.checked_at[:10] for row in Checked.select()} == {"2026-11-23"}
    asked.clear()
    assert changed()["unchanged"] == 2
    assert asked == {}


def test_nobody_can_tell_what_was_left_alone(clock_at: Any, opened: str) -> None:
    generate.store_all(generate.registers(30, seed=5, each=10))
    changed()
    for day in DAYS:
        clock_at(f"{day}T10:00:00.000000Z")
        changed()
        expected = {
            (f"{one.controller}/{one.register}", said.code, said.key): (said.kind, said.document)
            for one in look_then(Scope(), date.fromisoformat(day))
            for said in one.said
        }
        assert found() == expected, day
    assert journal.verify().ok


def test_a_look_at_the_day_is_remembered_once() -> None:
    case = Watched(record=None, law=None, as_of=date(2026, 1, 1))  # type: ignore[arg-type]  # neither is looked at
    assert not case.looked()
    assert case.as_of == date(2026, 1, 1)
    assert case.looked()
    assert not case.looked()


# --- many


def test_statements_do_not_grow_with_the_rules(opened: str, monkeypatch: pytest.MonkeyPatch) -> None:
    generate.store_all(generate.registers(60, seed=2, each=20))

    def statements(codes: list[str], scope: Scope) -> int:
        monkeypatch.setattr(passing, "examine", lambda case, _=None: examine(case, codes))
        run(scope, by=BY)  # the first writes, the second only reads
        count, base = 0, db.database.obj
        ask = base.execute_sql

        def counted(*arguments: Any, **other: Any) -> Any:
            nonlocal count
            count += "journal_node" not in str(arguments[0])  # how many depends on how long the journal is
            return ask(*arguments, **other)

        with monkeypatch.context() as patch:
            patch.setattr(base, "execute_sql", counted)
            run(scope, by=BY)
        return count

    few, all_ = ["COM003"], list(book())
    assert statements(few, Scope()) == statements(all_, Scope())
    one, two = (
        statements(all_, Scope(controllers=frozenset(f"org-{n:04d}" for n in range(number))))
        for number in (1, 2)
    )
    assert two - one < 20, "twenty registers more take less than a statement each"


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_where_it_was(opened: str) -> None:
    generate.store_all(generate.registers(300, seed=3, each=20))
    killed = subprocess.Popen(
        [sys.executable, "-m", "registry", "check", "--changed"],
        cwd=ROOT,
        env={**os.environ, "REGISTRY_DATABASE": opened},
        stdout=subprocess.DEVNULL,
    )
    give_up = time.monotonic() + 120
    while Checked.select().count() < 60 and time.monotonic() < give_up and killed.poll() is None:
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    stored = Checked.select().count()
    assert 60 <= stored < 300, "it was killed in the middle"
    assert not running.Run.select().exists()
    assert journal.verify().ok
    total, tally = [], Tally()
    done = run(Scope(), by=BY, changed_only=True, into=tally, gone_by=total.append)
    assert (done["registers"], done["unchanged"], sum(total)) == (300, stored, 300)
    assert tally.told() == {name: done[name] for name in ("registers", "kinds", "severities", "waived")}
    before = found()
    assert changed()["unchanged"] == 300
    assert run(Scope(), by=BY)["opened"] == 0
    assert found() == before
