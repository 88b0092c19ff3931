"""A realm of Keycloak, as its admin REST reference describes the answers; one that can be changed while it runs.

UNCONFIRMED, for want of a server of theirs here:
 1. that /groups/{id}/children comes in pages by first and max in every version since 23; before that groups below a
    group were part of the group (`subGroups`), and there was no such path: 404 when `old`.
 2. that /roles/{name}/users leaves out those who have the role by a group or by another role; it is served so.
 3. that `totp` is part of the full representation of a user in lists.
 4. that an unknown group path answers 404.
 5. the status of a wrong secret at the token endpoint: 401 unauthorized_client here, 400 when `strict`.
"""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.connectors.stand_ins.serving import Asked, Reply, StandIn

CLIENT, SECRET = "registry-reader", "canary-keycloak-secret-88b1"


def _jwt(claims: dict[str, Any]) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{part(claims)}.c2lnbmF0dXJl"


class Keycloak(StandIn):
    """One realm, `acme`. Its people, groups and roles are plain Python: change them, and the next answer has them."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count(1)
        self.may = ["view-users", "query-groups", "query-users", "view-clients"]
        self.strict, self.lasts, self.jwt = False, 300, True
        self.tokens: set[str] = set()
        self.people: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, dict[str, Any]] = {}
        self.roles: dict[str, dict[str, set[str]]] = {}  # "name" or "client/name" -> users, groups
        self.clients = {"chat": "client-uuid-1"}

    # --- changing it

    def person(self, name: str, *, enabled: bool = True, totp: bool = False, email: str | None = "") -> str:
        id_ = f"user-{next(self._numbers)}"
        told = name if email == "" else email
        self.people[id_] = {
            "id": id_, "username": name, "enabled": enabled, "totp": totp, "emailVerified": True,
            "createdTimestamp": 1_700_000_000_000, "firstName": "canary-person", "lastName": "canary-person",
            **({"email": told} if told else {}),
        }  # fmt: skip
        return id_

    def group(self, path: str, *members: str) -> str:
        id_ = f"group-{next(self._numbers)}"
        parent, _, name = path.rpartition("/")
        self.groups[id_] = {"id": id_, "name": name, "path": path, "parent": parent, "members": list(members)}
        return id_

    def role(self, name: str, *, users: tuple[str, ...] = (), groups: tuple[str, ...] = ()) -> None:
        self.roles[name] = {"users": set(users), "groups": set(groups)}

    # --- answering

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/realms/acme/protocol/openid-connect/token":
            return self._token(asked)
        if asked.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return 401, {"error": "HTTP 401 Unauthorized"}, {}
        parts = [unquote(part) for part in asked.path.split("/")]
        if parts[:4] != ["", "admin", "realms", "acme"]:
            return 404, {"error": "Realm not found."}, {}
        if "view-users" not in self.may and "realm-admin" not in self.may:
            return 403, {"error": "HTTP 403 Forbidden"}, {}
        found = self._at(asked, parts[4:])
        return (404, {"error": "Could not find resource"}, {}) if found is None else (200, found, {})

    def _token(self, asked: Asked) -> Reply:
        form = {name: value[0] for name, value in parse_qs(asked.body.decode()).items()}
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            told = {
                "error": "unauthorized_client",
                "error_description": "Invalid client or Invalid client credentials",
            }
            return 400 if self.strict else 401, told, {}
        if form.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type"}, {}
        claims = {
            "azp": CLIENT, "jti": next(self._numbers), "realm_access": {"roles": ["offline_access"]},
            "resource_access": {"realm-management": {"roles": self.may}, "account": {"roles": ["manage-account"]}},
        }  # fmt: skip
        token = _jwt(claims) if self.jwt else f"opaque-{next(self._numbers)}"
        self.tokens.add(token)
        return (
            200,
            {"access_token": token, "expires_in": self.lasts, "token_type": "Bearer", "scope": "profile"},
            {},
        )

    def _at(self, asked: Asked, where: list[str]) -> Any:
        if where[0] == "group-by-path":
            path = "/" + "/".join(where[1:])
            return next((self._told(one) for one in self.groups.values() if one["path"] == path), None)
        if where[0] == "groups" and len(where) == 3 and where[1] in self.groups:
            group = self.groups[where[1]]
            if where[2] == "members":
                return self._page(asked, [self._person(asked, one) for one in group["members"]])
            if where[2] == "children":
                below = [self._told(one) for one in self.groups.values() if one["parent"] == group["path"]]
                return self._page(asked, below)
        if where == ["clients"]:
            wanted = asked.one("clientId")
            return [
                {"id": id_, "clientId": name} for name, id_ in self.clients.items() if wanted in ("", name)
            ]
        if where[0] == "clients" and where[2] == "roles":
            client = next((name for name, id_ in self.clients.items() if id_ == where[1]), "")
            return self._role(asked, f"{client}/{where[3]}", where[4:])
        if where[0] == "roles":
            return self._role(asked, where[1], where[2:])
        return None

    def _role(self, asked: Asked, name: str, rest: list[str]) -> Any:
        role = self.roles.get(name)
        if role is None:
            return None
        if rest == ["users"]:
            return self._page(asked, [self._person(asked, one) for one in sorted(role["users"])])
        if rest == ["groups"]:
            return self._page(asked, [self._told(self.groups[one]) for one in sorted(role["groups"])])
        return {
            "id": f"role-{name}",
            "name": name.rpartition("/")[2],
            "composite": False,
            "clientRole": "/" in name,
        }

    def _person(self, asked: Asked, id_: str) -> dict[str, Any]:
        person = dict(self.people[id_])
        if asked.one("briefRepresentation", "false") == "true":
            person.pop("totp")
        return person

    def _told(self, group: dict[str, Any]) -> dict[str, Any]:
        return {"id": group["id"], "name": group["name"], "path": group["path"], "subGroups": []}

    def _page(self, asked: Asked, items: list[Any]) -> list[Any]:
        first, most = int(asked.one("first", "0")), int(asked.one("max", "100"))
        return items[first : first + most]
