"""Browsers in which a person signed in before: their tries are counted apart from everybody else's."""

from __future__ import annotations

import peewee

from registry import clock
from registry.db import Instant, Stored, Text, writes
from registry.people import cookies, sessions
from registry.people.users import User

#: How long a browser is known, seconds.
LIFE = 90 * 86_400


class KnownBrowser(Stored):
    """A browser that a person signed in with, until when it is known."""

    sha256 = Text(primary_key=True)
    user = peewee.ForeignKeyField(User, column_name="user_id", on_delete="CASCADE")
    expires_at = Instant(index=True)

    class Meta:
        table_name = "people_device"


def known(cookie: str | None, user: User | None) -> str | None:
    """The digest of a browser's cookie, if this person signed in with it before."""
    if cookie is None or user is None:
        return None
    row = KnownBrowser.get_or_none(
        KnownBrowser.sha256 == sessions.digest(cookie),
        KnownBrowser.user == user.id,
        KnownBrowser.expires_at > clock.now(),
    )
    return None if row is None else str(row.sha256)


@writes(journalled=False, why="the sign-in by which a browser becomes known is journalled")
def know(user_id: str, before: str | None) -> str:
    """The cookie by which this browser is known from now on, instead of the one before."""
    now, cookie = clock.now(), cookies.fresh()
    KnownBrowser.delete().where(KnownBrowser.expires_at < now).execute()
    if before is not None:
        KnownBrowser.delete().where(
            KnownBrowser.sha256 == sessions.digest(before), KnownBrowser.user == user_id
        ).execute()
    KnownBrowser.create(sha256=sessions.digest(cookie), user=user_id, expires_at=clock.later(now, LIFE))
    return cookie


@writes(journalled=False, why="as know")
def forget(user_id: str) -> None:
    """Know none of a person's browsers any more."""
    KnownBrowser.delete().where(KnownBrowser.user == user_id).execute()
