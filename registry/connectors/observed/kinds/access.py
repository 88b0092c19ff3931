"""Who gets in, in which role, and what our own credential may do."""

from __future__ import annotations

from marshmallow import fields, validate

from registry.connectors.observed.kinds.kind import kind
from registry.connectors.observed.plain import Domain, PlainDay, Word, several
from registry.connectors.observed.reasons import BECAUSE
from registry.strict.schema import Boolean, Integer, OneOf, Schema


class AccountsOfARole(Schema):
    """Accounts of one role and one domain that are alike; `count` of them, one if left out."""

    role = Word(required=True)
    domain = Domain(required=True)
    active = Boolean(required=True)
    count = Integer(min=1)
    last_login_on = PlainDay(
        metadata={"description": "The latest of any of them; null: never."}, allow_none=True
    )
    two_factor = Boolean(metadata={"description": "Whether each of them has a second factor."})
    shared = Boolean(metadata={"description": "Whether several people use one of them."})


@kind("accounts")
class Accounts(Schema):
    """Who gets in, by role and domain."""

    accounts = several(AccountsOfARole)


class Role(Schema):
    """A role that the system knows, and what it lets its members do."""

    role = Word(required=True)
    permission = OneOf(
        "admin", "agent", "viewer", required=True, allow_none=True,
        metadata={"description": "As records have it, the most that it may do; null: not understood."},
    )  # fmt: skip
    members = Integer(
        min=0, allow_none=True, metadata={"description": "How many have it; null: not counted."}
    )
    may = fields.List(Word(), validate=validate.Length(max=100))


@kind("roles")
class Roles(Schema):
    """The roles of the system and what they may do."""

    roles = several(Role)


@kind("credential")
class Credential(Schema):
    """What the credential that was looked with may do."""

    more_than_reading = Boolean(
        required=True, allow_none=True, metadata={"description": "null: it cannot be told."}
    )
    may = fields.List(
        Word(),
        validate=validate.Length(max=100),
        metadata={"description": "What it may do beyond reading, in the system's own words."},
    )
    because = OneOf(
        *BECAUSE, metadata={"description": "Why it cannot be told, or why it takes more than reading."}
    )
    ends_on = PlainDay(metadata={"description": "The day on which it ends."})
