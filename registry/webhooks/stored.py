"""Endpoints as stored: states that are never altered, sealed secrets, how each stands, and what is on its way to it.

What is to be sent is not written down a second time beside each change: the journal holds it, written in the same
transaction as the change or neither is, and `Standing.position` says how far it was taken up. A Delivery is how one
message fares.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import peewee

from registry import journal
from registry.db import Instant, Stored, Text
from registry.journal import Told

State = Literal["enabled", "paused", "disabled", "removed"]
STATES: tuple[State, ...] = get_args(State)
Fate = Literal["pending", "delivered", "failed"]
FATES: tuple[Fate, ...] = get_args(Fate)


class Endpoint(journal.State):
    """One state of an endpoint."""

    state = Text()

    class Meta:
        table_name = "webhooks_endpoint"
        indexes = ((("superseded_at", "id"), False), (("superseded_at", "controller"), False))


def _columns(told: Told) -> dict[str, Any]:
    return {"controller": told["controller"], "state": told["state"]}


ENDPOINTS = journal.States(Endpoint, "webhook", called="webhook", columns=_columns, times=("changed_at",))


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
