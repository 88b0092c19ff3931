"""How the system is set, and what its own log says was changed."""

from __future__ import annotations

from registry.connectors.observed.kinds.kind import kind
from registry.connectors.observed.plain import Word, several
from registry.strict.schema import Boolean, Integer, OneOf, Schema, Timestamp

#: What a setting is about, whatever the system calls it.
ABOUT = (
    "two_factor_required", "single_sign_on_required", "session_ends", "network_restricted", "vendor_access",
    "public_access", "public_access_blocked", "encrypted_at_rest", "encrypted_in_transit", "row_level_security",
    "versioned", "deletion_by_hand", "logged", "password_sign_in", "redacted", "other",
)  # fmt: skip


class Setting(Schema):
    """One setting of the system: what it is about, and whether it is on."""

    about = OneOf(*ABOUT, required=True)
    name = Word(required=True, metadata={"description": "In the system's own word."})
    on = Boolean(required=True, allow_none=True, metadata={"description": "null: not understood."})
    object = Word(metadata={"description": "The part of the system that it holds for; all, if left out."})
    value = Word(metadata={"description": "How far, where it is not only on or off."})


@kind("settings")
class Settings(Schema):
    """Settings of the system that security and retention rest on."""

    settings = several(Setting)


class Change(Schema):
    """Changes of one sort of thing in the system's own log; of nobody in particular."""

    object = Word(required=True)
    action = Word(required=True)
    count = Integer(min=1, required=True)
    latest = Timestamp(required=True)


class SettingLeft(Schema):
    """A setting, as the newest entry of the log that tells of it left it."""

    about = OneOf(*ABOUT, required=True)
    name = Word(required=True, metadata={"description": "In the log's own word."})
    on = Boolean(
        required=True, allow_none=True, metadata={"description": "null: changed, and not said to what."}
    )
    at = Timestamp(required=True)


@kind("changes")
class Changes(Schema):
    """What the system's own log says was changed, by sort, since a time; and how it last left settings, ever."""

    since = Timestamp(required=True)
    changes = several(Change)
    settings = several(SettingLeft, required=False)
