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
        indexes = (
            (("declaration", "version"), True),
            (("declaration", "effective_from", "version"), True),
            (("effective_from",), False),
        )


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


#: The columns of `written`, of a declaration d and its version v.
COLUMNS = "d.controller, d.key, d.version, v.version, v.effective_from, v.recorded_at, v.ended, v.document"


def applicable(known: bool, among: str = "") -> str:
    """The id of the version of d that applies, as a subquery that takes the moment, and with `known` what was known by:
    of the versions in effect the latest to take effect, and of those the last written; `among` is a further condition
    on those versions w.
    """
    then = " AND w.recorded_at <= ?" if known else ""
    of_d = "FROM catalogue_version w WHERE w.declaration_id = d.id AND w.effective_from <= ?"
    return f"(SELECT w.id {of_d}{then}{among} ORDER BY w.effective_from DESC, w.version DESC LIMIT 1)"


def is_key(text: str) -> bool:
    """Whether `text` can be a key: 1 to 64 of a-z, 0-9 and hyphen, which neither begins nor ends it."""
    return KEY.fullmatch(text) is not None


def object_name(kind: str, controller: str, key: str) -> str:
    """The name of a declaration in the journal: `register/seamk/library-chat`, `controller/seamk`."""
    return f"{kind}/{controller}" if kind == "controller" else f"{kind}/{controller}/{key}"
