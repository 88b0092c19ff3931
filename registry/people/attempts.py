"""How often somebody may try: the more went wrong, the longer the next try waits. Counted before a try is looked at.

A try counts as failed until it is known to be right, so that many at once are not looked at together. What is counted
is the mailbox named, whether anybody has it or not; a browser that is known has a count of its own, so that nobody's
guessing keeps its owner out (registry.people.signing).
"""

from __future__ import annotations

import hashlib
import math
from datetime import datetime

import peewee

from registry import clock
from registry.db import Instant, Stored, Text, writes

#: So many may fail before the next one waits; then 1 s, 2 s, 4 s … and this many seconds at most.
FREE = 5
LONGEST = 900
#: After so long without a try a count begins anew, seconds.
FORGOTTEN = 86_400


class Attempt(Stored):
    """A count of failures. `key` is a digest of what is counted, `until` when the next try is looked at."""

    key = Text(primary_key=True)
    failures = peewee.IntegerField()
    until = Instant()
    at = Instant(index=True)

    class Meta:
        table_name = "people_attempt"


@writes(journalled=False, why="a count that is forgotten in a day; who got in is journalled")
def claim(*of: str) -> int:
    """Take a turn at trying `of` (a kind and what it is). Gives 0, or the seconds that are still to be waited."""
    key, now = _key(of), clock.now()
    Attempt.delete().where(Attempt.at < clock.later(now, -FORGOTTEN)).execute()
    row = Attempt.get_or_none(Attempt.key == key)
    if row is not None and row.until > now:
        left = datetime.fromisoformat(row.until) - datetime.fromisoformat(now)
        return math.ceil(left.total_seconds())
    failures = row.failures + 1 if row is not None else 1
    until = clock.later(now, wait(failures))
    Attempt.insert(key=key, failures=failures, until=until, at=now).on_conflict(
        conflict_target=[Attempt.key],
        update={Attempt.failures: failures, Attempt.until: until, Attempt.at: now},
    ).execute()
    return 0


@writes(journalled=False, why="as claim")
def forget(*of: str) -> None:
    """It went right: begin to count anew."""
    Attempt.delete().where(Attempt.key == _key(of)).execute()


def wait(failures: int) -> int:
    """How long the next try waits after so many failures, seconds.

    >>> [wait(failures) for failures in (4, 5, 6, 7, 20)]
    [0, 1, 2, 4, 900]
    """
    return 0 if failures < FREE else min(2 ** min(failures - FREE, 20), LONGEST)


def _key(of: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(of).encode()).hexdigest()
