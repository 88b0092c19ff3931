"""How far looking has come, as one line of a terminal that is written over: nothing anywhere else."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from registry.connectors.configured.connected import Connector
from registry.connectors.looking.running import Going

LABEL, BAR, NARROW = "Looking", 20, 60
PAUSE = 0.1  # seconds between one drawing and the next


class Progress:
    """Counts the kinds that were looked at of all systems; behind the bar stand those that are looked at just now."""

    def __init__(self, rows: Iterable[Connector], bar: Any) -> None:
        self._kinds = {row.id: len(row.told["sees"]) for row in rows}
        self._ended: set[int] = set()
        self._going: list[Going] = []
        self._bar, self._drawn = bar, 0.0

    def ended(self, connector: Connector) -> None:
        """One of them was looked at."""
        self._ended.add(connector.id)
        self.along(self._going)

    def along(self, going: Iterable[Going]) -> None:
        """How far those have come that are looked at just now."""
        self._going = [one for one in going if one.connector.id not in self._ended]
        now = time.monotonic()
        if now - self._drawn < PAUSE and len(self._ended) < len(self._kinds):
            return  # many that end at once are drawn once
        self._drawn = now
        done = sum(self._kinds[number] for number in self._ended)
        done += sum(max(0, one.place - 1) for one in self._going)
        taken = len(f"{LABEL}  []    /  ") + self._bar.width + 2 * len(str(self._bar.length))
        self._bar.update(max(0, done - self._bar.pos), told(self._going, _columns() - taken))


@contextmanager
def progress(rows: Sequence[Connector]) -> Iterator[Progress | None]:
    """The line, on standard error where that is a terminal; None where it is none, or there is nothing to look at."""
    if not rows or not sys.stderr.isatty():
        yield None
        return
    length = sum(len(row.told["sees"]) for row in rows)
    bar = click.progressbar(
        length=length, label=LABEL, file=sys.stderr, width=BAR if _columns() >= NARROW else 5, show_eta=False,
        show_pos=True, show_percent=False, item_show_func=lambda text: text, update_min_steps=0,
    )  # fmt: skip
    with bar:
        yield Progress(rows, bar)


def told(going: Sequence[Going], room: int) -> str:
    """Those under way, as many as there is room for: `acme/desk accounts, 12,300 read; acme/shop region; +3`."""
    texts = [_one(one) for one in going if one.kind is not None]
    for shown in range(len(texts), 0, -1):
        rest = [f"+{len(texts) - shown}"] if shown < len(texts) else []
        if len(text := "; ".join([*texts[:shown], *rest])) <= room:
            return text
    return texts[0][: max(0, room - 1)] + "…" if texts and room > 1 else ""


def _one(one: Going) -> str:
    counted = f", {one.items:,} read" if one.items else ""
    return f"{one.connector.controller}/{one.connector.system} {one.kind}{counted}"


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
