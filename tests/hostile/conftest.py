"""The world to attack, once for a module and an engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry import db
from tests import engines
from tests.hostile.world import World, made


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def world(databases: engines.Engines, request: pytest.FixtureRequest) -> Iterator[World]:
    with databases.fresh(request.param, migrated=True) as url:
        db.open(url)
        yield made(url)
        db.close()
