"""A refresh token is turned into new tokens, once (RFC 6749, 6; RFC 9700, 4.14)."""

from __future__ import annotations

from registry import clock
from registry.auth import scopes as book
from registry.auth.clients.stored import Client
from registry.auth.tokens import access as tokens
from registry.auth.tokens.issuing import Lives, Pair, Refused, ended, give
from registry.auth.tokens.refreshing import Refresh, stored
from registry.db import writes


def refresh(token: str, *, client: Client, scope: str | None, audience: str | None, lives: Lives) -> Pair:
    """New tokens for a refresh token; `scope` narrows what the access token has, never what is refreshed.

    Raises Refused: `invalid_scope` where more is asked than was allowed, which costs nothing; else `invalid_grant` for
    what is none or too old, and for one that was used before or is another client's, which ends its whole family.
    """
    made = _refresh(token, client, scope, audience, lives)
    if isinstance(made, Exception):
        raise made
    return made


@writes(journalled=False, why="tokens that are issued, and a family that is ended, have their entries")
def _refresh(
    token: str, client: Client, scope: str | None, audience: str | None, lives: Lives
) -> Pair | Exception:
    at, row, gone = clock.now(), stored(token), Refused("The refresh token is unknown, used or too old.")
    if row is None:
        return gone
    if row.family.client_id == client.client_id and row.used_at is None:
        wanted = book.split(scope or row.scope)
        if not wanted or set(wanted) - set(book.split(row.scope)):
            return Refused("More than was allowed.", error="invalid_scope")
        if audience is not None and audience != row.audience:
            return Refused("The token is for another resource.", error="invalid_target")
    won = (
        Refresh.update(used_at=at).where((Refresh.sha256 == row.sha256) & Refresh.used_at.is_null()).execute()
    )
    if not won or row.family.client_id != client.client_id:
        tokens.revoke_family(row.family_id, by=client.actor)
        return gone
    if row.expires_at <= at or ended(row.family):
        return gone
    try:  # undone by itself where it fails; that the token was used stays
        return give(
            row.family,
            client,
            scope=scope or row.scope,
            kept=row.scope,
            audience=row.audience,
            lives=lives,
            ends=row.family.expires_at,
        )
    except Exception as failed:
        return failed
