"""Changes in a tenant of Entra ID (the stand-in)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.connectors.stand_ins.entra import APP, CLIENT, SECRET, TENANT, Entra
from tests.connectors.stand_ins.serving import serving
from tests.connectors.turns import WITHIN, Turn

RECORD = WITHIN
ROLES = [
    {"name": "Chat 'night' agents", "permission": "agent"},
    {"name": "Chat.Manage", "permission": "admin", "by": "app_role"},
    {"name": "Chat.Read", "permission": "viewer", "by": "app_role"},
]


class Filled(Entra):
    """120 agents, one of them by a group in the group; twenty readers, some by a group; an admin role of nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign = self.person("foreign_elsewhere.example#EXT#@acme.example", mail=None)
        self.guest = self.person("guest_other.example#EXT#@acme.example", mail="guest@other.example")
        self.away = self.person("away@elsewhere.example", enabled=False)
        self.many = [self.person(f"agent{number}@acme.example") for number in range(119)]
        self.evening = self.group("Evening", self.person("e1@acme.example"), self.many[0])
        self.agents = self.group("Chat 'night' agents", *self.many, self.away, self.evening)
        for value in ("Chat.Manage", "Chat.Read"):
            self.app_role(value)
        for one in self.many[:18]:
            self.assign("Chat.Read", one)
        self.assign("Chat.Read", self.evening)
        self.assign("Chat.Read", "00000000-0000-4000-b000-000000000001")

    def put_in(self, group: str, who: str) -> None:
        self.groups[group]["members"].append(who)

    def take_out(self, group: str, who: str) -> None:
        self.groups[group]["members"].remove(who)


@contextmanager
def system(_: Any) -> Iterator[tuple[Filled, dict[str, Any], dict[str, str]]]:
    tenant = Filled()
    with serving(tenant):
        settings = {
            "tenant": TENANT,
            "app_id": APP,
            "roles": ROLES,
            "login": tenant.origin,
            "graph": tenant.origin,
        }
        yield tenant, settings, {"client_id": CLIENT, "client_secret": SECRET}


TURNS = [
    Turn(
        kind="accounts", code="OBS301", name="a guest becomes a member of a group in the group",
        key="acme/desk:other.example",
        do=lambda one: one.put_in(one.evening, one.guest), undo=lambda one: one.take_out(one.evening, one.guest),
    ),
    Turn(
        kind="accounts", code="OBS301", name="an account of another organisation is enabled",
        key="acme/desk:elsewhere.example",
        do=lambda one: one.people[one.away].update(accountEnabled=True),
        undo=lambda one: one.people[one.away].update(accountEnabled=False),
    ),
    Turn(
        kind="accounts", code="OBS301", name="an app role is assigned to a guest without a mailbox",
        key="acme/desk:elsewhere.example",
        do=lambda one: one.assign("Chat.Read", one.foreign), undo=lambda one: one.assigned.pop(),
    ),
    Turn(
        kind="roles", code="OBS301", name="the leads' app role is assigned, where only agents are declared",
        key="acme/desk:admin",
        do=lambda one: one.assign("Chat.Manage", one.many[3]), undo=lambda one: one.assigned.pop(),
    ),
    Turn(
        kind="credential", code="OBS306", name="our app registration gets User.ReadWrite.All",
        key="acme/desk:credential", then="open",
        do=lambda one: one.may.append("User.ReadWrite.All"), undo=lambda one: one.may.pop(),
    ),
]  # fmt: skip
