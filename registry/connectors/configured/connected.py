"""Connectors as stored: states that are never altered, secrets that are sealed, and how each stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Literal, get_args

import peewee

from registry import clock, journal
from registry.db import Instant, Stored, Text
from registry.journal import Told
from registry.keys import held
from registry.keys.sealing import Sealer
from registry.outbound import Allow

State = Literal["enabled", "paused", "removed"]
STATES: tuple[State, ...] = get_args(State)


class Connector(journal.State):
    """One state of a connector."""

    system = Text()
    kind = Text()
    state = Text()

    class Meta:
        table_name = "connectors_connector"
        indexes = ((("superseded_at", "id"), False), (("superseded_at", "controller", "system"), False))


def _columns(told: Told) -> dict[str, Any]:
    controller, _, system = told["system"].partition("/")
    return {"controller": controller, "system": system, "kind": told["kind"], "state": told["state"]}


CONNECTORS = journal.States(
    Connector, "connector", called="connector", columns=_columns, times=("changed_at",)
)


class ConnectorSecret(Stored):
    """A secret, sealed for `bound` (registry.keys.sealing)."""

    connector = peewee.BigIntegerField()
    name = Text()
    sealed = peewee.TextField()

    class Meta:
        table_name = "connectors_secret"
        primary_key = peewee.CompositeKey("connector", "name")


class ConnectorRun(Stored):
    """How a connector stands: its last run as served, when it is due, and who is running it just now until when."""

    connector: Any = peewee.BigIntegerField(primary_key=True)
    due_at: Any = Instant(null=True)
    lease: Any = Text(null=True)
    leased_until: Any = Instant(null=True)
    failed: Any = peewee.IntegerField()
    document: Any = peewee.BlobField(null=True)

    class Meta:
        table_name = "connectors_run"
        indexes = ((("due_at",), False),)


# --- reading


def of_systems(systems: Iterable[tuple[str, str]] | None = None) -> list[Connector]:
    """The connectors that were not removed, of these systems or of all, by system."""
    rows = list(live().order_by(Connector.controller, Connector.system, Connector.id))
    wanted = None if systems is None else set(systems)
    return [row for row in rows if wanted is None or (row.controller, row.system) in wanted]


def due(now: str | None = None) -> list[Connector]:
    """The connectors whose time has come, the longest due first."""
    at = now or clock.now()
    waiting = (
        ConnectorRun.select(ConnectorRun.connector)
        .where(ConnectorRun.due_at <= at)
        .order_by(ConnectorRun.due_at)
    )
    order = {number: place for place, (number,) in enumerate(waiting.tuples())}
    rows = live().where((Connector.state == "enabled") & Connector.id.in_(waiting))
    return sorted(rows, key=lambda row: order[row.id])


def run_of(number: int) -> ConnectorRun:
    """How a connector stands."""
    found: ConnectorRun = ConnectorRun.get(ConnectorRun.connector == number)
    return found


def reached(allow: Allow) -> list[str]:
    """The hosts (host:port) that may be reached, in the one form that secrets are bound to."""
    return sorted(f"{host.lower()}:{port}" for host in allow.hosts for port in allow.ports)


def unsealed(row: Connector, sealer: Sealer) -> dict[str, str]:
    """The secrets of a connector in the clear, for a run alone.

    Raises errors.Unavailable with `secret_key_missing` or `secret_tampered`.
    """
    hosts = row.told["hosts"]
    return {
        secret.name: held.unseal(secret.sealed, sealer, bound=bound_to(row.id, secret.name, hosts))
        for secret in ConnectorSecret.select().where(ConnectorSecret.connector == row.id)
    }


@held.keeps("connectors")
def _sealed() -> Iterator[held.Kept]:
    hosts = {row.id: row.told["hosts"] for row in live()}
    for secret in ConnectorSecret.select():
        if secret.connector in hosts:
            yield held.Kept(secret, bound_to(secret.connector, secret.name, hosts[secret.connector]))


def live() -> Any:
    return Connector.select().where(CONNECTORS.stands & (Connector.state != "removed"))


def bound_to(number: int, name: str, hosts: Collection[str]) -> str:
    """What a secret is sealed for: this connector and the hosts that it may reach."""
    return f"connector/{number}/{name}@{','.join(hosts)}"
