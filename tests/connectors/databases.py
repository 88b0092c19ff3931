"""Databases to look at: one of the real PostgreSQL of the tests, reached over a port of loopback."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests import engines
from tests.connectors.forwarding import forwarded


class Looked:
    """A database, with its superuser's connection. `settings` and `secrets` are those to look with, as `user`."""

    def __init__(self, admin: psycopg.Connection[Any], name: str, port: int, user: str) -> None:
        self.admin = admin
        self.settings: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": port,
            "database": name,
            "user": user,
            "security": "plain",
        }
        self.secrets = {"password": "canary-postgresql-4d1e"}

    def run(self, statements: str) -> None:
        """Statements of the superuser, one after another."""
        self.admin.execute(statements)  # type: ignore[call-overload] # text of the test's own


@contextmanager
def looked_at(databases: engines.Engines, statements: str, user: str) -> Iterator[Looked]:
    """A fresh database with what `statements` make in it, roles too: they are gone afterwards.

    Roles belong to the whole server, so whoever makes any holds a lock.
    """
    with (databases.directory / "roles.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = databases.fresh("postgresql", migrated=False)
        with made as url, psycopg.connect(url, autocommit=True) as admin:
            before = _roles(admin)
            place = admin.execute("SHOW unix_socket_directories").fetchone()
            assert place is not None
            socket = Path(place[0]) / f".s.PGSQL.{admin.info.port}"
            try:
                with forwarded(socket) as port:
                    looked = Looked(admin, admin.info.dbname, port, user)
                    looked.run(statements)
                    yield looked
            finally:
                for role in _roles(admin) - before:
                    name = sql.Identifier(role)
                    admin.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(name))
                    admin.execute(sql.SQL("DROP ROLE {}").format(name))


def _roles(admin: psycopg.Connection[Any]) -> set[str]:
    return {name for (name,) in admin.execute("SELECT rolname FROM pg_roles")}
