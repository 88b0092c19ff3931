"""The entries of the journal: what one says, how it is appended, how it is read."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import peewee
import rfc8785

from registry import clock, db, errors
from registry.journal import tree
from registry.settings import Settings

log = logging.getLogger(__name__)

ZEROS = "00" * tree.WIDTH
ERASED = "journal.erased"

_ACTION = re.compile(r"[a-z][a-z-]*(\.[a-z][a-z-]*)+")
_OBJECT = re.compile(r"[a-z][a-z-]*(/[^/\s\x00-\x1f\x7f]+)+")


# Every write runs these, so they are not built anew each time.
_LOOK = "SELECT size, leaf, peaks, recorded_at FROM journal_head WHERE id = 1"
_ADD = """INSERT INTO journal_entry
    (seq, entry, leaf, payload, salt, recorded_at, actor, action, object, version, controller)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_COMPLETE = "INSERT INTO journal_node (level, position, hash) VALUES (?, ?, ?)"
_BEGIN = "INSERT INTO journal_head (id, size, root, leaf, peaks, recorded_at) VALUES (1, ?, ?, ?, ?, ?)"
_MOVE = """UPDATE journal_head SET size = ?, root = ?, leaf = ?, peaks = ?, recorded_at = ?
    WHERE id = 1 AND size = ?"""


class JournalEntry(db.Stored):
    """One entry: the bytes that were hashed, their leaf, the payload with its salt, and copies for filters."""

    seq = peewee.BigIntegerField(primary_key=True)
    entry = peewee.BlobField()
    leaf = peewee.BlobField()
    payload = peewee.BlobField(null=True)
    salt = peewee.BlobField(null=True)
    recorded_at = db.Instant()
    actor = db.Text()
    action = db.Text()
    object = db.Text()
    version = peewee.BigIntegerField(null=True)
    controller = db.Text(null=True)

    class Meta:
        indexes = ((("object", "seq"), False), (("controller", "seq"), False), (("action", "seq"), False))


class JournalNode(db.Stored):
    """The hash over a complete subtree, level 1 and up (level 0 is JournalEntry.leaf)."""

    level = peewee.IntegerField()
    position = peewee.BigIntegerField()
    hash = peewee.BlobField()

    class Meta:
        primary_key = peewee.CompositeKey("level", "position")


class JournalHead(db.Stored):
    """The one row that says where the journal ends: what the next entry is built on."""

    id = peewee.IntegerField(primary_key=True)
    size = peewee.BigIntegerField()
    root = peewee.BlobField()
    leaf = peewee.BlobField()
    peaks = peewee.BlobField()
    recorded_at = db.Instant()


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as values. `document` are the bytes as hashed; `payload` is None once erased."""

    seq: int
    recorded_at: str
    actor: str
    action: str
    object: str
    version: int | None
    document: bytes
    leaf: bytes
    payload: dict[str, Any] | None

    @property
    def controller(self) -> str | None:
        return controller_of(self.object)


@dataclass(frozen=True, slots=True)
class _Head:
    size: int
    leaf: bytes
    peaks: tuple[bytes, ...]
    recorded_at: str


def controller_of(of: str) -> str | None:
    """Whose object it is: the second part of ``kind/controller/key`` and of ``controller/key``, else nobody's."""
    kind, *parts = of.split("/")
    return parts[0] if len(parts) > 1 or kind == "controller" else None


def stamp() -> str:
    """The instant at which the running write transaction is recorded: now, but never before the last entry.

    It is the same all through the transaction. Raises db.WriteOutside when none is running.
    """
    memo = db.work().memo
    if "journal.stamp" not in memo:
        now, last = clock.now(), _head(memo).recorded_at
        if now < last:
            log.warning("the clock is behind the journal: %s, last entry %s", now, last)
        memo["journal.stamp"] = max(now, last)
    return str(memo["journal.stamp"])


def append(
    action: str,
    of: str,
    *,
    by: str,
    version: int | None = None,
    payload: Mapping[str, Any] | None = None,
    content: bytes | None = None,
) -> Entry:
    """Append an entry to the running write transaction.

    `action` says what was done (``register.declared``), `of` to what object (``register/seamk/library-chat``; an
    object that belongs to a controller is written kind/controller/key), `by` is the pseudonym of who did it
    (``client/<id>``, ``operator``). `payload` is anything RFC 8785 can write; it can be erased later, the rest
    cannot, so whatever might be personal goes there. `content` are the bytes of the document that the write stored:
    their SHA-256 goes into the payload, and `verify` compares both ways (`registry.journal.witness`).

    Raises db.WriteOutside without a write transaction, ValueError for an action or object not of that form.
    """
    if not _ACTION.fullmatch(action) or not _OBJECT.fullmatch(of) or not by:
        raise ValueError(f"not an action, an object and an actor: {action!r} {of!r} {by!r}")
    memo = db.work().memo
    recorded_at, head = stamp(), _head(memo)
    said = dict(payload or {})
    if content is not None:
        said["content"] = {"sha256": hashlib.sha256(content).hexdigest()}
    sealed, salt = rfc8785.dumps(said), secrets.token_bytes(32)
    seq = head.size + 1
    document = rfc8785.dumps(
        {
            "seq": seq,
            "recorded_at": recorded_at,
            "actor": by,
            "action": action,
            "object": of,
            "version": version,
            "payload_commitment": hashlib.sha256(salt + sealed).hexdigest(),
            "prev_hash": head.leaf.hex() if head.size else ZEROS,
        }
    )
    leaf = tree.leaf(document)
    peaks, made = tree.append(head.size, head.peaks, leaf)
    copies = (recorded_at, by, action, of, version, controller_of(of))
    db.execute(_ADD, seq, document, leaf, sealed, salt, *copies)
    for completed in made:
        db.execute(_COMPLETE, *completed)
    _advance(head, _Head(seq, leaf, peaks, recorded_at), memo)
    db.noted()
    return Entry(seq, recorded_at, by, action, of, version, document, leaf, said)


def _head(memo: dict[str, Any]) -> _Head:
    if "journal.head" not in memo:
        row = db.execute(_LOOK).fetchone()
        memo["journal.head"] = _Head(row[0], row[1], _split(row[2]), row[3]) if row else _Head(0, b"", (), "")
    head: _Head = memo["journal.head"]
    return head


def _split(peaks: bytes) -> tuple[bytes, ...]:
    return tuple(peaks[at : at + tree.WIDTH] for at in range(0, len(peaks), tree.WIDTH))


def _advance(before: _Head, after: _Head, memo: dict[str, Any]) -> None:
    row = (after.size, tree.root(after.peaks), after.leaf, b"".join(after.peaks), after.recorded_at)
    if before.size == 0:
        db.execute(_BEGIN, *row)
    elif db.execute(_MOVE, *row, before.size).rowcount != 1:
        raise RuntimeError("the head of the journal moved under the writer")
    memo["journal.head"] = after


@db.writes
def erase(seq: int, *, by: str, why: str) -> Entry:
    """Erase the payload of an entry and its salt, for good, and say so in a new entry, which is returned.

    The entry itself and its commitment stay, so the journal verifies; nobody can guess the payload from them. Raises
    errors.NotFound when there is no such entry, errors.Gone when it was erased before.
    """
    row = JournalEntry.get_or_none(JournalEntry.seq == seq)
    if row is None:
        raise errors.NotFound("There is no such entry.")
    if row.payload is None:
        raise errors.Gone("The entry was erased before.")
    JournalEntry.update(payload=None, salt=None).where(JournalEntry.seq == seq).execute()
    return append(ERASED, f"journal/{seq}", by=by, payload={"why": why})


def entries(
    *,
    after: int = 0,
    limit: int = 50,
    controllers: Collection[str] | None = None,
    of: str | None = None,
    action: str | None = None,
    among: Sequence[Any] = (),
) -> list[Entry]:
    """Entries in the order of their numbers: those above `after`, `limit` at most.

    `controllers` restricts to objects of these (None: all entries), `of` to one object, `action` to one action,
    `among` to what fulfils all of these conditions.
    """
    query = JournalEntry.select().where(JournalEntry.seq > after)
    if controllers is not None:
        query = query.where(JournalEntry.controller.in_(sorted(controllers)))
    if among:
        query = query.where(*among)
    if of is not None:
        query = query.where(JournalEntry.object == of)
    if action is not None:
        query = query.where(JournalEntry.action == action)
    return [_value(row) for row in query.order_by(JournalEntry.seq).limit(limit)]


def latest(*, of: str, limit: int) -> list[Entry]:
    """The last entries about an object, the newest first."""
    query = JournalEntry.select().where(JournalEntry.object == of)
    return [_value(row) for row in query.order_by(JournalEntry.seq.desc()).limit(limit)]


def _value(row: JournalEntry) -> Entry:
    payload = None if row.payload is None else json.loads(row.payload)
    return Entry(
        row.seq, row.recorded_at, row.actor, row.action, row.object, row.version, row.entry, row.leaf, payload
    )


_HEAD = "SELECT h.size, h.root, h.recorded_at FROM journal_head h WHERE h.id = 1"  # each decision asks for it


def checkpoint(origin: str = "") -> dict[str, Any]:
    """Where the journal stands: {"origin", "size", "root" (hex), "recorded_at" (of the last entry, or None)}.

    Kept by somebody else, it is what proves later that nothing before it was changed; kept only here it proves
    nothing against whoever can write the database.
    """
    size, root, recorded_at = db.execute(_HEAD).fetchone() or (0, tree.EMPTY, None)
    return {
        "origin": origin or Settings.from_env().origin,
        "size": size,
        "root": bytes(root).hex(),
        "recorded_at": recorded_at,
    }


_END = """SELECT h.size, h.leaf, e.seq, e.leaf, e.entry, h.recorded_at FROM journal_head h LEFT JOIN
    journal_entry e ON e.seq = (SELECT MAX(seq) FROM journal_entry) WHERE h.id = 1"""


def ended() -> tuple[int, str]:
    """How many entries the journal has, for an answer that others act upon, and when the last was recorded ("": none).

    Raises errors.Unavailable (`journal_broken`) where its end is not what its head says: somebody's hand was in it, or
    only a part of the database is here, and there may be a hold in what is gone.
    """
    row = db.execute(_END).fetchone()
    if row is None:
        if db.execute("SELECT seq FROM journal_entry LIMIT 1").fetchone() is None:
            return 0, ""
    elif row[0] == row[2] and bytes(row[1]) == bytes(row[3]) == tree.leaf(bytes(row[4])):
        return int(row[0]), str(row[5])
    log.error("the end of the journal is not what its head says: run `registry verify`")
    raise errors.Unavailable(
        "The journal is not whole; nothing is answered that somebody may delete by.", code="journal_broken"
    )


def position() -> int:
    """How many entries the journal has. Raises as `ended` does."""
    return ended()[0]
