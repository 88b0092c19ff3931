"""What is pushed or attested shows up as the right finding, resting on just that; and what puts it right, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from registry import clock
from registry.app import create_app
from registry.checks.book import book as checks
from registry.checks.runs.running import Scope, run
from registry.clock import later
from registry.connectors.observed.kinds import KINDS
from registry.connectors.routes import observations as routes
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
