"""A small journal with an entry of every sort, and a second pair of hands that gets at the tables behind our back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cysqlite
import psycopg
import pytest

from registry import db, journal
from registry.journal import verification

#: What a room would have stored: its documents by object and version.
Documents = dict[tuple[str, int | None], bytes]

ERASED, ERASING, SIZE = 5, 9, 13


def keep(documents: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `documents` what the kind `thing` has stored, for this test."""
    monkeypatch.setattr(verification, "_witnesses", {})

    @journal.witness("thing", every=lambda: list(documents))
    def stored(of: str, version: int | None) -> bytes | None:
        return documents.get((of, version))


def tell(documents: Documents) -> None:
    """Thirteen entries: with and without version, controller, payload and document; several in a transaction; one
    erased by a later one; letters beyond ASCII and beyond 16 bits."""

    @db.writes
    def store(key: str, version: int, *, by: str = "client/c1") -> None:
        document = f'{{"key":"{key}","version":{version}}}'.encode()
        documents[f"thing/a/{key}", version] = document
        journal.append("thing.declared", f"thing/a/{key}", by=by, version=version, content=document)

    @db.writes
    def say(action: str, of: str, **payload: Any) -> None:
        journal.append(action, of, by="operator", payload=payload)

    @db.writes
    def load() -> None:
        for key in "xyz":
            store(key, 1)

    say("client.made", "client/c1", scopes=["things:write"], limit=2**53 - 1, nothing=None)
    store("one", 1)
    store("one", 2)
    say("controller.declared", "controller/a", name="Äänekoski 🏛")
    say("account.seen", "observation/a/chat", name="somebody")
    load()
    journal.erase(ERASED, by="client/dpo", why="asked for")
    say("notice.published", "notice/a/one", language="fi")
    store("one", 3, by="client/ä")
    say("client.ended", "client/c1")
    say("check.run", "check-run/17")


class Hands:
    """A connection of its own, with leave to change anything."""

    def __init__(self, url: str) -> None:
        self.sqlite = url.startswith("sqlite")
        if self.sqlite:
            self.connection: Any = cysqlite.Connection(url.removeprefix("sqlite:///"))
            self.connection.execute("PRAGMA synchronous = off")
        else:
            self.connection = psycopg.connect(url, autocommit=True)

    def do(self, sql: str, *values: Any) -> list[Any]:
        cursor = self.connection.execute(sql if self.sqlite else sql.replace("?", "%s"), values)
        return list(cursor.fetchall()) if self.sqlite or cursor.description else []

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.do(f"SELECT * FROM {table} ORDER BY 1, 2")]

    def add(self, table: str, row: tuple[Any, ...]) -> None:
        self.do(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", *row)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Afterwards the journal's tables are as they were."""
        tables = {name: self.rows(name) for name in ("journal_entry", "journal_node", "journal_head")}
        try:
            yield
        finally:
            for name, rows in tables.items():
                self.do(f"DELETE FROM {name}")
                for row in rows:
                    self.add(name, row)

    def close(self) -> None:
        self.connection.close()
