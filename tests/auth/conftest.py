"""An application with a few doors, behind the real guard and the real authorization server; and a real server of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from registry.api.application import application
from registry.api.blueprint import Blueprint
from registry.api.door import holder, mine, public, require
from registry.auth.clients import stored as clients
from registry.auth.roles import duties, giving
from registry.auth.server import pages, routes
from registry.auth.tokens import access as tokens
from registry.people import account, sessions, users
from registry.people import routes as signing
from registry.settings import Settings
from tests.auth.asking import BASE, Known


def doors() -> Blueprint:
    """Something to ask for: open to all, to readers, to writers, and to those who see a controller."""
    blueprint = Blueprint("doors", __name__)

    @public
    @blueprint.route("/open", methods=["GET", "POST"])
    def wide_open() -> dict[str, str]:
        return {"open": "yes"}

    @require("registers:read")
    @blueprint.route("/who", methods=["GET", "POST"])
    def who() -> dict[str, Any]:
        asking = holder()
        seen = None if asking.controllers is None else sorted(asking.controllers)
        return {"id": asking.id, "scopes": sorted(asking.scopes), "controllers": seen}

    @require("registers:write")
    @blueprint.route("/write", methods=["POST"])
    def write() -> dict[str, str]:
        return {"written": "yes"}

    @require("registers:read", "journal:read")
    @blueprint.route("/both")
    def both() -> dict[str, str]:
        return {"both": "yes"}

    @require("registers:read")
    @blueprint.route("/of/<key:controller>")
    def of(controller: str) -> dict[str, str]:
        mine(controller)
        return {"of": controller}

    return blueprint


@pytest.fixture
def database(opened: str) -> str:
    """A migrated database that is bound; its URL."""
    return opened


@pytest.fixture
def settings(database: str) -> Settings:
    return Settings(database=database, base_url=BASE)


@pytest.fixture
def make(settings: Settings) -> Callable[..., Flask]:
    """Makes an application, with other settings if they are given."""
    rooms = [routes.blueprint, pages.blueprint, signing.blueprint, account.blueprint]
    return lambda **other: application(replace(settings, **other), [*rooms, doors()])


@pytest.fixture
def http(make: Callable[..., Flask]) -> FlaskClient:
    """A client of the application in this process."""
    return make().test_client()


@pytest.fixture
def served(make: Callable[..., Flask]) -> Iterator[str]:
    """The base URL of a server of many threads."""
    server = make_server("127.0.0.1", 0, lambda environ, start: [], threaded=True)
    base = f"http://127.0.0.1:{server.port}"
    server.app = make(base_url=base)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield base
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def register(database: str) -> Callable[..., Known]:
    """Registers a client: scopes, then keys of controllers."""

    def made(*scopes: str, of: tuple[str, ...] = ("seamk",)) -> Known:
        client, secret = clients.register_client(
            name="Chat", scopes=scopes or ("registers:read",), controllers=of, by="operator"
        )
        return Known(client.client_id, secret, client.actor)

    return made


@pytest.fixture
def issue() -> Callable[..., str]:
    """Issues a token to a client for some scopes, for this service unless another audience is named."""

    def made(to: Known, *scopes: str, audience: str = BASE, seconds: int = 600) -> str:
        return tokens.issue(
            client_id=to.id,
            scopes=scopes or ("registers:read",),
            audience=audience,
            seconds=seconds,
            by=to.actor,
        ).token

    return made


@pytest.fixture
def person(database: str) -> str:
    """Somebody who may sign in, a DPO of seamk; the id."""
    user = users.add_user(email="dpo@seamk.example", name="DPO of SeAMK", language="en", by="operator")
    giving.give(user.actor, duties.given("dpo", "seamk"), by="operator")
    return str(user.id)


@pytest.fixture
def gone(person: str) -> Callable[[], None]:
    """Lets the person sign in no more."""
    return lambda: sessions.disable(person, by="operator")
