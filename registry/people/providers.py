"""Organisations' own OpenID Connect providers, as stored: whom we believe, and who their subjects are here."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import peewee

from registry import journal
from registry.db import Instant, Stored, Text, writes
from registry.errors import Conflict, Forbidden, NotFound
from registry.keys.held import Kept, keeps
from registry.keys.sealing import Sealer
from registry.people import users
from registry.people.users import User
from registry.settings import Settings

log = logging.getLogger(__name__)


class Provider(Stored):
    """A provider. `secret` is sealed; `mapping` a JSON list of [group, role] (registry.auth.providers.foreign).

    `audience` is what its tokens for our API are for; null: none is taken.
    """

    key = Text(primary_key=True)
    name = peewee.TextField()
    issuer = Text(unique=True)
    client_id = peewee.TextField()
    secret: Any = peewee.TextField(null=True)
    audience: Any = peewee.TextField(null=True)
    groups_claim = peewee.TextField()
    mapping = peewee.TextField()
    created_at = Instant()
    disabled_at: Any = Instant(null=True)

    class Meta:
        table_name = "people_provider"

    @property
    def actor(self) -> str:
        """What the journal calls it."""
        return f"provider/{self.key}"

    @property
    def mapped(self) -> list[tuple[str, str]]:
        """What its groups give: (group, role as `registry role give` takes it)."""
        return [(group, role) for group, role in json.loads(self.mapping)]

    def opened(self, settings: Settings) -> str | None:
        """The secret of our client there. Raises sealing.KeyMissing, sealing.Tampered."""
        if self.secret is None:
            return None
        return Sealer.of(settings).unseal(self.secret, bound=bound(self.key, self.issuer)).decode()


class Identity(Stored):
    """Who a provider's subject is here. Never told by e-mail alone: a mailbox may change hands."""

    issuer = Text()
    subject = Text()
    user = peewee.ForeignKeyField(User, column_name="user_id", on_delete="CASCADE")
    created_at = Instant()

    class Meta:
        table_name = "people_identity"
        primary_key = peewee.CompositeKey("issuer", "subject")


class MailboxTaken(Forbidden):
    """The mailbox is of somebody who was not linked with that provider; only the operator may say that it is them."""

    code = "mailbox_taken"


class InvitationWaits(MailboxTaken):
    """The same of somebody who was invited and never came: the invitation is their way in, until they are linked."""

    code = "invitation_waits"


def bound(key: str, issuer: str) -> str:
    """What a provider's secret is sealed for."""
    return f"provider/{key}@{issuer}"


def listed() -> list[Provider]:
    """The providers that one may sign in with, by name."""
    return list(Provider.select().where(Provider.disabled_at.is_null()).order_by(Provider.name, Provider.key))


def the(key: str) -> Provider:
    """The provider with this key that one may sign in with. Raises errors.NotFound."""
    found = Provider.get_or_none(Provider.key == key, Provider.disabled_at.is_null())
    if found is None:
        raise NotFound("There is no such provider.")
    return found


def of_issuer(issuer: str) -> Provider | None:
    """The provider that issues as this, unless it is disabled."""
    return Provider.get_or_none(Provider.issuer == issuer, Provider.disabled_at.is_null())


def user_of(issuer: str, subject: str) -> User | None:
    """Who a subject is here, disabled or not; None for one that never came."""
    row = (
        Identity.select(Identity, User)
        .join(User)
        .where(Identity.issuer == issuer, Identity.subject == subject)
        .first()
    )
    return row.user if row is not None else None


# --- verbs


@writes
def add_provider(
    *,
    key: str,
    name: str,
    issuer: str,
    client_id: str,
    secret: str | None,
    audience: str | None,
    groups_claim: str,
    mapping: list[tuple[str, str]],
    by: str,
    settings: Settings,
) -> Provider:
    """Store a provider whose parts are known to be good (registry.auth.providers.foreign.add).

    Raises errors.Conflict (`provider_exists`), sealing.KeyMissing.
    """
    if Provider.select().where((Provider.key == key) | (Provider.issuer == issuer)).exists():
        raise Conflict("There is a provider with that key or that issuer.", code="provider_exists")
    made = Provider.create(
        key=key,
        name=name,
        issuer=issuer,
        client_id=client_id,
        secret=None
        if secret is None
        else Sealer.of(settings).seal(secret.encode(), bound=bound(key, issuer)),
        audience=audience,
        groups_claim=groups_claim,
        mapping=json.dumps(mapping, ensure_ascii=False),
        created_at=journal.stamp(),
    )
    told = {
        "name": name, "issuer": issuer, "client_id": client_id, "audience": audience, "groups_claim": groups_claim,
        "mapping": [list(one) for one in mapping],
    }  # fmt: skip
    journal.append("provider.added", made.actor, by=by, payload=told)
    return made


@writes
def disable_provider(key: str, *, by: str) -> Provider:
    """Believe a provider no more. Raises errors.NotFound."""
    provider = the(key)
    Provider.update(disabled_at=journal.stamp()).where(Provider.key == key).execute()
    journal.append("provider.disabled", provider.actor, by=by, payload={})
    return provider


@writes
def link(provider: Provider, subject: str, user: User, *, by: str) -> None:
    """Say that a provider's subject is this person. Raises errors.Conflict (`linked_already`) where it is somebody."""
    known = user_of(provider.issuer, subject)
    if known is not None:
        raise Conflict("That subject is somebody already.", code="linked_already")
    Identity.create(issuer=provider.issuer, subject=subject, user=user, created_at=journal.stamp())
    journal.append("user.linked", user.actor, by=by, payload={"provider": provider.key, "subject": subject})


@writes
def unclaimed(provider: Provider, subject: str, email: str) -> None:
    """Raises MailboxTaken where somebody has the mailbox of who comes from a provider, InvitationWaits where they have
    been invited and never came. The log says as whom they come: the operator needs it to link them."""
    user = users.by_email(email)
    if user is None:
        return
    log.warning("%s: %r comes with the mailbox of %s and is not linked", provider.actor, subject, user.actor)
    known = user.password is not None or Identity.select().where(Identity.user == user).exists()
    if known or user.disabled_at is not None:
        raise MailboxTaken("Somebody has that mailbox here; the operator can link them.")
    raise InvitationWaits("They have been invited; the operator can link them.")


def welcome(provider: Provider, subject: str, *, email: str, name: str, language: str) -> User:
    """Add a person whom a provider brings for the first time.

    Raises as `unclaimed` does, errors.Invalid for an address or a name that is none.
    """
    unclaimed(provider, subject, email)
    user = users.add_user(email=email, name=name, language=language, by=provider.actor)
    link(provider, subject, user, by=provider.actor)
    return user


@keeps("providers")
def _sealed() -> Iterator[Kept]:
    for one in Provider.select().where(Provider.secret.is_null(False), Provider.disabled_at.is_null()):
        yield Kept(one, bound(one.key, one.issuer), "secret")
