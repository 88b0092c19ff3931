"""A real registry with one rule, a real PostgreSQL table to purge, and whoever stands between them and lies."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from examples import purge_postgresql as job
from registry import clock, db
from registry.auth.clients import stored as clients
from registry.catalogue import read, store
from registry.keys import signing
from registry.retention.publications.served import publish_rules
from tests import engines, ports
from tests.live.conftest import running

BY = "client/test"
SIGNING = signing.new_key()
P6M = {"applies_to": ["D1"], "duration": "P6M", "action": "erase", "mode": "automatic"}


@dataclass
class Service:
    """The running registry; its database is also bound here."""

    url: str
    database: str
    port: int
    group: int
    client: str
    secret: str


def publish(*retention: dict[str, Any], key: str = "customers") -> None:
    """Declare and publish acme's register with these retention statements."""
    try:
        expect = store.newest("register", "acme", key).version
    except store.NotFound:
        expect = store.NEW
    record = {
        "register": {"name": "Customers", "status": "active"},
        "data_categories": [
            {"id": "D1", "text": "Conversations", "pd": "pd:Communication"},
            {"id": "D2", "text": "Names", "pd": "pd:Name"},
        ],
        "retention": list(retention),
        "systems": ["desk"],
    }
    written = store.declare(
        "register", "acme", key, record, by=BY, expect=expect, effective_from="2020-01-01T00:00:00.000000Z"
    )
    publish_rules(*read.whole(written), by=BY)


@contextmanager
def started(database: str, port: int, secret: tuple[str, str], **more: str) -> Iterator[Service]:
    """The registry on a port, with a key to sign receipts."""
    with running(
        database, port, signing_key=SIGNING, hold_key="k" * 8 + secrets.token_hex(32), **more
    ) as group:
        yield Service(f"http://127.0.0.1:{port}", database, port, group, *secret)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def filled(
    databases: engines.Engines, request: pytest.FixtureRequest
) -> Iterator[tuple[str, tuple[str, str]]]:
    """A database with acme's rule of six months in it, and the credential of a purging client."""
    with databases.fresh(request.param, migrated=True) as url:
        db.open(url)
        store.declare("controller", "acme", "acme", {"name": "Acme"}, by=BY, expect=store.NEW,
                      effective_from="2019-01-01T00:00:00.000000Z")  # fmt: skip
        store.declare("system", "acme", "desk", {"name": "Desk", "kind": "helpdesk"}, by=BY, expect=store.NEW,
                      effective_from="2019-01-01T00:00:00.000000Z")  # fmt: skip
        publish(P6M, {**P6M, "applies_to": ["D2"], "action": "anonymise"})
        client, secret = clients.register_client(
            name="Purge", scopes=["retention:read"], controllers=["acme"], by="operator"
        )
        yield url, (client.client_id, secret)
        db.close()


@pytest.fixture(scope="module")
def service(filled: tuple[str, tuple[str, str]]) -> Iterator[Service]:
    """The registry, running."""
    with started(filled[0], ports.own(), filled[1]) as running_:
        yield running_


@dataclass
class Desk:
    """The system that keeps the data: a table of conversations, and the job's settings for it."""

    dsn: str
    folder: Path
    service: Service

    def fill(self, *days: int, anchor: str = "closed_at") -> None:
        """A conversation closed so many days ago, each; with its number as id."""
        with psycopg.connect(self.dsn) as connection:
            rows = [(number, clock.now(), timedelta(days=ago)) for number, ago in enumerate(days)]
            connection.cursor().executemany(
                "INSERT INTO conversation (id, name, closed_at) VALUES (%s, 'x', %s::timestamptz - %s)", rows
            )

    def left(self) -> set[int]:
        """The ids that are still there."""
        with psycopg.connect(self.dsn) as connection:
            return {row[0] for row in connection.execute("SELECT id FROM conversation")}

    def receipts(self) -> dict[int, str]:
        """The receipts of what is gone, by id."""
        with psycopg.connect(self.dsn) as connection:
            there = connection.execute("SELECT to_regclass('registry_purge')").fetchone()
            if there is None or there[0] is None:
                return {}
            return {
                int(row[0]): row[1] for row in connection.execute("SELECT id, receipt FROM registry_purge")
            }

    def settings(self, url: str | None = None, category: str = "D1", **table: Any) -> Path:
        """purge.toml, asking at `url`."""
        (self.folder / "secret").write_text(self.service.secret)
        key = signing.Signer((signing._key(SIGNING),))
        (self.folder / "jwks.json").write_text(json.dumps(key.jwks()))
        path = self.folder / "purge.toml"
        more = "".join(f"{name} = {json.dumps(value)}\n" for name, value in table.items())
        path.write_text(f"""
[registry]
url = "{url or self.service.url}"
issuer = "{self.service.url}"
client_id = "{self.service.client}"
client_secret_file = "{self.folder / "secret"}"
keys_file = "{self.folder / "jwks.json"}"

[data]
system = "acme/desk"
category = "{category}"

[table]
dsn = "{self.dsn}"
name = "conversation"
id = "id"
anchor = "closed_at"
{more}""")
        return path

    def purge(self, url: str | None = None, *more: str, category: str = "D1", **table: Any) -> int:
        """One run; gives its exit status."""
        return job.main([str(self.settings(url, category, **table)), *more])


@pytest.fixture
def desk(databases: engines.Engines, service: Service, tmp_path: Path) -> Iterator[Desk]:
    """An empty table in a PostgreSQL of its own."""
    with databases.fresh("postgresql", migrated=False) as url:
        with psycopg.connect(url) as connection:
            connection.execute(
                "CREATE TABLE conversation (id bigint PRIMARY KEY, name text, customer text, closed_at timestamptz)"
            )
        yield Desk(url, tmp_path, service)


@dataclass
class Between:
    """Stands between the job and the registry and does to its answers what a test says."""

    service: Service
    url: str = ""
    mangle: Callable[[str, requests.Response], tuple[int, dict[str, str], bytes]] | None = None
    seen: list[str] = field(default_factory=list)


@pytest.fixture
def between(service: Service) -> Iterator[Between]:
    """A proxy; its tokens and issuer are the registry's own."""
    told = Between(service)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            told.seen.append(self.path)
            kept = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
            answer = requests.request(
                self.command,
                service.url + self.path,
                headers=kept,
                data=body,
                timeout=60,
                allow_redirects=False,
            )
            status, headers, content = (
                told.mangle(self.path, answer)
                if told.mangle
                else (answer.status_code, dict(answer.headers), answer.content)
            )
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in (
                    "content-length",
                    "transfer-encoding",
                    "connection",
                    "content-encoding",
                ):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 -- as the library calls it

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield told
    server.shutdown()
    server.server_close()
