"""What a run came to: all that it saw stored at once, how the connector stands after it, and when it is due again."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import rfc8785

from registry import clock, errors, journal
from registry.clock import later
from registry.connectors.configured import connected
from registry.connectors.configured.connected import Connector, ConnectorRun
from registry.connectors.looking.pulling import Looked, Pulled
from registry.connectors.observations.stored import record_observation
from registry.connectors.seen import could_not_look
from registry.db import writes

FIRST_GAP = 300.0  # seconds until a connector that failed is tried again, the first time


@writes
def store(row: Connector, lease: str, pulled: Pulled, *, by: str) -> dict[str, Any] | None:
    """Store what a run saw, all of it together with how the connector stands; gives the run as served.

    None, and nothing stored, where the claim was lost: the connector was changed, removed or taken over meanwhile.
    """
    newest = connected.CONNECTORS.one(row.id)
    mine = (ConnectorRun.connector == row.id) & (ConnectorRun.lease == lease)
    if newest.version != row.version or not ConnectorRun.select().where(mine).exists():
        return None
    numbers: list[int | None] = []
    faults = dict(pulled.faults)
    looked = list(pulled.looked)
    for at, one in enumerate(looked):
        try:
            numbers.append(_record(row, one, by))
        except errors.NotFound:  # its system has ended
            faults["system_gone"] = 1
            numbers.append(None)
        except errors.Invalid:  # a time that cannot be
            faults["payload_refused"] = faults.get("payload_refused", 0) + 1
            looked[at] = Looked(one.taken_at, could_not_look(one.about, "not_understood"))
            numbers.append(_record(row, looked[at], by))
    kept = dataclasses.replace(pulled, looked=tuple(looked), faults=faults)
    run_of = connected.run_of(row.id)
    told = served(row, kept, by, numbers)
    failed = run_of.failed + 1 if kept.state == "failed" or kept.unavailable else 0
    gone = "system_gone" in faults
    told["failed_in_a_row"] = failed
    told["next_at"] = None if gone else next_at(newest.told, kept, failed)
    document = rfc8785.dumps(told)
    ConnectorRun.update(
        document=document, failed=failed, due_at=told["next_at"], lease=None, leased_until=None
    ).where(mine).execute()
    journal.append(
        "connector.run", f"connector/{row.controller}/{row.id}", by=by,
        payload={"state": told["state"], "faults": faults},
    )  # fmt: skip
    return told


def _record(row: Connector, one: Looked, by: str) -> int:
    return record_observation(
        f"{row.controller}/{row.system}",
        one.seen.kind,
        one.seen.payload,
        by=by,
        taken_at=one.taken_at,
        source_level=one.seen.source_level,
        complete=one.seen.complete,
        collector=f"{row.kind} connector {row.id}",
        reference=one.seen.reference,
        raw_sha256=one.seen.raw_sha256,
    ).id


def served(row: Connector, pulled: Pulled, by: str, numbers: Sequence[int | None]) -> dict[str, Any]:
    """A run as it is served; `numbers` are those of the observations that were stored."""
    return {
        "began_at": pulled.began_at,
        "ended_at": pulled.ended_at,
        "by": by,
        "state": pulled.state,
        "credential": _credential(row, pulled),
        **_beyond(pulled),
        "seen": [
            {
                "kind": one.about,
                "observation": number,
                "complete": one.seen.complete,
                "in_part": one.seen.in_part,
                "could_not_look": one.seen.payload["reason"] if one.seen.kind == "could_not_look" else None,
            }
            for one, number in zip(pulled.looked, numbers, strict=True)
        ],
        "faults": dict(pulled.faults),
        "asked": pulled.asked,
        "items": pulled.items,
        "failed_in_a_row": 0,
        "next_at": None,
    }


def _credential(row: Connector, pulled: Pulled) -> str | None:
    """Whether the system took our credential; None where none is asked for, or where it said neither."""
    if pulled.credential_refused:
        return "refused"
    seen = any(
        one.seen.kind != "could_not_look" or one.seen.payload["reason"] == "forbidden"
        for one in pulled.looked
    )
    return "taken" if seen and row.told["secrets"] else None


def _beyond(pulled: Pulled) -> dict[str, bool | None]:
    """Whether our own credential may do more than read, where the source signs in."""
    for one in pulled.looked:
        if one.about == "credential":
            return {"more_than_reading": one.seen.payload.get("more_than_reading")}
    return {}


def next_at(told: Mapping[str, Any], pulled: Pulled, failed: int) -> str | None:
    """When a connector is due again: after its interval, a little apart from others; sooner, at growing gaps, where
    it was the other side that was away. A credential that was refused is not tried sooner."""
    if told["state"] != "enabled" or not told["every_hours"]:
        return None
    every = told["every_hours"] * 3600.0
    gap = every * random.uniform(0.95, 1.05)  # noqa: S311 -- apart from others, not secret
    if failed and pulled.unavailable:
        grown = FIRST_GAP * 2.0 ** min(failed - 1, 20)
        gap = min(gap, grown * random.uniform(0.5, 1.5))  # noqa: S311 -- apart from others, not secret
    return later(clock.now(), gap)


def standing(row: Connector) -> dict[str, Any]:
    """How a connector stands, beside its document: its last run, when it is due, and whether it is being run."""
    now, stands = clock.now(), connected.run_of(row.id)
    return {
        "last_run": orjson.loads(bytes(stands.document)) if stands.document is not None else None,
        "due_at": stands.due_at if row.state == "enabled" else None,
        "running": stands.lease is not None and stands.leased_until > now,
    }


def shown(one: Looked) -> dict[str, Any]:
    """A look as a trial shows it."""
    return {
        "kind": one.seen.kind,
        "taken_at": one.taken_at,
        "complete": one.seen.complete,
        "in_part": one.seen.in_part,
        "payload": dict(one.seen.payload),
    }
