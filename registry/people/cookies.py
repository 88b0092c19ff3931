"""Cookies: random, for this host alone, out of reach of scripts, and not sent by other sites' forms."""

from __future__ import annotations

import re
import secrets

from flask import Response, current_app, request

from registry.settings import Settings

#: What each is for: the session; the form of somebody not signed in; a sign-in half done; a browser known before.
KINDS = frozenset({"session", "form", "half", "device", "provider"})

_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


def fresh() -> str:
    """A new value: 256 random bits."""
    return secrets.token_urlsafe(32)


def name_of(kind: str) -> str:
    """The name of a cookie here. Over https the prefix keeps other hosts of the domain from setting it."""
    return f"__Host-{kind}" if _secure() else kind


def read(kind: str) -> str | None:
    """The value of a cookie of the present request; None where it is none of ours."""
    value = request.cookies.get(name_of(kind), "")
    return value if _VALUE.fullmatch(value) else None


def put(answer: Response, kind: str, value: str, *, seconds: int | None = None) -> None:
    """Send a cookie along: until the browser is closed, or for so many seconds."""
    assert kind in KINDS
    answer.set_cookie(
        name_of(kind), value, max_age=seconds, path="/", secure=_secure(), httponly=True, samesite="Lax"
    )


def drop(answer: Response, kind: str) -> None:
    """Have a cookie forgotten."""
    answer.delete_cookie(name_of(kind), path="/", secure=_secure(), httponly=True, samesite="Lax")


def _secure() -> bool:
    settings: Settings = current_app.extensions["registry.settings"]
    return settings.base_url.startswith("https:")
