"""What is published: publications as stored, which of them the public reads now, and what the journal holds of them.

A notice is public while its publication is in force (registry.retention.publications.publication).
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
from registry.db import Instant, Stored, Text
from registry.errors import Gone, NotFound
from registry.retention.publications.lasting import Lasting
from registry.retention.publications.publication import PUBLISHED, Publication, ended_since

#: What is published of a register's notice, in the journal.
KIND = "notice"


class NoticePublication(Publication):
    """One publication of a register's notice.

    `inputs` says which versions of register, controller and systems it was made of (RFC 8785). The names are copies
    of the notice's, for lists; `contact` is how the controller is reached.
    """

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
        return _value(dict(zip(_NAMES, found, strict=True)))
    row = NoticePublication
    # Withdrawn before its day, it was never public.
    begun = (row.effective_from <= now) & (row.closed_at.is_null() | (row.closed_at > row.effective_from))
    if row.select(row.id).where(row.of(controller, key) & begun).exists():
        raise Gone("The notice is not public any more.")
    raise NotFound("No notice of this register is public.")


def standing(controller: str, key: str) -> Published:
    """The latest publication, also one yet to take effect. Raises NotFound and Gone as `current` does."""
    found = newest(controller, key)
    if found is None or ended_since(controller, key, found.version):
        if NoticePublication.last(controller, key):
            raise Gone("The notice has been withdrawn, or its register has ended.")
        raise NotFound("No notice of this register has been published.")
    return found


def newest(controller: str, key: str) -> Published | None:
    """The latest publication that is neither withdrawn nor replaced, planned ones too; None without one."""
    table = NoticePublication
    query = table.select().where(table.of(controller, key) & table.closed_at.is_null())
    row = query.order_by(table.revision.desc()).limit(1).first()
    return None if row is None else value(row)


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
    query = table.select().where(table.in_force(clock.now(), planned=planned))
    if controllers is not None:
        query = query.where(table.controller.in_(sorted(controllers)))
    if of:
        query = query.where(*of)
    if after is not None:
        query = query.where(peewee.Tuple(table.controller, table.key, table.revision) > peewee.Tuple(*after))
    return [value(row) for row in query.order_by(table.controller, table.key, table.revision).limit(limit)]


def value(row: NoticePublication) -> Published:
    return _value({name: getattr(row, name) for name in _NAMES})


def _value(columns: dict[str, Any]) -> Published:
    return Published(**{**columns, "inputs": orjson.loads(bytes(columns["inputs"]))})


# --- what the journal compares its entries with


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


@journal.witness(KIND, every=lambda: NoticePublication.every(KIND))
def _stored(object_: str, revision: int | None) -> bytes | None:
    row = NoticePublication.named(object_, revision)
    if row is None:
        return None
    if Lasting(row.until, row.closed_at, row.withdrawn_at) != row.meant(KIND):
        return b"public for another time than what happened says"
    return content(row, texts(row.id))


_APART = """SELECT n.controller, n.key, n.revision FROM notice_publication n WHERE NOT EXISTS (
  SELECT 1 FROM retention_publication r WHERE r.controller = n.controller AND r.key = n.key AND r.version = n.version
  AND r.effective_from = n.effective_from AND r.published_at = n.published_at AND r.until <= n.until
  AND COALESCE(r.closed_at, '') = COALESCE(n.closed_at, ''))"""


@journal.beside("notices and the retention rules that were published with them")
def _apart() -> Iterator[str]:
    for controller, key, revision in db.execute(_APART).fetchall():
        yield f"the rules of {controller}/{key} are not published for as long as its notice {revision}"
