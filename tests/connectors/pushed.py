"""What is handed in and the checks notice: of every kind of observation, what is right, what is not, and the finding.

`PUSHES` is for the table in docs/connectors.md what `turns` are for the sources; test_pushed.py tries each over HTTP.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from tests.connectors.turns import WITHIN, ago

#: Observations by kind, as they are sent.
Sent = Mapping[str, Mapping[str, Any]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Push:
    """One change that is pushed. While `right` is what was pushed last of a `kind`, check `code` says `then`; after
    `wrong` it finds `found` under `key`; and after `right` again what it said before.

    `beside` is what else is pushed first, `record` what the register says, `system` what is declared of the system. A
    look that failed hides none that was made: where that is the change, `right` comes only after it.
    """

    kind: str
    code: str
    name: str
    key: str
    right: Mapping[str, Any]
    wrong: Mapping[str, Any]
    record: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    system: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    beside: Sent = dataclasses.field(default_factory=dict)
    then: Literal["pass"] = "pass"
    found: Literal["fail", "open"] = "fail"

    @property
    def about(self) -> str:
        """The kind of look that it tells of."""
        return str(self.wrong["asked"]) if self.kind == "could_not_look" else self.kind


def _account(**told: Any) -> dict[str, Any]:
    alike = {"role": "agent", "domain": "acme.example", "active": True, "count": 3, "last_login_on": ago(days=1)[:10],
             "two_factor": True, "shared": False}  # fmt: skip
    return {**alike, **told}


def _rule(**told: Any) -> dict[str, Any]:
    return {"rules": [{"id": "r1", "object": "ticket", "active": True, "after": "P6M", "counted_from": "created",
                       "action": "erase", **told}]}  # fmt: skip


def _field(name: str, pd: str) -> dict[str, Any]:
    return {"object": "ticket", "name": name, "pd": pd}


def _listed(*names: str, digest: str = "0a") -> dict[str, Any]:
    listed = [{"name": name, "country": "IE"} for name in names]
    return {"lists": [{"processor": "Desk Oy", "list_sha256": digest * 32, "sub_processors": listed}]}


def _certified(**told: Any) -> dict[str, Any]:
    return {"entries": [{"importer": "Desk Inc", "instrument": "dpf_eu_us", "status": "active", **told}]}


def _page(**told: Any) -> dict[str, Any]:
    return {
        "pages": [
            {"url": NOTICE, "status": 200, "text_sha256": "0a" * 32, "expected_sha256": "0a" * 32, **told}
        ]
    }


def _stating(period: str) -> dict[str, Any]:
    states = [{"about": "period", "value": period}]
    return {"pages": [{"url": NOTICE, "status": 200, "statements": states}]}


def _entry(number: str = "CI-7", **told: Any) -> dict[str, Any]:
    return {"inventory_id": number, "in_use": True, **told}


def _log(on: bool | None, days: int) -> dict[str, Any]:
    left = {"about": "redacted", "name": "Card redaction", "on": on, "at": ago(days=days)}
    changed = {"object": "setting", "action": "update", "count": 1, "latest": ago(days=days)}
    return {"since": ago(days=300), "changes": [changed], "settings": [left]}


def _day(days: int) -> str:
    return ago(days=days)[:10]


NOTICE = "https://www.acme.example/notice"
OWN: dict[str, Any] = {"access": {**WITHIN["access"], "personal_accounts": True}}
ACCOUNTS = {"accounts": [_account()]}
AGENTS = {"roles": [{"role": "Neuvojat", "permission": "agent", "members": 3}]}
SIX_MONTHS: dict[str, Any] = {"retention": ["P6M"]}
PUBLISHED: dict[str, Any] = {"document": {"publication_url": NOTICE}}
NUMBERED = {"inventory_id": "CI-7"}
LISTED = {"entries": [_entry()]}
DESK: dict[str, Any] = {"processors": [{"name": "Desk Oy", "sub_processors": [{"name": "Cloud Oy"}]}]}
CERTIFIED: dict[str, Any] = {
    "transfers": {"items": [{"country": "US", "importer": "Desk Inc", "instrument": "dpf_eu_us"}]}
}
MASKED: dict[str, Any] = {
    **OWN, "security_measures": [{"text": "Korttinumerot peitetään", "dpv": "dpv:DataRedaction"}]
}  # fmt: skip
OPEN = {"about": "public_access", "name": "everyone"}

PUSHES = [
    Push(
        kind="accounts", code="OBS301", name="an account of another organisation", key="acme/desk:elsewhere.example",
        record=WITHIN, right=ACCOUNTS, wrong={"accounts": [_account(), _account(domain="elsewhere.example")]},
    ),
    Push(
        kind="accounts", code="OBS306", name="an account that several people use", key="acme/desk:shared", record=OWN,
        right=ACCOUNTS, wrong={"accounts": [_account(shared=True)]},
    ),
    Push(
        kind="accounts", code="OBS306", name="an account that nobody uses", key="acme/desk:idle", record=OWN,
        right=ACCOUNTS, wrong={"accounts": [_account(), _account(last_login_on=None)]},
    ),
    Push(
        kind="roles", code="OBS301", name="everybody may read", key="acme/desk:role:PUBLIC", record=WITHIN,
        right=AGENTS, wrong={"roles": [*AGENTS["roles"], {"role": "PUBLIC", "permission": "viewer"}]},
    ),
    Push(
        kind="roles", code="OBS301", name="a role that administers, where only agents are declared",
        key="acme/desk:admin", record=WITHIN,
        right=AGENTS, wrong={"roles": [{"role": "Neuvojat", "permission": "admin", "members": 1}]},
    ),
    Push(
        kind="deletion_rules", code="OBS302", name="the rule is switched off", key="R1:acme/desk:off",
        record=SIX_MONTHS, right=_rule(), wrong=_rule(active=False),
    ),
    Push(
        kind="deletion_rules", code="OBS302", name="the rule is lengthened", key="R1:acme/desk:rule:r1",
        record=SIX_MONTHS, right=_rule(), wrong=_rule(after="P1Y"),
    ),
    Push(
        kind="oldest_item", code="OBS302", name="an item that should be gone", key="R1:acme/desk:oldest:ticket:",
        record=SIX_MONTHS,
        right={"items": [{"object": "ticket", "oldest": ago(days=30), "count": 7}]},
        wrong={"items": [{"object": "ticket", "oldest": ago(days=300), "count": 7}]},
    ),
    Push(
        kind="region", code="OBS303", name="the data is kept in the United States", key="acme/desk",
        record={"storage_locations": [{"area": "EU", "exclusive": True}]},
        right={"country": "FI"}, wrong={"country": "US", "region": "us-east-1"},
    ),
    Push(
        kind="field_inventory", code="OBS304", name="a field that is not declared", key="acme/desk",
        record={"data_categories": [{"text": "Sähköposti", "pd": "pd:EmailAddress"}]},
        right={"fields": [_field("requester", "pd:EmailAddress")]},
        wrong={"fields": [_field("requester", "pd:EmailAddress"), _field("phone", "pd:TelephoneNumber")]},
    ),
    Push(
        kind="sub_processors", code="OBS305", name="another organisation is on the processor's list", key="desk",
        record=DESK, right=_listed("Cloud Oy"), wrong=_listed("Cloud Oy", "Mail Oy"),
    ),
    Push(
        kind="sub_processors", code="OBS305", name="the processor's list is no longer the one that was reviewed",
        key="desk", record={"processors": [{"name": "Desk Oy", "sub_processor_list_hash": "0a" * 32}]},
        right={"lists": [{"processor": "Desk Oy", "list_sha256": "0a" * 32}]},
        wrong={"lists": [{"processor": "Desk Oy", "list_sha256": "0b" * 32}]},
    ),
    Push(
        kind="certification", code="OBS305", name="the importer is no longer certified", key="desk:dpf_eu_us",
        record=CERTIFIED, right=_certified(), wrong=_certified(status="inactive"),
    ),
    Push(
        kind="certification", code="OBS305", name="the certification had to be renewed", key="desk:dpf_eu_us",
        record=CERTIFIED, right=_certified(due_on=_day(-100)), wrong=_certified(due_on=_day(2)), found="open",
    ),
    Push(
        kind="apps", code="OBS305", name="an app of somebody else is connected", key="acme/desk:app:17",
        right={"apps": []}, wrong={"apps": [{"id": "17", "name": "Surveys", "active": True, "by": "Survey Oy"}]},
    ),
    Push(
        kind="settings", code="OBS306", name="anybody may read", key="acme/desk:public_access:everyone:", record=OWN,
        beside={"accounts": ACCOUNTS},
        right={"settings": [{**OPEN, "on": False}]}, wrong={"settings": [{**OPEN, "on": True}]},
    ),
    Push(
        kind="changes", code="OBS306", name="by the log, what is sensitive is no longer masked",
        key="acme/desk:redacted:Card redaction:", record=MASKED,
        beside={"accounts": ACCOUNTS, "settings": {"settings": [{**OPEN, "on": False}]}},
        right=_log(True, 30), wrong=_log(False, 2),
    ),
    Push(
        kind="changes", code="OBS306", name="by the log, masking was changed, and not said to what", found="open",
        key="acme/desk:redacted:Card redaction:", record=MASKED,
        beside={"accounts": ACCOUNTS, "settings": {"settings": [{**OPEN, "on": False}]}},
        right=_log(True, 30), wrong=_log(None, 2),
    ),
    Push(
        kind="credential", code="OBS306", name="the credential comes to write", key="acme/desk:credential", record=OWN,
        beside={"accounts": ACCOUNTS},
        right={"more_than_reading": False}, wrong={"more_than_reading": True, "may": ["write"]},
    ),
    Push(
        kind="could_not_look", code="OBS306", name="what the credential may do cannot be looked at",
        key="acme/desk:credential", record=OWN, found="open",
        beside={"accounts": ACCOUNTS},
        right={"more_than_reading": False}, wrong={"asked": "credential", "reason": "forbidden"},
    ),
    Push(
        kind="published_text", code="OBS307", name="another text than would be published", key="text",
        record=PUBLISHED, system=NUMBERED, beside={"inventory": LISTED},
        right=_page(), wrong=_page(text_sha256="0b" * 32),
    ),
    Push(
        kind="published_text", code="OBS307", name="the page states another period", key="text",
        record={**PUBLISHED, **SIX_MONTHS}, system=NUMBERED, beside={"inventory": LISTED},
        right=_stating("P6M"), wrong=_stating("P1Y"),
    ),
    Push(
        kind="published_text", code="OBS307", name="the notice is gone", key="dead:/document/publication_url",
        record=PUBLISHED, system=NUMBERED, beside={"inventory": LISTED},
        right=_page(), wrong={"pages": [{"url": NOTICE, "status": 404}]},
    ),
    Push(
        kind="inventory", code="OBS307", name="the system is taken out of use", key="gone:desk",
        record=PUBLISHED, system=NUMBERED, beside={"published_text": _page()},
        right=LISTED, wrong={"entries": [_entry(in_use=False)]},
    ),
    Push(
        kind="inventory", code="OBS307", name="a system that the record does not name", key="unrecorded:CI-8",
        record=PUBLISHED, system=NUMBERED, beside={"published_text": _page()},
        right=LISTED, wrong={"entries": [_entry(), _entry("CI-8", register="acme/clients")]},
    ),
    Push(
        kind="request_log", code="OBS308", name="a request was answered late", key="acme/desk",
        right={"requests": [{"received_on": _day(80), "answered_on": _day(70)}]},
        wrong={"requests": [{"received_on": _day(80), "answered_on": _day(20)}]},
    ),
    Push(
        kind="request_log", code="OBS308", name="a request is not answered in time", key="acme/desk",
        right={"requests": []}, wrong={"requests": [{"received_on": _day(80), "answered_on": None}]},
    ),
    Push(
        kind="cookie_scan", code="LAW208", name="a cookie that counts visitors is set before consent", key="acme/desk",
        record={"collection_channels": ["web"]}, right={"pages": 3, "trackers": []},
        wrong={"pages": 3, "trackers": [
            {"name": "_ga", "form": "cookie", "before_consent": True, "essential": False}
        ]},
    ),
]  # fmt: skip
