"""What may be asked of findings, and how they are told: the schemas of /v1/findings."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields

from registry.api import Day, Key, OneOf, Page, Schema, Text, Timestamp, page_of
from registry.checks.days.past import LawTableSchema
from registry.checks.findings import sarif
from registry.checks.routes.checks import SentencesSchema
from registry.checks.rule import KINDS, SEVERITIES

EXAMPLE = {
    "id": 17,
    "register": "acme/newsletter",
    "code": "COM003",
    "title": {
        "fi": "Säilytysaika puuttuu",
        "sv": "Lagringstiden saknas",
        "en": "Retention period is missing",
    },
    "law": ["GDPR 5(1)(e)", "GDPR 13(2)(a)", "GDPR 30(1)(f)"],
    "kind": "fail",
    "severity": "error",
    "key": "",
    "field": "/retention",
    "line": 14,
    "quote": "Tietojen säilytysajat",
    "message": {
        "fi": "Säilytysaikaa ei ole ilmoitettu. Päätä kunkin tietoryhmän säilytysaika ja mistä se alkaa, ja kirjaa ne.",
        "en": "No retention period is stated. Decide for each data category how long it is kept and from when.",
    },
    "closes": None,
    "observation": None,
    "invented": False,
    "remembered": [],
    "waived": {"waiver": 4, "until": "2026-04-30", "reason": "The board decides the period in March."},
    "first_seen": "2026-01-15T08:00:00.000000Z",
    "since": "2026-01-15T08:00:00.000000Z",
    "until": None,
    "checked_at": "2026-02-01T03:00:00.000000Z",
}
COUNTS = {
    "kinds": {"fail": 1, "open": 0, "pass": 8, "na": 3},
    "severities": {"error": 0, "warning": 0, "info": 0},
    "waived": {"error": 1, "warning": 0, "info": 0},
    "codes": {"COM003": 1},
}


class WaivedSchema(Schema):
    """Somebody answers for it until the end of a day: the waiver, that day, and the reason."""

    waiver = fields.Integer(required=True, strict=True)
    until = fields.String(required=True, metadata={"format": "date"})
    reason = fields.String(required=True)


class FindingSchema(Schema):
    """What a check says of a register: `first_seen` with this kind (it may have been gone), `since` with these words.

    Computed for a day (`as_of`) it has neither number nor history: those five are null.
    """

    id = fields.Integer(
        required=True,
        strict=True,
        allow_none=True,
        metadata={"description": "Stays as long as the kind does."},
    )
    register = fields.String(required=True, metadata={"description": "controller/key"})
    code = fields.String(required=True)
    title = fields.Nested(SentencesSchema, required=True, allow_none=True)
    law = fields.List(fields.String(), required=True)
    kind = fields.String(required=True, metadata={"enum": list(KINDS)})
    severity = fields.String(required=True, metadata={"enum": list(SEVERITIES)})
    key = fields.String(
        required=True, metadata={"description": "Tells findings of one check in one register apart."}
    )
    field = fields.String(
        required=True, metadata={"description": "JSON Pointer into the record; empty for the whole."}
    )
    line = fields.Integer(
        required=True, allow_none=True, strict=True, metadata={"description": "Of the source document."}
    )
    quote = fields.String(required=True, allow_none=True)
    message = fields.Nested(SentencesSchema, required=True)
    closes = fields.Nested(
        SentencesSchema, required=True, allow_none=True, metadata={"description": "What would decide it."}
    )
    observation = fields.Integer(required=True, allow_none=True, strict=True)
    invented = fields.Boolean(
        required=True, metadata={"description": "The observation was made up for a demonstration."}
    )
    remembered = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Entries of the law tables that decided and nobody looked up."},
    )
    first_seen = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    since = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    until = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    waived = fields.Nested(WaivedSchema, required=True, allow_none=True)
    checked_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})


class FindingCountsSchema(Schema):
    """How many findings of each kind; of those that are `fail`, of each severity (`waived` apart) and check."""

    kinds = fields.Dict(keys=fields.String(), values=fields.Integer(strict=True), required=True)
    severities = fields.Dict(keys=fields.String(), values=fields.Integer(strict=True), required=True)
    waived = fields.Dict(keys=fields.String(), values=fields.Integer(strict=True), required=True)
    codes = fields.Dict(keys=fields.String(), values=fields.Integer(strict=True), required=True)


class FindingsPageSchema(page_of(FindingSchema)):  # type: ignore[misc]  # made by a function
    """A page of findings; the first also says what there is in all, and how many registers were checked since when."""

    counts = fields.Nested(FindingCountsSchema)
    registers_checked = fields.Integer(strict=True)
    checked_since = fields.String(
        allow_none=True, metadata={"description": "When the one longest unchecked was checked."}
    )
    as_of = fields.String(
        metadata={"format": "date", "description": "The day that was asked about, if one was."}
    )
    known_at = fields.String(
        metadata={"format": "date-time", "description": "By what was recorded until then."}
    )
    law = fields.Nested(LawTableSchema, metadata={"description": "Which law table decided."})


class LogSchema(Schema):
    """A SARIF 2.1.0 log; the schema is that of OASIS."""

    schema_ = fields.String(required=True, data_key="$schema", metadata={"format": "uri"})
    version = fields.String(required=True)
    runs = fields.List(fields.Dict(), required=True)


LOG = {
    "$schema": sarif.SCHEMA,
    "version": "2.1.0",
    "runs": [{"tool": {"driver": {"name": "registry"}}, "results": [sarif.result(EXAMPLE)]}],
}


class FindingQuery(Page):
    """Which findings to list: without `kind`, those that are `fail`."""

    register = Text(max=130, metadata={"description": "Of this register: controller/key."})
    controller = Key(metadata={"description": "Of this controller's registers."})
    code = fields.String(
        validate=ma.validate.Regexp(r"^[A-Z]{3}[0-9]{3}$"), metadata={"description": "Of this check."}
    )
    severity = OneOf(*SEVERITIES)
    kind = fields.String(
        load_default="fail",
        validate=ma.validate.Regexp(rf"^(all|({'|'.join(KINDS)})(,({'|'.join(KINDS)}))*)$"),
        metadata={"description": "`fail`, `open`, `pass`, `na`, several with commas, or `all`."},
    )
    waived = OneOf("true", "false", metadata={"description": "Those that are waived, or those that are not."})
    as_of = Day(
        metadata={
            "description": "What was true on that day (its law, and what applied at its end where the controller is): "
            "computed anew, for one register or controller, and as known at the end of that day unless `known_at` says."
        }
    )
    known_at = Timestamp(
        metadata={"description": "As they stood then; with `as_of`, by what was recorded until then."}
    )

    @ma.validates_schema
    def _bounded(self, data: dict[str, Any], **_: Any) -> None:
        if "as_of" in data and len({"register", "controller"} & data.keys()) != 1:
            raise ma.ValidationError(
                "scope_needed: Name a register or a controller, one of them, to ask of a day.", "as_of"
            )
