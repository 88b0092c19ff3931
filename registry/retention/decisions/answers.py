"""Decisions for many items, all from one moment of the database: what is in force and what is held then."""

from __future__ import annotations

import dataclasses
import functools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from registry import clock, db, journal
from registry.db import database
from registry.errors import Invalid
from registry.retention.decisions.decision import Item, Row, Ruling, Unknown, concerns, decide, read, ruling
from registry.retention.holds import hold, holding
from registry.retention.holds.hold import Asked, Hold
from registry.retention.holds.keyed import Key
from registry.retention.publications import wanting
from registry.retention.publications.served import HOLDS, IN_FORCE

#: So many different systems are asked about in a call, and so many rules looked at for them.
SYSTEMS = 500
RULES = 20_000

System = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Moment:
    """What the database says at one moment of some systems; `bound`: when it will next say something else by itself."""

    now: str
    position: int
    bound: str
    rows: Mapping[System, Sequence[Row]]
    once: Mapping[System, Sequence[Row]]
    holds: Mapping[str, Sequence[Hold]]
    reach: Mapping[str, frozenset[tuple[str, str]]]
    subjects: Mapping[tuple[str, str], Sequence[int]]
    unreadable: Collection[str]


class Lying:
    """What is said of a system's data, to be found by category and by kind without going through all of it.

    A call may ask about ten thousand categories, and a system may have thousands of rules.
    """

    def __init__(self, rows: Sequence[Row], once: Sequence[Row] = ()) -> None:
        self.rows = rows
        self._once: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in once:
            if row.data_category is not None:
                self._once[row.register, row.category].add(row.data_category)
        self.known: dict[str, set[str]] = defaultdict(set)
        self._named: dict[tuple[str, str | None], list[Row]] = defaultdict(list)
        #: What a register said once of a category and says nothing of any more, by category.
        self._gone: dict[str, list[Row]] = defaultdict(list)
        said = {(row.register, row.category) for row in rows}
        for row in once:
            if (row.register, row.category) not in said:
                self._gone[row.category].append(row)
        for row in rows:
            self.known[row.register].add(row.category)
            self._named["category", row.category].append(row)
            self._named["kind", row.data_category].append(row)

    def about(self, item: Item) -> list[Row]:
        """The rows of the item's category or kind, and of its register where it names one."""
        if item.category is not None:
            named = self._named.get(("category", item.category), [])
        else:
            named = [*self._named.get(("kind", item.data_category), ()), *self._named.get(("kind", None), ())]
        return [row for row in named if concerns(item, row)]

    def near(self, item: Item) -> Iterator[tuple[str, str, str | None]]:
        """(register, category, kind) of the item's register, of its category where it names one; also by what kind a
        category once went, and which are gone: a hold on that kind has not let go of their data."""
        named = self.rows if item.category is None else self._named.get(("category", item.category), ())
        gone = chain(*self._gone.values()) if item.category is None else self._gone.get(item.category, ())
        for row in named:
            if item.register in (None, row.register):
                yield row.register, row.category, row.data_category
                for kind in self._once.get((row.register, row.category), ()):
                    yield row.register, row.category, kind
        # Of what nobody says anything now nothing is known: what was said once makes it no clearer.
        for row in gone if named else ():
            if item.register in (None, row.register):
                yield row.register, row.category, row.data_category


def answers(
    items: Iterable[Any], *, sees: Callable[[str, str], bool], seconds: int, keys: Sequence[Key] = ()
) -> tuple[str, int, list[dict[str, Any]]]:
    """The answers to items as they came, one for each in their order; with the instant, and the journal's size then.

    `sees` tells whether the caller may ask about a controller's system (two keys), `seconds` how long an answer may be
    acted upon, `keys` what references to people are hashed with. Each item is judged by itself: one that makes no sense
    is `unknown`. Raises Invalid (`too_many`) for more systems or rules than can be looked at.
    """
    asked = [_read(raw, sees) for raw in items]
    good = [one for one in asked if isinstance(one, Item)]
    systems = sorted({one.system for one in good})
    if len(systems) > SYSTEMS:
        raise Invalid(f"More than {SYSTEMS} systems; ask in several calls.", code="too_many", field="/items")
    people = {one.subject for one in good if one.subject is not None}
    digests = {person: [digest for key in keys for digest in key.sought(person)] for person in people}
    with db.snapshot():
        moment = _moment(systems, [digest for some in digests.values() for digest in some], keys)
    until = min(clock.written(datetime.fromisoformat(moment.now) + timedelta(seconds=seconds)), moment.bound)
    call = Call(moment, digests, until)
    told = [_answer(one, call) for one in asked]
    return moment.now, moment.position, told


def _read(raw: Any, sees: Callable[[str, str], bool]) -> Item | Unknown:
    try:
        item = read(raw)
    except Unknown as unknown:
        return unknown
    return item if sees(*item.system) else Unknown("no_rule")


class Call:
    """What is worked out once for all items of a call that ask about the same."""

    def __init__(self, moment: Moment, digests: Mapping[str, Sequence[str]], until: str) -> None:
        self.moment, self.digests, self.until = moment, digests, until
        self.rulings: dict[Any, Ruling | Unknown] = {}
        self.touching: dict[Any, Sequence[int]] = {}
        self.lying = {
            system: Lying(rows, moment.once.get(system, ())) for system, rows in moment.rows.items()
        }
        self.why = Why(self.lying, moment.now)

    def of(self, item: Item) -> Lying:
        """What lies in the item's system."""
        return self.lying.get(item.system, _NOTHING)


_NOTHING = Lying(())


def _answer(item: Item | Unknown, call: Call) -> dict[str, Any]:
    moment = call.moment
    stamped = {"valid_until": call.until, "position": moment.position}
    try:
        if isinstance(item, Unknown):
            raise item
        if held := _held(item, call):
            return {"decision": "held", "holds": held, **stamped, "valid_until": moment.now}
        _clear(item, moment)
        return {**decide(item, _ruling(item, call), moment.now), **stamped}
    except Unknown as unknown:
        because = call.why.of(item) if unknown.code in ("no_rule", "kept_elsewhere") else {}
        return {"decision": "unknown", "code": unknown.code, **because, **stamped}


class Why:
    """What the checks say of the published registers that are silent of some data; looked up once for each."""

    def __init__(self, lying: Mapping[System, Lying], now: str) -> None:
        self._lying, self._now = lying, now
        self._found: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def of(self, item: Item | Unknown) -> dict[str, Any]:
        """{"findings": …} for an item that no rule was found for; {} where there are none."""
        if isinstance(item, Unknown):
            return {}
        rows = self._lying.get(item.system, _NOTHING).about(item)
        silent = (row for row in rows if row.document and row.silent)
        found = [one for row in silent for one in self._looked_up(item.system[0], row)]
        return {"findings": found} if found else {}

    def _looked_up(self, controller: str, row: Row) -> list[dict[str, Any]]:
        at = (controller, row.register)
        if at not in self._found and len(self._found) < wanting.MOST:
            self._found[at] = wanting.findings(*at, int(row.rule["revision"]), self._now)
        return self._found.get(at, [])


def _ruling(item: Item, call: Call) -> Ruling:
    found = call.rulings.get(item.about)
    if found is None:
        try:
            found = ruling(item, call.of(item).about(item))
        except Unknown as unknown:
            found = unknown
        call.rulings[item.about] = found
    if isinstance(found, Unknown):
        raise Unknown(found.code)
    return found


def _held(item: Item, call: Call) -> list[int]:
    moment, controller = call.moment, item.system[0]
    holds = moment.holds.get(controller, ())
    if not holds:
        return []
    found = call.touching.get(item.about)
    if found is None:
        found = call.touching[item.about] = hold.touching(holds, _about(item, call))
    of_person = {
        number
        for digest in call.digests.get(item.subject or "", ())
        for number in moment.subjects.get((controller, digest), ())
    }
    return sorted({*found, *of_person})


def _about(item: Item, call: Call) -> Asked:
    lying = call.of(item)
    return Asked(
        system=item.system[1],
        register=item.register,
        category=item.category,
        data_category=item.data_category,
        rows=frozenset(lying.near(item)),
        reach=call.moment.reach.get(item.system[0], frozenset()),
        known=lying.known,
    )


def _clear(item: Item, moment: Moment) -> None:
    """Raises Unknown where nobody can tell whether the item's person is one whose data is held."""
    controller = item.system[0]
    if any(one.by_reference for one in moment.holds.get(controller, ())):
        if controller in moment.unreadable:
            raise Unknown("hold_unreadable")
        if item.subject is None:
            raise Unknown("subject_needed")


# --- reading


def _moment(systems: Sequence[System], digests: Sequence[str], keys: Sequence[Key]) -> Moment:
    now = clock.now()
    position, last = journal.ended()
    rows, once = _lying(systems, now, last)
    besides = _execute(_BESIDES, systems, *[now] * 4)
    bound = min((begins for _, _, begins in besides if begins), default=clock.ENDLESS)
    holds = {controller: hold.read(targets) for controller, targets, _ in besides if targets}
    named = {controller: {name for one in some for name in one.named} for controller, some in holds.items()}
    people = [controller for controller, some in holds.items() if any(one.by_reference for one in some)]
    here = {key.id for key in keys}
    return Moment(
        now=now,
        position=position,
        bound=bound,
        rows=rows,
        once=once,
        holds=holds,
        reach={controller: holding.reach(controller, names) for controller, names in named.items()},
        subjects=holding.held_subjects(people, digests) if people and digests else {},
        unreadable={controller for controller, ids in holding.key_ids(people).items() if ids - here}
        if people
        else (),
    )


def _lying(
    systems: Sequence[System], now: str, last: str
) -> tuple[dict[System, list[Row]], dict[System, list[Row]]]:
    """What is said of the data in each system, and what once was; `last`: when the journal was last written to."""
    found = _execute(_RULES, systems, *[now] * 4, RULES + 1)
    if last > now:
        # The clock was put back, or was ahead: what was in force by it then has to be over as well.
        then = _execute(_RULES, systems, *[last] * 4, RULES + 1)
        found = list(dict.fromkeys(map(tuple, [*found, *then])))
    if len(found) > RULES:
        raise Invalid(
            "More rules than can be looked at; ask in several calls.", code="too_many", field="/items"
        )
    rows: dict[System, list[Row]] = defaultdict(list)
    once: dict[System, list[Row]] = defaultdict(list)
    for controller, system, register, category, kind, silent, conflict, period, ends, document in found:
        of = once if document is None else rows
        row = Row(
            register, category, kind, bool(silent), bool(conflict), period, ends, bytes(document or b"")
        )
        of[controller, system].append(row)
    for at, some in once.items():
        # A register that says nothing of the system any more may have left its data there.
        spoken = {row.register for row in rows[at]}
        rows[at] += [row for row in some if row.register not in spoken]
    return rows, once


def _execute(sql: str, systems: Sequence[System], *more: Any) -> list[Any]:
    """What a statement says of systems; nothing of none."""
    if not systems:
        return []
    base = database.obj
    names = [name for system in systems for name in system]
    statement = _written(sql, len(systems), base.param)
    return list(base.execute_sql(statement, (*names, *more)).fetchall())


@functools.lru_cache(maxsize=64)
def _written(sql: str, systems: int, param: str) -> str:
    values = ", ".join(["(?, ?)"] * systems)
    return sql.replace("{systems}", f"asked (controller, system) AS (VALUES {values})").replace("?", param)


# CROSS JOIN has SQLite go from one table to the next as written; it would begin with all changes, of whatever system.
_OF = """FROM asked a CROSS JOIN retention_system s JOIN retention_publication p ON p.id = s.publication_id"""
_MINE = "s.controller = a.controller AND s.system = a.system"
_RULES = f"""WITH {{systems}} SELECT a.controller, a.system, p.key, r.category, r.data_category, r.silent, r.conflict,
r.period, r.ends, r.document {_OF} JOIN retention_rule r ON r.publication_id = p.id WHERE {_MINE} AND {IN_FORCE}
UNION ALL SELECT a.controller, a.system, o.key, o.category, NULLIF(o.data_category, ''), TRUE, TRUE, NULL, '', NULL
FROM asked a CROSS JOIN retention_once o WHERE o.controller = a.controller AND o.system = a.system LIMIT ?"""  # noqa: S608 -- made of constants
_BOUND = f"""SELECT MIN(t) FROM (
SELECT p.effective_from AS t {_OF} WHERE {_MINE} AND p.closed_at IS NULL AND p.effective_from > ?
UNION ALL SELECT p.until {_OF} WHERE {_MINE} AND p.closed_at IS NULL AND p.until > ?
UNION ALL SELECT c.begins {_OF} CROSS JOIN retention_rule r CROSS JOIN retention_change c
  WHERE r.publication_id = p.id AND c.id = r.change AND c.superseded_at = '{clock.ENDLESS}'
  AND {_MINE} AND p.closed_at IS NULL AND c.begins > ?
UNION ALL SELECT v.effective_from {_OF} JOIN catalogue_version v ON v.declaration_id = p.declaration_id
  AND v.version > p.version AND v.ended WHERE {_MINE} AND p.closed_at IS NULL AND v.effective_from > ?) AS b"""  # noqa: S608 -- made of constants
_BESIDES = f"""WITH {{systems}} SELECT p.controller, {HOLDS}, ({_BOUND})
FROM (SELECT DISTINCT controller FROM asked) p"""  # noqa: S608 -- made of constants
