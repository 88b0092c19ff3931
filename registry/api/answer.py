"""Answers made of bytes that are already there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from flask import Flask, Response


class Bytes(Response):
    """A response of bytes whose length is known, sent without Werkzeug's care for other kinds (left to Werkzeug)."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Send it. The body is left out for HEAD and where the status has none."""
        if not self.is_sequence:
            return super().__call__(environ, start_response)
        start_response(self._status, self.headers.to_wsgi_list())
        if environ["REQUEST_METHOD"] == "HEAD" or self._status_code in (204, 304):
            return []
        return self.response  # type: ignore[return-value]  # a list of one, from bytes


class Application(Flask):
    """Flask without what nobody here uses: no view is a coroutine, so none is looked at for being one."""

    response_class = Bytes

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is."""
        return func


def json(value: Any, status: int = 200, headers: Any = None, content_type: str = "application/json") -> Bytes:
    """A value as a JSON answer."""
    return Bytes(orjson.dumps(value), status, headers, content_type=content_type)
