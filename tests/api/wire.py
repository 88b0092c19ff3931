"""Raw HTTP over a socket: what no client library would send."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MAX_BODY = 65536


@dataclass(frozen=True)
class Answer:
    """What came back: the raw bytes, and whether the server closed."""

    raw: bytes
    closed: bool

    @property
    def statuses(self) -> list[int]:
        """The status of every response on the connection."""
        return [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d{3}) ", self.raw)]

    @property
    def body(self) -> bytes:
        """What follows the first head."""
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def status(self) -> int:
        """The one status. Fails when there were more or none."""
        (only,) = self.statuses
        return only


@dataclass(frozen=True)
class Server:
    """A server that runs on `port`; `pid` leads its process group."""

    port: int
    pid: int
    log: Path

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as one:
            yield one

    def answers(self) -> bool:
        try:
            return self.send(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").status == 200
        except OSError:
            return False

    def send(
        self, *pieces: bytes, wait: float = 60.0, hang_up: bool = False, enough: bytes | None = None
    ) -> Answer:
        """Send the pieces, then read until the server closes, `wait` seconds have passed, or `enough` is there.

        `hang_up` says that nothing more will be sent.
        """
        began = time.monotonic()
        raw, closed = b"", False
        with self.connected() as one:
            try:
                for piece in pieces:
                    one.sendall(piece)
                if hang_up:
                    one.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                closed = True
            while (left := began + wait - time.monotonic()) > 0 and not (enough and enough in raw):
                one.settimeout(left)
                try:
                    got = one.recv(65536)
                except TimeoutError:
                    break
                except ConnectionResetError:
                    closed = True
                    break
                if not got:
                    closed = True
                    break
                raw += got
        return Answer(raw, closed)


def head(method: str, target: str, *lines: str) -> bytes:
    """A request head with Host, as bytes."""
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: x", *lines, "", ""]).encode()
