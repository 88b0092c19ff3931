"""What is pushed or attested shows up as the right finding, resting on just that; and what puts it right, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from marshmallow import fields

from registry import clock
from registry.app import create_app
from registry.catalogue import store
from registry.checks.book import book as checks
from registry.checks.runs.running import Scope, run
from registry.clock import later
from registry.connectors.observed import partly
from registry.connectors.observed.kinds import KINDS
from registry.connectors.routes import observations as routes
from registry.drift.drifting import drift
from registry.settings import Settings
from tests.connectors.asking import Caller, make
from tests.connectors.pushed import PUSHES, Push
from tests.connectors.watching import BY, SYSTEM, Watch

DAY = 86_400.0


class Pushing(Watch):
    """acme/desk, which reports by a client of its own what it is like, with a register that it serves."""

    def __init__(self, url: str, push: Push, **how: Any) -> None:
        super().__init__("push", {}, {}, push.record, push.system)
        self.client = Caller(make(url, routes.blueprint), "observations:write", of=("acme",))
        self.how = {"source_level": "api", **how}
        for kind, payload in push.beside.items():
            self.push(kind, payload)

    def push(self, kind: str, payload: Mapping[str, Any], **how: Any) -> int:
        """Push one observation, and check the register; gives the number that it was stored under."""
        sent = {"system": SYSTEM, "kind": kind, "payload": payload, "taken_at": clock.now(), "complete": True}
        answer = self.client.post("/v1/observations", {**sent, **self.how, **how})
        assert answer.status_code == 201 and answer.json is not None, answer.data
        run(Scope(register=("acme", "clients")), by=BY)
        return int(answer.json["id"])


def told(code: str) -> set[str]:
    """What drift says of all the statements that a check is about."""
    drifting = drift("acme", "desk", overdue_days=30)
    beside = [one for register in drifting.registers for one in register.aspects if one.aspect.code == code]
    return {one.verdict for one in beside} | {each.verdict for one in beside for each in one.statements}


def looks(push: Push) -> set[int]:
    """The observations of a kind that drift shows as evidence."""
    aspects = [
        one for register in drift("acme", "desk", overdue_days=30).registers for one in register.aspects
    ]
    return {look.id for one in aspects for look in one.evidence if look.kind == push.kind}


LOOKS = [one for one in PUSHES if one.kind != "could_not_look"]
#: The first change of each kind and check: what holds of all alike.
KINDLY = list({(one.kind, one.code): one for one in reversed(LOOKS)}.values())
WORD: dict[str, Any] = {"source_level": "attestation", "reference": "Letter 3/2026"}


def of_each(pushes: list[Push]) -> Any:
    return pytest.mark.parametrize("push", pushes, ids=[f"{one.kind}: {one.name}" for one in pushes])


@of_each(PUSHES)
def test_what_is_pushed_is_found_and_putting_it_back_resolves_it(push: Push, opened: str) -> None:
    watch = Pushing(opened, push)
    if push.kind != "could_not_look":
        watch.push(push.kind, push.right)
    before = watch.found(push.code)
    assert before == {"": push.then}
    number = watch.push(push.kind, push.wrong)
    assert watch.found(push.code) == {push.key: push.found}
    assert watch.because(push.code, push.key) == number
    watch.push(push.about, push.right)
    assert watch.found(push.code) == before


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@of_each(LOOKS)
def test_what_is_attested_counts_as_what_is_pushed_does_until_its_day(
    push: Push, opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = later(clock.now(), 300 * DAY)[:10]
    watch = Pushing(opened, push, **WORD, expires_on=until)
    watch.push(push.kind, push.right)
    assert watch.found(push.code) == {"": push.then}
    number = watch.push(push.kind, push.wrong)
    assert watch.found(push.code) == {push.key: push.found}
    assert watch.because(push.code, push.key) == number
    now = clock.now()
    watch.push(push.kind, push.wrong, taken_at=now, expires_on=now[:10])  # taken back
    assert set(watch.found(push.code).values()) == {"open"}
    watch.push(push.kind, push.right)
    assert watch.found(push.code) == {"": push.then}
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: later(now, 301 * DAY))
    run(Scope(register=("acme", "clients")), by=BY)
    assert set(watch.found(push.code).values()) == {"open"}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@of_each(KINDLY)
def test_what_could_not_be_looked_at_or_not_whole_is_never_right(push: Push, opened: str) -> None:
    watch = Pushing(opened, push)
    number = watch.push("could_not_look", {"asked": push.kind, "reason": "forbidden"})
    assert set(watch.found(push.code).values()) == {"open"}
    by_settings = push.kind == "changes"  # a log only adds to them
    assert number in watch.grounds(push.code).values() or by_settings
    number = watch.push(push.kind, push.right, complete=False)
    assert set(watch.found(push.code).values()) == {"open"}
    assert number in watch.grounds(push.code).values() or by_settings
    watch.push(push.kind, push.right)
    assert watch.found(push.code) == {"": push.then}
    watch.push(
        "could_not_look", {"asked": push.kind, "reason": "forbidden"}
    )  # it hides no look that was made
    assert watch.found(push.code) == {"": push.then}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@of_each(KINDLY)
def test_a_system_that_is_seen_whole_makes_no_other_right(push: Push, opened: str) -> None:
    watch = Pushing(opened, push)
    system, register = (
        store.at(kind, "acme", key) for kind, key in (("system", "desk"), ("register", "clients"))
    )
    store.declare("system", "acme", "chat", system.body, by=BY, expect=store.NEW)
    body = {**register.body, "systems": ["desk", "chat"]}
    store.declare("register", "acme", "clients", body, by=BY, expect=register.version)
    beside = {"system": "acme/chat"}
    for kind, payload in push.beside.items():
        watch.push(kind, payload, **beside)
    watch.push(push.kind, push.right)
    watch.push("could_not_look", {"asked": push.kind, "reason": "unavailable"}, **beside)
    if push.code not in {
        "OBS305",
        "OBS307",
    }:  # a list, a page and an inventory are the same wherever they are seen
        assert "pass" not in watch.found(push.code).values()
    watch.push(push.kind, push.right, **beside, complete=False)
    assert "pass" not in watch.found(push.code).values()
    watch.push(push.kind, push.right, **beside)
    assert watch.found(push.code) == {"": push.then}


FAILS = [one for one in KINDLY if one.found == "fail"]


def _nothing_of(push: Push) -> dict[str, Any]:
    """A look that broke off before it came to anything; of what is one thing, that all is right."""
    if push.kind in partly.SINGLE:
        return dict(push.right)
    return {name: [] if isinstance(told, list) else told for name, told in push.wrong.items()}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@of_each(FAILS)
def test_h10_what_is_wrong_stays_so_until_all_is_seen_again(
    push: Push, opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Pushing(opened, push)
    number = watch.push(push.kind, push.wrong)
    for part in (True, False):  # a look that broke off, one that failed
        if part:
            watch.push(push.kind, _nothing_of(push), complete=False)
        else:
            watch.push("could_not_look", {"asked": push.kind, "reason": "unavailable"})
        assert watch.found(push.code)[push.key] == "fail"
        assert watch.because(push.code, push.key) == number
        assert "differs" in told(push.code)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: later(now, 31 * DAY))
    run(Scope(register=("acme", "clients")), by=BY)  # it is no longer known
    assert set(watch.found(push.code).values()) == {"open"}
    monkeypatch.undo()
    watch.push(push.kind, push.right)
    assert watch.found(push.code) == {"": push.then}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@of_each(FAILS)
def test_h10_what_a_look_that_broke_off_showed_stays_when_the_next_one_breaks_off_sooner(
    push: Push, opened: str
) -> None:
    watch = Pushing(opened, push)
    watch.push(push.kind, push.right)
    number = watch.push(push.kind, push.wrong, complete=False)
    shown = watch.found(push.code).get(push.key)
    for _ in range(2):
        newest = watch.push(push.kind, _nothing_of(push), complete=False)
        assert looks(push) <= {1 + len(push.beside), number, newest}, "none of those between"
        if push.kind in partly.SINGLE:  # the later look speaks for itself, and of nothing that is right
            assert set(watch.found(push.code).values()) == {"open"}
            continue
        assert watch.found(push.code).get(push.key) == shown
        assert shown != "fail" or watch.because(push.code, push.key) == number
    assert "pass" not in watch.found(push.code).values()
    watch.push(push.kind, push.right)
    assert watch.found(push.code) == {"": push.then}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@of_each(KINDLY)
def test_h10_no_look_that_broke_off_or_failed_makes_anything_better(push: Push, opened: str) -> None:
    watch = Pushing(opened, push)
    parts = {"nothing": _nothing_of(push), "right": push.right, "wrong": push.wrong}
    for step in [
        "failed",
        "RIGHT",
        "right",
        "failed",
        "WRONG",
        "nothing",
        "failed",
        "right",
        "wrong",
        "failed",
        "nothing",
        "RIGHT",
        "failed",
        "nothing",
    ]:
        was = watch.found(push.code)
        if step == "failed":
            watch.push("could_not_look", {"asked": push.kind, "reason": "unavailable"})
        elif step in parts:
            watch.push(push.kind, parts[step], complete=False)
        else:
            watch.push(push.kind, parts[step.lower()])
            continue
        found = watch.found(push.code)
        assert "pass" not in found.values() or (step == "failed" and found == was), step
        if step in ("failed", "nothing") and push.kind not in partly.SINGLE:
            assert {key for key, kind in was.items() if kind == "fail"} <= {
                key for key, kind in found.items() if kind == "fail"
            }, step


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@of_each(KINDLY)
def test_what_nobody_could_look_at_for_long_is_no_longer_right(push: Push, opened: str) -> None:
    watch = Pushing(opened, push)
    then = {days: later(clock.now(), -days * DAY) for days in (40, 11, 9)}
    watch.push(push.kind, push.right, taken_at=then[40])
    assert watch.found(push.code) == {"": push.then}
    watch.push("could_not_look", {"asked": push.kind, "reason": "unavailable"}, taken_at=then[11])
    assert watch.found(push.code) == {"": push.then}
    watch.push("could_not_look", {"asked": push.kind, "reason": "not_supported"}, taken_at=then[9])
    assert watch.found(push.code) == {"": push.then}  # whoever tells of it is somebody else
    number = watch.push("could_not_look", {"asked": push.kind, "reason": "unavailable"}, taken_at=then[9])
    assert set(watch.found(push.code).values()) == {"open"}
    assert (
        number in watch.grounds(push.code).values() or push.kind == "changes"
    )  # a log only adds to settings
    assert "agrees" not in told(push.code)
    until = later(clock.now(), 100 * DAY)[:10]
    watch.push(push.kind, push.right, taken_at=later(then[40], 1), **WORD, expires_on=until)
    assert watch.found(push.code) == {"": push.then}  # somebody vouches for it


def test_each_kind_says_what_its_parts_are_known_by() -> None:
    assert partly.KNOWN_BY.keys() | partly.SINGLE == KINDS.keys() - {"could_not_look"}
    for kind, parts in partly.KNOWN_BY.items():
        told = KINDS[kind].fields.items()
        lists = {one.data_key or name for name, one in told if isinstance(one, fields.List)}
        assert parts.keys() == lists, kind


def test_every_kind_of_observation_has_a_push_that_a_check_sees() -> None:
    assert {one.kind for one in PUSHES} == KINDS.keys(), "write one in tests/connectors/pushed.py"


def test_pushes_are_of_checks_that_look_at_such_observations() -> None:
    for one in PUSHES:
        assert f"observation:{one.kind}" in checks()[one.code].rule.needs, one.name


def test_every_check_on_observations_has_a_push() -> None:
    wanted = {
        (need.partition(":")[2], code)
        for code, check in checks().items()
        for need in check.rule.needs
        if need.startswith("observation:") and need != "observation:could_not_look"
    }
    tried = {(one.kind, one.code) for one in PUSHES}
    assert wanted - tried == set(), "write one in tests/connectors/pushed.py"


def test_a_system_that_reports_itself_is_found_out_and_right_again_all_by_the_api(opened: str) -> None:
    push = next(one for one in PUSHES if one.kind == "region")
    Watch("push", {}, {}, push.record)
    app = create_app(Settings(database=opened))
    system = Caller(app, "observations:write", of=("acme",))
    dpo = Caller(app, "findings:read", "findings:write", of=("acme",))

    def told(payload: Mapping[str, Any]) -> tuple[int, list[tuple[str, str, int | None]]]:
        sent = {"system": SYSTEM, "kind": push.kind, "payload": payload, "taken_at": clock.now()}
        answer = system.post("/v1/observations", {**sent, "source_level": "api", "complete": True})
        assert answer.status_code == 201 and answer.json is not None
        assert dpo.post("/v1/check-runs", {"register": "acme/clients"}).status_code == 201
        found = dpo.get("/v1/findings", register="acme/clients", code=push.code).json
        assert found is not None
        return answer.json["id"], [(one["kind"], one["key"], one["observation"]) for one in found["items"]]

    assert told(push.right)[1] == []
    number, found = told(push.wrong)
    assert found == [("fail", push.key, number)]
    assert told(push.right)[1] == []
    assert system.get("/v1/findings").status_code == 403, "who reports need not read"
