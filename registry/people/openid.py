"""Signing in at an organisation's own OpenID Connect provider: the way there, and what comes back.

Authorization code with PKCE (S256), `state` bound to the browser, `nonce` bound to both, `iss` checked (RFC 9207).
Nothing is kept here in between: all of it is made from one random cookie, which goes when the answer has come.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError

from registry import clock
from registry.errors import Forbidden
from registry.people import cookies, metadata
from registry.people.providers import Provider
from registry.settings import Settings

SCOPE = "openid email profile"
#: How long one may take at the provider, seconds.
SECONDS = 600
#: How far the provider's clock may be from ours, seconds.
LEEWAY = 30
#: Methods that are, or are with another, more than a password.
_STRONG = frozenset({"mfa", "otp", "hwk", "swk", "sc", "pop"})
#: The longest token that is looked at.
LONGEST = 16 * 1024


class Refused(Forbidden):
    """The provider did not let them in, or what it sent does not hold: `code` says which."""

    code = "provider_refused"


@dataclass(frozen=True, slots=True)
class Arrived:
    """Who came, as the provider says: what it calls them for ever, mailbox, name, groups; and where to go on.

    `strong`: it says that more than a password was asked for (`amr`, RFC 8176). One that says nothing is taken to have
    asked for no more.
    """

    subject: str
    email: str
    name: str
    groups: frozenset[str]
    then: str
    strong: bool = False


def way(provider: Provider, *, then: str, settings: Settings) -> tuple[str, str]:
    """The address of the provider to go to, and the cookie for the browser that goes. Raises metadata.Unreachable."""
    told, cookie = metadata.said(provider.issuer), cookies.fresh()
    state = _state(provider, cookie, then)
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": back(provider, settings),
        "scope": SCOPE,
        "state": state,
        "nonce": _made(cookie, "nonce", state),
        "code_challenge": _base64(hashlib.sha256(_made(cookie, "verifier", state).encode()).digest()),
        "code_challenge_method": "S256",
    }
    where = told["authorization_endpoint"]
    return where + ("&" if "?" in where else "?") + urlencode(asked), cookie


def back(provider: Provider, settings: Settings) -> str:
    """Where the provider sends people back to; it has to be registered there as it is."""
    return f"{settings.base_url}/sign-in/from/{provider.key}"


def arrive(
    provider: Provider, query: Mapping[str, str], cookie: str | None, *, settings: Settings
) -> Arrived:
    """Who comes back from a provider with this query. Raises Refused, metadata.Unreachable."""
    state, then = _known(provider, query.get("state", ""), cookie)
    told = metadata.said(provider.issuer)
    issuer = query.get("iss")
    if (issuer is None and told.get("authorization_response_iss_parameter_supported") is True) or (
        issuer is not None and issuer != provider.issuer
    ):
        raise Refused("The answer is of another provider.", code="provider_mixed_up")
    if "error" in query or not query.get("code"):
        raise Refused("The provider did not let them in.")
    assert cookie is not None  # or the state had been unknown
    got = _exchanged(provider, told, query["code"], _made(cookie, "verifier", state), settings)
    claims = _identified(provider, got, _made(cookie, "nonce", state))
    claims = _completed(provider, told, claims, got)
    email = claims.get("email")
    if not isinstance(email, str) or claims.get("email_verified", True) is not True:
        raise Refused("The provider does not vouch for a mailbox.", code="provider_no_email")
    name = claims.get("name")
    return Arrived(
        str(claims["sub"]), email, name if isinstance(name, str) and name.strip() else email,
        groups(claims, provider.groups_claim), then, bool(_STRONG & groups(claims, "amr")),
    )  # fmt: skip


def groups(claims: Mapping[str, Any], path: str) -> frozenset[str]:
    """The groups that claims tell at a path (`groups`, `realm_access.roles`); none where there is no such list."""
    here: Any = claims.get(path)
    if here is None:
        here = claims
        for step in path.split("."):
            here = here.get(step) if isinstance(here, Mapping) else None
    if isinstance(here, str):
        here = [here]
    return frozenset(one for one in here if isinstance(one, str)) if isinstance(here, list) else frozenset()


def verified(token: str, issuer: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWT that a key of the issuer signed; its claims are not looked at yet.

    The algorithm is one of ours and fits the key, whatever the header says; keys named by the header are not looked at.
    Raises Refused (`token_invalid`), metadata.Unreachable.
    """
    try:
        header = json.loads(unbase64(token.partition(".")[0])) if len(token) <= LONGEST else None
        if not isinstance(header, dict) or header.get("alg") not in metadata.ALGORITHMS:
            raise ValueError
        kid = header.get("kid")
        if kid is not None and not isinstance(kid, str):
            raise ValueError
        key = metadata.key(issuer, kid)
        if key is None:
            raise ValueError
        found = jwt.decode(token, key, algorithms=list(metadata.ALGORITHMS))
    except (JoseError, ValueError, TypeError, RecursionError):
        raise Refused("No key of the provider signed that.", code="token_invalid") from None
    return dict(found.header), dict(found.claims)


def now() -> int:
    """Seconds since 1970."""
    return int(datetime.fromisoformat(clock.now()).timestamp())


def _exchanged(
    provider: Provider, told: Mapping[str, Any], code: str, verifier: str, settings: Settings
) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back(provider, settings),
        "code_verifier": verifier,
    }
    headers = {}
    secret = provider.opened(settings)
    methods = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if secret is None:
        form["client_id"] = provider.client_id
    elif "client_secret_basic" in methods:
        pair = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        form |= {"client_id": provider.client_id, "client_secret": secret}
    status, got = metadata.asked("POST", told["token_endpoint"], headers=headers, form=form)
    if status != 200 or not isinstance(got, dict) or not isinstance(got.get("id_token"), str):
        raise Refused("The provider did not take the code.", code="provider_code")
    return got


def _identified(provider: Provider, got: Mapping[str, Any], nonce: str) -> dict[str, Any]:
    header, claims = verified(got["id_token"], provider.issuer)
    options = {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": provider.client_id},
        "sub": {"essential": True},
        "exp": {"essential": True},
    }
    known = {"nonce": nonce, "client_id": provider.client_id, "access_token": got.get("access_token")}
    try:
        CodeIDToken(claims, header, options, known).validate(now=now(), leeway=LEEWAY)
    except (JoseError, ValueError, TypeError, AttributeError):
        raise Refused("What the provider says does not hold.", code="token_invalid") from None
    _subject(claims)
    return claims


def _completed(
    provider: Provider, told: Mapping[str, Any], claims: dict[str, Any], got: Mapping[str, Any]
) -> dict[str, Any]:
    """The claims, with those that the provider tells at its userinfo endpoint alone."""
    where, token = told.get("userinfo_endpoint"), got.get("access_token")
    if not isinstance(where, str) or not isinstance(token, str):
        return claims
    status, more = metadata.asked("GET", where, headers={"Authorization": f"Bearer {token}"})
    if status != 200 or not isinstance(more, dict) or more.get("sub") != claims["sub"]:
        raise Refused("What the provider says does not hold.", code="token_invalid")
    return {**more, **claims}


def _subject(claims: Mapping[str, Any]) -> None:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
        raise Refused("The provider does not say who that is.", code="token_invalid")


def _state(provider: Provider, cookie: str, then: str) -> str:
    told = _base64(json.dumps([provider.key, then, now()]).encode())
    return f"{told}.{_made(cookie, 'state', told)}"


def _known(provider: Provider, state: str, cookie: str | None) -> tuple[str, str]:
    """The state, and where to go on, if it was made for this browser and this provider a while ago."""
    told, _, mark = state.partition(".")
    try:
        if not cookie or not hmac.compare_digest(_made(cookie, "state", told).encode(), mark.encode()):
            raise ValueError
        key, then, at = json.loads(unbase64(told))
    except (ValueError, TypeError):
        raise Refused("Nobody was sent there from this browser.", code="provider_state") from None
    if key != provider.key or not 0 <= now() - at <= SECONDS:
        raise Refused("That took too long, or was for another provider.", code="provider_state")
    return state, str(then)


def _made(cookie: str, what: str, of: str) -> str:
    return _base64(hmac.new(cookie.encode(), f"{what} {of}".encode(), hashlib.sha256).digest())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unbase64(text: str) -> bytes:
    """What base64url without padding means. Raises ValueError."""
    try:
        return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeError):
        raise ValueError("no base64url") from None
