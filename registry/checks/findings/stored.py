"""Findings as stored: a difference to what was found before, one row for each stretch of time in which it was the same.

A row is written when a check says something new of a register, and ended when it says something else; what is said
again writes nothing. Rows of one thing said again and again with other particulars (a line, a count) share their
number, `finding`, and when it was first seen; also where something else was said in between, or nothing: what comes
back is the finding that there was.

Registers are written in parts: some registers of one controller, in one transaction with one journal entry, which
commits to what was written and to what was found of each register, also where nothing changed.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
import peewee
import rfc8785

from registry import journal
from registry.checks.findings import grounds
from registry.checks.findings.grounds import Ground
from registry.checks.rule import Case, Outcome
from registry.db import Instant, Stored, Text, writes

#: `ended_in` of a row that holds: no part has this number.
HOLDS = 0


class StoredFinding(Stored):
    """What a check said of a register from `since` until `until`; `document` is the part of it that never changes."""

    id: Any = peewee.BigIntegerField(primary_key=True)
    finding = peewee.BigIntegerField()
    controller = Text()
    register = Text()
    code = Text()
    key = Text()
    kind = Text()
    severity = Text()
    first_seen = Instant()
    since = Instant()
    until = Instant(null=True)
    opened_in = peewee.BigIntegerField()
    ended_in = peewee.BigIntegerField()
    document = peewee.BlobField()

    class Meta:
        table_name = "checks_finding"
        indexes = (
            # what holds: of a register, with all that is counted; by kind; by code; and the rows that a part ended
            (("ended_in", "controller", "register", "code", "key", "id", "kind", "severity"), False),
            (("ended_in", "kind", "controller", "register", "code", "key", "id"), False),
            (("ended_in", "code", "controller", "register", "key", "id"), False),
            # what was said of a register before, for what comes back
            (("controller", "register", "code", "key", "id"), False),
            (("opened_in", "id"), False),
            (("finding", "id"), False),
        )


class Checked(Stored):
    """When a register was last checked, in which version, and the digest of all that was said of it."""

    controller = Text()
    register = Text()
    checked_at = Instant()
    version = peewee.BigIntegerField()
    digest = Text()

    class Meta:
        table_name = "checks_checked"
        primary_key = peewee.CompositeKey("controller", "register")


class Part(Stored):
    """One transaction of a run: `document` is what the journal commits to."""

    id: Any = peewee.BigIntegerField(primary_key=True)
    controller = Text()
    recorded_at = Instant()
    document = peewee.BlobField()

    class Meta:
        table_name = "checks_part"


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """One outcome of one check, as it is stored."""

    code: str
    key: str
    kind: str
    severity: str
    document: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Examined:
    """All that was said of one register in one version, on what ground, and of which case."""

    controller: str
    register: str
    version: int
    said: tuple[Said, ...]
    ground: Ground | None = None
    case: Case | None = dataclasses.field(default=None, compare=False, repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 over all documents by code and key, hexadecimal."""
        in_order = sorted(self.said, key=lambda one: (one.code, one.key))
        return hashlib.sha256(b"\n".join(one.document for one in in_order)).hexdigest()


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """How many rows a part wrote and ended."""

    opened: int = 0
    ended: int = 0

    def __add__(self, other: Difference) -> Difference:
        return Difference(self.opened + other.opened, self.ended + other.ended)


def said(register: str, code: str, outcome: Outcome, severity: str, *, invented: bool = False) -> Said:
    """An outcome as stored. `invented`: the observation that decided was made up for a demonstration."""
    told = {
        "register": register,
        "code": code,
        "key": outcome.key,
        "kind": outcome.kind,
        "severity": severity,
        "field": outcome.field,
        "line": outcome.line,
        "quote": outcome.quote,
        "message": dict(outcome.message),
        "closes": dict(outcome.closes) if outcome.closes else None,
        "observation": outcome.observation,
        "invented": invented,
        "remembered": list(outcome.remembered),
    }
    return Said(code, outcome.key, outcome.kind, severity, orjson.dumps(told, option=orjson.OPT_SORT_KEYS))


@writes
def record_part(
    controller: str, examined: Sequence[Examined], gone: Iterable[str] = (), *, by: str
) -> Difference:
    """Store what was found of registers of one controller; `gone` are its registers that are not in force any more."""
    now = journal.stamp()
    number = _next(Part)
    checked = {
        str(row.register): row.digest for row in _checked(controller, [one.register for one in examined])
    }
    changed = [one for one in examined if checked.get(one.register) != one.digest]
    gone = sorted(gone)
    there = _there(controller, [*(one.register for one in changed), *gone])
    opened, ended = _difference(controller, changed, there, now, number)
    _reopen(controller, opened)
    ended += [row for register in gone for row in there.get(register, {}).values()]
    _end([row.id for row in ended], now, number)
    for batch in peewee.chunked(opened, 500):
        StoredFinding.insert_many(batch).execute()
    _note(controller, examined, gone, now)
    grounds.note(controller, {one.register: one.ground for one in examined}, gone)
    document = rfc8785.dumps(
        {
            "part": number,
            "controller": controller,
            "recorded_at": now,
            "registers": [[one.register, one.version, one.digest] for one in examined],
            "gone": gone,
            "opened": _hash(_line(row) for row in opened),
            "ended": _hash(f"{id_}\0{now}" for id_ in sorted(row.id for row in ended)),
        }
    )
    Part.insert(id=number, controller=controller, recorded_at=now, document=document).execute()
    journal.append(
        "findings.recorded", f"findings/{controller}", by=by, version=number,
        payload={"registers": len(examined), "opened": len(opened), "ended": len(ended)}, content=document,
    )  # fmt: skip
    return Difference(len(opened), len(ended))


def _difference(
    controller: str,
    changed: Sequence[Examined],
    there: Mapping[str, Mapping[tuple[str, str], StoredFinding]],
    now: str,
    number: int,
) -> tuple[list[dict[str, Any]], list[StoredFinding]]:
    """The rows to write, and those to end."""
    opened: list[dict[str, Any]] = []
    ended: list[StoredFinding] = []
    following = _next(StoredFinding)
    for one in changed:
        before = dict(there[one.register]) if one.register in there else {}
        for told in one.said:
            row = before.pop((told.code, told.key), None)
            if row is not None and bytes(row.document) == told.document:
                continue
            same = row if row is not None and row.kind == told.kind else None
            if row is not None:
                ended.append(row)
            opened.append(
                {
                    "id": following,
                    "finding": same.finding if same else following,
                    "controller": controller,
                    "register": one.register,
                    "code": told.code,
                    "key": told.key,
                    "kind": told.kind,
                    "severity": told.severity,
                    "first_seen": same.first_seen if same else now,
                    "since": now,
                    "until": None,
                    "opened_in": number,
                    "ended_in": HOLDS,
                    "document": told.document,
                }
            )
            following += 1
        ended += before.values()
    return opened, ended


def _reopen(controller: str, opened: Sequence[dict[str, Any]]) -> None:
    """What is back has its number and the time of its first sight again."""
    new: dict[str, list[dict[str, Any]]] = {}
    for one in opened:
        if one["finding"] == one["id"]:
            new.setdefault(one["register"], []).append(one)
    row = StoredFinding
    columns = (row.register, row.code, row.key, row.kind, row.finding, row.first_seen)
    for batch in peewee.chunked(new, 200):
        codes = {one["code"] for register in batch for one in new[register]}
        where = (row.controller == controller) & row.register.in_(list(batch)) & row.code.in_(sorted(codes))
        rows = row.select(*columns).where(where).order_by(row.id).tuples()
        past = {tuple(place): (finding, first) for *place, finding, first in rows}
        for one in (one for register in batch for one in new[register]):
            if back := past.get((one["register"], one["code"], one["key"], one["kind"])):
                one["finding"], one["first_seen"] = back


def _there(controller: str, registers: Iterable[str]) -> dict[str, dict[tuple[str, str], StoredFinding]]:
    """What holds of these registers, by code and key."""
    found: dict[str, dict[tuple[str, str], StoredFinding]] = {}
    row = StoredFinding
    for batch in peewee.chunked(registers, 200):
        where = (row.ended_in == HOLDS) & (row.controller == controller) & row.register.in_(list(batch))
        for one in row.select().where(where):
            found.setdefault(one.register, {})[one.code, one.key] = one
    return found


def held(controller: str, registers: Iterable[str]) -> dict[str, list[Said]]:
    """What is stored and holds of registers of a controller, as it was said."""
    return {
        register: [
            Said(row.code, row.key, row.kind, row.severity, bytes(row.document)) for row in rows.values()
        ]
        for register, rows in _there(controller, registers).items()
    }


def counted(controller: str, registers: Iterable[str]) -> Iterator[tuple[str, str, int]]:
    """How many findings of each kind and severity hold of registers of a controller."""
    row = StoredFinding
    for batch in peewee.chunked(registers, 200):
        where = (row.ended_in == HOLDS) & (row.controller == controller) & row.register.in_(list(batch))
        grouped = row.select(row.kind, row.severity, peewee.fn.COUNT(row.id)).where(where)
        yield from grouped.group_by(row.kind, row.severity).tuples()


def _end(ids: Sequence[int], now: str, number: int) -> None:
    for batch in peewee.chunked(ids, 500):
        StoredFinding.update(until=now, ended_in=number).where(StoredFinding.id.in_(list(batch))).execute()


def _note(controller: str, examined: Sequence[Examined], gone: Iterable[str], now: str) -> None:
    """When each register was checked; what is not in force any more is not checked any more."""
    rows = [
        {
            "controller": controller,
            "register": one.register,
            "checked_at": now,
            "version": one.version,
            "digest": one.digest,
        }
        for one in examined
    ]
    registers = [*(one.register for one in examined), *gone]
    for batch in peewee.chunked(registers, 500):
        mine = (Checked.controller == controller) & Checked.register.in_(list(batch))
        Checked.delete().where(mine).execute()
    for batch in peewee.chunked(rows, 500):
        Checked.insert_many(batch).execute()


def _checked(controller: str, registers: Sequence[str]) -> Iterator[Checked]:
    for batch in peewee.chunked(registers, 500):
        yield from Checked.select().where(
            (Checked.controller == controller) & Checked.register.in_(list(batch))
        )


def _next(model: type[Stored]) -> int:
    """The next number: one writer at a time, and rows are never deleted."""
    number = model.select(peewee.fn.MAX(model.id)).scalar()
    return (number or 0) + 1


# --- what the journal compares its entries with


_LINE = ("id", "finding", "controller", "register", "code", "key", "kind", "severity", "first_seen", "since")


def _line(row: Mapping[str, Any]) -> str:
    """What never changes of a row."""
    digest = hashlib.sha256(bytes(row["document"])).hexdigest()
    return "\0".join([*(str(row[name]) for name in _LINE), digest])


def _hash(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def _every() -> Iterator[tuple[str, int]]:
    rows = Part.select(Part.controller, Part.id).order_by(Part.id).tuples().iterator()
    return ((f"findings/{controller}", number) for controller, number in rows)


@journal.witness("findings", every=_every)
def _stored(object_: str, number: int | None) -> bytes | None:
    part = Part.get_or_none(Part.id == (number or HOLDS))
    if part is None:
        return None
    document = bytes(part.document)
    told = orjson.loads(document)
    row = StoredFinding
    opened = _hash(
        map(_line, row.select().where(row.opened_in == part.id).order_by(row.id).dicts().iterator())
    )
    ended = row.select(row.id, row.until).where(row.ended_in == part.id).order_by(row.id).tuples().iterator()
    if (
        object_ != f"findings/{part.controller}"
        or (told["controller"], told["recorded_at"]) != (part.controller, part.recorded_at)
        or (told["opened"], told["ended"]) != (opened, _hash(f"{id_}\0{until}" for id_, until in ended))
    ):
        return b"rows differ from the document"
    return document
