"""How far looking has come: what a terminal shows meanwhile, and that nothing else gets anything of it."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import outbound
from registry.catalogue import store
from registry.connectors.commands.progress import told
from registry.connectors.configured.connected import Connector
from registry.connectors.configured.connecting import add_connector
from registry.connectors.looking.running import Going
from registry.keys.sealing import Sealer, new_key
from registry.settings import Settings
from tests.connectors.conftest import BY
from tests.connectors.turns import intercom, zendesk

PATIENCE = 60.0  # seconds that anything here may take, however busy the machine is


def going(number: int, kind: str | None = "accounts", items: int = 0) -> Going:
    row = Connector(id=number, controller="acme", system=f"desk-{number}")
    return Going(row, kind, 1, 3, items)


@pytest.mark.parametrize(
    ("room", "wanted"),
    [
        (200, "acme/desk-1 accounts, 12,300 read; acme/desk-2 region; acme/desk-3 apps, 7 read"),
        (60, "acme/desk-1 accounts, 12,300 read; acme/desk-2 region; +1"),
        (50, "acme/desk-1 accounts, 12,300 read; +2"),
        (30, "acme/desk-1 accounts, 12,300 …"),
        (1, ""),
        (-4, ""),
    ],
)
def test_as_many_are_told_as_there_is_room_for(room: int, wanted: str) -> None:
    under_way = [going(1, items=12300), going(2, "region"), going(3, "apps", 7), going(4, None)]
    assert told(under_way, room) == wanted


@given(st.lists(st.integers(1, 10**6), max_size=64), st.integers(-10, 300))
def test_what_is_told_never_takes_more_room(items: list[int], room: int) -> None:
    text = told([going(n, items=some) for n, some in enumerate(items)], room)
    assert len(text) <= max(0, room)


class Held:
    """A stand-in that answers questions to a path only once it is let to."""

    def __init__(self, stand_in: Any, path: str) -> None:
        self.let, answer = threading.Event(), stand_in.answer

        def answering(asked: Any) -> Any:
            if asked.path.startswith(path):
                self.let.wait(PATIENCE)
            return answer(asked)

        stand_in.answer = answering


@pytest.fixture
def held(opened: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    """acme/desk, which is slow to tell its roles, and acme/talk; what a command needs is in the environment."""
    key = new_key()
    for name, value in (("DATABASE", opened), ("OUTBOUND_NETWORKS", "127.0.0.0/8"), ("SECRET_KEY", key)):
        monkeypatch.setenv(f"REGISTRY_{name}", value)
    outbound.permit(Settings(outbound_networks="127.0.0.0/8"))
    store.declare("controller", "acme", "acme", {"name": "Acme"}, by=BY, expect=store.NEW)
    with zendesk.system(None) as (desk, settings, secrets), intercom.system(None) as (_, other, token):
        for system, kind, given_, secret in (
            ("desk", "zendesk", settings, secrets),
            ("talk", "intercom", other, token),
        ):
            store.declare("system", "acme", system, {"name": system}, by=BY, expect=store.NEW)
            add_connector(
                f"acme/{system}", kind, given_, every_hours=24, secrets=secret, by=BY,
                sealer=Sealer.of(Settings(secret_key=key)),
            )  # fmt: skip
        made = Held(desk, "/api/v2/custom_roles")
        try:
            yield made
        finally:
            made.let.set()
            outbound.permit(Settings())


class Terminal:
    """A terminal of so many columns, and all that was written to it."""

    def __init__(self, columns: int) -> None:
        self.ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.written = ""

    def until(self, wanted: Callable[[str], bool], running: subprocess.Popen[bytes]) -> None:
        """Read until what was written is as wanted, or nobody writes any more."""
        ends = time.monotonic() + PATIENCE
        while not wanted(self.written):
            assert time.monotonic() < ends, self.written
            ready, _, _ = select.select([self.ours], [], [], 0.1)
            if ready:
                self.written += os.read(self.ours, 65536).decode()
            elif running.poll() is not None:
                return

    @property
    def frames(self) -> list[str]:
        """What stood in the line, one after another, without what moves the cursor."""
        bare = re.sub(r"\x1b\[\?25[lh]", "", self.written)
        return [frame.rstrip() for frame in re.split(r"[\r\n]+", bare) if frame.strip()]


@contextmanager
def observing(terminal: Terminal, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """`registry observe`, whose standard error is a terminal and whose output is not."""
    ran = subprocess.Popen(
        [sys.executable, "-m", "registry", "observe", *words], stdout=subprocess.PIPE, stderr=terminal.theirs
    )
    try:
        yield ran
    finally:
        if ran.poll() is None:
            ran.kill()
        ran.wait()
        assert ran.stdout is not None
        ran.stdout.close()
        os.close(terminal.theirs)
        os.close(terminal.ours)


#: A command is the same on either engine.
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@on_sqlite
@pytest.mark.parametrize(
    ("words", "columns", "shown"),
    [
        (["acme/desk", "--json"], 100, "2/9  acme/desk roles, 1 read"),
        (["acme/desk", "--json", "--dry-run"], 50, "2/9  acme/desk roles"),
        (["acme", "--json"], 100, "5/12  acme/desk roles, 1 read"),
    ],
)
def test_a_terminal_shows_what_is_looked_at_and_the_output_is_clean(
    held: Held, words: list[str], columns: int, shown: str
) -> None:
    terminal = Terminal(columns)
    with observing(terminal, *words) as ran:
        terminal.until(lambda written: shown in written, ran)
        assert shown in terminal.written, terminal.written
        held.let.set()
        output, _ = ran.communicate(timeout=PATIENCE)
        terminal.until(lambda written: written.endswith("\x1b[?25h\r\n"), ran)
    assert ran.returncode == 0
    assert all(one["run"]["state"] for one in json.loads(output)) and b"Looking" not in output
    last, whole = terminal.frames[-1], shown.partition("  ")[0].partition("/")[2]
    assert last.startswith("Looking  [####") and last.endswith(f"{whole}/{whole}")
    assert max(len(frame) for frame in terminal.frames) < columns
    assert terminal.written.count("\n") == 1, "it is one line"


@on_sqlite
def test_where_there_is_no_terminal_nothing_is_shown(held: Held) -> None:
    held.let.set()
    ran = subprocess.run(
        [sys.executable, "-m", "registry", "observe", "acme"],
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    assert ran.stderr == b"" and b"Looking" not in ran.stdout
