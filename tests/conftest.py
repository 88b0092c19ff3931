"""What all tests share: fresh databases on both engines, and how hypothesis searches."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from registry import db, outbound
from registry.settings import Settings
from tests import engines

# What is set for a registry of one's own, in the shell that tests are run from, is no matter of theirs.
for _name in [
    name for name in os.environ if name.startswith("REGISTRY_") and not name.startswith("REGISTRY_TEST_")
]:
    del os.environ[_name]

RUN = pytest.StashKey[tuple[str, int]]()  # the directory of the run, and the process that owns it

# Workers and a database server share few cores: how long an example takes says nothing about the code.
PATIENT = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow], "print_blob": True}
hypothesis.settings.register_profile("desk", **PATIENT)  # searches anew each time, remembers what failed
hypothesis.settings.register_profile(
    "ci", **PATIENT, derandomize=True, database=None
)  # the same examples each time
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "desk")


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", None)
    config.stash[RUN] = given["run"] if given else (str(engines.directory()), os.getpid())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["run"] = node.config.stash[RUN]


def pytest_unconfigure(config: pytest.Config) -> None:
    directory, owner = config.stash[RUN]
    if owner == os.getpid():
        engines.stop(Path(directory))


@pytest.fixture(scope="session")
def databases(pytestconfig: pytest.Config) -> Iterator[engines.Engines]:
    """For tests that need several databases: `with databases.fresh("sqlite", migrated=True) as url`."""
    directory, owner = pytestconfig.stash[RUN]
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    kept = pytestconfig.cache.mkdir("locale") if hasattr(pytestconfig, "cache") else directory
    made = engines.Engines(Path(directory), owner, worker, Path(kept))
    yield made
    made.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def engine(request: pytest.FixtureRequest) -> str:
    """Whoever uses this, or a URL, runs once on each engine."""
    return str(request.param)


@pytest.fixture
def database_url(databases: engines.Engines, engine: str) -> Iterator[str]:
    """The URL of an empty database."""
    with databases.fresh(engine, migrated=False) as url:
        yield url


@pytest.fixture
def migrated_url(databases: engines.Engines, engine: str) -> Iterator[str]:
    """The URL of a migrated database without rows of ours."""
    with databases.fresh(engine, migrated=True) as url:
        yield url


@pytest.fixture
def opened(migrated_url: str) -> Iterator[str]:
    """A migrated database that `registry.db` is bound to; its URL."""
    db.open(migrated_url)
    yield migrated_url
    db.close()


@pytest.fixture
def loopback() -> Iterator[None]:
    """This machine may be asked, also without TLS, as where the operator says so."""
    outbound.permit(Settings(outbound_networks="127.0.0.0/8, ::1/128"))
    yield
    outbound.permit(Settings())
