"""/v1/law: what the law table says on a day."""

from __future__ import annotations

import dataclasses
import functools
from datetime import date
from typing import Any

import orjson
from flask import Response, current_app
from marshmallow import fields, validate

from registry import clock
from registry.api import Blueprint, Day, Schema, etag, not_modified, public, stored
from registry.law import Law, law, remembered
from registry.law.values import Act, Entry, Instrument, Labels, RetentionRule, Section

blueprint = Blueprint("law", __name__, description="What the law says on a day")

#: The same for everybody; asked about each time, for the table may be corrected.
OPEN = {"Cache-Control": "public, no-cache"}

#: Written out, not taken from the table: the contract does not change when the law does.
EXAMPLE: dict[str, Any] = {
    "as_of": "2026-11-22",
    "as_printed_on": "2026-11-22",
    "instruments": [
        {
            "key": "adequacy_BR",
            "status": "valid",
            "ground": True,
            "name": {
                "fi": "riittävyyspäätös: Brasilia",
                "sv": "beslut om adekvat skyddsnivå: Brasilien",
                "en": "adequacy decision: Brazil",
            },
            "kind": "adequacy",
            "scope": "BR",
            "exporter": "EU",
            "reference": "(EU) 2026/179",
            "adopted": "2026-01-26",
            "valid_from": "2026-01-26",
            "ended_on": None,
            "ended_by": None,
            "sunset": None,
            "certification_from": None,
            "new_contracts_until": None,
            "gdpr_ground": True,
            "article": "45",
            "needs": [],
            "not_for_public_tasks": False,
            "dpv": None,
            "watch": None,
            "sure": "high",
            "source": "europalov.no id-34841",
            "remembered": [],
            "note": "",
        }
    ],
    "acts": [
        {
            "key": "Henkilötietolaki 523/1999",
            "status": "repealed",
            "name": {"fi": "henkilötietolaki", "sv": "personuppgiftslagen", "en": "Personal Data Act"},
            "number": "523/1999",
            "abbreviations": ["HetiL"],
            "given": None,
            "in_force": "1999-06-01",
            "applies_from": None,
            "displaced_on": "2018-05-25",
            "displaced_by": "GDPR",
            "repealed_on": "2019-01-01",
            "repealed_by": "Tietosuojalaki 1050/2018",
            "sections": [
                {
                    "number": "26",
                    "about": ["access"],
                    "text": {"fi": "tarkastusoikeus", "sv": "rätt till insyn", "en": "right of access"},
                    "sure": "high",
                    "source": "tietosuoja.fi",
                    "remembered": [],
                }
            ],
            "sure": "high",
            "source": "ey.com",
            "remembered": [],
            "note": "",
        }
    ],
    "retention_rules": [
        {
            "key": "whistleblower",
            "status": "in_force",
            "act": "Laki 1171/2022",
            "section": "29",
            "kind": "ceiling",
            "duration": "P5Y",
            "starts_from": {
                "fi": "ilmoituksen saapumisesta",
                "sv": "från det att rapporten kom in",
                "en": "from receipt of the report",
            },
            "applies_to": {
                "fi": "väärinkäytösilmoitukset",
                "sv": "rapporter om missförhållanden",
                "en": "whistleblower reports",
            },
            "valid_from": None,
            "ended_on": None,
            "example": "",
            "sure": "mid",
            "source": "memory",
            "remembered": ["*"],
            "note": "",
        }
    ],
}


class LabelsSchema(Schema):
    """Words for readers."""

    fi = fields.String(required=True)
    sv = fields.String(required=True)
    en = fields.String(required=True)


class EntrySchema(Schema):
    """What every entry says of itself."""

    key = fields.String(
        required=True, metadata={"description": "For ever; records and findings refer to it."}
    )
    sure = fields.String(required=True, validate=validate.OneOf(["high", "mid", "low"]))
    source = fields.String(required=True, metadata={"description": "Where it was read, or `memory`."})
    remembered = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Fields that nobody has looked up: `*` for all of them."},
    )
    note = fields.String(required=True)


class InstrumentSchema(EntrySchema):
    """Something that a transfer to a third country rests on. `ended_on` is the first day without it."""

    status = fields.String(required=True, validate=validate.OneOf(["not_yet", "valid", "ended"]))
    ground = fields.Boolean(
        required=True, metadata={"description": "Whether an exporter under the GDPR may rest on it that day."}
    )
    name = fields.Nested(LabelsSchema, required=True)
    kind = fields.String(required=True)
    scope = fields.String(required=True)
    exporter = fields.String(required=True)
    reference = fields.String(required=True)
    adopted = fields.Date(required=True, allow_none=True)
    valid_from = fields.Date(required=True, allow_none=True)
    ended_on = fields.Date(required=True, allow_none=True)
    ended_by = fields.String(required=True, allow_none=True)
    sunset = fields.Date(required=True, allow_none=True)
    certification_from = fields.Date(required=True, allow_none=True)
    new_contracts_until = fields.Date(
        required=True, allow_none=True, metadata={"description": "First day on which no new contract could."}
    )
    gdpr_ground = fields.Boolean(required=True)
    article = fields.String(required=True, allow_none=True)
    needs = fields.List(fields.String(), required=True)
    not_for_public_tasks = fields.Boolean(required=True)
    dpv = fields.String(required=True, allow_none=True)
    watch = fields.String(required=True, allow_none=True)


class SectionSchema(Schema):
    """A section of an act."""

    number = fields.String(required=True)
    about = fields.List(fields.String(), required=True)
    text = fields.Nested(LabelsSchema, required=True)
    sure = fields.String(required=True)
    source = fields.String(required=True)
    remembered = fields.List(fields.String(), required=True)


class ActSchema(EntrySchema):
    """An act or regulation. `displaced_on` and `repealed_on` are first days without it."""

    status = fields.String(
        required=True, validate=validate.OneOf(["not_yet", "in_force", "displaced", "repealed"])
    )
    name = fields.Nested(LabelsSchema, required=True)
    number = fields.String(required=True)
    abbreviations = fields.List(fields.String(), required=True)
    given = fields.Date(required=True, allow_none=True)
    in_force = fields.Date(required=True)
    applies_from = fields.Date(required=True, allow_none=True)
    displaced_on = fields.Date(required=True, allow_none=True)
    displaced_by = fields.String(required=True, allow_none=True)
    repealed_on = fields.Date(required=True, allow_none=True)
    repealed_by = fields.String(required=True, allow_none=True)
    sections = fields.List(fields.Nested(SectionSchema), required=True)


class RetentionRuleSchema(EntrySchema):
    """A statutory floor or ceiling."""

    status = fields.String(
        required=True, validate=validate.OneOf(["not_yet", "in_force", "displaced", "repealed"])
    )
    act = fields.String(required=True, metadata={"description": "Key of an act."})
    section = fields.String(required=True, allow_none=True)
    kind = fields.String(required=True, validate=validate.OneOf(["floor", "ceiling"]))
    duration = fields.String(required=True, metadata={"description": "ISO 8601."})
    starts_from = fields.Nested(LabelsSchema, required=True)
    applies_to = fields.Nested(LabelsSchema, required=True)
    valid_from = fields.Date(required=True, allow_none=True)
    ended_on = fields.Date(required=True, allow_none=True)
    example = fields.String(required=True)


class LawSchema(Schema):
    """The law table as it stands on a day."""

    as_of = fields.Date(required=True)
    as_printed_on = fields.Date(
        required=True,
        metadata={"description": "Up to which day somebody looked; later changes are not in it."},
    )
    instruments = fields.List(fields.Nested(InstrumentSchema), required=True)
    acts = fields.List(fields.Nested(ActSchema), required=True)
    retention_rules = fields.List(fields.Nested(RetentionRuleSchema), required=True)


class LawQuery(Schema):
    """Which day is asked about."""

    as_of = Day(metadata={"description": "A day, YYYY-MM-DD; today, if left out."})


@public
@blueprint.route("/v1/law")
@blueprint.arguments(LawQuery, location="query")
@blueprint.response(200, LawSchema, example=EXAMPLE, etag=True)
def get_law(query: dict[str, Any]) -> Response:
    """Say what the law is on a day.

    Transfer instruments, acts with their sections, and statutory floors and ceilings for retention, each with its
    status on the day, how sure it is, and where it was read. What has ended stays listed, for the past is judged by it.
    """
    day: date = query.get("as_of") or clock.day_of(
        clock.now(), current_app.extensions["registry.settings"].zone
    )
    table = law()
    tag = etag(f"law-{table.digest[:16]}-{day}")
    return not_modified(tag, OPEN) or stored(_told(table, day), headers={"ETag": tag, **OPEN})


@functools.lru_cache(maxsize=64)
def _told(table: Law, day: date) -> bytes:
    told = {
        "as_of": day,
        "as_printed_on": table.as_printed_on,
        "instruments": [_instrument(one, day) for one in table.instruments.values()],
        "acts": [_act(act, day) for act in table.acts.values()],
        "retention_rules": [_rule(table, rule, day) for rule in table.retention_rules.values()],
    }
    return orjson.dumps(told)


def _instrument(one: Instrument, day: date) -> dict[str, Any]:
    return {**_entry(one), "status": one.status_on(day), "ground": one.ground_on(day)}


def _act(act: Act, day: date) -> dict[str, Any]:
    told = _entry(act)
    del told["printed"]  # patterns to recognise it by: nobody else's business
    return {**told, "status": act.status_on(day), "sections": [_entry(section) for section in act.sections]}


def _rule(table: Law, rule: RetentionRule, day: date) -> dict[str, Any]:
    return {**_entry(rule), "status": table.retention_rule_status(rule, day)}


def _entry(entry: Entry | Section) -> dict[str, Any]:
    told: dict[str, Any] = {item.name: getattr(entry, item.name) for item in dataclasses.fields(entry)}
    told["remembered"] = ["*"] if remembered(entry) else told["from_memory"]
    del told["from_memory"]
    return {
        name: dataclasses.asdict(value) if isinstance(value, Labels) else value
        for name, value in told.items()
    }
