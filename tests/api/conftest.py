"""The example application, in process and on a real server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests import ports
from tests.api import example
from tests.api.wire import MAX_BODY, Server

ROOT = Path(__file__).parents[2]

START = """
from registry import db
from registry.serve import serve
from registry.settings import Settings
from tests.api.example import Thing
settings = Settings.from_env()
db.open(settings.database)
db.migrate()
with db.writing(why="a table for the tests"):
    Thing.create_table()
db.close()
serve(settings, target="tests.api.example:create_served")
"""


@pytest.fixture(scope="session")
def client() -> FlaskClient:
    """A client of the example; it has no database."""
    return example.create().test_client()


@pytest.fixture
def bearer() -> dict[str, str]:
    """The header of a good token."""
    return {"Authorization": "Bearer tester"}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The example on granian as `registry serve` starts it: two workers, 64 kB and a second for a body."""
    directory = tmp_path_factory.mktemp("server")
    log = directory / "log"
    port = ports.own()
    environ = {k: v for k, v in os.environ.items() if not k.startswith("REGISTRY_")}
    environ |= {"REGISTRY_PORT": str(port), "REGISTRY_MAX_BODY": str(MAX_BODY)}
    environ |= {"REGISTRY_DATABASE": f"sqlite:///{directory}/registry.db"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", START],
            cwd=ROOT,
            env=environ,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    made = Server(port, process.pid, log)
    try:
        deadline = time.monotonic() + 120
        while not made.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start:\n{log.read_text()}")
            time.sleep(0.05)
        yield made
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
