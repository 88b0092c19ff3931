"""What has been written down: one entry for each write, in the same transaction, chained and in a Merkle tree."""

from registry.journal.entries import (
    Entry,
    JournalEntry,
    JournalHead,
    JournalNode,
    append,
    checkpoint,
    controller_of,
    ended,
    entries,
    erase,
    latest,
    position,
    stamp,
)
from registry.journal.states import State, States, Told
from registry.journal.verification import Fault, Report, beside, verify, witness

__all__ = [
    "Entry",
    "Fault",
    "JournalEntry",
    "JournalHead",
    "JournalNode",
    "Report",
    "State",
    "States",
    "Told",
    "append",
    "beside",
    "checkpoint",
    "controller_of",
    "ended",
    "entries",
    "erase",
    "latest",
    "position",
    "stamp",
    "verify",
    "witness",
]
