"""The feed: the journal, read as thin events. What was written together with a change cannot be told without it.

The journal numbers its entries without a gap, in the order in which they are committed (writers take turns on both
engines), so an entry never appears behind one that was read before: a reader who goes on from the last number it saw
misses nothing and sees nothing out of order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from registry import db
from registry.changes.kinds import KINDS

#: So many entries are looked through for one answer, whatever is filtered out of them.
LOOKED_AT = 5_000


@dataclass(frozen=True, slots=True)
class Change:
    """One event: that something changed, and where to read it. `takes_effect_at` is an instant, in the future when it
    was written; None: at once. `version` is of the object."""

    seq: int
    recorded_at: str
    kind: str
    object: str
    version: int | None
    controller: str | None
    takes_effect_at: str | None

    def document(self) -> dict[str, Any]:
        """As it is served, and sent."""
        return {
            "seq": self.seq,
            "kind": self.kind,
            "object": self.object,
            "controller": self.controller,
            "version": self.version,
            "recorded_at": self.recorded_at,
            "takes_effect_at": self.takes_effect_at,
        }


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the feed: its changes, the number up to which it was read, and whether there is more."""

    changes: tuple[Change, ...]
    until: int
    more: bool


def size() -> int:
    """How many entries the journal has."""
    row = db.execute("SELECT size FROM journal_head WHERE id = 1").fetchone()
    return int(row[0]) if row else 0


def read(
    after: int,
    *,
    limit: int,
    controllers: Collection[str] | None = None,
    kinds: Collection[str] | None = None,
    registers: Mapping[str, Collection[str]] | None = None,
) -> Part:
    """What changed behind entry `after`: at most `limit` changes, of these controllers and kinds (None: of all), and
    in a controller of which `registers` are named of these registers alone, their rules and their notices.

    Few may come back though there are more: `until` says how far was read, and the next call goes on from there.
    """
    wanted = set(KINDS if kinds is None else kinds) & KINDS.keys()
    seen = None if controllers is None else set(controllers)
    rows = db.execute(_ROWS, after, LOOKED_AT + 1).fetchall()
    changes: list[Change] = []
    until = after
    for row in rows[:LOOKED_AT]:
        if row[2] in wanted and (seen is None or row[5] in seen) and _of(row[3], row[5], registers):
            if len(changes) == limit:
                return Part(tuple(changes), until, True)
            changes.append(_change(row))
        until = row[0]
    return Part(tuple(changes), until, len(rows) > LOOKED_AT)


def _of(name: str, controller: str | None, registers: Mapping[str, Collection[str]] | None) -> bool:
    if not registers or controller is None or controller not in registers:
        return True
    kind, _, rest = name.partition("/")
    return kind in ("register", "retention", "notice") and rest.partition("/")[2] in registers[controller]


_ROWS = """SELECT seq, recorded_at, action, object, version, controller, payload FROM journal_entry
WHERE seq > ? ORDER BY seq LIMIT ?"""


def _change(row: Any) -> Change:
    seq, recorded_at, action, of, version, controller, payload = row
    said = orjson.loads(bytes(payload)) if payload is not None else {}
    at = said.get("begins") or said.get("effective_from")
    return Change(
        seq, recorded_at, action, of, version, controller, at if at is not None and at > recorded_at else None
    )
