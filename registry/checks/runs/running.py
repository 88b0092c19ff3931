"""Runs of the checks: over one register, one controller, or all; stored, or for another day and not stored."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import orjson
import peewee
import rfc8785

from registry import clock, journal
from registry.catalogue.model import Declaration
from registry.catalogue.read import pages, whole_at
from registry.catalogue.together import Whole
from registry.checks.findings import stored, waiving
from registry.checks.findings.stored import Checked, Difference, Examined, Said
from registry.checks.findings.waiving import Waived
from registry.checks.rule import KINDS, SEVERITIES
from registry.checks.runs.passing import Unchanged, case_of, examined, passed, said_of, zone_named, zone_of
from registry.db import Instant, Stored, Text, writes
from registry.errors import Gone
from registry.law import law

__all__ = [
    "Run", "Scope", "Tally", "case_of", "count", "examined", "finish", "run", "said_of", "told", "zone_named",
    "zone_of",
]  # fmt: skip

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

    def pages(self, moment: str) -> Iterator[list[Whole]]:
        """Its registers in force at an instant, by controller and key, as many at a time as fit in memory.

        Raises NotFound for a register that is not there, or was not yet.
        """
        if self.register is None:
            yield from pages(self.controllers, as_of=moment)
        else:
            yield [whole_at(*self.register, as_of=moment)]

    @property
    def controller(self) -> str | None:
        """The one controller that it is over, if it is one."""
        if self.register is not None:
            return self.register[0]
        return min(self.controllers) if self.controllers is not None and len(self.controllers) == 1 else None


@dataclasses.dataclass
class Tally:
    """What a run came to; `waived` findings are no longer among the severities.

    `standing` is what is waived, by controller, register, code and key.
    """

    standing: Mapping[tuple[str, str, str, str], Waived] = dataclasses.field(default_factory=dict)
    registers: int = 0
    unchanged: int = 0
    difference: Difference = dataclasses.field(default_factory=Difference)
    kinds: Counter[str] = dataclasses.field(default_factory=Counter)
    severities: Counter[str] = dataclasses.field(default_factory=Counter)
    waived: Counter[str] = dataclasses.field(default_factory=Counter)

    def add(self, one: Examined) -> None:
        """Count what was said of one register."""
        self.registers += 1
        for said in one.said:
            self._count(one.controller, one.register, said)

    def leave(self, controller: str, registers: Sequence[str]) -> None:
        """Count what holds of registers that were not checked, because nothing had changed."""
        self.registers += len(registers)
        self.unchanged += len(registers)
        waived = sorted({place[1] for place in self.standing if place[0] == controller} & set(registers))
        for register, of_it in stored.held(controller, waived).items():
            for said in of_it:
                self._count(controller, register, said)
        rest = sorted(set(registers) - set(waived))
        for kind, severity, number in stored.counted(controller, rest):
            self.kinds[kind] += number
            if kind == "fail":
                self.severities[severity] += number

    def absorb(self, other: Tally) -> None:
        """Add what another came to."""
        self.registers += other.registers
        self.unchanged += other.unchanged
        self.difference += other.difference
        for mine, theirs in (
            (self.kinds, other.kinds),
            (self.severities, other.severities),
            (self.waived, other.waived),
        ):
            mine.update(theirs)

    def waiver(self, controller: str, register: str, said: Said) -> Waived | None:
        """The waiver that answers for something said, if there is one."""
        held = self.standing.get((controller, register, said.code, said.key))
        return held if held is not None and held.covers(said.kind, said.severity) else None

    def _count(self, controller: str, register: str, said: Said) -> None:
        self.kinds[said.kind] += 1
        if said.kind == "fail":
            waived = self.waiver(controller, register, said) is not None
            (self.waived if waived else self.severities)[said.severity] += 1

    def told(self) -> dict[str, Any]:
        """The counts, each kind and severity named."""
        return {
            "registers": self.registers,
            "kinds": {kind: self.kinds[kind] for kind in KINDS},
            "severities": {severity: self.severities[severity] for severity in SEVERITIES},
            "waived": {severity: self.waived[severity] for severity in SEVERITIES},
        }


def run(
    scope: Scope,
    *,
    by: str,
    changed_only: bool = False,
    into: Tally | None = None,
    heard: Callable[[Examined], None] | None = None,
    gone_by: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Check the registers of a scope as they are now and store what is new; gives the run as served.

    With `changed_only` a register is left alone of which nothing has changed that the rules see (`passing`). Each is
    examined outside any transaction, and written together with up to PART others of its controller: a run that is
    killed has stored what it came to, and one over what has changed goes on from there. `heard` is given each register
    that was checked once it is stored, `gone_by` how many were dealt with; what all comes to is added to `into`.
    Raises NotFound for a register that is not there, Gone for one that has ended (whose findings are ended too).
    """
    began = clock.now()
    own = Tally(waiving.standing(began, controllers=scope.controllers, register=scope.register))
    if into is not None:
        into.standing = own.standing
    seen: set[tuple[str, str]] = set()
    ended: Gone | None = None
    try:
        for controller, some, left in _parts(scope, began, changed_only):
            if some:
                own.difference += stored.record_part(controller, some, by=by)
            own.leave(controller, left)
            for one in some:
                own.add(one)
                if heard is not None:
                    heard(one)
            seen.update((controller, register) for register in (*left, *(one.register for one in some)))
            if gone_by is not None:
                gone_by(len(some) + len(left))
    except Gone as gone:
        ended = gone
    for controller, registers in _over(scope, seen):
        own.difference += stored.record_part(controller, (), registers, by=by)
    if ended is not None:
        raise ended
    if into is not None:
        into.absorb(own)
    return finish(scope, own, began, by=by, changed_only=changed_only)


def count(scope: Scope) -> int:
    """How many registers a run over the scope will look at, about: ended ones are counted too."""
    if scope.register is not None:
        return 1
    registers = Declaration.select().where(Declaration.kind == "register")
    if scope.controllers is not None:
        registers = registers.where(Declaration.controller.in_(sorted(scope.controllers)))
    return int(registers.count())


@writes
def finish(scope: Scope, tally: Tally, began: str, *, by: str, changed_only: bool = False) -> dict[str, Any]:
    """Store that a run took place and what it came to."""
    number = (Run.select(peewee.fn.MAX(Run.id)).scalar() or 0) + 1
    this: dict[str, Any] = {
        "id": number,
        **told(scope, tally, clock.day_of(began)),
        "changed_only": changed_only,
        "unchanged": tally.unchanged,
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


def _parts(scope: Scope, moment: str, changed_only: bool) -> Iterator[tuple[str, list[Examined], list[str]]]:
    """What was said, some registers of one controller at a time, and the keys of those that were left alone."""
    each = passed(scope.pages(moment), moment, changed_only=changed_only)
    for controller, of_it in itertools.groupby(each, key=lambda one: one.controller):
        while some := list(itertools.islice(of_it, PART)):
            left = [one.register for one in some if isinstance(one, Unchanged)]
            yield controller, [one for one in some if isinstance(one, Examined)], left


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
