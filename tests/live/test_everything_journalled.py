"""Every write of the API leaves an entry with who did it, ordinary use verifies, and meddling is named."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from registry import clock, journal
from registry.app import create_app
from registry.auth.clients import stored as clients
from registry.auth.clients.registration import CODE, DEVICE, PUBLIC, Registration
from registry.auth.scopes import SCOPES
from registry.webhooks import outbox
from registry.webhooks import stored as hooked
from tests.journal.story import Hands
from tests.live.browsing import Somebody, field
from tests.live.conftest import Live

CONTRACT = Path(__file__).parents[2] / "openapi" / "registry.json"
MERGE = {"Content-Type": "application/merge-patch+json"}
NEW = {"If-None-Match": "*"}
RECORD = {
    "register": "Uutiskirje",
    "systems": ["desk"],
    "data_categories": [{"id": "D1", "text": "Nimi", "pd": "pd:Name"}],
    "retention": [{"applies_to": ["D1"], "duration": "P6M", "starts_from": "tilaus", "action": "erase"}],
}
SEEN = {
    "system": "acme/desk",
    "kind": "deletion_rules",
    "taken_at": "2026-01-15T08:00:00Z",
    "source_level": "api",
    "collector": "test",
    "complete": True,
    "payload": {
        "rules": [
            {
                "id": "1",
                "object": "ticket",
                "active": True,
                "after": "P1Y",
                "counted_from": "created",
                "action": "erase",
            }
        ]
    },
}

ENGAGED = {
    "controller": "acme",
    "auditor": {"email": "auditor@firm.example", "name": "Firm"},
    "purpose": "The audit of the year.",
    "ends_on": (clock.day_of(clock.now()) + timedelta(days=30)).isoformat(),
}
HELD = {"reason": "A dispute.", "review_on": "2090-12-01"}
SUPPOSED = {"assume": [{"ended_on": "2090-12-01", "instrument": "dpf_eu_us"}], "controller": "acme"}
WAIVER = {
    "register": "acme/news",
    "code": "COM001",
    "key": "",
    "reason": "The board decides on the basis at its next meeting.",
    "until": (clock.day_of(clock.now()) + timedelta(days=30)).isoformat(),
}


class User:
    """A client of its own, and what it does."""

    def __init__(self, live: Live) -> None:
        self.live, self.token = live, ""
        made, self.secret = clients.register_client(
            name="Everything", scopes=list(SCOPES), controllers=("acme",), by="operator"
        )
        self.id, self.actor = made.client_id, made.actor
        how = Registration(PUBLIC, (DEVICE, CODE), (BACK,))
        cli, _ = clients.register_client(name="CLI", scopes=["registers:read"], how=how, by="operator")
        self.command_line = cli.client_id
        self.person = Somebody(live.url, "somebody@acme.example")

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        data = None if body is None else json.dumps(body)
        kept = ({"Content-Type": "application/json"} if body is not None else {}) | headers
        return self.live.ask(method, path, self.token, data=data, headers=kept)

    def tag(self, path: str) -> dict[str, str]:
        return {"If-Match": self.ask("GET", path).headers["ETag"]}

    def put(self, path: str, body: Any) -> requests.Response:
        return self.ask("PUT", path, body, **NEW)

    def patch(self, path: str, body: Any) -> requests.Response:
        return self.ask("PATCH", path, body, **self.tag(path), **MERGE)

    def end(self, path: str) -> requests.Response:
        return self.ask("DELETE", path, **self.tag(path))

    def oauth(self, path: str, **form: str) -> requests.Response:
        return requests.post(self.live.url + path, data=form, auth=(self.id, self.secret), timeout=120)

    def approve(self, path: str) -> requests.Response:
        """Somebody else does: nobody approves what he proposed himself."""
        return self.live.ask("PUT", path + "/approval", headers=self.tag(path))

    def publish_and_shorten(self) -> requests.Response:
        """Publishes, and publishes again with a shorter period, which somebody else has to approve."""
        self.ask("POST", "/v1/notices", {"register": "acme/news"})
        self.patch(R, {"record": {"retention": [{**RECORD["retention"][0], "duration": "P1M"}]}})
        return self.ask("POST", "/v1/notices", {"register": "acme/news"})

    def send_again(self) -> requests.Response:
        """Has the first message to a webhook sent once more; whoever sends has taken it up by then."""
        lease = outbox.claim(1)
        assert lease is not None
        assert outbox.take_up(hooked.ENDPOINTS.one(1), lease)
        outbox.release(1, lease)
        return self.ask("POST", f"{W}/deliveries/{hooked.Delivery.get().seq}/tries")

    def latest_role(self) -> str:
        found = self.ask("GET", "/v1/roles?principal=" + self.actor).json()["items"]
        return f"/v1/roles/{found[0]['id']}"

    def device(self) -> requests.Response:
        """A program without a browser asks to be allowed; what is allowed is journalled: tests/auth."""
        form = {"client_id": self.command_line}
        return requests.post(self.live.url + "/oauth/device-authorization", data=form, timeout=120)

    def allow(self) -> requests.Response:
        asked = {
            "response_type": "code",
            "client_id": self.command_line,
            "redirect_uri": BACK,
            "scope": "registers:read",
        }
        pkce = {"code_challenge": "A" * 43, "code_challenge_method": "S256"}
        return self.person.allow(f"/oauth/authorize?{urlencode({**asked, **pkce})}")

    def allow_device(self) -> requests.Response:
        return self.person.allow_device(self.device().json()["user_code"])

    def end_access(self) -> requests.Response:
        shown = self.person.page("/oauth/access")
        return self.person.send("/oauth/access", permission=field(shown, "permission"))

    def get_token(self) -> requests.Response:
        answer = self.oauth("/oauth/token", grant_type="client_credentials")
        self.token = answer.json()["access_token"]
        return answer


N = "/v1/connectors/1"
DUE = {"settings": {"subdomain": "acme", "address": "https://desk.invalid"}, "every_hours": 24}
BACK = "http://127.0.0.1/back"
C, S, R = "/v1/controllers/acme", "/v1/systems/acme/desk", "/v1/registers/acme/news"
W, HOOK = "/v1/webhooks/1", {"url": "https://8.8.8.8/hook", "kinds": ["hold.ended"]}
Step = tuple[str, Callable[[User], requests.Response], set[tuple[str, str]]]
#: The operation, how it is done, and the actions and objects that the journal gets from it ("…" stands for any end).
STEPS: list[Step] = [
    ("getToken", lambda u: u.get_token(), {("token.issued", "token/…")}),
    (
        "putController",
        lambda u: u.put(C, {"details": {"name": "Acme"}}),
        {("controller.declared", "controller/acme")},
    ),
    (
        "patchController",
        lambda u: u.patch(C, {"details": {"alt_names": ["A"]}}),
        {("controller.changed", "controller/acme")},
    ),
    (
        "putSystem",
        lambda u: u.put(S, {"system": {"name": "Desk"}}),
        {("system.declared", "system/acme/desk")},
    ),
    (
        "patchSystem",
        lambda u: u.patch(S, {"system": {"vendor": "V"}}),
        {("system.changed", "system/acme/desk")},
    ),
    ("putRegister", lambda u: u.put(R, {"record": RECORD}), {("register.declared", "register/acme/news")}),
    (
        "patchRegister",
        lambda u: u.patch(R, {"record": {"complaint": "stated"}}),
        {("register.changed", "register/acme/news")},
    ),
    (
        "pushObservation",
        lambda u: u.ask("POST", "/v1/observations", SEEN),
        {("observation.recorded", "observation/acme/desk")},
    ),
    (
        "addConnector",
        lambda u: u.ask("POST", "/v1/connectors", {"system": "acme/desk", "kind": "zendesk", **DUE}),
        {("connector.added", "connector/acme/…")},
    ),
    (
        "putConnectorSecrets",
        lambda u: u.ask("PUT", N + "/secrets", {"secrets": {"client_id": None}}, **u.tag(N)),
        {("connector.secrets-given", "connector/acme/…")},
    ),
    ("tryConnector", lambda u: u.ask("POST", N + "/trials"), set()),
    ("runConnector", lambda u: u.ask("POST", N + "/runs"), {("connector.asked", "connector/acme/…")}),
    (
        "putConnector",
        lambda u: u.ask("PUT", N, {**DUE, "state": "paused"}, **u.tag(N)),
        {("connector.changed", "connector/acme/…")},
    ),
    ("removeConnector", lambda u: u.end(N), {("connector.removed", "connector/acme/…")}),
    (
        "runChecks",
        lambda u: u.ask("POST", "/v1/check-runs", {"register": "acme/news"}),
        {("findings.recorded", "findings/acme"), ("check-run.finished", "check-run/acme/…")},
    ),
    ("whatIf", lambda u: u.ask("POST", "/v1/what-if", SUPPOSED), set()),
    (
        "draftConsequences",
        lambda u: u.ask(
            "POST", "/v1/consequences", {"register": "acme/news", "record": {"register": "News"}}
        ),
        set(),
    ),
    (
        "proposeWaiver",
        lambda u: u.ask("POST", "/v1/waivers", WAIVER),
        {("waiver.proposed", "waiver/acme/…")},
    ),
    ("approveWaiver", lambda u: u.approve("/v1/waivers/1"), {("waiver.approved", "waiver/acme/…")}),
    ("endWaiver", lambda u: u.end("/v1/waivers/1"), {("waiver.ended", "waiver/acme/…")}),
    (
        "publishNotice",
        lambda u: u.publish_and_shorten(),
        {
            ("notice.published", "notice/acme/news"),
            ("retention.published", "retention/acme/news"),
            ("register.changed", "register/acme/news"),
            ("retention-change.proposed", "retention-change/acme/…"),
        },
    ),
    (
        "decideRetention",
        lambda u: u.ask("POST", "/v1/retention-decisions", {"items": [{"system": "acme/desk"}]}),
        set(),
    ),
    (
        "setLegalHold",
        lambda u: u.ask("POST", "/v1/legal-holds", {"controller": "acme", "systems": ["acme/desk"], **HELD}),
        {("hold.set", "hold/acme/…")},
    ),
    (
        "reviewLegalHold",
        lambda u: u.ask("PUT", "/v1/legal-holds/1/review", HELD, **u.tag("/v1/legal-holds/1")),
        {("hold.reviewed", "hold/acme/…")},
    ),
    (
        "addWebhook",
        lambda u: u.ask("POST", "/v1/webhooks", {"controller": "acme", **HOOK}),
        {("webhook.added", "webhook/acme/…")},
    ),
    ("endLegalHold", lambda u: u.end("/v1/legal-holds/1"), {("hold.ended", "hold/acme/…")}),
    ("retryWebhookDelivery", lambda u: u.send_again(), {("webhook.retried", "webhook/acme/…")}),
    (
        "changeWebhook",
        lambda u: u.ask("PUT", W, {**HOOK, "state": "paused"}, **u.tag(W)),
        {("webhook.changed", "webhook/acme/…")},
    ),
    (
        "giveWebhookSecret",
        lambda u: u.ask("POST", f"{W}/secrets", {}, **u.tag(W)),
        {("webhook.secret-given", "webhook/acme/…")},
    ),
    ("removeWebhook", lambda u: u.end(W), {("webhook.removed", "webhook/acme/…")}),
    (
        "approveRetentionChange",
        lambda u: u.approve("/v1/retention-rules/changes/1"),
        {("retention-change.approved", "retention-change/acme/…")},
    ),
    (
        "refuseRetentionChange",
        lambda u: u.end("/v1/retention-rules/changes/1"),
        {("retention-change.refused", "retention-change/acme/…")},
    ),
    (
        "withdrawNotice",
        lambda u: u.end("/v1/notices/acme/news"),
        {("notice.withdrawn", "notice/acme/news"), ("retention.withdrawn", "retention/acme/news")},
    ),
    (
        "giveRole",
        lambda u: u.ask(
            "POST",
            "/v1/roles",
            {"principal": u.actor, "controller": "acme", "role": "editor", "registers": ["news"]},
        ),
        {("role.given", "role/acme/…")},
    ),
    ("takeRole", lambda u: u.end(u.latest_role()), {("role.taken", "role/acme/…")}),
    (
        "openEngagement",
        lambda u: u.ask("POST", "/v1/audits", ENGAGED),
        {
            ("audit.opened", "audit/acme/…"),
            ("role.given", "role/acme/…"),
            ("user.added", "user/…"),
            ("user.link-given", "user/…"),
        },
    ),
    (
        "endEngagement",
        lambda u: u.end("/v1/audits/1"),
        {("audit.ended", "audit/acme/…"), ("role.taken", "role/acme/…")},
    ),
    ("endRegister", lambda u: u.end(R), {("register.ended", "register/acme/news")}),
    ("endSystem", lambda u: u.end(S), {("system.ended", "system/acme/desk")}),
    ("endController", lambda u: u.end(C), {("controller.ended", "controller/acme")}),
    ("introspectToken", lambda u: u.oauth("/oauth/introspect", token=u.token), set()),
    ("authorizeDevice", lambda u: u.device(), set()),
    ("revokeToken", lambda u: u.oauth("/oauth/revoke", token=u.token), {("token.revoked", "token/…")}),
    ("useLink", lambda u: u.person.use_link(), {("user.password-set", "user/…")}),
    ("signIn", lambda u: u.person.sign_in(), {("user.signed-in", "user/…")}),
    (
        "changeLanguage",
        lambda u: u.person.send("/account/language", language="sv"),
        {("user.language-set", "user/…")},
    ),
    (
        "changePassword",
        lambda u: u.person.change_password(),
        {("user.password-set", "user/…"), ("user.signed-out", "user/…"), ("user.signed-in", "user/…")},
    ),
    (
        "addFactor",
        lambda u: u.person.add_factor(),
        {("user.factor-added", "user/…"), ("user.signed-out", "user/…"), ("user.signed-in", "user/…")},
    ),
    (
        "changeFactor",
        lambda u: u.person.renew_codes(),
        {("user.recovery-code-used", "user/…"), ("user.recovery-codes-made", "user/…")},
    ),
    (
        "endSessions",
        lambda u: u.person.end_others(),  # one begins, and is ended
        {("user.signed-in", "user/…"), ("user.signed-out", "user/…")},
    ),
    ("signOut", lambda u: u.person.send("/sign-out", "/account"), {("user.signed-out", "user/…")}),
    (
        "giveCode",
        lambda u: u.person.give_code(),
        {("user.recovery-code-used", "user/…"), ("user.signed-in", "user/…")},
    ),
    ("answerRequest", lambda u: u.allow(), {("access.allowed", "token/…")}),
    ("answerDevice", lambda u: u.allow_device(), {("access.allowed", "token/…")}),
    ("endAccess", lambda u: u.end_access(), {("token.revoked", "token/…")}),
]


#: What a person does that leaves its trace on something else.
PERSONAL = {"answerRequest", "answerDevice", "endAccess"}


@pytest.fixture(scope="module")
def used(live: Live) -> tuple[User, dict[str, list[journal.Entry]]]:
    """Each operation once, in an order that works, and the entries that it left."""
    assert create_app is not None  # importing the application makes every room witness
    user, left = User(live), {}
    for name, do, _ in STEPS:
        before = journal.checkpoint()["size"]
        answer = do(user)
        assert answer.ok, (name, answer.status_code, answer.text)
        left[name] = journal.entries(after=before, limit=100)
    return user, left


def test_the_steps_are_all_the_writes_that_there_are() -> None:
    contract = json.loads(CONTRACT.read_text("utf-8"))
    writing = {
        operation["operationId"]
        for methods in contract["paths"].values()
        for method, operation in methods.items()
        if method in ("put", "post", "patch", "delete")
    }
    assert [name for name, _, _ in STEPS if name not in writing] == []
    assert writing - {name for name, _, _ in STEPS} == set(), "say here what the journal gets from it"


@pytest.mark.parametrize(("name", "wanted"), [pytest.param(name, want, id=name) for name, _, want in STEPS])
def test_a_write_leaves_its_entries_with_who_did_it(
    used: tuple[User, dict[str, list[journal.Entry]]], name: str, wanted: set[tuple[str, str]]
) -> None:
    user, left = used
    entries = left[name]
    other = clients.Client.get(name="DPO").actor
    actors = {other if name.startswith("approve") else user.actor} if wanted else set()
    if name in PERSONAL or (wanted and all(of.startswith("user/") for _, of in wanted)):
        actors = {user.person.actor}
    assert {entry.actor for entry in entries} == actors
    objects = {of for _, of in wanted if not of.endswith("…")}
    found = {
        (e.action, e.object if e.object in objects else e.object.rpartition("/")[0] + "/…") for e in entries
    }
    assert found == wanted


def test_ordinary_use_verifies(used: tuple[User, dict[str, list[journal.Entry]]]) -> None:
    report = journal.verify()
    assert (report.faults, report.unwitnessed) == ((), ())
    assert report.size == journal.checkpoint()["size"]


def test_what_is_read_and_what_is_refused_leaves_nothing(live: Live) -> None:
    before = journal.checkpoint()
    for path in (
        "/v1/registers",
        "/v1/findings",
        "/v1/journal",
        "/v1/law",
        "/notices",
        "/v1/registers/seamk/library-chat",
    ):
        assert live.ask("GET", path).ok
    for method, path, body, headers in (
        ("PUT", "/v1/registers/seamk/library-chat", {"record": {"register": "x"}}, {"If-Match": '"v99"'}),
        ("PUT", "/v1/registers/seamk/library-chat", {"record": {}}, {"If-Match": '"v1"'}),
        ("POST", "/v1/observations", {**SEEN, "system": "seamk/none"}, {}),
        ("POST", "/v1/notices", {"register": "seamk/none"}, {}),
        ("POST", "/v1/check-runs", {"register": "seamk/library-chat", "as_of": "2020-01-01"}, {}),
    ):
        live.ask(method, path, json=body, headers=headers)
    assert journal.checkpoint() == before


LATER = "2099-01-01T00:00:00.000000Z"
#: Straight SQL, and the action of the entry that has to be named first.
MEDDLING = [
    (
        "UPDATE journal_entry SET actor = 'client/other' WHERE action = 'controller.changed'",
        "controller.changed",
    ),
    ("UPDATE catalogue_version SET ended = NOT ended WHERE id = {register}", "register.declared"),
    (
        "UPDATE catalogue_version SET effective_from = '2001-01-01T00:00:00.000000Z' WHERE id = {register}",
        "register.declared",
    ),
    ("UPDATE catalogue_declaration SET version = 9 WHERE key = 'news'", None),
    ("UPDATE catalogue_declaration SET version = 1 WHERE key = 'news'", "register.changed"),
    (
        "UPDATE connectors_observation SET taken_at = '{later}' WHERE controller = 'acme'",
        "observation.recorded",
    ),
    ("UPDATE connectors_connector SET state = 'enabled' WHERE state = 'removed'", "connector.removed"),
    ("DELETE FROM connectors_connector WHERE version = 1", "connector.added"),
    ("UPDATE connectors_connector SET superseded_at = '{later}' WHERE version = 1", "connector.added"),
    ("DELETE FROM connectors_observation WHERE controller = 'acme'", "observation.recorded"),
    ("UPDATE checks_finding SET kind = 'na' WHERE controller = 'acme'", "findings.recorded"),
    (
        "UPDATE checks_finding SET until = '{later}', ended_in = opened_in WHERE controller = 'acme'",
        "findings.recorded",
    ),
    ("UPDATE checks_run SET actor = 'client/other' WHERE controller = 'acme'", "check-run.finished"),
    ("UPDATE notice_publication SET title = 'x' WHERE controller = 'acme'", "notice.published"),
    ("DELETE FROM notice_text WHERE language = 'sv'", "notice.published"),
    (
        "UPDATE notice_publication SET closed_at = NULL, withdrawn_at = NULL WHERE controller = 'acme'",
        "notice.published",
    ),
    ("UPDATE retention_publication SET closed_at = NULL WHERE controller = 'acme'", "retention.published"),
    ("UPDATE retention_publication SET until = '{later}' WHERE controller = 'acme'", "retention.published"),
    ("UPDATE retention_rule SET period = 'P1D' WHERE publication_id IS NOT NULL", "retention.published"),
    ("UPDATE retention_change SET begins = recorded_at", "retention-change.proposed"),
    (
        "UPDATE retention_change SET state = 'approved', superseded_at = '{later}'",
        "retention-change.proposed",
    ),
    ("DELETE FROM retention_change", "retention-change.proposed"),
    ("UPDATE retention_hold SET targets = replace(targets, 'desk', 'disk')", "hold.set"),
    ("UPDATE retention_hold SET state = 'ended' WHERE version = 1", "hold.set"),
    ("DELETE FROM retention_hold", "hold.set"),
    ("UPDATE webhooks_endpoint SET state = 'enabled' WHERE version = 4", "webhook.removed"),
    ("UPDATE webhooks_endpoint SET version = version + 10", "webhook.added"),
    ("UPDATE webhooks_endpoint SET recorded_at = '{later}' WHERE version = 1", "webhook.added"),
    ("DELETE FROM webhooks_endpoint", "webhook.added"),
    ("INSERT INTO retention_held_subject VALUES ('acme', 'x', 1, 'y')", "hold.set"),
    ("DELETE FROM retention_rule", "retention.published"),
    ("UPDATE audit_engagement SET ends_at = '{later}' WHERE version = 1", "audit.opened"),
    ("UPDATE audit_engagement SET superseded_at = '{later}' WHERE version = 1", "audit.opened"),
    ("UPDATE audit_engagement SET recorded_at = '{later}' WHERE version = 2", "audit.opened"),
    ("DELETE FROM audit_engagement WHERE version = 2", "audit.opened"),
    ("UPDATE auth_role SET registers = NULL WHERE role = 'editor' AND controller = 'acme'", "role.given"),
    ("UPDATE auth_role SET taken_at = NULL WHERE role = 'editor' AND controller = 'acme'", "role.taken"),
    (
        (
            "INSERT INTO auth_role (id, principal, controller, role, given_by, given_at) SELECT 900, principal, "
            "controller, 'owner', given_by, given_at FROM auth_role WHERE id = 1"
        ),
        None,
    ),
    (
        "INSERT INTO retention_system SELECT controller, 'desk', id FROM retention_publication",
        "retention.published",
    ),
]


@pytest.mark.parametrize(("sql", "action"), MEDDLING)
def test_meddling_is_named(
    live: Live, used: tuple[User, dict[str, list[journal.Entry]]], sql: str, action: str | None
) -> None:
    hands = Hands(live.database)
    if not hands.sqlite:
        hands.do("SET session_replication_role = replica")  # no references are looked at
    found = hands.do(
        "SELECT v.id FROM catalogue_version v JOIN catalogue_declaration d ON d.id = v.declaration_id"
        " WHERE d.kind = 'register' AND d.key = 'news' AND v.version = 1"
    )
    entries = [
        one for one in journal.entries(limit=1000) if (one.action, one.actor) == (action, used[0].actor)
    ]
    table = re.search(r"(?:UPDATE|FROM|INTO) (\w+)", sql)[1]  # type: ignore[index]  # there is one in each
    before = hands.rows(table)
    try:
        hands.do(sql.format(register=found[0][0], later=LATER))
        assert hands.rows(table) != before
        report = journal.verify()
    finally:
        hands.do(f"DELETE FROM {table}")
        for row in before:
            hands.add(table, row)
        hands.close()
    assert not report.ok
    assert report.first_bad_seq == (entries[0].seq if entries else None), report.faults
    assert journal.verify().ok
