"""The rules in force: worked out and stored once when a register is published, taken back by a withdrawal or an end.

From when until when is said in `publication`; rules are over also with the day on which the register ended by its own
words (`ended_on`). All of this is decided by the one statement that reads the rules.
"""

from __future__ import annotations

import functools
import hashlib
import operator
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import orjson
import peewee

from registry import clock, journal
from registry.catalogue.model import Written
from registry.catalogue.record import Record
from registry.clock import ENDLESS
from registry.db import database, writes
from registry.errors import Conflict
from registry.law import periods
from registry.retention.publications.publication import PUBLISHED, object_name
from registry.retention.publications.stored import (
    KIND,
    Publication,
    ServedRule,
    ServedSystem,
    ServedTogether,
    content,
    mark,
    named,
    remember,
    said_once,
    together,
)
from registry.retention.rules.lengths import Kept, Placed, plan
from registry.retention.rules.rule import Rule
from registry.retention.rules.rules import derive
from registry.retention.rules.saying import Saying
from registry.retention.shortenings.changing import CHANGES, begun, drop, propose

__all__ = [
    "ENDLESS", "MOST", "Joined", "Publication", "Served", "ServedRule", "ServedSystem", "in_force", "joined", "longest",
    "publish_rules", "said", "withdraw_rules",
]  # fmt: skip

#: So many rules are served at once; whoever matches more has to say more closely what is asked.
MOST = 1000


# --- verbs


@writes
def publish_rules(record: Record, written: Written, *, by: str) -> tuple[Rule, ...]:
    """Work out the rules of a version that is being published and serve them from when it takes effect.

    They take the place of all that was published of the register before, when they begin and also when there are none;
    what was planned to begin later than they is cancelled. A rule that might delete sooner than what was said before
    waits for a second person and a delay (`shortenings`); what is served meanwhile keeps longer.

    Called inside the transaction that publishes. Raises errors.Conflict for a version that ends the register.
    """
    if written.ended:
        raise Conflict("The version ends the register; there is nothing to publish.", code="ended")
    rules, now = derive(record, written), journal.stamp()
    begins = max(written.effective_from, now)
    before, once = _before(written.controller, written.key, record.system_keys, now)
    _close(written.controller, written.key, begins, now, by)
    publication = Publication.begin(written, now, until=_last(record))
    saying = Saying(record, rules, {"revision": publication.revision, "published_at": now})
    placed, shortened = plan(saying.all(), before, once=once, silence=saying.silence, unclear=saying.unclear)
    change = CHANGES.following() if shortened else None
    rows = [_row(publication, place, one, change) for place, one in enumerate(placed)]
    for batch in peewee.chunked(rows, 100):
        ServedRule.insert_many(batch).execute()
    if (whole := together(rows)) is not None:
        ServedTogether.insert(publication=publication, **whole).execute()
    links = [
        {"controller": written.controller, "system": system, "publication": publication}
        for system in dict.fromkeys(record.system_keys if rows else ())
    ]
    for batch in peewee.chunked(links, 100):
        ServedSystem.insert_many(batch).execute()
    remember(written.controller, written.key, record.system_keys, rows)
    journal.append(
        "retention.published",
        object_name(KIND, written.controller, written.key),
        by=by,
        version=publication.revision,
        payload={
            "version": written.version,
            "effective_from": written.effective_from,
            "until": publication.until,
            "rules": len(rules),
        },
        content=content(publication, [mark(row["document"], row["change"], row["comes"]) for row in rows]),
    )
    if change is not None:
        propose(
            change, written.controller, written.key, publication.revision, shortened,
            effective_from=written.effective_from, by=by,
        )  # fmt: skip
    return rules


def _before(
    controller: str, key: str, systems: Collection[str], now: str
) -> tuple[list[Kept] | None, list[Kept]]:
    """What was said last of a register's categories, and is not over by an approved change (None: never anything); and
    what was said last of those of these systems that it named before, and not then.

    Of all publications that are open, the planned ones among them; where none is, of those closed last.
    """
    mine = Publication.select().where(Publication.of(controller, key))
    published = list(mine.order_by(Publication.revision))
    if not published:
        return None, []
    open_ = [one for one in published if one.closed_at is None and one.until > now]
    last = published[-1]
    meant = open_ or [
        one for one in published if one is last or (last.closed_at and one.closed_at == last.closed_at)
    ]
    rows = _rules_of(meant)
    there = {system for row in rows for system in _named(row)}
    # What is agreed on while a system is not named is not agreed on for the data that was left in it.
    back = set(said_once(controller, key, systems)) - there
    once: list[Any] = []
    for one in reversed(published if back else ()):
        found = _rules_of([one])
        again = back & {name for row in found for name in _named(row)}
        if again:
            once += found
            back -= again
        if not back:
            break
    return _standing(rows, now), _standing(once, now)


def _rules_of(publications: Iterable[Publication]) -> list[Any]:
    of = ServedRule.publication.in_([one.id for one in publications])
    return list(ServedRule.select(ServedRule, Publication).join(Publication).where(of))


def _named(row: Any) -> set[str]:
    return named(orjson.loads(bytes(row.document)), row.publication)


def _standing(rows: Sequence[Any], now: str) -> list[Kept]:
    """Of rules as they are stored what is not over by an approved change."""
    over = begun({row.change for row in rows if row.change is not None}, now)
    return [_kept(row) for row in rows if row.comes or row.change not in over]


def _kept(row: Any) -> Kept:
    document = bytes(row.document)
    said = orjson.loads(document)
    people = said.get("data_subjects")
    return Kept(
        row.category, row.data_category, bool(row.silent), bool(row.conflict), row.period, row.ends,
        None if people is None else frozenset(people), said.get("time_zone"), document,
    )  # fmt: skip


def _last(record: Record) -> str:
    """When rules stop to be served by the record's own words: once the day is over on which the register ended."""
    day = record.register.ended_on
    if day is None or day == date.max:
        return ENDLESS
    return clock.start_of(day + timedelta(days=1), record.controller.time_zone)


@writes
def withdraw_rules(controller: str, key: str, *, by: str) -> bool:
    """Serve no rules of a register any more, from the next request on, nor those planned. Gives whether there were any.

    Called inside the transaction that withdraws or ends; it brings nothing older back.
    """
    now = journal.stamp()
    if not _close(controller, key, now, now, by):
        return False
    journal.append(
        "retention.withdrawn", object_name(KIND, controller, key),
        by=by, version=Publication.last(controller, key),
    )  # fmt: skip
    return True


def _close(controller: str, key: str, begins: str, now: str, by: str) -> int:
    """End what is open when something later begins, and with it what waits or is found by it."""
    ids = Publication.close(controller, key, begins, now)
    ServedSystem.delete().where(ServedSystem.publication.in_(ids)).execute()
    waiting = ServedRule.select(ServedRule.change).where(
        ServedRule.publication.in_(ids) & ServedRule.change.is_null(False)
    )
    drop({change for (change,) in waiting.distinct().tuples()}, by=by)
    return len(ids)


def _row(publication: Publication, position: int, placed: Placed, change: int | None) -> dict[str, Any]:
    kept = placed.kept
    return {
        "publication": publication,
        "position": position,
        "category": kept.category,
        "data_category": kept.data_category,
        "period": kept.period,
        "ends": kept.ends,
        "conflict": kept.conflict,
        "digest": hashlib.sha256(kept.document).hexdigest(),
        "document": kept.document,
        "silent": kept.silent,
        "change": None if placed.comes is None else change,
        "comes": bool(placed.comes),
    }


# --- reading


@dataclass(frozen=True, slots=True)
class Served:
    """A rule in force as stored; `digest` is the SHA-256 of `document`.

    `silent`: no rule, but a category that none of another register may be taken for. `holds` are the targets of the
    controller's standing holds (registry.retention.holds.hold.read).
    """

    document: bytes
    digest: str
    period: str | None
    ends: str
    conflict: bool
    silent: bool
    controller: str
    register: str
    category: str
    data_category: str | None
    holds: str | None


def in_force(**asked: Any) -> list[Served]:
    """The rules in force now; asked as `said`."""
    return [rule for rule in said(**asked) if not rule.silent]


def said(
    *,
    system: tuple[str, str] | None = None,
    register: tuple[str, str] | None = None,
    controller: str | None = None,
    category: str | None = None,
    data_category: str | None = None,
) -> list[Served]:
    """What is said now of a system, a register or a controller (any of them must be named), by register.

    One statement. `system` and `register` are (controller, key); at most MOST + 1 of them.
    """
    asked = {
        name: value if isinstance(value, tuple) else (value,)
        for name, value in (
            ("system", system),
            ("register", register),
            ("controller", controller),
            ("category", category),
            ("data_category", data_category),
        )
        if value
    }
    return [
        Served(bytes(row[0]), row[1], row[2], row[3], bool(row[4]), bool(row[5]), *row[6:])
        for row in _rows(asked, _EACH)
    ]


@dataclass(frozen=True, slots=True)
class Joined:
    """What is said, as it is served: the rules' documents with commas between them; `tag` stands for all of it.

    `many` counts what is said, the silent with it.
    """

    documents: bytes
    tag: str
    many: int


def joined(
    *,
    system: tuple[str, str] | None = None,
    register: tuple[str, str] | None = None,
    controller: str | None = None,
) -> Joined | None:
    """What `said` gives, of texts that were stored when they were published.

    None where some rule waits for its day or a hold of the controller stands, so that they have to be looked at one by
    one. One statement.
    """
    asked: dict[str, tuple[str, ...]] = {}
    if system is not None:
        asked["system"] = system
    if register is not None:
        asked["register"] = register
    if controller is not None:
        asked["controller"] = (controller,)
    rows = _rows(asked, _WHOLE)
    for row in rows:
        if row[0] is None or row[4]:
            return None
    if len(rows) == 1:
        document, digest, rules, _, _ = rows[0]
        return Joined(document if document.__class__ is bytes else bytes(document), digest, rules)
    if len(rows) > MOST:
        return None
    rows.sort(key=_by_register)
    digests = "".join([row[1] for row in rows]).encode()
    return Joined(
        b",".join([bytes(row[0]) for row in rows if row[0]]),
        hashlib.blake2b(digests, digest_size=15).hexdigest(),
        sum([row[2] for row in rows]),
    )


_by_register = operator.itemgetter(3)


def _rows(asked: Mapping[str, tuple[str, ...]], select: str) -> list[Any]:
    now, base = clock.now(), database.obj
    sql, moments = _statement(tuple(asked), select, base.param)
    values = [value for some in asked.values() for value in some]
    found: list[Any] = base.execute_sql(sql, (*values, *(now,) * moments, MOST + 1)).fetchall()
    return found


_FILTERS = {
    "system": "s.controller = ? AND s.system = ?",
    "register": "p.controller = ? AND p.key = ?",
    "controller": "p.controller = ?",
    "category": "r.category = ?",
    "data_category": "(r.data_category = ? OR r.data_category IS NULL)",  # what names no kind may be of any
}
#: The targets of the standing holds of a publication's controller, each a JSON object, with a line end between them.
HOLDS = f"""(SELECT string_agg(h.targets, '
') FROM retention_hold h WHERE h.superseded_at = '{ENDLESS}' AND h.controller = p.controller
AND h.state = 'standing')"""  # noqa: S608 -- made of constants
IN_FORCE = f"""{PUBLISHED} AND (r.change IS NULL OR r.comes = EXISTS (
  SELECT 1 FROM retention_change c WHERE c.id = r.change AND c.superseded_at = '{ENDLESS}'
  AND c.begins <= ?
))"""  # noqa: S608 -- made of constants

_EACH = f"""SELECT r.document, r.digest, r.period, r.ends, r.conflict, r.silent, p.controller, p.key, r.category,
r.data_category, {HOLDS} FROM {{source}} JOIN retention_rule r ON r.publication_id = p.id
WHERE {{where}} AND {IN_FORCE} ORDER BY p.controller, p.key, r.position LIMIT ?"""  # noqa: S608 -- made of constants
# One row of one register, as a rule: what sorting them costs is saved.
_WHOLE = f"""SELECT t.document, t.digest, t.rules, p.key, EXISTS (
  SELECT 1 FROM retention_hold h WHERE h.superseded_at = '{ENDLESS}'
  AND h.controller = p.controller AND h.state = 'standing'
) FROM {{source}} LEFT JOIN retention_together t ON t.publication_id = p.id
WHERE {{where}} AND {PUBLISHED} LIMIT ?"""  # noqa: S608 -- made of constants


@functools.cache
def _statement(filters: tuple[str, ...], select: str, param: str) -> tuple[str, int]:
    """The statement, and how often it takes the present moment."""
    if not {"system", "register", "controller"} & set(filters):
        raise ValueError("of which system, register or controller?")
    through = "retention_system s JOIN retention_publication p ON p.id = s.publication_id"
    source = through if "system" in filters else "retention_publication p"
    where = " AND ".join(_FILTERS[name] for name in filters)
    sql = select.format(source=source, where=where)
    given = sum(_FILTERS[name].count("?") for name in filters)
    return sql.replace("?", param), sql.count("?") - given - 1


def longest(rules: Sequence[Served]) -> tuple[str | None, bool]:
    """The longest period of rules that fit the same data, and whether none can be told: (period, conflict).

    Rules that end by one and the same criterion have no period and are in no conflict.
    """
    first = rules[0]
    if any(rule.conflict or rule.ends != first.ends for rule in rules):
        return None, True
    stated = [rule.period for rule in rules if rule.period is not None]
    if not stated:
        return None, False
    found = periods.longest(stated) if len(stated) == len(rules) else None
    return (None, True) if found is None else (periods.iso(found), False)
