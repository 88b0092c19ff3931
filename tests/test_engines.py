"""The databases that tests run on are fresh, apart from each other, and odd in order and zone."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import psycopg
import pytest

from tests.engines import Engines


def connect(url: str) -> closing:
    if url.startswith("sqlite:///"):
        return closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None))
    return closing(psycopg.connect(url, autocommit=True))


def tables(url: str) -> list[str]:
    ask = (
        "SELECT name FROM sqlite_schema WHERE type = 'table'"
        if url.startswith("sqlite:")
        else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    )
    with connect(url) as connection:
        return [row[0] for row in connection.execute(ask).fetchall()]


@pytest.mark.parametrize("again", [1, 2])
def test_an_empty_database_is_empty_and_nobody_elses(database_url: str, again: int) -> None:
    assert tables(database_url) == []
    with connect(database_url) as connection:
        connection.execute("CREATE TABLE left_behind (n INTEGER)")
    assert tables(database_url) == ["left_behind"]


@pytest.mark.parametrize("again", [1, 2])
def test_a_migrated_database_has_tables_and_is_nobody_elses(migrated_url: str, again: int) -> None:
    before = tables(migrated_url)
    assert before
    assert "left_behind" not in before
    with connect(migrated_url) as connection:
        connection.execute("CREATE TABLE left_behind (n INTEGER)")


def test_two_databases_at_once(databases: Engines, engine: str) -> None:
    with databases.fresh(engine, migrated=False) as one, databases.fresh(engine, migrated=False) as other:
        assert one != other
        with connect(one) as connection:
            connection.execute("CREATE TABLE only_here (n INTEGER)")
        assert tables(other) == []


def test_a_database_is_gone_afterwards_though_somebody_is_connected(databases: Engines, engine: str) -> None:
    with databases.fresh(engine, migrated=False) as url:
        held = connect(url)
    with held as connection, pytest.raises((psycopg.OperationalError, sqlite3.OperationalError)):
        connection.execute("CREATE TABLE too_late (n INTEGER)")


@pytest.mark.postgresql
def test_postgresql_sorts_as_finnish_and_lives_in_another_zone(databases: Engines) -> None:
    if not shutil.which("localedef"):
        pytest.skip("no locale compiler here: the server falls back to bytewise order")
    with databases.fresh("postgresql", migrated=False) as url, psycopg.connect(url) as connection:
        words = "SELECT w FROM (VALUES ('b'), ('A'), ('a'), ('B'), ('ä'), ('z'), ('å')) AS v(w) ORDER BY w"
        assert "".join(row[0] for row in connection.execute(words)).lower() == "aabbzåä"
        assert connection.execute("SHOW timezone").fetchone() == ("America/St_Johns",)
