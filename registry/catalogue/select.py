"""Many declarations at once: filters over the rows beside them, keyset order, as of a moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from registry import clock, db
from registry.catalogue import reaching
from registry.catalogue.facets import words
from registry.catalogue.model import COLUMNS, Written, applicable, written

_BESIDE = "SELECT f.version_id FROM catalogue_facet f WHERE f.kind = ? AND f.name = ?"
_THROUGH = (
    "SELECT f.version_id FROM catalogue_facet s JOIN catalogue_facet f"
    " ON f.controller = s.controller AND f.value = s.key AND f.kind = ? AND f.name = 'system'"
    " WHERE s.kind = 'system' AND s.name = ? AND s.value = ?"
)
_NAMED = "SELECT f.controller FROM catalogue_facet f WHERE f.kind = 'controller' AND f.name = 'text' AND "
#: The last code point: nothing that begins with a word sorts after the word and this.
_LAST = "\U0010ffff"


def select(
    kind: str,
    *,
    controllers: frozenset[str] | set[str] | None = None,
    keys: set[str] | None = None,
    exact: Mapping[str, str] | None = None,
    through_system: Mapping[str, str] | None = None,
    text: str | None = None,
    review_due_before: str | None = None,
    after: tuple[str, str] | None = None,
    limit: int | None = None,
    as_of: str | None = None,
    known_at: str | None = None,
) -> list[Written]:
    """Declarations in force, by controller and key, each in the version that applied.

    `controllers` and `keys` None mean all; `exact` are facets that must all be there; `through_system` facets that the
    declaration or one of its systems must have (vendor, kind); `text` words of which each must begin a word of the
    declaration or of its controller; `after` the last (controller, key) of the page before. Who asks over the API and
    is limited within a controller gets what they reach.
    """
    asked = {
        "controllers": controllers, "keys": keys, "exact": exact, "through_system": through_system, "text": text,
        "review_due_before": review_due_before, "after": after, "limit": limit, "as_of": as_of, "known_at": known_at,
    }  # fmt: skip
    statement = _statement(COLUMNS, kind, asked)
    return list(written(kind, db.execute(*statement))) if statement else []


def joined(kind: str, *, limit: int, **asked: Any) -> tuple[bytes, tuple[str, str] | None]:
    """What `select` gives, asked in the same way: the documents with commas between them, and, where there are more
    than `limit`, the (controller, key) of the last.

    One row: each row that is stepped to costs a turn among the threads, more than what is in it.
    """
    statement = _statement(
        "d.controller AS c, d.key AS k, v.document AS d", kind, {**asked, "limit": limit + 1}
    )
    if statement is None:
        return b"", None
    inner, *values = statement
    here = f"n = {limit}"
    sql = (
        f"SELECT {_COMMAS[db.database.obj.name].format(limit)}, COUNT(*),"  # noqa: S608 -- constants and a number
        f" MAX(c) FILTER (WHERE {here}), MAX(k) FILTER (WHERE {here})"
        f" FROM (SELECT c, k, d, ROW_NUMBER() OVER () AS n FROM ({inner}) AS i) AS o"
    )
    documents, count, controller, key = db.execute(sql, *values).fetchone()
    return bytes(documents or b""), (controller, key) if count > limit else None


#: The first {} documents with commas between them, in the order in which they come.
_COMMAS = {
    "sqlite": "CAST(group_concat(d, ',') FILTER (WHERE n <= {}) AS BLOB)",
    "postgresql": "string_agg(d, '\\x2c'::bytea ORDER BY n) FILTER (WHERE n <= {})",
}


def _statement(columns: str, kind: str, asked: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The statement and its values, None where nothing can be found."""
    controllers, keys, after, limit, as_of, known_at = map(
        asked.get, ("controllers", "keys", "after", "limit", "as_of", "known_at")
    )
    if controllers is not None and not controllers:
        return None
    moment: str = as_of or clock.now()
    drafts: list[str] = []
    among = reaching.published(drafts)
    parts = [
        ("d.kind = ?", (kind,)),
        (
            f"v.id = {applicable(known_at is not None, among)}",
            (moment, *(() if known_at is None else (known_at,)), *drafts),
        ),
        *reaching.narrowed(kind, moment),
        ("NOT v.ended", ()),
        *_conditions(
            kind,
            asked.get("exact") or {},
            asked.get("through_system") or {},
            asked.get("text"),
            asked.get("review_due_before"),
        ),
    ]
    if controllers is not None:
        parts.append((f"d.controller IN ({', '.join('?' * len(controllers))})", tuple(sorted(controllers))))
    if keys is not None:
        parts.append((f"d.key IN ({', '.join('?' * len(keys))})", tuple(sorted(keys))))
    if after is not None:
        parts.append(("(d.controller, d.key) > (?, ?)", after))
    conditions = " AND ".join(condition for condition, _ in parts)
    values = [value for _, some in parts for value in some]
    sql = (
        f"SELECT {columns} FROM catalogue_declaration d JOIN catalogue_version v ON v.declaration_id = d.id "  # noqa: S608 -- made of the constants of this file; values are parameters
        f"WHERE {conditions} ORDER BY d.controller, d.key"
    )
    if limit is not None:
        sql += " LIMIT ?"
        values.append(limit)
    return sql, *values


def _conditions(
    kind: str,
    exact: Mapping[str, str],
    through_system: Mapping[str, str],
    text: str | None,
    review_due_before: str | None,
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for name, value in exact.items():
        yield f"v.id IN ({_BESIDE} AND f.value = ?)", (kind, name, value)
    for name, value in through_system.items():
        sql = f"(v.id IN ({_BESIDE} AND f.value = ?) OR v.id IN ({_THROUGH}))"
        yield sql, (kind, name, value, kind, name, value)
    if review_due_before is not None:
        yield f"v.id IN ({_BESIDE} AND f.value < ?)", (kind, "review_due", review_due_before)
    for word in sorted(words(text or "")):
        # A register is also found by the name of its controller, former names included.
        begins = "f.value >= ? AND f.value < ?"
        named = _NAMED + begins
        sql = f"(v.id IN ({_BESIDE} AND {begins}) OR d.controller IN ({named}))"
        yield sql, (kind, "text", word, word + _LAST, word, word + _LAST)
