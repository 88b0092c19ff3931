"""How long observations are kept that are personal data of staff: not longer than the operator's setting says."""

from __future__ import annotations

import peewee

from registry import clock, journal
from registry.clock import later
from registry.connectors.observations.stored import StoredObservation
from registry.db import writes
from registry.journal import JournalEntry

#: Kinds that may tell of single members of staff: who has been idle in a group of one, and who has no second factor.
OF_STAFF = ("accounts",)
PART = 200  # in one transaction: others wait for it


def expire(days: int, *, by: str) -> int:
    """Erase the observations of staff that were stored more than `days` ago; gives how many there were.

    Row and payload of the journal's entry go together, and a new entry says so: the journal goes on verifying.
    """
    before, gone = later(clock.now(), -days * 86_400.0), 0
    while part := _expire(before, by):
        gone += part
    return gone


@writes
def _expire(before: str, by: str) -> int:
    row, entry = StoredObservation, JournalEntry
    newest = row.select(peewee.fn.MAX(row.id)).scalar() or 0  # stays until another is: numbers are given once
    old = list(
        row.select(row.id, row.controller, row.system)
        .where(row.kind.in_(OF_STAFF) & (row.recorded_at < before) & (row.id < newest))
        .order_by(row.recorded_at, row.id)
        .limit(PART)
    )
    for one in old:
        said = entry.select(entry.seq).where(
            (entry.object == f"observation/{one.controller}/{one.system}")
            & (entry.version == one.id)
            & (entry.action == "observation.recorded")
            & entry.payload.is_null(False)
        )
        for (seq,) in list(said.tuples()):
            journal.erase(seq, by=by, why="retention of observations of staff")
    if old:
        row.delete().where(row.id.in_([one.id for one in old])).execute()
    return len(old)
