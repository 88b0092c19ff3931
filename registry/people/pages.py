"""Pages for people who sign in: the frame, the languages, the headers, and faults told as pages.

    PAGES = Pages("registry.auth")           # templates/ and labels/ of that room, over those here

    @public
    @produces("text/html", "application/problem+json")
    @blueprint.route("/oauth/consent")
    @PAGES.page
    @signed_in
    def ask(person): return PAGES.answer("consent.html", …)

No script, nothing from elsewhere, nothing kept by caches. A form goes by 303 (`to`) to the page that follows. Browsers
hold a page to its `form-action` through every redirect that follows the POST of its form: where one leads to another
host, name it (`answer(forms=…)`), or let a page of ours come between (the way in from /sign-in is bound to us).
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import jinja2
from flask import Response, current_app, g, redirect, request
from werkzeug.exceptions import HTTPException

from registry import pages
from registry.api.problem import from_http
from registry.errors import Forbidden, Problem
from registry.pages.words import Words, words
from registry.people import cookies, forms, sessions
from registry.people.sessions import Person
from registry.people.users import LANGUAGES
from registry.settings import Settings

View = TypeVar("View", bound=Callable[..., Any])

HTML = "text/html; charset=utf-8"
#: Where somebody goes who came for nothing else.
HOME = "/account"
STYLES = pages.STYLES + (files("registry.people") / "static" / "people.css").read_bytes()
STYLES_TAG = hashlib.sha256(STYLES).hexdigest()[:16]

_OWN = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,3000}")
_ROOM = "registry.people"


class Pages:
    """The pages of a room that has `templates/` and `labels/` of its own."""

    def __init__(self, room: str = _ROOM) -> None:
        rooms = (room,) if room == _ROOM else (room, _ROOM)
        self.words = words(rooms)
        self.environment = pages.environment(*rooms)
        self.environment.undefined = jinja2.StrictUndefined

    def said(self) -> Words:
        """The words of the language that this reader wants."""
        return self.words[language()]

    def render(self, template: str, *, carried: str = "", **context: Any) -> str:
        """A page as text. `carried` is what the links to other languages keep of the query."""
        said = self.said()
        return self.environment.get_template(template).render(
            words=said,
            languages=[self.words[one] for one in LANGUAGES],
            path=request.path,
            carried=carried and carried + "&",
            home=within(HOME),
            stylesheet=f"/static/people.css?v={STYLES_TAG}",
            person=sessions.current(weak=True),
            form=forms.token,
            within=within,
            **context,
        )

    def answer(
        self,
        template: str,
        *,
        status: int = 200,
        forms: str = "'self'",
        headers: dict[str, str] | None = None,
        carried: str = "",
        **context: Any,
    ) -> Response:
        """A page as the answer. `forms` is where its forms may lead (CSP form-action)."""
        body = self.render(template, carried=carried, **context)
        made = Response(body, status, {**(headers or {}), **pages.policy(forms)}, content_type=HTML)
        made.headers["Content-Language"] = language()
        return made

    def page(self, view: View) -> View:
        """A page: strict headers on whatever it answers, faults told as a page. Goes below the route."""

        @functools.wraps(view)
        def shown(*args: Any, **kwargs: Any) -> Response:
            try:
                answer: Response = view(*args, **kwargs)
            except (Problem, HTTPException) as error:
                problem = error if isinstance(error, Problem) else from_http(error, request.environ)
                if problem.status >= 500 and not self.said().get(f"wrong.{problem.code}.title"):
                    raise
                answer = self.wrong(problem)
            for name, value in pages.policy("'self'").items():
                answer.headers.setdefault(name, value)
            answer.headers["Cache-Control"] = "no-store"
            answer.headers["Vary"] = "Cookie, Accept-Language"
            if "registry_form" in g and cookies.read("form") != g.registry_form:
                cookies.put(answer, "form", g.registry_form)
            return answer

        return shown  # type: ignore[return-value]  # the wrapper has the shape of the view

    def wrong(self, problem: Problem) -> Response:
        """A fault as a page: what it means in the reader's language, by its code, else by its status."""
        said = self.said()
        known = (problem.code, f"status_{problem.status}", "status_400")
        kind = next(one for one in known if said.get(f"wrong.{one}.title"))
        headers = {name: value for name, value in problem.headers.items() if name == "Retry-After"}
        return self.answer("wrong.html", status=problem.status, headers=headers, kind=kind)


PAGES = Pages()


def signed_in(view: View) -> View:
    """The view is for who is signed in, and is given the Person first; others go and sign in. Goes below `page`."""

    @functools.wraps(view)
    def entered(*args: Any, **kwargs: Any) -> Any:
        person: Person | None = sessions.current()
        if person is None and (weak := sessions.current(weak=True)) is not None:
            return to_second_factor(weak)
        if person is None:
            here = request.full_path.rstrip("?") if request.method == "GET" else HOME
            return to("/sign-in", then=here)
        return view(person, *args, **kwargs)

    return entered  # type: ignore[return-value]  # as the view, for whoever asks


def to_second_factor(weak: Person) -> Response:
    """Where somebody goes on whose way in was a password alone where more is required.

    Raises errors.Forbidden (`provider_weak`) for who came from a provider: only that can ask for more.
    """
    if weak.method != "password":
        raise Forbidden("A second factor is required, and none is vouched for.", code="provider_weak")
    return to("/account/second-factor")


def halfway_in(view: View) -> View:
    """As `signed_in`, also for who still has to take a second factor into use."""

    @functools.wraps(view)
    def entered(*args: Any, **kwargs: Any) -> Any:
        person = sessions.current(weak=True)
        return to("/sign-in", then=HOME) if person is None else view(person, *args, **kwargs)

    return entered  # type: ignore[return-value]  # as the view, for whoever asks


def to(path: str, **query: str) -> Response:
    """Go on to a page of ours: 303, so that what was sent is not sent again."""
    asked = {name: value for name, value in query.items() if value}
    if "lang" in request.args and language() == request.args["lang"]:
        asked.setdefault("lang", language())
    joint = "&" if "?" in path else "?"
    made = redirect(path + (joint + urlencode(asked) if asked else ""), 303, Response)
    made.set_data(b"")
    return made  # type: ignore[return-value]  # of the class given


def within(path: str, **query: str) -> str:
    """The address of a page of ours, in the language that was asked for here."""
    asked = {name: value for name, value in query.items() if value}
    if "lang" in request.args and language() == request.args["lang"]:
        asked.setdefault("lang", language())
    return path + ("?" + urlencode(asked, quote_via=quote, safe="/") if asked else "")


def own_path(text: str) -> str:
    """Where to go on: a path of this service, as it was given; HOME for anything that might lead elsewhere."""
    if _OWN.fullmatch(text):
        parts = urlsplit(text)
        if not parts.scheme and not parts.netloc and not parts.path.startswith("//"):
            return text
    return HOME


def language() -> str:
    """The language asked for (`?lang=`), else the person's, else the browser's first that there is, else Finnish."""
    asked = request.args.get("lang")
    if asked in LANGUAGES:
        return str(asked)
    person = sessions.current(weak=True)
    if person is not None:
        return person.language
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def settings() -> Settings:
    """The settings of the application that answers."""
    found: Settings = current_app.extensions["registry.settings"]
    return found
