"""Organisations' own OpenID Connect providers, as stored: whom we believe, and what their groups mean here."""

from __future__ import annotations

from typing import Any

import peewee

from registry.db import Instant, Stored, Text
from registry.people.users import User


class Provider(Stored):
    """A provider. `secret` is sealed; `mapping` a JSON list of {group, controller, role}.

    `audience` is what its tokens for our API are for; null: none is taken.
    """

    key = Text(primary_key=True)
    name = peewee.TextField()
    issuer = Text(unique=True)
    client_id = peewee.TextField()
    secret: Any = peewee.TextField(null=True)
    audience: Any = peewee.TextField(null=True)
    groups_claim = peewee.TextField()
    mapping = peewee.TextField()
    created_at = Instant()
    disabled_at: Any = Instant(null=True)

    class Meta:
        table_name = "people_provider"


class Identity(Stored):
    """Who a provider's subject is here. Never told by e-mail alone: a mailbox may change hands."""

    issuer = Text()
    subject = Text()
    user = peewee.ForeignKeyField(User, column_name="user_id", on_delete="CASCADE")
    created_at = Instant()

    class Meta:
        table_name = "people_identity"
        primary_key = peewee.CompositeKey("issuer", "subject")
