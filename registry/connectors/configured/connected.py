"""Connectors as stored: states that are never altered, secrets that are sealed, and how each stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

import orjson
import peewee

from registry import clock, errors, journal
from registry.db import Instant, Stored, Text
from registry.errors import NotFound
from registry.keys.sealing import KeyMissing, Sealer, Tampered

State = Literal["enabled", "paused", "removed"]
STATES: tuple[State, ...] = get_args(State)


class Connector(Stored):
    """One state of a connector; `document` as served."""

    id: Any = peewee.BigIntegerField()
    version: Any = peewee.BigIntegerField()
    controller = Text()
    system = Text()
    kind = Text()
    state = Text()
    current = peewee.BooleanField()
    recorded_at = Instant()
    document = peewee.BlobField()

    class Meta:
        table_name = "connectors_connector"
        primary_key = peewee.CompositeKey("id", "version")
        indexes = ((("current", "id"), False), (("controller", "system", "current"), False))

    @property
    def told(self) -> dict[str, Any]:
        """The document as data."""
        return dict(orjson.loads(bytes(self.document)))


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


def one(number: int, controllers: Collection[str] | None) -> Connector:
    """The newest state of a connector. Raises NotFound, also for one of a controller that is not among these."""
    row: Connector | None = Connector.get_or_none(Connector.current & (Connector.id == number))
    if row is None or (controllers is not None and row.controller not in controllers):
        raise NotFound("There is no such connector.")
    return row


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


def later(instant: str, seconds: float) -> str:
    """An instant so many seconds later."""
    return clock.written(datetime.fromisoformat(instant) + timedelta(seconds=seconds))


def live() -> Any:
    return Connector.select().where(Connector.current & (Connector.state != "removed"))


def bound_to(number: int, name: str, hosts: Collection[str]) -> str:
    """What a secret is sealed for: this connector and the hosts that it may reach."""
    return f"connector/{number}/{name}@{','.join(hosts)}"


# --- what the journal compares its entries with


def _every() -> Iterable[tuple[str, int]]:
    rows = Connector.select(Connector.controller, Connector.id, Connector.version)
    rows = rows.order_by(Connector.id, Connector.version).tuples().iterator()
    return ((f"connector/{controller}/{number}", version) for controller, number, version in rows)


@journal.witness("connector", every=_every)
def _stored(object_: str, version: int | None) -> bytes | None:
    number = object_.rpartition("/")[2]
    if not number.isdecimal():
        return None
    row = Connector.get_or_none((Connector.id == int(number)) & (Connector.version == (version or 0)))
    if row is None:
        return None
    told = row.told
    copied = (f"connector/{row.controller}/{row.id}", row.version, row.kind, row.state, row.system)
    named = (object_, told["version"], told["kind"], told["state"], told["system"].partition("/")[2])
    return bytes(row.document) if copied == named else b"columns differ from the document"
