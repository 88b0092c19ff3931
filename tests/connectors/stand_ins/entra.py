"""A tenant of Microsoft Entra ID, as Microsoft Graph v1.0 describes its answers; one that can be changed while it runs.

UNCONFIRMED, for want of a tenant of theirs here:
 1. that transitiveMembers with $select gives the properties of users in a list of directory objects, without the header
    ConsistencyLevel; a cast to microsoft.graph.user would need it.
 2. that a client_credentials token says what it may do in `roles`: it does today, and Microsoft asks not to rely on it.
 3. that $filter with `in` takes 15 ids, as it does for users.
 4. that a user whom the app may not read has null properties among the members.
 5. that appRoleAssignedTo takes $top 999.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode

from tests.connectors.stand_ins.serving import Asked, Reply, StandIn

TENANT = "5f2c6a3e-0000-4000-8000-000000000001"
CLIENT, SECRET = "registry-reader", "canary-entra-secret-19c4"
APP = "7d9e1c55-0000-4000-8000-00000000000a"


class Entra(StandIn):
    """Sign-in and Graph of one tenant on one origin; `page` items at a time, whatever is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count(1)
        self.may = ["GroupMember.Read.All", "User.Read.All", "Application.Read.All"]
        self.page = 50
        self.tokens: set[str] = set()
        self.people: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, dict[str, Any]] = {}
        self.app_roles: dict[str, str] = {}
        self.assigned: list[dict[str, Any]] = []

    # --- changing it

    def person(self, name: str, *, enabled: bool = True, mail: str | None = "") -> str:
        id_ = f"00000000-0000-4000-8000-{next(self._numbers):012d}"
        self.people[id_] = {
            "@odata.type": "#microsoft.graph.user", "id": id_, "mail": name if mail == "" else mail,
            "userPrincipalName": name, "accountEnabled": enabled, "displayName": "canary-person",
        }  # fmt: skip
        return id_

    def group(self, name: str, *members: str) -> str:
        id_ = f"00000000-0000-4000-9000-{next(self._numbers):012d}"
        self.groups[id_] = {
            "@odata.type": "#microsoft.graph.group",
            "id": id_,
            "displayName": name,
            "members": [*members],
        }
        return id_

    def app_role(self, value: str) -> None:
        self.app_roles[value] = f"00000000-0000-4000-a000-{next(self._numbers):012d}"

    def assign(self, value: str, id_: str) -> None:
        kind = "User" if id_ in self.people else "Group" if id_ in self.groups else "ServicePrincipal"
        told = {"appRoleId": self.app_roles[value], "principalId": id_, "principalType": kind}
        self.assigned.append(
            {"id": f"a{len(self.assigned)}", "principalDisplayName": "canary-person", **told}
        )

    # --- answering

    def answer(self, asked: Asked) -> Reply:
        if asked.path == f"/{TENANT}/oauth2/v2.0/token":
            return self._token(asked)
        if asked.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return (
                401,
                {"error": {"code": "InvalidAuthenticationToken", "message": "Access token is empty."}},
                {},
            )
        if not self.may:
            return (
                403,
                {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges"}},
                {},
            )
        found = self._at(asked, unquote(asked.path).removeprefix("/v1.0"))
        if found is None:
            return (
                404,
                {"error": {"code": "Request_ResourceNotFound", "message": "Resource does not exist"}},
                {},
            )
        return 200, found, {}

    def _token(self, asked: Asked) -> Reply:
        form = {name: value[0] for name, value in parse_qs(asked.body.decode()).items()}
        if (form["client_id"], form["client_secret"]) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client", "error_description": "AADSTS7000215"}, {}
        if form["grant_type"] != "client_credentials" or not form["scope"].endswith("/.default"):
            return 400, {"error": "invalid_scope"}, {}
        claims = json.dumps({"roles": self.may, "n": next(self._numbers)}).encode()
        token = f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c2ln"
        self.tokens.add(token)
        return (
            200,
            {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token},
            {},
        )

    def _at(self, asked: Asked, path: str) -> Any:
        if path == "/groups":
            name = re.fullmatch(r"displayName eq '((?:[^']|'')*)'", asked.one("$filter"))
            assert name is not None
            wanted = name[1].replace("''", "'")
            return self._list(asked, [one for one in self.groups.values() if one["displayName"] == wanted])
        if match := re.fullmatch(r"/groups/([^/]+)/transitiveMembers", path):
            return self._list(asked, self._inside(match[1], set())) if match[1] in self.groups else None
        if path == f"/servicePrincipals(appId='{APP}')":
            roles = [{"id": id_, "value": value, "displayName": value, "isEnabled": True}
                     for value, id_ in self.app_roles.items()]  # fmt: skip
            return {"id": "sp-1", "appRoles": roles}
        if path == "/servicePrincipals/sp-1/appRoleAssignedTo":
            return self._list(asked, self.assigned)
        if path == "/users":
            ids = re.findall(r"'([^']+)'", asked.one("$filter").removeprefix("id in "))
            assert len(ids) <= 15
            return self._list(asked, [self.people[one] for one in ids if one in self.people])
        return None

    def _inside(self, group: str, done: set[str]) -> list[dict[str, Any]]:
        found = []
        for one in self.groups[group]["members"]:
            if one in done:
                continue
            done.add(one)
            if one in self.groups:
                found += [self.groups[one], *self._inside(one, done)]
            else:
                found.append(self.people[one])
        return found

    def _list(self, asked: Asked, items: list[dict[str, Any]]) -> dict[str, Any]:
        start = int(asked.one("$skiptoken", "0"))
        wanted = {"@odata.type", *asked.one("$select", "").split(",")} - {""}
        names = wanted if "$select" in asked.query else None
        value = [{name: told for name, told in one.items() if names is None or name in names}
                 for one in items[start : start + self.page]]  # fmt: skip
        answer: dict[str, Any] = {"@odata.context": "…", "value": value}
        if start + self.page < len(items):
            query = {name: values[0] for name, values in asked.query.items()} | {
                "$skiptoken": start + self.page
            }
            answer["@odata.nextLink"] = f"{self.origin}{asked.path}?{urlencode(query)}"
        return answer
