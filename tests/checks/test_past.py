"""/v1/findings?as_of=: pages, filters, waivers and bounds of what is computed for a day, on both engines."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask

from registry import clock
from registry.checks.book import book
from registry.checks.days import past
from registry.checks.findings import waiving
from registry.checks.findings.stored import StoredFinding
from registry.checks.routes import findings
from registry.checks.runs.running import Scope, run
from tests.checks.conftest import BY, NEWS, Declare
from tests.connectors.asking import Caller, make

NOW = "2026-11-22T09:00:00.000000Z"


@pytest.fixture
def that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is NOW, also when the registers are declared."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def acme(that_day: None, registers: Declare, opened: str) -> Caller:
    registers("acme/more", {**NEWS, "complaint": "partly_stated"})
    app: Flask = make(opened, findings.blueprint)
    return Caller(app, "findings:read", of=("acme",))


def page(caller: Caller, status: int = 200, **query: Any) -> dict[str, Any]:
    answer = caller.get("/v1/findings", **{"as_of": "2026-11-22", **query})
    assert answer.status_code == status, answer.data
    return dict(answer.json)


def test_a_page_of_a_day_is_a_page_of_findings(acme: Caller) -> None:
    answer = page(acme, controller="acme", kind="all", limit=200)
    assert findings.FindingsPageSchema().validate(answer) == {}
    assert {one["register"] for one in answer["items"]} == {"acme/more", "acme/news"}
    assert {one["code"] for one in answer["items"]} == set(book())
    assert sum(answer["counts"]["kinds"].values()) == len(answer["items"])
    assert (answer["registers_checked"], answer["as_of"]) == (2, "2026-11-22")
    assert answer["known_at"] == "2026-11-22T21:59:59.999999Z"
    assert not StoredFinding.select().exists()


def test_n4_pages_have_everything_once_and_in_order(acme: Caller) -> None:
    whole = page(acme, controller="acme", kind="all", limit=200)["items"]
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        some = page(acme, controller="acme", kind="all", limit=7, **({"cursor": cursor} if cursor else {}))
        assert ("counts" in some) is not bool(cursor)
        found += some["items"]
        cursor = some["next"]
    assert found == whole
    places = [(one["register"], one["code"], one["key"]) for one in found]
    assert places == sorted(places)
    assert len(set(places)) == len(places)


def test_findings_of_a_day_are_filtered(acme: Caller) -> None:
    whole = page(acme, register="acme/more", kind="all", limit=200)["items"]
    for query in ({"code": "COM011"}, {"severity": "warning"}, {"kind": "open"}, {"kind": "fail,open"}, {}):
        kinds = query.get("kind", "fail").split(",")
        wanted = [
            one
            for one in whole
            if one["kind"] in kinds
            and all(one[name] == value for name, value in query.items() if name != "kind")
        ]
        assert page(acme, register="acme/more", limit=200, **query)["items"] == wanted, query


def test_what_was_waived_that_day_is_told(acme: Caller) -> None:
    run(Scope(register=("acme", "more")), by=BY)
    waiving.propose("acme", "more", "COM011", "", reason="In January.", until=date(2027, 1, 31), by=BY)
    for day, waived in (("2026-11-22", True), ("2027-01-31", True), ("2027-02-01", False)):
        answer = page(acme, register="acme/more", as_of=day, code="COM011")
        (finding,) = answer["items"]
        assert (finding["waived"] is not None) is waived, day
        assert answer["counts"]["waived"]["warning"] == int(waived)
        assert answer["counts"]["severities"]["warning"] == int(not waived)
        assert bool(page(acme, register="acme/more", as_of=day, waived="true")["items"]) is waived
    assert page(acme, 404, register="acme/more", as_of="2026-11-21")["recorded_at"]


def test_it_is_bounded_and_of_what_is_yours(acme: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    for query in ({"controller": "club"}, {"register": "club/members"}, {"register": "acme/nothing"}):
        assert page(acme, 404, **query)["code"] == "not_found"
    monkeypatch.setattr(past, "MOST", 1)
    assert page(acme, 422, controller="acme")["code"] == "too_many_registers"
    assert page(acme, register="acme/news")["registers_checked"] == 1
