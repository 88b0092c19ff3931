"""/v1/consequences over HTTP, on both engines: of versions and of drafts, of what is yours, and nothing stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from registry import clock, journal
from registry.catalogue import store
from registry.catalogue.model import Written
from registry.checks.findings.stored import StoredFinding
from registry.connectors.observations.stored import record_observation
from registry.consequences import routes
from tests.checks.conftest import BY, NEWS
from tests.connectors.asking import Caller, make

BETTER = {**NEWS, "rights": ["access", "rectification", "erasure", "restriction"], "processors": ["Posti Oy"]}
START = "2018-01-01T00:00:00.000000Z"
Declare = Callable[..., Written]


@pytest.fixture
def app(opened: str) -> Flask:
    for controller in ("acme", "club"):
        for kind, key, body in (
            ("controller", controller, {"name": controller}),
            ("system", "desk", {"name": "Desk"}),
            ("register", "news", NEWS),
        ):
            store.declare(kind, controller, key, body, by=BY, expect=store.NEW, effective_from=START)
    return make(opened, routes.blueprint)


@pytest.fixture
def acme(app: Flask) -> Caller:
    return Caller(app, "registers:read", "findings:read", of=("acme",))


def change(body: dict[str, Any], expect: int, effective_from: str | None = None) -> Written:
    return store.declare(
        "register", "acme", "news", body, by=BY, expect=expect, effective_from=effective_from
    )


def told(answer: Any, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.data
    return dict(answer.json)


def read(
    caller: Caller, from_: int, to: int, register: str = "acme/news", status: int = 200
) -> dict[str, Any]:
    return told(caller.get("/v1/consequences", register=register, **{"from": from_, "to": to}), status)


def test_a_change_opens_and_closes_findings_and_calls_for_a_contract(acme: Caller) -> None:
    change(BETTER, 1)
    answer = read(acme, 1, 2)
    assert routes.ConsequencesSchema().validate(answer) == {}
    turned = {(one["change"], one["code"]) for one in answer["turns"]}
    assert ("stops", "COM009") in turned
    assert answer["closed"] >= 1
    assert answer["closed"] + answer["opened"] <= len(answer["turns"])
    assert {one["call"] for one in answer["calls"]} == {"new_notice", "processor_contract"}
    (contract,) = (one for one in answer["calls"] if one["call"] == "processor_contract")
    assert (contract["field"], contract["law"]) == ("/processors/0", ["GDPR 28(1)", "GDPR 28(3)"])
    assert "Posti Oy" in contract["message"]["fi"]
    back = read(acme, 2, 1)
    assert ("starts", "COM009") in {(one["change"], one["code"]) for one in back["turns"]}
    none = read(acme, 2, 2)
    assert (none["turns"], none["calls"], none["opened"], none["closed"]) == ([], [], 0, 0)


def test_a_draft_says_the_same_before_it_is_made(acme: Caller) -> None:
    written = journal.checkpoint("test")["size"]
    draft = told(acme.post("/v1/consequences", {"register": "acme/news", "record": BETTER}))
    assert (draft["from"], draft["to"]) == (1, None)
    assert journal.checkpoint("test")["size"] == written
    assert not StoredFinding.select().exists()
    assert store.newest("register", "acme", "news").version == 1
    change(BETTER, 1)
    made = read(acme, 1, 2)
    for name in ("turns", "calls", "opened", "closed"):
        assert draft[name] == made[name], name


def test_both_versions_are_judged_on_the_day_of_the_change(acme: Caller) -> None:
    change(BETTER, 1, "2030-03-01T00:00:00.000000Z")
    assert read(acme, 1, 2)["as_of"] == "2030-03-01"
    change(NEWS, 2, "2019-01-01T00:00:00.000000Z")
    assert read(acme, 1, 3)["as_of"] == clock.day_of(clock.now()).isoformat(), "it was written today"
    draft = {"register": "acme/news", "record": NEWS, "effective_from": "2030-03-02"}
    answer = told(acme.post("/v1/consequences", draft))
    assert (answer["from"], answer["as_of"]) == (2, "2030-03-02")
    assert ("starts", "COM009") in {(one["change"], one["code"]) for one in answer["turns"]}


def test_k5_the_answer_stays_whatever_is_seen_and_said_later(
    acme: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(BETTER, 1)
    query = {"register": "acme/news", "from": 1, "to": 2}
    before = acme.get("/v1/consequences", **query).data
    monkeypatch.setattr(clock, "now", lambda: "2028-01-01T00:00:00.000000Z")
    later = Caller(acme.http.application, "registers:read", "findings:read", of=("acme",))
    record_observation(
        "acme/desk", "deletion_rules", {"rules": []}, by=BY, taken_at="2026-01-01T00:00:00Z",
        source_level="api", complete=True,
    )  # fmt: skip
    for expect in range(2, 12):
        change({**NEWS, "complaint": "stated"}, expect)
    store.declare("system", "acme", "desk", {"name": "Other", "vendor": "Zendesk"}, by=BY, expect=1)
    assert later.get("/v1/consequences", **query).data == before


def test_an_end_closes_what_was_wrong(acme: Caller) -> None:
    store.end("register", "acme", "news", by=BY, expect=1)
    answer = read(acme, 1, 2)
    assert {one["change"] for one in answer["turns"]} == {"stops", "decides"}
    assert {one["after"] for one in answer["turns"]} == {None}
    assert answer["calls"] == []


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"register": "club/news", "from": 1, "to": 1}, 404, "not_found"),
    ({"register": "acme/nothing", "from": 1, "to": 1}, 404, "not_found"),
    ({"register": "acme/news", "from": 1, "to": 9}, 404, "not_found"),
    ({"register": "acme", "from": 1, "to": 1}, 422, "invalid_key"),
    ({"register": "acme/news", "from": 0, "to": 1}, 422, "out_of_range"),
    ({"register": "acme/news", "from": 1}, 422, "required"),
    ({"from": 1, "to": 1}, 422, "required"),
]
PERIOD, SYSTEM = "/record/retention/0/duration", "/record/systems/0"
DRAFTS: list[tuple[dict[str, Any], int, str, str | None]] = [
    ({"register": "club/news", "record": NEWS}, 404, "not_found", None),
    ({"register": "acme/nothing", "record": NEWS}, 404, "not_found", None),
    ({"register": "acme/news", "record": {**NEWS, "retention": ["soon"]}}, 422, "invalid_period", PERIOD),
    ({"register": "acme/news", "record": {**NEWS, "systems": ["gone"]}}, 422, "dangling_reference", SYSTEM),
    ({"register": "acme/news", "record": {**NEWS, "systems": "desk"}}, 422, "not_list", "/record/systems"),
    ({"register": "acme/news", "record": 5}, 422, "invalid", "/record"),
    ({"register": "acme/news"}, 422, "required", "/record"),
    ({"register": "acme/news", "record": NEWS, "effective_from": "2026-02-30"}, 422, "invalid_day", "/effective_from"),
]  # fmt: skip


def test_questions_that_cannot_be_are_refused(acme: Caller) -> None:
    for query, status, code in REFUSED:
        got = told(acme.get("/v1/consequences", **query), status)
        assert code in (got["code"], *(one["code"] for one in got.get("errors", ()))), (query, got)
    for draft, status, code, field in DRAFTS:
        got = told(acme.post("/v1/consequences", draft), status)
        faults = [(one["field"], one["code"]) for one in got.get("errors", ())]
        assert (field, code) in faults if field else got["code"] == code, (draft, got)


def test_it_takes_both_scopes(app: Flask) -> None:
    for scopes in (("registers:read",), ("findings:read",)):
        caller = Caller(app, *scopes)
        assert caller.get("/v1/consequences", register="acme/news", **{"from": 1, "to": 1}).status_code == 403
        assert caller.post("/v1/consequences", {"register": "acme/news", "record": NEWS}).status_code == 403
