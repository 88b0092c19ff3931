"""Changes in a workspace of Intercom (the stand-in)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.connectors.stand_ins.intercom import TOKEN, Intercom
from tests.connectors.stand_ins.serving import serving
from tests.connectors.turns import WITHIN, Turn

RECORD = {**WITHIN, "storage_locations": [{"area": "EU", "exclusive": True}]}


@contextmanager
def system(_: Any) -> Iterator[tuple[Intercom, dict[str, Any], dict[str, str]]]:
    desk = Intercom()
    desk.admin("one@acme.example")
    desk.admin("two@acme.example", seat=False)
    with serving(desk):
        yield desk, {"address": desk.origin}, {"token": TOKEN}


TURNS = [
    Turn(
        kind="accounts", code="OBS301", name="a teammate of another organisation is added",
        key="acme/desk:elsewhere.example",
        do=lambda desk: desk.admin("new@elsewhere.example"), undo=lambda desk: desk.admins.pop(),
    ),
    Turn(
        kind="region", code="OBS303", name="the workspace is kept in the United States", key="acme/desk",
        do=lambda desk: setattr(desk, "region", "US"), undo=lambda desk: setattr(desk, "region", "EU"),
    ),
    Turn(
        kind="credential", code="OBS306", name="our app is given the permission to read tags",
        key="acme/desk:credential",
        do=lambda desk: desk.granted.add("/tags"), undo=lambda desk: desk.granted.discard("/tags"), then="open",
    ),
]  # fmt: skip
