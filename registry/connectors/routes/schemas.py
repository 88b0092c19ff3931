"""What connectors, their runs and the sources look like in the API, with examples."""

from __future__ import annotations

from marshmallow import fields, validate

from registry.api import Integer, Key, OneOf, Page, Schema, Text
from registry.connectors.configured.connected import STATES
from registry.connectors.configured.connecting import LONGEST_SECRET
from registry.connectors.observations.push import Payload
from registry.connectors.observed.kinds import KINDS

IN_PART = "As much was seen as this source can ever see, which is not all: `complete` is false for that reason alone."
SETTINGS = {"subdomain": "acme"}
ADDED = {"system": "acme/helpdesk", "kind": "zendesk", "settings": SETTINGS, "every_hours": 24}
CHANGED = {"settings": SETTINGS, "every_hours": 12, "state": "enabled"}
CONNECTOR = {
    "id": 3,
    "version": 2,
    **ADDED,
    "state": "enabled",
    "hosts": ["acme.zendesk.com:443"],
    "sees": ["accounts", "deletion_rules"],
    "secrets": [{"name": "client_secret", "given_at": "2026-01-15T08:00:00.000000Z", "dropped_at": None}],
    "added_at": "2026-01-15T07:00:00.000000Z",
    "changed_at": "2026-01-15T08:00:00.000000Z",
}
RAN = {
    "began_at": "2026-01-15T09:00:00.000000Z",
    "ended_at": "2026-01-15T09:00:04.000000Z",
    "by": "connector/3",
    "state": "incomplete",
    "credential": "taken",
    "seen": [
        {"kind": "accounts", "observation": 7, "complete": True, "in_part": False, "could_not_look": None},
        {
            "kind": "deletion_rules",
            "observation": 8,
            "complete": False,
            "in_part": False,
            "could_not_look": "forbidden",
        },
    ],
    "faults": {"forbidden": 1},
    "asked": 9,
    "items": 212,
    "failed_in_a_row": 0,
    "next_at": "2026-01-16T09:11:00.000000Z",
}
STANDING = {"last_run": RAN, "due_at": "2026-01-16T09:11:00.000000Z", "running": False}
TRIED = {
    "run": RAN,
    "observations": [
        {
            "kind": "region",
            "taken_at": RAN["began_at"],
            "complete": True,
            "in_part": False,
            "payload": {"region": "eu-west-1"},
        }
    ],
}


class GivenSecretSchema(Schema):
    """A secret by its name; what it is is given to nobody."""

    name = fields.String(required=True)
    given_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    dropped_at = fields.String(
        required=True,
        allow_none=True,
        metadata={"format": "date-time", "description": "When it was dropped, the hosts having changed."},
    )


class ConnectorSchema(Schema):
    """A connector. `hosts` are all that it may reach, and what its secrets are bound to."""

    id = fields.Integer(required=True, strict=True)
    version = fields.Integer(required=True, strict=True)
    system = fields.String(required=True, metadata={"description": "controller/key"})
    kind = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": list(STATES)})
    settings = fields.Dict(required=True)
    every_hours = fields.Integer(required=True, strict=True, allow_none=True)
    hosts = fields.List(fields.String(), required=True)
    sees = fields.List(fields.String(), required=True)
    secrets = fields.List(fields.Nested(GivenSecretSchema), required=True)
    added_at = fields.String(required=True, metadata={"format": "date-time"})
    changed_at = fields.String(required=True, metadata={"format": "date-time"})


class _Settable(Schema):
    settings = fields.Dict(
        required=True,
        keys=fields.String(validate=validate.Length(max=100)),
        metadata={"description": "In the form of its source (/v1/sources). No secrets."},
    )
    every_hours = Integer(
        min=1,
        max=8760,
        required=True,
        allow_none=True,
        metadata={"description": "How often it is looked; null: only when somebody asks."},
    )


class NewConnectorSchema(_Settable):
    """What to look at, and by which source."""

    system = Text(max=130, required=True, metadata={"description": "controller/key of a declared system."})
    kind = Text(max=100, required=True, metadata={"description": "The source, one of /v1/sources."})
    state = OneOf("enabled", "paused", load_default="enabled")


class ConnectorChangeSchema(_Settable):
    """The whole of what can be set."""

    state = OneOf("enabled", "paused", required=True)


class SecretsSchema(Schema):
    """Secrets by the names that the source has; null takes one away, one not named stays."""

    secrets = fields.Dict(
        required=True,
        keys=Text(max=100),
        values=Text(max=LONGEST_SECRET, allow_none=True),
        validate=validate.Length(min=1, max=20),
        metadata={"writeOnly": True},
    )


class SeenSchema(Schema):
    """One kind that was looked at."""

    kind = fields.String(required=True, metadata={"enum": list(KINDS)})
    observation = fields.Integer(
        required=True, strict=True, allow_none=True, metadata={"description": "As stored; null in a trial."}
    )
    complete = fields.Boolean(required=True)
    in_part = fields.Boolean(metadata={"description": IN_PART})
    could_not_look = fields.String(required=True, allow_none=True, metadata={"description": "Why."})


class RunSchema(Schema):
    """How a run went. `faults` are counted by stable code."""

    began_at = fields.String(required=True, metadata={"format": "date-time"})
    ended_at = fields.String(required=True, metadata={"format": "date-time"})
    by = fields.String(required=True)
    state = fields.String(
        required=True,
        metadata={
            "enum": ["complete", "incomplete", "failed"],
            "description": "complete: as much was seen as the source can see.",
        },
    )
    credential = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "enum": ["taken", "refused", None],
            "description": "Null where the source signs in nowhere, or the system was not reached.",
        },
    )
    more_than_reading = fields.Boolean(
        allow_none=True,
        metadata={
            "description": "Whether our credential may do more than read: null where that cannot be told, "
            "missing where the source signs in nowhere."
        },
    )
    seen = fields.List(fields.Nested(SeenSchema), required=True)
    faults = fields.Dict(required=True, keys=fields.String(), values=fields.Integer(strict=True))
    asked = fields.Integer(required=True, strict=True, metadata={"description": "Questions by HTTP."})
    items = fields.Integer(required=True, strict=True, metadata={"description": "Items read."})
    failed_in_a_row = fields.Integer(required=True, strict=True)
    next_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})


class StandingSchema(Schema):
    """How a connector stands: `due_at` null where nothing will be done by itself."""

    last_run = fields.Nested(RunSchema, required=True, allow_none=True)
    due_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    running = fields.Boolean(required=True)


class TriedSchema(Schema):
    """What would be stored."""

    kind = fields.String(required=True, metadata={"enum": list(KINDS)})
    taken_at = fields.String(required=True, metadata={"format": "date-time"})
    complete = fields.Boolean(required=True)
    in_part = fields.Boolean(required=True, metadata={"description": IN_PART})
    payload = Payload(required=True)


class TrialSchema(Schema):
    """A look of which nothing was stored."""

    run = fields.Nested(RunSchema, required=True)
    observations = fields.List(fields.Nested(TriedSchema), required=True)


class ConnectorQuery(Page):
    """Which connectors to list."""

    system = Text(max=130, metadata={"description": "Of this system: controller/key."})
    controller = Key(metadata={"description": "Of this controller's systems."})
    kind = Text(max=100, metadata={"description": "By this source."})
    state = OneOf(*STATES)


class SettingSchema(Schema):
    """A setting that a source asks for."""

    name = fields.String(required=True)
    required = fields.Boolean(required=True)
    description = fields.String(required=True)
    many = fields.Boolean(required=True, metadata={"description": "It is a list of such."})
    one_of = fields.List(
        fields.String(), metadata={"description": "The words that it takes, where no other is."}
    )
    has = fields.List(
        fields.Nested("SettingSchema"),
        metadata={"description": "What it, or each in the list, consists of."},
    )


class SourceSchema(Schema):
    """A source: a sort of system that can be looked at."""

    kind = fields.String(required=True)
    title = fields.Dict(required=True, keys=fields.String(), values=fields.String())
    settings = fields.List(fields.Nested(SettingSchema), required=True)
    secrets = fields.Dict(required=True, keys=fields.String(), values=fields.String())
    sees = fields.List(fields.String(), required=True)
    only_with = fields.Dict(
        required=True, keys=fields.String(), values=fields.String(),
        metadata={"description": "Of the kinds that it sees, those that it sees only where a setting is given: which."},
    )  # fmt: skip
    in_part = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Those of which it can never see all: no look at them is complete."},
    )


class SourcesSchema(Schema):
    """All sources."""

    items = fields.List(fields.Nested(SourceSchema), required=True)
