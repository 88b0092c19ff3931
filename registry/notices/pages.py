"""/notices: what anybody may read. No cookies, no scripts, nothing from elsewhere."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import orjson
from flask import Response, current_app, request

from registry.api import Blueprint, Schema, etag, not_modified, produces, public, stored
from registry.api.schema import OneOf, Text
from registry.catalogue.model import is_key
from registry.errors import Invalid, NotFound, Problem
from registry.notices import html, published
from registry.notices.words import languages, words
from registry.settings import Settings

blueprint = Blueprint("pages", __name__, description="For anybody to read")

View = TypeVar("View", bound=Callable[..., Any])

HTML, JSON = "text/html; charset=utf-8", "application/json"
#: So many notices stand on one page of the list.
LISTED = 200
#: So many controllers are named on the accessibility statement; with more of them readers use the list.
NAMED = 100

_YEAR = 365 * 24 * 3600
#: OWASP ASVS 3.4, and nothing but our own style sheet and icon.
SAFE = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
#: A withdrawn notice may be read in somebody's cache for so long.
SHARED = {"Cache-Control": "public, max-age=300"}
VARY = {"Vary": "Accept, Accept-Language"}


class ReaderQuery(Schema):
    """How a reader wants a page."""

    lang = OneOf(
        *languages(), metadata={"description": "The language; else the browser's, else the record's."}
    )


class ListQuery(ReaderQuery):
    """Which part of the list."""

    after = Text(max=200, metadata={"description": "Where the next page begins."})


def page(view: View) -> View:
    """A public page: headers on whatever it answers, and faults told to people as a page."""

    @functools.wraps(view)
    def shown(*args: Any, **kwargs: Any) -> Response:
        try:
            answer: Response = view(*args, **kwargs)
        except Problem as problem:
            if problem.status >= 500 or not _wants_html() or request.path.endswith(".json"):
                raise
            answer = _wrong(problem)
        answer.headers.update(_safe())
        return answer

    return shown  # type: ignore[return-value]  # the wrapper has the view's shape


def _safe() -> dict[str, str]:
    if _base().startswith("https:"):
        return {**SAFE, "Strict-Transport-Security": f"max-age={_YEAR}"}
    return SAFE


def _wrong(problem: Problem) -> Response:
    kind = {404: "not_found", 410: "gone"}.get(problem.status, "wrong")
    body = html.wrong_page(_language(None), kind, path="/notices")
    return Response(body, problem.status, {"Cache-Control": "no-store", **VARY}, content_type=HTML)


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/notices")
@blueprint.response(200, content_type="text/html", description="The list, by controller.")
@page
def read_notices() -> Response:
    """Read which notices are published."""
    query = _query(ListQuery)
    return _list(query, "/notices", None)


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/notices/<controller>")
@blueprint.response(200, content_type="text/html", description="The list of one controller.")
@blueprint.fails(404)
@page
def read_notices_of_controller(controller: str) -> Response:
    """Read which notices of a controller are published."""
    query = _query(ListQuery)
    if not is_key(controller):
        raise NotFound
    return _list(query, f"/notices/{controller}", controller)


def _list(query: Mapping[str, Any], path: str, controller: str | None) -> Response:
    language = _language(query.get("lang"))
    rows = published.listed(
        controllers=None if controller is None else {controller}, after=_after(query), limit=LISTED + 1
    )
    if controller is not None and not rows:
        raise NotFound("No notice of this controller is public.")
    # What the list shows is what it is known by; nobody can see from the tag when something else was withdrawn.
    known = [(one.controller, one.key, one.revision) for one in rows]
    tag = _tag(hashlib.blake2b(repr((path, known)).encode(), digest_size=9).hexdigest(), language)
    if (same := not_modified(tag, {**SHARED, **VARY})) is not None:
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
    return stored(body.encode(), etag=tag, headers={**SHARED, **VARY}, content_type=HTML)


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
@blueprint.route("/notices/<controller>/<key>")
@blueprint.response(
    200, content_type="text/html", description="The notice; as JSON for whoever prefers that."
)
@blueprint.fails(404, 410)
@page
def read_notice(controller: str, key: str) -> Response:
    """Read a notice as a page, or as JSON where Accept prefers it.

    404 where none was ever public, 410 once it is withdrawn or the register has ended. Only the current notice is
    public: a question for another version or moment is 404.
    """
    return _notice(controller, key, as_json=not _wants_html())


@public
@blueprint.route("/notices/<controller>/<key>.json")
@blueprint.response(200, content_type="application/json", description="The notice.", etag=True)
@blueprint.fails(404, 410)
@page
def read_notice_as_json(controller: str, key: str) -> Response:
    """Read a notice as JSON, as it was stored: sections of blocks, what is missing said in each place."""
    return _notice(controller, key, as_json=True)


def _notice(controller: str, key: str, *, as_json: bool) -> Response:
    if request.args.keys() & {"version", "as_of", "known_at", "revision"}:
        raise NotFound("Only the current notice is public.")
    query = _query(ReaderQuery)
    if not (is_key(controller) and is_key(key)):
        raise NotFound
    found = published.current(controller, key)
    language = _language(query.get("lang"), found.language)
    tag = _tag(f"{controller}.{key}.{found.revision}.{found.id}", language, JSON if as_json else HTML)
    headers = {**SHARED, **VARY, "Content-Language": language}
    if as_json:
        headers["Access-Control-Allow-Origin"] = "*"
    if (same := not_modified(tag, headers)) is not None:
        return same
    document = published.text(found.id, language)
    if document is None:  # published before the language had its labels
        raise NotFound("The notice was not published in this language.")
    if as_json:
        return stored(document, etag=tag, headers=headers)
    return stored(_rendered(document, _base()), etag=tag, headers=headers, content_type=HTML)


@functools.lru_cache(maxsize=128)
def _rendered(document: bytes, base: str) -> bytes:
    return html.notice_page(orjson.loads(document), base=base).encode()


@public
@produces("text/html", "application/problem+json")
@blueprint.route("/accessibility")
@blueprint.response(200, content_type="text/html", description="The accessibility statement.")
@page
def read_accessibility() -> Response:
    """Read how accessible the public pages are, and how to give feedback."""
    language = _language(_query(ReaderQuery).get("lang"))
    named: dict[str, published.Published] = {}
    for one in published.listed(limit=LISTED):
        named.setdefault(one.controller, one)
    body = html.accessibility_page(
        language, [_reached(one) for one in list(named.values())[:NAMED]], base=_base()
    )
    return Response(body, headers={**SHARED, **VARY}, content_type=HTML)


def _reached(one: published.Published) -> dict[str, str]:
    contact = one.contact or ""
    return {
        "name": one.organisation,
        "contact": contact,
        "link": f"mailto:{contact}" if "@" in contact else "",
    }


@public
@produces("text/css")
@blueprint.route("/static/notices.css")
@blueprint.response(200, content_type="text/css", description="The style of the public pages.")
@page
def read_styles() -> Response:
    """Get the style sheet."""
    return _asset(html.STYLES, "text/css; charset=utf-8")


@public
@produces("image/svg+xml")
@blueprint.route("/static/notices.svg")
@blueprint.response(200, content_type="image/svg+xml", description="The icon of the public pages.")
@page
def read_icon() -> Response:
    """Get the icon."""
    return _asset(html.ICON, "image/svg+xml")


def _asset(content: bytes, content_type: str) -> Response:
    # The address of a page's style sheet changes with its content, so it may be kept for ever; the bare one may not.
    kept = f"public, max-age={_YEAR}, immutable" if "v" in request.args else "public, max-age=300"
    tag = etag(hashlib.sha256(content).hexdigest()[:16])
    return stored(content, etag=tag, headers={"Cache-Control": kept}, content_type=content_type)


def _tag(name: str, language: str, media: str = HTML) -> str:
    return etag(f"{name}.{language}.{html.edition()}.{'json' if media == JSON else 'html'}")


def _base() -> str:
    settings: Settings = current_app.extensions["registry.settings"]
    return settings.base_url


def _query(schema: type[Schema]) -> dict[str, Any]:
    """The parameters we know; others (a mailing's, a search engine's) are no reason to turn a reader away."""
    known = schema()
    given = {name: values for name, values in request.args.lists() if name in known.fields}
    if any(len(values) > 1 for values in given.values()):
        raise Invalid("A parameter stands twice in the query.", code="repeated_parameter")
    if faults := known.validate({name: values[0] for name, values in given.items()}):
        raise Invalid("The query is not valid.", errors=[_fault(name) for name in faults])
    return dict(known.load({name: values[0] for name, values in given.items()}))


def _fault(name: str) -> dict[str, str]:
    return {
        "field": f"/{name}",
        "in": "query",
        "code": "invalid",
        "message": "Not one of the values there are.",
    }


def _language(asked: str | None, default: str | None = None) -> str:
    """The language asked for, else the browser's first that there is, else the record's, else the first."""
    offered = languages()
    if asked is not None:
        return asked
    return request.accept_languages.best_match(offered) or (default if default in offered else offered[0])


def _wants_html() -> bool:
    return request.accept_mimetypes.best_match(("text/html", "application/json")) != "application/json"
