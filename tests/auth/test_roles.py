"""Roles: what each gives, how they meet with scopes, who may give and take them, and that they go at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from hypothesis import given as cases
from hypothesis import strategies as st
from playhouse.migrations import Runner

from registry import db, errors, journal
from registry.api.door import Mark
from registry.api.reach import ALL, HISTORY, REGISTERS, SYSTEMS, Reach
from registry.app import create_app
from registry.auth.clients import stored as clients
from registry.auth.clients.stored import Family
from registry.auth.roles import giving
from registry.auth.roles.duties import CHOSEN, DUTIES, EVERY, Given, given, least, parse
from registry.auth.roles.meeting import Asking, Role, meet
from registry.auth.scopes import SCOPES
from registry.cli import main
from registry.db import shape
from registry.people import sessions, users
from registry.settings import Settings
from tests.auth.asking import BASE, Known, bearer, journalled

ALL_SCOPES = tuple(SCOPES)
FULL = frozenset({REGISTERS, SYSTEMS, HISTORY})


def asking(*roles: Role, scopes: Any = ALL_SCOPES) -> Asking:
    return Asking("client/x", "x", frozenset(scopes), roles, "2099-01-01T00:00:00.000000Z")


def at(held: Asking, *scopes: str, within: Any = ()) -> Any:
    return meet(held, Mark(frozenset(scopes), within=frozenset(within)))


# What each role gives ---------------------------------------------------------------------------------------


def test_each_scope_is_given_by_some_role_and_each_role_gives_scopes_of_the_book() -> None:
    assert DUTIES["owner"].scopes == set(SCOPES)
    for duty in DUTIES.values():
        assert duty.scopes <= set(SCOPES)
        assert all(duty.title.values())
    for reading in ("reader", "auditor", "system"):
        assert not [scope for scope in DUTIES[reading].scopes if scope.endswith(":write")]
    assert DUTIES["system"].scopes == {"retention:read"}
    assert set(CHOSEN) < DUTIES["auditor"].scopes


@pytest.mark.parametrize(
    "inside", ["clients:read", "connectors:read", "roles:read", "audits:read", "webhooks:read"]
)
def test_who_only_reads_or_edits_does_not_see_the_inside_of_the_house(inside: str) -> None:
    for role in ("reader", "editor", "auditor", "system"):
        assert inside not in DUTIES[role].scopes


@pytest.mark.parametrize(
    ("scopes", "role"),
    [
        (["retention:read"], "reader"),
        (["registers:read", "journal:read"], "reader"),
        (["registers:read", "registers:write"], "editor"),
        (["registers:write", "journal:read"], "dpo"),
        (["holds:write"], "dpo"),
        (["clients:write"], "owner"),
        (list(SCOPES), "owner"),
    ],
)
def test_the_least_role_that_gives_them(scopes: list[str], role: str) -> None:
    assert least(scopes) == role


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("dpo@acme", Given("dpo", "acme")),
        ("owner@*", Given("owner", EVERY)),
        ("editor@acme:staff,news,news", Given("editor", "acme", ("news", "staff"))),
        ("system@acme:chat", Given("system", "acme", None, ("chat",))),
    ],
)
def test_a_role_as_it_is_typed(text: str, role: Given) -> None:
    assert parse(text) == role
    assert parse(str(role)) == role


@pytest.mark.parametrize(
    "text",
    ["", "dpo", "dpo@", "@acme", "king@acme", "auditor@acme", "auditor@acme:news", "dpo@acme:news", "system@acme",
     "system@*", "system@*:chat", "system@acme:", "editor@acme:", "editor@*:news", "editor@acme:NEWS", "dpo@ACME",
     "editor@acme:a,,b", "dpo@acme/x", "dpo@acme\n", "editor@acme:" + ",".join(f"r{n}" for n in range(201))],
)  # fmt: skip
def test_a_role_that_cannot_be(text: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        parse(text)
    assert caught.value.code in ("unknown_role", "bad_role")


# How they meet ----------------------------------------------------------------------------------------------


def test_different_roles_in_different_controllers() -> None:
    held = asking(Role("acme", "dpo"), Role("other", "reader"))
    assert at(held, "registers:read").controllers == {"acme", "other"}
    writing = at(held, "registers:write")
    assert (writing.controllers, writing.lacking) == ({"acme"}, {"other"})


def test_a_role_gives_no_more_than_the_token() -> None:
    held = asking(Role("acme", "owner"), scopes=["registers:read"])
    assert at(held, "registers:write") is None
    assert at(held, "registers:read").rights == {"acme": {"registers:read"}}


def test_two_scopes_are_both_needed_in_the_same_controller() -> None:
    held = asking(Role("acme", "reader"), Role("other", "system", None, "chat"))
    assert at(held, "registers:read", "findings:read").controllers == {"acme"}
    assert at(held, "registers:read", "registers:write") is None


def test_who_is_limited_is_let_in_only_where_the_door_narrows() -> None:
    held = asking(Role("acme", "editor", "news"))
    assert at(held, "registers:write") is None
    narrowed = at(held, "registers:write", within=[REGISTERS])
    assert narrowed.controllers == {"acme"}
    assert narrowed.reach == {"acme": (Reach(frozenset({"news"})),)}
    assert narrowed.rights == {"acme": frozenset()}


def test_who_also_has_a_role_without_limits_is_not_limited() -> None:
    held = asking(Role("acme", "editor", "news"), Role("acme", "reader"))
    assert at(held, "registers:read", within=FULL).reach == {}
    assert at(held, "registers:write", within=FULL).reach == {"acme": (Reach(frozenset({"news"})),)}
    # Both scopes at once: where the narrower of them reaches.
    assert at(held, "registers:read", "registers:write", within=FULL).reach == {
        "acme": (Reach(frozenset({"news"})),)
    }


def test_everywhere_is_everywhere_and_lacks_nothing() -> None:
    held = asking(Role(EVERY, "owner"), Role("acme", "editor", "news"))
    found = at(held, "registers:write")
    assert (found.controllers, found.reach, found.lacking) == (None, {}, frozenset())
    reader = asking(Role(EVERY, "reader"), Role("acme", "dpo"))
    assert at(reader, "registers:read").controllers is None
    assert (at(reader, "registers:write").controllers, at(reader, "registers:write").lacking) == (
        {"acme"},
        {EVERY},
    )


def test_an_auditor_has_what_the_engagement_chose_and_never_drafts() -> None:
    held = asking(Role("acme", "auditor", "news", None, "2025", "2026", "registers:read journal:read", 7))
    assert at(held, "findings:read", within=FULL) is None
    assert at(held, "registers:write", within=FULL) is None
    assert at(held, "registers:read", within=[REGISTERS]) is None
    assert at(held, "registers:read", within=FULL).reach == {
        "acme": (Reach(frozenset({"news"}), None, "2025", "2026", True),)
    }
    whole = asking(Role("acme", "auditor", scopes="registers:read", audit=8))
    assert at(whole, "registers:read", within=[HISTORY]).reach == {"acme": (Reach(published=True),)}


def test_a_role_that_nobody_knows_any_more_gives_nothing() -> None:
    assert at(asking(Role("acme", "emperor")), "registers:read") is None
    assert at(asking(), "registers:read") is None


NAMES = st.none() | st.sets(st.sampled_from("abc"), min_size=1).map(lambda some: " ".join(sorted(some)))
ROLES = (
    st.builds(
        Role,
        st.sampled_from(["acme", "other", EVERY]),
        st.sampled_from(sorted(DUTIES)),
        NAMES,
        NAMES,
    )
    .filter(lambda role: role.controller != EVERY or role.reach == ALL)
    .filter(lambda role: None in (role.since, role.until) or role.since < role.until)
)  # no period is empty
NEEDED = st.sets(st.sampled_from(ALL_SCOPES), min_size=1, max_size=2)


@cases(st.lists(ROLES, max_size=5), NEEDED, st.sets(st.sampled_from(sorted(FULL))))
def test_what_is_met_is_what_some_role_gives_for_each_scope(
    roles: list[Role], scopes: set[str], within: set[str]
) -> None:
    """Against the plainest reading: asked register by register and system by system."""
    held = at(asking(*roles), *scopes, within=within)
    for controller in ("acme", "other", "ghost"):
        for register in "abcd":
            for system in "abcd":
                wanted = all(
                    any(
                        role.controller in (controller, EVERY)
                        and scope in role.gives
                        and role.reach.limits <= within
                        and (role.registers is None or register in role.registers)
                        and (role.systems is None or system in role.systems)
                        for role in roles
                    )
                    for scope in scopes
                )
                seen = held is not None and (held.controllers is None or controller in held.controllers)
                if seen and controller in held.reach:
                    seen = any(
                        one.register(register) and (one.systems is None or system in one.systems)
                        for one in held.reach[controller]
                    )
                assert seen == wanted, (controller, register, system)


# Giving and taking ------------------------------------------------------------------------------------------


@pytest.fixture
def http(database: str) -> FlaskClient:
    return create_app(Settings(database=database, base_url=BASE)).test_client()


Ask = Callable[..., Any]


@pytest.fixture
def ask(http: FlaskClient, issue: Callable[..., str]) -> Ask:
    """Asks as a client, with all scopes or some."""

    def asked(
        who: Known, method: str, path: str, body: Any = None, scopes: Any = ALL_SCOPES, **headers: str
    ) -> Any:
        sent = bearer(issue(who, *scopes)) | headers
        return http.open(path, method=method, json=body, headers=sent)

    return asked


def member(*roles: str) -> Known:
    client, secret = clients.register_client(
        name="Member", scopes=ALL_SCOPES, roles=[parse(role) for role in roles], by="operator"
    )
    return Known(client.client_id, secret, client.actor)


def grant(principal: Known, role: str, **more: Any) -> dict[str, Any]:
    made = parse(role)
    names = {"registers": made.registers, "systems": made.systems}
    told = {"principal": principal.actor, "role": made.role, "controller": made.controller}
    return told | {kind: list(some) for kind, some in names.items() if some} | more


def test_an_owner_gives_a_role_and_takes_it_away(ask: Ask) -> None:
    owner, other = member("owner@acme"), member("reader@other")
    given_ = ask(owner, "POST", "/v1/roles", grant(other, "editor@acme:news"))
    assert (given_.status_code, given_.headers["ETag"]) == (201, '"v1"')
    assert given_.json["registers"] == ["news"]
    path = given_.headers["Location"]
    assert ask(owner, "GET", path).json == given_.json
    assert [one["id"] for one in ask(owner, "GET", "/v1/roles?role=editor").json["items"]] == [
        given_.json["id"]
    ]
    taken = ask(owner, "DELETE", path, **{"If-Match": '"v1"'})
    assert (taken.status_code, taken.json["taken_by"]) == (200, owner.actor)
    assert ask(owner, "GET", "/v1/roles?role=editor").json["items"] == []
    assert ask(owner, "DELETE", path, **{"If-Match": '"v2"'}).status_code == 410
    last = [
        (one.actor, one.version) for name in ("role.given", "role.taken") for one in journalled(name)[-1:]
    ]
    assert last == [(owner.actor, 1), (owner.actor, 2)]
    assert journal.verify().ok


def test_c5_a_role_that_is_taken_away_is_gone_with_the_next_request(
    http: FlaskClient, issue: Callable[..., str]
) -> None:
    reader = member("reader@acme", "reader@other")
    token = bearer(issue(reader, *ALL_SCOPES))
    assert http.get("/v1/roles", headers=token).status_code == 403
    assert http.get("/v1/journal?controller=acme", headers=token).status_code == 200
    first, second = giving.of(reader.actor)
    giving.take(first.id, by="operator")
    assert http.get("/v1/registers/acme/news", headers=token).status_code == 404
    giving.take(second.id, by="operator")
    answer = http.get("/v1/registers/acme/news", headers=token)
    assert (answer.status_code, answer.json["code"]) == (403, "insufficient_scope")
    giving.give(reader.actor, parse("reader@acme"), by="operator")
    assert http.get("/v1/journal", headers=token).status_code == 200


def test_mine_but_not_for_this_is_403_and_anothers_404(ask: Ask) -> None:
    both = member("dpo@acme", "reader@other")
    new = {"If-None-Match": "*"}
    body = {"record": {"register": "News"}}
    assert ask(both, "PUT", "/v1/registers/other/news", body, **new).status_code == 403
    assert ask(both, "PUT", "/v1/registers/ghost/news", body, **new).status_code == 404


@pytest.mark.parametrize(
    ("giver", "role", "status"),
    [
        ("owner@acme", "owner@acme", 201),
        ("owner@acme", "dpo@acme", 201),
        ("owner@*", "dpo@acme", 201),
        ("dpo@acme", "dpo@acme", 201),
        ("dpo@acme", "system@acme:chat", 201),
        ("dpo@acme", "owner@acme", 403),
        ("dpo@acme", "reader@other", 404),
        ("reader@acme", "reader@acme", 403),
        ("editor@acme:news", "editor@acme:news", 403),
    ],
)  # fmt: skip
def test_nobody_gives_more_than_they_have(ask: Ask, giver: str, role: str, status: int) -> None:
    who, other = member(giver), member("reader@elsewhere")
    before = journal.checkpoint()["size"]
    answer = ask(who, "POST", "/v1/roles", grant(other, role))
    assert answer.status_code == status
    if status != 201:
        assert journal.checkpoint()["size"] == before + 1  # the token


def test_nobody_gives_more_than_their_token_may(ask: Ask) -> None:
    owner, other = member("owner@acme"), member("reader@elsewhere")
    answer = ask(
        owner, "POST", "/v1/roles", grant(other, "dpo@acme"), scopes=["roles:write", "registers:read"]
    )
    assert (answer.status_code, answer.json["code"]) == (403, "more_than_own")


def test_the_last_owner_stays(ask: Ask) -> None:
    owner = member("owner@acme")
    (role,) = giving.of(owner.actor)
    path, match = f"/v1/roles/{role.id}", {"If-Match": '"v1"'}
    answer = ask(owner, "DELETE", path, **match)
    assert (answer.status_code, answer.json["code"]) == (409, "last_owner")
    gone = member("owner@acme")
    clients.disable_client(gone.id, by="operator")  # owns nothing any more
    assert ask(owner, "DELETE", path, **match).status_code == 409
    assert ask(member("dpo@acme"), "DELETE", path, **match).status_code == 403
    member("owner@acme")
    assert ask(owner, "DELETE", path, **match).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"role": "auditor"}, 422),
        ({"role": "king"}, 422),
        ({"controller": "*"}, 422),
        ({"registers": []}, 422),
        ({"registers": ["A B"]}, 422),
        ({"systems": ["chat"]}, 422),
        ({"role": "system"}, 422),
        ({"principal": "client/0123456789abcdef"}, 422),
        ({"principal": "operator"}, 422),
        ({"principal": "user/"}, 422),
        ({"principal": "client/x\u0000"}, 422),
        ({"ends_at": "2027-01-01"}, 422),
        ({"audit": 1}, 422),
    ],
)
def test_what_cannot_be_given(ask: Ask, body: dict[str, Any], code: int) -> None:
    owner, other = member("owner@acme"), member("reader@elsewhere")
    answer = ask(owner, "POST", "/v1/roles", {**grant(other, "reader@acme"), **body})
    assert answer.status_code == code, answer.json
    assert len(giving.of(other.actor)) == 1


def test_one_role_once(ask: Ask) -> None:
    owner, other = member("owner@acme"), member("reader@acme")
    answer = ask(owner, "POST", "/v1/roles", grant(other, "reader@acme:news"))
    assert (answer.status_code, answer.json["code"]) == (409, "given_already")


def test_a_person_asks_with_their_own_roles_through_whichever_client(
    http: FlaskClient, issue: Callable[..., str]
) -> None:
    """Also B18: somebody who was disabled, or is not there any more, is refused on the next request."""
    user = users.add_user(email="dpo@acme.example", name="DPO", language="fi", by="operator")
    giving.give(user.actor, parse("dpo@acme"), by="operator")
    program = member("reader@other")
    token = bearer(issue(program, *ALL_SCOPES))
    with db.writing(why="as a consent will"):
        Family.update(user_id=user.id).execute()
    roles = http.get("/v1/roles", headers=token).json["items"]  # type: ignore[index]  # JSON
    assert [one["principal"] for one in roles] == [user.actor]
    given_ = http.post("/v1/roles", json=grant(program, "reader@acme"), headers=token)
    assert (given_.status_code, given_.json["given_by"]) == (201, user.actor)  # type: ignore[index]  # JSON
    assert http.get("/v1/journal?controller=other", headers=token).json["items"] == []  # type: ignore[index]  # JSON
    sessions.disable(user.id, by="operator")
    assert http.get("/v1/roles", headers=token).status_code == 401
    with db.writing(why="as somebody with the database may"):
        users.User.delete().execute()
    assert http.get("/v1/roles", headers=token).status_code == 401


@pytest.mark.usefixtures("database")
def test_an_engagements_role_is_ended_with_it() -> None:
    other = member("reader@elsewhere")
    with db.writing():
        row = giving.keep(other.actor, Given("auditor", "acme"), by="operator", audit=1)
    with pytest.raises(errors.Conflict) as caught:
        giving.take(row.id, by="operator")
    assert caught.value.code == "of_an_engagement"


def test_all_is_all() -> None:
    assert Reach().limits == frozenset()
    assert given("reader", "acme") == Given("reader", "acme")
    assert ALL.meets(Reach(frozenset("a"))) == Reach(frozenset("a"))


# Those that a migration gave --------------------------------------------------------------------------------


def test_a_role_that_a_migration_gave_is_in_the_journal(migrated_url: str) -> None:
    """A database from before there were roles: `registry migrate` writes down which it gave, once."""
    base = db.open(migrated_url)
    with db.writing(why="as it was"):
        Runner(base, str(shape.DIRECTORY), shape.HISTORY).down("0013_roles")
        for client, scopes in (("c1", "registers:read"), ("c2", "clients:write registers:read")):
            db.execute(
                "INSERT INTO auth_client (client_id, name, secret_sha256, scopes, created_at, auth_method, grant_types,"
                " redirect_uris) VALUES (?, ?, '', ?, '2026-01-01T00:00:00.000000Z', 'client_secret', '', '')",
                client, client, scopes,
            )  # fmt: skip
            db.execute("INSERT INTO auth_grant (client_id, controller) VALUES (?, 'acme')", client)
    db.close()
    command = [main, ["migrate"]]
    done = CliRunner().invoke(*command, env={"REGISTRY_DATABASE": migrated_url})
    assert done.exit_code == 0, done.output
    assert "Written into the journal: 2 roles that a migration gave." in done.output
    assert "Nothing to do." in CliRunner().invoke(*command, env={"REGISTRY_DATABASE": migrated_url}).output
    db.open(migrated_url)
    told = [(one.object, one.actor, one.payload) for one in journalled("role.given")]
    assert [(of, by, (said or {}).get("role")) for of, by, said in told] == [
        ("role/acme/1", "migration", "reader@acme"),
        ("role/acme/2", "migration", "owner@acme"),
    ]
    assert journal.verify().ok
    with db.writing(why="as somebody with the database may"):
        giving.StoredRole.insert(
            id=3, principal="client/c1", controller="acme", role="owner", given_by="migration",
            given_at="2026-01-01T00:00:00.000000Z",
        ).execute()  # fmt: skip
    assert [one.reason for one in journal.verify().faults] == [
        "no entry speaks of the document role/acme/3 version 1"
    ]
    db.close()
