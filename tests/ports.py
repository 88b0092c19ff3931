"""Ports of this machine for servers that are processes of their own."""

from __future__ import annotations

import socket
import sys

_held: list[socket.socket] = []


def own() -> int:
    """A port of 127.0.0.1 that is ours until this process ends, however often a server on it is started anew.

    A port that was free a moment ago may be somebody else's when the server gets to it: another test's, or one end of
    any connection on this machine. So it stays bound here, without listening; a server that reuses addresses, as they
    all do, may listen on it all the same.
    """
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind(("127.0.0.1", 0))
    port = int(found.getsockname()[1])
    if sys.platform == "linux":  # elsewhere reuse means something else
        _held.append(found)
    else:
        found.close()
    return port
