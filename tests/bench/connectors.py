"""python -m tests.bench.connectors: what running connectors costs, on this machine, against systems on loopback.

Accounts and tables: how much a process grows, all that it holds counted, while a source reads so many in it. The system
is in another process: for accounts the stand-in of Zendesk, for tables a real PostgreSQL. Systems: how long so many
take side by side and one after another, each answering after `PAUSE` seconds.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from registry import db, outbound
from registry.catalogue import store
from registry.connectors import book
from registry.connectors.book import Bound
from registry.connectors.configured import connected, connecting
from registry.connectors.looking import running
from registry.connectors.looking.pulling import pull
from registry.keys.sealing import Sealer, new_key
from registry.settings import Settings
from tests import engines
from tests.connectors import desk as source
from tests.connectors.databases import looked_at
from tests.connectors.fake import Desk, serving
from tests.connectors.stand_ins import serving as stand_ins
from tests.connectors.stand_ins.zendesk import CLIENT, SECRET, Zendesk

PAUSE = 0.05
COLUMNS = 10  # of each table: two look personal, one is a time
ROLE = "CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA public TO reader;"


def _reading(
    kind: str, settings: Mapping[str, Any], secrets: Mapping[str, str], counted: str
) -> dict[str, Any]:
    """In a process of its own: megabytes that it grew by, seconds, and what was counted of a kind of observation."""
    outbound.permit(Settings(outbound_networks="127.0.0.0/8"))
    known = book.source(kind)
    before, began = _most(), time.monotonic()
    pulled = pull(known, known.settings(settings), secrets, seconds=900)
    took, grown = time.monotonic() - began, _most() - before
    (seen,) = (one.seen for one in pulled.looked if one.about == counted)
    assert seen.complete, dict(pulled.faults)
    return {"grown": grown, "took": took, "payload": seen.payload}


def _most() -> float:
    """The most memory that this process has had, in megabytes. (What rusage says, whoever started it hands down.)"""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)[1]) / 1024  # type: ignore[index] # Linux has it


def _apart(*given: Any) -> dict[str, Any]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_reading, given)


def accounts(count: int) -> dict[str, Any]:
    """What it takes to read `count` agents of a Zendesk, 100 a page, of 40 domains."""
    desk = Zendesk()
    for number in range(count):
        desk.user(f"agent-{number}@domain-{number % 40}.example")
    with stand_ins.serving(desk):
        settings = {"subdomain": "acme", "address": desk.origin}
        told = _apart("zendesk", settings, {"client_id": CLIENT, "client_secret": SECRET}, "accounts")
    assert sum(one["count"] for one in told["payload"]["accounts"]) == count
    return told


def tables(databases: engines.Engines, count: int) -> dict[str, Any]:
    """What it takes to look into `count` tables of a PostgreSQL: columns, rights, and the oldest row of each."""
    columns = ", ".join(f"field_{number} int" for number in range(COLUMNS - 3))
    made = f"""DO $$ BEGIN FOR n IN 1..{count} LOOP EXECUTE
        'CREATE TABLE table_' || n || ' (email text, last_name text, created_at timestamptz, {columns})';
        IF n % 500 = 0 THEN COMMIT; END IF; END LOOP; END $$"""
    with looked_at(databases, ROLE, "reader") as base:
        base.run(made)
        base.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
        told = _apart("postgresql", base.settings, base.secrets, "oldest_item")
    assert len(told["payload"]["items"]) == count
    return told


@contextmanager
def house(count: int) -> Iterator[tuple[Sealer, list[connected.Connector]]]:
    """A database with so many systems, each looked at."""

    def slow(*_: Any) -> None:
        time.sleep(PAUSE)

    known = MappingProxyType({"desk": Bound("desk", source.SOURCE, source.reach, source.observe)})
    book.book = lambda: known  # type: ignore[assignment]  # the book of this process alone
    sealer = Sealer.of(Settings(secret_key=new_key()))
    with tempfile.TemporaryDirectory() as place, serving(Desk(slow)) as desk:
        db.open(f"sqlite:///{place}/bench.db")
        db.migrate()
        store.declare("controller", "acme", "acme", {"name": "Acme"}, by="operator", expect=store.NEW)
        for number in range(count):
            key = f"s{number}"
            store.declare(
                "system", "acme", key, {"name": key, "kind": "helpdesk"}, by="operator", expect=store.NEW
            )
            connecting.add_connector(
                f"acme/{key}", "desk", {"host": "127.0.0.1", "port": desk.port}, every_hours=24,
                secrets={"token": "x" * 20}, by="operator", sealer=sealer,
            )  # fmt: skip
        yield sealer, connected.of_systems()
        db.close()


def main(many: int = 500, alone: int = 50) -> None:
    """Print the figures."""
    outbound.permit(Settings(outbound_networks="127.0.0.0/8"))
    for count in (5_000, 50_000):
        told = accounts(count)
        click.echo(f"{count} accounts: {told['grown']:.1f} MB more at most, {told['took']:.1f} s")
    directory = engines.directory()
    try:
        databases = engines.Engines(directory, os.getpid(), "bench", directory)
        for count in (500, 5_000):
            told = tables(databases, count)
            click.echo(f"{count} tables: {told['grown']:.1f} MB more at most, {told['took']:.1f} s")
        databases.close()
    finally:
        engines.stop(directory)
    with house(many) as (sealer, rows):
        began = time.monotonic()
        ran = running.run(rows, by="operator", sealer=sealer)
        together = time.monotonic() - began
        assert all(one.told is not None and one.told["state"] == "complete" for one in ran)
        began = time.monotonic()
        running.run(rows[:alone], by="operator", sealer=sealer, side_by_side=1)
        after_another = (time.monotonic() - began) * many / alone
    click.echo(f"{many} systems side by side: {together:.1f} s")
    click.echo(
        f"one after another, reckoned from {alone}: {after_another:.0f} s, {after_another / together:.0f} times as long"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
