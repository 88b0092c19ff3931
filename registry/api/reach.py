"""How far somebody sees within a controller who does not see all of it: some registers, some systems, a period."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: What a door may say that it narrows its answers to: a holder who is limited in another way is not let in.
REGISTERS, SYSTEMS, HISTORY = "registers", "systems", "history"


@dataclass(frozen=True, slots=True)
class Reach:
    """Keys of registers and of systems (None: all), the period that may be asked about (instants, half-open; None:
    without a bound), and whether only what was published is seen."""

    registers: frozenset[str] | None = None
    systems: frozenset[str] | None = None
    since: str | None = None
    until: str | None = None
    published: bool = False

    @property
    def limits(self) -> frozenset[str]:
        """In which ways it is narrower than all."""
        found = set()
        if self.registers is not None:
            found.add(REGISTERS)
        if self.systems is not None:
            found.add(SYSTEMS)
        if self.since is not None or self.until is not None or self.published:
            found.add(HISTORY)
        return frozenset(found)

    def register(self, key: str) -> bool:
        """Whether it reaches a register."""
        return self.registers is None or key in self.registers

    def covers(self, moment: str) -> bool:
        """Whether an instant lies in its period."""
        return (self.since is None or self.since <= moment) and (self.until is None or moment < self.until)

    def meets(self, other: Reach) -> Reach | None:
        """What both reach; None for nothing."""
        both = Reach(
            _both(self.registers, other.registers),
            _both(self.systems, other.systems),
            max(filter(None, (self.since, other.since)), default=None),
            min(filter(None, (self.until, other.until)), default=None),
            self.published or other.published,
        )
        nothing = both.registers == frozenset() or both.systems == frozenset()
        over = both.since is not None and both.until is not None and both.since >= both.until
        return None if nothing or over else both


#: All of a controller.
ALL = Reach()


def crossed(some: Iterable[tuple[Reach, ...]]) -> tuple[Reach, ...]:
    """What lies within one reach of each group at least: () for nothing, ALL alone where nothing limits."""
    found: tuple[Reach, ...] = (ALL,)
    for group in some:
        met = (one.meets(other) for one in found for other in group)
        found = tuple(dict.fromkeys(one for one in met if one is not None))
    return (ALL,) if ALL in found else found


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return one if other is None else other
    return one & other
