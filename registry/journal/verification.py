"""Does the journal still say what it said? Every entry, its chain, its tree, its payload, the documents it speaks of,
and what else it speaks for (the logs of what auditors read).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.journal import stored, tree
from registry.journal.entries import ERASED, ZEROS, controller_of

#: So many faults are listed; a journal that is wrong throughout needs no longer list.
LISTED = 200

_MEMBERS = {"seq", "recorded_at", "actor", "action", "object", "version", "payload_commitment", "prev_hash"}

#: What is stored now for an object and version: the bytes of its document, or None.
Fetch = Callable[[str, "int | None"], "bytes | None"]
#: Every document there is, as (object, version).
Every = Callable[[], "Iterable[tuple[str, int | None]]"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not fit: at which entry (None: no entry is concerned, one is missing) and why."""

    seq: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What `verify` found. Ask `ok`; `first_bad_seq` and `reasons` are about the first entry that does not fit.

    `size` and `root` (hex) are of the entries as they are; `erased` counts lawful erasures; `unwitnessed` are kinds
    of objects with documents that nobody offered to fetch, so that they were not compared.
    """

    size: int
    root: str
    faults: tuple[Fault, ...] = ()
    erased: int = 0
    unwitnessed: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.faults

    @property
    def first_bad_seq(self) -> int | None:
        return min((fault.seq for fault in self.faults if fault.seq is not None), default=None)

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(fault.reason for fault in self.faults if fault.seq == self.first_bad_seq)


_witnesses: dict[str, tuple[Fetch, Every | None]] = {}


def witness(kind: str, *, every: Every | None = None) -> Callable[[Fetch], Fetch]:
    """Decorator: this function fetches the stored bytes of an object of a kind (its first part) in a version.

    With `every`, which gives each stored document as (object, version), `verify` also finds the document that no
    entry speaks of. Raises ValueError when the kind has its witness already.
    """

    def take(fetch: Fetch) -> Fetch:
        if kind in _witnesses:
            raise ValueError(f"{kind} has its witness already: {_witnesses[kind][0].__qualname__}")
        _witnesses[kind] = (fetch, every)
        return fetch

    return take


#: What is wrong with something that is kept outside the journal and spoken for by it: a reason for each fault.
Beside = Callable[[], "Iterable[str]"]
_beside: dict[str, Beside] = {}


def beside(what: str) -> Callable[[Beside], Beside]:
    """Decorator: `verify` also asks this function, which compares what is no document of an entry but is spoken for by
    the journal, as a log that is chained by itself and whose last hash an entry bears.

    Raises ValueError when something of that name is compared already.
    """

    def take(find: Beside) -> Beside:
        if what in _beside:
            raise ValueError(f"{what} is compared already: {_beside[what].__qualname__}")
        _beside[what] = find
        return find

    return take


def verify(
    progress: Callable[[int, int], None] | None = None,
    checkpoint: Mapping[str, Any] | None = None,
) -> Report:
    """Read the whole journal and compare everything with everything, in bounded memory.

    `progress` is told (entries read, entries there). `checkpoint` is one kept outside ({"size", "root"}): without it
    a journal that was cut or rewritten from somewhere on, tree and head included, cannot be told from an honest one.
    Writing may go on meanwhile: what was there at the start is what is verified.
    """
    return _Walk(checkpoint).run(progress)


@dataclass
class _Walk:
    checkpoint: Mapping[str, Any] | None
    faults: list[Fault] = field(default_factory=list)
    peaks: tuple[bytes, ...] = ()
    size: int = 0
    last: bytes = b""
    recorded_at: str = ""
    gone: dict[str, int] = field(default_factory=dict)
    erased: int = 0
    unwitnessed: set[str] = field(default_factory=set)

    def run(self, progress: Callable[[int, int], None] | None) -> Report:
        head = stored.head()
        there = head[0] if head is not None else 0
        for rows in stored.chunks():
            made: list[tree.Node] = []
            for row in rows:
                if row.seq > there:
                    break
                made += self.read(row)
            self.compare_nodes(made)
            if progress is not None:
                progress(self.size, there)
            if rows[-1].seq >= there:
                break
        for of, seq in self.gone.items():
            if not stored.erased_since(of, there):
                self.fault(seq, "the payload is gone and no later entry says that it was erased")
        self.compare_head(head)
        self.compare_checkpoint(reached=True)
        self.compare_documents()
        self.compare_beside()
        return Report(
            self.size,
            tree.root(self.peaks).hex(),
            tuple(sorted(self.faults, key=_order)[:LISTED]),
            self.erased,
            tuple(sorted(self.unwitnessed)),
        )

    def fault(self, seq: int | None, reason: str) -> None:
        self.faults.append(Fault(seq, reason))
        if len(self.faults) > 2 * LISTED:
            self.faults = sorted(self.faults, key=_order)[:LISTED]

    # One entry

    def read(self, row: stored.Row) -> list[tree.Node]:
        if row.seq <= self.size:
            self.fault(row.seq, "there is an entry too many with this number")
            return []
        for missing in range(self.size + 1, min(row.seq, self.size + 1 + LISTED)):
            self.fault(missing, "the entry is missing")
        leaf = tree.leaf(row.entry)
        if leaf != row.leaf:
            self.fault(row.seq, "the entry is not what its leaf was made from")
        said = _parsed(row.entry)
        if said is None:
            self.fault(row.seq, "the entry cannot be read")
        else:
            self.compare_copies(row, said)
            self.compare_chain(row, said, intact=leaf == row.leaf)
            self.compare_payload(row, said)
        if said and said["action"] == ERASED:
            self.discharge(said["object"])
        if row.copied[stored.COPIED.index("action")] == ERASED.encode():
            # Either the entry or its copy may have been changed since: a fault of this entry, found above.
            self.discharge((row.copied[stored.COPIED.index("object")] or b"").decode("utf-8", "replace"))
        self.last = row.leaf
        before, self.size = self.size, row.seq
        if before != row.seq - 1:  # after a gap nothing above can fit; the tree is no longer followed
            self.peaks = (b"",) * self.size.bit_count()
            return []
        self.peaks, made = tree.append(before, self.peaks, leaf)
        self.compare_checkpoint(reached=False)
        return made

    def compare_copies(self, row: stored.Row, said: dict[str, Any]) -> None:
        if said["seq"] != row.seq:
            self.fault(row.seq, "the entry has another number")
        for name, found in zip(stored.COPIED, row.copied, strict=True):
            value = controller_of(said["object"]) if name == "controller" else said[name]
            if found != (None if value is None else str(value).encode()):
                self.fault(row.seq, f"the copy of {name} is not what the entry says")

    def compare_chain(self, row: stored.Row, said: dict[str, Any], *, intact: bool) -> None:
        before = self.last.hex() if row.seq > 1 else ZEROS
        if said["prev_hash"] != before and row.seq == self.size + 1:
            # Who is wrong? This entry, if it is damaged or stands in another's place; else the one before, whose
            # leaf it remembers.
            blamed = row.seq if not intact or said["seq"] != row.seq or row.seq == 1 else row.seq - 1
            self.fault(blamed, f"entry {row.seq} follows an entry with another leaf")
        if said["recorded_at"] < self.recorded_at:
            self.fault(row.seq, "the entry was recorded before the one that it follows")
        self.recorded_at = max(self.recorded_at, said["recorded_at"])

    def compare_payload(self, row: stored.Row, said: dict[str, Any]) -> None:
        if row.payload is None and row.salt is None:
            self.gone[f"journal/{row.seq}"] = row.seq
            return
        if row.payload is None or row.salt is None:
            self.fault(row.seq, "payload and salt are not both there")
            return
        sealed = hashlib.sha256(row.salt + row.payload).hexdigest()
        if len(row.salt) != 32 or sealed != said["payload_commitment"]:
            self.fault(row.seq, "the payload or its salt is not what the entry was committed to")
            return
        promised = _content(row.payload)
        kind = said["object"].partition("/")[0]
        if promised is None:
            return
        if kind not in _witnesses:
            self.unwitnessed.add(kind)
            return
        try:
            document = _witnesses[kind][0](said["object"], said["version"])
        except Exception as error:  # damaged rows raise whatever they like, and must be named
            self.fault(
                row.seq, f"the document that the entry speaks of cannot be read ({type(error).__name__})"
            )
            return
        if document is None:
            self.fault(row.seq, "the document that the entry speaks of is gone")
        elif hashlib.sha256(document).hexdigest() != promised:
            self.fault(row.seq, "the document is not the one that the entry speaks of")

    def discharge(self, of: str) -> None:
        if self.gone.pop(of, None) is not None:
            self.erased += 1

    # The tree, the head, the checkpoint, the documents

    def compare_nodes(self, made: list[tree.Node]) -> None:
        levels: dict[int, list[tree.Node]] = {}
        for one in made:
            levels.setdefault(one[0], []).append(one)
        for level, nodes in levels.items():
            kept = stored.nodes(level, nodes[0][1], nodes[-1][1])
            for _, position, computed in nodes:
                if kept.get(position) != computed:
                    told = "is missing" if position not in kept else "is not over these entries"
                    self.fault(tree.last_leaf(level, position), f"node {level}/{position} of the tree {told}")

    def compare_head(self, head: tuple[Any, ...] | None) -> None:
        if head is None:
            size, _, _, entries, _ = (
                stored.counted()
            )  # there may be one by now: the first entry came meanwhile
            if entries and not size:
                self.fault(1, "the head is missing")
            return
        size, root, leaf, peaks, recorded_at = head
        for missing in range(self.size + 1, min(size, self.size + LISTED) + 1):
            self.fault(missing, "the entry is missing")
        if self.size == size:
            for name, found, value in (
                ("root", root, tree.root(self.peaks)),
                ("peaks", peaks, b"".join(self.peaks)),
                ("last leaf", leaf, self.last),
                ("time", recorded_at, self.recorded_at.encode()),
            ):
                if found != value:
                    self.fault(size, f"the {name} in the head does not fit")
        now, lowest, highest, entries, nodes = stored.counted()
        if highest > now:
            self.fault(now + 1, "there is an entry above the head")
        elif lowest < 1:
            self.fault(lowest, "there is an entry below the first")
        elif entries != now and not self.faults:
            self.fault(now, f"{entries} entries for a size of {now}")
        if nodes != now - now.bit_count() and not self.faults:
            self.fault(now, f"{nodes} nodes of the tree for a size of {now}")

    def compare_checkpoint(self, *, reached: bool) -> None:
        if self.checkpoint is None:
            return
        size = int(self.checkpoint["size"])
        if size == self.size and tree.root(self.peaks).hex() != self.checkpoint["root"] and not reached:
            self.fault(size, f"the tree of {size} entries is not the one of the checkpoint")
        if reached and size > self.size:
            self.fault(self.size + 1, f"the checkpoint is of {size} entries, there are {self.size}")

    def compare_documents(self) -> None:
        for _, every in _witnesses.values():
            for of, version in every() if every is not None else ():
                if not stored.speaks_of(of, version):
                    self.fault(None, f"no entry speaks of the document {of} version {version}")

    def compare_beside(self) -> None:
        for what, find in _beside.items():
            try:
                for reason in find():
                    self.fault(None, reason)
            except Exception as error:  # damaged rows raise whatever they like, and must be named
                self.fault(None, f"{what} cannot be read ({type(error).__name__})")


def _order(fault: Fault) -> float:
    return float("inf") if fault.seq is None else fault.seq


def _parsed(entry: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(entry)
        fits = set(said) == _MEMBERS and isinstance(said["seq"], int)
        fits &= isinstance(said["version"], int | None)
        for name in _MEMBERS - {"seq", "version"}:
            said[name].encode()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return said if fits else None


def _content(payload: bytes) -> str | None:
    try:
        return str(json.loads(payload)["content"]["sha256"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
