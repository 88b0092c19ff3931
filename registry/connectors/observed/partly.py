"""A look that saw only part, laid over one before it: what it does not show may be there all the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import rfc8785

from registry.connectors.observed.observation import Observation

#: What entries of a list are known by, look after look, by kind and member. Of the rest an entry is known by all that
#: it says but how many there are.
KNOWN_BY: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "accounts": {"accounts": ()},
    "apps": {"apps": ("id",)},
    "certification": {"entries": ("importer", "instrument")},
    "changes": {"changes": (), "settings": ("about", "name")},
    "cookie_scan": {"trackers": ("name", "form", "domain")},
    "deletion_rules": {"rules": ("id",)},
    "field_inventory": {"fields": ("object", "name")},
    "inventory": {"entries": ("inventory_id", "register")},
    "oldest_item": {"items": ()},  # the oldest of what was seen
    "published_text": {"pages": ("url",)},
    "request_log": {"requests": ()},
    "roles": {"roles": ("role",)},
    "settings": {"settings": ("about", "name", "object")},
    "sub_processors": {"lists": ("processor",)},
}
#: One thing, seen or not: where only part of it was, the last whole look stands beside it.
SINGLE = frozenset({"credential", "region"})
_TEXT = ("text_sha256", "statements", "passages")


def over(part: Observation, before: Observation) -> Observation:
    """A partial look, what it does not show as it was before, as if it were whole: as weak as the weaker of both."""
    payload = {**before.payload}
    for name, known_by in KNOWN_BY.get(part.kind, {}).items():
        if name in part.payload or name in before.payload:
            payload[name] = _over(part.payload.get(name, ()), before.payload.get(name, ()), known_by)
    level = max(part, before, key=lambda one: one.strength).source_level
    return dataclasses.replace(part, payload=payload, complete=True, source_level=level)


def _over(
    shown: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]], known_by: tuple[str, ...]
) -> list[Mapping[str, Any]]:
    had = {_mark(one, known_by): one for one in before}
    found = [one for one in shown if not _unread(one, had.get(_mark(one, known_by)))]
    seen = {_mark(one, known_by) for one in found}
    return [*found, *(one for one in before if _mark(one, known_by) not in seen)]


def _unread(page: Mapping[str, Any], before: Mapping[str, Any] | None) -> bool:
    """Whether a page answered as before, and what it says was not read this time."""
    return (
        before is not None
        and "url" in page
        and page.get("status") == before.get("status")
        and any(name in before for name in _TEXT)
        and not any(name in page for name in _TEXT)
    )


def _mark(one: Mapping[str, Any], known_by: tuple[str, ...]) -> bytes:
    told = {name: one.get(name) for name in known_by} if known_by else {**one, "count": 1}
    return bytes(rfc8785.dumps(told))
