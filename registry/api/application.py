"""A Flask application of our dialect, from settings and resources: what `registry.app` builds on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import flask_smorest
import orjson
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask, Request, Response, request
from flask.json.provider import JSONProvider
from werkzeug.routing import BaseConverter, Rule, ValidationError

from registry import db
from registry.api import answer, direct, docs, documentation, door, health, negotiation, problem
from registry.api.asked import here
from registry.api.blueprint import Blueprint, unquestioned
from registry.api.parser import PARSER, Query
from registry.api.wire import Wire
from registry.settings import Settings
from registry.strict import body
from registry.strict.schema import KEY, Schema

DESCRIPTION = """\
Records of processing activities: what is declared, what is observed, whether the two agree, how long data is kept.

Every error is an RFC 9457 problem with a stable `code`; a head that no HTTP server could read is refused with 400 or
431 and no body. Writes go by If-Match; lists go on by `next`, with the same filters. Bodies are strict JSON in UTF-8:
no key twice, no unknown field, whole numbers within ±(2^53 − 1). A parameter that an operation
does not have is 422, on writes too.

Tokens come from `/oauth/token`; how to begin stands in docs/api.md of the source. Paths begin with `/v1`: within it
answers may get more members, and none loses its meaning. `detail` and `message` of a problem are English and may
change; what is for people, such as the title of a check, comes in several languages side by side.
"""


class Json(JSONProvider):
    """Orjson for what goes out, the strict reader for what comes in."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Any JSON value as text."""
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """The value of a JSON text, as registry.strict.body reads it."""
        return body.parse(s.encode() if isinstance(s, str) else s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """A response with the value as its body."""
        return answer.json(self._prepare_response_obj(args, kwargs))


class KeyConverter(BaseConverter):
    """<key:name> in a rule: a key (registry.strict.schema.Key); anything else is 404."""

    regex = KEY.pattern


class NumberConverter(BaseConverter):
    """<number:name> in a rule: 1 to 2^53 − 1 without leading zeros, as int; anything else is 404."""

    regex = r"[1-9][0-9]{0,15}"

    def to_python(self, value: str) -> int:
        """The number; ValidationError, which means 404, beyond what JSON can hold."""
        number = int(value)
        if number > body.MAX_INTEGER:
            raise ValidationError
        return number


class Api(flask_smorest.Api):
    """Smorest's Api with our one error body and our documentation."""

    DEFAULT_ERROR_RESPONSE_NAME = None
    ERROR_SCHEMA = documentation.ProblemSchema

    def _init_spec(self, **options: Any) -> None:
        super()._init_spec(**options)
        self.ma_plugin.converter.add_attribute_function(documentation.own_words)
        self.register_converter(
            KeyConverter, lambda _: {"type": "string", "pattern": f"^{KEY.pattern}$", "maxLength": 64}
        )
        self.register_converter(
            NumberConverter, lambda _: {"type": "integer", "minimum": 1, "maximum": body.MAX_INTEGER}
        )

    def _register_error_handlers(self) -> None:
        """None: the application has them, whether or not anybody asks for its contract."""

    def _register_responses(self) -> None:
        documentation.register_problems(self.spec)

    def _register_etag_headers(self) -> None:
        """None: documentation.complete says what is really there."""

    def _register_pagination_header(self) -> None:
        """None: the next page is in the body and in Link."""


def application(
    settings: Settings,
    resources: Iterable[Blueprint],
    *,
    guard: Callable[[door.Mark], door.Holder | None] | None = None,
    finish: Callable[[Flask], None] | None = None,
) -> Flask:
    """An application that serves `resources`, each view behind its mark.

    `guard` is what turns a token into its Holder (see door.lock); `finish` may add what needs the app (health probes).
    Raises door.Unmarked when a view has no mark, or when marks are there and no guard is.
    """
    app = answer.Application("registry", static_folder=None, template_folder=None)
    app.json = Json(app)
    app.config.update(
        API_TITLE="Registry of processing activities",
        API_VERSION=health.package_version(),
        OPENAPI_VERSION="3.1.0",
        MAX_CONTENT_LENGTH=settings.max_body,
        MAX_FORM_MEMORY_SIZE=settings.max_body,
        PROVIDE_AUTOMATIC_OPTIONS=False,  # a door that nobody asked for has no lock
    )
    app.url_map.merge_slashes = False  # //x is another path than /x, and not there
    app.url_map.converters.update(key=KeyConverter, number=NumberConverter)
    app.extensions["registry.settings"] = settings
    if guard is not None:
        app.extensions[door.GUARD] = guard
    problem.install(app)
    rooms = (health.blueprint, *resources)
    for blueprint in rooms:
        app.register_blueprint(blueprint)
    docs.install(app, lambda: _contract(app, rooms))
    if finish is not None:
        finish(app)
    direct.unhooked(app)
    admit = _admission(app)
    noted = _noting(app)
    short = direct.Direct(app, admit, _released, noted)
    app.after_request(_noted(app, noted))
    app.before_request(_admitted(admit))
    app.teardown_request(_released)
    app.wsgi_app = Wire.of(short, settings)  # type: ignore[method-assign]  # as Flask documents it
    return app


def _contract(app: Flask, rooms: Iterable[Blueprint]) -> dict[str, Any]:
    # Made when somebody asks: it takes longer than all the rest of an application.
    named = MarshmallowPlugin(schema_name_resolver=documentation.Names())
    told = {"info": {"description": DESCRIPTION}, "servers": [{"url": "/"}], "marshmallow_plugin": named}
    api = Api(app, spec_kwargs=told)
    for blueprint in rooms:
        blueprint.register_views_in_doc(api, app, api.spec, name=blueprint.name, parameters=None)
        api.spec.tag({"name": blueprint.name, "description": blueprint.description})
    documentation.secure(api.spec, app)
    said: dict[str, Any] = api.spec.to_dict()
    return said


def _admission(app: Flask) -> Callable[[Mapping[str, Any], Rule, Mapping[str, Any]], None]:
    # All that comes before a view, whichever way it is entered.
    enter, negotiate = door.lock(app), negotiation.negotiator(app)
    settings: Settings = app.extensions["registry.settings"]
    unasked = {
        (rule.endpoint, method) for rule, method, view in door.views(app) if unquestioned(rule.rule, view)
    }
    nothing = Query(PARSER, Schema())

    def admit(environ: Mapping[str, Any], rule: Rule, arguments: Mapping[str, Any]) -> None:
        here.begin(environ, rule, arguments, settings)
        method = environ["REQUEST_METHOD"].upper()  # as the route was found
        enter(rule, method)
        if environ.get("QUERY_STRING") and (rule.endpoint, method) in unasked:
            nothing()  # says which parameter there is not
        accept = environ.get("HTTP_ACCEPT")
        if accept is not None and accept != "*/*":
            negotiate(rule, accept)

    return admit


def _admitted(admit: Callable[[Mapping[str, Any], Rule, Mapping[str, Any]], None]) -> Callable[[], None]:
    def hook() -> None:
        asked: Request = request._get_current_object()  # type: ignore[attr-defined]  # of the proxy, looked up once
        if asked.url_rule is not None:  # else 404 and 405 follow
            admit(asked.environ, asked.url_rule, asked.view_args or {})

    return hook


def _noting(app: Flask) -> Callable[[Response], None]:
    # What is read by an engagement is written down before it leaves (registry.audits), or does not leave.
    note: Callable[[door.Holder, int], None] = app.extensions.get(door.READING, lambda holder, status: None)

    def noted(response: Response) -> None:
        asking = here.holder
        if asking is not None and asking.audits:
            note(asking, response.status_code)

    return noted


def _noted(app: Flask, noted: Callable[[Response], None]) -> Callable[[Response], Response]:
    def hook(response: Response) -> Response:
        try:
            noted(response)
        except Exception as error:
            response = app.make_response(problem.told(error, request.environ, request.endpoint or ""))
        return response

    return hook


def _released(_: BaseException | None) -> None:
    here.end()
    # The connection is taken when first needed (the guard looks up its token), and given back here.
    if db.database.obj is not None:
        db.request_end()
