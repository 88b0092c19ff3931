"""Kinds of holder, as data: what role each has, and what a door should say to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.auth.roles.duties import CHOSEN, DUTIES, EVERY, Given
from tests.hostile.world import GOES_ON, PAST, TO_COME


@dataclass(frozen=True)
class Kind:
    """A holder with one role in acme (None: none any more), limited to some registers or systems.

    `columns` are those of an engagement. `over`: it, or the role, has ended a moment ago. `beside` are other roles that
    the holder has, in acme or elsewhere.
    """

    role: str
    registers: tuple[str, ...] | None = None
    systems: tuple[str, ...] | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    over: bool = False
    beside: tuple[Given, ...] = ()

    @property
    def here(self) -> list[Kind]:
        """Its roles in acme that stand, each as if it were alone."""
        others = [
            Kind(one.role, one.registers, one.systems)
            for one in self.beside
            if one.controller in ("acme", EVERY)
        ]
        return others if self.over else [self, *others]

    @property
    def elsewhere(self) -> bool:
        """Whether it owns another controller: then it is let in at every door."""
        return Given("owner", "other") in self.beside

    @property
    def gives(self) -> frozenset[str]:
        """The scopes that it has in acme."""
        if self.over:
            return frozenset()
        most = DUTIES[self.role].scopes
        return most & frozenset(str(self.columns.get("scopes", " ".join(most))).split())

    @property
    def limits(self) -> frozenset[str]:
        """In which ways it sees less than all, as doors say it."""
        found = {"registers"} if self.registers is not None else set()
        if self.systems is not None:
            found.add("systems")
        if self.role == "auditor":
            found.add("history")
        return frozenset(found)


EVERYTHING = " ".join(sorted(DUTIES["auditor"].scopes))

ELSEWHERE = (Given("owner", "other"),)

KINDS: dict[str, Kind] = {
    "dpo": Kind("dpo"),
    "reader": Kind("reader"),
    "editor": Kind("editor"),
    "editor of the register": Kind("editor", registers=("curt", "news")),
    "editor of another register": Kind("editor", registers=("elsewhere",)),
    "reader of the register": Kind("reader", registers=("news",)),
    "auditor": Kind("auditor", columns={"scopes": EVERYTHING, "audit": GOES_ON}),
    "auditor of the register": Kind(
        "auditor", registers=("news",), columns={"scopes": EVERYTHING, "audit": GOES_ON}
    ),
    "auditor of another register": Kind(
        "auditor", registers=("elsewhere",), columns={"scopes": EVERYTHING, "audit": GOES_ON}
    ),
    "auditor of what is declared": Kind(
        "auditor", columns={"scopes": " ".join(DUTIES["auditor"].scopes - set(CHOSEN)), "audit": GOES_ON}
    ),
    "auditor of another period": Kind(
        "auditor", columns={"scopes": EVERYTHING, "audit": GOES_ON, "since": PAST[0], "until": PAST[1]}
    ),
    "auditor whose engagement has ended": Kind(
        "auditor", columns={"scopes": EVERYTHING, "audit": GOES_ON, "ends_at": PAST[1]}, over=True
    ),
    "auditor whose engagement goes on": Kind(
        "auditor", columns={"scopes": EVERYTHING, "audit": GOES_ON, "ends_at": TO_COME}
    ),
    "system": Kind("system", systems=("desk",)),
    "another system": Kind("system", systems=("elsewhere",)),
    "owner no more": Kind("owner", over=True),
    # With two roles: what is not enough in acme may be enough at that door in another controller.
    "editor of a register who reads all": Kind(
        "editor", registers=("curt",), beside=(Given("reader", "acme"),)
    ),
    "reader here, owner elsewhere": Kind("reader", beside=ELSEWHERE),
    "reader of a register here, owner elsewhere": Kind(
        "reader", registers=("old", "brief"), beside=ELSEWHERE
    ),
    "auditor here, owner elsewhere": Kind(
        "auditor", columns={"scopes": EVERYTHING, "audit": GOES_ON}, beside=ELSEWHERE
    ),
    "auditor here no more, owner elsewhere": Kind(
        "auditor",
        columns={"scopes": EVERYTHING, "audit": GOES_ON, "ends_at": PAST[1]},
        over=True,
        beside=ELSEWHERE,
    ),
    "system here, owner elsewhere": Kind("system", systems=("desk",), beside=ELSEWHERE),
    "owner here no more, elsewhere still": Kind("owner", over=True, beside=ELSEWHERE),
    "reader everywhere, owner elsewhere": Kind(
        "owner", over=True, beside=(Given("reader", EVERY), *ELSEWHERE)
    ),
}
