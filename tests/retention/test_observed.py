"""Whatever anybody hands in as observed, and whatever the checks make of it: the answers on retention are the same.

A pushed observation can be false, and an attestation a lie. So none of them is among what an answer rests on.
"""

from __future__ import annotations

from typing import Any

import pytest

from registry.checks.book import book
from registry.checks.runs.running import Scope, run
from registry.connectors.observations.stored import record_observation
from registry.retention.publications import wanting
from registry.retention.publications.served import in_force
from tests.connectors.asking import Caller
from tests.connectors.pushed import PUSHES
from tests.retention.conftest import BY, Keeper
from tests.retention.test_decisions import NOW, P6M, ask, at, caller

__all__ = ["at", "caller"]  # fixtures

LEVELS: tuple[dict[str, Any], ...] = (
    {"source_level": "api"},
    {"source_level": "attestation", "reference": "a paper", "expires_on": "2028-01-01"},
    {"source_level": "vendor_doc", "taken_at": "1999-01-01T00:00:00Z"},
    {"source_level": "api", "complete": False, "taken_at": "2027-03-10T09:04:00Z"},
)
#: Of the system itself: that it deletes sooner, and has nothing any more.
SOONER: list[tuple[str, dict[str, Any]]] = [
    ("deletion_rules", {"rules": [
        {"id": "1", "object": "chat", "active": True, "after": "P1D", "counted_from": "created", "action": "erase",
         "category": "D1"}]}),
    ("oldest_item", {"items": [{"object": "chat", "category": "D1", "count": 0}]}),
    *((push.about, dict(push.right)) for push in PUSHES),
    *((push.kind, dict(push.wrong)) for push in PUSHES),
]  # fmt: skip


def _asked(caller: Caller) -> list[dict[str, Any]]:
    anchors = ("2019-01-01", "2026-08-31", "2026-09-30", "2027-03-01")
    items: list[dict[str, str]] = [
        {"anchor": anchor, "category": category} for anchor in anchors for category in ("D1", "D2")
    ]
    told = ask(caller, *items, system="acme/desk")
    return [{name: value for name, value in one.items() if name != "position"} for one in told]


@pytest.mark.parametrize("level", LEVELS, ids=lambda one: f"{one['source_level']} {one.get('taken_at', '')}")
def test_l8_no_observation_and_no_check_has_anything_deleted_sooner(
    caller: Caller, keeper: Keeper, level: dict[str, Any]
) -> None:
    keeper.put(P6M)
    asked, rules = _asked(caller), in_force(controller="acme")
    assert {one["decision"] for one in asked} >= {"delete_after", "retain"} and rules
    for kind, payload in SOONER:
        told = {"taken_at": NOW, "complete": True, **level}
        record_observation("acme/desk", kind, payload, by=BY, **told)
    run(Scope(register=("acme", "customers")), by=BY)
    assert _asked(caller) == asked and in_force(controller="acme") == rules


def test_the_checks_that_explain_an_answer_rest_on_nothing_observed() -> None:
    for code in wanting.CODES:
        assert not [need for need in book()[code].rule.needs if need.startswith("observation:")], code
