"""/v1/systems: what the data sits in."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from registry.catalogue import controllers
from registry.catalogue.facets import fold
from registry.catalogue.record import SystemSchema
from registry.catalogue.routes import declarations
from registry.strict.schema import Key

EXAMPLE = {"name": "Zendesk", "kind": "helpdesk", "vendor": "Zendesk, Inc.", "delivery": "SaaS"}


class SystemQuery(controllers.ControllerQuery):
    """Which systems to list."""

    controller = Key(metadata={"description": "Of this controller."})
    kind = fields.String(
        validate=validate.Length(1, 60), metadata={"description": "Of this kind: live_chat, helpdesk …"}
    )
    vendor = fields.String(
        validate=validate.Length(1, 200), metadata={"description": "By this vendor, as it is named."}
    )


def conditions(query: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `select` for a loaded query."""
    exact = {name: fold(query[name]) for name in ("kind", "vendor") if name in query}
    return {**controllers.conditions(query), "exact": exact}


blueprint = declarations("system", SystemSchema, example=EXAMPLE, query=SystemQuery, conditions=conditions)
