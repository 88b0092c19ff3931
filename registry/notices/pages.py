"""/notices: what anybody may read. No cookies, no scripts, nothing from elsewhere."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import marshmallow as ma
import orjson
from flask import Response, current_app, redirect, request

from registry.api import Blueprint, Schema, etag, not_modified, produces, public, stored
from registry.catalogue.model import is_key
from registry.errors import Invalid, NotFound, Problem
from registry.notices import html, published
from registry.notices.schemas import EXAMPLE, NoticeSchema
from registry.pages import ICON, policy
from registry.settings import Settings
from registry.strict.schema import OneOf, Text
from registry.telling.teller import MAILBOX, web_address
from registry.telling.words import languages, words

blueprint = Blueprint("pages", __name__, description="For anybody to read")

View = TypeVar("View", bound=Callable[..., Any])

HTML, JSON = "text/html; charset=utf-8", "application/json"
#: So many notices stand on one page of the list.
LISTED = 200
#: So many controllers are named on the accessibility statement; with more of them readers use the list.
NAMED = 100

_YEAR = 365 * 24 * 3600
#: The rest of the strict headers is on every answer of the service.
SAFE = policy()
#: A withdrawn notice may be read in somebody's cache for so long.
SHARED = {"Cache-Control": "public, max-age=300", "Vary": "Accept, Accept-Language"}


class ReaderQuery(Schema):
    """How a reader wants a page."""

    lang = OneOf(
        *languages(), metadata={"description": "The language; else the browser's, else the record's."}
    )

    @ma.pre_load
    def _of_ours(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        # What a mailing or a search engine hangs on a link is no reason to turn a reader away.
        return {name: value for name, value in data.items() if name in self.fields}


class ListQuery(ReaderQuery):
    """Which part of the list."""

    after = Text(max=200, metadata={"description": "Where the next page begins."})


def page(view: View) -> View:
    """A public page: headers on whatever it answers, and faults told to people as a page. Goes below the route."""

    @functools.wraps(view)
    def shown(*args: Any, **kwargs: Any) -> Response:
        try:
            answer: Response = view(*args, **kwargs)
        except Problem as problem:
            if problem.status >= 500 or not _wants_html() or request.path.endswith(".json"):
                raise
            answer = _wrong(problem)
        answer.headers.update(SAFE)
        return answer

    return shown  # type: ignore[return-value]  # the wrapper has the shape of the view


def _html(description: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The view answers with a page."""
    shown = '<!doctype html>\n<html lang="fi">…</html>'
    return blueprint.response(
        200, content_type="text/html", description=description, example=shown, etag=True
    )


def _wrong(problem: Problem) -> Response:
    kind = {404: "not_found", 410: "gone"}.get(problem.status, "wrong")
    asked = request.args.get("lang")
    body = html.wrong_page(_language(asked if asked in languages() else None), kind, path="/notices")
    headers = {"Cache-Control": "no-store", "Vary": SHARED["Vary"]}
    return Response(body, problem.status, headers, content_type=HTML)


@public
@blueprint.route("/")
@page
@blueprint.response(303, description="To the list of notices.")
def begin() -> Response:
    """Begin with what everybody may read.

    Whoever types the address of the service into a browser comes to the notices.
    """
    answer: Response = redirect("/notices", 303, Response)  # type: ignore[assignment]  # of the class given
    answer.set_data(b"")
    return answer


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/notices", strict_slashes=False)
@page
@blueprint.arguments(ListQuery, location="query")
@_html("The list, by controller.")
def read_notices(query: dict[str, Any]) -> Response:
    """Read which notices are published.

    A page for people, in Finnish, Swedish or English; 200 notices at a time.
    """
    return _list(query, "/notices", None)


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/notices/<key:controller>", strict_slashes=False)
@page
@blueprint.arguments(ListQuery, location="query")
@_html("The list of one controller.")
def read_notices_of_controller(query: dict[str, Any], controller: str) -> Response:
    """Read which notices of a controller are published.

    404 for a controller without one, whether it is known or not.
    """
    return _list(query, f"/notices/{controller}", controller)


def _list(query: Mapping[str, Any], path: str, controller: str | None) -> Response:
    language = _language(query.get("lang"))
    rows = published.listed(
        controllers=None if controller is None else {controller}, after=_after(query), limit=LISTED + 1
    )
    if controller is not None and not rows:
        raise NotFound("No notice of this controller is public.")
    known = repr((path, [(one.controller, one.key, one.revision, one.id) for one in rows]))
    tag = _tag(hashlib.blake2b(known.encode(), digest_size=15).hexdigest(), language, HTML)
    headers = {**SHARED, "Content-Language": language}
    if (same := not_modified(tag, headers)) is not None:
        return same
    groups: list[dict[str, Any]] = []
    for one in rows[:LISTED]:
        if not groups or groups[-1]["key"] != one.controller:
            groups.append({"key": one.controller, "name": one.organisation, "notices": []})
        shown = {"key": one.key, "title": one.title, "language": one.language}
        groups[-1]["notices"].append({**shown, "published": words(language).day(one.published_at)})
    last = rows[LISTED - 1] if len(rows) > LISTED else None
    after = f"{last.controller}/{last.key}/{last.revision}" if last else ""
    body = html.index_page(language, groups, base=_base(), path=path, after=after)
    return stored(body.encode(), etag=tag, headers=headers, content_type=HTML)


def _after(query: Mapping[str, Any]) -> tuple[str, str, int] | None:
    if "after" not in query:
        return None
    controller, _, rest = query["after"].partition("/")
    key, _, revision = rest.partition("/")
    if not (
        is_key(controller)
        and is_key(key)
        and revision.isascii()
        and revision.isdigit()
        and len(revision) < 16
    ):
        raise Invalid("Not a place in the list.", code="bad_cursor", field="/after")
    return controller, key, int(revision)


@public
@produces("text/html", "application/json", "application/problem+json")
@blueprint.route("/notices/<key:controller>/<key:key>", strict_slashes=False)
@page
@blueprint.arguments(ReaderQuery, location="query")
@_html("The notice.")
@blueprint.response(200, NoticeSchema, description="The notice.", example=EXAMPLE, etag=True)
@blueprint.fails(410)
def read_notice(query: dict[str, Any], controller: str, key: str) -> Response:
    """Read a notice as a page, or as JSON where Accept prefers it.

    404 where none was ever public, 410 once it is withdrawn or the register has ended. Only the current notice is
    public: a question for another version or moment is 404.
    """
    return _notice(query, controller, key, JSON if not _wants_html() else HTML)


@public
@blueprint.route("/notices/<key:controller>/<key:key>.json")
@page
@blueprint.arguments(ReaderQuery, location="query")
@blueprint.response(200, NoticeSchema, description="The notice.", example=EXAMPLE, etag=True)
@blueprint.fails(410)
def read_notice_as_json(query: dict[str, Any], controller: str, key: str) -> Response:
    """Read a notice as JSON, as it was stored.

    Sections of blocks of answers; where the record does not answer, `status` and `note` say so. Any web page may
    fetch it (CORS).
    """
    return _notice(query, controller, key, JSON)


def _notice(query: Mapping[str, Any], controller: str, key: str, media: str) -> Response:
    if request.args.keys() & {"version", "revision", "as_of", "known_at"}:
        raise NotFound("Only the current notice is public.")
    found = published.current(controller, key)
    language = _language(query.get("lang"), found.language)
    tag = _tag(f"{controller}.{key}.{found.revision}.{found.id}", language, media)
    headers = {**SHARED, "Content-Language": language}
    if media == JSON:
        headers["Access-Control-Allow-Origin"] = "*"
    if (same := not_modified(tag, headers)) is not None:
        return same
    document = published.text(found.id, language)
    if document is None:  # published before the language had its labels
        raise NotFound("The notice was not published in this language.")
    body = document if media == JSON else _rendered(document, _base())
    return stored(body, etag=tag, headers=headers, content_type=media)


@functools.lru_cache(maxsize=128)
def _rendered(document: bytes, base: str) -> bytes:
    return html.notice_page(orjson.loads(document), base=base).encode()


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/accessibility", strict_slashes=False)
@page
@blueprint.arguments(ReaderQuery, location="query")
@_html("The accessibility statement.")
def read_accessibility(query: dict[str, Any]) -> Response:
    """Read how accessible the public pages are, and how to give feedback.

    The statement that laki 306/2019 asks for.
    """
    language = _language(query.get("lang"))
    named: dict[str, dict[str, str]] = {}
    for one in published.listed(limit=LISTED):
        named.setdefault(one.controller, _reached(one))
    body = html.accessibility_page(language, list(named.values())[:NAMED], base=_base()).encode()
    tag = _tag(hashlib.blake2b(body, digest_size=15).hexdigest(), language, HTML)
    return stored(body, etag=tag, headers={**SHARED, "Content-Language": language}, content_type=HTML)


def _reached(one: published.Published) -> dict[str, str]:
    contact = one.contact or ""
    link = f"mailto:{contact}" if MAILBOX.fullmatch(contact) else web_address(contact) or ""
    return {"name": one.organisation, "contact": contact, "link": link}


@public
@produces("text/css")
@blueprint.route("/static/notices.css")
@page
@blueprint.response(
    200, content_type="text/css", description="The style sheet.", example="body { margin: 0; }", etag=True
)
def read_styles() -> Response:
    """Get the style sheet of the public pages.

    The address that pages give changes with its content, and may be kept for ever.
    """
    return _asset(html.STYLES, "text/css; charset=utf-8")


@public
@produces("image/svg+xml")
@blueprint.route("/static/notices.svg")
@page
@blueprint.response(
    200, content_type="image/svg+xml", description="The icon.", example="<svg>…</svg>", etag=True
)
def read_icon() -> Response:
    """Get the icon of the public pages.

    A drawing, without text.
    """
    return _asset(ICON, "image/svg+xml")


def _asset(content: bytes, content_type: str) -> Response:
    kept = f"public, max-age={_YEAR}, immutable" if "v" in request.args else "public, max-age=300"
    tag = etag(hashlib.sha256(content).hexdigest()[:16])
    return stored(content, etag=tag, headers={"Cache-Control": kept}, content_type=content_type)


def _tag(name: str, language: str, media: str) -> str:
    return etag(f"{name}.{language}.{html.edition()}.{'json' if media == JSON else 'html'}")


def _base() -> str:
    settings: Settings = current_app.extensions["registry.settings"]
    return settings.base_url


def _language(asked: str | None, default: str | None = None) -> str:
    """The language asked for, else the browser's first that there is, else the record's, else the first."""
    offered = languages()
    if asked is not None:
        return asked
    return request.accept_languages.best_match(offered) or (default if default in offered else offered[0])


def _wants_html() -> bool:
    return request.accept_mimetypes.best_match(("text/html", "application/json")) != "application/json"
