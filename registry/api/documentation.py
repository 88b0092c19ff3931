"""What the OpenAPI document says of an operation beyond its schemas: its lock, its name, every error it can give."""

from __future__ import annotations

import re
from typing import Any

import marshmallow as ma
from flask import Flask
from marshmallow import fields

from registry.api import door, problem

ETAG = {
    "description": "The version of what is answered, for If-Match and If-None-Match.",
    "schema": {"type": "string"},
    "example": '"v3"',
}
SCHEME = "oauth2"
WRITING = frozenset({"post", "put", "patch", "delete"})

_EXAMPLES: dict[int, dict[str, Any]] = {
    400: {"code": "duplicate_key", "detail": "An object has the same key twice."},
    403: {"code": "insufficient_scope"},
    412: {"detail": "Somebody else changed it first."},
    422: {
        "detail": "The request does not fit the schema; see errors.",
        "errors": [{"field": "/name", "code": "required", "message": "Missing data for required field."}],
    },
    503: {"code": "busy"},
}
_HEADERS = {
    401: {"WWW-Authenticate": "How to prove who you are."},
    405: {"Allow": "The methods that there are."},
    429: {"Retry-After": "Seconds to wait."},
    503: {"Retry-After": "Seconds to wait."},
}
_MEANING = {
    400: "The request cannot be parsed.",
    401: "No token, or not a good one.",
    403: "The token lacks a scope that this needs.",
    404: "Not there, or not yours.",
    406: "None of the types asked for can be given.",
    408: "The body did not come in time.",
    409: "It contradicts what is stored.",
    410: "It was there and has been withdrawn.",
    412: "The version named is not the current one.",
    413: "The body is longer than the service takes.",
    414: "The path and query are longer than the service takes.",
    415: "The body is of a type that this does not take.",
    422: "The request can be parsed and is not valid; `errors` say where.",
    428: "A write needs If-Match (or If-None-Match: * to create).",
    429: "Too many requests.",
    431: "A header is longer than the service takes, or there are too many.",
    500: "A fault of the service.",
    503: "Too busy, or a part is away; nothing was done.",
    507: "No room left to write; nothing was done.",
}


def secure(spec: Any, app: Flask) -> None:
    """Describe the lock: OAuth 2 client credentials, with every scope that a view asks for."""
    scopes = {
        scope for _, _, view in door.views(app) if (mark := door.mark_of(view)) for scope in mark.scopes
    }
    flow = {
        "tokenUrl": "/oauth/token",
        "scopes": {scope: scope.replace(":", ": ") for scope in sorted(scopes)},
    }
    spec.components.security_scheme(SCHEME, {"type": "oauth2", "flows": {"clientCredentials": flow}})


class Names:
    """Names of schemas in the document: the class's, with its room before it where another room has the same."""

    def __init__(self) -> None:
        self._owners: dict[str, type] = {}

    def __call__(self, schema: Any) -> str:
        """The name of a schema class or instance; an instance with everything optional is a patch."""
        kind = schema if isinstance(schema, type) else type(schema)
        name = kind.__name__.removesuffix("Schema")
        if not isinstance(schema, type) and schema.partial:
            name += "Patch"
        if self._owners.setdefault(name, kind) is kind:
            return name
        return kind.__module__.split(".")[1].capitalize() + name


class FaultSchema(ma.Schema):
    """One place in the request that is wrong."""

    field = fields.String(
        required=True, metadata={"description": "JSON Pointer into the body, or /name of a parameter."}
    )
    code = fields.String(required=True, metadata={"description": "Stable."})
    message = fields.String(required=True, metadata={"description": "For people; may change."})
    location = fields.String(data_key="in", metadata={"description": "`query` when it is not in the body."})


class ProblemSchema(ma.Schema):
    """RFC 9457 problem details."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True, strict=True)
    code = fields.String(required=True, metadata={"description": "Stable; programs go by it."})
    detail = fields.String(metadata={"description": "For people; may change."})
    errors = fields.List(fields.Nested(FaultSchema))


def own_words(_: Any, field: fields.Field[Any], ret: dict[str, Any], **__: Any) -> dict[str, Any]:
    """apispec's hook: a field with a method `openapi(converter)` says itself what it takes."""
    tell = getattr(field, "openapi", None)
    if tell is None:
        return {}
    for name in ("$ref", "allOf", "type"):
        ret.pop(name, None)
    return dict(tell(_))


def component(status: int) -> str:
    """The name of an error's response component, e.g. NotFound."""
    return problem.by_status()[status].__name__


def register_problems(spec: Any) -> None:
    """Add a response component for each status of the error tree."""
    for status, kind in problem.by_status().items():
        spec.components.response(kind.__name__, _problem(status, kind), lazy=True)


def _problem(status: int, kind: Any) -> dict[str, Any]:
    example = {**kind().body(), **_EXAMPLES.get(status, {})}
    response: dict[str, Any] = {
        "description": _MEANING.get(status, kind.title),
        "content": {problem.MEDIA_TYPE: {"schema": ProblemSchema, "example": example}},
    }
    if status in _HEADERS:
        response["headers"] = {
            name: {"description": meaning, "schema": {"type": "string"}}
            for name, meaning in _HEADERS[status].items()
        }
    return response


def _page(status: int) -> dict[str, Any]:
    """An error that people are told as a page."""
    told = _problem(status, problem.by_status()[status])
    told["content"]["text/html"] = {
        "schema": {"type": "string"},
        "example": "<!doctype html>\n<html>…</html>",
    }
    return told


#: What a view of pages tells people itself; the other errors come before it or instead of it.
_PAGES = frozenset({400, 403, 404, 409, 410, 413, 415, 422, 429, 503})


def complete(doc: dict[str, Any], info: dict[str, Any], *, api: Any, method: str, **_: Any) -> dict[str, Any]:
    """Smorest's hook, last of its row: what follows from the marks of a view."""
    view, rule = info["view"], info["rule"]
    mark = door.mark_of(view)
    doc["operationId"] = _operation_id(info["owner"], view, method)
    doc["security"] = [] if mark is None or mark.public else [{SCHEME: sorted(mark.scopes)}]
    doc["description"] = _lock(mark)  # unless its docstring has a second paragraph
    responses = doc.setdefault("responses", {})
    pages = "text/html" in getattr(view, "produces", ())
    for status in sorted(_failures(doc, info, mark, method, rule)):
        responses.setdefault(str(status), _page(status) if pages and status in _PAGES else component(status))
    parameters = doc.setdefault("parameters", [])
    if info.get("tagged") and method == "get":
        responses.setdefault("304", {"description": "What you have is current."})
        parameters.append(_header("If-None-Match", "ETags that you have; 304 when one is current."))
    if getattr(view, "conditional", False):
        parameters.append(_header("If-Match", "ETag of the version that you changed."))
        if method == "put":
            parameters.append(_header("If-None-Match", "`*` to create."))
    if getattr(view, "idempotent", False):
        parameters.append(
            _header("Idempotency-Key", "Sent again with the same request, gives the same answer.")
        )
    if not parameters:
        del doc["parameters"]
    return doc


def _failures(doc: dict[str, Any], info: dict[str, Any], mark: Any, method: str, rule: str) -> set[int]:
    view = info["view"]
    found = {414, 431, 500, 503, *info.get("fails", ())}
    if mark is not None and not mark.public:
        found |= {401, 403}
    if "<" in rule:
        found.add(404)
    if not hasattr(view, "produces"):
        found.add(406)
    if info.get("arguments"):
        found |= {400, 422}
    if "requestBody" in doc or "requestBody" in info.get("manual_doc", {}):
        found |= {408, 413, 415}
    if getattr(view, "conditional", False):
        found |= {412, 428}
    if getattr(view, "idempotent", False):
        found |= {400, 422}
    if method in WRITING:
        found.add(507)
    elif rule.startswith("/v1/"):
        found.add(422)  # a parameter that there is not
    return found


def _lock(mark: door.Mark | None) -> str:
    if mark is None or mark.public:
        return "Anyone may ask."
    return "Needs a token with the scope " + " and ".join(f"`{scope}`" for scope in sorted(mark.scopes)) + "."


def _operation_id(owner: Any, view: Any, method: str) -> str:
    name = f"{method}_{owner.__name__}" if isinstance(owner, type) else view.__name__
    first, *rest = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).strip("_").split("_")
    return first.lower() + "".join(word.capitalize() for word in rest)


def _header(name: str, description: str) -> dict[str, Any]:
    return {"in": "header", "name": name, "description": description, "schema": {"type": "string"}}
