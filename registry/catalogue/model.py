"""What is kept of declarations: the thing declared, its immutable versions, and the rows to find them by."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import orjson
import peewee

from registry.db import Instant, Stored, Text
from registry.strict.schema import KEY

#: The kinds of declaration, and the member of the envelope that holds what was declared.
BODY = {"controller": "details", "system": "system", "register": "record"}
#: The field that a bare string stands for, by kind: `registers: {acme/news: Uutiskirje}`.
BARE = {"controller": "name", "system": "name", "register": "register"}
#: The version expected of what does not exist yet (`If-None-Match: *`).
NEW = 0


class Declaration(Stored):
    """A controller, a system or a register: a key with a sequence of versions. `version` is the newest one's number."""

    kind = Text()
    controller = Text()
    key = Text()
    version = peewee.BigIntegerField()

    class Meta:
        table_name = "catalogue_declaration"
        indexes = ((("kind", "controller", "key"), True),)


class Version(Stored):
    """One immutable version; `document` is the envelope exactly as it is served (RFC 8785)."""

    declaration = peewee.ForeignKeyField(Declaration, index=False)
    version = peewee.BigIntegerField()
    effective_from = Instant()
    recorded_at = Instant()
    ended = peewee.BooleanField()
    document = peewee.BlobField()

    class Meta:
        table_name = "catalogue_version"
        indexes = ((("declaration", "version"), True), (("declaration", "effective_from", "version"), True))


class Facet(Stored):
    """A row to find a version by, written beside it."""

    kind = Text()
    name = Text()
    value = Text()
    controller = Text()
    key = Text()
    version = peewee.ForeignKeyField(Version, index=False)

    class Meta:
        table_name = "catalogue_facet"
        primary_key = peewee.CompositeKey("kind", "name", "value", "controller", "key", "version")
        indexes = ((("version", "name", "value"), False),)


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """A version as stored. `document` is the envelope in canonical bytes; `newest` the number of the newest version."""

    kind: str
    controller: str
    key: str
    newest: int
    version: int
    effective_from: str
    recorded_at: str
    ended: bool
    document: bytes

    @property
    def envelope(self) -> dict[str, Any]:
        """The envelope, parsed."""
        return dict(orjson.loads(self.document))

    @property
    def body(self) -> dict[str, Any]:
        """What was declared: the record, the system or the controller's details."""
        return dict(self.envelope[BODY[self.kind]])


def written(kind: str, rows: Any) -> Iterator[Written]:
    """Rows of `COLUMNS`, as tuples, as values."""
    for controller, key, newest, version, effective_from, recorded_at, ended, document in rows:
        yield Written(
            kind, controller, key, newest, version, effective_from, recorded_at, bool(ended), bytes(document)
        )


COLUMNS = (
    Declaration.controller, Declaration.key, Declaration.version, Version.version, Version.effective_from,
    Version.recorded_at, Version.ended, Version.document,
)  # fmt: skip


def applicable(as_of: str, known_at: str | None) -> Any:
    """The id of a declaration's version that applies: of those in effect the latest to, then the last written."""
    other = Version.alias()
    query = other.select(other.id).where(
        (other.declaration == Declaration.id) & (other.effective_from <= as_of)
    )
    if known_at is not None:
        query = query.where(other.recorded_at <= known_at)
    return query.order_by(other.effective_from.desc(), other.version.desc()).limit(1)


def is_key(text: str) -> bool:
    """Whether `text` can be a key: 1 to 64 of a-z, 0-9 and hyphen, which neither begins nor ends it."""
    return KEY.fullmatch(text) is not None


def object_name(kind: str, controller: str, key: str) -> str:
    """The name of a declaration in the journal: `register/seamk/library-chat`, `controller/seamk`."""
    return f"{kind}/{controller}" if kind == "controller" else f"{kind}/{controller}/{key}"
