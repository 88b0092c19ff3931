"""Device authorization (RFC 8628): a program without a browser is allowed in the browser of the person using it."""

from __future__ import annotations

from typing import Any

import peewee

from registry.auth.clients import Client, Family
from registry.db import Instant, Stored, Text


class Device(Stored):
    """What a device asked for, and in `state` what became of it: open, allowed, refused or used."""

    sha256 = Text(primary_key=True)  # of the device code
    user_code_sha256 = Text(unique=True)
    client = peewee.ForeignKeyField(Client, column_name="client_id", on_delete="CASCADE")
    scope = peewee.TextField()
    audience = peewee.TextField()
    expires_at = Instant(index=True)
    interval = peewee.IntegerField()  # seconds to wait between two questions
    next_at = Instant()  # the next question should not come before
    state = Text(default="open")
    family: Any = peewee.ForeignKeyField(
        Family, column_name="family_id", on_delete="CASCADE", null=True
    )  # once it is allowed

    class Meta:
        table_name = "auth_device"
