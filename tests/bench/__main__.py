"""Run it: `make bench` (ARGS="--seconds 0.5 --rounds 5 --registers 20000 --json"; --readme writes the table there)."""

from __future__ import annotations

import contextlib
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
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import orjson
import requests

from registry.catalogue.registers import EXAMPLE
from tests.bench import bare, stock, told
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
#: For the process of a server that we did not start.
ELSEWHERE = 0


@dataclass(frozen=True)
class Door:
    """A request that is measured; `aim` is the ratio to the bare view that it should reach (0: none).

    `fresh`: it sends the ETag that it got. `walks`: each request asks for the next page of the list, which was not
    asked for before; the bare view gives one of those pages.
    """

    name: str
    path: str
    aim: float = 0.0
    body: bytes = b""
    fresh: bool = False
    walks: bool = False

    @property
    def bare(self) -> str:
        """Where the bare view of the same bytes is."""
        return "/bare-304" if self.fresh else "/bare-page" if self.walks else self.path

    def request(self, port: int, token: str | None, tag: str | None = None, path: str = "") -> bytes:
        """The whole of it, as it goes over the wire."""
        method = "POST" if self.body else "GET"
        lines = [f"{method} {path or self.path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"Authorization: Bearer {token}"] if token else []
        lines += [f"If-None-Match: {tag}"] if tag and self.fresh else []
        return _whole(lines, self.body)


def _items(count: int) -> bytes:
    items = [{"anchor": f"20{10 + n % 15}-0{1 + n % 9}-{1 + n // 15 % 28:02}"} for n in range(count)]
    common = {"system": SYSTEM, "category": "D8", "event": "created", "data_subject": "customer"}
    return orjson.dumps({"common": common, "items": items})


LIST = "/v1/registers?limit=50"
DECISIONS = "/v1/retention-decisions"
DOORS = (
    Door("retention rules", f"/v1/retention-rules?system={SYSTEM}", 0.85),
    Door("retention rules, 304", f"/v1/retention-rules?system={SYSTEM}", 0.9, fresh=True),
    Door("get one", f"/v1/registers/{REGISTER}", 0.8),
    Door("list 50, page after page", LIST, 0.6, walks=True),
    Door("list 50, asked again", LIST, 0.6),
    Door("1 decision", DECISIONS, body=_items(1)),
    Door("10 decisions", DECISIONS, body=_items(10)),
    Door("1,000 decisions", DECISIONS, body=_items(1000)),
    Door("notice page", NOTICE),
)
RULES, GET, PAGES, AGAIN, DECISION = DOORS[0], DOORS[2], DOORS[3], DOORS[4], DOORS[5]
#: So many pages are gone through before the first comes again.
WALK = 600
#: Measured with many registers and with few, by servers that have done nothing else. The page further on is as large in
#: both, and read for each request: with many registers the one that lies deepest of those that were gone through.
FURTHER = Door("list 4 further on", "/v1/registers?limit=4", walks=True)
GROWING = (RULES, GET, Door("list 10, asked again", "/v1/registers?limit=10"), FURTHER, DECISION)


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
@click.option("--seconds", default=0.3, show_default=True, help="Of each burst.")
@click.option(
    "--rounds", default=9, show_default=True, help="Pairs of bursts; the median of their ratios counts."
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
@click.option(
    "--peer-name", default="another register", show_default=True, help="What it is called in the table."
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.option("--markdown", is_flag=True, help="As the table of the README.")
@click.option("--readme", is_flag=True, help="Put that table into the README.")
def main(
    seconds: float,
    rounds: int,
    registers: int,
    callers: str,
    only: str,
    peer: str,
    peer_header: str,
    peer_name: str,
    as_json: bool,
    markdown: bool,
    readme: bool,
) -> None:
    """Measure paths beside a bare Flask view of the same bytes under the same server, burst by burst in turn.

    `ratio` compares the requests per second of the two, `cpu` the processor time that an answer took: of a machine
    with other things to do it is the one to believe.
    """
    crowds = [int(one) for one in callers.split(",")]

    def pairs(name: str, crowd: int, aim: float, ours: Side, beside: Side, times: int = 1) -> dict[str, Any]:
        click.echo(f"{name}, {crowd} callers", err=True)
        return _pairs(name, crowd, aim, rounds * times, seconds, ours, beside)

    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        results = list(
            _measured(Path(scratch), registers, crowds, only, (peer, peer_header, peer_name), pairs)
        )
    how = f"One run of {time.monotonic() - began:.0f} s, {rounds} pairs of bursts of {seconds:g} s a cell"
    if as_json:
        click.echo(json.dumps(results))
    elif markdown or readme:
        table = told.markdown(results, registers, how)
        click.echo(table)
        if readme:
            told.into(ROOT / "README.md", table)
    else:
        click.echo(told.plain(results))


def _measured(
    scratch: Path, registers: int, crowds: list[int], only: str, peer: tuple[str, str, str],
    pairs: Callable[..., dict[str, Any]],
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Everything on the large database but what says otherwise."""
    large, small = scratch / "large.db", scratch / "small.db"
    port, small_port, bare_port, open_port = (_port() for _ in range(4))
    token, small_token = stock.fill(large, port, registers), stock.fill(small, small_port, FEW)
    engaged = stock.engaged(large, port)
    answers = scratch / "answers.json"
    with _serving("registry.app:create_app", large, port, answers) as ours:
        tags = _answers(port, token, answers)
        cursors = {PAGES.path: _cursors(port, token, PAGES.path, WALK)}
        deep: dict[int, list[str]] = {}

        def side(door: Door, at: tuple[int, int], key: str | None, asked_of: str = "") -> Side:
            fresh = door.fresh and (key is None or bool(tags[door.name]))
            if door.walks and not asked_of:
                pages = cursors[door.path] if door in DOORS else deep[at[0]]
                requests = [door.request(at[0], key, path=f"{door.path}&cursor={one}") for one in pages]
                return Side(*at, itertools.cycle(requests), 200)
            asked = itertools.repeat(door.request(at[0], key, tags.get(door.name), asked_of))
            return Side(*at, asked, 304 if fresh else 200)

        def wanted(name: str) -> bool:
            return only in name

        with _serving("tests.bench.bare:create_app", large, bare_port, answers) as bare_pid:
            beside = (bare_port, bare_pid)
            for door in DOORS:
                for crowd in crowds if wanted(door.name) else ():
                    one = side(door, (port, ours), token)
                    yield pairs(door.name, crowd, door.aim, one, side(door, beside, None, door.bare))
            for name, path, door in (
                ("naive retention rules", "/naive/rules", RULES),
                ("naive get one", "/naive/register", GET),
                ("naive list 50", "/naive/registers", AGAIN),
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
                one, other = side(GET, (port, ours), token), side(GET, (open_port, unlocked), None)
                yield pairs("get one, beside itself without its lock", 8, 0, one, other)
        if wanted("by an auditor"):  # each answer is written down first, one after the other
            for crowd in crowds:
                one, other = side(GET, (port, ours), engaged), side(GET, (port, ours), token)
                yield pairs("get one by an auditor, beside a reader's", crowd, 0, one, other)
        if peer[0]:
            for door in (PAGES, AGAIN):
                yield _of_peer(door, *peer, pairs, side(door, (port, ours), token))
    if wanted("registers, beside"):
        of = [(large, port, token), (small, small_port, small_token)]
        with contextlib.ExitStack() as both:
            pids = [both.enter_context(_serving("registry.app:create_app", *at[:2], answers)) for at in of]
            for _, there, key in of:
                deep[there] = _cursors(there, key, FURTHER.path, WALK)[-1:]
            for door in GROWING:
                one, other = (
                    side(door, (there, pid), key) for (_, there, key), pid in zip(of, pids, strict=True)
                )
                name = f"{door.name}: {registers:,} registers, beside {FEW}"
                yield pairs(name, 8, 0.95, one, other, times=3)


def _of_peer(
    door: Door, peer: str, header: str, called: str,
    pairs: Callable[..., dict[str, Any]], ours: Side,
) -> dict[str, Any]:  # fmt: skip
    where = urlsplit(peer)
    lines = [f"GET {where.path}{'?' * bool(where.query)}{where.query} HTTP/1.1", f"Host: {where.netloc}"]
    asked = itertools.repeat(_whole([*lines, *([header] if header else [])], b""))
    return pairs(f"{door.name}, beside {called}", 8, 0, ours, Side(where.port or 80, ELSEWHERE, asked, 200))


def _pairs(
    name: str, crowd: int, aim: float, rounds: int, seconds: float, ours: Side, beside: Side
) -> dict[str, Any]:
    """Bursts of ours and of what is beside it in turn, so that both meet the same machine; medians of the pairs."""
    for one in (ours, beside):  # so that neither is met cold
        one.burst(crowd, seconds)
    found = [(*ours.burst(crowd, seconds), *beside.burst(crowd, seconds)) for _ in range(rounds)]

    def median(values: Iterable[float]) -> float:
        return statistics.median(values)

    return {
        "path": name, "callers": crowd, "aim": aim,
        "rate": median(one.rate for one, *_ in found),
        "p50": median(one.p50 for one, *_ in found),
        "p99": median(one.p99 for one, *_ in found),
        "cpu": median(cpu for _, cpu, _, _ in found),
        "ratios": sorted(round(one.rate / other.rate, 3) for one, _, other, _ in found),
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


def _got(port: int, token: str, path: str) -> requests.Response:
    got = requests.get(
        f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    got.raise_for_status()
    return got


def _cursors(port: int, token: str, path: str, most: int) -> list[str]:
    """The cursors of a list's pages, as one leads to the next."""
    found: list[str] = []
    following = _got(port, token, path).json()["next"]
    while following and len(found) < most:
        found.append(following)
        following = _got(port, token, f"{path}&cursor={following}").json()["next"]
    return found


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
        if door.walks:  # the next page, which is like those that follow
            got = _got(port, token, f"{door.path}&cursor={got.json()['next']}")
            headers = {
                name.lower(): value for name, value in got.headers.items() if name.lower() in bare.MATTER
            }
            kept[door.bare] = {"0": {"body": got.text, "headers": headers}}
    to.write_text(json.dumps(kept), "utf-8")
    return tags


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
