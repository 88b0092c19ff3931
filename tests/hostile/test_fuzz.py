"""The contract against the application: every answer is one that the contract describes, and none is 5xx."""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from registry.changes import routes
from tests.hostile.world import World

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: Of each operation, with what fits the contract and with what does not.
EXAMPLES = 3
KNOWN: dict[str, list[Any]] = {
    "controller": ["acme", "other"],
    "key": ["news", "desk", "spare", "old", "draft"],
    "number": [1, 2],
    "version": [1, 2],
}
TAGS = ['"v1"', '"v2"', '"v3"', '"v0"', "*", 'W/"v1"', ""]


class Hurried:
    """Time that has passed as soon as somebody sleeps."""

    slept = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def test_any_request_is_answered_by_the_contract(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        routes, "time", Hurried()
    )  # else a caller who would wait for changes waits half a minute
    chance = random.Random(2026)  # the same each time, so that a failure comes again
    contract: Any = world.app.test_client().get("/openapi.json").json
    schema: Any = schemathesis.openapi.from_dict(contract)
    schema.app = world.app
    operations = [found.ok() for found in schema.get_all_operations()]
    token = world.caller("acme", "other", seconds=3600).token
    asked: Counter[str] = Counter()

    def ask(case: Any) -> None:
        path = case.path_parameters or {}
        for name in path:
            if name in KNOWN and chance.random() < 0.7:
                path[name] = chance.choice(KNOWN[name])
        headers = {**dict(case.headers or {}), "Authorization": f"Bearer {token}"}
        if "If-Match" in headers and chance.random() < 0.7:
            headers["If-Match"] = chance.choice(TAGS)
        case.headers = headers
        asked[case.operation.label] += 1
        case.call_and_validate(headers=headers, checks=CHECKS)

    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        for number, operation in enumerate(operations):
            _round(operation, mode, number, ask)
    assert len(asked) > len(operations) * 0.8, "most operations were asked"


def _round(operation: Any, mode: Any, number: int, ask: Any) -> None:
    @hypothesis.seed(number)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def once(case: Any) -> None:
        ask(case)

    # Nothing can be wrong about a request that takes no parameters.
    with contextlib.suppress(hypothesis.errors.Unsatisfiable):
        once()
