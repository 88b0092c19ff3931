"""/v1/connectors: what goes in, what never comes out, and looking by the API."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from registry import outbound
from registry.api import application
from registry.auth.server import routes as oauth
from registry.connectors import book
from registry.connectors.book import Bound
from registry.connectors.looking import claiming, running
from registry.connectors.observations.stored import StoredObservation
from registry.connectors.routes import connectors as connector_routes
from registry.connectors.routes import observations
from registry.connectors.routes import schemas as connector_schemas
from registry.journal import routes as journal
from registry.keys.sealing import Sealer, new_key
from registry.settings import Settings
from tests.connectors import desk as source
from tests.connectors.asking import Caller
from tests.connectors.fake import Desk, serving

SECRET = "canary-e81f0b6c"
SCOPES = ("connectors:read", "connectors:write", "observations:read", "journal:read")
PATH = "/v1/connectors"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, systems: str, loopback: None) -> Flask:
    known = {"desk": Bound("desk", source.SOURCE, source.reach, source.observe)}
    monkeypatch.setattr(book, "book", lambda: MappingProxyType(known))
    monkeypatch.setattr(connector_routes, "book", lambda: MappingProxyType(known))
    settings = Settings(database=systems, secret_key=new_key())
    rooms = [oauth.blueprint, connector_routes.blueprint, observations.blueprint, journal.blueprint]
    return application(settings, rooms)


@pytest.fixture
def caller(app: Flask) -> Caller:
    return Caller(app, *SCOPES, of=("acme",))


@pytest.fixture
def desk() -> Iterator[Desk]:
    with serving(Desk()) as made:
        yield made


def add(caller: Caller, desk: Desk, **more: Any) -> TestResponse:
    body = {"system": "acme/desk", "kind": "desk", "settings": {"host": "127.0.0.1", "port": desk.port},
            "every_hours": 24, **more}  # fmt: skip
    return caller.post(PATH, body)


def put(caller: Caller, path: str, body: Any, version: int | None = 1) -> TestResponse:
    tag = {} if version is None else {"If-Match": f'"v{version}"'}
    return caller.http.put(path, json=body, headers={**caller.headers, **tag})


def test_from_the_first_word_to_what_was_seen(caller: Caller, app: Flask, desk: Desk, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [add(caller, desk)]
    assert answers[0].status_code == 201 and answers[0].headers["Location"] == f"{PATH}/1"
    assert answers[0].headers["ETag"] == '"v1"'
    answers.append(put(caller, f"{PATH}/1/secrets", {"secrets": {"token": SECRET}}))
    assert answers[-1].status_code == 200 and answers[-1].json["secrets"][0]["given_at"]  # type: ignore[index]  # JSON
    assert not connector_schemas.ConnectorSchema().validate(answers[-1].json or {})
    answers.append(caller.post(f"{PATH}/1/trials", None))
    tried = answers[-1].json or {}
    assert answers[-1].status_code == 200 and not connector_schemas.TrialSchema().validate(tried)
    assert tried["observations"][1]["payload"] == {"region": "eu-west-1"}
    assert StoredObservation.select().count() == 0
    answers.append(caller.post(f"{PATH}/1/runs", None))
    assert answers[-1].status_code == 202 and (answers[-1].json or {})["last_run"] is None
    sealer = Sealer.of(app.extensions["registry.settings"])
    assert len(running.run_due(by="operator", sealer=sealer)) == 1
    answers.append(caller.get(f"{PATH}/1/runs"))
    standing = answers[-1].json or {}
    assert not connector_schemas.StandingSchema().validate(standing)
    assert standing["last_run"]["state"] == "complete" and standing["running"] is False
    answers += [
        caller.get(path) for path in (PATH, f"{PATH}/1", "/v1/observations", "/v1/journal", "/v1/sources")
    ]
    assert all(one.status_code < 300 for one in answers)
    told = "".join(one.get_data(as_text=True) + str(one.headers) for one in answers)
    assert SECRET not in told + caplog.text
    assert f"Bearer {SECRET}" in desk.tokens


def test_a_secret_is_taken_by_its_own_door_alone(caller: Caller, desk: Desk) -> None:
    for more in (
        {"secrets": {"token": SECRET}},
        {"settings": {"host": "127.0.0.1", "port": 1, "token": SECRET}},
    ):
        answer = add(caller, desk, **more)
        assert answer.status_code == 422 and SECRET not in answer.get_data(as_text=True)
    assert add(caller, desk).status_code == 201
    for body in (
        {"secrets": {"password": SECRET}},
        {"secrets": {"token": [SECRET]}},
        {"secrets": {"token": SECRET * 2000}},
        {"secrets": {SECRET: "x"}},
        {"secrets": SECRET},
        {"secrets": {}},
        {"token": SECRET},
    ):
        answer = put(caller, f"{PATH}/1/secrets", body)
        assert answer.status_code == 422, body
        assert SECRET not in answer.get_data(as_text=True)
    assert put(caller, f"{PATH}/1/secrets", {"secrets": {"token": SECRET}}, None).status_code == 428
    assert put(caller, f"{PATH}/1/secrets", {"secrets": {"token": SECRET}}, 9).status_code == 412
    assert caller.get(f"{PATH}/1/secrets").status_code == 405


def test_h1_h2_h3_an_address_of_ours_is_422(caller: Caller, desk: Desk) -> None:
    outbound.permit(Settings())  # nothing of ours is named
    for host in (
        "169.254.169.254", "127.1", "10.0.0.1", "[::ffff:169.254.169.254]", "localhost.", "①②⑦.⓪.⓪.①", "127.0.0.1",
        "metadata.google.internal", "[64:ff9b::a9fe:a9fe]", "0", "2130706433",
    ):  # fmt: skip
        answer = add(caller, desk, settings={"host": host, "port": 443})
        assert (answer.status_code, (answer.json or {})["code"]) == (422, "address_refused"), host


def test_changing_and_removing(caller: Caller, desk: Desk) -> None:
    add(caller, desk)
    put(caller, f"{PATH}/1/secrets", {"secrets": {"token": SECRET}})
    body = {"settings": {"host": "127.0.0.1", "port": 1}, "every_hours": None, "state": "paused"}
    changed = put(caller, f"{PATH}/1", body, 2).json or {}
    assert changed["secrets"][0]["dropped_at"] and not changed["secrets"][0]["given_at"]
    refused = caller.post(f"{PATH}/1/runs", None)
    assert (refused.status_code, (refused.json or {})["code"]) == (409, "paused")
    gone = caller.http.delete(f"{PATH}/1", headers={**caller.headers, "If-Match": '"v3"'})
    assert gone.status_code == 200 and (gone.json or {})["state"] == "removed"
    for answer in (
        caller.post(f"{PATH}/1/runs", None),
        caller.post(f"{PATH}/1/trials", None),
        put(caller, f"{PATH}/1", body, 4),
        put(caller, f"{PATH}/1/secrets", {"secrets": {"token": "x"}}, 4),
    ):
        assert answer.status_code == 410
    assert (caller.get(PATH, state="removed").json or {})["items"][0]["id"] == 1


def test_a_trial_beside_a_run_is_refused(caller: Caller, desk: Desk) -> None:
    add(caller, desk)
    lease = claiming.claim(1, 60)
    answer = caller.post(f"{PATH}/1/trials", None)
    assert (answer.status_code, (answer.json or {})["code"]) == (409, "running")
    assert lease is not None
    claiming.release(1, lease)
    assert caller.post(f"{PATH}/1/trials", None).status_code == 200
    assert (caller.get(f"{PATH}/1/runs").json or {})["running"] is False


def test_i1_trials_leave_threads_to_those_who_are_served(
    caller: Caller, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has many connectors at a host that never answers would take all of them, from every controller."""
    add(caller, desk)
    places = threading.BoundedSemaphore(1)
    monkeypatch.setattr(connector_routes, "_PLACES", places)
    with places:
        answer = caller.post(f"{PATH}/1/trials", None)
        assert (answer.status_code, (answer.json or {})["code"]) == (429, "too_many_requests")
        assert answer.headers["Retry-After"] == "45" and desk.asked == []
    for _ in range(2):  # each gives its place back, also one that is refused
        assert caller.post(f"{PATH}/1/trials", None).status_code == 200
        lease = claiming.claim(1, 60)
        assert lease is not None and caller.post(f"{PATH}/1/trials", None).status_code == 409
        claiming.release(1, lease)


def test_lists_are_of_what_one_may_see_and_go_on(caller: Caller, app: Flask, desk: Desk) -> None:
    everybody = Caller(app, *SCOPES)
    add(caller, desk)
    add(everybody, desk, system="other/desk")
    assert [one["id"] for one in (everybody.get(PATH).json or {})["items"]] == [2, 1]
    assert [one["id"] for one in (caller.get(PATH).json or {})["items"]] == [1]
    assert (caller.get(PATH, system="other/desk").json or {})["items"] == []
    first = everybody.get(PATH, limit=1).json or {}
    assert [
        one["id"] for one in (everybody.get(PATH, limit=1, cursor=first["next"]).json or {})["items"]
    ] == [1]
    assert add(caller, desk, system="other/desk").status_code == 404
    for path in (f"{PATH}/2", f"{PATH}/2/runs"):
        assert caller.get(path).status_code == 404


def test_sources_say_what_they_ask_for(caller: Caller) -> None:
    answer = caller.get("/v1/sources")
    told = answer.json or {}
    assert answer.status_code == 200 and not connector_schemas.SourcesSchema().validate(told)
    assert told["items"][0]["kind"] == "desk" and told["items"][0]["secrets"] == dict(source.SOURCE.secrets)
    assert {one["name"] for one in told["items"][0]["settings"]} == {"host", "port"}
    assert told["items"][0]["in_part"] == []


def test_a_key_makes_adding_happen_once(caller: Caller, desk: Desk) -> None:
    body = {
        "system": "acme/desk",
        "kind": "desk",
        "settings": {"host": "127.0.0.1", "port": desk.port},
        "every_hours": 1,
    }
    again = [caller.post(PATH, body, {"Idempotency-Key": "one"}) for _ in range(2)]
    assert [one.status_code for one in again] == [201, 201] and again[0].json == again[1].json
    assert add(caller, desk).status_code == 409
