"""Declaring, ending, and reading one declaration: what was declared, when it applies, when it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import peewee
import rfc8785

from registry import clock, db, journal
from registry.catalogue import reaching
from registry.catalogue.facets import facets
from registry.catalogue.model import (
    BARE,
    BODY,
    NEW,
    Declaration,
    Version,
    Written,
    is_key,
    object_name,
)
from registry.catalogue.record.assemble import load
from registry.catalogue.select import joined, select
from registry.catalogue.versions import applied, at, beneath, exists, history, newest, numbered
from registry.db import writes
from registry.errors import Conflict, Gone, Invalid, NotFound, PreconditionFailed

__all__ = [
    "BARE", "BODY", "NEW", "Written", "at", "beneath", "declare", "end", "exists", "history", "is_key", "joined",
    "newest", "numbered", "object_name", "select",
]  # fmt: skip


# --- verbs


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
    # Judged before the transaction begins: others do not wait for that.
    value = load(BODY[kind], body, f"/{BODY[kind]}")
    return _declared(kind, controller, key, dict(body), value, by, expect, effective_from)


@writes
def _declared(
    kind: str,
    controller: str,
    key: str,
    body: dict[str, Any],
    value: Any,
    by: str,
    expect: int,
    since: str | None,
) -> Written:
    _refers_to_what_is_there(kind, controller, value)
    return _append(kind, controller, key, body, value, by, expect, since, ended=False)


@writes
def end(
    kind: str, controller: str, key: str, *, by: str, expect: int, effective_from: str | None = None
) -> Written:
    """End a declaration: a version marked `ended`, and one more in the place of each that is planned for later.

    Its past stays readable. Raises `Conflict` while something in force refers to it, or will, `Gone` when it has
    ended by then already, `PreconditionFailed` when `expect` is stale.
    """
    moment = effective_from or journal.stamp()
    planned = [one for one in history(kind, controller, key) if one.effective_from > moment]
    standing = [
        then
        for one in planned
        if not (then := applied(kind, controller, key, as_of=one.effective_from)).ended
    ]
    last = beneath(kind, controller, key, moment)
    if last.ended and not standing:
        raise Gone("It has ended already.")
    dependants = list(dict.fromkeys(_dependants(kind, controller, key, moment)))
    if dependants:
        raise Conflict(
            f"Still referred to by {', '.join(dependants[:5])}; end or change that first.",
            code="still_referenced",
        )
    over = {one.effective_from: one.body for one in standing}
    for since, body in sorted(over.items(), reverse=True):
        value = load(BODY[kind], body)
        _append(kind, controller, key, body, value, by, expect, since, ended=True)
        expect += 1
    # What was asked for comes last, so that its ETag is that of the newest version.
    body = last.body
    return _append(kind, controller, key, body, load(BODY[kind], body), by, expect, moment, ended=True)


def _append(
    kind: str,
    controller: str,
    key: str,
    body: dict[str, Any],
    value: Any,
    by: str,
    expect: int,
    effective_from: str | None,
    *,
    ended: bool,
) -> Written:
    declaration, number = _claim(kind, controller, key, expect)
    recorded_at = journal.stamp()
    effective = effective_from or recorded_at
    document = rfc8785.dumps(
        cast(
            Any,
            {
                "controller": controller,
                "key": key,
                "version": number,
                "effective_from": effective,
                "recorded_at": recorded_at,
                "ended": ended,
                BODY[kind]: body,
            },
        )
    )
    version = Version.create(
        declaration=declaration,
        version=number,
        effective_from=effective,
        recorded_at=recorded_at,
        ended=ended,
        document=document,
    )
    found = [
        (kind, name, text, controller, key, version.id) for name, text in sorted(facets(kind, body, value))
    ]
    for batch in peewee.chunked(found, 500):
        # Written out: peewee takes longer to build this statement than the database to run it.
        rows = ", ".join(("(?, ?, ?, ?, ?, ?)",) * len(batch))
        sql = f"INSERT INTO catalogue_facet (kind, name, value, controller, key, version_id) VALUES {rows}"  # noqa: S608 -- only question marks
        db.execute(sql, *(column for row in batch for column in row))
    journal.append(
        f"{kind}.{'ended' if ended else 'declared' if number == 1 else 'changed'}",
        object_name(kind, controller, key),
        by=by,
        version=number,
        payload={"effective_from": effective},
        content=document,
    )
    return Written(kind, controller, key, number, number, effective, recorded_at, ended, document)


def _claim(kind: str, controller: str, key: str, expect: int) -> tuple[Declaration, int]:
    """The declaration with the number of the version to write, claimed by one statement that only one writer wins."""
    where = (Declaration.kind == kind) & (Declaration.controller == controller) & (Declaration.key == key)
    if expect == NEW:
        try:
            return Declaration.create(kind=kind, controller=controller, key=key, version=1), 1
        except peewee.IntegrityError as error:
            raise PreconditionFailed(
                "It exists already; send If-Match with its ETag to change it."
            ) from error
    claimed = Declaration.update(version=expect + 1).where(where & (Declaration.version == expect)).execute()
    if claimed != 1:
        newest(kind, controller, key)  # NotFound is the better answer where there is nothing at all
        raise PreconditionFailed("It has changed since you read it; read it again, and send the new ETag.")
    return Declaration.get(where), expect + 1


def _refers_to_what_is_there(kind: str, controller: str, value: Any) -> None:
    if kind == "controller":
        return
    if not exists("controller", controller, controller):
        raise NotFound("No such controller; declare the controller first.")
    if kind != "register":
        return
    # Who edits some registers reaches the systems that those name, and would reach another by naming it.
    missing = [
        n
        for n, system in enumerate(value.systems)
        if not (reaching.system(controller, system) and exists("system", controller, system))
    ]
    if missing:
        raise Invalid(
            "The register names a system that its controller does not have.",
            errors=[
                {
                    "field": f"/record/systems/{n}",
                    "code": "dangling_reference",
                    "message": "Declare the system first, or take the name out.",
                }
                for n in missing
            ],
        )


def _dependants(kind: str, controller: str, key: str, moment: str) -> Iterator[str]:
    """What refers to it at a moment, or will in the end."""
    for as_of in (moment, clock.ENDLESS):
        if kind == "controller":
            for below in ("register", "system"):
                for item in select(below, controllers={controller}, as_of=as_of):
                    yield object_name(below, item.controller, item.key)
        if kind == "system":
            for item in select("register", controllers={controller}, exact={"system": key}, as_of=as_of):
                yield object_name("register", item.controller, item.key)


# --- what the journal compares its entries with


def _every() -> Iterator[tuple[str, int]]:
    rows = Version.select(Declaration.kind, Declaration.controller, Declaration.key, Version.version).join(
        Declaration
    )
    for kind, controller, key, version in rows.order_by(Version.id).tuples().iterator():
        yield object_name(kind, controller, key), version
    claimed = Declaration.select(
        Declaration.kind, Declaration.controller, Declaration.key, Declaration.version
    )
    for kind, controller, key, version in claimed.tuples().iterator():
        yield object_name(kind, controller, key), version


def _stored(object_: str, version: int | None) -> bytes | None:
    kind, _, rest = object_.partition("/")
    controller, _, key = rest.partition("/")
    try:
        found = numbered(kind, controller, key or controller, version or 0)
    except NotFound:
        return None
    told = found.envelope
    copied = (
        found.controller,
        found.key,
        found.version,
        found.effective_from,
        found.recorded_at,
        found.ended,
    )
    if copied != tuple(
        told[name] for name in ("controller", "key", "version", "effective_from", "recorded_at", "ended")
    ):
        # The columns that select a version are not the document's own any more: as bad as another document.
        return b"columns differ from the document"
    if found.newest < found.version:
        return b"an older version is said to be the newest"
    return found.document


def _of(kind: str) -> Any:
    return lambda: (one for one in _every() if one[0].startswith(f"{kind}/"))


for _kind in BODY:
    journal.witness(_kind, every=_of(_kind))(_stored)
