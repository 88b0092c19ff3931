"""/v1/retention-rules/changes: rules that would delete sooner, waiting for a second person and then for a delay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, current_app
from marshmallow import fields

from registry.api import (
    REGISTERS,
    Blueprint,
    Key,
    OneOf,
    Page,
    Schema,
    conditional,
    etag,
    holder,
    if_match,
    page_of,
    require,
    seek,
    stored,
    theirs,
    within,
)
from registry.retention.shortenings import changing
from registry.retention.shortenings.changing import STATES, Change

blueprint = Blueprint("retention changes", __name__, description="Shorter rules, and who approves them")

CHANGE = {
    "id": 2,
    "version": 2,
    "register": "acme/customers",
    "revision": 3,
    "state": "approved",
    "rules": [
        {
            "category": "D1",
            "from": {"period": "P1Y", "ends": "erase | closed | "},
            "to": {"period": "P6M", "ends": "erase | closed | "},
            "meanwhile": "as_before",
        }
    ],
    "effective_from": "2026-01-15T08:00:00.000000Z",
    "begins": "2026-01-23T08:00:00.000000Z",
    "proposed_by": "client/dpo",
    "proposed_at": "2026-01-15T08:00:00.000000Z",
    "approved_by": "client/board",
    "approved_at": "2026-01-16T08:00:00.000000Z",
    "ended_by": None,
    "ended_at": None,
}


class SaidSchema(Schema):
    """What is said of a category: a period, and what happens and is counted from. null: its data is kept."""

    period = fields.String(required=True, allow_none=True)
    ends = fields.String(required=True)


class ChangedRuleSchema(Schema):
    """One category of a change."""

    category = fields.String(required=True)
    from_ = fields.Nested(SaidSchema, required=True, allow_none=True, data_key="from")
    to = fields.Nested(SaidSchema, required=True, allow_none=True)
    meanwhile = fields.String(
        required=True,
        metadata={
            "enum": ["as_before", "keep"],
            "description": "What is said until then: keep, where it cannot be told which is longer.",
        },
    )


class RetentionChangeSchema(Schema):
    """A publication whose rules might delete sooner than those before it."""

    id = fields.Integer(required=True, strict=True)
    version = fields.Integer(required=True, strict=True)
    register = fields.String(required=True)
    revision = fields.Integer(
        required=True, strict=True, metadata={"description": "Of the register's publications."}
    )
    state = fields.String(required=True, metadata={"enum": list(STATES)})
    rules = fields.List(fields.Nested(ChangedRuleSchema), required=True)
    effective_from = fields.String(required=True, metadata={"format": "date-time"})
    begins = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "format": "date-time",
            "description": "When the shorter rules begin; null: not before approval.",
        },
    )
    proposed_by = fields.String(required=True)
    proposed_at = fields.String(required=True, metadata={"format": "date-time"})
    approved_by = fields.String(required=True, allow_none=True)
    approved_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    ended_by = fields.String(required=True, allow_none=True)
    ended_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})


class ChangeQuery(Page):
    """Which changes to list."""

    controller = Key(metadata={"description": "Of this controller's registers."})
    state = OneOf(*STATES)


@require("retention:read", within=(REGISTERS,))
@blueprint.route("/v1/retention-rules/changes")
@blueprint.arguments(ChangeQuery, location="query")
@blueprint.response(200, page_of(RetentionChangeSchema), example={"items": [CHANGE], "next": None})
def list_retention_changes(query: dict[str, Any]) -> Response:
    """List shortenings, the latest first: `proposed` are those that wait for somebody to approve them."""
    window, row = seek(query, int), Change
    mine = within(row.controller, row.register)
    rows = row.select().where(changing.CHANGES.stands, *mine)
    for name in ("controller", "state"):
        if name in query:
            rows = rows.where(getattr(row, name) == query[name])
    return window.latest(rows)


@require("retention:read", within=(REGISTERS,))
@blueprint.route("/v1/retention-rules/changes/<number:number>")
@blueprint.response(200, RetentionChangeSchema, example=CHANGE, etag=True)
def get_retention_change(number: int) -> Response:
    """Read one shortening as it stands."""
    return _served(number)


@require("retention:write")
@blueprint.route("/v1/retention-rules/changes/<number:number>/approval", methods=["PUT"])
@conditional
@blueprint.response(200, RetentionChangeSchema, example=CHANGE, etag=True)
@blueprint.fails(409, 410)
def approve_retention_change(number: int) -> Response:
    """Approve a shortening that somebody else published; it begins after the delay that is set here.

    403 `second_approver_required` for the client that published it, 409 for one that is approved already, 410 for one
    that was refused, or whose publication has been replaced or withdrawn.
    """
    _mine(number)
    delay = timedelta(days=current_app.extensions["registry.settings"].shortening_days)
    changing.approve(number, by=holder().id, expect=if_match(), delay=delay)
    return _served(number)


@require("retention:write")
@blueprint.route("/v1/retention-rules/changes/<number:number>", methods=["DELETE"])
@conditional
@blueprint.response(
    200, RetentionChangeSchema, example={**CHANGE, "state": "refused", "begins": None}, etag=True
)
@blueprint.fails(409, 410)
def refuse_retention_change(number: int) -> Response:
    """Refuse a shortening, or stop an approved one before it begins; what is said meanwhile stays.

    409 `begun` for one that has begun, 410 for one that is over.
    """
    _mine(number)
    changing.refuse(number, by=holder().id, expect=if_match())
    return _served(number)


def _mine(number: int) -> Change:
    return changing.CHANGES.one(number, lambda row: theirs(row.controller, row.register))


def _served(number: int) -> Response:
    row = _mine(number)
    return stored(bytes(row.document), etag=etag(row.version))
