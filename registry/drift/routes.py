"""/v1/systems/{controller}/{key}/drift: what is declared of a system beside what it was seen to be."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from marshmallow import fields

from registry.api import Blueprint, Schema, mine, require, settings, stored
from registry.api.door import theirs
from registry.checks.routes.checks import SentencesSchema
from registry.connectors.observed.observation import LEVELS, Observation
from registry.drift import beside, sides
from registry.drift.beside import Beside, Statement
from registry.drift.drifting import Changed, Drift, Overdue, drift
from registry.errors import NotFound

blueprint = Blueprint("drift", __name__, description="What is declared beside what is observed")

_TAKEN = "2026-01-14T22:10:00.000000Z"
_SEEN = {
    "id": 17,
    "kind": "deletion_rules",
    "taken_at": _TAKEN,
    "age_days": 1,
    "source_level": "api",
    "complete": True,
    "invented": False,
    "expires_on": None,
    "reference": None,
    "says": [{"fi": "Vanhat (zen:ticket), 12 kuukautta, poisto, käytössä",
              "en": "Old ones (zen:ticket), 12 months, erasure, active"}],
}  # fmt: skip
EXAMPLE = {
    "system": "acme/helpdesk",
    "name": "Zendesk",
    "at": "2026-01-15T08:00:00.000000Z",
    "looked_at": _TAKEN,
    "registers": [
        {
            "register": "acme/customers",
            "version": 3,
            "aspects": [
                {
                    "aspect": "retention",
                    "check": "OBS302",
                    "verdict": "differs",
                    "statements": [
                        {
                            "field": "/retention/0",
                            "declared": [{"fi": "6 kuukautta, poisto", "en": "6 months, erasure"}],
                            "verdict": "differs",
                            "findings": [
                                {
                                    "kind": "fail",
                                    "message": {
                                        "fi": "Järjestelmä poistaa vasta …",
                                        "en": "The system deletes only …",
                                    },
                                    "closes": None,
                                    "observation": 17,
                                }
                            ],
                        }
                    ],
                    "evidence": [_SEEN],
                }
            ],
        }
    ],
    "changed": [
        {
            "kind": "deletion_rules",
            "before": {"id": 11, "taken_at": "2026-01-07T22:10:00.000000Z"},
            "after": {"id": 17, "taken_at": _TAKEN},
            "differences": [
                {"field": "/rules/0/after", "change": "changed", "before": "P6M", "after": "P12M"}
            ],
            "more": 0,
        }
    ],
    "overdue": [{"kind": "region", "taken_at": None, "age_days": None}],
    "overdue_after_days": 30,
}


class SaidFindingSchema(Schema):
    """What a check says of a statement: a difference (`fail`), or what cannot be told (`open`) and what would."""

    kind = fields.String(required=True, metadata={"enum": ["fail", "open"]})
    message = fields.Nested(SentencesSchema, required=True)
    closes = fields.Nested(SentencesSchema, required=True, allow_none=True)
    observation = fields.Integer(required=True, strict=True, allow_none=True)


class ComparedStatementSchema(Schema):
    """One statement of the record, and whether what was seen bears it out."""

    field = fields.String(required=True, metadata={"description": "JSON Pointer into the record."})
    declared = fields.List(fields.Nested(SentencesSchema), required=True)
    verdict = fields.String(required=True, metadata={"enum": list(beside.VERDICTS)})
    findings = fields.List(fields.Nested(SaidFindingSchema), required=True)


class EvidenceSchema(Schema):
    """The newest look of a kind: when, how strong, whether to the end, and what it showed."""

    id = fields.Integer(required=True, strict=True)
    kind = fields.String(required=True)
    taken_at = fields.String(required=True, metadata={"format": "date-time"})
    age_days = fields.Integer(required=True, strict=True)
    source_level = fields.String(required=True, metadata={"enum": list(LEVELS)})
    complete = fields.Boolean(required=True)
    invented = fields.Boolean(required=True)
    expires_on = fields.String(required=True, allow_none=True, metadata={"format": "date"})
    reference = fields.String(required=True, allow_none=True)
    says = fields.List(fields.Nested(SentencesSchema), required=True)


class AspectSchema(Schema):
    """One thing that the record says of the system: `agrees` only where a whole look bears it out.

    `vendor_says`: the vendor's papers bear it out, and nobody looked at the system itself.
    """

    aspect = fields.String(required=True, metadata={"enum": [one.name for one in beside.ASPECTS]})
    check = fields.String(required=True, metadata={"description": "The code of the check that judges it."})
    verdict = fields.String(required=True, metadata={"enum": list(beside.VERDICTS)})
    statements = fields.List(fields.Nested(ComparedStatementSchema), required=True)
    evidence = fields.List(fields.Nested(EvidenceSchema), required=True)


class ComparedRegisterSchema(Schema):
    """A register that the system serves."""

    register = fields.String(required=True)
    version = fields.Integer(required=True, strict=True)
    aspects = fields.List(fields.Nested(AspectSchema), required=True)


class LookSchema(Schema):
    """A look."""

    id = fields.Integer(required=True, strict=True)
    taken_at = fields.String(required=True, metadata={"format": "date-time"})


class ChangedLookSchema(Schema):
    """How the newest look differs from the one before."""

    kind = fields.String(required=True)
    before = fields.Nested(LookSchema, required=True)
    after = fields.Nested(LookSchema, required=True)
    differences = fields.List(fields.Dict(keys=fields.String()), required=True)
    more = fields.Integer(required=True, strict=True, metadata={"description": "Differences left out."})


class OverdueSchema(Schema):
    """What some comparison waits for and nobody has looked at (null), or not for too long."""

    kind = fields.String(required=True)
    taken_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    age_days = fields.Integer(required=True, strict=True, allow_none=True)


class DriftSchema(Schema):
    """A system as declared and as seen."""

    system = fields.String(required=True)
    name = fields.String(required=True)
    at = fields.String(required=True, metadata={"format": "date-time"})
    looked_at = fields.String(
        required=True,
        allow_none=True,
        metadata={"format": "date-time", "description": "When something was last seen; null: never."},
    )
    registers = fields.List(fields.Nested(ComparedRegisterSchema), required=True)
    changed = fields.List(fields.Nested(ChangedLookSchema), required=True)
    overdue = fields.List(fields.Nested(OverdueSchema), required=True)
    overdue_after_days = fields.Integer(required=True, strict=True)


@require("systems:read", "observations:read", "findings:read", within=("registers",))
@blueprint.route("/v1/systems/<key:controller>/<key:key>/drift")
@blueprint.response(200, DriftSchema, example=EXAMPLE)
@blueprint.fails(404, 410)
def get_drift(controller: str, key: str) -> Response:
    """Read what is declared of a system beside what it was seen to be, statement by statement.

    The checks on observations judge, each register and this system alone, as of now; nothing is stored. `agrees` rests
    on a look that saw everything; where nobody looked, or not to the end, it is `unknown`. `changed` compares the
    newest look of each kind with the one before it, `overdue` says what has not been looked at for too long.
    """
    mine(controller)
    days = settings().look_days
    found = drift(controller, key, overdue_days=days, visible=lambda register: theirs(controller, register))
    if not found.registers and not theirs(controller, ""):
        raise NotFound()
    return stored(orjson.dumps(told(found, days)))


def told(found: Drift, overdue_days: int) -> dict[str, Any]:
    """A drift as it is served."""
    return {
        "system": found.system,
        "name": found.name,
        "at": found.now,
        "looked_at": found.looked_at,
        "registers": [
            {"register": one.register, "version": one.version, "aspects": [_aspect(found, it) for it in one.aspects]}
            for one in found.registers
        ],
        "changed": [_changed(one) for one in found.changed],
        "overdue": [_overdue(one) for one in found.overdue],
        "overdue_after_days": overdue_days,
    }  # fmt: skip


def _aspect(found: Drift, one: Beside) -> dict[str, Any]:
    return {
        "aspect": one.aspect.name,
        "check": one.aspect.code,
        "verdict": one.verdict,
        "statements": [_statement(statement) for statement in one.statements],
        "evidence": [_evidence(found, look) for look in one.evidence],
    }


def _statement(one: Statement) -> dict[str, Any]:
    findings = [
        {"kind": said.kind, "message": dict(said.message), "closes": said.closes and dict(said.closes),
         "observation": said.observation}
        for said in one.findings
    ]  # fmt: skip
    declared = [dict(said) for said in one.declared]
    return {"field": one.field, "declared": declared, "verdict": one.verdict, "findings": findings}


def _evidence(found: Drift, look: Observation) -> dict[str, Any]:
    copied = ("id", "kind", "taken_at", "source_level", "complete", "invented", "expires_on", "reference")
    shown = {name: getattr(look, name) for name in copied}
    return {**shown, "age_days": found.age(look), "says": [dict(said) for said in sides.seen(look)]}


def _changed(one: Changed) -> dict[str, Any]:
    before, after = ({"id": look.id, "taken_at": look.taken_at} for look in (one.before, one.after))
    return {
        "kind": one.kind, "before": before, "after": after, "differences": list(one.differences), "more": one.more,
    }  # fmt: skip


def _overdue(one: Overdue) -> dict[str, Any]:
    return {"kind": one.kind, "taken_at": one.taken_at, "age_days": one.days}
