"""Legal holds: set, reviewed and ended in states that are never altered; references to people kept as keyed hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Literal, get_args

import orjson
import peewee

from registry import clock, journal
from registry.catalogue import store
from registry.catalogue.model import Facet
from registry.catalogue.read import zone_at
from registry.db import Stored, Text, writes
from registry.errors import Gone, Invalid, NotFound
from registry.journal import Told
from registry.law import law
from registry.retention.holds.hold import Hold, targets
from registry.retention.holds.keyed import Key

Stage = Literal["standing", "ended"]
STATES: tuple[Stage, ...] = get_args(Stage)


class StoredHold(journal.State):
    """One state of a hold; `targets` as registry.retention.holds.hold reads them."""

    state = Text()
    targets = Text()

    class Meta:
        table_name = "retention_hold"
        indexes = ((("superseded_at", "id"), False), (("superseded_at", "controller", "state"), False))


class HeldSubject(Stored):
    """A person whose data is held, as a keyed hash and nothing else."""

    controller = Text()
    digest = Text()
    hold: Any = peewee.BigIntegerField()
    key_id = Text()

    class Meta:
        table_name = "retention_held_subject"
        primary_key = peewee.CompositeKey("controller", "digest", "hold")
        indexes = ((("hold",), False),)


# --- verbs


@writes
def set_hold(
    controller: str,
    *,
    registers: Collection[str] = (),
    systems: Collection[str] = (),
    categories: Collection[tuple[str, str]] = (),
    data_categories: Collection[str] = (),
    subjects: Collection[str] = (),
    reason: str,
    review_on: date,
    by: str,
    key: Key | None = None,
) -> int:
    """Hold data of a controller from the next answer on; gives the hold's number.

    `registers` and `systems` are keys, `categories` pairs (register, category id), `subjects` references to people,
    which need a `key`. Raises Invalid: `no_target` for none of all, `unknown_register`, `unknown_system`,
    `unknown_category` and `unknown_data_category` for what was never declared (it would hold nothing), `no_hold_key`,
    `in_the_past` for the review.
    """
    if not (registers or systems or categories or data_categories or subjects):
        raise Invalid("Say what is held.", code="no_target", field="/registers")
    if subjects and key is None:
        raise Invalid(
            "This deployment has no key to hash references to people with.",
            code="no_hold_key",
            field="/subjects",
        )
    _known(controller, registers, systems, categories)
    _kinds(controller, data_categories)
    _ahead(controller, review_on)
    now = journal.stamp()
    number = HOLDS.following()
    digests = sorted({key.held(one) for one in subjects}) if key is not None else []
    for batch in peewee.chunked(digests, 200):
        HeldSubject.insert_many(
            [
                {"controller": controller, "digest": one, "hold": number, "key_id": key and key.id}
                for one in batch
            ]
        ).execute()
    HOLDS.append(
        {
            "id": number,
            "version": 1,
            "controller": controller,
            "state": "standing",
            "registers": sorted(f"{controller}/{one}" for one in set(registers)),
            "systems": sorted(f"{controller}/{one}" for one in set(systems)),
            "categories": [
                {"register": f"{controller}/{register}", "category": category}
                for register, category in sorted(set(categories))
            ],
            "data_categories": sorted(set(data_categories)),
            "subjects": None
            if key is None or not digests
            else {"count": len(digests), "key_id": key.id, "sha256": _sum(digests)},
            "reason": reason,
            "review_on": review_on.isoformat(),
            "set_by": by,
            "set_at": now,
            "reviewed_by": None,
            "reviewed_at": None,
            "ended_by": None,
            "ended_at": None,
        },
        now,
        by=by,
        action="set",
    )
    return number


@writes
def review(number: int, *, reason: str, review_on: date, by: str, expect: int) -> None:
    """Say why a hold goes on, and when it will be looked at again. It holds on all the while, also past that day.

    Raises NotFound, PreconditionFailed for another version than `expect`, Gone for one that has ended, Invalid.
    """
    told, now = _newest(number, expect), journal.stamp()
    _ahead(told["controller"], review_on)
    again = {"reason": reason, "review_on": review_on.isoformat(), "reviewed_by": by, "reviewed_at": now}
    HOLDS.append({**told, **again}, now, by=by, action="reviewed")


@writes
def end(number: int, *, by: str, expect: int) -> None:
    """End a hold; what it was stays readable. Raises as `review` does."""
    told, now = _newest(number, expect), journal.stamp()
    HOLDS.append({**told, "state": "ended", "ended_by": by, "ended_at": now}, now, by=by, action="ended")


def _known(
    controller: str,
    registers: Iterable[str],
    systems: Iterable[str],
    categories: Iterable[tuple[str, str]],
) -> None:
    for kind, keys in (("register", registers), ("system", systems)):
        for place, key in enumerate(keys):
            _newest_of(kind, controller, key, f"/{kind}s/{place}")
    for place, (register, category) in enumerate(categories):
        versions = store.history("register", controller, _key_of(controller, register, place))
        ids = {
            one.get("id") if isinstance(one, dict) else None
            for version in versions
            for one in version.body.get("data_categories", ())
        }
        if category not in ids:
            raise Invalid(
                "No version of the register has that category.",
                code="unknown_category",
                field=f"/categories/{place}/category",
            )


def _kinds(controller: str, kinds: Iterable[str]) -> None:
    """Raises Invalid for a kind of data that neither we know nor any version of a register ever named: misspelt."""
    known = law().vocabularies["personal_data"].terms
    for place, kind in enumerate(kinds):
        of = (Facet.kind == "register") & (Facet.name == "data_category") & (Facet.value == kind)
        if kind not in known and not Facet.select().where(of & (Facet.controller == controller)).exists():
            raise Invalid(
                "No register has data of that kind, and it is no term that is known here.",
                code="unknown_data_category",
                field=f"/data_categories/{place}",
            )


def _key_of(controller: str, register: str, place: int) -> str:
    _newest_of("register", controller, register, f"/categories/{place}/register")
    return register


def _newest_of(kind: str, controller: str, key: str, field: str) -> None:
    try:
        store.newest(kind, controller, key)
    except NotFound:
        raise Invalid(f"There is no such {kind}.", code=f"unknown_{kind}", field=field) from None


def _ahead(controller: str, review_on: date) -> None:
    if review_on < clock.day_of(clock.now(), zone_at(controller)):
        raise Invalid("The day of the review is over.", code="in_the_past", field="/review_on")


def _newest(number: int, expect: int) -> Told:
    told = HOLDS.next(number, expect)
    if told["state"] == "ended":
        raise Gone("The hold has ended.")
    return told


def _hold(told: dict[str, Any]) -> Hold:
    def keys(names: Iterable[str]) -> frozenset[str]:
        return frozenset(name.partition("/")[2] for name in names)

    return Hold(
        told["id"],
        told["version"],
        keys(told["registers"]),
        keys(told["systems"]),
        frozenset((one["register"].partition("/")[2], one["category"]) for one in told["categories"]),
        frozenset(told["data_categories"]),
        told["subjects"] is not None,
    )


def _sum(digests: Iterable[str]) -> str:
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()


# --- reading


def reach(controller: str, registers: Collection[str]) -> frozenset[tuple[str, str]]:
    """The (register, system) pairs that any version of these registers ever named: their data may still lie there."""
    if not registers:
        return frozenset()
    found = Facet.select(Facet.key, Facet.value).where(
        (Facet.kind == "register")
        & (Facet.name == "system")
        & (Facet.controller == controller)
        & Facet.key.in_(sorted(registers))
    )
    return frozenset(found.distinct().tuples())


def held_subjects(controllers: Collection[str], digests: Sequence[str]) -> dict[tuple[str, str], list[int]]:
    """Of these people those that standing holds of these controllers are about, by (controller, digest)."""
    found: dict[tuple[str, str], list[int]] = {}
    for batch in peewee.chunked(sorted(set(digests)), 20_000):
        rows = (
            HeldSubject.select(HeldSubject.controller, HeldSubject.digest, HeldSubject.hold)
            .join(
                StoredHold,
                on=(StoredHold.id == HeldSubject.hold) & HOLDS.stands & (StoredHold.state == "standing"),
            )
            .where(HeldSubject.controller.in_(sorted(controllers)) & HeldSubject.digest.in_(batch))
        )
        for controller, digest, hold in rows.tuples():
            found.setdefault((controller, digest), []).append(hold)
    return found


def key_ids(controllers: Collection[str]) -> dict[str, set[str]]:
    """The keys that the references in standing holds of these controllers were hashed with, by controller."""
    found: dict[str, set[str]] = {}
    for controller, told in _standing(controllers):
        if told["subjects"] is not None:
            found.setdefault(controller, set()).add(told["subjects"]["key_id"])
    return found


def _standing(controllers: Collection[str] | None) -> Iterator[tuple[str, dict[str, Any]]]:
    rows = StoredHold.select(StoredHold.controller, StoredHold.document).where(
        HOLDS.stands & (StoredHold.state == "standing")
    )
    if controllers is not None:
        rows = rows.where(StoredHold.controller.in_(sorted(controllers)))
    for controller, document in rows.tuples():
        yield controller, orjson.loads(bytes(document))


def unreadable(keys: Iterable[Key]) -> list[str]:
    """The ids of keys that standing holds need and that are not among these."""
    there = {key.id for key in keys}
    needed = {told["subjects"]["key_id"] for _, told in _standing(None) if told["subjects"] is not None}
    return sorted(needed - there)


# --- what the journal compares its entries with


def _columns(told: Told) -> dict[str, Any]:
    return {"controller": told["controller"], "state": told["state"], "targets": targets(_hold(told))}


def _people(row: StoredHold, told: Told) -> bytes | None:
    held = HeldSubject.select(HeldSubject.controller, HeldSubject.digest, HeldSubject.key_id)
    rows = list(held.where(HeldSubject.hold == row.id).tuples())
    told_of = told["subjects"] or {"count": 0, "key_id": None, "sha256": _sum([])}
    if (len(rows), _sum(digest for _, digest, _ in rows)) != (told_of["count"], told_of["sha256"]) or any(
        (controller, key_id) != (row.controller, told_of["key_id"]) for controller, _, key_id in rows
    ):
        return b"other people than the document says"
    return None


HOLDS = journal.States(
    StoredHold,
    "hold",
    called="hold",
    columns=_columns,
    times=("set_at", "reviewed_at", "ended_at"),
    beside=_people,
)
