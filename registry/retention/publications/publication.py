"""Publications of a register, of its rules and its notice alike: from when until when each is in force.

A publication is in force from the day its version takes effect until a later one takes its place. It is never once it
is closed (withdrawn, or replaced by one in effect at once), nor once an end of the register, written after its version,
has begun; opening the register again does not bring it back. Nothing of it is decided by a clock that may have been put
back. Why there are two tables: docs/adr/0019.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

import peewee

from registry import clock
from registry.catalogue.model import Declaration, Version, Written
from registry.clock import ENDLESS
from registry.db import Instant, Stored, Text
from registry.retention.publications.lasting import Lasting, lasting, withdrawals

# An end written with no later day than the present is one whatever the clock says now; it may have been put back.
PUBLISHED = """
p.closed_at IS NULL AND p.effective_from <= ? AND p.until > ? AND NOT EXISTS (
  SELECT 1 FROM catalogue_version v WHERE v.declaration_id = p.declaration_id AND v.version > p.version AND v.ended
  AND (v.effective_from <= ? OR v.effective_from <= v.recorded_at)
)"""


class Publication(Stored):
    """One publication of a version of a register; `revision` counts those of a table for each register."""

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
        indexes = ((("controller", "key", "revision"), True), (("declaration",), False))

    # --- verbs, called inside a transaction that says so in the journal

    @classmethod
    def begin(cls, written: Written, now: str, *, until: str = ENDLESS, **more: Any) -> Self:
        """Store the next publication of a register, of a version of it that is published now; `more` are the columns of
        the table besides."""
        controller, key = written.controller, written.key
        return cls.create(
            declaration=Declaration.get(kind="register", controller=controller, key=key),
            controller=controller,
            key=key,
            revision=cls.last(controller, key) + 1,
            version=written.version,
            effective_from=written.effective_from,
            until=until,
            published_at=now,
            **more,
        )

    @classmethod
    def close(cls, controller: str, key: str, begins: str, now: str, **more: str) -> list[int]:
        """End what is open of a register when something later begins: at once if it has begun, else on its day, and
        what was to begin no earlier falls. Gives the ids of what is closed; `more` is written of those too."""
        open_ = cls.of(controller, key) & cls.closed_at.is_null()
        over = open_ if begins <= now else open_ & (cls.effective_from >= begins)
        ids = [number for (number,) in cls.select(cls.id).where(over).tuples()]
        cls.update(closed_at=now, **more).where(cls.id.in_(ids)).execute()
        if begins > now:
            cls.update(until=begins).where(open_ & (cls.until > begins)).execute()
        return ids

    # --- reading

    @classmethod
    def of(cls, controller: str, key: str) -> Any:
        """The condition that a publication is of a register."""
        return (cls.controller == controller) & (cls.key == key)

    @classmethod
    def last(cls, controller: str, key: str) -> int:
        """The revision of a register's last publication, 0 where there never was one."""
        return cls.select(peewee.fn.MAX(cls.revision)).where(cls.of(controller, key)).scalar() or 0

    @classmethod
    def in_force(cls, now: str, *, planned: bool = False) -> Any:
        """The condition of PUBLISHED, for queries; with `planned` also of what is yet to take effect."""
        ended = Version.select(Version.id).where(
            (Version.declaration == cls.declaration) & _end_begun(cls.version, now)
        )
        standing = cls.closed_at.is_null() & (cls.until > now) & ~peewee.fn.EXISTS(ended)
        return standing if planned else standing & (cls.effective_from <= now)

    # --- what the journal compares its entries with

    @classmethod
    def every(cls, kind: str) -> Iterator[tuple[str, int]]:
        """Every publication as the journal names it."""
        for controller, key, revision in (
            cls.select(cls.controller, cls.key, cls.revision).tuples().iterator()
        ):
            yield object_name(kind, controller, key), revision

    @classmethod
    def named(cls, object_: str, revision: int | None) -> Self | None:
        """The publication that the journal names so."""
        _, controller, key = object_.split("/", 2)
        found: Self | None = cls.get_or_none(controller=controller, key=key, revision=revision or 0)
        return found

    def meant(self, kind: str, until: Mapping[int, str] | None = None) -> Lasting:
        """How long it lasts by what happened; `until` as `lasting` takes it."""
        every = type(self).select().where(self.of(self.controller, self.key)).order_by(type(self).revision)
        withdrawn = withdrawals(object_name(kind, self.controller, self.key), f"{kind}.withdrawn")
        return lasting(every, withdrawn, until)[self.revision]


def object_name(kind: str, controller: str, key: str) -> str:
    """The name in the journal of what is published of a register."""
    return f"{kind}/{controller}/{key}"


def ended_since(controller: str, key: str, version: int) -> bool:
    """Whether an end of a register that was written after a version has begun."""
    of = (Declaration.kind == "register") & (Declaration.controller == controller) & (Declaration.key == key)
    query = Version.select(Version.id).join(Declaration).where(of & _end_begun(version, clock.now()))
    return bool(query.exists())


def _end_begun(version: Any, now: str) -> Any:
    begun = (Version.effective_from <= now) | (Version.effective_from <= Version.recorded_at)
    return Version.ended & (Version.version > version) & begun
