"""/v1/observations: what systems were seen to be configured as, pushed and read."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields

from registry.api import (
    HISTORY,
    REGISTERS,
    Blueprint,
    Instant,
    OneOf,
    Page,
    Schema,
    Text,
    etag,
    holder,
    idempotent,
    mine,
    page_of,
    require,
    seek,
    stored,
    within,
)
from registry.catalogue import reaching
from registry.catalogue.read import parts
from registry.connectors.observations import stored as observations
from registry.connectors.observations.push import Payload, SentObservationSchema
from registry.connectors.observations.stored import StoredObservation
from registry.connectors.observed.kinds import KINDS
from registry.connectors.observed.observation import LEVELS

blueprint = Blueprint("observations", __name__, description="What systems were seen to be configured as")

SENT = {
    "system": "acme/helpdesk",
    "kind": "deletion_rules",
    "taken_at": "2026-01-15T08:00:00Z",
    "source_level": "api",
    "complete": True,
    "collector": "zendesk",
    "payload": {
        "rules": [
            {
                "id": "360000000001",
                "object": "zen:ticket",
                "active": False,
                "after": "P3Y",
                "counted_from": "last_update",
                "action": "erase",
            }
        ]
    },
}
SERVED = {
    **SENT,
    "id": 7,
    "taken_at": "2026-01-15T08:00:00.000000Z",
    "recorded_at": "2026-01-15T08:00:02.000000Z",
    "invented": False,
    "digest": "5b0d9d0a6f3d0f3ef2b1b8a1b1f8e0a7c8d7f6c5b4a392817060504030201000",
    "raw_sha256": None,
    "reference": None,
    "expires_on": None,
}


class ObservationSchema(Schema):
    """An observation as stored."""

    id = fields.Integer(required=True, strict=True)
    system = fields.String(required=True, metadata={"description": "controller/key"})
    kind = fields.String(required=True, metadata={"enum": list(KINDS)})
    taken_at = fields.String(required=True, metadata={"format": "date-time"})
    recorded_at = fields.String(required=True, metadata={"format": "date-time"})
    source_level = fields.String(required=True, metadata={"enum": list(LEVELS)})
    collector = fields.String(required=True)
    complete = fields.Boolean(required=True)
    invented = fields.Boolean(required=True)
    payload = Payload(required=True)
    digest = fields.String(required=True, metadata={"description": "SHA-256 of the canonical payload, hex."})
    raw_sha256 = fields.String(required=True, allow_none=True)
    reference = fields.String(required=True, allow_none=True)
    expires_on = fields.String(required=True, allow_none=True, metadata={"format": "date"})


class ObservationQuery(Page):
    """Which observations to list."""

    system = Text(max=130, metadata={"description": "Of this system: controller/key."})
    kind = OneOf(*KINDS, metadata={"description": "Of this kind."})
    since = Instant(metadata={"description": "Taken then or later."})
    before = Instant(metadata={"description": "Taken before then."})


@require("observations:write")
@blueprint.route("/v1/observations", methods=["POST"])
@blueprint.arguments(SentObservationSchema, example=SENT)
@blueprint.response(201, ObservationSchema, example=SERVED)
@blueprint.fails(404)
@idempotent
def push_observation(sent: dict[str, Any]) -> Response:
    """Store what a system showed.

    Keys, counts and dates only: a payload has no place for contents, names or addresses of people. Nothing stored is
    changed later; what is seen anew is another observation. A look that failed is pushed as `could_not_look`.
    """
    mine(parts(sent["system"], "/system")[0])
    recorded = observations.record_observation(**sent, by=holder().id)
    where = {"Location": f"/v1/observations/{recorded.id}"}
    return stored(observations.one(recorded.id), status=201, headers=where)


@require("observations:read", within=(REGISTERS, HISTORY))
@blueprint.route("/v1/observations")
@blueprint.arguments(ObservationQuery, location="query")
@blueprint.response(200, page_of(ObservationSchema), example={"items": [SERVED], "next": None})
def list_observations(query: dict[str, Any]) -> Response:
    """List observations of the systems that you may see, the latest taken first."""
    window = seek(query, str, int)
    system = parts(query["system"], "/system") if "system" in query else None
    rows = observations.select(
        of=_seen(),
        system=system,
        kind=query.get("kind"),
        since=query.get("since"),
        before=query.get("before"),
        after=(window.after[0], window.after[1]) if window.after else None,
        limit=window.limit + 1,
    )
    return window.page(rows, document=lambda row: bytes(row.document), key=lambda row: (row.taken_at, row.id))


@require("observations:read", within=(REGISTERS, HISTORY))
@blueprint.route("/v1/observations/<number:number>")
@blueprint.response(200, ObservationSchema, example=SERVED, etag=True)
def get_observation(number: int) -> Response:
    """Read one observation."""
    return stored(observations.one(number, of=_seen()), etag=etag(1))


def _seen() -> list[Any]:
    """Conditions on observations: of systems that the holder sees, taken in a period that the holder may ask about."""
    asking, row = holder(), StoredObservation
    if asking.controllers is None or not asking.reach:
        return within(row.controller)
    told = row.controller.in_(sorted(asking.controllers - asking.reach.keys()))
    for controller, some in asking.reach.items():
        for one in some:
            which = row.controller == controller
            if one.registers is not None:
                which &= row.system.in_(sorted(reaching.systems(controller, one)))
            if one.since is not None:
                which &= row.taken_at >= one.since
            if one.until is not None:
                which &= row.taken_at < one.until
            told |= which
    return [told]
