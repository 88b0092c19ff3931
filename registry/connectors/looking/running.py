"""Running connectors: each is claimed for a time, looked at beside the others, and stored whole or not at all.

Who is killed half-way has stored nothing, and his claim ends by itself. What others answer is awaited in threads that
touch no database; one that answers late, or never, holds up nobody else.
"""

from __future__ import annotations

import dataclasses
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from registry import errors
from registry.connectors.book import Bound, source
from registry.connectors.configured import connected
from registry.connectors.configured.connected import Connector, reached, unsealed
from registry.connectors.looking import claiming, storing
from registry.connectors.looking.pulling import Looked, Pulled, nothing, pull
from registry.connectors.way import Way
from registry.keys.sealing import Sealer

MARGIN = 60.0  # seconds that a pull may take beyond what its source has, before it is left behind
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
                claiming.release(job.row.id, job.lease or "")
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
    lease = "trial" if dry_run else claiming.claim(row.id, most + 2 * MARGIN, due_only=due_only)
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


def _ended(job: _Job, pulled: Pulled, by: str, dry_run: bool) -> Ran:
    if dry_run:
        return Ran(job.row, storing.served(job.row, pulled, by, [None] * len(pulled.looked)), pulled.looked)
    stored = storing.store(job.row, job.lease or "", pulled, by=by)
    if stored is None:
        claiming.release(job.row.id, job.lease or "")
    return Ran(job.row, stored, pulled.looked)
