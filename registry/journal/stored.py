"""What the journal's tables hold, as bytes, for whoever trusts none of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import peewee
from peewee import fn

from registry import db
from registry.journal.entries import ERASED, JournalEntry, JournalHead, JournalNode

CHUNK = 500
COPIED = ("recorded_at", "actor", "action", "object", "version", "controller")


@dataclass(slots=True)
class Row:
    """One entry as it lies in the table; `copied` in the order of COPIED, as the bytes of their text."""

    seq: int
    entry: bytes
    leaf: bytes
    payload: bytes | None
    salt: bytes | None
    copied: tuple[bytes | None, ...]


def _raw(column: peewee.Field) -> Any:
    # As bytes whatever was put there: text that is no text would stop the reading, and must be named instead.
    if isinstance(db.database.obj, peewee.SqliteDatabase):
        return column.cast("BLOB")
    if isinstance(column, peewee.BlobField):
        return column
    return fn.convert_to(column.cast("text"), "UTF8").coerce(False)


def chunks() -> Iterator[list[Row]]:
    """The entries in the order of their numbers, CHUNK at a time."""
    kept = [_raw(getattr(JournalEntry, name)) for name in ("entry", "leaf", "payload", "salt", *COPIED)]
    after = -(2**62)
    while True:
        query = JournalEntry.select(JournalEntry.seq, *kept).where(JournalEntry.seq > after)
        found: list[Any] = list(query.order_by(JournalEntry.seq).limit(CHUNK).tuples())
        if not found:
            return
        yield [Row(row[0], row[1], row[2], row[3], row[4], row[5:]) for row in found]
        after = found[-1][0]


def erased_since(of: str, there: int) -> bool:
    """Whether an entry after number `there` says that the entry `of` (``journal/<seq>``) was erased."""
    later = (JournalEntry.object == of) & (JournalEntry.action == ERASED) & (JournalEntry.seq > there)
    return JournalEntry.select(JournalEntry.seq).where(later).exists()


def nodes(level: int, first: int, last: int) -> dict[int, bytes]:
    """The hashes of a level by position, from `first` to `last`."""
    where = (JournalNode.level == level) & JournalNode.position.between(first, last)
    return dict(JournalNode.select(JournalNode.position, _raw(JournalNode.hash)).where(where).tuples())


def head() -> tuple[Any, ...] | None:
    """The head: size, and as bytes root, leaf, peaks and recorded_at."""
    kept = [_raw(getattr(JournalHead, name)) for name in ("root", "leaf", "peaks", "recorded_at")]
    query = JournalHead.select(JournalHead.size.cast("BIGINT"), *kept).where(JournalHead.id == 1)
    found = query.tuples().first()
    return tuple(found) if found is not None else None


def counted() -> tuple[int, int, int, int, int]:
    """Size by the head, lowest and highest number, entries and nodes, all of one moment."""
    size = JournalHead.select(JournalHead.size.cast("BIGINT")).where(JournalHead.id == 1)
    lowest = JournalEntry.select(fn.MIN(JournalEntry.seq))
    highest = JournalEntry.select(fn.MAX(JournalEntry.seq))
    entries = JournalEntry.select(fn.COUNT(JournalEntry.seq))
    inner = JournalNode.select(fn.COUNT(JournalNode.level))
    asked = peewee.Select(columns=[size, lowest, highest, entries, inner])
    found = next(iter(asked.tuples().execute(db.database.obj)))
    return found[0] or 0, found[1] or 1, found[2] or 0, found[3], found[4]


def speaks_of(of: str, version: int | None) -> bool:
    """Whether an entry is about this version of this object."""
    same = JournalEntry.version.is_null() if version is None else JournalEntry.version == version
    return bool(JournalEntry.select(JournalEntry.seq).where((JournalEntry.object == of) & same).exists())
