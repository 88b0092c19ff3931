"""A register with one system, and a source that looks at it: observe, record, check, and what then holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from registry import clock
from registry.catalogue import store
from registry.checks.runs.running import Scope, run
from registry.connectors.book import source
from registry.connectors.observations.stored import record_observation
from registry.connectors.seen import Seen
from registry.connectors.way import Way
from registry.outbound import permit
from registry.settings import Settings
from tests.checks.conftest import holding
from tests.connectors.turns import WITHIN

BY = "operator"
NEWS: dict[str, Any] = {"register": "Uutiskirje", "systems": ["desk"], **WITHIN}


@contextmanager
def loopback() -> Iterator[None]:
    """What this deployment's operator would permit for hosts on the machine itself."""
    permit(Settings(outbound_networks="127.0.0.0/8"))
    try:
        yield
    finally:
        permit(Settings())


@dataclasses.dataclass
class Look:
    """What a source sees, and what the checks make of it. Slept-through waits are counted, not waited for."""

    kind: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str]
    limits: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    slept: list[float] = dataclasses.field(default_factory=list)
    way: Any = None

    def look(self, **secrets: str) -> dict[str, Seen]:
        """One run of the source, unrecorded: by kind, what could not be seen by the kind that was asked."""
        known = source(self.kind)
        settings = known.settings(self.settings)
        self.way = Way(
            allow=known.reach(settings),
            secrets={**self.secrets, **secrets},
            sleep=self.slept.append,
            **self.limits,
        )
        found = {}
        for seen in known.observe(self.way, settings):
            about = str(seen.payload["asked"]) if seen.kind == "could_not_look" else seen.kind
            assert about in known.sees(settings) and about not in found
            found[about] = seen
        assert set(found) == set(known.sees(settings)), "each run gives one of each"
        return found

    def record(self, system: str = "acme/desk") -> dict[str, Seen]:
        """One run, recorded."""
        found = self.look()
        for seen in found.values():
            record_observation(
                system, seen.kind, seen.payload, by=BY, taken_at=clock.now(), source_level=seen.source_level,
                complete=seen.complete, raw_sha256=seen.raw_sha256, reference=seen.reference, collector=self.kind,
            )  # fmt: skip
        return found

    def checked(self) -> dict[tuple[str, str], str]:
        """One run, recorded and checked: what holds of the register, by code and key."""
        self.record()
        run(Scope(register=("acme", "news")), by=BY)
        return {key[1:]: row.kind for key, row in holding("acme/news").items()}


def declare(record: Mapping[str, Any] = NEWS, **system: Any) -> None:
    """acme/news with its one system acme/desk."""
    for kind, key, body in (
        ("controller", "acme", {"name": "Acme", "website": "https://www.acme.example"}),
        ("system", "desk", {"name": "Desk", **system}),
        ("register", "news", dict(record)),
    ):
        store.declare(kind, "acme", key, body, by=BY, expect=store.NEW, effective_from="2018-01-01T00:00:00Z")
