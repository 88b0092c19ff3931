"""/oauth/authorize, /oauth/device, /oauth/access: where a person allows a program something, refuses it, or ends it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import babel.dates
import flask
from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import OAuth2Error
from flask import Response, request
from werkzeug.utils import redirect

from registry import clock, limits
from registry.api import Blueprint, produces, public
from registry.auth.clients.stored import Client, Family
from registry.auth.server.consent import NAMES, Consent, consent, origin
from registry.auth.server.sent import CAME
from registry.auth.server.server import SERVER, Server
from registry.auth.tokens import access as tokens
from registry.auth.tokens import codes, devices
from registry.auth.tokens.issuing import Lives
from registry.errors import Invalid, NotFound
from registry.limits import Limit
from registry.people import forms, sessions
from registry.people.documents import form, page
from registry.people.pages import Pages, language, signed_in, to
from registry.people.sessions import Person

blueprint = Blueprint("access", __name__, description="Who may ask on somebody's behalf")

PAGES = Pages("registry.auth")
#: Tries at user codes by one person, and from one address.
GUESSES = (Limit("user-code", burst=10, seconds=600), Limit("user-code-address", burst=60, seconds=600))
_LOCALES = {"fi": "fi_FI", "sv": "sv_FI", "en": "en_GB"}


def _server() -> Server:
    found: Server = flask.current_app.extensions[SERVER]
    return found


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/oauth/authorize")
@PAGES.page
@page(
    blueprint, "The request in plain words, with two buttons; 303 to the sign-in page, or back with an error."
)
@blueprint.fails(400)
def show_request() -> Response:
    """Show what a client asks for, to whoever is signed in.

    The authorization endpoint (RFC 6749, 3.1): `response_type=code`, `client_id`, `redirect_uri`, `scope`, `state`,
    `resource`, and always `code_challenge` with `code_challenge_method=S256`. Whoever is not signed in goes and does
    that first. A client or a redirect URI that is not registered is told here (400) and nowhere else; every other error
    goes back to the client, with `iss` (RFC 9207).
    """
    server = _server()
    asking: Any = None
    try:
        asking, fault = server.get_consent_grant(), None
    except OAuth2Error as error:
        if not error.redirect_uri:
            return PAGES.answer("refused.html", status=400, why="unknown_client")
        fault = error
    person = sessions.current()
    if person is None:
        return to("/sign-in", then=f"{request.full_path}&{CAME}=1")
    if fault is not None:
        return _fault(fault)
    sent = asking.request.payload
    handle = codes.ask(
        asking.request.client,
        user_id=person.id,
        redirect_uri=asking.redirect_uri,
        state=sent.state,
        scope=asking.request.scope,
        audience=server.settings.base_url,
        challenge=sent.data["code_challenge"],
    )
    told = _consent(asking.request.client, person, asking.request.scope, asking.redirect_uri)
    return PAGES.answer(
        "consent.html",
        forms=f"'self' {origin(asking.redirect_uri)}",
        carried=urlencode([pair for pair in request.args.items(multi=True) if pair[0] != "lang"]),
        consent=told,
        day=_day,
        action="/oauth/authorize",
        hidden={"asked": handle},
        user_code="",
    )


def _fault(error: OAuth2Error) -> Response:
    """Back to the client with an error. A browser that comes from the sign-in form would not be let go there by that
    form's form-action, so there the person is told, and goes on by a link."""
    known = error.description if isinstance(error.description, str) else ""
    params = {"error": error.error, "error_description": known, "state": error.state}
    if CAME in request.args:
        return PAGES.answer(
            "refused.html", status=400, why="bad_request", back=_address(error.redirect_uri, params)
        )
    return _back(error.redirect_uri, params)


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/oauth/authorize", methods=["POST"])
@PAGES.page
@signed_in
@form(blueprint, "asked", "answer")
@blueprint.fails(410)
def answer_request(person: Person) -> Response:
    """Allow what a client asked for, or refuse it, once.

    303 back to the client, with a code or `access_denied`. What is allowed is what the page showed: the form names it
    and says nothing of it. 410 when the page was open for more than ten minutes, or was answered.
    """
    sent = forms.sent("asked", "answer")
    answered = codes.answer(sent["asked"], user_id=person.id, allowed=_allowed(sent["answer"]))
    if answered is None:
        return PAGES.answer("refused.html", status=410, why="stale")
    if answered.code is None:
        refused = {"error": "access_denied", "error_description": "The person has refused."}
        return _back(answered.redirect_uri, {**refused, "state": answered.state})
    return _back(answered.redirect_uri, {"code": answered.code, "state": answered.state})


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/oauth/device")
@PAGES.page
@signed_in
@page(blueprint, "The form for a code; with `user_code`, what its device asks for.")
@blueprint.fails(422, 429)
def show_device(person: Person) -> Response:
    """Show what a device asks for, by the code that it shows (RFC 8628, 3.3).

    422 for a code that no device waits with; 429 after ten tries in ten minutes.
    """
    done = request.args.get("done")
    if done in ("allowed", "refused"):
        return PAGES.answer("device.html", done=done, fault="", typed="")
    typed = request.args.get("user_code", "")
    if not typed:
        return PAGES.answer("device.html", done="", fault="", typed="")
    _guess(person)
    device = devices.waiting(typed)
    if device is None:
        fault = PAGES.said()("device.unknown")
        return PAGES.answer("device.html", status=422, done="", fault=fault, typed=typed[:20])
    code = devices.shown(devices.plain(typed))
    return PAGES.answer(
        "consent.html",
        carried=urlencode({"user_code": code}),
        consent=_consent(device.client, person, device.scope, None),
        day=_day,
        action="/oauth/device",
        hidden={"user_code": code},
        user_code=code,
    )


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/oauth/device", methods=["POST"])
@PAGES.page
@signed_in
@form(blueprint, "user_code", "answer")
@blueprint.fails(410, 429)
def answer_device(person: Person) -> Response:
    """Allow what a device asks for, or refuse it, once.

    303 to a page that says so; the device learns it when it asks next. 410 when the device waits no more.
    """
    sent = forms.sent("user_code", "answer")
    allowed = _allowed(sent["answer"])
    _guess(person)
    if not devices.answer(sent["user_code"], user_id=person.id, allowed=allowed):
        return PAGES.answer("refused.html", status=410, why="stale")
    return to("/oauth/device", done="allowed" if allowed else "refused")


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/oauth/access")
@PAGES.page
@signed_in
@page(blueprint, "The list.")
def show_access(person: Person) -> Response:
    """Show which programs may ask on one's behalf."""
    rows = Family.select(Family, Client).join(Client).where(*_live(person)).order_by(Family.expires_at.desc())
    held = [{"id": row.id, "name": row.client.name, "until": _day(row.expires_at)} for row in rows]
    return PAGES.answer("access.html", held=held, ended="ended" in request.args)


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/oauth/access", methods=["POST"])
@PAGES.page
@signed_in
@form(blueprint, "permission")
@blueprint.fails(404)
def end_access(person: Person) -> Response:
    """End what one has allowed a program, with every token that came of it.

    303 to the list. 404 for what is over, or another's.
    """
    permission = forms.sent("permission")["permission"]
    if not Family.select().where(*_live(person), Family.id == permission).exists():
        raise NotFound("You have allowed no such thing.")
    tokens.revoke_family(permission, by=person.actor)
    return to("/oauth/access", ended="1")


def _live(person: Person) -> tuple[Any, ...]:
    return Family.user_id == person.id, Family.revoked_at.is_null(), Family.expires_at > clock.now()


def _consent(client: Client, person: Person, scope: str, redirect_uri: str | None) -> Consent:
    lives = Lives.of(_server().settings)
    return consent(
        client,
        user_id=person.id,
        scope=scope,
        redirect_uri=redirect_uri,
        language=language(),
        named=flask.current_app.extensions.get(NAMES, lambda keys: {key: key for key in keys}),
        access_seconds=lives.access,
        consent_seconds=lives.consent,
    )


def _allowed(answer: str) -> bool:
    if answer not in ("allow", "refuse"):
        raise Invalid("The answer is allow or refuse.", field="answer")
    return answer == "allow"


def _guess(person: Person) -> None:
    own, address = GUESSES
    limits.take((own, person.id), (address, limits.address(request.remote_addr or "")))


def _address(redirect_uri: str, params: dict[str, str | None]) -> str:
    told = [(name, value) for name, value in params.items() if value]
    made: str = add_params_to_uri(redirect_uri, [*told, ("iss", _server().settings.base_url)])
    return made


def _back(redirect_uri: str, params: dict[str, str | None]) -> Response:
    """To the client by 303, so that nothing that was sent here is sent there (RFC 9700, 4.12)."""
    made = redirect(_address(redirect_uri, params), 303, Response)
    made.set_data(b"")
    return made  # type: ignore[return-value]  # of the class given


def _day(instant: str) -> str:
    """An instant as a day for people, where this service's days begin."""
    moment = datetime.fromisoformat(instant).astimezone(ZoneInfo(_server().settings.zone))
    return babel.dates.format_date(moment, "long", locale=_LOCALES[language()])
