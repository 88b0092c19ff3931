"""Many registers at once, each with its controller and systems: those of a page are read in two statements."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

from registry.catalogue.model import Written
from registry.catalogue.record import Record, assemble
from registry.catalogue.select import select

#: What reads one declaration that the statements did not give: ended, or not in force yet.
Read = Callable[[str, str, str], Written]


@dataclasses.dataclass(frozen=True, slots=True)
class Whole:
    """A version of a register with the versions of its controller and of its systems (by key) that applied then."""

    register: Written
    controller: Written
    systems: Mapping[str, Written]

    def record(self) -> Record:
        """All of it as one record."""
        name = f"{self.register.controller}/{self.register.key}"
        systems = {key: one.body for key, one in self.systems.items()}
        return assemble(name, self.register.body, self.controller.body, systems, stored=True)

    def documents(self) -> Iterator[bytes]:
        """The documents that it is made of, as stored, always in the same order."""
        yield self.register.document
        yield self.controller.document
        for key in sorted(self.systems):
            yield self.systems[key].document


def together(page: Sequence[Written], moment: str, known_at: str | None, read: Read) -> list[Whole]:
    """Versions of registers with the controllers and systems that applied at an instant, as known then.

    `read(kind, controller, key)` gives what did not apply then.
    """
    names = [(one, one.body.get("systems", ())) for one in page]
    controllers = {one.controller for one in page}
    found = applied("controller", controllers, controllers, moment, known_at)
    keys = {key for _, systems in names for key in systems}
    found |= applied("system", controllers, keys, moment, known_at)

    def given(kind: str, controller: str, key: str) -> Written:
        name = (kind, controller, key)
        if name not in found:
            found[name] = read(kind, controller, key)
        return found[name]

    return [
        Whole(
            one,
            given("controller", one.controller, one.controller),
            {key: given("system", one.controller, key) for key in systems},
        )
        for one, systems in names
    ]


def applied(
    kind: str, controllers: set[str], keys: set[str], moment: str, known_at: str | None = None
) -> dict[tuple[str, str, str], Written]:
    """Versions in force at an instant, by kind, controller and key: of these controllers, with these keys."""
    if not keys:
        return {}
    rows = select(kind, controllers=controllers, keys=keys, as_of=moment, known_at=known_at)
    return {(kind, one.controller, one.key): one for one in rows}
