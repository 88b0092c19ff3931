"""Limits of tries: exact among many threads and processes, each on its own, and gone when they are full again."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from registry import clock, db, errors, limits
from registry.limits import Bucket, Limit

pytestmark = pytest.mark.usefixtures("opened")

FIVE = Limit("five", burst=5, seconds=50)
TWO = Limit("two", burst=2, seconds=20)


class Clock:
    """A time that moves when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moment = datetime.fromisoformat("2026-03-01T00:00:00Z")
        monkeypatch.setattr(clock, "now", lambda: clock.written(self.moment))

    def pass_(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def tries(limit: Limit, who: str, many: int) -> int:
    """How many of so many tries get through."""
    through = 0
    for _ in range(many):
        try:
            limits.take((limit, who))
            through += 1
        except errors.TooMany:
            pass
    return through


def test_b28_so_many_at_once_and_then_one_by_one(time: Clock) -> None:
    assert tries(FIVE, "a", 1000) == 5
    with pytest.raises(errors.TooMany) as caught:
        limits.take((FIVE, "a"))
    assert caught.value.headers["Retry-After"] == "10"
    time.pass_(9.999)
    assert tries(FIVE, "a", 3) == 0
    time.pass_(0.001)
    assert tries(FIVE, "a", 3) == 1
    time.pass_(50)
    assert tries(FIVE, "a", 10) == 5


def test_whoever_waits_as_long_as_told_gets_through(time: Clock) -> None:
    odd = Limit("odd", burst=7, seconds=60)
    tries(odd, "a", 7)
    with pytest.raises(errors.TooMany) as caught:
        limits.check((odd, "a"))
    time.pass_(int(caught.value.headers["Retry-After"]))
    assert tries(odd, "a", 1) == 1


def test_b28_others_are_not_affected(time: Clock) -> None:
    tries(FIVE, "a", 100)
    assert tries(FIVE, "b", 100) == 5
    assert tries(TWO, "a", 100) == 2


def test_of_two_limits_the_narrower_decides_and_what_is_refused_counts_nowhere(time: Clock) -> None:
    limits.take((FIVE, "address"), (TWO, "account"))
    limits.take((FIVE, "address"), (TWO, "account"))
    for _ in range(10):
        with pytest.raises(errors.TooMany):
            limits.take((FIVE, "address"), (TWO, "account"))
    assert tries(FIVE, "address", 10) == 3


def test_asking_counts_nothing(time: Clock) -> None:
    for _ in range(20):
        limits.check((TWO, "a"))
    assert Bucket.select().count() == 0
    assert tries(TWO, "a", 9) == 2


def test_forgetting_gives_all_tries_back(time: Clock) -> None:
    tries(TWO, "a", 9)
    limits.forget(TWO, "a")
    assert tries(TWO, "a", 9) == 2


def test_full_buckets_are_thrown_away_and_say_of_nobody(time: Clock, opened: str) -> None:
    for number in range(10):
        tries(FIVE, f"198.51.100.{number}", 1)
    assert Bucket.select().count() == 10
    assert not [one.sha256 for one in Bucket.select() if "198.51" in one.sha256]
    time.pass_(1000)
    tries(FIVE, "b", 1)
    assert Bucket.select().count() == 1


def test_a_refusal_writes_nothing(time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    tries(TWO, "a", 2)
    monkeypatch.setattr(limits, "_take", lambda tries: pytest.fail("written"))
    with pytest.raises(errors.TooMany):
        limits.take((TWO, "a"))


def test_a_clock_that_goes_back_locks_nobody_out_for_good(time: Clock) -> None:
    tries(FIVE, "a", 5)
    time.pass_(-3600)
    with pytest.raises(errors.TooMany) as caught:
        limits.take((FIVE, "a"))
    assert int(caught.value.headers["Retry-After"]) <= 3600 + 50


PROCESS = """
import sys
from registry import db, errors, limits
db.open(sys.argv[1])
through = 0
for _ in range(40):
    try:
        limits.take((limits.Limit("shared", 30, 3600), "a"))
        through += 1
    except errors.TooMany:
        pass
print(through)
db.close()
"""


def test_b28_processes_share_one_limit(opened: str) -> None:
    words = [sys.executable, "-c", PROCESS, opened]
    root = Path(__file__).parents[1]
    running = [subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sum(int(process.communicate(timeout=60)[0]) for process in running) == 30


def test_threads_share_one_limit() -> None:
    shared, through, gate = Limit("threads", 30, 3600), [], threading.Barrier(6)

    def run() -> None:
        gate.wait()
        through.append(tries(shared, "a", 10))
        db.close() if db.database.obj.name == "sqlite" else db.request_end()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(through) == 30


@pytest.mark.parametrize(
    ("remote", "whose"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("", "nowhere"),
        ("unix:", "nowhere"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_of_whom_an_address_is(remote: str, whose: str) -> None:
    assert limits.address(remote) == whose
