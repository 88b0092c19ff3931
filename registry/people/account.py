"""/account: what a person sees and changes of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import babel.dates
from flask import Response, request

from registry import journal
from registry.api import Blueprint, produces, public
from registry.errors import Conflict, Invalid
from registry.keys.sealing import Sealer
from registry.people import attempts, cookies, devices, factor, forms, links, passwords, sessions, users
from registry.people.documents import form, page
from registry.people.pages import PAGES, halfway_in, settings, signed_in, to
from registry.people.routes import chosen, entered
from registry.people.sessions import Person
from registry.people.users import User

blueprint = Blueprint("account", __name__, description="One's own account")

_LOCALES = {"fi": "fi_FI", "sv": "sv_FI", "en": "en_GB"}
_SAID = {"language_done", "password_done", "factor_done", "factor_gone", "end_done"}
#: So much of what happened is shown.
_EVENTS = 15


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/account")
@PAGES.page
@page(blueprint, "The account, or 303 to sign in.")
@signed_in
def show_account(person: Person) -> Response:
    """Show one's own account: language, password, second step, sessions, what happened lately."""
    said = request.args.get("said", "")
    user, words = users.the(person.id), PAGES.said()
    listed = [
        {"key": one.key, "agent": one.agent, "when": _when(one.created_at)}
        for one in sessions.of_user(user.id)
    ]
    return PAGES.answer(
        "account.html",
        done=words(f"account.{said}") if said in _SAID else "",
        password_at=user.password_at and _when(user.password_at),
        factor=user.totp is not None,
        left=factor.papers(user.id),
        fit=bool(Sealer.of(settings()).ids),
        sessions=listed,
        events=_events(user, words),
    )


def _events(user: User, words: Any) -> list[dict[str, str]]:
    found = journal.latest(of=user.actor, limit=_EVENTS)
    return [
        {
            "what": words.labels["events"].get(one.action) or words("events.other"),
            "when": _when(one.recorded_at),
        }
        for one in found
    ]


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/account/language", methods=["POST"])
@PAGES.page
@form(blueprint, "language")
@signed_in
def change_language(person: Person) -> Response:
    """Change the language of one's pages."""
    users.set_language(person.id, forms.sent("language")["language"], by=person.actor)
    return to("/account", said="language_done")


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/account/password")
@PAGES.page
@page(blueprint, "The form, or 303 to sign in.")
@signed_in
def show_password(person: Person) -> Response:
    """Show the form to change one's password with."""
    return PAGES.answer("password.html", fault="")


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/account/password", methods=["POST"])
@PAGES.page
@form(blueprint, "password", "new", "again")
@blueprint.fails(429)
@signed_in
def change_password(person: Person) -> Response:
    """Change one's password, by the present one; every other session ends, and this one gets a new cookie."""
    sent, user = forms.sent("password", "new", "again"), users.the(person.id)
    try:
        proven(user, sent["password"])
        chosen(user, sent["new"], sent["again"])
        if sent["new"] == sent["password"]:
            raise Invalid("That is the present one.", code="password_same", field="new")
    except Invalid as wrong:
        return refused("password.html", wrong)
    links.put_password(user, passwords.hashed(sent["new"]), by=person.actor)
    return entered(to("/account", said="password_done"), user, person.method)


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/account/second-factor")
@PAGES.page
@page(blueprint, "A new key, or 303.")
@halfway_in
def show_factor(person: Person) -> Response:
    """Show a new key for an authenticator."""
    user = users.the(person.id)
    if user.password is None or user.totp is not None:
        return to("/account") if sessions.current() is not None else to("/sign-in", said="again")
    return _factor(user)


def _factor(user: User, *, offer: str | None = None, wrong: Invalid | None = None) -> Response:
    try:
        offer = offer or factor.offered(user, settings())
    except factor.Unfit:
        raise Conflict("There is no key to keep the secret with.", code="factor_unfit") from None
    try:
        key, drawn = factor.shown(offer, user, settings())
    except Invalid as stale:
        return _factor(user, wrong=stale)
    fault, status = (_fault(wrong), 422) if wrong else ("", 200)
    return PAGES.answer("factor.html", status=status, fault=fault, offer=offer, key=key, drawn=drawn)


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/account/second-factor", methods=["POST"])
@PAGES.page
@page(blueprint, "The recovery codes, shown this once.")
@form(blueprint, "offer", "password", "code")
@blueprint.fails(409, 429)
@halfway_in
def add_factor(person: Person) -> Response:
    """Take an authenticator into use: by the present password, and the first code that it shows."""
    sent, user = forms.sent("offer", "password", "code"), users.the(person.id)
    try:
        proven(user, sent["password"])
        codes = factor.begin(user, sent["offer"], sent["code"], settings=settings(), by=person.actor)
    except Invalid as wrong:
        return _factor(user, offer=sent["offer"], wrong=wrong)
    sessions.end(user.id, by=person.actor)
    return entered(PAGES.answer("codes.html", codes=codes), user, "password+totp")


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/account/second-factor/change")
@PAGES.page
@page(blueprint, "The form, or 303.")
@signed_in
def show_factor_change(person: Person) -> Response:
    """Show what can be done with the second step."""
    return PAGES.answer("factor-change.html", fault="") if users.the(person.id).totp else to("/account")


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/account/second-factor/change", methods=["POST"])
@PAGES.page
@page(blueprint, "The new recovery codes, shown this once.")
@form(blueprint, "password", "code", "what")
@blueprint.fails(409, 429)
@signed_in
def change_factor(person: Person) -> Response:
    """Make new recovery codes (`what`: renew), or take the second step away (remove), by both factors."""
    sent, user = forms.sent("password", "code", "what"), users.the(person.id)
    try:
        proven(user, sent["password"], sent["code"])
    except Invalid as wrong:
        return refused("factor-change.html", wrong)
    if sent["what"] == "renew":
        return PAGES.answer("codes.html", codes=factor.renew(user, by=person.actor))
    if sent["what"] == "remove":
        factor.remove(user, by=person.actor)
        return to("/account", said="factor_gone")
    raise Invalid("Choose what to do.", code="unknown_value", field="what")


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/account/sessions", methods=["POST"])
@PAGES.page
@form(blueprint, "session")
@signed_in
def end_sessions(person: Person) -> Response:
    """End another session of one's own; without a name, all others.

    Who signed in more than ten minutes ago is asked first who they are, by 303 to the form to sign in with.
    """
    key = forms.sent("session")["session"]
    if not sessions.recent(person):
        return to("/sign-in", then="/account", said="again")
    if key:
        sessions.end(person.id, by=person.actor, key=key)
    else:
        sessions.end(person.id, by=person.actor, but=person.session)
    return to("/account", said="end_done")


def proven(user: User, password: str, code: str | None = None) -> None:
    """Raises errors.Invalid unless it is the present password (`wrong_password`), and the code (`code_wrong`) where one
    is asked for, or where too many were wrong (`wait`)."""
    known = devices.known(cookies.read("device"), user)
    counted = ("present", f"{user.id} {known or ''}")
    if wait := attempts.claim(*counted):
        raise Invalid("Too many attempts.", code="wait", field="password", seconds=wait)
    if not passwords.right(user.password, password):
        raise Invalid("That is not the present password.", code="wrong_password", field="password")
    if code is not None and factor.right(user, code, settings()) is None:
        raise Invalid("That is not the code of this moment.", code="code_wrong", field="code")
    attempts.forget(*counted)


def refused(template: str, wrong: Invalid) -> Response:
    """The form again, and why; 429 where it is about waiting."""
    wait = wrong.extra.get("seconds")
    headers = {"Retry-After": str(wait)} if wait else {}
    return PAGES.answer(template, status=429 if wait else 422, headers=headers, fault=_fault(wrong))


def _fault(wrong: Invalid) -> str:
    return PAGES.said()(f"problem.{wrong.code}", **wrong.extra)


def _when(instant: str) -> str:
    """An instant for people: day and minute, where this service's days begin."""
    moment = datetime.fromisoformat(instant).astimezone(ZoneInfo(settings().zone))
    return babel.dates.format_datetime(moment, "medium", locale=_LOCALES[PAGES.said().language])
