"""Waivers: somebody answers, with a reason and for a time, for a finding that stays.

A waiver is for one finding by its identity (register, code, key), and so also for what the check says of it in other
words tomorrow. It is written in states that are never changed: proposed, granted, ended. Where the finding is an error
somebody else than the author has to approve; what was granted without that never covers an error.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any, Literal, get_args

import peewee

from registry import clock, journal
from registry.catalogue import store
from registry.checks.findings.stored import HOLDS, StoredFinding
from registry.db import Instant, Text, writes
from registry.errors import Conflict, Gone, Invalid, NotFound, SecondApproverRequired
from registry.journal import Told

#: A waiver lasts two years at most: then somebody has to look again.
LONGEST = timedelta(days=731)
Stage = Literal["proposed", "granted", "ended"]
STATES: tuple[Stage, ...] = get_args(Stage)


class Waiver(journal.State):
    """One state of a waiver."""

    register = Text()
    code = Text()
    key = Text()
    state = Text()
    approved = peewee.BooleanField()
    ends = Instant()

    class Meta:
        table_name = "checks_waiver"
        indexes = (
            (("superseded_at", "controller", "register", "code", "key"), False),
            (("superseded_at", "id"), False),
        )


def _columns(told: Told) -> dict[str, Any]:
    controller, _, register = told["register"].partition("/")
    copied = {name: told[name] for name in ("code", "key", "state", "ends")}
    return {
        "controller": controller,
        "register": register,
        "approved": told["approved_by"] is not None,
        **copied,
    }


WAIVERS = journal.States(
    Waiver, "waiver", called="waiver", columns=_columns, times=("proposed_at", "approved_at", "ended_at")
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
        WAIVERS.stands & (row.controller == controller) & (row.register == register)
        & (row.code == code) & (row.key == key) & (row.state != "ended") & (row.ends > now)
    )  # fmt: skip
    if row.select().where(same).exists():
        raise Conflict("The finding is waived, or about to be; end that waiver first.", code="already_waived")
    number = WAIVERS.following()
    told: Told = {
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
    return WAIVERS.append(told, now, by=by, action=told["state"], payload=_payload(told))


@writes
def approve(number: int, *, by: str, expect: int) -> dict[str, Any]:
    """Approve a waiver that somebody else proposed; gives it as served.

    Raises NotFound, SecondApproverRequired for its author, PreconditionFailed for another version than `expect`,
    Conflict for one that was granted already, Gone for one that is over.
    """
    told = WAIVERS.next(number, expect)
    now = journal.stamp()
    if told["state"] == "ended" or told["ends"] <= now:
        raise Gone("The waiver is over; propose another.")
    if told["approved_by"] is not None:
        raise Conflict("The waiver is approved already.", code="already_approved")
    if told["proposed_by"] == by:
        raise SecondApproverRequired("Somebody else than its author has to approve a waiver.")
    granted = {**told, "state": "granted", "approved_by": by, "approved_at": now}
    return WAIVERS.append(granted, now, by=by, action="approved", payload=_payload(told))


@writes
def end(number: int, *, by: str, expect: int) -> dict[str, Any]:
    """End a waiver before its day; gives it as served.

    Raises NotFound, PreconditionFailed, and Gone for one that is over.
    """
    told = WAIVERS.next(number, expect)
    now = journal.stamp()
    if told["state"] == "ended" or told["ends"] <= now:
        raise Gone("The waiver is over already.")
    ended = {**told, "state": "ended", "ends": now, "ended_by": by, "ended_at": now}
    return WAIVERS.append(ended, now, by=by, action="ended", payload=_payload(told))


def _payload(told: Told) -> dict[str, Any]:
    return {"register": told["register"], "code": told["code"]}


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
        told = row.told
        held[row.controller, row.register, row.code, row.key] = Waived(
            told["id"], told["until"], told["reason"], bool(row.approved)
        )
    return held
