"""What comes round: when each job of the worker is due, who is doing it, and whether anybody is there to do it."""

from __future__ import annotations

import secrets
from typing import Any

from registry import clock
from registry.clock import later
from registry.db import Instant, Stored, Text, writes

#: A job says that it goes on at least so often, else another worker begins it anew, seconds.
LEASE = 900
#: The row by which a worker says that it is there: `ended_at` is when it said so, `due_at` until when that holds.
LIFE = "worker"

_COMES_ROUND = "when a job is due is no record; what it does has entries of its own"


class Job(Stored):
    """A job that comes round: when it is due, who is doing it until when, and how it went the last time."""

    name = Text(primary_key=True)
    due_at: Any = Instant()
    lease: Any = Text(null=True)
    leased_until: Any = Instant(null=True)
    ended_at: Any = Instant(null=True)
    outcome: Any = Text(null=True)

    class Meta:
        table_name = "worker_job"


@writes(journalled=False, why=_COMES_ROUND)
def claim(name: str, first: str) -> str | None:
    """A lease for a job that is due, None for one that is not or that somebody has; a new job is due at `first`."""
    Job.insert(name=name, due_at=first).on_conflict_ignore().execute()
    now, mine = clock.now(), secrets.token_hex(8)
    free = Job.leased_until.is_null() | (Job.leased_until < now)
    taken = Job.update(lease=mine, leased_until=later(now, LEASE)).where(
        (Job.name == name) & (Job.due_at <= now) & free
    )
    return mine if taken.execute() == 1 else None


@writes(journalled=False, why=_COMES_ROUND)
def goes_on(name: str, lease: str) -> bool:
    """Whether the lease is still ours, for a while more."""
    mine = (Job.name == name) & (Job.lease == lease)
    return Job.update(leased_until=later(clock.now(), LEASE)).where(mine).execute() == 1


@writes(journalled=False, why=_COMES_ROUND)
def ended(name: str, lease: str, due_at: str | None, outcome: str) -> None:
    """Give a lease back, and say when the job is due again (None: as it was)."""
    told: dict[str, Any] = {"lease": None, "leased_until": None, "ended_at": clock.now(), "outcome": outcome}
    if due_at is not None:
        told["due_at"] = due_at
    Job.update(told).where((Job.name == name) & (Job.lease == lease)).execute()


@writes(journalled=False, why="that somebody is there is no record")
def beat(seconds: float) -> None:
    """Say that a worker is there, and that it says so again within so many seconds."""
    now = clock.now()
    told = {"due_at": later(now, seconds), "ended_at": now}
    Job.insert(name=LIFE, **told).on_conflict(conflict_target=[Job.name], update=told).execute()


def standing() -> dict[str, Any]:
    """Whether a worker is there, for /health: {"running", "seen_at" (None: never), "failed" (jobs), "warnings"}.

    `worker_absent`: nobody sends webhooks, looks at systems or checks by night. `worker_job_failed`: a job went wrong
    the last time, and is tried again.
    """
    rows = {row.name: row for row in Job.select()}
    life = rows.pop(LIFE, None)
    running = life is not None and life.due_at > clock.now()
    failed = sorted(name for name, row in rows.items() if (row.outcome or "").startswith("failed"))
    warnings = [] if running else ["worker_absent"]
    warnings += ["worker_job_failed"] if failed else []
    seen_at = life.ended_at if life else None
    return {"running": running, "seen_at": seen_at, "failed": failed, "warnings": warnings}
