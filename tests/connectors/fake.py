"""A desk over HTTP that answers as a test tells it, on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: What is said to a request: status, headers, body (JSON unless bytes).
Said = tuple[int, dict[str, str], Any]
Tell = Callable[[str, int], Said | None]

REGION: Said = (200, {}, {"region": "eu-west-1"})
APPS: Said = (200, {}, {"apps": [{"id": "1", "name": "Surveys", "active": True}]})


def user(number: int, **more: Any) -> dict[str, Any]:
    return {"role": "agent", "email": f"user{number}@acme.example", "active": True, **more}


def page(users: list[Any], following: str | None = None, **more: Any) -> Said:
    return 200, {}, {"users": users, "next": following, **more}


class Desk:
    """Counts what it was asked; `tell` may answer (path, how many times it was asked before), else all is well."""

    def __init__(self, tell: Tell | None = None) -> None:
        self.tell = tell
        self.asked: list[str] = []
        self.tokens: list[str | None] = []
        self.port = 0

    def __call__(self, path: str) -> Said:
        times = self.asked.count(path)
        self.asked.append(path)
        if self.tell is not None and (said := self.tell(path, times)) is not None:
            return said
        if path.startswith("/api/users"):
            return page([user(1), user(2)])
        return REGION if path == "/api/me" else APPS if path == "/api/apps" else (404, {}, {})


@contextmanager
def serving(desk: Desk) -> Iterator[Desk]:
    """The desk at a port of loopback for the time of a test."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            desk.tokens.append(self.headers.get("Authorization"))
            status, headers, said = desk(self.path)
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def send_response(self, code: int, message: str | None = None) -> None:
            self.send_response_only(code, message)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    desk.port = server.server_port
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield desk
    finally:
        server.shutdown()
        server.server_close()
