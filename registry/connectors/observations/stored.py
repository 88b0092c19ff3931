"""Observations as stored: what systems showed, in the bytes they are served in, never changed."""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
import peewee
import rfc8785

from registry import clock, journal
from registry.catalogue import store
from registry.catalogue.read import parts
from registry.connectors.observations.attesting import vouched
from registry.connectors.observed import kinds
from registry.connectors.observed.observation import LEVELS, Level, Observation
from registry.db import Instant, Stored, Text, database, writes
from registry.errors import Invalid, NotFound
from registry.settings import applied

#: How far ahead of ours the clock of whoever looked may be.
AHEAD = timedelta(minutes=5)
#: So many looks back one of stronger evidence, or a whole one, is sought that is still fresh (REGISTRY_LOOK_DAYS).
BACK = 50
#: How a document of a whole look has it, as it is canonical JSON.
_WHOLE = b'"complete":true'
#: Nothing that anybody looks at today was looked at before.
EARLIEST = "1990-01-01T00:00:00.000000Z"


class StoredObservation(Stored):
    """An observation in canonical bytes, and what it is found by. `about` is its kind, or what could not be seen."""

    id: Any = peewee.BigIntegerField(primary_key=True)
    controller = Text()
    system = Text()
    kind = Text()
    about = Text()
    taken_at = Instant()
    recorded_at = Instant()
    digest = Text()
    document = peewee.BlobField()

    class Meta:
        table_name = "connectors_observation"
        indexes = (
            (("controller", "system", "kind", "about", "taken_at", "id"), False),
            (("controller", "taken_at", "id"), False),
            (("taken_at", "id"), False),
        )


# --- verbs


@writes
def record_observation(
    system: str,
    kind: str,
    payload: Mapping[str, Any],
    *,
    by: str,
    taken_at: str,
    source_level: Level,
    complete: bool,
    collector: str | None = None,
    invented: bool = False,
    reference: str | None = None,
    expires_on: str | None = None,
    raw_sha256: str | None = None,
) -> Observation:
    """Store what a system showed, and give it as stored. The parameters are those of `Observation`.

    `collector` is whoever looked, by default the writer. Raises errors.Invalid for a payload that does not fit its
    kind, a time that cannot be or an attestation that rests on nothing (`attesting`), errors.NotFound
    for a system that is not declared or has ended.
    """
    controller, key = parts(system, "/system")
    if not store.exists("system", controller, key):
        raise NotFound("No such system; declare it first.")
    seen = kinds.load(kind, payload)
    moment = _possible(taken_at, seen)
    if source_level not in LEVELS:
        raise Invalid(f"The levels are {', '.join(LEVELS)}.", code="not_one_of", field="/source_level")
    vouched(source_level, moment, reference=reference, raw_sha256=raw_sha256, expires_on=expires_on)
    observation = Observation(
        id=(StoredObservation.select(peewee.fn.MAX(StoredObservation.id)).scalar() or 0) + 1,
        system=system,
        kind=kind,
        taken_at=moment,
        recorded_at=journal.stamp(),
        source_level=source_level,
        collector=collector or by,
        complete=complete,
        invented=invented,
        payload=seen,
        digest=digest(seen),
        raw_sha256=raw_sha256,
        reference=reference,
        expires_on=expires_on,
    )
    document = rfc8785.dumps(_served(observation))
    StoredObservation.insert(
        id=observation.id,
        controller=controller,
        system=key,
        kind=kind,
        about=observation.about,
        taken_at=moment,
        recorded_at=observation.recorded_at,
        digest=observation.digest,
        document=document,
    ).execute()
    journal.append(
        "observation.recorded", f"observation/{system}", by=by, version=observation.id,
        payload={"kind": kind, "taken_at": moment}, content=document,
    )  # fmt: skip
    return observation


def digest(payload: Mapping[str, Any]) -> str:
    """SHA-256 of a payload in canonical form (RFC 8785), hexadecimal."""
    return hashlib.sha256(rfc8785.dumps(dict(payload))).hexdigest()


def _possible(taken_at: str, payload: Mapping[str, Any]) -> str:
    """The instant of `taken_at`, if a look can have been then and what was seen can have been there."""
    try:
        moment = clock.timestamp(taken_at)
    except Invalid as problem:
        raise Invalid(problem.detail, code=problem.code, field="/taken_at") from None
    ahead = clock.written(datetime.fromisoformat(clock.now()) + AHEAD)
    if not EARLIEST <= moment <= ahead:
        when = "in the future" if moment > ahead else "before 1990"
        raise Invalid(f"Nobody looked {when}; compare the clocks.", code="impossible_time", field="/taken_at")
    for index, item in enumerate(payload.get("items", ())):
        if (item.get("oldest") or "") > ahead:
            raise Invalid(
                "The oldest item is of the future; compare the clocks.",
                code="impossible_time",
                field=f"/payload/items/{index}/oldest",
            )
    return moment


def _served(one: Observation) -> dict[str, Any]:
    names = (
        "id", "system", "kind", "taken_at", "recorded_at", "source_level", "collector", "complete", "invented",
        "payload", "digest", "raw_sha256", "reference", "expires_on",
    )  # fmt: skip
    return {name: getattr(one, name) for name in names}


# --- reading


def value(document: bytes) -> Observation:
    """The observation that stored bytes hold."""
    return Observation(**orjson.loads(document))


def latest(
    systems: Iterable[str], *, as_of: str | None = None, known_at: str | None = None
) -> list[Observation]:
    """The newest observation of each kind of each system (``controller/key``), in the order of system and kind.

    Newest by when it was taken, then by when it was written; taken by `as_of`, written by `known_at` (default: now).
    Of looks that failed the newest for each kind that was asked for. Where the newest is not of the strongest evidence,
    after it the newest of stronger evidence that still counts; where one is not whole, those before it, back to one
    that is. Which is judged by is for the case (docs/adr/0018).
    """
    named = sorted({tuple(name.split("/", 1)) for name in systems})
    found: list[Observation] = []
    for batch in peewee.chunked(named, 200):  # a longer condition is deeper than SQLite goes
        given = [*itertools.chain(*batch), as_of or clock.now(), *([known_at] if known_at else [])]
        sql = _latest(len(batch), known_at is not None).replace("?", database.obj.param)
        rows = database.obj.execute_sql(sql, given).fetchall()
        for (document,) in rows:
            newest = value(bytes(document))
            found.append(newest)
            if newest.kind != "could_not_look" and (newest.strength or not newest.complete):
                found += _before(newest, as_of or clock.now(), known_at)
    return found


def _before(newest: Observation, as_of: str, known_at: str | None) -> Iterator[Observation]:
    """Of the looks before one, as long as they are fresh, those of stronger evidence, and those since a whole one."""
    since = clock.written(datetime.fromisoformat(as_of) - timedelta(days=applied().look_days))
    row, least = StoredObservation, newest.strength
    whole = newest.strength if newest.complete else len(LEVELS)
    rows = row.select(row.document, row.recorded_at).where(
        (row.controller == newest.controller) & (row.system == newest.system.partition("/")[2])
        & (row.kind == newest.kind) & (peewee.Tuple(row.taken_at, row.id) < peewee.Tuple(newest.taken_at, newest.id))
    ).order_by(row.taken_at.desc(), row.id.desc()).limit(BACK)  # fmt: skip
    if not (newest.strength or any(_WHOLE in bytes(found.document) for found in rows)):
        return  # as where a source can never see all: nothing is read for nothing
    parts: list[Observation] = []
    for found in rows:
        one = value(bytes(found.document))
        vouched_for = one.source_level == "attestation"  # until its own day
        if (known_at is not None and found.recorded_at > known_at) or not (
            vouched_for or one.taken_at >= since
        ):
            continue
        if one.complete and one.strength < whole:
            yield from (*parts, one)
            parts, whole = [], one.strength
        elif not one.complete and one.strength < least:
            yield one
        elif not one.complete and one.strength < whole:
            parts.append(one)
        least = min(least, one.strength)
        if not whole:
            return


@functools.lru_cache(maxsize=256)
def _latest(systems: int, known: bool) -> str:
    """One statement, written out: a run of the checks asks it of every register."""
    mine = " OR ".join(["controller = ? AND system = ?"] * systems)
    then = " AND recorded_at <= ?" if known else ""
    return (
        "SELECT o.document FROM connectors_observation o JOIN ("  # noqa: S608 -- made of constants
        "SELECT id, ROW_NUMBER() OVER (PARTITION BY controller, system, kind, about ORDER BY taken_at DESC, id DESC)"
        f" AS place FROM connectors_observation WHERE ({mine}) AND taken_at <= ?{then}"
        ") newest ON newest.id = o.id WHERE newest.place = 1 ORDER BY o.controller, o.system, o.kind, o.about"
    )


def select(
    *,
    of: Sequence[Any] = (),
    system: tuple[str, str] | None = None,
    kind: str | None = None,
    since: str | None = None,
    before: str | None = None,
    after: tuple[str, int] | None = None,
    limit: int | None = None,
) -> list[StoredObservation]:
    """Rows, the newest first by the time they were taken. `since` is included, `before` is not.

    `of` are conditions that say whose; `after` is (taken_at, id) of the last row of the page before.
    """
    row = StoredObservation
    query = row.select(row.id, row.taken_at, row.document).order_by(row.taken_at.desc(), row.id.desc())
    if of:
        query = query.where(*of)
    if system is not None:
        query = query.where((row.controller == system[0]) & (row.system == system[1]))
    if kind is not None:
        query = query.where(row.kind == kind)
    if since is not None:
        query = query.where(row.taken_at >= since)
    if before is not None:
        query = query.where(row.taken_at < before)
    if after is not None:
        query = query.where(peewee.Tuple(row.taken_at, row.id) < peewee.Tuple(*after))
    return list(query.limit(limit) if limit is not None else query)


def one(id_: int, *, of: Sequence[Any] = ()) -> bytes:
    """The stored bytes of an observation. Raises errors.NotFound, also for one that is not of these conditions."""
    found = StoredObservation.select().where(StoredObservation.id == id_, *of).first()
    if found is None:
        raise NotFound("No such observation.")
    return bytes(found.document)


def known(system: str, kind: str, taken_at: str, payload_digest: str) -> bool:
    """Whether just this was stored before."""
    row = StoredObservation
    controller, key = parts(system)
    same = (
        (row.controller == controller) & (row.system == key) & (row.kind == kind) & (row.taken_at == taken_at)
    )
    return bool(row.select(row.id).where(same & (row.digest == payload_digest)).exists())


# --- what the journal compares its entries with


def _every() -> Iterable[tuple[str, int]]:
    row = StoredObservation
    rows = row.select(row.controller, row.system, row.id).order_by(row.id).tuples().iterator()
    return ((f"observation/{controller}/{key}", id_) for controller, key, id_ in rows)


@journal.witness("observation", every=_every)
def _stored(object_: str, id_: int | None) -> bytes | None:
    found = StoredObservation.get_or_none(StoredObservation.id == (id_ or 0))
    if found is None:
        return None
    told = value(bytes(found.document))
    copied: Sequence[Any] = (
        f"observation/{found.controller}/{found.system}",
        found.kind,
        found.taken_at,
        found.digest,
    )
    if (
        copied != (object_, told.kind, told.taken_at, digest(told.payload))
        or found.recorded_at != told.recorded_at
    ):
        return b"columns differ from the document"
    return bytes(found.document)
