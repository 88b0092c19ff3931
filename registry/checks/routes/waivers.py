"""/v1/waivers: answering for a finding that stays, with a reason, for a time, and with a second person for errors."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Response
from marshmallow import fields

from registry.api import (
    HISTORY,
    REGISTERS,
    Blueprint,
    Day,
    Key,
    OneOf,
    Page,
    Schema,
    Text,
    conditional,
    etag,
    holder,
    idempotent,
    if_match,
    mine,
    page_of,
    require,
    seek,
    stored,
    theirs,
    within,
)
from registry.catalogue import reaching
from registry.catalogue.read import parts
from registry.checks.findings import waiving
from registry.checks.findings.waiving import STATES, Waiver

blueprint = Blueprint("waivers", __name__, description="Findings that somebody answers for, until a day")

QUESTION = {
    "register": "acme/newsletter",
    "code": "COM003",
    "key": "",
    "reason": "The period is decided in the archive plan, which the board adopts in March.",
    "until": "2026-04-30",
}
WAIVER = {
    "id": 4,
    "version": 2,
    **QUESTION,
    "state": "granted",
    "ends": "2026-04-30T21:00:00.000000Z",
    "proposed_by": "client/dpo",
    "proposed_at": "2026-01-15T08:00:00.000000Z",
    "approved_by": "client/board",
    "approved_at": "2026-01-16T08:00:00.000000Z",
    "ended_by": None,
    "ended_at": None,
}
_CODE = r"^[A-Z]{3}[0-9]{3}$"


class WaiverProposalSchema(Schema):
    """Which finding to waive, why, and until the end of which day (two years ahead at most)."""

    register = Text(max=130, required=True, metadata={"description": "controller/key"})
    code = fields.String(required=True, validate=ma.validate.Regexp(_CODE))
    key = fields.String(
        load_default="",
        validate=ma.validate.Length(max=1000),
        metadata={"description": "That of the finding."},
    )
    reason = Text(required=True, max=2000)
    until = Day(required=True, metadata={"description": "The last day, in the controller's time zone."})


class WaiverSchema(Schema):
    """A waiver. It has an effect while it is `granted`, until `ends`; on an error only once it is approved."""

    id = fields.Integer(required=True, strict=True)
    version = fields.Integer(required=True, strict=True)
    register = fields.String(required=True)
    code = fields.String(required=True)
    key = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": list(STATES)})
    reason = fields.String(required=True)
    until = fields.String(required=True, metadata={"format": "date"})
    ends = fields.String(
        required=True,
        metadata={"format": "date-time", "description": "The finding speaks again from then on."},
    )
    proposed_by = fields.String(required=True)
    proposed_at = fields.String(required=True, metadata={"format": "date-time"})
    approved_by = fields.String(required=True, allow_none=True)
    approved_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    ended_by = fields.String(required=True, allow_none=True)
    ended_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})


class WaiverQuery(Page):
    """Which waivers to list."""

    register = Text(max=130, metadata={"description": "Of findings of this register: controller/key."})
    controller = Key(metadata={"description": "Of findings of this controller's registers."})
    code = fields.String(
        validate=ma.validate.Regexp(_CODE), metadata={"description": "Of findings of this check."}
    )
    state = OneOf(*STATES)


@require("waivers:write")
@blueprint.route("/v1/waivers", methods=["POST"])
@blueprint.arguments(WaiverProposalSchema, example=QUESTION)
@idempotent
@blueprint.response(201, WaiverSchema, example=WAIVER)
@blueprint.fails(404, 409)
def propose_waiver(body: dict[str, Any]) -> Response:
    """Waive a finding until the end of a day.

    One that is a warning is waived at once. For an error the waiver is only proposed: it has no effect before somebody
    else approves it. 404 where no such finding fails or is open, 409 `already_waived` beside another waiver, 422
    `in_the_past` and `too_far_ahead` for a day that cannot be.
    """
    controller, register = parts(body["register"], "/register")
    mine(controller)
    number = waiving.propose(
        controller, register, body["code"], body["key"],
        reason=body["reason"], until=body["until"], by=holder().id,
    )["id"]  # fmt: skip
    found = _mine(number)
    return _served(found, status=201, headers={"Location": f"/v1/waivers/{found.id}"})


@require("waivers:write")
@blueprint.route("/v1/waivers/<number:number>/approval", methods=["PUT"])
@conditional
@blueprint.response(200, WaiverSchema, example=WAIVER, etag=True)
@blueprint.fails(409, 410)
def approve_waiver(number: int) -> Response:
    """Approve a waiver that somebody else proposed.

    403 `second_approver_required` for the client that proposed it, 409 for one that is approved already, 410 for one
    that is over.
    """
    _mine(number)
    waiving.approve(number, by=holder().id, expect=if_match())
    return _served(_mine(number))


@require("waivers:write")
@blueprint.route("/v1/waivers/<number:number>", methods=["DELETE"])
@conditional
@blueprint.response(200, WaiverSchema, example={**WAIVER, "version": 3, "state": "ended"}, etag=True)
@blueprint.fails(410)
def end_waiver(number: int) -> Response:
    """End a waiver before its day: the finding speaks again. What it was stays readable. 410 for one that is over."""
    _mine(number)
    waiving.end(number, by=holder().id, expect=if_match())
    return _served(_mine(number))


@require("findings:read", within=(REGISTERS, HISTORY))
@blueprint.route("/v1/waivers")
@blueprint.arguments(WaiverQuery, location="query")
@blueprint.response(200, page_of(WaiverSchema), example={"items": [WAIVER], "next": None})
def list_waivers(query: dict[str, Any]) -> Response:
    """List waivers, the latest first, those included that are over."""
    window, row = seek(query, int), Waiver
    rows = row.select().where(waiving.WAIVERS.stands, *_seen())
    if "register" in query:
        controller, register = parts(query["register"])
        rows = rows.where((row.controller == controller) & (row.register == register))
    for name in ("controller", "code", "state"):
        if name in query:
            rows = rows.where(getattr(row, name) == query[name])
    return window.latest(rows)


@require("findings:read", within=(REGISTERS, HISTORY))
@blueprint.route("/v1/waivers/<number:number>")
@blueprint.response(200, WaiverSchema, example=WAIVER, etag=True)
def get_waiver(number: int) -> Response:
    """Read one waiver as it stands."""
    return _served(_mine(number))


def _mine(number: int) -> Waiver:
    return waiving.WAIVERS.one(number, _shown)


def _shown(row: Waiver) -> bool:
    of, key = row.controller, row.register
    return theirs(of, key, row.recorded_at, published=key in reaching.published_once(of))


def _seen() -> list[Any]:
    row = Waiver
    return within(row.controller, row.register, row.recorded_at, published=reaching.published_once)


def _served(row: Waiver, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return stored(bytes(row.document), etag=etag(row.version), status=status, headers=headers)
