"""The SCIM source, against the real scim2-server: who is in which role, and how it is when something is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.connectors.looking import Look, declare, loopback
from tests.connectors.stand_ins.serving import Asked, Reply, StandIn
from tests.connectors.stand_ins.serving import serving as standing_in
from tests.connectors.turns.scim import ROLES, Filled
from tests.peers import scim


@pytest.fixture(scope="module")
def directory() -> Iterator[Filled]:
    with scim.serving() as served:
        filled = Filled(served.origin)
        filled.fill()
        yield filled


@pytest.fixture
def watch(directory: Filled) -> Iterator[Look]:
    with loopback():
        settings = {"address": directory.origin, "path": directory.path, "roles": ROLES}
        yield Look("scim", settings, {"token": scim.TOKEN})


def test_accounts_by_role_and_domain(watch: Look) -> None:
    found = watch.look()
    assert found["accounts"].complete and found["accounts"].raw_sha256, watch.way.faults
    assert found["accounts"].payload["accounts"] == [
        {"role": "Chat agents", "domain": "acme.example", "active": True, "count": 2},
        {"role": "Chat agents", "domain": "elsewhere.example", "active": False, "count": 1},
    ]
    assert [(one["role"], one["permission"], one["members"]) for one in found["roles"].payload["roles"]] == [
        ("Chat agents", "agent", 2), ("Chat leads", "admin", 0), ("supervisor", "viewer", 0),
    ]  # fmt: skip
    assert watch.way.items > 120, "all pages were read"


def test_h13_a_name_is_a_value_and_never_a_filter(watch: Look, directory: Filled) -> None:
    watch.settings = {
        **watch.settings,
        "roles": [{"name": '" or displayName pr or displayName eq "', "permission": "agent"}],
    }
    found = watch.look()
    assert found["accounts"].payload == {"accounts": []} and not found["accounts"].complete
    assert watch.way.faults["role_not_found"] == 1


def test_a_wrong_token_is_not_an_empty_directory(watch: Look) -> None:
    found = watch.look(token="wrong")
    assert {(one.kind, one.payload["reason"]) for one in found.values()} == {
        ("could_not_look", "unauthorised")
    }


def test_another_path_is_no_such_endpoint(watch: Look) -> None:
    watch.settings = {**watch.settings, "path": "/elsewhere"}
    assert watch.look()["accounts"].payload["reason"] == "no_such_endpoint"


# --- what a server that we did not write will not do for us


class Odd(StandIn):
    """Seven pages of users, of which something goes wrong with one."""

    total = 700

    def answer(self, asked: Asked) -> Reply:
        if asked.path.endswith("/Groups"):
            members = [{"value": str(number)} for number in range(self.total)]
            group = {"id": "g", "displayName": "Chat agents", "members": members}
            return 200, {"totalResults": 1, "Resources": [group]}, {}
        start = int(asked.one("startIndex", "1"))
        users = [self.user(number) for number in range(start - 1, min(start + 99, 700))]
        return 200, {"totalResults": self.total, "Resources": users}, {}

    def user(self, number: int) -> dict[str, Any]:
        return {"id": str(number), "userName": f"user{number}@acme.example", "active": True}


@pytest.fixture
def odd() -> Iterator[Any]:
    with loopback(), standing_in(Odd()) as served:
        roles = [{"name": "Chat agents", "permission": "agent"}]
        yield served, Look("scim", {"address": served.origin, "path": "/v2", "roles": roles}, {"token": "x"})


def test_seven_pages(odd: Any) -> None:
    _, watch = odd
    found = watch.look()
    assert found["accounts"].complete, watch.way.faults
    assert found["accounts"].payload["accounts"][0]["count"] == 700


@pytest.mark.parametrize("status", [500, 404, 403, 401])
def test_h10_a_later_page_that_fails_leaves_it_incomplete(odd: Any, opened: str, status: int) -> None:
    served, watch = odd
    usual = served.answer

    def answer(asked: Asked) -> Reply:
        return (status, None, {}) if asked.one("startIndex") == "301" else usual(asked)

    served.answer = answer
    declare()
    found = watch.checked()
    assert {kind for (code, _), kind in found.items() if code == "OBS301"} == {"open"}, (
        "never well, never gone"
    )
    assert not watch.look()["accounts"].complete and not watch.look()["roles"].complete


def test_h10_a_total_that_changes_meanwhile(odd: Any) -> None:
    served, watch = odd
    usual = served.answer

    def answer(asked: Asked) -> Reply:
        status, body, headers = usual(asked)
        if asked.one("startIndex") == "301":
            body = {**body, "totalResults": 699}
        return status, body, headers

    served.answer = answer
    found = watch.look()
    assert not found["accounts"].complete and watch.way.faults["total_changed"]


@pytest.mark.parametrize(
    "wrong",
    [{"active": "yes"}, {"userName": None}, {"userName": "no address"}, {"emails": [{"value": "a@b"}]}],
)
def test_h12_a_user_of_another_shape_is_counted_and_left_out(odd: Any, wrong: dict[str, Any]) -> None:
    served, watch = odd
    usual = served.user
    served.user = lambda number: {**usual(number), **(wrong if number == 5 else {})}
    found = watch.look()
    assert found["accounts"].payload["accounts"][0]["count"] == 699
    assert not found["accounts"].complete and watch.way.faults["item_not_understood"] == 1


def test_groups_that_contain_each_other(odd: Any) -> None:
    served, watch = odd
    usual = served.answer

    def answer(asked: Asked) -> Reply:
        ring = [{"value": "a", "type": "Group"}, {"value": "b", "type": "Group"}, {"value": "1"}]
        if "/Groups/" in asked.path:
            return 200, {"id": "a", "members": ring}, {}
        if asked.path.endswith("/Groups"):
            return (
                200,
                {
                    "totalResults": 1,
                    "Resources": [{"id": "a", "displayName": "chat AGENTS", "members": ring}],
                },
                {},
            )
        return usual(asked)

    served.answer = answer
    found = watch.look()
    assert found["accounts"].complete and found["accounts"].payload["accounts"][0]["count"] == 1
