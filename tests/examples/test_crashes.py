"""kill -9 of the job and of the server, and a full disk: nothing that was said is lost, nothing goes without proof.

CRASHES says how many are tried (2; 30 and more were run for the figures in docs/retention.md).
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
import requests
from dateutil.relativedelta import relativedelta

import registry.app  # noqa: F401 -- makes every room a witness of the journal
from registry import clock, db, journal
from registry.auth.clients import stored as clients
from registry.auth.tokens import access as tokens
from registry.keys import signing
from registry.retention.decisions.receipts import TYP
from registry.retention.holds import holding
from tests import engines, ports
from tests.examples.conftest import SIGNING, Desk, started

CRASHES = int(os.environ.get("CRASHES", "2"))
ROOT = Path(__file__).parents[2]
DAYS = random.Random(7).choices(range(400), k=1500)
HELSINKI = ZoneInfo("Europe/Helsinki")
TABLE = "CREATE TABLE conversation (id bigint PRIMARY KEY, name text, customer text, closed_at timestamptz)"
ELSEWHERE = {"data_categories": ["pd:Age"]}  # data that the job does not touch
ITS_OWN = {"systems": ["acme/desk"]}


@dataclass
class Count:
    """A table that is purged, and what is counted of it: what went, with which proof, and whether it might."""

    desk: Desk
    anchors: dict[int, datetime] = field(default_factory=dict)
    gone_before: int = 0

    def fill(self, *days: int) -> None:
        """Rows anew, the receipts of those before counted and put away."""
        self.gone_before += len(self.desk.receipts())
        with psycopg.connect(self.desk.dsn) as connection:
            connection.execute("TRUNCATE conversation")
            connection.execute("DROP TABLE IF EXISTS registry_purge")
        self.desk.fill(*days)
        with psycopg.connect(self.desk.dsn) as connection:
            self.anchors = dict(connection.execute("SELECT id, closed_at FROM conversation").fetchall())

    def due(self) -> set[int]:
        """The rows whose six months are over now, as another library reckons."""
        today = datetime.fromisoformat(clock.now()).astimezone(HELSINKI).date()
        return {
            number
            for number, anchor in self.anchors.items()
            if anchor.astimezone(HELSINKI).date() + relativedelta(months=6) < today
        }

    def gone(self) -> set[int]:
        """The rows that are gone: each has its receipt, no row that is there has one, and each was due."""
        left, receipts = self.desk.left(), self.desk.receipts()
        gone = self.anchors.keys() - left
        assert receipts.keys() == gone
        assert gone <= self.due()
        return set(gone)

    def proofs(self) -> int:
        """How many receipts there are; each is signed for that very row."""
        public, receipts = signing.Signer((signing._key(SIGNING),)).jwks(), self.desk.receipts()
        for number, receipt in receipts.items():
            said = signing.verify(receipt, public, typ=TYP)
            assert said["answer"]["decision"] == "delete_after"
            assert datetime.fromisoformat(said["item"]["anchor"]) == self.anchors[number]
        return len(receipts)


class Office:
    """Sets holds of acme's, and remembers those that were acknowledged."""

    SCOPES = ("holds:write", "holds:read", "retention:read")

    def __init__(self, url: str) -> None:
        made, _ = clients.register_client(
            name="Office", scopes=self.SCOPES, controllers=["acme"], by="operator"
        )
        self.url, self.acknowledged = url, list[int]()
        self._headers = {"Authorization": f"Bearer {self._token(made.client_id)}"}
        self._over = threading.Event()

    def _token(self, client: str) -> str:
        made = tokens.issue(
            client_id=client, scopes=self.SCOPES, audience=self.url, seconds=3600, by="operator"
        )
        return str(made.token)

    def hold(self, what: dict[str, Any]) -> requests.Response:
        """Set one."""
        body = {"controller": "acme", "reason": "A dispute.", "review_on": "2090-01-01", **what}
        answer = requests.post(f"{self.url}/v1/legal-holds", json=body, headers=self._headers, timeout=60)
        if answer.status_code == 201:
            self.acknowledged.append(answer.json()["id"])
        return answer

    def decision(self) -> str:
        """What is said of a conversation long over."""
        item = {"system": "acme/desk", "category": "D1", "anchor": "2020-01-01"}
        place = f"{self.url}/v1/retention-decisions"
        answer = requests.post(place, json={"items": [item]}, headers=self._headers, timeout=60)
        return str(answer.json()["decisions"][0]["decision"])

    def end(self, number: int) -> requests.Response:
        """End one."""
        place = f"{self.url}/v1/legal-holds/{number}"
        tag = requests.get(place, headers=self._headers, timeout=60).headers["ETag"]
        return requests.delete(place, headers={**self._headers, "If-Match": tag}, timeout=60)

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """One hold after another, until the block ends."""
        self._over.clear()
        thread = threading.Thread(target=self._work)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _work(self) -> None:
        while not self._over.wait(0.01):
            with contextlib.suppress(requests.RequestException):
                self.hold(ELSEWHERE)


def start(desk: Desk) -> subprocess.Popen[bytes]:
    """The job, as a process of its own."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "examples/purge_postgresql.py", str(desk.settings(batch=50))],
        cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@contextlib.contextmanager
def table(databases: engines.Engines) -> Iterator[str]:
    """A PostgreSQL with an empty table to purge."""
    with databases.fresh("postgresql", migrated=False) as url:
        with psycopg.connect(url) as connection:
            connection.execute(TABLE)
        yield url


def told(line: str) -> None:
    """Shown by pytest -s: the counts of a long run."""
    sys.stdout.write(f"\n{line}")


def standing() -> set[int]:
    """The holds that are stored."""
    found = holding.StoredHold.select(holding.StoredHold.id).where(holding.StoredHold.version == 1)
    return {number for (number,) in found.tuples()}


def test_e2_kill_9_of_the_job_and_of_the_server_loses_nothing_and_deletes_nothing_too_early(
    databases: engines.Engines, filled: tuple[str, tuple[str, str]], tmp_path: Path
) -> None:
    chance, port = random.Random(os.environ.get("SEED", "3")), ports.own()
    url, credential = filled
    before, office, count, caught = standing(), Office(f"http://127.0.0.1:{port}"), None, 0
    with table(databases) as dsn:
        for crash in range(CRASHES):
            with started(url, port, credential) as service:
                if count is None:
                    count = Count(Desk(dsn, tmp_path, service))
                if len(count.gone()) * 2 >= len(count.due()):  # little is left to be caught in the middle of
                    count.fill(*DAYS)
                process = start(count.desk)
                with office.at_work():
                    # Somewhere in its work: when a random number of rows is gone, or it has not begun yet.
                    wanted = chance.choice([0, chance.randrange(1, 600)]) + len(count.desk.receipts())
                    deadline = time.monotonic() + 120
                    while len(count.desk.receipts()) < wanted and process.poll() is None:
                        assert time.monotonic() < deadline
                        time.sleep(0.01)
                    time.sleep(chance.uniform(0, 0.1))
                    caught += process.poll() is None
                    if crash % 2:
                        process.kill()
                    else:
                        os.killpg(service.group, signal.SIGKILL)
                    process.wait(60)
            gone = count.gone()
            told(f"crash {crash + 1}: {'job' if crash % 2 else 'server'} killed, {len(gone)} rows gone of"
                  f" {len(count.due())} due, {len(office.acknowledged)} holds acknowledged")  # fmt: skip
        assert count is not None
        with started(url, port, credential):
            assert start(count.desk).wait(60) == 0
        assert count.gone() == count.due()
        assert count.proofs() == len(count.due()) > 0
        total = count.gone_before + len(count.due())
        told(f"{CRASHES} crashes, {caught} in the middle of a run: {total} rows gone, each with its receipt")
    assert caught
    assert office.acknowledged
    assert len(set(office.acknowledged)) == len(office.acknowledged)
    # What was acknowledged is there; besides it at most the one write that each crash kept from being acknowledged.
    stored = standing() - before
    assert set(office.acknowledged) <= stored
    assert len(stored) <= len(office.acknowledged) + CRASHES
    assert journal.verify().ok
    db.request_end()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with a few megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("nobody may mount a small disk here; tests/test_db.py has a page limit in its place")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_e5_l6_a_full_disk_loses_nothing_that_was_said_and_deletes_nothing_too_early(
    databases: engines.Engines, filled: tuple[str, tuple[str, str]], tmp_path: Path, small: Path
) -> None:
    if not filled[0].startswith("sqlite"):
        pytest.skip(
            "the disk of a PostgreSQL server is its operator's; that it says so is in tests/test_db.py"
        )
    port, url = ports.own(), f"sqlite:///{small}/registry.db"
    db.backup(small / "registry.db")
    db.open(url)
    try:
        office, before = Office(f"http://127.0.0.1:{port}"), standing()
        with table(databases) as dsn, started(url, port, filled[1]) as service:
            count = Count(Desk(dsn, tmp_path, service))
            count.fill(*DAYS[:300])
            said = [office.hold(ELSEWHERE).status_code for _ in range(5)]
            with contextlib.suppress(OSError), (small / "ballast").open("wb", buffering=0) as ballast:
                while True:
                    ballast.write(b"x" * 4096)
            while said[-1] == 201:  # what the log of writes had set aside is used up first
                said.append(office.hold(ELSEWHERE).status_code)
            assert said[-1] == 507
            for what in (ELSEWHERE, ITS_OWN):  # nobody was told that the job's data is held
                answer = office.hold(what)
                assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
            assert start(count.desk).wait(60) == 75
            assert count.gone() == set()
            # What is stored is whole, and a hold that there was no room for was refused: the answer is right.
            assert office.decision() == "delete_after"
            assert requests.get(f"{service.url}/health", timeout=60).ok
            acknowledged = list(office.acknowledged)
            assert acknowledged
            assert standing() >= set(acknowledged)

            (small / "ballast").unlink()  # and nobody starts anything anew
            held = office.hold(ITS_OWN)
            assert held.status_code == 201
            assert office.decision() == "held"
            assert standing() - before == set(office.acknowledged)
            assert start(count.desk).wait(60) == 0
            assert count.gone() == set()
            assert office.end(held.json()["id"]).status_code == 200
            assert start(count.desk).wait(60) == 0
            assert count.gone() == count.due()
            assert count.proofs() == len(count.due()) > 0
            assert journal.verify().ok
    finally:
        db.close()
        db.open(filled[0])
