"""Changes on a Zendesk account (the stand-in)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.connectors.stand_ins.serving import serving
from tests.connectors.stand_ins.zendesk import CLIENT, SECRET, Zendesk
from tests.connectors.turns import Turn, ago

RECORD: dict[str, Any] = {
    "access": {"roles": [{"role": "Neuvojat", "organisation": "own", "domains": ["acme.example"]}]},
    "retention": ["P3Y"],
    "data_categories": [
        {"text": "Nimi", "pd": "pd:Name"},
        {"text": "Sähköposti", "pd": "pd:EmailAddress"},
        {"text": "Viestit", "pd": "pd:Communication"},
    ],
    "recipients": [{"name": "Tutkimus Oy"}],
}


@contextmanager
def system(_: Any) -> Iterator[tuple[Zendesk, dict[str, Any], dict[str, str]]]:
    desk = Zendesk()
    desk.user("one@acme.example", last_login_at=ago(days=1))
    desk.user("student@mail.example", "end-user", created_at=ago(days=300))
    desk.schedule("P3Y", active=True)
    desk.field("ticket", "Subject", "subject")
    desk.field("ticket", "Sähköpostiosoite")
    desk.tickets.append(ago(days=400))
    desk.install("Kysely", "Tutkimus Oy")
    desk.custom_roles.append({"id": 1, "name": "Vastaavat", "role_type": 0, "team_member_count": 1})
    with serving(desk):
        settings = {"subdomain": "acme", "address": desk.origin}
        yield desk, settings, {"client_id": CLIENT, "client_secret": SECRET}


def _set(name: str, value: Any) -> Any:
    def change(desk: Zendesk) -> None:
        where: Any = {**desk.security_settings, **desk.account_settings}
        *path, last = name.split(".")
        for step in path:
            where = where[step]
        if path:
            where[last] = value
        else:
            desk.security_settings[last] = value

    return change


def _shut(desk: Zendesk, active: bool) -> None:
    desk.deletion_schedules[0]["active"] = active


def _length(desk: Zendesk, value: Any) -> None:
    desk.deletion_schedules[0]["conditions"]["all"][0]["value"] = value


def _role_type(desk: Zendesk, kind: int) -> None:
    desk.custom_roles[0]["role_type"] = kind


AGENTS = {
    "access": {"roles": [{"role": "Neuvojat", "domains": ["acme.example"], "permission": "agent"}]}
}  # fmt: skip

TURNS = [
    Turn(
        kind="accounts", code="OBS301", name="a member of another organisation is added", key="acme/desk:muu.example",
        do=lambda desk: desk.user("new@muu.example"), undo=lambda desk: desk.users.pop(),
    ),
    Turn(
        kind="accounts", code="OBS301", name="an agent is made an administrator, where only agents are declared",
        key="acme/desk:admin", record=AGENTS,
        do=lambda desk: desk.users[0].update(role="admin"), undo=lambda desk: desk.users[0].update(role="agent"),
    ),
    Turn(
        kind="accounts", code="OBS306", name="somebody switches their second factor off", key="acme/desk:two_factor",
        do=lambda desk: desk.users[0].update(two_factor_auth_enabled=False),
        undo=lambda desk: desk.users[0].update(two_factor_auth_enabled=True),
    ),
    Turn(
        kind="accounts", code="OBS306", name="an account is left unused", key="acme/desk:idle",
        do=lambda desk: desk.users[0].update(last_login_at=ago(days=120)),
        undo=lambda desk: desk.users[0].update(last_login_at=ago(days=1)),
    ),
    Turn(
        kind="deletion_rules", code="OBS302", name="the deletion schedule is switched off", key="R1:acme/desk:off",
        do=lambda desk: _shut(desk, False), undo=lambda desk: _shut(desk, True),
    ),
    Turn(
        kind="deletion_rules", code="OBS302", name="the deletion schedule is lengthened",
        key="R1:acme/desk:rule:4400000000003",
        do=lambda desk: _length(desk, "5 years"), undo=lambda desk: _length(desk, "3 years"),
    ),
    Turn(
        kind="oldest_item", code="OBS302", name="a ticket is older than it may be", key="R1:acme/desk:oldest:ticket:",
        do=lambda desk: desk.tickets.append(ago(days=1200)), undo=lambda desk: desk.tickets.pop(),
    ),
    Turn(
        kind="field_inventory", code="OBS304", name="a field for the personal identity code is added", key="acme/desk",
        do=lambda desk: desk.field("ticket", "Henkilötunnus"), undo=lambda desk: desk.ticket_fields.pop(),
    ),
    Turn(
        kind="apps", code="OBS305", name="an app of somebody else is installed", key="acme/desk:app:app:4400000000009",
        do=lambda desk: desk.install("Analyysi", "Muu Oy"), undo=lambda desk: desk.installations.pop(),
    ),
    Turn(
        kind="settings", code="OBS306", name="a second factor is no longer required",
        key="acme/desk:two_factor_required:authentication.agent.two_factor_enforce:",
        do=_set("authentication.agent.two_factor_enforce", False),
        undo=_set("authentication.agent.two_factor_enforce", True),
    ),
    Turn(
        kind="settings", code="OBS306", name="recordings of calls are opened to all",
        key="acme/desk:public_access:voice.recordings_public:",
        do=_set("voice.recordings_public", True), undo=_set("voice.recordings_public", False),
    ),
    Turn(
        kind="settings", code="OBS306", name="the vendor is let in", key="acme/desk:vendor_access:assumable:",
        do=_set("assumable", True), undo=_set("assumable", False),
    ),
    Turn(
        kind="changes", code="OBS306", name="by the log, credit cards are no longer redacted, which no setting shows",
        key="acme/desk:redacted:Credit Card Redaction:",
        do=lambda desk: desk.log("Credit Card Redaction", "Disabled", ago(days=300)),
        undo=lambda desk: desk.log("Credit Card Redaction", "Enabled", ago(days=1)),
    ),
    Turn(
        kind="changes", code="OBS306", name="by the log, redaction was changed, and not said to what",
        key="acme/desk:redacted:Credit Card Redaction:", found="open",
        do=lambda desk: desk.log("Credit Card Redaction", "Changed", ago(days=3)),
        undo=lambda desk: desk.log("Credit Card Redaction", "Enabled", ago(days=1)),
    ),
    Turn(
        kind="credential", code="OBS306", name="our client is given the right to write", key="acme/desk:credential",
        do=lambda desk: desk.scopes.add("write"), undo=lambda desk: desk.scopes.discard("write"),
    ),
    Turn(
        kind="roles", code="OBS301", name="a custom role comes to administer, where only agents are declared",
        do=lambda desk: _role_type(desk, 4), undo=lambda desk: _role_type(desk, 0),
        key="acme/desk:admin",
        record=AGENTS,
    ),
]  # fmt: skip
