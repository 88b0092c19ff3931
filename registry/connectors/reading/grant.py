"""A token by client_credentials (RFC 6749, 4.4), asked anew before it ends, and what it says of itself."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any

import orjson

from registry.connectors.seen import NotSeen
from registry.connectors.values import MISSHAPEN, mapped
from registry.connectors.way import Way

MARGIN = 30.0  # seconds before its end that a token is asked anew


class Grant:
    """Signs in at `origin` with tokens from `url`; call `fresh` before each question that may come late in a run."""

    def __init__(self, way: Way, url: str, origin: str, **form: str) -> None:
        self._way, self._url, self._origin, self._form = way, url, origin, form
        self._ends = 0.0
        self._token = ""

    def fresh(self) -> None:
        """See that the token lasts. Raises NotSeen; any refusal of the token endpoint is one of the credential."""
        if time.monotonic() < self._ends:
            return
        asked = {
            "grant_type": "client_credentials",
            "client_id": self._way.secret("client_id"),
            "client_secret": self._way.secret("client_secret"),
            **self._form,
        }
        try:
            given = mapped(self._way.post(self._url, form=asked))
            self._token, seconds = str(given["access_token"]), given.get("expires_in", 300)
        except NotSeen as failed:
            if failed.code == "unexpected_status":  # 400 invalid_client, as 5.2 has it
                raise NotSeen("unauthorised", "credential_refused") from None
            raise
        except MISSHAPEN:
            raise NotSeen("not_understood", "no_token") from None
        lasts = float(seconds) if isinstance(seconds, int) else 300.0
        self._ends = time.monotonic() + max(lasts - MARGIN, 1.0)
        self._way.sign_in(self._origin, {"Authorization": f"Bearer {self._token}"})

    def claims(self) -> Mapping[str, Any]:
        """What the token says of itself, if it is a JWT: it came to us by TLS from who made it, so no key is asked.

        Raises ValueError for one that says nothing.
        """
        return claims_of(self._token)


def claims_of(token: str) -> Mapping[str, Any]:
    """What a token says of itself, unverified: believe it of one that its own server has taken.

    Raises ValueError for one that says nothing.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("an opaque token")
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        return mapped(orjson.loads(base64.urlsafe_b64decode(padded)))
    except (ValueError, TypeError):
        raise ValueError("no claims") from None
