"""The drift of a system: each register that it serves compared, what changed since the look before, what is overdue."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import orjson
import rfc8785

from registry import clock
from registry.catalogue import store
from registry.catalogue.diff import diff, identified
from registry.catalogue.read import record_at, zone_at
from registry.checks.runs.running import case_of, zone_named
from registry.connectors.observations import stored as observations
from registry.connectors.observed.observation import Observation
from registry.drift import beside
from registry.drift.beside import ASPECTS, Beside

#: So many registers of one system are compared, and so many differences of two looks told.
MOST_REGISTERS = 200
MOST_CHANGES = 50


@dataclasses.dataclass(frozen=True, slots=True)
class Compared:
    """One register that the system serves, compared."""

    register: str
    version: int
    aspects: tuple[Beside, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Changed:
    """How the newest look of a kind differs from the look before: at most MOST_CHANGES differences, `more` left out."""

    kind: str
    before: Observation
    after: Observation
    differences: tuple[Mapping[str, Any], ...]
    more: int


@dataclasses.dataclass(frozen=True, slots=True)
class Overdue:
    """A kind of look that some check waits for and nobody made (`taken_at` None), or not for `days` days."""

    kind: str
    taken_at: str | None
    days: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Drift:
    """All of it, as of `now`. `zone` is the controller's; `looked_at` when something was last seen, None for never."""

    system: str
    name: str
    now: str
    zone: str
    looked_at: str | None
    registers: tuple[Compared, ...]
    changed: tuple[Changed, ...]
    overdue: tuple[Overdue, ...]

    def age(self, look: Observation) -> int:
        """How many days ago a look was taken, where the controller is."""
        return _days(look, clock.day_of(self.now, self.zone), self.zone)


def drift(
    controller: str, key: str, *, overdue_days: int, visible: Callable[[str], bool] = lambda _: True
) -> Drift:
    """The drift of a declared system, of the registers that the caller may see (`visible`, by key).

    Raises NotFound for a system that is not declared, Gone for one that has ended.
    """
    now, system = clock.now(), f"{controller}/{key}"
    declared = store.at("system", controller, key)
    zone = zone_named(zone_at(controller))
    today = clock.day_of(now, zone)
    registers = []
    for written in store.select(
        "register", controllers={controller}, exact={"system": key}, limit=MOST_REGISTERS
    ):
        if visible(written.key):
            record, _ = record_at(controller, written.key, as_of=now)
            case = case_of(record, today, now)
            registers.append(Compared(record.key, written.version, beside.compared(case, system)))
    latest = observations.latest([system], as_of=now)
    return Drift(
        system, str(declared.body.get("name", key)), now, zone,
        max((look.taken_at for look in latest if look.kind != "could_not_look"), default=None),
        tuple(registers), tuple(_changed(latest)),
        tuple(
            Overdue(kind, look.taken_at if look else None, _days(look, today, zone) if look else None)
            for kind, look in _waited_for(latest, registers).items()
            if look is None or _days(look, today, zone) > overdue_days
        ),
    )  # fmt: skip


def _changed(latest: Sequence[Observation]) -> Iterator[Changed]:
    for look in _newest(latest).values():
        rows = observations.select(
            system=(look.controller, look.system.partition("/")[2]), kind=look.kind,
            after=(look.taken_at, look.id), limit=1,
        )  # fmt: skip
        for row in rows:
            former = observations.value(bytes(row.document))
            if former.digest != look.digest:
                compare = _logged if look.kind == "changes" else _differences
                if found := list(compare(former.payload, look.payload)):
                    more = max(0, len(found) - MOST_CHANGES)
                    yield Changed(look.kind, former, look, tuple(found[:MOST_CHANGES]), more)


def _newest(latest: Sequence[Observation]) -> dict[str, Observation]:
    """The newest look of each kind; an older one of stronger evidence comes after it."""
    found: dict[str, Observation] = {}
    for look in latest:
        if look.kind != "could_not_look":
            found.setdefault(look.kind, look)
    return found


def _logged(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What a log tells anew. That it begins later, and that old entries have left it, is no change of the system."""
    known = {(one["object"], one["action"], one["latest"]) for one in before["changes"]}
    for index, entry in enumerate(after["changes"]):
        if (entry["object"], entry["action"], entry["latest"]) not in known:
            yield {"field": f"/changes/{index}", "change": "added", "after": entry}
    left = {one["name"]: one for one in before.get("settings", ())}
    for index, entry in enumerate(after.get("settings", ())):
        if entry != (old := left.get(entry["name"])) and "settings" in before:
            told = {"change": "changed", "before": old} if old else {"change": "added"}
            yield {"field": f"/settings/{index}", **told, "after": entry}


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """As registry.catalogue.diff; entries that nothing identifies (accounts that are alike) came and went whole."""
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if isinstance(old, list) and isinstance(new, list) and not (identified(old) and identified(new)):
            gone, come = (Counter(map(rfc8785.dumps, some)) for some in (old, new))
            for change, side, some in (("removed", "before", gone - come), ("added", "after", come - gone)):
                for entry in some.elements():
                    yield {"field": f"/{name}", "change": change, side: orjson.loads(entry)}
        else:
            had, has = ({name: side[name]} if name in side else {} for side in (before, after))
            yield from diff(had, has)


def _waited_for(
    latest: Sequence[Observation], registers: Sequence[Compared]
) -> dict[str, Observation | None]:
    """The kinds of look that a comparison rests on or waits for, each with the newest that was made."""
    seen = _newest(latest)
    every = [one for register in registers for one in register.aspects]
    dark = {one.aspect.name for one in every if one.verdict == "unknown" and not one.evidence}
    return {
        kind: seen.get(kind)
        for aspect in ASPECTS
        for kind in aspect.kinds
        if kind in seen or aspect.name in dark
    }


def _days(look: Observation, today: date, zone: str) -> int:
    return max(0, (today - clock.day_of(look.taken_at, zone)).days)
