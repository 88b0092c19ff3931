"""A JSON server on loopback in a thread, that remembers what it was asked and can be told to fail."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Reply = tuple[int, Any, Mapping[str, str]]


class Asked:
    """One request as it came."""

    def __init__(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        parts = urlsplit(target)
        self.method, self.path, self.target = method, parts.path, target
        self.query = parse_qs(parts.query, keep_blank_values=True)
        self.headers, self.body = headers, body

    def one(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class StandIn:
    """Base of a stand-in: `answer` says what to reply with. `origin` is where it listens."""

    def __init__(self) -> None:
        self.origin = ""
        self.asked: list[Asked] = []
        #: What the next questions to a path are answered with, one after another, before it answers as usual.
        self.failing: dict[str, list[Reply]] = {}
        self.asked_of: Counter[str] = Counter()
        self._lock = threading.Lock()

    def answer(self, asked: Asked) -> Reply:
        raise NotImplementedError

    def fail(self, path: str, status: int, body: Any = None, times: int = 1, **headers: str) -> None:
        """Answer the next `times` questions to a path so."""
        with self._lock:
            told = {name.replace("_", "-"): value for name, value in headers.items()}
            self.failing.setdefault(path, []).extend([(status, body, told)] * times)

    def reply(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            self.asked_of[asked.path] += 1
            waiting = self.failing.get(asked.path)
            if waiting:
                return waiting.pop(0)
        return self.answer(asked)


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            asked = Asked(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
            status, body, headers = stand_in.reply(asked)
            raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json; charset=utf-8", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(raw)

        do_GET = do_POST = do_HEAD = do_PUT = _serve  # noqa: N815 -- names that http.server looks for

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def serving(stand_in: StandIn, port: int = 0) -> Iterator[StandIn]:
    """The stand-in, listening on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(stand_in))
    server.daemon_threads = True
    stand_in.origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


Make = Callable[[], StandIn]
