"""The one error body (RFC 9457), and the one handler that every fault ends in."""

from __future__ import annotations

import http
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect

from registry import db, errors
from registry.api.answer import json

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

# What the server writes itself; the rest of an HTTPException's headers (Allow, WWW-Authenticate, Retry-After) is kept.
_OWN_HEADERS = frozenset({"content-type", "content-length"})


def tree(root: type[errors.Problem] = errors.Problem) -> Iterator[type[errors.Problem]]:
    """Every class of the error tree below `root`, parents first."""
    for kind in root.__subclasses__():
        yield kind
        yield from tree(kind)


def by_status() -> dict[int, type[errors.Problem]]:
    """The general class of each status: the first one met, going down from the root."""
    found: dict[int, type[errors.Problem]] = {}
    for kind in errors.Problem.__subclasses__():
        if kind.__module__.startswith("registry."):
            found.setdefault(kind.status, kind)
    return found


def answer(problem: errors.Problem) -> Response:
    """The response that tells a problem."""
    headers = {**problem.headers, "Cache-Control": "no-store"}
    return json(problem.body(), problem.status, headers, MEDIA_TYPE)


def from_http(error: HTTPException, environ: Mapping[str, Any]) -> errors.Problem:
    """The problem that a Werkzeug exception means, with its headers; its text stays behind, for it may repeat input."""
    status = error.code or 500
    headers = {k: v for k, v in error.get_headers(dict(environ)) if k.lower() not in _OWN_HEADERS}
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    kind = by_status().get(status)
    if kind is not None:
        return kind(headers=headers)
    phrase = http.HTTPStatus(status).phrase
    problem = errors.Problem(code=phrase.lower().replace(" ", "_"), headers=headers)
    problem.status, problem.title = status, phrase
    return problem


def told(error: Exception, environ: Mapping[str, Any], endpoint: str | None) -> Response | HTTPException:
    """The answer to an exception; what nobody foresaw is logged and says nothing of itself."""
    if isinstance(error, errors.Problem):
        return answer(error)
    if isinstance(error, HTTPException):
        if error.response is not None or isinstance(error, RequestRedirect):
            return error
        return answer(from_http(error, environ))
    if (meant := db.failure(error)) is not None:
        log.warning("database: %s at %s %s", meant.code, environ["REQUEST_METHOD"], endpoint)
        return answer(meant)
    log.error("unforeseen fault at %s %s\n%s", environ["REQUEST_METHOD"], endpoint, errors.places(error))
    return answer(errors.Internal())


def install(app: Flask) -> None:
    """Answer every exception with a problem."""

    @app.errorhandler(Exception)
    def _(error: Exception) -> Response | HTTPException:
        return told(error, request.environ, request.endpoint)
