"""An application with the pages of signing in, a cheap hasher, and browsers that keep their cookies."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from registry import clock
from registry.api.application import application
from registry.keys import sealing
from registry.people import account, links, passwords, routes, users
from registry.settings import Settings

BASE = "https://registry.example"
PASSWORD = "seitsemän veljestä kivellä"
BY = "operator"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same argon2id with hardly any memory: what it costs is a matter of its own test."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(1, 8, 1))
    passwords._nobodys.cache_clear()


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands unless a test moves it: who waits, and which code is right, is no matter of our speed."""
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)


@dataclass
class Browser:
    """Keeps cookies, follows nothing by itself, sends forms as they are on the page."""

    client: FlaskClient
    agent: str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> TestResponse:
        said = {"Accept": "text/html", "User-Agent": self.agent, **self.headers, **headers}
        return self.client.get(path, headers=said, base_url=BASE)

    def send(self, path: str, _of: str | None = None, **fields: str) -> TestResponse:
        """Opens the page (`_of`, else the path) for its form's token, and sends the form to the path."""
        page = self.get(_of or path)
        return self.post(path, form=token(page.text), **fields)

    def post(self, path: str, _headers: dict[str, str] | None = None, **fields: Any) -> TestResponse:
        said = {"Accept": "text/html", "User-Agent": self.agent, **self.headers, **(_headers or {})}
        return self.client.post(path, data=fields, headers=said, base_url=BASE)

    def cookie(self, kind: str) -> str | None:
        found = self.client.get_cookie(f"__Host-{kind}", domain="registry.example")
        return found.value if found else None

    def sign_in(self, email: str, password: str = PASSWORD, **more: str) -> TestResponse:
        return self.send("/sign-in", email=email, password=password, **more)


def token(page: str) -> str:
    found = re.search(r'name="form" value="([0-9a-f]{64})"', page)
    assert found, page
    return found[1]


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return unescape(found[1])


@pytest.fixture
def settings(opened: str) -> Settings:
    return Settings(database=opened, base_url=BASE, secret_key=KEY)


KEY = sealing.new_key()


@pytest.fixture
def app(settings: Settings) -> Flask:
    return application(settings, [routes.blueprint, account.blueprint])


@pytest.fixture
def browser(app: Flask) -> Callable[[], Browser]:
    """A new browser, unknown to everybody."""
    return lambda: Browser(app.test_client())


@pytest.fixture
def person(opened: str) -> Callable[..., users.User]:
    """Adds a person with a password."""

    def made(email: str = "dpo@acme.example", password: str | None = PASSWORD, **more: Any) -> users.User:
        said = {"name": "DPO of Acme", "language": "en", **more}
        user = users.add_user(email=email, by=BY, **said)
        if password is not None:
            links.put_password(user, passwords.hashed(password), by=BY)
        return users.the(user.id)

    return made
