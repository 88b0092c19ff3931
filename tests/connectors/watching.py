"""One system, looked at by a source, with a register that it serves: observe, record, check, and what is found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from registry import clock
from registry.catalogue import store
from registry.checks.findings.stored import HOLDS, StoredFinding
from registry.checks.runs.running import Scope, run
from registry.connectors.book import source
from registry.connectors.observations.stored import record_observation
from registry.connectors.seen import Seen
from registry.connectors.way import Way

BY = "client/test"
SYSTEM = "acme/desk"


class Watch:
    """acme/desk is declared, and acme/clients, a register that it serves, with a record."""

    def __init__(
        self,
        kind: str,
        settings: Mapping[str, Any],
        secrets: Mapping[str, str],
        record: Mapping[str, Any],
        system: Mapping[str, Any] | None = None,
    ) -> None:
        self.kind, self.given, self.secrets = kind, settings, secrets
        self.way: Way | None = None
        controller = {"name": "Acme", "website": "https://www.acme.example"}
        for what, key, body in (
            ("controller", "acme", controller),
            ("system", "desk", {"name": "Desk", **(system or {})}),
            ("register", "clients", {"register": "Clients", "systems": ["desk"], **record}),
        ):
            store.declare(what, "acme", key, body, by=BY, expect=store.NEW)

    def look(self) -> list[Seen]:
        """Look once, store what was seen, and check the register."""
        seen = self.observe()
        for one in seen:
            record_observation(
                SYSTEM,
                one.kind,
                one.payload,
                by=BY,
                taken_at=clock.now(),
                source_level=one.source_level,
                complete=one.complete,
                raw_sha256=one.raw_sha256,
            )
        run(Scope(register=("acme", "clients")), by=BY)
        return seen

    def observe(self, **limits: Any) -> list[Seen]:
        """What the source sees, without storing it."""
        known = source(self.kind)
        settings = known.settings(self.given)
        self.way = Way(allow=known.reach(settings), secrets=self.secrets, sleep=lambda _: None, **limits)
        return list(known.observe(self.way, settings))

    def found(self, code: str) -> dict[str, str]:
        """What a check says now, by key."""
        return {row.key: row.kind for row in _rows(code)}

    def because(self, code: str, key: str) -> int | None:
        """The number of the observation that a finding rests on."""
        return self.grounds(code)[key]

    def grounds(self, code: str) -> dict[str, int | None]:
        """The numbers of the observations that what a check says rests on, by key."""
        return {row.key: orjson.loads(bytes(row.document))["observation"] for row in _rows(code)}


def _rows(code: str) -> list[StoredFinding]:
    return list(
        StoredFinding.select().where((StoredFinding.ended_in == HOLDS) & (StoredFinding.code == code))
    )
