"""A database's shape as a set of lines, the same words for what the models would make and for what is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_UNSAID = "schema_migration"


def actual(base: Any) -> set[str]:
    """One line for each column, key, reference, check and index of each table; the migrations' own table is left out.

    Names of constraints and indexes and the order of columns do not matter. Full-text tables of SQLite are left out:
    they are no models.
    """
    return set(_postgres(base) if base.for_update else _sqlite(base))


def _sqlite(base: Any) -> Iterator[str]:
    def ask(sql: str) -> list[Any]:
        return list(base.execute_sql(sql).fetchall())

    written = dict(ask("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    for _, table, kind, _, without_rowid, strict in ask("PRAGMA main.table_list"):
        if kind != "table" or table.startswith("sqlite_") or table == _UNSAID:
            continue
        yield f"{table}" + " WITHOUT ROWID" * without_rowid + " STRICT" * strict
        for _, column, kind, required, default, key, hidden in ask(f'PRAGMA table_xinfo("{table}")'):
            yield (
                f"{table}.{column} {kind}{_said(required, default)}"
                + f" key {key}" * bool(key)
                + " hidden" * bool(hidden)
            )
        references: dict[int, list[Any]] = {}
        for row in ask(f'PRAGMA foreign_key_list("{table}")'):
            references.setdefault(row[0], []).append(row)
        for rows in references.values():
            ours, theirs = ",".join(row[3] for row in rows), ",".join(str(row[4]) for row in rows)
            yield f"{table} ({ours}) references {rows[0][2]} ({theirs}) update {rows[0][5]} delete {rows[0][6]}"
        for _, index, unique, origin, partial in ask(f'PRAGMA index_list("{table}")'):
            parts = [
                f"{name or 'expression'} {collation}{' desc' * descending}"
                for _, _, name, descending, collation, is_key in ask(f'PRAGMA index_xinfo("{index}")')
                if is_key
            ]
            where = f" where {written[index].upper().partition(' WHERE ')[2]}" if partial else ""
            yield f"{table} {'unique' if unique else 'index'} ({', '.join(parts)}){where}" + " by key" * (
                origin == "pk"
            )
        for check in _checks(written[table]):
            yield f"{table} check {check}"
    for name, table, sql in ask("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"):
        yield f"{table} trigger {name} {_plain(sql)}"


def _checks(sql: str) -> Iterator[str]:
    for found in re.finditer(r"\bCHECK\s*\(", sql, re.IGNORECASE):
        depth, at = 1, found.end()
        while depth and at < len(sql):
            depth += {"(": 1, ")": -1}.get(sql[at], 0)
            at += 1
        yield _plain(sql[found.end() : at - 1])


def _plain(sql: str) -> str:
    return re.sub(r"\s+", " ", sql.replace('"', "")).strip()


_COLUMNS = """
SELECT t.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
       CASE WHEN a.attcollation <> y.typcollation THEN c.collname END, a.attidentity
FROM pg_attribute a
JOIN pg_class t ON t.oid = a.attrelid AND t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace
JOIN pg_type y ON y.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_collation c ON c.oid = a.attcollation
WHERE a.attnum > 0 AND NOT a.attisdropped AND t.relname <> %s
"""
_CONSTRAINTS = """
SELECT t.relname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
WHERE t.relnamespace = current_schema()::regnamespace AND t.relname <> %s AND k.contype <> 'n'
"""
_INDEXES = """
SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename <> %s
"""
_TRIGGERS = """
SELECT t.relname, pg_get_triggerdef(g.oid) FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid
WHERE t.relnamespace = current_schema()::regnamespace AND t.relname <> %s AND NOT g.tgisinternal
"""


def _postgres(base: Any) -> Iterator[str]:
    def ask(sql: str) -> list[Any]:
        return list(base.execute_sql(sql, (_UNSAID,)).fetchall())

    schema = base.execute_sql("SELECT current_schema()").fetchone()[0]
    for table, column, kind, required, default, collation, identity in ask(_COLUMNS):
        default = default and default.replace(f"{schema}.", "")
        yield (
            f"{table}.{column} {kind}{_said(required, default)}"
            + f" collate {collation}" * bool(collation)
            + identity
        )
    for table, constraint in ask(_CONSTRAINTS):
        yield f"{table} {constraint.replace(f'{schema}.', '')}"
    for table, index in ask(_INDEXES):
        shown = re.sub(r" INDEX .*? ON (\S+) ", r" INDEX ON \1 ", index, count=1)
        yield f"{table} {shown.replace(f'{schema}.', '')}"
    for table, trigger in ask(_TRIGGERS):
        yield f"{table} {trigger.replace(f'{schema}.', '')}"


def _said(required: Any, default: Any) -> str:
    return " required" * bool(required) + (f" default {default}" if default is not None else "")
