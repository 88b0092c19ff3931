"""A tenant of Microsoft Entra ID, by Microsoft Graph: who is in the groups and the app roles that a record declares.

Members of groups in groups count, and members of groups that have an app role. Guests count by their own address.
Service principals are no people and are left out. When somebody signed in last and with how many factors is told only
to those who may read audit logs, which is more than this needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote

from marshmallow import ValidationError, validate, validates_schema

from registry.connectors.observed.plain import several
from registry.connectors.origin import Origin, only
from registry.connectors.reading.grant import Grant
from registry.connectors.reading.membership import Members, RoleOfSystem, seen
from registry.connectors.source import Allow, NotSeen, Seen, Source, Way, listed, mapped, text, truth
from registry.strict.schema import OneOf, Schema, Text

LOGIN, GRAPH = "https://login.microsoftonline.com", "https://graph.microsoft.com"
PAGE = 999
AT_ONCE = 15  # ids in one filter
_USER = "id,mail,userPrincipalName,accountEnabled"


class EntraRole(RoleOfSystem):
    """A group by its display name, or an app role by its value."""

    by = OneOf(
        "group",
        "app_role",
        load_default="group",
        metadata={"description": "What it is there; a group, if left out."},
    )


class EntraSettings(Schema):
    """Which tenant, and which of its groups and app roles the record declares."""

    tenant = Text(
        required=True,
        validate=validate.Regexp(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}\Z"),
        metadata={"description": "Its id, or one of its domains: example.onmicrosoft.com."},
    )
    app_id = Text(
        validate=validate.Regexp(r"[0-9a-fA-F-]{36}\Z"),
        metadata={"description": "The application (client) id whose roles they are."},
    )
    roles = several(
        EntraRole,
        metadata={"description": "The groups or roles that the record declares, as the system calls them."},
    )
    login = Origin(load_default=LOGIN, metadata={"description": "Of another cloud than the public one."})
    graph = Origin(load_default=GRAPH, metadata={"description": "Of another cloud than the public one."})

    @validates_schema(skip_on_field_errors=True)
    def _whose(self, data: Mapping[str, Any], **_: Any) -> None:
        if "app_id" not in data and any(role["by"] == "app_role" for role in data["roles"]):
            raise ValidationError("required: The application whose roles they are.", "app_id")


SOURCE = Source(
    title={"fi": "Microsoft Entra ID", "sv": "Microsoft Entra ID", "en": "Microsoft Entra ID"},
    settings=EntraSettings,
    secrets={
        "client_id": "An app registration with the application permissions GroupMember.Read.All and User.Read.All, and "
        "Application.Read.All where app roles are asked for.",
        "client_secret": "Its secret.",
    },
    sees=("credential", "accounts", "roles"),
    addressed=("tenant", "login"),
)  # fmt: skip


def reach(settings: Mapping[str, Any]) -> Allow:
    """The cloud's sign-in and its Graph."""
    return only(settings["graph"], settings["login"])


def observe(way: Way, settings: Mapping[str, Any]) -> Iterator[Seen]:
    """What the credential may do, then accounts and roles from one reading of both."""
    graph, tenant = settings["graph"], quote(settings["tenant"], safe="")
    url = f"{settings['login']}/{tenant}/oauth2/v2.0/token"
    grant = Grant(way, url, graph, scope=f"{graph}/.default")
    yield way.look("credential", lambda: _credential(grant))
    tenant_ = _Tenant(way, grant, f"{graph}/v1.0", settings.get("app_id"))
    members = Members(settings["roles"])
    yield from seen(way, members, lambda: tenant_.gather(settings["roles"], members))


def _credential(grant: Grant) -> Mapping[str, Any]:
    """By the `roles` of its token. Microsoft asks that clients do not rely on them: without, it cannot be told."""
    grant.fresh()
    try:
        held = [str(one) for one in listed(grant.claims()["roles"])]
    except (ValueError, KeyError):
        return {"more_than_reading": None, "because": "not_shown"}
    more = sorted({one for one in held if ".Read." not in one and ".ReadBasic." not in one})
    return {"more_than_reading": bool(more), "may": more[:100]}


class _Tenant:
    """The tenant as Graph gives it."""

    def __init__(self, way: Way, grant: Grant, base: str, app_id: str | None) -> None:
        self._way, self._grant, self._base, self._app_id = way, grant, base, app_id

    def gather(self, roles: list[Mapping[str, Any]], members: Members) -> None:
        """Add the members of each role."""
        for role in roles:
            self._grant.fresh()
            counted: set[str] = set()
            for user in self._in_group(role["name"]) if role["by"] == "group" else self._with(role["name"]):
                with self._way.item():
                    id_ = text(user, "id")
                    if id_ in counted:
                        continue
                    counted.add(id_)
                    members.add(role["name"], _address(user), active=truth(user, "accountEnabled"))

    def _in_group(self, name: str) -> Iterator[Any]:
        escaped = name.replace("'", "''")
        asked = {"$filter": f"displayName eq '{escaped}'", "$select": "id,displayName", "$top": PAGE}
        found = False
        for group in self._all(f"{self._base}/groups", asked):
            found = True
            yield from self._members(text(group, "id"))
        if not found:
            self._way.broken("role_not_found")

    def _members(self, group: str) -> Iterator[Any]:
        where = f"{self._base}/groups/{quote(group, safe='')}/transitiveMembers"
        for one in self._all(where, {"$select": _USER, "$top": PAGE}):
            is_user = False
            with self._way.item():
                is_user = text(one, "@odata.type") == "#microsoft.graph.user"
            if is_user:
                yield one

    def _with(self, value: str) -> Iterator[Any]:
        """Those who have an app role: by themselves, or by a group."""
        named = f"{self._base}/servicePrincipals(appId='{self._app_id}')"
        try:
            app = mapped(self._way.get(named, {"$select": "id,appRoles"}))
        except NotSeen as failed:
            if failed.code != "no_such_endpoint":
                raise
            self._way.broken("app_not_found")
            return
        ids = {text(one, "id") for one in listed(app["appRoles"]) if one.get("value") == value}
        if not ids:
            self._way.broken("role_not_found")
            return
        users: list[str] = []
        groups: list[str] = []
        where = f"{self._base}/servicePrincipals/{quote(text(app, 'id'), safe='')}/appRoleAssignedTo"
        for one in self._all(where, {"$top": PAGE}):
            with self._way.item():
                if text(one, "appRoleId") in ids:
                    kind, id_ = text(one, "principalType"), text(one, "principalId")
                    {"User": users, "Group": groups}.get(kind, []).append(id_)
        for group in groups:
            yield from self._members(group)
        for some in _batches(users, AT_ONCE):
            listed_ = ",".join("'" + one.replace("'", "''") + "'" for one in some)
            asked = {"$filter": f"id in ({listed_})", "$select": _USER, "$top": PAGE}
            got = 0
            for user in self._all(f"{self._base}/users", asked):
                got += 1
                yield user
            if got != len(some):
                self._way.broken("member_not_found")

    def _all(self, url: str, asked: Mapping[str, Any]) -> Iterator[Any]:
        def following(page: Any) -> str | None:
            self._grant.fresh()
            link = page.get("@odata.nextLink")
            if link is not None and not isinstance(link, str):
                raise ValueError("a link that is none")
            return link

        yield from self._way.pages(url, asked, items="value", following=following)


def _address(user: Mapping[str, Any]) -> str:
    """The mailbox; of whoever has none the name they sign in with, which of a guest holds our own domain."""
    mail, name = user.get("mail"), text(user, "userPrincipalName")
    if isinstance(mail, str) and mail:
        return mail
    if "#EXT#" in name:  # somebody_elsewhere.example#EXT#@ours.example
        box, _, domain = name.partition("#EXT#")[0].rpartition("_")
        return f"{box}@{domain}"
    return name


def _batches(items: Iterable[str], size: int) -> Iterator[list[str]]:
    waiting = iter(items)
    while some := list(islice(waiting, size)):
        yield some
