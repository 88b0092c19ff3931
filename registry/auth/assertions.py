"""Clients that prove themselves with a signature instead of a secret (private_key_jwt, RFC 7523)."""

from __future__ import annotations

import peewee

from registry.auth.clients import Client
from registry.db import Instant, Stored, Text


class Assertion(Stored):
    """A `jti` that a client has used; until the assertion expires nobody can use it again."""

    client = peewee.ForeignKeyField(Client, column_name="client_id", on_delete="CASCADE", index=False)
    jti_sha256 = Text()
    expires_at = Instant(index=True)

    class Meta:
        table_name = "auth_assertion"
        primary_key = peewee.CompositeKey("client", "jti_sha256")
