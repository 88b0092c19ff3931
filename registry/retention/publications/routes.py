"""/v1/retention-rules: how long, for the systems that delete by it. No rule is 404, never an empty list: keep."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import marshmallow as ma
import orjson
from flask import Response
from marshmallow import ValidationError, fields, validate

from registry import clock, journal
from registry.api import (
    HISTORY,
    REGISTERS,
    SYSTEMS,
    Blueprint,
    Key,
    Schema,
    Text,
    direct,
    etag,
    holder,
    not_modified,
    require,
    stored,
)
from registry.api.reach import Reach
from registry.catalogue.read import parts
from registry.errors import Invalid, NoRule
from registry.retention.holds import hold, holding
from registry.retention.publications import served
from registry.retention.publications.stored import left, once

blueprint = Blueprint("retention", __name__, description="How long data is kept")

#: A hold or a withdrawal must never hide behind somebody's cache.
FRESH = {"Cache-Control": "private, max-age=0, must-revalidate"}
#: What says that something is held is not kept at all, and is never answered by 304.
HELD = {"Cache-Control": "no-store"}

NONE = "No rule is in force for that. Keep the data."

RULE = {
    "controller": "acme",
    "register": "acme/customers",
    "systems": ["acme/helpdesk"],
    "category": "D1",
    "text": {"en": "Conversations"},
    "data_category": "pd:Communication",
    "data_subjects": None,
    "period": "P6M",
    "start_event": {"text": {"en": "end of the conversation"}, "token": "closed"},
    "criterion": None,
    "caller_supplies": None,
    "action": "erase",
    "mode": "periodic",
    "interval": "P1M",
    "longest_life": {"period": "P7M", "counted_from": "start_event"},
    "longest_life_stated": None,
    "legal_source": {"articles": ["6(1)(f)"], "statutes": [], "floor": None, "ceiling": None, "policy": None},
    "of": 1,
    "conflict": False,
    "conflict_because": None,
    "version": 3,
    "effective_from": "2026-01-15T08:00:00.000000Z",
    "sources": [{"statement": "/retention/0", "line": 14, "quote": "Kept for six months."}],
    "time_zone": "Europe/Helsinki",
    "revision": 2,
    "published_at": "2026-01-16T08:00:00.000000Z",
}


class EventSchema(Schema):
    """What a period is counted from."""

    text = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, metadata={"description": "By language."}
    )
    token = fields.String(
        required=True, allow_none=True, metadata={"description": "A word for machines, where one is known."}
    )


class LifeSchema(Schema):
    """How long data may live, the interval between two purges included."""

    period = fields.String(required=True)
    counted_from = fields.String(required=True, metadata={"enum": ["start_event", "criterion"]})


class StatuteSchema(Schema):
    """A floor or ceiling of the law that the record names."""

    key = fields.String(required=True)
    act = fields.String(required=True, allow_none=True)
    section = fields.String(required=True, allow_none=True)
    duration = fields.String(required=True, allow_none=True)
    starts_from = fields.Dict(required=True, allow_none=True)
    valid_from = fields.String(required=True, allow_none=True, metadata={"format": "date"})
    ended_on = fields.String(required=True, allow_none=True, metadata={"format": "date"})
    sure = fields.String(required=True, allow_none=True)


class LegalSourceSchema(Schema):
    """What a rule rests on."""

    articles = fields.List(fields.String(), required=True)
    statutes = fields.List(fields.String(), required=True)
    floor = fields.Nested(StatuteSchema, required=True, allow_none=True)
    ceiling = fields.Nested(StatuteSchema, required=True, allow_none=True)
    policy = fields.String(required=True, allow_none=True)


class RuleSourceSchema(Schema):
    """Where the record states it."""

    statement = fields.String(required=True, metadata={"description": "JSON Pointer into the record."})
    line = fields.Integer(required=True, strict=True, allow_none=True)
    quote = fields.String(required=True, allow_none=True)


class RuleSchema(Schema):
    """How long the data of one category is kept. Without `period` and `criterion`: keep."""

    controller = fields.String(required=True)
    register = fields.String(required=True)
    systems = fields.List(fields.String(), required=True)
    category = fields.String(
        required=True, metadata={"description": "Id of the data category in the record."}
    )
    text = fields.Dict(required=True, allow_none=True)
    data_category = fields.String(
        required=True, allow_none=True, metadata={"description": "The kind of data, a term of DPV."}
    )
    data_subjects = fields.List(
        fields.String(), required=True, allow_none=True,
        metadata={"description": "The only people it holds for; of others the data is kept. null: everybody."},
    )  # fmt: skip
    period = fields.String(
        required=True, allow_none=True, metadata={"description": "ISO 8601, counted from `start_event`."}
    )
    start_event = fields.Nested(EventSchema, required=True, allow_none=True)
    criterion = fields.Dict(
        required=True, allow_none=True, metadata={"description": "What must have come to pass."}
    )
    caller_supplies = fields.Nested(
        EventSchema, required=True, allow_none=True,
        metadata={"description": "The event whose day the caller must know; until then the data is kept."},
    )  # fmt: skip
    action = fields.String(
        required=True, allow_none=True, metadata={"enum": ["erase", "anonymise", "archive", None]}
    )
    mode = fields.String(required=True, allow_none=True)
    interval = fields.String(required=True, allow_none=True)
    longest_life = fields.Nested(LifeSchema, required=True, allow_none=True)
    longest_life_stated = fields.String(required=True, allow_none=True)
    legal_source = fields.Nested(LegalSourceSchema, required=True)
    of = fields.Integer(
        required=True,
        strict=True,
        metadata={"description": "So many statements are in force for it; this is the longest."},
    )
    conflict = fields.Boolean(
        required=True, metadata={"description": "They cannot be ordered: no period, keep."}
    )
    conflict_because = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True, strict=True, metadata={"description": "Of the register."})
    effective_from = fields.String(required=True, metadata={"format": "date-time"})
    sources = fields.List(fields.Nested(RuleSourceSchema), required=True)
    time_zone = fields.String(required=True, metadata={"description": "In which the last day ends."})
    revision = fields.Integer(
        required=True, strict=True, metadata={"description": "Of the register's publications."}
    )
    published_at = fields.String(required=True, metadata={"format": "date-time"})


class LongestSchema(Schema):
    """What to go by where several of the rules fit the same data."""

    of = fields.Integer(required=True, strict=True)
    period = fields.String(
        required=True, allow_none=True, metadata={"description": "null: keep, or go by the criterion."}
    )
    conflict = fields.Boolean(required=True)


class HeldSchema(Schema):
    """A legal hold that touches what was asked about: keep, whatever the rules say."""

    hold = fields.Integer(required=True, strict=True)
    covers = fields.String(
        required=True,
        metadata={
            "enum": ["data", "people"],
            "description": "people: it is about some people; ask for decisions, which say whose data.",
        },
    )


class RulesSchema(Schema):
    """The rules in force that match, by register and category; `longest` where a category was asked for."""

    held = fields.List(fields.Nested(HeldSchema), required=True)
    rules = fields.List(fields.Nested(RuleSchema), required=True, validate=validate.Length(min=1))
    longest = fields.Nested(LongestSchema)


class Reference(Text):
    """``controller/key``; loads as the two."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max=130, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return parts(super()._deserialize(value, attr, data, **kwargs))
        except Invalid as problem:
            raise ValidationError(f"{problem.code}: {problem.detail}") from None


class RuleQuery(Schema):
    """Of what the rules are asked: of a system, a register or a controller, and maybe of one category."""

    system = Reference(metadata={"description": "Of this system: controller/key."})
    register = Reference(metadata={"description": "Of this register: controller/key."})
    controller = Key(metadata={"description": "Of this controller."})
    category = Text(max=40, metadata={"description": "Of the data category with this id in the record."})
    data_category = Text(
        max=120, metadata={"description": "Of data of this kind, a term of DPV: pd:EmailAddress."}
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _of_something(self, data: Mapping[str, Any], **_: Any) -> None:
        if not data.keys() & {"system", "register", "controller"}:
            raise ValidationError("required: Name a system, a register or a controller.", "system")


@require("retention:read", within=(REGISTERS, SYSTEMS, HISTORY))
@blueprint.route("/v1/retention-rules")
@direct
@blueprint.arguments(RuleQuery, location="query")
@blueprint.response(200, RulesSchema, example={"held": [], "rules": [RULE]}, etag=True)
@blueprint.fails(404)
def list_retention_rules(query: dict[str, Any]) -> Response:
    """Say how long data is kept, by the published registers in force.

    404 `no_rule` means: keep. So it is for what is unknown, not yours, not published, not yet in effect, withdrawn or
    ended, and where the record does not say. Where several rules fit the same data the longest applies: with `category`
    or `data_category` it is given as `longest`. Asked by `data_category`, rules of categories of which the record says
    no kind are told too, for they may be of any. What is `held` is kept, whatever the rules say. Ask again before each
    run (If-None-Match is cheap): an answer is good for the moment at which it was given. 503 `journal_broken`, as for
    decisions, while the journal is not whole.
    """
    asking = holder()
    seen = asking.controllers
    if seen is not None and not _controllers(query) <= seen:
        raise NoRule(NONE)
    if asking.reach and not _reached(query, asking.reach):
        raise NoRule(NONE)
    journal.position()  # 503 while its end is not there: what is held or shortened may be in what is gone
    if not ("category" in query or "data_category" in query) and (answer := _as_stored(query)) is not None:
        return answer
    every = served.said(**query)
    rules = [rule for rule in every if not rule.silent]
    # What names no kind keeps data of any, and is told; it is no rule for a kind that nothing names.
    if not any(rule.data_category is not None or "data_category" not in query for rule in rules):
        raise NoRule(NONE)
    _not_too_many(len(every))
    body = b'"rules":[' + b",".join(rule.document for rule in rules) + b"]"
    if "category" in query or "data_category" in query:
        body += b',"longest":' + orjson.dumps(_longest(every, query))
    if every[0].holds and (held := _held(query, every)):
        return stored(b'{"held":' + orjson.dumps(held) + b"," + body + b"}", headers=HELD)
    tag = etag(
        "r" + hashlib.blake2b("".join(rule.digest for rule in every).encode(), digest_size=15).hexdigest()
    )
    return not_modified(tag, FRESH) or stored(b'{"held":[],' + body + b"}", headers={"ETag": tag, **FRESH})


def _as_stored(query: Mapping[str, Any]) -> Response | None:
    """The answer to who names no category, of texts that are there; None where it takes a closer look."""
    found = served.joined(**query)
    if found is None:
        return None
    if not found.documents:
        raise NoRule(NONE)
    _not_too_many(found.many)
    tag = etag(f"r{found.tag}")
    return not_modified(tag, FRESH) or stored(
        b'{"held":[],"rules":[' + found.documents + b"]}", headers={"ETag": tag, **FRESH}
    )


def _not_too_many(rules: int) -> None:
    if rules > served.MOST:
        raise Invalid(
            f"More than {served.MOST} rules match; ask by system or register.",
            code="too_many",
            field="/controller",
        )


def _held(query: Mapping[str, Any], every: Sequence[served.Served]) -> list[dict[str, Any]]:
    """The standing holds that touch what is asked about."""
    holds = hold.read(every[0].holds)
    named = {register for one in holds for register in one.named}
    touched = set(hold.touching(holds, _asked(query, every, holding.reach(every[0].controller, named))))
    return [
        {"hold": one.id, "covers": "data" if one.id in touched else "people"}
        for one in holds
        if one.id in touched or one.by_reference
    ]


def _asked(
    query: Mapping[str, Any], every: Sequence[served.Served], reach: frozenset[tuple[str, str]]
) -> hold.Asked:
    systems = {name for rule in every for name in orjson.loads(rule.document)["systems"]}
    of = {name: query[name] for name in ("system", "register", "controller") if name in query}
    known: dict[str, set[str]] = {}
    for rule in served.said(**of):
        known.setdefault(rule.register, set()).add(rule.category)
    system = query["system"][1] if "system" in query else None
    register = query["register"][1] if "register" in query else None
    rows = {(rule.register, rule.category, rule.data_category) for rule in every}
    # A hold on a kind has not let go of what went by it once.
    before = once(every[0].controller, system=system, key=register, category=query.get("category"))
    rows |= {(of, data, kind) for of, data, kind in before if kind or data not in known.get(of, ())}
    return hold.Asked(
        system=system,
        register=register,
        category=query.get("category"),
        data_category=query.get("data_category"),
        rows=frozenset(rows),
        systems=frozenset(name.partition("/")[2] for name in systems),
        reach=reach,
        known=known,
    )


def _controllers(query: Mapping[str, Any]) -> set[str]:
    named = {query[name][0] for name in ("system", "register") if name in query}
    return named | {query["controller"]} if "controller" in query else named


def _reached(query: Mapping[str, Any], reach: Mapping[str, Sequence[Reach]]) -> bool:
    """Whether who is limited within a controller names what they are limited to; rules are those of the present."""
    now, (system, register) = clock.now(), (query.get(name) for name in ("system", "register"))
    return all(
        any(
            one.covers(now)
            and (one.systems is None or (system is not None and system[1] in one.systems))
            and (one.registers is None or (register is not None and register[1] in one.registers))
            for one in reach[controller]
        )
        for controller in _controllers(query) & reach.keys()
    )


def _longest(rules: Sequence[served.Served], query: Mapping[str, Any]) -> dict[str, Any]:
    period, conflict = served.longest(rules)
    about = {name: query[name] for name in ("category", "data_category") if name in query}
    if "system" in query and "register" not in query and not conflict:
        spoken = {one.register for one in served.said(system=query["system"])}
        if left(query["system"], spoken, **about):
            period, conflict = None, True
    return {"of": sum(not rule.silent for rule in rules), "period": period, "conflict": conflict}
