"""Declarations and their versions: what was declared, when it applies, when it was written; nothing is overwritten."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import peewee
import rfc8785

from registry import clock, journal
from registry.catalogue.facets import facets, fold, words
from registry.catalogue.record.assemble import load
from registry.db import Instant, Stored, Text, writes
from registry.errors import Conflict, Gone, Invalid, NotFound, PreconditionFailed

#: The kinds of declaration, and the member of the envelope that holds what was declared.
BODY = {"controller": "details", "system": "system", "register": "record"}


#: The field that a bare string stands for, by kind: `registers: {acme/news: Uutiskirje}`.
BARE = {"controller": "name", "system": "name", "register": "register"}
_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def is_key(text: str) -> bool:
    """Whether `text` can be a key: 1 to 63 of a-z, 0-9 and hyphen, neither first nor last a hyphen."""
    return _KEY.fullmatch(text) is not None


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


@dataclasses.dataclass(frozen=True)
class Written:
    """A version as stored. `document` is the envelope in canonical bytes."""

    kind: str
    controller: str
    key: str
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


NEW = 0  #: the version expected of what does not exist yet (`If-None-Match: *`)


# --- verbs


@writes
def declare(
    kind: str,
    controller: str,
    key: str,
    body: Mapping[str, Any],
    *,
    by: str,
    expect: int,
    effective_from: str | None = None,
) -> Written:
    """Write the next version of a declaration, or the first with `expect=NEW`.

    `body` is plain data that fits the definition; `expect` the version the writer has seen; `effective_from` an
    instant (default: the time of writing). Raises `Invalid` for a body that does not fit or that names a system its
    controller lacks, `NotFound` for a controller that is not declared, `PreconditionFailed` when `expect` is stale.
    """
    value = load(BODY[kind], body, f"/{BODY[kind]}")
    _refers_to_what_is_there(kind, controller, value)
    return _append(
        kind,
        controller,
        key,
        dict(body),
        value,
        by=by,
        expect=expect,
        effective_from=effective_from,
        ended=False,
    )


@writes
def end(
    kind: str, controller: str, key: str, *, by: str, expect: int, effective_from: str | None = None
) -> Written:
    """End a declaration: a last version marked `ended`; its past stays readable.

    Raises `Conflict` while something in force refers to it, `PreconditionFailed` when `expect` is stale.
    """
    last = newest(kind, controller, key)
    if last.ended:
        raise Gone("It has ended already.")
    dependants = list(_dependants(kind, controller, key))
    if dependants:
        raise Conflict(
            f"Still referred to by {', '.join(dependants[:5])}; end or change that first.",
            code="still_referenced",
        )
    value = load(BODY[kind], last.body)
    return _append(
        kind,
        controller,
        key,
        last.body,
        value,
        by=by,
        expect=expect,
        effective_from=effective_from,
        ended=True,
    )


def _append(
    kind: str, controller: str, key: str, body: dict[str, Any], value: Any, *, by: str, expect: int,
    effective_from: str | None, ended: bool,
) -> Written:  # fmt: skip
    where = (Declaration.kind == kind) & (Declaration.controller == controller) & (Declaration.key == key)
    if expect == NEW:
        try:
            declaration = Declaration.create(kind=kind, controller=controller, key=key, version=1)
        except peewee.IntegrityError as error:
            raise PreconditionFailed(
                "It exists already; send If-Match with its ETag to change it."
            ) from error
        number = 1
    else:
        number = expect + 1
        # One statement decides the winner: no read before it can be stale.
        if Declaration.update(version=number).where(where & (Declaration.version == expect)).execute() != 1:
            newest(kind, controller, key)  # NotFound is the better answer where there is nothing at all
            raise PreconditionFailed(
                "It has changed since you read it; read it again, and send the new ETag."
            )
        declaration = Declaration.get(where)
    recorded_at = journal.stamp()
    envelope = {
        "controller": controller, "key": key, "version": number, "effective_from": effective_from or recorded_at,
        "recorded_at": recorded_at, "ended": ended, BODY[kind]: body,
    }  # fmt: skip
    document = rfc8785.dumps(envelope)
    version = Version.create(
        declaration=declaration, version=number, effective_from=envelope["effective_from"],
        recorded_at=recorded_at, ended=ended, document=document,
    )  # fmt: skip
    rows = [
        {"kind": kind, "name": name, "value": text, "controller": controller, "key": key, "version": version}
        for name, text in sorted(facets(kind, body, value))
    ]
    for batch in peewee.chunked(rows, 500):
        Facet.insert_many(batch).execute()
    action = f"{kind}.{'ended' if ended else 'declared' if number == 1 else 'changed'}"
    journal.append(
        action, object_name(kind, controller, key), by=by, version=number,
        payload={"effective_from": envelope["effective_from"]}, content=document,
    )  # fmt: skip
    return Written(
        kind, controller, key, number, str(envelope["effective_from"]), recorded_at, ended, document
    )


def object_name(kind: str, controller: str, key: str) -> str:
    """The name of a declaration in the journal: `register/seamk/library-chat`, `controller/seamk`."""
    return f"{kind}/{controller}" if kind == "controller" else f"{kind}/{controller}/{key}"


def _refers_to_what_is_there(kind: str, controller: str, value: Any) -> None:
    if kind == "controller":
        return
    if not exists("controller", controller, controller):
        raise NotFound("No such controller; declare the controller first.")
    for index, system in enumerate(getattr(value, "systems", ()) if kind == "register" else ()):
        if not exists("system", controller, system):
            raise Invalid(
                "The register names a system that its controller does not have.",
                errors=[{"field": f"/record/systems/{index}", "code": "dangling_reference",
                         "message": "Declare the system first, or take the name out."}],
            )  # fmt: skip


def _dependants(kind: str, controller: str, key: str) -> Iterator[str]:
    if kind == "controller":
        for below in ("register", "system"):
            for item in select(below, controllers={controller}):
                yield object_name(below, item.controller, item.key)
    if kind == "system":
        for item in select("register", controllers={controller}, exact={"system": key}):
            yield object_name("register", item.controller, item.key)


# --- reading


def exists(kind: str, controller: str, key: str) -> bool:
    """Whether the declaration is there and has not ended."""
    try:
        return not newest(kind, controller, key).ended
    except NotFound:
        return False


def newest(kind: str, controller: str, key: str) -> Written:
    """The version written last, whenever it applies. Raises `NotFound`."""
    return _one(
        _versions(kind, controller, key).order_by(Version.version.desc()), kind, controller, key,
    )  # fmt: skip


def numbered(kind: str, controller: str, key: str, number: int) -> Written:
    """Version `number`. Raises `NotFound`."""
    return _one(_versions(kind, controller, key).where(Version.version == number), kind, controller, key)


def at(
    kind: str, controller: str, key: str, *, as_of: str | None = None, known_at: str | None = None
) -> Written:
    """The version that applied at `as_of` (default: now) as far as was known at `known_at` (default: now).

    Raises `NotFound` before the first version and `Gone` from the day it ended.
    """
    found = _one(
        _versions(kind, controller, key)
        .where(Version.id == _applicable(as_of or clock.now(), known_at)),
        kind, controller, key,
    )  # fmt: skip
    if found.ended:
        raise Gone(
            "It has ended; ask with ?as_of= for the time before, or for its versions.",
            effective_from=found.effective_from,
        )
    return found


def history(kind: str, controller: str, key: str) -> list[Written]:
    """All versions, oldest first. Raises `NotFound`."""
    newest(kind, controller, key)
    rows = _versions(kind, controller, key).order_by(Version.version).tuples()
    return [Written(kind, controller, key, *row) for row in _as_bytes(rows)]


def select(
    kind: str,
    *,
    controllers: frozenset[str] | set[str] | None = None,
    exact: Mapping[str, str] | None = None,
    vendor: str | None = None,
    text: str | None = None,
    review_due_before: str | None = None,
    after: tuple[str, str] | None = None,
    limit: int | None = None,
    as_of: str | None = None,
    known_at: str | None = None,
) -> list[Written]:
    """Declarations in force, by controller and key, each in the version that applied.

    `controllers` None means all; `exact` are facets that must all be there; `text` words of which each must begin a
    word of the declaration or of its controller; `after` the last (controller, key) of the page before.
    """
    query = (
        Declaration.select(
            Declaration.controller, Declaration.key, Version.version, Version.effective_from, Version.recorded_at,
            Version.ended, Version.document,
        )
        .join(Version, on=(Version.id == _applicable(as_of or clock.now(), known_at)))
        .where((Declaration.kind == kind) & ~Version.ended)
        .order_by(Declaration.controller, Declaration.key)
    )  # fmt: skip
    if controllers is not None:
        query = query.where(Declaration.controller.in_(sorted(controllers)))
    if after is not None:
        query = query.where(peewee.Tuple(Declaration.controller, Declaration.key) > peewee.Tuple(*after))
    for condition in _conditions(kind, exact or {}, vendor, text, review_due_before):
        query = query.where(condition)
    if limit is not None:
        query = query.limit(limit)
    return [
        Written(kind, row[0], row[1], *rest) for row, rest in ((r, r[2:]) for r in _as_bytes(query.tuples()))
    ]


def _conditions(
    kind: str, exact: Mapping[str, str], vendor: str | None, text: str | None, review_due_before: str | None
) -> Iterator[Any]:
    def versions(*where: Any) -> Any:
        return Facet.select(Facet.version).where(Facet.kind == kind, *where)

    for name, value in exact.items():
        yield Version.id.in_(versions(Facet.name == name, Facet.value == value))
    if vendor is not None:
        system, beside = Facet.alias(), Facet.alias()
        through_system = (
            beside.select(beside.version)
            .join(system, on=(system.controller == beside.controller) & (system.key == beside.value))
            .where(
                (beside.kind == kind) & (beside.name == "system") & (system.kind == "system")
                & (system.name == "vendor") & (system.value == fold(vendor))
            )
        )  # fmt: skip
        yield Version.id.in_(versions(Facet.name == "vendor", Facet.value == fold(vendor))) | Version.id.in_(
            through_system
        )
    if review_due_before is not None:
        yield Version.id.in_(versions(Facet.name == "review_due", Facet.value < review_due_before))
    for word in sorted(words(text or "")):
        begins = (Facet.name == "text") & (Facet.value >= word) & (Facet.value < word + "\U0010ffff")
        # A register is also found by the name of its controller, former names included.
        controllers = Facet.select(Facet.controller).where((Facet.kind == "controller") & begins)
        yield Version.id.in_(versions(begins)) | Declaration.controller.in_(controllers)


def _versions(kind: str, controller: str, key: str) -> Any:
    return (
        Version.select(
            Version.version, Version.effective_from, Version.recorded_at, Version.ended, Version.document
        )
        .join(Declaration)
        .where((Declaration.kind == kind) & (Declaration.controller == controller) & (Declaration.key == key))
    )  # fmt: skip


def _applicable(as_of: str, known_at: str | None) -> Any:
    """The id of a declaration's version that applies: the latest to take effect, of those the latest written."""
    other = Version.alias()
    query = other.select(other.id).where(
        (other.declaration == Declaration.id) & (other.effective_from <= as_of)
    )
    if known_at is not None:
        query = query.where(other.recorded_at <= known_at)
    return query.order_by(other.effective_from.desc(), other.version.desc()).limit(1)


def _one(query: Any, kind: str, controller: str, key: str) -> Written:
    for row in _as_bytes(query.limit(1).tuples()):
        return Written(kind, controller, key, *row)
    raise NotFound(f"No such {kind}, or no version of it at that time.")


def _as_bytes(rows: Any) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        yield (*row[:-2], bool(row[-2]), bytes(row[-1]))


# --- what the journal compares its entries with


def _stored_document(object_: str, version: int | None) -> bytes | None:
    kind, _, rest = object_.partition("/")
    controller, _, key = rest.partition("/")
    try:
        return numbered(kind, controller, key or controller, version or 0).document
    except NotFound:
        return None
