"""The statements that are sent to a database, and how it would find what they ask for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from registry import db

Sent = list[tuple[str, Any]]


@contextmanager
def sent() -> Iterator[Sent]:
    """A block in which statements are collected, with their parameters."""
    found: Sent = []
    base, real = db.database.obj, db.database.obj.execute_sql
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            base, "execute_sql", lambda sql, params=None: (found.append((sql, params)), real(sql, params))[1]
        )
        yield found


def steps(sql: str, params: Any) -> list[str]:
    """What the database would do one after another."""
    base = db.database.obj
    if base.name != "sqlite":  # small tables are read whole, unless that costs a lot
        base.execute_sql("SELECT set_config('enable_seqscan', 'off', false)")
    explain = "EXPLAIN QUERY PLAN" if base.name == "sqlite" else "EXPLAIN"
    return [str(row[-1]) for row in base.execute_sql(f"{explain} {sql}", params).fetchall()]


def from_end_to_end(sql: str, params: Any, own: Collection[str] = ()) -> list[str]:
    """The steps in which a table is read whole, or an index is made of it for this statement alone.

    `own` are names by which the statement calls what is in it itself.
    """
    plan = steps(sql, params)
    assert plan
    parts = {step.split()[1] for step in plan if step.startswith(("CO-ROUTINE ", "MATERIALIZE "))}
    few = {f"SCAN {name}" for name in (*parts, *own, "CONSTANT ROW")}
    return [
        step
        for step in plan
        if (step.startswith("SCAN ") and step not in few) or "AUTOMATIC" in step or "Seq Scan" in step
    ]
