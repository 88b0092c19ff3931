"""Sessions: who is signed in, by a cookie that is kept only as a digest and looked up anew for every request."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import Any

import peewee
from flask import current_app, g

from registry import clock, journal
from registry.db import Instant, Stored, Text, writes
from registry.errors import NotFound, Problem
from registry.people import cookies
from registry.people.users import User, the
from registry.settings import Settings

log = logging.getLogger(__name__)

#: How exactly it is known when a session was last used, seconds: noting it is a write.
NOTED = 60
#: After so long somebody is asked again who they are before they end other sessions, seconds.
RECENT = 600
#: How long the rows of sessions stay that are over, seconds. The journal keeps that they were.
KEPT = 7 * 86_400


class Session(Stored):
    """A browser in which somebody signed in. `method` is how, `agent` what the browser calls itself."""

    sha256 = Text(primary_key=True)
    user = peewee.ForeignKeyField(User, column_name="user_id", on_delete="CASCADE", index=False)
    method = Text()
    agent = peewee.TextField()
    created_at = Instant()
    seen_at = Instant()
    expires_at = Instant(index=True)
    ended_at: Any = Instant(null=True)

    class Meta:
        table_name = "people_session"
        indexes = ((("user", "expires_at"), False),)

    @property
    def key(self) -> str:
        """What it is called where it is shown; nobody gets in with that."""
        return str(self.sha256)[:16]


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in. `actor` is their name in the journal, `session` its key, `method` how they did it."""

    id: str
    actor: str
    email: str
    name: str
    language: str
    authenticated_at: str
    method: str
    session: str

    @property
    def strong(self) -> bool:
        """Whether more than a password was asked for."""
        return "+" in self.method


def current(*, weak: bool = False) -> Person | None:
    """Who is signed in where the present request comes from; None where nobody is.

    A session that was idle too long, is too old, was ended, or whose user is disabled is none; nor is one that was
    begun with a password alone where a second factor is required, unless `weak` ones are asked for too: that is for the
    pages on which one is taken into use.
    """
    if "registry_person" not in g:
        cookie = cookies.read("session")
        g.registry_person = None if cookie is None else look(cookie)
    person: Person | None = g.registry_person
    if person is None or weak or person.strong or _settings().second_factor == "optional":
        return person
    return None


def recent(person: Person) -> bool:
    """Whether somebody has proven just now who they are."""
    return person.authenticated_at > clock.later(clock.now(), -RECENT)


def look(cookie: str) -> Person | None:
    """The person of a session cookie, as `current`."""
    at, settings = clock.now(), _settings()
    row = _live(at, settings).where(Session.sha256 == digest(cookie)).first()
    if row is None:
        return None
    if row.seen_at < clock.later(at, -NOTED):
        try:
            _seen(row.sha256, at)
        except Problem as problem:  # nobody is turned away because the disk is full
            log.warning("a session's use was not noted: %s", problem.code)
    user = row.user
    return Person(
        user.id, user.actor, user.email, user.name, user.language, row.created_at, row.method, row.key
    )


def of_user(user_id: str) -> list[Session]:
    """The sessions of a person that go on, the last used first."""
    found = _live(clock.now(), _settings()).where(Session.user == user_id)
    return list(found.order_by(Session.seen_at.desc()))


def digest(secret: str) -> str:
    """SHA-256 of 256 random bits, in hexadecimal: all of them that is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _live(at: str, settings: Settings) -> Any:
    return (
        Session.select(Session, User)
        .join(User)
        .where(
            Session.expires_at > at,
            Session.seen_at > clock.later(at, -settings.session_idle_seconds),
            Session.ended_at.is_null(),
            User.disabled_at.is_null(),
        )
    )


def _settings() -> Settings:
    settings: Settings = current_app.extensions["registry.settings"]
    return settings


# --- verbs


@writes
def begin(user_id: str, *, method: str, agent: str, seconds: int, before: str | None = None) -> str:
    """Sign a person in and give the cookie of the session. `before` is the cookie of the one that ends instead.

    Raises errors.NotFound for a user that is unknown or disabled.
    """
    user = the(user_id)
    if user.disabled_at is not None:
        raise NotFound("There is no such user, or it is disabled.")
    at, cookie = journal.stamp(), cookies.fresh()
    if before is not None:
        Session.update(ended_at=at).where(
            Session.sha256 == digest(before), Session.ended_at.is_null()
        ).execute()
    Session.delete().where(Session.expires_at < clock.later(at, -KEPT)).execute()
    Session.create(
        sha256=digest(cookie),
        user=user,
        method=method,
        agent=agent[:200],
        created_at=at,
        seen_at=at,
        expires_at=clock.later(at, seconds),
    )
    journal.append("user.signed-in", user.actor, by=user.actor, payload={"method": method})
    return cookie


@writes
def end(
    user_id: str, *, by: str, key: str | None = None, but: str | None = None, method: str | None = None
) -> int:
    """End sessions of a person now: the one with this key, those of a method, or all (`but` one); gives how many."""
    user = the(user_id)
    found = [
        one.sha256
        for one in Session.select().where(
            Session.user == user, Session.ended_at.is_null(), Session.expires_at > clock.now()
        )
        if one.key == (key or one.key) and one.key != but and one.method == (method or one.method)
    ]
    if found:
        Session.update(ended_at=journal.stamp()).where(Session.sha256.in_(found)).execute()
        journal.append("user.signed-out", user.actor, by=by, payload={"sessions": len(found)})
    return len(found)


@writes
def disable(user_id: str, *, by: str) -> None:
    """Let a person in no more, from the next request on. Doing it again changes nothing. Raises errors.NotFound."""
    user = the(user_id)
    live = (User.id == user_id) & User.disabled_at.is_null()
    if User.update(disabled_at=journal.stamp()).where(live).execute():
        journal.append("user.disabled", user.actor, by=by, payload={})
        end(user_id, by=by)


@writes(journalled=False, why="when a session was last used ends it sooner or later, and is nobody's deed")
def _seen(sha256: str, at: str) -> None:
    Session.update(seen_at=at).where(Session.sha256 == sha256, Session.seen_at < at).execute()
