"""Webargs, strict: bodies as registry.strict.body reads them, queries without repeated or unknown parameters."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any, NoReturn

import flask
import marshmallow as ma
from marshmallow import fields
from webargs.flaskparser import FlaskParser

from registry import errors
from registry.api.asked import here
from registry.strict import body
from registry.strict.schema import faults

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"

_KEPT = 1024
#: A query that ends with a cursor as we give them, and has none before.
PAGED = re.compile(r"((?:(?!cursor)[^&%]*&)*)cursor=([A-Za-z0-9_-]{1,2000})")


class Parser(FlaskParser):
    """How request data comes to a view: location "json" for bodies, "query" for the query string."""

    DEFAULT_UNKNOWN_BY_LOCATION = {
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": ma.RAISE,
        "querystring": ma.RAISE,
    }

    def of(self, schema: ma.Schema, location: str) -> Any:
        """What the schema loads of the present request, whichever way its view was entered (registry.api.direct)."""
        asked = None if flask.has_request_context() else flask.Request(dict(here.environ))
        return self.parse(schema, asked, location=location)

    def load_json(self, req: flask.Request, schema: ma.Schema) -> Any:
        """The body's value. 415 for another type, charset or coding; 400 and 422 as registry.strict.body says."""
        takes = (JSON, MERGE_PATCH) if req.method == "PATCH" else (JSON,)
        charset = req.mimetype_params.get("charset", "utf-8").lower()
        if req.mimetype not in takes or charset not in ("utf-8", "utf8") or req.content_encoding:
            accepted = {"Accept-Patch" if req.method == "PATCH" else "Accept": ", ".join(takes)}
            raise errors.UnsupportedMediaType(f"Send {' or '.join(takes)}, not encoded.", headers=accepted)
        return body.parse(req.get_data(cache=True))

    def load_querystring(self, req: flask.Request, schema: ma.Schema) -> Any:
        """The query's parameters as a dict; several values only where the schema has a list."""
        loaded: dict[str, Any] = {}
        wrong = []
        for name, values in req.args.lists():
            field = schema.load_fields.get(name)
            many = isinstance(field, (fields.List, fields.Tuple))
            if len(values) > 1 and not many:
                wrong.append(_fault(name, "repeated_parameter", "The parameter stands twice in the query."))
            if any("\ufffd" in value or body.text_fault(value) for value in values):
                wrong.append(_fault(name, "unfit_characters", "The value has characters that are not text."))
                continue
            clean = [body.clean(value) for value in values]
            loaded[name] = clean if many else clean[0]
        if wrong:
            raise errors.Invalid("The query is not valid; see errors.", errors=wrong)
        return loaded

    def handle_error(
        self,
        error: ma.ValidationError,
        req: flask.Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,
        error_headers: Any,
    ) -> NoReturn:
        """422 with errors[]: JSON Pointers into the body, or "/name" of a parameter with "in": "query"."""
        found = []
        for location, messages in error.messages_dict.items():
            listed = faults(messages)
            if location != "json":
                listed = [{**one, "in": location} for one in listed]
            found += listed
        raise errors.Invalid("The request does not fit the schema; see errors.", errors=found)


class Body:
    """A body schema. A plain JSON body is read from where it lies; whatever else comes is left to the parser, which is
    also who says what is wrong."""

    def __init__(self, parser: Parser, schema: ma.Schema) -> None:
        self.parser, self.schema = parser, schema

    def __call__(self) -> Any:
        """What the schema loads of the present request's body."""
        environ = here.environ
        stream = environ.get("wsgi.input")
        plain = environ.get("CONTENT_TYPE") == JSON and "HTTP_CONTENT_ENCODING" not in environ
        # A body that Flask has begun to read is Flask's; for PATCH there is a type of its own.
        if plain and isinstance(stream, BytesIO) and not flask.has_request_context():
            try:
                return self.schema.load(body.parse(stream.getvalue()))
            except ma.ValidationError:
                pass
        return self.parser.of(self.schema, "json")


class Query:
    """A query schema with a memory: what a query string means depends on nothing else, so it is worked out once."""

    def __init__(self, parser: Parser, schema: ma.Schema) -> None:
        self.parser, self.schema = parser, schema
        self.paged = "cursor" in schema.load_fields
        self._known: dict[str, dict[str, Any]] = {}

    def __call__(self) -> dict[str, Any]:
        """The parameters of the present request, as a dict of the caller's own."""
        text: str = here.environ["QUERY_STRING"]
        known = self._known.get(text)
        if known is not None:
            return dict(known)
        if self.paged and (split := PAGED.fullmatch(text)):
            # Each page is asked for once, as a rule, with what was asked for the page before.
            return {**self._read(split[1]), "cursor": split[2]}
        return dict(self._read(text))

    def _read(self, text: str) -> dict[str, Any]:
        known = self._known.get(text)
        if known is None:
            asked = flask.Request({**here.environ, "QUERY_STRING": text})
            known = self.parser.parse(self.schema, asked, location="query")
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[text] = known
        return known


def _fault(name: str, code: str, message: str) -> dict[str, str]:
    shown = "?" if body.text_fault(name) else name
    return {"field": body.pointer("", shown), "in": "query", "code": code, "message": message}


PARSER = Parser()
