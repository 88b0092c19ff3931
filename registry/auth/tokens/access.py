"""Access tokens: opaque, short-lived, kept as digests, looked up anew for every request."""

from __future__ import annotations

import functools
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import peewee
from authlib.oauth2.rfc6749 import TokenMixin

from registry import clock, journal
from registry.auth import scopes as book
from registry.auth.clients.stored import Client, Family, digest, find
from registry.auth.roles.meeting import Asking, Role
from registry.db import Instant, Stored, Text, execute, writes
from registry.errors import Invalid, NotFound

#: What access tokens begin with, so that one in a log or a repository can be told for what it is.
ACCESS = "rat_"
#: How much later than ours the clock of the host that issued a token may be, seconds.
SKEW = 2
#: How long rows stay after the last token of a family has expired, seconds. The journal keeps what happened for good.
KEPT = 86_400

_FORM = re.compile(ACCESS + r"[A-Za-z0-9_-]{43}")


class Token(Stored, TokenMixin):
    """An access token. `audience` is the resource it is for, a base URL; `scope` a space-separated scope value."""

    sha256 = Text(primary_key=True)
    family = peewee.ForeignKeyField(Family, column_name="family_id", on_delete="CASCADE")
    scope = peewee.TextField()
    audience = peewee.TextField()
    issued_at = Instant()
    expires_at = Instant()
    revoked_at: Any = Instant(null=True)

    class Meta:
        table_name = "auth_token"

    # What Authlib asks of a token

    def check_client(self, client: Client) -> bool:
        return bool(self.family.client_id == client.client_id)

    def get_scope(self) -> str:
        return str(self.scope)

    def get_expires_in(self) -> int:
        return int((_moment(self.expires_at) - _moment(self.issued_at)).total_seconds())

    def is_expired(self) -> bool:
        return bool(self.expires_at <= clock.now())

    def is_revoked(self) -> bool:
        return bool(self.revoked_at or self.family.revoked_at)


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token, told this once. `seconds` is how long it lives."""

    token: str
    family: str
    scope: str
    expires_at: str
    seconds: int


# The one statement between a request and its answer: whatever ends a token is a condition of it, nothing is remembered.
_LOOKUP = f"""
SELECT c.client_id, f.user_id, t.scope, c.scopes, t.expires_at, t.issued_at,
  {", ".join(f"r.{name}" for name in Role._fields)}
FROM auth_token t
JOIN auth_family f ON f.id = t.family_id
JOIN auth_client c ON c.client_id = f.client_id
LEFT JOIN people_user p ON p.id = f.user_id
LEFT JOIN auth_role r ON r.principal = COALESCE('user/' || f.user_id, 'client/' || c.client_id)
  AND r.taken_at IS NULL AND (r.ends_at IS NULL OR r.ends_at > ?)
WHERE t.sha256 = ? AND t.audience = ? AND t.expires_at > ?
  AND t.revoked_at IS NULL AND f.revoked_at IS NULL AND c.disabled_at IS NULL
  AND (f.user_id IS NULL OR (p.id IS NOT NULL AND p.disabled_at IS NULL))
"""  # noqa: S608 -- made of the names of columns
#: Where a role begins among the columns of a row.
_ROLE = 6


def lookup(token: str, *, audience: str) -> Asking | None:
    """Who holds a token that is good for `audience` at this moment; None for any other text.

    The scopes are those of the token that its client still has. The holder is the person on whose behalf the client
    asks, the client itself where there is none; the roles are those that the holder has now.
    """
    if not _FORM.fullmatch(token):
        return None
    at = clock.now()
    rows = execute(_LOOKUP, at, digest(token), audience, at).fetchall()
    if not rows:
        return None
    client_id, user_id, scope, allowed, expires_at, issued_at = rows[0][:_ROLE]
    if issued_at > at and issued_at > _later(at, SKEW):
        return None
    return Asking(
        id=f"client/{client_id}" if user_id is None else f"user/{user_id}",
        client_id=client_id,
        scopes=_both(scope, allowed),
        roles=tuple([Role(*row[_ROLE:]) for row in rows if row[_ROLE] is not None]),
        expires_at=expires_at,
    )


@functools.lru_cache(maxsize=256)
def _both(scope: str, allowed: str) -> frozenset[str]:
    return frozenset(scope.split()) & frozenset(allowed.split())


def fresh() -> str:
    """Text for a new token: 256 random bits."""
    return ACCESS + secrets.token_urlsafe(32)


def stored(token: str) -> Token | None:
    """The row of a token with its family, good or not; None if there is none."""
    if not _FORM.fullmatch(token):
        return None
    return Token.select(Token, Family).join(Family).where(Token.sha256 == digest(token)).first()


# --- verbs


@writes
def issue(
    *, client_id: str, scopes: Collection[str], audience: str, seconds: int, by: str, token: str | None = None
) -> Issued:
    """Issue a token (`token`: its text, if it was made before) to a client, for some of the client's scopes.

    Raises errors.NotFound for a client that is unknown or disabled, errors.Invalid for a scope that it may not have.
    """
    client = find(client_id)
    if client is None or client.disabled_at is not None:
        raise NotFound("There is no such client, or it is disabled.")
    wanted = book.known(scopes)
    if not wanted or not set(wanted) <= set(book.split(client.scopes)):
        raise Invalid("The client may not have that scope.", code="unknown_scope", field="scope")
    at = clock.now()
    Family.delete().where((Family.client == client) & (Family.expires_at < _later(at, -KEPT))).execute()
    made = Issued(
        token=token or fresh(),
        family=secrets.token_hex(16),
        scope=book.joined(wanted),
        expires_at=_later(at, seconds),
        seconds=seconds,
    )
    Family.insert(id=made.family, client=client, expires_at=made.expires_at).execute()
    Token.insert(
        sha256=digest(made.token),
        family=made.family,
        scope=made.scope,
        audience=audience,
        issued_at=at,
        expires_at=made.expires_at,
    ).execute()
    told = {"client": client_id, "scopes": list(wanted), "audience": audience, "expires_at": made.expires_at}
    journal.append("token.issued", f"token/{made.family}", by=by, payload=told)
    return made


@writes
def revoke(token: str, *, by: str) -> bool:
    """End a token now. Gives whether this call did it: of several at once exactly one does, and is journalled."""
    row = stored(token)
    if row is None:
        return False
    live = (Token.sha256 == row.sha256) & Token.revoked_at.is_null()
    if not Token.update(revoked_at=clock.now()).where(live).execute():
        return False
    _revoked(row.family, by)
    return True


@writes
def revoke_family(family: str, *, by: str) -> bool:
    """End all tokens of a family now, and those still to come. Gives whether this call did it."""
    row = Family.get_or_none(Family.id == family)
    live = (Family.id == family) & Family.revoked_at.is_null()
    if row is None or not Family.update(revoked_at=clock.now()).where(live).execute():
        return False
    _revoked(row, by)
    return True


def _revoked(family: Family, by: str) -> None:
    journal.append("token.revoked", f"token/{family.id}", by=by, payload={"client": family.client_id})


def _moment(instant: str) -> datetime:
    return datetime.fromisoformat(instant)


def _later(instant: str, seconds: int) -> str:
    return clock.written(_moment(instant) + timedelta(seconds=seconds))
