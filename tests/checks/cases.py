"""Cases as data: the files of fixtures/checks, and the registers of fixtures/registers, as what a rule sees."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from registry import clock
from registry.catalogue.load import read
from registry.catalogue.record import Record, assemble
from registry.checks.rule import Case
from registry.connectors.observed import kinds
from registry.connectors.observed.observation import Observation
from registry.law import Law, law

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 22)
CONTROLLER = {"name": "Esimerkki ry"}
REGISTER = {"name": "Uutiskirje"}


def files() -> list[Path]:
    """The files of cases, one a check."""
    return sorted((ROOT / "fixtures" / "checks").glob("*.yml"))


def cases(path: Path) -> list[dict[str, Any]]:
    """The cases of one check."""
    return list(yaml.safe_load(path.read_text("utf-8")))


def case(written: Mapping[str, Any]) -> Case:
    """What the rule sees of a case as written."""
    systems = written.get("systems", {})
    record = {"register": REGISTER, "systems": list(systems), **written.get("record", {})}
    controller = {**CONTROLLER, **written.get("controller", {})}
    observations = tuple(
        observation(number, seen) for number, seen in enumerate(written.get("observations", ()), 1)
    )
    day = clock.day(written["as_of"]) if "as_of" in written else TODAY
    return Case(
        assemble("esimerkki/uutiskirje", record, controller, systems),
        amended(written.get("law", {})),
        day,
        observations,
    )


def amended(changes: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Law:
    """The law table with fields of entries changed: ``{vendors: {zendesk: {country: FI}}}``."""
    parts = {
        part: {
            **getattr(law(), part),
            **{key: dataclasses.replace(getattr(law(), part)[key], **new) for key, new in entries.items()},
        }
        for part, entries in changes.items()
    }
    return dataclasses.replace(law(), **parts) if parts else law()


def observation(number: int, written: Mapping[str, Any]) -> Observation:
    """An observation as written, its payload checked as one that is pushed is."""
    taken_at = clock.timestamp(written.get("taken_at", "2026-11-22T08:00:00Z"))
    return Observation(
        id=number,
        system=f"esimerkki/{written['system']}",
        kind=written["kind"],
        taken_at=taken_at,
        recorded_at=taken_at,
        source_level=written.get("level", "api"),
        collector="cases",
        complete=written.get("complete", True),
        invented=True,
        payload=kinds.load(written["kind"], written["payload"]),
        expires_on=written.get("expires_on"),
    )


def registers() -> Iterator[Record]:
    """The registers of the fixtures, with their controllers and systems."""
    items = read(sorted((ROOT / "fixtures" / "registers").glob("*.yaml")))
    bodies = {(item.kind, item.controller, item.key): item.body for item in items}
    for (kind, controller, key), body in bodies.items():
        if kind == "register":
            named = {name: bodies["system", controller, name] for name in body.get("systems", ())}
            yield assemble(f"{controller}/{key}", body, bodies["controller", controller, controller], named)
