"""A Zendesk Support account, as developer.zendesk.com describes its answers; one that can be changed while it runs.

UNCONFIRMED, for want of an account of theirs:
 1. how a deletion schedule writes its length: fields `duration_since_created_at` and `duration_since_last_update` are
    in use (handbook.gitlab.com), the encoding of `value` is not documented. Served: what `schedule(value=…)` says.
 2. whether /api/v2/deletion_schedules, /custom_roles and /oauth/clients come in pages by cursor; served in pages when
    page[size] is asked for, as most lists are; `unpaged` switches that off.
 3. the members of security_settings beyond those that the reference names; the names of account settings.
 4. what an account without the Enterprise plan answers for custom roles and audit logs: 404 here (`plan`).
 5. `visibility` and `author_name` of an app, and that installations are under /api/v2/apps/installations.json.
 6. that a search counts archived tickets, and that `sort_by=created_at` holds for people.
 7. whether /oauth/tokens wants JSON or a form: both are taken.
 8. in which language the log writes `source_label` and `change_description`; that entries on settings of the account
    say "Enabled", "Disabled" or "Changed", and call settings as here, is how such entries look that people publish.
"""

from __future__ import annotations

import itertools
from typing import Any
from urllib.parse import parse_qs, urlencode

from tests.connectors.stand_ins.serving import Asked, Reply, StandIn

CLIENT, SECRET, TOKEN = "registry-reader", "canary-zendesk-secret-51c0", "canary-zendesk-token-9a7f"


class Zendesk(StandIn):
    """One account. Its lists are plain Python: change them, and the next answer has them."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count(4_400_000_000_001)
        self.scopes = {"read", "security:read"}
        self.plan = "enterprise"
        self.page_size, self.unpaged = 100, False
        self.users: list[dict[str, Any]] = []
        self.deletion_schedules: list[dict[str, Any]] = []
        self.custom_roles: list[dict[str, Any]] = []
        self.ticket_fields: list[dict[str, Any]] = []
        self.user_fields: list[dict[str, Any]] = []
        self.organization_fields: list[dict[str, Any]] = []
        self.installations: list[dict[str, Any]] = []
        self.apps: dict[int, dict[str, Any]] = {}
        self.clients: list[dict[str, Any]] = [
            {"id": 1, "identifier": CLIENT, "name": "Registry", "company": ""}
        ]
        self.audit_logs: list[dict[str, Any]] = []
        self.tickets: list[str] = []  # the time each was made
        self.security_settings: dict[str, Any] = {
            "agent_session_timeout": 480,
            "assumable": False,
            "authentication": {"agent": {"two_factor_enforce": True, "enforce_sso": False}, "end_user": {}},
            "ip": {"ip_restriction_enabled": False, "ip_ranges": ""},
        }
        self.account_settings: dict[str, Any] = {
            "tickets": {"agent_ticket_deletion": False, "private_attachments": True},
            "voice": {"recordings_public": False},
            "api": {"api_token_access": False},
        }

    # --- changing it

    def user(self, email: str, role: str = "agent", **other: Any) -> dict[str, Any]:
        made = {
            "id": next(self._numbers), "name": "canary-person", "email": email, "role": role,
            "custom_role_id": None, "active": True, "suspended": False, "last_login_at": "2026-11-20T08:00:00Z",
            "two_factor_auth_enabled": True, "phone": None, "photo": None, "created_at": "2024-01-10T08:00:00Z",
            **other,
        }  # fmt: skip
        self.users.append(made)
        return made

    def schedule(
        self, value: Any, field: str = "duration_since_last_update", active: bool = False, **other: Any
    ) -> dict[str, Any]:
        """A deletion schedule; inactive unless said otherwise, as they are made."""
        condition = {"field": field, "operator": other.pop("operator", "greater_than"), "value": value}
        condition.update(other.pop("with_", {}))
        number = next(self._numbers)
        made = {
            "id": number, "url": f"{self.origin}/api/v2/deletion_schedules/{number}.json",
            "title": "Delete old tickets", "description": None, "object": "zen:ticket", "active": active,
            "default": False, "created_at": "2026-01-10T08:00:00Z", "updated_at": "2026-01-10T08:00:00Z",
            "conditions": {"all": [condition, *other.pop("all_", [])], "any": other.pop("any_", [])},
            **other,
        }  # fmt: skip
        self.deletion_schedules.append(made)
        return made

    def field(self, of: str, title: str, kind: str = "text", **other: Any) -> dict[str, Any]:
        made = {
            "id": next(self._numbers), "type": kind, "title": title, "active": True, "required": False,
            "removable": True, "regexp_for_validation": None, **other,
        }  # fmt: skip
        getattr(self, f"{of}_fields").append(made)
        return made

    def install(
        self, name: str, author: str, *, enabled: bool = True, visibility: str = "public"
    ) -> dict[str, Any]:
        app = next(self._numbers)
        self.apps[app] = {"id": app, "name": name, "author_name": author, "visibility": visibility}
        made = {
            "id": next(self._numbers),
            "app_id": app,
            "product": "support",
            "enabled": enabled,
            "settings": {"name": name},
        }
        self.installations.append(made)
        return made

    def log(self, label: str, said: str | None, at: str, of: str = "account_setting", **other: Any) -> None:
        """An entry of the account's log of changes, as lists of such entries that people publish have it."""
        self.audit_logs.append({
            "id": next(self._numbers), "action": "update", "action_label": "Updated", "actor_id": 7,
            "actor_name": "canary-name", "source_id": 1, "source_type": of, "source_label": label,
            "change_description": said, "ip_address": "192.0.2.7", "created_at": at, **other,
        })  # fmt: skip

    # --- answering

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/oauth/tokens" and asked.method == "POST":
            return self._token(asked)
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"error": "invalid_token", "error_description": "The access token is invalid."}, {}
        if asked.method != "GET":
            return 403, {"error": "Forbidden"}, {}
        return self._read(asked)

    def _token(self, asked: Asked) -> Reply:
        form = "json" not in asked.headers.get("Content-Type", "")
        told = (
            {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
            if form
            else asked.json
        )
        if (told.get("client_id"), told.get("client_secret")) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}, {}
        if told.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type"}, {}
        # UNCONFIRMED: a client that was given more than is asked for is granted what is asked for, or all. Here: all.
        granted = " ".join(sorted(self.scopes))
        return 200, {"access_token": TOKEN, "token_type": "bearer", "scope": granted, "expires_in": 1800}, {}

    def _read(self, asked: Asked) -> Reply:
        path = asked.path.removeprefix("/api/v2/").removesuffix(".json")
        lists = {
            "deletion_schedules": self.deletion_schedules, "custom_roles": self.custom_roles,
            "ticket_fields": self.ticket_fields, "user_fields": self.user_fields,
            "organization_fields": self.organization_fields,
        }  # fmt: skip
        if path in ("custom_roles", "audit_logs") and self.plan != "enterprise":
            return 404, {"error": "InvalidEndpoint", "description": "Not found"}, {}
        if path == "users":
            wanted = asked.query.get("role[]", [])
            return self._page(asked, "users", [one for one in self.users if one["role"] in wanted])
        if path == "users/me":
            return 200, {"user": {"id": 1, "role": "admin", "email": "registry@acme.example"}}, {}
        if path == "audit_logs":
            return self._page(asked, path, self._logged(asked))
        if path in lists:
            return self._page(asked, path, lists[path])
        if path == "oauth/clients":
            return self._page(asked, "clients", self.clients)
        if path == "apps/installations":
            return self._page(asked, "installations", self.installations)
        if path.startswith("apps/") and path[5:].isdigit() and int(path[5:]) in self.apps:
            return 200, self.apps[int(path[5:])], {}
        if path == "security_settings":
            return 200, {"security_settings": self.security_settings}, {}
        if path == "account/settings":
            return 200, {"settings": self.account_settings}, {}
        if path == "search":
            return self._search(asked)
        return 404, {"error": "RecordNotFound", "description": "Not found"}, {}

    def _logged(self, asked: Asked) -> list[dict[str, Any]]:
        of = asked.one("filter[source_type]")
        begin, end = asked.query.get("filter[created_at][]", ["", "~"])
        return [
            one for one in self.audit_logs
            if of in ("", one["source_type"]) and begin <= one["created_at"] <= end
        ]  # fmt: skip

    def _page(self, asked: Asked, name: str, everything: list[Any]) -> Reply:
        if self.unpaged or not asked.one("page[size]"):
            return (
                200,
                {name: everything, "next_page": None, "previous_page": None, "count": len(everything)},
                {},
            )
        size = min(int(asked.one("page[size]")), self.page_size)
        start = int(asked.one("page[after]", "0"))
        end = start + size
        more = end < len(everything)
        again = {
            **{key: values for key, values in asked.query.items() if key != "page[after]"},
            "page[after]": [str(end)],
        }
        following = f"{self.origin}{asked.path}?{urlencode(again, doseq=True)}" if more else None
        told = {
            name: everything[start:end],
            "meta": {"has_more": more, "after_cursor": str(end) if more else None, "before_cursor": None},
            "links": {"next": following, "prev": None},
        }
        return 200, told, {}

    def _search(self, asked: Asked) -> Reply:
        query = asked.one("query")
        if query == "type:ticket":
            found = [
                {
                    "result_type": "ticket",
                    "created_at": at,
                    "subject": "canary-subject",
                    "description": "canary-text",
                }
                for at in sorted(self.tickets)
            ]
        else:
            found = [
                {
                    "result_type": "user",
                    "created_at": one["created_at"],
                    "name": one["name"],
                    "email": one["email"],
                }
                for one in sorted(self.users, key=lambda one: one["created_at"])
                if one["role"] == "end-user"
            ]
        size = int(asked.one("per_page", "100"))
        return (
            200,
            {"results": found[:size], "count": len(found), "next_page": None, "previous_page": None},
            {},
        )


def sample() -> Zendesk:
    """An account much like that of a school's help desk."""
    desk = Zendesk()
    for number in range(3):
        desk.user(
            f"agent{number}@osekk.example",
            last_login_at="2026-11-20T08:00:00Z",
            two_factor_auth_enabled=False,
        )
    desk.user("boss@osekk.example", "admin")
    desk.user("gone@osekk.example", suspended=True, last_login_at=None)
    desk.user("student@mail.example", "end-user", phone="+358 40 canary", created_at="2025-02-03T10:00:00Z")
    may = {"ticket_access": "within-groups", "ticket_deletion": False, "view_deleted_tickets": True}
    role = {"id": 11, "name": "Light agent", "role_type": 1, "team_member_count": 2}
    desk.custom_roles.append({**role, "configuration": {**may, "explore_access": "none"}})
    desk.schedule("3 years", title="Poista vanhat tiketit")
    desk.field("ticket", "Subject", "subject", removable=False)
    desk.field("ticket", "Status", "status", removable=False)
    desk.field("ticket", "Opiskelijanumero", "text")
    desk.field("ticket", "Vanha kenttä", active=False)
    desk.field("user", "Puhelinnumero (koti)", required=True)
    desk.field("organization", "Lisätieto")
    desk.tickets += ["2024-03-01T08:00:00Z", "2025-10-01T08:00:00Z"]
    desk.install("Kysely", "Tutkimus Oy")
    for action, of, day in (("update", "rule", 19), ("update", "rule", 20), ("create", "user", 18)):
        who = {
            "actor_id": 7,
            "actor_name": "canary-name",
            "source_label": "canary-label",
            "ip_address": "192.0.2.7",
        }
        made = {"id": day, "action": action, "source_type": of, "created_at": f"2026-11-{day}T08:00:00Z"}
        desk.audit_logs.append({**made, **who})
    return desk
