"""The Entra ID source, against a stand-in written from the reference of Microsoft Graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from registry.connectors.book import source
from registry.errors import Invalid
from tests.connectors.looking import Look, declare, loopback
from tests.connectors.stand_ins import entra
from tests.connectors.stand_ins.serving import Asked, Reply, serving
from tests.connectors.turns.entra import ROLES, Filled


@pytest.fixture
def tenant() -> Iterator[Any]:
    with loopback(), serving(Filled()) as served:
        yield served


@pytest.fixture
def watch(tenant: Any) -> Look:
    settings = {
        "tenant": entra.TENANT, "app_id": entra.APP, "roles": ROLES, "login": tenant.origin, "graph": tenant.origin,
    }  # fmt: skip
    return Look("entra", settings, {"client_id": entra.CLIENT, "client_secret": entra.SECRET})


def test_members_of_groups_and_of_app_roles(watch: Look) -> None:
    found = watch.look()
    assert [one.complete for one in found.values()] == [True] * 3, watch.way.faults
    assert found["accounts"].payload["accounts"] == [
        {"role": "Chat 'night' agents", "domain": "acme.example", "active": True, "count": 120},
        {"role": "Chat 'night' agents", "domain": "elsewhere.example", "active": False, "count": 1},
        {"role": "Chat.Read", "domain": "acme.example", "active": True, "count": 19},
    ]
    assert [(one["role"], one["members"]) for one in found["roles"].payload["roles"]] == [
        ("Chat 'night' agents", 120), ("Chat.Manage", 0), ("Chat.Read", 19),
    ]  # fmt: skip
    assert found["credential"].payload == {"more_than_reading": False, "may": []}


def test_a_group_app_or_role_that_is_gone_is_not_one_without_members(
    watch: Look, tenant: Any, opened: str
) -> None:
    declare()
    del tenant.groups[tenant.agents]
    found = watch.checked()
    assert {kind for (code, _), kind in found.items() if code == "OBS301"} == {"open"}
    del tenant.app_roles["Chat.Manage"]
    assert not watch.look()["roles"].complete and watch.way.faults["role_not_found"] == 2
    watch.settings = {**watch.settings, "app_id": "7d9e1c55-0000-4000-8000-00000000000b"}
    assert not watch.look()["roles"].complete and watch.way.faults["app_not_found"] == 2


def test_a_wrong_secret(watch: Look) -> None:
    assert {one.payload["reason"] for one in watch.look(client_secret="wrong").values()} == {"unauthorised"}


def test_no_right_to_look(watch: Look, tenant: Any) -> None:
    tenant.may = []
    found = watch.look()
    assert found["accounts"].payload["reason"] == found["roles"].payload["reason"] == "forbidden"


def test_another_tenant(watch: Look) -> None:
    watch.settings = {**watch.settings, "tenant": "other.example"}
    assert all(one.kind == "could_not_look" for one in watch.look().values())


@pytest.mark.parametrize("status", [500, 403, 404])
def test_h10_a_later_page_that_fails(watch: Look, tenant: Any, opened: str, status: int) -> None:
    usual = tenant.answer
    tenant.answer = lambda asked: (status, None, {}) if asked.one("$skiptoken") == "100" else usual(asked)
    declare()
    assert {kind for (code, _), kind in watch.checked().items() if code == "OBS301"} == {"open"}


@pytest.mark.parametrize(
    ("link", "code"),
    [("{origin}{target}", "page_repeats"), ("https://metadata.google.internal/x", "next_page_elsewhere")],
)
def test_h10_a_link_that_comes_again_or_leads_elsewhere(
    watch: Look, tenant: Any, link: str, code: str
) -> None:
    usual = tenant.answer

    def answer(asked: Asked) -> Reply:
        status, body, headers = usual(asked)
        if asked.path.endswith("/transitiveMembers"):
            body = {**body, "@odata.nextLink": link.format(origin=tenant.origin, target=asked.target)}
        return status, body, headers

    tenant.answer = answer
    assert not watch.look()["accounts"].complete and watch.way.faults[code]


@pytest.mark.parametrize(
    "wrong", [{"accountEnabled": None}, {"mail": None, "userPrincipalName": None}, {"id": None}]
)
def test_h12_a_member_that_may_not_be_read_is_not_one_less(
    watch: Look, tenant: Any, wrong: dict[str, Any]
) -> None:
    tenant.people[tenant.many[70]].update(wrong)
    found = watch.look()
    assert not found["accounts"].complete and watch.way.faults["item_not_understood"] == 1
    assert found["roles"].payload["roles"][0]["members"] == 119


def test_app_roles_are_of_an_application() -> None:
    with pytest.raises(Invalid):
        source("entra").settings({"tenant": "acme.example", "roles": ROLES})
