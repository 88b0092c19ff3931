"""Reading what others wrote: each gives what it says, or raises ValueError (KeyError for a member that is missing)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from registry import clock, errors
from registry.connectors.observed.plain import ADDRESS, DOMAIN

#: What reading an answer of another shape raises.
MISSHAPEN = (LookupError, TypeError, ValueError, AttributeError, RecursionError, OverflowError)


def mapped(value: Any) -> Mapping[str, Any]:
    """`value`, an object. Raises ValueError."""
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def listed(value: Any) -> list[Any]:
    """`value`, an array. Raises ValueError."""
    if not isinstance(value, list):
        raise ValueError("not an array")
    return value


def mapped_if(value: Any) -> Mapping[str, Any]:
    """`value`, an object; an empty one for null. Raises ValueError."""
    return {} if value is None else mapped(value)


def listed_if(value: Any) -> list[Any]:
    """`value`, an array; an empty one for null. Raises ValueError."""
    return [] if value is None else listed(value)


def text(item: Any, name: str) -> str:
    """The text of a member, cut at 500 characters. Raises ValueError where it is none, KeyError where it is missing."""
    value = mapped(item)[name]
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value[:500]


def truth(item: Any, name: str) -> bool:
    """The truth of a member. Raises ValueError, KeyError."""
    value = mapped(item)[name]
    if not isinstance(value, bool):
        raise ValueError("not true or false")
    return value


def whole(item: Any, name: str) -> int:
    """The whole number of a member. Raises ValueError, KeyError."""
    value = mapped(item)[name]
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**53:
        raise ValueError("not a whole number")
    return value


def word(value: Any, *, most: int = 200) -> str:
    """A name that a system gives, as a payload takes it: one line, cut, anybody's address left out.

    Raises ValueError for what is no text or has nothing in it.
    """
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        raise ValueError("not a name")
    line = " ".join("".join(char if char.isprintable() else " " for char in str(value)[: 4 * most]).split())
    line = ADDRESS.sub("…", line)[:most].strip()
    if not line:
        raise ValueError("an empty name")
    return line


def domain_of(address: str) -> str:
    """The domain of a mail address, in small letters. Raises ValueError where it has none."""
    name, at, domain = address.strip().rpartition("@")
    domain = domain.rstrip(".").lower()
    if not (name and at and len(domain) <= 253 and DOMAIN.fullmatch(domain)):
        raise ValueError("no address")
    return domain


def instant_of(value: Any) -> str:
    """The instant of an RFC 3339 time. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("not a time")
    try:
        return clock.timestamp(value)
    except errors.Invalid as problem:
        raise ValueError(problem.code) from None


def day_of(value: Any) -> str:
    """The day, in UTC, of an RFC 3339 time. Raises ValueError."""
    return instant_of(value)[:10]


def day_at(seconds: float) -> str:
    """The day, in UTC, of so many seconds after 1970 began. Raises OverflowError for one that no calendar has."""
    return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)).date().isoformat()
