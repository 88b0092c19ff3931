"""Signing: what others must be able to show to somebody else (a receipt) is a JWS that verifies without us.

Compact JWS (RFC 7515) with Ed25519 (RFC 8032, RFC 9864); a key is known by its thumbprint (RFC 7638) and published as a
JWK Set (RFC 7517). The newest key signs; the public halves of all stay published, so that what was signed before still
verifies.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from registry.keys.material import lines
from registry.settings import Settings

ALGORITHM: Final = "Ed25519"


class Unsigned(Exception):
    """There is no signing key."""

    def __init__(self) -> None:
        super().__init__(
            "There is no signing key: set REGISTRY_SIGNING_KEY_FILE (`registry keys new signing` makes one)."
        )


class BadSignature(Exception):
    """A token that none of the keys signed, or of another type, or of another form."""


class Signer:
    """Signs with the newest key of a deployment, and tells the public halves of all."""

    def __init__(self, keys: tuple[OKPKey, ...]) -> None:
        self._keys = {key.thumbprint(): key for key in keys}

    @classmethod
    def of(cls, settings: Settings) -> Signer:
        """With the keys of REGISTRY_SIGNING_KEY_FILE or REGISTRY_SIGNING_KEY.

        Raises ValueError for one that is no Ed25519 JWK; an older one may be its public half alone.
        """
        keys = _keys(lines("signing_key", settings.signing_key_file, settings.signing_key))
        if keys and not keys[0].is_private:
            raise ValueError("REGISTRY_SIGNING_KEY: the first key has to have its private half, it signs")
        return cls(keys)

    @property
    def ids(self) -> tuple[str, ...]:
        """The thumbprints of the keys, the one that signs first."""
        return tuple(self._keys)

    def jwks(self) -> dict[str, Any]:
        """The public halves, as a JWK Set."""
        return {
            "keys": [
                {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": ALGORITHM}
                for kid, key in self._keys.items()
            ]
        }

    def sign(self, payload: Mapping[str, Any], *, typ: str) -> str:
        """A compact JWS over the payload as JSON; `typ` says what it is (RFC 7515, 4.1.9). Raises Unsigned."""
        if not self._keys:
            raise Unsigned()
        kid, key = next(iter(self._keys.items()))
        header = {"alg": ALGORITHM, "kid": kid, "typ": typ}
        return str(jws.serialize_compact(header, orjson.dumps(payload), key, algorithms=[ALGORITHM]))


def verify(token: str, jwks: Mapping[str, Any], *, typ: str) -> dict[str, Any]:
    """The payload of a token that a key of the set signed, of this type.

    Raises BadSignature for everything else; the algorithm is never taken from the token.
    """
    try:
        keys = KeySet([OKPKey.import_key(dict(one)) for one in jwks["keys"] if one.get("crv") == ALGORITHM])
        found = jws.deserialize_compact(token.encode(), keys, algorithms=[ALGORITHM])
        payload = json.loads(found.payload or b"")
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise BadSignature("No key of the set signed that.") from None
    if found.headers().get("typ") != typ or not isinstance(payload, dict):
        raise BadSignature(f"That is no {typ}.")
    return payload


def new_key() -> str:
    """A new key, as it is written in the file: a private JWK."""
    return json.dumps(OKPKey.generate_key(ALGORITHM).as_dict(private=True))


@functools.lru_cache(maxsize=8)
def _keys(written: tuple[str, ...]) -> tuple[OKPKey, ...]:
    return tuple(_key(line) for line in written)


def _key(line: str) -> OKPKey:
    try:
        key = OKPKey.import_key(json.loads(line))
        if key.as_dict(private=False)["crv"] != ALGORITHM:
            raise ValueError
    except (JoseError, ValueError, TypeError, KeyError):
        raise ValueError(
            "REGISTRY_SIGNING_KEY: a key is an Ed25519 JWK; `registry keys new signing` makes one"
        ) from None
    return key
