"""Clients: the programs that may ask, what each may be given at most, and whose records it sees."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection
from typing import Any

import peewee
from authlib.oauth2.rfc6749 import ClientMixin

from registry import clock, journal
from registry.auth import scopes as book
from registry.auth.clients.registration import (
    BY_KEY,
    BY_SECRET,
    CODE,
    ITSELF,
    SYSTEM,
    Registration,
    fits,
    key_set,
)
from registry.auth.roles import giving
from registry.auth.roles.duties import EVERY, Given, given, least
from registry.db import Instant, Stored, Text, writes
from registry.errors import Conflict, Invalid, NotFound
from registry.strict.schema import KEY

#: What secrets begin with, so that one in a log or a repository can be told for what it is.
SECRET = "rcs_"  # noqa: S105 -- a prefix

_ID = re.compile(r"[0-9a-f]{16}")


class Client(Stored, ClientMixin):
    """A program that may ask. `scopes` is the most it is given; `grant_types` and `redirect_uris` are separated by
    spaces too. `auth_method` is how it proves itself: BY_SECRET, BY_KEY (with `jwks`), or PUBLIC, which is not at
    all; `secret_sha256` is empty but with BY_SECRET.
    """

    client_id = Text(primary_key=True)
    name = peewee.TextField()
    secret_sha256 = Text()
    scopes = peewee.TextField()
    created_at = Instant()
    disabled_at: Any = Instant(null=True)
    auth_method = Text(default=BY_SECRET)
    grant_types = peewee.TextField(default="client_credentials")
    redirect_uris = peewee.TextField(default="")
    jwks: Any = peewee.TextField(null=True)

    class Meta:
        table_name = "auth_client"

    @property
    def actor(self) -> str:
        """What the journal calls it."""
        return f"client/{self.client_id}"

    @property
    def controllers(self) -> list[str]:
        """Keys of the controllers it has a role in, or ["*"]."""
        return list(dict.fromkeys(row.controller for row in giving.of(self.actor)))

    @property
    def roles(self) -> list[str]:
        """Its roles as they are written: dpo@acme."""
        return [str(row.given) for row in giving.of(self.actor)]

    # What Authlib asks of a client

    def get_client_id(self) -> str:
        return str(self.client_id)

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The part of a scope value that this client may have, all that it may have where none is asked for; None if
        that is nothing."""
        own = book.split(self.scopes)
        return book.joined(set(own) & set(book.split(scope)) if scope else own) or None

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(str(self.secret_sha256), digest(client_secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        if self.auth_method == BY_SECRET:
            return method in {"client_secret_basic", "client_secret_post", "bearer"}
        return method in {self.auth_method, "bearer"}

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types.split(" ")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and self.check_grant_type(CODE)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return any(fits(redirect_uri, one) for one in self.redirect_uris.split(" ") if one)

    def get_default_redirect_uri(self) -> None:
        return None


class Family(Stored):
    """All codes and tokens that stem from one permission: revoking it ends them together, also one being issued just
    now. `user_id` is the person on whose behalf the client asks; None: on its own.
    """

    id = Text(primary_key=True)
    client = peewee.ForeignKeyField(Client, column_name="client_id", on_delete="CASCADE", index=False)
    user_id: Any = Text(null=True)
    expires_at = Instant()  # of the token of it that lives longest
    revoked_at: Any = Instant(null=True)

    class Meta:
        table_name = "auth_family"
        indexes = ((("client", "expires_at"), False), (("user_id",), False))


def digest(secret: str) -> str:
    """SHA-256 of a secret or token, in hexadecimal: all of it that is kept. Enough for 256 random bits, not for a
    password."""
    return hashlib.sha256(secret.encode()).hexdigest()


def find(client_id: str) -> Client | None:
    """The client, disabled or not; None if there is none."""
    return Client.get_or_none(Client.client_id == client_id) if _ID.fullmatch(client_id) else None


# --- verbs


@writes
def register_client(
    *,
    name: str,
    scopes: Collection[str],
    controllers: Collection[str] = (),
    roles: Collection[Given] = (),
    engaged: bool = False,
    how: Registration = SYSTEM,
    by: str,
) -> tuple[Client, str]:
    """Add a client and give it with its secret, which is told this once and kept only as a digest; the secret is empty
    where it proves itself otherwise (`how`).

    `roles` are those that it has in which controllers; in each of `controllers` (keys, or EVERY alone) it has the least
    role that gives all its scopes. One that asks only on behalf of people has theirs and none of its own; one that is
    `engaged`, an auditor's program, has none but those of its engagements, which are yet to be opened. Raises
    errors.Invalid for scopes that are unknown or none, a key that cannot be one, a name that is blank, and as
    Registration.checked does.
    """
    how = how.checked()
    allowed = book.known(scopes)
    seen = sorted(set(controllers))
    if not name.strip() or not name.isprintable() or len(name) > 200:
        raise Invalid("A client needs a name of 1 to 200 printable characters.", field="name")
    if not allowed:
        raise Invalid("A client without a scope could do nothing.", field="scopes")
    if ITSELF not in how.grant_types and (seen or roles):
        raise Invalid("It asks for people, and has their roles and none of its own.", field="controllers")
    if ITSELF in how.grant_types and engaged == bool(seen or roles):
        raise Invalid("Name the controllers by their keys, or * alone for all.", field="controllers")
    if seen != [EVERY] and not all(map(KEY.fullmatch, seen)):
        raise Invalid("Name the controllers by their keys, or * alone for all.", field="controllers")
    secret = _secret() if how.auth_method == BY_SECRET else ""
    client = Client.create(
        client_id=secrets.token_hex(8),
        name=name.strip(),
        secret_sha256=digest(secret) if secret else "",
        scopes=book.joined(allowed),
        created_at=journal.stamp(),
        auth_method=how.auth_method,
        grant_types=" ".join(how.grant_types),
        redirect_uris=" ".join(how.redirect_uris),
        jwks=how.jwks,
    )
    given_ = [*roles, *(given(least(allowed), controller) for controller in seen)]
    told = {
        "name": client.name,
        "scopes": list(allowed),
        "controllers": sorted({one.controller for one in given_}),
    }
    if how != SYSTEM:
        told |= {"auth_method": how.auth_method, "grant_types": list(how.grant_types)}
        told |= {"redirect_uris": list(how.redirect_uris)} if how.redirect_uris else {}
    journal.append("client.registered", client.actor, by=by, payload=told)
    for one in given_:
        giving.give(client.actor, one, by=by)
    return client, secret


@writes
def rotate_secret(client_id: str, *, by: str) -> str:
    """Give a client a new secret. The old one, and every token got with it, stops working now: it may have leaked.

    Raises errors.NotFound for an unknown client, errors.Conflict for a disabled one and for one without a secret.
    """
    client = _proving(client_id, BY_SECRET)
    secret = _secret()
    Client.update(secret_sha256=digest(secret)).where(Client.client_id == client_id).execute()
    told = {"tokens_revoked": _revoke_all(client)}
    journal.append("client.secret-rotated", client.actor, by=by, payload=told)
    return secret


@writes
def replace_keys(client_id: str, jwks: str, *, by: str) -> None:
    """Give a client other public keys, and end every token got with the old ones: the private ones may have leaked.

    To go over from one key to another without a gap, register both for a while: a set may have several. Raises
    errors.NotFound, errors.Conflict as `rotate_secret` does, errors.Invalid for what is no set of public keys.
    """
    client = _proving(client_id, BY_KEY)
    Client.update(jwks=key_set(jwks)).where(Client.client_id == client_id).execute()
    told = {"tokens_revoked": _revoke_all(client)}
    journal.append("client.keys-replaced", client.actor, by=by, payload=told)


@writes
def disable_client(client_id: str, *, by: str) -> None:
    """Let a client ask no more, from the next request on. Disabling it again changes nothing.

    Raises errors.NotFound for an unknown client.
    """
    client = _the(client_id)
    live = (Client.client_id == client_id) & Client.disabled_at.is_null()
    if Client.update(disabled_at=journal.stamp()).where(live).execute():
        journal.append("client.disabled", client.actor, by=by, payload={})


@writes
def delete_client(client_id: str, *, by: str) -> None:
    """Forget a client with its secret, its tokens and what people allowed it. What it did stays in the journal.

    Raises errors.NotFound for an unknown client.
    """
    client = _the(client_id)
    for row in giving.of(client.actor):
        giving.away(row, by=by)
    Client.delete().where(Client.client_id == client_id).execute()
    journal.append("client.deleted", client.actor, by=by, payload={"name": client.name})


def _proving(client_id: str, method: str) -> Client:
    client = _the(client_id)
    if client.disabled_at is not None:
        raise Conflict("The client is disabled.", code="client_disabled")
    if client.auth_method != method:
        raise Conflict("The client proves itself in another way.", code="other_auth_method")
    return client


def _revoke_all(client: Client) -> int:
    live = (Family.client == client) & (Family.expires_at > clock.now()) & Family.revoked_at.is_null()
    revoked: int = Family.update(revoked_at=clock.now()).where(live).execute()
    return revoked


def _may_ask(client_id: str) -> bool:
    client = find(client_id)
    return client is not None and client.disabled_at is None


giving.KINDS["client"] = _may_ask


def _the(client_id: str) -> Client:
    client = find(client_id)
    if client is None:
        raise NotFound("There is no such client.")
    return client


def _secret() -> str:
    return SECRET + secrets.token_urlsafe(32)
