"""Run it: `make bench` (ARGS="--seconds 3 --rounds 5 --registers 20000 --json")."""

from __future__ import annotations

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import orjson
import peewee
import requests

from registry import db, terminal
from registry.auth import clients, tokens
from registry.auth.scopes import SCOPES
from registry.catalogue import load, read
from registry.catalogue.facets import facets
from registry.catalogue.model import Declaration, Facet, Version
from registry.catalogue.record.assemble import load as judged
from registry.notices import publish
from tests.bench import bare
from tests.bench.load import Figures, burst

ROOT = Path(__file__).parents[2]
SERVE = """
from registry.serve import serve
from registry.settings import Settings
serve(Settings.from_env(), target="{}:create_app")
"""
#: What is measured: name, path, aim (ratio to the bare view), and what is asked besides.
PATHS: dict[str, tuple[str, float]] = {
    "retention rules": ("/v1/retention-rules?system=seamk/chat", 0.85),
    "304": ("/v1/retention-rules?system=seamk/chat", 0.9),
    "get one": ("/v1/registers/seamk/library-chat", 0.8),
    "list 50": ("/v1/registers?limit=50", 0.6),
    "notice page": ("/notices/seamk/library-chat?lang=fi", 0.0),
}


@click.command()
@click.option("--seconds", default=1.5, show_default=True, help="Of each burst.")
@click.option(
    "--rounds", default=5, show_default=True, help="Pairs of bursts; the median of their ratios counts."
)
@click.option("--registers", default=5000, show_default=True, help="Registers stored in the large database.")
@click.option("--callers", default="1,8,32", show_default=True, help="How many ask at once.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def main(seconds: float, rounds: int, registers: int, callers: str, as_json: bool) -> None:
    """Measure paths beside a bare Flask view of the same bytes under the same server, burst by burst in turn."""
    crowds = [int(one) for one in callers.split(",")]
    with tempfile.TemporaryDirectory() as scratch:
        results = list(_measured(Path(scratch), seconds, rounds, registers, crowds, quiet=as_json))
    if as_json:
        click.echo(json.dumps(results))
        return
    rows = []
    for one in results:
        aim = f" (aim {one['aim']})" if one["aim"] else ""
        measured = (f"{one['rate']:.0f}", f"{one['p50']:.2f}", f"{one['p99']:.2f}", f"{one['bare']:.0f}")
        rows.append((one["path"], one["callers"], *measured, f"{one['ratio']:.2f}{aim}"))
    click.echo(
        terminal.table(("path", "callers", "req/s", "p50 ms", "p99 ms", "beside req/s", "ratio"), rows)
    )


def _measured(
    scratch: Path, seconds: float, rounds: int, registers: int, crowds: list[int], *, quiet: bool
) -> Iterator[dict[str, Any]]:
    small, large = scratch / "small.db", scratch / "large.db"
    port, bare_port, large_port = _port(), _port(), _port()
    token = _fill(small, port, 0)
    token_large = _fill(large, large_port, registers)
    with _serving("registry.app", small, port, scratch), _serving("registry.app", large, large_port, scratch):
        answers, tags = _answers(port, token)
        (scratch / "answers.json").write_text(json.dumps(answers), "utf-8")
        with _serving("tests.bench.bare", small, bare_port, scratch):
            jobs = [(name, crowd) for name in PATHS for crowd in crowds]
            with click.progressbar(jobs, label="Measuring", hidden=quiet, file=sys.stderr) as bar:
                for name, crowd in bar:
                    path, aim = PATHS[name]
                    status = 304 if name == "304" else 200
                    ours = _request(port, path, token, tags[path] if name == "304" else None)
                    beside = _request(bare_port, "/bare-304" if name == "304" else path)
                    yield _pairs(
                        name, crowd, aim, rounds, seconds, status, (port, [ours]), (bare_port, [beside])
                    )
            for name, path in (("naive list 50", "/naive/registers"), ("naive get one", "/naive/register")):
                shown = _request(bare_port, PATHS["list 50" if "list" in name else "get one"][0])
                asked = _request(bare_port, path)
                yield _pairs(name, 8, 0, rounds, seconds, 200, (bare_port, [asked]), (bare_port, [shown]))
            yield _creating(port, bare_port, token, rounds, seconds)
        for name in ("retention rules", "get one", "list 50"):
            path = PATHS[name][0]
            with_many = _request(large_port, path, token_large)
            with_few = _request(port, path, token)
            told = f"{name}: {registers} registers beside 5"
            yield _pairs(told, 8, 0.95, rounds, seconds, 200, (large_port, [with_many]), (port, [with_few]))


def _pairs(
    name: str, crowd: int, aim: float, rounds: int, seconds: float, status: int,
    ours: tuple[int, list[bytes]], beside: tuple[int, list[bytes]],
) -> dict[str, Any]:  # fmt: skip
    """Bursts of ours and of what is beside it in turn, so that both meet the same machine; medians of the pairs."""
    pairs: list[tuple[Figures, Figures]] = []
    for _ in range(rounds):
        one, other = (
            burst(("127.0.0.1", port), asked, callers=crowd, seconds=seconds, status=status)
            for port, asked in (ours, beside)
        )
        pairs.append((one, other))
    return {
        "path": name, "callers": crowd, "aim": aim,
        "rate": statistics.median(one.rate for one, _ in pairs),
        "p50": statistics.median(one.p50 for one, _ in pairs),
        "p99": statistics.median(one.p99 for one, _ in pairs),
        "bare": statistics.median(other.rate for _, other in pairs),
        "ratio": statistics.median(one.rate / other.rate for one, other in pairs),
    }  # fmt: skip


def _creating(port: int, bare_port: int, token: str, rounds: int, seconds: float) -> dict[str, Any]:
    """Creating registers, each with its journal entry, beside a bare view that takes the same body."""
    record = requests.get(
        f"http://127.0.0.1:{port}/v1/registers/kaakko/chat",
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    ).json()["record"]
    body = orjson.dumps({"record": record})
    pairs = []
    for round_ in range(rounds):
        made = [
            _request(
                port, f"/v1/registers/kaakko/made-{round_}-{n}", token, method="PUT", body=body, create=True
            )
            for n in range(int(400 * seconds) + 64)
        ]
        bare_one = [_request(bare_port, "/bare-write", method="POST", body=body)]
        pairs.append(
            (
                burst(("127.0.0.1", port), made, callers=8, seconds=seconds, status=201),
                burst(("127.0.0.1", bare_port), bare_one, callers=8, seconds=seconds, status=201),
            )
        )
    return {
        "path": f"create ({len(body)} bytes)", "callers": 8, "aim": 0,
        "rate": statistics.median(one.rate for one, _ in pairs),
        "p50": statistics.median(one.p50 for one, _ in pairs),
        "p99": statistics.median(one.p99 for one, _ in pairs),
        "bare": statistics.median(other.rate for _, other in pairs),
        "ratio": statistics.median(one.rate / other.rate for one, other in pairs),
    }  # fmt: skip


def _request(
    port: int, path: str, token: str | None = None, etag: str | None = None, *, method: str = "GET", body: bytes = b"",
    create: bool = False,
) -> bytes:  # fmt: skip
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"If-None-Match: {etag}"] if etag else []
    lines += ["If-None-Match: *"] if create else []
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode() + body


def _answers(port: int, token: str) -> tuple[dict[str, str], dict[str, str]]:
    """What our paths answer: the text by path without its query, and the ETag by path."""
    texts, tags = {}, {}
    for path, _ in PATHS.values():
        got = requests.get(
            f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=10
        )
        got.raise_for_status()
        texts[path.partition("?")[0]] = got.text
        tags[path] = got.headers.get("ETag", "")
    return texts, tags


def _fill(path: Path, port: int, registers: int) -> str:
    """The five registers, published, and `registers` more; a token of somebody who sees them all."""
    db.open(f"sqlite:///{path}")
    db.migrate()
    load.apply(load.read(sorted((ROOT / "fixtures" / "registers").glob("*.yaml"))), by="operator")
    for _, written in list(read.records()):
        publish.publish(written.controller, written.key, by="operator")
    if registers:
        _many(registers)
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


def _many(registers: int) -> None:
    """Copies of the five under other keys, past the verbs: what is measured is reading."""
    models = [written for _, written in read.records()]
    rows = {
        one.key + one.controller: facets("register", one.body, judged("record", one.body)) for one in models
    }
    with db.writing(why="bulk data of a benchmark"):
        for number in range(registers):
            model = models[number % len(models)]
            key = f"copy-{number:06}"
            declaration = Declaration.create(kind="register", controller=model.controller, key=key, version=1)
            document = orjson.dumps({**model.envelope, "key": key, "version": 1}, option=orjson.OPT_SORT_KEYS)
            version = Version.create(
                declaration=declaration, version=1, effective_from=model.effective_from, recorded_at=model.recorded_at,
                ended=False, document=document,
            )  # fmt: skip
            found = rows[model.key + model.controller]
            values = [("register", name, value, model.controller, key, version.id) for name, value in found]
            for batch in peewee.chunked(values, 500):
                Facet.insert_many(
                    batch, [Facet.kind, Facet.name, Facet.value, Facet.controller, Facet.key, Facet.version]
                ).execute()


@contextmanager
def _serving(module: str, database: Path, port: int, scratch: Path) -> Iterator[None]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    environ |= {
        "REGISTRY_DATABASE": f"sqlite:///{database}",
        "REGISTRY_BASE_URL": f"http://127.0.0.1:{port}",
        "REGISTRY_PORT": str(port),
        "REGISTRY_LOG_LEVEL": "ERROR",
        bare.ANSWERS: str(scratch / "answers.json"),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE.format(module)], cwd=ROOT, env=environ, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{module} did not start")
            time.sleep(0.05)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


if __name__ == "__main__":
    main()
