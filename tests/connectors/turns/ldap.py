"""Changes in a directory by LDAP (the real slapd)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from registry import outbound
from registry.settings import Settings
from tests.connectors.turns import WITHIN, Turn
from tests.peers import slapd

RECORD = WITHIN
ROLES = [{"name": "chat-agents", "permission": "agent"}, {"name": "chat-leads", "permission": "admin"}]
SECRETS = {"bind_dn": slapd.READER, "bind_password": slapd.READER_PASSWORD}


class Filled:
    """Agents, some in a group in the group, one of them locked; a group of leads in which only a locked account is."""

    def __init__(self, directory: slapd.Directory, others: int = 3) -> None:
        self.of = of = directory
        self.foreign = of.person("foreign", "foreign@elsewhere.example")
        self.away = of.person("away", "away@elsewhere.example")
        of.lock(self.away)
        self.many = [of.person(f"agent{number}") for number in range(others)]
        self.evening = of.group("evening", of.person("e1"), self.many[0])
        self.agents = of.group("chat-agents", *self.many, self.away, self.evening)
        self.leads = of.group("chat-leads", self.away)

    def settings(self, **other: Any) -> dict[str, Any]:
        told = {"host": "127.0.0.1", "port": self.of.tls_port, "base": slapd.BASE, "roles": ROLES}
        return {**told, **other}


@contextmanager
def system(_: Any) -> Iterator[tuple[Filled, dict[str, Any], dict[str, str]]]:
    with slapd.serving() as served:
        outbound.permit(Settings(outbound_networks="127.0.0.0/8", outbound_ca_file=served.authority))
        filled = Filled(served)
        yield filled, filled.settings(), SECRETS


TURNS = [
    Turn(
        kind="accounts", code="OBS301", name="somebody of another organisation becomes a member by a group",
        key="acme/desk:elsewhere.example",
        do=lambda one: one.of.put_in(one.evening, one.foreign),
        undo=lambda one: one.of.take_out(one.evening, one.foreign),
    ),
    Turn(
        kind="accounts", code="OBS301", name="a locked account of another organisation is unlocked",
        key="acme/desk:elsewhere.example",
        do=lambda one: one.of.unlock(one.away), undo=lambda one: one.of.lock(one.away),
    ),
    Turn(
        kind="roles", code="OBS301", name="the leads' group gets a member, where only agents are declared",
        key="acme/desk:admin",
        do=lambda one: one.of.put_in(one.leads, one.many[1]), undo=lambda one: one.of.take_out(one.leads, one.many[1]),
    ),
    Turn(
        kind="credential", code="OBS306", name="our account is given the right to set passwords",
        key="acme/desk:credential", then="open",
        do=lambda one: one.of.put_in(slapd.MANAGERS, slapd.READER),
        undo=lambda one: one.of.take_out(slapd.MANAGERS, slapd.READER),
    ),
]  # fmt: skip
