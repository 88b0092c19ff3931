"""What a legal hold holds: the data that may not be deleted whatever a rule says. Its targets, and what they touch."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import orjson


@dataclasses.dataclass(frozen=True, slots=True)
class Hold:
    """The targets of a standing hold of one controller; whatever any of them touches is held.

    Keys of registers and systems, (register, category) pairs, kinds of data (terms of DPV), and whether it is also by
    references to people, which are kept as keyed hashes elsewhere.
    """

    id: int
    version: int
    registers: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()
    categories: frozenset[tuple[str, str]] = frozenset()
    data_categories: frozenset[str] = frozenset()
    by_reference: bool = False

    @property
    def named(self) -> frozenset[str]:
        """The registers that it names, whole or in part."""
        return self.registers | {register for register, _ in self.categories}


def targets(hold: Hold) -> str:
    """The targets as stored: one line of JSON."""
    told = {
        "id": hold.id,
        "version": hold.version,
        "registers": sorted(hold.registers),
        "systems": sorted(hold.systems),
        "categories": sorted(map(list, hold.categories)),
        "data_categories": sorted(hold.data_categories),
        "by_reference": hold.by_reference,
    }
    return orjson.dumps(told).decode()


def read(lines: str | None) -> list[Hold]:
    """The holds of stored targets, one a line, by number."""
    told = [orjson.loads(line) for line in (lines or "").split("\n") if line]
    return sorted((_hold(one) for one in told), key=lambda one: one.id)


def _hold(told: Mapping[str, Any]) -> Hold:
    return Hold(
        told["id"],
        told["version"],
        frozenset(told["registers"]),
        frozenset(told["systems"]),
        frozenset((register, category) for register, category in told["categories"]),
        frozenset(told["data_categories"]),
        told["by_reference"],
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """The data that is asked about: of which system and register (None: any), of which category or kind (None: any).

    `rows` are (register, category, kind of data or None) of what is published about it; `reach` the pairs (register,
    system) that any version of a register under hold ever named; `known` the categories of each register that are
    published of the systems, asked about or not.
    """

    system: str | None
    register: str | None
    category: str | None
    data_category: str | None
    rows: frozenset[tuple[str, str, str | None]] = frozenset()
    systems: frozenset[str] = frozenset()
    reach: frozenset[tuple[str, str]] = frozenset()
    known: Mapping[str, Collection[str]] = dataclasses.field(default_factory=dict)


def touching(holds: Iterable[Hold], asked: Asked) -> list[int]:
    """The numbers of the holds that hold it, or may: what cannot be told apart counts as held. References aside."""
    return [hold.id for hold in holds if _touches(hold, asked)]


def _touches(hold: Hold, asked: Asked) -> bool:
    if hold.systems & ({asked.system} if asked.system else asked.systems):
        return True
    if any(_may_be_of(register, asked) for register in hold.registers):
        return True
    if any(
        _may_be_of(register, asked) and _may_be_in(register, category, asked)
        for register, category in hold.categories
    ):
        return True
    if any(_may_be_called(register, category, asked) for register, category in hold.categories):
        return True
    return bool(hold.data_categories) and _may_be_any(hold.data_categories, asked)


def _may_be_of(register: str, asked: Asked) -> bool:
    if asked.register is not None:
        return asked.register == register
    if any(row[0] == register for row in asked.rows):
        return True
    return asked.system is not None and (register, asked.system) in asked.reach


def _may_be_in(register: str, category: str, asked: Asked) -> bool:
    if asked.category is not None and asked.category != category:
        return False
    if asked.data_category is None:
        return True
    kinds = {kind for of, id_, kind in asked.rows if (of, id_) == (register, category)}
    return not kinds or None in kinds or asked.data_category in kinds


def _may_be_called(register: str, category: str, asked: Asked) -> bool:
    """Whether what is asked about may be the held category renamed: its register has none of that name now."""
    if category in asked.known.get(register, (category,)):
        return False
    return asked.register == register or any(row[0] == register for row in asked.rows)


def _may_be_any(kinds: frozenset[str], asked: Asked) -> bool:
    if asked.data_category is not None:
        at = {(of, category) for of, category, kind in asked.rows if kind == asked.data_category}
        return asked.data_category in kinds or any(
            kind in kinds and (of, category) in at for of, category, kind in asked.rows
        )
    found = {kind for _, category, kind in asked.rows if asked.category in (None, category)}
    # A category of which no kind is published may be of any.
    return not found or None in found or bool(found & kinds)
