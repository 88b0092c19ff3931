"""The worker as a process, killed and doubled, against real receivers; and its jobs, one night after the other."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time as wall
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from registry import clock, db, errors, jobs, journal, worker
from registry.api.idempotency import IdempotentAnswer
from registry.app import create_app
from registry.auth.clients import stored as clients
from registry.auth.clients.stored import Family
from registry.auth.tokens import access as tokens
from registry.catalogue import store
from registry.cli import main
from registry.keys import sealing
from registry.webhooks.stored import Delivery, Standing
from tests.webhooks.conftest import BY, KEY, Clock, Got, Told, happen, status, time, told

__all__ = ["time", "told"]

ROOT = Path(__file__).parents[1]


def environ(told: Told) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("REGISTRY_")}
    return kept | {
        "REGISTRY_DATABASE": told.url,
        "REGISTRY_SECRET_KEY": KEY,
        "REGISTRY_OUTBOUND_NETWORKS": "127.0.0.0/8",
        "REGISTRY_RECEIVER_PORTS": ",".join(str(one.port) for one in told.receivers) or "443",
        "REGISTRY_LOG_LEVEL": "WARNING",
    }


@contextmanager
def working(told: Told, count: int = 1) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many workers, each a process of its own."""
    command = [sys.executable, "-m", "registry", "worker"]
    started = [subprocess.Popen(command, cwd=ROOT, env=environ(told)) for _ in range(count)]
    try:
        yield started
    finally:
        for one in started:
            one.kill()
            one.wait()


def until(seen: Callable[[], Any], seconds: float = 60) -> None:
    deadline = wall.monotonic() + seconds
    while not seen():
        assert wall.monotonic() < deadline
        db.request_end()
        wall.sleep(0.05)


def seqs_of(got: list[Got]) -> list[int]:
    return [json.loads(one.body)["data"]["seq"] for one in got]


def test_it_sends_as_things_happen_and_ends_when_told_to(told: Told) -> None:
    at = told.receiver()
    told.endpoint(at)
    first = happen(2)
    with working(told) as (process,):
        until(lambda: len(at.got) == 2)
        second = happen(2)
        until(lambda: len(at.got) == 4)
        until(lambda: Delivery.select().where(Delivery.state == "delivered").count() == 4)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert seqs_of(at.got) == [*first, *second]
    assert Standing.get().lease is None


def test_e3_killed_at_any_point_nothing_is_lost_and_what_comes_again_has_the_same_id(told: Told) -> None:
    at = told.receiver()
    told.endpoint(at)
    seqs = happen(6)
    workers: list[subprocess.Popen[bytes]] = []
    turns = iter((0, 2, 1))  # killed when the first message is there, then when two more are …
    left = [next(turns)]
    begun = threading.Event()

    def answer(handler: BaseHTTPRequestHandler, got: Got) -> None:
        begun.wait(30)
        if left[0] == 0:
            workers[-1].kill()
            workers[-1].wait()
        left[0] -= 1
        status(204)(handler, got)

    at.answer = answer
    for _ in range(3):
        begun.clear()
        with working(told) as (process,):
            workers.append(process)
            begun.set()
            assert process.wait(60) == -signal.SIGKILL
        left[0] = next(turns, -1)
        with db.writing(why="its lease runs out"):
            Standing.update(leased_until="2020-01-01T00:00:00.000000Z").execute()
    with working(told):
        until(lambda: Delivery.select().where(Delivery.state == "delivered").count() == 6)
    came: dict[int, set[str]] = {}
    for seq, got in zip(seqs_of(at.got), at.got, strict=True):
        came.setdefault(seq, set()).add(got.id)
    assert sorted(came) == seqs
    assert {len(ids) for ids in came.values()} == {1}
    assert len(at.got) == 6 + 3


def test_two_workers_at_once_do_nothing_twice(told: Told) -> None:
    receivers = [told.receiver() for _ in range(3)]
    for at in receivers:
        told.endpoint(at)
    with working(told, 2):
        seqs = []
        for _ in range(5):
            seqs += happen(4)
            wall.sleep(0.2)
        until(lambda: all(len(at.got) >= 20 for at in receivers))
        until(lambda: Delivery.select().where(Delivery.state == "delivered").count() == 60)
    assert [seqs_of(at.got) for at in receivers] == [seqs] * 3


# --- jobs

DAY = 86_400


def nights(told: Told, time: Clock, count: int) -> list[list[str]]:
    """What is done in the days that follow, looked at each hour."""
    done = []
    for _ in range(count):
        done.append([])
        for _ in range(24):
            done[-1] += worker.do_due(told.settings, lambda: False)
            time.forward(3600)
    return done


def test_nightly_jobs_are_done_once_a_night_by_whoever_comes_first(told: Told, time: Clock) -> None:
    time.now = "2027-01-15T10:00:00.000000Z"
    names = [job.name for job in worker.JOBS]
    assert nights(told, time, 3) == [names] * 3
    assert jobs.Job.get().due_at == "2027-01-19T01:00:00.000000Z"  # three o'clock in Helsinki
    time.forward(10 * DAY)  # nobody was there for days: done at once, and once
    assert worker.do_due(told.settings, lambda: False) == names
    assert worker.do_due(told.settings, lambda: False) == []


def test_a_job_is_of_one_worker_until_its_lease_runs_out(told: Told, time: Clock) -> None:
    lease = jobs.claim("check", time.now)
    assert lease is not None
    assert jobs.claim("check", time.now) is None
    assert jobs.goes_on("check", lease)
    time.forward(jobs.LEASE + 1)
    other = jobs.claim("check", time.now)
    assert other is not None
    assert not jobs.goes_on("check", lease)
    jobs.ended("check", lease, clock.later(time.now, DAY), "late")
    assert jobs.Job.get().lease == other


@pytest.mark.parametrize("fault", [errors.Unavailable("Away."), RuntimeError("a fault of ours")])
def test_a_job_that_fails_is_tried_in_an_hour_and_holds_up_no_other(
    fault: Exception, told: Told, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> str:
        raise fault

    some = (worker.Nightly("fails", fail), worker.Nightly("works", lambda *_: "well"))
    monkeypatch.setattr(worker, "JOBS", some)
    worker.do_due(told.settings, lambda: False)
    time.forward(DAY)
    assert worker.do_due(told.settings, lambda: False) == ["works"]
    row = jobs.Job.get(jobs.Job.name == "fails")
    assert (row.lease, row.due_at) == (None, clock.later(time.now, worker.AGAIN))
    assert row.outcome.startswith("failed")
    time.forward(worker.AGAIN)
    monkeypatch.setattr(worker, "JOBS", (worker.Nightly("fails", lambda *_: "well"),))
    assert worker.do_due(told.settings, lambda: False) == ["fails"]


def test_a_job_stops_when_the_worker_is_to_end_and_is_done_by_the_next(
    told: Told, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: list[str] = []

    def long(_: Any, goes_on: worker.GoesOn) -> str:
        for part in ("first", "second"):
            parts.append(part)
            goes_on()
        return "whole"

    monkeypatch.setattr(worker, "JOBS", (worker.Nightly("long", long), worker.Nightly("other", long)))
    worker.do_due(told.settings, lambda: False)
    time.forward(DAY)
    assert worker.do_due(told.settings, lambda: bool(parts)) == []
    assert parts == ["first"]
    row = jobs.Job.get(jobs.Job.name == "long")
    assert (row.lease, row.outcome) == (None, "stopped")
    assert worker.do_due(told.settings, lambda: False) == ["long", "other"]


def test_the_nightly_check_is_of_all_registers(told: Told, time: Clock) -> None:
    store.declare("register", "acme", "news", {"register": "News"}, by=BY, expect=store.NEW)
    worker.do_due(told.settings, lambda: False)
    assert journal.entries(action="findings.recorded") == []
    time.forward(DAY)
    worker.do_due(told.settings, lambda: False)
    found = journal.entries(action="findings.recorded") + journal.entries(action="check-run.finished")
    assert [(one.object, one.actor) for one in found] == [
        ("findings/acme", "worker"),
        ("check-run/1", "worker"),
    ]


def test_health_says_whether_a_worker_is_there_and_what_went_wrong(told: Told, time: Clock) -> None:
    asker = create_app(dataclasses.replace(told.settings, database=told.url)).test_client()

    def health() -> dict[str, Any]:
        answer = asker.get("/health")
        assert (answer.status_code, answer.json["status"]) == (200, "ok")  # a warning is no failure
        return dict(answer.json)

    said = health()
    assert said["warnings"] == ["worker_absent"]
    assert said["worker"] == {"running": False, "seen_at": None, "failed": []}
    beside = worker.Worker(told.settings, lambda: False)
    beside.live()
    began = time.now
    time.forward(worker.BEAT - 1)
    assert health()["worker"] == {"running": True, "seen_at": began, "failed": []}
    time.forward(2)
    assert health()["worker"] == {"running": False, "seen_at": began, "failed": []}
    beside.live()
    assert health()["warnings"] == []
    lease = jobs.claim("check", time.now)
    assert lease is not None
    jobs.ended("check", lease, None, "failed: busy")
    said = health()
    assert (said["worker"]["failed"], said["warnings"]) == (["check"], ["worker_job_failed"])
    beside.sender.close()


def test_a_worker_that_runs_gives_signs_of_life(told: Told) -> None:
    with working(told):
        until(lambda: jobs.standing()["running"])


def test_what_has_expired_long_ago_is_swept_and_nothing_else(told: Told, time: Clock) -> None:
    made, _ = clients.register_client(name="C", scopes=["registers:read"], controllers=["acme"], by=BY)
    issue = {"client_id": made.client_id, "scopes": ["registers:read"], "audience": "a", "by": BY}
    tokens.issue(**issue, seconds=60)
    kept = tokens.issue(**issue, seconds=30 * DAY)
    with db.writing(why="as the door does it"):
        IdempotentAnswer.insert(
            client_id="c",
            key_hash="k",
            request_hash="r",
            status=201,
            headers="{}",
            body=b"",
            recorded_at=time.now,
        ).execute()
    assert worker._sweep(told.settings, lambda: None) == "0 expired rows"
    time.forward(8 * DAY)
    assert worker._sweep(told.settings, lambda: None) == "2 expired rows"
    assert [row.id for row in Family.select()] == [kept.family]
    assert not IdempotentAnswer.select().exists()


def test_once_does_what_is_due_and_ends(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    at = told.receiver()
    told.endpoint(at)
    happen(3)
    db.request_end()
    for name, value in environ(told).items():
        if name.startswith("REGISTRY_"):
            monkeypatch.setenv(name, value)
    done = CliRunner().invoke(main, ["worker", "--once"])
    assert (done.exit_code, len(at.got)) == (0, 3)
    db.open(told.url)
    assert {job.name for job in jobs.Job.select()} == {"worker", *(job.name for job in worker.JOBS)}


@pytest.mark.parametrize(
    ("key", "said"),
    [("", "keys are missing"), ("short", "32 random bytes"), ("another", "keys are missing")],
)
def test_it_does_not_start_without_the_key_that_secrets_need(
    key: str, said: str, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.endpoint("https://8.8.8.8/")
    db.request_end()
    for name, value in {
        **environ(told),
        "REGISTRY_SECRET_KEY": sealing.new_key() if key == "another" else key,
    }.items():
        if name.startswith("REGISTRY_"):
            monkeypatch.setenv(name, value)
    done = CliRunner().invoke(main, ["worker", "--once"])
    assert (done.exit_code, said in done.output) == (1, True)
    db.open(told.url)


def test_a_database_that_is_away_ends_nothing(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    at = told.receiver()
    told.endpoint(at)
    happen()
    beside = worker.Worker(told.settings, lambda: False)
    times = iter([errors.Unavailable("Away."), RuntimeError("worse")])

    def away() -> int:
        fault = next(times, None)
        if fault is not None:
            raise fault
        return 0

    tick = beside.sender.tick
    monkeypatch.setattr(beside.sender, "tick", lambda: away() or tick())
    beside.send(3)
    beside.sender.close()
    assert len(at.got) == 1
