"""/v1/controllers: the organisations that keep registers."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from registry.api import Page
from registry.catalogue.record import ControllerSchema
from registry.catalogue.routes import declarations
from registry.strict.schema import Instant, Timestamp

EXAMPLE = {
    "name": "Acme Oy",
    "business_id": "0737546-2",
    "address": {"street": "Esimerkkikatu 1", "postal_code": "00100", "city": "Helsinki", "country": "FI"},
    "email": "tietosuoja@acme.example",
    "public_body": False,
    "dpo": {"role": "Tietosuojavastaava", "contact": {"email": "tietosuoja@acme.example"}},
}


class ControllerQuery(Page):
    """Which controllers to list."""

    q = fields.String(
        validate=validate.Length(1, 200),
        metadata={"description": "Words; each must begin a word of the controller."},
    )
    as_of = Instant(metadata={"description": "As they were then: a time with its zone, or a day."})
    known_at = Timestamp(metadata={"description": "As far as was known then."})


def conditions(query: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `select` for a loaded query."""
    return {"text": query.get("q"), "as_of": query.get("as_of"), "known_at": query.get("known_at")}


blueprint = declarations(
    "controller", ControllerSchema, example=EXAMPLE, query=ControllerQuery, conditions=conditions
)
