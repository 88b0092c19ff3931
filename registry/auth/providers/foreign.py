"""Organisations' own OpenID providers: what their groups give here, whom they bring, and their tokens at our API."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from registry import clock, db
from registry.auth import scopes as book
from registry.auth.roles import duties, giving
from registry.auth.roles.meeting import Asking, Role
from registry.errors import Invalid, NotFound
from registry.keys.sealing import KeyMissing
from registry.people import openid, providers, sessions
from registry.people.openid import Arrived
from registry.people.providers import Provider
from registry.people.users import User
from registry.settings import Settings
from registry.strict.schema import KEY

log = logging.getLogger(__name__)

#: What a token may call itself (RFC 7519, RFC 9068); an ID token, a logout token and the like are no access tokens.
TYPES = frozenset({None, "jwt", "at+jwt", "application/at+jwt"})
#: Claims that stand in ID tokens alone.
_IDENTIFYING = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})
#: A token that lives longer is not taken: nobody could end it.
LIFE = 86_400


def asking(token: str) -> Asking | None:
    """Who holds a bearer token of a provider that we believe; None for any other text.

    Its groups give roles as they do at sign-in; a `scope` that names scopes of ours narrows them. A subject that is
    known here asks as that person, unless disabled; another asks as what it is to its provider. Raises
    metadata.Unreachable where the provider's keys cannot be had.
    """
    issuer = _issuer(token)
    provider = providers.of_issuer(issuer) if issuer else None
    if provider is None or provider.audience is None:
        return None
    db.request_end()  # no connection is held while a provider is asked for its keys
    try:
        header, claims = openid.verified(token, provider.issuer)
    except openid.Refused:
        return None
    if not _holds(header, claims, provider):
        return None
    subject = str(claims["sub"])
    user = providers.user_of(provider.issuer, subject)
    if user is not None and user.disabled_at is not None:
        return None
    name = hashlib.sha256(f"{provider.issuer}\n{subject}".encode()).hexdigest()[:16]
    roles = [
        Role(one.controller, one.role, _joined(one.registers), _joined(one.systems))
        for one in meant(provider, openid.groups(claims, provider.groups_claim))
    ]
    return Asking(
        id=user.actor if user is not None else f"{provider.actor}/{name}",
        client_id=f"{provider.key}/{name}",
        scopes=_scopes(claims.get("scope")),
        roles=tuple(roles),
        expires_at=clock.written(datetime.fromtimestamp(claims["exp"], UTC)),
    )


def _issuer(token: str) -> str | None:
    """Whom a token claims to be of: enough to know whose keys to look at, and no more."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > openid.LONGEST:
        return None
    try:
        issuer = json.loads(openid.unbase64(parts[1])).get("iss")
    except (ValueError, AttributeError, RecursionError):
        return None
    return issuer if isinstance(issuer, str) else None


def _holds(header: dict[str, Any], claims: dict[str, Any], provider: Provider) -> bool:
    typ = header.get("typ")
    if (
        (typ.lower() if isinstance(typ, str) else typ) not in TYPES
        or "crit" in header
        or _IDENTIFYING & set(claims)
    ):
        return False
    audiences = claims.get("aud")
    listed = [audiences] if isinstance(audiences, str) else audiences
    now, exp = openid.now(), claims.get("exp")
    begins = [claims[name] for name in ("nbf", "iat") if name in claims]
    return (
        claims.get("iss") == provider.issuer
        and isinstance(listed, list)
        and provider.audience in listed
        and isinstance(claims.get("sub"), str)
        and 0 < len(claims["sub"]) <= 255
        and _number(exp)
        and now - openid.LEEWAY < exp <= now + LIFE
        and all(_number(one) and one <= now + openid.LEEWAY for one in begins)
    )


def _number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53


def _scopes(said: Any) -> frozenset[str]:
    ours = frozenset(said.split() if isinstance(said, str) else ()).intersection(book.SCOPES)
    return ours or frozenset(book.SCOPES)


def meant(provider: Provider, groups: Collection[str]) -> list[duties.Given]:
    """The roles that these groups give; a role that nobody knows any more is left out."""
    found: dict[str, duties.Given] = {}
    for group, role in provider.mapped:
        if group in groups:
            try:
                found[role] = duties.parse(role)
            except Invalid:
                log.warning("a mapping of %s names a role that there is not", provider.actor)
    return list(found.values())


def _joined(names: Collection[str] | None) -> str | None:
    return None if names is None else " ".join(names)


# --- verbs


def add(
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
    """Believe a provider from now on. `mapping` are (group, role as `registry role give` takes it).

    Raises errors.Invalid for what cannot be, errors.Conflict (`provider_exists`).
    """
    parts = urlsplit(issuer)
    if not KEY.fullmatch(key):
        raise Invalid("A provider has a key of small letters, digits and dashes.", field="key")
    if not name.strip() or not name.isprintable() or len(name) > 200:
        raise Invalid("A provider needs a name of 1 to 200 printable characters.", field="name")
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise Invalid("The issuer is a URL without query.", field="issuer")
    if not client_id or not groups_claim:
        raise Invalid("The client and the claim have to be named.", field="client_id")
    if audience is not None and audience in (client_id, ""):
        raise Invalid(
            "The audience is another than the client, whose ID tokens are not for the API.", field="audience"
        )
    for group, role in mapping:
        if not group or duties.parse(role).role == "owner":
            raise Invalid("A group may give any role but that of an owner.", code="bad_role", field="mapping")
    try:
        return providers.add_provider(
            key=key, name=name.strip(), issuer=issuer, client_id=client_id, secret=secret, audience=audience,
            groups_claim=groups_claim, mapping=mapping, by=by, settings=settings,
        )  # fmt: skip
    except KeyMissing as missing:
        raise Invalid(str(missing), code="no_sealing_key", field="secret") from None


@db.writes
def disable(key: str, *, by: str) -> None:
    """Believe a provider no more: its tokens end, the roles that it gave, and sessions begun there.

    Raises errors.NotFound.
    """
    provider = providers.disable_provider(key, by=by)
    given = giving.StoredRole.select().where(giving.stands() & (giving.StoredRole.given_by == provider.actor))
    for row in list(given):
        giving.away(row, by=by)
    methods = (provider.actor, f"{provider.actor}+mfa")
    live = sessions.Session.select(sessions.Session.user).where(
        sessions.Session.method.in_(methods), sessions.Session.ended_at.is_null()
    )
    for (user_id,) in list(live.distinct().tuples()):
        for method in methods:
            sessions.end(user_id, by=by, method=method)


@db.writes
def received(provider: Provider, who: Arrived, *, language: str, settings: Settings) -> User:
    """Whoever came from a provider, as a person here, with the roles that their groups give now and no others of it.

    Raises errors.NotFound for one who is disabled, openid.Refused (`provider_no_role`) for somebody new whom no group
    gives a role, providers.MailboxTaken and InvitationWaits.
    """
    wanted = meant(provider, who.groups)
    user = providers.user_of(provider.issuer, who.subject)
    if user is None:
        providers.unclaimed(provider, who.subject, who.email)
        if not wanted:
            raise openid.Refused("None of their groups means anything here.", code="provider_no_role")
        user = providers.welcome(
            provider, who.subject, email=who.email, name=who.name[:200], language=language
        )
    if user.disabled_at is not None:
        raise NotFound("There is no such user, or it is disabled.")
    _keep(provider, user, wanted, settings)
    return user


def _keep(provider: Provider, user: User, wanted: list[duties.Given], settings: Settings) -> None:
    """Roles stand for a while only, for nobody tells us when a group goes from somebody who does not come back."""
    now = clock.now()
    standing = giving.of(user.actor)
    theirs = [row for row in standing if row.given_by == provider.actor]
    half = clock.later(now, settings.group_role_seconds / 2)
    for row in theirs:
        if row.given not in wanted or row.ends_at < half:
            giving.away(row, by=provider.actor)
            standing.remove(row)
    here = {(str(row.role), str(row.controller)) for row in standing}
    for one in wanted:
        if (one.role, one.controller) not in here:
            ends_at = clock.later(now, settings.group_role_seconds)
            giving.keep(user.actor, one, by=provider.actor, ends_at=ends_at)
            here.add((one.role, one.controller))
