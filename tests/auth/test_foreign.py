"""An organisation's own OpenID provider: signing in there, what its groups give, its tokens at our API.

Against npm oidc-provider as a real process; what no honest provider would say is made with keys of our own.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from click.testing import CliRunner
from flask import Flask
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from registry import clock, outbound
from registry.api.application import application
from registry.auth.providers import arriving, foreign
from registry.auth.roles import giving
from registry.auth.scopes import SCOPES
from registry.auth.server import routes as oauth
from registry.cli import main
from registry.errors import Invalid
from registry.journal import entries, verify
from registry.keys import sealing
from registry.people import account, links, metadata, providers, routes, sessions, users
from registry.people.openid import _base64
from registry.settings import Settings
from tests.auth.conftest import doors
from tests.peers.openid import PEOPLE, SECRET, Organisation, organisation
from tests.people.conftest import BASE, BY, PASSWORD, Browser
from tests.people.test_signing_in import later

AUDIENCE = "https://registry.example"
MAPPING = [
    ("ropa-dpo", "dpo@osekk"), ("ropa-reader", "reader@osekk"), ("ropa-reader", "editor@osekk:news"),
    ("ropa-group", "dpo@seamk"), ("ropa-group", "dpo@osekk"),
]  # fmt: skip


@pytest.fixture(scope="module")
def there() -> Iterator[Organisation]:
    with organisation(f"{BASE}/sign-in/from/osekk") as running:
        yield running


@pytest.fixture(autouse=True)
def _reached(there: Organisation) -> Iterator[None]:
    outbound.permit(Settings(outbound_networks="127.0.0.0/8"))
    there.people(PEOPLE)
    metadata.forget(there.issuer)
    yield
    outbound.permit(Settings())


@pytest.fixture
def settings(opened: str) -> Settings:
    return Settings(database=opened, base_url=BASE, secret_key=sealing.new_key())


@pytest.fixture
def app(settings: Settings) -> Flask:
    return application(
        settings, [oauth.blueprint, routes.blueprint, account.blueprint, arriving.blueprint, doors()]
    )


@pytest.fixture
def provider(there: Organisation, settings: Settings) -> providers.Provider:
    return add(settings, there.issuer)


def add(settings: Settings, issuer: str, **other: Any) -> providers.Provider:
    said = {
        "key": "osekk", "name": "OSEKK", "client_id": "registry", "secret": SECRET, "audience": AUDIENCE,
        "groups_claim": "groups", "mapping": MAPPING, **other,
    }  # fmt: skip
    return foreign.add(issuer=issuer, by=BY, settings=settings, **said)


@pytest.fixture
def browser(app: Flask) -> Callable[[], Browser]:
    return lambda: Browser(app.test_client())


def come(one: Browser, there: Organisation, who: str, then: str = "/account") -> Any:
    """Signs in at the provider and comes back."""
    sent = one.get(f"/sign-in/with/osekk?then={then}")
    assert sent.status_code == 303, sent.text
    back = there.sign_in(sent.headers["Location"], who)
    return one.get(back.removeprefix(BASE))


def roles_of(user: users.User) -> list[str]:
    return sorted(str(row.given) for row in giving.of(user.actor))


def test_people_sign_in_at_their_organisation_and_its_groups_are_roles(
    browser: Callable[[], Browser], there: Organisation, provider: providers.Provider
) -> None:
    one = browser()
    assert "OSEKK" in one.get("/sign-in").text
    asked = parse_qs(urlsplit(one.get("/sign-in/with/osekk").headers["Location"]).query)
    assert asked["scope"] == ["openid email profile"]  # for name and mailbox, and no more
    answer = come(one, there, "dpo", "/account?x=1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account?x=1")
    assert "DPO of OSEKK" in one.get("/account").text
    user = users.by_email("dpo@osekk.example")
    assert user and user.password is None
    assert roles_of(user) == ["dpo@osekk"]
    assert [entry.payload for entry in entries(action="user.signed-in")] == [{"method": "provider/osekk"}]
    assert {entry.actor for entry in entries(action="role.given")} == {"provider/osekk"}
    assert providers.user_of(there.issuer, "dpo") == user
    assert verify().faults == ()


def test_c5_roles_go_when_the_group_goes_and_others_stay(
    browser: Callable[[], Browser], there: Organisation, provider: providers.Provider
) -> None:
    come(browser(), there, "dpo")
    user = users.by_email("dpo@osekk.example")
    assert user
    giving.give(user.actor, foreign.duties.parse("reader@helao"), by=BY)
    there.people({"dpo": {**PEOPLE["dpo"], "groups": ["ropa-group"]}})
    come(browser(), there, "dpo")
    assert roles_of(user) == ["dpo@osekk", "dpo@seamk", "reader@helao"]
    there.people({"dpo": {**PEOPLE["dpo"], "groups": []}})
    come(browser(), there, "dpo")
    assert roles_of(user) == ["reader@helao"]
    assert verify().faults == ()


def test_what_a_group_gives_ends_unless_somebody_comes_back(
    browser: Callable[[], Browser], there: Organisation, provider: providers.Provider, settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    come(browser(), there, "dpo")
    user = users.by_email("dpo@osekk.example")
    assert user
    come(browser(), there, "dpo")
    assert len(entries(action="role.given")) == 1  # nothing new to say
    later(monkeypatch, settings.group_role_seconds + 1)
    assert roles_of(user) == []


def test_who_has_no_role_there_is_not_added(
    browser: Callable[[], Browser], there: Organisation, provider: providers.Provider
) -> None:
    one = browser()
    answer = come(one, there, "guest")
    assert answer.status_code == 403 and "ryhmistäsi" in answer.text
    assert one.cookie("session") is None and users.by_email("guest@osekk.example") is None


def test_a_mailbox_alone_makes_nobody_somebody(
    browser: Callable[[], Browser], there: Organisation, provider: providers.Provider
) -> None:
    """An account that was here before is not taken over by whoever a provider says has its mailbox."""
    user = users.add_user(email="DPO@osekk.example", name="Somebody", language="en", by=BY)
    one = browser()
    answer = come(one, there, "dpo")
    assert answer.status_code == 403 and "tili" in answer.text
    assert one.cookie("session") is None and roles_of(user) == []
    providers.link(provider, "dpo", user, by=BY)
    assert come(browser(), there, "dpo").status_code == 303
    assert roles_of(user) == ["dpo@osekk"]


@pytest.mark.parametrize(
    ("language", "what", "before"),
    [("en", "Open your invitation first", "sign in as you did before"),
     ("fi", "Avaa ensin kutsusi", "kirjaudu kuten ennenkin"),
     ("sv", "Öppna din inbjudan först", "logga in som tidigare")],
)  # fmt: skip
@pytest.mark.parametrize("who", ["dpo", "guest"])  # with groups that mean something here, and without
def test_who_was_invited_is_told_what_to_do_first(
    browser: Callable[[], Browser], there: Organisation, provider: providers.Provider, settings: Settings,
    caplog: pytest.LogCaptureFixture, who: str, language: str, what: str, before: str,
) -> None:  # fmt: skip
    """An auditor comes through the organisation before opening the invitation: a mailbox alone lets nobody in."""
    mailbox = f"{who}@osekk.example"
    user = users.add_user(email=mailbox, name="Auditor", language=language, by=BY)
    secret = links.invite(user.id, by=BY, seconds=3600)
    told = browser()
    told.headers["Accept-Language"] = language
    answer = come(told, there, who)
    assert answer.status_code == 403 and told.cookie("session") is None and roles_of(user) == []
    assert what in answer.text and links.holder_of(secret, "invitation") == user
    assert f"{who!r} comes with the mailbox of {user.actor} and is not linked" in caplog.text
    assert mailbox not in caplog.text
    links.use(secret, "a hash")
    answer = come(told, there, who)
    assert answer.status_code == 403 and before in answer.text
    providers.link(provider, who, user, by=BY)
    assert come(browser(), there, who).status_code == 303


def test_people_are_told_by_subject_not_by_mailbox(
    browser: Callable[[], Browser], there: Organisation, provider: providers.Provider
) -> None:
    come(browser(), there, "dpo")
    user = users.by_email("dpo@osekk.example")
    there.people({"dpo": {**PEOPLE["dpo"], "email": "new@osekk.example"}, "heir": PEOPLE["dpo"]})
    one, heir = browser(), browser()
    assert come(one, there, "dpo").status_code == 303
    assert user and [row.user_id for row in sessions.Session.select().distinct()][:1] == [user.id]
    assert come(heir, there, "heir").status_code == 403  # the mailbox of before, and somebody else


def test_v6_8_1_the_same_subject_at_another_provider_is_somebody_else(
    browser: Callable[[], Browser], there: Organisation, provider: providers.Provider, settings: Settings
) -> None:
    """Two providers that both know a `dpo`: each brings its own, and neither comes in as the other's."""
    other = add(
        settings, "https://login.other.example", key="other", client_id="x", secret=None, audience=None
    )
    first = users.add_user(email="first@osekk.example", name="First", language="en", by=BY)
    providers.link(other, "dpo", first, by=BY)
    one = browser()
    assert come(one, there, "dpo").status_code == 303
    second = users.by_email("dpo@osekk.example")
    assert second and second.id != first.id and roles_of(first) == []
    assert [row.user_id for row in sessions.Session.select()] == [second.id]
    assert providers.user_of(other.issuer, "dpo") == first
    assert providers.user_of(there.issuer, "dpo") == second


@pytest.mark.parametrize("claims", [{"email": None}, {"email_verified": False}])
def test_a_mailbox_that_the_provider_does_not_vouch_for_is_none(
    browser: Callable[[], Browser], there: Organisation, provider: providers.Provider, claims: dict[str, Any]
) -> None:
    there.people({"dpo": {**PEOPLE["dpo"], **claims}})
    assert come(browser(), there, "dpo").status_code == 403
    assert users.by_email("dpo@osekk.example") is None


def test_b18_who_is_disabled_here_stays_out_whatever_the_provider_says(
    browser: Callable[[], Browser], there: Organisation, provider: providers.Provider
) -> None:
    one = browser()
    come(one, there, "dpo")
    user = users.by_email("dpo@osekk.example")
    assert user
    sessions.disable(user.id, by=BY)
    assert one.get("/account").status_code == 303
    assert come(browser(), there, "dpo").status_code == 403


def test_the_way_there_says_what_it_has_to(
    browser: Callable[[], Browser], there: Organisation, provider: providers.Provider
) -> None:
    one = browser()
    answer = one.get("/sign-in/with/osekk?then=//evil.example")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
    assert answer.headers["Location"].startswith(there.issuer + "/auth?")
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert len(asked["code_challenge"]) == len(asked["nonce"]) == 43 and len(asked["state"]) > 43
    assert asked["redirect_uri"] == f"{BASE}/sign-in/from/osekk"
    assert "evil" not in answer.headers["Location"]
    other = {name: values[0] for name, values in
             parse_qs(urlsplit(browser().get("/sign-in/with/osekk").headers["Location"]).query).items()}  # fmt: skip
    assert not {asked[name] for name in ("state", "nonce", "code_challenge")} & set(other.values())
    assert (one.cookie("provider") or "") not in answer.headers["Location"]


def _changed(back: str, **changes: str | None) -> str:
    parts = urlsplit(back)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name not in changes]
    query += [(name, value) for name, value in changes.items() if value is not None]
    return f"{parts.path}?{urlencode(query)}"


@pytest.mark.parametrize(
    "changes",
    [
        {"state": None}, {"state": "x"}, {"state": "x.y"}, {"state": ""},
        {"iss": "https://evil.example"}, {"iss": None},
        {"code": None}, {"code": ""}, {"code": "x"}, {"error": "access_denied"},
    ],
)  # fmt: skip
def test_an_answer_that_was_meddled_with_signs_nobody_in(
    browser: Callable[[], Browser],
    there: Organisation,
    provider: providers.Provider,
    changes: dict[str, str | None],
) -> None:
    one = browser()
    back = there.sign_in(one.get("/sign-in/with/osekk").headers["Location"], "dpo")
    answer = one.get(_changed(back, **changes))
    assert answer.status_code == 403 and one.cookie("session") is None


def test_an_answer_counts_in_its_own_browser_once_in_time_and_at_its_provider(
    browser: Callable[[], Browser], there: Organisation, provider: providers.Provider, settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    add(settings, "https://other.example", key="other", client_id="x", secret=None)
    one, thief = browser(), browser()
    back = there.sign_in(one.get("/sign-in/with/osekk").headers["Location"], "dpo").removeprefix(BASE)
    assert thief.get(back).status_code == 403
    thief.get("/sign-in/with/osekk")  # with a cookie of their own
    assert thief.get(back).status_code == 403
    assert one.get(back.replace("/osekk", "/other")).status_code == 403
    assert one.get(back + "&state=x").status_code == 403
    assert one.get(back).status_code == 303
    assert one.get(back).status_code == 403  # the cookie is gone
    back = there.sign_in(thief.get("/sign-in/with/osekk").headers["Location"], "dpo").removeprefix(BASE)
    later(monkeypatch, 601)
    assert thief.get(back).status_code == 403


@pytest.mark.parametrize(
    ("site", "goes"), [("cross-site", False), ("same-site", False), ("same-origin", True), ("none", True)]
)
def test_v7_6_2_nobody_else_begins_a_session_for_somebody(
    browser: Callable[[], Browser], there: Organisation, provider: providers.Provider, site: str, goes: bool
) -> None:
    answer = browser().get("/sign-in/with/osekk?then=/account", **{"Sec-Fetch-Site": site})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(there.issuer if goes else "/sign-in?then=%2Faccount")


@pytest.mark.parametrize(
    ("amr", "status"), [(None, 403), (["pwd"], 403), (["pwd", "mfa"], 303), (["otp"], 303)]
)
def test_v6_8_4_where_a_second_factor_is_required_the_provider_has_to_say_that_there_was_one(
    there: Organisation, provider: providers.Provider, settings: Settings, amr: list[str] | None, status: int
) -> None:
    there.people({"dpo": {**PEOPLE["dpo"], "amr": amr}})
    rooms = [oauth.blueprint, routes.blueprint, account.blueprint, arriving.blueprint, doors()]
    one = Browser(application(replace(settings, second_factor="required"), rooms).test_client())
    assert come(one, there, "dpo").status_code == status
    assert one.get("/account").status_code == (200 if status == 303 else 303)


def test_a_provider_that_is_away_is_said(browser: Callable[[], Browser], settings: Settings) -> None:
    add(settings, "http://127.0.0.1:9")
    answer = browser().get("/sign-in/with/osekk", **{"Accept-Language": "en"})
    assert answer.status_code == 503 and "does not answer" in answer.text
    assert browser().get("/sign-in/with/nobody").status_code == 404


def test_disabling_a_provider_ends_what_came_from_it(
    browser: Callable[[], Browser], there: Organisation, provider: providers.Provider, app: Flask
) -> None:
    one = browser()
    come(one, there, "dpo")
    token = there.token(AUDIENCE)
    assert ask(app, token).status_code == 200
    foreign.disable("osekk", by=BY)
    user = users.by_email("dpo@osekk.example")
    assert user and roles_of(user) == []
    assert one.get("/account").status_code == 303
    assert one.get("/sign-in/with/osekk").status_code == 404
    assert "OSEKK" not in one.get("/sign-in").text
    assert ask(app, token).status_code == 401
    assert verify().faults == ()


# Tokens at the API


def ask(app: Flask, token: str, path: str = "/of/osekk", method: str = "GET") -> Any:
    return app.test_client().open(
        path, method=method, headers={"Authorization": f"Bearer {token}"}, base_url=BASE
    )


def test_a_machines_token_is_taken_as_what_its_groups_give(
    app: Flask, there: Organisation, provider: providers.Provider
) -> None:
    token = there.token(AUDIENCE, "registers:read")
    assert ask(app, token).status_code == 200
    assert ask(app, token, "/of/seamk").status_code == 404
    who = ask(app, token, "/who").json
    assert who["id"].startswith("provider/osekk/") and who["controllers"] == ["osekk"]
    assert who["scopes"] == ["registers:read"]  # its scope narrows it
    assert ask(app, token, "/both").status_code == 403
    assert ask(app, token, "/write", "POST").status_code == 403


def test_b17_a_token_for_another_audience_is_none(
    app: Flask, there: Organisation, provider: providers.Provider
) -> None:
    answer = ask(app, there.token("https://other.example"))
    assert answer.status_code == 401 and "invalid_token" in answer.headers["WWW-Authenticate"]


def test_without_an_audience_no_token_is_taken(app: Flask, there: Organisation, settings: Settings) -> None:
    add(settings, there.issuer, audience=None)
    assert ask(app, there.token(AUDIENCE)).status_code == 401


def test_an_id_token_is_no_access_token(
    app: Flask, browser: Callable[[], Browser], there: Organisation, provider: providers.Provider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    seen: list[str] = []
    asked = metadata.asked

    def spy(method: str, url: str, **more: Any) -> Any:
        status, got = asked(method, url, **more)
        seen.extend([got["id_token"]] if isinstance(got, dict) and "id_token" in got else [])
        return status, got

    monkeypatch.setattr(metadata, "asked", spy)
    come(browser(), there, "dpo")
    assert len(seen) == 1 and ask(app, seen[0]).status_code == 401


def test_keys_turn_and_unknown_ones_are_not_asked_for_without_end(
    app: Flask, there: Organisation, provider: providers.Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = there.token(AUDIENCE)
    assert ask(app, before).status_code == 200
    there.turn()
    after, asked = there.token(AUDIENCE), there.fetched()
    moment = metadata.time.monotonic()
    monkeypatch.setattr(metadata.time, "monotonic", lambda: moment)
    assert [ask(app, after).status_code for _ in range(5)] == [401] * 5  # just asked: not again so soon
    assert there.fetched() == asked
    monkeypatch.setattr(metadata.time, "monotonic", lambda: moment + metadata.PATIENT)
    assert [ask(app, after).status_code for _ in range(5)] == [200] * 5
    assert there.fetched() == asked + 1
    assert ask(app, before).status_code == 401  # the old key is no more
    monkeypatch.setattr(metadata.time, "monotonic", lambda: moment + metadata.PATIENT + metadata.KEPT)
    assert ask(app, after).status_code == 200
    assert there.fetched() == asked + 2


# What no honest provider would say: keys of ours in the place of its own.

RSA, OTHER, EC = RSAKey.generate_key(2048), RSAKey.generate_key(2048), ECKey.generate_key("P-256")
ISSUER = "https://idp.example"


@pytest.fixture
def ours(settings: Settings, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A provider whose keys we have: r for RSA, e for elliptic curves."""
    add(settings, ISSUER)
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    jwks = {"keys": [{**RSA.as_dict(private=False), "kid": "r"}, {**EC.as_dict(private=False), "kid": "e"}]}
    told = {
        "issuer": ISSUER, "jwks_uri": ISSUER + "/jwks", "authorization_endpoint": ISSUER + "/a",
        "token_endpoint": ISSUER + "/t",
    }  # fmt: skip

    def asked(method: str, url: str, **_: Any) -> tuple[int, Any]:
        return 200, jwks if url.endswith("/jwks") else told

    monkeypatch.setattr(metadata, "asked", asked)
    metadata.forget(ISSUER)
    return app


def now() -> int:
    return int(datetime.fromisoformat(clock.now()).timestamp())


def signed(claims: dict[str, Any] | None = None, header: dict[str, Any] | None = None, key: Any = RSA) -> str:
    """A token that would be taken, but for what is changed (None: left out)."""
    said = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "job", "exp": now() + 300, "iat": now(),
        "groups": ["ropa-reader"], **(claims or {}),
    }  # fmt: skip
    heads = {"alg": "RS256", "kid": "r", "typ": "at+jwt", **(header or {})}
    return jwt.encode(
        {name: value for name, value in heads.items() if value is not None},
        {name: value for name, value in said.items() if value is not None}, key,
        algorithms=[str(heads["alg"])],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({}, {}), ({}, {"typ": "JWT"}), ({}, {"typ": None}), ({}, {"typ": "application/at+jwt"}),
        ({}, {"alg": "PS256"}),
        ({"aud": ["https://other.example", AUDIENCE]}, {}), ({"nbf": 1}, {}), ({"iat": None}, {}),
        ({"scope": "openid profile"}, {}),
    ],
)  # fmt: skip
def test_a_token_as_providers_issue_them_is_taken(
    ours: Flask, claims: dict[str, Any], header: dict[str, Any]
) -> None:
    assert ask(ours, signed(claims, header)).status_code == 200


def test_a_token_signed_with_elliptic_curves_is_taken(ours: Flask) -> None:
    assert ask(ours, signed(header={"alg": "ES256", "kid": "e"}, key=EC)).status_code == 200


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({"aud": "https://other.example"}, {}), ({"aud": None}, {}), ({"aud": []}, {}), ({"aud": AUDIENCE + "/"}, {}),
        ({"aud": {"x": AUDIENCE}}, {}), ({"aud": "registry"}, {}),
        ({"iss": "https://evil.example"}, {}), ({"iss": None}, {}), ({"iss": ISSUER + "/"}, {}),
        ({"iss": [ISSUER]}, {}),
        ({"exp": None}, {}), ({"exp": "soon"}, {}), ({"exp": True}, {}), ({"exp": 1e300}, {}),
        ({"sub": None}, {}), ({"sub": ""}, {}), ({"sub": 7}, {}), ({"sub": "x" * 300}, {}),
        ({"nbf": "later"}, {}), ({"nonce": "x"}, {}), ({"at_hash": "x"}, {}),
        ({}, {"typ": "logout+jwt"}), ({}, {"typ": "dpop+jwt"}), ({}, {"typ": "id_token"}), ({}, {"typ": "JWE"}),
        ({}, {"kid": "unknown"}), ({}, {"kid": None}), ({}, {"kid": "e"}), ({}, {"crit": ["exp"]}),
        ({}, {"alg": "RS512"}),
    ],
)  # fmt: skip
def test_b17_b18_a_token_that_is_not_for_us_or_not_whole_is_refused(
    ours: Flask, claims: dict[str, Any], header: dict[str, Any]
) -> None:
    try:
        token = signed(claims, header)
    except (JoseError, ValueError, TypeError):  # the library will not even write it
        token = by_hand({**_good(), **claims}, {"alg": "RS256", "kid": "r", **header})
    assert ask(ours, token).status_code == 401


@pytest.mark.parametrize(
    ("seconds", "status"), [(-3600, 401), (-31, 401), (-29, 200), (86_000, 200), (86_500, 401), (10**9, 401)]
)
def test_b18_a_token_ends_and_none_lives_for_ever(ours: Flask, seconds: int, status: int) -> None:
    assert ask(ours, signed({"exp": now() + seconds})).status_code == status


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_b18_a_token_begins(ours: Flask, claim: str) -> None:
    assert ask(ours, signed({claim: now() + 3600})).status_code == 401
    assert ask(ours, signed({claim: now() + 5})).status_code == 200


def _good() -> dict[str, Any]:
    return {"iss": ISSUER, "aud": AUDIENCE, "sub": "job", "exp": now() + 300, "groups": ["ropa-reader"]}


def by_hand(claims: dict[str, Any], header: dict[str, Any], signature: bytes = b"x") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(_base64(part) for part in parts)


def confused() -> str:
    """A token whose signature is an HMAC with the public key, which everybody knows."""
    told = by_hand(_good(), {"alg": "HS256", "kid": "r"}).rpartition(".")[0]
    return f"{told}.{_base64(hmac.digest(RSA.as_pem(private=False), told.encode(), 'sha256'))}"


def test_nobody_else_signs(ours: Flask) -> None:
    embedded = OTHER.as_dict(private=False)
    head, body, signature = signed().split(".")
    wrong = {
        "another key": signed(key=OTHER),
        "none": by_hand(_good(), {"alg": "none", "kid": "r"}, b""),
        "None": by_hand(_good(), {"alg": "None", "kid": "r"}, b""),
        "unsigned": f"{head}.{body}.",
        "the public key as a secret": confused(),
        "a key of its own": jwt.encode({"alg": "RS256", "kid": "r", "jwk": embedded}, _good(), OTHER),
        "another claim": f"{head}.{by_hand({**_good(), 'groups': ['ropa-dpo']}, {}).split('.')[1]}.{signature}",
        "half": signed()[:-20],
        "rubbish": "a.b.c", "dots": "..", "long": signed({"x": "y" * 7000})[:8000], "other": ".".join("x" * 4),
        "deep": by_hand({"iss": ISSUER}, {}).split(".")[0] + "." + "W1tb" * 1500 + ".x",
    }  # fmt: skip
    assert {name: ask(ours, token).status_code for name, token in wrong.items()} == dict.fromkeys(wrong, 401)
    assert ask(ours, signed()).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 303), ({"nonce": "x"}, 403), ({"nonce": None}, 403), ({"aud": AUDIENCE}, 403), ({"aud": None}, 403),
        ({"aud": ["registry", "other"]}, 403), ({"aud": ["registry", "other"], "azp": "registry"}, 303),
        ({"azp": "other"}, 403), ({"iss": "https://evil.example"}, 403), ({"exp": 1}, 403), ({"exp": None}, 403),
        ({"iat": None}, 403), ({"sub": None}, 403), ({"sub": ""}, 403), ({"sub": 7}, 403), ({"at_hash": "x"}, 403),
    ],
)  # fmt: skip
def test_an_id_token_that_is_not_for_this_sign_in_signs_nobody_in(
    ours: Flask, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], status: int
) -> None:
    one = Browser(ours.test_client())
    sent = parse_qs(urlsplit(one.get("/sign-in/with/osekk").headers["Location"]).query)
    claims = {
        "aud": "registry", "nonce": sent["nonce"][0], "email": "dpo@osekk.example", "groups": ["ropa-dpo"], **changes,
    }  # fmt: skip
    known = metadata.asked

    def asked(method: str, url: str, **more: Any) -> Any:
        if url != ISSUER + "/t":
            return known(method, url, **more)
        assert more["form"]["code_verifier"] and more["headers"]["Authorization"].startswith("Basic ")
        return 200, {"id_token": signed(claims, {"typ": "JWT"}), "access_token": "x", "token_type": "Bearer"}

    monkeypatch.setattr(metadata, "asked", asked)
    answer = one.get(f"/sign-in/from/osekk?code=c&state={sent['state'][0]}")
    assert answer.status_code == status
    assert (one.cookie("session") is not None) == (status == 303)


def test_metadata_of_another_issuer_are_refused(ours: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    known = metadata.asked

    def asked(method: str, url: str, **more: Any) -> Any:
        status, told = known(method, url, **more)
        return status, {**told, "issuer": "https://evil.example"} if "issuer" in told else told

    monkeypatch.setattr(metadata, "asked", asked)
    metadata.forget(ISSUER)
    assert Browser(ours.test_client()).get("/sign-in/with/osekk").status_code == 503
    metadata.forget(ISSUER)
    assert ask(ours, signed()).status_code == 503


def test_groups_are_found_where_they_are_said_to_be(ours: Flask) -> None:
    told = [({"realm_access": {"roles": ["a", 7, None]}}, "realm_access.roles", {"a"}),
            ({"groups": "one"}, "groups", {"one"}),
            ({"https://x.example/g": ["a"]}, "https://x.example/g", {"a"}), ({"groups": {"a": 1}}, "groups", set()),
            ({}, "groups", set()), ({"a": [1]}, "a.b.c", set())]  # fmt: skip
    for claims, path, found in told:
        assert foreign.openid.groups(claims, path) == found
    assert ask(ours, signed({"groups": []})).status_code == 403
    assert ask(ours, signed({"groups": None})).status_code == 403
    assert ask(ours, signed({"groups": ["ropa-group"]}), "/of/seamk").status_code == 200


def test_a_token_of_somebody_who_is_here_is_theirs_and_ends_with_them(ours: Flask) -> None:
    user = users.add_user(email="a@osekk.example", name="A", language="fi", by=BY)
    providers.link(providers.the("osekk"), "job", user, by=BY)
    assert ask(ours, signed(), "/who").json["id"] == user.actor
    sessions.disable(user.id, by=BY)
    assert ask(ours, signed()).status_code == 401


def test_scopes_without_a_narrowing_are_those_of_the_roles(ours: Flask) -> None:
    assert set(ask(ours, signed(), "/who").json["scopes"]) == set(SCOPES)
    assert ask(ours, signed(), "/write", "POST").status_code in (403, 404)


def test_a_provider_that_does_not_answer_is_not_asked_again_and_again(
    ours: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def away(_: str, url: str, **__: Any) -> Any:
        asked.append(url)
        raise metadata.Unreachable

    monkeypatch.setattr(metadata, "asked", away)
    metadata.forget(ISSUER)
    assert [ask(ours, signed()).status_code for _ in range(20)] == [503] * 20
    assert len(asked) == 1


def test_provider_unreachable_is_503_and_not_a_refusal(ours: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise metadata.Unreachable

    monkeypatch.setattr(metadata, "asked", away)
    metadata.forget(ISSUER)
    answer = ask(ours, signed())
    assert answer.status_code == 503 and answer.json["code"] == "provider_unavailable"


# How a provider is added


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "Not A Key"}, {"name": ""}, {"issuer": "ftp://x.example"}, {"issuer": "https://x.example?y"},
        {"issuer": "x"},
        {"client_id": ""}, {"audience": "registry"}, {"audience": ""}, {"mapping": [("g", "owner@osekk")]},
        {"mapping": [("g", "dpo")]}, {"mapping": [("g", "auditor@osekk")]}, {"mapping": [("", "dpo@osekk")]},
    ],
)  # fmt: skip
def test_a_provider_that_cannot_be_is_not_added(settings: Settings, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        add(settings, **{"issuer": "https://x.example", **wrong})
    assert providers.listed() == []


def test_b30_the_secret_of_a_provider_is_sealed(settings: Settings, provider: providers.Provider) -> None:
    assert provider.secret.startswith("s1.") and SECRET not in provider.secret
    assert provider.opened(settings) == SECRET
    assert SECRET not in str(entries(action="provider.added"))
    with pytest.raises(Invalid) as wrong:
        add(Settings(), "https://x.example", key="x")
    assert wrong.value.code == "no_sealing_key"


def test_registry_provider(opened: str, there: Organisation, settings: Settings) -> None:
    environ = {
        "REGISTRY_DATABASE": opened, "REGISTRY_BASE_URL": BASE, "REGISTRY_SECRET_KEY": settings.secret_key,
        "REGISTRY_OUTBOUND_NETWORKS": "127.0.0.0/8",
    }  # fmt: skip

    def run(*words: str, given: str = "") -> Any:
        return CliRunner().invoke(main, ["provider", *words], env=environ, input=given)

    said = ["--name", "OSEKK", "--issuer", there.issuer, "--client-id", "registry", "--secret-file", "-"]
    done = run("add", "osekk", *said, "--map", "cn=x,ou=y=dpo@osekk", given=SECRET + "\n")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert (
        told["redirect_uri"] == f"{BASE}/sign-in/from/osekk"
        and told["secret"] is True
        and SECRET not in done.output
    )
    assert told["mapping"] == ["cn=x,ou=y=dpo@osekk"]
    user = users.add_user(email="a@osekk.example", name="A", language="fi", by=BY)
    assert run("link", "osekk", "a@osekk.example", "subject 1").exit_code == 0
    assert providers.user_of(there.issuer, "subject 1") == user
    assert run("link", "osekk", "a@osekk.example", "subject 1").exit_code == 1
    assert run("disable", "osekk").exit_code == 0
    assert json.loads(run("list").output)["disabled_at"]
    bad = run("add", "other", "--name", "X", "--issuer", "http://127.0.0.1:9", "--client-id", "x")
    assert bad.exit_code == 1 and "does not answer" in bad.output and "Traceback" not in bad.output
    assert PASSWORD not in done.output
