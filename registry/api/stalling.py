"""Cutting off callers whose body does not come: a deadline that granian has for heads only.

A thread waits in `stream.read()`, and nothing in WSGI can wake it: neither a timeout nor the socket is to be had there
(reading in another thread and answering meanwhile blocks the whole process in granian 2.8). So a watch looks for the
socket. It knows the caller's address and since when the body is awaited; of every socket, Linux knows how long ago
something was sent and received on it (TCP_INFO). To one from that address on which we have sent nothing since, no more
is listened (SHUT_RD): the read ends, the thread answers 408, the server closes. Left alone is a connection whose
request is being worked on (it received its last byte when the work began), and as long as twice the deadline has not
passed, one that may be another's whose time is not over. What else may fit has been idle for as long, which a server
may close at any time. On other systems than Linux there is no such cut.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Any

from registry import errors

TICK = 0.25  # seconds between two looks, while there is something to look for
SLACK = 0.5  # seconds from a request's last byte to its first line of Python, at most
NEAR = 0.1  # seconds that two clocks' readings of one moment may differ

_INFO = struct.Struct("=44xI4xI")  # struct tcp_info: milliseconds since data was last sent, and received


@dataclass(eq=False, slots=True)
class _Wait:
    peer: str
    port: int
    since: float
    cut: bool = False


class Watch:
    """What is being waited for and worked on in this process; `seconds` is what a body may take, from first to last.

    At most `many` bodies are awaited at a time, so that the other threads go on serving whatever happens.
    """

    def __init__(self, seconds: float, many: int) -> None:
        self.seconds = seconds
        self._slots = threading.BoundedSemaphore(many)
        self._reading: dict[int, _Wait] = {}
        self._working: dict[int, tuple[str, float]] = {}
        self._watching = False
        self._starting = threading.Lock()

    def begin(self, peer: str) -> None:
        """Say that this thread works on a request of `peer`, all of which is here."""
        self._working[threading.get_ident()] = (peer, time.monotonic())

    def end(self) -> None:
        """Say that it has done so."""
        self._working.pop(threading.get_ident(), None)

    def read(self, stream: Any, size: int, peer: str, port: int) -> bytes:
        """`size` bytes of a WSGI input, or all there are, of a request by `peer` to our `port`.

        Raises TimeoutError, or errors.Busy with too many awaited.
        """
        if not self._slots.acquire(blocking=False):
            raise errors.Busy("Too many bodies are being waited for.")
        me, wait = threading.get_ident(), _Wait(peer, port, time.monotonic())
        self._reading[me] = wait
        try:
            self._watch()
            data = bytes(stream.read(size))
        finally:
            del self._reading[me]
            self._slots.release()
        if wait.cut:
            raise TimeoutError
        return data

    def _watch(self) -> None:
        if self._watching or not sys.platform.startswith("linux"):
            return
        with self._starting:
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._look, name="stalling", daemon=True).start()

    def _look(self) -> None:
        while True:
            time.sleep(TICK)
            now = time.monotonic()
            waits = list(self._reading.values())
            for wait in waits:
                if now - wait.since > self.seconds:
                    wait.cut = True
                    others = [one.since for one in waits if one.peer == wait.peer and not one.cut]
                    patient = now - wait.since < 2 * self.seconds
                    with suppress(OSError):  # out of file descriptors: at the next look
                        self._cut(wait, min(others, default=inf) if patient else inf)

    def _cut(self, wait: _Wait, before: float) -> None:
        # What received something since `before` may be a connection whose body still has time.
        begun = [since for peer, since in list(self._working.values()) if peer == wait.peer]
        for one in _connections(wait.peer, wait.port):
            with one:
                try:
                    info = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
                    sent, received = (time.monotonic() - ms / 1000 for ms in _INFO.unpack(info))
                    working = any(-SLACK <= received - since <= NEAR for since in begun)
                    if sent < wait.since + NEAR and received < before - SLACK and not working:
                        one.shutdown(socket.SHUT_RD)
                except OSError:  # gone by itself
                    continue


def _connections(peer: str, port: int) -> Iterator[socket.socket]:
    """The sockets that `peer` reached us by at `port`, each as a duplicate that the caller closes.

    Not those that this process made itself, to a database on the same host for one: their port here is another.
    """
    for name in os.listdir("/proc/self/fd"):
        try:
            if not os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                continue
            one = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue
        try:
            here, there = one.getsockname(), one.getpeername()
        except OSError:  # it listens
            here = there = None
        if isinstance(there, tuple) and there[0].removeprefix("::ffff:") == peer and here[1] == port:
            yield one
        else:
            one.close()
