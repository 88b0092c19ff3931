"""Zendesk Support, by its API: who gets in, what is deleted when, which fields are kept, what is connected.

A confidential OAuth client asks with client_credentials, for the scopes `read` and `security:read`. What is not
confirmed by the vendor's documentation is marked in the stand-in of the tests; where an answer has another shape it is
not understood, and nothing is concluded from it.

A deletion schedule deletes archived tickets only, which are those closed for 120 days or more, and an update begins the
period anew; whoever is deleted as a user is kept for 30 days more. Where data lies no part of the API tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
from marshmallow import validate

from registry.connectors.observed.plain import Word, several
from registry.connectors.origin import Origin, only
from registry.connectors.reading import personal
from registry.connectors.reading.tally import Accounts
from registry.connectors.source import (
    Allow,
    NotSeen,
    Seen,
    Source,
    Way,
    could_not_look,
    day_of,
    domain_of,
    instant_of,
    listed,
    mapped,
    mapped_if,
    text,
    truth,
    whole,
    word,
)
from registry.connectors.sources import _zendesk_log as log
from registry.connectors.sources import _zendesk_words as words
from registry.connectors.way import read_json
from registry.strict.schema import Schema, Text

SCOPES = "read security:read"
MOST_APPS = 300  # each costs a question of its own


class Categorised(Schema):
    """An object of the system, and the data category of the record that it is."""

    object = Word(
        required=True, metadata={"description": "As the system calls it: zen:ticket, ticket, user."}
    )
    category = Word(most=40, required=True, metadata={"description": "An id such as D1, or a term of DPV."})


class ZendeskSettings(Schema):
    """Which account of Zendesk."""

    subdomain = Text(
        required=True,
        validate=validate.Regexp(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z"),
        metadata={"description": "What stands before .zendesk.com in its address."},
    )
    address = Origin(metadata={"description": "Where it is asked, if not at the vendor's: a stand-in."})
    categories = several(
        Categorised,
        required=False,
        metadata={"description": "Which data category of the record its objects are."},
    )


SOURCE = Source(
    title={"fi": "Zendesk", "sv": "Zendesk", "en": "Zendesk"},
    settings=ZendeskSettings,
    secrets={
        "client_id": "The identifier of a confidential OAuth client made for this alone.",
        "client_secret": "Its secret.",
    },
    sees=("credential", "accounts", "roles", "deletion_rules", "oldest_item", "field_inventory", "settings", "apps",
          "changes"),
)  # fmt: skip


def reach(settings: Mapping[str, Any]) -> Allow:
    """The account's own host."""
    return only(_base(settings))


def observe(way: Way, settings: Mapping[str, Any]) -> Iterator[Seen]:
    """Each kind of SOURCE.sees, and that the region cannot be seen."""
    desk = _Desk(way, settings)
    yield way.look("credential", desk.credential)
    yield way.look("accounts", desk.accounts)
    yield way.look("roles", desk.roles)
    yield way.look("deletion_rules", desk.schedules)
    yield way.look("oldest_item", desk.oldest)
    yield way.look("field_inventory", desk.fields)
    yield way.look("settings", desk.settings)
    yield way.look("apps", desk.apps)
    yield way.look("changes", desk.changes)
    yield could_not_look("region", "not_supported")


def _base(settings: Mapping[str, Any]) -> str:
    return str(settings.get("address") or f"https://{settings['subdomain']}.zendesk.com")


class _Desk:
    """One account of Zendesk in one run."""

    def __init__(self, way: Way, settings: Mapping[str, Any]) -> None:
        self.way, self.base = way, _base(settings)
        self.categories = {one["object"]: one["category"] for one in settings.get("categories", ())}
        self._granted: Mapping[str, Any] | None = None
        self._failed: NotSeen | None = None
        self._members: Counter[str] | None = None

    def _signed_in(self) -> Mapping[str, Any]:
        """What the token was granted; asked once, and once only if it was refused."""
        if self._failed is not None:
            raise self._failed
        if self._granted is None:
            try:
                self._granted = self._token()
            except NotSeen as failed:
                self._failed = failed
                raise
        return self._granted

    def _token(self) -> Mapping[str, Any]:
        asked = {
            "grant_type": "client_credentials",
            "client_id": self.way.secret("client_id"),
            "client_secret": self.way.secret("client_secret"),
            "scope": SCOPES,
        }
        # Not by way.post: the token has no place in a digest of evidence.
        answer = self.way.ask(
            "POST",
            f"{self.base}/oauth/tokens",
            body=orjson.dumps(asked),
            headers={"Content-Type": "application/json"},
        )
        try:
            granted = mapped(read_json(answer.body))
            self.way.sign_in(self.base, {"Authorization": f"Bearer {text(granted, 'access_token')}"})
        except (ValueError, KeyError):
            raise NotSeen("not_understood", "token_not_understood") from None
        return granted

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        self._signed_in()
        return self.way.get(f"{self.base}/api/v2/{path}", params)

    def _pages(self, path: str, items: str, params: Mapping[str, Any] | None = None) -> Iterator[Any]:
        self._signed_in()
        asked = {**(params or {}), "page[size]": 100}
        return self.way.pages(f"{self.base}/api/v2/{path}", asked, items=items, following=_next)

    def _each(self, looks: list[Callable[[], list[dict[str, Any]]]]) -> list[dict[str, Any]]:
        """What several questions give together: where some fail the look is in part, where all do it failed."""
        found: list[dict[str, Any]] = []
        failures: list[NotSeen] = []
        for look in looks:
            try:
                found += look()
            except NotSeen as failed:
                failures.append(failed)
        if len(failures) == len(looks):
            raise failures[0]
        for one in failures:
            self.way.broken(one.code)
        return found

    # --- who

    def credential(self) -> Mapping[str, Any]:
        """What the token was granted beyond reading."""
        granted = self._signed_in().get("scope")
        if not isinstance(granted, str) or not granted.strip():
            return {"more_than_reading": None, "because": "not_shown"}
        more = [word(one) for one in granted.split() if one != "read" and not one.endswith(":read")]
        if more:
            role = mapped(self._get("users/me"))["user"]
            more.append(f"role {word(text(role, 'role'))}")
        return {"more_than_reading": bool(more), "may": more}

    def accounts(self) -> Mapping[str, Any]:
        """Agents and administrators; those who are served are not counted."""
        found, members = Accounts(), Counter[str]()
        for user in self._pages("users", "users", {"role[]": ["agent", "admin"]}):
            with self.way.item():
                role = word(text(user, "role"))
                active = truth(user, "active") and user.get("suspended") is not True
                login: dict[str, Any] = {}
                if "last_login_at" in user:
                    at = user["last_login_at"]
                    login = {"last_login_on": None if at is None else day_of(at)}
                factor = user.get("two_factor_auth_enabled")
                found.add(
                    role=role,
                    domain=domain_of(text(user, "email")),
                    active=active,
                    two_factor=factor if isinstance(factor, bool) else None,
                    **login,
                )
                members[role] += active
        self._members = members if self.way.whole else None
        return found.payload()

    def roles(self) -> Mapping[str, Any]:
        """Custom roles with what they permit, and the two that every account has."""
        found = []
        for one in self._pages("custom_roles", "custom_roles"):
            with self.way.item():
                may = words.permitted(mapped_if(one.get("configuration")))
                number = one.get("team_member_count")
                found.append(
                    {
                        "role": word(text(one, "name")),
                        "permission": words.PERMISSIONS.get(one.get("role_type")),
                        "members": number if isinstance(number, int) and number >= 0 else None,
                        "may": may,
                    }
                )
        for name in ("agent", "admin"):
            count = None if self._members is None else self._members[name]
            found.append({"role": name, "permission": name, "members": count})
        return {"roles": found}

    # --- how long

    def schedules(self) -> Mapping[str, Any]:
        """Deletion schedules, as what they really do."""
        rules = []
        for schedule in self._pages("deletion_schedules", "deletion_schedules"):
            with self.way.item():
                rules.append(words.rule_of(schedule, self.categories))
        return {"rules": rules}

    def oldest(self) -> Mapping[str, Any]:
        """The oldest ticket and the oldest person, and how many there are, by search."""
        items = []
        for object_, query in (("ticket", "type:ticket"), ("user", "type:user role:end-user")):
            page = self._get(
                "search", {"query": query, "sort_by": "created_at", "sort_order": "asc", "per_page": 1}
            )
            count, results = whole(page, "count"), listed(page["results"])
            if count < 0:
                raise ValueError("fewer than none")
            item: dict[str, Any] = {"object": object_, "count": count}
            if count or results:
                item["oldest"] = instant_of(mapped(results[0])["created_at"])
            if category := self.categories.get(object_, self.categories.get(f"zen:{object_}")):
                item["category"] = category
            items.append(item)
        return {"items": items}

    # --- what

    def fields(self) -> Mapping[str, Any]:
        """Fields of tickets, people and organisations: of those that the vendor made, those that are in use."""
        return {
            "fields": self._each(
                [
                    lambda: self._custom("ticket_fields", "ticket"),
                    lambda: self._custom("user_fields", "user"),
                    lambda: self._custom("organization_fields", "organization"),
                    self._built_in,
                ]
            )
        }

    def _custom(self, path: str, object_: str) -> list[dict[str, Any]]:
        found = []
        for field in self._pages(path, path):
            with self.way.item():
                kind, title = text(field, "type"), word(text(field, "title"))
                if not truth(field, "active") or kind in words.OF_THE_DESK:
                    continue
                term = words.OF_TYPE.get(kind) or personal.term(title, within=object_)
                one: dict[str, Any] = {"object": object_, "name": title}
                if term:
                    one["pd"] = term
                if isinstance(field.get("required"), bool):
                    one["required"] = field["required"]
                found.append(one)
        return found

    def _built_in(self) -> list[dict[str, Any]]:
        """What the vendor keeps of everybody, as far as it has been filled in for any of a hundred: keys, no values."""
        page = self._get("users", {"role[]": ["end-user"], "page[size]": 100})
        filled = {
            name
            for user in listed(mapped(page)["users"])
            for name in words.BUILT_IN
            if mapped(user).get(name) not in (None, "")
        }
        return [{"object": "user", "name": name, "pd": words.BUILT_IN[name]} for name in sorted(filled)]

    # --- how safe

    def settings(self) -> Mapping[str, Any]:
        """Settings of security and of the account."""
        return {"settings": self._each([self._security, self._account])}

    def _security(self) -> list[dict[str, Any]]:
        told = mapped(mapped(self._get("security_settings"))["security_settings"])
        found = [words.setting(told, about, path) for about, path in words.SECURITY]
        minutes = words.at(told, "agent_session_timeout")
        one = {"about": "session_ends", "name": "agent_session_timeout"}
        if isinstance(minutes, int) and not isinstance(minutes, bool):
            found.append({**one, "on": minutes > 0, "value": f"{minutes} min"})
        elif minutes is not None:
            found.append({**one, "on": None})
        return found

    def _account(self) -> list[dict[str, Any]]:
        told = mapped(mapped(self._get("account/settings"))["settings"])
        return [words.setting(told, about, path) for about, path in words.ACCOUNT]

    # --- who else, and since when

    def apps(self) -> Mapping[str, Any]:
        """Installed apps and OAuth clients; of an app in the marketplace whose it is."""
        return {"apps": self._each([self._installed, self._clients])}

    def _installed(self) -> list[dict[str, Any]]:
        found = []
        for number, one in enumerate(self._pages("apps/installations.json", "installations")):
            with self.way.item():
                settings = mapped_if(one.get("settings"))
                name = word(settings.get("name") or settings.get("title") or f"app {whole(one, 'app_id')}")
                app = {"id": f"app:{whole(one, 'id')}", "name": name, "active": truth(one, "enabled")}
                if number < MOST_APPS:
                    app |= self._author(whole(one, "app_id"))
                else:
                    self.way.broken("too_many_apps")
                found.append(app)
        return found

    def _author(self, app_id: int) -> dict[str, str]:
        try:
            app = mapped(self._get(f"apps/{app_id}.json"))
        except NotSeen as failed:
            if failed.reason == "unauthorised":
                raise
            if failed.reason not in ("forbidden", "no_such_endpoint"):
                self.way.broken(failed.code)
            return {}
        # Whoever made a private app is often a person of the house, whose name has no place here.
        if app.get("visibility") != "public" or not app.get("author_name"):
            return {}
        return {"by": word(app["author_name"])}

    def _clients(self) -> list[dict[str, Any]]:
        ours, found = self.way.secret("client_id"), []
        for one in self._pages("oauth/clients", "clients"):
            with self.way.item():
                if one.get("identifier") == ours:
                    continue
                client = {"id": f"client:{whole(one, 'id')}", "name": word(text(one, "name")), "active": True}
                if one.get("company"):
                    client["by"] = word(one["company"])
                found.append(client)
        return found

    def changes(self) -> Mapping[str, Any]:
        """What the account's own log says."""
        return log.changes(self.way, lambda asked: self._pages("audit_logs", "audit_logs", asked))


def _next(page: Any) -> str | None:
    """The next page by cursor; None after the last, and where an answer is not in pages."""
    if "meta" in page:
        return text(page["links"], "next") if truth(page["meta"], "has_more") else None
    following = page.get("next_page")
    if following is not None and not isinstance(following, str):
        raise ValueError("not an address")
    return following
