"""Shortenings: a rule that would delete sooner waits for a second person, and then for a delay.

A publication with such rules has one change. Until it is approved, and its delay is over, what was said before is said
(or, where that may not be the longer, nothing that anybody could delete by). Its states are never altered: proposed,
approved, refused, dropped (the publication was replaced or withdrawn before).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

import orjson
import peewee
import rfc8785

from registry import clock, journal
from registry.checks.findings.waiving import SecondApproverRequired
from registry.db import Instant, Stored, Text, writes
from registry.errors import Conflict, Gone, NotFound, PreconditionFailed
from registry.retention.lasting import ENDLESS

State = Literal["proposed", "approved", "refused", "dropped"]
STATES: tuple[State, ...] = get_args(State)


class Change(Stored):
    """One state of a change, from `recorded_at` until `superseded_at`; `begins` is endless until it is approved."""

    id: Any = peewee.BigIntegerField()
    version = peewee.BigIntegerField()
    controller = Text()
    register = Text()
    revision = peewee.BigIntegerField()
    state = Text()
    begins = Instant()
    recorded_at = Instant()
    superseded_at = Instant()
    document = peewee.BlobField()

    class Meta:
        table_name = "retention_change"
        primary_key = peewee.CompositeKey("id", "version")
        indexes = ((("superseded_at", "id"), False), (("superseded_at", "controller", "register"), False))


# --- verbs


def following() -> int:
    """The number of the next change."""
    return (Change.select(peewee.fn.MAX(Change.id)).scalar() or 0) + 1


@writes
def propose(
    number: int, controller: str, register: str, revision: int, rules: Sequence[dict[str, Any]],
    *, effective_from: str, by: str,
) -> None:  # fmt: skip
    """Write down that a publication would delete sooner. Called inside the transaction that publishes."""
    now = journal.stamp()
    _append(
        {
            "id": number,
            "version": 1,
            "register": f"{controller}/{register}",
            "revision": revision,
            "state": "proposed",
            "rules": list(rules),
            "effective_from": effective_from,
            "begins": None,
            "proposed_by": by,
            "proposed_at": now,
            "approved_by": None,
            "approved_at": None,
            "ended_by": None,
            "ended_at": None,
        },
        now,
        by,
    )


@writes
def approve(number: int, *, by: str, expect: int, delay: timedelta) -> dict[str, Any]:
    """Approve a change that somebody else published; its rules begin after `delay`. Gives it as served.

    Raises NotFound, PreconditionFailed for another version than `expect`, Gone for one that is over, Conflict for one
    that is approved already, SecondApproverRequired for whoever published it.
    """
    told, now = _newest(number, expect), journal.stamp()
    if told["state"] in ("refused", "dropped"):
        raise Gone("The change is over; publish again.")
    if told["state"] == "approved":
        raise Conflict("The change is approved already.", code="already_approved")
    if told["proposed_by"] == by:
        raise SecondApproverRequired("Somebody else than who published it has to approve a shorter rule.")
    begins = max(clock.written(datetime.fromisoformat(now) + delay), told["effective_from"])
    return _append(
        {**told, "state": "approved", "begins": begins, "approved_by": by, "approved_at": now}, now, by
    )


@writes
def refuse(number: int, *, by: str, expect: int) -> dict[str, Any]:
    """Refuse a change, or stop an approved one before it begins: what is said meanwhile stays. Gives it as served.

    Raises NotFound, PreconditionFailed, Gone for one that is over, Conflict (`begun`) for one that has begun.
    """
    told, now = _newest(number, expect), journal.stamp()
    if told["state"] in ("refused", "dropped"):
        raise Gone("The change is over already.")
    if told["begins"] is not None and told["begins"] <= now:
        raise Conflict("The change has begun; publish a longer period instead.", code="begun")
    return _append({**told, "state": "refused", "begins": None, "ended_by": by, "ended_at": now}, now, by)


def drop(changes: Collection[int], *, by: str) -> None:
    """End changes whose publication has been replaced or withdrawn; those that have begun stay as they were."""
    now = journal.stamp()
    for row in Change.select().where((Change.superseded_at == ENDLESS) & Change.id.in_(sorted(changes))):
        if row.state == "proposed" or (row.state == "approved" and row.begins > now):
            told = {**orjson.loads(bytes(row.document)), "version": row.version + 1}
            _append({**told, "state": "dropped", "begins": None, "ended_by": by, "ended_at": now}, now, by)


def _newest(number: int, expect: int) -> dict[str, Any]:
    row = Change.get_or_none((Change.superseded_at == ENDLESS) & (Change.id == number))
    if row is None:
        raise NotFound("There is no such change.")
    if row.version != expect:
        raise PreconditionFailed("It has changed since you read it; read it again, and send the new ETag.")
    return {**orjson.loads(bytes(row.document)), "version": expect + 1}


def _append(told: dict[str, Any], now: str, by: str) -> dict[str, Any]:
    controller, _, register = told["register"].partition("/")
    document = rfc8785.dumps(told)
    standing = (Change.superseded_at == ENDLESS) & (Change.id == told["id"])
    Change.update(superseded_at=now).where(standing).execute()
    Change.insert(
        id=told["id"],
        version=told["version"],
        controller=controller,
        register=register,
        revision=told["revision"],
        state=told["state"],
        begins=told["begins"] or ENDLESS,
        recorded_at=now,
        superseded_at=ENDLESS,
        document=document,
    ).execute()
    journal.append(
        f"retention-change.{told['state']}", f"retention-change/{controller}/{told['id']}",
        by=by, version=told["version"], payload={"register": told["register"], "begins": told["begins"]},
        content=document,
    )  # fmt: skip
    return told


# --- reading


def begun(changes: Collection[int], now: str) -> set[int]:
    """Which of these changes have begun."""
    rows = Change.select(Change.id).where(
        (Change.superseded_at == ENDLESS) & Change.id.in_(sorted(changes)) & (Change.begins <= now)
    )
    return {number for (number,) in rows.tuples()}


def one(number: int) -> Change | None:
    """The newest state of a change; None if there is none."""
    return Change.get_or_none((Change.superseded_at == ENDLESS) & (Change.id == number))


# --- what the journal compares its entries with


def _every() -> Iterator[tuple[str, int]]:
    rows = Change.select(Change.controller, Change.id, Change.version).order_by(Change.id, Change.version)
    return (
        (f"retention-change/{controller}/{id_}", version)
        for controller, id_, version in rows.tuples().iterator()
    )


@journal.witness("retention-change", every=_every)
def _stored(object_: str, version: int | None) -> bytes | None:
    number = object_.rpartition("/")[2]
    if not number.isdecimal():
        return None
    states = list(
        Change.select()
        .where((Change.id == int(number)) & Change.version.in_([version or 0, (version or 0) + 1]))
        .order_by(Change.version)
    )
    if not states or states[0].version != version:
        return None
    row, following_ = states[0], states[1].recorded_at if len(states) > 1 else ENDLESS
    told = orjson.loads(bytes(row.document))
    copied = (
        f"{row.controller}/{row.register}", row.revision, row.state, row.begins, row.version, row.id,
        f"retention-change/{row.controller}/{row.id}", row.superseded_at,
    )  # fmt: skip
    if copied != (
        told["register"], told["revision"], told["state"], told["begins"] or ENDLESS, told["version"], told["id"],
        object_, following_,
    ):  # fmt: skip
        return b"columns differ from the document"
    if row.recorded_at != max(told[name] or "" for name in ("proposed_at", "approved_at", "ended_at")):
        return b"another time than the document's"
    return bytes(row.document)
