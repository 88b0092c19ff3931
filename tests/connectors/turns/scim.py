"""Changes in a directory by SCIM (the real scim2-server)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.connectors.turns import WITHIN, Turn
from tests.peers import scim

RECORD = WITHIN
ROLES = [
    {"name": "Chat agents", "permission": "agent"},
    {"name": "Chat leads", "permission": "admin"},
    {"name": "supervisor", "permission": "viewer", "by": "role"},
]


class Filled(scim.Directory):
    """Two agents (one by a group in the group), an admin group without members, and many others of no role."""

    secrets: dict[str, str]

    def fill(self, others: int = 120) -> None:
        self.first, self.second = self.user("first@acme.example"), self.user("second@acme.example")
        self.away = self.user("away@elsewhere.example", active=False)
        self.foreign = self.user("foreign@elsewhere.example")
        inner = self.group("Evening", self.second)
        self.agents = self.group("Chat agents", self.first, self.away, groups=(inner,))
        self.leads = self.group("Chat leads")
        for number in range(others):  # a page holds 100
            self.user(f"nobody{number}@nowhere.example")


@contextmanager
def system(_: Any) -> Iterator[tuple[Filled, dict[str, Any], dict[str, str]]]:
    with scim.serving() as served:
        filled = Filled(served.origin)
        filled.fill(5)
        filled.secrets = {"token": scim.READS}
        yield filled, {"address": filled.origin, "path": filled.path, "roles": ROLES}, filled.secrets


def _switch(one: Filled, active: bool) -> None:
    one.patch(f"/Users/{one.away}", {"op": "replace", "path": "active", "value": active})


TURNS = [
    Turn(
        kind="accounts", code="OBS301", name="somebody of another organisation becomes a member",
        key="acme/desk:elsewhere.example",
        do=lambda one: one.put_in(one.agents, one.foreign), undo=lambda one: one.take_out(one.agents, one.foreign),
    ),
    Turn(
        kind="accounts", code="OBS301", name="a member of another organisation is switched on",
        key="acme/desk:elsewhere.example", do=lambda one: _switch(one, True), undo=lambda one: _switch(one, False),
    ),
    Turn(
        kind="accounts", code="OBS301", name="somebody of another organisation gets a value of `roles`",
        key="acme/desk:elsewhere.example",
        do=lambda one: one.patch(f"/Users/{one.foreign}",
                                 {"op": "add", "path": "roles", "value": [{"value": "supervisor"}]}),
        undo=lambda one: one.patch(f"/Users/{one.foreign}", {"op": "remove", "path": "roles"}),
    ),
    Turn(
        kind="roles", code="OBS301", name="the leads' group gets a member, where only agents are declared",
        key="acme/desk:admin",
        do=lambda one: one.put_in(one.leads, one.first), undo=lambda one: one.take_out(one.leads, one.first),
    ),
    Turn(
        kind="credential", code="OBS306", name="our client's token comes to say that it may write",
        key="acme/desk:credential", then="open",
        do=lambda one: one.secrets.update(token=scim.WRITES), undo=lambda one: one.secrets.update(token=scim.READS),
    ),
]  # fmt: skip
