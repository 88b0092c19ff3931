"""A closed loop of callers on keep-alive connections: requests per second and how long they took."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

#: What a burst takes at most, seconds.
LONGEST = 20.0


@dataclass(frozen=True)
class Figures:
    """What one burst came to: requests per second; median and 99th percentile of the time of one, in ms."""

    rate: float
    p50: float
    p99: float


class Caller:
    """One connection that asks, waits for the whole answer, and asks again."""

    def __init__(self, address: tuple[str, int], requests: Iterator[bytes], status: int) -> None:
        self.requests, self.status = requests, status
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def ask(self) -> None:
        self.began, self.got, self.wanted = time.perf_counter(), b"", None
        self.socket.send(next(self.requests))

    def answered(self) -> bool:
        """Take what has come; whether the answer is whole. Raises RuntimeError for an answer that was not expected."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise RuntimeError("the server hung up")
        self.got += data
        if self.wanted is None:
            head, found, _ = self.got.partition(b"\r\n\r\n")
            if not found:
                return False
            if int(head[9:12]) != self.status:
                raise RuntimeError(f"not {self.status}: {self.got[:500]!r}")
            length = 0
            for line in head.split(b"\r\n"):
                if line.lower().startswith(b"content-length:"):
                    length = int(line[15:])
            self.wanted = len(head) + 4 + length
        return len(self.got) >= self.wanted


def burst(
    address: tuple[str, int], requests: Iterator[bytes], *, callers: int, seconds: float, status: int
) -> Figures:
    """Ask for some seconds, and until as many were answered as ask.

    `requests` are whole HTTP requests without an end; each must be answered with `status`.
    """
    loop = selectors.DefaultSelector()
    everyone = [Caller(address, requests, status) for _ in range(callers)]
    for caller in everyone:
        loop.register(caller.socket, selectors.EVENT_READ, caller)
        caller.ask()
    times: list[float] = []
    began = time.perf_counter()
    until = began + seconds
    while (now := time.perf_counter()) < until or (len(times) < callers and now < began + LONGEST):
        for key, _ in loop.select(timeout=max(0.01, until - now)):
            caller: Caller = key.data
            if caller.answered():
                times.append(time.perf_counter() - caller.began)
                caller.ask()
    elapsed = time.perf_counter() - began
    for caller in everyone:
        caller.socket.close()
    times.sort()
    if not times:
        raise RuntimeError("nothing was answered")
    return Figures(len(times) / elapsed, times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000)
