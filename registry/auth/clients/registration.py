"""What is registered of a client besides its name: how it proves itself, which grants it uses, where answers may go."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from registry.errors import Invalid

#: How a client proves itself. A secret may come in the header or in the form.
BY_SECRET, BY_KEY, PUBLIC = "client_secret", "private_key_jwt", "none"
METHODS = (BY_SECRET, BY_KEY, PUBLIC)

CODE, REFRESH, ITSELF = "authorization_code", "refresh_token", "client_credentials"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS = (CODE, REFRESH, ITSELF, DEVICE)

#: What may sign an assertion. A key that could also be a secret, or no key, cannot.
ALGORITHMS = ("ES256", "ES384", "PS256", "RS256", "Ed25519")
_KEYS = {("EC", "P-256"), ("EC", "P-384"), ("OKP", "Ed25519"), ("RSA", None)}
MIN_RSA = 2048

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+")


@dataclass(frozen=True, slots=True)
class Registration:
    """How a client asks. The default is a system that asks on its own, with a secret."""

    auth_method: str = BY_SECRET
    grant_types: tuple[str, ...] = (ITSELF,)
    redirect_uris: tuple[str, ...] = ()
    jwks: str | None = None

    def checked(self) -> Registration:
        """The same in order, each thing once. Raises errors.Invalid for what does not go together or may not be."""
        if self.auth_method not in METHODS:
            raise Invalid("There is no such way to prove a client.", field="auth_method")
        if not self.grant_types or set(self.grant_types) - set(GRANTS):
            raise Invalid("A client needs a grant that is offered here.", field="grant_types")
        if self.auth_method == PUBLIC and ITSELF in self.grant_types:
            raise Invalid("Who cannot prove itself cannot ask on its own.", field="grant_types")
        if set(self.grant_types) == {REFRESH} or (REFRESH in self.grant_types and not self.for_people):
            raise Invalid("Only what a person has allowed is refreshed.", field="grant_types")
        if (CODE in self.grant_types) != bool(self.redirect_uris):
            raise Invalid("A redirect URI is for authorization_code, which needs one.", field="redirect_uris")
        if (self.auth_method == BY_KEY) != (self.jwks is not None):
            raise Invalid("A key set is for private_key_jwt, which needs one.", field="jwks")
        return Registration(
            auth_method=self.auth_method,
            grant_types=tuple(grant for grant in GRANTS if grant in self.grant_types),
            redirect_uris=tuple(dict.fromkeys(map(redirect_uri, self.redirect_uris))),
            jwks=None if self.jwks is None else key_set(self.jwks),
        )

    @property
    def for_people(self) -> bool:
        """Whether it asks on behalf of people."""
        return CODE in self.grant_types or DEVICE in self.grant_types


#: What is registered where nothing is said.
SYSTEM = Registration()


def redirect_uri(text: str) -> str:
    """The text, if answers may be sent there: https, or http to a loopback address of an application on the same
    machine (RFC 8252, 7.3), without a fragment. Raises errors.Invalid.
    """
    if not _URI.fullmatch(text) or len(text) > 2000:
        raise Invalid("A redirect URI is an absolute URI of ASCII characters.", field="redirect_uris")
    parts = _split(text)
    if parts is None or not parts.hostname or parts.username is not None or "#" in text or "*" in text:
        raise Invalid(
            "A redirect URI has a host, and neither a fragment, a user nor an asterisk.",
            field="redirect_uris",
        )
    if parts.scheme == "https" or (parts.scheme == "http" and _loopback(parts)):
        return text
    raise Invalid(
        "A redirect URI is https, or http on 127.0.0.1 or [::1] for a program on the same machine.",
        field="redirect_uris",
    )


def fits(asked: str, registered: str) -> bool:
    """Whether a redirect URI is the registered one, character for character; an application that was registered on a
    loopback address without a port may choose one (RFC 8252, 7.3).
    """
    if asked == registered:
        return True
    own, theirs = _split(registered), _split(asked)
    if own is None or theirs is None or own.scheme != "http" or not _loopback(own) or own.port is not None:
        return False
    if theirs.port is None:
        return False
    return asked == registered.replace(own.netloc, f"{own.netloc}:{theirs.port}", 1)


def key_set(text: str) -> str:
    """A JWK set of public keys, as it is stored. Raises errors.Invalid for one that holds a private or symmetric key,
    none, or a weak one.
    """
    try:
        keys = KeySet.import_key_set(orjson.loads(text)).keys
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        raise Invalid("That is not a JSON Web Key Set.", field="jwks") from None
    if not 1 <= len(keys) <= 10:
        raise Invalid("A key set has 1 to 10 keys.", field="jwks")
    told: list[dict[str, Any]] = []
    for key in keys:
        made = key.as_dict(private=False) if key.key_type != "oct" else {}
        if (key.key_type, made.get("crv")) not in _KEYS or key.is_private:
            raise Invalid(
                "A key set has public keys alone: RSA, EC on P-256 or P-384, Ed25519.", field="jwks"
            )
        if isinstance(key, RSAKey) and key.public_key.key_size < MIN_RSA:
            raise Invalid(f"An RSA key has {MIN_RSA} bits at least.", field="jwks")
        told.append(made)
    return orjson.dumps({"keys": told}).decode()


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts


def _loopback(parts: SplitResult) -> bool:
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback and parts.hostname in {
            "127.0.0.1",
            "::1",
        }
    except ValueError:
        return False
