"""What the checks say as of a day, and what of it was known when (docs/adr/0008): nothing of this is stored."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import peewee

from registry import clock
from registry.catalogue import store
from registry.catalogue.model import Declaration, Written
from registry.catalogue.read import record_at, records, zone_at
from registry.catalogue.record import Record
from registry.checks.findings.stored import Examined
from registry.checks.runs.running import Scope, examined, zone_named
from registry.errors import NotFound


@dataclasses.dataclass(frozen=True, slots=True)
class Knowledge:
    """Of what was recorded when: up to an instant, up to the end of the day that is asked about, or (neither) all."""

    until: str | None = None
    of_the_day: bool = False

    def at(self, end: str) -> str | None:
        """The instant up to which it reaches, for a day that ends at `end`; None for all that there is."""
        return end if self.of_the_day else self.until


NOW = Knowledge()
THEN = Knowledge(of_the_day=True)


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """A register as it stood at the end of a day: its record, the version that it is of, and that moment."""

    record: Record
    written: Written
    end: str
    known_at: str | None


def look(scope: Scope, day: date, known: Knowledge = NOW) -> Iterator[Examined]:
    """What the checks say of the registers of a scope as of a day: its law, and the record and the observations that
    there were at its end in the controller's time zone, as far as they were known. By controller and key.

    Raises NotFound for a register that is not there, or was not (known) yet; Gone for one that had ended.
    """
    for one in standing(scope, day, known):
        yield examined(one.record, one.written, day, one.end, known_at=one.known_at)


def standing(scope: Scope, day: date, known: Knowledge = NOW) -> Iterator[Standing]:
    """The registers of a scope at the end of a day, by controller and key. Raises as `look` does."""
    if scope.register is not None:
        yield _one(*scope.register, day, known)
        return
    zones = ((controller, zone_on(controller, day, known)) for controller in _controllers(scope))
    for zone, pairs in itertools.groupby(zones, key=lambda pair: pair[1]):
        end = end_of(day, zone)
        for some in peewee.chunked(pairs, 200):
            among = {controller for controller, _ in some}
            for record, written in records(among, as_of=end, known_at=known.at(end)):
                yield Standing(record, written, end, known.at(end))


def end_of(day: date, zone: str = clock.HELSINKI) -> str:
    """The last instant of a day in a zone: what was declared or seen in its course counts in."""
    if day == date.max:
        return clock.ENDLESS
    following = datetime.fromisoformat(clock.start_of(day + timedelta(days=1), zone))
    return clock.written(following - timedelta(microseconds=1))


def today(controller: str) -> date:
    """The present day where the controller is. Raises NotFound."""
    return clock.day_of(clock.now(), zone_named(zone_at(controller)))


def _one(controller: str, key: str, day: date, known: Knowledge) -> Standing:
    end = end_of(day, zone_on(controller, day, known))
    try:
        return Standing(*record_at(controller, key, as_of=end, known_at=known.at(end)), end, known.at(end))
    except NotFound:
        raise _absent(controller, key, end, known.at(end)) from None


def _absent(controller: str, key: str, end: str, known_at: str | None) -> NotFound:
    """Why a register was not there: never, not yet, or nobody had written it down yet."""
    versions = store.history("register", controller, key)  # NotFound where there is none at all
    applied = [one for one in versions if one.effective_from <= end]
    if not applied:
        first = min(one.effective_from for one in versions)
        return NotFound(
            f"The register was not there yet: its first version applies from {first}.", applies_from=first
        )
    first = min(one.recorded_at for one in applied)
    return NotFound(
        f"Nothing of it was recorded by {known_at}: its first version was at {first}. Ask with a later known_at.",
        recorded_at=first,
    )


def zone_on(controller: str, day: date, known: Knowledge = NOW) -> str:
    """The time zone of a controller at the end of a day in Helsinki. Raises NotFound."""
    end = end_of(day)
    return zone_named(zone_at(controller, as_of=end, known_at=known.at(end)))


def _controllers(scope: Scope) -> Iterator[str]:
    rows = Declaration.select(Declaration.controller).where(Declaration.kind == "controller")
    if scope.controllers is not None:
        rows = rows.where(Declaration.controller.in_(sorted(scope.controllers)))
    for (controller,) in rows.order_by(Declaration.controller).tuples():
        yield controller
