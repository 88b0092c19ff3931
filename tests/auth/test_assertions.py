"""Clients that prove themselves with a signature: every claim counts, and each assertion counts once (RFC 7523)."""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from werkzeug.test import TestResponse

from registry import errors
from registry.auth.clients import registration
from registry.auth.clients import stored as clients
from registry.auth.clients.registration import BY_KEY, Registration
from registry.auth.server import assertions
from registry.auth.server.assertions import Assertion
from tests.auth.asking import BASE, Known, bearer, journalled

pytestmark = pytest.mark.usefixtures("database")

EC, OTHER = ECKey.generate_key("P-256", private=True), ECKey.generate_key("P-256", private=True)
RSA = RSAKey.generate_key(2048, private=True)
ED = OKPKey.generate_key("Ed25519", private=True)
Signs = ECKey | RSAKey | OKPKey | OctKey


def public(*keys: Any) -> str:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]})


@pytest.fixture
def client() -> Known:
    return keyed(EC)


def keyed(*keys: Any) -> Known:
    made, secret = clients.register_client(
        name="Nightly purge",
        scopes=["retention:read", "registers:read"],
        controllers=["seamk"],
        how=Registration(auth_method=BY_KEY, jwks=public(*keys)),
        by="operator",
    )
    assert secret == ""
    return Known(made.client_id, secret, made.actor)


def claims(client: Known, **other: Any) -> dict[str, Any]:
    now = int(time.time())
    told = {
        "iss": client.id,
        "sub": client.id,
        "aud": BASE,
        "iat": now,
        "exp": now + 60,
        "jti": str(time.time_ns()),
    }
    return {name: value for name, value in {**told, **other}.items() if value is not None}


def signed(said: dict[str, Any], key: Signs = EC, alg: str = "ES256", **head: Any) -> str:
    return jwt.encode({"alg": alg, **head}, said, key, algorithms=[alg])


def send(http: FlaskClient, assertion: str, path: str = "/oauth/token", **other: str) -> TestResponse:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": assertions.TYPE,
        "client_assertion": assertion,
        **other,
    }
    return http.post(path, data={name: value for name, value in form.items() if value})


def refused(answer: TestResponse, client: Known) -> None:
    assert (answer.status_code, answer.json and answer.json["error"]) == (401, "invalid_client"), answer.text
    assert client.id not in answer.text


@pytest.mark.parametrize(
    ("key", "alg"),
    [(EC, "ES256"), (RSA, "RS256"), (RSA, "PS256"), (ED, "Ed25519")],
    ids=["ec", "rsa", "pss", "ed"],
)
@pytest.mark.parametrize("audience", [BASE, BASE + "/oauth/token", [BASE]])
def test_a_client_proves_itself_by_its_key(key: Signs, alg: str, audience: Any, http: FlaskClient) -> None:
    client = keyed(key)
    answer = send(http, signed(claims(client, aud=audience), key, alg))
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    who = http.get("/who", headers=bearer(answer.json["access_token"])).json
    assert who is not None
    assert who["id"] == client.actor


def test_authlibs_client_proves_itself_by_its_key(served: str) -> None:
    client = keyed(RSA)
    soon = {"exp": int(time.time()) + 120}  # it would say an hour, which is refused
    session = OAuth2Session(
        client.id,
        RSA.as_pem(private=True).decode(),
        token_endpoint_auth_method=PrivateKeyJWT(f"{served}/oauth/token", claims=soon),
    )
    token = session.fetch_token(
        f"{served}/oauth/token", grant_type="client_credentials", scope="registers:read"
    )
    assert token["scope"] == "registers:read"
    assert session.get(f"{served}/who").json()["id"] == client.actor


def test_an_assertion_is_good_once(client: Known, http: FlaskClient) -> None:
    assertion = signed(claims(client))
    assert send(http, assertion).status_code == 200
    refused(send(http, assertion), client)
    refused(send(http, assertion, "/oauth/revoke", token="x"), client)
    refused(send(http, assertion, "/oauth/introspect", token="x"), client)
    assert len(journalled("token.issued")) == 1


def test_a_jti_is_good_once_whatever_else_is_signed_with_it(client: Known, http: FlaskClient) -> None:
    other = keyed(OTHER)
    assert send(http, signed(claims(client, jti="1"))).status_code == 200
    refused(send(http, signed(claims(client, jti="1", exp=int(time.time()) + 200))), client)
    assert send(http, signed(claims(other, jti="1"), OTHER)).status_code == 200  # another client's is another


def test_of_many_at_once_one_assertion_proves_one(served: str, client: Known) -> None:
    for _ in range(3):
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": assertions.TYPE,
            "client_assertion": signed(claims(client, aud=served)),
        }
        with ThreadPoolExecutor(6) as pool:
            sent = [
                pool.submit(requests.post, f"{served}/oauth/token", data=form, timeout=120) for _ in range(6)
            ]
            statuses = sorted(one.result().status_code for one in sent)
        assert statuses == [200] + [401] * 5


NOW = int(time.time())
CLAIMS: list[dict[str, Any]] = [
    {"iss": None}, {"sub": None}, {"aud": None}, {"exp": None}, {"jti": None},
    {"iss": "0123456789abcdef"}, {"sub": "0123456789abcdef"}, {"iss": 1}, {"sub": ["x"]}, {"sub": {}},
    {"aud": "https://evil.example"}, {"aud": BASE + "/"}, {"aud": BASE + "/oauth/authorize"}, {"aud": []},
    {"aud": [BASE, "https://evil.example"]}, {"aud": [BASE, BASE]}, {"aud": [[BASE]]}, {"aud": 1},
    {"exp": NOW - 1}, {"exp": NOW + 3600}, {"exp": NOW + 400}, {"exp": "soon"}, {"exp": True},
    {"exp": 1e300}, {"exp": -1},
    {"iat": NOW + 3600}, {"iat": "now"}, {"nbf": NOW + 3600}, {"nbf": []},
    {"jti": ""}, {"jti": 1}, {"jti": "x" * 201}, {"jti": None},
]  # fmt: skip


@pytest.mark.parametrize("wrong", CLAIMS, ids=range(len(CLAIMS)))
def test_every_claim_counts(wrong: dict[str, Any], client: Known, http: FlaskClient) -> None:
    since = int(time.time()) - NOW  # the cases were written down when the tests were collected
    told = {
        name: value + since if isinstance(value, int | float) and abs(value - NOW) < 10**6 else value
        for name, value in wrong.items()
    }
    head, body = {"alg": "ES256"}, claims(client, **told)
    refused(send(http, _raw(head, body, EC)), client)
    assert Assertion.select().count() == 0
    assert journalled("token.issued") == []


def _raw(head: dict[str, Any], body: Any, key: Signs, alg: str = "ES256") -> str:
    """A JWS of whatever it may be: the library would not sign some of these claims."""
    from joserfc import jws

    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return jws.serialize_compact(head, payload, key, algorithms=[alg])


def _part(said: dict[str, Any]) -> bytes:
    return urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=")


def test_another_key_is_none(client: Known, http: FlaskClient) -> None:
    refused(send(http, signed(claims(client), OTHER)), client)
    refused(send(http, signed(claims(client), OTHER, kid=EC.thumbprint())), client)
    refused(send(http, signed(claims(client), RSA, "RS256")), client)


def test_a_signature_that_anybody_can_make_is_none(http: FlaskClient) -> None:
    client = keyed(RSA)
    pem = RSA.as_pem(private=False)
    for secret in (pem, pem.strip(), public(RSA).encode(), b"x" * 32):
        told = b".".join(_part(part) for part in ({"alg": "HS256"}, claims(client)))
        mark = urlsafe_b64encode(hmac.digest(secret, told, "sha256")).rstrip(b"=")
        refused(send(http, (told + b"." + mark).decode()), client)
    head, body, ours = signed(claims(client), RSA, "RS256").split(".")
    none = _part({"alg": "none"}).decode()
    for text in (
        f"{none}.{body}.",
        f"{none}.{body}.{ours}",
        f"{head}.{body}.",
        f"{head}.{body}.{ours[:-4]}AAAA",
    ):
        refused(send(http, text), client)


def test_a_key_that_is_sent_along_is_not_believed(client: Known, http: FlaskClient) -> None:
    own = OTHER.as_dict(private=False)
    refused(send(http, signed(claims(client), OTHER, jwk=own)), client)
    refused(send(http, signed(claims(client), OTHER, jku="https://evil.example/jwks", kid="x")), client)


ODD = [
    "x", "a.b", "a.b.c", "...", "..", "a.b.c.d.e", "ä.ä.ä", "e30.e30.e30", "e30.bnVsbA.e30", "e30.W10.e30",
    "e30." + "W" * 9000 + ".e30", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJcdWQ4MDAifQ.AAAA", "\x00.\x00.\x00",
]  # fmt: skip


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_other_text_proves_nobody(text: str, client: Known, http: FlaskClient) -> None:
    refused(send(http, text), client)


def test_it_has_to_be_said_that_it_is_one(client: Known, http: FlaskClient) -> None:
    for kind in ("", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"):
        refused(send(http, signed(claims(client)), client_assertion_type=kind), client)


def test_the_client_named_beside_it_is_the_same(client: Known, http: FlaskClient) -> None:
    refused(send(http, signed(claims(client)), client_id=keyed(OTHER).id), client)
    assert send(http, signed(claims(client)), client_id=client.id).status_code == 200


def test_a_client_proves_itself_in_one_way(
    client: Known, http: FlaskClient, register: Callable[..., Known]
) -> None:
    answer = send(http, signed(claims(client)), client_secret="x")
    assert (answer.status_code, answer.json and answer.json["error"]) == (400, "invalid_request")
    secret = register()
    refused(send(http, signed(claims(secret))), client)  # whoever has a secret has no key
    assert (
        http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(client.id, "")).status_code
        == 401
    )
    form = {"grant_type": "client_credentials", "client_id": client.id}
    assert http.post("/oauth/token", data=form).status_code == 401


def test_b18_a_disabled_client_proves_nothing(client: Known, http: FlaskClient) -> None:
    clients.disable_client(client.id, by="operator")
    refused(send(http, signed(claims(client))), client)


def test_keys_are_exchanged_and_what_was_got_with_the_old_ones_ends(client: Known, http: FlaskClient) -> None:
    got = send(http, signed(claims(client))).json
    assert got is not None
    clients.replace_keys(client.id, public(OTHER, ED), by="operator")
    assert http.get("/who", headers=bearer(got["access_token"])).status_code == 401
    refused(send(http, signed(claims(client))), client)
    for key, alg in ((OTHER, "ES256"), (ED, "Ed25519")):
        assert send(http, signed(claims(client), key, alg)).status_code == 200
    (entry,) = journalled("client.keys-replaced")
    assert entry.payload == {"tokens_revoked": 1}
    with pytest.raises(errors.Conflict):
        clients.rotate_secret(client.id, by="operator")


WEAK = [
    "", "{}", "[]", "x", '{"keys": []}', '{"keys": [{}]}', '{"keys": "x"}', json.dumps(EC.as_dict(private=False)),
    json.dumps({"keys": [EC.as_dict(private=True)]}), json.dumps({"keys": [RSA.as_dict(private=True)]}),
    json.dumps({"keys": [OctKey.generate_key(256).as_dict(private=True)]}),
    public(*[EC] * 11), public(ECKey.generate_key("P-521", private=True)),
    public(OKPKey.generate_key("X25519", private=True)),
]  # fmt: skip


@pytest.mark.parametrize("text", WEAK, ids=range(len(WEAK)))
@pytest.mark.filterwarnings(
    "ignore:Key size:Warning"
)  # joserfc says of the weak one what we say by refusing it
def test_a_key_set_has_strong_public_keys_alone(text: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        Registration(auth_method=BY_KEY, jwks=text).checked()
    assert caught.value.field == "jwks"


def test_used_jtis_are_kept_as_digests_until_they_expire(
    client: Known, http: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(http, signed(claims(client, jti="once")))
    assert [row.jti_sha256 for row in Assertion.select()] == [clients.digest("once")]
    real = assertions.clock.now
    monkeypatch.setattr(assertions.clock, "now", lambda: assertions.clock.later(real(), 3600))
    send(http, signed(claims(client, exp=int(time.time()) + 3660, iat=int(time.time()) + 3600)))
    assert [row.jti_sha256 != clients.digest("once") for row in Assertion.select()] == [True]


def test_the_metadata_name_the_algorithms(http: FlaskClient) -> None:
    said = http.get("/.well-known/oauth-authorization-server").json
    assert said is not None
    assert said["token_endpoint_auth_signing_alg_values_supported"] == list(registration.ALGORITHMS)
    assert not [name for name in registration.ALGORITHMS if name.startswith("HS") or name == "none"]
