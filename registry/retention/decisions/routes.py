"""/v1/retention-decisions: may this data be deleted, item by item, up to 10,000 in a call."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from marshmallow import fields, validate

from registry.api import SYSTEMS, Blueprint, Boolean, Schema, direct, holder, require, settings, stored
from registry.errors import Unavailable
from registry.keys.signing import Signer, Unsigned
from registry.retention.decisions import answers, receipts
from registry.retention.decisions.decision import UNKNOWN
from registry.retention.holds import keyed

blueprint = Blueprint("retention decisions", __name__, description="May this be deleted")

MOST = 10_000

QUESTION = {
    "common": {"system": "acme/helpdesk", "category": "D1", "event": "closed"},
    "items": [{"anchor": "2025-06-30T12:00:00+03:00"}, {"anchor": "2025-12-24"}, {"anchor": "2030-01-01"}],
}
RULE = {
    "register": "acme/customers",
    "category": "D1",
    "version": 3,
    "revision": 2,
    "period": "P6M",
    "of": 1,
}
ANSWER = {
    "at": "2026-01-15T08:00:00.000000Z",
    "position": 812,
    "decisions": [
        {
            "decision": "delete_after",
            "delete_after": "2025-12-30T22:00:00.000000Z",
            "rule": RULE,
            "then": "erase",
            "last_day": "2025-12-30",
            "valid_until": "2026-01-15T08:01:00.000000Z",
            "position": 812,
        },
        {
            "decision": "retain",
            "until": "2026-06-24T21:00:00.000000Z",
            "why": "period_running",
            "rule": RULE,
            "then": "erase",
            "last_day": "2026-06-24",
            "valid_until": "2026-01-15T08:01:00.000000Z",
            "position": 812,
        },
        {
            "decision": "unknown",
            "code": "anchor_in_future",
            "valid_until": "2026-01-15T08:01:00.000000Z",
            "position": 812,
        },
    ],
}


class DecisionItemSchema(Schema):
    """The data that is asked about. `system`, and either `category` or `data_category`, are needed."""

    system = fields.String(metadata={"description": "controller/key of the system that the data is in."})
    register = fields.String(
        metadata={"description": "controller/key; needed where registers that share a system differ."}
    )
    category = fields.String(metadata={"description": "Id of the data category in the record."})
    data_category = fields.String(metadata={"description": "The kind of data, a term of DPV."})
    anchor = fields.String(
        metadata={"description": "From when the period runs: a day, or a date-time with its zone."}
    )
    event = fields.String(
        metadata={
            "description": "Which event the anchor is the day of: the token or text that the rule gives."
        }
    )
    criterion_anchor = fields.String(
        metadata={
            "description": "When the criterion came to pass, where a rule has a period and a criterion."
        }
    )
    data_subject = fields.String(
        metadata={"description": "What kind of person it is about, where a rule holds for some only."}
    )
    subject = fields.String(
        metadata={
            "description": "A reference to the person, to be found by legal holds; hashed and not kept."
        }
    )


class _Items(fields.List):
    """A list of anything: what makes no sense is answered, not refused. Documented as items."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        return value


class DecisionsSchema(Schema):
    """What is asked: `common` has members that every item has which does not have them itself."""

    common = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        load_default=dict,
        metadata={"description": "Members of an item."},
    )
    receipts = Boolean(
        load_default=False,
        metadata={"description": "Sign each answer that lets something be done, as proof of why it was."},
    )
    items = _Items(
        fields.Nested(DecisionItemSchema), required=True, validate=validate.Length(min=1, max=MOST)
    )


class DecidedBySchema(Schema):
    """The rule that decides: the longest of the `of` that fit."""

    register = fields.String(required=True)
    category = fields.String(required=True)
    version = fields.Integer(required=True, strict=True)
    revision = fields.Integer(required=True, strict=True)
    period = fields.String(required=True, allow_none=True)
    of = fields.Integer(required=True, strict=True)


class WantingSchema(Schema):
    """Why no rule can be told: what a check says of the published register."""

    check = fields.String(required=True)
    register = fields.String(required=True)
    title = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    message = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    field = fields.String(required=True, metadata={"description": "JSON Pointer into the record."})
    line = fields.Integer(required=True, strict=True, allow_none=True)
    quote = fields.String(required=True, allow_none=True)


class DecisionSchema(Schema):
    """One answer. Only `delete_after` and `anonymise_after` let anything be done, and only until `valid_until`."""

    decision = fields.String(
        required=True, metadata={"enum": ["retain", "delete_after", "anonymise_after", "held", "unknown"]}
    )
    delete_after = fields.String(
        metadata={"format": "date-time", "description": "Since when it may be erased; in the past."}
    )
    anonymise_after = fields.String(
        metadata={"format": "date-time", "description": "Since when it may be anonymised; in the past."}
    )
    until = fields.String(
        allow_none=True, metadata={"format": "date-time", "description": "Keep until then, then ask again."}
    )
    why = fields.String(metadata={"enum": ["period_running", "to_be_archived"]})
    then = fields.String(metadata={"enum": ["erase", "anonymise", "archive"]})
    last_day = fields.String(
        metadata={"format": "date", "description": "Of the period, in the controller's zone."}
    )
    latest = fields.String(
        metadata={"format": "date-time", "description": "By when it is gone, purges at intervals included."}
    )
    rule = fields.Nested(DecidedBySchema)
    holds = fields.List(fields.Integer(strict=True), metadata={"description": "The numbers of the holds."})
    code = fields.String(metadata={"enum": sorted(UNKNOWN), "description": "Why it is unknown."})
    findings = fields.List(
        fields.Nested(WantingSchema),
        metadata={"description": "What the checks say of the registers that ought to have a rule for it."},
    )
    receipt = fields.String(
        metadata={
            "description": "The answer and the item, signed: a compact JWS, if `receipts` was asked for."
        }
    )
    valid_until = fields.String(
        required=True,
        metadata={"format": "date-time", "description": "Before this moment it may be acted upon."},
    )
    position = fields.Integer(
        required=True, strict=True, metadata={"description": "Entries in the journal when it was given."}
    )


class DecidedSchema(Schema):
    """The answers, in the order of the items, all of one moment."""

    at = fields.String(required=True, metadata={"format": "date-time"})
    position = fields.Integer(required=True, strict=True)
    decisions = fields.List(fields.Nested(DecisionSchema), required=True)


@require("retention:read", within=(SYSTEMS,))
@blueprint.route("/v1/retention-decisions", methods=["POST"])
@direct
@blueprint.arguments(DecisionsSchema, example=QUESTION)
@blueprint.response(200, DecidedSchema, example=ANSWER)
def decide_retention(body: dict[str, Any]) -> Response:
    """Say of each item whether it may be deleted.

    Items are judged one by one, from one moment of the registry: one that makes no sense is `unknown` and spoils no
    other. Whatever is not `delete_after` or `anonymise_after` means: keep. An answer may be acted upon before
    `valid_until` and not later, for a hold may have been set; nothing here may be cached. With `receipts`, answers that
    let something be done are signed; they verify with /.well-known/jwks.json (503 `no_signing_key` without a key).
    """
    common, set_ = body["common"], settings()
    asked = [{**common, **item} if isinstance(item, dict) else item for item in body["items"]]
    at, position, told = answers.answers(
        asked, sees=_sees, seconds=set_.decision_seconds, keys=keyed.keys(set_)
    )
    if body["receipts"]:
        try:
            receipts.given(
                asked, told, at=at, issuer=set_.base_url, client=holder().id, signer=Signer.of(set_)
            )
        except Unsigned:
            raise Unavailable(
                "This registry has no key to sign receipts with.", code="no_signing_key"
            ) from None
    answer = orjson.dumps({"at": at, "position": position, "decisions": told})
    return stored(answer, headers={"Cache-Control": "no-store"})


def _sees(controller: str, system: str) -> bool:
    """Whether a system is one that the holder may ask about; not theirs is as good as not there, in each item."""
    asking = holder()
    if asking.controllers is not None and controller not in asking.controllers:
        return False
    return controller not in asking.reach or any(
        one.systems is None or system in one.systems for one in asking.reach[controller]
    )
