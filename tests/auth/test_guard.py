"""The guard: what a request without a good token is told, and what one with a good token may do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from registry.auth.clients import stored as clients
from registry.auth.scopes import SCOPES
from registry.auth.tokens import access as tokens
from tests.auth.asking import BASE, Known, bearer

pytestmark = pytest.mark.usefixtures("database")

Register = Callable[..., Known]
Issue = Callable[..., str]

METADATA = f'resource_metadata="{BASE}/.well-known/oauth-protected-resource"'


def challenge(answer: TestResponse) -> dict[str, str]:
    """The one challenge of an answer, its members by name."""
    (value,) = answer.headers.getlist("WWW-Authenticate")
    scheme, _, rest = value.partition(" ")
    assert scheme == "Bearer"
    assert re.fullmatch(r'(\w+="[\x20\x21\x23-\x5b\x5d-\x7e]*"(, |$))+', rest), rest
    return dict(re.findall(r'(\w+)="([^"]*)"', rest))


def unauthorised(answer: TestResponse) -> None:
    """401 of someone who sent no token: no error is named (RFC 6750, 3.1)."""
    assert answer.status_code == 401
    assert challenge(answer) == {
        "realm": "registry",
        "resource_metadata": f"{BASE}/.well-known/oauth-protected-resource",
    }
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["code"] == "unauthorised"
    assert "error" not in answer.json


def invalid(answer: TestResponse) -> None:
    """401 of someone whose token is no good, and is not told why."""
    assert answer.status_code == 401
    told = challenge(answer)
    assert told["error"] == "invalid_token"
    assert told["resource_metadata"] == f"{BASE}/.well-known/oauth-protected-resource"
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert (answer.json["status"], answer.json["code"], answer.json["error"]) == (
        401,
        "invalid_token",
        "invalid_token",
    )
    assert answer.json["error_description"] == told["error_description"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_good_token_opens_its_doors(http: FlaskClient, register: Register, issue: Issue) -> None:
    client = register("registers:read", of=("seamk", "osekk"))
    answer = http.get("/who", headers=bearer(issue(client)))
    assert answer.status_code == 200
    assert answer.json == {
        "id": client.actor,
        "scopes": ["registers:read"],
        "controllers": ["osekk", "seamk"],
    }


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_written_as_one_likes(
    scheme: str, http: FlaskClient, register: Register, issue: Issue
) -> None:
    header = {"Authorization": f"{scheme} {issue(register())}"}
    assert http.get("/who", headers=header).status_code == 200


@pytest.mark.parametrize(
    "sent", [{}, {"Authorization": ""}, {"Authorization": "Basic cmF0Xw=="}, {"Authorization": "Digest x"}]
)
def test_b19_without_a_token_no_error_is_named(sent: dict[str, str], http: FlaskClient) -> None:
    unauthorised(http.get("/who", headers=sent))
    unauthorised(http.post("/write", headers=sent))


def test_b17_a_token_in_the_query_the_form_or_a_cookie_is_not_looked_at(
    http: FlaskClient, register: Register, issue: Issue
) -> None:
    token = issue(register())
    unauthorised(http.get(f"/who?access_token={token}"))
    unauthorised(http.post("/who", data={"access_token": token}))
    unauthorised(http.post("/who", json={"access_token": token}))
    http.set_cookie("access_token", token)
    unauthorised(http.get("/who"))
    invalid(http.get(f"/who?access_token={token}", headers=bearer("rat_" + "A" * 43)))


@pytest.mark.parametrize(
    "value",
    ["Bearer", "Bearer ", "Bearer x", "Bearer rat_" + "A" * 43, "Bearer a b c", "Bearer \xe4", "Bearer " + "x" * 8000,
     "Bearer null", "Bearer rcs_" + "A" * 43],
    ids=range(9),
)  # fmt: skip
def test_b19_a_bad_token_is_told_apart_from_none(value: str, http: FlaskClient) -> None:
    invalid(http.get("/who", headers={"Authorization": value}))


def test_two_tokens_are_none(http: FlaskClient, register: Register, issue: Issue) -> None:
    token = issue(register())
    invalid(http.get("/who", headers={"Authorization": f"Bearer {token}, Bearer {token}"}))
    invalid(http.get("/who", headers={"Authorization": f"Bearer {token} {token}"}))


def test_b17_a_token_for_another_service_is_refused(
    http: FlaskClient, register: Register, issue: Issue
) -> None:
    invalid(http.get("/who", headers=bearer(issue(register(), audience="https://elsewhere.example"))))


def test_b18_revoked_disabled_and_deleted_are_refused_on_the_next_request(
    http: FlaskClient, register: Register, issue: Issue
) -> None:
    client = register()
    first, second = issue(client), issue(client)
    assert http.get("/who", headers=bearer(first)).status_code == 200
    tokens.revoke(first, by=client.actor)
    invalid(http.get("/who", headers=bearer(first)))
    assert http.get("/who", headers=bearer(second)).status_code == 200
    clients.disable_client(client.id, by="operator")
    invalid(http.get("/who", headers=bearer(second)))


def test_b18_why_a_token_is_no_good_is_not_told(http: FlaskClient, register: Register, issue: Issue) -> None:
    client = register()
    ended, elsewhere = issue(client), issue(client, audience="https://elsewhere.example")
    tokens.revoke(ended, by=client.actor)
    told = {
        (answer.data, tuple(answer.headers.getlist("WWW-Authenticate")))
        for text in (ended, elsewhere, "rat_" + "A" * 43, "no token at all")
        for answer in [http.get("/who", headers=bearer(text))]
    }
    assert len(told) == 1


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [("POST", "/write", "registers:write"), ("GET", "/both", "registers:read journal:read")],
)
def test_b20_the_wrong_scope_is_403_and_says_which(
    method: str, path: str, needed: str, http: FlaskClient, register: Register, issue: Issue
) -> None:
    client = register("registers:read", "registers:write", "journal:read")
    answer = http.open(path, method=method, headers=bearer(issue(client, "registers:read")))
    assert answer.status_code == 403
    told = challenge(answer)
    assert (told["error"], told["scope"]) == ("insufficient_scope", needed)
    assert answer.json is not None
    assert (answer.json["status"], answer.json["code"], answer.json["scope"]) == (
        403,
        "insufficient_scope",
        needed,
    )
    good = issue(client, *needed.split())
    assert http.open(path, method=method, headers=bearer(good)).status_code == 200


def test_c1_another_controller_is_not_there(http: FlaskClient, register: Register, issue: Issue) -> None:
    token = issue(register(of=("seamk",)))
    assert http.get("/of/seamk", headers=bearer(token)).status_code == 200
    assert http.get("/of/osekk", headers=bearer(token)).status_code == 404
    assert http.get("/of/osekk", headers=bearer(issue(register(of=("*",))))).status_code == 200


def test_an_open_door_does_not_look_at_tokens(http: FlaskClient) -> None:
    assert http.get("/open", headers=bearer("nonsense")).status_code == 200
    assert http.get("/open").status_code == 200


def test_what_is_not_there_is_404_with_or_without_a_token(http: FlaskClient) -> None:
    assert http.get("/nowhere").status_code == 404
    assert http.get("/nowhere", headers=bearer("nonsense")).status_code == 404


def test_every_lock_names_scopes_of_the_book(make: Callable[..., Flask]) -> None:
    for view in make().view_functions.values():
        mark: Any = getattr(view, "door", None)
        assert mark is not None
        assert mark.scopes <= SCOPES.keys()
