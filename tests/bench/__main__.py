"""Run it: `make bench` (ARGS="--seconds 3 --rounds 5 --registers 20000 --json")."""

from __future__ import annotations

import itertools
import json
import math
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import orjson
import requests

from registry import clock, db, terminal
from registry.audits import engaging
from registry.auth import clients, tokens
from registry.auth.scopes import SCOPES
from registry.catalogue import load, read, store
from registry.catalogue.registers import EXAMPLE
from registry.notices import publish
from tests.bench import bare
from tests.bench.load import Figures, burst

ROOT = Path(__file__).parents[2]
SERVE = """
from registry.serve import serve
from registry.settings import Settings
serve(Settings.from_env(), target="{}")
"""
SYSTEM, REGISTER, NOTICE = "seamk/chat", "seamk/library-chat", "/notices/seamk/library-chat?lang=fi"
#: Registers in the database that the large one is held against.
FEW = 10
MODEL = "copy-000000"
#: For the process of a server that we did not start.
ELSEWHERE = 0


@dataclass(frozen=True)
class Door:
    """A request that is measured; `aim` is the ratio to the bare view that it should reach (0: none)."""

    name: str
    path: str
    aim: float = 0.0
    body: bytes = b""
    fresh: bool = False

    def request(self, port: int, token: str | None, tag: str | None = None) -> bytes:
        """The whole of it, as it goes over the wire."""
        lines = [f"{'POST' if self.body else 'GET'} {self.path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"Authorization: Bearer {token}"] if token else []
        lines += [f"If-None-Match: {tag}"] if tag and self.fresh else []
        return _whole(lines, self.body)


def _items(count: int) -> bytes:
    items = [{"anchor": f"20{10 + n % 15}-0{1 + n % 9}-15"} for n in range(count)]
    common = {"system": SYSTEM, "category": "D8", "event": "created", "data_subject": "customer"}
    return orjson.dumps({"common": common, "items": items})


DOORS = (
    Door("retention rules", f"/v1/retention-rules?system={SYSTEM}", 0.85),
    Door("retention rules, 304", f"/v1/retention-rules?system={SYSTEM}", 0.9, fresh=True),
    Door("get one", f"/v1/registers/{REGISTER}", 0.8),
    Door("list 50", "/v1/registers?limit=50", 0.6),
    Door("1 decision", "/v1/retention-decisions", body=_items(1)),
    Door("50 decisions", "/v1/retention-decisions", body=_items(50)),
    Door("notice page", NOTICE),
)
#: Measured with many registers and with few.
GROWING = (DOORS[0], DOORS[2], Door("list 10", "/v1/registers?limit=10"), DOORS[4])


@dataclass(frozen=True)
class Side:
    """A server that runs, and what is asked of it in turn, each to be answered with `status`."""

    port: int
    pid: int
    requests: Iterator[bytes]
    status: int

    def burst(self, callers: int, seconds: float) -> tuple[Figures, float]:
        """The figures, and the processor time that the server took for each answer, microseconds."""
        began = _processor(self.pid)
        found = burst(
            ("127.0.0.1", self.port), self.requests, callers=callers, seconds=seconds, status=self.status
        )
        return found, (_processor(self.pid) - began) / max(found.rate * seconds, 1) * 1e6


@click.command()
@click.option("--seconds", default=1.5, show_default=True, help="Of each burst.")
@click.option(
    "--rounds", default=5, show_default=True, help="Pairs of bursts; the median of their ratios counts."
)
@click.option(
    "--registers", default=100_000, show_default=True, help="Registers stored in the large database."
)
@click.option("--callers", default="1,8,32", show_default=True, help="How many ask at once.")
@click.option("--only", default="", help="Only what has this in its name.")
@click.option(
    "--peer", default="", metavar="URL", help="A list call of another register that runs, timed besides."
)
@click.option("--peer-header", default="", metavar="NAME:VALUE", help="A header that it wants.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def main(
    seconds: float,
    rounds: int,
    registers: int,
    callers: str,
    only: str,
    peer: str,
    peer_header: str,
    as_json: bool,
) -> None:
    """Measure paths beside a bare Flask view of the same bytes under the same server, burst by burst in turn.

    `ratio` compares the requests per second of the two, `cpu` the processor time that an answer took: of a machine
    with other things to do it is the one to believe.
    """
    crowds = [int(one) for one in callers.split(",")]

    def pairs(name: str, crowd: int, aim: float, ours: Side, beside: Side) -> dict[str, Any]:
        click.echo(f"{name}, {crowd} callers", err=True)
        return _pairs(name, crowd, aim, rounds, seconds, ours, beside)

    with tempfile.TemporaryDirectory() as scratch:
        results = list(_measured(Path(scratch), registers, crowds, only, peer, peer_header, pairs))
    if as_json:
        click.echo(json.dumps(results))
        return
    head = (
        "path",
        "callers",
        "req/s",
        "p50 ms",
        "p99 ms",
        "cpu us",
        "beside req/s",
        "beside cpu us",
        "ratio",
        "cpu",
    )
    rows = [
        (
            one["path"], one["callers"], f"{one['rate']:.0f}", f"{one['p50']:.2f}", f"{one['p99']:.2f}",
            f"{one['cpu']:.0f}", f"{one['beside_rate']:.0f}", f"{one['beside_cpu']:.0f}",
            f"{one['ratio']:.2f}" + (f" (aim {one['aim']})" if one["aim"] else ""), f"{one['cpu_ratio']:.2f}",
        )
        for one in results
    ]  # fmt: skip
    click.echo(terminal.table(head, rows))


def _measured(
    scratch: Path, registers: int, crowds: list[int], only: str, peer: str, peer_header: str,
    pairs: Callable[[str, int, float, Side, Side], dict[str, Any]],
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Everything on the large database but what says otherwise."""
    large, small = scratch / "large.db", scratch / "small.db"
    port, small_port, bare_port, open_port = (_port() for _ in range(4))
    token, small_token = _fill(large, port, registers), _fill(small, small_port, FEW)
    engaged = _engaged(large, port)
    answers = scratch / "answers.json"
    with _serving("registry.app:create_app", large, port, answers) as ours:
        tags = _answers(port, token, answers)

        def side(door: Door, at: tuple[int, int], key: str | None, asked_of: str = "") -> Side:
            fresh = door.fresh and (key is None or bool(tags[door.name]))
            path = Door(door.name, asked_of or door.path, body=door.body, fresh=door.fresh)
            asked = itertools.repeat(path.request(at[0], key, tags.get(door.name)))
            return Side(*at, asked, 304 if fresh else 200)

        def wanted(name: str) -> bool:
            return only in name

        with _serving("tests.bench.bare:create_app", large, bare_port, answers) as bare_pid:
            beside = (bare_port, bare_pid)
            for door in DOORS:
                for crowd in crowds if wanted(door.name) else ():
                    bare_path = "/bare-304" if door.fresh else door.path
                    one = side(door, (port, ours), token)
                    yield pairs(door.name, crowd, door.aim, one, side(door, beside, None, bare_path))
            for name, path, door in (
                ("naive retention rules", "/naive/rules", DOORS[0]),
                ("naive get one", "/naive/register", DOORS[2]),
                ("naive list 50", "/naive/registers", DOORS[3]),
            ):
                if wanted(name):
                    yield pairs(name, 8, 0, side(Door(name, path), beside, None), side(door, beside, None))
            record = {"record": EXAMPLE}
            for crowd in crowds if wanted("create") else ():
                body = orjson.dumps(record)
                made = (_put(port, token, f"made-{crowd}-{n}", body) for n in itertools.count())
                told = f"create ({len(body)} bytes)"
                plain = _whole(["POST /bare-write HTTP/1.1", f"Host: 127.0.0.1:{bare_port}"], body)
                yield pairs(
                    told, crowd, 0, Side(port, ours, made, 201), Side(*beside, itertools.repeat(plain), 201)
                )
        if wanted("without its lock"):
            with _serving("tests.bench.bare:create_unlocked", large, open_port, answers) as unlocked:
                one, other = side(DOORS[2], (port, ours), token), side(DOORS[2], (open_port, unlocked), None)
                yield pairs("get one, beside it without its lock", 8, 0, one, other)
        if wanted("by an auditor"):  # each answer is written down first, one after the other
            for crowd in crowds:
                one, other = side(DOORS[2], (port, ours), engaged), side(DOORS[2], (port, ours), token)
                yield pairs("get one by an auditor, beside by a reader", crowd, 0, one, other)
        if wanted("registers, beside"):
            with _serving("registry.app:create_app", small, small_port, answers) as few:
                for door in GROWING:
                    one, other = side(door, (port, ours), token), side(door, (small_port, few), small_token)
                    yield pairs(f"{door.name}: {registers} registers, beside {FEW}", 8, 0.95, one, other)
        if peer:
            yield _of_peer(peer, peer_header, pairs, side(DOORS[3], (port, ours), token))


def _of_peer(
    peer: str, header: str, pairs: Callable[[str, int, float, Side, Side], dict[str, Any]], ours: Side
) -> dict[str, Any]:
    where = urlsplit(peer)
    lines = [f"GET {where.path}{'?' * bool(where.query)}{where.query} HTTP/1.1", f"Host: {where.netloc}"]
    asked = itertools.repeat(_whole([*lines, *([header] if header else [])], b""))
    return pairs(f"list 50, beside {peer}", 8, 0, ours, Side(where.port or 80, ELSEWHERE, asked, 200))


def _pairs(
    name: str, crowd: int, aim: float, rounds: int, seconds: float, ours: Side, beside: Side
) -> dict[str, Any]:
    """Bursts of ours and of what is beside it in turn, so that both meet the same machine; medians of the pairs."""
    found = [(*ours.burst(crowd, seconds), *beside.burst(crowd, seconds)) for _ in range(rounds)]

    def median(values: Iterable[float]) -> float:
        return statistics.median(values)

    return {
        "path": name, "callers": crowd, "aim": aim,
        "rate": median(one.rate for one, *_ in found),
        "p50": median(one.p50 for one, *_ in found),
        "p99": median(one.p99 for one, *_ in found),
        "cpu": median(cpu for _, cpu, _, _ in found),
        "beside_rate": median(other.rate for _, _, other, _ in found),
        "beside_p99": median(other.p99 for _, _, other, _ in found),
        "beside_cpu": median(cpu for *_, cpu in found),
        "ratio": median(one.rate / other.rate for one, _, other, _ in found),
        "cpu_ratio": median(theirs / max(mine, 1e-9) for _, mine, _, theirs in found),
    }  # fmt: skip


def _processor(pid: int) -> float:
    """Processor time that a process and those below it have had, seconds; not a number for one not known."""
    if pid == ELSEWHERE:
        return math.nan
    total, waiting = 0.0, [pid]
    while waiting:
        one = Path(f"/proc/{waiting.pop()}")
        told = (one / "stat").read_text().rpartition(")")[2].split()
        total += (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
        waiting += map(int, (one / "task" / one.name / "children").read_text().split())
    return total


def _whole(lines: list[str], body: bytes) -> bytes:
    told = ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, *told, "", ""]).encode() + body


def _put(port: int, token: str, key: str, body: bytes) -> bytes:
    lines = [f"PUT /v1/registers/kaakko/{key} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    return _whole([*lines, f"Authorization: Bearer {token}", "If-None-Match: *"], body)


def _answers(port: int, token: str, to: Path) -> dict[str, str]:
    """Write down what our paths answer, body and headers; gives the ETags by name."""
    kept, tags = {}, {}
    for door in DOORS:
        got = requests.request(
            "POST" if door.body else "GET", f"http://127.0.0.1:{port}{door.path}", data=door.body or None, timeout=10,
            headers={"Authorization": f"Bearer {token}", **({"Content-Type": "application/json"} if door.body else {})},
        )  # fmt: skip
        got.raise_for_status()
        headers = {name.lower(): value for name, value in got.headers.items() if name.lower() in bare.MATTER}
        # Doors that differ in how much they are asked are told apart by that.
        kept.setdefault(door.path.partition("?")[0], {})[str(len(door.body))] = {
            "body": got.text,
            "headers": headers,
        }
        tags[door.name] = got.headers.get("ETag", "")
    to.write_text(json.dumps(kept), "utf-8")
    return tags


def _fill(path: Path, port: int, registers: int) -> str:
    """The five registers, published, and copies of another up to `registers`; a token of somebody who sees them all."""
    db.open(f"sqlite:///{path}")
    db.migrate()
    load.apply(load.read(sorted((ROOT / "fixtures" / "registers").glob("*.yaml"))), by="operator")
    store.declare("register", "seamk", MODEL, EXAMPLE, by="operator", expect=store.NEW)
    for _, written in list(read.records()):
        publish.publish(written.controller, written.key, by="operator")
    _many(registers - 6)
    client, _ = clients.register_client(name="bench", scopes=list(SCOPES), controllers=["*"], by="operator")
    issued = tokens.issue(
        client_id=client.client_id,
        scopes=list(SCOPES),
        audience=f"http://127.0.0.1:{port}",
        seconds=86400,
        by="operator",
    )
    db.close()
    return issued.token


def _engaged(path: Path, port: int) -> str:
    """A token of an auditor who is engaged for all of seamk."""
    db.open(f"sqlite:///{path}")
    client, _ = clients.register_client(
        name="audit", scopes=list(SCOPES), controllers=["nowhere"], by="operator"
    )
    terms = engaging.Terms(ends_on=clock.day_of(clock.now()) + timedelta(days=7), purpose="To be measured.")
    engaging.open_engagement("seamk", client.actor, terms, by="operator", kept=timedelta(days=1))
    issued = tokens.issue(
        client_id=client.client_id,
        scopes=list(SCOPES),
        audience=f"http://127.0.0.1:{port}",
        seconds=86400,
        by="operator",
    )
    db.close()
    return issued.token


#: Copies of the model, past the verbs and without journal entries and notices: what is measured is reading.
COPIES = (
    """WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count})
    INSERT INTO catalogue_declaration (kind, controller, key, version)
    SELECT d.kind, d.controller, printf('copy-%06d', n.n), d.version FROM n, catalogue_declaration d
    WHERE d.key = '{model}'""",
    """INSERT INTO catalogue_version (declaration_id, version, effective_from, recorded_at, ended, document)
    SELECT d.id, v.version, v.effective_from, v.recorded_at, v.ended,
    CAST(replace(CAST(v.document AS TEXT), '{model}', d.key) AS BLOB)
    FROM catalogue_declaration d, catalogue_version v WHERE {copies} AND v.declaration_id = {of}""",
    """INSERT INTO catalogue_facet (kind, name, value, controller, key, version_id)
    SELECT f.kind, f.name, f.value, f.controller, d.key, v.id
    FROM catalogue_facet f, catalogue_declaration d JOIN catalogue_version v ON v.declaration_id = d.id
    WHERE {copies} AND f.version_id = (SELECT id FROM catalogue_version WHERE declaration_id = {of})""",
    """INSERT INTO retention_publication
    (declaration_id, controller, key, revision, version, effective_from, until, published_at, closed_at)
    SELECT d.id, p.controller, d.key, p.revision, p.version, p.effective_from, p.until, p.published_at, p.closed_at
    FROM catalogue_declaration d, retention_publication p WHERE {copies} AND p.key = '{model}'""",
    """INSERT INTO retention_together (publication_id, rules, digest, document)
    SELECT p.id, t.rules, t.digest, CAST(replace(CAST(t.document AS TEXT), '{model}', p.key) AS BLOB)
    FROM retention_publication p, retention_together t WHERE p.key <> '{model}' AND p.key GLOB 'copy-*'
    AND t.publication_id = (SELECT id FROM retention_publication WHERE key = '{model}')""",
    """INSERT INTO retention_rule (publication_id, position, category, data_category, period, ends, conflict, digest,
    document, silent, change, comes)
    SELECT p.id, r.position, r.category, r.data_category, r.period, r.ends, r.conflict, r.digest,
    CAST(replace(CAST(r.document AS TEXT), '{model}', p.key) AS BLOB), r.silent, r.change, r.comes
    FROM retention_publication p, retention_rule r WHERE p.key <> '{model}' AND p.key GLOB 'copy-*'
    AND r.publication_id = (SELECT id FROM retention_publication WHERE key = '{model}')""",
)


def _many(count: int) -> None:
    of = f"(SELECT id FROM catalogue_declaration WHERE key = '{MODEL}')"
    copies = f"d.kind = 'register' AND d.key GLOB 'copy-*' AND d.key <> '{MODEL}'"
    with db.writing(why="bulk data of a benchmark"):
        for statement in COPIES if count > 0 else ():
            db.database.execute_sql(statement.format(count=count, model=MODEL, of=of, copies=copies))


@contextmanager
def _serving(target: str, database: Path, port: int, answers: Path) -> Iterator[int]:
    """A server, for as long as the block lasts; gives its process id."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    environ |= {
        "REGISTRY_DATABASE": f"sqlite:///{database}",
        "REGISTRY_BASE_URL": f"http://127.0.0.1:{port}",
        "REGISTRY_PORT": str(port),
        "REGISTRY_LOG_LEVEL": "ERROR",
        bare.ANSWERS: str(answers),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE.format(target)], cwd=ROOT, env=environ, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{target} did not start")
            time.sleep(0.05)
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:  # a server that is told to stop while it starts may not hear it
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


if __name__ == "__main__":
    main()
