"""Every door, and what it says to each kind of caller: one row for each route and method, and none without a row."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from registry import clock
from registry.api.door import mark_of, read_at, views
from registry.auth.roles.duties import Given
from registry.auth.scopes import SCOPES
from registry.auth.tokens import access as tokens
from tests.hostile.holders import EVERYTHING, KINDS, Kind
from tests.hostile.world import (
    ACCOUNTS,
    CONNECTED,
    DESK,
    GOES_ON,
    HOOK,
    PAST,
    RECORD,
    SEEN_AT,
    TO_COME,
    WAIVED,
    Caller,
    World,
    written,
)

OPEN = "open"
SOON = (clock.day_of(clock.now()) + timedelta(days=30)).isoformat()
ASSUMED = [{"instrument": "dpf_eu_us", "ended_on": SOON}]
MATCH = {"If-Match": '"v1"'}
MATCH_2 = {"If-Match": '"v2"'}
NEW = {"If-None-Match": "*"}
LOOK = {"kind": "accounts", "taken_at": SEEN_AT, "source_level": "api", "complete": True, "payload": ACCOUNTS}


@dataclass(frozen=True)
class Row:
    """A door: where it is (`{c}`: the controller), what is sent, and the answers.

    `scope`: several are all needed; OPEN means for everybody. `owner` is the answer to whoever may come in, `stranger`
    that to somebody who sees another controller, with all scopes. That is all that a door of a whole controller says of
    itself: what every other kind of holder (tests/hostile/holders.py) is told follows from it.

    A door that narrows its answers to some registers, systems or a period says so by `within`, as its lock does, and
    by what it is asked about: `about` are the registers that let somebody in who is limited to some, `system` is the
    system. None of them: it answers to each with what is theirs. `audited` is the answer to an auditor of all of acme,
    where it is another (None); `but` are answers to single kinds of holder that do not follow.
    """

    method: str
    rule: str
    path: str
    scope: str
    owner: int = 200
    stranger: int = 404
    body: Any = None
    headers: dict[str, str] | None = None
    within: str = ""
    about: str | None = None
    system: str | None = None
    but: Mapping[str, int] = field(default_factory=dict)

    def says(self, name: str, kind: Kind) -> int:
        """The status that a kind of holder gets, while nothing has been changed.

        Who may not change a thing, but may read it where it is read, is told 403 whichever way they came to it. Else
        what is named by its key is 403 to who has a role in its controller that does not give the scope, and what was
        come upon by a number is not there.
        """
        if name in self.but:
            return self.but[name]
        told = [self._alone(one) for one in kind.here]
        if self.owner in told:
            return self.owner
        if 404 not in told and not kind.elsewhere:
            return 403
        if 404 not in told and self.stranger == 200:
            return self.owner
        read = self._read()
        if read is not None and any(read._alone(one) == read.owner for one in kind.here):
            return 403
        named = "{c}" in self.path or "{c}" in repr(self.body)
        return 403 if named and kind.here and 404 not in told else 404

    def _alone(self, kind: Kind) -> int:
        """The same for somebody who has one role and no other."""
        if not set(self.scope.split()) <= kind.gives or not kind.limits <= set(self.within.split()):
            return 403
        if kind.registers is not None and self.about is not None:
            return self.owner if set(kind.registers) & set(self.about.split()) else 404
        if kind.systems is not None and self.system is not None:
            return self.owner if self.system in kind.systems else 404
        return self.owner

    def _read(self) -> Row | None:
        """The door where what this one changes is read: GET at the same path, or at the nearest above it."""
        rule = "" if self.method == "GET" else self.rule
        while rule:
            for row in ROWS:
                if (row.method, row.rule) == ("GET", rule):
                    return dataclasses.replace(row, about=row.about if self.about is None else self.about)
            rule = rule.rpartition("/")[0]
        return None

    def sent(self, controller: str, numbers: dict[str, int]) -> tuple[str, str, Any, dict[str, str] | None]:
        return (
            self.method,
            self.path.format(c=controller, **numbers),
            _named(self.body, controller, str(numbers["somebody"])),
            self.headers,
        )


def _named(body: Any, controller: str, somebody: str) -> Any:
    if isinstance(body, dict):
        return {name: _named(value, controller, somebody) for name, value in body.items()}
    if isinstance(body, list):
        return [_named(value, controller, somebody) for value in body]
    if isinstance(body, str):
        return body.replace("{c}", controller).replace("{somebody}", somebody)
    return body


def _declared(kind: str, key: str, sent: Any, path: str) -> list[Row]:
    """The doors of a kind of declaration; `key` has two versions."""
    member = {"controller": "details", "system": "system", "register": "record"}[kind]
    rule = f"/v1/{kind}s/<key:controller>" + ("" if kind == "controller" else "/<key:key>")
    one, read, write = f"/v1/{kind}s/{path}", f"{kind}s:read", f"{kind}s:write"
    # What an auditor may read of another period: nothing, as of now; the past by its number in any case.
    past, elsewhere = {"auditor of another period": 403}, {"auditor of another period": 404}
    # The first version was never published: to an auditor it is not there.
    draft = elsewhere | {name: 404 for name, one in KINDS.items() if one.role == "auditor" and not one.over}
    seen: dict[str, Any] = {"within": "registers history"}
    changed: dict[str, Any] = {}
    if kind == "register":
        seen |= {"about": key}
        changed = {"within": "registers"}
    if kind == "system":
        seen |= {"about": "news old draft withdrawn brief curt"}
    return [
        Row("GET", f"/v1/{kind}s", f"/v1/{kind}s", read, stranger=200, within="registers history", but=past),
        Row("GET", rule, one.format(k=key, c="{c}"), read, **seen, but=past),
        Row("GET", f"{rule}/versions", one.format(k=key, c="{c}") + "/versions", read, **seen),
        Row("GET", f"{rule}/versions/<number:version>", one.format(k=key, c="{c}") + "/versions/2", read, **seen,
            but=elsewhere),
        Row("GET", f"{rule}/diff", one.format(k=key, c="{c}") + "/diff?from=1&to=2", read, **seen,
            but=draft if kind == "register" else elsewhere),
        # Not of what others are asked about: what is written there is a draft, which an auditor does not see.
        Row("PUT", rule, one.format(k="curt" if kind == "register" else key, c="{c}"), write, body={member: sent},
            headers=MATCH_2, **changed, about="curt"),
        Row("PATCH", rule, one.format(k="spare" if kind == "system" else "old", c="{c}"), write,
            body={member: {"provenance": None}}, headers=MATCH, owner=412 if kind == "controller" else 200,
            **changed, about="old"),
        Row("DELETE", rule, one.format(k="desk" if kind == "system" else "draft", c="{c}"), write,
            headers=MATCH_2, owner={"controller": 409, "system": 409, "register": 412}[kind], **changed, about="draft"),
    ]  # fmt: skip


#: What somebody is told whose engagement is for another period: to ask for that one, or that it is not there.
PAST_403, PAST_404 = {"auditor of another period": 403}, {"auditor of another period": 404}
#: The registers that name the system desk; and that nobody gets in who is limited to some.
WITH_DESK, NONE = "news old draft withdrawn brief curt", ""

ROWS = [
    *_declared("controller", "{c}", {"name": "Acme Oy"}, "{c}"),
    *_declared("system", "desk", DESK, "{c}/{k}"),
    *_declared("register", "news", RECORD, "{c}/{k}"),
    Row("POST", "/v1/observations", "/v1/observations", "observations:write", 201, body={"system": "{c}/desk", **LOOK}),
    Row("GET", "/v1/observations", "/v1/observations", "observations:read", stranger=200,
        within="registers history"),
    Row("GET", "/v1/observations/<number:number>", "/v1/observations/{observation}", "observations:read",
        within="registers history", about=WITH_DESK, but=PAST_404),
    Row("GET", "/v1/systems/<key:controller>/<key:key>/drift", "/v1/systems/{c}/desk/drift",
        "systems:read observations:read findings:read", within="registers", about=WITH_DESK),
    Row("POST", "/v1/connectors", "/v1/connectors", "connectors:write", 201,
        body={"system": "{c}/spare", "kind": "zendesk", "settings": CONNECTED, "every_hours": None}),
    Row("GET", "/v1/connectors", "/v1/connectors", "connectors:read", stranger=200),
    Row("GET", "/v1/connectors/<number:number>", "/v1/connectors/{connector}", "connectors:read"),
    Row("PUT", "/v1/connectors/<number:number>", "/v1/connectors/{connector}", "connectors:write", 412,
        body={"settings": CONNECTED, "every_hours": 1, "state": "paused"}, headers=MATCH_2),
    Row("PUT", "/v1/connectors/<number:number>/secrets", "/v1/connectors/{connector}/secrets", "connectors:write", 412,
        body={"secrets": {"client_id": None}}, headers=MATCH_2),
    Row("DELETE", "/v1/connectors/<number:number>", "/v1/connectors/{connector}", "connectors:write", 412,
        headers=MATCH_2),
    Row("GET", "/v1/connectors/<number:number>/runs", "/v1/connectors/{connector}/runs", "connectors:read"),
    Row("POST", "/v1/connectors/<number:number>/runs", "/v1/connectors/{connector}/runs", "connectors:write", 202),
    Row("POST", "/v1/connectors/<number:number>/trials", "/v1/connectors/{connector}/trials", "connectors:write"),
    # What sorts of system there are is nobody's in particular.
    Row("GET", "/v1/sources", "/v1/sources", "connectors:read", stranger=200),
    Row("POST", "/v1/check-runs", "/v1/check-runs", "findings:write", 201, body={"register": "{c}/news"},
        within="registers", about="news"),
    Row("GET", "/v1/check-runs", "/v1/check-runs", "findings:read", stranger=200,
        within="registers"),
    Row("GET", "/v1/check-runs/<number:number>", "/v1/check-runs/{run}", "findings:read",
        within="registers", about=NONE),
    Row("GET", "/v1/findings", "/v1/findings?register={c}/news", "findings:read",
        within="registers history", about="news", but=PAST_403),
    Row("GET", "/v1/findings/<number:number>", "/v1/findings/{finding}", "findings:read",
        within="registers history", about="news", but=PAST_404),
    Row("GET", "/v1/forecast", "/v1/forecast?register={c}/news", "findings:read",
        within="registers", about="news"),
    Row("GET", "/v1/consequences", "/v1/consequences?register={c}/news&from=1&to=2", "registers:read findings:read",
        within="registers", about="news"),
    Row("POST", "/v1/consequences", "/v1/consequences", "registers:read findings:read",
        body={"register": "{c}/news", "record": RECORD},
        within="registers", about="news"),
    Row("POST", "/v1/what-if", "/v1/what-if", "findings:read", body={"register": "{c}/news", "assume": ASSUMED},
        within="registers", about="news"),
    Row("POST", "/v1/waivers", "/v1/waivers", "waivers:write", 201,
        body={"register": "{c}/draft", "code": WAIVED, "reason": "Tulossa.", "until": SOON}),
    Row("GET", "/v1/completeness", "/v1/completeness?register={c}/news", "findings:read",
        within="registers", about="news"),
    Row("GET", "/v1/coverage", "/v1/coverage?register={c}/news", "findings:read",
        within="registers", about="news"),
    Row("GET", "/v1/waivers", "/v1/waivers", "findings:read", stranger=200,
        within="registers history"),
    Row("GET", "/v1/waivers/<number:number>", "/v1/waivers/{proposed}", "findings:read",
        within="registers history", about="news", but=PAST_404),
    Row("PUT", "/v1/waivers/<number:number>/approval", "/v1/waivers/{proposed}/approval", "waivers:write",
        headers=MATCH, about="news"),
    Row("DELETE", "/v1/waivers/<number:number>", "/v1/waivers/{waived}", "waivers:write", headers=MATCH,
        about="old", but={"auditor here, owner elsewhere": 404}),  # of a register that was never published
    Row("GET", "/v1/retention-rules", "/v1/retention-rules?system={c}/desk", "retention:read",
        within="registers systems history", about=NONE, system="desk", but=PAST_404),
    Row("GET", "/v1/retention-rules/changes", "/v1/retention-rules/changes", "retention:read", stranger=200,
        within="registers"),
    Row("GET", "/v1/retention-rules/changes/<number:number>", "/v1/retention-rules/changes/{change}", "retention:read",
        within="registers", about="brief"),
    Row("PUT", "/v1/retention-rules/changes/<number:number>/approval", "/v1/retention-rules/changes/{change}/approval",
        "retention:write", headers=MATCH, about="brief"),
    Row("DELETE", "/v1/retention-rules/changes/<number:number>", "/v1/retention-rules/changes/{refused}",
        "retention:write", headers=MATCH, about="curt"),
    # Not yours is unknown there, item by item: tests/retention.
    Row("POST", "/v1/retention-decisions", "/v1/retention-decisions", "retention:read", stranger=200,
        body={"items": [{"system": "{c}/desk", "category": "D1", "anchor": "2020-01-01"}]},
        within="systems"),
    Row("POST", "/v1/legal-holds", "/v1/legal-holds", "holds:write", 201,
        body={"controller": "{c}", "systems": ["{c}/desk"], "reason": "Riita.", "review_on": SOON}),
    Row("GET", "/v1/legal-holds", "/v1/legal-holds", "holds:read", stranger=200),
    Row("GET", "/v1/legal-holds/<number:number>", "/v1/legal-holds/{hold}", "holds:read"),
    Row("PUT", "/v1/legal-holds/<number:number>/review", "/v1/legal-holds/{hold}/review", "holds:write",
        body={"reason": "Jatkuu.", "review_on": SOON}, headers=MATCH),
    Row("DELETE", "/v1/legal-holds/<number:number>", "/v1/legal-holds/{ended}", "holds:write", headers=MATCH),
    Row("POST", "/v1/notices", "/v1/notices", "notices:write", 201, body={"register": "{c}/old"}),
    Row("GET", "/v1/notices", "/v1/notices", "notices:read", stranger=200,
        within="registers history"),
    Row("GET", "/v1/notices/<key:controller>/<key:key>", "/v1/notices/{c}/news", "notices:read",
        within="registers history", about="news", but=PAST_404),
    Row("DELETE", "/v1/notices/<key:controller>/<key:key>", "/v1/notices/{c}/withdrawn", "notices:write", 204,
        headers=MATCH),
    Row("POST", "/v1/webhooks", "/v1/webhooks", "webhooks:write", 201,
        body={"controller": "{c}", "url": HOOK, "kinds": ["hold.set"]}),
    Row("GET", "/v1/webhooks", "/v1/webhooks", "webhooks:read", stranger=200),
    Row("GET", "/v1/webhooks/<number:number>", "/v1/webhooks/{hook}", "webhooks:read"),
    Row("PUT", "/v1/webhooks/<number:number>", "/v1/webhooks/{hook_changed}", "webhooks:write",
        body={"url": HOOK, "kinds": ["hold.set"], "state": "paused"}, headers=MATCH),
    Row("POST", "/v1/webhooks/<number:number>/secrets", "/v1/webhooks/{hook_secret}/secrets", "webhooks:write", 201,
        body={}, headers=MATCH),
    Row("DELETE", "/v1/webhooks/<number:number>", "/v1/webhooks/{hook_removed}", "webhooks:write", headers=MATCH),
    Row("GET", "/v1/webhooks/<number:number>/deliveries", "/v1/webhooks/{hook}/deliveries", "webhooks:read"),
    Row("POST", "/v1/webhooks/<number:number>/deliveries/<number:sequence>/tries",
        "/v1/webhooks/{hook}/deliveries/{message}/tries", "webhooks:write", 202),
    Row("GET", "/v1/changes", "/v1/changes", "changes:read", stranger=200,
        within="registers"),
    Row("GET", "/v1/journal", "/v1/journal", "journal:read", stranger=200,
        within="registers history"),
    # The size and root of the whole journal: what everybody keeps a copy of, so that nobody can rewrite it.
    Row("GET", "/v1/journal/checkpoint", "/v1/journal/checkpoint", "journal:read", stranger=200,
        within="registers history"),
    Row("POST", "/v1/audits", "/v1/audits", "audits:write", 201,
        body={"controller": "{c}", "auditor": {"email": "new@firm.example", "name": "Firm"}, "purpose": "Vuosi.",
              "ends_on": SOON}),
    Row("GET", "/v1/audits", "/v1/audits", "audits:read", stranger=200),
    Row("GET", "/v1/audits/<number:number>", "/v1/audits/{audit}", "audits:read"),
    Row("GET", "/v1/audits/<number:number>/reads", "/v1/audits/{audit}/reads", "audits:read"),
    Row("DELETE", "/v1/audits/<number:number>", "/v1/audits/{audit}", "audits:write", headers=MATCH),
    Row("GET", "/v1/roles", "/v1/roles", "roles:read", stranger=200),
    Row("POST", "/v1/roles", "/v1/roles", "roles:write", 201,
        body={"principal": "{somebody}", "controller": "{c}", "role": "reader"}),
    Row("GET", "/v1/roles/<number:number>", "/v1/roles/{role}", "roles:read"),
    Row("DELETE", "/v1/roles/<number:number>", "/v1/roles/{role}", "roles:write", headers=MATCH),
    Row("GET", "/v1/checks", "/v1/checks", OPEN),
    Row("GET", "/v1/checks/<string(length=6):code>", "/v1/checks/COM003", OPEN),
    Row("GET", "/v1/law", "/v1/law", OPEN),
    Row("GET", "/", "/", OPEN, 303),
    Row("GET", "/notices", "/notices", OPEN),
    Row("GET", "/notices/<key:controller>", "/notices/acme", OPEN),
    Row("GET", "/notices/<key:controller>/<key:key>", "/notices/acme/news", OPEN),
    Row("GET", "/notices/<key:controller>/<key:key>.json", "/notices/acme/news.json", OPEN),
    Row("GET", "/accessibility", "/accessibility", OPEN),
    Row("GET", "/static/notices.css", "/static/notices.css", OPEN),
    Row("GET", "/static/notices.svg", "/static/notices.svg", OPEN),
    Row("GET", "/health", "/health", OPEN),
    Row("GET", "/openapi.json", "/openapi.json", OPEN),
    Row("GET", "/docs", "/docs", OPEN),
    Row("GET", "/docs/<name>", "/docs/swagger-ui.css", OPEN),
    Row("GET", "/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server", OPEN),
    Row("GET", "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource", OPEN),
    Row("GET", "/.well-known/jwks.json", "/.well-known/jwks.json", OPEN),
    # Their lock is the client's secret: tests/auth.
    Row("POST", "/oauth/token", "/oauth/token", OPEN, owner=415),
    Row("POST", "/oauth/revoke", "/oauth/revoke", OPEN, owner=415),
    # Their lock is the session: tests/auth/test_consent.py.
    Row("GET", "/oauth/authorize", "/oauth/authorize", OPEN, owner=400),
    Row("POST", "/oauth/authorize", "/oauth/authorize", OPEN, owner=303),
    Row("GET", "/oauth/device", "/oauth/device", OPEN, owner=303),
    Row("POST", "/oauth/device", "/oauth/device", OPEN, owner=303),
    Row("GET", "/oauth/access", "/oauth/access", OPEN, owner=303),
    Row("POST", "/oauth/access", "/oauth/access", OPEN, owner=303),
    Row("POST", "/oauth/introspect", "/oauth/introspect", OPEN, owner=415),
    Row("POST", "/oauth/device-authorization", "/oauth/device-authorization", OPEN, owner=415),
    # Their lock is being signed in, or the secret of a link: tests/people.
    Row("GET", "/sign-in", "/sign-in", OPEN),
    Row("POST", "/sign-in", "/sign-in", OPEN, owner=415),
    Row("GET", "/sign-in/code", "/sign-in/code", OPEN, owner=303),
    Row("POST", "/sign-in/code", "/sign-in/code", OPEN, owner=415),
    Row("POST", "/sign-out", "/sign-out", OPEN, owner=415),
    Row("GET", "/set-password", "/set-password", OPEN, owner=410),
    Row("POST", "/set-password", "/set-password", OPEN, owner=415),
    Row("GET", "/account", "/account", OPEN, owner=303),
    Row("POST", "/account/language", "/account/language", OPEN, owner=303),
    Row("GET", "/account/password", "/account/password", OPEN, owner=303),
    Row("POST", "/account/password", "/account/password", OPEN, owner=303),
    Row("GET", "/account/second-factor", "/account/second-factor", OPEN, owner=303),
    Row("POST", "/account/second-factor", "/account/second-factor", OPEN, owner=303),
    Row("GET", "/account/second-factor/change", "/account/second-factor/change", OPEN, owner=303),
    Row("POST", "/account/second-factor/change", "/account/second-factor/change", OPEN, owner=303),
    Row("POST", "/account/sessions", "/account/sessions", OPEN, owner=303),
    # Where somebody else's provider is: tests/auth/test_foreign.py.
    Row("GET", "/sign-in/with/<key:provider>", "/sign-in/with/nobody", OPEN, owner=404),
    Row("GET", "/sign-in/from/<key:provider>", "/sign-in/from/nobody", OPEN, owner=404),
    Row("GET", "/static/people.css", "/static/people.css", OPEN),
]  # fmt: skip


def test_c9_every_door_has_its_row(world: World) -> None:
    doors = {(method, rule.rule): mark_of(view) for rule, method, view in views(world.app)}
    rows = {(row.method, row.rule): row for row in ROWS}
    assert len(rows) == len(ROWS)
    assert {door for door in doors if door[0] != "HEAD"} == set(rows)
    assert {("GET", rule) for method, rule in doors if method == "HEAD"} <= set(rows)
    for (method, rule), mark in doors.items():
        row = rows["GET" if method == "HEAD" else method, rule]
        assert mark is not None
        needed = [] if row.scope == OPEN else sorted(row.scope.split())
        assert (mark.public, sorted(mark.scopes)) == (row.scope == OPEN, needed)
        assert mark.within == set(row.within.split())


NUMBERED = (
    "audit",
    "observation",
    "run",
    "finding",
    "proposed",
    "waived",
    "change",
    "refused",
    "hold",
    "ended",
    "role",
    "somebody",
    "connector",
    "hook",
    "hook_changed",
    "hook_secret",
    "hook_removed",
    "message",
)
NOBODY = ["none", "garbage", "empty", "expired", "revoked"]


def nobody(world: World, how: str) -> Caller:
    """Somebody who would be the owner, with a better token."""
    if how in ("none", "garbage", "empty"):
        return Caller(world.app, token={"none": None, "garbage": "rat_" + "x" * 43, "empty": ""}[how])
    caller = world.caller("acme", seconds=-1 if how == "expired" else 600)
    if how == "revoked":
        assert caller.token is not None
        assert tokens.revoke(caller.token, by="operator")
    return caller


#: What somebody is told who has a role in the controller that is not enough.
REFUSED = ("insufficient_scope", "outside_engagement")


def holding(world: World, name: str) -> Caller:
    """Somebody of a kind, made when first asked for."""
    kind = KINDS[name]
    role = Given(kind.role, "acme", kind.registers, kind.systems)
    taken = kind.over and not kind.columns
    return world.with_role(name, role, beside=kind.beside, taken=taken, **kind.columns)


def told(answer: TestResponse) -> tuple[Any, ...]:
    """All of an answer that a caller can see."""
    return answer.status, sorted(answer.headers.items()), answer.get_data()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.rule}")
def test_c9_what_a_door_says_to_whom(world: World, row: Row) -> None:
    owner, stranger = world.caller("acme"), world.caller("other")
    for name in KINDS:
        holding(world, name)
    elsewhere = [scope for scope in SCOPES if scope not in row.scope.split()[-1:]]
    unscoped, refused = world.caller("acme", scopes=elsewhere), [nobody(world, how) for how in NOBODY]
    here = {name: getattr(world, name) for name in NUMBERED}
    sent = row.sent("acme", here)
    if row.scope == OPEN:
        for caller in (*refused, unscoped, stranger, owner):
            assert caller(*sent).status_code == row.owner
        return
    before = written()
    for caller, how in zip(refused, NOBODY, strict=True):
        for method in (row.method, *(["HEAD"] if row.method == "GET" else [])):
            answer = caller(method, *sent[1:])
            assert answer.status_code == 401, how
            assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="registry"')
            assert ("invalid_token" in answer.headers["WWW-Authenticate"]) == (how != "none")
    answer = unscoped(*sent)
    assert (answer.status_code, answer.json["code"]) == (403, "insufficient_scope")  # type: ignore[index]  # JSON, as always
    assert f'scope="{row.scope}"' in answer.headers["WWW-Authenticate"]
    # Not yours is not there: the answer is the one for what nobody has, to the byte.
    unknown = row.sent("ghost", dict.fromkeys(here, 10**12))
    answer, nowhere = stranger(*sent), stranger(*unknown)
    assert answer.status_code == row.stranger
    if row.stranger == 404:
        assert told(answer) == told(nowhere)
    assert b"acme" not in answer.get_data()
    assert written() == before
    # Who may not come in first, then whoever may: it is one world.
    told_ = {name: row.says(name, kind) for name, kind in KINDS.items()}
    for name in [name for name, status in told_.items() if status in (403, 404)]:
        answer = holding(world, name)(*sent)
        assert (answer.status_code, name) == (told_[name], name)
        if told_[name] == 403:
            assert answer.json["code"] in REFUSED, name  # type: ignore[index]  # JSON, as always
        elif row.owner != 404 and name not in row.but:
            assert told(answer) == told(holding(world, name)(*unknown)), name
    assert written() == before
    assert owner(*sent).status_code == row.owner
    for name in [name for name, status in told_.items() if status not in (403, 404)]:
        answer = holding(world, name)(*sent)
        if row.method == "GET":
            assert (answer.status_code, name) == (told_[name], name)
        else:  # the owner has done it already
            assert answer.status_code not in (401, 403, 404), name


def test_who_may_not_read_a_thing_is_not_told_that_it_is_there(world: World) -> None:
    """The period of an engagement counts for that too: a waiver of another time is not there, one of this time may not
    be ended."""
    past, present = (
        world.with_role(
            name,
            Given("auditor", "acme"),
            beside=[Given("owner", "other")],
            scopes=EVERYTHING,
            audit=GOES_ON,
            **period,
        )
        for name, period in (
            ("auditor of the past, owner elsewhere", {"since": PAST[0], "until": PAST[1]}),
            ("auditor of today, owner elsewhere", {"since": PAST[0], "until": TO_COME}),
        )
    )
    before = written()
    for method, path in (("DELETE", "{}"), ("PUT", "{}/approval")):
        where = f"/v1/waivers/{path.format(world.proposed)}"
        refused, unseen = present(method, where, None, MATCH), past(method, where, None, MATCH)
        assert (refused.status_code, refused.json["code"]) == (403, "insufficient_scope")  # type: ignore[index]  # JSON
        assert told(unseen) == told(past(method, f"/v1/waivers/{path.format(10**12)}", None, MATCH))
        assert unseen.status_code == 404
    assert written() == before


def test_each_door_that_changes_something_knows_where_that_is_read(world: World) -> None:
    marks = {rule.rule: mark_of(view) for rule, method, view in views(world.app) if method == "GET"}
    changing = [row for row in ROWS if row.scope.endswith(":write")]
    assert len(changing) > 30
    for row in changing:
        found = read_at(row.rule, row.method, marks)
        assert found is not None, row
        assert all(scope.endswith(":read") for scope in found.scopes), row
