"""/v1/consequences: what a change to a register brings with it, made already or only drafted. Nothing is stored."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

import orjson
from flask import Response
from marshmallow import fields

from registry import clock
from registry.api import REGISTERS, Blueprint, Instant, QueryInteger, Schema, Text, mine, require, stored
from registry.catalogue import store
from registry.catalogue.declared import Declared
from registry.catalogue.model import Written
from registry.catalogue.read import drafted, parts, whole, zone_at
from registry.catalogue.record import Record, RecordSchema
from registry.catalogue.registers import EXAMPLE as REGISTER
from registry.checks.days.past import LawTableSchema, law_told
from registry.checks.days.then import end_of
from registry.checks.days.turns import turns
from registry.checks.routes.checks import SentencesSchema
from registry.checks.routes.forecast import TURN, TurnSchema
from registry.checks.runs.running import case_of, said_of, zone_named
from registry.consequences.calls import Called, Change, calls
from registry.consequences.triggers import CALLS, TRIGGERS
from registry.law import law

blueprint = Blueprint("consequences", __name__, description="What a change brings with it")

EXAMPLE = {
    "register": "acme/customers",
    "from": 1,
    "to": 2,
    "as_of": "2026-01-15",
    "law": {
        "as_printed_on": "2026-01-01",
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    },
    "opened": 1,
    "closed": 0,
    "turns": [TURN],
    "calls": [
        {
            "call": "processor_contract",
            "trigger": "processor_added",
            "field": "/processors/0",
            "law": ["GDPR 28(1)", "GDPR 28(3)"],
            "message": {
                "fi": "Uusi käsittelijä: Desk Oy. Tee käsittelysopimus ennen käsittelyn alkua.",
                "en": "A new processor: Desk Oy. Agree on a processor contract before processing begins.",
            },
            "met_by": None,
        }
    ],
}


class ChangeQuery(Schema):
    """Two versions of a register: the change is from the one to the other."""

    register = Text(max=130, required=True, metadata={"description": "controller/key"})
    from_ = QueryInteger(
        min=1, required=True, data_key="from", metadata={"description": "Number of a version."}
    )
    to = QueryInteger(min=1, required=True, metadata={"description": "Number of a version."})


class DraftSchema(Schema):
    """A register as it would be declared, and when that would apply from."""

    register = Text(max=130, required=True, metadata={"description": "controller/key of one that there is."})
    record = Declared(RecordSchema, required=True, metadata={"example": REGISTER})
    effective_from = Instant(metadata={"description": "When it would apply from; now, if left out."})


class CalledSchema(Schema):
    """Something that the law asks for because of the change: what, because of which field, by which articles."""

    call = fields.String(required=True, metadata={"enum": list(CALLS)})
    trigger = fields.String(required=True, metadata={"enum": list(TRIGGERS)})
    field = fields.String(required=True, metadata={"description": "JSON Pointer into the later version."})
    law = fields.List(fields.String(), required=True)
    message = fields.Nested(SentencesSchema, required=True)
    met_by = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Where the record shows that it is done already."},
    )


class ConsequencesSchema(Schema):
    """What a change brings with it, as of the day on which it takes effect, or was written if that was later.

    Both versions are judged by the law and the observations of that day: what differs is due to the change alone.
    """

    register = fields.String(required=True)
    from_ = fields.Integer(required=True, strict=True, data_key="from")
    to = fields.Integer(
        required=True, strict=True, allow_none=True, metadata={"description": "null: a draft."}
    )
    as_of = fields.String(required=True, metadata={"format": "date"})
    law = fields.Nested(LawTableSchema, required=True)
    opened = fields.Integer(
        required=True, strict=True, metadata={"description": "Fail, or are open, because of it."}
    )
    closed = fields.Integer(
        required=True, strict=True, metadata={"description": "Do not fail any more, or are decided."}
    )
    turns = fields.List(fields.Nested(TurnSchema), required=True)
    calls = fields.List(fields.Nested(CalledSchema), required=True)


@dataclasses.dataclass(frozen=True, slots=True)
class _Side:
    """One side of a change: the register as declared, and the whole record; no record where it has ended."""

    body: dict[str, Any]
    record: Record | None


@require("registers:read", "findings:read", within=(REGISTERS,))
@blueprint.route("/v1/consequences")
@blueprint.arguments(ChangeQuery, location="query")
@blueprint.response(200, ConsequencesSchema, example=EXAMPLE)
@blueprint.fails(404)
def get_consequences(query: dict[str, Any]) -> Response:
    """Say what a change between two versions of a register brought with it.

    Findings that it opened and closed, and whether it calls for a new notice, for informing people of a new purpose, a
    look at an impact assessment, for a processor contract or for a transfer assessment, with the articles.
    """
    controller, key = _named(query)
    before, after = (store.numbered("register", controller, key, query[name]) for name in ("from_", "to"))
    day, end = _moment(controller, max(after.effective_from, after.recorded_at))
    sides = (_side(before, end), _side(after, end))
    return _answer(query["register"], before.version, after.version, *sides, day, end)


@require("registers:read", "findings:read", within=(REGISTERS,))
@blueprint.route("/v1/consequences", methods=["POST"])
@blueprint.arguments(DraftSchema, example={"register": "acme/customers", "record": REGISTER})
@blueprint.response(200, ConsequencesSchema, example={**EXAMPLE, "to": None})
@blueprint.fails(404)
def draft_consequences(draft: dict[str, Any]) -> Response:
    """Say what a change would bring with it, before it is made. Nothing is stored.

    The draft is compared with the version that applies when it would take effect. It is judged as a declaration is: 422
    with a JSON Pointer to each fault.
    """
    controller, key = _named(draft)
    since = draft.get("effective_from")
    before = store.beneath("register", controller, key, since)
    day, end = _moment(controller, max(since or "", clock.now()))
    body = {"register": draft["record"]} if isinstance(draft["record"], str) else draft["record"]
    after = _Side(body, drafted(controller, key, body, as_of=end))
    return _answer(draft["register"], before.version, None, _side(before, end), after, day, end)


def _named(asked: dict[str, Any]) -> tuple[str, str]:
    controller, key = parts(asked["register"], "/register")
    mine(controller, key)
    return controller, key


def _moment(controller: str, moment: str) -> tuple[date, str]:
    zone = zone_named(zone_at(controller, as_of=moment))
    day = clock.day_of(moment, zone)
    return day, end_of(day, zone)


def _side(written: Written, end: str) -> _Side:
    record = None if written.ended else whole(written, as_of=end, known_at=end)[0]
    return _Side(written.body, record)


def _answer(
    register: str, from_: int, to: int | None, before: _Side, after: _Side, day: date, end: str
) -> Response:
    said = [
        () if one.record is None else said_of(case_of(one.record, day, end, known_at=end))
        for one in (before, after)
    ]
    turned = list(turns(*said))
    head = {
        "register": register,
        "from": from_,
        "to": to,
        "as_of": day,
        "law": law_told(),
        "opened": sum(one.change in ("starts", "opens") for one in turned),
        "closed": sum(one.change in ("stops", "decides") for one in turned),
        "calls": [one.told() for one in _calls(before, after, day)],
    }
    return stored(orjson.dumps(head)[:-1] + b',"turns":[' + b",".join(one.told() for one in turned) + b"]}")


def _calls(before: _Side, after: _Side, day: date) -> list[Called]:
    if before.record is None or after.record is None:
        return []
    return calls(Change(before.record, after.record, law(), day), (before.body, after.body))
