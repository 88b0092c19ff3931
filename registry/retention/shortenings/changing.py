"""Shortenings: a rule that would delete sooner waits for a second person, and then for a delay.

A publication with such rules has one change. Until it is approved, and its delay is over, what was said before is said
(or, where that may not be the longer, nothing that anybody could delete by). Its states are never altered: proposed,
approved, refused, dropped (the publication was replaced or withdrawn before).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

import peewee

from registry import clock, journal
from registry.clock import ENDLESS
from registry.db import Instant, Text, writes
from registry.errors import Conflict, Gone, SecondApproverRequired
from registry.journal import Told

Stage = Literal["proposed", "approved", "refused", "dropped"]
STATES: tuple[Stage, ...] = get_args(Stage)


class Change(journal.State):
    """One state of a change; `begins` is endless until it is approved."""

    register = Text()
    revision = peewee.BigIntegerField()
    state = Text()
    begins = Instant()

    class Meta:
        table_name = "retention_change"
        indexes = ((("superseded_at", "id"), False), (("superseded_at", "controller", "register"), False))


def _columns(told: Told) -> dict[str, Any]:
    controller, _, register = told["register"].partition("/")
    copied = {"revision": told["revision"], "state": told["state"], "begins": told["begins"] or ENDLESS}
    return {"controller": controller, "register": register, **copied}


CHANGES = journal.States(
    Change, "retention-change", called="change", columns=_columns,
    times=("proposed_at", "approved_at", "ended_at"),
)  # fmt: skip


# --- verbs


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
    told, now = CHANGES.next(number, expect), journal.stamp()
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
    told, now = CHANGES.next(number, expect), journal.stamp()
    if told["state"] in ("refused", "dropped"):
        raise Gone("The change is over already.")
    if told["begins"] is not None and told["begins"] <= now:
        raise Conflict("The change has begun; publish a longer period instead.", code="begun")
    return _append({**told, "state": "refused", "begins": None, "ended_by": by, "ended_at": now}, now, by)


def drop(changes: Collection[int], *, by: str) -> None:
    """End changes whose publication has been replaced or withdrawn; those that have begun stay as they were."""
    now = journal.stamp()
    for row in Change.select().where(CHANGES.stands & Change.id.in_(sorted(changes))):
        if row.state == "proposed" or (row.state == "approved" and row.begins > now):
            told = CHANGES.next(row.id, row.version)
            _append({**told, "state": "dropped", "begins": None, "ended_by": by, "ended_at": now}, now, by)


def _append(told: Told, now: str, by: str) -> Told:
    payload = {"register": told["register"], "begins": told["begins"]}
    return CHANGES.append(told, now, by=by, action=told["state"], payload=payload)


# --- reading


def begun(changes: Collection[int], now: str) -> set[int]:
    """Which of these changes have begun."""
    rows = Change.select(Change.id).where(
        CHANGES.stands & Change.id.in_(sorted(changes)) & (Change.begins <= now)
    )
    return {number for (number,) in rows.tuples()}
