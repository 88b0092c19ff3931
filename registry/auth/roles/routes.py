"""/v1/roles: who may do what in a controller; giving a role, and taking it away."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from marshmallow import fields

from registry.api import (
    Blueprint,
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
from registry.auth.roles import giving
from registry.auth.roles.duties import DUTIES, given
from registry.auth.roles.giving import StoredRole
from registry.errors import NotFound, PreconditionFailed

blueprint = Blueprint("roles", __name__, description="Who may do what in which controller")

QUESTION = {
    "principal": "client/5d0c1f2e3a4b5c6d",
    "controller": "acme",
    "role": "editor",
    "registers": ["newsletter"],
}
ROLE = {
    "id": 12,
    **QUESTION,
    "systems": None,
    "audit": None,
    "ends_at": None,
    "given_by": "user/3",
    "given_at": "2026-01-15T08:00:00.000000Z",
    "taken_by": None,
    "taken_at": None,
}
_GIVEN = [name for name in DUTIES if name != "auditor"]


class RoleGivenSchema(Schema):
    """A role to give: to whom, in which controller, and of which registers or systems, where it is limited to some."""

    principal = Text(required=True, max=80, metadata={"description": "client/… or user/…"})
    controller = Key(required=True)
    role = OneOf(*_GIVEN, required=True)
    registers = fields.List(Key(), metadata={"description": "Keys; the role is for these alone."})
    systems = fields.List(Key(), metadata={"description": "Keys; needed for the role of a system."})


class RoleSchema(Schema):
    """A role in a controller. `registers` and `systems` null: it is for all of them."""

    id = fields.Integer(required=True, strict=True)
    principal = fields.String(required=True)
    controller = fields.String(required=True)
    role = fields.String(required=True, metadata={"enum": list(DUTIES)})
    registers = fields.List(fields.String(), required=True, allow_none=True)
    systems = fields.List(fields.String(), required=True, allow_none=True)
    audit = fields.Integer(
        required=True, strict=True, allow_none=True, metadata={"description": "The engagement it belongs to."}
    )
    ends_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    given_by = fields.String(required=True)
    given_at = fields.String(required=True, metadata={"format": "date-time"})
    taken_by = fields.String(required=True, allow_none=True)
    taken_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})


class RoleQuery(Page):
    """Which roles to list."""

    controller = Key(metadata={"description": "In this controller."})
    principal = Text(max=80, metadata={"description": "Of this client or person."})
    role = OneOf(*DUTIES, metadata={"description": "This role."})


@require("roles:read")
@blueprint.route("/v1/roles")
@blueprint.arguments(RoleQuery, location="query")
@blueprint.response(200, page_of(RoleSchema), example={"items": [ROLE], "next": None})
def list_roles(query: dict[str, Any]) -> Response:
    """List the roles that stand in the controllers that you may see, the latest first."""
    window, row = seek(query, int), StoredRole
    rows = row.select().where(giving.stands(), *within(row.controller))
    for name in ("controller", "principal", "role"):
        if name in query:
            rows = rows.where(getattr(row, name) == query[name])
    return window.latest(rows, document=_document)


@require("roles:write")
@blueprint.route("/v1/roles", methods=["POST"])
@blueprint.arguments(RoleGivenSchema, example=QUESTION)
@idempotent
@blueprint.response(201, RoleSchema, example=ROLE)
@blueprint.fails(404, 409)
def give_role(body: dict[str, Any]) -> Response:
    """Give somebody a role in a controller; they have it from their next request on.

    403 `more_than_own` for a role that gives more than your own roles and your token give in that controller. 409
    `given_already` for who has that role there. An auditor has an engagement instead (/v1/audits).
    """
    mine(body["controller"])
    names = {kind: body[kind] for kind in ("registers", "systems") if kind in body}
    role = given(body["role"], body["controller"], **names)
    row = giving.give(body["principal"], role, by=holder().id, rights=holder().rights)
    return _served(row, status=201, headers={"Location": f"/v1/roles/{row.id}"})


@require("roles:read")
@blueprint.route("/v1/roles/<number:number>")
@blueprint.response(200, RoleSchema, example=ROLE, etag=True)
def get_role(number: int) -> Response:
    """Read one role, also one that was taken away."""
    return _served(_mine(number))


@require("roles:write")
@blueprint.route("/v1/roles/<number:number>", methods=["DELETE"])
@conditional
@blueprint.response(
    200, RoleSchema, example={**ROLE, "taken_by": "user/3", "taken_at": ROLE["given_at"]}, etag=True
)
@blueprint.fails(409, 410)
def take_role(number: int) -> Response:
    """Take a role away; it is gone with the holder's next request, whatever token they have.

    409 `last_owner` where the controller would be left without an owner, `of_an_engagement` for an auditor's; 403
    `more_than_own` for a role that gives more than you have.
    """
    if _mine(number).version < if_match():
        raise PreconditionFailed("It never was in that version.")
    return _served(giving.take(number, by=holder().id, rights=holder().rights))


def _mine(number: int) -> StoredRole:
    row: StoredRole | None = StoredRole.get_or_none(StoredRole.id == number)
    if row is None or not theirs(row.controller):
        raise NotFound("There is no such role.")
    return row


def _served(row: StoredRole, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return stored(_document(row), etag=etag(row.version), status=status, headers=headers)


def _document(row: StoredRole) -> bytes:
    told = {name: getattr(row, name) for name in ROLE}
    for name in ("registers", "systems"):
        told[name] = None if told[name] is None else told[name].split()
    return orjson.dumps(told)
