"""Answers made of bytes that are already there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from flask import Flask, Request, Response
from flask.sessions import NullSession, SessionInterface
from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.routing import MapAdapter

#: Status lines by code.
STATUSES = {code: f"{code} {phrase.upper()}" for code, phrase in HTTP_STATUS_CODES.items()}


class Bytes(Response):
    """A response of bytes whose length is known, sent without Werkzeug's care for other kinds (left to Werkzeug)."""

    @classmethod
    def of(cls, body: bytes, status: int, headers: Mapping[str, str], content_type: str | None) -> Bytes:
        """A response made of what we wrote ourselves: the headers are not looked at again."""
        made = cls.__new__(cls)
        made.headers = Headers()
        listed = made.headers._list  # what Headers() makes of pairs that are fit
        if content_type is not None:
            listed += (("Content-Type", content_type), ("Content-Length", str(len(body))))
        listed += headers.items()
        made._status, made._status_code = STATUSES[status], status
        made.response = [body]
        made.direct_passthrough = False
        made._on_close = []
        return made

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Send it. The body is left out for HEAD and where the status has none."""
        if not self.is_sequence:
            return super().__call__(environ, start_response)
        start_response(self._status, self.headers.to_wsgi_list())
        if environ["REQUEST_METHOD"] == "HEAD" or self._status_code in (204, 304):
            return []
        return self.response  # type: ignore[return-value]  # a list of one, from bytes


class _NoSessions(SessionInterface):
    none = NullSession()

    def open_session(self, app: Flask, request: Request) -> NullSession:
        return self.none


class Application(Flask):
    """Flask without what nobody here uses: sessions, views that are coroutines, routing by host."""

    response_class = Bytes
    session_interface = _NoSessions()

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """What routes the request: by its method and path alone. What a caller says of hosts has no effect."""
        if request is None:
            return super().create_url_adapter(request)
        return MapAdapter(self.url_map, "registry", "", "", request.scheme, request.path, request.method)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is."""
        return func


def empty(status: int, headers: Any = None) -> Bytes:
    """An answer without a body, and so without a type."""
    answer = Bytes(None, status, headers)
    del answer.headers["Content-Type"]
    return answer


def json(value: Any, status: int = 200, headers: Any = None, content_type: str = "application/json") -> Bytes:
    """A value as a JSON answer."""
    return Bytes(orjson.dumps(value), status, headers, content_type=content_type)
