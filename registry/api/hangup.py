"""Closing the connection of a caller who was answered and goes on stalling, which the server itself never does.

WSGI shows no socket. But this process knows when it gave the caller its last answer, and Linux knows of every socket
how long ago it last sent something: the connections from that peer on which nothing was sent since that moment
are the one that stalls, and perhaps one that has been idle for as long, which a server may close at any time.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator

GRACE = 1.0  # seconds to read the answer in
SLACK = 0.3  # seconds between deciding on an answer and sending it, at most

_LAST_DATA_SENT = struct.Struct("=44xI")  # struct tcp_info: milliseconds since data was last sent


def hang_up(peer: str) -> None:
    """Close, a second from now, the connections from `peer` (an IP address) that are given their last answer now."""
    if not sys.platform.startswith("linux") or not hasattr(socket, "TCP_INFO"):
        return
    timer = threading.Timer(GRACE, _close, (peer, time.monotonic()))
    timer.daemon = True
    timer.start()


def _close(peer: str, answered: float) -> None:
    for one in _connections(peer):
        try:
            info = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_DATA_SENT.size)
            silent = _LAST_DATA_SENT.unpack(info)[0] / 1000
            if abs(time.monotonic() - answered - silent) <= SLACK:
                one.shutdown(socket.SHUT_RDWR)
        except OSError:  # gone by itself
            continue
        finally:
            one.close()


def _connections(peer: str) -> Iterator[socket.socket]:
    """This process's TCP sockets that are connected to `peer`, each as a duplicate that the caller closes."""
    for name in os.listdir("/proc/self/fd"):
        try:
            if not os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                continue
            one = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue
        try:
            there = one.getpeername()
            if (
                one.type == socket.SOCK_STREAM
                and isinstance(there, tuple)
                and there[0].removeprefix("::ffff:") == peer
            ):
                yield one
                continue
        except OSError:
            pass
        one.close()
