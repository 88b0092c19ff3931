"""Refresh tokens: each is good once, and the second use of one ends all that came of the same permission."""

from __future__ import annotations

from typing import Any

import peewee

from registry.auth.clients.stored import Family, digest
from registry.db import Instant, Stored, Text


class Refresh(Stored):
    """A refresh token. `scope` is what the person allowed; a single access token may have less."""

    sha256 = Text(primary_key=True)
    family = peewee.ForeignKeyField(Family, column_name="family_id", on_delete="CASCADE")
    scope = peewee.TextField()
    audience = peewee.TextField()
    expires_at = Instant()
    used_at: Any = Instant(null=True)

    class Meta:
        table_name = "auth_refresh"


def stored(token: str) -> Refresh | None:
    """The row of a refresh token with its family, good or not; None if there is none."""
    return Refresh.select(Refresh, Family).join(Family).where(Refresh.sha256 == digest(token)).first()
