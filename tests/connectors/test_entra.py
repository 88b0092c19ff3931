"""The Entra ID source, against a stand-in written from the reference of Microsoft Graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from registry.connectors.book import source
from registry.errors import Invalid
from tests.connectors.stand_ins import entra
from tests.connectors.stand_ins.entra import Entra
from tests.connectors.stand_ins.serving import Asked, Reply, serving
from tests.connectors.watching import Shown, Watch, declare, loopback, turned

ROLES = [
    {"name": "Chat 'night' agents", "permission": "agent"},
    {"name": "Chat.Admin", "permission": "admin", "by": "app_role"},
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
        for value in ("Chat.Admin", "Chat.Read"):
            self.app_role(value)
        for one in self.many[:18]:
            self.assign("Chat.Read", one)
        self.assign("Chat.Read", self.evening)
        self.assign("Chat.Read", "00000000-0000-4000-b000-000000000001")

    def put_in(self, group: str, who: str) -> None:
        self.groups[group]["members"].append(who)

    def take_out(self, group: str, who: str) -> None:
        self.groups[group]["members"].remove(who)


@pytest.fixture
def tenant() -> Iterator[Any]:
    with loopback(), serving(Filled()) as served:
        yield served


@pytest.fixture
def watch(tenant: Any) -> Watch:
    settings = {
        "tenant": entra.TENANT, "app_id": entra.APP, "roles": ROLES, "login": tenant.origin, "graph": tenant.origin,
    }  # fmt: skip
    return Watch("entra", settings, {"client_id": entra.CLIENT, "client_secret": entra.SECRET})


def test_members_of_groups_and_of_app_roles(watch: Watch) -> None:
    found = watch.look()
    assert [one.complete for one in found.values()] == [True] * 3, watch.way.faults
    assert found["accounts"].payload["accounts"] == [
        {"role": "Chat 'night' agents", "domain": "acme.example", "active": True, "count": 120},
        {"role": "Chat 'night' agents", "domain": "elsewhere.example", "active": False, "count": 1},
        {"role": "Chat.Read", "domain": "acme.example", "active": True, "count": 19},
    ]
    assert [(one["role"], one["members"]) for one in found["roles"].payload["roles"]] == [
        ("Chat 'night' agents", 120), ("Chat.Admin", 0), ("Chat.Read", 19),
    ]  # fmt: skip
    assert found["credential"].payload == {"more_than_reading": False, "may": []}


SHOWN = (
    Shown("entra", "accounts", "OBS301", "a guest becomes a member of a group in the group",
          lambda one: one.put_in(one.evening, one.guest), lambda one: one.take_out(one.evening, one.guest),
          "other.example"),
    Shown("entra", "accounts", "OBS301", "an account of a foreign organisation is enabled",
          lambda one: one.people[one.away].update(accountEnabled=True),
          lambda one: one.people[one.away].update(accountEnabled=False), "elsewhere.example"),
    Shown("entra", "accounts", "OBS301", "an app role is assigned to a guest without a mailbox",
          lambda one: one.assign("Chat.Read", one.foreign), lambda one: one.assigned.pop(), "elsewhere.example"),
    Shown("entra", "roles", "OBS301", "the administrators' app role is assigned, where only agents are declared",
          lambda one: one.assign("Chat.Admin", one.many[3]), lambda one: one.assigned.pop(), "admin"),
    Shown("entra", "credential", "OBS306", "our app registration gets User.ReadWrite.All",
          lambda one: one.may.append("User.ReadWrite.All"), lambda one: one.may.pop(), "credential"),
)  # fmt: skip


@pytest.mark.parametrize("shown", SHOWN, ids=lambda one: one.id)
def test_a_change_becomes_a_finding_and_back(opened: str, watch: Watch, tenant: Any, shown: Shown) -> None:
    declare()
    turned(watch, tenant, shown)


def test_a_group_app_or_role_that_is_gone_is_not_one_without_members(
    watch: Watch, tenant: Any, opened: str
) -> None:
    declare()
    del tenant.groups[tenant.agents]
    found = watch.checked()
    assert {kind for (code, _), kind in found.items() if code == "OBS301"} == {"open"}
    del tenant.app_roles["Chat.Admin"]
    assert not watch.look()["roles"].complete and watch.way.faults["role_not_found"] == 2
    watch.settings = {**watch.settings, "app_id": "7d9e1c55-0000-4000-8000-00000000000b"}
    assert not watch.look()["roles"].complete and watch.way.faults["app_not_found"] == 2


def test_a_wrong_secret(watch: Watch) -> None:
    assert {one.payload["reason"] for one in watch.look(client_secret="wrong").values()} == {"unauthorised"}


def test_no_right_to_look(watch: Watch, tenant: Any) -> None:
    tenant.may = []
    found = watch.look()
    assert found["accounts"].payload["reason"] == found["roles"].payload["reason"] == "forbidden"


def test_another_tenant(watch: Watch) -> None:
    watch.settings = {**watch.settings, "tenant": "other.example"}
    assert all(one.kind == "could_not_look" for one in watch.look().values())


@pytest.mark.parametrize("status", [500, 403, 404])
def test_h10_a_later_page_that_fails(watch: Watch, tenant: Any, opened: str, status: int) -> None:
    usual = tenant.answer
    tenant.answer = lambda asked: (status, None, {}) if asked.one("$skiptoken") == "100" else usual(asked)
    declare()
    assert {kind for (code, _), kind in watch.checked().items() if code == "OBS301"} == {"open"}


def test_h10_a_link_that_comes_again_or_leads_elsewhere(watch: Watch, tenant: Any) -> None:
    usual = tenant.answer

    def answer(asked: Asked) -> Reply:
        status, body, headers = usual(asked)
        if asked.path.endswith("/transitiveMembers"):
            body = {**body, "@odata.nextLink": link.format(origin=tenant.origin, target=asked.target)}
        return status, body, headers

    tenant.answer = answer
    for link, code in (
        ("{origin}{target}", "page_repeats"),
        ("https://metadata.google.internal/x", "next_page_elsewhere"),
    ):
        assert not watch.look()["accounts"].complete and watch.way.faults[code]


@pytest.mark.parametrize(
    "wrong", [{"accountEnabled": None}, {"mail": None, "userPrincipalName": None}, {"id": None}]
)
def test_h12_a_member_that_may_not_be_read_is_not_one_less(
    watch: Watch, tenant: Any, wrong: dict[str, Any]
) -> None:
    tenant.people[tenant.many[70]].update(wrong)
    found = watch.look()
    assert not found["accounts"].complete and watch.way.faults["item_not_understood"] == 1
    assert found["roles"].payload["roles"][0]["members"] == 119


def test_app_roles_are_of_an_application() -> None:
    with pytest.raises(Invalid):
        source("entra").settings({"tenant": "acme.example", "roles": ROLES})
