"""An auditor's afternoon: invited by the DPO, signs in in a real browser, by a password or at the provider of the firm,
which is a real one; allows the firm's program to read; it reads
records as of a past day, findings and the journal; another controller is not there; the engagement is ended, and the
next call refused; the DPO sees what was read."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
import requests
from argon2 import PasswordHasher
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from registry import clock, db, outbound
from registry.app import create_app
from registry.auth.clients import stored as clients
from registry.auth.clients.registration import CODE, PUBLIC, REFRESH, Registration
from registry.auth.providers import foreign
from registry.auth.scopes import SCOPES
from registry.auth.tokens import access as tokens
from registry.catalogue import load
from registry.checks.runs import running
from registry.keys import sealing
from registry.notices import publish
from registry.people import metadata, passwords, providers, sessions, users
from registry.settings import Settings
from tests import engines
from tests.browser.chromium import Chromium
from tests.browser.test_signing_in import PASSWORD, Screen
from tests.notices.conftest import FIXTURES
from tests.peers.openid import SECRET, organisation

READ = "controllers:read registers:read findings:read journal:read"
BY = "operator"
SEALING = sealing.new_key()


@dataclass
class Firm:
    """The auditor's program on a port of its own: it waits for the answer of the consent page, and asks the API."""

    registry: str
    base: str
    client_id: str = ""
    came: list[dict[str, list[str]]] = field(default_factory=list)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    token: str = ""

    @property
    def back(self) -> str:
        return f"{self.base}/back"

    def address(self) -> str:
        """Where the auditor is sent to allow it to read."""
        asked = {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": self.back, "scope": READ,
            "state": "s", "code_challenge": create_s256_code_challenge(self.verifier), "code_challenge_method": "S256",
        }  # fmt: skip
        return "/oauth/authorize?" + urlencode(asked)

    def redeem(self) -> None:
        (code,) = self.came[-1]["code"]
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.back, "client_id": self.client_id,
            "code_verifier": self.verifier,
        }  # fmt: skip
        answer = requests.post(f"{self.registry}/oauth/token", data=form, timeout=120)
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]

    def get(self, path: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.get(self.registry + path, headers=headers, timeout=120)


@pytest.fixture(scope="module")
def registry(databases: engines.Engines) -> Iterator[str]:
    """The whole application with the five registers, checked and published."""
    with databases.fresh("sqlite", migrated=True) as url, pytest.MonkeyPatch.context() as patched:
        patched.setattr(passwords, "_hasher", PasswordHasher(1, 8, 1))
        passwords._nobodys.cache_clear()
        server = make_server("127.0.0.1", 0, lambda environ, start: [], threaded=True)
        base = f"http://127.0.0.1:{server.server_port}"
        server.app = create_app(
            Settings(database=url, base_url=base, secret_key=SEALING, outbound_networks="127.0.0.0/8")
        )
        items = load.read(sorted(FIXTURES.glob("*.yaml")))
        load.apply(items, by=BY)
        running.run(running.Scope(), by=BY)
        for one in items:
            if one.kind == "register":
                publish.publish(one.controller, one.key, by=BY)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield base
        server.shutdown()
        thread.join()
        server.server_close()
        outbound.permit(Settings())
        db.close()
        passwords._nobodys.cache_clear()


@pytest.fixture
def firm(registry: str) -> Iterator[Firm]:
    @Request.application
    def listens(request: Request) -> Response:
        if request.path == "/back":
            here.came.append(parse_qs(request.query_string.decode()))
        page = "<!doctype html><html lang='en'><title>Firm</title><main>You may close this.</main>"
        return Response(page, mimetype="text/html")

    server = make_server("127.0.0.1", 0, listens, threaded=True)
    here = Firm(registry, f"http://127.0.0.1:{server.server_port}")
    how = Registration(PUBLIC, (CODE, REFRESH), ("http://127.0.0.1/back",))
    made, _ = clients.register_client(name="Firm's workbench", scopes=READ.split(), how=how, by=BY)
    here.client_id = made.client_id
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield here
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def dpo(registry: str) -> Callable[..., requests.Response]:
    """The DPO of OSEKK, at the API."""
    made, _ = clients.register_client(name="DPO", scopes=tuple(SCOPES), controllers=["osekk"], by=BY)
    token = tokens.issue(
        client_id=made.client_id, scopes=tuple(SCOPES), audience=registry, seconds=3600, by=BY
    ).token

    def ask(method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        sent = {"Authorization": f"Bearer {token}", **headers}
        return requests.request(method, registry + path, json=body, headers=sent, timeout=120)

    return ask


def begun(user_id: str) -> list[str]:
    """How sessions of somebody were begun."""
    return [one.method for one in sessions.Session.select().where(sessions.Session.user == user_id)]


def by_a_password(screen: Screen, firm: Firm, mailbox: str, invitation: str) -> None:
    """By the invitation, which asks for a password; then on the way to what the program asks."""
    screen.open(invitation.removeprefix(firm.registry))
    screen.fill(new=PASSWORD, again=PASSWORD)
    screen.press()
    screen.open(firm.address())
    assert screen.path() == "/sign-in"
    screen.fill(email=mailbox, password=PASSWORD)
    screen.press()


def at_their_provider(screen: Screen, firm: Firm, mailbox: str, invitation: str) -> None:
    """At the provider of the firm, where the operator has said who the auditor is; there is never a password here."""
    key, who = f"firm-{screen.language}", f"auditor-{screen.language}"
    with organisation(f"{firm.registry}/sign-in/from/{key}") as there:
        metadata.forget(there.issuer)
        provider = foreign.add(
            key=key, name="The firm", issuer=there.issuer, client_id="registry", secret=SECRET, audience=None,
            groups_claim="groups", mapping=[], by=BY, settings=Settings(secret_key=SEALING),
        )  # fmt: skip
        there.people({who: {"email": mailbox, "name": "Auditor of Firm", "groups": ["auditors"]}})
        user = users.by_email(mailbox)
        assert user
        screen.open(firm.address())
        assert screen.path() == "/sign-in"
        screen.through(key, there.issuer, who)
        # The mailbox alone is nobody: whoever runs a provider could say any.
        assert screen.path() == f"/sign-in/from/{key}" and begun(user.id) == []
        screen.look()
        first = {"fi": "Avaa ensin kutsusi", "en": "Open your invitation first"}[screen.language]
        assert first in screen.text()
        providers.link(provider, who, user, by=BY)
        screen.chromium.ask("Network.clearBrowserCookies")  # those of the provider, which would ask nothing
        screen.open(firm.address())
        screen.through(key, there.issuer, who)
        assert begun(user.id) == [provider.actor]
        screen.look()


@pytest.mark.parametrize("signs_in", [by_a_password, at_their_provider])
@pytest.mark.parametrize(("width", "language"), [(320, "fi"), (1200, "en")])
def test_an_auditors_afternoon(
    chromium: Chromium,
    axe: str,
    registry: str,
    firm: Firm,
    dpo: Callable[..., requests.Response],
    width: int,
    language: str,
    signs_in: Callable[[Screen, Firm, str, str], None],
) -> None:
    today = clock.day_of(clock.now())
    mailbox = f"{signs_in.__name__}-{language}@firm.example"
    terms = {
        "controller": "osekk",
        "auditor": {"email": mailbox, "name": "Auditor of Firm", "language": language},
        "registers": ["opintori"],
        "since": "2018-01-01",
        "sees": ["findings", "journal"],
        "purpose": "The audit of the autumn.",
        "ends_on": (today + timedelta(days=14)).isoformat(),
    }
    opened = dpo("POST", "/v1/audits", terms)
    assert opened.status_code == 201, opened.text
    audit, invitation = opened.headers["Location"], opened.json()["invitation"]
    # In the browser: signing in on the way to what the program asks, and allowing it.
    chromium.ask("Page.setBypassCSP", enabled=True)
    chromium.ask("Network.clearBrowserCookies")
    chromium.ask("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
    try:
        screen = Screen(chromium, registry, axe, width, language, [])
        signs_in(screen, firm, mailbox, invitation)
        assert screen.path() == "/oauth/authorize"
        said = screen.text()
        assert all(word in said for word in ("Firm's workbench", "opintori")), said
        assert str(today.year) in said
        chromium.run("window.here = true; document.querySelector('button[value=allow]').click()")
        screen.wait()
    finally:
        chromium.ask("Network.setExtraHTTPHeaders", headers={})
        chromium.ask("Network.clearBrowserCookies")
        chromium.ask("Page.setBypassCSP", enabled=False)
    assert screen.seen[-1] and len(screen.seen) == 4
    # The program, on the auditor's behalf.
    firm.redeem()
    asked = [
        ("/v1/registers?controller=osekk", 200),
        ("/v1/registers/osekk/opintori", 200),
        ("/v1/registers/osekk/opintori?as_of=2018-06-01", 200),
        ("/v1/registers/osekk/opintori?as_of=2017-06-01", 403),  # before the period
        ("/v1/findings?register=osekk/opintori&kind=fail", 200),
        ("/v1/findings?register=osekk/opintori&as_of=2020-07-16&known_at=2090-01-01T00:00:00Z", 200),
        ("/v1/journal?controller=osekk", 200),
    ]
    for path, status in asked:
        answer = firm.get(path)
        assert answer.status_code == status, (path, answer.text)
        if "items" in answer.json():
            assert answer.json()["items"], path
    elsewhere = [
        firm.get(path) for path in ("/v1/registers/seamk/library-chat", "/v1/registers/nobody/nothing")
    ]
    assert [answer.status_code for answer in elsewhere] == [404, 404]
    assert elsewhere[0].content == elsewhere[1].content
    assert firm.get("/v1/audits").status_code == 403
    assert firm.get("/v1/observations").status_code == 403  # not in the engagement
    # The DPO ends it; the next call is refused.
    ended = dpo("DELETE", audit, **{"If-Match": opened.headers["ETag"]})
    assert ended.status_code == 200, ended.text
    refused = firm.get("/v1/registers/osekk/opintori")
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    # What the DPO sees.
    rows = dpo("GET", f"{audit}/reads?limit=200").json()["items"]
    assert [(row["target"], row["status"]) for row in rows] == asked
    user = users.by_email(mailbox)
    assert user and (user.password is None) == (signs_in is at_their_provider)
    assert {(row["who"], row["client"]) for row in rows} == {(user.actor, firm.client_id)}
    assert rows[2]["as_of"] == "2018-06-01"
