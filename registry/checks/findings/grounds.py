"""What a register was last checked by: its documents, what its systems showed, the law, the rules, and the day.

Rules are functions of what they see. So where nothing of it has changed they would say the same again; and on another
day only those can say something else that looked at the day.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import peewee

import registry
from registry.catalogue.together import Whole
from registry.connectors.observed.observation import Observation
from registry.db import Stored, Text
from registry.law import law
from registry.settings import applied

#: The rooms that decide what is said: their sources and tables, and those of what they are given.
_ROOMS = ("checks", "telling", "law", "catalogue", "connectors", "strict")
_KINDS = (".py", ".yml", ".yaml")


class Basis(Stored):
    """What each register was last checked by. It only spares work: without a row a register is checked anew."""

    controller = Text()
    register = Text()
    day = Text()
    inputs = Text()
    dated = Text()

    class Meta:
        table_name = "checks_basis"
        primary_key = peewee.CompositeKey("controller", "register")


@dataclasses.dataclass(frozen=True, slots=True)
class Ground:
    """The digest of all that rules were given but the day, the day, and the codes of those that looked at the day."""

    inputs: str
    day: date
    dated: frozenset[str]


def inputs(whole: Whole, seen: Iterable[Observation]) -> str:
    """SHA-256 over all that the rules are given of a register, but the day; hexadecimal."""
    days = applied().look_days
    digest = hashlib.sha256(f"{program()}\0{law().digest}\0{days}\0{whole.register.version}".encode())
    for document in whole.documents():
        digest.update(hashlib.sha256(document).digest())
    digest.update(",".join(str(one.id) for one in seen).encode())
    return digest.hexdigest()


@functools.cache
def program() -> str:
    """SHA-256 over the sources of the rules and of what they stand on, hexadecimal."""
    root, digest = Path(registry.__file__).parent, hashlib.sha256()
    for room in _ROOMS:
        for file in sorted((root / room).rglob("*")):
            if file.suffix in _KINDS:
                digest.update(f"{file.relative_to(root)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def noted(registers: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Ground]:
    """What these registers (controller, key) were last checked by, as far as it is known."""
    wanted: dict[str, list[str]] = {}
    for controller, key in registers:
        wanted.setdefault(controller, []).append(key)
    found = {}
    for controller, keys in wanted.items():
        for batch in peewee.chunked(keys, 500):
            rows = Basis.select().where((Basis.controller == controller) & Basis.register.in_(list(batch)))
            for row in rows:
                ground = Ground(row.inputs, date.fromisoformat(row.day), frozenset(row.dated.split()))
                found[controller, row.register] = ground
    return found


def note(controller: str, grounds: Mapping[str, Ground | None], gone: Iterable[str]) -> None:
    """Keep what registers of a controller were checked by (None: unknown), and drop it of those that are `gone`."""
    for batch in peewee.chunked([*grounds, *gone], 500):
        Basis.delete().where((Basis.controller == controller) & Basis.register.in_(list(batch))).execute()
    rows = [
        {
            "controller": controller,
            "register": key,
            "day": ground.day.isoformat(),
            "inputs": ground.inputs,
            "dated": " ".join(sorted(ground.dated)),
        }
        for key, ground in grounds.items()
        if ground is not None
    ]
    for batch in peewee.chunked(rows, 500):
        Basis.insert_many(batch).execute()
