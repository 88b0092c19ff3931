"""How clients prove themselves at /oauth: by header, by form, by signature, or, where they cannot, not at all."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import unquote_plus

from registry.auth.clients.stored import Client
from registry.auth.server import assertions
from registry.auth.server.sent import Request

#: For what a client does with tokens. One that cannot keep a secret says no more than who it is.
METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
#: For asking about a token.
PROVEN = METHODS[:-1]


def claimed(request: Request) -> str:
    """Who a request says it is of, proven or not; "" where it does not say."""
    header, sent = _basic(request), request.form
    if header is not None:
        return header[0]
    named: str | None = sent.get("client_id") or assertions.subject(sent.get("client_assertion", ""))
    return named or ""


def by_header(query_client: Any, request: Request) -> Client | None:
    """client_secret_basic (RFC 6749, 2.3.1)."""
    header = _basic(request)
    return None if header is None else _proven(query_client, *header)


def by_form(query_client: Any, request: Request) -> Client | None:
    """client_secret_post."""
    return _proven(query_client, request.form.get("client_id", ""), request.form.get("client_secret", ""))


def by_nothing(query_client: Any, request: Request) -> Client | None:
    """A public client, which says who it is."""
    if request.headers.get("Authorization") or {"client_secret", "client_assertion"} & set(request.form):
        return None
    client: Client | None = query_client(request.form.get("client_id", ""))
    return client


def by_signature(base_url: str) -> Any:
    """private_key_jwt (RFC 7523) for this server: the issuer is the audience to name, its token endpoint will do."""

    def prove(query_client: Any, request: Request) -> Client | None:
        if request.form.get("client_assertion_type") != assertions.TYPE:
            return None
        sent = request.form.get("client_assertion", "")
        return assertions.proven(sent, query_client, (base_url, f"{base_url}/oauth/token"))

    return prove


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = (
            base64.b64decode(encoded.strip().encode("ascii"), validate=True).decode().partition(":")
        )
    except ValueError:
        return None
    return unquote_plus(name), unquote_plus(secret)


def _proven(query_client: Any, client_id: str, secret: str) -> Client | None:
    client: Client | None = query_client(client_id)
    return client if client and client.check_client_secret(secret) else None
