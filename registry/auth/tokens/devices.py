"""Device authorization (RFC 8628): a program without a browser is allowed in the browser of the person using it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import peewee

from registry import clock
from registry.auth.clients.stored import Client, Family, digest
from registry.auth.tokens import access as tokens
from registry.auth.tokens.issuing import Lives, Pair, Refused, begin, ended, first
from registry.db import Instant, Stored, Text, writes

#: What device codes begin with.
PREFIX = "rdc_"
#: How long a device may wait for its person, and how long between two questions of it, seconds.
SECONDS, INTERVAL = 600, 5
#: What a user code is made of: nothing that could be taken for something else, and no words (RFC 8628, 6.1).
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


class Device(Stored):
    """What a device asked for, and in `state` what became of it: open, allowed, refused or used.

    The user code is short, because somebody types it, and so its digest can be undone; it opens nothing by itself: a
    signed-in person has to allow what it names.
    """

    sha256 = Text(primary_key=True)  # of the device code
    user_code_sha256 = Text(unique=True)
    client = peewee.ForeignKeyField(Client, column_name="client_id", on_delete="CASCADE")
    scope = peewee.TextField()
    audience = peewee.TextField()
    expires_at = Instant(index=True)
    interval = peewee.IntegerField()  # seconds to wait between two questions
    next_at = Instant()  # the next question should not come before
    state = Text(default="open")
    family: Any = peewee.ForeignKeyField(
        Family, column_name="family_id", on_delete="CASCADE", null=True
    )  # once it is allowed

    class Meta:
        table_name = "auth_device"


@dataclass(frozen=True, slots=True)
class Codes:
    """What a device is given: the code that it asks with, and the one that its person types."""

    device: str
    user: str


def plain(user_code: str) -> str:
    """A user code as it was made, however it was typed."""
    return "".join(letter for letter in user_code.upper() if letter in LETTERS)


def shown(user_code: str) -> str:
    """A user code as people read it."""
    return f"{user_code[:4]}-{user_code[4:]}"


def waiting(user_code: str) -> Device | None:
    """The device that waits for somebody with this user code; None where none does."""
    live = (
        (Device.user_code_sha256 == digest(plain(user_code)))
        & (Device.state == "open")
        & (Device.expires_at > clock.now())
        & Client.disabled_at.is_null()
    )
    return Device.select(Device, Client).join(Client).where(live).first()


# --- verbs


@writes(journalled=False, why="a device that nobody has allowed yet has changed nothing")
def ask(client: Client, *, scope: str, audience: str) -> Codes:
    """Let a device wait for somebody, and give its codes."""
    at = clock.now()
    # Those that were allowed stay for a day, as a second use of their code is to be known.
    Device.delete().where(
        (Device.expires_at <= at) & Device.family.is_null()
        | (Device.expires_at <= clock.later(at, -tokens.KEPT))
    ).execute()
    made = Codes(PREFIX + secrets.token_urlsafe(32), "".join(secrets.choice(LETTERS) for _ in range(8)))
    Device.insert(
        sha256=digest(made.device),
        user_code_sha256=digest(made.user),
        client=client,
        scope=scope,
        audience=audience,
        expires_at=clock.later(at, SECONDS),
        interval=INTERVAL,
        next_at=at,
        state="open",
    ).execute()
    return made


@writes(journalled=False, why="what is allowed has its entry, and what is refused changes nothing")
def answer(user_code: str, *, user_id: str, allowed: bool) -> bool:
    """Allow or refuse what the device with this user code asks for, once. Gives whether one was waiting."""
    row = waiting(user_code)
    if row is None:
        return False
    state: dict[str, Any] = {"state": "refused"}
    if allowed:
        family = begin(row.client, user_id=user_id, scope=row.scope, audience=row.audience, seconds=SECONDS)
        state = {"state": "allowed", "family": family}
    live = (Device.sha256 == row.sha256) & (Device.state == "open")
    return bool(Device.update(**state).where(live).execute())


def redeem(code: str, *, client: Client, audience: str | None, lives: Lives) -> Pair:
    """Tokens for a device code that somebody has allowed; of them all that ask, one gets them.

    Raises Refused: `authorization_pending`, or `slow_down` where it asks too often (from then on it is to wait five
    seconds longer), `access_denied`, `expired_token`, and `invalid_grant` for what is none, is another client's or was
    used, which ends all that came of it.
    """
    made = _redeem(code, client, audience, lives)
    if isinstance(made, Exception):
        raise made
    return made


@writes(journalled=False, why="tokens that are issued, and a family that is ended, have their entries")
def _redeem(code: str, client: Client, audience: str | None, lives: Lives) -> Pair | Exception:
    at, this = clock.now(), Device.sha256 == digest(code)
    row = Device.select().where(this).first()
    if row is None or row.client_id != client.client_id:
        return Refused("The device code is unknown or used.")
    if audience is not None and audience != row.audience:
        return Refused("The code is for another resource.", error="invalid_target")
    if row.state == "refused":
        return Refused("The person has refused.", error="access_denied")
    if row.state == "open":
        return _later(row, at)
    won = Device.update(state="used").where(this & (Device.state == "allowed")).execute()
    if not won:
        tokens.revoke_family(row.family_id, by=client.actor)
        return Refused("The device code is unknown or used.")
    if ended(row.family):
        return Refused("Nobody has allowed it in time.", error="expired_token")
    return first(row, client, lives=lives, ends=clock.later(at, lives.consent))


def _later(row: Device, at: str) -> Refused:
    if row.expires_at <= at:
        return Refused("Nobody has allowed it in time.", error="expired_token")
    wait = row.interval + (5 if at < row.next_at else 0)
    Device.update(interval=wait, next_at=clock.later(at, wait)).where(Device.sha256 == row.sha256).execute()
    if wait > row.interval:
        return Refused(f"Wait {wait} seconds from now on.", error="slow_down")
    return Refused("Nobody has allowed it yet.", error="authorization_pending")
