"""/v1/what-if: which registers break if the law or a vendor changes. Nothing is stored."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from datetime import date
from typing import Any

import marshmallow as ma
import orjson
from flask import Response, stream_with_context
from marshmallow import fields

from registry import clock
from registry.api import REGISTERS, Blueprint, Day, Key, Schema, Text, require
from registry.checks.days.assumed import assumed
from registry.checks.days.past import LawTableSchema, law_told, scope_asked
from registry.checks.days.then import standing
from registry.checks.days.turns import Turn, turns
from registry.checks.routes.forecast import TURN, TurnSchema
from registry.checks.runs.running import Scope, case_of, said_of
from registry.errors import Invalid
from registry.law import Law, law

blueprint = Blueprint("what-if", __name__, description="What breaks if the law or a vendor changes")

MEMBERS = {
    "instrument": ({"ended_on"}, set()),
    "act": ({"repealed_on"}, set()),
    "vendor": (set(), {"seat", "hosting"}),
}
QUESTION = {"assume": [{"instrument": "dpf_eu_us", "ended_on": "2026-12-01"}], "controller": "acme"}
EXAMPLE = {
    "register": None,
    "controllers": ["acme"],
    "as_of": "2026-12-01",
    "assume": QUESTION["assume"],
    "law": {
        "as_printed_on": "2026-01-01",
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    },
    "items": [{"register": "acme/newsletter", "breaks": True, "turns": [TURN]}],
    "registers": 12,
    "breaking": 1,
}


class AssumptionSchema(Schema):
    """One thing to assume: an instrument that ends, an act that is repealed, or a vendor that moves."""

    instrument = Text(
        max=64, metadata={"description": "Key of a transfer instrument (/v1/law), with `ended_on`."}
    )
    ended_on = Day(metadata={"description": "First day without it."})
    act = Text(max=300, metadata={"description": "An act as notices name it, with `repealed_on`."})
    repealed_on = Day(metadata={"description": "First day without it."})
    vendor = Text(
        max=300,
        metadata={"description": "A vendor of the catalogue by key or name, with `seat` or `hosting`."},
    )
    seat = fields.String(
        validate=ma.validate.Regexp(r"^[A-Z]{2}$"),
        metadata={"description": "Country of its seat (ISO 3166-1)."},
    )
    hosting = fields.List(
        fields.String(validate=ma.validate.Regexp(r"^([A-Z]{2}|EEA)$")),
        validate=ma.validate.Length(1, 20),
        metadata={"description": "Where it keeps data, always: countries, EU or EEA."},
    )

    @ma.validates_schema
    def _whole(self, data: dict[str, Any], **_: Any) -> None:
        subjects = [name for name in MEMBERS if name in data]
        if len(subjects) != 1:
            raise ma.ValidationError(
                "one_needed: Name an instrument, an act or a vendor, one of them.", "instrument"
            )
        required, optional = MEMBERS[subjects[0]]
        given = data.keys() - {subjects[0]}
        if missing := sorted(required - given):
            raise ma.ValidationError("required: Say from which day.", missing[0])
        if foreign := sorted(given - required - optional):
            raise ma.ValidationError(f"contradiction: Not of {subjects[0]}.", foreign[0])
        if optional and not given:
            raise ma.ValidationError(
                "required: Say where it is (seat), or where it keeps data (hosting).", "seat"
            )


class WhatIfSchema(Schema):
    """What to assume, for which day, and of which registers: one, a controller's, or all that you may see."""

    assume = fields.List(fields.Nested(AssumptionSchema), required=True, validate=ma.validate.Length(1, 50))
    as_of = Day(
        metadata={
            "description": "The day to judge; by default the first on which all of it has come about, or today."
        }
    )
    register = Text(max=130, metadata={"description": "This register: controller/key."})
    controller = Key(metadata={"description": "All registers of this controller."})

    @ma.validates_schema
    def _one_of_them(self, data: dict[str, Any], **_: Any) -> None:
        if "register" in data and "controller" in data:
            raise ma.ValidationError("contradiction: Name a register or a controller.", "controller")


class TouchedSchema(Schema):
    """A register of which something else would be said; it breaks where something starts to fail, or fails worse."""

    register = fields.String(required=True)
    breaks = fields.Boolean(required=True)
    turns = fields.List(fields.Nested(TurnSchema), required=True)


class WhatIfAnswerSchema(Schema):
    """The registers of which something else would be said, by key; and, at the end, of how many they are."""

    register = fields.String(required=True, allow_none=True)
    controllers = fields.List(
        fields.String(), required=True, allow_none=True, metadata={"description": "null: all."}
    )
    as_of = fields.String(required=True, metadata={"format": "date"})
    assume = fields.List(fields.Dict(), required=True)
    law = fields.Nested(LawTableSchema, required=True)
    items = fields.List(fields.Nested(TouchedSchema), required=True)
    registers = fields.Integer(
        required=True, strict=True, metadata={"description": "How many were looked at."}
    )
    breaking = fields.Integer(required=True, strict=True)


@dataclasses.dataclass(frozen=True, slots=True)
class Touched:
    """A register, and what would be said of it that is not said."""

    register: str
    turns: tuple[Turn, ...]

    @property
    def breaks(self) -> bool:
        """Whether something would start to fail, or fail worse than it does."""
        return any(turn.worse for turn in self.turns)

    def told(self) -> bytes:
        """As it is served."""
        head = orjson.dumps({"register": self.register, "breaks": self.breaks})
        return head[:-1] + b',"turns":[' + b",".join(turn.told() for turn in self.turns) + b"]}"


@require("findings:read", within=(REGISTERS,))
@blueprint.route("/v1/what-if", methods=["POST"])
@blueprint.arguments(WhatIfSchema, example=QUESTION)
@blueprint.response(200, WhatIfAnswerSchema, example=EXAMPLE)
@blueprint.fails(404, 410)
def what_if(question: dict[str, Any]) -> Response:
    """Say which registers would break under an assumption. Nothing is stored.

    Each register is judged twice as of the same day, as it is declared and observed: by the law as printed, and by the
    law as assumed. The answer comes while it is computed, and has the sums at its end: without them it is not whole.
    422 `unknown_instrument`, `unknown_act`, `unknown_vendor` and `unknown_area` for what is not known, `contradiction`
    for what cannot be beside the law table, another assumption or `as_of`.
    """
    scope = scope_asked(question)
    table, comes = assumed(law(), question["assume"])
    today = clock.day_of(clock.now())
    day = question.get("as_of") or max(today, comes or today)
    if comes is not None and day < comes:
        raise Invalid(
            "What is assumed has not come about by then.",
            code="contradiction",
            errors=[{"field": "/as_of", "code": "contradiction", "message": f"It comes about on {comes}."}],
        )
    head = {
        "register": question.get("register"),
        "controllers": None if scope.controllers is None else sorted(scope.controllers),
        "as_of": day,
        "assume": question["assume"],
        "law": law_told(),
    }
    looked = touched(scope, day, table)
    first = next(looked, None)  # a register that is not there is a problem, not the middle of an answer
    found = itertools.chain([] if first is None else [first], looked)
    return Response(stream_with_context(_streamed(head, found)), content_type="application/json")


def touched(scope: Scope, day: date, table: Law) -> Iterator[Touched]:
    """Every register of a scope, by controller and key, with what another law table would turn on a day.

    Raises NotFound and Gone for a scope of one register as `then.standing` does.
    """
    for one in standing(scope, day):
        case = case_of(one.record, day, one.end, known_at=one.known_at)
        other = dataclasses.replace(case, law=table)
        yield Touched(one.record.key, tuple(turns(said_of(case), said_of(other))))


def _streamed(head: dict[str, Any], looked: Iterator[Touched]) -> Iterator[bytes]:
    registers = breaking = 0
    before = orjson.dumps(head)[:-1] + b',"items":['
    for one in looked:
        registers += 1
        breaking += one.breaks
        if one.turns:
            yield before + one.told()
            before = b","
    ends = b"" if before == b"," else before
    yield ends + orjson.dumps({"registers": registers, "breaking": breaking}).replace(b"{", b"],", 1)
