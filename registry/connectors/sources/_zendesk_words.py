"""What Zendesk's words mean: roles, fields, settings, and what a deletion schedule really does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.connectors.reading.lengths import period
from registry.connectors.source import listed_if, mapped_if, text, truth, whole, word

#: Of `role_type`; what is not here is not understood.
PERMISSIONS = {0: "agent", 1: "viewer", 2: "agent", 3: "viewer", 4: "admin", 5: "admin"}
#: Fields of the help desk itself, which tell of nobody.
OF_THE_DESK = frozenset(
    {"status", "custom_status", "tickettype", "priority", "basic_priority", "group", "assignee"}
)
OF_TYPE = {
    "subject": "pd:Communication",
    "description": "pd:Communication",
    "partialcreditcard": "pd:CreditCardNumber",
    "creditcard": "pd:CreditCardNumber",
}
BUILT_IN = {
    "name": "pd:Name",
    "email": "pd:EmailAddress",
    "phone": "pd:TelephoneNumber",
    "photo": "pd:Picture",
}
SECURITY = (
    ("two_factor_required", "authentication.agent.two_factor_enforce"),
    ("single_sign_on_required", "authentication.agent.enforce_sso"),
    ("network_restricted", "ip.ip_restriction_enabled"),
    ("vendor_access", "assumable"),
)
ACCOUNT = (
    ("deletion_by_hand", "tickets.agent_ticket_deletion"),
    ("public_access_blocked", "tickets.private_attachments"),
    ("public_access", "voice.recordings_public"),
    ("other", "api.api_token_access"),
)
_SINCE = {
    "duration_since_created_at": "created",
    "duration_since_creation": "created",
    "duration_since_last_update": "last_update",
    "duration_since_updated_at": "last_update",
    "duration_since_closed_at": "closed",
}
_MORE = frozenset({None, "", "is", "greater_than", "greater_than_equal", "greater_than_or_equal", ">", ">="})
_ARCHIVED = "archived tickets, closed for 120 days or more; an update begins the period anew"


def at(told: Mapping[str, Any], path: str) -> Any:
    value: Any = told
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def setting(told: Mapping[str, Any], about: str, path: str) -> dict[str, Any]:
    value = at(told, path)
    return {"about": about, "name": path, "on": value if isinstance(value, bool) else None}


def permitted(configuration: Mapping[str, Any]) -> list[str]:
    """What a custom role permits, in the system's own words."""
    told = [
        word(name if value is True else f"{name}: {value}")
        for name, value in sorted(configuration.items())
        if value is True or (isinstance(value, str) and value not in ("", "none", "no", "off"))
    ]
    return told[:100]


def rule_of(schedule: Any, categories: Mapping[str, str]) -> dict[str, Any]:
    """A deletion schedule. What else must hold is told by the fields that it looks at, never by their values."""
    object_ = word(text(schedule, "object"))
    conditions = mapped_if(schedule.get("conditions"))
    every, some = listed_if(conditions.get("all")), listed_if(conditions.get("any"))
    timed = [one for one in every if text(one, "field").startswith("duration_since")]
    after, since = None, None
    if len(timed) == 1 and timed[0].get("operator") in _MORE:
        unit = timed[0].get("unit", timed[0].get("interval"))
        after, since = period(timed[0].get("value"), unit), _SINCE.get(timed[0]["field"])
    others = sorted({word(text(one, "field"), most=60) for one in (*every, *some) if one not in timed})
    only_if = [_ARCHIVED] if object_ == "zen:ticket" else []
    only_if += [f"depends on {', '.join(others)}"[:400]] if others else []
    rule: dict[str, Any] = {
        "id": str(whole(schedule, "id")),
        "object": object_,
        "active": truth(schedule, "active"),
        "after": after if since else None,
        "counted_from": since if after else None,
        "action": "erase",
    }
    if schedule.get("title"):
        rule["title"] = word(schedule["title"])
    if only_if:
        rule["only"] = "; ".join(only_if)
    if object_ == "zen:user":
        rule["then_kept"] = "P30D"  # deleted people are kept aside for so long
    if category := categories.get(object_):
        rule["category"] = category
    return rule
