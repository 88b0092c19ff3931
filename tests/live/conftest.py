"""The real application on granian with two workers, on either engine, holding the five registers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from registry import db
from registry.auth.clients import stored as clients
from registry.auth.scopes import SCOPES
from registry.auth.tokens import access as tokens
from registry.catalogue import load
from registry.keys import sealing
from tests import engines, ports

ROOT = Path(__file__).parents[2]
REGISTERS = sorted((ROOT / "fixtures" / "registers").glob("*.yaml"))


@dataclass(frozen=True)
class Live:
    """A running registry: where it is, its database, and tokens of a DPO of all five and of one who sees osekk."""

    url: str
    database: str
    dpo: str
    stranger: str

    def ask(self, method: str, path: str, token: str | None = None, **kwargs: object) -> requests.Response:
        """One request, as the DPO unless another token is given."""
        headers = {"Authorization": f"Bearer {token or self.dpo}", **dict(kwargs.pop("headers", {}) or {})}
        return requests.request(method, self.url + path, headers=headers, timeout=120, **kwargs)  # type: ignore[arg-type]  # whatever requests takes


@contextmanager
def running(database: str, port: int, **settings: str) -> Iterator[int]:
    """`registry serve` on a port, as a process of its own, until the block ends; gives its process group."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("REGISTRY_")}
    environ |= {
        "REGISTRY_DATABASE": database,
        "REGISTRY_BASE_URL": f"http://127.0.0.1:{port}",
        "REGISTRY_THREADS": "16",
        "REGISTRY_LOG_LEVEL": "WARNING",
        **{f"REGISTRY_{name.upper()}": value for name, value in settings.items()},
    }
    command = [sys.executable, "-m", "registry", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environ, start_new_session=True)
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                if requests.get(f"http://127.0.0.1:{port}/health", timeout=120).ok:
                    break
            except requests.RequestException:  # not there yet, or slow beside others
                pass
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the server did not start")
            time.sleep(0.05)
        yield process.pid
    finally:
        with suppress(ProcessLookupError):  # a test may have killed it
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def live(databases: engines.Engines, request: pytest.FixtureRequest) -> Iterator[Live]:
    """A running registry with the fixtures loaded; one for a module and engine."""
    port = ports.own()
    with databases.fresh(request.param, migrated=True) as url:
        db.open(url)
        load.apply(load.read(REGISTERS), by="operator")
        base = f"http://127.0.0.1:{port}"
        every = ("helao", "jamko", "kaakko", "osekk", "seamk", "acme")
        dpo = _token("DPO", every, base)
        stranger = _token("OSEKK alone", ("osekk",), base)
        with running(url, port, secret_key=sealing.new_key()):
            yield Live(base, url, dpo, stranger)
        db.close()


def _token(name: str, controllers: tuple[str, ...], audience: str) -> str:
    client, _ = clients.register_client(
        name=name, scopes=list(SCOPES), controllers=controllers, by="operator"
    )
    issued = tokens.issue(
        client_id=client.client_id, scopes=list(SCOPES), audience=audience, seconds=3600, by="operator"
    )
    return issued.token
