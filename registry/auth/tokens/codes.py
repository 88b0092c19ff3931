"""Authorization codes (RFC 6749, 4.1; RFC 7636): what a client asked for, what a person allowed, the code for it."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Any

import peewee
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from registry import clock
from registry.auth.clients.stored import Client, Family, digest
from registry.auth.tokens import access as tokens
from registry.auth.tokens.issuing import Lives, Pair, Refused, begin, first
from registry.db import Instant, Stored, Text, writes

#: What codes begin with.
PREFIX = "rac_"
#: How long a code may be used, and how long the page may lie open on which it is allowed, seconds.
SECONDS, OPEN = 60, 600

#: A challenge is 43 characters: SHA-256 in base64url (RFC 7636, 4.2).
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class Asked(Stored):
    """A request to /oauth/authorize that a signed-in person looks at. The consent form names it and nothing else, so
    that what is allowed is what was shown.
    """

    sha256 = Text(primary_key=True)
    client = peewee.ForeignKeyField(Client, column_name="client_id", on_delete="CASCADE")
    user_id = Text()
    redirect_uri = peewee.TextField()
    state: Any = peewee.TextField(null=True)
    scope = peewee.TextField()
    audience = peewee.TextField()
    challenge = Text()
    expires_at = Instant(index=True)

    class Meta:
        table_name = "auth_asked"


class Code(Stored):
    """A code. It stays when it was used, for as long as its family, so that a second use is known for what it is."""

    sha256 = Text(primary_key=True)
    family = peewee.ForeignKeyField(Family, column_name="family_id", on_delete="CASCADE")
    redirect_uri = peewee.TextField()
    scope = peewee.TextField()
    audience = peewee.TextField()
    challenge = Text()
    expires_at = Instant()
    used_at: Any = Instant(null=True)

    class Meta:
        table_name = "auth_code"


@dataclass(frozen=True, slots=True)
class Answered:
    """What goes back to the client that asked: a code, or None where the person refused."""

    redirect_uri: str
    state: str | None
    code: str | None


def asked(handle: str, user_id: str) -> Asked | None:
    """The request that a person is looking at; None for one that is over, answered, another's, or of a
    client that is disabled."""
    live = (
        (Asked.sha256 == digest(handle))
        & (Asked.user_id == user_id)
        & (Asked.expires_at > clock.now())
        & Client.disabled_at.is_null()
    )
    return Asked.select(Asked, Client).join(Client).where(live).first()


# --- verbs


@writes(journalled=False, why="a request that nobody has answered yet has changed nothing")
def ask(
    client: Client,
    *,
    user_id: str,
    redirect_uri: str,
    state: str | None,
    scope: str,
    audience: str,
    challenge: str,
) -> str:
    """Keep a request for the person who looks at it, and give the handle of it."""
    at, handle = clock.now(), secrets.token_urlsafe(32)
    Asked.delete().where(Asked.expires_at <= at).execute()
    Asked.insert(
        sha256=digest(handle),
        client=client,
        user_id=user_id,
        redirect_uri=redirect_uri,
        state=state,
        scope=scope,
        audience=audience,
        challenge=challenge,
        expires_at=clock.later(at, OPEN),
    ).execute()
    return handle


@writes(journalled=False, why="what is allowed has its entry, and what is refused changes nothing")
def answer(handle: str, *, user_id: str, allowed: bool) -> Answered | None:
    """Answer a request, once; gives what to tell the client. None for one that is over, answered or another's."""
    row = asked(handle, user_id)
    if row is None or not Asked.delete().where(Asked.sha256 == row.sha256).execute():
        return None
    if not allowed:
        return Answered(row.redirect_uri, row.state, None)
    family = begin(row.client, user_id=user_id, scope=row.scope, audience=row.audience, seconds=SECONDS)
    code = PREFIX + secrets.token_urlsafe(32)
    Code.insert(
        sha256=digest(code),
        family=family,
        redirect_uri=row.redirect_uri,
        scope=row.scope,
        audience=row.audience,
        challenge=row.challenge,
        expires_at=family.expires_at,
    ).execute()
    return Answered(row.redirect_uri, row.state, code)


def redeem(
    code: str, *, client: Client, redirect_uri: str | None, verifier: str, audience: str | None, lives: Lives
) -> Pair:
    """Tokens for a code, of which this is the one use, whatever comes of it.

    Raises Refused: for what is no code, for one that was used (which ends all that came of it), that is too old, of
    another client, for another redirect URI or resource, or whose verifier is another.
    """
    made = _redeem(code, client, redirect_uri, verifier, audience, lives)
    if isinstance(made, Exception):
        raise made
    return made


@writes(journalled=False, why="tokens that are issued, and a family that is ended, have their entries")
def _redeem(
    code: str, client: Client, redirect_uri: str | None, verifier: str, audience: str | None, lives: Lives
) -> Pair | Exception:
    at, sha256 = clock.now(), digest(code)
    won = Code.update(used_at=at).where((Code.sha256 == sha256) & Code.used_at.is_null()).execute()
    row = Code.select(Code, Family).join(Family).where(Code.sha256 == sha256).first()
    if row is None:
        return Refused("The code is unknown, used or too old.")
    if not won:
        tokens.revoke_family(row.family_id, by=client.actor)
        return Refused("The code is unknown, used or too old.")
    if row.family.client_id != client.client_id or row.expires_at <= at or row.family.revoked_at is not None:
        return Refused("The code is unknown, used or too old.")
    if redirect_uri != row.redirect_uri:
        return Refused("The redirect URI is another one than the code was asked for with.")
    if audience is not None and audience != row.audience:
        return Refused("The code is for another resource.", error="invalid_target")
    if not _VERIFIER.fullmatch(verifier) or not secrets.compare_digest(
        create_s256_code_challenge(verifier), row.challenge
    ):
        return Refused("The code verifier is not the one of the challenge.")
    return first(row, client, lives=lives, ends=clock.later(at, lives.consent))
