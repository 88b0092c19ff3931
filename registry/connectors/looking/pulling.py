"""One pull: a source is asked for all that it sees, and what it does not say is said for it. Touches no database."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from registry import clock, errors
from registry.connectors.book import Bound
from registry.connectors.observed import kinds
from registry.connectors.seen import NotSeen, Reason, Seen, could_not_look
from registry.connectors.way import Way
from registry.outbound import Refused

log = logging.getLogger(__name__)

SHORTEST = 8  # letters of a secret that is looked for in what was seen
NAMING = ("_id", "_dn", "user", "username")  # ends of the names of those that only say who signs in

#: Faults that may be over soon.
PASSING = frozenset({
    "connection_failed", "dns_failed", "dns_timeout", "not_json", "out_of_time", "rate_limited", "source_unavailable",
    "timeout",
})  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Looked:
    """One observation, and when the look at it began."""

    taken_at: str
    seen: Seen

    @property
    def about(self) -> str:
        """The kind that it tells of."""
        return str(self.seen.payload["asked"]) if self.seen.kind == "could_not_look" else self.seen.kind


@dataclasses.dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull came to: one observation of each kind that the source sees, and what went wrong by stable code."""

    began_at: str
    ended_at: str
    looked: tuple[Looked, ...]
    faults: Mapping[str, int]
    announced: int
    asked: int = 0
    items: int = 0
    credential_refused: bool = False

    @property
    def state(self) -> str:
        """`complete`, `incomplete` where something was not seen or not seen whole, `failed` where nothing was.

        What the source can never see at all, or never all of, counts as seen where it saw as much as it can.
        """
        asked = self.looked[
            : self.announced
        ]  # what it said besides, that something cannot be seen, is no failure
        if all(one.seen.kind == "could_not_look" for one in asked):
            return "failed"
        return "complete" if all(one.seen.complete or one.seen.in_part for one in asked) else "incomplete"

    @property
    def unavailable(self) -> bool:
        """Whether more may be seen by asking again soon."""
        return not self.credential_refused and self.state != "complete" and bool(PASSING & self.faults.keys())


def pull(
    known: Bound,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    *,
    seconds: float | None = None,
    begun: Callable[[Way], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Pulled:
    """Everything that a source sees of a system, within `seconds` (default: as the source has it). Raises nothing.

    `begun` is given the way when the pull begins, which tells how far it has come.

    A source that raises what it should not has a defect, which is logged without what it said: that may hold a secret.
    """
    began, credential_refused = clock.now(), False
    sees = known.sees(settings)
    reason: Reason = "other"
    found: dict[str, Looked] = {}
    way: Way | None = None
    extra: Counter[str] = Counter()
    try:
        way = Way(
            allow=known.reach(settings), secrets=secrets, seconds=seconds or known.source.seconds,
            most=known.source.most, sleep=sleep,
        )  # fmt: skip
        begun(way)
        taken_at = clock.now()
        for seen in known.observe(way, settings):
            looked = Looked(taken_at, _fitting(seen, secrets, extra))
            if looked.about in found or (looked.about not in sees and not _unseen(looked)):
                extra["not_announced"] += 1
            else:
                found[looked.about] = looked
            taken_at = clock.now()
    except NotSeen as failed:
        reason, credential_refused = failed.reason, failed.reason == "unauthorised"
        extra[failed.code] += 1
    except Refused as refused:
        reason = "unavailable"
        extra[refused.code] += 1
    except Exception as error:
        extra["source_defect"] += 1
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place is not None else "?"
        log.error("the source %s has a defect: %s at %s", known.kind, type(error).__name__, where)
    looked_at = [found.pop(kind) if kind in found else _not_looked(kind, reason) for kind in sees]
    return Pulled(
        began,
        clock.now(),
        (*looked_at, *found.values()),
        _faults(way, extra),
        len(sees),
        way.asked if way is not None else 0,
        way.items if way is not None else 0,
        # Also by a source that signs in by its own protocol, or at another host than it asks.
        credential_refused
        or (way is not None and way.credential_refused)
        or any(one.seen.payload.get("reason") == "unauthorised" for one in found.values()),
    )


def nothing(sees: tuple[str, ...], reason: Reason, code: str) -> Pulled:
    """A pull that did not come about."""
    now = clock.now()
    return Pulled(
        now, now, tuple(_not_looked(kind, reason) for kind in sees), {code: 1}, len(sees),
        credential_refused=reason == "unauthorised",
    )  # fmt: skip


def _unseen(looked: Looked) -> bool:
    return looked.seen.payload.get("reason") == "not_supported"


def _not_looked(kind: str, reason: Reason) -> Looked:
    return Looked(clock.now(), could_not_look(kind, reason))


def _fitting(seen: Seen, secrets: Mapping[str, str], extra: Counter[str]) -> Seen:
    """What was seen in the form of its kind, also where a source made it by hand; and without our own secrets, which a
    system may show among its settings."""
    try:
        fits = dataclasses.replace(seen, payload=kinds.load(seen.kind, dict(seen.payload)))
    except errors.Problem:
        extra["payload_refused"] += 1
        return could_not_look(seen.kind, "not_understood")
    written = orjson.dumps([fits.payload, fits.reference])
    told = [value for name, value in secrets.items() if len(value) >= SHORTEST and not name.endswith(NAMING)]
    if any(orjson.dumps(value)[1:-1] in written for value in told):
        extra["secret_in_answer"] += 1
        return could_not_look(fits.kind, "other") if fits.kind != "could_not_look" else seen
    return fits


def _faults(way: Way | None, extra: Counter[str]) -> dict[str, int]:
    counted = Counter(extra) + (way.faults if way is not None else Counter())
    return {code: counted[code] for code in sorted(counted)}
