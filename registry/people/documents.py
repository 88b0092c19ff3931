"""What the contract says of pages and their forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import marshmallow as ma
from marshmallow import fields

from registry.api import Blueprint
from registry.people.forms import FIELD, FORM

View = Callable[..., Any]

_PAGE = '<!doctype html>\n<html lang="fi">…</html>'


def page(blueprint: Blueprint, description: str) -> Callable[[View], View]:
    """The view answers with a page, or has the browser go on to another first."""

    def mark(view: View) -> View:
        documented = blueprint.doc(responses={"303": {"description": "Go on there first."}})(view)
        return blueprint.response(200, content_type="text/html", description=description, example=_PAGE)(
            documented
        )

    return mark


def form(blueprint: Blueprint, *names: str) -> Callable[[View], View]:
    """The view takes a form with these fields, and goes on by 303."""
    said = {name: fields.String() for name in names}
    said[FIELD] = fields.String(required=True, metadata={"description": "The token that the page gave."})
    title = "".join(part.capitalize() for part in (*names, "form"))
    schema = ma.Schema.from_dict(said, name=f"{title}Schema")  # type: ignore[arg-type]  # fields of any kind
    shown = {FORM: {"schema": schema, "example": dict.fromkeys((*names, FIELD), "…")}}

    def mark(view: View) -> View:
        documented = blueprint.doc(requestBody={"required": True, "content": shown})(view)
        return blueprint.response(303, description="Done; go on there.")(
            blueprint.fails(400, 408, 413, 415, 422)(documented)
        )

    return mark
