"""Authorization codes (RFC 6749, 4.1): what a client asked for, what a person allowed, and the code for it."""

from __future__ import annotations

from typing import Any

import peewee

from registry.auth.clients import Client, Family
from registry.db import Instant, Stored, Text


class Asked(Stored):
    """A request to /oauth/authorize that a signed-in person looks at. The consent form names it and nothing else, so
    that what is allowed is what was shown.
    """

    sha256 = Text(primary_key=True)
    client = peewee.ForeignKeyField(Client, column_name="client_id", on_delete="CASCADE")
    user_id = Text()
    redirect_uri = peewee.TextField()
    state: Any = peewee.TextField(null=True)
    scope = peewee.TextField()
    audience = peewee.TextField()
    challenge = Text()
    expires_at = Instant(index=True)

    class Meta:
        table_name = "auth_asked"


class Code(Stored):
    """A code. It stays when it was used, for as long as its family, so that a second use is known for what it is."""

    sha256 = Text(primary_key=True)
    family = peewee.ForeignKeyField(Family, column_name="family_id", on_delete="CASCADE")
    redirect_uri = peewee.TextField()
    scope = peewee.TextField()
    audience = peewee.TextField()
    challenge = Text()
    expires_at = Instant()
    used_at: Any = Instant(null=True)

    class Meta:
        table_name = "auth_code"
