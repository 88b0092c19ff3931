"""Engagements: what an auditor may see of a controller, from when until when; stored in states that are never altered.

An engagement is a role of the auditor's with an end (auth.roles.giving): the statement that looks up a token reads
it, so nothing has to happen on the last day, and what is ended now is over with the next request.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from registry import clock, journal
from registry.audits import reading
from registry.audits.reading import Read
from registry.auth.roles import giving
from registry.auth.roles.duties import CHOSEN, DUTIES, Given
from registry.catalogue import store
from registry.catalogue.read import zone_at
from registry.db import Instant, Text, writes
from registry.errors import Gone, Invalid, NotFound
from registry.journal import Told
from registry.people import users

#: An engagement lasts a year at most: then somebody has to look again.
LONGEST = timedelta(days=366)


class Engagement(journal.State):
    """One state of an engagement: 1 as it was opened, 2 as it was ended before its day."""

    principal = Text()
    ends_at = Instant()

    class Meta:
        table_name = "audit_engagement"
        indexes = ((("superseded_at", "id"), False),)


def _columns(told: Told) -> dict[str, Any]:
    controller, auditor = told["controller"], told["auditor"]["principal"]
    return {"controller": controller, "principal": auditor, "ends_at": told["ends_at"]}


ENGAGEMENTS = journal.States(
    Engagement, "audit", called="engagement", columns=_columns, times=("opened_at", "ended_at")
)


@dataclasses.dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed: the registers (keys; None: all), the period of history (first and last day; None: without a
    bound), which of findings, journal and observations, the last day of the engagement, and what it is for."""

    ends_on: date
    purpose: str
    registers: tuple[str, ...] | None = None
    since: date | None = None
    until: date | None = None
    sees: tuple[str, ...] = ()

    @property
    def scopes(self) -> str:
        """The scopes that it gives, as a scope value."""
        chosen = {f"{one}:read" for one in self.sees}
        return " ".join(sorted((DUTIES["auditor"].scopes - set(CHOSEN)) | chosen))


def reads(audit: int, *, after: int, limit: int) -> Sequence[Read]:
    """What was read in an engagement, in order, from behind row `after`."""
    return list(Read.select().where((Read.audit == audit) & (Read.n > after)).order_by(Read.n).limit(limit))


# --- verbs


@writes
def open_engagement(
    controller: str, principal: str, terms: Terms, *, by: str, kept: timedelta
) -> dict[str, Any]:
    """Let an auditor (a client or a person that may ask) see a controller on these terms, from now on.

    `kept` is how long logs of reading are kept after the end: older ones are thrown away now. Raises errors.NotFound
    for a controller or register that is not there, errors.Invalid (`in_the_past`, `too_far_ahead`, `bad_period`,
    `unknown_principal`).
    """
    if not store.exists("controller", controller, controller):
        raise NotFound("There is no such controller.")
    for key in terms.registers or ():
        store.newest("register", controller, key)
    if not giving.may_ask(principal):
        raise Invalid("There is no such client or person.", code="unknown_principal", field="/auditor")
    zone, now = zone_at(controller), journal.stamp()
    ends_at = clock.start_of(terms.ends_on + timedelta(days=1), zone)
    if ends_at <= now:
        raise Invalid("That day is over.", code="in_the_past", field="/ends_on")
    if terms.ends_on > clock.day_of(now, zone) + LONGEST:
        raise Invalid("An engagement lasts a year at most.", code="too_far_ahead", field="/ends_on")
    if terms.since and terms.until and terms.until < terms.since:
        raise Invalid("The period ends before it begins.", code="bad_period", field="/until")
    number = ENGAGEMENTS.following()
    keys = None if terms.registers is None else tuple(sorted(set(terms.registers)))
    giving.keep(
        principal,
        Given("auditor", controller, keys),
        by=by,
        since=clock.start_of(terms.since, zone) if terms.since else None,
        until=clock.start_of(terms.until + timedelta(days=1), zone) if terms.until else None,
        scopes=terms.scopes,
        audit=number,
        ends_at=ends_at,
    )
    _forget(clock.later(now, -kept.total_seconds()))
    told = {
        "id": number,
        "version": 1,
        "controller": controller,
        "auditor": {"principal": principal, "email": _mailbox(principal)},
        "registers": None if keys is None else list(keys),
        "since": terms.since.isoformat() if terms.since else None,
        "until": terms.until.isoformat() if terms.until else None,
        "sees": sorted(set(terms.sees)),
        "purpose": terms.purpose,
        "ends_on": terms.ends_on.isoformat(),
        "ends_at": ends_at,
        "opened_by": by,
        "opened_at": now,
        "ended_by": None,
        "ended_at": None,
    }
    return ENGAGEMENTS.append(told, now, by=by, action="opened", payload={"auditor": principal})


@writes
def end_engagement(number: int, *, by: str, expect: int) -> dict[str, Any]:
    """End an engagement now: the auditor's next request is refused.

    Raises errors.NotFound, errors.PreconditionFailed, errors.Gone for one that is over.
    """
    now = journal.stamp()
    if ENGAGEMENTS.one(number).ends_at <= now:
        raise Gone("The engagement is over already.")
    told = ENGAGEMENTS.next(number, expect)
    for role in giving.StoredRole.select().where(
        (giving.StoredRole.audit == number) & giving.StoredRole.taken_at.is_null()
    ):
        giving.away(role, by=by)
    ended = {**told, "ends_at": now, "ended_by": by, "ended_at": now}
    count, made = reading.last(number)
    return ENGAGEMENTS.append(ended, now, by=by, action="ended", payload={"reads": count, "hash": made})


@writes
def forget(kept: timedelta) -> int:
    """Throw away what was read in engagements that ended so long ago; gives of how many."""
    return _forget(clock.later(journal.stamp(), -kept.total_seconds()))


def _forget(before: str) -> int:
    over = Engagement.select(Engagement.id).where(ENGAGEMENTS.stands & (Engagement.ends_at < before))
    rows = Read.select(Read.audit).distinct().where(Read.audit.in_(over)).order_by(Read.audit)
    audits = [audit for (audit,) in rows.tuples()]
    reading.forget(audits)
    return len(audits)


def _mailbox(principal: str) -> str | None:
    kind, _, name = principal.partition("/")
    user = users.find(name) if kind == "user" else None
    return None if user is None else str(user.email)
