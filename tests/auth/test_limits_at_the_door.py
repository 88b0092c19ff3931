"""Row B28 at the OAuth endpoints: who asks too often is told when to come back, and nobody else notices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from registry.limits import Bucket
from tests.auth import test_assertions as signing
from tests.auth.asking import Known, journalled
from tests.auth.flows import SCREENLESS, registered

pytestmark = pytest.mark.usefixtures("database")

Register = Callable[..., Known]
GRANT = {"grant_type": "client_credentials"}


def ask(
    http: FlaskClient, client: Known, secret: str | None = None, address: str = "192.0.2.1"
) -> TestResponse:
    auth = (client.id, client.secret if secret is None else secret)
    return http.post("/oauth/token", data=GRANT, auth=auth, environ_overrides={"REMOTE_ADDR": address})


def test_b28_a_thousand_wrong_secrets(http: FlaskClient, register: Register) -> None:
    client, other = register(), register()
    statuses = Counter(ask(http, client, f"rcs_{number}").status_code for number in range(1000))
    assert set(statuses) == {401, 429}
    assert statuses[429] > 900
    refused = ask(http, client)  # the right one, from the same address: nobody can tell who asks
    assert (refused.status_code, refused.content_type) == (429, "application/problem+json")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.json is not None
    assert (refused.json["code"], refused.json["error"]) == ("too_many_requests", "temporarily_unavailable")
    assert client.id not in refused.text
    # Others are not affected: another client here, the same client elsewhere.
    assert ask(http, other).status_code == 200
    assert ask(http, client, address="192.0.2.2").status_code == 200
    assert len(journalled("token.issued")) == 2


def test_b28_names_that_change_are_no_way_round(make: Callable[..., Flask], register: Register) -> None:
    http, client = make(token_rate=50).test_client(), register()
    for number in range(60):
        ask(http, Known(f"{number:016x}", "x", ""))
    assert ask(http, client).status_code == 429
    assert ask(http, client, address="192.0.2.2").status_code == 200


def test_b28_an_address_of_ipv6_is_its_network(make: Callable[..., Flask], register: Register) -> None:
    http, client = make(token_rate=3).test_client(), register()
    statuses = [ask(http, client, address=f"2001:db8:1:2::{number}").status_code for number in range(5)]
    assert statuses == [200] * 3 + [429] * 2
    assert ask(http, client, address="2001:db8:1:3::1").status_code == 200


def test_a20_an_address_that_somebody_says_is_not_theirs(
    make: Callable[..., Flask], register: Register
) -> None:
    client = register()
    for trusted, last in (("", 429), ("192.0.2.1", 200)):
        http = make(token_rate=2, trusted_proxies=trusted).test_client()
        sent: list[TestResponse] = [
            http.post(
                "/oauth/token", data=GRANT, auth=client.basic, headers={"X-Forwarded-For": f"198.51.100.{n}"},
                environ_overrides={"REMOTE_ADDR": "192.0.2.1"},
            )
            for n in range(3)
        ]  # fmt: skip
        assert sent[-1].status_code == last


@pytest.mark.parametrize(
    "path", ["/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/device-authorization"]
)
def test_b28_every_endpoint_counts(path: str, make: Callable[..., Flask]) -> None:
    http, client = make(token_rate=2).test_client(), registered(SCREENLESS)
    form: dict[str, Any] = {
        "client_id": client.id,
        "token": "x",
        "grant_type": "refresh_token",
        "refresh_token": "x",
    }
    statuses = [http.post(path, data=form).status_code for _ in range(3)]
    assert statuses[2] == 429
    assert 429 not in statuses[:2]


def test_b28_of_clients_that_sign_each_has_its_own_tries(http: FlaskClient) -> None:
    bad, good = (
        signing.keyed(signing.EC),
        signing.keyed(signing.OTHER),
    )
    for _ in range(40):
        last = signing.send(http, signing.signed(signing.claims(bad), signing.OTHER))
    assert last.status_code == 429
    assert signing.send(http, signing.signed(signing.claims(good), signing.OTHER)).status_code == 200


def test_b28_what_is_refused_for_its_form_counts_nothing(http: FlaskClient, register: Register) -> None:
    http.post("/oauth/token", json=GRANT)
    http.post("/oauth/token?x=1", data=GRANT)
    assert Bucket.select().count() == 0
    ask(http, register())
    assert Bucket.select().count() == 1  # and a right proof takes none of the tries
