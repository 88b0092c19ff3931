"""What tests of this room say again and again."""

from __future__ import annotations

from dataclasses import dataclass

from registry.journal import Entry, entries

BASE = "http://127.0.0.1:8000"


@dataclass(frozen=True)
class Known:
    """A client, and the secret that only it knows."""

    id: str
    secret: str
    actor: str

    @property
    def basic(self) -> tuple[str, str]:
        return self.id, self.secret


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def journalled(action: str) -> list[Entry]:
    """All entries of an action."""
    return entries(action=action, limit=1000)
