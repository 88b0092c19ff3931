"""Waivers: somebody answers, with a reason and for a time, for a finding that stays.

A waiver is for one finding by its identity (register, code, key), and so also for what the check says of it in other
words tomorrow. It is written in states that are never changed: proposed, granted, ended. Where the finding is an error
somebody else than the author has to approve; what was granted without that never covers an error.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from typing import Any, Literal, get_args

import orjson
import peewee
import rfc8785

from registry import clock, journal
from registry.catalogue import store
from registry.checks.findings.stored import HOLDS, StoredFinding
from registry.db import Instant, Stored, Text, writes
from registry.errors import Conflict, Forbidden, Gone, Invalid, NotFound, PreconditionFailed

#: A waiver lasts two years at most: then somebody has to look again.
LONGEST = timedelta(days=731)
#: `superseded_at` of the newest state.
STANDS = "9999-12-31T23:59:59.999999Z"

State = Literal["proposed", "granted", "ended"]
STATES: tuple[State, ...] = get_args(State)


class SecondApproverRequired(Forbidden):
    """The author of a waiver cannot also be the one who approves it."""

    code = "second_approver_required"


class Waiver(Stored):
    """One state of a waiver, from `recorded_at` until `superseded_at`; `document` as it is served."""

    id: Any = peewee.BigIntegerField()
    version = peewee.BigIntegerField()
    controller = Text()
    register = Text()
    code = Text()
    key = Text()
    state = Text()
    approved = peewee.BooleanField()
    ends = Instant()
    recorded_at = Instant()
    superseded_at = Instant()
    document = peewee.BlobField()

    class Meta:
        table_name = "checks_waiver"
        primary_key = peewee.CompositeKey("id", "version")
        indexes = (
            (("superseded_at", "controller", "register", "code", "key"), False),
            (("superseded_at", "id"), False),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Waived:
    """What a waiver says of a finding: its number, its last day, its reason, and whether a second person approved."""

    waiver: int
    until: str
    reason: str
    approved: bool

    def covers(self, kind: str, severity: str) -> bool:
        """Whether it answers for a finding of this kind and severity: of an error only with a second person."""
        return kind in ("fail", "open") and (self.approved or severity != "error")

    def told(self) -> dict[str, Any]:
        """As it is shown in a finding."""
        return {"waiver": self.waiver, "until": self.until, "reason": self.reason}


# --- verbs


@writes
def propose(
    controller: str, register: str, code: str, key: str, *, reason: str, until: date, by: str
) -> dict[str, Any]:
    """Waive a finding that holds, until the end of a day in the controller's time zone; gives the waiver as served.

    It is granted at once, unless the finding is an error: then it is proposed, and has no effect before somebody else
    approves. Raises NotFound where no such finding fails or is open, Invalid for a day that is over (`in_the_past`) or
    more than two years ahead (`too_far_ahead`), Conflict (`already_waived`) beside another that stands.
    """
    found = (
        StoredFinding.select()
        .where(
            (StoredFinding.ended_in == HOLDS) & (StoredFinding.controller == controller)
            & (StoredFinding.register == register) & (StoredFinding.code == code) & (StoredFinding.key == key)
            & StoredFinding.kind.in_(["fail", "open"])
        )
        .first()
    )  # fmt: skip
    if found is None:
        raise NotFound("There is no such finding that fails or is open.")
    ends = _ends(controller, until)
    row, now = Waiver, journal.stamp()
    same = (
        (row.superseded_at == STANDS) & (row.controller == controller) & (row.register == register)
        & (row.code == code) & (row.key == key) & (row.state != "ended") & (row.ends > now)
    )  # fmt: skip
    if row.select().where(same).exists():
        raise Conflict("The finding is waived, or about to be; end that waiver first.", code="already_waived")
    number = (row.select(peewee.fn.MAX(row.id)).scalar() or 0) + 1
    told = {
        "id": number,
        "version": 1,
        "register": f"{controller}/{register}",
        "code": code,
        "key": key,
        "state": "proposed" if found.severity == "error" else "granted",
        "reason": reason,
        "until": until.isoformat(),
        "ends": ends,
        "proposed_by": by,
        "proposed_at": now,
        "approved_by": None,
        "approved_at": None,
        "ended_by": None,
        "ended_at": None,
    }
    return _append(told, now, by)


@writes
def approve(number: int, *, by: str, expect: int) -> dict[str, Any]:
    """Approve a waiver that somebody else proposed; gives it as served.

    Raises NotFound, SecondApproverRequired for its author, PreconditionFailed for another version than `expect`,
    Conflict for one that was granted already, Gone for one that is over.
    """
    told = _newest(number, expect)
    now = journal.stamp()
    if told["state"] == "ended" or told["ends"] <= now:
        raise Gone("The waiver is over; propose another.")
    if told["approved_by"] is not None:
        raise Conflict("The waiver is approved already.", code="already_approved")
    if told["proposed_by"] == by:
        raise SecondApproverRequired("Somebody else than its author has to approve a waiver.")
    return _append({**told, "state": "granted", "approved_by": by, "approved_at": now}, now, by)


@writes
def end(number: int, *, by: str, expect: int) -> dict[str, Any]:
    """End a waiver before its day; gives it as served.

    Raises NotFound, PreconditionFailed, and Gone for one that is over.
    """
    told = _newest(number, expect)
    now = journal.stamp()
    if told["state"] == "ended" or told["ends"] <= now:
        raise Gone("The waiver is over already.")
    return _append({**told, "state": "ended", "ends": now, "ended_by": by, "ended_at": now}, now, by)


def _newest(number: int, expect: int) -> dict[str, Any]:
    """The newest state of a waiver, which has to be version `expect`, as the next one."""
    row = Waiver.get_or_none((Waiver.superseded_at == STANDS) & (Waiver.id == number))
    if row is None:
        raise NotFound("There is no such waiver.")
    if row.version != expect:
        raise PreconditionFailed("It has changed since you read it; read it again, and send the new ETag.")
    return {**orjson.loads(bytes(row.document)), "version": expect + 1}


def _append(told: dict[str, Any], now: str, by: str) -> dict[str, Any]:
    """Write a state; the one before it does not stand any more."""
    controller, _, register = told["register"].partition("/")
    document = rfc8785.dumps(told)
    Waiver.update(superseded_at=now).where(
        (Waiver.superseded_at == STANDS) & (Waiver.id == told["id"])
    ).execute()
    Waiver.insert(
        id=told["id"],
        version=told["version"],
        controller=controller,
        register=register,
        code=told["code"],
        key=told["key"],
        state=told["state"],
        approved=told["approved_by"] is not None,
        ends=told["ends"],
        recorded_at=now,
        superseded_at=STANDS,
        document=document,
    ).execute()
    approved = told["approved_at"] == now
    journal.append(
        f"waiver.{'approved' if approved else told['state']}", f"waiver/{controller}/{told['id']}",
        by=by, version=told["version"], payload={"register": told["register"], "code": told["code"]},
        content=document,
    )  # fmt: skip
    return told


def _ends(controller: str, until: date) -> str:
    """The first instant after a day, in the controller's time zone."""
    zone = store.newest("controller", controller, controller).body.get("time_zone", clock.HELSINKI)
    today = clock.day_of(clock.now(), zone)
    if until < today:
        raise Invalid("A waiver cannot end before it begins.", code="in_the_past", field="/until")
    if until - today > LONGEST:
        raise Invalid(
            f"A waiver lasts {LONGEST.days} days at most; then somebody has to look again.",
            code="too_far_ahead",
            field="/until",
        )
    return clock.start_of(until + timedelta(days=1), zone)


# --- reading


def covered(finding: type[StoredFinding], moment: str) -> Any:
    """The condition that a row of findings was waived at an instant, as far as was known then."""
    row = Waiver.alias()
    same = [
        getattr(row, name) == getattr(finding, name) for name in ("controller", "register", "code", "key")
    ]
    held = row.select(peewee.SQL("1")).where(
        (row.superseded_at > moment)
        & (row.recorded_at <= moment)
        & (row.state == "granted")
        & (row.ends > moment),
        *same,
        (finding.severity != "error") | row.approved,
    )
    return peewee.fn.EXISTS(held) & finding.kind.in_(["fail", "open"])


def standing(
    moment: str,
    *,
    controllers: Collection[str] | None = None,
    register: tuple[str, str] | None = None,
    registers: Iterable[tuple[str, str]] | None = None,
    known_at: str | None = None,
) -> dict[tuple[str, str, str, str], Waived]:
    """What was waived at an instant, by controller, register, code and key; as known then, or at `known_at`.

    Of some controllers (None: of all), of one register, or of some.
    """
    row, known = Waiver, known_at or moment
    found = row.select(row.controller, row.register, row.code, row.key, row.approved, row.document).where(
        (row.superseded_at > known) & (row.recorded_at <= known)
        & (row.state == "granted") & (row.ends > moment)
    )  # fmt: skip
    if controllers is not None:
        found = found.where(row.controller.in_(sorted(controllers)))
    wanted = [register] if register is not None else None if registers is None else sorted(set(registers))
    if wanted is None:
        return _waived(found)
    held: dict[tuple[str, str, str, str], Waived] = {}
    for batch in peewee.chunked(wanted, 200):
        names: dict[str, list[str]] = {}
        for controller, key in batch:
            names.setdefault(controller, []).append(key)
        for controller, keys in names.items():
            held |= _waived(found.where((row.controller == controller) & row.register.in_(keys)))
    return held


def _waived(rows: Any) -> dict[tuple[str, str, str, str], Waived]:
    held = {}
    for row in rows:
        told = orjson.loads(bytes(row.document))
        held[row.controller, row.register, row.code, row.key] = Waived(
            told["id"], told["until"], told["reason"], bool(row.approved)
        )
    return held


def one(number: int) -> Waiver | None:
    """The newest state of a waiver; None if there is none."""
    return Waiver.get_or_none((Waiver.superseded_at == STANDS) & (Waiver.id == number))


# --- what the journal compares its entries with


def _every() -> Iterator[tuple[str, int]]:
    rows = Waiver.select(Waiver.controller, Waiver.id, Waiver.version).order_by(Waiver.id, Waiver.version)
    return ((f"waiver/{controller}/{id_}", version) for controller, id_, version in rows.tuples().iterator())


@journal.witness("waiver", every=_every)
def _stored(object_: str, version: int | None) -> bytes | None:
    number = object_.rpartition("/")[2]
    if not number.isdecimal():
        return None
    states = list(
        Waiver.select()
        .where((Waiver.id == int(number)) & Waiver.version.in_([version or 0, (version or 0) + 1]))
        .order_by(Waiver.version)
    )
    if not states or states[0].version != version:
        return None
    row, following = states[0], states[1].recorded_at if len(states) > 1 else STANDS
    told = orjson.loads(bytes(row.document))
    copied = (
        f"{row.controller}/{row.register}", row.code, row.key, row.state, row.ends, bool(row.approved),
        row.version, row.id, f"waiver/{row.controller}/{row.id}", row.superseded_at,
    )  # fmt: skip
    if copied != (
        told["register"], told["code"], told["key"], told["state"], told["ends"], told["approved_by"] is not None,
        told["version"], told["id"], object_, following,
    ):  # fmt: skip
        return b"columns differ from the document"
    if row.recorded_at != max(told[name] or "" for name in ("proposed_at", "approved_at", "ended_at")):
        return b"another time than the document's"
    return bytes(row.document)
