"""The log of reading: whatever is answered to an auditor is written down first.

A row is committed before the answer leaves, and an answer that cannot be written down is not given (503): a worker that
is killed has lost no row of an answer that left. To cost a read little a row does not wait for the disk: what a power
cut may take are rows of the last moments, after the last write of anything else; and readers who wait for the same
process are written down together. Rows of an engagement are numbered
without a gap and chained by SHA-256; every `ANCHORED` rows, every night, and when the engagement is ended, the journal
says how many there are and what the last one's hash is, so what was cut, changed or slipped in shows against the
journal: `registry verify` looks.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import peewee
import rfc8785

from registry import clock, db, errors, journal
from registry.api.door import Holder
from registry.db import Instant, Stored, Text, writes

#: So many rows are written before the journal says how far the log has come.
ANCHORED = 100
ZEROS = "00" * 32
#: What the journal says of a log: how far it has come, and that it was thrown away after its time.
LOGGED, FORGOTTEN = "audit.reads-logged", "audit.reads-forgotten"
#: So many rows of a log are named that do not follow.
_TOLD = 20
#: So much of a target is written down; a request line may be 8 kB long.
LONGEST = 8192


class Read(Stored):
    """One request of an auditor: who asked through which client, for what, as of when, and the status of the answer."""

    audit = peewee.BigIntegerField()
    n = peewee.BigIntegerField()
    at = Instant()
    who = Text()
    client = Text()
    method = Text()
    target = peewee.TextField()
    as_of: Any = peewee.TextField(null=True)
    status = peewee.IntegerField()
    hash = Text()

    class Meta:
        table_name = "audit_read"
        primary_key = peewee.CompositeKey("audit", "n")


def concerned(holder: Holder, arguments: Mapping[str, Any], path: str, query: str) -> dict[int, str]:
    """The engagements that a request is about, each with the target as it is written down there.

    A path that names a controller is about that one; any other request is about all of the holder's engagements at that
    door. Where a query names another controller the row says that there was one and not which: nobody reads of the
    engagements of others.
    """
    if "controller" in arguments:
        audits = [one for one in holder.audits if one[0] == arguments["controller"]]
    else:
        audits = list(holder.audits)
    named = set()
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name == "controller" or (name in ("register", "system") and "/" in value):
            named.add(value.partition("/")[0])
        if name == "object":
            named.update(value.split("/")[1:2])
    whole = f"{path}?{query}" if query else path
    return {audit: whole if named <= {controller} else f"{path}?…" for controller, audit in audits}


@dataclass(eq=False)
class _Line:
    """What is to be written down of one answer, and what came of it."""

    targets: Mapping[int, str]
    said: Mapping[str, Any]
    written: bool = False
    error: Exception | None = None


class _Desk:
    """Where the threads of a process write together: whoever's turn it is writes for all who wait, in one transaction,
    and each goes when its own line is committed."""

    def __init__(self) -> None:
        self.turn, self._gate = threading.Lock(), threading.Lock()
        self.waiting: list[_Line] = []

    def write(self, line: _Line) -> None:
        """Returns when the line is committed; raises what kept it from that."""
        with self._gate:
            self.waiting.append(line)
        with self.turn:
            if not line.written and line.error is None:
                with self._gate:
                    lines, self.waiting = self.waiting, []
                self._write(lines if line in lines else [*lines, line])
        if line.error is not None:
            raise line.error

    def _write(self, lines: list[_Line]) -> None:
        try:
            with db.lightly():
                _note([(one.targets, one.said) for one in lines])
        except Exception as error:
            if len(lines) > 1 and not isinstance(error, _OF_ALL):  # one of them spoils the others
                for one in lines:
                    self._write([one])
                return
            for one in lines:
                one.error = error
            return
        for one in lines:
            one.written = True


#: What keeps any line from being written.
_OF_ALL = (errors.Busy, errors.Unavailable, errors.StorageFull)
_DESK = _Desk()


def note(targets: Mapping[int, str], holder: Holder, *, method: str, as_of: str | None, status: int) -> None:
    """Write down what is about to be answered. Raises errors.Busy, errors.Unavailable, errors.StorageFull."""
    said = {
        "who": holder.id, "client": holder.client_id, "method": method, "as_of": as_of, "status": status,
    }  # fmt: skip
    _DESK.write(_Line(targets, said))


@writes(journalled=False, why="the journal says every so many rows, and at the end, how far the log has come")
def _note(lines: Sequence[tuple[Mapping[int, str], Mapping[str, Any]]]) -> None:
    ends: dict[int, tuple[int, str]] = {}
    for targets, said in lines:
        for audit, target in targets.items():
            n, before = ends[audit] if audit in ends else last(audit)
            row = {"audit": audit, "n": n + 1, "at": clock.now(), "target": target[:LONGEST], **said}
            made = chained(row, before)
            db.execute(_ADD, *(row[name] for name in _COLUMNS), made)
            if (n + 1) % ANCHORED == 0:
                anchor(audit, n + 1, made)
            ends[audit] = n + 1, made


_COLUMNS = ("audit", "n", "at", "who", "client", "method", "target", "as_of", "status")
_ADD = """INSERT INTO audit_read (audit, n, at, who, client, method, target, as_of, status, hash)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_LAST = "SELECT n, hash FROM audit_read WHERE audit = ? ORDER BY n DESC LIMIT 1"


def chained(row: Mapping[str, Any], before: str) -> str:
    """The hash of a row (its columns but the hash) behind the row whose hash is `before`."""
    return hashlib.sha256(bytes.fromhex(before) + rfc8785.dumps(dict(row))).hexdigest()


def last(audit: int) -> tuple[int, str]:
    """The number and the hash of the last row of an engagement; (0, ZEROS) before the first."""
    found = db.execute(_LAST, audit).fetchone()
    return (int(found[0]), str(found[1])) if found else (0, ZEROS)


def anchor(audit: int, n: int, made: str) -> None:
    """Say in the journal how far the log of an engagement has come. In a write transaction."""
    journal.append(LOGGED, _of(audit) or "", by="registry", payload={"reads": n, "hash": made})


_OF = "SELECT controller FROM audit_engagement WHERE id = ? ORDER BY version LIMIT 1"


def anchor_grown(goes_on: Callable[[], None] = lambda: None) -> int:
    """Say in the journal, of each log that has grown since it was last said, how far it has come; gives how many there
    were. Done every night: what an engagement that ends by itself was last used for is spoken for too."""
    grown = 0
    for audit, n in db.execute(_COME).fetchall():
        grown += _said(int(audit), int(n))
        goes_on()
    return grown


_COME = """SELECT r.audit, MAX(r.n) FROM audit_read r
    WHERE EXISTS (SELECT 1 FROM audit_engagement e WHERE e.id = r.audit) GROUP BY r.audit ORDER BY r.audit"""


def _said(audit: int, n: int) -> bool:
    claims, _ = _claims(audit)
    if n <= max((reads for _, reads, _ in claims), default=0):
        return False
    _anchor_last(audit)
    return True


@writes
def _anchor_last(audit: int) -> None:
    anchor(audit, *last(audit))


def forget(audits: Iterable[int]) -> None:
    """Throw the logs of these engagements away, and say so in the journal. In a write transaction."""
    for audit in audits:
        n, made = last(audit)
        Read.delete().where(Read.audit == audit).execute()
        journal.append(
            FORGOTTEN, _of(audit) or "", by="registry", payload={"reads": n, "hash": made}
        )  # fmt: skip


# --- what `registry verify` finds


@journal.beside("the log of what auditors read")
def all_faults() -> Iterator[str]:
    """What is wrong with the log of any engagement, each with the engagement that it is of."""
    known = engagements()
    for audit, controller in known.items():
        for fault in faults(audit):
            yield f"what was read in audit/{controller}/{audit}: {fault}"
    for (audit,) in db.execute("SELECT DISTINCT audit FROM audit_read ORDER BY audit").fetchall():
        if audit not in known and audit not in engagements():  # else it was opened meanwhile
            yield f"there are rows of what was read in an engagement {audit} that there is not"


def engagements() -> dict[int, str]:
    """All engagements, with their controllers."""
    return dict(db.execute("SELECT DISTINCT id, controller FROM audit_engagement ORDER BY id").fetchall())


def faults(audit: int) -> list[str]:
    """What is wrong with the log of an engagement: rows that do not follow, and what the journal says otherwise.

    What was read after the journal last said how far the log had come (every `ANCHORED` rows, every night, at the end)
    can be cut off unseen by whoever can write the database; nothing else can. In memory are the hashes that the journal
    has, not the log. Somebody may read meanwhile.
    """
    claims, gone = _claims(audit)
    found, hashes = _walked(audit, {reads for _, reads, _ in claims})
    if not gone:
        for seq, reads, made in claims:
            if hashes.get(reads) != made:
                found.append(f"entry {seq} of the journal says {reads} rows that end otherwise")
        gone = bool(found) and _claims(audit)[1]  # thrown away meanwhile?
        return [] if gone and last(audit)[0] == 0 else found
    return ["there are rows of a log that was thrown away"] if last(audit)[0] else []


def _walked(audit: int, kept: Collection[int]) -> tuple[list[str], dict[int, str]]:
    """What does not follow in a log, and the hashes of the rows with these numbers."""
    found: list[str] = []
    before, hashes = ZEROS, dict[int, str]()
    columns = [field for field in Read._meta.sorted_field_names if field != "hash"]
    for n, row in enumerate(Read.select().where(Read.audit == audit).order_by(Read.n).iterator(), 1):
        if row.n != n:
            return [*found, f"row {n} is missing"], hashes
        if len(found) < _TOLD and chained({name: getattr(row, name) for name in columns}, before) != row.hash:
            found.append(f"row {n} is not what was written, or follows another")
        before = row.hash
        if n in kept:
            hashes[n] = before
    return found, hashes


def _claims(audit: int) -> tuple[list[tuple[int, int, str]], bool]:
    """What the journal says of a log, as (number of the entry, rows, hash of the last), and whether it says that it was
    thrown away. An entry whose payload was erased says nothing."""
    claims, gone, after, of = [], False, 0, _of(audit)
    while of and (some := journal.entries(of=of, after=after, limit=1000)):
        for entry in some:
            said = entry.payload or {}
            gone |= entry.action == FORGOTTEN
            if entry.action in (LOGGED, "audit.ended") and said.get("reads"):
                claims.append((entry.seq, int(said["reads"]), str(said["hash"])))
        after = some[-1].seq
    return claims, gone


def _of(audit: int) -> str | None:
    found = db.execute(_OF, audit).fetchone()
    return f"audit/{found[0]}/{audit}" if found else None
