"""What a person's permission turns into: an access token, and a refresh token where the client uses them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry import clock, journal
from registry.auth import scopes as book
from registry.auth.clients.registration import REFRESH
from registry.auth.clients.stored import Client, Family, digest
from registry.auth.roles import giving
from registry.auth.tokens import access as tokens
from registry.auth.tokens.access import Token
from registry.auth.tokens.refreshing import Refresh
from registry.db import writes
from registry.settings import Settings

#: What refresh tokens begin with.
PREFIX = "rrt_"


class Refused(Exception):
    """No token for this one: `error` is OAuth's code. What was found out on the way (that it was used) is kept."""

    def __init__(self, sentence: str, *, error: str = "invalid_grant") -> None:
        super().__init__(sentence)
        self.sentence, self.error = sentence, error


@dataclass(frozen=True, slots=True)
class Lives:
    """How long things live, seconds: an access token, an unused refresh token, a permission."""

    access: int
    refresh: int
    consent: int

    @classmethod
    def of(cls, settings: Settings) -> Lives:
        """As the settings say."""
        return cls(
            settings.access_token_seconds, settings.refresh_token_seconds, settings.consent_days * 86_400
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """Tokens, told this once."""

    access: str
    refresh: str | None
    scope: str
    seconds: int

    def body(self) -> dict[str, Any]:
        """As RFC 6749, 5.1 has it."""
        told: dict[str, Any] = {
            "access_token": self.access,
            "token_type": "Bearer",
            "expires_in": self.seconds,
            "scope": self.scope,
        }
        return told if self.refresh is None else {**told, "refresh_token": self.refresh}


@writes
def begin(client: Client, *, user_id: str, scope: str, audience: str, seconds: int) -> Family:
    """Note that a person has allowed a client something: the family that all tokens of it will be of. It ends in so
    many seconds unless tokens are fetched.
    """
    at = journal.stamp()
    clear(client)
    family = Family.create(
        id=secrets.token_hex(16), client=client, user_id=user_id, expires_at=clock.later(at, seconds)
    )
    told = {"client": client.client_id, "scopes": book.split(scope), "audience": audience}
    journal.append("access.allowed", f"token/{family.id}", by=f"user/{user_id}", payload=told)
    return family


def first(used: Any, client: Client, *, lives: Lives, ends: str) -> Pair | Exception:
    """The tokens for a code that was just used (of a browser or a device): of its family, for all that it asked.

    Gives, not raises, what it failed by: that is undone, and that the code was used stays.
    """
    try:
        return give(
            used.family,
            client,
            scope=used.scope,
            kept=used.scope,
            audience=used.audience,
            lives=lives,
            ends=ends,
        )
    except Exception as failed:
        return failed


@writes
def give(
    family: Family, client: Client, *, scope: str, kept: str, audience: str, lives: Lives, ends: str
) -> Pair:
    """Issue an access token of a family for `scope`, and where the client refreshes, a refresh token for `kept`.

    No token outlives `ends`, the instant at which the permission ends. Raises Refused where the person may
    not sign in any more, or the client may have nothing of it.
    """
    if not giving.may_ask(f"user/{family.user_id}"):
        raise Refused("The person is not there any more.")
    at = journal.stamp()
    allowed = set(book.split(client.scopes))
    scope = book.joined(set(book.split(scope)) & allowed)
    if not scope:
        raise Refused("The client may have none of this any more.", error="invalid_scope")
    access_ends = min(clock.later(at, lives.access), ends)
    access = tokens.fresh()
    Token.insert(
        sha256=digest(access),
        family=family.id,
        scope=scope,
        audience=audience,
        issued_at=at,
        expires_at=access_ends,
    ).execute()
    refresh, lasts = None, access_ends
    if client.check_grant_type(REFRESH):
        refresh, lasts = PREFIX + secrets.token_urlsafe(32), ends
        Refresh.insert(
            sha256=digest(refresh),
            family=family.id,
            scope=kept,
            audience=audience,
            expires_at=min(clock.later(at, lives.refresh), ends),
        ).execute()
    Family.update(expires_at=lasts).where(Family.id == family.id).execute()
    told = {
        "client": client.client_id,
        "user": family.user_id,
        "scopes": book.split(scope),
        "audience": audience,
        "expires_at": access_ends,
    }
    journal.append("token.issued", f"token/{family.id}", by=client.actor, payload=told)
    lasts_for = datetime.fromisoformat(access_ends) - datetime.fromisoformat(at)
    return Pair(access, refresh, scope, int(lasts_for.total_seconds()))


def clear(client: Client) -> None:
    """Throw away what has been over for a day. The journal keeps what happened for good."""
    over = clock.later(clock.now(), -tokens.KEPT)
    Family.delete().where((Family.client == client) & (Family.expires_at < over)).execute()


def ended(family: Family) -> bool:
    """Whether nothing may come of a family any more."""
    return bool(family.revoked_at is not None or family.expires_at <= clock.now())
