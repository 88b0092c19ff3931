"""/v1/webhooks: who is told of changes, and how that fares."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from marshmallow import fields, validate

from registry.api import (
    Blueprint,
    Integer,
    Key,
    OneOf,
    Page,
    Schema,
    Text,
    conditional,
    etag,
    holder,
    if_match,
    mine,
    page_of,
    require,
    seek,
    settings,
    stored,
    theirs,
    within,
)
from registry.changes.kinds import KINDS
from registry.keys.sealing import Sealer
from registry.webhooks import endpoints, outbox, receiver
from registry.webhooks import stored as kept
from registry.webhooks.stored import ENDPOINTS, FATES, STATES, Delivery, Endpoint

blueprint = Blueprint("webhooks", __name__, description="Being told of what changes")

NEW = {
    "controller": "acme",
    "url": "https://hooks.acme.example/registry",
    "kinds": ["hold.set", "retention.published"],
    "description": "The helpdesk's purge.",
}
CHANGE = {"url": NEW["url"], "kinds": ["hold.set"], "description": None, "state": "paused"}
WEBHOOK = {
    "id": 4,
    "version": 1,
    **NEW,
    "state": "enabled",
    "disabled_because": None,
    "secrets": [{"number": 1, "given_at": "2026-01-15T08:00:00.000000Z", "until": None}],
    "added_at": "2026-01-15T08:00:00.000000Z",
    "changed_at": "2026-01-15T08:00:00.000000Z",
    "standing": {
        "position": 812,
        "pending": 0,
        "delivered_at": None,
        "failures": 0,
        "failing_since": None,
        "resume_at": None,
    },
}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="  # noqa: S105 -- of the documentation
DELIVERY = {
    "sequence": 812,
    "message": "msg_9c0e1f6bb2d1a37f4e5d6c7b8a990011",
    "kind": "hold.set",
    "state": "delivered",
    "tries": 1,
    "tried_at": "2026-01-16T08:00:00.000000Z",
    "status": 204,
    "code": None,
    "next_try_at": None,
}


def _instant(**more: Any) -> fields.String:
    return fields.String(required=True, metadata={"format": "date-time"}, **more)


class SignedSchema(Schema):
    """A secret that messages are signed with, which is never told again. `until`: it was replaced, and signs until
    then."""

    number = fields.Integer(required=True, strict=True)
    given_at = _instant()
    until = _instant(allow_none=True)


class StandingSchema(Schema):
    """How it stands. What lies behind `position` of the journal, or is `pending`, is still to be sent."""

    position = fields.Integer(required=True, strict=True)
    pending = fields.Integer(required=True, strict=True)
    delivered_at = _instant(allow_none=True)
    failures = fields.Integer(required=True, strict=True, metadata={"description": "In a row, the last."})
    failing_since = _instant(allow_none=True)
    resume_at = _instant(allow_none=True)


class WebhookSchema(Schema):
    """An endpoint that is told of changes."""

    id = fields.Integer(required=True, strict=True)
    version = fields.Integer(required=True, strict=True)
    controller = fields.String(required=True)
    url = fields.String(required=True)
    kinds = fields.List(fields.String(metadata={"enum": list(KINDS)}), required=True)
    description = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, metadata={"enum": list(STATES)})
    disabled_because = fields.String(
        required=True, allow_none=True, metadata={"description": "`gone` (it answered 410) or `unreachable`."}
    )
    secrets = fields.List(fields.Nested(SignedSchema), required=True)
    added_at = _instant()
    changed_at = _instant()
    standing = fields.Nested(StandingSchema, required=True, allow_none=True)


class NewWebhookSchema(WebhookSchema):
    """An endpoint, and its secret: keep it, it is not told again."""

    secret = fields.String(required=True)


def _url() -> Text:
    return Text(required=True, max=2000, metadata={"format": "uri", "description": "https, no user name."})


def _kinds() -> fields.List:
    return fields.List(OneOf(*KINDS), required=True, validate=validate.Length(min=1, max=len(KINDS)))


class WebhookProposalSchema(Schema):
    """Where to send what."""

    controller = Key(required=True)
    url = _url()
    kinds = _kinds()
    description = Text(max=500, allow_none=True, load_default=None)


class WebhookChangeSchema(Schema):
    """All that can be changed of it."""

    url = _url()
    kinds = _kinds()
    description = Text(max=500, allow_none=True, load_default=None)
    state = OneOf("enabled", "paused", required=True)


class RotationSchema(Schema):
    """How long the secrets before go on signing too, hours."""

    overlap_hours = Integer(min=0, max=168, load_default=24)


class DeliverySchema(Schema):
    """A message, and how it fares. `code` says why there was no answer, `status` what was answered."""

    sequence = fields.Integer(
        required=True, strict=True, metadata={"description": "The number of the change in the journal."}
    )
    message = fields.String(required=True, metadata={"description": "Its `webhook-id`, at every try."})
    kind = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": list(FATES)})
    tries = fields.Integer(required=True, strict=True)
    tried_at = _instant(allow_none=True)
    status = fields.Integer(required=True, strict=True, allow_none=True)
    code = fields.String(required=True, allow_none=True)
    next_try_at = _instant(allow_none=True)


class WebhookQuery(Page):
    """Which endpoints to list."""

    controller = Key(metadata={"description": "Of this controller."})
    state = OneOf(*STATES)


class DeliveryQuery(Page):
    """Which messages to list."""

    state = OneOf(*FATES)


@require("webhooks:write")
@blueprint.route("/v1/webhooks", methods=["POST"])
@blueprint.arguments(WebhookProposalSchema, example=NEW)
@blueprint.response(201, NewWebhookSchema, example={**WEBHOOK, "secret": SECRET})
@blueprint.fails(404, 409)
def add_webhook(body: dict[str, Any]) -> Response:
    """Have a controller's changes told to a URL, from now on.

    The answer holds the secret that messages are signed with, once. 422 for a URL that nothing may be sent to
    (`address_refused`, `port_refused`, `scheme_refused`, `dns_failed`, `url_refused`), `no_secret_key`; 409
    `too_many_webhooks`.
    """
    mine(body["controller"])
    receiver.check(body["url"], settings())
    number, secret = endpoints.add_endpoint(**body, by=holder().id, sealer=Sealer.of(settings()))
    return _served(_mine(number), status=201, secret=secret)


@require("webhooks:write")
@blueprint.route("/v1/webhooks/<number:number>", methods=["PUT"])
@blueprint.arguments(WebhookChangeSchema, example=CHANGE)
@conditional
@blueprint.response(200, WebhookSchema, example={**WEBHOOK, **CHANGE, "version": 2})
@blueprint.fails(410)
def change_webhook(body: dict[str, Any], number: int) -> Response:
    """Change where what is sent, pause it, or enable it again, also after it was disabled.

    What happened meanwhile is sent once it is enabled. Kinds that are new count from what was not yet sent.
    """
    before = _mine(number)
    if body["state"] == "enabled" or body["url"] != before.told["url"]:  # a host that is gone can be paused
        receiver.check(body["url"], settings())
    endpoints.change_endpoint(number, **body, by=holder().id, expect=if_match())
    return _served(_mine(number))


@require("webhooks:write")
@blueprint.route("/v1/webhooks/<number:number>/secrets", methods=["POST"])
@blueprint.arguments(RotationSchema, example={"overlap_hours": 24})
@conditional
@blueprint.response(201, NewWebhookSchema, example={**WEBHOOK, "version": 2, "secret": SECRET})
@blueprint.fails(409, 410)
def give_webhook_secret(body: dict[str, Any], number: int) -> Response:
    """Get a new secret; the ones before sign too for so many hours, so that nothing is refused meanwhile.

    0 where the old one is in wrong hands. 409 `too_many_secrets`.
    """
    _mine(number)
    sealer = Sealer.of(settings())
    secret = endpoints.give_secret(number, **body, by=holder().id, expect=if_match(), sealer=sealer)
    return _served(_mine(number), status=201, secret=secret)


@require("webhooks:write")
@blueprint.route("/v1/webhooks/<number:number>", methods=["DELETE"])
@conditional
@blueprint.response(
    200,
    WebhookSchema,
    example={**WEBHOOK, "version": 2, "state": "removed", "secrets": [], "standing": None},
)
@blueprint.fails(410)
def remove_webhook(number: int) -> Response:
    """Tell it nothing any more. What was on its way is not sent; the secrets are gone."""
    _mine(number)
    endpoints.remove_endpoint(number, by=holder().id, expect=if_match())
    return _served(_mine(number))


@require("webhooks:read")
@blueprint.route("/v1/webhooks")
@blueprint.arguments(WebhookQuery, location="query")
@blueprint.response(200, page_of(WebhookSchema), example={"items": [WEBHOOK], "next": None})
def list_webhooks(query: dict[str, Any]) -> Response:
    """List webhooks, the latest first, those included that were removed."""
    window = seek(query, int)
    rows = Endpoint.select().where(ENDPOINTS.stands, *within(Endpoint.controller))
    for name in ("controller", "state"):
        if name in query:
            rows = rows.where(getattr(Endpoint, name) == query[name])
    return window.latest(rows, document=_told)


@require("webhooks:read")
@blueprint.route("/v1/webhooks/<number:number>")
@blueprint.response(200, WebhookSchema, example=WEBHOOK)
def get_webhook(number: int) -> Response:
    """Read a webhook, and how it stands. Its ETag is for changing it."""
    return _served(_mine(number))


@require("webhooks:read")
@blueprint.route("/v1/webhooks/<number:number>/deliveries")
@blueprint.arguments(DeliveryQuery, location="query")
@blueprint.response(200, page_of(DeliverySchema), example={"items": [DELIVERY], "next": None})
def list_webhook_deliveries(query: dict[str, Any], number: int) -> Response:
    """List the messages to a webhook, the latest first: those under way, and those that are over for a month."""
    _mine(number)
    window = seek(query, int)
    rows = Delivery.select().where(Delivery.endpoint == number)
    if "state" in query:
        rows = rows.where(Delivery.state == query["state"])
    return window.latest(rows, document=lambda row: row.told, number="seq")


@require("webhooks:write")
@blueprint.route("/v1/webhooks/<number:number>/deliveries/<number:sequence>/tries", methods=["POST"])
@blueprint.response(202, DeliverySchema, example={**DELIVERY, "state": "pending", "tries": 0})
@blueprint.fails(404, 409)
def retry_webhook_delivery(number: int, sequence: int) -> Response:
    """Have a message sent once more, as soon as may be, under the same id. 409 `not_enabled`."""
    _mine(number)
    outbox.try_again(number, sequence, by=holder().id)
    row = Delivery.get((Delivery.endpoint == number) & (Delivery.seq == sequence))
    return stored(orjson.dumps(row.told), status=202)


def _mine(number: int) -> Endpoint:
    return ENDPOINTS.one(number, lambda row: theirs(row.controller))


def _told(row: Endpoint) -> dict[str, Any]:
    return {**row.told, "standing": kept.standing(row.id)}


def _served(row: Endpoint, status: int = 200, **more: str) -> Response:
    # How it stands changes without a new version, so the tag is for changing it and answers no 304.
    headers = {"ETag": etag(row.version), "Cache-Control": "no-store"}
    if status == 201 and row.version == 1:
        headers["Location"] = f"/v1/webhooks/{row.id}"
    return stored(orjson.dumps({**_told(row), **more}), status=status, headers=headers)
