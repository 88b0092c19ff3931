"""Runs of the checks: over one register, one controller, or all; stored, or for another day and not stored."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
import peewee
import rfc8785

from registry import clock, journal
from registry.catalogue.model import Declaration, Written
from registry.catalogue.read import record_at, records
from registry.catalogue.record import Record
from registry.checks import stored
from registry.checks.book import examine
from registry.checks.rule import KINDS, SEVERITIES, Case
from registry.checks.stored import Checked, Difference, Examined, Said
from registry.connectors import observations
from registry.db import Instant, Stored, Text, writes
from registry.errors import Gone
from registry.law import Law, law

#: So many registers are written in one transaction: others wait for it.
PART = 100


class Run(Stored):
    """One run that was stored; `document` as it is served. `controller` is empty where it was over several."""

    id: Any = peewee.BigIntegerField(primary_key=True)
    controller = Text()
    actor = Text()
    finished_at = Instant()
    document = peewee.BlobField()

    class Meta:
        table_name = "checks_run"
        indexes = ((("controller", "id"), False), (("actor", "id"), False))


@dataclasses.dataclass(frozen=True, slots=True)
class Scope:
    """What a run is over: one register, or the registers of some controllers (None: of all)."""

    controllers: frozenset[str] | None = None
    register: tuple[str, str] | None = None

    def written(self, moment: str, known_at: str | None = None) -> Iterator[tuple[Record, Written]]:
        """Its records in force at an instant, by controller and key; as many as fit are in memory at a time.

        `known_at` leaves out what was written later. Raises NotFound for a register that is not there, or was not yet.
        """
        if self.register is None:
            yield from records(self.controllers, as_of=moment, known_at=known_at)
        else:
            yield record_at(*self.register, as_of=moment, known_at=known_at)

    @property
    def controller(self) -> str | None:
        """The one controller that it is over, if it is one."""
        if self.register is not None:
            return self.register[0]
        return min(self.controllers) if self.controllers is not None and len(self.controllers) == 1 else None


@dataclasses.dataclass
class Tally:
    """What a run came to."""

    registers: int = 0
    difference: Difference = dataclasses.field(default_factory=Difference)
    kinds: Counter[str] = dataclasses.field(default_factory=Counter)
    severities: Counter[str] = dataclasses.field(default_factory=Counter)

    def add(self, one: Examined) -> None:
        """Count what was said of one register."""
        self.registers += 1
        self.kinds.update(said.kind for said in one.said)
        self.severities.update(said.severity for said in one.said if said.kind == "fail")

    def told(self) -> dict[str, Any]:
        """The counts, each kind and severity named."""
        return {
            "registers": self.registers,
            "kinds": {kind: self.kinds[kind] for kind in KINDS},
            "severities": {severity: self.severities[severity] for severity in SEVERITIES},
        }


def run(scope: Scope, *, by: str, heard: Callable[[Examined], None] | None = None) -> dict[str, Any]:
    """Check the registers of a scope as they are now and store what is new; gives the run as served.

    Each register is examined outside any transaction, and written together with up to PART others of its controller: a
    run that is killed has stored what it came to, and the next one goes on from there. `heard` is given each register
    once it is stored. Raises NotFound for a register that is not there, Gone for one that has ended (whose findings
    are ended too).
    """
    began, tally = clock.now(), Tally()
    seen: set[tuple[str, str]] = set()
    ended: Gone | None = None
    try:
        for controller, some in _parts(scope, began):
            tally.difference += stored.record_part(controller, some, by=by)
            for one in some:
                tally.add(one)
                seen.add((one.controller, one.register))
                if heard is not None:
                    heard(one)
    except Gone as gone:
        ended = gone
    for controller, registers in _over(scope, seen):
        tally.difference += stored.record_part(controller, (), registers, by=by)
    if ended is not None:
        raise ended
    return finish(scope, tally, began, by=by)


def examined(
    record: Record,
    written: Written,
    day: date,
    moment: str,
    *,
    known_at: str | None = None,
    table: Law | None = None,
) -> Examined:
    """All that is said of one record on a day, with what its systems had shown by an instant.

    `known_at` leaves out what was written later; `table` stands in for the law as printed.
    """
    controller, _, key = record.key.partition("/")
    case = case_of(record, day, moment, known_at=known_at, table=table)
    return Examined(controller, key, written.version, said_of(case))


def case_of(
    record: Record, day: date, moment: str, *, known_at: str | None = None, table: Law | None = None
) -> Case:
    """What the rules get to see of a record on a day; the parameters are those of `examined`."""
    controller = record.key.partition("/")[0]
    systems = [f"{controller}/{name}" for name in record.system_keys]
    seen = tuple(observations.latest(systems, as_of=moment, known_at=known_at))
    return Case(record, table or law(), day, seen, zone_of(record))


def said_of(case: Case) -> tuple[Said, ...]:
    """All that the rules say of a case, as it is stored."""
    invented = {one.id for one in case.observations if one.invented}
    return tuple(
        stored.said(
            case.record.key,
            check.code,
            outcome,
            outcome.severity or check.rule.severity,
            invented=outcome.observation in invented,
        )
        for check, outcome in examine(case)
    )


def zone_of(record: Record) -> str:
    """The controller's time zone, Helsinki where it names none that there is."""
    return zone_named(record.controller.time_zone)


def zone_named(name: str) -> str:
    """The time zone of that name, Helsinki where there is none."""
    try:
        return str(ZoneInfo(name).key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return clock.HELSINKI


def count(scope: Scope) -> int:
    """How many registers a run over the scope will look at, about: ended ones are counted too."""
    if scope.register is not None:
        return 1
    registers = Declaration.select().where(Declaration.kind == "register")
    if scope.controllers is not None:
        registers = registers.where(Declaration.controller.in_(sorted(scope.controllers)))
    return int(registers.count())


@writes
def finish(scope: Scope, tally: Tally, began: str, *, by: str) -> dict[str, Any]:
    """Store that a run took place and what it came to."""
    number = (Run.select(peewee.fn.MAX(Run.id)).scalar() or 0) + 1
    this: dict[str, Any] = {
        "id": number,
        **told(scope, tally, clock.day_of(began)),
        "opened": tally.difference.opened,
        "ended": tally.difference.ended,
        "began_at": began,
        "finished_at": journal.stamp(),
        "by": by,
    }
    document = rfc8785.dumps(this)
    controller = scope.controller or ""
    Run.insert(
        id=number, controller=controller, actor=by, finished_at=this["finished_at"], document=document
    ).execute()
    journal.append(
        "check-run.finished",
        _object(controller, number),
        by=by,
        version=1,
        payload=tally.told(),
        content=document,
    )
    return this


def told(scope: Scope, tally: Tally, as_of: date) -> dict[str, Any]:
    """What a run was over and what it came to, as served."""
    return {
        "register": "/".join(scope.register) if scope.register else None,
        "controllers": None if scope.controllers is None else sorted(scope.controllers),
        "as_of": as_of.isoformat(),
        "law": {"as_printed_on": law().as_printed_on.isoformat(), "digest": law().digest},
        **tally.told(),
    }


def _parts(scope: Scope, moment: str) -> Iterator[tuple[str, list[Examined]]]:
    """What was said, some registers of one controller at a time."""
    each = (
        examined(record, written, clock.day_of(moment, zone_of(record)), moment)
        for record, written in scope.written(moment)
    )
    for controller, of_it in itertools.groupby(each, key=lambda one: one.controller):
        while some := list(itertools.islice(of_it, PART)):
            yield controller, some


def _over(scope: Scope, seen: set[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """Registers of the scope that were checked before and are not in force any more, by controller."""
    rows = Checked.select(Checked.controller, Checked.register).order_by(Checked.controller, Checked.register)
    if scope.register is not None:
        rows = rows.where((Checked.controller == scope.register[0]) & (Checked.register == scope.register[1]))
    elif scope.controllers is not None:
        rows = rows.where(Checked.controller.in_(sorted(scope.controllers)))
    gone = [row for row in rows.tuples() if row not in seen]
    for controller, of_it in itertools.groupby(gone, key=lambda row: row[0]):
        yield controller, [register for _, register in of_it]


# --- what the journal compares its entries with


def _every() -> Iterator[tuple[str, int]]:
    rows = Run.select(Run.controller, Run.id).order_by(Run.id).tuples().iterator()
    return ((_object(controller, number), 1) for controller, number in rows)


@journal.witness("check-run", every=_every)
def _stored(object_: str, _: int | None) -> bytes | None:
    number = object_.rpartition("/")[2]
    found = Run.get_or_none(Run.id == int(number)) if number.isdecimal() else None
    if found is None:
        return None
    document = bytes(found.document)
    told = orjson.loads(document)
    copied = (_object(found.controller, found.id), found.actor, found.finished_at)
    return (
        document
        if copied == (object_, told["by"], told["finished_at"])
        else b"columns differ from the document"
    )


def _object(controller: str, number: int) -> str:
    return f"check-run/{controller}/{number}" if controller else f"check-run/{number}"
