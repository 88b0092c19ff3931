"""One address of this machine may be asked; a canary sits on the others."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from registry import outbound
from registry.settings import Settings
from tests.outbound.hostile import THEIRS, Server

_watching: list[list[Any]] = []


def _hook(event: str, given: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _watching:
        _watching[-1].append(given[1])


sys.addaudithook(_hook)


@pytest.fixture
def theirs() -> Iterator[None]:
    """The operator permits the one address where the hostile server is."""
    outbound.permit(Settings(outbound_networks=f"{THEIRS}/32"))
    yield
    outbound.permit(Settings())


@pytest.fixture
def connects() -> Iterator[list[Any]]:
    """Every address that anything in this process tries to connect to, whether or not it answers."""
    seen: list[Any] = []
    _watching.append(seen)
    yield seen
    _watching.remove(seen)


@pytest.fixture
def canary() -> Iterator[Server]:
    """Listens on every other address of this machine. Nobody may get here."""
    listening = Server(lambda one: one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary"), "::")
    yield listening
    listening.close()
    assert listening.accepted == 0


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """What names resolve to: for each a list of answers, the last for ever."""
    told: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def look(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if host not in told:
            return list(real(host, port, *args, **kwargs))
        answers = told[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for one in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look)
    return told
