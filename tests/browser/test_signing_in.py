"""Signing in, in a real browser: by invitation, with a second step, in three languages, narrow and wide; and by the
organisation's own provider, which is a real one."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher
from werkzeug.serving import make_server

from registry import db, outbound
from registry.api.application import application
from registry.auth.providers import arriving, foreign
from registry.auth.roles import giving
from registry.auth.server import routes as oauth
from registry.keys import sealing
from registry.notices import pages
from registry.people import account, links, metadata, passwords, routes, users
from registry.settings import Settings
from tests import engines
from tests.browser.chromium import Chromium
from tests.browser.test_pages import BEYOND, SIDEWAYS
from tests.peers.openid import SECRET, organisation

PASSWORD = "seitsemän veljestä kivellä"
LANGUAGES = ("fi", "sv", "en")
WIDTHS = (320, 1200)
TAGS = '["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]'
#: Where pictures of every page are put, if anywhere.
PICTURES: Path | None = None
PATIENCE = 60.0


@dataclass
class Screen:
    """The browser at our pages: each one that is shown is looked at as it comes."""

    chromium: Chromium
    base: str
    axe: str
    width: int
    language: str
    seen: list[str]

    def open(self, path: str) -> None:
        self.chromium.open(self.base + path, width=self.width)
        self.look()

    def fill(self, **fields: str) -> None:
        for name, text in fields.items():
            assert self.chromium.run(f"!!document.querySelector('[name={name}]')"), (name, self.text())
            self.chromium.run(f"document.querySelector('[name={name}]').focus()")
            self.chromium.run(f"document.querySelector('[name={name}]').value = {json.dumps(text)}")

    def press(self, selector: str = "main form button") -> None:
        """Presses a button or a link, and waits for the page that follows."""
        self.chromium.run("window.here = true")
        self.chromium.run(f"document.querySelector({json.dumps(selector)}).click()")
        self.wait()
        self.look()

    def through(self, provider: str, issuer: str, who: str) -> None:
        """From the page of signing in through somebody else's: there by its button, in as somebody, and back."""
        self.chromium.run(
            f"window.here = true; document.querySelector('ul.others a[href*=\"/with/{provider}\"]').click()"
        )
        self.wait()
        assert self.chromium.run("location.origin") == issuer  # theirs is not for us to look at
        self.chromium.run(f"document.querySelector('[name=login]').value = {json.dumps(who)}")
        self.chromium.run("document.querySelector('[name=password]').value = 'any'")
        for _ in ("signing in", "consent"):
            self.chromium.run("window.here = true; document.querySelector('form').submit()")
            self.wait()

    def wait(self) -> None:
        ends = time.monotonic() + PATIENCE
        while not self.chromium.follows():
            assert time.monotonic() < ends, "no page followed"
            time.sleep(0.02)

    def look(self) -> None:
        """Nothing sideways, nothing from elsewhere, nothing that axe finds; the language is the one asked for."""
        title = self.chromium.run("document.title")
        self.seen.append(title)
        assert self.chromium.run("document.documentElement.lang") == self.language, title
        assert self.chromium.run(SIDEWAYS) <= 0, (title, self.chromium.run(BEYOND))
        assert self.chromium.run("document.cookie") == ""
        assert self.chromium.run("document.querySelectorAll('script, [style], [onclick]').length") == 0
        assert self.chromium.run("getComputedStyle(document.body).backgroundColor") == "rgb(251, 250, 247)"
        if PICTURES:
            self.picture(f"{len(self.seen):02}-{self.language}-{self.width}")
        self.chromium.run(self.axe + "; undefined")
        found = self.chromium.run(f"axe.run(document, {{runOnly: {TAGS}}}).then(r => r.violations)")
        assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == [], title

    def picture(self, name: str) -> None:
        import base64

        assert PICTURES
        taken = self.chromium.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        (PICTURES / f"{name}.png").write_bytes(base64.b64decode(taken))

    def text(self) -> str:
        return str(self.chromium.run("document.querySelector('main').innerText"))

    def path(self) -> str:
        return str(self.chromium.run("location.pathname"))


@pytest.fixture(scope="module")
def at(databases: engines.Engines) -> Iterator[tuple[str, Settings]]:
    """Where the pages are served, and by which settings."""
    with databases.fresh("sqlite", migrated=True) as url, pytest.MonkeyPatch.context() as patched:
        patched.setattr(passwords, "_hasher", PasswordHasher(1, 8, 1))
        passwords._nobodys.cache_clear()
        patched.setattr(routes, "FROM", routes.limits.Limit("signing in from", burst=1000, seconds=60))
        db.open(url)
        server = make_server("127.0.0.1", 0, lambda environ, start: [], threaded=True)
        base = f"http://127.0.0.1:{server.server_port}"
        settings = Settings(database=url, base_url=base, secret_key=sealing.new_key())
        rooms = [oauth.blueprint, routes.blueprint, account.blueprint, arriving.blueprint, pages.blueprint]
        server.app = application(settings, rooms)
        outbound.permit(Settings(outbound_networks="127.0.0.0/8"))
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield base, settings
        server.shutdown()
        thread.join()
        outbound.permit(Settings())
        db.close()
        passwords._nobodys.cache_clear()


@pytest.fixture
def screen(chromium: Chromium, at: tuple[str, Settings], axe: str) -> Iterator[Callable[[int, str], Screen]]:
    """A browser that nobody knows, so wide and speaking a language."""
    chromium.ask("Page.setBypassCSP", enabled=True)  # the pages let no script in, not even axe

    def made(width: int, language: str) -> Screen:
        chromium.ask("Network.clearBrowserCookies")
        chromium.ask("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
        return Screen(chromium, at[0], axe, width, language, [])

    yield made
    chromium.ask("Network.setExtraHTTPHeaders", headers={})
    chromium.ask("Network.clearBrowserCookies")
    chromium.ask("Page.setBypassCSP", enabled=False)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_g9_from_the_invitation_to_signing_out(
    screen: Callable[[int, str], Screen], at: tuple[str, Settings], language: str, width: int
) -> None:
    one = screen(width, language)
    email = f"dpo-{language}-{width}@acme.example"
    user = users.add_user(email=email, name="Tietosuojavastaava", language=language, by="operator")
    link = links.invite(user.id, by="operator", seconds=600)
    # The invitation, a password that is guessed first, a good one.
    one.open(f"/set-password?link={link}")
    one.fill(new="salasana1234", again="salasana1234")
    one.press()
    assert (
        one.path() == "/set-password"
        and one.chromium.run("document.querySelectorAll('[role=alert]').length") == 1
    )
    one.fill(new=PASSWORD, again=PASSWORD)
    one.press()
    assert one.path() == "/sign-in"
    # Wrong, then right.
    one.fill(email=email, password="wrong")
    one.press()
    assert one.chromium.run("document.querySelector('[name=password]').value") == ""
    one.fill(password=PASSWORD)
    one.press()
    assert one.path() == "/account"
    # A second step.
    one.press("a[href*='second-factor']")
    assert one.chromium.run("document.querySelector('.qr svg').getBoundingClientRect().width") > 100
    secret = one.chromium.run("document.querySelector('code').textContent").replace(" ", "")
    totp = pyotp.TOTP(secret)
    one.fill(password=PASSWORD, code="000000")
    one.press()
    one.fill(password=PASSWORD, code=totp.now())
    one.press()
    codes = re.findall(r"[a-z2-7]{6}(?:-[a-z2-7]{6}){3}", one.text())
    assert len(codes) == 10
    one.press("main a.button")
    # The rest of the account.
    one.open("/account/password")
    one.open("/account/second-factor/change")
    one.open("/account")
    one.press("header form button")  # out
    assert one.path() == "/sign-in"
    # In again, with both steps, and once with a code on paper.
    one.fill(email=email, password=PASSWORD)
    one.press()
    assert one.path() == "/sign-in/code"
    one.fill(code=totp.at(int(time.time()) + 30))  # that of now was used
    one.press()
    assert one.path() == "/account"
    one.press("header form button")
    one.open("/sign-in/code")
    one.open(f"/set-password?link={link}")  # spent
    assert one.chromium.run("document.querySelectorAll('form').length") == 0
    assert len(one.seen) == 18 and len(set(one.seen)) >= 8, one.seen


def test_g9_everything_is_reached_and_sent_by_keyboard(
    screen: Callable[[int, str], Screen], at: tuple[str, Settings]
) -> None:
    user = users.add_user(email="keys@acme.example", name="Keys", language="en", by="operator")
    links.put_password(user, passwords.hashed(PASSWORD), by="operator")
    one = screen(320, "en")
    one.open("/sign-in")
    reached = []
    for _ in range(12):
        one.chromium.press("Tab", 9)
        name = one.chromium.run("document.activeElement.name || document.activeElement.tagName")
        outlined = one.chromium.run("getComputedStyle(document.activeElement).outlineStyle")
        assert outlined != "none", name
        reached.append(name)
        if name == "email":
            one.chromium.ask("Input.insertText", text=user.email)
        if name == "password":
            one.chromium.ask("Input.insertText", text=PASSWORD)
            break
    assert reached[0] == "A" and reached[-2:] == ["email", "password"]
    one.chromium.run("window.here = true")
    one.chromium.press("Enter", 13)
    one.wait()
    assert one.path() == "/account"


@pytest.mark.parametrize(("width", "language"), [(320, "fi"), (1200, "sv")])
def test_signing_in_at_the_organisations_own_provider(
    screen: Callable[[int, str], Screen], at: tuple[str, Settings], width: int, language: str
) -> None:
    base, settings = at
    one, key = screen(width, language), f"osekk{width}"
    with organisation(f"{base}/sign-in/from/{key}") as there:
        metadata.forget(there.issuer)
        provider = foreign.add(
            key=key, name="OSEKK", issuer=there.issuer, client_id="registry", secret=SECRET, audience=base,
            groups_claim="groups", mapping=[("ropa-dpo", "dpo@osekk")], by="operator", settings=settings,
        )  # fmt: skip
        there.people(
            {"dpo": {"email": f"dpo{width}@osekk.example", "name": "DPO of OSEKK", "groups": ["ropa-dpo"]}}
        )
        one.open("/sign-in?then=/account")
        one.through(key, there.issuer, "dpo")
        assert one.path() == "/account"
        user = users.by_email(f"dpo{width}@osekk.example")
        assert user
        users.set_language(user.id, language, by="operator")
        one.open("/account")
        assert "DPO of OSEKK" in one.text()
        assert [str(row.given) for row in giving.of(user.actor)] == ["dpo@osekk"]
        foreign.disable(provider.key, by="operator")
        one.open("/account")
        assert one.path() == "/sign-in"
