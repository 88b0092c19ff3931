"""Our Blueprint: smorest's, with strict arguments, cheap responses, and documentation that leaves nothing out.

    blueprint = Blueprint("registers", __name__, description="What is declared")

    @require("registers:write")
    @blueprint.route("/v1/registers/<key:controller>/<key:key>", methods=["PUT"])
    @blueprint.arguments(DeclarationSchema, example=DECLARATION)
    @conditional
    @blueprint.response(200, RegisterSchema, example=REGISTER, etag=True)
    @blueprint.fails(409)
    def put_register(body, controller, key):
        \"""Declare a register, or amend it.

        If-None-Match: * to create, If-Match with the current ETag to amend.
        \"""

The first line of the docstring is the summary, the rest the description, the name in camel case the operationId.
For a POST that honours Idempotency-Key, `@idempotent` stands where `@conditional` stands here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from http import HTTPStatus
from typing import Any

import flask_smorest
import marshmallow as ma
import orjson
from flask import Response
from flask.views import MethodView

from registry.api import documentation
from registry.api.answer import Bytes, empty
from registry.api.parser import PARSER, Body, Parser, Query

View = Callable[..., Any]

NO_BODY = frozenset({204, 304})


class Blueprint(flask_smorest.Blueprint):
    """See the module."""

    HTTP_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prepare_doc_cbks = [
            self._prepare_arguments_doc,
            self._prepare_response_doc,
            documentation.complete,
        ]

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        """As smorest's; remembers the rule for the documentation."""
        self._adding = rule
        super().add_url_rule(rule, endpoint, view_func, *args, **kwargs)

    def _store_endpoint_docs(
        self, endpoint: str, obj: Any, parameters: Any, tags: Any, **options: Any
    ) -> None:
        super()._store_endpoint_docs(endpoint, obj, parameters, tags, **options)
        for method, info in self._docs[endpoint].items():
            if method != "parameters":
                view = getattr(obj, method) if isinstance(obj, type(MethodView)) else obj
                info.update(view=view, rule=self._adding, owner=obj)

    def arguments(
        self,
        schema: Any,
        *,
        location: str = "json",
        description: str | None = None,
        example: Any = None,
        examples: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Callable[[View], View]:
        """Give the view what the schema loads, as its first argument: the body ("json") or the query ("query").

        A body needs an `example` (for the documentation; it is loaded in a test).
        """
        made: ma.Schema = schema() if isinstance(schema, type) else schema
        told: dict[str, Any] = {"in": location, "required": True, "schema": made, **kwargs}
        told |= {
            k: v for k, v in (("description", description), ("example", example), ("examples", examples)) if v
        }
        load: Callable[[], Any] = lambda: PARSER.of(made, location)  # noqa: E731 -- one of three
        if location in _LOADS:
            load = _LOADS[location](PARSER, made)

        def decorate(view: View) -> View:
            @functools.wraps(view)
            def given(*args: Any, **kwargs: Any) -> Any:
                return view(*args, load(), **kwargs)

            _apidoc(given).setdefault("arguments", {}).setdefault("parameters", []).insert(0, told)
            return given

        return decorate

    def response(
        self,
        status_code: int | str | HTTPStatus,
        schema: Any = None,
        *,
        content_type: str | None = None,
        description: str | None = None,
        example: Any = None,
        examples: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        etag: bool = False,
    ) -> Callable[[View], View]:
        """Say what the view answers, and make it so: a Response passes as it is, bytes are JSON as written, anything
        else is dumped by the schema (if there is one). `etag` documents the ETag, If-None-Match and 304.
        """
        status = int(status_code)
        made = schema() if isinstance(schema, type) else schema
        told: dict[str, Any] = {
            "description": description or HTTPStatus(status).phrase,
            "content_type": content_type,
        }
        shown = dict(headers or {})
        if etag:
            shown["ETag"] = documentation.ETAG
        optional = {"schema": made, "example": example, "examples": examples, "headers": shown}
        told |= {name: value for name, value in optional.items() if value}

        def decorate(view: View) -> View:
            @functools.wraps(view)
            def answering(*args: Any, **kwargs: Any) -> Any:
                answer = view(*args, **kwargs)
                if isinstance(answer, Response):
                    return answer
                return _made(answer, made, status)

            doc = _apidoc(answering)
            doc.setdefault("response", {}).setdefault("responses", {}).setdefault(status, []).append(told)
            doc.setdefault("success_status_codes", []).append(status)
            doc["tagged"] = etag or doc.get("tagged", False)
            return answering

        return decorate

    def fails(self, *statuses: int) -> Callable[[View], View]:
        """Document errors of this view alone (404, 409, 410 …); what follows from its marks is documented anyway."""

        def decorate(view: View) -> View:
            _apidoc(view).setdefault("fails", []).extend(statuses)
            return view

        return decorate

    @staticmethod
    def doc(**kwargs: Any) -> Callable[[View], View]:
        """Add members to the operation as they are (operationId, description, …)."""

        def decorate(view: View) -> View:
            _apidoc(view).setdefault("manual_doc", {}).update(kwargs)
            return view

        return decorate


_LOADS: Mapping[str, Callable[[Parser, ma.Schema], Callable[[], Any]]] = {"query": Query, "json": Body}


def unquestioned(rule: str, view: View) -> bool:
    """Whether a view of the API takes no parameters in its query: then any that is sent is refused, as an unknown one
    is where some are known. A filter or a `dry_run` that nobody applied would be taken for one that was."""
    told = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", ())
    return rule.startswith("/v1/") and all(one["in"] != "query" for one in told)


def _apidoc(view: View) -> dict[str, Any]:
    """The view's own documentation: functools.wraps shares the inner one's, which must not change with it."""
    own: dict[str, Any] = deepcopy(getattr(view, "_apidoc", {}))
    vars(view)["_apidoc"] = own
    return own


def _made(answer: Any, schema: ma.Schema | None, status: int) -> Response:
    headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None
    if type(answer) is tuple:
        answer, *rest = answer
        for part in rest:
            if isinstance(part, int):
                status = part
            else:
                headers = part
    if status in NO_BODY or answer is None:
        return empty(status, headers)
    if not isinstance(answer, bytes):
        answer = orjson.dumps(schema.dump(answer) if schema is not None else answer)
    return Bytes(answer, status, headers, content_type="application/json")
