"""Clients that prove themselves with a signature instead of a secret (private_key_jwt, RFC 7523)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import peewee
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from registry import clock, errors
from registry.auth.clients.registration import ALGORITHMS, BY_KEY
from registry.auth.clients.stored import Client, digest
from registry.db import Instant, Stored, Text, writes
from registry.strict import body

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: How far ahead an assertion may expire, and how far the clock of its signer may be off, seconds.
LONGEST, SKEW = 300, 30
#: The longest assertion that is read, characters.
MAX = 8192


class Assertion(Stored):
    """A `jti` that a client has used; until the assertion expires nobody can use it again."""

    client = peewee.ForeignKeyField(Client, column_name="client_id", on_delete="CASCADE", index=False)
    jti_sha256 = Text()
    expires_at = Instant(index=True)

    class Meta:
        table_name = "auth_assertion"
        primary_key = peewee.CompositeKey("client", "jti_sha256")


def proven(
    assertion: str, query_client: Callable[[str], Client | None], audiences: Collection[str]
) -> Client | None:
    """The client that signed an assertion for one of `audiences`, which is good this once; None for any other text.

    Issuer and subject are the client; the audience is one text; the algorithm is one of ALGORITHMS; it expires within
    LONGEST; and it bears a `jti` that the client has not used.
    """
    name = subject(assertion)
    client = query_client(name) if name else None
    if client is None or client.auth_method != BY_KEY:
        return None
    claims = _signed(assertion, client.jwks)
    if claims.get("sub") != name or claims.get("iss") != name:
        return None
    audience, jti = claims.get("aud"), claims.get("jti")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    if not isinstance(audience, str) or audience not in audiences:
        return None
    if not isinstance(jti, str) or not 1 <= len(jti) <= 200:
        return None
    until = _in_time(claims)
    return client if until is not None and _first(client, digest(jti), until) else None


def subject(assertion: str) -> str | None:
    """Who an assertion says it is of, believed by nobody yet; None for what cannot be one."""
    if len(assertion) > MAX or assertion.count(".") != 2:
        return None
    payload = assertion.split(".")[1]
    try:
        claims = body.parse(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, errors.Problem):
        return None
    name = claims.get("sub") if isinstance(claims, dict) else None
    return name if isinstance(name, str) else None


def _signed(assertion: str, jwks: str) -> dict[str, Any]:
    """The claims of an assertion that one of the keys has signed; none of any other."""
    keys = KeySet.import_key_set(body.parse(jwks.encode())).keys
    for key in keys:  # a few at most; a kid in the head is the signer's own word and decides nothing
        with suppress(JoseError, ValueError, TypeError, KeyError):
            return dict(jwt.decode(assertion, key, algorithms=list(ALGORITHMS)).claims)
    return {}


def _in_time(claims: dict[str, Any]) -> str | None:
    """The instant at which an assertion expires, where it is valid now and not for long; else None."""
    now = datetime.fromisoformat(clock.now()).timestamp()
    told: list[Any] = [claims.get("exp"), claims.get("iat", now), claims.get("nbf", now)]
    if not all(type(one) in (int, float) and 0 <= one < 1e11 for one in told):
        return None
    until, issued, begins = told
    if not now < until <= now + LONGEST + SKEW or issued > now + SKEW or begins > now + SKEW:
        return None
    return clock.written(datetime.fromtimestamp(until, UTC))


@writes(journalled=False, why="who proved itself when is told by the token that it got")
def _first(client: Client, jti_sha256: str, until: str) -> bool:
    Assertion.delete().where(Assertion.expires_at < clock.now()).execute()
    row = Assertion.insert(client=client, jti_sha256=jti_sha256, expires_at=until)
    return bool(row.on_conflict_ignore().as_rowcount().execute())
