"""A directory by SCIM 2.0 (RFC 7643, 7644): who is in the groups, or has the roles, that a record declares.

Members of groups in groups count. An account whose `active` is not said counts as one that is. When somebody signed in
last, and with how many factors, no attribute of the standard tells.

What our token may do the standard does not tell either. A token that is a JWT says it itself, and a server that has
`/Me` (RFC 7644, 3.11) shows our own roles and entitlements; nothing is ever written to try it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import orjson
from marshmallow import validate

from registry.connectors.observed.plain import Domain, several
from registry.connectors.origin import Origin, only
from registry.connectors.reading import rights
from registry.connectors.reading.grant import claims_of
from registry.connectors.reading.membership import Members, RoleOfSystem, seen
from registry.connectors.source import (
    Allow,
    NotSeen,
    Seen,
    Source,
    Way,
    day_at,
    listed_if,
    mapped,
    text,
    whole,
)
from registry.strict.schema import OneOf, Schema, Text

PAGE = 100
DEPTH = 20  # groups in groups


class ScimRole(RoleOfSystem):
    """A group by its displayName, or a value of the users' `roles`."""

    by = OneOf(
        "group",
        "role",
        load_default="group",
        metadata={"description": "What it is there; a group, if left out."},
    )


class ScimSettings(Schema):
    """Which directory, and which of its roles the record declares."""

    address = Origin(required=True, metadata={"description": "Of the server: https://directory.example.com."})
    path = Text(
        validate=validate.Regexp(r"(/[A-Za-z0-9._~-]+)+\Z"),
        load_default="/scim/v2",
        metadata={"description": "Before /Users and /Groups; /scim/v2, if left out."},
    )
    roles = several(
        ScimRole,
        metadata={"description": "The groups or roles that the record declares, as the system calls them."},
    )
    domain = Domain(metadata={"description": "Of accounts that have no address."})


SOURCE = Source(
    title={"fi": "Käyttäjähakemisto (SCIM)", "sv": "Användarkatalog (SCIM)", "en": "Directory (SCIM)"},
    settings=ScimSettings,
    secrets={"token": "A bearer token that may read Users and Groups, and nothing else."},
    sees=("accounts", "roles", "credential"),
    addressed=("path",),
)


def reach(settings: Mapping[str, Any]) -> Allow:
    """The directory."""
    return only(settings["address"])


def observe(way: Way, settings: Mapping[str, Any]) -> Iterator[Seen]:
    """Accounts and roles, from one reading of both; then what the token, which was taken, may do."""
    base = settings["address"] + settings["path"]
    accept = "application/scim+json, application/json"
    way.sign_in(base, {"Authorization": f"Bearer {way.secret('token')}", "Accept": accept})
    members = Members(settings["roles"], settings.get("domain"))
    yield from seen(way, members, lambda: _gather(way, base, settings["roles"], members))
    yield way.look("credential", lambda: _credential(way, base))


def _credential(way: Way, base: str) -> Mapping[str, Any]:
    """By the scopes of a token that is a JWT, and by our own roles, where the server has /Me and shows them."""
    ours: Mapping[str, Any] = {}
    try:
        ours = mapped(way.get(f"{base}/Me", {"attributes": "roles,entitlements"}))
    except NotSeen as failed:  # most have no /Me, and it is no part of what the token has to reach
        if failed.reason not in ("no_such_endpoint", "forbidden", "other"):
            raise
    try:
        claims = claims_of(way.secret("token"))
        held, ends = rights.scopes(claims), claims.get("exp")
    except ValueError:
        held, ends = [], None
    may = rights.writing([*held, *rights.valued(ours.get("roles")), *rights.valued(ours.get("entitlements"))])
    until = {"ends_on": day_at(ends)} if isinstance(ends, int) and 0 < ends < 2**35 else {}
    return rights.told(may, None if rights.reading(held) else "not_shown", **until)


def _gather(way: Way, base: str, roles: list[Mapping[str, Any]], members: Members) -> None:
    by_value = {role["name"] for role in roles if role["by"] == "role"}
    of: dict[str, set[str]] = {}
    for role in roles:
        if role["by"] == "group":
            for user in _in_group(way, base, role["name"]):
                of.setdefault(user, set()).add(role["name"])
    counted: set[str] = set()
    asked = {"attributes": "userName,emails,active,roles"}
    for user in _all(way, f"{base}/Users", asked):
        with way.item():
            id_ = text(user, "id")
            has = of.pop(id_, set()) | (by_value & set(_values(user.get("roles"))))
            if not has or id_ in counted:  # a page that shifted gives some of them again
                continue
            counted.add(id_)
            active = user.get("active", True)
            if not isinstance(active, bool):
                raise ValueError("neither active nor not")
            for name in sorted(has):
                members.add(name, _address(user), active=active)
    if of:
        way.broken("member_not_found")


def _in_group(way: Way, base: str, name: str) -> set[str]:
    """The ids of the users in a group, also by other groups. A group that is not there leaves the look incomplete."""
    same = f"displayName eq {orjson.dumps(name).decode()}"
    waiting: list[Any] = []
    found = False
    for group in _all(way, f"{base}/Groups", {"filter": same, "attributes": "displayName,members"}):
        # A server that does not filter (RFC 7644, 3.4.2.2 lets it refuse, some ignore it) gives them all.
        if str(group.get("displayName", "")).casefold() == name.casefold():
            found = True
            waiting += [(one, 1) for one in listed_if(group.get("members"))]
    if not found:
        way.broken("role_not_found")
    users: set[str] = set()
    groups: set[str] = set()
    while waiting:
        member, depth = waiting.pop()
        with way.item():
            id_, is_group = text(member, "value"), _is_group(member)
            if not is_group:
                way.took()
                users.add(id_)
            elif id_ not in groups:
                groups.add(id_)
                if depth >= DEPTH:
                    way.broken("groups_too_deep")
                    continue
                inner = mapped(way.get(f"{base}/Groups/{quote(id_, safe='')}", {"attributes": "members"}))
                waiting += [(one, depth + 1) for one in listed_if(inner.get("members"))]
    return users


def _all(way: Way, url: str, asked: Mapping[str, Any]) -> Iterator[Any]:
    at = {"startIndex": 1}

    def following(page: Any) -> Mapping[str, Any] | None:
        got = len(listed_if(page.get("Resources")))
        at["startIndex"] += got
        return (
            {**asked, **at, "count": PAGE}
            if got and at["startIndex"] <= whole(page, "totalResults")
            else None
        )

    yield from way.pages(
        url,
        {**asked, "startIndex": 1, "count": PAGE},
        items=lambda page: listed_if(page.get("Resources")),
        following=following,
        total=lambda page: whole(page, "totalResults"),
    )


def _is_group(member: Any) -> bool:
    kind, where = member.get("type"), member.get("$ref")
    return kind == "Group" if isinstance(kind, str) else isinstance(where, str) and "/Groups/" in where


def _values(many: Any) -> list[str]:
    return [one if isinstance(one, str) else text(one, "value") for one in listed_if(many)]


def _address(user: Mapping[str, Any]) -> str | None:
    """The primary address, else any, else a user name that is one."""
    given = [mapped(one) for one in listed_if(user.get("emails"))]
    given = [one for one in given if one.get("value")]
    first = next((one for one in given if one.get("primary") is True), given[0] if given else None)
    return str(first["value"]) if first else text(user, "userName")
