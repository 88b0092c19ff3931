"""A realm of Keycloak, by its admin REST interface: who is in the groups and has the roles that a record declares.

Members of groups below a group count, as they have its roles; so do members of groups that have a role. Roles that
contain another role are not followed. Of second factors only the one-time password of Keycloak itself shows. When
somebody signed in last is in its events, if those are kept, and is not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from marshmallow import ValidationError, validate, validates_schema

from registry.connectors.observed.plain import Domain, Word, several
from registry.connectors.origin import Origin, only
from registry.connectors.reading.grant import Grant
from registry.connectors.reading.membership import Members, RoleOfSystem, seen
from registry.connectors.source import Allow, NotSeen, Seen, Source, Way, listed, mapped, text, truth
from registry.strict.schema import OneOf, Schema, Text

PAGE = 100
DEPTH = 20  # groups below groups


class KeycloakRole(RoleOfSystem):
    """A group by its path (`/chat/agents`), a role of the realm, or a role of a client."""

    by = OneOf(
        "group",
        "realm_role",
        "client_role",
        load_default="group",
        metadata={"description": "What it is there; a group, if left out."},
    )
    client = Word(metadata={"description": "The client id, of a client's role."})

    @validates_schema(skip_on_field_errors=True)
    def _whose(self, data: Mapping[str, Any], **_: Any) -> None:
        if (data["by"] == "client_role") is not ("client" in data):
            raise ValidationError("required: A client's role, and no other, has a client.", "client")


class KeycloakSettings(Schema):
    """Which realm, and which of its groups and roles the record declares."""

    address = Origin(required=True, metadata={"description": "Of the server: https://login.example.com."})
    path = Text(
        validate=validate.Regexp(r"(/[A-Za-z0-9._~-]+)+\Z"),
        metadata={"description": "Before /realms and /admin, where there is something: /auth of old."},
    )
    realm = Text(
        max=200, required=True, metadata={"description": "The name of the realm, as in its addresses."}
    )
    roles = several(
        KeycloakRole,
        metadata={"description": "The groups or roles that the record declares, as the system calls them."},
    )
    domain = Domain(metadata={"description": "Of accounts that have no address."})


SOURCE = Source(
    title={"fi": "Keycloak", "sv": "Keycloak", "en": "Keycloak"},
    settings=KeycloakSettings,
    secrets={
        "client_id": "A confidential client with a service account that has the roles view-users and query-groups, and "
        "view-clients where clients' roles are asked for.",
        "client_secret": "Its secret.",
    },
    sees=("credential", "accounts", "roles"),
    addressed=("path", "realm"),
)  # fmt: skip


def reach(settings: Mapping[str, Any]) -> Allow:
    """The realm's own server."""
    return only(settings["address"])


def observe(way: Way, settings: Mapping[str, Any]) -> Iterator[Seen]:
    """What the credential may do, then accounts and roles from one reading of both."""
    base, realm = settings["address"] + settings.get("path", ""), quote(settings["realm"], safe="")
    grant = Grant(way, f"{base}/realms/{realm}/protocol/openid-connect/token", base)
    yield way.look("credential", lambda: _credential(grant))
    directory = _Realm(way, grant, f"{base}/admin/realms/{realm}")
    members = Members(settings["roles"], settings.get("domain"))
    yield from seen(way, members, lambda: directory.gather(settings["roles"], members))


def _credential(grant: Grant) -> Mapping[str, Any]:
    """By the roles in its token; all that an administrator is told of a realm begins with view or query."""
    grant.fresh()
    try:
        claims = grant.claims()
        ours = listed(claims.get("resource_access", {}).get("realm-management", {}).get("roles", []))
        held = [
            *ours,
            *(f"{one} (realm)" for one in claims.get("realm_access", {}).get("roles", []) if "admin" in one),
        ]
    except (ValueError, AttributeError):
        return {"more_than_reading": None, "because": "not_shown"}
    if not ours:  # the token does not say what it may do
        return {"more_than_reading": None, "because": "not_shown"}
    more = sorted({str(one) for one in held if not str(one).startswith(("view-", "query-"))})
    return {"more_than_reading": bool(more), "may": more[:100]}


class _Realm:
    """The realm as its admin interface gives it."""

    def __init__(self, way: Way, grant: Grant, base: str) -> None:
        self._way, self._grant, self._base = way, grant, base

    def gather(self, roles: list[Mapping[str, Any]], members: Members) -> None:
        """Add the members of each role."""
        for role in roles:
            self._grant.fresh()
            counted: set[str] = set()
            for user in self._users(role):
                with self._way.item():
                    id_ = text(user, "id")
                    if id_ in counted:
                        continue
                    counted.add(id_)
                    address = user.get("email") or text(user, "username")
                    known = {"two_factor": True} if user.get("totp") is True else {}
                    members.add(role["name"], address, active=truth(user, "enabled"), **known)

    def _users(self, role: Mapping[str, Any]) -> Iterator[Any]:
        try:
            if role["by"] == "group":
                path = quote(role["name"].strip("/"), safe="/")
                yield from self._in_group(mapped(self._way.get(f"{self._base}/group-by-path/{path}")))
                return
            where = self._base if role["by"] == "realm_role" else self._client(role["client"])
            named = f"{where}/roles/{quote(role['name'], safe='')}"
            text(self._way.get(named), "name")
        except NotSeen as failed:
            if failed.code != "no_such_endpoint":
                raise
            self._way.broken("role_not_found")
            return
        yield from self._all(f"{named}/users", briefRepresentation="false")
        for group in self._all(f"{named}/groups", briefRepresentation="true"):
            yield from self._in_group(group)

    def _client(self, client: str) -> str:
        for one in listed(self._way.get(f"{self._base}/clients", {"clientId": client})):
            if text(one, "clientId") == client:
                return f"{self._base}/clients/{quote(text(one, 'id'), safe='')}"
        raise NotSeen("no_such_endpoint")

    def _in_group(self, group: Any, depth: int = 1) -> Iterator[Any]:
        """The members of a group and of those below it."""
        where = f"{self._base}/groups/{quote(text(group, 'id'), safe='')}"
        yield from self._all(f"{where}/members", briefRepresentation="false")
        if depth >= DEPTH:
            self._way.broken("groups_too_deep")
            return
        for below in self._all(f"{where}/children", briefRepresentation="true"):
            yield from self._in_group(below, depth + 1)

    def _all(self, url: str, **asked: str) -> Iterator[Any]:
        """All of a list that is asked for by `first` and `max`, and says nowhere how long it is."""
        at = {"first": 0}

        def following(page: list[Any]) -> Mapping[str, Any] | None:
            self._grant.fresh()
            at["first"] += len(page)
            return {**asked, **at, "max": PAGE} if len(page) >= PAGE else None

        yield from self._way.pages(
            url, {**asked, **at, "max": PAGE}, items=lambda page: page, following=following
        )
