"""The second factor: codes by time (RFC 6238) from an authenticator, and codes on paper for when it is lost.

The secret has to be used again and so is kept sealed; the codes on paper have 120 random bits and are kept as digests.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import peewee
import pyotp
import segno

from registry import clock, journal
from registry.db import Instant, Stored, Text, writes
from registry.errors import Conflict, Invalid
from registry.keys.held import Kept, keeps
from registry.keys.sealing import KeyMissing, Sealer, Tampered
from registry.people import sessions
from registry.people.users import User
from registry.settings import Settings

#: A code is taken this many steps of 30 seconds early or late: clocks differ, and people type slowly.
STEPS = 1
SECONDS = 30
PAPER = 10

_CODE = re.compile(r"[0-9]{6}")
_PAPER = re.compile(r"[a-z2-7]{24}")


class Recovery(Stored):
    """A code on paper, good once."""

    sha256 = Text(primary_key=True)
    user = peewee.ForeignKeyField(User, column_name="user_id", on_delete="CASCADE")
    used_at: Any = Instant(null=True)

    class Meta:
        table_name = "people_recovery"


class Unfit(Exception):
    """A deployment without a sealing key cannot keep the secret of a second factor."""


def offered(user: User, settings: Settings) -> str:
    """A new secret for a person, sealed for them, to be sent back with a first code. Raises Unfit."""
    try:
        return Sealer.of(settings).seal(pyotp.random_base32(32).encode(), bound=_offer(user))
    except KeyMissing:
        raise Unfit from None


def shown(sealed: str, user: User, settings: Settings) -> tuple[str, str]:
    """What an offered secret is shown as: its letters in groups, and the QR code as SVG. Raises errors.Invalid."""
    secret = _offered(sealed, user, settings)
    site = settings.base_url.partition("://")[2]
    uri = pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=f"Registry {site}")
    drawn = segno.make(uri, error="m", micro=False)
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return grouped, drawn.svg_inline(scale=4, border=4, light="#fff", dark="#000")


def right(user: User, code: str, settings: Settings) -> str | None:
    """How a code is right: "totp", "recovery", or None. A right one is used up: of several at once one is right."""
    plain = re.sub(r"[\s-]", "", code).lower()
    if user.totp is None:
        return None
    if _CODE.fullmatch(plain):
        step = _step(_secret(user, settings), plain)
        return "totp" if step is not None and _taken(user.id, step) else None
    if _PAPER.fullmatch(plain):
        return "recovery" if _spent(user, sessions.digest(plain)) else None
    return None


def papers(user_id: str) -> int:
    """How many codes on paper a person has left."""
    return int(Recovery.select().where(Recovery.user == user_id, Recovery.used_at.is_null()).count())


# --- verbs


def begin(user: User, sealed: str, code: str, *, settings: Settings, by: str) -> list[str]:
    """Take an offered secret as the second factor once its first code is right; gives the codes for paper.

    Raises errors.Invalid (`code_wrong`, `offer_stale`), errors.Conflict (`factor_there`).
    """
    secret = _offered(sealed, user, settings)
    step = _step(secret, re.sub(r"\s", "", code))
    if step is None:
        raise Invalid("That is not the code of this moment.", code="code_wrong", field="code")
    kept = Sealer.of(settings).seal(secret.encode(), bound=_bound(user.id))
    made = [_paper() for _ in range(PAPER)]
    _begin(user, kept, step, made, by=by)
    return made


@writes
def _begin(user: User, kept: str, step: int, made: list[str], *, by: str) -> None:
    bare = (User.id == user.id) & User.totp.is_null()
    if not User.update(totp=kept, totp_step=step).where(bare).execute():
        raise Conflict("There is a second factor already.", code="factor_there")
    _papers(user.id, made)
    journal.append("user.factor-added", user.actor, by=by, payload={})


@writes
def renew(user: User, *, by: str) -> list[str]:
    """New codes for paper; those of before end. Raises errors.Conflict (`factor_missing`)."""
    if user.totp is None:
        raise Conflict("There is no second factor.", code="factor_missing")
    made = [_paper() for _ in range(PAPER)]
    _papers(user.id, made)
    journal.append("user.recovery-codes-made", user.actor, by=by, payload={})
    return made


@writes
def remove(user: User, *, by: str) -> None:
    """Take the second factor away, and its codes on paper. Where there is none nothing changes."""
    there = (User.id == user.id) & User.totp.is_null(False)
    if User.update(totp=None, totp_step=None).where(there).execute():
        Recovery.delete().where(Recovery.user == user.id).execute()
        journal.append("user.factor-removed", user.actor, by=by, payload={})


@writes(journalled=False, why="the sign-in that the code is for is journalled")
def _taken(user_id: str, step: int) -> bool:
    later = User.totp_step.is_null() | (User.totp_step < step)
    return bool(User.update(totp_step=step).where(User.id == user_id, later).execute())


@writes
def _spent(user: User, sha256: str) -> bool:
    live = (Recovery.sha256 == sha256) & (Recovery.user == user.id) & Recovery.used_at.is_null()
    if not Recovery.update(used_at=journal.stamp()).where(live).execute():
        return False
    journal.append("user.recovery-code-used", user.actor, by=user.actor, payload={"left": papers(user.id)})
    return True


@keeps("second factors")
def _sealed() -> Iterator[Kept]:
    for user in User.select().where(User.totp.is_null(False)):
        yield Kept(user, _bound(user.id), "totp")


def _papers(user_id: str, made: list[str]) -> None:
    Recovery.delete().where(Recovery.user == user_id).execute()
    rows = [{"sha256": sessions.digest(code.replace("-", "")), "user": user_id} for code in made]
    Recovery.insert_many(rows).execute()


def _paper() -> str:
    code = base64.b32encode(secrets.token_bytes(15)).decode().lower()
    return "-".join(code[at : at + 6] for at in range(0, 24, 6))


def _step(secret: str, code: str) -> int | None:
    """The step near now whose code this is."""
    now = int(datetime.fromisoformat(clock.now()).timestamp()) // SECONDS
    maker = pyotp.TOTP(secret)
    found = [
        step
        for step in range(now - STEPS, now + STEPS + 1)
        if hmac.compare_digest(maker.generate_otp(step).encode(), code.encode())
    ]
    return found[-1] if found else None


def _secret(user: User, settings: Settings) -> str:
    return Sealer.of(settings).unseal(user.totp, bound=_bound(user.id)).decode()


def _offered(sealed: str, user: User, settings: Settings) -> str:
    try:
        return Sealer.of(settings).unseal(sealed, bound=_offer(user)).decode()
    except (KeyMissing, Tampered):
        raise Invalid("The offer is not for this person.", code="offer_stale", field="offer") from None


def _bound(user_id: str) -> str:
    return f"totp/{user_id}"


def _offer(user: User) -> str:
    # Bound to the moment of the password too: an offer from before it was changed is stale.
    return f"totp-offer/{user.id}/{user.password_at}"
