"""All hostile addresses, rebindings and redirects at once against canaries on the very port, and counted.

`pytest tests/outbound/test_counted.py` says how many; test_addresses.py and test_asking.py have a row for each.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import click
import pytest

from registry import outbound
from registry.outbound import Allow, Refused
from tests.outbound.hostile import THEIRS, Server, answer
from tests.outbound.test_addresses import HOSTILE, LITERAL
from tests.outbound.test_asking import MIXED, PLACES, REBINDING, SECRET, STATUSES

CANARIES = ("127.0.0.1", "127.0.0.3", "::1")


class Scene:
    """One host that may be asked, and canaries on other addresses of this machine at the same port."""

    def __init__(self, stack: ExitStack) -> None:
        for _ in range(50):
            theirs = Server(lambda one: one.sendall(self.said), THEIRS)
            try:
                self.canaries = [Server(lambda one: one.close(), at, port=theirs.port) for at in CANARIES]
            except OSError:  # somebody else has that port on one of them
                theirs.close()
                continue
            for one in (theirs, *self.canaries):
                stack.callback(one.close)
            self.theirs, self.port, self.said = theirs, theirs.port, answer()
            return
        raise AssertionError("no port that is free on all of them")

    def ask(self, host: str, scheme: str = "http") -> str:
        """The code that asking is refused with; empty for an answer."""
        allow = Allow(hosts=(host.strip("[]"),), ports=frozenset({self.port}), seconds=10)
        try:
            outbound.ask(
                "GET",
                f"{scheme}://{host}:{self.port}/",
                allow=allow,
                headers={"Authorization": f"Bearer {SECRET}"},
            )
        except Refused as refused:
            return refused.code
        return ""

    @property
    def reached(self) -> int:
        return sum(one.accepted for one in self.canaries)


@pytest.fixture
def scene() -> Iterator[Scene]:
    with ExitStack() as stack:
        yield Scene(stack)


@pytest.mark.usefixtures("theirs")
def test_sixty_hostile_addresses_and_ten_rebindings_or_redirects_reach_the_canary_0_times(
    scene: Scene, names: dict[str, list[list[str]]], connects: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    refusals = {"address_refused", "url_refused"}
    for host in HOSTILE:
        assert {scene.ask(host), scene.ask(host, "https")} <= refusals, host
    for address in LITERAL:  # and by a name, as a chain of CNAME would end
        names["desk.example"] = [[address]]
        assert scene.ask("desk.example") == "address_refused", address
    assert connects == []
    for case, answers in REBINDING.items():
        names["desk.example"] = list(answers)
        assert scene.ask("desk.example") == "", case
        assert scene.ask("desk.example") in {"address_refused", "dns_failed"}, case
    for case, found in MIXED.items():
        names["desk.example"] = [found]
        assert scene.ask("desk.example") == "address_refused", case
    for status in STATUSES:
        for to in PLACES:
            scene.said = answer(b"", "Location: " + to.format(port=scene.port), status=status)
            assert scene.ask(THEIRS) == "redirect_refused", (status, to)
    assert {one[0] for one in connects} == {THEIRS}
    assert scene.reached == 0
    counts = len(HOSTILE), len(REBINDING) + len(MIXED), len(STATUSES) * len(PLACES)
    assert counts[0] >= 60 and counts[1] >= 10 and counts[2] >= 10
    with capsys.disabled():
        click.echo(
            f"\n{counts[0]} hostile addresses ({len(LITERAL)} also by a name), {counts[1]} rebindings and "
            f"{counts[2]} redirects: the canaries were reached {scene.reached} times"
        )
    # They do listen: whoever went there would have been counted.
    for at in CANARIES:
        socket.create_connection((at, scene.port), 5).close()
    ends = time.monotonic() + 10
    while scene.reached < len(CANARIES) and time.monotonic() < ends:
        time.sleep(0.01)
    assert scene.reached == len(CANARIES)
