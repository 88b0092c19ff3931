"""Every fact read from the five published notices has a home in the registers, in the field that is meant for it."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.catalogue import load
from registry.catalogue.record import (
    ControllerSchema,
    Localised,
    Record,
    RecordSchema,
    SystemSchema,
    assemble,
)
from registry.catalogue.record.pointers import allowed, pointer

FACTS = yaml.safe_load((Path(__file__).parent / "seed_facts.yaml").read_text(encoding="utf-8"))
FILES = sorted((Path(__file__).parents[2] / "fixtures" / "registers").glob("*.yaml"))
Path_ = tuple[str | int, ...]


@pytest.fixture(scope="module")
def records() -> dict[str, Record]:
    items = load.read(FILES)
    bodies = {
        kind: {(i.controller, i.key): i.body for i in items if i.kind == kind}
        for kind in load.SECTIONS.values()
    }
    return {
        f"{controller}/{key}": assemble(
            f"{controller}/{key}", body, bodies["controller"][controller, controller],
            {k: b for (c, k), b in bodies["system"].items() if c == controller},
        )
        for (controller, key), body in bodies["register"].items()
    }  # fmt: skip


def leaves(node: Any, at: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    if isinstance(node, dict) and node:
        for name, below in node.items():
            yield from leaves(below, (*at, name))
    elif isinstance(node, list) and node and any(isinstance(item, dict) for item in node):
        for index, below in enumerate(node):
            yield from leaves(below, (*at, index))
    else:
        yield at, node


def plain(value: Any) -> Any:
    if isinstance(value, Localised):
        return value.any()
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value


def home(path: Path_) -> bool:
    """Whether the definitions have a field at `path`."""
    steps = [str(step) for step in path]
    if steps[0] == "controller":
        return allowed(ControllerSchema, steps[1:])
    if steps[0] == "systems":
        return allowed(SystemSchema, ["kind" if step == "type" else step for step in steps[2:]])
    return allowed(RecordSchema, steps)


def fault(record: Record, path: Path_, fact: Any, whole: dict[str, Any]) -> str | None:
    """What is wrong with the home of one fact, or None."""
    *above, last = path
    at = pointer(*above)
    if path[0] == "rights" and last in ("right", "status"):
        entry = whole["rights"][path[1]]
        return None if record.right(entry["right"]) == entry["status"] else f"right {entry['right']}"
    if path[0] == "rights":
        names = [right.right for right in record.rights]
        above[1] = names.index(whole["rights"][path[1]]["right"])
        at = pointer(*above)
    if last in ("line", "quote", "inferred", "why") and path[:2] != ("document", "sections"):
        said = record.provenance.get({"/register": "/register/name"}.get(at, at))
        if said is None:
            return "no provenance"
        kept = said.note if last == "why" else getattr(said, last)
        if last == "quote":
            return None if fact in (kept or "") else f"quote {kept!r}"
        return None if plain(kept) == fact else f"{last} {kept!r}"
    if isinstance(last, str) and last.endswith("_inferred"):
        said = record.provenance.get(pointer(*above, last.removesuffix("_inferred")))
        return None if said and said.inferred is fact else "not marked as inferred"
    if last == "value" and above[0] != "response_time":
        return _compare(record, above, fact)
    return _compare(record, [*above, last], fact)


def _compare(record: Record, path: list[Any], fact: Any) -> str | None:
    if fact is None or fact == [] or fact == {}:
        if not home(tuple(path)):
            return "no field"
        kept = record.at(pointer(*path))
        return None if not kept else f"{kept!r}"
    if path[-1] == "status" and len(path) == 2 and path[0] != "register":
        kept = record.status(pointer(path[0]))
        return None if kept == fact else f"status {kept}"
    if path[0] == "systems":
        path = ["kind" if step == "type" else step for step in path]
    if (
        path[0] == "retention"
        and path[-1] == "applies_to"
        and fact not in ("all", "not_stated")
        and isinstance(fact, str)
    ):
        path[-1] = "applies_to_text"
    kept = plain(record.at(pointer(*path)))
    if fact == "same number as controller.phone":
        digits = [re.sub(r"\D", "", number) for number in (kept, record.controller.phone)]
        return None if digits[0] == digits[1] else f"{kept!r}"
    if isinstance(fact, datetime.date):
        fact = fact.isoformat()
    return None if kept == fact else f"{kept!r}"


@pytest.mark.parametrize("key", sorted(FACTS))
def test_every_fact_has_a_home(records: dict[str, Record], key: str) -> None:
    walked = list(leaves(FACTS[key]))
    assert len(walked) > 100
    lost = {
        pointer(*path): (fact, wrong)
        for path, fact in walked
        if (wrong := fault(records[key], path, fact, FACTS[key])) is not None
    }
    assert lost == {}


def test_no_fact_hides_in_a_field_for_notes(records: dict[str, Record]) -> None:
    """The only free notes are those of provenance, and they explain; they hold no statement."""
    for record in records.values():
        notes = [name for name, said in record.provenance.items() if said.note is not None]
        assert len(notes) <= 1
