"""A small resource in our dialect, to try it on: things, which belong to a controller."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Flask, Response, request

from registry import db, errors
from registry.api import (
    Blueprint,
    Boolean,
    Holder,
    Instant,
    Integer,
    Key,
    Mark,
    OneOf,
    Page,
    Schema,
    Text,
    application,
    conditional,
    etag,
    holder,
    idempotent,
    mine,
    page_of,
    precondition,
    public,
    require,
    seek,
    stored,
)
from registry.api.asked import here
from registry.db import Stored, writes
from registry.settings import Settings

blueprint = Blueprint("things", __name__, description="To try the dialect on")

BODY_SECONDS = (
    1.5  # on the server of the tests: what is sent in one go is there by then, also on a busy machine
)
EXAMPLE = {"name": "Äänekoski", "months": 12}


class Thing(Stored):
    """What is kept of a thing."""

    name = db.Text()

    class Meta:
        table_name = "example_thing"


class ThingSchema(Schema):
    """A thing as sent."""

    name = Text(required=True, max=200)
    months = Integer(min=0, max=1200)
    open = Boolean()
    since = Instant()
    kind = OneOf("red", "blue")


class ThingQuery(Page):
    """Which things."""

    kind = OneOf("red", "blue")
    owner = Key()


@writes(journalled=False, why="an example has no journal")
def keep(name: str) -> int:
    """Store a thing, give its number."""
    made: int = Thing.create(name=name).id
    return made


@require("things:read")
@blueprint.route("/v1/things")
@blueprint.arguments(ThingQuery, location="query")
@blueprint.response(200, page_of(ThingSchema), example={"items": [EXAMPLE], "next": None})
def list_things(query: dict[str, Any]) -> Response:
    """List the numbers from 1 to 500."""
    window = seek(query, int)
    start = window.after[0] if window.after else 0
    rows = range(start + 1, min(start + window.limit + 2, 501))
    return window.page(rows, document=lambda n: b'{"n":%d}' % n, key=lambda n: (n,))


@require("things:read")
@blueprint.route("/v1/things/<key:owner>/<number:n>")
@blueprint.response(200, ThingSchema, example=EXAMPLE, etag=True)
def get_thing(owner: str, n: int) -> Response:
    """Get a thing."""
    mine(owner)
    return stored(orjson.dumps({"owner": owner, "n": n}), etag=etag(n))


@require("things:write")
@blueprint.route("/v1/things/<key:owner>/<number:n>", methods=["PUT"])
@blueprint.arguments(ThingSchema, example=EXAMPLE)
@conditional
@blueprint.response(200, example=EXAMPLE, etag=True)
@blueprint.fails(409)
def put_thing(body: dict[str, Any], owner: str, n: int) -> dict[str, Any]:
    """Put a thing: says what it was given."""
    mine(owner)
    return {"given": body, "expected": precondition()}


@require("things:write")
@blueprint.route("/v1/things/<key:owner>/<number:n>", methods=["PATCH"])
@blueprint.arguments(ThingSchema(partial=True), example={"months": 3})
@conditional
@blueprint.response(200, example=EXAMPLE)
def patch_thing(body: dict[str, Any], owner: str, n: int) -> dict[str, Any]:
    """Patch a thing and forget to look at the precondition."""
    return body


@require("things:write")
@blueprint.route("/v1/things", methods=["POST"])
@blueprint.arguments(ThingSchema, example=EXAMPLE)
@idempotent
@blueprint.response(201, example=EXAMPLE)
@blueprint.fails(409)
def post_thing(body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Keep a thing."""
    number = keep(body["name"])
    if body["name"] == "taken":
        raise errors.Conflict("It is there already.")
    return {"id": number, "by": holder().id}, {"Location": f"/v1/things/own/{number}"}


@public
@blueprint.route("/v1/echo", methods=["POST"])
@blueprint.response(200, example={})
def echo() -> dict[str, Any]:
    """Say what came in, whatever it was."""
    seen = {"bytes": len(request.get_data()), "peer": request.remote_addr, "scheme": request.scheme}
    return seen | {"url": request.url, "forwarded": [k for k in request.environ if "FORWARDED" in k]}


@public
@blueprint.route("/v1/fault")
@blueprint.response(200, example={})
def fault() -> Response:
    """Fail in a way that nobody foresaw."""
    raise ZeroDivisionError("secret of the house")


def guard(mark: Mark) -> Holder:
    """`Bearer <client>` is good for everything but the scope things:admin, and sees the controller "own" alone."""
    scheme, _, client = here.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme != "Bearer" or not client:
        raise errors.Unauthorised(headers={"WWW-Authenticate": 'Bearer realm="example"'})
    if "things:admin" in mark.scopes:
        raise errors.InsufficientScope()
    seen = frozenset({"own"})
    return Holder(f"client/{client}", client, mark.scopes, seen, "2099-01-01T00:00:00.000000Z")


def create(**settings: Any) -> Flask:
    """The application of the example, on whatever database is open."""
    return application(Settings(**settings), [blueprint], guard=guard)


def create_served() -> Flask:
    """The same for the server: on the database of the environment, and impatient with bodies."""
    settings = Settings.from_env()
    db.open(settings.database)
    app = application(settings, [blueprint], guard=guard)
    app.wsgi_app.watch.seconds = BODY_SECONDS
    return app
