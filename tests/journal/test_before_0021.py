"""A store that was written before connectors and webhooks were kept as everything else is in states, brought over.

`before_0021.json` is what the program of that day wrote, row by row: connectors of two controllers, changed, given
secrets, sent elsewhere, paused and removed; webhooks with two secrets, disabled, removed and paused. The sealing key is
made of a word, and the secrets in the clear are known here alone.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playhouse.migrations import Runner

import registry.app  # noqa: F401 -- makes every room a witness of the journal
from registry import db, errors, journal
from registry.clock import ENDLESS
from registry.connectors.configured import connected, connecting
from registry.connectors.configured.connected import CONNECTORS, Connector
from registry.db import shape
from registry.keys.sealing import Sealer
from registry.settings import Settings
from registry.webhooks import endpoints, stored
from registry.webhooks.stored import ENDPOINTS, Endpoint

STORE = json.loads((Path(__file__).parent / "before_0021.json").read_text())
BEFORE, THIS = "0020_planned", "0021_states_alike"
SEALER = Sealer.of(
    Settings(secret_key=base64.urlsafe_b64encode(hashlib.sha256(b"before 0021").digest()).decode())
)
WHY, BY = "as it was", "client/test"
SOON = "2026-11-25T20:00:00.000000Z"  # after the last entry, while both secrets of the first webhook sign


def value(cell: Any) -> Any:
    return bytes.fromhex(cell["hex"]) if isinstance(cell, dict) else cell


def rows(table: str) -> list[tuple[Any, ...]]:
    """What is there of the columns that the store has, as it has them."""
    columns = STORE[table]["columns"]
    found = db.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
    truths = [at for at, name in enumerate(columns) if name in ("current", "ended")]
    told = []
    for row in found:
        cells = [bytes(cell) if isinstance(cell, memoryview) else cell for cell in row]
        for at in truths:
            cells[at] = bool(cells[at])
        told.append(tuple(cells))
    return sorted(told, key=repr)


def kept(table: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(map(value, row)) for row in STORE[table]["rows"]), key=repr)


def runner() -> Runner:
    return Runner(db.database.obj, str(shape.DIRECTORY), shape.HISTORY)


@pytest.fixture
def old(database_url: str) -> Iterator[str]:
    """A bound database with the store in it, as it was before; its URL."""
    db.open(database_url)
    with db.writing(why=WHY):
        runner().up(BEFORE)
        for table in STORE:
            columns = STORE[table]["columns"]
            places = ", ".join("?" * len(columns))
            for row in STORE[table]["rows"]:
                db.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", *map(value, row))
    yield database_url
    db.close()


def sound() -> bool:
    report = journal.verify()
    assert report.unwitnessed == ()
    return report.ok


def bring_over() -> None:
    assert THIS in db.migrate()
    ours = {"connectors_connector", "webhooks_endpoint"}
    assert not [line for line in db.drift() if line[2:].partition(".")[0].partition(" ")[0] in ours]


def test_every_state_is_what_it_was_and_verifies(old: str) -> None:
    bring_over()
    assert sound()
    for model, table in ((Connector, "connectors_connector"), (Endpoint, "webhooks_endpoint")):
        columns = STORE[table]["columns"]
        place = {name: at for at, name in enumerate(columns)}
        before = {(row[0], row[1]): list(map(value, row)) for row in STORE[table]["rows"]}
        after = {(row.id, row.version): row for row in model.select()}
        assert after.keys() == before.keys()
        for (number, version), row in after.items():
            was = before[number, version]
            for name in columns:
                if name == "current":
                    assert (row.superseded_at == ENDLESS) == was[place[name]]
                elif name == "document":
                    assert bytes(row.document) == was[place[name]]
                else:
                    assert getattr(row, name) == was[place[name]]
            following = before.get((number, version + 1))
            assert row.superseded_at == (following[place["recorded_at"]] if following else ENDLESS)
    for table in STORE:
        if table not in ("connectors_connector", "webhooks_endpoint"):
            assert rows(table) == kept(table), table


def test_what_stands_is_read_and_goes_on(old: str) -> None:
    bring_over()
    stands = {number: CONNECTORS.one(number) for number in (1, 2, 3, 4)}
    assert {number: (row.version, row.state) for number, row in stands.items()} == {
        1: (4, "removed"), 2: (1, "enabled"), 3: (3, "paused"), 4: (1, "paused"),
    }  # fmt: skip
    assert [row.id for row in connected.of_systems()] == [2, 3, 4]
    assert [row.id for row in connected.due(SOON)] == [2]
    assert [connected.unsealed(stands[number], SEALER) for number in (1, 2, 4)] == [
        {},
        {"client_id": "registry", "client_secret": "canary-three"},
        {"client_id": "registry", "client_secret": "canary-four"},
    ]
    with pytest.raises(errors.Gone):
        connecting.remove_connector(1, by=BY, expect=4)
    with pytest.raises(errors.PreconditionFailed):
        connecting.remove_connector(3, by=BY, expect=2)
    connecting.remove_connector(3, by=BY, expect=3)
    with pytest.raises(errors.Conflict, match="Connector 2"):
        connecting.add_connector(
            "acme/desk", "zendesk", {"subdomain": "acme"}, every_hours=24, by=BY, sealer=SEALER
        )

    told = {number: ENDPOINTS.one(number).told for number in (1, 2, 3, 4)}
    assert {number: (one["version"], one["state"], one["disabled_because"]) for number, one in told.items()} == {
        1: (4, "enabled", None), 2: (2, "disabled", "gone"), 3: (2, "removed", None), 4: (2, "paused", None),
    }  # fmt: skip
    assert [len(endpoints.secrets_of(number, SEALER, SOON)) for number in (1, 2, 3, 4)] == [2, 1, 0, 1]
    assert stored.standing(3) is None and (stored.standing(1) or {})["position"] == 17
    endpoints.give_secret(4, overlap_hours=1, by=BY, expect=2, sealer=SEALER)
    endpoints.remove_endpoint(1, by=BY, expect=4)
    assert endpoints.add_endpoint(
        "other", url="https://hooks.acme.example/", kinds=["hold.set"], description=None, by=BY, sealer=SEALER
    )[0] == 5  # fmt: skip
    assert sound()


def test_secrets_are_in_no_document(old: str) -> None:
    bring_over()
    known = [connected.unsealed(CONNECTORS.one(number), SEALER)["client_secret"] for number in (2, 4)]
    known += [secret for number in (1, 2, 4) for secret in endpoints.secrets_of(number, SEALER, SOON)]
    assert len(set(known)) == 6
    for row in (*Connector.select(), *Endpoint.select()):
        assert not any(secret.encode() in bytes(row.document) for secret in known)


def test_it_goes_back_and_over_again(old: str) -> None:
    bring_over()
    with db.writing(why=WHY):
        runner().down(THIS)
    for table in STORE:
        assert rows(table) == kept(table), table
    bring_over()
    assert sound()


def test_where_somebody_meddled_it_is_seen_afterwards_too(old: str) -> None:
    with db.writing(why="a test meddles"):
        db.execute("UPDATE webhooks_endpoint SET current = NOT current WHERE id = 1 AND version > 2")
        db.execute("UPDATE connectors_connector SET current = ? WHERE id = 3 AND version = 1", True)
        db.execute("DELETE FROM connectors_connector WHERE id = 1 AND version = 2")
    db.migrate()
    of = {
        ("webhook/acme/1", 3), ("webhook/acme/1", 4), ("connector/acme/3", 1), ("connector/acme/1", 2),
    }  # fmt: skip
    seqs = {one.seq for one in journal.entries(limit=200) if (one.object, one.version) in of}
    assert len(seqs) == 4 and seqs <= {fault.seq for fault in journal.verify().faults}
    with pytest.raises(errors.NotFound):
        CONNECTORS.one(9)


KILLED = """
import os, sys
from pathlib import Path
from registry import db
from registry.db import shape
shape.DIRECTORY = Path(sys.argv[2])
db.open(sys.argv[1])
db.migrate()
"""
#: Where the process dies: after the first of the two tables, and after everything but the commit.
DEATHS = {
    "half": (
        "    for table, (_, found) in FOUND.items():",
        "    for table, (_, found) in [*FOUND.items()][:1]:",
    ),
    "all": ("", ""),
}


@pytest.mark.parametrize("when", DEATHS)
def test_killed_on_the_way_it_leaves_what_was_there_and_can_begin_again(
    old: str, when: str, tmp_path: Path
) -> None:
    for path in shape.DIRECTORY.glob("[0-9]*.py"):
        text = path.read_text()
        if path.stem == THIS:
            assert DEATHS[when][0] in text
            text = text.replace(*DEATHS[when]) if DEATHS[when][0] else text
            text = text.replace(
                "\n\ndef down(", "\n    import os\n    os.kill(os.getpid(), 9)\n\n\ndef down("
            )
        (tmp_path / path.name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, old, tmp_path],
        cwd=shape.DIRECTORY.parents[1], capture_output=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == -9, done.stderr
    for table in STORE:
        assert rows(table) == kept(table), table
    bring_over()
    assert sound()


@pytest.mark.parametrize("engine", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
def test_it_waits_for_who_reads_and_they_for_it(old: str) -> None:
    """A reader's transaction sees what it began with to its end; readers that come meanwhile are answered after."""
    give_up = time.monotonic() + 60
    with psycopg.connect(old) as reader, psycopg.connect(old, autocommit=True) as watcher:
        seen = reader.execute("SELECT id, version, current FROM connectors_connector").fetchall()
        failed: list[BaseException] = []

        def over() -> None:
            try:
                bring_over()
            except BaseException as error:
                failed.append(error)
            finally:
                db.database.obj.close_all()

        at_work = threading.Thread(target=over)
        at_work.start()
        waits = "SELECT 1 FROM pg_locks WHERE NOT granted"
        while not watcher.execute(waits).fetchall() and at_work.is_alive() and time.monotonic() < give_up:
            time.sleep(0.01)
        assert reader.execute("SELECT id, version, current FROM connectors_connector").fetchall() == seen
        reader.commit()
        at_work.join(60)
        assert not at_work.is_alive() and not failed
        assert len(reader.execute("SELECT superseded_at FROM connectors_connector").fetchall()) == len(seen)
    assert sound()
