"""Signing in with a password: what is looked at, and in which order.

Neither answer nor time tells who has an account. Tries are counted for the mailbox named (registry.people.attempts).
When too many failed there, its owner still gets in: from a browser known before, whose tries are counted apart, or with
the password and the second factor together. Wrong codes after a right password are counted apart again: only who knows
the password can fill that count.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from registry.people import attempts, devices, factor, links, passwords
from registry.people.users import User, by_email, folded
from registry.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try ended. `user` and `method`: signed in. `half`: the secret of a sign-in whose code is to come.

    Neither: refused; `wait` is how many seconds tries of this mailbox wait (0: none).
    """

    user: User | None = None
    method: str = ""
    half: str | None = None
    wait: int = 0


def try_password(email: str, password: str, code: str, *, device: str | None, settings: Settings) -> Outcome:
    """Try a mailbox with a password; `code` is of the second factor, or "". `device` is the cookie of a known browser.

    Raises errors.Busy.
    """
    user = by_email(email)
    counted = _counted(email, device, user)
    wait = attempts.claim(*counted)
    if wait and not code:
        return Outcome(wait=wait)
    right = passwords.right(user.password if user else None, password) and user is not None
    if not right or user is None or user.disabled_at is not None:
        if code:  # takes as long as a wrong code
            attempts.claim("nobody", folded(email))
        log.warning("sign-in refused: %s", user.actor if user else "no such mailbox")
        return Outcome(wait=wait)
    if passwords.outdated(user.password):
        links.rehash(user, passwords.hashed(password))
    if user.totp is None:
        if wait:
            return Outcome(wait=wait)
        attempts.forget(*counted)
        return Outcome(user, "password")
    if not code:
        return Outcome(half=links.half(user.id))
    return _coded(user, code, counted, device=device, settings=settings) or Outcome(wait=wait)


def try_code(secret: str, code: str, *, device: str | None, settings: Settings) -> Outcome | None:
    """Try the code of a sign-in half done; None where there is none such, or it took too long."""
    user = links.holder_of(secret, "half")
    if user is None:
        return None
    counted = _counted(user.email, device, user)
    made = _coded(user, code, counted, device=device, settings=settings)
    if made is None or made.user is None:
        return made or Outcome()
    return made if links.done(secret) else None


def _coded(
    user: User, code: str, counted: tuple[str, str], *, device: str | None, settings: Settings
) -> Outcome | None:
    codes = ("code", f"{user.id} {devices.known(device, user) or ''}")
    if wait := attempts.claim(*codes):
        return Outcome(wait=wait)
    method = factor.right(user, code, settings)
    if method is None:
        log.warning("sign-in refused: wrong code of %s", user.actor)
        return None
    attempts.forget(*codes)
    attempts.forget(*counted)
    return Outcome(user, f"password+{method}")


def _counted(email: str, device: str | None, user: User | None) -> tuple[str, str]:
    known = devices.known(device, user)
    return ("device", known) if known else ("mailbox", folded(email))
