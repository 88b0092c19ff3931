"""python -m tests.bench.connectors: what running connectors costs, on this machine, against desks on loopback.

Accounts and tables: the peak of what Python holds while so many are read. Systems: how long so many take side by side
and one after another, each answering after `PAUSE` seconds.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
from registry.connectors.observed.kinds import KINDS
from registry.connectors.source import Seen, Way
from registry.keys.sealing import Sealer, new_key
from registry.settings import Settings
from tests.connectors import desk as source
from tests.connectors.fake import Desk, page, serving, user

PAUSE = 0.05
PAGE = 100


def accounts(count: int) -> float:
    """Megabytes at most while `count` accounts are read page by page."""

    def tell(path: str, _: int) -> Any:
        if not path.startswith("/api/users"):
            return None
        at = int(path.partition("page=")[2] or 0)
        some = [user(n, role=f"role {n % 40}") for n in range(at * PAGE, min((at + 1) * PAGE, count))]
        return page(some, f"/api/users?page={at + 1}" if (at + 1) * PAGE < count else None, count=count)

    known = Bound("desk", source.SOURCE, source.reach, source.observe)
    with serving(Desk(tell)) as desk:
        settings = {"host": "127.0.0.1", "port": desk.port}
        tracemalloc.start()
        pulled = pull(known, settings, {"token": "x" * 20}, seconds=600)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    seen = pulled.looked[0].seen.payload["accounts"]
    assert pulled.state == "complete" and sum(one["count"] for one in seen) == count
    return peak / 1e6


def tables(count: int) -> float:
    """Megabytes at most while the columns of `count` tables become one observation."""

    def observe(way: Way, _: Mapping[str, Any]) -> Iterator[Seen]:
        def read() -> Mapping[str, Any]:
            found = []
            for number in range(count):
                way.took()
                found.append({"object": f"public.table_{number}", "name": "email", "pd": "pd:EmailAddress"})
            return {"fields": found}

        yield way.look("field_inventory", read)

    known = Bound(
        "tables", dataclasses.replace(source.SOURCE, sees=("field_inventory",)), source.reach, observe
    )
    assert "field_inventory" in KINDS
    tracemalloc.start()
    pulled = pull(known, {"host": "127.0.0.1", "port": 1}, {})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pulled.state == "complete" and len(pulled.looked[0].seen.payload["fields"]) == count
    return peak / 1e6


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
    click.echo(f"50000 accounts, {PAGE} a page: {accounts(50_000):.1f} MB at most")
    click.echo(f"5000 tables: {tables(5_000):.1f} MB at most")
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
