"""The rules in force: worked out and stored once when a register is published, taken back by a withdrawal or an end.

A publication is in force from the day its version takes effect until a later publication of the register takes its
place, or the day is over on which the register ended by its own words (`ended_on`). It is never in force once closed
(withdrawn, or replaced by one in effect at once), nor once an end of the register, written after its version, has
begun; opening the register again does not bring it back. All of this is decided by the one statement that reads the
rules, and none of it by a clock that may have been put back.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import orjson
import peewee
import rfc8785

from registry import clock, journal
from registry.catalogue.model import Declaration, Written
from registry.catalogue.record import Record
from registry.db import Instant, Stored, Text, database, writes
from registry.errors import Conflict
from registry.law import periods
from registry.retention.lasting import ENDLESS, lasting, starts, withdrawals
from registry.retention.rule import Rule
from registry.retention.rules import derive

#: So many rules are served at once; whoever matches more has to say more closely what is asked.
MOST = 1000


class Publication(Stored):
    """One publication of a register's rules, also of none at all: `revision` counts them for each register."""

    declaration = peewee.ForeignKeyField(Declaration, index=False)
    controller = Text()
    key = Text()
    revision = peewee.BigIntegerField()
    version = peewee.BigIntegerField()
    effective_from = Instant()
    until = Instant()
    published_at = Instant()
    closed_at = Instant(null=True)

    class Meta:
        table_name = "retention_publication"
        indexes = ((("controller", "key", "revision"), True), (("declaration",), False))


class ServedRule(Stored):
    """A rule as it is served, for ever the same; beside it what it is found and compared by."""

    publication = peewee.ForeignKeyField(Publication, index=False)
    position = peewee.IntegerField()
    category = Text()
    data_category = Text(null=True)
    period = Text(null=True)
    ends = Text()
    conflict = peewee.BooleanField()
    digest = Text()
    document = peewee.BlobField()

    class Meta:
        table_name = "retention_rule"
        indexes = ((("publication", "position"), True),)


class ServedSystem(Stored):
    """Which publications not yet closed are about a system."""

    controller = Text()
    system = Text()
    publication = peewee.ForeignKeyField(Publication)

    class Meta:
        table_name = "retention_system"
        primary_key = peewee.CompositeKey("controller", "system", "publication")


# --- verbs


@writes
def publish_rules(record: Record, written: Written, *, by: str) -> tuple[Rule, ...]:
    """Work out the rules of a version that is being published and serve them from when it takes effect.

    They take the place of all that was published of the register before, when they begin and also when there are none;
    what was planned to begin later than they is cancelled. Called inside the transaction that publishes. Raises
    errors.Conflict for a version that ends the register.
    """
    if written.ended:
        raise Conflict("The version ends the register; there is nothing to publish.", code="ended")
    rules, now = derive(record, written), journal.stamp()
    begins = max(written.effective_from, now)
    _close(written.controller, written.key, begins, now)
    publication = Publication.create(
        declaration=Declaration.get(kind="register", controller=written.controller, key=written.key),
        controller=written.controller,
        key=written.key,
        revision=_revision(written.controller, written.key) + 1,
        version=written.version,
        effective_from=written.effective_from,
        until=_last(record),
        published_at=now,
    )
    stamped = {"revision": publication.revision, "published_at": now}
    documents = [rfc8785.dumps(rule.document(**stamped)) for rule in rules]
    rows = [_row(publication, place, *one) for place, one in enumerate(zip(rules, documents, strict=True))]
    for batch in peewee.chunked(rows, 100):
        ServedRule.insert_many(batch).execute()
    links = [
        {"controller": written.controller, "system": system, "publication": publication}
        for system in dict.fromkeys(record.system_keys if rules else ())
    ]
    for batch in peewee.chunked(links, 100):
        ServedSystem.insert_many(batch).execute()
    journal.append(
        "retention.published",
        _object(written.controller, written.key),
        by=by,
        version=publication.revision,
        payload={
            "version": written.version,
            "effective_from": written.effective_from,
            "until": publication.until,
            "rules": len(rules),
        },
        content=_content(publication, [row["digest"] for row in rows]),
    )
    return rules


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
    if not _close(controller, key, now, now):
        return False
    journal.append("retention.withdrawn", _object(controller, key), by=by, version=_revision(controller, key))
    return True


def _close(controller: str, key: str, begins: str, now: str) -> int:
    """End what is open when something later begins: at once if it has begun, else on its day."""
    open_ = (
        (Publication.controller == controller) & (Publication.key == key) & Publication.closed_at.is_null()
    )
    over = open_ if begins <= now else open_ & (Publication.effective_from >= begins)
    ids = [row for (row,) in Publication.select(Publication.id).where(over).tuples()]
    ServedSystem.delete().where(ServedSystem.publication.in_(ids)).execute()
    Publication.update(closed_at=now).where(Publication.id.in_(ids)).execute()
    if begins > now:
        Publication.update(until=begins).where(open_ & (Publication.until > begins)).execute()
    return len(ids)


def _revision(controller: str, key: str) -> int:
    mine = (Publication.controller == controller) & (Publication.key == key)
    return Publication.select(peewee.fn.MAX(Publication.revision)).where(mine).scalar() or 0


def _row(publication: Publication, position: int, rule: Rule, document: bytes) -> dict[str, Any]:
    return {
        "publication": publication,
        "position": position,
        "category": rule.category,
        "data_category": rule.data_category,
        "period": rule.period,
        "ends": rule.ends,
        "conflict": rule.conflict,
        "digest": hashlib.sha256(document).hexdigest(),
        "document": document,
    }


def _object(controller: str, key: str) -> str:
    return f"retention/{controller}/{key}"


def _content(publication: Publication, digests: Sequence[Any]) -> bytes:
    """What the journal commits to: which version from when, and each rule by the SHA-256 of its document."""
    names = ("controller", "key", "revision", "version", "effective_from", "published_at")
    return rfc8785.dumps({**{name: getattr(publication, name) for name in names}, "rules": list(digests)})


# --- reading


@dataclass(frozen=True, slots=True)
class Served:
    """A rule in force as stored; `digest` is the SHA-256 of `document`."""

    document: bytes
    digest: str
    period: str | None
    ends: str
    conflict: bool


def in_force(
    *,
    system: tuple[str, str] | None = None,
    register: tuple[str, str] | None = None,
    controller: str | None = None,
    category: str | None = None,
    data_category: str | None = None,
) -> list[Served]:
    """The rules in force now of a system, a register or a controller (any of them must be named), by register.

    One statement. `system` and `register` are (controller, key); at most MOST + 1 rules.
    """
    asked = {
        "system": system,
        "register": register,
        "controller": controller and (controller,),
        "category": category and (category,),
        "data_category": data_category and (data_category,),
    }
    given = {name: values for name, values in asked.items() if values}
    if not given.keys() & {"system", "register", "controller"}:
        raise ValueError("of which system, register or controller?")
    now = clock.now()
    values = [value for name in given for value in given[name]]
    sql = _statement(tuple(given), database.obj.param)
    rows = database.obj.execute_sql(sql, (*values, now, now, now, MOST + 1)).fetchall()
    return [Served(bytes(row[0]), row[1], row[2], row[3], bool(row[4])) for row in rows]


_FILTERS = {
    "system": "s.controller = ? AND s.system = ?",
    "register": "p.controller = ? AND p.key = ?",
    "controller": "p.controller = ?",
    "category": "r.category = ?",
    "data_category": "r.data_category = ?",
}
# An end written with no later day than the present is one whatever the clock says now; it may have been put back.
_IN_FORCE = """
p.closed_at IS NULL AND p.effective_from <= ? AND p.until > ? AND NOT EXISTS (
  SELECT 1 FROM catalogue_version v WHERE v.declaration_id = p.declaration_id AND v.version > p.version AND v.ended
  AND (v.effective_from <= ? OR v.effective_from <= v.recorded_at)
) ORDER BY p.controller, p.key, r.position LIMIT ?"""


@functools.cache
def _statement(filters: tuple[str, ...], param: str) -> str:
    through = "retention_system s JOIN retention_publication p ON p.id = s.publication_id"
    source = through if "system" in filters else "retention_publication p"
    where = " AND ".join((*(_FILTERS[name] for name in filters), _IN_FORCE))
    sql = (
        "SELECT r.document, r.digest, r.period, r.ends, r.conflict"  # noqa: S608 -- made of the constants above
        f" FROM {source} JOIN retention_rule r ON r.publication_id = p.id WHERE {where}"
    )
    return sql.replace("?", param)


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


# --- what the journal compares its entries with


def _every() -> Iterable[tuple[str, int]]:
    rows = (
        Publication.select(Publication.controller, Publication.key, Publication.revision).tuples().iterator()
    )
    return ((_object(controller, key), revision) for controller, key, revision in rows)


@journal.witness("retention", every=_every)
def _published(object_: str, revision: int | None) -> bytes | None:
    _, controller, key = object_.split("/", 2)
    found = Publication.get_or_none(controller=controller, key=key, revision=revision or 0)
    if found is None:
        return None
    digests, systems = [], set()
    for row in ServedRule.select().where(ServedRule.publication == found).order_by(ServedRule.position):
        said = orjson.loads(row.document)
        copied = ("category", "data_category", "period", "conflict")
        if any(getattr(row, name) != said[name] for name in copied):
            return b"columns differ from the document"  # what finds a rule finds another one now
        digests.append(hashlib.sha256(row.document).hexdigest())
        systems |= set(said["systems"])
    mine = (Publication.controller == controller) & (Publication.key == key)
    every = Publication.select().where(mine).order_by(Publication.revision)
    withdrawn, until = withdrawals(object_, "retention.withdrawn"), starts(object_, "retention.published")
    told = lasting(every, withdrawn, until)[found.revision]
    if (found.until, found.closed_at) != (told.until, told.closed_at):
        return b"in force for another time than what happened says"
    linked = ServedSystem.select(ServedSystem.controller, ServedSystem.system)
    links = {f"{one}/{name}" for one, name in linked.where(ServedSystem.publication == found).tuples()}
    if links != (systems if told.closed_at is None else set()):
        return b"found by other systems than the rules name"
    return _content(found, digests)
