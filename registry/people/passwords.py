"""Passwords: hashed with argon2id, long rather than intricate, and none that is guessed in a moment.

Length and a look for what is guessed first, never a rule of which characters (OWASP ASVS 5.0, 6.2; NIST SP 800-63B-4).
What is guessed first is what zxcvbn knows (30,000 passwords that leaked most often, words and names, keyboard walks,
dates, repetitions and their disguises), our own words for Finland, and what is known of the person and the service.
"""

from __future__ import annotations

import functools
import logging
import re
import threading
from collections.abc import Iterable, Iterator
from importlib.resources import files

import yaml
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from registry.errors import Busy, Invalid
from registry.strict.body import text_fault

log = logging.getLogger(__name__)

#: Characters: ASVS demands 8, recommends 15; a second factor is offered, so 12.
SHORTEST = 12
LONGEST = 128
#: Fewer guesses than ten to this power, by zxcvbn's reckoning, are too few.
GUESSES = 10.0
#: What zxcvbn looks at; its work grows with the square of the length.
LOOKED_AT = 72
#: So many passwords are worked on at once in a process: each takes 64 MiB.
AT_ONCE = 4

_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_turns = threading.BoundedSemaphore(AT_ONCE)


def hashed(password: str) -> str:
    """The argon2id hash of a password, with its parameters and salt. Raises errors.Busy."""
    with _Turn():
        return _hasher.hash(password)


def right(stored: str | None, password: str) -> bool:
    """Whether a password is the one that was hashed. Takes as long where there is none (None). Raises errors.Busy."""
    with _Turn():
        try:
            _hasher.verify(stored or _nobodys(), password[:LONGEST])
            return stored is not None and len(password) <= LONGEST
        except VerificationError:
            return False
        except InvalidHashError:
            log.error("a stored password is no argon2 hash")
            return False


def outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than those of today."""
    return _hasher.check_needs_rehash(stored)


def fit(password: str, context: Iterable[str] = ()) -> None:
    """Raises errors.Invalid for a password that may not be chosen, with the code that says why.

    password_short, password_long, password_unfit (characters that are no text), password_common (among what is guessed
    first; `context` is what is known of the person and the service).
    """
    if len(password) < SHORTEST:
        raise Invalid(
            f"A password has {SHORTEST} characters at least.", code="password_short", field="password"
        )
    if len(password) > LONGEST:
        raise Invalid(f"A password has {LONGEST} characters at most.", code="password_long", field="password")
    if text_fault(password):
        raise Invalid(
            "The password has characters that are not text.", code="password_unfit", field="password"
        )
    if guessed(password, context):
        raise Invalid(
            "The password is among those that are guessed first.", code="password_common", field="password"
        )


def guessed(password: str, context: Iterable[str] = ()) -> bool:
    """Whether a password is guessed soon by somebody who knows the lists, the land, the person and the service."""
    from zxcvbn import zxcvbn  # its lists take a moment to load

    known = list(_words(context))
    # What stands between and around known words has to be a password of its own.
    bare = functools.reduce(lambda text, word: text.replace(word, ""), known, password.casefold())
    if len(re.sub(r"[\W\d_]", "", bare)) < 4 and len(bare) < SHORTEST:
        return True
    found = zxcvbn(password[:LOOKED_AT], user_inputs=[*known, *_local()])
    return float(found["guesses_log10"]) < GUESSES


def _words(context: Iterable[str]) -> Iterator[str]:
    for text in context:
        for word in (text, *re.split(r"[\W_]+", text)):
            if len(word) > 2:
                yield word.casefold()


@functools.cache
def _local() -> list[str]:
    """What comes to mind first here, and is in no English list."""
    text = (files("registry.people") / "data" / "guessed.yml").read_text("utf-8")
    return [word for words in yaml.safe_load(text).values() for word in words.split()]


@functools.cache
def _nobodys() -> str:
    return _hasher.hash("nobody's")


class _Turn:
    """A turn at the hasher; it needs so much memory that not all threads may have it at once."""

    def __enter__(self) -> None:
        if not _turns.acquire(timeout=5):
            raise Busy("Too many are signing in just now; try again.")

    def __exit__(self, *_: object) -> None:
        _turns.release()
