"""Allowing a program something, in a real browser: from the sign-in page to the program's own address, which is another
origin; refusing; a device's code; every page in three languages, narrow and wide."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from argon2 import PasswordHasher
from werkzeug.serving import make_server

from registry import db
from registry.app import create_app
from registry.auth.clients import stored as clients
from registry.auth.clients.registration import CODE, DEVICE, PUBLIC, REFRESH, Registration
from registry.auth.roles import duties, giving
from registry.auth.server import pages as auth_pages
from registry.auth.tokens import devices
from registry.limits import Limit
from registry.people import links, passwords, sessions, users
from registry.settings import Settings
from tests import engines
from tests.browser.chromium import Chromium
from tests.browser.test_signing_in import LANGUAGES, PASSWORD, WIDTHS, Screen

SCOPES = ["registers:read", "registers:write", "journal:read", "clients:write"]


@dataclass
class Place:
    """Our server, a program at another address that hears what comes back, and a person."""

    base: str
    back: str
    client: str
    command_line: str
    user: users.User
    heard: list[dict[str, list[str]]] = field(default_factory=list)

    def request(self, language: str, **other: str) -> str:
        asked = {
            "response_type": "code", "client_id": self.client, "redirect_uri": self.back, "state": "s",
            "code_challenge": "A" * 43, "code_challenge_method": "S256", "lang": language, **other,
        }  # fmt: skip
        return f"/oauth/authorize?{urlencode(asked)}"

    def device(self) -> str:
        client = clients.find(self.command_line)
        assert client is not None
        return devices.ask(client, scope="registers:read", audience=self.base).user


@pytest.fixture(scope="module")
def place(databases: engines.Engines) -> Iterator[Place]:
    heard: list[dict[str, list[str]]] = []

    def program(environ: Any, start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/back":
            heard.append(parse_qs(environ["QUERY_STRING"]))
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [b"<!doctype html><title>Back</title>"]

    hasher, passwords._hasher = passwords._hasher, PasswordHasher(1, 8, 1)
    # One person tries here what six would; that codes cannot be guessed is in tests/auth.
    guesses, auth_pages.GUESSES = (
        auth_pages.GUESSES,
        (Limit("user-code", 200, 600), Limit("address", 200, 600)),
    )
    with databases.fresh("sqlite", migrated=True) as url:
        db.open(url)
        server = make_server("127.0.0.1", 0, lambda environ, start: [], threaded=True)
        other = make_server("127.0.0.1", 0, program, threaded=True)
        base = f"http://127.0.0.1:{server.server_port}"
        server.app = create_app(Settings(database=url, base_url=base))
        for one in (server, other):
            threading.Thread(target=one.serve_forever, args=(0.02,), daemon=True).start()
        how = Registration(PUBLIC, (CODE, REFRESH), ("http://127.0.0.1/back",))
        audit, _ = clients.register_client(name="Tarkastus Oy", scopes=SCOPES, how=how, by="operator")
        line, _ = clients.register_client(
            name="Komentorivi", scopes=SCOPES, how=Registration(PUBLIC, (DEVICE,)), by="operator"
        )
        user = users.add_user(email="dpo@acme.example", name="DPO of Acme", language="en", by="operator")
        links.put_password(user, passwords.hashed(PASSWORD), by="operator")
        giving.give(user.actor, duties.given("dpo", "acme"), by="operator")
        giving.give(user.actor, duties.given("reader", "other", registers=["news", "staff"]), by="operator")
        back = f"http://127.0.0.1:{other.server_port}/back"
        yield Place(base, back, audit.client_id, line.client_id, user, heard)
        for one in (server, other):
            one.shutdown()
        passwords._hasher, auth_pages.GUESSES = hasher, guesses
        db.close()


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


class Held(Screen):
    """With our policy in force, which lets no axe in; it is what a person's browser goes by."""

    def look(self) -> None:
        self.seen.append(self.chromium.run("document.title"))


def held(chromium: Chromium, place: Place, width: int, language: str) -> Held:
    chromium.ask("Network.clearBrowserCookies")
    return Held(chromium, place.base, "", width, language, [])


@pytest.fixture
def open_to_axe(chromium: Chromium) -> Iterator[None]:
    chromium.ask("Page.setBypassCSP", enabled=True)
    yield
    chromium.ask("Page.setBypassCSP", enabled=False)


def signed_in(chromium: Chromium, place: Place, axe: str, width: int, language: str) -> Screen:
    chromium.ask("Network.clearBrowserCookies")
    kind = Screen if axe else Held
    made = kind(chromium, place.base, axe, width, language, [])
    cookie = sessions.begin(place.user.id, method="password", agent="", seconds=600)
    chromium.ask(
        "Network.setCookie", name="session", value=cookie, domain="127.0.0.1", path="/", httpOnly=True
    )
    return made


def gone_back(chromium: Chromium, place: Place) -> dict[str, list[str]]:
    """What the program hears, once the browser is there."""
    assert chromium.run("location.origin + location.pathname") == place.back
    assert chromium.run("document.referrer") == ""
    return place.heard[-1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_b25_from_signing_in_to_the_program_and_no_further(
    chromium: Chromium, place: Place, width: int, language: str
) -> None:
    seen = held(chromium, place, width, language)
    seen.open(place.request(language, scope=" ".join(SCOPES)))
    seen.fill(email="dpo@acme.example", password=PASSWORD)
    seen.press()
    assert chromium.run("location.pathname") == "/oauth/authorize"
    chromium.run("window.here = true")
    chromium.run("document.querySelector('button[value=allow]').click()")
    seen.wait()
    told = gone_back(chromium, place)
    assert told["code"][0].startswith("rac_")
    assert (told["state"], told["iss"]) == (["s"], [place.base])


def test_what_was_asked_wrongly_goes_back_by_a_link_after_signing_in(
    chromium: Chromium, place: Place, width: int
) -> None:
    seen = held(chromium, place, width, "en")
    seen.open(place.request("en", scope="everything"))
    seen.fill(email="dpo@acme.example", password=PASSWORD)
    seen.press()
    chromium.run("window.here = true")
    chromium.run(f"document.querySelector('a[href^=\"{place.back}\"]').click()")
    seen.wait()
    assert gone_back(chromium, place)["error"] == ["invalid_scope"]


@pytest.mark.usefixtures("open_to_axe")
@pytest.mark.parametrize("language", LANGUAGES)
def test_g9_refusing_and_a_device_and_the_list(
    chromium: Chromium, place: Place, axe: str, width: int, language: str
) -> None:
    seen = signed_in(chromium, place, axe, width, language)
    seen.open(place.request(language))
    chromium.run("window.here = true")
    chromium.run("document.querySelector('button[value=refuse]').click()")
    seen.wait()
    assert gone_back(chromium, place)["error"] == ["access_denied"]

    code = place.device()
    seen.open(f"/oauth/device?lang={language}")
    seen.fill(user_code="BCDF-GHJK")
    seen.press()
    assert chromium.run("document.querySelector('[aria-invalid=true]').id") == "user_code"
    seen.open(f"/oauth/device?user_code={code}&lang={language}")
    assert devices.shown(code) in chromium.run("document.body.innerText")
    seen.press("button[value=allow]")
    assert parse_qs(urlsplit(chromium.run("location.href")).query)["done"] == ["allowed"]

    seen.open(f"/oauth/access?lang={language}")
    assert "Komentorivi" in chromium.run("document.body.innerText")
    seen.press(".rows button")
    assert chromium.run("document.querySelector('[role=status]') !== null")
    seen.open(f"/oauth/authorize?client_id=x&lang={language}")
    assert len(set(seen.seen)) >= 4


def test_g9_the_consent_is_given_by_keyboard(chromium: Chromium, place: Place) -> None:
    seen = signed_in(chromium, place, "", 1200, "en")
    seen.open(place.request("en"))
    for _ in range(30):
        chromium.press("Tab", 9)
        if chromium.run("document.activeElement.value") == "allow":
            break
    assert chromium.run("getComputedStyle(document.activeElement).outlineStyle") != "none"
    chromium.run("window.here = true")
    chromium.press("Enter", 13)
    seen.wait()
    assert "code" in gone_back(chromium, place)


def test_b25_the_page_is_not_shown_in_a_frame(chromium: Chromium, place: Place) -> None:
    seen = signed_in(chromium, place, "", 1200, "en")
    chromium.open(place.back.removesuffix("back"), width=1200)
    address = place.base + place.request("en")
    chromium.run(
        "new Promise(done => { const f = document.createElement('iframe'); f.onload = () => done(1);"
        f" f.src = {address!r}; document.body.append(f); }})"
    )
    assert any("frame-ancestors" in entry["entry"]["text"] for entry in chromium.told("Log.entryAdded"))
    assert seen.seen == []
