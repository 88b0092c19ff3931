"""Running connectors: each is claimed for a time, looked at beside the others, and stored whole or not at all.

Who is killed half-way has stored nothing, and his claim ends by itself. What others answer is awaited in threads that
touch no database; one that answers late, or never, holds up nobody else.
"""

from __future__ import annotations

import dataclasses
import queue
import random
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
import rfc8785

from registry import clock, errors, journal
from registry.clock import later
from registry.connectors.book import Bound, source
from registry.connectors.configured import connected
from registry.connectors.configured.connected import Connector, ConnectorRun, reached, unsealed
from registry.connectors.looking.pulling import Looked, Pulled, nothing, pull
from registry.connectors.observations.stored import record_observation
from registry.connectors.seen import could_not_look
from registry.connectors.way import Way
from registry.db import writes
from registry.keys.sealing import Sealer

MARGIN = 60.0  # seconds that a pull may take beyond what its source has, before it is left behind
FIRST_GAP = 300.0  # seconds until a connector that failed is tried again, the first time
SIDE_BY_SIDE = 64
REFILL = 5.0  # seconds between one question for what has become due and the next
MOMENT = 0.5  # seconds until it is seen that one is to stop


@dataclasses.dataclass(frozen=True, slots=True)
class Ran:
    """A connector that was run: what it came to as served, None where somebody else is running it just now, and, of a
    trial, what would be stored."""

    connector: Connector
    told: dict[str, Any] | None
    looked: tuple[Looked, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Going:
    """How far a run has come: at which kind it looks (None: not yet at any), which of how many that is, and how many
    items it has read."""

    connector: Connector
    kind: str | None
    place: int
    kinds: int
    items: int


@dataclasses.dataclass(slots=True)
class _Job:
    row: Connector
    seconds: float
    ends: float
    lease: str | None
    known: Bound | None = None
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    secrets: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    failed: Pulled | None = None
    way: Way | None = None

    def going(self) -> Going:
        kinds, way = len(self.row.told["sees"]), self.way
        if way is None:
            return Going(self.row, None, 0, kinds, 0)
        return Going(self.row, way.looking, min(way.looks, kinds), kinds, way.items)

    def begun(self, way: Way) -> None:
        self.way = way


def run(
    rows: Iterable[Connector],
    *,
    by: str,
    sealer: Sealer,
    dry_run: bool = False,
    due_only: bool = False,
    side_by_side: int = SIDE_BY_SIDE,
    seconds: float | None = None,
    heard: Callable[[Ran], None] = lambda _: None,
    along: Callable[[list[Going]], None] | None = None,
    more: Callable[[], Iterable[Connector]] = lambda: (),
    stop: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Ran]:
    """Run connectors, so many at a time, and store what each saw; gives how each went, in the order they ended.

    While some are waited for, `more` is asked every few seconds for others whose time has come, so that they need not
    wait too. Once `stop` says so nothing new is begun, and what is under way is left behind with nothing stored.

    `heard` is told how each went, and `along` twice a second how far those under way have come.

    `dry_run` looks and stores nothing. `due_only`: one that somebody else has run meanwhile is left alone. `seconds`
    bounds each, and is for trials: what a look cut short does not see would be stored as not seen.
    """
    waiting, running, ran = deque(rows), dict[int, _Job](), list[Ran]()
    ended: queue.SimpleQueue[tuple[int, Pulled]] = queue.SimpleQueue()
    again = time.monotonic() + REFILL

    def end(one: Ran) -> None:
        ran.append(one)
        heard(one)

    try:
        while (waiting or running) and not stop():
            while waiting and len(running) < side_by_side:
                job = _claimed(waiting.popleft(), sealer, due_only, dry_run, seconds)
                if job.lease is None:
                    end(Ran(job.row, None))
                    continue
                running[job.row.id] = job
                if job.failed is not None:
                    ended.put((job.row.id, job.failed))
                else:
                    threading.Thread(
                        target=_look, args=(job, ended, sleep), name=f"connector {job.row.id}", daemon=True
                    ).start()
            found = _next(running, ended)
            if time.monotonic() >= again:
                again = time.monotonic() + REFILL
                done = {one.connector.id for one in ran} | {row.id for row in waiting} | running.keys()
                waiting.extend(row for row in more() if row.id not in done)
            for number, pulled in found:
                if number in running:  # else it was left behind, and comes too late
                    one = _ended(running[number], pulled, by, dry_run)
                    del running[number]
                    end(one)
            if along is not None:
                along([job.going() for job in running.values()])
    finally:
        for job in running.values():
            if not dry_run:
                release(job.row.id, job.lease or "")
    return ran


def run_due(
    *,
    by: str,
    sealer: Sealer,
    heard: Callable[[Ran], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> list[Ran]:
    """Run every connector whose time has come, or comes meanwhile. Several may call this at once: each connector is
    run by one of them."""
    return run(
        connected.due(), by=by, sealer=sealer, due_only=True, heard=heard, more=connected.due, stop=stop
    )


def _look(job: _Job, ended: queue.SimpleQueue[tuple[int, Pulled]], sleep: Callable[[float], None]) -> None:
    assert job.known is not None
    pulled = pull(job.known, job.settings, job.secrets, seconds=job.seconds, begun=job.begun, sleep=sleep)
    ended.put((job.row.id, pulled))


def _next(
    running: Mapping[int, _Job], ended: queue.SimpleQueue[tuple[int, Pulled]]
) -> list[tuple[int, Pulled]]:
    """What ended within a moment; else, when the time of some is over, that they are left behind."""
    if not running:
        return []
    left = min(job.ends for job in running.values()) - time.monotonic()
    try:
        return [ended.get(timeout=max(0.01, min(left, MOMENT)))]
    except queue.Empty:
        now = time.monotonic()
        late = [job for job in running.values() if job.ends <= now]
        return [
            (job.row.id, nothing(tuple(job.row.told["sees"]), "unavailable", "out_of_time")) for job in late
        ]


# --- claiming


def _claimed(row: Connector, sealer: Sealer, due_only: bool, dry_run: bool, seconds: float | None) -> _Job:
    told = row.told
    try:
        known = source(told["kind"])
        most = min(seconds or known.source.seconds, known.source.seconds)
    except errors.Invalid:  # its file is not here any more
        known, most = None, 0.0
    lease = "trial" if dry_run else claim(row.id, most + 2 * MARGIN, due_only=due_only)
    job = _Job(row, most, time.monotonic() + most + MARGIN, lease, known)
    if lease is None:
        return job
    if known is None:
        job.failed = nothing(tuple(told["sees"]), "not_supported", "unknown_source")
        return job
    try:
        job.settings = known.settings(told["settings"])
        if _elsewhere(known, job.settings, told["hosts"]):
            job.failed = nothing(tuple(told["sees"]), "other", "hosts_changed")
            return job
        job.secrets = unsealed(row, sealer)
    except errors.Invalid:
        job.failed = nothing(tuple(told["sees"]), "other", "settings_refused")
    except errors.Unavailable as problem:
        job.failed = nothing(tuple(told["sees"]), "unauthorised", problem.code)
    return job


def _elsewhere(known: Bound, settings: Mapping[str, Any], hosts: list[str]) -> bool:
    """Whether settings lead to other hosts than those written down beside them, which their secrets are bound to: by
    another version of the source, or by a hand in the database.
    """
    try:
        return reached(known.reach(settings)) != hosts
    except Exception:  # a defect of the source, of which the pull tells, and asks nobody
        return False


@writes(journalled=False, why="who is looking just now; what is seen is journalled")
def claim(number: int, seconds: float, *, due_only: bool = False) -> str | None:
    """Take a connector for so many seconds: the token of the claim, or None while somebody else has it.

    One conditional statement decides.
    """
    row, now, lease = ConnectorRun, clock.now(), secrets.token_hex(8)
    free = (row.connector == number) & (row.lease.is_null() | (row.leased_until <= now))
    if due_only:
        free &= row.due_at <= now
    taken = row.update(lease=lease, leased_until=later(now, seconds)).where(free).execute()
    return lease if taken == 1 else None


@writes(journalled=False, why="who is looking just now; what is seen is journalled")
def release(number: int, lease: str) -> None:
    """Give a claim back without having stored anything."""
    row = ConnectorRun
    row.update(lease=None, leased_until=None).where(
        (row.connector == number) & (row.lease == lease)
    ).execute()


# --- storing


def _ended(job: _Job, pulled: Pulled, by: str, dry_run: bool) -> Ran:
    if dry_run:
        return Ran(job.row, _told(job.row, pulled, by, [None] * len(pulled.looked)), pulled.looked)
    stored = store(job.row, job.lease or "", pulled, by=by)
    if stored is None:
        release(job.row.id, job.lease or "")
    return Ran(job.row, stored, pulled.looked)


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
    told = _told(row, kept, by, numbers)
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


def _told(row: Connector, pulled: Pulled, by: str, numbers: list[int | None]) -> dict[str, Any]:
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
