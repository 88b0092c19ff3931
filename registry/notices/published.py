"""What is published: publications as stored, which of them the public reads now, and what the journal holds of them.

A publication is public from the day its version takes effect until a later one takes its place. It is not any more
once closed (withdrawn, or replaced by one in effect at once), nor once an end of the register, written after its
version, has begun; opening the register again does not bring it back.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
import peewee
import rfc8785

from registry import clock, db, journal
from registry.catalogue.model import Declaration, Version
from registry.db import Instant, Stored, Text
from registry.errors import Gone, NotFound
from registry.retention.publications.lasting import Lasting, lasting, withdrawals
from registry.retention.publications.served import PUBLISHED


class NoticePublication(Stored):
    """One publication; `revision` counts them for each register.

    `inputs` says which versions of register, controller and systems it was made of (RFC 8785). The names are copies
    of the notice's, for lists; `contact` is how the controller is reached.
    """

    declaration = peewee.ForeignKeyField(Declaration, index=False)
    controller = Text()
    key = Text()
    revision = peewee.BigIntegerField()
    version = peewee.BigIntegerField()
    effective_from = Instant()
    until = Instant()
    published_at = Instant()
    closed_at = Instant(null=True)
    withdrawn_at = Instant(null=True)
    title = Text()
    language = Text()
    organisation = Text()
    contact = Text(null=True)
    inputs = peewee.BlobField()

    class Meta:
        table_name = "notice_publication"
        indexes = (
            (("controller", "key", "revision"), True),
            (("closed_at", "controller", "key"), False),
            (("declaration",), False),
        )


class NoticeText(Stored):
    """A publication in one language: the notice as canonical JSON, from which every page is made."""

    publication = peewee.ForeignKeyField(NoticePublication, index=False)
    language = Text()
    document = peewee.BlobField()

    class Meta:
        table_name = "notice_text"
        primary_key = peewee.CompositeKey("publication", "language")


@dataclasses.dataclass(frozen=True, slots=True)
class Published:
    """A publication. `inputs` are the versions it was made of: {register, controller, systems: {key: version}}."""

    id: int
    controller: str
    key: str
    revision: int
    version: int
    effective_from: str
    published_at: str
    title: str
    language: str
    organisation: str
    contact: str | None
    inputs: dict[str, Any]

    @property
    def planned(self) -> bool:
        """Whether its version is yet to take effect."""
        return self.effective_from > clock.now()


# --- reading


_NAMES = [field.name for field in dataclasses.fields(Published)]
_CURRENT = f"""SELECT {", ".join(f"p.{name}" for name in _NAMES)} FROM notice_publication p
WHERE p.controller = ? AND p.key = ? AND {PUBLISHED} LIMIT 1"""  # noqa: S608 -- made of constants
_TEXT = "SELECT t.document FROM notice_text t WHERE t.publication_id = ? AND t.language = ?"


def current(controller: str, key: str) -> Published:
    """The publication that the public reads now. Raises NotFound where there never was one, Gone where it is over."""
    now = clock.now()
    found = db.execute(_CURRENT, controller, key, now, now, now).fetchone()
    if found is not None:
        values: dict[str, Any] = dict(zip(_NAMES, found, strict=True))
        return Published(**{**values, "inputs": orjson.loads(bytes(values["inputs"]))})
    # Withdrawn before its day, it was never public.
    begun = (NoticePublication.effective_from <= now) & (
        NoticePublication.closed_at.is_null()
        | (NoticePublication.closed_at > NoticePublication.effective_from)
    )
    if NoticePublication.select(NoticePublication.id).where(of(controller, key) & begun).exists():
        raise Gone("The notice is not public any more.")
    raise NotFound("No notice of this register is public.")


def standing(controller: str, key: str) -> Published:
    """The latest publication, also one yet to take effect. Raises NotFound and Gone as `current` does."""
    found = newest(controller, key)
    if found is None or ended_since(controller, key, found.version):
        if last_revision(controller, key):
            raise Gone("The notice has been withdrawn, or its register has ended.")
        raise NotFound("No notice of this register has been published.")
    return found


def newest(controller: str, key: str) -> Published | None:
    """The latest publication that is neither withdrawn nor replaced, planned ones too; None without one."""
    query = NoticePublication.select().where(of(controller, key) & NoticePublication.closed_at.is_null())
    for row in query.order_by(NoticePublication.revision.desc()).limit(1):
        return value(row)
    return None


def text(publication: int, language: str) -> bytes | None:
    """The stored notice of a publication in a language, None where it was not made in it."""
    found = db.execute(_TEXT, publication, language).fetchone()
    return None if found is None else bytes(found[0])


def texts(publication: int) -> Iterator[tuple[str, bytes]]:
    """The stored notices of a publication, by language."""
    query = NoticeText.select(NoticeText.language, NoticeText.document).where(
        NoticeText.publication == publication
    )
    for language, document in query.order_by(NoticeText.language).tuples():
        yield language, bytes(document)


def listed(
    *,
    controllers: Iterable[str] | None = None,
    of: Sequence[Any] = (),
    planned: bool = False,
    after: tuple[str, str, int] | None = None,
    limit: int = 200,
) -> list[Published]:
    """Publications in force, by controller, key and revision; with `planned` also those yet to take effect.

    `controllers` None means everybody's; `of` are conditions besides; `after` is the last
    (controller, key, revision) of the page before.
    """
    table = NoticePublication
    query = table.select().where(_in_force(clock.now(), planned=planned))
    if controllers is not None:
        query = query.where(table.controller.in_(sorted(controllers)))
    if of:
        query = query.where(*of)
    if after is not None:
        query = query.where(peewee.Tuple(table.controller, table.key, table.revision) > peewee.Tuple(*after))
    return [value(row) for row in query.order_by(table.controller, table.key, table.revision).limit(limit)]


def ended_since(controller: str, key: str, version: int) -> bool:
    query = Version.select(Version.id).join(Declaration).where(
        (Declaration.kind == "register") & (Declaration.controller == controller) & (Declaration.key == key)
        & _end_begun(version, clock.now())
    )  # fmt: skip
    return bool(query.exists())


def _end_begun(version: Any, now: str) -> Any:
    """An end after `version` that has begun; one written with no later day than it was written on has, always."""
    begun = (Version.effective_from <= now) | (Version.effective_from <= Version.recorded_at)
    return Version.ended & (Version.version > version) & begun


def _in_force(now: str, *, planned: bool = False) -> Any:
    table = NoticePublication
    ended = Version.select(Version.id).where(
        (Version.declaration == table.declaration) & _end_begun(table.version, now)
    )
    standing = table.closed_at.is_null() & (table.until > now) & ~peewee.fn.EXISTS(ended)
    return standing if planned else standing & (table.effective_from <= now)


def of(controller: str, key: str) -> Any:
    return (NoticePublication.controller == controller) & (NoticePublication.key == key)


def last_revision(controller: str, key: str) -> int:
    return (
        NoticePublication.select(peewee.fn.MAX(NoticePublication.revision))
        .where(of(controller, key))
        .scalar()
        or 0
    )


def value(row: NoticePublication) -> Published:
    names = [field.name for field in dataclasses.fields(Published)]
    values = {name: getattr(row, name) for name in names}
    return Published(**{**values, "inputs": orjson.loads(bytes(row.inputs))})


# --- what the journal compares its entries with


def object_name(controller: str, key: str) -> str:
    return f"notice/{controller}/{key}"


def content(row: NoticePublication, documents: Iterable[tuple[str, bytes]]) -> bytes:
    """What the journal commits to: the publication's columns, and each language by the SHA-256 of its document."""
    names = (
        "controller", "key", "revision", "version", "effective_from", "published_at", "title", "language",
        "organisation", "contact",
    )  # fmt: skip
    return rfc8785.dumps(
        {
            **{name: getattr(row, name) for name in names},
            "inputs": hashlib.sha256(bytes(row.inputs)).hexdigest(),
            "documents": {language: hashlib.sha256(document).hexdigest() for language, document in documents},
        }
    )


def _every() -> Iterator[tuple[str, int]]:
    table = NoticePublication
    for controller, key, revision in (
        table.select(table.controller, table.key, table.revision).tuples().iterator()
    ):
        yield object_name(controller, key), revision


@journal.witness("notice", every=_every)
def _stored(object_: str, revision: int | None) -> bytes | None:
    _, controller, key = object_.split("/", 2)
    row = NoticePublication.get_or_none(controller=controller, key=key, revision=revision or 0)
    if row is None:
        return None
    every = NoticePublication.select().where(of(controller, key)).order_by(NoticePublication.revision)
    told = lasting(every, withdrawals(object_, "notice.withdrawn"))[row.revision]
    if Lasting(row.until, row.closed_at, row.withdrawn_at) != told:
        return b"public for another time than what happened says"
    return content(row, texts(row.id))
