"""/oauth and /.well-known: over HTTP, with a client that others wrote where there is one."""

from __future__ import annotations

import base64
import logging
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests
from authlib.oauth2 import rfc9207
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from flask import Flask
from flask.testing import FlaskClient
from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError, InvalidScopeError
from requests_oauthlib import OAuth2Session
from werkzeug.test import TestResponse

from registry import journal
from registry.app import create_app
from registry.auth.clients import registration
from registry.auth.clients import stored as clients
from registry.auth.scopes import SCOPES
from registry.auth.tokens import access as tokens
from registry.journal import entries
from registry.settings import Settings
from tests.auth.asking import BASE, Known, bearer, journalled

pytestmark = pytest.mark.usefixtures("database")

Register = Callable[..., Known]
Issue = Callable[..., str]

GRANT = {"grant_type": "client_credentials"}


def refused(answer: TestResponse, error: str, status: int = 400) -> None:
    """An error as OAuth has it (RFC 6749, 5.2), that nobody keeps and that repeats nothing."""
    assert (answer.status_code, answer.json and answer.json["error"]) == (status, error), answer.text
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json is not None
    assert set(answer.json) <= {"error", "error_description"}
    assert re.fullmatch(r"[\x20\x21\x23-\x5b\x5d-\x7e]*", answer.json.get("error_description", ""))
    challenges = answer.headers.getlist("WWW-Authenticate")
    assert [one.split()[0] for one in challenges] == (["Basic"] if status == 401 else [])


# A client that others wrote --------------------------------------------------------------------------------


@pytest.fixture
def foreign(served: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., OAuth2Session]:
    """Makes a session of requests-oauthlib that has fetched its token."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")

    def made(client: Known, *, scope: str | None = None, **how: Any) -> OAuth2Session:
        session = OAuth2Session(client=BackendApplicationClient(client_id=client.id, scope=scope))
        given = how or {"auth": client.basic}
        session.fetch_token(f"{served}/oauth/token", **given)
        return session

    return made


def test_a_foreign_client_gets_a_token_and_asks(
    served: str, foreign: Callable[..., OAuth2Session], register: Register
) -> None:
    client = register("registers:read", "retention:read")
    session = foreign(client, scope="registers:read")
    assert session.token["token_type"] == "Bearer"
    assert session.token["expires_in"] == 600
    assert session.token["scope"] == ["registers:read"]
    assert "refresh_token" not in session.token
    answer = session.get(f"{served}/who")
    assert answer.json() == {"id": client.actor, "scopes": ["registers:read"], "controllers": ["seamk"]}
    assert session.post(f"{served}/write").status_code == 403


def test_a_foreign_client_may_prove_itself_in_the_form(
    served: str, foreign: Callable[..., OAuth2Session], register: Register
) -> None:
    client = register()
    session = foreign(client, client_id=client.id, client_secret=client.secret, include_client_id=True)
    assert session.get(f"{served}/who").status_code == 200


def test_a_foreign_client_understands_our_refusals(
    foreign: Callable[..., OAuth2Session], register: Register
) -> None:
    client = register()
    with pytest.raises(InvalidClientError):
        foreign(client, auth=(client.id, "rcs_wrong"))
    with pytest.raises(InvalidScopeError):
        foreign(client, scope="everything")
    with pytest.raises(Warning, match="Scope has changed"):  # it is told, and takes it seriously
        foreign(client, scope="registers:read registers:write")


def test_a_foreign_client_finds_its_way_by_the_metadata(served: str, register: Register) -> None:
    client = register()
    asked = requests.get(f"{served}/who", timeout=120)
    assert asked.status_code == 401
    (where,) = re.findall(r'resource_metadata="([^"]+)"', asked.headers["WWW-Authenticate"])
    resource = requests.get(where, timeout=120).json()
    server = requests.get(
        f"{resource['authorization_servers'][0]}/.well-known/oauth-authorization-server", timeout=10
    ).json()
    form = {**GRANT, "resource": resource["resource"], "scope": "registers:read"}
    token = requests.post(server["token_endpoint"], data=form, auth=client.basic, timeout=120).json()[
        "access_token"
    ]
    assert requests.get(f"{served}/who", headers=bearer(token), timeout=120).status_code == 200
    ended = requests.post(
        server["revocation_endpoint"], data={"token": token}, auth=client.basic, timeout=120
    )
    assert (ended.status_code, ended.json()) == (200, {})
    assert requests.get(f"{served}/who", headers=bearer(token), timeout=120).status_code == 401


# Getting a token -------------------------------------------------------------------------------------------


def test_b25_a_token_is_answered_as_the_rfc_says_and_kept_by_nobody(
    http: FlaskClient, register: Register
) -> None:
    client = register("retention:read", "registers:read")
    answer = http.post("/oauth/token", data=GRANT, auth=client.basic)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content_type == "application/json"
    told = answer.json
    assert told is not None
    assert re.fullmatch(r"rat_[\w-]{43}", told.pop("access_token"))
    assert told == {"token_type": "Bearer", "expires_in": 600, "scope": "registers:read retention:read"}


def test_the_lifetime_is_a_setting(make: Callable[..., Flask], register: Register) -> None:
    answer = (
        make(access_token_seconds=7).test_client().post("/oauth/token", data=GRANT, auth=register().basic)
    )
    assert answer.json is not None
    assert answer.json["expires_in"] == 7
    stored = tokens.stored(answer.json["access_token"])
    assert stored is not None
    assert stored.get_expires_in() == 7


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (None, "registers:read journal:read"),
        ("", "registers:read journal:read"),
        ("registers:read", "registers:read"),
        ("journal:read registers:read", "registers:read journal:read"),
        ("registers:read registers:read", "registers:read"),
        ("registers:read registers:write", "registers:read"),
        ("registers:write journal:read clients:write", "journal:read"),
    ],
)
def test_b16_a_narrowed_scope_is_told(
    asked: str | None, given: str, http: FlaskClient, register: Register
) -> None:
    client = register("registers:read", "journal:read")
    form = GRANT if asked is None else {**GRANT, "scope": asked}
    answer = http.post("/oauth/token", data=form, auth=client.basic)
    assert answer.json is not None
    assert answer.json["scope"] == given
    who = http.get("/who", headers=bearer(answer.json["access_token"]))
    if "registers:read" in given:
        assert who.json is not None
        assert who.json["scopes"] == sorted(given.split())
    else:
        assert who.status_code == 403


@pytest.mark.parametrize(
    "scope",
    ["registers:write", "everything", "registers:read everything", "registers:read\tjournal:read", "ä", "*"],
)
def test_a_scope_that_cannot_be_given_is_refused(scope: str, http: FlaskClient, register: Register) -> None:
    refused(http.post("/oauth/token", data={**GRANT, "scope": scope}, auth=register().basic), "invalid_scope")
    assert journalled("token.issued") == []


@pytest.mark.parametrize("resource", [[BASE], [BASE + "/"], [BASE, BASE], [""]])
def test_b17_a_token_is_for_this_service(resource: list[str], http: FlaskClient, register: Register) -> None:
    answer = http.post("/oauth/token", data={**GRANT, "resource": resource}, auth=register().basic)
    assert answer.status_code == 200
    assert answer.json is not None
    stored = tokens.stored(answer.json["access_token"])
    assert stored is not None
    assert stored.audience == BASE


@pytest.mark.parametrize(
    "resource",
    [
        ["https://evil.example"],
        [BASE + ".evil.example"],
        [BASE, "https://evil.example"],
        [BASE + "/v1"],
        [BASE + "//"],
    ],
)
def test_b17_a_token_for_another_service_is_not_issued(
    resource: list[str], http: FlaskClient, register: Register
) -> None:
    refused(
        http.post("/oauth/token", data={**GRANT, "resource": resource}, auth=register().basic),
        "invalid_target",
    )


@pytest.mark.parametrize(
    "grant",
    [
        "password",
        "implicit",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "Client_Credentials",
        "äö\n",
    ],
)
def test_b5_other_grants_are_refused(grant: str, http: FlaskClient, register: Register) -> None:
    client = register()
    form = {"grant_type": grant, "username": "x", "password": "y"}
    refused(http.post("/oauth/token", data=form, auth=client.basic), "unsupported_grant_type")


@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token", registration.DEVICE])
def test_a_client_uses_the_grants_that_it_is_registered_for(
    grant: str, http: FlaskClient, register: Register
) -> None:
    form = {"grant_type": grant, "code": "x", "refresh_token": "x", "device_code": "x"}
    refused(http.post("/oauth/token", data=form, auth=register().basic), "unauthorized_client")


def _header(text: bytes | str, scheme: str = "Basic") -> dict[str, Any]:
    raw = text if isinstance(text, bytes) else text.encode()
    return {"headers": {"Authorization": f"{scheme} {base64.b64encode(raw).decode()}"}}


ANONYMOUS: list[Callable[[Known], dict[str, Any]]] = [
    lambda client: {},
    lambda client: {"auth": (client.id, "")},
    lambda client: {"auth": (client.id, client.secret[:-1])},
    lambda client: {"auth": (client.id, client.secret + "x")},
    lambda client: {"auth": ("0123456789abcdef", client.secret)},
    lambda client: {"auth": ("a\x00b", client.secret)},
    lambda client: {"auth": ("", "")},
    lambda client: {"headers": {"Authorization": "Basic"}},
    lambda client: {"headers": {"Authorization": "Basic ="}},
    lambda client: {"headers": {"Authorization": "Basic \xe4\xf6"}},
    lambda client: {"headers": {"Authorization": f"Bearer {client.secret}"}},
    lambda client: _header(b"\xff\xfe:\xff"),
    lambda client: _header(client.id),
    lambda client: _header(f"{client.id}:{client.secret}", "Negotiate"),
    lambda client: {"data": {**GRANT, "client_id": client.id}},
    lambda client: {"data": {**GRANT, "client_id": client.id, "client_secret": "x"}},
    lambda client: {"data": {**GRANT, "client_id": "nobody", "client_secret": client.secret}},
    lambda client: {"data": {**GRANT, "client_secret": client.secret}},
    lambda client: {"data": {**GRANT, "client_id": "0123456789abcdef"}, "auth": client.basic},
]


@pytest.mark.parametrize("how", ANONYMOUS, ids=range(len(ANONYMOUS)))
@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
def test_b19_a_client_that_is_not_proven_is_told_the_same_always(
    path: str, how: Callable[[Known], dict[str, Any]], http: FlaskClient, register: Register
) -> None:
    sent = {"data": {**GRANT, "token": "x"}, **how(register())}
    refused(http.post(path, **sent), "invalid_client", 401)
    assert journalled("token.issued") == []


def test_b18_a_disabled_client_gets_no_token_and_ends_none(http: FlaskClient, register: Register) -> None:
    client = register()
    clients.disable_client(client.id, by="operator")
    refused(http.post("/oauth/token", data=GRANT, auth=client.basic), "invalid_client", 401)
    refused(http.post("/oauth/revoke", data={"token": "x"}, auth=client.basic), "invalid_client", 401)


def test_b18_a_rotated_secret_is_refused_at_once(http: FlaskClient, register: Register) -> None:
    client = register()
    assert http.post("/oauth/token", data=GRANT, auth=client.basic).status_code == 200
    fresh = clients.rotate_secret(client.id, by="operator")
    refused(http.post("/oauth/token", data=GRANT, auth=client.basic), "invalid_client", 401)
    assert http.post("/oauth/token", data=GRANT, auth=(client.id, fresh)).status_code == 200


def test_disabled_between_its_proof_and_its_token(
    http: FlaskClient, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, real = register(), tokens.issue

    def slow(**given: Any) -> tokens.Issued:
        clients.disable_client(client.id, by="operator")
        return real(**given)

    monkeypatch.setattr(tokens, "issue", slow)
    refused(http.post("/oauth/token", data=GRANT, auth=client.basic), "invalid_client", 401)
    assert journalled("token.issued") == []


MALFORMED: list[tuple[dict[str, Any], int]] = [
    ({"data": {"scope": "registers:read"}}, 400),
    ({"data": {"grant_type": ""}}, 400),
    ({"data": {"grant_type": ["client_credentials", "client_credentials"]}}, 400),
    ({"data": {**GRANT, "scope": ["registers:read", "registers:read"]}}, 400),
    ({"data": {**GRANT, "x": ["1", "2"]}}, 400),
    ({"data": GRANT, "query_string": {"grant_type": "client_credentials"}}, 400),
    ({"data": GRANT, "query_string": {"client_secret": "rcs_leaked"}}, 400),
    ({"data": GRANT, "query_string": "x"}, 400),
    ({"json": GRANT}, 415),
    ({"data": GRANT, "content_type": "multipart/form-data"}, 415),
    ({"data": "grant_type=client_credentials", "content_type": "text/plain"}, 415),
    ({"data": "grant_type=client_credentials"}, 415),
    ({}, 415),
]


@pytest.mark.parametrize(("how", "status"), MALFORMED, ids=range(len(MALFORMED)))
def test_a_request_that_is_no_form_or_repeats_itself_is_refused(
    how: dict[str, Any], status: int, http: FlaskClient, register: Register
) -> None:
    refused(http.post("/oauth/token", auth=register().basic, **how), "invalid_request", status)
    assert journalled("token.issued") == []


def test_a_client_proves_itself_in_one_way(http: FlaskClient, register: Register) -> None:
    client = register()
    twice = {**GRANT, "client_id": client.id, "client_secret": client.secret}
    refused(http.post("/oauth/token", data=twice, auth=client.basic), "invalid_request")


def test_what_nobody_knows_in_a_form_is_ignored(http: FlaskClient, register: Register) -> None:
    form = {**GRANT, "response_type": "token", "redirect_uri": "https://evil.example", "state": "x"}
    answer = http.post("/oauth/token", data=form, auth=register().basic)
    assert answer.status_code == 200
    assert answer.json is not None
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope"}


def test_a_long_form_is_refused(http: FlaskClient, register: Register) -> None:
    assert (
        http.post("/oauth/token", data={**GRANT, "x": "y" * 20_000}, auth=register().basic).status_code == 413
    )


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
def test_a18_these_are_posted_to(path: str, http: FlaskClient) -> None:
    answer = http.get(path)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a20_a_proxys_headers_change_nothing(http: FlaskClient, register: Register) -> None:
    lies = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "Host": "evil.example"}
    metadata = http.get("/.well-known/oauth-authorization-server", headers=lies)
    assert b"evil" not in metadata.data
    assert "evil" not in http.get("/who", headers=lies).headers["WWW-Authenticate"]
    assert http.post("/oauth/token", data=GRANT, auth=register().basic, headers=lies).status_code == 200


def test_secrets_do_not_travel_over_plain_http(make: Callable[..., Flask], register: Register) -> None:
    plain = make(base_url="http://registry.example").test_client()
    refused(plain.post("/oauth/token", data=GRANT, auth=register().basic), "insecure_transport")
    behind = make(base_url="https://registry.example").test_client()  # TLS ends at a proxy
    assert behind.post("/oauth/token", data=GRANT, auth=register().basic).status_code == 200


# Ending a token --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "nonsense"])
def test_a_client_ends_its_token(
    hint: str | None, http: FlaskClient, register: Register, issue: Issue
) -> None:
    client = register()
    token = issue(client)
    form = {"token": token} | ({"token_type_hint": hint} if hint else {})
    for _ in range(2):  # the second time it is over already, and that is fine (RFC 7009, 2.2)
        answer = http.post("/oauth/revoke", data=form, auth=client.basic)
        assert (answer.status_code, answer.json) == (200, {})
        assert answer.headers["Cache-Control"] == "no-store"
        assert http.get("/who", headers=bearer(token)).status_code == 401
    (entry,) = journalled("token.revoked")
    assert entry.actor == client.actor


def test_b27_another_clients_token_lives_on(http: FlaskClient, register: Register, issue: Issue) -> None:
    client, other = register(), register()
    token = issue(other)
    refused(http.post("/oauth/revoke", data={"token": token}, auth=client.basic), "invalid_grant")
    assert http.get("/who", headers=bearer(token)).status_code == 200
    assert journalled("token.revoked") == []


@pytest.mark.parametrize("token", ["rat_" + "A" * 43, "nonsense", "a\x00b", "x" * 10_000])
def test_ending_what_is_not_there_is_fine(token: str, http: FlaskClient, register: Register) -> None:
    answer = http.post("/oauth/revoke", data={"token": token}, auth=register().basic)
    assert (answer.status_code, answer.json) == (200, {})
    assert journalled("token.revoked") == []


@pytest.mark.parametrize("form", [{}, {"token": ""}, {"token": ["a", "b"]}])
def test_ending_nothing_is_refused(form: dict[str, Any], http: FlaskClient, register: Register) -> None:
    sent = {"content_type": "application/x-www-form-urlencoded"} if not form else {}
    refused(http.post("/oauth/revoke", data=form, auth=register().basic, **sent), "invalid_request")


def test_many_end_one_token_at_once(served: str, register: Register, issue: Issue) -> None:
    client = register()
    token = issue(client, audience=served)
    assert requests.get(f"{served}/who", headers=bearer(token), timeout=120).status_code == 200
    gate, ended, after = threading.Barrier(8), [], []

    def end() -> None:
        gate.wait()
        ended.append(
            requests.post(
                f"{served}/oauth/revoke", data={"token": token}, auth=client.basic, timeout=120
            ).status_code
        )
        after.append(requests.get(f"{served}/who", headers=bearer(token), timeout=120).status_code)

    threads = [threading.Thread(target=end) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == [200] * 8
    assert after == [401] * 8  # whoever was told that it is over finds that it is
    assert len(journalled("token.revoked")) == 1
    assert journal.verify().ok


def test_many_tokens_at_once_are_each_journalled(served: str, register: Register) -> None:
    client = register()
    got: list[str] = []

    def fetch() -> None:
        for _ in range(3):
            answer = requests.post(f"{served}/oauth/token", data=GRANT, auth=client.basic, timeout=120)
            got.append(answer.json()["access_token"])

    threads = [threading.Thread(target=fetch) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(got)) == 18
    assert len({entry.object for entry in journalled("token.issued")}) == 18
    assert all(
        requests.get(f"{served}/who", headers=bearer(token), timeout=120).status_code == 200 for token in got
    )
    assert journal.verify().ok


# What is said of it ----------------------------------------------------------------------------------------


def test_b26_the_server_says_what_there_is_and_no_more(http: FlaskClient) -> None:
    answer = http.get("/.well-known/oauth-authorization-server")
    assert answer.content_type == "application/json"
    said = answer.json
    assert said is not None
    assert said["issuer"] == BASE
    assert said["grant_types_supported"] == list(registration.GRANTS)
    assert said["response_types_supported"] == ["code"]
    assert said["response_modes_supported"] == ["query"]
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["authorization_response_iss_parameter_supported"] is True
    assert set(said["scopes_supported"]) == set(SCOPES)
    assert "none" not in said["introspection_endpoint_auth_methods_supported"]
    assert not {"registration_endpoint", "jwks_uri", "pushed_authorization_request_endpoint"} & set(said)
    classes = [rfc9207.AuthorizationServerMetadata]
    AuthorizationServerMetadata(said).validate(metadata_classes=classes)
    for name in ("token", "revocation", "introspection", "device_authorization"):
        assert http.post(said[f"{name}_endpoint"].removeprefix(BASE)).status_code == 415


def test_the_resource_says_where_tokens_come_from(http: FlaskClient) -> None:
    said = http.get("/.well-known/oauth-protected-resource").json
    assert said is not None
    assert said["resource"] == BASE
    assert said["authorization_servers"] == [BASE]
    assert said["bearer_methods_supported"] == ["header"]


def test_nothing_secret_is_logged_answered_or_journalled(
    http: FlaskClient, register: Register, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = register()
    answer = http.post("/oauth/token", data=GRANT, auth=client.basic)
    assert answer.json is not None
    token = answer.json["access_token"]
    told = [
        http.get("/who", headers=bearer(token)),
        http.post("/write", headers=bearer(token)),
        http.post("/oauth/token", data={**GRANT, "scope": token}, auth=client.basic),
        http.post("/oauth/token", data={"grant_type": client.secret}, auth=client.basic),
        http.post("/oauth/token", data=GRANT, auth=(client.id, client.secret + "x")),
        http.post(f"/oauth/token?client_secret={client.secret}", data=GRANT),
        http.post("/oauth/revoke", data={"token": token}, auth=client.basic),
        http.get("/who", headers=bearer(token)),
    ]
    everything = caplog.text + repr(entries(limit=1000)) + "".join(f"{one.headers}{one.text}" for one in told)
    for secret in (client.secret, token):
        assert secret not in everything
        assert secret[4:] not in everything


@pytest.mark.parametrize("name", ["AUTHLIB_INSECURE_TRANSPORT", "FLASK_DEBUG"])
def test_start_up_refuses_what_is_loosened_for_others(
    name: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "1")
    assert create_app(settings)
    for base_url in ("https://registry.example", "http://registry.example", "https://127.0.0.1.example"):
        with pytest.raises(ValueError, match=name):
            create_app(replace(settings, base_url=base_url))
