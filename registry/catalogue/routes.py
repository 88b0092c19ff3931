"""The doors that controllers, systems and registers have alike: read at a moment, write on a condition, compare."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import orjson
from flask import Response, request
from marshmallow import fields

from registry import clock
from registry.api import (
    HISTORY,
    REGISTERS,
    Blueprint,
    Page,
    Schema,
    conditional,
    direct,
    etag,
    holder,
    require,
    seek,
    stored,
)
from registry.api.conditional import if_match, precondition
from registry.api.page import page_of
from registry.catalogue import listing, reaching, store
from registry.catalogue.declared import Declared
from registry.catalogue.diff import diff
from registry.catalogue.record.value import Part
from registry.errors import Gone, PreconditionFailed
from registry.strict.schema import Instant, QueryInteger, Timestamp


class MomentQuery(Schema):
    """Which moment is asked about."""

    as_of = Instant(
        metadata={"description": "What applied then: a time with its zone, or a day, meaning its start."}
    )
    known_at = Timestamp(metadata={"description": "What was known then: a time with its zone."})


class EndQuery(Schema):
    """From when something ends."""

    effective_from = Instant(metadata={"description": "When it ends; now, if left out."})


class DiffQuery(Schema):
    """Which versions to compare; `from` and `to` are version numbers."""

    from_ = QueryInteger(min=1, required=True, data_key="from")
    to = QueryInteger(min=1, required=True)


class DifferenceSchema(Schema):
    """One field that differs."""

    field = fields.String(required=True, metadata={"description": "JSON Pointer into the later version."})
    change = fields.String(required=True, metadata={"enum": ["added", "removed", "changed"]})
    before = fields.Raw(allow_none=True)
    after = fields.Raw(allow_none=True)


class DiffSchema(Schema):
    """How two versions differ, field by field."""

    from_ = fields.Integer(required=True, strict=True, data_key="from")
    to = fields.Integer(required=True, strict=True)
    differences = fields.List(fields.Nested(DifferenceSchema), required=True)


class VersionSchema(Schema):
    """A version in a list of versions."""

    version = fields.Integer(required=True, strict=True)
    effective_from = fields.String(required=True, metadata={"format": "date-time"})
    recorded_at = fields.String(required=True, metadata={"format": "date-time"})
    ended = fields.Boolean(required=True)


_VERSIONS = page_of(VersionSchema, "VersionLine")


def envelopes(kind: str, part: type[Part], example: Any) -> tuple[type[Schema], type[Schema]]:
    """The schemas of a declaration as sent and as served."""
    name = store.BODY[kind]
    sent = {
        name: Declared(part, required=True, metadata={"example": example}),
        "effective_from": Instant(metadata={"description": "When this applies from; now, if left out."}),
    }
    served = {
        "controller": fields.String(required=True),
        "key": fields.String(required=True),
        "version": fields.Integer(required=True, strict=True),
        "effective_from": fields.String(required=True, metadata={"format": "date-time"}),
        "recorded_at": fields.String(required=True, metadata={"format": "date-time"}),
        "ended": fields.Boolean(required=True),
        name: Declared(part, required=True, metadata={"example": example}),
    }
    title = kind.capitalize()
    return (
        type(f"{title}DeclarationSchema", (Schema,), {"__doc__": f"A {kind} to declare.", **sent}),
        type(f"{title}VersionSchema", (Schema,), {"__doc__": f"A {kind} in one of its versions.", **served}),
    )


def tag(written: store.Written) -> str:
    """The ETag of what applies now: the newest version, which decides writes, and the one that applies if another."""
    return (
        etag(written.version)
        if written.newest == written.version
        else etag(f"v{written.newest}.{written.version}")
    )


def serve(written: store.Written, *, status: int = 200, tag_: str | None = None) -> Response:
    """A version as it is stored."""
    return stored(written.document, etag=tag_ or etag(written.version), status=status)


def merged(target: Any, patch: Any) -> Any:
    """`target` with a JSON Merge Patch applied (RFC 7396); neither is changed."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


@dataclasses.dataclass(frozen=True)
class _Doors:
    """The doors of one kind, under construction."""

    kind: str
    sent: type[Schema]
    served: type[Schema]
    example: Any
    blueprint: Blueprint

    @property
    def one(self) -> str:
        return f"/v1/{self.kind}s/<key:controller>" + ("" if self.kind == "controller" else "/<key:key>")

    @property
    def shown(self) -> dict[str, Any]:
        return {
            "controller": "acme",
            "key": "acme" if self.kind == "controller" else "customers",
            "version": 1,
            "effective_from": "2026-01-31T22:00:00.000000Z",
            "recorded_at": "2026-01-15T08:00:00.000000Z",
            "ended": False,
            store.BODY[self.kind]: self.example,
        }

    def add(self, method: str, rule: str, name: str, told: str, view: Any, *wrapped: Any) -> None:
        """Put a view in: its operationId from `name`, its description from `told`, its lock from the method."""
        view.__name__, view.__doc__ = name, told
        for wrap in reversed(wrapped):
            view = wrap(view)
        if method == "GET":
            view = direct(view)
        narrows = [REGISTERS, HISTORY] if method == "GET" else [REGISTERS] if self.kind == "register" else []
        lock = require(f"{self.kind}s:{'read' if method == 'GET' else 'write'}", within=narrows)
        lock(self.blueprint.route(rule, methods=[method])(view))


def declarations(
    kind: str,
    part: type[Part],
    *,
    example: Any,
    query: type[Page] = Page,
    conditions: Callable[[dict[str, Any]], dict[str, Any]] = lambda _: {},
) -> Blueprint:
    """The blueprint of one kind. `conditions` turns a loaded list query into arguments of `store.select`."""
    told = f"{kind.capitalize()}s as declared, in versions that are never overwritten"
    doors = _Doors(
        kind, *envelopes(kind, part, example), example, Blueprint(f"{kind}s", __name__, description=told)
    )
    _reading(doors, query, conditions)
    _writing(doors)
    _comparing(doors)
    return doors.blueprint


def _named(kind: str, controller: str, key: str | None, moment: str | None = None) -> tuple[str, str]:
    reaching.may_see(kind, controller, key or controller, moment)
    return controller, key or controller


def _reading(
    doors: _Doors, query: type[Page], conditions: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    kind, served, shown, one, blueprint = doors.kind, doors.served, doors.shown, doors.one, doors.blueprint

    def listed(args: dict[str, Any]) -> Response:
        return listing.page(kind, args, conditions)

    doors.add(
        "GET", f"/v1/{kind}s", f"list_{kind}s",
        f"""List the {kind}s that you may see.

        In the order of controller and key, each in the version that applies, or applied (`as_of`).
        """,
        listed,
        blueprint.arguments(query, location="query"),
        blueprint.response(200, page_of(served), example={"items": [shown], "next": None}),
    )  # fmt: skip

    def got(args: dict[str, Any], controller: str, key: str | None = None) -> Response:
        moment = {name: value for name, value in args.items() if value is not None}
        name = _named(kind, controller, key, moment.get("as_of") or clock.now())
        written = store.at(kind, *name, **moment)
        return serve(written, tag_=None if moment else tag(written))

    doors.add(
        "GET", one, f"get_{kind}",
        f"""Read a {kind} as it applies, or applied.

        404 before its first version, 410 from the day it ended.
        """,
        got,
        blueprint.arguments(MomentQuery, location="query"),
        blueprint.response(200, served, example=shown, etag=True),
        blueprint.fails(410),
    )  # fmt: skip


def _writing(doors: _Doors) -> None:
    kind, served, shown, one, blueprint = doors.kind, doors.served, doors.shown, doors.one, doors.blueprint
    body = store.BODY[kind]

    def put(declared: dict[str, Any], controller: str, key: str | None = None) -> Response:
        name, expect = _named(kind, controller, key), precondition()
        written = store.declare(
            kind, *name, _object(kind, declared[body]), by=holder().id,
            expect=store.NEW if expect is None else expect, effective_from=declared.get("effective_from"),
        )  # fmt: skip
        answer = serve(written, status=201 if written.version == 1 else 200)
        if written.version == 1:
            answer.headers["Location"] = request.path
        return answer

    doors.add(
        "PUT", one, f"put_{kind}",
        f"""Declare a {kind}: create it, or replace what it says by a new version.

        `If-None-Match: *` creates; `If-Match` with the current ETag replaces. Of several writers who saw the same
        version exactly one wins; the others get 412.
        """,
        put,
        conditional,
        blueprint.arguments(doors.sent, example={body: doors.example}),
        blueprint.response(200, served, example=shown),
        blueprint.response(201, served, example=shown, description="Created."),
    )  # fmt: skip

    def patch(change: dict[str, Any], controller: str, key: str | None = None) -> Response:
        name, expect = _named(kind, controller, key), if_match()
        since = change.get("effective_from")
        base = store.beneath(kind, *name, since)
        # A version that is guessed, and written after this reading, would pass below.
        if base.newest != expect:
            raise PreconditionFailed(
                "It has changed since you read it; read it again, and send the new ETag."
            )
        if base.ended:
            raise Gone("It has ended: there is nothing to change. PUT declares it anew.")
        changed = merged(base.body, change.get(body, {}))
        written = store.declare(kind, *name, changed, by=holder().id, expect=expect, effective_from=since)
        return serve(written)

    doors.add(
        "PATCH", one, f"patch_{kind}",
        f"""Change parts of a {kind} by JSON Merge Patch (RFC 7396), as a new version.

        `null` takes a member away; lists are replaced whole. What is changed is the version that applies when the
        change takes effect: one planned for later is neither taken in nor touched.
        """,
        patch,
        conditional,
        blueprint.arguments(patch_schema(kind), example={body: {}}, content_type="application/merge-patch+json"),
        blueprint.response(200, served, example=shown),
        blueprint.fails(410),
    )  # fmt: skip

    def ended(args: dict[str, Any], controller: str, key: str | None = None) -> Response:
        name, expect = _named(kind, controller, key), if_match()
        return serve(
            store.end(kind, *name, by=holder().id, expect=expect, effective_from=args.get("effective_from"))
        )

    doors.add(
        "DELETE", one, f"end_{kind}",
        f"""End a {kind}; its past stays readable, and what was planned for later ends with it.

        409 while something in force refers to it.
        """,
        ended,
        conditional,
        blueprint.arguments(EndQuery, location="query"),
        blueprint.response(200, served, example={**shown, "version": 2, "ended": True}),
        blueprint.fails(409, 410),
    )  # fmt: skip


def _comparing(doors: _Doors) -> None:
    kind, served, shown, one, blueprint = doors.kind, doors.served, doors.shown, doors.one, doors.blueprint

    def versions(args: dict[str, Any], controller: str, key: str | None = None) -> Response:
        name, window = _named(kind, controller, key), seek(args, int)
        after = window.after[0] if window.after else 0
        rows = store.history(kind, *name, after=after, limit=window.limit + 1)
        return window.page(rows, document=_line, key=lambda row: (row.version,))

    doors.add(
        "GET", f"{one}/versions", f"list_{kind}_versions", f"List the versions of a {kind}, oldest first.",
        versions,
        blueprint.arguments(Page, location="query"),
        blueprint.response(200, _VERSIONS, example={"items": [_LINE], "next": None}),
    )  # fmt: skip

    def numbered(controller: str, version: int, key: str | None = None) -> Response:
        return serve(store.numbered(kind, *_named(kind, controller, key), version))

    doors.add(
        "GET", f"{one}/versions/<number:version>", f"get_{kind}_version",
        f"Read one version of a {kind}, whatever applies now.",
        numbered,
        blueprint.response(200, served, example=shown, etag=True),
    )  # fmt: skip

    def compared(args: dict[str, Any], controller: str, key: str | None = None) -> Response:
        name = _named(kind, controller, key)
        before, after = (store.numbered(kind, *name, args[end]) for end in ("from_", "to"))
        answer = {
            "from": before.version,
            "to": after.version,
            "differences": list(diff(before.body, after.body)),
        }
        return stored(orjson.dumps(answer), etag=etag(f"v{before.version}-{after.version}"))

    doors.add(
        "GET", f"{one}/diff", f"diff_{kind}_versions", f"Compare two versions of a {kind} field by field.",
        compared,
        blueprint.arguments(DiffQuery, location="query"),
        blueprint.response(200, DiffSchema, example=_DIFF, etag=True),
    )  # fmt: skip


def patch_schema(kind: str) -> type[Schema]:
    """The schema of a merge patch: like the declaration, with nothing required and nulls allowed."""
    members = {
        store.BODY[kind]: fields.Dict(keys=fields.String()),
        "effective_from": Instant(
            metadata={"description": "When the change applies from; now, if left out."}
        ),
    }
    return type(
        f"{kind.capitalize()}PatchSchema", (Schema,), {"__doc__": f"A change to a {kind}.", **members}
    )


def _object(kind: str, declared: Any) -> dict[str, Any]:
    return {store.BARE[kind]: declared} if isinstance(declared, str) else declared


def _line(row: store.Written) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _LINE}


_LINE = {
    "version": 1, "effective_from": "2026-01-31T22:00:00.000000Z", "recorded_at": "2026-01-15T08:00:00.000000Z",
    "ended": False,
}  # fmt: skip
_DIFF = {
    "from": 1, "to": 2,
    "differences": [{"field": "/retention/0/duration", "change": "changed", "before": "P1Y", "after": "P6M"}],
}  # fmt: skip
