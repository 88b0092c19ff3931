"""/v1/registers: records of processing, one for each register of personal data."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from registry.catalogue import controllers, systems
from registry.catalogue.facets import fold
from registry.catalogue.record import RecordSchema
from registry.catalogue.record.processing import ARTICLES_6, DATA_SUBJECTS
from registry.catalogue.routes import declarations
from registry.strict.schema import Day, Key

EXAMPLE = {
    "register": "Uutiskirjeen tilaajat",
    "purposes": ["Uutiskirjeen lähettäminen"],
    "legal_bases": [{"article": "6(1)(a)", "applies_to": "all", "consent_mechanism": "Tilauslomake"}],
    "data_subjects": ["subscriber"],
    "data_categories": [{"text": "Sähköpostiosoite", "pd": "pd:EmailAddress", "collection": "provided"}],
    "retention": [
        {
            "applies_to": "all",
            "duration": "P1M",
            "starts_from": "tilauksen päättyminen",
            "action": "erase",
            "mode": "automatic",
        }
    ],
    "rights": ["access", "rectification", "erasure", "restriction", "portability", "withdraw_consent"],
    "complaint": "stated",
}


class RegisterQuery(systems.SystemQuery):
    """Which registers to list."""

    system = Key(metadata={"description": "In the system with this key (ask with its controller)."})
    legal_basis = fields.String(
        validate=validate.Length(1, 60),
        metadata={"description": f"On this basis: {', '.join(ARTICLES_6)}, or as printed."},
    )
    data_category = fields.String(
        validate=validate.Length(1, 120),
        metadata={"description": "With this category of data: pd:EmailAddress …"},
    )
    data_subject = fields.String(
        validate=validate.OneOf(DATA_SUBJECTS), metadata={"description": "About these people."}
    )
    country = fields.String(
        validate=validate.Regexp(r"^([A-Z]{2}|EEA)$"),
        metadata={"description": "That name this country (ISO 3166)."},
    )
    status = fields.String(validate=validate.OneOf(("planned", "active", "suspended", "ended")))
    review_due_before = Day(metadata={"description": "With a next review before this day."})


def conditions(query: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `select` for a loaded query."""
    exact = ("system", "legal_basis", "data_category", "data_subject", "country", "status")
    due = query.get("review_due_before")
    return {
        **controllers.conditions(query),
        "exact": {name: query[name] for name in exact if name in query},
        "through_system": {name: fold(query[name]) for name in ("vendor", "kind") if name in query},
        "review_due_before": due.isoformat() if due else None,
    }


blueprint = declarations(
    "register", RecordSchema, example=EXAMPLE, query=RegisterQuery, conditions=conditions
)
