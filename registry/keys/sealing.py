"""Sealing: secrets that we must be able to use again (a connector's credential, a webhook's key) are kept encrypted.

AES-256-GCM (NIST SP 800-38D). What is sealed is bound to what it was given for: opened for anything else it is refused.
Several keys may be there while one takes the place of another: the newest seals, all of them open.
"""

from __future__ import annotations

import base64
import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from registry.keys.material import lines
from registry.settings import Settings

#: The form of what is sealed: version, key, nonce and ciphertext.
VERSION = "s1"
_NONCE = 12


class KeyMissing(Exception):
    """Something was sealed under a key that is not here, or there is none at all. `key` is its id ("" for none)."""

    def __init__(self, key: str = "") -> None:
        super().__init__(
            f"The sealing key {key} is not in REGISTRY_SECRET_KEY_FILE: put it back below the present one."
            if key
            else "There is no sealing key: set REGISTRY_SECRET_KEY_FILE (`registry keys new sealing` makes one)."
        )
        self.key = key


class Tampered(Exception):
    """What was to be opened is not what was sealed, or was sealed for something else."""


class Sealer:
    """Seals and opens with the keys of a deployment."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        self._keys = {_id(key): AESGCM(key) for key in keys}

    @classmethod
    def of(cls, settings: Settings) -> Sealer:
        """With the keys of REGISTRY_SECRET_KEY_FILE or REGISTRY_SECRET_KEY.

        Raises ValueError for one that is not 32 bytes in base64url.
        """
        written = lines("secret_key", settings.secret_key_file, settings.secret_key)
        return cls(tuple(_key(line) for line in written))

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the keys, the present one first; an id tells nothing of its key."""
        return tuple(self._keys)

    def seal(self, secret: bytes, *, bound: str) -> str:
        """Text that holds a secret, for `bound` alone (``connector/7@desk.example``). Raises KeyMissing."""
        if not self._keys:
            raise KeyMissing()
        key, cipher = next(iter(self._keys.items()))
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + cipher.encrypt(nonce, secret, _about(key, bound))
        return f"{VERSION}.{key}.{base64.urlsafe_b64encode(sealed).decode()}"

    def unseal(self, sealed: str, *, bound: str) -> bytes:
        """What was sealed for `bound`.

        Raises KeyMissing naming the key that it needs, Tampered for text that is not as it was sealed, or not for this.
        """
        key = key_of(sealed)
        if key not in self._keys:
            raise KeyMissing(key)
        try:
            raw = base64.b64decode(sealed.split(".", 2)[2].encode(), altchars=b"-_", validate=True)
            return self._keys[key].decrypt(raw[:_NONCE], raw[_NONCE:], _about(key, bound))
        except (InvalidTag, ValueError):
            raise Tampered("What was sealed was changed, or was sealed for something else.") from None

    def reseal(self, sealed: str, *, bound: str) -> str:
        """The same under the present key; the very text if it is under that already. Raises as `unseal`."""
        if key_of(sealed) in self.ids[:1]:
            return sealed
        return self.seal(self.unseal(sealed, bound=bound), bound=bound)


def key_of(sealed: str) -> str:
    """The id of the key that something was sealed with. Raises Tampered for other text."""
    version, _, rest = sealed.partition(".")
    key, dot, _ = rest.partition(".")
    if version != VERSION or not dot or not key:
        raise Tampered("That is no sealed text.")
    return key


def new_key() -> str:
    """A new key, as it is written in the file."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")


def _key(line: str) -> bytes:
    try:
        key = base64.b64decode((line + "=" * (-len(line) % 4)).encode(), altchars=b"-_", validate=True)
    except ValueError:
        key = b""
    if len(key) != 32 or len(set(key)) < 8:
        raise ValueError(
            "REGISTRY_SECRET_KEY: a key is 32 random bytes in base64url; `registry keys new sealing` makes one"
        )
    return key


def _id(key: bytes) -> str:
    return hashlib.sha256(b"registry: id of a sealing key" + key).hexdigest()[:16]


def _about(key: str, bound: str) -> bytes:
    return f"{VERSION} {key} {bound}".encode()
