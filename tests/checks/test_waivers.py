"""/v1/waivers: who may answer for a finding, for how long, and what is said of it meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from registry import clock, db, journal
from registry.checks.findings.stored import StoredFinding
from registry.checks.findings.waiving import Waiver
from registry.checks.routes import findings, runs, waivers
from registry.checks.runs.running import Scope, run
from tests.checks.conftest import BY, NEWS, Declare, holding
from tests.connectors.asking import Caller, make

SCOPES = ("findings:read", "findings:write", "waivers:write")
TODAY = "2026-11-22"
NOW = f"{TODAY}T10:00:00.000000Z"
WARNING = {"register": "acme/news", "code": "COM009", "reason": "The notice is rewritten in spring."}
ERROR = {**WARNING, "code": "LAW203", "key": "0"}


@pytest.fixture
def clock_at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the time."""

    def at(instant: str) -> None:
        monkeypatch.setattr(clock, "now", lambda: instant)

    at(NOW)
    return at


@pytest.fixture
def app(clock_at: Any, registers: Declare, opened: str) -> Flask:
    run(Scope(), by=BY)
    return make(opened, waivers.blueprint, findings.blueprint, runs.blueprint)


@pytest.fixture
def dpo(app: Flask) -> Caller:
    return Caller(app, *SCOPES, of=("acme",))


@pytest.fixture
def board(app: Flask) -> Caller:
    return Caller(app, *SCOPES, of=("acme",))


def told(answer: Any, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.data
    return dict(answer.json)


def keyed(code: str) -> dict[str, Any]:
    """What a waiver needs to say of the finding of a code in acme/news, and its severity."""
    (row,) = (one for (_, own, _), one in holding("acme/news").items() if own == code)
    return {
        "register": "acme/news",
        "code": code,
        "key": row.key,
        "reason": "Decided.",
        "until": "2026-12-31",
    }


def code_of(severity: str) -> str:
    return min(
        row.code
        for row in holding("acme/news").values()
        if (row.kind, row.severity) == ("fail", severity) and len(keyed_all(row.code)) == 1
    )


def keyed_all(code: str) -> list[str]:
    return [key for (_, own, key) in holding("acme/news") if own == code]


def put(caller: Caller, path: str, version: int | None) -> Any:
    match = {} if version is None else {"If-Match": f'"v{version}"'}
    return caller.http.put(path, headers={**caller.headers, **match})


def delete(caller: Caller, path: str, version: int | None) -> Any:
    match = {} if version is None else {"If-Match": f'"v{version}"'}
    return caller.http.delete(path, headers={**caller.headers, **match})


def failing(caller: Caller, **query: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    page = told(caller.get("/v1/findings", register="acme/news", limit=200, **query))
    return {one["code"]: one["waived"] for one in page["items"]}, page["counts"]


# --- what a waiver does


def test_a_warning_is_waived_at_once(dpo: Caller) -> None:
    code = code_of("warning")
    before = failing(dpo)[1]
    answer = dpo.post("/v1/waivers", keyed(code))
    made = told(answer, 201)
    assert waivers.WaiverSchema().validate(made) == {}
    assert (made["state"], made["proposed_by"], made["approved_by"]) == ("granted", dpo.actor, None)
    assert made["ends"] == "2026-12-31T22:00:00.000000Z", "the end of the day where the controller is"
    assert told(dpo.get(answer.headers["Location"])) == made
    shown, counts = failing(dpo)
    assert shown[code] == {"waiver": made["id"], "until": "2026-12-31", "reason": "Decided."}
    assert counts["waived"]["warning"] == before["waived"]["warning"] + 1
    assert counts["severities"]["warning"] == before["severities"]["warning"] - 1
    assert counts["kinds"] == before["kinds"], "it is still there"
    assert set(failing(dpo, waived="true")[0]) == {code}
    assert code not in failing(dpo, waived="false")[0]
    assert journal.verify().ok


def test_an_error_needs_a_second_person(dpo: Caller, board: Caller) -> None:
    code = code_of("error")
    made = told(dpo.post("/v1/waivers", keyed(code)), 201)
    path = f"/v1/waivers/{made['id']}"
    assert made["state"] == "proposed"
    assert failing(dpo)[0][code] is None, "proposed has no effect"
    refused = told(put(dpo, f"{path}/approval", 1), 403)
    assert refused["code"] == "second_approver_required"
    assert told(dpo.get(path)) == made
    done = told(put(board, f"{path}/approval", 1))
    assert (done["state"], done["approved_by"], done["version"]) == ("granted", board.actor, 2)
    shown, counts = failing(dpo)
    assert shown[code]["waiver"] == made["id"]
    assert counts["waived"]["error"] == 1
    assert told(put(board, f"{path}/approval", 2), 409)["code"] == "already_approved"
    assert journal.verify().ok


def test_a_warning_that_becomes_an_error_is_not_covered_without_a_second_person(
    dpo: Caller, board: Caller
) -> None:
    code = code_of("warning")
    made = told(dpo.post("/v1/waivers", keyed(code)), 201)
    with db.writing(why="a test makes it worse"):
        StoredFinding.update(severity="error").where(StoredFinding.code == code).execute()
    shown, counts = failing(dpo)
    assert shown[code] is None
    assert sum(counts["waived"].values()) == 0
    told(put(board, f"/v1/waivers/{made['id']}/approval", 1))
    assert failing(dpo)[0][code]["waiver"] == made["id"]


def test_it_speaks_again_after_its_end(dpo: Caller, clock_at: Any) -> None:
    code = code_of("warning")
    told(dpo.post("/v1/waivers", {**keyed(code), "until": TODAY}), 201)
    for instant, waived in (
        ("2026-11-22T21:59:59.999999Z", True),
        ("2026-11-22T22:00:00.000000Z", False),
        ("2026-12-01T00:00:00.000000Z", False),
    ):
        assert (code in failing(dpo, waived="true", known_at=instant)[0]) is waived, instant
        assert (failing(dpo, known_at=instant)[0][code] is not None) is waived, instant
    assert code not in failing(dpo, waived="true", known_at="2026-11-22T09:59:59Z")[0], "not yet"


def test_it_can_be_ended_at_any_time(dpo: Caller) -> None:
    code = code_of("warning")
    made = told(dpo.post("/v1/waivers", keyed(code)), 201)
    path = f"/v1/waivers/{made['id']}"
    assert told(delete(dpo, path, None), 428)["code"] == "precondition_required"
    assert told(delete(dpo, path, 2), 412)["code"] == "stale"
    done = told(delete(dpo, path, 1))
    assert (done["state"], done["ended_by"], done["version"]) == ("ended", dpo.actor, 2)
    assert failing(dpo)[0][code] is None
    assert told(delete(dpo, path, 2), 410)["code"] == "gone"
    assert told(put(dpo, f"{path}/approval", 2), 410)["code"] == "gone"
    assert [one["state"] for one in told(dpo.get("/v1/waivers"))["items"]] == ["ended"]
    again = told(dpo.post("/v1/waivers", keyed(code)), 201)
    assert again["id"] == made["id"] + 1
    assert [one["id"] for one in told(dpo.get("/v1/waivers", state="granted"))["items"]] == [again["id"]]
    assert journal.verify().ok


def test_what_is_said_anew_under_the_same_identity_stays_waived(dpo: Caller, registers: Declare) -> None:
    code = code_of("warning")
    told(dpo.post("/v1/waivers", keyed(code)), 201)
    registers("acme/news", {**NEWS, "data_subjects": ["customer"]})
    run(Scope(), by=BY)
    if code in {own for (_, own, _), row in holding("acme/news").items() if row.kind == "fail"}:
        assert failing(dpo)[0][code] is not None


def test_twice_is_once(dpo: Caller) -> None:
    sent, key = keyed(code_of("warning")), {"Idempotency-Key": "one"}
    first, second = (dpo.post("/v1/waivers", sent, headers=key) for _ in range(2))
    assert told(first, 201) == told(second, 201)
    assert Waiver.select().count() == 1
    assert told(dpo.post("/v1/waivers", sent), 409)["code"] == "already_waived"


# --- what is refused


DAYS: list[tuple[Any, int, str]] = [
    ("2026-11-21", 422, "in_the_past"),
    ("2026-11-22", 201, ""),
    ("2028-11-22", 201, ""),
    ("2028-11-23", 422, "too_far_ahead"),
    ("2026-02-30", 422, "invalid_day"),
    ("20261231", 422, "invalid_day"),
    ("2026-12-31T00:00:00Z", 422, "invalid_day"),
    (None, 422, "null"),
]


def test_k2_days_that_cannot_be_are_refused(dpo: Caller) -> None:
    sent = keyed(code_of("warning"))
    for until, status, code in DAYS:
        answer = told(dpo.post("/v1/waivers", {**sent, "until": until}), status)
        if status == 422:
            assert [(one["field"], one["code"]) for one in answer["errors"]] == [("/until", code)], until
        else:
            told(delete(dpo, f"/v1/waivers/{answer['id']}", 1))
    del sent["until"]
    assert told(dpo.post("/v1/waivers", sent), 422)["errors"][0]["code"] == "required"
    assert all(row.state == "ended" for row in Waiver.select().where(Waiver.version == 2))


def test_what_is_not_found_cannot_be_waived(dpo: Caller) -> None:
    sent = keyed(code_of("warning"))
    passing = min(row.code for row in holding("acme/news").values() if row.kind in ("pass", "na"))
    for wrong in (
        {"code": "COM999"}, {"key": "nothing"}, {"code": passing}, {"register": "acme/nothing"},
        {"register": "club/members"}, {"register": "nobody/news"},
    ):  # fmt: skip
        assert told(dpo.post("/v1/waivers", {**sent, **wrong}), 404)["code"] == "not_found", wrong
    for wrong, code in (
        ({"reason": " "}, "blank"),
        ({"code": "X"}, "wrong_form"),
        ({"by": "me"}, "unknown_field"),
    ):
        assert told(dpo.post("/v1/waivers", {**sent, **wrong}), 422)["errors"][0]["code"] == code
    assert not Waiver.select().exists()


def test_what_is_not_yours_is_not_there(app: Flask, dpo: Caller) -> None:
    stranger = Caller(app, *SCOPES, of=("club",))
    made = told(dpo.post("/v1/waivers", keyed(code_of("error"))), 201)
    path = f"/v1/waivers/{made['id']}"
    for answer in (
        stranger.get(path), put(stranger, f"{path}/approval", 1), delete(stranger, path, 1),
        stranger.post("/v1/waivers", keyed(code_of("warning"))), dpo.get("/v1/waivers/999"),
    ):  # fmt: skip
        assert told(answer, 404)["code"] == "not_found"
    assert told(stranger.get("/v1/waivers"))["items"] == []
    assert told(stranger.get("/v1/waivers", register="acme/news"))["items"] == []
    assert [one["id"] for one in told(dpo.get("/v1/waivers", register="acme/news"))["items"]] == [made["id"]]
    assert Waiver.select().count() == 1


def test_a_scope_of_its_own(app: Flask, dpo: Caller) -> None:
    runner = Caller(app, "findings:read", "findings:write")
    assert told(runner.post("/v1/waivers", keyed(code_of("warning"))), 403)["code"] == "insufficient_scope"


# --- what the journal knows


CHANGES: list[dict[str, Any]] = [
    {"document": b'{"all":"well"}'},
    {"code": "COM001"},
    {"ends": "2999-01-01T00:00:00.000000Z"},
    {"approved": True},
    {"state": "granted"},
    {"superseded_at": "2026-11-23T00:00:00.000000Z"},
]


def test_j6_a_waiver_changed_behind_our_back_is_found(dpo: Caller) -> None:
    told(dpo.post("/v1/waivers", keyed(code_of("error"))), 201)
    honest = Waiver.select().dicts().get()
    for change in CHANGES:
        with db.writing(why="a test tampers"):
            Waiver.update(change).where(Waiver.id == 1).execute()
        assert not journal.verify().ok, change
        with db.writing(why="a test mends"):
            Waiver.update({name: honest[name] for name in change}).where(Waiver.id == 1).execute()
        assert journal.verify().ok
    with db.writing(why="a test tampers"):
        Waiver.delete().where(Waiver.id == 1).execute()
    assert not journal.verify().ok
