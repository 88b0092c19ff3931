"""The authorization server (RFC 6749 and what RFC 9700 makes of it): Authlib's, made strict, on our tables."""

from __future__ import annotations

import logging
from typing import Any, cast

import flask
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    InvalidClientError,
    InvalidRequestError,
    OAuth2Request,
    UnsupportedGrantTypeError,
)

from registry import errors, limits
from registry.auth import scopes as book
from registry.auth.clients.stored import Client, find
from registry.auth.server import proofs
from registry.auth.server.endpoints import DeviceAuthorization, Introspection, Revocation
from registry.auth.server.grants import ByCode, ByDevice, ByRefresh, Challenge, Itself
from registry.auth.server.sent import MAX_FORM, BadClient, OtherGrant, Request, plain
from registry.auth.tokens import access as tokens
from registry.limits import Limit
from registry.settings import Settings

SERVER = "registry.oauth"
#: Wrong proofs from one address for one client; right ones from elsewhere, and for others, go on.
WRONG = Limit("oauth-proof", burst=30, seconds=60)

# Below INFO the library logs every token that it issues.
logging.getLogger("authlib").setLevel(logging.INFO)


class Server(AuthorizationServer):
    """Authlib's server on our tables: four grants, four ways for a client to say who it is, opaque tokens."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.asked = Limit("oauth", burst=settings.token_rate, seconds=60)
        self.register_client_auth_method("client_secret_basic", proofs.by_header)
        self.register_client_auth_method("client_secret_post", proofs.by_form)
        self.register_client_auth_method("private_key_jwt", proofs.by_signature(settings.base_url))
        self.register_client_auth_method("none", proofs.by_nothing)
        self.register_client_auth_method("bearer", self._by_token)
        self.register_token_generator("default", self._bearer)
        self.register_grant(ByCode, [Challenge(required=True)])
        for grant in (ByRefresh, ByDevice, Itself):
            self.register_grant(grant)
        for endpoint in (Revocation, Introspection, DeviceAuthorization):
            self.register_endpoint(endpoint)

    def query_client(self, client_id: str) -> Client | None:
        client = find(client_id)
        return client if client and client.disabled_at is None else None

    def authenticate_client(
        self, request: OAuth2Request, methods: list[str], endpoint: str = "token"
    ) -> Client:
        """The client that a request is of. Raises BadClient, which counts against WRONG."""
        try:
            client = cast(Client, super().authenticate_client(request, methods, endpoint))
        except InvalidClientError:
            client = None
        if client is None or request.form.get("client_id", client.client_id) != client.client_id:
            limits.take((WRONG, _whose(request)))
            raise BadClient()
        return client

    def get_authorization_grant(self, request: OAuth2Request) -> Any:
        sent = request.payload
        if sent.response_type == "code":
            return super().get_authorization_grant(request)
        client = self.query_client(sent.client_id or "")
        known = client is not None and client.check_redirect_uri(sent.redirect_uri or "")
        raise OAuth2Error(
            "The only response type is code.",
            error="unsupported_response_type",
            redirect_uri=sent.redirect_uri if known else None,
            state=sent.state,
        )

    def get_token_grant(self, request: OAuth2Request) -> Any:
        if not request.payload.grant_type:
            raise InvalidRequestError("Send grant_type.")
        try:
            return super().get_token_grant(request)
        except UnsupportedGrantTypeError:
            raise OtherGrant(None) from None

    def create_oauth2_request(self, request: Any) -> Request:
        return request if isinstance(request, Request) else Request(flask.request, self.settings.base_url)

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        client: Client = request.client
        try:
            tokens.issue(
                client_id=client.client_id,
                scopes=book.split(token["scope"]),
                audience=self.settings.base_url,
                seconds=token["expires_in"],
                by=client.actor,
                token=token["access_token"],
            )
        except errors.NotFound:  # disabled between its proof and now
            raise BadClient() from None

    def _bearer(self, *, client: Client, scope: str | None, **_: Any) -> dict[str, Any]:
        return {
            "access_token": tokens.fresh(),
            "token_type": "Bearer",
            "expires_in": self.settings.access_token_seconds,
            "scope": client.get_allowed_scope(scope),
        }

    def _by_token(self, query_client: Any, request: Request) -> Client | None:
        """A client that shows a good token of its own (RFC 7662, 2.1)."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        holder = tokens.lookup(token.strip(), audience=self.settings.base_url)
        client: Client | None = query_client(holder.client_id) if holder is not None else None
        return client


def answer(endpoint: str) -> flask.Response:
    """The answer to the present request at an endpoint for clients ("token", "revocation", "introspection",
    "device_authorization"), errors of OAuth included.

    Raises errors.TooMany where its address asks too often, or has failed to prove a client too often.
    """
    server: Server = flask.current_app.extensions[SERVER]
    flask.request.max_content_length = MAX_FORM
    try:
        return _answered(server, endpoint)
    except errors.TooMany as many:
        # OAuth has no word for it at these endpoints; a client that reads no problem finds this one.
        told: dict[str, Any] = {"error": "temporarily_unavailable", "error_description": many.detail}
        raise errors.TooMany(many.detail, headers=many.headers, **told) from None


def _whose(request: Request) -> str:
    return f"{limits.address(flask.request.remote_addr or '')}\n{proofs.claimed(request)}"


def _answered(server: Server, endpoint: str) -> flask.Response:
    try:
        request = server.create_oauth2_request(None)
        plain(request)
        # In this order: whoever is refused for wrong proofs uses up nothing of what others at the address may ask.
        limits.check((WRONG, _whose(request)))
        limits.take((server.asked, limits.address(flask.request.remote_addr or "")))
        if endpoint == "token":
            return cast(flask.Response, server.create_token_response(request))
        return cast(flask.Response, server.create_endpoint_response(endpoint, request))
    except OAuth2Error as error:
        return cast(flask.Response, server.handle_error_response(None, error))
