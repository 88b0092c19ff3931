"""Links that are good once: an invitation, a new password, the second step of a sign-in. Only digests are kept."""

from __future__ import annotations

import re
from typing import Any

import peewee

from registry import clock, journal
from registry.db import Instant, Stored, Text, writes
from registry.errors import Conflict, Gone
from registry.people import cookies, devices, sessions
from registry.people.users import User, the

_FORM = re.compile(r"[A-Za-z0-9_-]{43}")
KEPT = 86_400


class Link(Stored):
    """What somebody may do once with a secret, until when. `purpose` is invitation, reset or half."""

    sha256 = Text(primary_key=True)
    user = peewee.ForeignKeyField(User, column_name="user_id", on_delete="CASCADE")
    purpose = Text()
    expires_at = Instant(index=True)
    used_at: Any = Instant(null=True)

    class Meta:
        table_name = "people_link"


def holder_of(secret: str, *purposes: str) -> User | None:
    """Whose link it is, if it may still be used for one of these purposes."""
    if not _FORM.fullmatch(secret):
        return None
    row = _good(secret, purposes).first()
    return row.user if row is not None else None


def _good(secret: str, purposes: tuple[str, ...]) -> Any:
    return (
        Link.select(Link, User)
        .join(User)
        .where(
            Link.sha256 == sessions.digest(secret),
            Link.purpose.in_(purposes),
            Link.expires_at > clock.now(),
            Link.used_at.is_null(),
            User.disabled_at.is_null(),
        )
    )


# --- verbs


@writes
def invite(user_id: str, *, by: str, seconds: int) -> str:
    """A link's secret with which a person sets their first password; any before it ends.

    Raises errors.NotFound, errors.Conflict (`user_disabled`; `password_set`: that is for `reset`).
    """
    user = the(user_id)
    if user.password is not None:
        raise Conflict("There is a password already: reset it instead.", code="password_set")
    return _made(user, "invitation", by=by, seconds=seconds)


@writes
def reset(user_id: str, *, by: str, seconds: int) -> str:
    """A link's secret with which a person sets a new password; the old one goes on until then.

    Raises errors.NotFound, errors.Conflict (`user_disabled`).
    """
    return _made(the(user_id), "reset", by=by, seconds=seconds)


def _made(user: User, purpose: str, *, by: str, seconds: int) -> str:
    if user.disabled_at is not None:
        raise Conflict("The user is disabled.", code="user_disabled")
    secret, at = cookies.fresh(), journal.stamp()
    Link.delete().where(Link.expires_at < clock.later(at, -KEPT)).execute()
    Link.update(used_at=at).where(
        Link.user == user, Link.purpose.in_(("invitation", "reset")), Link.used_at.is_null()
    ).execute()
    expires_at = clock.later(at, seconds)
    Link.create(sha256=sessions.digest(secret), user=user, purpose=purpose, expires_at=expires_at)
    told = {"purpose": purpose, "expires_at": expires_at}
    journal.append("user.link-given", user.actor, by=by, payload=told)
    return secret


@writes
def use(secret: str, hashed: str) -> User:
    """Set the password of a link's holder, once; every session of theirs ends. Of several at once one does it.

    Raises errors.Gone (`link_spent`) for a link that is spent, too old or none.
    """
    row = _good(secret, ("invitation", "reset")).first() if _FORM.fullmatch(secret) else None
    if row is None:
        raise Gone("The link was used, is too old, or is none.", code="link_spent")
    put_password(row.user, hashed, by=row.user.actor)
    return row.user


@writes
def put_password(user: User, hashed: str, *, by: str, keep: str | None = None) -> None:
    """Make a hash the password of a user. Every session ends (`keep`: but the one with this key), every link of theirs,
    and every sign-in half done; no browser is known any more."""
    User.update(password=hashed, password_at=journal.stamp()).where(User.id == user.id).execute()
    Link.update(used_at=journal.stamp()).where(Link.user == user, Link.used_at.is_null()).execute()
    devices.forget(user.id)
    journal.append("user.password-set", user.actor, by=by, payload={})
    sessions.end(user.id, by=by, but=keep)


@writes(journalled=False, why="the same password, hashed with the parameters of today")
def rehash(user: User, hashed: str) -> None:
    """Keep a right password under a newer hash, unless it was changed meanwhile."""
    User.update(password=hashed).where(User.id == user.id, User.password == user.password).execute()


@writes(journalled=False, why="a sign-in half done is nothing yet; when it is done it is journalled")
def half(user_id: str, *, seconds: int = 300) -> str:
    """The secret of a sign-in whose password was right and whose second factor is to come."""
    secret, at = cookies.fresh(), clock.now()
    Link.delete().where(Link.expires_at < clock.later(at, -KEPT)).execute()
    Link.create(
        sha256=sessions.digest(secret), user=user_id, purpose="half", expires_at=clock.later(at, seconds)
    )
    return secret


@writes(journalled=False, why="as half")
def done(secret: str) -> bool:
    """Spend the secret of a sign-in half done. Gives whether this call did."""
    live = (Link.sha256 == sessions.digest(secret)) & (Link.purpose == "half") & Link.used_at.is_null()
    return bool(Link.update(used_at=clock.now()).where(live).execute())
