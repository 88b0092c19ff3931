"""Which Accept headers are honoured: JSON for whoever takes JSON or anything, 406 for the others, errors always as
problems."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from flask import Flask
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header
from werkzeug.routing import Rule

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


def negotiator(app: Flask) -> Callable[[Rule, str], None]:
    """What refuses, with 406, an Accept header that has room for nothing the view of a rule gives."""
    offers = {endpoint: getattr(view, "produces", JSON) for endpoint, view in app.view_functions.items()}

    def negotiate(rule: Rule, accept: str) -> None:
        if not acceptable(accept, offers[rule.endpoint]):
            raise errors.NotAcceptable(headers={"Vary": "Accept"})

    return negotiate
