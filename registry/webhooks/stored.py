"""Endpoints as stored: states that are never altered, sealed secrets, how each stands, and what is on its way to it.

What is to be sent is not written down a second time beside each change: the journal holds it, written in the same
transaction as the change or neither is, and `Standing.position` says how far it was taken up. A Delivery is how one
message fares.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Literal, get_args

import orjson
import peewee

from registry import journal
from registry.db import Instant, Stored, Text
from registry.errors import NotFound

State = Literal["enabled", "paused", "disabled", "removed"]
STATES: tuple[State, ...] = get_args(State)
Fate = Literal["pending", "delivered", "failed"]
FATES: tuple[Fate, ...] = get_args(Fate)


class Endpoint(Stored):
    """One state of an endpoint; `document` as served."""

    id: Any = peewee.BigIntegerField()
    version: Any = peewee.BigIntegerField()
    controller = Text()
    state = Text()
    current = peewee.BooleanField()
    recorded_at = Instant()
    document = peewee.BlobField()

    class Meta:
        table_name = "webhooks_endpoint"
        primary_key = peewee.CompositeKey("id", "version")
        indexes = ((("current", "id"), False), (("controller", "current"), False))

    @property
    def told(self) -> dict[str, Any]:
        """The document as data."""
        return dict(orjson.loads(bytes(self.document)))


class EndpointSecret(Stored):
    """A secret that messages are signed with, sealed; the last day of one that was replaced is `until`."""

    endpoint: Any = peewee.BigIntegerField()
    number: Any = peewee.IntegerField()
    sealed: Any = peewee.TextField()
    until: Any = Instant(null=True)

    class Meta:
        table_name = "webhooks_secret"
        primary_key = peewee.CompositeKey("endpoint", "number")


class Standing(Stored):
    """How an endpoint stands: up to which entry of the journal messages were made, how often in a row it has failed
    and since when, until when it is left alone, and who is sending to it just now until when."""

    endpoint: Any = peewee.BigIntegerField(primary_key=True)
    position: Any = peewee.BigIntegerField()
    failures: Any = peewee.IntegerField(default=0)
    failing_since: Any = Instant(null=True)
    resume_at: Any = Instant(null=True)
    delivered_at: Any = Instant(null=True)
    lease: Any = Text(null=True)
    leased_until: Any = Instant(null=True)

    class Meta:
        table_name = "webhooks_standing"


class Delivery(Stored):
    """A message to an endpoint: the change with this number in the journal, as it is sent, and how it fares."""

    endpoint: Any = peewee.BigIntegerField()
    seq: Any = peewee.BigIntegerField()
    message = Text()
    kind = Text()
    state: Any = Text()
    tries: Any = peewee.IntegerField(default=0)
    next_at: Any = Instant(null=True)
    tried_at: Any = Instant(null=True)
    status: Any = peewee.IntegerField(null=True)
    code: Any = Text(null=True)
    body: Any = peewee.BlobField()

    class Meta:
        table_name = "webhooks_delivery"
        primary_key = peewee.CompositeKey("endpoint", "seq")
        indexes = ((("endpoint", "state", "next_at"), False),)

    @property
    def told(self) -> dict[str, Any]:
        """As it is served."""
        return {
            "sequence": self.seq,
            "message": self.message,
            "kind": self.kind,
            "state": self.state,
            "tries": self.tries,
            "tried_at": self.tried_at,
            "status": self.status,
            "code": self.code,
            "next_try_at": self.next_at,
        }


# --- reading


def one(number: int, controllers: Collection[str] | None) -> Endpoint:
    """The newest state of an endpoint. Raises NotFound, also for one of a controller that is not among these."""
    row: Endpoint | None = Endpoint.get_or_none(Endpoint.current & (Endpoint.id == number))
    if row is None or (controllers is not None and row.controller not in controllers):
        raise NotFound("There is no such webhook.")
    return row


def standing(number: int) -> dict[str, Any] | None:
    """How an endpoint stands, as it is served; None for one that was removed."""
    row = Standing.get_or_none(Standing.endpoint == number)
    if row is None:
        return None
    waiting = Delivery.select().where((Delivery.endpoint == number) & (Delivery.state == "pending"))
    return {
        "position": row.position,
        "pending": waiting.count(),
        "delivered_at": row.delivered_at,
        "failures": row.failures,
        "failing_since": row.failing_since,
        "resume_at": row.resume_at,
    }


# --- what the journal compares its entries with


def _every() -> Iterable[tuple[str, int]]:
    rows = Endpoint.select(Endpoint.controller, Endpoint.id, Endpoint.version)
    rows = rows.order_by(Endpoint.id, Endpoint.version).tuples().iterator()
    return ((f"webhook/{controller}/{number}", version) for controller, number, version in rows)


@journal.witness("webhook", every=_every)
def _stored(object_: str, version: int | None) -> bytes | None:
    number = object_.rpartition("/")[2]
    if not number.isdecimal():
        return None
    row = Endpoint.get_or_none((Endpoint.id == int(number)) & (Endpoint.version == (version or 0)))
    if row is None:
        return None
    told = row.told
    newest = Endpoint.select(peewee.fn.MAX(Endpoint.version)).where(Endpoint.id == row.id).scalar()
    copied = (f"webhook/{row.controller}/{row.id}", row.version, row.state, row.recorded_at, row.current)
    named = (object_, told["version"], told["state"], told["changed_at"], row.version == newest)
    return bytes(row.document) if copied == named else b"columns differ from the document"
