"""Users: the people who may sign in, each known by a role or work mailbox."""

from __future__ import annotations

import re
import secrets
from typing import Any

import peewee
from email_validator import EmailNotValidError, validate_email

from registry import journal
from registry.db import Instant, Stored, Text, writes
from registry.errors import Conflict, Invalid, NotFound
from registry.strict import body

#: The languages that pages are in; the first where nothing else says.
LANGUAGES = ("fi", "sv", "en")

_ID = re.compile(r"[0-9a-f]{16}")


class User(Stored):
    """A person. `mailbox` is the folded e-mail address, by which it is told from others.

    `password` is an argon2id hash; `totp` the sealed secret of a second factor, `totp_step` the last step of which a
    code was taken (RFC 6238), so that none counts twice.
    """

    id = Text(primary_key=True)
    email = peewee.TextField()
    mailbox = Text(unique=True)
    name = peewee.TextField()
    language = Text()
    password: Any = peewee.TextField(null=True)
    password_at: Any = Instant(null=True)
    totp: Any = peewee.TextField(null=True)
    totp_step: Any = peewee.BigIntegerField(null=True)
    created_at = Instant()
    disabled_at: Any = Instant(null=True)

    class Meta:
        table_name = "people_user"

    @property
    def actor(self) -> str:
        """What the journal calls it."""
        return f"user/{self.id}"


def folded(email: str) -> str:
    """What tells mailboxes apart. Letters count alike whether large or small."""
    return body.clean(email.strip()).casefold()


def find(user_id: str) -> User | None:
    """The user with this id, disabled or not; None if there is none."""
    return User.get_or_none(User.id == user_id) if _ID.fullmatch(user_id) else None


def by_email(email: str) -> User | None:
    """The user with this mailbox, disabled or not; None if there is none."""
    return User.get_or_none(User.mailbox == folded(email))


def the(user_id: str) -> User:
    """The user with this id. Raises errors.NotFound."""
    user = find(user_id)
    if user is None:
        raise NotFound("There is no such user.")
    return user


# --- verbs


@writes
def add_user(*, email: str, name: str, language: str, by: str) -> User:
    """Add a person, who cannot sign in yet: `registry.people.links.invite` makes the way in.

    Raises errors.Invalid for an address, a name or a language that is none, errors.Conflict (`user_exists`) for a
    mailbox that is somebody's.
    """
    address = _address(email)
    if not name.strip() or not name.isprintable() or len(name) > 200:
        raise Invalid("A person needs a name of 1 to 200 printable characters.", field="name")
    if language not in LANGUAGES:
        raise Invalid("The language is one of " + ", ".join(LANGUAGES) + ".", field="language")
    if by_email(address) is not None:
        raise Conflict("Somebody has this mailbox already.", code="user_exists")
    user = User.create(
        id=secrets.token_hex(8),
        email=address,
        mailbox=folded(address),
        name=body.clean(name.strip()),
        language=language,
        created_at=journal.stamp(),
    )
    told = {"email": user.email, "name": user.name, "language": language}
    journal.append("user.added", user.actor, by=by, payload=told)
    return user


@writes
def set_language(user_id: str, language: str, *, by: str) -> None:
    """Change the language of a person's pages. Raises errors.NotFound, errors.Invalid."""
    user = the(user_id)
    if language not in LANGUAGES:
        raise Invalid("The language is one of " + ", ".join(LANGUAGES) + ".", field="language")
    if user.language != language:
        User.update(language=language).where(User.id == user_id).execute()
        journal.append("user.language-set", user.actor, by=by, payload={"language": language})


def _address(email: str) -> str:
    try:
        return str(validate_email(email.strip(), check_deliverability=False).normalized)
    except EmailNotValidError:
        raise Invalid("That is no e-mail address.", code="invalid_email", field="email") from None
