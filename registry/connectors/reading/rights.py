"""What a credential may do beyond reading, as far as its system tells: told in words, and where not, why not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from registry.connectors.values import MISSHAPEN, word

MOST = 100

#: Words in the names of scopes and roles that mean changing something, those that mean everything unless only reading
#: is meant (`read.all`), and those that mean reading.
_WRITES = frozenset({
    "assign", "create", "delete", "edit", "impersonate", "manage", "modify", "provision", "provisioning", "readwrite",
    "update", "write", "writer",
})  # fmt: skip
_WIDE = frozenset({"admin", "administrator", "all", "full", "manager", "owner", "root", "superuser"})
_READS = frozenset({"get", "list", "query", "read", "reader", "readonly", "search", "view", "viewer"})
#: Scopes of OpenID Connect and OAuth, which open no directory.
_NEUTRAL = frozenset({"openid", "profile", "email", "address", "phone", "offline_access"})
_SPLIT = re.compile(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z]+")


def told(may: Iterable[str], because: str | None = None, **other: Any) -> dict[str, Any]:
    """The payload of `credential`: what it may do beyond reading, sorted.

    Where there is nothing, `because` says why that does not mean that it only reads (`not_shown`, `not_permitted`,
    `in_part`); None where the system told all. Where there is something, why it takes that (`needed`).
    """
    more = sorted({word(one) for one in may})
    if more:
        return {
            "more_than_reading": True,
            "may": more[:MOST],
            **({"because": because} if because == "needed" else {}),
            **other,
        }
    return {"more_than_reading": None, "because": because, **other} if because else {
        "more_than_reading": False, "may": [], **other,
    }  # fmt: skip


def scopes(claims: Mapping[str, Any]) -> list[str]:
    """What a token says that it may: `scope` (RFC 9068, 2.2.3), and `scp` and `roles` as vendors write it.

    Raises ValueError for what is neither a text nor a list of texts.
    """
    held: list[str] = []
    for name in ("scope", "scp", "roles"):
        said = claims.get(name) or []
        held += [word(one) for one in (said.split() if isinstance(said, str) else _texts(said))]
    return held


def writing(names: Iterable[str]) -> list[str]:
    """Those of some names of scopes or roles in which a word means changing something."""
    return [one for one in names if _changes(_words(one)) or one.strip() == "*"]


def reading(names: Iterable[str]) -> bool:
    """Whether every one of these names means reading and no more, and there is one that does."""
    left = [one for one in names if one not in _NEUTRAL]
    return bool(left) and all(_words(one) & _READS and not _changes(_words(one)) for one in left)


def valued(many: Any) -> list[str]:
    """The values of a multi-valued attribute of SCIM (RFC 7643, 2.4); none where it is not one."""
    try:
        return [word(one["value"] if isinstance(one, dict) else one) for one in many or []]
    except MISSHAPEN:
        return []


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError("not a list of texts")
    return value


def _changes(words: set[str]) -> bool:
    return bool(words & _WRITES or (words & _WIDE and not words & _READS))


def _words(name: str) -> set[str]:
    return {one.lower() for one in _SPLIT.split(name) if one}
