"""A small world to attack: acme has one of everything, other has little, ghost is declared by nobody."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from registry import clock, journal
from registry.app import create_app
from registry.audits import engaging, reading
from registry.auth.clients import stored as clients
from registry.auth.roles import giving
from registry.auth.roles.duties import Given
from registry.auth.scopes import SCOPES
from registry.auth.tokens import access as tokens
from registry.catalogue import store
from registry.checks.findings import waiving
from registry.checks.findings.stored import StoredFinding
from registry.checks.runs import running
from registry.connectors.configured import connecting
from registry.connectors.observations.stored import record_observation
from registry.db import writing
from registry.keys.sealing import Sealer, new_key
from registry.notices import publish
from registry.retention.holds import holding
from registry.settings import Settings
from registry.webhooks import endpoints, outbox
from registry.webhooks import stored as hooked

BY = "operator"
SEALING = new_key()
HOOK = "https://8.8.8.8/hook"  # an address, so that no name is asked for; nothing is sent
WAIVED = "COM009"  # fails of every register of acme's
#: A period before anything was written, and a time that nobody lives to see.
PAST = ("1999-01-01T00:00:00.000000Z", "2000-01-01T00:00:00.000000Z")
TO_COME = "9000-01-01T00:00:00.000000Z"
SEEN_AT = "2026-01-15T08:00:00Z"
#: The number of an engagement that no test ends.
GOES_ON = 2
WORD = "tervahauta"  # nowhere else
RECORD: dict[str, Any] = {
    "register": "Uutiskirje",
    "systems": ["desk"],
    "purposes": [f"Uutisten lähettäminen, {WORD}"],
    "legal_bases": [{"article": "6(1)(a)", "applies_to": "all"}],
    "data_subjects": ["subscriber"],
    "data_categories": [{"id": "D1", "text": "Sähköpostiosoite", "pd": "pd:EmailAddress"}],
    "retention": [{"applies_to": "all", "duration": "P6M", "starts_from": "tilauksen päättyminen", "action": "erase"}],
}  # fmt: skip
DESK = {"name": "Desk", "kind": "helpdesk", "vendor": "Zendesk, Inc."}
CONNECTED = {"subdomain": "acme", "address": "https://desk.invalid"}
ACCOUNTS = {"accounts": [{"role": "agent", "domain": "acme.example", "active": True}]}


@dataclass(frozen=True)
class Caller:
    """Somebody with a token, or with something instead of one, or with nothing."""

    app: Flask
    client_id: str = ""
    token: str | None = None

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> TestResponse:
        sent = dict(headers or {})
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        given = {} if body is None else {"json": body}
        if query:
            given["query_string"] = query
        return self.app.test_client().open(path, method=method, headers=sent, buffered=True, **given)


@dataclass(frozen=True)
class World:
    """The application and what is in it; numbers of things of acme's."""

    app: Flask
    observation: int
    run: int
    finding: int
    proposed: int
    waived: int
    change: int
    refused: int
    hold: int
    ended: int
    role: int
    hook: int
    hook_changed: int
    hook_secret: int
    hook_removed: int
    message: int
    somebody: str
    connector: int
    audit: int
    known: dict[str, Caller] = field(default_factory=dict)

    def caller(
        self, *controllers: str, scopes: Collection[str] = tuple(SCOPES), seconds: int = 600
    ) -> Caller:
        """A new client with a token that lives so long (it may have ended already)."""
        client, _ = clients.register_client(name="Client", scopes=scopes, controllers=controllers, by=BY)
        base = self.app.extensions["registry.settings"].base_url
        issued = tokens.issue(
            client_id=client.client_id, scopes=scopes, audience=base, seconds=seconds, by=BY
        )
        return Caller(self.app, client.client_id, issued.token)

    def with_role(
        self, name: str, role: Given, *, beside: Iterable[Given] = (), taken: bool = False, **columns: Any
    ) -> Caller:
        """A client with all scopes and this role, made once; `beside` are others that it has. `taken`: it had the role,
        and a token."""
        if name not in self.known:
            client, _ = clients.register_client(
                name="Client", scopes=tuple(SCOPES), roles=[Given("reader", "nowhere")], by=BY
            )
            base = self.app.extensions["registry.settings"].base_url
            issued = tokens.issue(
                client_id=client.client_id, scopes=tuple(SCOPES), audience=base, seconds=3600, by=BY
            )
            with writing():
                for row in giving.of(client.actor):
                    giving.away(row, by=BY)
                row = giving.keep(client.actor, role, by=BY, **columns)
                if taken:
                    giving.away(row, by=BY)
                for one in beside:
                    giving.keep(client.actor, one, by=BY)
            self.known[name] = Caller(self.app, client.client_id, issued.token)
        return self.known[name]


def declare(kind: str, controller: str, key: str, body: Any, expect: int = store.NEW, **more: Any) -> None:
    """A version of something, from whoever keeps it."""
    store.declare(kind, controller, key, body, by=BY, expect=expect, **more)


def made(url: str) -> World:
    """The world, in the migrated and empty database at `url`, which is bound."""
    app = create_app(Settings(database=url, secret_key=SEALING))
    for controller in ("acme", "other"):
        declare("controller", controller, controller, {"name": controller.capitalize()})
    for key in ("desk", "spare"):
        declare("system", "acme", key, DESK)
    for key in ("news", "old", "draft", "withdrawn"):
        declare("register", "acme", key, RECORD)
    for kind, key, body in (
        ("controller", "acme", {"name": "Acme Oy"}),
        ("system", "desk", {**DESK, "delivery": "SaaS"}),
        ("register", "news", {**RECORD, "complaint": "stated"}),
    ):
        declare(kind, "acme", key, body, 1)
    seen = record_observation(
        "acme/desk", "accounts", ACCOUNTS, by=BY, taken_at=SEEN_AT, source_level="api", complete=True
    )
    run = running.run(running.Scope(controllers=frozenset({"acme"})), by=BY)
    for key in ("news", "withdrawn"):
        publish.publish("acme", key, by=BY)
    finding = StoredFinding.select().where(StoredFinding.register == "news").first()
    until = clock.day_of(clock.now()) + timedelta(days=30)
    waivers = [
        waiving.propose("acme", key, WAIVED, "", reason="Tehdään keväällä.", until=until, by=BY)["id"]
        for key in ("news", "old")
    ]
    # Two rules made shorter: they wait for somebody else than BY.
    for key in ("brief", "curt"):
        for expect, period in enumerate(("P1Y", "P1M")):
            kept = [{"applies_to": "all", "duration": period, "action": "erase"}]
            declare("register", "acme", key, {**RECORD, "retention": kept}, expect)
            publish.publish("acme", key, by=BY)
    sealer = Sealer.of(Settings(secret_key=SEALING))
    hooks = [
        endpoints.add_endpoint("acme", url=HOOK, kinds=["hold.set"], description=None, by=BY, sealer=sealer)[
            0
        ]
        for _ in range(4)
    ]
    holds = [
        holding.set_hold("acme", systems=["spare"], reason="Riita.", review_on=until, by=BY) for _ in range(2)
    ]
    somebody, _ = clients.register_client(
        name="Somebody", scopes=["registers:read"], roles=[Given("editor", "acme", ("news",))], by=BY
    )
    (role,) = giving.of(somebody.actor)
    lease = outbox.claim(hooks[0]) or ""
    outbox.take_up(hooked.ENDPOINTS.one(hooks[0]), lease)
    message = hooked.Delivery.get().seq
    numbers = (*waivers, 1, 2, *holds, role.id, *hooks, message)
    connector = connecting.add_connector(
        "acme/desk", "zendesk", CONNECTED, every_hours=None, by=BY, sealer=Sealer(())
    )
    terms = engaging.Terms(ends_on=until, purpose="Tarkastus.")
    audit, _ = (
        engaging.open_engagement("acme", somebody.actor, terms, by=BY, kept=timedelta(days=1))["id"]
        for _ in ("one that is ended by a row", "GOES_ON")
    )
    return World(app, seen.id, run["id"], finding.finding, *numbers, somebody.actor, connector, audit)


def written() -> int:
    """How many entries the journal has, but for those that say how far the log of what is read has come."""
    size: int = journal.checkpoint()["size"]
    return size - len(journal.entries(action=reading.LOGGED, limit=10_000))
