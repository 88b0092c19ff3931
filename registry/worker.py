"""`registry worker`: the one process beside the servers: it sends webhooks, looks at systems, does what comes round.

huey is its timer and its threads, with a queue in memory. Nothing that counts is in that queue: what is due is read
from our tables at each turn, under leases taken by conditional UPDATEs, so that two workers do nothing twice, and one
that is killed loses nothing.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import peewee
from huey import MemoryHuey, crontab

from registry import clock, db, errors
from registry.api.idempotency import IdempotentAnswer
from registry.audits import engaging, reading
from registry.auth.clients.stored import Family
from registry.auth.server.assertions import Assertion
from registry.auth.tokens.codes import Asked
from registry.auth.tokens.devices import Device
from registry.checks.runs import running as checking
from registry.clock import later
from registry.connectors.looking import running as looking
from registry.connectors.looking.expiring import expire
from registry.db import Stored, writes
from registry.jobs import beat, claim, ended, goes_on
from registry.keys.sealing import Sealer
from registry.people.devices import KnownBrowser
from registry.people.links import Link
from registry.people.sessions import Session
from registry.settings import Settings
from registry.webhooks.sending import Sender

log = logging.getLogger(__name__)

#: Who does it, in the journal.
BY = "worker"
#: The hour of the night, in the deployment's zone, at which nightly jobs are due.
NIGHT = 3
#: Seconds between one look for something to send and the next.
EVERY = 0.5
#: Seconds after which a job that failed is tried again.
AGAIN = 3600
#: Seconds that what is going on has to end, once the worker is to.
PATIENCE = 40
#: What has expired so long ago is removed, seconds: until then it may be wanted to say that it has.
KEPT = 7 * 86_400
#: For how long a sign of life holds, seconds: one is given each minute; from cron, it is to come each hour at least.
BEAT, BEAT_OF_CRON = 180, 3900

#: Rows that mean nothing once they have expired, and the column that says when.
EXPIRING: tuple[tuple[type[Stored], str], ...] = (
    (IdempotentAnswer, "recorded_at"),
    (Family, "expires_at"),  # with its tokens and codes
    (Assertion, "expires_at"),
    (Asked, "expires_at"),
    (Device, "expires_at"),
    (KnownBrowser, "expires_at"),
    (Link, "expires_at"),
    (Session, "expires_at"),
)

GoesOn = Callable[[], None]


class Stopped(Exception):
    """The worker is to end, or another has taken the job over: what was done stays done."""


@dataclass(frozen=True, slots=True)
class Nightly:
    """A nightly job. `do` gives in a few words what it came to, and calls what it is given as it goes on."""

    name: str
    do: Callable[[Settings, GoesOn], str]


def _check(settings: Settings, goes_on: GoesOn) -> str:
    told = checking.run(checking.Scope(), by=BY, changed_only=True, gone_by=lambda _: goes_on())
    return f"run {told['id']}"


def _expire(settings: Settings, goes_on: GoesOn) -> str:
    return f"{expire(settings.staff_observation_days, by=BY)} observations of staff"


def _sweep(settings: Settings, goes_on: GoesOn) -> str:
    gone = 0
    for model, column in EXPIRING:
        gone += _swept(model, column, later(clock.now(), -KEPT))
        goes_on()
    return f"{gone} expired rows"


@writes(journalled=False, why="what has expired means nothing any more; that it was is in the journal")
def _swept(model: type[Stored], column: str, before: str) -> int:
    return int(model.delete().where(getattr(model, column) < before).execute())


def _reads(settings: Settings, goes_on: GoesOn) -> str:
    grown = reading.anchor_grown(goes_on)
    gone = engaging.forget(timedelta(days=settings.audit_reads_days))
    return f"{grown} logs of reading have grown, {gone} were thrown away"


JOBS = (
    Nightly("check", _check),
    Nightly("expire", _expire),
    Nightly("reads", _reads),
    Nightly("sweep", _sweep),
)


# --- jobs


def next_night(now: str, zone: str) -> str:
    """The next time that it is night."""
    today = clock.day_of(now, zone)
    for ahead in (0, 1, 2):
        at = later(clock.start_of(today + timedelta(days=ahead), zone), NIGHT * 3600)
        if at > now:
            return at
    raise AssertionError("unreachable")


def do_due(settings: Settings, stop: Callable[[], bool]) -> list[str]:
    """Do the jobs that are due, one after the other; gives the names of those that were done."""
    done = []
    for job in JOBS:
        if stop():
            break
        lease = claim(job.name, next_night(clock.now(), settings.zone))
        if lease is None:
            continue

        def going(name: str = job.name, mine: str = lease) -> None:
            if stop() or not goes_on(name, mine):
                raise Stopped

        try:
            outcome = job.do(settings, going)
        except Stopped:
            ended(job.name, lease, None, "stopped")
        except errors.Problem as problem:
            log.error("%s: %s", job.name, problem.code)
            ended(job.name, lease, later(clock.now(), AGAIN), f"failed: {problem.code}")
        except Exception as error:  # the others are done all the same
            log.error("%s failed\n%s", job.name, errors.places(error))
            ended(job.name, lease, later(clock.now(), AGAIN), "failed")
        else:
            log.info("%s: %s", job.name, outcome)
            ended(job.name, lease, next_night(clock.now(), settings.zone), outcome)
            done.append(job.name)
    return done


# --- the process


class Worker:
    """What the worker does at each turn; `stop` says that it is to end."""

    def __init__(self, settings: Settings, stop: Callable[[], bool]) -> None:
        self.settings, self.stop = settings, stop
        self.sealer, self.sender = Sealer.of(settings), Sender(settings)
        self._busy = {name: threading.Lock() for name in ("send", "look", "do")}

    def send(self, seconds: float) -> None:
        """Send webhooks, as they come, for so long."""
        with self._turn("send") as free:
            until = time.monotonic() + seconds
            while free and not self.stop() and time.monotonic() < until:
                self._safely("send", self.sender.tick)
                time.sleep(EVERY)

    def look(self) -> None:
        """Look at the systems that it is time to look at."""
        with self._turn("look") as free:
            if free and not self.stop():
                self._safely("look", lambda: looking.run_due(by=BY, sealer=self.sealer, stop=self.stop))

    def do(self) -> None:
        """Do the jobs that are due."""
        with self._turn("do") as free:
            if free and not self.stop():
                self._safely("do", lambda: do_due(self.settings, self.stop))

    def live(self) -> None:
        """Say that somebody is here."""
        self._safely("live", lambda: beat(BEAT))

    @contextmanager
    def _turn(self, name: str) -> Iterator[bool]:
        """One at a time of each: whether it is free. What takes longer than until the next turn is left to end."""
        free = self._busy[name].acquire(blocking=False)
        try:
            yield free
        finally:
            if free:
                self._busy[name].release()

    @staticmethod
    def _safely(name: str, turn: Callable[[], Any]) -> None:
        """With a connection; what goes wrong is logged, and looked at again at the next turn."""
        try:
            db.request_begin()
            turn()
        except (
            Exception
        ) as error:  # the worker goes on whatever happens: it is what notices when all is well again
            meant = error if isinstance(error, errors.Problem) else db.failure(error)
            if meant is None:
                log.error("%s failed\n%s", name, errors.places(error))
            else:
                log.warning("%s: %s", name, meant.code)
        finally:
            with suppress(peewee.PeeweeException):
                db.request_end()


def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; what is going on by then is given a while to end."""
    huey = MemoryHuey("registry", results=False)
    consumer = huey.create_consumer(
        workers=4, scheduler_interval=1, graceful_signal="TERM", shutdown_timeout=PATIENCE
    )
    consumer._signal_actions.pop(signal.SIGHUP, None)  # it would begin anew by a command line that it guesses
    worker = Worker(settings, consumer.stop_flag.is_set)
    minute = crontab()
    turns = [
        huey.periodic_task(minute, name="send")(lambda: worker.send(59)),
        huey.periodic_task(minute, name="look")(worker.look),
        huey.periodic_task(minute, name="do")(worker.do),
        huey.periodic_task(minute, name="live")(worker.live),
    ]
    for turn in turns:
        turn()  # at once, and then each minute
    try:
        consumer.run()
    finally:
        worker.sender.close()


def once(settings: Settings) -> None:
    """All that is due now, and no more: for cron."""
    worker = Worker(settings, lambda: False)
    try:
        worker.look()
        worker.do()
        while worker.sender.tick():
            time.sleep(0.05)
        beat(BEAT_OF_CRON)
    finally:
        worker.sender.close()
