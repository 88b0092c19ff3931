"""References to people as keyed hashes: HMAC-SHA-256 with a key of the deployment, so that nobody can try names out.

https://www.rfc-editor.org/rfc/rfc2104
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import hmac
import unicodedata

from registry.keys.material import lines
from registry.settings import Settings

#: Shorter ones can be guessed.
LEAST = 32


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """A key, and the number that it is known by; the number tells nothing of the key."""

    id: str
    secret: bytes = dataclasses.field(repr=False)

    def digest(self, reference: str) -> str:
        """The keyed hash of a reference, in hexadecimal."""
        return hmac.new(self.secret, reference.encode(), hashlib.sha256).hexdigest()

    def held(self, reference: str) -> str:
        """What a hold keeps of a reference: the hash of its letters and digits, however they are written."""
        return self.digest(plain(reference))

    def sought(self, reference: str) -> tuple[str, str]:
        """What a reference may have been kept as; the oldest holds have it as it was given."""
        return self.held(reference), self.digest(reference)


def plain(reference: str) -> str:
    """The letters and digits of a reference, in one case and form (NFKC); all of it where it has none.

    "Customer 4711", "customer-4711" and "CUSTOMER 4711" in wide letters are one: a hold that holds one too many keeps
    data a while longer, one that misses somebody loses it.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", reference).casefold())
    return "".join(filter(str.isalnum, folded)) or reference


def keys(settings: Settings) -> tuple[Key, ...]:
    """The keys of the deployment, the present one first; none where none is set: there is no default.

    REGISTRY_HOLD_KEY_FILE has one key a line, older ones below, so that holds set under them still hold; or the one in
    REGISTRY_HOLD_KEY. Raises ValueError for a file that cannot be read, or a key of fewer than 32 characters.
    """
    return _keys(settings.hold_key_file, settings.hold_key)


@functools.lru_cache(maxsize=8)
def _keys(file: str, text: str) -> tuple[Key, ...]:
    found = lines("hold_key", file, text)
    if any(len(line) < LEAST or len(set(line)) < 8 for line in found):
        raise ValueError(f"A hold key needs {LEAST} characters at least, chosen at random")
    return tuple(_key(line.encode()) for line in found)


def _key(secret: bytes) -> Key:
    return Key(hmac.new(secret, b"registry: id of a hold key", hashlib.sha256).hexdigest()[:16], secret)
