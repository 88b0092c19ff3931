"""Publications of retention rules as they are stored, and what the journal compares its entries with."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson
import peewee
import rfc8785

from registry import journal
from registry.db import Stored, Text
from registry.retention.publications import publication
from registry.retention.publications.lasting import starts

#: What is published of a register's rules, in the journal.
KIND = "retention"


class Publication(publication.Publication):
    """One publication of a register's rules, also of none at all. `until` is also where the rules end by the record's
    own words."""

    class Meta:
        table_name = "retention_publication"


class ServedRule(Stored):
    """A rule as it is served, for ever the same; beside it what it is found and compared by.

    `silent`: the category has no rule; nothing is served of it, and no rule of another may be taken for its. With a
    `change` it is said from when that begins (`comes`), or until then.
    """

    publication = peewee.ForeignKeyField(Publication, index=False)
    position = peewee.IntegerField()
    category = Text()
    data_category = Text(null=True)
    period = Text(null=True)
    ends = Text()
    conflict = peewee.BooleanField()
    digest = Text()
    document = peewee.BlobField()
    silent = peewee.BooleanField(default=False)
    change = peewee.BigIntegerField(null=True)
    comes = peewee.BooleanField(default=False)

    class Meta:
        table_name = "retention_rule"
        indexes = ((("publication", "position"), True),)


class ServedTogether(Stored):
    """What is served of a publication none of whose rules waits for anything: its rules in their order, with commas
    between them, and a digest of their digests. `rules` counts also the silent ones.
    """

    publication = peewee.ForeignKeyField(Publication, primary_key=True)
    rules = peewee.IntegerField()
    digest = Text()
    document = peewee.BlobField()

    class Meta:
        table_name = "retention_together"


class ServedSystem(Stored):
    """Which publications not yet closed are about a system."""

    controller = Text()
    system = Text()
    publication = peewee.ForeignKeyField(Publication)

    class Meta:
        table_name = "retention_system"
        primary_key = peewee.CompositeKey("controller", "system", "publication")


class SaidOnce(Stored):
    """Of which data of which register something was ever published, by system; `data_category` is "" for none.

    Never taken back: what was withdrawn, ended or moved to another system may have left its data there.
    """

    controller = Text()
    system = Text()
    key = Text()
    category = Text()
    data_category = Text()

    class Meta:
        table_name = "retention_once"
        primary_key = peewee.CompositeKey("controller", "system", "key", "category", "data_category")
        indexes = ((("controller", "key"), False),)


def remember(controller: str, key: str, systems: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write down for good of which data in which systems something was said; part of the publication."""
    data = dict.fromkeys((row["category"], row["data_category"] or "") for row in rows)
    once = [
        {"controller": controller, "system": system, "key": key, "category": category, "data_category": kind}
        for system in dict.fromkeys(systems)
        for category, kind in data
    ]
    for batch in peewee.chunked(once, 100):
        SaidOnce.insert_many(batch).on_conflict_ignore().execute()


def once(
    controller: str, *, system: str | None = None, key: str | None = None, category: str | None = None
) -> set[tuple[str, str, str | None]]:
    """(register, category, kind or None) of all that was ever said of a system or by a register of a controller."""
    found = SaidOnce.select(SaidOnce.key, SaidOnce.category, SaidOnce.data_category)
    for column, name in (
        (SaidOnce.controller, controller),
        (SaidOnce.system, system),
        (SaidOnce.key, key),
        (SaidOnce.category, category),
    ):
        found = found.where(column == name) if name is not None else found
    return {(of, data, kind or None) for of, data, kind in found.distinct().tuples()}


def said_once(controller: str, key: str, systems: Collection[str]) -> list[str]:
    """Of these systems those of which a register ever said something."""
    of = (SaidOnce.controller == controller) & (SaidOnce.key == key) & SaidOnce.system.in_(list(systems))
    return [system for (system,) in SaidOnce.select(SaidOnce.system).where(of).distinct().tuples()]


def named(said: Mapping[str, Any], publication: Publication) -> set[str]:
    """The systems that the document of a rule names for its publication.

    What was carried over from an earlier one may name systems that are no longer meant.
    """
    if said["revision"] != publication.revision:
        return set()
    return {name.partition("/")[2] for name in said["systems"]}


def left(
    system: tuple[str, str],
    spoken: Collection[str],
    *,
    category: str | None = None,
    data_category: str | None = None,
) -> bool:
    """Whether data of other registers than those that are `spoken` of may lie in a system, of this category or kind."""
    found = SaidOnce.select(SaidOnce.key).where(
        (SaidOnce.controller == system[0]) & (SaidOnce.system == system[1])
    )
    if category is not None:
        found = found.where(SaidOnce.category == category)
    if data_category is not None:
        found = found.where(SaidOnce.data_category << (data_category, ""))
    return any(key not in spoken for (key,) in found.distinct().tuples())


def content(publication: Publication, rules: Sequence[str]) -> bytes:
    """What the journal commits to: which version from when, and each rule by its `mark`."""
    names = ("controller", "key", "revision", "version", "effective_from", "published_at")
    return rfc8785.dumps({**{name: getattr(publication, name) for name in names}, "rules": list(rules)})


def mark(document: bytes, change: int | None, comes: bool) -> str:
    """A rule in the journal: the SHA-256 of its document, and which change it comes or goes with."""
    digest = hashlib.sha256(document).hexdigest()
    return digest if change is None else f"{digest} {'from' if comes else 'until'} {change}"


def together(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The columns of ServedTogether for the rules of a publication, None where some of them wait or are to go."""
    if any(row["change"] is not None for row in rows):
        return None
    return {
        "rules": len(rows),
        "digest": hashlib.blake2b(
            "".join(row["digest"] for row in rows).encode(), digest_size=15
        ).hexdigest(),
        "document": b",".join(bytes(row["document"]) for row in rows if not row["silent"]),
    }


@journal.witness(KIND, every=lambda: Publication.every(KIND))
def _published(object_: str, revision: int | None) -> bytes | None:
    found = Publication.named(object_, revision)
    if found is None:
        return None
    controller, key = found.controller, found.key
    marks: list[str] = []
    systems: set[str] = set()
    of = (SaidOnce.controller == controller) & (SaidOnce.key == key)
    names = (SaidOnce.system, SaidOnce.category, SaidOnce.data_category)
    once = set(SaidOnce.select(*names).where(of).tuples())
    rows = list(ServedRule.select().where(ServedRule.publication == found).order_by(ServedRule.position))
    for row in rows:
        document = bytes(row.document)
        said = orjson.loads(document)
        if not _alike(row, said):
            return b"columns differ from the document"  # what finds a rule finds another one now
        marks.append(mark(document, row.change, row.comes))
        mine = named(said, found)
        if {(system, row.category, row.data_category or "") for system in mine} - once:
            return b"forgotten as something that was said once"
        systems |= {f"{controller}/{system}" for system in mine}
    copies = list(ServedTogether.select().where(ServedTogether.publication == found).dicts())
    kept = {name: value for one in copies for name, value in one.items() if name != "publication"} or None
    if kept is not None:
        kept["document"] = bytes(kept["document"])
    if kept != together([vars(row)["__data__"] for row in rows]):
        return b"served together otherwise than one by one"
    told = found.meant(KIND, starts(object_, "retention.published"))
    if (found.until, found.closed_at) != (told.until, told.closed_at):
        return b"in force for another time than what happened says"
    linked = ServedSystem.select(ServedSystem.controller, ServedSystem.system)
    links = {f"{one}/{name}" for one, name in linked.where(ServedSystem.publication == found).tuples()}
    if links != (systems if told.closed_at is None else set()):
        return b"found by other systems than the rules name"
    return content(found, marks)


def _alike(row: Any, said: dict[str, Any]) -> bool:
    copied = ("category", "data_category", "period", "conflict")
    return (
        all(getattr(row, name) == said[name] for name in copied)
        and row.silent == said.get("silent", False)
        and row.digest == hashlib.sha256(bytes(row.document)).hexdigest()
    )
