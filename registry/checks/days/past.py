"""What was true on a day, for /v1/findings?as_of=: findings computed for one register or controller, in pages."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, TypeVar

import orjson
from flask import Response
from marshmallow import fields

from registry.api import Schema, holder, mine, seek
from registry.api.asked import here
from registry.catalogue import reaching, store
from registry.catalogue.read import parts
from registry.checks.book import book
from registry.checks.days.then import THEN, Knowledge, end_of, look, zone_on
from registry.checks.findings.stored import Examined, Said
from registry.checks.findings.waiving import Waived, standing
from registry.checks.rule import KINDS, SEVERITIES
from registry.checks.runs.running import Scope
from registry.errors import Invalid, NotFound
from registry.law import law

Item = TypeVar("Item")

#: So many registers are computed for at once, with all that is said of them; more are for a run that is stored.
MOST = 200

#: What a finding has that is stored, and one that is computed has not.
_UNSTORED = ("id", "first_seen", "since", "until", "checked_at")


class LawTableSchema(Schema):
    """Which law table decided."""

    as_printed_on = fields.String(required=True, metadata={"format": "date"})
    digest = fields.String(required=True)


def answer(query: dict[str, Any]) -> Response:
    """The page that a loaded query of findings with `as_of` asks for. Raises NotFound, Gone, Invalid."""
    window = seek(query, str, str, str)
    scope, day = scope_asked(query, ended=True), query["as_of"]
    known = Knowledge(until=query["known_at"]) if "known_at" in query else THEN
    _covered(scope, day)
    found = list(some(look(scope, day, known)))
    end = end_of(day, zone_on(str(scope.controller), day, known))
    told = [one for one in _told(found, end) if _fits(query, one)]
    kinds = KINDS if query["kind"] == "all" else query["kind"].split(",")
    shown = sorted((one for one in told if one.said.kind in kinds), key=lambda one: one.place)
    if window.after is not None:
        shown = [one for one in shown if one.place > window.after]
    page = window.page(shown, document=_served, key=lambda one: one.place)
    if window.after is None:
        head = {
            "counts": _counts(told),
            "registers_checked": len(found),
            "checked_since": None,
            "as_of": day.isoformat(),
            "known_at": query.get("known_at") or end,
            "law": law_told(),
        }
        page.set_data(page.get_data()[:-1] + b"," + orjson.dumps(head)[1:])
    return page


def every(query: dict[str, Any]) -> Iterator[bytes]:
    """All findings that a loaded query with `as_of` asks for, as served. Raises as `answer` does."""
    scope, day = scope_asked(query, ended=True), query["as_of"]
    known = Knowledge(until=query["known_at"]) if "known_at" in query else THEN
    _covered(scope, day)
    end = end_of(day, zone_on(str(scope.controller), day, known))
    kinds = KINDS if query["kind"] == "all" else query["kind"].split(",")
    for one in _told(some(look(scope, day, known)), end):
        if one.said.kind in kinds and _fits(query, one):
            yield _served(one)


def scope_asked(asked: dict[str, Any], *, ended: bool = False) -> Scope:
    """The registers that are asked about: `register`, those of `controller`, or all that the caller may see.

    Raises NotFound for what is not there or not the caller's; `ended`: a controller that has ended had a past.
    """
    if "register" in asked:
        controller, key = parts(asked["register"], "/register")
        mine(controller, key)
        return Scope(register=(controller, key))
    if "controller" in asked:
        controller = asked["controller"]
        mine(controller)
        if not (_ever(controller) if ended else store.exists("controller", controller, controller)):
            raise NotFound("There is no such controller.")
        return Scope(controllers=frozenset({controller}))
    return Scope(controllers=holder().controllers)


def whole(scope: Scope) -> Scope:
    """The scope for a run that is stored: who is limited within a controller names a register, for what a run over a
    controller does not look at is over for it. Raises InsufficientScope."""
    limited = reaching.limited()
    if scope.register is not None or not limited:
        return scope
    left = frozenset() if scope.controllers is None else scope.controllers - limited.keys()
    if not left:
        raise here.refusal()
    return Scope(controllers=left)


def _covered(scope: Scope, day: date) -> None:
    """Raises OutsideEngagement where the holder may not ask about that day."""
    if scope.register is not None:
        reaching.may_see("register", *scope.register, end_of(day))
    else:
        reaching.covered(end_of(day))


def some(registers: Iterable[Item]) -> Iterator[Item]:
    """The registers, as long as there are no more than one answer holds. Raises Invalid `too_many_registers`."""
    for number, one in enumerate(registers):
        if number == MOST:
            raise Invalid(
                f"More than {MOST} registers; name a controller or a register.", code="too_many_registers"
            )
        yield one


def titled(code: str, document: bytes) -> bytes:
    """A stored document with the title and the articles of its check."""
    return b"{" + _title(code) + b"," + document[1:]


def shown(said: Said, waived: Waived | None) -> bytes:
    """What was said, titled, and by whom it is waived."""
    told = orjson.dumps(waived.told() if waived else None)
    return b'{"waived":' + told + b"," + titled(said.code, said.document)[1:]


def law_told() -> dict[str, str]:
    """Which law table decides, as served."""
    return {"as_printed_on": law().as_printed_on.isoformat(), "digest": law().digest}


@functools.cache
def _title(code: str) -> bytes:
    shown: dict[str, Any] = {"title": None, "law": []}
    if code in book():
        rule = book()[code].rule
        shown = {"title": dict(rule.title), "law": list(rule.law)}
    return orjson.dumps(shown)[1:-1]


def _ever(controller: str) -> bool:
    try:
        return bool(store.newest("controller", controller, controller))
    except NotFound:
        return False


@dataclasses.dataclass(frozen=True, slots=True)
class _Told:
    """What was said, where it stands in the list, and who answered for it at the end of the day."""

    place: tuple[str, str, str]
    said: Said
    waived: Waived | None


def _told(found: Iterable[Examined], end: str) -> Iterator[_Told]:
    for one in found:
        held = standing(end, register=(one.controller, one.register))
        for said in one.said:
            waiver = held.get((one.controller, one.register, said.code, said.key))
            covers = waiver is not None and waiver.covers(said.kind, said.severity)
            yield _Told((one.register, said.code, said.key), said, waiver if covers else None)


def _fits(query: dict[str, Any], one: _Told) -> bool:
    asked = {
        "code": one.said.code,
        "severity": one.said.severity,
        "waived": str(one.waived is not None).lower(),
    }
    return all(query.get(name, value) == value for name, value in asked.items())


def _served(one: _Told) -> bytes:
    head = {**dict.fromkeys(_UNSTORED), "waived": one.waived.told() if one.waived else None}
    return orjson.dumps(head)[:-1] + b"," + titled(one.said.code, one.said.document)[1:]


def _counts(told: Iterable[_Told]) -> dict[str, dict[str, int]]:
    """As of stored findings: by kind, and of what fails by severity (waived ones apart) and check."""
    kinds: dict[str, int] = dict.fromkeys(KINDS, 0)
    severities: dict[str, int] = dict.fromkeys(SEVERITIES, 0)
    waived: dict[str, int] = dict.fromkeys(SEVERITIES, 0)
    codes: dict[str, int] = {}
    for one in told:
        kinds[one.said.kind] += 1
        if one.said.kind == "fail":
            (waived if one.waived else severities)[one.said.severity] += 1
            codes[one.said.code] = codes.get(one.said.code, 0) + 1
    return {"kinds": kinds, "severities": severities, "waived": waived, "codes": dict(sorted(codes.items()))}
