"""What an OpenID provider says of itself, and its keys: fetched when needed, kept for five minutes, by every process.

A key that nobody knows yet (a provider has begun to sign with another) is asked for at once, but at most every ten
seconds, whatever tokens come, and one that does not answer is left alone as long: nobody can make us ask a provider
without end, or wait for it in many threads.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from registry import outbound
from registry.errors import Unavailable

#: Of what may a signature be; symmetric ones and `none` are not among them.
ALGORITHMS = ("RS256", "PS256", "ES256")
KEPT = 300.0
PATIENT = 10.0
#: A provider has so long to answer, seconds, and so much to say, bytes.
SECONDS, MOST = 5.0, 512 * 1024
#: Keys in a set: more than anybody needs while turning from one to another.
KEYS = 50

_SILENT = "The organisation's provider does not answer as it should."


class Unreachable(Unavailable):
    """The provider does not answer, or not as one should; `code` says no more."""

    code = "provider_unavailable"


@dataclass
class _Known:
    said: dict[str, Any] = field(default_factory=dict)
    keys: Mapping[str, RSAKey | ECKey] = field(default_factory=dict)
    at: float = float("-inf")
    failed_at: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)


_known: dict[str, _Known] = {}
_lock = threading.Lock()


def said(issuer: str) -> dict[str, Any]:
    """The metadata of a provider (OpenID Connect Discovery 1.0). Raises Unreachable."""
    known = _of(issuer)
    if time.monotonic() - known.at >= KEPT:
        _fetch(issuer, known, KEPT)
    return known.said


def key(issuer: str, kid: str | None) -> RSAKey | ECKey | None:
    """The key with this id; the only one there is, where a token names none. None for one that nobody knows.

    Raises Unreachable where the keys are too old and cannot be had.
    """
    known = _of(issuer)
    if time.monotonic() - known.at >= KEPT:
        _fetch(issuer, known, KEPT)
    found = _among(known, kid)
    if found is None and time.monotonic() - known.at >= PATIENT:
        try:
            _fetch(issuer, known, PATIENT)
        except Unreachable:
            return None
        found = _among(known, kid)
    return found


def forget(issuer: str) -> None:
    """Ask anew the next time."""
    with _lock:
        _known.pop(issuer, None)


def asked(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    """Ask a provider; gives the status and the JSON that came. Raises Unreachable."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        allow = outbound.Allow(
            hosts=(parts.hostname or "",), ports=frozenset({port}), seconds=SECONDS, most=MOST
        )
        sent = {"Accept": "application/json", **(headers or {})}
        body = None
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(form).encode()
        answer = outbound.ask(method, url, allow=allow, headers=sent, body=body)
        return answer.status, json.loads(answer.body)
    except (outbound.Refused, ValueError, RecursionError):
        raise Unreachable(_SILENT) from None


def _of(issuer: str) -> _Known:
    with _lock:
        return _known.setdefault(issuer, _Known())


def _among(known: _Known, kid: str | None) -> RSAKey | ECKey | None:
    if kid is None:
        return next(iter(known.keys.values())) if len(known.keys) == 1 else None
    return known.keys.get(kid)


def _fetch(issuer: str, known: _Known, unless: float) -> None:
    """Fetch metadata and keys, unless somebody did so while we waited for our turn. While somebody does, others go by
    what is known."""
    if not known.lock.acquire(timeout=0 if known.said else 2 * SECONDS):
        if known.said:
            return
        raise Unreachable(_SILENT)
    try:
        now = time.monotonic()
        if now - known.at < unless:
            return
        if now - known.failed_at < PATIENT:
            raise Unreachable(_SILENT)
        known.failed_at = now  # until it is known better
        told = _object(*asked("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration"))
        needed = ("jwks_uri", "authorization_endpoint", "token_endpoint")
        if told.get("issuer") != issuer or not all(isinstance(told.get(name), str) for name in needed):
            raise Unreachable(_SILENT)
        listed = _object(*asked("GET", told["jwks_uri"])).get("keys")
        known.keys = _keys(listed if isinstance(listed, list) else [])
        known.said, known.at, known.failed_at = told, time.monotonic(), float("-inf")
    finally:
        known.lock.release()


def _object(status: int, answer: Any) -> dict[str, Any]:
    if status != 200 or not isinstance(answer, dict):
        raise Unreachable(_SILENT)
    return answer


def _keys(listed: list[Any]) -> dict[str, RSAKey | ECKey]:
    """The keys that signatures are verified with, by id; others are left out, one by one."""
    found: dict[str, RSAKey | ECKey] = {}
    for one in listed[:KEYS]:
        try:
            if one.get("use", "sig") != "sig" or one.get("alg", "RS256") not in ALGORITHMS:
                continue
            (made,) = KeySet.import_key_set({"keys": [one]}).keys
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue
        weak = isinstance(made, RSAKey) and made.public_key.key_size < 2048
        if isinstance(made, RSAKey | ECKey) and not weak and made.kid not in found:
            found[str(made.kid)] = made
    return found
