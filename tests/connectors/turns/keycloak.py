"""Changes in a realm of Keycloak (the stand-in)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.connectors.stand_ins.keycloak import CLIENT, SECRET, Keycloak
from tests.connectors.stand_ins.serving import serving
from tests.connectors.turns import WITHIN, Turn

RECORD = WITHIN
ROLES = [
    {"name": "/chat/agents", "permission": "agent"},
    {"name": "chat-manage", "permission": "admin", "by": "realm_role"},
    {"name": "supervise", "permission": "viewer", "by": "client_role", "client": "chat"},
]


class Filled(Keycloak):
    """120 agents, two of them in a group below; an admin role that nobody has."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign = self.person("foreign@elsewhere.example")
        self.away = self.person("away@elsewhere.example", enabled=False)
        self.many = [self.person(f"agent{number}@acme.example", totp=True) for number in range(118)]
        self.agents = self.group("/chat/agents", *self.many, self.away)
        self.evening = self.group("/chat/agents/evening", self.person("e1@acme.example"), self.many[0],
                                  self.person("e2", email="e2@acme.example"))  # fmt: skip
        self.role("chat-manage")
        self.role("chat/supervise", groups=(self.group("/bosses", self.many[1]),), users=(self.many[1],))

    def put_in(self, group: str, who: str) -> None:
        self.groups[group]["members"].append(who)

    def take_out(self, group: str, who: str) -> None:
        self.groups[group]["members"].remove(who)


@contextmanager
def system(_: Any) -> Iterator[tuple[Filled, dict[str, Any], dict[str, str]]]:
    realm = Filled()
    with serving(realm):
        settings = {"address": realm.origin, "realm": "acme", "roles": ROLES}
        yield realm, settings, {"client_id": CLIENT, "client_secret": SECRET}


TURNS = [
    Turn(
        kind="accounts", code="OBS301", name="somebody of another organisation becomes a member of a group below",
        key="acme/desk:elsewhere.example",
        do=lambda one: one.put_in(one.evening, one.foreign), undo=lambda one: one.take_out(one.evening, one.foreign),
    ),
    Turn(
        kind="accounts", code="OBS301", name="somebody of another organisation gets a client's role",
        key="acme/desk:elsewhere.example",
        do=lambda one: one.roles["chat/supervise"]["users"].add(one.foreign),
        undo=lambda one: one.roles["chat/supervise"]["users"].remove(one.foreign),
    ),
    Turn(
        kind="roles", code="OBS301", name="a group gets the leads' role, where only agents are declared",
        key="acme/desk:admin",
        do=lambda one: one.roles["chat-manage"]["groups"].add(one.evening),
        undo=lambda one: one.roles["chat-manage"]["groups"].remove(one.evening),
    ),
    Turn(
        kind="credential", code="OBS306", name="our service account gets manage-users",
        key="acme/desk:credential", then="open",
        do=lambda one: one.may.append("manage-users"), undo=lambda one: one.may.remove("manage-users"),
    ),
]  # fmt: skip
