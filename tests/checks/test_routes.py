"""/v1/checks, /v1/check-runs, /v1/findings: who may ask what, and what is answered."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from registry import clock, db, journal
from registry.api import idempotency
from registry.api.idempotency import IdempotentAnswer
from registry.catalogue import store
from registry.checks.book import book
from registry.checks.days import past
from registry.checks.findings.stored import StoredFinding
from registry.checks.routes import checks as pages
from registry.checks.routes import findings, runs
from registry.checks.routes import schemas as asking
from registry.checks.rule import KINDS, SEVERITIES
from registry.checks.runs import passing
from registry.checks.runs.running import run
from tests.checks.conftest import BY, NEWS, Declare, holding
from tests.connectors.asking import Caller, make

SCOPES = ("findings:read", "findings:write")


@pytest.fixture
def app(registers: Declare, opened: str) -> Flask:
    return make(opened, pages.blueprint, runs.blueprint, findings.blueprint)


@pytest.fixture
def everyone(app: Flask) -> Caller:
    return Caller(app, *SCOPES)


@pytest.fixture
def acme(app: Flask) -> Caller:
    return Caller(app, *SCOPES, of=("acme",))


def told(answer: Any, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.data
    return dict(answer.json)


# --- running


def test_a_run_of_one_register(acme: Caller) -> None:
    answer = acme.post("/v1/check-runs", {"register": "acme/news"})
    done = told(answer, 201)
    assert runs.CheckRunSchema().validate(done) == {}
    assert (done["register"], done["registers"], done["by"]) == ("acme/news", 1, acme.actor)
    assert done["opened"] == sum(done["kinds"].values()) == len(holding())
    assert told(acme.get(answer.headers["Location"])) == done
    assert journal.verify().ok


def test_a_run_is_over_what_one_may_see(acme: Caller, everyone: Caller) -> None:
    assert told(acme.post("/v1/check-runs", {}), 201)["controllers"] == ["acme"]
    assert {register for register, _, _ in holding()} == {"acme/news"}
    assert told(everyone.post("/v1/check-runs", {}), 201)["controllers"] is None
    assert {register for register, _, _ in holding()} == {"acme/news", "club/members"}
    assert told(everyone.post("/v1/check-runs", {"controller": "club"}), 201)["registers"] == 1


THEIRS = [
    {"register": "club/members"},
    {"register": "club/nothing"},
    {"register": "acme/nothing"},
    {"register": "nobody/nothing"},
    {"controller": "club"},
    {"controller": "nobody"},
]


def test_what_is_not_yours_is_not_there(acme: Caller) -> None:
    for question in THEIRS:
        for day in ({}, {"as_of": "2026-01-01"}):
            assert told(acme.post("/v1/check-runs", {**question, **day}), 404)["code"] == "not_found", (
                question
            )
    assert not StoredFinding.select().exists()


QUESTIONS: list[tuple[dict[str, Any], str, str]] = [
    ({"register": "acme/news", "controller": "acme"}, "/controller", "contradiction"),
    ({"register": "acme"}, "/register", "invalid_key"),
    ({"register": "acme/news/more"}, "/register", "invalid_key"),
    ({"register": 5}, "/register", "not_string"),
    ({"controller": "ACME"}, "/controller", "bad_key"),
    ({"as_of": "2026-02-30"}, "/as_of", "invalid_day"),
    ({"as_of": "20260101"}, "/as_of", "invalid_day"),
    ({"as_of": "2026-01-01T00:00:00Z"}, "/as_of", "invalid_day"),
    ({"as_of": "2026-W01-1"}, "/as_of", "invalid_day"),
    ({"as_of": "0000-01-01"}, "/as_of", "invalid_day"),
    ({"as_of": None}, "/as_of", "null"),
    ({"store": False}, "/store", "unknown_field"),
]


def test_k2_questions_that_cannot_be_are_refused(acme: Caller) -> None:
    for question, field, code in QUESTIONS:
        faults = told(acme.post("/v1/check-runs", question), 422)["errors"]
        assert [(fault["field"], fault["code"]) for fault in faults] == [(field, code)]
    assert not StoredFinding.select().exists()


def test_an_answer_as_of_a_day_is_not_stored(acme: Caller) -> None:
    answer = told(acme.post("/v1/check-runs", {"register": "acme/news", "as_of": "2020-07-15"}))
    assert runs.CheckAnswerSchema().validate(answer) == {}
    assert {one["code"] for one in answer["findings"]} == set(book())
    assert {one["kind"] for one in answer["findings"] if one["code"] == "LAW203"} == {"pass"}
    after = told(acme.post("/v1/check-runs", {"as_of": "2020-07-16"}))
    (finding,) = (one for one in after["findings"] if one["code"] == "LAW203")
    assert (finding["kind"], finding["severity"], finding["field"]) == ("fail", "error", "/transfers/items/0")
    assert finding["title"]["en"] == book()["LAW203"].rule.title["en"]
    assert after["as_of"] == "2020-07-16"
    assert not StoredFinding.select().exists()
    assert told(acme.get("/v1/check-runs"))["items"] == []


def test_too_many_registers_are_for_a_run_that_is_stored(
    everyone: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "MOST", 1)
    assert told(everyone.post("/v1/check-runs", {"as_of": "2026-01-01"}), 422)["code"] == "too_many_registers"
    assert (
        told(everyone.post("/v1/check-runs", {"as_of": "2026-01-01", "controller": "acme"}))["registers"] == 1
    )


def test_k2_before_the_first_version_nothing_is_there(acme: Caller) -> None:
    assert acme.post("/v1/check-runs", {"register": "acme/news", "as_of": "2017-01-01"}).status_code == 404
    assert told(acme.post("/v1/check-runs", {"as_of": "2017-01-01"}))["registers"] == 0


def test_what_has_ended_is_gone(acme: Caller) -> None:
    acme.post("/v1/check-runs", {})
    store.end("register", "acme", "news", by=BY, expect=1)
    assert told(acme.post("/v1/check-runs", {"register": "acme/news"}), 410)["code"] == "gone"
    assert not holding()


def test_the_same_request_with_a_key_is_run_once(acme: Caller) -> None:
    first = acme.post("/v1/check-runs", {}, {"Idempotency-Key": "nightly-1"})
    again = acme.post("/v1/check-runs", {}, {"Idempotency-Key": "nightly-1"})
    assert (again.data, again.status_code) == (first.data, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(told(acme.get("/v1/check-runs"))["items"]) == 1


def test_a_run_with_a_key_keeps_nobody_from_writing(acme: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    inside: list[bool] = []

    def examined(case: Any) -> Any:
        try:
            journal.stamp()
            inside.append(True)
        except db.WriteOutside:
            inside.append(False)
        return iter(())

    monkeypatch.setattr(passing, "examine", examined)
    acme.post("/v1/check-runs", {}, {"Idempotency-Key": "nightly-1"})
    assert inside == [False]


def test_the_same_request_while_the_first_runs_is_told_so(
    acme: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, meanwhile = {"Idempotency-Key": "nightly-1"}, []

    def again(scope: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(runs, "run", run)
        meanwhile.append(told(acme.post("/v1/check-runs", {}, key), 409)["code"])
        meanwhile.append(told(acme.post("/v1/check-runs", {"register": "acme/news"}, key), 422)["code"])
        return run(scope, **kwargs)

    monkeypatch.setattr(runs, "run", again)
    assert acme.post("/v1/check-runs", {}, key).status_code == 201
    assert meanwhile == ["idempotency_key_in_use", "idempotency_key_reused"]
    assert acme.post("/v1/check-runs", {}, key).headers["Idempotency-Replayed"] == "true"
    assert len(told(acme.get("/v1/check-runs"))["items"]) == 1


@pytest.mark.parametrize(("minutes", "status"), [(14, 409), (16, 201)])
def test_a_key_whose_run_never_came_back_is_free_after_a_while(
    acme: Caller, monkeypatch: pytest.MonkeyPatch, minutes: int, status: int
) -> None:
    key = {"Idempotency-Key": "nightly-1"}
    with monkeypatch.context() as patch:  # a process that is killed lets go of nothing
        patch.setattr(idempotency, "_release", lambda *_: None)
        acme.post("/v1/check-runs", {}, key)
    died = clock.written(datetime.fromisoformat(clock.now()) - timedelta(minutes=minutes))
    with db.writing(why="time passes"):
        IdempotentAnswer.update(recorded_at=died).execute()
    assert acme.post("/v1/check-runs", {}, key).status_code == status


def test_a_run_that_failed_leaves_its_key_free(acme: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    key = {"Idempotency-Key": "nightly-1"}
    assert told(acme.post("/v1/check-runs", {"register": "acme/none"}, key), 404)
    assert IdempotentAnswer.select().count() == 0
    assert acme.post("/v1/check-runs", {}, key).status_code == 201


def test_runs_are_listed_to_those_whom_they_concern(app: Flask, acme: Caller, everyone: Caller) -> None:
    club = Caller(app, *SCOPES, of=("club",))
    mine = told(acme.post("/v1/check-runs", {}), 201)["id"]
    all_ = told(everyone.post("/v1/check-runs", {}), 201)["id"]
    theirs = told(everyone.post("/v1/check-runs", {"controller": "club"}), 201)["id"]
    assert [one["id"] for one in told(everyone.get("/v1/check-runs"))["items"]] == [theirs, all_, mine]
    assert [one["id"] for one in told(acme.get("/v1/check-runs"))["items"]] == [mine]
    assert [one["id"] for one in told(club.get("/v1/check-runs"))["items"]] == [theirs]
    assert acme.get(f"/v1/check-runs/{all_}").status_code == 404
    assert acme.get(f"/v1/check-runs/{theirs}").status_code == 404
    page = told(everyone.get("/v1/check-runs", limit=2))
    assert [one["id"] for one in page["items"]] == [theirs, all_]
    assert [
        one["id"] for one in told(everyone.get("/v1/check-runs", limit=2, cursor=page["next"]))["items"]
    ] == [mine]


DOORS = [
    ("findings:read", "post", "/v1/check-runs", 403),
    ("findings:write", "get", "/v1/check-runs", 403),
    ("findings:write", "get", "/v1/check-runs/1", 403),
    ("findings:write", "get", "/v1/findings", 403),
    ("findings:write", "get", "/v1/findings/1", 403),
    ("registers:read", "get", "/v1/findings", 403),
    ("findings:read", "get", "/v1/findings", 200),
    ("findings:write", "post", "/v1/check-runs", 201),
]


def test_every_door_has_its_lock(app: Flask) -> None:
    for scope, method, path, status in DOORS:
        caller = Caller(app, scope)
        answer = caller.post(path, {}) if method == "post" else caller.get(path)
        assert answer.status_code == status, (scope, method, path)
        body = {} if method == "post" else None
        assert app.test_client().open(path, method=method, json=body).status_code == 401


# --- reading


def walked(caller: Caller, **query: Any) -> list[dict[str, Any]]:
    found, cursor = [], None
    while True:
        page = told(caller.get("/v1/findings", **query, **({"cursor": cursor} if cursor else {})))
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


def test_what_is_wrong_is_listed_unless_another_kind_is_asked_for(acme: Caller) -> None:
    acme.post("/v1/check-runs", {})
    page = told(acme.get("/v1/findings"))
    assert asking.FindingsPageSchema().validate(page) == {}
    assert {one["kind"] for one in page["items"]} == {"fail"}
    assert {one["code"] for one in page["items"]} >= {"COM009", "COM011", "LAW203"}
    said = [(row.kind, row.severity, row.code) for row in holding().values()]
    failing = [(severity, code) for kind, severity, code in said if kind == "fail"]
    assert page["counts"]["kinds"] == {kind: sum(one == kind for one, _, _ in said) for kind in KINDS}
    assert page["counts"]["severities"] == {
        severity: sum(one == severity for one, _ in failing) for severity in SEVERITIES
    }
    assert page["counts"]["codes"] == Counter(code for _, code in failing)
    assert page["registers_checked"] == 1
    assert page["checked_since"] == page["items"][0]["checked_at"]
    assert {one["kind"] for one in told(acme.get("/v1/findings", kind="open"))["items"]} == {"open"}
    assert {one["kind"] for one in told(acme.get("/v1/findings", kind="open,fail"))["items"]} == {
        "open",
        "fail",
    }
    assert len(walked(acme, kind="all")) == len(holding())


def test_a_register_that_was_never_checked_is_not_in_order(acme: Caller) -> None:
    page = told(acme.get("/v1/findings", register="acme/news"))
    assert page["items"] == []
    assert (page["registers_checked"], page["checked_since"]) == (0, None)


def test_findings_are_filtered(everyone: Caller) -> None:
    everyone.post("/v1/check-runs", {})
    every = walked(everyone, kind="all")
    for query, fits in (
        ({"register": "acme/news"}, lambda one: one["register"] == "acme/news"),
        ({"controller": "club"}, lambda one: one["register"].startswith("club/")),
        ({"code": "COM001"}, lambda one: one["code"] == "COM001"),
        ({"severity": "warning"}, lambda one: one["severity"] == "warning"),
        (
            {"code": "COM009", "controller": "acme"},
            lambda one: (one["code"], one["register"]) == ("COM009", "acme/news"),
        ),
    ):
        assert walked(everyone, kind="all", **query) == [one for one in every if fits(one)], query


def test_n4_pages_have_everything_once(everyone: Caller, registers: Declare) -> None:
    for number in range(4):
        registers(
            f"acme/more{number}",
            {**NEWS, "retention": [{"criterion": "toistaiseksi"}, {"criterion": "jotenkin"}]},
        )
    everyone.post("/v1/check-runs", {})
    whole = walked(everyone, kind="all", limit=200)
    assert walked(everyone, kind="all", limit=3) == whole
    assert [(one["register"], one["code"], one["key"]) for one in whole] == sorted(holding())
    assert "counts" not in told(
        everyone.get("/v1/findings", limit=3, cursor=told(everyone.get("/v1/findings", limit=3))["next"])
    )


def test_findings_that_are_not_yours_are_not_there(acme: Caller, everyone: Caller) -> None:
    everyone.post("/v1/check-runs", {})
    for query in THEIRS:
        assert told(acme.get("/v1/findings", **query), 404)["code"] == "not_found", query


def test_one_finding(acme: Caller, everyone: Caller, registers: Declare) -> None:
    everyone.post("/v1/check-runs", {})
    (finding,) = told(acme.get("/v1/findings", code="COM009"))["items"]
    assert told(acme.get(f"/v1/findings/{finding['id']}")) == finding
    (theirs,) = told(everyone.get("/v1/findings", code="COM009", controller="club"))["items"]
    assert acme.get(f"/v1/findings/{theirs['id']}").status_code == 404
    assert acme.get("/v1/findings/9999").status_code == 404
    registers("acme/news", {**NEWS, "rights": ["access"]})
    everyone.post("/v1/check-runs", {})
    again = told(acme.get(f"/v1/findings/{finding['id']}"))
    assert again["first_seen"] == finding["first_seen"] < again["since"]
    registers("acme/news", {**NEWS, "rights": ["access", "rectification", "erasure", "restriction"]})
    everyone.post("/v1/check-runs", {})
    last = told(acme.get(f"/v1/findings/{finding['id']}"))
    assert last["kind"] == "fail"
    assert last["until"] > last["since"]
    assert finding["id"] not in {one["id"] for one in walked(acme, kind="all")}


def test_findings_as_they_stood_then(acme: Caller, registers: Declare) -> None:
    before = clock.now()
    acme.post("/v1/check-runs", {})
    found = walked(acme)
    between = clock.now()
    registers("acme/news", {**NEWS, "rights": ["access", "rectification", "erasure", "restriction"]})
    acme.post("/v1/check-runs", {})
    assert {one["code"] for one in found} - {one["code"] for one in walked(acme)} == {"COM009"}
    then = walked(acme, known_at=between)
    assert [(one["id"], one["code"]) for one in then] == [(one["id"], one["code"]) for one in found]
    assert walked(acme, known_at=before) == []


QUERIES = [
    {"kind": "bad"},
    {"kind": "fail,"},
    {"kind": "all,fail"},
    {"severity": "fatal"},
    {"code": "com001"},
    {"register": "acme"},
    {"controller": "A"},
    {"limit": "0"},
    {"limit": "201"},
    {"cursor": "x"},
    {"known_at": "yesterday"},
    {"unknown": "1"},
]


def test_n1_queries_that_cannot_be_are_refused(acme: Caller) -> None:
    for query in QUERIES:
        assert acme.get("/v1/findings", **query).status_code == 422, query


def test_a_page_takes_few_statements(
    acme: Caller, registers: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        registers(f"acme/more{number}")
    acme.post("/v1/check-runs", {})
    sent: list[str] = []
    base = db.database.obj
    run = base.execute_sql
    monkeypatch.setattr(
        base, "execute_sql", lambda sql, *rest, **more: (sent.append(sql), run(sql, *rest, **more))[1]
    )
    assert len(told(acme.get("/v1/findings", kind="all", limit=50))["items"]) == 50
    assert len(sent) <= 8, sent
