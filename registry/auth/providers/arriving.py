"""/sign-in/with and /sign-in/from: the way to an organisation's own provider, and back."""

from __future__ import annotations

from flask import Response, redirect, request

from registry import limits
from registry.api import Blueprint, produces, public
from registry.auth.providers import foreign
from registry.errors import NotFound
from registry.people import cookies, openid, providers
from registry.people.pages import PAGES, language, own_path, settings, to
from registry.people.routes import entered

#: Ways there and back from one network address: an office of many people has one.
FROM = limits.Limit("a provider from", burst=200, seconds=600)

blueprint = Blueprint("arriving", __name__, description="Signing in at an organisation's provider")


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/sign-in/with/<key:provider>")
@PAGES.page
@blueprint.response(303, description="To the provider.")
@blueprint.fails(429)
def go_to_provider(provider: str) -> Response:
    """Go and sign in at an organisation's own provider.

    `then` is where to go on afterwards, a path of this service.
    """
    found = providers.the(provider)
    if request.headers.get("Sec-Fetch-Site", "none") not in (
        "same-origin",
        "none",
    ):  # nobody else begins this for them
        return to("/sign-in", then=own_path(request.args.get("then", "")))
    limits.take((FROM, limits.address(request.remote_addr or "")))
    where, cookie = openid.way(found, then=own_path(request.args.get("then", "")), settings=settings())
    answer: Response = redirect(where, 303, Response)  # type: ignore[assignment]  # of the class given
    answer.set_data(b"")
    cookies.put(answer, "provider", cookie, seconds=openid.SECONDS)
    return answer


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/sign-in/from/<key:provider>")
@PAGES.page
@blueprint.response(303, description="Signed in; go on there.")
@blueprint.fails(403, 429)
def come_from_provider(provider: str) -> Response:
    """Come back from an organisation's own provider, signed in there.

    Who comes for the first time is added, if a group of theirs means a role here; roles are set as the groups are now.
    403 says what was wrong.
    """
    limits.take((FROM, limits.address(request.remote_addr or "")))
    found = providers.the(provider)
    if any(len(values) > 1 for _, values in request.args.lists()):
        raise openid.Refused("A parameter stands there twice.", code="provider_state")
    who = openid.arrive(found, request.args, cookies.read("provider"), settings=settings())
    if settings().second_factor == "required" and not who.strong:
        raise openid.Refused("A second factor is required, and none is vouched for.", code="provider_weak")
    try:
        user = foreign.received(found, who, language=language(), settings=settings())
    except NotFound:  # disabled here, whatever the provider says
        raise openid.Refused("They may not come in here.") from None
    method = f"{found.actor}+mfa" if who.strong else found.actor
    answer = entered(to(own_path(who.then)), user, method)
    cookies.drop(answer, "provider")
    return answer
