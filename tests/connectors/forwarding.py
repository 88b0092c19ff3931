"""A port on loopback that leads to a Unix socket, with TLS in front of it if asked: the test server has no port."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: What a client of PostgreSQL sends to ask for TLS.
SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@contextmanager
def forwarded(path: Path, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port; whatever connects to it talks to the socket at `path`."""
    listening = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            with suppress(OSError):
                one, _ = listening.accept()
                threading.Thread(target=_join, args=(one, path, context), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        stop.set()
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def _join(one: socket.socket, path: Path, context: ssl.SSLContext | None) -> None:
    with suppress(OSError):
        if context is not None:
            assert one.recv(8) == SSL_REQUEST
            one.sendall(b"S")
            one = context.wrap_socket(one, server_side=True)
        with socket.socket(socket.AF_UNIX) as other, one:
            other.connect(str(path))
            back = threading.Thread(target=_pump, args=(other, one), daemon=True)
            back.start()
            _pump(one, other)
            back.join(5)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)
