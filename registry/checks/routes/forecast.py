"""/v1/forecast: what will start and stop to fail, and when."""

from __future__ import annotations

from datetime import date
from typing import Any

import marshmallow as ma
import orjson
from flask import Response
from marshmallow import fields

from registry import clock
from registry.api import REGISTERS, Blueprint, Key, QueryInteger, Schema, Text, require, stored
from registry.checks.days.foreseen import Foreseen, foreseen, registers
from registry.checks.days.past import LawTableSchema, law_told, scope_asked, some
from registry.checks.days.then import today
from registry.checks.days.turns import CHANGES
from registry.checks.routes.runs import FindingThenSchema
from registry.checks.routes.schemas import EXAMPLE as FINDING
from registry.checks.runs.running import Scope
from registry.law import periods

blueprint = Blueprint("forecast", __name__, description="What will start and stop to fail, and when")

FAILS = {name: value for name, value in FINDING.items() if name not in FindingThenSchema.Meta.exclude}
PASSES = {
    **FAILS,
    "kind": "pass",
    "message": {
        "fi": "Säilytysajasta on ilmoitettu.",
        "en": "Something is stated about the retention period.",
    },
}
TURN = {"change": "starts", "code": "COM003", "key": "", "before": PASSES, "after": FAILS}
EXAMPLE = {
    "register": "acme/newsletter",
    "controller": None,
    "as_of": "2026-01-15",
    "until": "2027-01-15",
    "known_at": "2026-01-15T08:00:00.000000Z",
    "law": {
        "as_printed_on": "2026-01-01",
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    },
    "registers": 1,
    "changes": [
        {
            "day": "2026-07-01",
            "register": "acme/newsletter",
            "because": [{"of": "version", "what": "register/acme/newsletter v2"}],
            **TURN,
        }
    ],
}


class TurnSchema(Schema):
    """One thing of which something else is said: it `starts` or `stops` to fail, fails with another severity
    (`changes`), `opens`, or `decides` what was open.

    `before` and `after` are what is said of it, or of the whole record where it is not named by itself; null where
    nothing is said of it.
    """

    change = fields.String(required=True, metadata={"enum": list(CHANGES)})
    code = fields.String(required=True)
    key = fields.String(required=True)
    before = fields.Nested(FindingThenSchema, required=True, allow_none=True)
    after = fields.Nested(FindingThenSchema, required=True, allow_none=True)


class ReasonSchema(Schema):
    """A date that matters and falls on that day, or on the day before: of what, and where it stands."""

    of = fields.String(
        required=True, metadata={"enum": ["law", "version", "record", "observation", "waiver"]}
    )
    what = fields.String(required=True)


class ForeseenSchema(TurnSchema):
    """What happens on a day: something turns, a review comes `due`, or a waiver ends and its finding `speaks`."""

    change = fields.String(required=True, metadata={"enum": [*CHANGES, "due", "speaks"]})
    day = fields.String(required=True, metadata={"format": "date"})
    register = fields.String(required=True)
    because = fields.List(fields.Nested(ReasonSchema), required=True)
    code = fields.String(required=True, allow_none=True)
    key = fields.String(required=True, allow_none=True)


class ForecastSchema(Schema):
    """What will happen after the day `as_of` up to the day `until`, as far as was known at `known_at`."""

    register = fields.String(required=True, allow_none=True)
    controller = fields.String(required=True, allow_none=True)
    as_of = fields.String(required=True, metadata={"format": "date"})
    until = fields.String(required=True, metadata={"format": "date"})
    known_at = fields.String(required=True, metadata={"format": "date-time"})
    law = fields.Nested(LawTableSchema, required=True)
    registers = fields.Integer(required=True, strict=True)
    changes = fields.List(fields.Nested(ForeseenSchema), required=True)


class ForecastQuery(Schema):
    """Of which register or controller, and how far ahead."""

    register = Text(max=130, metadata={"description": "This register: controller/key."})
    controller = Key(metadata={"description": "All registers of this controller, 200 at most."})
    months = QueryInteger(min=1, max=60, load_default=12, metadata={"description": "How many months ahead."})

    @ma.validates_schema
    def _one_of_them(self, data: dict[str, Any], **_: Any) -> None:
        if len({"register", "controller"} & data.keys()) != 1:
            raise ma.ValidationError(
                "scope_needed: Name a register or a controller, one of them.", "register"
            )


@require("findings:read", within=(REGISTERS,))
@blueprint.route("/v1/forecast")
@blueprint.arguments(ForecastQuery, location="query")
@blueprint.response(200, ForecastSchema, example=EXAMPLE)
@blueprint.fails(404, 410)
def get_forecast(query: dict[str, Any]) -> Response:
    """Say what will start and stop to fail, and on which day.

    Judged by what is known now: the law table with its dates to come, planned versions, the dates of the record, when
    evidence expires, and when waivers end. What somebody will change, decide or find out is not in it. 404 for a
    register or controller that is not there, 410 for a register that has ended, 422 `too_many_registers`.
    """
    scope = scope_asked(query)
    first, last = window(str(scope.controller), query["months"])
    chosen, changes = forecast(scope, first, last)
    told = {
        "register": query.get("register"),
        "controller": query.get("controller"),
        "as_of": first.isoformat(),
        "until": last.isoformat(),
        "known_at": clock.now(),
        "law": law_told(),
        "registers": chosen,
    }
    return stored(orjson.dumps(told)[:-1] + b',"changes":[' + b",".join(map(line, changes)) + b"]}")


def window(controller: str, months: int) -> tuple[date, date]:
    """Today where the controller is, and the day so many months later. Raises NotFound."""
    first = today(controller)
    return first, periods.add(first, f"P{months}M")


def forecast(scope: Scope, first: date, last: date) -> tuple[int, list[Foreseen]]:
    """How many registers a scope of one controller has, and what will happen to them, by day.

    Raises NotFound, Gone, Invalid `too_many_registers`.
    """
    chosen = [scope.register] if scope.register else list(some(registers(str(scope.controller))))
    changes = [one for name in chosen for one in foreseen(*name, first, last)]
    return len(chosen), sorted(changes, key=lambda one: one.place)


def line(one: Foreseen) -> bytes:
    """What happens on a day, as it is served."""
    head = {
        "day": one.day.isoformat(),
        "register": one.register,
        "because": [{"of": reason.of, "what": reason.what} for reason in one.because],
    }
    if one.turn is None:
        empty = dict.fromkeys(("code", "key", "before", "after"))
        return orjson.dumps({**head, "change": one.change, **empty})
    turn = one.turn.told()
    if one.change != one.turn.change:
        turn = turn.replace(
            b'"change":"%s"' % one.turn.change.encode(), b'"change":"%s"' % one.change.encode(), 1
        )
    return orjson.dumps(head)[:-1] + b"," + turn[1:]
