"""/v1/findings: what the checks found, as it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson
import peewee
from flask import Response

from registry import clock
from registry.api import HISTORY, REGISTERS, Blueprint, Window, mine, produces, require, seek, stored, theirs
from registry.catalogue import store
from registry.catalogue.reaching import covered
from registry.catalogue.read import parts
from registry.checks.days import past
from registry.checks.days.past import titled
from registry.checks.findings import sarif, waiving
from registry.checks.findings.reached import seen
from registry.checks.findings.stored import HOLDS, Checked, StoredFinding
from registry.checks.routes import exported
from registry.checks.routes.schemas import (
    COUNTS,
    EXAMPLE,
    LOG,
    FindingQuery,
    FindingSchema,
    FindingsPageSchema,
    LogSchema,
)
from registry.checks.rule import KINDS, SEVERITIES
from registry.errors import Invalid, NotFound

blueprint = Blueprint("findings", __name__, description="What the checks found")


@require("findings:read", within=(REGISTERS, HISTORY))
@blueprint.route("/v1/findings")
@produces("application/json", "application/problem+json", sarif.MEDIA_TYPE)
@blueprint.arguments(FindingQuery, location="query")
@blueprint.response(
    200,
    LogSchema,
    content_type=sarif.MEDIA_TYPE,
    description="A page, or all of it as SARIF 2.1.0.",
    example=LOG,
)
@blueprint.response(
    200,
    FindingsPageSchema,
    example={
        "items": [EXAMPLE],
        "next": None,
        "counts": COUNTS,
        "registers_checked": 1,
        "checked_since": "2026-02-01T03:00:00.000000Z",
    },
)
@blueprint.fails(404, 406, 410)
def list_findings(query: dict[str, Any]) -> Response:
    """List what the checks found, by register and check: what is wrong, unless another kind is asked for.

    The first page counts all kinds, so that what is open is not overlooked, and says how many registers were checked: a
    register that never was has no findings, and is not in order for that. 404 for a register or controller that is not
    there.

    `known_at` gives what runs had found by then. `as_of` gives what was true on a day, whether or not anybody ran the
    checks: the rules of today by the law, the record and the observations of that day, as far as they were recorded by
    its end (or by `known_at`). 404 where the register was not there yet, or not recorded; 410 where it had ended.

    With `Accept: application/sarif+json` all that the filters let through comes as one SARIF 2.1.0 log, without pages:
    checks are rules, articles taxa, waivers suppressions. 422 `too_many_findings` beyond 5000.
    """
    if exported.asked():
        return _log(query)
    if "as_of" in query:
        return past.answer(query)
    covered(_moment(query))
    window = seek(query, str, str, str, str, int)
    where = list(_where(query))
    rows = list(_rows(query, window, where))
    waived = _waived(rows, _moment(query))
    answer = window.page(
        rows,
        document=lambda row: served(
            row, row.checked.checked_at if hasattr(row, "checked") else None, waived(row)
        ),
        key=lambda row: (row.controller, row.register, row.code, row.key, row.id),
    )
    if window.after is None:
        told = b',"counts":' + orjson.dumps(_counts(query, where)) + b"," + _coverage(query)
        answer.set_data(answer.get_data()[:-1] + told + b"}")
    return answer


@require("findings:read", within=(REGISTERS, HISTORY))
@blueprint.route("/v1/findings/<number:number>")
@blueprint.response(200, FindingSchema, example=EXAMPLE)
def get_finding(number: int) -> Response:
    """Read one finding as it is, or as it last was."""
    row = StoredFinding
    found = row.select().where(row.finding == number).order_by(row.id.desc()).first()
    if found is None or not theirs(found.controller, found.register):
        raise NotFound("There is no such finding.")
    if not row.select(row.id).where(row.id == found.id, *seen(row, found.until)).exists():
        raise NotFound("There is no such finding.")
    last = Checked.get_or_none(
        (Checked.controller == found.controller) & (Checked.register == found.register)
    )
    waived = _waived([found], clock.now()) if found.until is None else lambda _: None
    return stored(served(found, last.checked_at if last else None, waived(found)))


def _log(query: dict[str, Any]) -> Response:
    """What the query asks for, all of it, as SARIF."""
    if query["cursor"] is not None:
        raise Invalid("A log has no pages.", code="no_pages", field="/cursor")
    facts: dict[str, Any] = {"law": past.law_told()}
    if "as_of" in query:
        return exported.answer(past.every(query), as_of=query["as_of"].isoformat(), **facts)
    covered(_moment(query))
    rows = list(_rows(query, Window(exported.MOST, None, ""), list(_where(query))))
    waived = _waived(rows, _moment(query))
    findings = (served(row, None, waived(row)) for row in rows)
    return exported.answer(findings, as_of=clock.day_of(_moment(query)).isoformat(), **facts)


def served(row: StoredFinding, checked_at: str | None, waived: waiving.Waived | None = None) -> bytes:
    """A row as it is served: its document as stored, after what may change."""
    head = {
        "id": row.finding,
        "first_seen": row.first_seen,
        "since": row.since,
        "until": row.until,
        "checked_at": checked_at,
        "waived": waived.told() if waived else None,
    }
    return orjson.dumps(head)[:-1] + b"," + titled(row.code, bytes(row.document))[1:]


def _where(query: dict[str, Any]) -> Iterator[Any]:
    """Whose findings, of which checks, at what time; raises NotFound for a register or controller that is not there."""
    row = StoredFinding
    at = query.get("known_at")
    if at is None:
        yield row.ended_in == HOLDS
    else:
        yield (row.since <= at) & (row.until.is_null() | (row.until > at))
    if "register" in query:
        controller, key = parts(query["register"])
        _there("register", controller, key)
        yield (row.controller == controller) & (row.register == key)
    if "controller" in query:
        _there("controller", query["controller"], query["controller"])
        yield row.controller == query["controller"]
    yield from seen(row, at)
    if "code" in query:
        yield row.code == query["code"]
    if "severity" in query:
        yield row.severity == query["severity"]
    if "waived" in query:
        covered = waiving.covered(row, _moment(query))
        yield covered if query["waived"] == "true" else ~covered


def _moment(query: dict[str, Any]) -> str:
    """The instant that is asked about."""
    return query.get("known_at") or clock.now()


def _waived(rows: Iterable[StoredFinding], moment: str) -> Callable[[StoredFinding], waiving.Waived | None]:
    """What tells by whom a finding was waived at an instant: one statement for all rows."""
    standing = waiving.standing(moment, registers={(row.controller, row.register) for row in rows})

    def waived(row: StoredFinding) -> waiving.Waived | None:
        held = standing.get((row.controller, row.register, row.code, row.key))
        return held if held is not None and held.covers(row.kind, row.severity) else None

    return waived


def _there(kind: str, controller: str, key: str) -> None:
    mine(controller, key if kind == "register" else None)
    if not store.exists(kind, controller, key):
        raise NotFound(f"There is no such {kind}.")


def _rows(query: dict[str, Any], window: Window, where: list[Any]) -> Any:
    row = StoredFinding
    order = (row.controller, row.register, row.code, row.key, row.id)
    same = (Checked.controller == row.controller) & (Checked.register == row.register)
    found = row.select(row, Checked.checked_at).join(Checked, peewee.JOIN.LEFT_OUTER, on=same, attr="checked")
    if query["kind"] != "all":
        kinds = sorted(set(query["kind"].split(",")))
        found = found.where(row.kind == kinds[0] if len(kinds) == 1 else row.kind.in_(kinds))
    if window.after is not None:
        found = found.where(peewee.Tuple(*order) > peewee.Tuple(*window.after))
    return found.where(*where).order_by(*order).limit(window.limit + 1)


def _counts(query: dict[str, Any], where: list[Any]) -> dict[str, Any]:
    row = StoredFinding
    grouped = row.select(row.kind, row.severity, row.code, peewee.fn.COUNT(row.id)).where(*where)
    kinds: dict[str, int] = dict.fromkeys(KINDS, 0)
    severities: dict[str, int] = dict.fromkeys(SEVERITIES, 0)
    waived: dict[str, int] = dict.fromkeys(SEVERITIES, 0)
    codes: dict[str, int] = {}
    for kind, severity, code, number in grouped.group_by(row.kind, row.severity, row.code).tuples():
        kinds[kind] += number
        if kind == "fail":
            severities[severity] += number
            codes[code] = codes.get(code, 0) + number
    covered = row.select(row.severity, peewee.fn.COUNT(row.id)).where(
        *where, row.kind == "fail", waiving.covered(row, _moment(query))
    )
    for severity, number in covered.group_by(row.severity).tuples():
        waived[severity] = number
        severities[severity] -= number
    return {
        "kinds": kinds, "severities": severities, "waived": waived, "codes": dict(sorted(codes.items())),
    }  # fmt: skip


def _coverage(query: dict[str, Any]) -> bytes:
    """How many registers in scope were checked, and since when all of them were."""
    checked = Checked.select(peewee.fn.COUNT(Checked.register), peewee.fn.MIN(Checked.checked_at))
    if "register" in query:
        controller, key = parts(query["register"])
        checked = checked.where((Checked.controller == controller) & (Checked.register == key))
    if "controller" in query:
        checked = checked.where(Checked.controller == query["controller"])
    if limits := seen(Checked, query.get("known_at")):
        checked = checked.where(*limits)
    number, oldest = checked.tuples().first()
    return orjson.dumps({"registers_checked": number, "checked_since": oldest})[1:-1]
