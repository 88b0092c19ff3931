"""The outermost layer, WSGI: what a request may be before any of it is believed, and what every answer carries.

Heads: one Host, a target of 8 kB at most (414), header lines of 8 kB at most (431; the server itself refuses more than
100 of them), no control characters and no empty parts in the path (404), X-Forwarded-* dropped unless the peer is one
of REGISTRY_TRUSTED_PROXIES.

Bodies are read whole before the application runs: as long as Content-Length says (400 when shorter), at most
REGISTRY_MAX_BODY bytes (413), within 10 seconds altogether (408, and the connection is closed).

Granian 2.8 (hyper) has a deadline for heads and none for bodies; registry.api.stalling makes up for it, on Linux. At
most half of a process's threads await bodies (503 beyond), so that the others keep serving. Whoever may
be attacked from many addresses wants a proxy in front that takes in bodies before it passes them on.

What granian does not show and so nobody here can refuse: lines that end in LF alone (allowed by RFC 9112 section 2.2),
the same Content-Length twice, Content-Length beside Transfer-Encoding (hyper goes by the latter and closes afterwards,
as section 6.1 asks), a chunked body that breaks off after its JSON is complete. None lets a second request be smuggled
in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

import orjson

from registry import errors
from registry.api.stalling import Watch
from registry.settings import Settings

MAX_LINE = 8192
BODY_SECONDS = 10.0

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
        bodies: int = 32,
        trusted: frozenset[str] = frozenset(),
        secure: bool = False,
    ) -> None:
        self.app, self.max_body, self.trusted = app, max_body, trusted
        self.always = [*ALWAYS, HSTS] if secure else ALWAYS
        self.watch = Watch(body_seconds, bodies)

    @classmethod
    def of(cls, app: Any, settings: Settings) -> Wire:
        """As the settings say."""
        proxies = settings.trusted_proxies.replace(",", " ").split()
        return cls(
            app,
            max_body=settings.max_body,
            body_seconds=float(settings.body_seconds),
            bodies=max(1, settings.threads // 2),
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

        peer = environ.get("REMOTE_ADDR", "")
        try:
            self.admit(environ, peer)
        except errors.Problem as problem:
            return _refusal(problem, begin)
        self.watch.begin(peer)
        try:
            return self.app(environ, begin)
        finally:
            self.watch.end()

    def admit(self, environ: Environ, peer: str) -> None:
        """Check the head, put the whole body in its place. Raises a Problem for what cannot be let in.

        `peer` is the address at the other end of the socket, whoever that speaks for.
        """
        path = environ["PATH_INFO"]
        if len(path) + len(environ["QUERY_STRING"]) > MAX_LINE - 64:
            raise errors.UriTooLong()
        for name, value in environ.items():  # with the process's own environment, which is nobody's doing
            if value.__class__ is str and len(value) > MAX_LINE and name[:5] == "HTTP_":
                raise errors.HeadersTooLarge()
        if "//" in path or _CONTROL.search(path):
            raise errors.NotFound()
        host = environ.get("HTTP_HOST")
        # Two Host headers come as one with a comma.
        if not (host and _HOST.fullmatch(host)) and (host or environ.get("SERVER_PROTOCOL") == "HTTP/1.1"):
            raise errors.BadRequest("There must be one Host.", code="bad_host")
        self._believe(environ, peer)
        length, coding = environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING")
        if coding is not None or (length and length != "0"):
            self._take_body(environ, peer, length, coding)

    def _believe(self, environ: Environ, peer: str) -> None:
        told = {name: environ.pop(name) for name in _FORWARDED if name in environ}
        if not told or peer not in self.trusted:
            return
        for hop in reversed(told.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            if hop.strip():
                environ["REMOTE_ADDR"] = hop.strip()
                if hop.strip() not in self.trusted:
                    break
        if (scheme := told.get("HTTP_X_FORWARDED_PROTO")) in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme

    def _take_body(self, environ: Environ, peer: str, length: str | None, coding: str | None) -> None:
        if coding is not None and (length or coding.strip().lower() != "chunked"):
            raise errors.BadRequest(
                "The body is framed in two ways, or in none known here.", code="bad_framing"
            )
        if coding is None and not _LENGTH.fullmatch(length or ""):
            raise errors.BadRequest("Content-Length is not a number.", code="bad_framing")
        declared = None if coding is not None else int(length or 0)
        if declared is not None and declared > self.max_body:
            if (
                declared <= 4 * self.max_body
            ):  # hear it out: an answer to a caller in mid-sentence may get lost
                self._read(environ, peer, declared)
            raise errors.TooLarge(f"A body may have {self.max_body} bytes.")
        data = self._read(environ, peer, self.max_body + 1 if declared is None else declared)
        if len(data) > self.max_body:
            raise errors.TooLarge(f"A body may have {self.max_body} bytes.")
        if declared is not None and len(data) < declared:
            raise errors.BadRequest("The body is shorter than its Content-Length.", code="truncated_body")
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ["CONTENT_LENGTH"] = str(len(data))
        environ["wsgi.input"] = BytesIO(data)

    def _read(self, environ: Environ, peer: str, size: int) -> bytes:
        stream = environ["wsgi.input"]
        if isinstance(stream, BytesIO):
            return stream.read(size)
        try:
            return self.watch.read(stream, size, peer, int(environ["SERVER_PORT"]))
        except TimeoutError:
            raise TooSlow(f"A body has {self.watch.seconds:g} seconds to come.") from None


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
