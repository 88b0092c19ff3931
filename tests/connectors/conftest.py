"""Two controllers with a system each, and a look at one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from registry.catalogue import store
from registry.connectors.observations.stored import record_observation
from registry.connectors.observed.observation import Observation

BY = "client/test"
ACCOUNTS: dict[str, Any] = {"accounts": [{"role": "agent", "domain": "acme.example", "active": True}]}


@pytest.fixture
def systems(opened: str) -> str:
    """acme/desk and other/desk are declared; the URL of the database."""
    for controller in ("acme", "other"):
        store.declare("controller", controller, controller, {"name": controller}, by=BY, expect=store.NEW)
        store.declare(
            "system", controller, "desk", {"name": "Desk", "kind": "helpdesk"}, by=BY, expect=store.NEW
        )
    return opened


@pytest.fixture
def look(systems: str) -> Callable[..., Observation]:
    """Records what acme/desk showed, unless something else is said."""

    def looked(
        kind: str = "accounts", payload: Any = None, system: str = "acme/desk", **other: Any
    ) -> Observation:
        told: dict[str, Any] = {
            "taken_at": "2026-01-15T08:00:00Z",
            "source_level": "api",
            "complete": True,
            "by": BY,
            **other,
        }
        return record_observation(system, kind, ACCOUNTS if payload is None else payload, **told)

    return looked
