"""Registers in a database: acme's newsletter, wrong in several ways, and club of another controller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from registry.catalogue import store
from registry.catalogue.model import Written
from registry.checks.findings.stored import HOLDS, StoredFinding
from registry.connectors.observations.stored import record_observation

BY = "client/test"
START = "2018-01-01T00:00:00.000000Z"
NEWS: dict[str, Any] = {
    "register": "Uutiskirje",
    "systems": ["desk"],
    "legal_bases": ["6(1)(a)"],
    "retention": ["P6M"],
    "rights": ["access", "rectification"],
    "transfers": {
        "items": [{"importer": "Zendesk Inc", "country": "US", "instrument": "privacy_shield_eu_us"}]
    },
}

Declare = Callable[..., Written]


@pytest.fixture
def declare(opened: str) -> Declare:
    """Declares a register of a controller, or changes it: `declare("acme/news", record)`."""

    def declared(name: str, record: dict[str, Any] | None = None, effective_from: str = START) -> Written:
        controller, _, key = name.partition("/")
        if not store.exists("controller", controller, controller):
            for kind, own, body in (
                ("controller", controller, {"name": controller}),
                ("system", "desk", {"name": "Desk"}),
            ):
                store.declare(
                    kind, controller, own, body, by=BY, expect=store.NEW, effective_from=effective_from
                )
        expect = (
            store.newest("register", controller, key).version
            if store.exists("register", controller, key)
            else store.NEW
        )
        return store.declare(
            "register", controller, key, NEWS if record is None else record,
            by=BY, expect=expect, effective_from=effective_from,
        )  # fmt: skip

    return declared


@pytest.fixture
def registers(declare: Declare) -> Declare:
    """acme/news and club/members are declared."""
    declare("acme/news")
    declare("club/members", {"register": "Jäsenet"})
    return declare


@pytest.fixture
def look() -> Callable[..., int]:
    """Records what acme/desk showed: `look("accounts", payload)`; gives the number of the observation."""

    def looked(kind: str, payload: dict[str, Any], **other: Any) -> int:
        said = {
            "taken_at": "2026-01-15T08:00:00Z",
            "source_level": "api",
            "complete": True,
            "by": BY,
            **other,
        }
        return record_observation("acme/desk", kind, payload, **said).id

    return looked


def holding(name: str = "") -> dict[tuple[str, str, str], StoredFinding]:
    """What holds, of one register or of all, by register, code and key."""
    rows = StoredFinding.select().where(StoredFinding.ended_in == HOLDS)
    found = {(f"{row.controller}/{row.register}", row.code, row.key): row for row in rows}
    assert len(found) == len(rows), "one thing is said twice"
    return {place: row for place, row in found.items() if not name or place[0] == name}
