"""How often something may be tried: limits that hold over all workers, for they lie in the database.

A bucket holds `burst` tries and is refilled evenly (the generic cell rate algorithm: of a bucket only the instant is
kept at which it will be full again). Of whom it is, an address or an account, is kept as a digest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

import peewee

from registry import clock
from registry.db import Stored, Text, execute, writes
from registry.errors import TooMany

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries at once, and as many again spread over so many seconds. `name` is what is tried."""

    name: str
    burst: int
    seconds: int

    @property
    def interval(self) -> int:
        """Microseconds until one more may be tried."""
        return max(1, self.seconds * 1_000_000 // self.burst)


class Bucket(Stored):
    """What has been tried of late. `full_at`: microseconds since 1970."""

    sha256 = Text(primary_key=True)
    full_at: Any = peewee.BigIntegerField(index=True)

    class Meta:
        table_name = "rate_limit"


# One statement: of many who try at once, exactly as many get through as the bucket holds.
_TAKE = """
INSERT INTO rate_limit (sha256, full_at) VALUES (?, ?)
ON CONFLICT (sha256) DO UPDATE SET full_at = ? +
    CASE WHEN rate_limit.full_at > ? THEN rate_limit.full_at ELSE ? END
WHERE rate_limit.full_at <= ?
"""


def take(*tries: tuple[Limit, str]) -> None:
    """Count one try against each limit for the one who tries, or against none if one of them is used up.

    Call it before what is limited, outside of any verb: what a verb writes is undone when it fails, and a failed try
    counts. Raises errors.TooMany (429) with Retry-After; such a refusal writes nothing.
    """
    check(*tries)
    _take(tries)


def check(*tries: tuple[Limit, str]) -> None:
    """Raise errors.TooMany as `take` does, and count nothing."""
    now = _now()
    found = {
        bucket.sha256: bucket.full_at for bucket in Bucket.select().where(Bucket.sha256.in_(_keys(tries)))
    }
    for key, (limit, _) in zip(_keys(tries), tries, strict=True):
        _refuse(limit, found.get(key, now), now)


@writes(journalled=False, why="a count of tries says nothing of the records, and is gone in minutes")
def forget(limit: Limit, who: str) -> None:
    """Fill a bucket again: whoever has proven to be the right one need not pay for wrong tries."""
    Bucket.delete().where(Bucket.sha256 == _key(limit, who)).execute()


def address(remote: str) -> str:
    """Of whom tries from a network address are: the address, of IPv6 the network of 64 bits that one subscriber has."""
    try:
        found = ip_address(remote)
    except ValueError:
        return "nowhere"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Network((int(found) >> 64 << 64, 64)))
    return str(found)


@writes(journalled=False, why="a count of tries says nothing of the records, and is gone in minutes")
def _take(tries: tuple[tuple[Limit, str], ...]) -> None:
    now = _now()
    Bucket.delete().where(Bucket.full_at < now).execute()
    for key, (limit, _) in zip(_keys(tries), tries, strict=True):
        room = now + limit.interval * (limit.burst - 1)
        first = now + limit.interval
        if not execute(_TAKE, key, first, limit.interval, now, now, room).rowcount:
            _refuse(limit, Bucket.get_by_id(key).full_at, now)


def _refuse(limit: Limit, full_at: int, now: int) -> None:
    wait = full_at - limit.interval * (limit.burst - 1) - now
    if wait > 0:
        seconds = -(-wait // 1_000_000)
        raise TooMany("That is too often; try again later.", headers={"Retry-After": str(seconds)})


def _keys(tries: tuple[tuple[Limit, str], ...]) -> list[str]:
    return [_key(limit, who) for limit, who in tries]


def _key(limit: Limit, who: str) -> str:
    return hashlib.sha256(f"{limit.name}\n{who}".encode()).hexdigest()


def _now() -> int:
    since = datetime.fromisoformat(clock.now()) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
