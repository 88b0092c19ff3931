"""From the journal to messages, one step at a time: taken up, tried, settled. Each step is one transaction.

Whoever sends to an endpoint has its lease for a while; a sender that is killed leaves it to run out, and the next one
goes on with what is stored. A message that was sent, and not settled, is sent again under the same id.
"""

from __future__ import annotations

import random
import secrets
from typing import Any

import orjson
import peewee

from registry import clock, journal
from registry.changes import feed
from registry.clock import later
from registry.db import writes
from registry.errors import Conflict, NotFound
from registry.webhooks import endpoints, schedule
from registry.webhooks.receiver import Outcome
from registry.webhooks.stored import ENDPOINTS, Delivery, Endpoint, Standing

#: How long a sender may be silent before another takes its place, seconds: longer than a try takes.
LEASE = 60
#: Messages that wait for an endpoint at most; the rest of what it is to be told waits in the journal.
MOST_PENDING = 500
#: Messages that are over are kept to be looked at and tried again, so many of an endpoint …
MOST_KEPT = 1_000
#: … and so long, seconds.
KEPT = 30 * schedule.DAY
#: The position is written down when there is a message, or after so many entries that were none.
STRIDE = 1_000

_SENDING = "the change is in the journal; this is how telling of it fares"


@writes(journalled=False, why=_SENDING)
def claim(endpoint: int) -> str | None:
    """A lease for sending to an endpoint; None where somebody else has it."""
    now, mine = clock.now(), secrets.token_hex(8)
    free = Standing.leased_until.is_null() | (Standing.leased_until < now)
    taken = Standing.update(lease=mine, leased_until=later(now, LEASE)).where(
        (Standing.endpoint == endpoint) & free
    )
    return mine if taken.execute() == 1 else None


@writes(journalled=False, why=_SENDING)
def release(endpoint: int, lease: str) -> None:
    """Give a lease back."""
    mine = (Standing.endpoint == endpoint) & (Standing.lease == lease)
    Standing.update(lease=None, leased_until=None).where(mine).execute()


def take_up(row: Endpoint, lease: str) -> int:
    """Make messages of what has changed since the last time, as many as may wait; gives how many entries were read."""
    found = Standing.get_or_none(Standing.endpoint == row.id)
    waiting = Delivery.select().where((Delivery.endpoint == row.id) & (Delivery.state == "pending")).count()
    room = MOST_PENDING - waiting
    if found is None or room <= 0 or feed.size() <= found.position:
        return 0
    part = feed.read(
        found.position, limit=min(room, 100), controllers={row.controller}, kinds=row.told["kinds"]
    )
    read = part.until - found.position
    if not part.changes and read < STRIDE:
        return 0
    return read if _enlist(row.id, lease, found.position, part) else 0


@writes(journalled=False, why=_SENDING)
def _enlist(endpoint: int, lease: str, position: int, part: feed.Part) -> bool:
    now = clock.now()
    moved = Standing.update(position=part.until, leased_until=later(now, LEASE)).where(
        (Standing.endpoint == endpoint) & (Standing.lease == lease) & (Standing.position == position)
    )
    if moved.execute() != 1:
        return False
    entry = journal.JournalEntry
    leaves = dict(
        entry.select(entry.seq, entry.leaf).where(entry.seq.in_([one.seq for one in part.changes])).tuples()
    )
    rows = [
        {
            "endpoint": endpoint,
            "seq": change.seq,
            "message": message_id(leaves[change.seq]),
            "kind": change.kind,
            "state": "pending",
            "tries": 0,
            "next_at": now,
            "body": body(change),
        }
        for change in part.changes
    ]
    if rows:
        Delivery.insert_many(rows).execute()
        _forget(endpoint, now)
    return True


def message_id(leaf: Any) -> str:
    """The id of the message of an entry of the journal: made of its hash, so it is the same whoever sends it when."""
    return "msg_" + bytes(leaf).hex()[:32]


def body(change: feed.Change) -> bytes:
    """What is sent of a change: what it was, and where to read it."""
    return orjson.dumps({"type": change.kind, "timestamp": change.recorded_at, "data": change.document()})


def _forget(endpoint: int, now: str) -> None:
    over = (Delivery.endpoint == endpoint) & (Delivery.state != "pending")
    oldest = (
        Delivery.select(Delivery.seq)
        .where(over)
        .order_by(Delivery.seq.desc())
        .limit(1)
        .offset(MOST_KEPT)
        .scalar()
    )
    too_old = Delivery.tried_at < later(now, -KEPT)
    if oldest is not None:
        too_old |= Delivery.seq <= oldest
    Delivery.delete().where(over & too_old).execute()


def due(endpoint: int, now: str) -> Delivery | None:
    """The message to try next, the longest due first."""
    waiting = (Delivery.endpoint == endpoint) & (Delivery.state == "pending") & (Delivery.next_at <= now)
    found: Delivery | None = (
        Delivery.select().where(waiting).order_by(Delivery.next_at, Delivery.seq).limit(1).first()
    )
    return found


@writes(journalled=False, why=_SENDING)
def settle(tried: Delivery, lease: str, outcome: Outcome) -> bool:
    """Write down how a try went, and what follows; gives whether the sender may go on to the next."""
    now = clock.now()
    mine = (Standing.endpoint == tried.endpoint) & (Standing.lease == lease)
    standing = Standing.get_or_none(mine)
    if standing is None:
        return False
    this = (
        (Delivery.endpoint == tried.endpoint) & (Delivery.seq == tried.seq) & (Delivery.tries == tried.tries)
    )
    known = {"tries": tried.tries + 1, "tried_at": now, "status": outcome.status, "code": outcome.code}
    if outcome.delivered:
        Delivery.update(**known, state="delivered", next_at=None).where(this).execute()
        fresh = {"failures": 0, "failing_since": None, "resume_at": None, "delivered_at": now}
        Standing.update(**fresh, leased_until=later(now, LEASE)).where(mine).execute()
        return True
    chance = random.random()  # noqa: S311 -- apart from others, not secret
    wait = schedule.gap(tried.tries + 1, chance, outcome.wait)
    if wait is None:
        Delivery.update(**known, state="failed", next_at=None).where(this).execute()
    else:
        Delivery.update(**known, next_at=later(now, wait)).where(this).execute()
    failures, since = standing.failures + 1, standing.failing_since or now
    rest = schedule.pause(failures, chance)
    Standing.update(
        failures=failures, failing_since=since, resume_at=later(now, rest) if rest else None
    ).where(mine).execute()
    if outcome.gone:
        endpoints.disable(tried.endpoint, "gone")
    elif failures >= schedule.PATIENCE and later(since, schedule.GIVEN_UP_AFTER) < now:
        endpoints.disable(tried.endpoint, "unreachable")
    return False


@writes
def try_again(endpoint: int, seq: int, *, by: str) -> None:
    """Send a message as soon as may be, whatever became of it: under the same id, its tries counted anew.

    Raises NotFound for one that is not there, or is there no more; Conflict where the endpoint is not enabled.
    """
    this = (Delivery.endpoint == endpoint) & (Delivery.seq == seq)
    if not Delivery.select().where(this).exists():
        raise NotFound("There is no such message.")
    row = ENDPOINTS.one(endpoint)
    if row.state != "enabled":
        raise Conflict("Nothing is sent while the webhook is not enabled.", code="not_enabled")
    Delivery.update(state="pending", tries=0, next_at=clock.now()).where(this).execute()
    Standing.update(resume_at=None).where(Standing.endpoint == endpoint).execute()
    journal.append("webhook.retried", f"webhook/{row.controller}/{endpoint}", by=by, payload={"seq": seq})


def waiting(now: str, seen: dict[int, int] | None = None) -> list[tuple[int, bool]]:
    """The enabled endpoints that have something to be sent, nobody sending to them, each with whether it answers.

    `seen` remembers up to which entry there was nothing for an endpoint, so that it is not looked for again.
    """
    seen = {} if seen is None else seen
    idle = Standing.leased_until.is_null() | (Standing.leased_until < now)
    ready = Standing.resume_at.is_null() | (Standing.resume_at <= now)
    here = {row.endpoint: row for row in Standing.select().where(idle & ready)}
    if not here:
        return []
    late = (
        (Delivery.endpoint == Standing.endpoint) & (Delivery.state == "pending") & (Delivery.next_at <= now)
    )
    due_now = Standing.select(Standing.endpoint).where(
        peewee.fn.EXISTS(Delivery.select(Delivery.seq).where(late))
    )
    waiting_now = {number for (number,) in due_now.tuples()}
    size, found = feed.size(), []
    for row in Endpoint.select().where(ENDPOINTS.stands & (Endpoint.state == "enabled")):
        stands = here.get(row.id)
        if stands is not None and (row.id in waiting_now or _something(row, stands.position, size, seen)):
            found.append((row.id, stands.failures == 0))
    return found


def _something(row: Endpoint, position: int, size: int, seen: dict[int, int]) -> bool:
    after = max(position, seen.get(row.id, 0))
    if after >= size:
        return False
    part = feed.read(after, limit=1, controllers={row.controller}, kinds=row.told["kinds"])
    if part.changes or part.until - position >= STRIDE:
        return True
    seen[row.id] = part.until
    return False
