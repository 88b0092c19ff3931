"""/sign-in, /sign-out, /set-password: the way in with a password, its second step, the way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Response, request

from registry import limits
from registry.api import Blueprint, etag, produces, public, stored
from registry.errors import Gone, Invalid
from registry.people import agents, cookies, devices, forms, links, passwords, providers, sessions, signing
from registry.people.documents import form, page
from registry.people.pages import PAGES, STYLES, STYLES_TAG, own_path, settings, to, to_second_factor
from registry.people.users import User

blueprint = Blueprint("people", __name__, description="Signing in")

#: Tries from one network address, right or wrong, at the forms that take a password, a code or a link.
FROM = limits.Limit("signing in from", burst=100, seconds=600)

_YEAR = 365 * 24 * 3600


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/sign-in")
@PAGES.page
@page(blueprint, "The form, or 303 for who is signed in.")
def show_sign_in() -> Response:
    """Show the form to sign in with.

    `then` is where to go on, a path of this service; anything else leads to the account.
    """
    then = own_path(request.args.get("then", ""))
    said = request.args.get("said")
    known = {"password_set", "signed_out", "again"}
    if said != "again" and (person := sessions.current(weak=True)) is not None:
        if sessions.current() is not None:
            return to(then)
        if person.method == "password":
            return to_second_factor(person)
    return _sign_in(then, done=PAGES.said()(f"sign_in.{said}") if said in known else "")


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/sign-in", methods=["POST"])
@PAGES.page
@form(blueprint, "email", "password", "code", "then")
@blueprint.fails(429)
def sign_in() -> Response:
    """Sign in with a password.

    303 to where `then` says, or to the second step. What is wrong is not told apart: 422 for an unknown mailbox, a
    wrong password and a wrong code alike. After five failures tries of the mailbox wait longer and longer (429); its
    owner still gets in from a browser known before, or by giving password and code together.
    """
    sent = forms.sent("email", "password", "code", "then")
    counted()
    then, device = own_path(sent["then"]), cookies.read("device")
    made = signing.try_password(
        sent["email"], sent["password"], sent["code"], device=device, settings=settings()
    )
    if made.user is not None:
        return entered(to(then), made.user, made.method)
    if made.half is not None:
        answer = to("/sign-in/code", then=then)
        cookies.put(answer, "half", made.half)
        return answer
    return _refused(made.wait, "sign_in", lambda **more: _sign_in(then, email=sent["email"], **more))


def _sign_in(then: str, *, email: str = "", done: str = "", coded: bool = False, **more: Any) -> Response:
    shown = {"fault": "", "providers": providers.listed(), **more}
    return PAGES.answer(
        "sign-in.html",
        carried=urlencode({"then": then}),
        then=then,
        email=email,
        done=done,
        coded=coded,
        **shown,
    )


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/sign-in/code")
@PAGES.page
@page(blueprint, "The form, or 303 to the first step.")
def show_code() -> Response:
    """Show the second step of signing in."""
    then = own_path(request.args.get("then", ""))
    if links.holder_of(cookies.read("half") or "", "half") is None:
        return to("/sign-in", then=then)
    return _code(then)


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/sign-in/code", methods=["POST"])
@PAGES.page
@form(blueprint, "code", "then")
@blueprint.fails(410, 429)
def give_code() -> Response:
    """Give the code of the second step.

    303 to where `then` says. 410 when the first step is too long ago, 422 for a wrong code, 429 when too many were.
    """
    sent = forms.sent("code", "then")
    counted()
    then = own_path(sent["then"])
    secret, device = cookies.read("half") or "", cookies.read("device")
    made = signing.try_code(secret, sent["code"], device=device, settings=settings())
    if made is None:
        raise Gone("The first step is too long ago.", code="half_stale")
    if made.user is not None:
        answer = entered(to(then), made.user, made.method)
        cookies.drop(answer, "half")
        return answer
    return _refused(made.wait, "code", lambda **more: _code(then, **more))


def _code(then: str, *, fault: str = "", coded: bool = False, **more: Any) -> Response:
    return PAGES.answer("code.html", carried=urlencode({"then": then}), then=then, fault=fault, **more)


def counted() -> None:
    """Count a try from where this request comes. Raises errors.TooMany."""
    limits.take((FROM, limits.address(request.remote_addr or "")))


def _refused(wait: int, where: str, show: Callable[..., Response]) -> Response:
    said = PAGES.said()
    if wait:
        fault = said(f"{where}.wait", seconds=wait)
        return show(status=429, headers={"Retry-After": str(wait)}, fault=fault, coded=True)
    return show(status=422, fault=said(f"{where}.wrong"))


def entered(answer: Response, user: User, method: str) -> Response:
    """Put a new session for `user` into an answer, in the place of any before it; the browser is known from now on."""
    cookie = sessions.begin(
        user.id,
        method=method,
        agent=agents.named(request.headers.get("User-Agent", "")),
        seconds=settings().session_seconds,
        before=cookies.read("session"),
    )
    cookies.put(answer, "session", cookie)
    cookies.put(answer, "device", devices.know(user.id, cookies.read("device")), seconds=devices.LIFE)
    cookies.drop(answer, "form")
    return answer


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/sign-out", methods=["POST"])
@PAGES.page
@form(blueprint)
def sign_out() -> Response:
    """Sign out: the session ends here and now.

    303 to the form to sign in with.
    """
    forms.check()
    person = sessions.current(weak=True)
    if person is not None:
        sessions.end(person.id, by=person.actor, key=person.session)
    answer = to("/sign-in", said="signed_out")
    cookies.drop(answer, "session")
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/set-password")
@PAGES.page
@page(blueprint, "The form.")
@blueprint.fails(410)
def show_link() -> Response:
    """Show the form of an invitation, or of a new password.

    Looking uses nothing up. 410 for a link that was used, is too old or is none.
    """
    link = request.args.get("link", "")
    return _link(link, _holder(link))


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/set-password", methods=["POST"])
@PAGES.page
@form(blueprint, "link", "new", "again")
@blueprint.fails(410, 429)
def use_link() -> Response:
    """Set a password by a link, once.

    303 to the form to sign in with; sessions that there were are over. A second factor stays as it was.
    """
    sent = forms.sent("link", "new", "again")
    counted()
    user = _holder(sent["link"])
    try:
        chosen(user, sent["new"], sent["again"])
    except Invalid as wrong:
        return _link(sent["link"], user, status=422, fault=PAGES.said()(f"problem.{wrong.code}"))
    links.use(sent["link"], passwords.hashed(sent["new"]))
    answer = to("/sign-in", said="password_set")
    cookies.drop(answer, "session")
    return answer


def chosen(user: User, new: str, again: str) -> None:
    """Raises errors.Invalid for a new password that may not be, as passwords.fit, or that was not typed twice alike."""
    if new != again:
        raise Invalid("The two are not the same.", code="password_differs", field="again")
    host = urlsplit(settings().base_url).hostname or ""
    passwords.fit(new, (user.email, user.name, host, "registry", "rekisteri", "registret"))


def _holder(link: str) -> User:
    user = links.holder_of(link, "invitation", "reset")
    if user is None:
        raise Gone("The link was used, is too old, or is none.", code="link_spent")
    return user


def _link(link: str, user: User, *, status: int = 200, fault: str = "") -> Response:
    purpose = "invitation" if user.password is None else "reset"
    return PAGES.answer(
        "link.html", status=status, carried=urlencode({"link": link}), link=link, email=user.email, purpose=purpose,
        fault=fault,
    )  # fmt: skip


@public
@produces("text/css")
@blueprint.route("/static/people.css")
@blueprint.response(
    200, content_type="text/css", description="The style sheet.", example="body { margin: 0; }", etag=True
)
def read_people_styles() -> Response:
    """Get the style sheet of the pages for people who sign in.

    The address that pages give changes with its content, and may be kept for ever.
    """
    kept = f"public, max-age={_YEAR}, immutable" if "v" in request.args else "public, max-age=300"
    headers = {"Cache-Control": kept}
    return stored(STYLES, etag=etag(STYLES_TAG), headers=headers, content_type="text/css; charset=utf-8")
