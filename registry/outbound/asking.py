"""One question over HTTP: one connection to one checked address, one answer, one deadline, one cap."""

from __future__ import annotations

import dataclasses
import http.client
import logging
import re
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import urllib3.exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection

from registry import __version__
from registry.outbound.addresses import Refused
from registry.outbound.allowing import Allow, addresses, canonical, is_permitted_loopback, left
from registry.outbound.trust import Timed, code_of, trusting

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\\\[\]%]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?"
)
_METHODS = frozenset({"GET", "HEAD", "POST"})
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\x21-\xff](?:[\t\x20-\x7e\x80-\xff]{0,15998}[\x21-\xff])?|")
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "te", "trailer",
                   "upgrade", "expect", "cookie", "proxy-authorization"})  # fmt: skip
_ONE_ADDRESS = 10.0  # seconds to wait for one of several addresses
_PIECE = 64 * 1024

# It would write the URL of an answer that it cannot read, and what the other said, into our log.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: the names of the headers are in small letters, the body is unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes = dataclasses.field(repr=False)


def ask(
    method: str,
    url: str,
    *,
    allow: Allow,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    redirects: bool = False,
) -> Answer:
    """The answer of a host, whatever its status but a redirect; with `redirects` that too, never followed.

    `headers` go to the host of `url` alone. Raises Refused, whose codes say why; nothing of what was asked or answered
    is in it.
    """
    ends = time.monotonic() + allow.seconds
    secure, host, port, target = _parts(url, params)
    if method not in _METHODS:
        raise Refused("method_refused")
    sent = _headers(headers or {})
    found = _found(secure, host, port, allow)
    connection = _PinnedTls(host, port, ssl_context=trusting(allow)) if secure else _Pinned(host, port)
    connection.addresses, connection.ends = found, ends
    try:
        connection.request(method, target, body=body, headers=sent, preload_content=False)
        return _answer(connection.getresponse(), allow.most, redirects)
    except Refused:
        raise
    except Exception as error:
        raise Refused(_code(error)) from None
    finally:
        connection.close()


def check(url: str, *, allow: Allow) -> None:
    """Raises Refused as `ask` would before anything is sent to a URL, which is not sent to."""
    secure, host, port, _ = _parts(url, None)
    _found(secure, host, port, allow)


# --- what is asked


def _found(secure: bool, host: str, port: int, allow: Allow) -> list[str]:
    """The addresses to ask at. Raises Refused."""
    found = addresses(host, port, allow)
    if not secure and not all(is_permitted_loopback(one) for one in found):
        raise Refused("scheme_refused")
    return found


def _parts(url: str, params: Mapping[str, Any] | None) -> tuple[bool, str, int, str]:
    """Whether by TLS, the host, the port, and the target. One reading of a URL, and that one is sent."""
    match = _URL.fullmatch(url) if url.isprintable() and "\\" not in url else None
    if match is None:
        raise Refused("scheme_refused" if "://" in url and not url.startswith("http") else "url_refused")
    secure = match["scheme"] == "https"
    host = canonical(match["host"])
    port = int(match["port"]) if match["port"] else (443 if secure else 80)
    if not 0 < port < 65536:
        raise Refused("port_refused")
    try:
        query = [match["query"]] if match["query"] else []
        query += [urlencode(params, doseq=True)] if params else []
        target = quote(match["path"] or "/", safe="/%:@!$&'()*+,;=-._~")
        if query:
            target += "?" + quote("&".join(query), safe="/?%:@!$&'()*+,;=-._~")
    except UnicodeError:  # a lone surrogate
        raise Refused("url_refused") from None
    return secure, host, port, target


def _headers(given: Mapping[str, str]) -> dict[str, str]:
    """The headers to send, ours among them. Whatever could break out of its line is refused, and never repeated."""
    for name, value in given.items():
        if not _NAME.fullmatch(name) or name.lower() in _OURS or not _VALUE.fullmatch(value):
            raise Refused("header_refused")
    agent = (
        {}
        if any(name.lower() == "user-agent" for name in given)
        else {"User-Agent": f"Registry/{__version__}"}
    )
    return {**agent, **given, "Accept-Encoding": "gzip", "Connection": "close"}


# --- the connection


class _Plain(socket.socket):
    ends: float

    def sendall(self, data: Any, flags: int = 0) -> None:
        self.settimeout(left(self.ends))
        super().sendall(data, flags)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        self.settimeout(left(self.ends))
        return super().recv_into(buffer, nbytes, flags)


class _Pinned(HTTPConnection):
    """A connection to one of the addresses that were checked. The name stays what Host, SNI and certificate go by."""

    addresses: list[str]
    ends: float

    def _new_conn(self) -> socket.socket:
        return connected(self.addresses, self.port or 0, self.ends)


class _PinnedTls(HTTPSConnection):
    addresses: list[str]
    ends: float

    def _new_conn(self) -> socket.socket:
        return connected(self.addresses, self.port or 0, self.ends)

    def connect(self) -> None:
        super().connect()
        if not (isinstance(self.sock, Timed) and self.is_verified):
            raise Refused("tls_failed")
        self.sock.ends = self.ends


def connected(checked: list[str], port: int, ends: float) -> _Plain:
    """A socket connected to the first of these addresses that answers. Raises OSError."""
    failed: OSError = OSError("no address")
    for address in checked:
        made = _Plain(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        made.ends = ends
        try:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.settimeout(left(ends) if len(checked) == 1 else min(left(ends), _ONE_ADDRESS))
            made.connect((address, port))
            made.settimeout(left(ends))
            return made
        except OSError as error:
            made.close()
            failed = error
    raise failed


# --- the answer


def _answer(response: Any, most: int, redirects: bool) -> Answer:
    status = response.status
    if not 100 <= status < 600:  # RFC 9110, 15: there are no others
        raise Refused("answer_malformed")
    if 300 <= status < 400 and status != 304 and not redirects:
        raise Refused("redirect_refused")
    packed = response.headers.get("content-encoding", "").strip().lower()
    if packed not in (
        "",
        "identity",
        "gzip",
        "x-gzip",
        "deflate",
    ):  # one layer, of a kind that unpacks by the piece
        raise Refused("encoding_refused")
    if (response.length_remaining or 0) > most:
        raise Refused("too_large")
    body = bytearray()
    while piece := response.read(_PIECE):
        body += piece
        if len(body) > most:
            raise Refused("too_large")
    named = {name.lower(): response.headers[name] for name in response.headers}
    return Answer(status, named, bytes(body))


def _code(error: BaseException) -> str:
    """The stable code of what a library raised, by what is at the bottom of it."""
    chain: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop(0)
        if one is not None and one not in chain:
            chain.append(one)
            waiting += [
                one.__cause__,
                one.__context__,
                *(arg for arg in one.args if isinstance(arg, BaseException)),
            ]
    for kind, code in _CODES:
        for one in chain:
            if isinstance(one, kind):
                return code_of(one) if isinstance(one, ssl.SSLError) else code
    raise error


_CODES: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "timeout"),
    (ssl.SSLError, "tls_failed"),
    (urllib3.exceptions.DecodeError, "encoding_refused"),
    (ConnectionError, "connection_failed"),
    (http.client.IncompleteRead, "connection_failed"),
    (http.client.HTTPException, "answer_malformed"),
    (urllib3.exceptions.HTTPError, "answer_malformed"),
    (OSError, "connection_failed"),
    (ValueError, "answer_malformed"),
)
