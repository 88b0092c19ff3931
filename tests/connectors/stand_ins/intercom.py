"""A workspace of Intercom, as its reference (2.14) describes the answers; one that can be changed while it runs.

UNCONFIRMED, for want of a workspace of theirs:
 1. that somebody who was removed is no longer on the list of admins: it is served so.
 2. the values of `app.region`: US, EU and AU are documented.
 3. that a token without the right to read admins answers 403. Without other rights it is 401 with token_unauthorized,
    as people report it of lists of users and segments.
"""

from __future__ import annotations

from typing import Any

from tests.connectors.stand_ins.serving import Asked, Reply, StandIn

TOKEN = "canary-intercom-token-77aa"


class Intercom(StandIn):
    """One workspace."""

    def __init__(self) -> None:
        super().__init__()
        self.region: Any = "EU"
        self.may = True
        self.granted: set[str] = set()  # paths that the token opens though nobody asked for them
        self.admins: list[dict[str, Any]] = []

    def admin(self, email: str, *, seat: bool = True, **other: Any) -> None:
        self.admins.append({
            "type": "admin", "id": str(493881 + len(self.admins)), "name": "canary-person", "email": email,
            "away_mode_enabled": False, "away_mode_reassign": False, "has_inbox_seat": seat,
            "team_ids": [814865], **other,
        })  # fmt: skip

    def answer(self, asked: Asked) -> Reply:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return (
                401,
                {
                    "type": "error.list",
                    "errors": [{"code": "unauthorized", "message": "…"}],
                },
                {},
            )
        if not self.may:
            return 403, {"type": "error.list", "errors": [{"code": "forbidden", "message": "…"}]}, {}
        if asked.path == "/admins":
            return 200, {"type": "admin.list", "admins": self.admins}, {}
        if asked.path == "/me":
            app = {
                "type": "app",
                "id_code": "abc123",
                "name": "Acme",
                "region": self.region,
                "timezone": "Helsinki",
            }
            return 200, {**self.admins[0], "email_verified": True, "app": app}, {}
        if asked.path in ("/tags", "/segments"):
            if asked.path not in self.granted:
                return 401, {"type": "error.list", "errors": [{"code": "token_unauthorized"}]}, {}
            return 200, {"type": "list", "data": [{"type": "tag", "id": "1", "name": "canary-tag"}]}, {}
        return 404, {"type": "error.list", "errors": [{"code": "not_found"}]}, {}
