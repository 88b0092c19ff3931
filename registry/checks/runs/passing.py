"""One pass over registers: each is examined, or found not to need it because nothing that the rules see has changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from registry import clock
from registry.catalogue.model import Written
from registry.catalogue.record import Record
from registry.catalogue.together import Whole
from registry.checks.book import book, examine
from registry.checks.findings import grounds, stored
from registry.checks.findings.grounds import Ground
from registry.checks.findings.stored import Examined, Said
from registry.checks.rule import Case
from registry.connectors.observations import stored as observations
from registry.connectors.observed.observation import Observation
from registry.law import Law, law
from registry.settings import applied


@dataclasses.dataclass(frozen=True, slots=True)
class Unchanged:
    """A register of which nothing has changed since it was checked on the same day."""

    controller: str
    register: str


class Watched(Case):
    """A case that remembers whether anybody looked at the day."""

    def _look(self) -> date:
        self.__dict__["_looked"] = True
        day: date = self.__dict__["_day"]
        return day

    def _set(self, day: date) -> None:
        self.__dict__["_day"] = day

    as_of = property(_look, _set)  # a plain field in the parent

    def looked(self) -> bool:
        """Whether anybody did since this was last asked."""
        return bool(self.__dict__.pop("_looked", False))


@dataclasses.dataclass(frozen=True, slots=True)
class Due:
    """A register that has to be checked: by which rules (None: all), and what else holds of it as it was said."""

    whole: Whole
    seen: tuple[Observation, ...]
    ground: Ground
    codes: frozenset[str] | None = None


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
    return Examined(controller, key, written.version, said_of(case), case=case)


def case_of(
    record: Record, day: date, moment: str, *, known_at: str | None = None, table: Law | None = None
) -> Case:
    """What the rules get to see of a record on a day; the parameters are those of `examined`."""
    controller = record.key.partition("/")[0]
    systems = [f"{controller}/{name}" for name in record.system_keys]
    seen = tuple(observations.latest(systems, as_of=moment, known_at=known_at))
    return Case(record, table or law(), day, seen, zone_of(record), applied().look_days)


def said_of(case: Case) -> tuple[Said, ...]:
    """All that the rules say of a case, as it is stored."""
    return tuple(_saying(case, None))


def _saying(case: Case, codes: Iterable[str] | None) -> Iterator[Said]:
    invented = {one.id for one in case.observations if one.invented}
    for check, outcome in examine(case) if codes is None else examine(case, codes):
        yield stored.said(
            case.record.key,
            check.code,
            outcome,
            outcome.severity or check.rule.severity,
            invented=outcome.observation in invented,
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


def passed(
    pages: Iterable[Sequence[Whole]], moment: str, *, changed_only: bool
) -> Iterator[Examined | Unchanged]:
    """What the rules say of registers, in the order given; with `changed_only` of those only where it may differ.

    A register is left alone when its documents, its controller's and systems', the latest observations, the law and
    the rules are what they were, and the day is too; on another day only the rules are asked that looked at the day.
    """
    for page in pages:
        due = _due(page, moment, changed_only=changed_only)
        partly = [one for one in due if isinstance(one, Due) and one.codes is not None]
        held = _held(partly)
        for one in due:
            yield one if isinstance(one, Unchanged) else _examined(one, held)


def _due(page: Sequence[Whole], moment: str, *, changed_only: bool) -> list[Due | Unchanged]:
    names = [(one.register.controller, one.register.key) for one in page]
    before = grounds.noted(names) if changed_only else {}
    seen = _seen(page, moment)
    due: list[Due | Unchanged] = []
    for name, whole in zip(names, page, strict=True):
        mine = tuple(look for key in sorted(whole.systems) for look in seen.get(f"{name[0]}/{key}", ()))
        zone = zone_named(whole.controller.body.get("time_zone", clock.HELSINKI))
        ground = Ground(grounds.inputs(whole, mine), clock.day_of(moment, zone), frozenset())
        last = before.get(name)
        if last is None or last.inputs != ground.inputs:
            due.append(Due(whole, mine, ground))
        elif last.day == ground.day:
            due.append(Unchanged(*name))
        else:
            due.append(Due(whole, mine, ground, last.dated))
    return due


def _seen(page: Sequence[Whole], moment: str) -> dict[str, list[Observation]]:
    """What the systems of a page had shown by an instant, by controller/key."""
    found: dict[str, list[Observation]] = {}
    systems = [f"{one.register.controller}/{key}" for one in page for key in one.systems]
    for look in observations.latest(systems, as_of=moment):
        found.setdefault(look.system, []).append(look)
    return found


def _held(due: Iterable[Due]) -> dict[tuple[str, str], list[Said]]:
    registers: dict[str, list[str]] = {}
    for one in due:
        registers.setdefault(one.whole.register.controller, []).append(one.whole.register.key)
    return {
        (controller, key): said
        for controller, keys in registers.items()
        for key, said in stored.held(controller, keys).items()
    }


def _examined(due: Due, held: dict[tuple[str, str], list[Said]]) -> Examined:
    written = due.whole.register
    record = due.whole.record()
    case = Watched(record, law(), due.ground.day, due.seen, zone_of(record), applied().look_days)
    again = None if due.codes is None else due.codes & book().keys()
    said: list[Said] = []
    dated: set[str] = set()
    for one in _saying(case, again):
        said.append(one)
        if case.looked():  # by the rule that said it: the next one is asked after this
            dated.add(one.code)
    if again is not None:
        said += (one for one in held.get((written.controller, written.key), ()) if one.code not in again)
    ground = dataclasses.replace(due.ground, dated=frozenset(dated))
    return Examined(written.controller, written.key, written.version, tuple(said), ground, case)
