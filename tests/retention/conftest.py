"""Two controllers, and registers of theirs that come and go."""

from __future__ import annotations

from typing import Any

import pytest

from registry import clock
from registry.catalogue import read, store
from registry.catalogue.model import Written
from registry.retention.publications.served import publish_rules, withdraw_rules
from registry.retention.rules.rule import Rule

BY = "client/test"
#: What somebody with the database in their hands may do to the end of the journal.
BROKEN = [
    "DELETE FROM journal_entry WHERE seq = (SELECT size FROM journal_head)",
    "UPDATE journal_head SET size = size - 1",
    "UPDATE journal_head SET leaf = root",
    "DELETE FROM journal_head",
    "UPDATE journal_entry SET leaf = salt WHERE seq = (SELECT size FROM journal_head)",
    "UPDATE journal_entry SET entry = salt WHERE seq = (SELECT size FROM journal_head)",
]


def record(*retention: dict[str, Any], **other: Any) -> dict[str, Any]:
    """A record with two data categories and these retention statements; by default six months for the first."""
    return {
        "register": {"name": "Asiakkaat", "status": "active"},
        "document": {"language": "en"},
        "data_categories": [
            {"id": "D1", "text": "Conversations", "pd": "pd:Communication"},
            {"id": "D2", "text": "Addresses", "pd": "pd:EmailAddress"},
        ],
        "retention": list(retention)
        or [{"applies_to": ["D1"], "duration": "P6M", "action": "erase", "mode": "automatic"}],
        "systems": ["desk"],
        **other,
    }


class Keeper:
    """Whoever declares, publishes, withdraws and ends the registers of a controller."""

    def __init__(self, controller: str = "acme", key: str = "customers") -> None:
        self.controller, self.key = controller, key

    def declare(
        self, body: dict[str, Any] | None = None, since: str | None = "2020-01-01T00:00:00.000000Z"
    ) -> Written:
        try:
            expect = store.newest("register", self.controller, self.key).version
        except store.NotFound:
            expect = store.NEW
        return store.declare(
            "register",
            self.controller,
            self.key,
            body or record(),
            by=BY,
            expect=expect,
            effective_from=since,
        )

    def publish(self, written: Written) -> tuple[Rule, ...]:
        return publish_rules(*read.whole(written), by=BY)

    def put(self, *retention: dict[str, Any], **other: Any) -> tuple[Rule, ...]:
        """Declares and publishes."""
        return self.publish(self.declare(record(*retention, **other)))

    def withdraw(self) -> bool:
        return withdraw_rules(self.controller, self.key, by=BY)

    def end(self, since: str | None = None) -> Written:
        last = store.newest("register", self.controller, self.key)
        return store.end(
            "register", self.controller, self.key, by=BY, expect=last.version, effective_from=since
        )


@pytest.fixture
def controllers(opened: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """acme and other, with a desk each, written before any time that a test may set; the URL of the database."""
    with monkeypatch.context() as then:
        then.setattr(clock, "now", lambda: "2026-11-01T09:00:00.000000Z")
        for controller in ("acme", "other"):
            _declare("controller", controller, controller, {"name": controller})
            for system in ("desk", "chat"):
                _declare("system", controller, system, {"name": system, "kind": "live_chat"})
    return opened


def _declare(kind: str, controller: str, key: str, body: dict[str, Any]) -> None:
    since = "2019-01-01T00:00:00.000000Z"
    store.declare(kind, controller, key, body, by=BY, expect=store.NEW, effective_from=since)


@pytest.fixture
def keeper(controllers: str) -> Keeper:
    """The keeper of acme/customers."""
    return Keeper()
