"""Who is looking by a connector just now. A claim ends by itself, whatever becomes of whoever has it."""

from __future__ import annotations

import secrets

from registry import clock
from registry.clock import later
from registry.connectors.configured.connected import ConnectorRun
from registry.db import writes


@writes(journalled=False, why="who is looking just now; what is seen is journalled")
def claim(number: int, seconds: float, *, due_only: bool = False) -> str | None:
    """Take a connector for so many seconds: the token of the claim, or None while somebody else has it.

    One conditional statement decides.
    """
    row, now, lease = ConnectorRun, clock.now(), secrets.token_hex(8)
    free = (row.connector == number) & (row.lease.is_null() | (row.leased_until <= now))
    if due_only:
        free &= row.due_at <= now
    taken = row.update(lease=lease, leased_until=later(now, seconds)).where(free).execute()
    return lease if taken == 1 else None


@writes(journalled=False, why="who is looking just now; what is seen is journalled")
def release(number: int, lease: str) -> None:
    """Give a claim back without having stored anything."""
    row = ConnectorRun
    row.update(lease=None, leased_until=None).where(
        (row.connector == number) & (row.lease == lease)
    ).execute()
