"""/v1/completeness, /v1/coverage: how much a record says of what the law and the authorities ask of it."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from marshmallow import fields

from registry import clock
from registry.api import REGISTERS, Blueprint, Day, OneOf, Schema, Text, mine, require, stored
from registry.catalogue.model import Written
from registry.catalogue.read import parts, record_at
from registry.checks.days.then import standing, today
from registry.checks.measures.completeness import SETS, Share, completeness
from registry.checks.measures.coverage import coverage, sets, told
from registry.checks.routes.checks import SentencesSchema
from registry.checks.rule import Case
from registry.checks.runs.running import Scope, case_of

blueprint = Blueprint("measures", __name__, description="How much a record says of what is asked of it")

COMPLETE = {
    "register": "acme/newsletter",
    "version": 3,
    "as_of": "2026-01-15",
    "percent": 95,
    "answered": 21,
    "required": 22,
    "sets": {"30(1)": {"percent": 90, "answered": 9, "required": 10}},
    "missing": [
        {
            "path": "/retention",
            "articles": ["GDPR 30(1)(f)", "GDPR 13(2)(a)"],
            "what": {"fi": "säilytysajat", "en": "the retention periods"},
        }
    ],
}
COVERED = {
    "register": "acme/newsletter",
    "version": 3,
    "as_of": "2026-01-15",
    "sets": [
        {
            "set": "uk_ico_ropa",
            "authority": "Information Commissioner (United Kingdom)",
            "percent": 50,
            "answered": 1,
            "required": 2,
            "questions": [
                {
                    "key": "ico_6_3",
                    "required": False,
                    "answer": "answered",
                    "paths": ["/retention/0"],
                    "missing": [],
                    "says": [{"fi": "Säilytysaikaa ei noudateta.", "en": "The retention is not adhered to."}],
                    "observations": [17],
                }
            ],
        }
    ],
}
ANSWERS = {
    "answered": "the record has it",
    "missing": "it does not, or not all of it",
    "open": "observations would have to show it",
    "not_applicable": "it does not arise here",
    "outside": "the registry has no place for it",
}


class RecordQuery(Schema):
    """Of which register, and when."""

    register = Text(required=True, max=130, metadata={"description": "controller/key"})
    as_of = Day(metadata={"description": "As it applied at the end of that day; now, if left out."})


class CoverageQuery(RecordQuery):
    """Of which register, when, and for which authority."""

    set_ = OneOf(*sets(), data_key="set", metadata={"description": "This question set; all, if left out."})


class ShareSchema(Schema):
    """So many of so many are answered; `percent` is rounded down, so 100 is all."""

    percent = fields.Integer(required=True, strict=True)
    answered = fields.Integer(required=True, strict=True)
    required = fields.Integer(required=True, strict=True)


class MissingSchema(Schema):
    """What is asked for and not said: where it would stand (JSON Pointer), and which articles ask for it."""

    path = fields.String(required=True)
    articles = fields.List(fields.String(), required=True)
    what = fields.Nested(SentencesSchema, required=True)


class CompletenessSchema(ShareSchema):
    """How complete a record is, in all and for each set of articles that applies to it."""

    register = fields.String(required=True)
    version = fields.Integer(required=True, strict=True)
    as_of = fields.String(required=True, metadata={"format": "date"})
    sets = fields.Dict(
        keys=fields.String(metadata={"enum": list(SETS)}), values=fields.Nested(ShareSchema), required=True
    )
    missing = fields.List(fields.Nested(MissingSchema), required=True)


class CoveredSchema(Schema):
    """A question by its key, and what the record has for it; `says` and `observations` where systems were asked."""

    key = fields.String(required=True)
    required = fields.Boolean(required=True, metadata={"description": "By the authority."})
    answer = fields.String(
        required=True,
        metadata={
            "enum": list(ANSWERS),
            "description": "; ".join(f"`{name}`: {meaning}" for name, meaning in ANSWERS.items()),
        },
    )
    paths = fields.List(fields.String(), required=True)
    missing = fields.List(fields.String(), required=True)
    says = fields.List(fields.Nested(SentencesSchema), required=True)
    observations = fields.List(fields.Integer(strict=True), required=True)


class CoveredSetSchema(ShareSchema):
    """One question set. The share is of the questions that the authority requires and that arise here."""

    set_ = fields.String(required=True, data_key="set")
    authority = fields.String(required=True)
    questions = fields.List(fields.Nested(CoveredSchema), required=True)


class CoverageSchema(Schema):
    """Which questions of the authorities a record answers."""

    register = fields.String(required=True)
    version = fields.Integer(required=True, strict=True)
    as_of = fields.String(required=True, metadata={"format": "date"})
    sets = fields.List(fields.Nested(CoveredSetSchema), required=True)


@require("findings:read", within=(REGISTERS,))
@blueprint.route("/v1/completeness")
@blueprint.arguments(RecordQuery, location="query")
@blueprint.response(200, CompletenessSchema, example=COMPLETE)
@blueprint.fails(404, 410)
def get_completeness(query: dict[str, Any]) -> Response:
    """Read how much of what GDPR 30, 13 and 14 ask a record says, and what is missing.

    What does not arise (a transfer instrument where nothing is transferred) is not asked. "None" is an answer; half of
    one, a reference elsewhere or a placeholder is not. 404 before the first version, 410 from the end.
    """
    case, written = _case(query)
    found = completeness(case.record, case.law, case.as_of)
    return stored(
        orjson.dumps(
            {
                **_head(case, written),
                **_share(found.whole),
                "sets": {name: _share(share) for name, share in found.sets.items()},
                "missing": [
                    {"path": one.path, "articles": list(one.articles), "what": dict(one.what)}
                    for one in found.missing
                ],
            }
        )
    )


@require("findings:read", within=(REGISTERS,))
@blueprint.route("/v1/coverage")
@blueprint.arguments(CoverageQuery, location="query")
@blueprint.response(200, CoverageSchema, example=COVERED)
@blueprint.fails(404, 410)
def get_coverage(query: dict[str, Any]) -> Response:
    """Read which questions of the British, Irish and French authorities' record templates a record answers.

    Whether retention is adhered to, and if not why, is answered by what the systems showed, as OBS302 sees it. 404
    before the first version, 410 from the end.
    """
    case, written = _case(query)
    asked = [sets()[query["set_"]]] if query.get("set_") else list(sets().values())
    shown = []
    for one in asked:
        share, questions = coverage(case, one)
        shown.append(
            {
                "set": one.key,
                "authority": one.authority,
                **_share(share),
                "questions": [told(question) for question in questions],
            }
        )
    return stored(orjson.dumps({**_head(case, written), "sets": shown}))


def _case(query: dict[str, Any]) -> tuple[Case, Written]:
    """What the rules would see of the register, and its version. Raises NotFound, Gone."""
    controller, key = parts(query["register"])
    mine(controller, key)
    if "as_of" in query:
        (one,) = standing(Scope(register=(controller, key)), query["as_of"])
        return case_of(one.record, query["as_of"], one.end), one.written
    record, written = record_at(controller, key)
    return case_of(record, today(controller), clock.now()), written


def _head(case: Case, written: Written) -> dict[str, Any]:
    return {"register": case.record.key, "version": written.version, "as_of": case.as_of.isoformat()}


def _share(share: Share) -> dict[str, int]:
    return {"percent": share.percent, "answered": share.answered, "required": share.required}
