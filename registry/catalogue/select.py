"""Many declarations at once: filters over the rows beside them, keyset order, as of a moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Joined:
    """A page as it is stored: the documents with commas between them, and, where there are more, the (controller, key)
    of the last.

    `newest` names the version written last, by which it can be told that nothing was written since; `until` is when a
    version that is planned takes effect: before that the page stays what it is.
    """

    documents: bytes | memoryview
    last: tuple[str, str] | None
    newest: str
    until: str


def joined(kind: str, *, limit: int, now: str | None = None, **asked: Any) -> Joined:
    """What `select` gives, asked in the same way, and what it depends on besides; all in one statement.

    `now` is the moment to be taken for the present one.

    One row: each row that is stepped to costs a turn among the threads, more than what is in it.
    """
    now = now or clock.now()
    asked = {**asked, "limit": limit + 1, "as_of": asked.get("as_of") or now}
    statement = _statement("d.controller AS c, d.key AS k, v.document AS d", kind, asked)
    if statement is None:
        return Joined(b"", None, "", "")
    inner, *values = statement
    documents, lines, stamp, until = db.execute(
        _PAGE[db.database.obj.name].format(inner), now, *values
    ).fetchone()
    if documents is None:
        return Joined(b"", None, stamp or "", until or clock.ENDLESS)
    if lines.count("\n") < limit:
        return Joined(bytes(documents), None, stamp, until or clock.ENDLESS)
    # The one too many, which says that there are more, is cut off again.
    shown, _, surplus = lines.rpartition("\n")
    _, controller, key = shown.rpartition("\n")[2].split(" ")
    size = int(surplus.partition(" ")[0])
    return Joined(memoryview(documents)[: -1 - size], (controller, key), stamp, until or clock.ENDLESS)


def newest() -> str:
    """What `Joined.newest` is just now."""
    found = db.execute(_NEWEST).fetchone()
    return str(found[0]) if found else ""


# A number is given once; the time is for a database that was put back to what it was, and went on from there.
_NEWEST = """SELECT w.id || ' ' || w.recorded_at FROM catalogue_version w
WHERE w.id = (SELECT MAX(x.id) FROM catalogue_version x)"""
_BESIDES = (
    f"""({_NEWEST}), (SELECT MIN(w.effective_from) FROM catalogue_version w WHERE w.effective_from > ?)"""  # noqa: S608 -- of constants
)
#: The documents with commas between them, and a line for each: its size and its name. SQLite takes them as they come.
_PAGE = {
    "sqlite": "SELECT CAST(group_concat(d, ',') AS BLOB),"  # noqa: S608 -- of constants
    f" group_concat(length(d) || ' ' || c || ' ' || k, char(10)), {_BESIDES} FROM ({{}}) AS i",
    "postgresql": "SELECT string_agg(d, '\\x2c'::bytea ORDER BY c, k),"  # noqa: S608 -- of constants
    f" string_agg(octet_length(d) || ' ' || c || ' ' || k, chr(10) ORDER BY c, k), {_BESIDES} FROM ({{}}) AS i",
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
    for word in sorted(words(text)) if text else ():
        # A register is also found by the name of its controller, former names included.
        begins = "f.value >= ? AND f.value < ?"
        named = _NAMED + begins
        sql = f"(v.id IN ({_BESIDE} AND {begins}) OR d.controller IN ({named}))"
        yield sql, (kind, "text", word, word + _LAST, word, word + _LAST)
