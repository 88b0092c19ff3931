"""/v1/observations: who may push and read what, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from registry import journal
from registry.connectors.observations.stored import StoredObservation, one
from registry.connectors.routes import observations as routes
from tests.connectors.asking import Caller, make
from tests.connectors.conftest import ACCOUNTS

SCOPES = ("observations:read", "observations:write")
SENT: dict[str, Any] = {
    "system": "acme/desk",
    "kind": "accounts",
    "taken_at": "2026-01-15T10:00:00+02:00",
    "source_level": "api",
    "complete": True,
    "payload": ACCOUNTS,
}


@pytest.fixture
def app(systems: str) -> Flask:
    return make(systems, routes.blueprint)


@pytest.fixture
def acme(app: Flask) -> Caller:
    return Caller(app, *SCOPES, of=("acme",))


def test_what_is_pushed_is_served_as_stored(acme: Caller) -> None:
    answer = acme.post("/v1/observations", SENT)
    assert answer.status_code == 201
    told = answer.json
    assert told is not None
    assert told["taken_at"] == "2026-01-15T08:00:00.000000Z"
    assert told["collector"] == acme.actor
    assert told["invented"] is False
    again = acme.get(answer.headers["Location"])
    assert again.data == answer.data == one(told["id"])
    assert acme.get(answer.headers["Location"], {"If-None-Match": again.headers["ETag"]}).status_code == 304
    assert journal.verify().ok


@pytest.mark.parametrize("name", ["id", "recorded_at", "digest", "by", "controller"])
def test_a9_what_is_ours_to_set_is_refused_by_name(acme: Caller, name: str) -> None:
    answer = acme.post("/v1/observations", {**SENT, name: "1"})
    assert answer.status_code == 422
    assert answer.json is not None
    assert [(fault["field"], fault["code"]) for fault in answer.json["errors"]] == [
        (f"/{name}", "unknown_field")
    ]


@pytest.mark.parametrize("name", sorted(SENT))
def test_what_is_needed_is_asked_for(acme: Caller, name: str) -> None:
    answer = acme.post("/v1/observations", {k: v for k, v in SENT.items() if k != name})
    assert answer.status_code == 422
    assert answer.json is not None
    assert [(fault["field"], fault["code"]) for fault in answer.json["errors"]] == [(f"/{name}", "required")]


@pytest.mark.parametrize(
    ("change", "status", "field", "code"),
    [
        ({"taken_at": "2026-01-15"}, 422, "/taken_at", "zone_needed"),
        ({"taken_at": "2999-01-01T00:00:00Z"}, 422, "/taken_at", "impossible_time"),
        ({"taken_at": 5}, 422, "/taken_at", "not_string"),
        ({"system": "acme"}, 422, "/system", "invalid_key"),
        ({"kind": "contents"}, 422, "/kind", "not_one_of"),
        ({"complete": "yes"}, 422, "/complete", "not_boolean"),
        ({"collector": "someone@acme.example"}, 422, "/collector", "personal_data"),
        ({"collector": "zendesk connector 3"}, 422, "/collector", "reserved"),
        ({"collector": "Zendesk \uff23onn\u200bector: \uff13 (nightly)"}, 422, "/collector", "reserved"),
        ({"raw_sha256": "AB"}, 422, "/raw_sha256", "wrong_form"),
        ({"payload": []}, 422, "/payload", "wrong_type"),
        (
            {"payload": {"accounts": [{"role": "a", "domain": "x@acme.example", "active": True}]}},
            422, "/payload/accounts/0/domain", "personal_data",
        ),
        ({"system": "acme/nothing"}, 404, None, "not_found"),
        ({"system": "other/desk"}, 404, None, "not_found"),
        ({"system": "nobody/desk"}, 404, None, "not_found"),
    ],
)  # fmt: skip
def test_what_is_refused_says_where(
    acme: Caller, change: dict[str, Any], status: int, field: str | None, code: str
) -> None:
    answer = acme.post("/v1/observations", {**SENT, **change})
    assert answer.json is not None
    assert (answer.status_code, answer.json["code"] if field is None else None) == (
        status,
        None if field else code,
    )
    if field is not None:
        assert (field, code) in [(fault["field"], fault["code"]) for fault in answer.json["errors"]]
    assert not StoredObservation.select().exists()


def test_not_yours_and_not_there_are_told_alike(app: Flask, acme: Caller) -> None:
    theirs = Caller(app, *SCOPES, of=("other",)).post("/v1/observations", {**SENT, "system": "other/desk"})
    assert theirs.status_code == 201
    assert theirs.json is not None
    hidden, absent = acme.get(f"/v1/observations/{theirs.json['id']}"), acme.get("/v1/observations/4711")
    assert (hidden.status_code, hidden.data) == (404, absent.data)
    assert acme.get("/v1/observations").json == {"items": [], "next": None}
    assert acme.get("/v1/observations", system="other/desk").json == {"items": [], "next": None}
    bodies = {
        acme.post("/v1/observations", {**SENT, "system": f"{who}/desk"}).data for who in ("other", "nobody")
    }
    assert len(bodies) == 1
    assert Caller(app, *SCOPES).get(f"/v1/observations/{theirs.json['id']}").status_code == 200


@pytest.mark.parametrize("number", ["0", "-1", "01", "99999999999999999999", "x", "%2e%2e", "1;"])
def test_a21_a_number_that_is_none_is_not_there(acme: Caller, number: str) -> None:
    assert acme.get(f"/v1/observations/{number}").status_code == 404


def test_each_door_needs_its_scope(app: Flask) -> None:
    reader, writer = Caller(app, "observations:read"), Caller(app, "observations:write")
    assert reader.post("/v1/observations", SENT).status_code == 403
    assert writer.post("/v1/observations", SENT).status_code == 201
    assert writer.get("/v1/observations").status_code == 403
    assert writer.get("/v1/observations/1").status_code == 403
    assert app.test_client().get("/v1/observations").status_code == 401


def test_a22_the_same_push_twice_is_done_once(acme: Caller) -> None:
    key = {"Idempotency-Key": "nightly-1"}
    first, again = acme.post("/v1/observations", SENT, key), acme.post("/v1/observations", SENT, key)
    assert (first.status_code, first.data, first.headers["Location"]) == (
        again.status_code, again.data, again.headers["Location"],
    )  # fmt: skip
    assert StoredObservation.select().count() == 1
    other = acme.post("/v1/observations", {**SENT, "complete": False}, key)
    assert (other.status_code, other.json and other.json["code"]) == (422, "idempotency_key_reused")


def test_n4_pages_are_whole_and_in_order(app: Flask, acme: Caller) -> None:
    moments = [f"2026-01-{day:02}T08:00:00Z" for day in (3, 1, 2, 2, 2, 4, 1)]
    for moment in moments:
        acme.post("/v1/observations", {**SENT, "taken_at": moment})
    Caller(app, *SCOPES, of=("other",)).post("/v1/observations", {**SENT, "system": "other/desk"})
    seen: list[tuple[str, int]] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = acme.get("/v1/observations", **query).json
        assert page is not None
        seen += [(item["taken_at"], item["id"]) for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
        acme.post("/v1/observations", {**SENT, "taken_at": "2026-01-20T08:00:00Z"})  # newer: before the page
    assert seen == sorted(seen, reverse=True)
    assert sorted(moment for moment, _ in seen) == sorted(
        moment.replace("Z", ".000000Z") for moment in moments
    )


def test_filters(acme: Caller) -> None:
    acme.post("/v1/observations", SENT)
    acme.post(
        "/v1/observations",
        {**SENT, "kind": "region", "payload": {"country": "FI"}, "taken_at": "2026-01-16T00:00:00Z"},
    )

    def found(**query: str) -> list[str]:
        answer = acme.get("/v1/observations", **query)
        assert answer.json is not None
        return [item["kind"] for item in answer.json["items"]]

    assert found() == ["region", "accounts"]
    assert found(system="acme/desk", kind="region") == ["region"]
    assert found(before="2026-01-16T00:00:00Z") == ["accounts"]
    assert found(since="2026-01-16T00:00:00Z") == ["region"]
    assert found(since="2026-01-16") == ["region"]  # a day begins in Helsinki: two hours before
    assert found(system="acme/nothing") == []
    for query in (
        {"kind": "x"},
        {"system": "acme"},
        {"limit": "0"},
        {"limit": "201"},
        {"page": "1"},
        {"cursor": "x"},
    ):
        assert acme.get("/v1/observations", **query).status_code == 422
