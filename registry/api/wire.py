"""The outermost layer, WSGI: what a request may be before any of it is believed, and what every answer carries.

Heads: one Host, a target of 8 kB at most (414), header lines of 8 kB at most and 100 of them (431), no control
characters in the path (404), X-Forwarded-* dropped unless the peer is one of REGISTRY_TRUSTED_PROXIES.

Bodies are read whole before the application runs: as long as Content-Length says (400 when shorter), at most
REGISTRY_MAX_BODY bytes (413), within 10 seconds altogether (408, and the connection is closed).

How it meets granian 2.8 (hyper), which has a deadline for heads and none for bodies: the body is read by a thread of a
small pool while the worker's thread waits for it with a deadline. At most 32 bodies a process may be awaited at a time
(503 beyond), so the other worker threads keep serving. After a 408 hyper would keep the connection for as long as the
caller stalls, and the reading thread with it: `hang_up` finds that socket by the moment of its last answer
(TCP_INFO, Linux) and shuts it down. Elsewhere than on Linux only the caller ends it.

What granian does not show and so nobody here can refuse: lines that end in LF alone (allowed by RFC 9112 section 2.2),
the same Content-Length twice, Content-Length beside Transfer-Encoding (hyper goes by the latter and closes afterwards,
as section 6.1 asks), a chunked body that breaks off after its JSON is complete. None lets a second request be smuggled
in.
"""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

import orjson

from registry import errors
from registry.api.hangup import hang_up
from registry.settings import Settings

MAX_LINE = 8192
MAX_HEADERS = 100
BODY_SECONDS = 10.0
READERS = 32

Environ = dict[str, Any]
Headers = list[tuple[str, str]]

ALWAYS: Headers = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
]
UNLESS_SAID: Headers = [  # by a view, in this spelling
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cache-Control", "no-store"),
]
HSTS = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")

_HOST = re.compile(r"[A-Za-z0-9.\-_]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_LENGTH = re.compile(r"[0-9]{1,15}")
_FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
)


class TooSlow(errors.Problem):
    """The body did not come in time."""

    status, code, title = 408, "body_too_slow", "Request Timeout"


class Wire:
    """WSGI middleware; see the module."""

    def __init__(
        self,
        app: Callable[[Environ, Any], Iterable[bytes]],
        *,
        max_body: int,
        body_seconds: float = BODY_SECONDS,
        trusted: frozenset[str] = frozenset(),
        secure: bool = False,
    ) -> None:
        self.app, self.max_body, self.body_seconds, self.trusted = app, max_body, body_seconds, trusted
        self.always = [*ALWAYS, HSTS] if secure else ALWAYS
        self._readers = Readers(READERS)

    @classmethod
    def of(cls, app: Any, settings: Settings) -> Wire:
        """As the settings say."""
        proxies = getattr(settings, "trusted_proxies", "").replace(",", " ").split()
        return cls(
            app,
            max_body=settings.max_body,
            trusted=frozenset(proxies),
            secure=settings.base_url.startswith("https:"),
        )

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        def begin(status: str, headers: Headers, exc_info: Any = None) -> Any:
            said = {name for name, _ in headers}
            headers += self.always
            for header in UNLESS_SAID:
                if header[0] not in said:
                    headers.append(header)
            return start_response(status, headers)

        try:
            self.admit(environ)
        except errors.Problem as problem:
            return _refusal(problem, begin)
        answer = self.app(environ, begin)
        if isinstance(answer, list):
            return answer
        # A list goes out in one piece (granian); only what says no length of itself is streamed.
        if hasattr(answer, "direct_passthrough"):
            return answer
        try:
            return [b"".join(answer)]
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()

    def admit(self, environ: Environ) -> None:
        """Check the head, put the whole body in its place. Raises a Problem for what cannot be let in."""
        path = environ["PATH_INFO"]
        if len(path) + len(environ["QUERY_STRING"]) > MAX_LINE - 64:
            raise errors.UriTooLong()
        lines = [value for name, value in environ.items() if name[:5] == "HTTP_"]
        if len(lines) > MAX_HEADERS or max(map(len, lines), default=0) > MAX_LINE:
            raise errors.HeadersTooLarge()
        if _CONTROL.search(path):
            raise errors.NotFound()
        host = environ.get("HTTP_HOST")
        # Two Host headers come as one with a comma.
        if not (host and _HOST.fullmatch(host)) and (host or environ.get("SERVER_PROTOCOL") == "HTTP/1.1"):
            raise errors.BadRequest("There must be one Host.", code="bad_host")
        self._believe(environ)
        length, coding = environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING")
        if coding is not None or (length and length != "0"):
            self._take_body(environ, length, coding)

    def _believe(self, environ: Environ) -> None:
        told = {name: environ.pop(name) for name in _FORWARDED if name in environ}
        if not told or environ.get("REMOTE_ADDR") not in self.trusted:
            return
        for hop in reversed(told.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            if hop.strip():
                environ["REMOTE_ADDR"] = hop.strip()
                if hop.strip() not in self.trusted:
                    break
        if (scheme := told.get("HTTP_X_FORWARDED_PROTO")) in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme

    def _take_body(self, environ: Environ, length: str | None, coding: str | None) -> None:
        if coding is not None and (length or coding.strip().lower() != "chunked"):
            raise errors.BadRequest(
                "The body is framed in two ways, or in none known here.", code="bad_framing"
            )
        if coding is None and not _LENGTH.fullmatch(length or ""):
            raise errors.BadRequest("Content-Length is not a number.", code="bad_framing")
        declared = None if coding is not None else int(length or 0)
        stream, peer = environ["wsgi.input"], environ.get("REMOTE_ADDR", "")
        if declared is not None and declared > self.max_body:
            if (
                declared <= 4 * self.max_body
            ):  # hear it out: an answer to a caller in mid-sentence may get lost
                self._read(stream, declared, peer)
            raise errors.TooLarge(f"A body may have {self.max_body} bytes.")
        data = self._read(stream, self.max_body + 1 if declared is None else declared, peer)
        if len(data) > self.max_body:
            raise errors.TooLarge(f"A body may have {self.max_body} bytes.")
        if declared is not None and len(data) < declared:
            raise errors.BadRequest("The body is shorter than its Content-Length.", code="truncated_body")
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ["CONTENT_LENGTH"] = str(len(data))
        environ["wsgi.input"] = BytesIO(data)

    def _read(self, stream: Any, size: int, peer: str) -> bytes:
        if isinstance(stream, BytesIO):
            return stream.read(size)
        try:
            return self._readers.read(stream, size, self.body_seconds)
        except TimeoutError:
            hang_up(peer)
            raise TooSlow(f"A body has {self.body_seconds:g} seconds to come.") from None


class Readers:
    """At most `many` bodies read at a time, each by a thread that may be left waiting: daemons, started on demand."""

    def __init__(self, many: int) -> None:
        self._many = threading.BoundedSemaphore(many)
        self._asked: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)

    def read(self, stream: Any, size: int, seconds: float) -> bytes:
        """`size` bytes of a WSGI input, or all there are. Raises TimeoutError, or errors.Busy with too many waiting."""
        if not self._many.acquire(blocking=False):
            raise errors.Busy("Too many bodies are being waited for.")
        got: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def fetch() -> None:
            try:
                got.put(stream.read(size))
            except Exception as exc:
                got.put(exc)
            finally:
                self._many.release()

        self._asked.put(fetch)
        if not self._idle.acquire(blocking=False):
            threading.Thread(target=self._serve, name="body", daemon=True).start()
        try:
            data = got.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(data, Exception):
            raise errors.BadRequest("The body broke off.", code="truncated_body") from data
        return bytes(data)

    def _serve(self) -> None:
        while True:
            self._asked.get()()
            self._idle.release()


def _refusal(problem: errors.Problem, begin: Any) -> list[bytes]:
    body = orjson.dumps(problem.body())
    headers = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body)))]
    headers += problem.headers.items()
    if not isinstance(
        problem, errors.NotFound
    ):  # what follows on this connection cannot be trusted to be a request
        headers.append(("Connection", "close"))
    begin(f"{problem.status} {problem.title}", headers)
    return [body]
