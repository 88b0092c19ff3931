"""The log of reading: whatever is answered to an auditor is written down first.

A row is committed before the answer leaves, and an answer that cannot be written down is not given (503): a worker that
is killed has lost no row of an answer that left. To cost a read little a row does not wait for the disk: what a power
cut may take are rows of the last moments, after the last write of anything else. Rows of an engagement are numbered
without a gap and chained by SHA-256; every `ANCHORED` rows, and when the engagement is ended, the journal says how many
there are and what the last one's hash is, so what was cut, changed or slipped in shows against the journal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import peewee
import rfc8785

from registry import clock, db, journal
from registry.api.door import Holder
from registry.db import Instant, Stored, Text, writes

#: So many rows are written before the journal says how far the log has come.
ANCHORED = 100
ZEROS = "00" * 32
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


def note(targets: Mapping[int, str], holder: Holder, *, method: str, as_of: str | None, status: int) -> None:
    """Write down what is about to be answered. Raises errors.Busy, errors.Unavailable, errors.StorageFull."""
    with db.lightly():
        _note(targets, holder, method, as_of, status)


@writes(journalled=False, why="the journal says every so many rows, and at the end, how far the log has come")
def _note(targets: Mapping[int, str], holder: Holder, method: str, as_of: str | None, status: int) -> None:
    for audit, target in targets.items():
        n, before = last(audit)
        row = {
            "audit": audit,
            "n": n + 1,
            "at": clock.now(),
            "who": holder.id,
            "client": holder.client_id,
            "method": method,
            "target": target[:LONGEST],
            "as_of": as_of,
            "status": status,
        }
        made = chained(row, before)
        values = (*row.values(), made)
        db.execute(_ADD, *values)
        if (n + 1) % ANCHORED == 0:
            anchor(audit, n + 1, made)


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
    controller = db.execute(_OF, audit).fetchone()[0]
    journal.append(
        "audit.reads-logged", f"audit/{controller}/{audit}", by="registry", payload={"reads": n, "hash": made}
    )


_OF = "SELECT controller FROM audit_engagement WHERE id = ? ORDER BY version LIMIT 1"


def faults(audit: int) -> list[str]:
    """What is wrong with the log of an engagement: rows that do not follow, and what the journal says otherwise."""
    found: list[str] = []
    before, hashes = ZEROS, {0: ZEROS}
    columns = [field for field in Read._meta.sorted_field_names if field != "hash"]
    for n, row in enumerate(Read.select().where(Read.audit == audit).order_by(Read.n), 1):
        if row.n != n:
            return [*found, f"row {n} is missing"]
        if chained({name: getattr(row, name) for name in columns}, before) != row.hash:
            found.append(f"row {n} is not what was written, or follows another")
        before = hashes[n] = row.hash
    controller = db.execute(_OF, audit).fetchone()[0]
    for action in ("audit.reads-logged", "audit.ended"):
        for entry in journal.entries(of=f"audit/{controller}/{audit}", action=action, limit=100_000):
            said = (entry.payload or {}).get("reads", 0), (entry.payload or {}).get("hash")
            if said[0] and hashes.get(said[0]) != said[1]:
                found.append(f"entry {entry.seq} of the journal says {said[0]} rows that end otherwise")
    return found
