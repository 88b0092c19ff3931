"""What a lifecycle of a bucket deletes, of what, and when it is gone for good."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from registry.connectors.reading.lengths import period
from registry.connectors.source import word

Categories = Iterable[tuple[str, str]]


def rules_of(
    rules: Iterable[Mapping[str, Any]],
    categories: Categories,
    versioned: bool | None,
    item: Callable[[], AbstractContextManager[None]],
) -> list[dict[str, Any]]:
    """The rules that make objects expire, one for each category of the record that they cover.

    What only moves objects, ends uploads or clears markers deletes nobody's data. `versioned`: old versions stay after
    an expiry, until another rule lets them go; None: that was not seen.
    """
    written, found = list(rules), []
    for number, rule in enumerate(written, 1):
        with item():
            expiry = rule.get("Expiration", {})
            if "Days" in expiry or "Date" in expiry:
                found += _deleting(rule, number, list(categories), versioned, written)
    return found


def _deleting(
    rule: Mapping[str, Any],
    number: int,
    categories: list[tuple[str, str]],
    versioned: bool | None,
    others: list[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    prefix, further = _filter(rule)
    days = rule["Expiration"].get("Days")
    try:
        name = word(rule.get("ID"), most=150)
    except ValueError:  # without a name, or with one that nobody could read
        name = f"rule {number}"
    told: dict[str, Any] = {
        "id": name,
        "object": "object",
        "active": rule["Status"] == "Enabled",
        "after": None if days is None else period(days),
        "counted_from": None if days is None else "created",
        "action": "erase",
    }
    if days is None:
        further = [*further, "on a fixed day"]
    if versioned:
        told["then_kept"] = _old_versions(prefix, others)
    elif versioned is None:
        further = [*further, "whether old versions stay was not seen"]
    covered = [category for begins, category in categories if begins.startswith(prefix)]
    if not covered or further:
        only = further if not prefix else [f"keys that begin with {word(prefix, most=200)}", *further]
        return [{**told, "only": "; ".join(only)[:500]} if only else told]
    # All of each of these categories lies below the prefix.
    if len(covered) == 1 and not (prefix == "" and not categories):
        return [{**told, "category": covered[0]}]
    return [{**told, "id": f"{name} / {category}", "category": category} for category in covered]


def _filter(rule: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The prefix that a rule is for, and what else has to hold: tags by their keys, sizes."""
    given = rule.get("Filter", {})
    both = given.get("And", given)
    prefix = both.get("Prefix", rule.get("Prefix", "")) or ""
    tags = [*both.get("Tags", ()), *([both["Tag"]] if "Tag" in both else ())]
    further = [f"tag {word(tag['Key'], most=60)}" for tag in tags]
    further += [name for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan") if name in both]
    return prefix, further


def _old_versions(prefix: str, rules: Iterable[Mapping[str, Any]]) -> str | None:
    """How long old versions of what begins so stay, by the rule that lets go of all of them soonest; None: for ever."""
    days = []
    for rule in rules:
        begins, further = _filter(rule)
        expiry = rule.get("NoncurrentVersionExpiration", {})
        whole = not further and prefix.startswith(begins) and not expiry.get("NewerNoncurrentVersions")
        if rule.get("Status") == "Enabled" and whole and expiry.get("NoncurrentDays"):
            days.append(int(expiry["NoncurrentDays"]))
    return period(min(days)) if days else None
