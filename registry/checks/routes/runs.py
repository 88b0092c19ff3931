"""/v1/check-runs: checking registers as they are now, or as they were or will be on another day."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
import orjson
from flask import Response
from marshmallow import fields

from registry.api import (
    REGISTERS,
    Blueprint,
    Boolean,
    Day,
    Key,
    Page,
    Schema,
    Text,
    holder,
    idempotent_in_parts,
    page_of,
    require,
    seek,
    stored,
    theirs,
)
from registry.api.door import Holder
from registry.catalogue.read import parts
from registry.checks.days.past import LawTableSchema, scope_asked, shown, some, whole
from registry.checks.days.then import end_of, look
from registry.checks.findings import waiving
from registry.checks.routes.schemas import EXAMPLE as FINDING
from registry.checks.routes.schemas import FindingSchema
from registry.checks.runs.running import Run, Scope, Tally, run, told
from registry.errors import NotFound

blueprint = Blueprint("check-runs", __name__, description="Runs of the checks")

RUN = {
    "id": 3,
    "register": "acme/newsletter",
    "controllers": None,
    "as_of": "2026-01-15",
    "law": {
        "as_printed_on": "2026-01-01",
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    },
    "registers": 1,
    "kinds": {"fail": 1, "open": 2, "pass": 6, "na": 3},
    "severities": {"error": 1, "warning": 0, "info": 0},
    "waived": {"error": 0, "warning": 0, "info": 0},
    "changed_only": False,
    "unchanged": 0,
    "opened": 12,
    "ended": 0,
    "began_at": "2026-01-15T08:00:00.000000Z",
    "finished_at": "2026-01-15T08:00:00.100000Z",
    "by": "client/dpo",
}


class FindingThenSchema(FindingSchema):
    """What a check says of a register on a day."""

    class Meta(FindingSchema.Meta):
        exclude = ("id", "first_seen", "since", "until", "waived", "checked_at")


class FindingOfDaySchema(FindingSchema):
    """What a check says of a register on a day, and whether it was waived then."""

    class Meta(FindingSchema.Meta):
        exclude = ("id", "first_seen", "since", "until", "checked_at")


ANSWER = {
    **{
        name: RUN[name]
        for name in ("register", "controllers", "law", "registers", "kinds", "severities", "waived")
    },
    "as_of": "2020-07-16",
    "findings": [{name: FINDING[name] for name in FINDING if name not in FindingOfDaySchema.Meta.exclude}],
}


class CheckRunQuestionSchema(Schema):
    """What to check: one register, one controller's, or (with neither) all that you may see; now, or as of a day."""

    register = Text(max=130, metadata={"description": "This register: controller/key."})
    controller = Key(metadata={"description": "All registers of this controller."})
    as_of = Day(
        metadata={"description": "Past, present or to come; nothing is stored. Without it: now, and stored."}
    )

    changed_only = Boolean(
        load_default=False,
        metadata={
            "description": "Only where something has changed since they were checked: the register, its controller "
            "or systems, what was observed, the law, the rules, or (for rules that look at it) the day."
        },
    )

    @ma.validates_schema
    def _one_of_them(self, data: dict[str, Any], **_: Any) -> None:
        if "register" in data and "controller" in data:
            raise ma.ValidationError("contradiction: Name a register or a controller.", "controller")
        if "as_of" in data and data.get("changed_only"):
            raise ma.ValidationError(
                "contradiction: What is not stored has no changes since the last time.", "changed_only"
            )


class CheckSummarySchema(Schema):
    """What a run was over and what it came to; `severities` count what is `fail`, but for what is `waived`."""

    register = fields.String(required=True, allow_none=True)
    controllers = fields.List(
        fields.String(), required=True, allow_none=True, metadata={"description": "null: all."}
    )
    as_of = fields.String(required=True, metadata={"format": "date"})
    law = fields.Nested(LawTableSchema, required=True)
    registers = fields.Integer(required=True, strict=True)
    kinds = fields.Dict(keys=fields.String(), values=fields.Integer(strict=True), required=True)
    severities = fields.Dict(keys=fields.String(), values=fields.Integer(strict=True), required=True)
    waived = fields.Dict(keys=fields.String(), values=fields.Integer(strict=True), required=True)


class CheckRunSchema(CheckSummarySchema):
    """A run that was stored: how many findings began and ended with it, when it was, and whose it is."""

    id = fields.Integer(required=True, strict=True)
    changed_only = fields.Boolean(required=True)
    unchanged = fields.Integer(
        required=True,
        strict=True,
        metadata={"description": "Registers that were left alone; their findings are counted all the same."},
    )
    opened = fields.Integer(required=True, strict=True)
    ended = fields.Integer(required=True, strict=True)
    began_at = fields.String(required=True, metadata={"format": "date-time"})
    finished_at = fields.String(required=True, metadata={"format": "date-time"})
    by = fields.String(required=True)


class CheckAnswerSchema(CheckSummarySchema):
    """A run as of a day: everything that the checks say."""

    findings = fields.List(fields.Nested(FindingOfDaySchema), required=True)


@require("findings:write", within=(REGISTERS,))
@blueprint.route("/v1/check-runs", methods=["POST"])
@blueprint.arguments(CheckRunQuestionSchema, example={"register": "acme/newsletter"})
@blueprint.response(201, CheckRunSchema, example=RUN, description="Now, and stored.")
@blueprint.response(200, CheckAnswerSchema, example=ANSWER, description="As of a day, and not stored.")
@blueprint.fails(404, 409, 410)
@idempotent_in_parts
def run_checks(question: dict[str, Any]) -> Response:
    """Check registers.

    Without `as_of` the registers are checked as they are, and what is new is stored: read it at /v1/findings. With
    `as_of` they are checked by the law of that day, in the version and with the observations that there were at its
    end; the answer has all that is said, and nothing is stored. 404 for a register or controller that is not there (or
    was not yet), 410 for one that has ended.
    """
    scope = scope_asked(question)
    if "as_of" in question:
        return _answered(scope, question["as_of"])
    done = run(whole(scope), by=holder().id, changed_only=question["changed_only"])
    return stored(orjson.dumps(done), status=201, headers={"Location": f"/v1/check-runs/{done['id']}"})


@require("findings:read", within=(REGISTERS,))
@blueprint.route("/v1/check-runs")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, page_of(CheckRunSchema), example={"items": [RUN], "next": None})
def list_check_runs(query: dict[str, Any]) -> Response:
    """List runs, the latest first: those over a controller that you may see, and your own."""
    window = seek(query, int)
    rows = Run.select().order_by(Run.id.desc()).where(_visible())
    if window.after is not None:
        rows = rows.where(Run.id < window.after[0])
    found: list[Run] = []
    while len(found) <= window.limit:
        more = list(rows.limit(window.limit + 1))
        found += filter(_shown, more)
        if len(more) <= window.limit:
            break
        rows = rows.where(Run.id < more[-1].id)
    found = found[: window.limit + 1]
    return window.page(found, document=lambda row: bytes(row.document), key=lambda row: (row.id,))


@require("findings:read", within=(REGISTERS,))
@blueprint.route("/v1/check-runs/<number:number>")
@blueprint.response(200, CheckRunSchema, example=RUN)
def get_check_run(number: int) -> Response:
    """Read one run."""
    found = Run.select().where(Run.id == number, _visible()).first()
    if found is None or not _shown(found):
        raise NotFound("There is no such run.")
    return stored(bytes(found.document))


def _visible() -> Any:
    asking = holder()
    if asking.controllers is None:
        return Run.id > 0
    # A run says what it came to over all of it: who is limited within a controller sees their own.
    return Run.controller.in_(_whole(asking)) | (Run.actor == asking.id)


def _shown(row: Run) -> bool:
    """Of one's own runs those over what one still sees: a role may have gone since."""
    asking = holder()
    if asking.controllers is None or row.controller in _whole(asking):
        return True
    said = orjson.loads(bytes(row.document))
    if said["register"] is not None:
        return theirs(*parts(said["register"]))
    return said["controllers"] is not None and set(said["controllers"]) <= set(_whole(asking))


def _whole(asking: Holder) -> list[str]:
    return sorted((asking.controllers or frozenset()) - asking.reach.keys())


def _answered(scope: Scope, as_of: Any) -> Response:
    tally, items = (
        Tally(waiving.standing(end_of(as_of), controllers=scope.controllers, register=scope.register)),
        [],
    )
    for one in some(look(scope, as_of)):
        tally.add(one)
        items += [shown(said, tally.waiver(one.controller, one.register, said)) for said in one.said]
    head = orjson.dumps(told(scope, tally, as_of))
    return stored(head[:-1] + b',"findings":[' + b",".join(items) + b"]}")
