"""The Keycloak source, against a stand-in written from the admin REST reference."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from registry.connectors.book import source
from registry.connectors.reading import grant
from registry.errors import Invalid
from tests.connectors.looking import Look, declare, loopback
from tests.connectors.stand_ins import keycloak
from tests.connectors.stand_ins.serving import Asked, Reply, serving
from tests.connectors.turns.keycloak import ROLES, Filled


@pytest.fixture
def realm() -> Iterator[Any]:
    with loopback(), serving(Filled()) as served:
        yield served


@pytest.fixture
def watch(realm: Any) -> Look:
    settings = {"address": realm.origin, "realm": "acme", "roles": ROLES}
    return Look("keycloak", settings, {"client_id": keycloak.CLIENT, "client_secret": keycloak.SECRET})


def test_members_of_groups_below_and_of_groups_with_a_role(watch: Look) -> None:
    found = watch.look()
    assert [one.complete for one in found.values()] == [True] * 3, watch.way.faults
    assert found["accounts"].payload["accounts"] == [
        {"role": "/chat/agents", "domain": "acme.example", "active": True, "count": 2},
        {"role": "/chat/agents", "domain": "acme.example", "active": True, "count": 118, "two_factor": True},
        {"role": "/chat/agents", "domain": "elsewhere.example", "active": False, "count": 1},
        {"role": "supervise", "domain": "acme.example", "active": True, "count": 1, "two_factor": True},
    ]
    assert [(one["role"], one["members"]) for one in found["roles"].payload["roles"]] == [
        ("/chat/agents", 120), ("chat-manage", 0), ("supervise", 1),
    ]  # fmt: skip
    assert found["credential"].payload == {"more_than_reading": False, "may": []}


def test_what_the_credential_may_do_beyond_reading(watch: Look, realm: Any) -> None:
    realm.may += ["manage-users", "impersonation"]
    assert watch.look()["credential"].payload == {
        "more_than_reading": True,
        "may": ["impersonation", "manage-users"],
    }
    realm.may = []
    assert watch.look()["credential"].payload == {"more_than_reading": None, "because": "not_shown"}, (
        "it does not say"
    )
    realm.jwt, realm.may = False, ["view-users"]
    assert watch.look()["credential"].payload == {"more_than_reading": None, "because": "not_shown"}, (
        "an opaque token"
    )


def test_a_group_or_role_that_is_gone_is_not_one_without_members(
    watch: Look, realm: Any, opened: str
) -> None:
    declare()
    del realm.groups[realm.agents]
    found = watch.checked()
    assert {kind for (code, _), kind in found.items() if code == "OBS301"} == {"open"}
    del realm.roles["chat-manage"]
    realm.clients.clear()
    assert not watch.look()["roles"].complete and watch.way.faults["role_not_found"] == 3


@pytest.mark.parametrize("strict", [True, False])
def test_a_wrong_secret(watch: Look, realm: Any, strict: bool) -> None:
    realm.strict = strict
    found = watch.look(client_secret="wrong")
    assert {one.payload["reason"] for one in found.values()} == {"unauthorised"}


def test_no_right_to_look(watch: Look, realm: Any) -> None:
    realm.may = ["query-groups"]
    found = watch.look()
    assert found["accounts"].payload == {"asked": "accounts", "reason": "forbidden"}
    assert found["roles"].payload == {"asked": "roles", "reason": "forbidden"}
    assert found["credential"].payload["more_than_reading"] is False


def test_another_realm(watch: Look) -> None:
    watch.settings = {**watch.settings, "realm": "other"}
    assert {one.payload["reason"] for one in watch.look().values()} <= {"no_such_endpoint", "unauthorised"}


@pytest.mark.parametrize("status", [500, 403, 404])
def test_h10_a_later_page_that_fails(watch: Look, realm: Any, opened: str, status: int) -> None:
    usual = realm.answer

    def answer(asked: Asked) -> Reply:
        return (status, None, {}) if asked.one("first") == "100" else usual(asked)

    realm.answer = answer
    declare()
    assert {kind for (code, _), kind in watch.checked().items() if code == "OBS301"} == {"open"}


def test_h11_a_token_that_ends_meanwhile_is_asked_anew(
    watch: Look, realm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grant, "MARGIN", 1_000.0)
    monkeypatch.setattr(grant, "time", SimpleNamespace(monotonic=iter(range(0, 1_000_000, 7)).__next__))
    watch.look()
    assert realm.asked_of["/realms/acme/protocol/openid-connect/token"] > 3


def test_h12_an_old_server_that_has_no_children(watch: Look, realm: Any) -> None:
    usual = realm.answer
    realm.answer = lambda asked: (404, None, {}) if asked.path.endswith("/children") else usual(asked)
    assert watch.look()["accounts"].payload == {"asked": "accounts", "reason": "no_such_endpoint"}


@pytest.mark.parametrize(
    "wrong", [{"enabled": None}, {"email": "x@y"}, {"email": "", "username": "agent"}, {"id": 7}]
)
def test_h12_a_person_of_another_shape(watch: Look, realm: Any, wrong: dict[str, Any]) -> None:
    realm.people[realm.many[5]].update(wrong)
    found = watch.look()
    assert not found["accounts"].complete and watch.way.faults["item_not_understood"] == 1
    assert found["roles"].payload["roles"][0]["members"] == 119


def test_whose_role_it_is() -> None:
    given = {"address": "https://id.acme.example", "realm": "acme"}
    for role in ({"by": "client_role"}, {"by": "group", "client": "chat"}):
        with pytest.raises(Invalid):
            source("keycloak").settings({**given, "roles": [{"name": "x", "permission": "agent", **role}]})
