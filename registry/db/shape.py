"""Migrations: which are there, running them once, writing the next, and whether models and database agree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peewee
from peewee import Model, SchemaManager, sort_models
from playhouse.cysqlite_ext import CySqliteDatabase
from playhouse.migrations import Runner, template
from playhouse.schema_diff import diff_models

from registry.db import described
from registry.db.engines import Sqlite, database
from registry.db.stored import Stored
from registry.db.verbs import _transaction, repeated

DIRECTORY = Path(__file__).parents[1] / "migrations"
HISTORY = "schema_migration"


def models() -> list[type[Stored]]:
    """Every model that is loaded, referenced ones first; one that others are made of is no table.

    Whoever calls has imported the application before.
    """
    found: list[type[Stored]] = []
    waiting: list[type[Stored]] = [Stored]
    while waiting:
        below = waiting.pop().__subclasses__()
        found += [one for one in below if one not in found and not one.__subclasses__()]
        waiting += below
    return list(sort_models(found))


def _runner() -> Runner:
    return Runner(database.obj, str(DIRECTORY), HISTORY)


def pending() -> list[str]:
    """Names of the migrations that this database has not had, in order.

    Raises RuntimeError when the database has had one that this program does not know: it is of a newer program.
    """
    rows = _runner().status()
    if unknown := [row.name for row in rows if row.path is None]:
        raise RuntimeError("The database is of a newer program: unknown migration " + ", ".join(unknown))
    return [row.name for row in rows if not row.applied]


def standing() -> dict[str, Any]:
    """Which migration the database had last, and how many wait, for /health; `warnings` say where they do not fit.

    Where they wait, whatever needs them fails until `registry migrate`; a newer database may be one that is being
    upgraded, while this server still answers.
    """
    rows = _runner().status()
    had = [row.name for row in rows if row.applied]
    waiting = sum(not row.applied for row in rows)
    warnings = ["migrations_waiting"] if waiting else []
    warnings += ["database_newer"] if any(row.path is None for row in rows) else []
    return {"migration": had[-1] if had else None, "waiting": waiting, "warnings": warnings}


def migrations() -> int:
    """How many migrations this program knows."""
    return len(_runner().status())


def migrate() -> list[str]:
    """Run what is pending, all of it or nothing, and give the names. Of several processes one does it, the others
    wait.

    Raises errors.Busy after a minute, RuntimeError as `pending` does or when rows would be left without what they
    name.
    """
    if not pending():
        return []
    base = database.obj
    sqlite = isinstance(base, Sqlite)

    def once() -> list[str]:
        with _transaction(False, "migrate"):
            names: list[str] = _runner().up()
            if sqlite and base.execute_sql("PRAGMA foreign_key_check").fetchall():
                raise RuntimeError("A migration left rows whose reference is gone; nothing was changed.")
            return names

    if (
        sqlite
    ):  # a table is rebuilt by making it anew, which must not cascade; inside a transaction it is too late
        base.pragma("foreign_keys", 0)
    try:
        return repeated(once, 1000, 60.0)
    finally:
        if sqlite:
            base.pragma("foreign_keys", 1)


def generate(name: str, of: Iterable[type[Model]] | None = None) -> Path | None:
    """Write the next migration from what `of` (default: all models) has and the migrated database has not.

    Gives the file, or None when there is nothing to do. It is a draft: CHECK constraints and renames are yours to
    add, and `drift` says whether it is complete.
    """
    found = diff_models(database.obj, list(of) if of is not None else models())
    if not found:
        return None
    return Path(_runner().create(name, body=_written(name, template(found))))


def _written(name: str, draft: str) -> str:
    # The draft imports everything from peewee; say what is used.
    kept = [
        line for line in draft.splitlines() if not re.match(r"# Generated|from (peewee|registry)\b", line)
    ]
    text = "\n".join(kept).strip() + "\n"
    used = {
        module: [one for one in names if re.search(rf"\b{one}\b", text)]
        for module, names in (("peewee", peewee.__all__), ("registry.db.stored", ["Instant", "Text"]))
    }
    imports = "\n\n".join(f"from {module} import {', '.join(sorted(n))}" for module, n in used.items() if n)
    return f'"""{name.capitalize()}."""\n\n{imports}\n\n{text}'


def drift(of: Iterable[type[Model]] | None = None) -> list[str]:
    """Differences between the database and the models (default: all): columns, types, nullability, collations, keys,
    references, checks, indexes. A line begins with + for what only the models have, - for what only the database has.
    """
    wanted = sort_models(list(of) if of is not None else models())
    actual = described.actual(database.obj)
    with _scratch(database.obj) as base:
        for model in wanted:
            SchemaManager(model, database=base).create_all(safe=False)
        declared = described.actual(base)
    return [f"+ {line}" for line in sorted(declared - actual)] + [
        f"- {line}" for line in sorted(actual - declared)
    ]


class _Undo(Exception):
    pass


@contextmanager
def _scratch(base: Any) -> Iterator[Any]:
    # The same engine, empty, gone afterwards: SQLite in memory, PostgreSQL a schema that is rolled back.
    if isinstance(base, Sqlite):
        memory = CySqliteDatabase(":memory:", rank_functions=False, field_types={"KEY": "TEXT"})
        try:
            yield memory
        finally:
            memory.close()
        return
    try:
        with _transaction(False, "drift"):
            base.execute_sql("CREATE SCHEMA scratch_of_drift")
            base.execute_sql("SELECT set_config('search_path', 'scratch_of_drift', true)")
            yield base
            raise _Undo
    except _Undo:
        pass
