"""/v1/notices: what is published for people to read; publish, withdraw, list."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from marshmallow import fields

from registry import clock
from registry.api import (
    HISTORY,
    REGISTERS,
    Blueprint,
    Integer,
    Key,
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
    within,
)
from registry.catalogue.read import parts
from registry.errors import NotFound
from registry.notices import publish, published
from registry.telling.words import languages

blueprint = Blueprint("notices", __name__, description="What is published")

PUBLICATION = {
    "register": "acme/newsletter",
    "revision": 2,
    "version": 3,
    "effective_from": "2026-01-15T08:00:00.000000Z",
    "published_at": "2026-01-16T08:00:00.000000Z",
    "title": "Uutiskirjeen tilaajat",
    "language": "fi",
    "organisation": "Acme Oy",
    "inputs": {"register": 3, "controller": 1, "systems": {"mailer": 2}},
    "languages": ["fi", "sv", "en"],
    "url": "/notices/acme/newsletter",
}


class PublishSchema(Schema):
    """What to publish."""

    register = Text(max=130, required=True, metadata={"description": "controller/key."})
    version = Integer(
        min=1, metadata={"description": "Of the register; the one that applies now, if left out."}
    )


class InputsSchema(Schema):
    """The versions that a notice was made of."""

    register = fields.Integer(required=True, strict=True)
    controller = fields.Integer(required=True, strict=True)
    systems = fields.Dict(keys=fields.String(), values=fields.Integer(strict=True), required=True)


class PublicationSchema(Schema):
    """A published notice."""

    register = fields.String(required=True, metadata={"description": "controller/key."})
    revision = fields.Integer(
        required=True, strict=True, metadata={"description": "Counts the publications of the register."}
    )
    version = fields.Integer(required=True, strict=True, metadata={"description": "Of the register."})
    effective_from = fields.String(
        required=True, metadata={"format": "date-time", "description": "Not public before this."}
    )
    published_at = fields.String(required=True, metadata={"format": "date-time"})
    title = fields.String(required=True)
    language = fields.String(required=True, metadata={"description": "Of the title."})
    organisation = fields.String(required=True)
    inputs = fields.Nested(InputsSchema, required=True)
    languages = fields.List(fields.String(), required=True)
    url = fields.String(required=True, metadata={"format": "uri-reference"})


class NoticeQuery(Page):
    """Which notices to list."""

    controller = Key(metadata={"description": "Of this controller."})


@require("notices:write")
@blueprint.route("/v1/notices", methods=["POST"])
@blueprint.arguments(PublishSchema, example={"register": "acme/newsletter", "version": 3})
@idempotent
@blueprint.response(201, PublicationSchema, example=PUBLICATION)
@blueprint.response(
    200, PublicationSchema, example=PUBLICATION, description="It stood so already; nothing was done."
)
@blueprint.fails(404, 409)
def publish_notice(body: dict[str, Any]) -> Response:
    """Publish a register's notice, with its retention rules.

    A version that takes effect later is published from then on. What it is made of is frozen: a notice never changes
    by itself. Publishing again what stands changes nothing and is answered 200. 409 `ended` for a register that has
    ended, or a version from before an end; 409 `not_yet_effective` when no version applies yet and none was named.
    """
    controller, key = parts(body["register"], "/register")
    mine(controller)
    done, new = publish.publish(controller, key, body.get("version"), by=holder().id)
    headers = {"Location": f"/v1/notices/{done.controller}/{done.key}", "ETag": etag(done.revision)}
    return stored(orjson.dumps(_told(done)), status=201 if new else 200, headers=headers)


@require("notices:read", within=(REGISTERS, HISTORY))
@blueprint.route("/v1/notices")
@blueprint.arguments(NoticeQuery, location="query")
@blueprint.response(200, page_of(PublicationSchema), example={"items": [PUBLICATION], "next": None})
def list_notices(query: dict[str, Any]) -> Response:
    """List the published notices, those included that are yet to take effect."""
    window = seek(query, str, str, int)
    row = published.NoticePublication
    of = within(row.controller, row.key, row.published_at)
    if "controller" in query:
        of.append(row.controller == query["controller"])
    if audited := _audited():  # who sees no drafts sees no plans
        of.append(row.controller.not_in(audited) | (row.effective_from <= clock.now()))
    rows = published.listed(of=of, planned=True, after=window.after, limit=window.limit + 1)
    return window.page(rows, document=_told, key=lambda one: (one.controller, one.key, one.revision))


@require("notices:read", within=(REGISTERS, HISTORY))
@blueprint.route("/v1/notices/<key:controller>/<key:key>")
@blueprint.response(200, PublicationSchema, example=PUBLICATION, etag=True)
@blueprint.fails(404, 410)
def get_notice(controller: str, key: str) -> Response:
    """Get the latest publication of a register; 410 when it was withdrawn or the register has ended."""
    mine(controller, key)
    found = (
        published.current(controller, key)
        if controller in _audited()
        else published.standing(controller, key)
    )
    if controller in holder().reach and not any(
        one.register(key) and one.covers(found.published_at) for one in holder().reach[controller]
    ):
        raise NotFound("No notice of this register has been published.")
    return stored(orjson.dumps(_told(found)), etag=etag(found.revision))


@require("notices:write")
@blueprint.route("/v1/notices/<key:controller>/<key:key>", methods=["DELETE"])
@conditional
@blueprint.response(204, description="The notice is not public any more.")
@blueprint.fails(404, 410)
def withdraw_notice(controller: str, key: str) -> tuple[None, int]:
    """Withdraw a register's notice, planned ones too, with its retention rules.

    The public page answers 410 from then on. Only what has been published can be withdrawn; the register stays.
    """
    mine(controller)
    publish.withdraw(controller, key, by=holder().id, expect=if_match())
    return None, 204


def _audited() -> list[str]:
    """The controllers of which the holder sees only what was published."""
    return sorted(key for key, some in holder().reach.items() if all(one.published for one in some))


def _told(one: published.Published) -> dict[str, Any]:
    return {
        "register": f"{one.controller}/{one.key}",
        "revision": one.revision,
        "version": one.version,
        "effective_from": one.effective_from,
        "published_at": one.published_at,
        "title": one.title,
        "language": one.language,
        "organisation": one.organisation,
        "inputs": one.inputs,
        "languages": list(languages()),
        "url": f"/notices/{one.controller}/{one.key}",
    }
