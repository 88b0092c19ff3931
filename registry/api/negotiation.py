"""Which Accept headers are honoured: JSON for whoever takes JSON or anything, 406 for the others, errors always as
problems."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from flask import Flask, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from registry import errors

View = TypeVar("View", bound=Callable[..., Any])

JSON = ("application/json", "application/problem+json")


def produces(*media_types: str) -> Callable[[View], View]:
    """Mark a view that answers with these types instead of JSON, the preferred one first."""

    def mark(view: View) -> View:
        vars(view)["produces"] = media_types
        return view

    return mark


@lru_cache(maxsize=1024)
def acceptable(accept: str, offered: tuple[str, ...]) -> bool:
    """Whether a caller with this Accept header takes one of the types offered."""
    return parse_accept_header(accept, MIMEAccept).best_match(offered) is not None


def install(app: Flask) -> None:
    """Refuse with 406 a caller who takes nothing that the view gives."""
    offers = {endpoint: getattr(view, "produces", JSON) for endpoint, view in app.view_functions.items()}

    @app.before_request
    def negotiate() -> None:
        accept = request.environ.get("HTTP_ACCEPT")
        if accept is None or accept == "*/*":
            return
        asked = request.url_rule
        if asked is not None and not acceptable(accept, offers[asked.endpoint]):
            raise errors.NotAcceptable(headers={"Vary": "Accept"})
