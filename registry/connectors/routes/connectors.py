"""/v1/connectors: which systems are looked at, by what, how often; the secrets, which only go in; looking now."""

from __future__ import annotations

import threading
from typing import Any

import orjson
from flask import Response, current_app

from registry.api import (
    Blueprint,
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
from registry.connectors.book import book
from registry.connectors.configured import connecting
from registry.connectors.configured.connected import CONNECTORS, Connector
from registry.connectors.looking import claiming, running, storing
from registry.connectors.routes.schemas import (
    ADDED,
    CHANGED,
    CONNECTOR,
    STANDING,
    TRIED,
    ConnectorChangeSchema,
    ConnectorQuery,
    ConnectorSchema,
    NewConnectorSchema,
    SecretsSchema,
    SourcesSchema,
    StandingSchema,
    TrialSchema,
)  # fmt: skip
from registry.errors import Conflict, TooMany
from registry.keys.sealing import Sealer

blueprint = Blueprint("connectors", __name__, description="Which systems are looked at, by what, how often")

#: A trial is waited for, so it has to end before whoever asked has gone.
TRIAL_SECONDS = 45.0
#: So many are waited for at once in a process: each takes a thread of those that serve everybody.
_PLACES = threading.BoundedSemaphore(8)


@require("connectors:write")
@blueprint.route("/v1/connectors", methods=["POST"])
@blueprint.arguments(NewConnectorSchema, example=ADDED)
@idempotent
@blueprint.response(201, ConnectorSchema, example=CONNECTOR)
@blueprint.fails(404, 409)
def add_connector(body: dict[str, Any]) -> Response:
    """Have a declared system looked at.

    422 `address_refused` for settings that lead to an address of our own networks that the operator has not named, 409
    `already_looked_at` where another connector of the system sees some of the same. Its secrets are given next.
    """
    mine(parts(body["system"], "/system")[0])
    number = connecting.add_connector(
        body["system"], body["kind"], body["settings"],
        every_hours=body["every_hours"], state=body["state"], by=holder().id, sealer=_sealer(),
    )  # fmt: skip
    row = CONNECTORS.one(number)
    return _served(row, status=201, headers={"Location": f"/v1/connectors/{number}"})


@require("connectors:read")
@blueprint.route("/v1/connectors")
@blueprint.arguments(ConnectorQuery, location="query")
@blueprint.response(200, page_of(ConnectorSchema), example={"items": [CONNECTOR], "next": None})
def list_connectors(query: dict[str, Any]) -> Response:
    """List connectors, the latest first, those included that were removed."""
    window, row = seek(query, int), Connector
    rows = row.select().where(CONNECTORS.stands, *within(row.controller))
    if "system" in query:
        controller, key = parts(query["system"])
        rows = rows.where((row.controller == controller) & (row.system == key))
    for name in ("controller", "kind", "state"):
        if name in query:
            rows = rows.where(getattr(row, name) == query[name])
    return window.latest(rows)


@require("connectors:read")
@blueprint.route("/v1/connectors/<number:number>")
@blueprint.response(200, ConnectorSchema, example=CONNECTOR, etag=True)
def get_connector(number: int) -> Response:
    """Read one connector."""
    return _served(_mine(number))


@require("connectors:write")
@blueprint.route("/v1/connectors/<number:number>", methods=["PUT"])
@blueprint.arguments(ConnectorChangeSchema, example=CHANGED)
@conditional
@blueprint.response(200, ConnectorSchema, example={**CONNECTOR, "version": 3, "every_hours": 12}, etag=True)
@blueprint.fails(409, 410)
def put_connector(body: dict[str, Any], number: int) -> Response:
    """Change a connector. Where the hosts that it may reach change, its secrets are dropped: give them anew.

    409 `already_looked_at` where the settings make it see what another connector of the system sees.
    """
    _mine(number)
    connecting.change_connector(number, **body, by=holder().id, expect=if_match())
    return _served(_mine(number))


@require("connectors:write")
@blueprint.route("/v1/connectors/<number:number>/secrets", methods=["PUT"])
@blueprint.arguments(SecretsSchema, example={"secrets": {"client_id": "registry", "client_secret": "…"}})
@conditional
@blueprint.response(200, ConnectorSchema, example=CONNECTOR, etag=True)
@blueprint.fails(410)
def put_connector_secrets(body: dict[str, Any], number: int) -> Response:
    """Give a connector its secrets. They are kept sealed, bound to its hosts, and given back to nobody.

    422 `unknown_secret` for a name that its source has not, `no_secret_key` where this deployment cannot keep secrets.
    """
    _mine(number)
    connecting.give_secrets(number, body["secrets"], by=holder().id, expect=if_match(), sealer=_sealer())
    return _served(_mine(number))


@require("connectors:write")
@blueprint.route("/v1/connectors/<number:number>", methods=["DELETE"])
@conditional
@blueprint.response(200, ConnectorSchema, example={**CONNECTOR, "version": 3, "state": "removed"}, etag=True)
@blueprint.fails(410)
def remove_connector(number: int) -> Response:
    """Look no more. Its secrets are gone; what was seen stays."""
    _mine(number)
    connecting.remove_connector(number, by=holder().id, expect=if_match())
    return _served(_mine(number))


@require("connectors:read")
@blueprint.route("/v1/connectors/<number:number>/runs")
@blueprint.response(200, StandingSchema, example=STANDING)
def get_connector_runs(number: int) -> Response:
    """Read how a connector stands: its last run, when it is due, and whether it is being run."""
    return _standing(_mine(number))


@require("connectors:write")
@blueprint.route("/v1/connectors/<number:number>/runs", methods=["POST"])
@idempotent
@blueprint.response(202, StandingSchema, example={**STANDING, "due_at": "2026-01-15T10:00:00.000000Z"})
@blueprint.fails(409)
def run_connector(number: int) -> Response:
    """Have a connector run as soon as the worker or `registry observe --due` comes by. 409 `paused` for one that is."""
    _mine(number)
    connecting.ask_now(number, by=holder().id)
    return _standing(_mine(number), status=202)


@require("connectors:write")
@blueprint.route("/v1/connectors/<number:number>/trials", methods=["POST"])
@blueprint.response(200, TrialSchema, example=TRIED)
@blueprint.fails(409, 410, 429)
def try_connector(number: int) -> Response:
    """Look now, and show what would be stored; nothing is. It takes 45 seconds at most; 409 `running` beside a run.

    429 where as many are looking just now as the service waits for at once.
    """
    row = _mine(number)
    connecting.standing(row.state)
    if not _PLACES.acquire(blocking=False):
        raise TooMany("Others are trying theirs just now.", headers={"Retry-After": str(int(TRIAL_SECONDS))})
    try:
        return _tried(row)
    finally:
        _PLACES.release()


def _tried(row: Connector) -> Response:
    number = row.id
    lease = claiming.claim(number, TRIAL_SECONDS + 2 * running.MARGIN)
    if lease is None:
        raise Conflict("The connector is being run just now.", code="running")
    try:
        (ran,) = running.run(
            [row], by=holder().id, sealer=_sealer(), dry_run=True, seconds=TRIAL_SECONDS
        )  # fmt: skip
    finally:
        claiming.release(number, lease)
    told = {"run": ran.told, "observations": [storing.shown(one) for one in ran.looked]}
    return Response(orjson.dumps(told), content_type="application/json")


@require("connectors:read")
@blueprint.route("/v1/sources")
@blueprint.response(200, SourcesSchema, example={"items": []})
def list_sources() -> Response:
    """List the sources: what each asks for, and what it can see."""
    told = [known.document() for known in book().values()]
    return Response(orjson.dumps({"items": told}), content_type="application/json")


def _mine(number: int) -> Connector:
    return CONNECTORS.one(number, lambda row: theirs(row.controller))


def _sealer() -> Sealer:
    return Sealer.of(current_app.extensions["registry.settings"])


def _served(row: Connector, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return stored(bytes(row.document), etag=etag(row.version), status=status, headers=headers)


def _standing(row: Connector, status: int = 200) -> Response:
    return Response(orjson.dumps(storing.standing(row)), status, content_type="application/json")
