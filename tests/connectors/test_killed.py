"""The programs that look at systems, killed while they do: nothing is half stored, and the next look is as any."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from registry import db, journal
from registry.connectors.configured import connecting
from registry.connectors.configured.connected import ConnectorRun
from registry.connectors.observations.stored import StoredObservation, value
from registry.connectors.observed.observation import Observation
from registry.db import writes
from registry.keys.sealing import Sealer, new_key
from registry.settings import Settings
from tests.connectors.conftest import BY
from tests.connectors.looking import loopback
from tests.connectors.stand_ins.serving import Asked, Reply
from tests.connectors.turns import zendesk

ROOT = Path(__file__).parents[2]
#: After so many questions to the system the program is killed; a look asks some twenty.
AFTER = (1, 7, 14)
LONG_AGO = "2000-01-01T00:00:00.000000Z"


@writes(journalled=False, why="time passes")
def time_passes() -> None:
    """It is due again, and the claim of whoever was killed has ended."""
    ConnectorRun.update(due_at=LONG_AGO).execute()
    ConnectorRun.update(leased_until=LONG_AGO).where(ConnectorRun.lease.is_null(False)).execute()


def _observations() -> list[Observation]:
    return [value(bytes(row.document)) for row in StoredObservation.select()]


def runs() -> int:
    """How many looks there were, all of them whole."""
    found = [one for one in journal.entries(limit=10_000) if one.action == "connector.run"]
    stored = Counter((one.kind, one.about) for one in _observations())
    assert set(stored.values()) <= {len(found)}
    assert {one.payload["state"] for one in found if one.payload} <= {"complete"}
    assert journal.verify().ok
    return len(found)


@pytest.mark.parametrize("command", ["observe acme", "worker"])
def test_killed_while_it_looks_it_stores_nothing_and_looks_again(
    systems: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = new_key()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")} | {
        "REGISTRY_DATABASE": systems,
        "REGISTRY_SECRET_KEY": key,
        "REGISTRY_OUTBOUND_NETWORKS": "127.0.0.0/8",
        "REGISTRY_LOG_LEVEL": "ERROR",
    }
    with loopback(), zendesk.system(None) as (desk, settings, secrets):
        connecting.add_connector(
            "acme/desk", "zendesk", settings, by=BY, sealer=Sealer.of(Settings(secret_key=key)), every_hours=24,
            secrets=secrets,
        )  # fmt: skip
        program = [sys.executable, "-m", "registry", *command.split()]

        def started() -> subprocess.Popen[bytes]:
            time_passes()
            return subprocess.Popen(program, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL)

        answer = desk.reply
        for count in AFTER:
            asked, go_on = threading.Event(), threading.Event()
            desk.asked.clear()

            def waiting(
                one: Asked, count: int = count, asked: threading.Event = asked, go_on: threading.Event = go_on
            ) -> Reply:
                if len(desk.asked) + 1 >= count:
                    asked.set()
                    go_on.wait(60)
                return answer(one)

            monkeypatch.setattr(desk, "reply", waiting)
            process = started()
            try:
                assert asked.wait(60)
            finally:
                process.kill()
                process.wait()
                go_on.set()
            assert runs() == 0
        monkeypatch.undo()
        process = started()
        try:
            deadline = time.monotonic() + 60
            while not (done := ConnectorRun.get().document):
                assert time.monotonic() < deadline
                db.request_end()
                time.sleep(0.05)
        finally:
            process.kill()
            process.wait()
        assert done and runs() == 1
