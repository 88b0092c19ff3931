"""A controller whose changes are told, and real receivers on this machine that do what a test says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import registry.app  # noqa: F401 -- makes every room a witness of the journal
from examples.receive_webhook import verified
from registry import clock, journal, outbound
from registry.catalogue import store
from registry.db import writes
from registry.keys.sealing import Sealer, new_key
from registry.settings import Settings
from registry.webhooks import endpoints
from registry.webhooks.sending import send_to

BY = "client/test"
KEY = new_key()
SEALER = Sealer.of(Settings(secret_key=KEY))
KINDS = ["hold.set", "hold.ended"]


@dataclass
class Got:
    """A request that came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """A server on loopback. `answer` says what it does with a request; by default it verifies it and says 204."""

    port: int = 0
    secrets: list[str] = field(default_factory=list)
    got: list[Got] = field(default_factory=list)
    answer: Callable[[BaseHTTPRequestHandler, Got], None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def verify(self, handler: BaseHTTPRequestHandler, got: Got) -> None:
        """204 for what verifies; what does not raises, and the connection is closed without an answer."""
        verified(got.body, got.headers, self.secrets)
        status(204)(handler, got)


def status(number: int, **headers: str) -> Callable[[BaseHTTPRequestHandler, Got], None]:
    """Answers with a status and nothing else."""

    def say(handler: BaseHTTPRequestHandler, got: Got) -> None:
        handler.send_response(number)
        for name, value in {**headers, "Content-Length": "0"}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    return say


def started(receiver: Receiver, stack: ExitStack) -> Receiver:
    """A receiver, at work until the stack is left."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got = Got(self.path, dict(self.headers.items()), body)
            receiver.got.append(got)
            (receiver.answer or receiver.verify)(self, got)

        do_GET = do_POST  # noqa: N815 -- as the library calls it

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_: Any) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    stack.callback(server.server_close)
    stack.callback(server.shutdown)
    return receiver


@dataclass
class Told:
    """acme and other, and the settings under which their receivers may be sent to."""

    url: str
    stack: ExitStack
    receivers: list[Receiver] = field(default_factory=list)
    ports: list[int] = field(default_factory=lambda: [443])
    sealer: Sealer = SEALER

    @property
    def settings(self) -> Settings:
        ports = ",".join(map(str, [*self.ports, *(one.port for one in self.receivers)]))
        return Settings(
            database=self.url, secret_key=KEY, outbound_networks="127.0.0.0/8", receiver_ports=ports
        )

    def receiver(self) -> Receiver:
        """One more, whose port may be sent to."""
        self.receivers.append(started(Receiver(), self.stack))
        return self.receivers[-1]

    def endpoint(self, url: str | Receiver, controller: str = "acme", kinds: list[str] = KINDS) -> int:
        """An endpoint at a URL, or at a receiver, which then knows the secret."""
        where = url.url if isinstance(url, Receiver) else url
        number, secret = endpoints.add_endpoint(
            controller, url=where, kinds=kinds, description=None, by=BY, sealer=self.sealer
        )
        if isinstance(url, Receiver):
            url.secrets.append(secret)
        return number

    def send(self, number: int) -> dict[str, int]:
        """One round of sending."""
        return dict(send_to(number, self.settings, self.sealer))


@writes
def happen(count: int = 1, kind: str = "hold.set", controller: str = "acme") -> list[int]:
    """So many changes; gives their numbers."""
    return [
        journal.append(kind, f"hold/{controller}/{n + 1}", by=BY, version=1, payload={}).seq
        for n in range(count)
    ]


@pytest.fixture
def told(opened: str) -> Iterator[Told]:
    for controller in ("acme", "other"):
        store.declare("controller", controller, controller, {"name": controller}, by=BY, expect=store.NEW)
    with ExitStack() as stack:
        outbound.permit(Settings(outbound_networks="127.0.0.0/8"))
        stack.callback(outbound.permit, Settings())
        yield Told(opened, stack)


class Clock:
    """The clock, put forward by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = clock.now()
        monkeypatch.setattr(clock, "now", lambda: self.now)

    def forward(self, seconds: float) -> None:
        self.now = clock.later(self.now, seconds)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands until it is put forward."""
    return Clock(monkeypatch)
