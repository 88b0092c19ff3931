"""What will start and stop to fail, and on which day: the rules are asked on the days around each date that matters.

Between two dates nothing is taken on trust: where the rules say something else at the end of such a stretch than at its
beginning (a period of a rule's own ran out), the day is found by halving.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from registry import clock, errors
from registry.catalogue import store
from registry.catalogue.model import Declaration
from registry.catalogue.read import record_at, zone_at
from registry.catalogue.record import Record
from registry.catalogue.record.value import Frozen
from registry.checks.days.then import end_of, look, standing
from registry.checks.days.turns import Turn, turns
from registry.checks.days.turns import standing as standing_of
from registry.checks.findings import waiving
from registry.checks.findings.stored import Said
from registry.checks.runs.running import Scope, examined, zone_named
from registry.connectors.observations import stored as observations
from registry.law import Law, law, periods

DAY = timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Reason:
    """A date that matters: `of` the law, a version, the record, an observation or a waiver; `what` says which."""

    of: str
    what: str


@dataclasses.dataclass(frozen=True, slots=True)
class Foreseen:
    """What happens on a day: a turn of a finding, a review that comes `due`, or a waiver that ends while its finding
    stands (`speaks`). `because`: dates that matter and fall on that day, or else on the day before.
    """

    day: date
    register: str
    change: str
    because: tuple[Reason, ...]
    turn: Turn | None = None

    @property
    def place(self) -> tuple[Any, ...]:
        """Its place in the order: by day, register, check and key."""
        code, key = (self.turn.code, self.turn.key) if self.turn else ("", "")
        return self.day, self.register, code, key, self.change


def registers(controller: str) -> Iterator[tuple[str, str]]:
    """Every register of a controller that is in force or will be, by key."""
    rows = Declaration.select(Declaration.key).where(
        (Declaration.kind == "register") & (Declaration.controller == controller)
    )
    for (key,) in rows.order_by(Declaration.key).tuples():
        if not _over(controller, key):
            yield controller, key


def foreseen(
    controller: str, key: str, first: date, last: date, *, table: Law | None = None
) -> list[Foreseen]:
    """What changes for one register after the day `first` up to the day `last`, as far as is known now, by day.

    `table` stands in for the law as printed. Raises NotFound for a register that is not there, Gone for one that has
    ended for good.
    """
    if _over(controller, key):
        store.at("register", controller, key)  # says since when
    asked: dict[date, tuple[Said, ...]] = {}

    def said(day: date) -> tuple[Said, ...]:
        if day not in asked:
            asked[day] = _said(controller, key, day, table)
        return asked[day]

    matters = {
        day: why for day, why in _matters(controller, key, first, last, table or law()).items() if day <= last
    }
    around = {near for day in matters for near in (day - DAY, day, day + DAY)}
    days = sorted({first, last} | {day for day in around if first < day < last})
    found = [
        Foreseen(day, f"{controller}/{key}", turn.change, _because(matters, day), turn)
        for day in _turning(days, said)
        for turn in turns(said(day - DAY), said(day))
    ]
    found += _due(f"{controller}/{key}", matters, first)
    found += _speaking(controller, key, matters, first, said)
    return sorted(found, key=lambda one: one.place)


def _turning(days: list[date], said: Callable[[date], tuple[Said, ...]]) -> Iterator[date]:
    """The first days of what is new, in order."""
    for before, after in itertools.pairwise(days):
        yield from _between(before, after, said)


def _between(before: date, after: date, said: Callable[[date], tuple[Said, ...]]) -> Iterator[date]:
    if standing_of(said(before)) == standing_of(said(after)):
        return
    if after - before == DAY:
        yield after
        return
    middle = before + (after - before) // 2
    yield from _between(before, middle, said)
    yield from _between(middle, after, said)


def _said(controller: str, key: str, day: date, table: Law | None) -> tuple[Said, ...]:
    """What is said of the register on a day; nothing where it is not in force."""
    scope = Scope(register=(controller, key))
    try:
        if table is None:
            return next(look(scope, day)).said
        one = next(standing(scope, day))
    except (errors.NotFound, errors.Gone):
        return ()
    return examined(one.record, one.written, day, one.end, table=table).said


def _over(controller: str, key: str) -> bool:
    """Whether it has ended, and nothing is planned that would open it again."""
    now = clock.now()
    versions = store.history("register", controller, key)  # NotFound where there is none at all
    for moment in (now, *(one.effective_from for one in versions if one.effective_from > now)):
        try:
            store.at("register", controller, key, as_of=moment)
        except (errors.Gone, errors.NotFound):
            continue
        return False
    return True


# --- the dates that matter


def _matters(controller: str, key: str, first: date, last: date, table: Law) -> dict[date, list[Reason]]:
    """The days after `first` and up to one after `last` on which something that rules look at begins or ends."""
    found: dict[date, list[Reason]] = {}

    def note(day: date | None, of: str, what: str) -> None:
        reason = Reason(of, what)
        if day is not None and first < day <= last and reason not in found.setdefault(day, []):
            found[day].append(reason)

    for day, what in law_dates(table):
        note(day, "law", what)
    zone = zone_named(zone_at(controller))
    for record, moment in _records(controller, key, last, zone):
        if moment is not None:
            note(clock.day_of(moment[1], zone), "version", moment[0])
        for day, pointer in _record_dates(record):
            note(day, "record", pointer)
        systems = [f"{controller}/{name}" for name in record.system_keys]
        for seen in observations.latest(systems, as_of=clock.ENDLESS):
            for day, where in _written_dates({"expires_on": seen.expires_on, "payload": seen.payload}, ""):
                note(day, "observation", f"{seen.id}{where}")
    for ended, at in _ends(controller, key):
        note(clock.day_of(at, zone), "version", ended)
    for (_, _, code, finding), held in waiving.standing(clock.now(), register=(controller, key)).items():
        note(date.fromisoformat(held.until) + DAY, "waiver", f"{held.waiver} {code} {finding}".strip())
    return found


def _records(
    controller: str, key: str, last: date, zone: str
) -> Iterator[tuple[Record, tuple[str, str] | None]]:
    """The record as it is, and as it becomes with each planned version of it, its controller and its systems."""
    now, until = clock.now(), end_of(last, zone)
    moments: dict[str, str] = {now: ""}
    seen: set[str] = set()
    waiting = [("register", key), ("controller", controller)]
    while waiting:
        kind, name = waiting.pop()
        if (title := store.object_name(kind, controller, name)) in seen:
            continue
        seen.add(title)
        for one in store.history(kind, controller, name):
            if kind == "register":
                waiting += [("system", system) for system in one.body.get("systems", ())]
            if now < one.effective_from <= until:
                moments.setdefault(one.effective_from, f"{title} v{one.version}")
    for moment, title in sorted(moments.items()):
        try:
            record, _ = record_at(controller, key, as_of=moment)
        except (errors.NotFound, errors.Gone):
            continue
        yield record, (title, moment) if title else None


def _ends(controller: str, key: str) -> Iterator[tuple[str, str]]:
    for one in store.history("register", controller, key):
        if one.ended:
            yield f"{store.object_name('register', controller, key)} v{one.version}", one.effective_from


def _record_dates(record: Record) -> Iterator[tuple[date, str]]:
    for part, at in ((record.statements, ""), (record.controller, "/controller")):
        yield from _dates(part, at)
    document = record.document
    if (every := record.controller.review_interval) and (since := document.updated_on or document.created_on):
        try:
            yield periods.add(since, every), "/controller/review_interval"
        except errors.Invalid:
            return


def _dates(value: Any, at: str) -> Iterator[tuple[date, str]]:
    """Every day in a frozen value, with where it stands."""
    if isinstance(value, date):
        yield value, at
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _dates(item, f"{at}/{index}")
    elif isinstance(value, Frozen):
        for name, item in value.items():
            if name != "provenance":
                yield from _dates(item, f"{at}/{name.removesuffix('_')}")


def _written_dates(value: Any, at: str) -> Iterator[tuple[date, str]]:
    """Every day written in plain data, with where it stands."""
    if isinstance(value, str) and len(value) == len("2026-01-31"):
        with contextlib.suppress(errors.Invalid):
            yield clock.day(value), at
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _written_dates(item, f"{at}/{name}")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _written_dates(item, f"{at}/{index}")


@functools.lru_cache(maxsize=8)
def law_dates(table: Law) -> tuple[tuple[date, str], ...]:
    """Every day on which something begins or ends in the law table, with what it is."""
    found: list[tuple[date, str]] = []
    for part in ("instruments", "acts", "retention_rules", "areas"):
        for entry in getattr(table, part).values():
            found += [(day, f"{part}/{entry.key}{where}") for day, where in _law_dates(entry, "")]
    return tuple(sorted(found))


def _law_dates(value: Any, at: str) -> Iterator[tuple[date, str]]:
    if isinstance(value, date):
        yield value, at
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _law_dates(item, f"{at}/{index}")
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _law_dates(getattr(value, field.name), f"{at}/{field.name}")


# --- what happens on them


def _because(matters: dict[date, list[Reason]], day: date) -> tuple[Reason, ...]:
    return tuple(matters.get(day) or matters.get(day - DAY) or ())


def _due(register: str, matters: dict[date, list[Reason]], first: date) -> Iterator[Foreseen]:
    """Reviews that come due: on the day that the record gives, or by the controller's interval."""
    for day, reasons in matters.items():
        due = tuple(
            one for one in reasons if one.what in ("/document/next_review_on", "/controller/review_interval")
        )
        if due and day > first:
            yield Foreseen(day, register, "due", due)


def _speaking(
    controller: str,
    key: str,
    matters: dict[date, list[Reason]],
    first: date,
    said: Callable[[date], tuple[Said, ...]],
) -> Iterator[Foreseen]:
    """Findings that stand on the day after the last one of their waiver."""
    held = waiving.standing(clock.now(), register=(controller, key))
    for (_, _, code, finding), waiver in held.items():
        day = date.fromisoformat(waiver.until) + DAY
        reasons = tuple(one for one in matters.get(day, ()) if one.of == "waiver")
        if day <= first or not reasons:
            continue
        for one in said(day):
            if (one.code, one.key) == (code, finding) and one.kind in ("fail", "open"):
                turn = Turn("changes", code, finding, one, one)
                mine = tuple(reason for reason in reasons if reason.what.startswith(f"{waiver.waiver} "))
                yield Foreseen(day, f"{controller}/{key}", "speaks", mine, turn)
