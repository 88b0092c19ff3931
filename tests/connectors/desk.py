"""A source for tests, as one of registry/connectors/sources would be: accounts, region and apps of a desk over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import fields

from registry.connectors.reading.tally import Accounts
from registry.connectors.source import Allow, Seen, Source, Way, domain_of, text, truth
from registry.strict.schema import Schema


class DeskSettings(Schema):
    """Where the desk is."""

    host = fields.String(required=True)
    port = fields.Integer(required=True, strict=True)


SOURCE = Source(
    title={"fi": "Esimerkki", "sv": "Exempel", "en": "Example"},
    settings=DeskSettings,
    secrets={"token": "An access token that may only read."},
    sees=("accounts", "region", "apps"),
    seconds=120,
)


def reach(settings: Mapping[str, Any]) -> Allow:
    """The desk alone."""
    return Allow(hosts=(settings["host"],), ports=frozenset({settings["port"]}), seconds=60, most=1024 * 1024)


def observe(way: Way, settings: Mapping[str, Any]) -> Iterator[Seen]:
    """Accounts page by page, the region and the apps."""
    base = f"http://{settings['host']}:{settings['port']}"
    way.sign_in(base, {"Authorization": f"Bearer {way.secret('token')}"})
    yield way.look("accounts", lambda: _accounts(way, base))
    yield way.look("region", lambda: {"region": text(way.get(f"{base}/api/me"), "region")})
    yield way.look("apps", lambda: {"apps": way.get(f"{base}/api/apps")["apps"]})


def _accounts(way: Way, base: str) -> Mapping[str, Any]:
    found = Accounts()
    for user in way.pages(
        f"{base}/api/users",
        items="users",
        following=lambda page: page.get("next"),
        total=lambda page: page.get("count"),
    ):
        with way.item():
            found.add(
                role=text(user, "role"), domain=domain_of(text(user, "email")), active=truth(user, "active")
            )
    return found.payload()
