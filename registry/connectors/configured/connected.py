"""Connectors as stored: states that are never altered, secrets that are sealed, and how each stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Literal, get_args

import peewee

from registry import clock, errors, journal
from registry.db import Instant, Stored, Text
from registry.journal import Told
from registry.keys.sealing import KeyMissing, Sealer, Tampered

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


def unsealed(row: Connector, sealer: Sealer) -> dict[str, str]:
    """The secrets of a connector in the clear, for a run alone.

    Raises errors.Unavailable with `secret_key_missing` or `secret_tampered`.
    """
    found = {}
    for secret in ConnectorSecret.select().where(ConnectorSecret.connector == row.id):
        bound = bound_to(row.id, secret.name, row.told["hosts"])
        try:
            found[secret.name] = sealer.unseal(secret.sealed, bound=bound).decode()
        except KeyMissing as missing:
            raise errors.Unavailable(str(missing), code="secret_key_missing") from None
        except Tampered as changed:
            raise errors.Unavailable(str(changed), code="secret_tampered") from None
    return found


def missing_keys(sealer: Sealer) -> list[str]:
    """Ids of keys that secrets are sealed under and that are not here: said at start-up."""
    rows = ConnectorSecret.select(ConnectorSecret.sealed).tuples().iterator()
    used = {sealed.split(".", 2)[1] for (sealed,) in rows}
    return sorted(used - set(sealer.ids))


def live() -> Any:
    return Connector.select().where(CONNECTORS.stands & (Connector.state != "removed"))


def bound_to(number: int, name: str, hosts: Collection[str]) -> str:
    """What a secret is sealed for: this connector and the hosts that it may reach."""
    return f"connector/{number}/{name}@{','.join(hosts)}"
