"""Besides getting tokens clients end one (RFC 7009), ask about one (RFC 7662), and let a device wait (RFC 8628)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from authlib.consts import default_json_headers
from authlib.oauth2.rfc6749 import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Request,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint

from registry import clock
from registry.auth import scopes as book
from registry.auth.clients.registration import DEVICE
from registry.auth.clients.stored import Client
from registry.auth.server.proofs import METHODS, PROVEN
from registry.auth.server.sent import Request
from registry.auth.tokens import access as tokens
from registry.auth.tokens import devices, refreshing

Kept = tokens.Token | refreshing.Refresh


def _kept(token: str) -> Kept | None:
    """The row of a token of either kind: a hint of it is no more than that (RFC 7009, 2.1)."""
    return tokens.stored(token) or refreshing.stored(token)


class Revocation(RevocationEndpoint):
    """A client ends a token of its own: an access token alone, with a refresh token all that came of it."""

    CLIENT_AUTH_METHODS = METHODS

    def authenticate_token(self, request: OAuth2Request, client: Client) -> Kept | None:
        if not request.form.get("token"):
            raise InvalidRequestError("Send the token to revoke as token.")
        found = _kept(request.form["token"])
        if found is not None and found.family.client_id != client.client_id:
            raise InvalidGrantError("The token is not this client's.")
        return found

    def revoke_token(self, token: Kept, request: OAuth2Request) -> None:
        if isinstance(token, refreshing.Refresh):
            tokens.revoke_family(token.family_id, by=request.client.actor)
        else:
            tokens.revoke(request.form["token"], by=request.client.actor)


class Introspection(IntrospectionEndpoint):
    """A client asks about a token of its own; of any other it learns as much as of one that is none."""

    CLIENT_AUTH_METHODS = [*PROVEN, "bearer"]

    def authenticate_token(self, request: OAuth2Request, client: Client) -> Kept | None:
        if not request.form.get("token"):
            raise InvalidRequestError("Send the token to ask about as token.")
        found = _kept(request.form["token"])
        return found if found is not None and found.family.client_id == client.client_id else None

    def create_introspection_payload(self, token: Kept | None) -> dict[str, Any]:
        if token is None or not _good(token):
            return {"active": False}
        return self.introspect_token(token)

    def introspect_token(self, token: Kept) -> dict[str, Any]:
        family = token.family
        told = {
            "active": True,
            "client_id": family.client_id,
            "sub": f"client/{family.client_id}" if family.user_id is None else f"user/{family.user_id}",
            "scope": token.scope,
            "aud": token.audience,
            "iss": self.server.settings.base_url,
            "exp": _seconds(token.expires_at),
        }
        if isinstance(token, tokens.Token):
            told |= {"token_type": "Bearer", "iat": _seconds(token.issued_at)}
        return told


def _good(token: Kept) -> bool:
    over = token.used_at if isinstance(token, refreshing.Refresh) else token.revoked_at
    return over is None and token.family.revoked_at is None and token.expires_at > clock.now()


def _seconds(instant: str) -> int:
    return int(datetime.fromisoformat(instant).timestamp())


class DeviceAuthorization(DeviceAuthorizationEndpoint):
    """A device asks to be allowed."""

    CLIENT_AUTH_METHODS = METHODS

    def create_endpoint_response(self, request: Request) -> tuple[int, dict[str, Any], Any]:
        client: Client = self.authenticate_client(request)
        if not client.check_grant_type(DEVICE):
            raise UnauthorizedClientError("The client is not registered for this grant.")
        base = self.server.settings.base_url
        request.audience(base)
        asked = book.split(request.payload.scope or "")
        scope = client.get_allowed_scope(" ".join(asked))
        if scope is None or set(asked) - book.SCOPES.keys():
            raise InvalidScopeError("The scope is unknown, or is none that this client may have.")
        made = devices.ask(client, scope=scope, audience=base)
        where, typed = f"{base}/oauth/device", devices.shown(made.user)
        told = {
            "device_code": made.device,
            "user_code": typed,
            "verification_uri": where,
            "verification_uri_complete": f"{where}?user_code={typed}",
            "expires_in": devices.SECONDS,
            "interval": devices.INTERVAL,
        }
        return 200, told, default_json_headers
