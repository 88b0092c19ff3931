"""/v1/audits: engagements of auditors: opened by the DPO, over by themselves or at once; and what was read in them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import marshmallow as ma
import orjson
from flask import Response, current_app
from flask.blueprints import BlueprintSetupState
from marshmallow import fields

from registry import clock
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
    if_match,
    mine,
    page_of,
    require,
    seek,
    stored,
    theirs,
    within,
)
from registry.api.asked import here
from registry.api.door import READING, Holder
from registry.audits import engaging, reading
from registry.audits.engaging import Engagement, Terms
from registry.auth.roles import giving
from registry.db import writes
from registry.errors import Invalid
from registry.people import commands, links, users
from registry.settings import Settings

blueprint = Blueprint("audits", __name__, description="What auditors may see, and what they read")


@blueprint.record
def _installed(state: BlueprintSetupState) -> None:
    """An application that serves these routes writes down what is read by an engagement."""
    state.app.extensions[READING] = _read


QUESTION = {
    "controller": "acme",
    "auditor": {"email": "audit@firm.example", "name": "Audit, Firm Oy", "language": "en"},
    "registers": ["customers"],
    "since": "2025-01-01",
    "until": "2025-12-31",
    "sees": ["findings", "journal"],
    "purpose": "The yearly audit of 2025.",
    "ends_on": "2026-03-31",
}
AUDIT = {
    "id": 4,
    "version": 1,
    **QUESTION,
    "auditor": {"principal": "user/9b1c0d2e3f4a5b6c", "email": "audit@firm.example"},
    "ends_at": "2026-03-31T21:00:00.000000Z",
    "opened_by": "user/3f4a5b6c9b1c0d2e",
    "opened_at": "2026-01-15T08:00:00.000000Z",
    "ended_by": None,
    "ended_at": None,
}
READ = {
    "n": 17,
    "at": "2026-01-20T08:00:00.000000Z",
    "who": "user/9b1c0d2e3f4a5b6c",
    "client": "5d0c1f2e3a4b5c6d",
    "method": "GET",
    "target": "/v1/registers/acme/customers?as_of=2025-06-30",
    "as_of": "2025-06-30",
    "status": 200,
    "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}


class AuditorSchema(Schema):
    """Who audits: a person by e-mail (invited if unknown), or the program of a firm by its client id."""

    email = Text(max=254)
    name = Text(max=200, metadata={"description": "Of a person who is not known yet."})
    language = OneOf(*users.LANGUAGES, load_default="en")
    client = Text(max=64)

    @ma.validates_schema
    def _one_of_them(self, data: dict[str, Any], **_: Any) -> None:
        if ("email" in data) == ("client" in data):
            raise ma.ValidationError("contradiction: Name a person or a client, one of them.", "email")


class EngagementOpenedSchema(Schema):
    """What an auditor may see: of which registers, of which period of history, and what besides."""

    controller = Key(required=True)
    auditor = fields.Nested(AuditorSchema, required=True)
    registers = fields.List(
        Key(), validate=ma.validate.Length(1, 200), metadata={"description": "Keys; all, if left out."}
    )
    since = Day(metadata={"description": "The first day of the period; without a bound, if left out."})
    until = Day(metadata={"description": "Its last day."})
    sees = fields.List(OneOf("findings", "journal", "observations"), load_default=list)
    purpose = Text(required=True, max=2000)
    ends_on = Day(required=True, metadata={"description": "The last day of the engagement."})


class EngagedSchema(Schema):
    """The auditor of an engagement."""

    principal = fields.String(required=True)
    email = fields.String(required=True, allow_none=True)


class EngagementSchema(Schema):
    """An engagement. It is over from `ends_at` on. Drafts, secrets and other controllers are in none."""

    id = fields.Integer(required=True, strict=True)
    version = fields.Integer(required=True, strict=True)
    controller = fields.String(required=True)
    auditor = fields.Nested(EngagedSchema, required=True)
    registers = fields.List(fields.String(), required=True, allow_none=True)
    since = fields.String(required=True, allow_none=True, metadata={"format": "date"})
    until = fields.String(required=True, allow_none=True, metadata={"format": "date"})
    sees = fields.List(fields.String(), required=True)
    purpose = fields.String(required=True)
    ends_on = fields.String(required=True, metadata={"format": "date"})
    ends_at = fields.String(required=True, metadata={"format": "date-time"})
    opened_by = fields.String(required=True)
    opened_at = fields.String(required=True, metadata={"format": "date-time"})
    ended_by = fields.String(required=True, allow_none=True)
    ended_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})


class EngagementMadeSchema(EngagementSchema):
    """An engagement that was just opened, with the way in for a person who has no password yet."""

    invitation = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "The address at which they set a password; told this once, to be handed over."
        },
    )


class ReadSchema(Schema):
    """A request in an engagement that was answered: who asked, for what, as of when. The hash covers the row before."""

    n = fields.Integer(required=True, strict=True)
    at = fields.String(required=True, metadata={"format": "date-time"})
    who = fields.String(required=True)
    client = fields.String(required=True)
    method = fields.String(required=True)
    target = fields.String(required=True)
    as_of = fields.String(required=True, allow_none=True)
    status = fields.Integer(required=True, strict=True)
    hash = fields.String(required=True)


class EngagementQuery(Page):
    """Which engagements to list."""

    controller = Key(metadata={"description": "Of this controller."})
    state = OneOf("open", "over")


@require("audits:write")
@blueprint.route("/v1/audits", methods=["POST"])
@blueprint.arguments(EngagementOpenedSchema, example=QUESTION)
@blueprint.response(201, EngagementMadeSchema, example={**AUDIT, "invitation": None})
@blueprint.fails(403, 404, 409)
def open_engagement(body: dict[str, Any]) -> Response:
    """Let an auditor see a controller: some registers or all, of some time, until the end of a day.

    A person who is not known is added and invited; `invitation` is told this once. What is read is written down
    (`/v1/audits/{number}/reads`). 422 `in_the_past`, `too_far_ahead`, `bad_period`, `unknown_principal`.
    """
    mine(body["controller"])
    giving.needs("auditor", body["controller"], holder().rights)
    settings: Settings = current_app.extensions["registry.settings"]
    told = _opened(body, by=holder().id, settings=settings)
    headers = {"Location": f"/v1/audits/{told['id']}"}
    return stored(orjson.dumps(told), etag=etag(1), status=201, headers=headers)


@writes
def _opened(body: dict[str, Any], *, by: str, settings: Settings) -> dict[str, Any]:
    """Open an engagement, adding and inviting its auditor where they are not known: all of it, or none."""
    principal, secret = _auditor(body["auditor"], by=by, seconds=settings.invitation_seconds)
    names = {name: body[name] for name in ("since", "until", "purpose", "ends_on") if name in body}
    registers = tuple(body["registers"]) if "registers" in body else None
    terms = Terms(**names, registers=registers, sees=tuple(body["sees"]))
    told = engaging.open_engagement(
        body["controller"], principal, terms, by=by, kept=timedelta(days=settings.audit_reads_days)
    )
    return {**told, "invitation": None if secret is None else commands.address(settings.base_url, secret)}


def _auditor(asked: dict[str, Any], *, by: str, seconds: int) -> tuple[str, str | None]:
    if "client" in asked:
        return f"client/{asked['client']}", None
    user = users.by_email(asked["email"])
    if user is None:
        if "name" not in asked:
            raise Invalid(
                "Nobody has that mailbox yet: say the name.", code="required", field="/auditor/name"
            )
        user = users.add_user(email=asked["email"], name=asked["name"], language=asked["language"], by=by)
    elif user.password is not None or user.disabled_at is not None:
        return user.actor, None
    return user.actor, links.invite(user.id, by=by, seconds=seconds)


@require("audits:read")
@blueprint.route("/v1/audits")
@blueprint.arguments(EngagementQuery, location="query")
@blueprint.response(200, page_of(EngagementSchema), example={"items": [AUDIT], "next": None})
def list_engagements(query: dict[str, Any]) -> Response:
    """List engagements, the latest first, those included that are over."""
    window, row = seek(query, int), Engagement
    rows = row.select().where(engaging.ENGAGEMENTS.stands, *within(row.controller))
    if "controller" in query:
        rows = rows.where(row.controller == query["controller"])
    if "state" in query:
        now = clock.now()
        rows = rows.where(row.ends_at > now if query["state"] == "open" else row.ends_at <= now)
    return window.latest(rows)


@require("audits:read")
@blueprint.route("/v1/audits/<number:number>")
@blueprint.response(200, EngagementSchema, example=AUDIT, etag=True)
def get_engagement(number: int) -> Response:
    """Read one engagement."""
    row = _mine(number)
    return stored(bytes(row.document), etag=etag(row.version))


@require("audits:write")
@blueprint.route("/v1/audits/<number:number>", methods=["DELETE"])
@conditional
@blueprint.response(200, EngagementSchema, example={**AUDIT, "version": 2}, etag=True)
@blueprint.fails(410)
def end_engagement(number: int) -> Response:
    """End an engagement now: the auditor's next request is refused. 410 for one that is over."""
    _mine(number)
    engaging.end_engagement(number, by=holder().id, expect=if_match())
    row = _mine(number)
    return stored(bytes(row.document), etag=etag(row.version))


@require("audits:read")
@blueprint.route("/v1/audits/<number:number>/reads")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, page_of(ReadSchema), example={"items": [READ], "next": None})
def list_reads(query: dict[str, Any], number: int) -> Response:
    """List what was read in an engagement, in order: who asked, when, for what, and how it was answered.

    Rows are written before the answer leaves, numbered without a gap, and chained: each hash is the SHA-256 of the hash
    before it (32 zero bytes before the first) and the row in RFC 8785 form with `audit` and without `hash`. Every 100
    rows, and at the end, the journal says how far the log has come.
    """
    _mine(number)
    window = seek(query, int)
    after = window.after[0] if window.after else 0
    rows = engaging.reads(number, after=after, limit=window.limit + 1)
    return window.page(
        rows, document=lambda row: {name: getattr(row, name) for name in READ}, key=lambda row: (row.n,)
    )


def _mine(number: int) -> Engagement:
    return engaging.ENGAGEMENTS.one(number, lambda row: theirs(row.controller))


def _read(asking: Holder, status: int) -> None:
    """What the application says of each answer to an auditor, before it leaves."""
    environ, query = here.environ, here.environ.get("QUERY_STRING", "")
    targets = reading.concerned(asking, here.arguments, environ["PATH_INFO"], query)
    if targets:
        as_of = dict(parse_qsl(query)).get("as_of")
        reading.note(targets, asking, method=environ["REQUEST_METHOD"], as_of=as_of, status=status)
