"""What the log of a Zendesk account says was changed, and how it last left the settings of the account."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from registry import clock
from registry.connectors.source import Way, instant_of, text, whole, word

DAYS = 30
#: The type of entries on settings of the account. They name no person, as those on users do.
SETTING = "account_setting"
#: What a setting is about, by the name that the log gives it; others are told and not judged.
_ABOUT = {
    "account assumption": "vendor_access",
    "credit card redaction": "redacted",
    "require two factor": "two_factor_required",
    "two-factor authentication for all admins and agents": "two_factor_required",
}
_ON = {"enabled": True, "turned on": True, "disabled": False, "turned off": False}

#: Asks for the entries that a filter lets through, in whatever order.
Asks = Callable[[Mapping[str, Any]], Iterator[Any]]


def changes(way: Way, entries: Asks) -> Mapping[str, Any]:
    """The payload of `changes`: of the last DAYS days by sort, and of each setting of the account the newest entry."""
    until = clock.now()
    since = clock.written(datetime.fromisoformat(until) - timedelta(days=DAYS))
    counted: dict[tuple[str, str], tuple[int, str]] = {}
    for entry in entries({"filter[created_at][]": [since[:19] + "Z", until[:19] + "Z"]}):
        with way.item():
            key = word(text(entry, "source_type")), word(text(entry, "action"))
            at = instant_of(entry["created_at"])
            count, latest = counted.get(key, (0, at))
            counted[key] = count + 1, max(at, latest)
    told = [
        {"object": object_, "action": action, "count": count, "latest": latest}
        for (object_, action), (count, latest) in sorted(counted.items())
    ]
    return {"since": since, "changes": told, "settings": _left(way, entries)}


def _left(way: Way, entries: Asks) -> list[dict[str, Any]]:
    """However old an entry is: the log has no end, and what was switched off years ago may be off still."""
    newest: dict[str, tuple[tuple[str, int], bool | None]] = {}
    for entry in entries({"filter[source_type]": SETTING}):
        with way.item():
            if text(entry, "source_type") != SETTING:
                continue
            name = word(text(entry, "source_label"))
            said = entry.get("change_description")
            on = _ON.get(said.strip().casefold()) if isinstance(said, str) else None
            at = instant_of(entry["created_at"]), whole(entry, "id")
            newest[name] = max(newest.get(name, (at, on)), (at, on), key=lambda one: one[0])
    return [
        {"about": _ABOUT.get(name.casefold(), "other"), "name": name, "on": on, "at": at}
        for name, ((at, _), on) in sorted(newest.items())
    ]
