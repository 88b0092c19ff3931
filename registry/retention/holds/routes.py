"""/v1/legal-holds: data that may not be deleted, whatever a rule says, until the hold is ended."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app
from marshmallow import fields, validate

from registry.api import (
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
from registry.catalogue.read import parts
from registry.errors import Invalid
from registry.retention.holds import holding, keyed
from registry.retention.holds.holding import STATES, StoredHold

blueprint = Blueprint(
    "legal holds", __name__, description="Data that may not be deleted, whatever a rule says"
)

QUESTION = {
    "controller": "acme",
    "registers": ["acme/customers"],
    "systems": [],
    "categories": [{"register": "acme/staff", "category": "D3"}],
    "data_categories": ["pd:Communication"],
    "subjects": ["customer 4711"],
    "reason": "The dispute of 12 January; counsel asks that nothing is lost.",
    "review_on": "2027-07-01",
}
HOLD = {
    **QUESTION,
    "id": 3,
    "version": 1,
    "state": "standing",
    "subjects": {"count": 1, "key_id": "9f86d081884c7d65", "sha256": "0" * 64},
    "set_by": "client/dpo",
    "set_at": "2026-01-15T08:00:00.000000Z",
    "reviewed_by": None,
    "reviewed_at": None,
    "ended_by": None,
    "ended_at": None,
}
REVIEW = {"reason": "The court has not decided.", "review_on": "2028-01-10"}


class HeldCategorySchema(Schema):
    """A data category of a register."""

    register = Text(max=130, required=True, metadata={"description": "controller/key"})
    category = Text(max=40, required=True, metadata={"description": "Its id in the record."})


def _some(one: fields.Field, most: int, description: str) -> fields.List:
    return fields.List(
        one, load_default=list, validate=validate.Length(max=most), metadata={"description": description}
    )


class HoldProposalSchema(Schema):
    """What is held, why, and when it is looked at again. Whatever any of the targets touches is held."""

    controller = Key(required=True)
    registers = _some(Text(max=130), 200, "All data of these: controller/key.")
    systems = _some(Text(max=130), 200, "All data in these: controller/key.")
    categories = _some(fields.Nested(HeldCategorySchema), 200, "Data categories of registers.")
    data_categories = _some(
        Text(max=120),
        200,
        "Data of these kinds anywhere, terms of DPV: pd:EmailAddress; of none that is broader or narrower.",
    )
    subjects = _some(
        Text(max=500),
        10_000,
        "All data of these people: any reference that callers give, told by letters and digits; kept as keyed hashes.",
    )
    reason = Text(required=True, max=2000)
    review_on = Day(
        required=True, metadata={"description": "When somebody looks again. The hold does not end then."}
    )


class HeldSubjectsSchema(Schema):
    """How many people a hold is about, under which key they were hashed, and a digest over the hashes."""

    count = fields.Integer(required=True, strict=True)
    key_id = fields.String(required=True)
    sha256 = fields.String(required=True)


class LegalHoldSchema(Schema):
    """A legal hold."""

    id = fields.Integer(required=True, strict=True)
    version = fields.Integer(required=True, strict=True)
    controller = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": list(STATES)})
    registers = fields.List(fields.String(), required=True)
    systems = fields.List(fields.String(), required=True)
    categories = fields.List(fields.Nested(HeldCategorySchema), required=True)
    data_categories = fields.List(fields.String(), required=True)
    subjects = fields.Nested(HeldSubjectsSchema, required=True, allow_none=True)
    reason = fields.String(required=True)
    review_on = fields.String(required=True, metadata={"format": "date"})
    set_by = fields.String(required=True)
    set_at = fields.String(required=True, metadata={"format": "date-time"})
    reviewed_by = fields.String(required=True, allow_none=True)
    reviewed_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    ended_by = fields.String(required=True, allow_none=True)
    ended_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})


class HoldReviewSchema(Schema):
    """Why the hold goes on, and when somebody looks again."""

    reason = Text(required=True, max=2000)
    review_on = Day(required=True)


class HoldQuery(Page):
    """Which holds to list."""

    controller = Key(metadata={"description": "Of this controller."})
    state = OneOf(*STATES)


@require("holds:write")
@blueprint.route("/v1/legal-holds", methods=["POST"])
@blueprint.arguments(HoldProposalSchema, example=QUESTION)
@idempotent
@blueprint.response(201, LegalHoldSchema, example=HOLD)
@blueprint.fails(404)
def set_legal_hold(body: dict[str, Any]) -> Response:
    """Hold data from the next answer on, whatever a rule says.

    Systems are told that something is held and by which number, not why. 422: `no_target`, `unknown_register`,
    `unknown_system`, `unknown_category`, `unknown_data_category` (a hold on what is not there would hold nothing),
    `other_controller`, `no_hold_key` where references to people cannot be hashed, `in_the_past`.
    """
    controller = body["controller"]
    mine(controller)
    found = keyed.keys(current_app.extensions["registry.settings"])
    number = holding.set_hold(
        controller,
        registers=_keys(controller, body, "registers"),
        systems=_keys(controller, body, "systems"),
        categories=[
            (_key(controller, one["register"], f"/categories/{place}/register"), one["category"])
            for place, one in enumerate(body["categories"])
        ],
        data_categories=body["data_categories"],
        subjects=body["subjects"],
        reason=body["reason"],
        review_on=body["review_on"],
        by=holder().id,
        key=found[0] if found else None,
    )
    return _served(_mine(number), status=201, headers={"Location": f"/v1/legal-holds/{number}"})


@require("holds:write")
@blueprint.route("/v1/legal-holds/<number:number>/review", methods=["PUT"])
@blueprint.arguments(HoldReviewSchema, example=REVIEW)
@conditional
@blueprint.response(200, LegalHoldSchema, example={**HOLD, **REVIEW, "version": 2}, etag=True)
@blueprint.fails(410)
def review_legal_hold(body: dict[str, Any], number: int) -> Response:
    """Say why a hold goes on, and when it is looked at again. What it holds cannot be changed: set another."""
    _mine(number)
    holding.review(number, **body, by=holder().id, expect=if_match())
    return _served(_mine(number))


@require("holds:write")
@blueprint.route("/v1/legal-holds/<number:number>", methods=["DELETE"])
@conditional
@blueprint.response(200, LegalHoldSchema, example={**HOLD, "version": 2, "state": "ended"}, etag=True)
@blueprint.fails(410)
def end_legal_hold(number: int) -> Response:
    """End a hold: the rules speak again. What it was stays readable. 410 for one that has ended."""
    _mine(number)
    holding.end(number, by=holder().id, expect=if_match())
    return _served(_mine(number))


@require("holds:read")
@blueprint.route("/v1/legal-holds")
@blueprint.arguments(HoldQuery, location="query")
@blueprint.response(200, page_of(LegalHoldSchema), example={"items": [HOLD], "next": None})
def list_legal_holds(query: dict[str, Any]) -> Response:
    """List holds, the latest first, those included that have ended."""
    window, row = seek(query, int), StoredHold
    rows = row.select().where(holding.HOLDS.stands, *within(row.controller))
    for name in ("controller", "state"):
        if name in query:
            rows = rows.where(getattr(row, name) == query[name])
    return window.latest(rows)


@require("holds:read")
@blueprint.route("/v1/legal-holds/<number:number>")
@blueprint.response(200, LegalHoldSchema, example=HOLD, etag=True)
def get_legal_hold(number: int) -> Response:
    """Read one hold as it stands."""
    return _served(_mine(number))


def _keys(controller: str, body: dict[str, Any], name: str) -> list[str]:
    return [_key(controller, one, f"/{name}/{place}") for place, one in enumerate(body[name])]


def _key(controller: str, reference: str, field: str) -> str:
    of, key = parts(reference, field)
    if of != controller:
        raise Invalid("A hold is of one controller's data.", code="other_controller", field=field)
    return key


def _mine(number: int) -> StoredHold:
    return holding.HOLDS.one(number, lambda row: theirs(row.controller))


def _served(row: StoredHold, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return stored(bytes(row.document), etag=etag(row.version), status=status, headers=headers)
