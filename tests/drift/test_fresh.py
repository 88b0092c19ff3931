"""How long a look is fresh is one setting: for what is overdue, and for what counts against newer, weaker evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from registry import clock
from registry.app import create_app
from registry.catalogue import store
from registry.cli import main
from registry.connectors.observations.stored import record_observation
from registry.settings import Settings, applied, apply
from tests.connectors.asking import Caller

BY = "client/test"
DAY = 86_400.0


@pytest.fixture
def looked(opened: str) -> Iterator[str]:
    """A system that ten days ago was seen to be in the United States, and for which somebody vouched since."""
    for what, key, body in (
        ("controller", "acme", {"name": "Acme"}),
        ("system", "desk", {"name": "Desk"}),
        ("register", "news", {"register": "Uutiset", "systems": ["desk"], "storage_locations": [{"area": "EU"}]}),
    ):  # fmt: skip
        store.declare(what, "acme", key, body, by=BY, expect=store.NEW)
    ago = {days: clock.later(clock.now(), -days * DAY) for days in (1, 10)}
    record_observation(
        "acme/desk", "region", {"country": "US"}, by=BY, taken_at=ago[10], source_level="api", complete=True
    )
    record_observation(
        "acme/desk", "region", {"country": "FI"}, by=BY, taken_at=ago[1], source_level="attestation", complete=True,
        reference="Letter 3/2026", expires_on=clock.later(clock.now(), 300 * DAY)[:10],
    )  # fmt: skip
    record_observation(
        "acme/desk", "roles", {"roles": []}, by=BY, taken_at=ago[10], source_level="api", complete=True
    )
    yield opened
    apply(Settings())


@pytest.mark.parametrize(
    ("days", "verdict", "overdue"), [(None, "differs", False), (12, "differs", False), (5, "agrees", True)]
)
def test_one_setting_says_how_long_a_look_is_fresh(
    looked: str, monkeypatch: pytest.MonkeyPatch, days: int | None, verdict: str, overdue: bool
) -> None:
    made = Settings(database=looked) if days is None else Settings(database=looked, look_days=days)
    monkeypatch.setenv("REGISTRY_DATABASE", looked)
    if days is not None:
        monkeypatch.setenv("REGISTRY_LOOK_DAYS", str(days))
    by_command = json.loads(CliRunner().invoke(main, ["drift", "acme/desk", "--json"]).stdout)
    assert applied().look_days == made.look_days
    apply(Settings())
    caller = Caller(create_app(made), "systems:read", "observations:read", "findings:read", of=("acme",))
    by_api = caller.get("/v1/systems/acme/desk/drift").json or {}
    for told in (by_command, by_api):
        (region,) = (one for one in told["registers"][0]["aspects"] if one["aspect"] == "region")
        assert region["verdict"] == verdict
        assert ("roles" in {one["kind"] for one in told["overdue"]}) is overdue
        assert told["overdue_after_days"] == (days or 30)
