"""The authorization server (RFC 6749, RFC 7009): Authlib's, made strict, on our tables."""

from __future__ import annotations

import base64
import logging
from typing import Any, cast
from urllib.parse import unquote_plus

import flask
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.flask_oauth2.requests import FlaskOAuth2Payload, FlaskOAuth2Request
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    ClientCredentialsGrant,
    InvalidClientError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Request,
    UnsupportedGrantTypeError,
)
from authlib.oauth2.rfc7009 import RevocationEndpoint
from werkzeug.datastructures import MultiDict

from registry import errors
from registry.auth import scopes as book
from registry.auth import tokens
from registry.auth.clients import Client, find
from registry.auth.guard import REALM
from registry.settings import Settings

SERVER = "registry.oauth"
FORM = "application/x-www-form-urlencoded"
#: The longest form taken, bytes.
MAX_FORM = 16 * 1024
METHODS = ["client_secret_basic", "client_secret_post"]
#: RFC 8707 lets a client name several resources; no other parameter may come twice (RFC 6749, 3.2).
MANY = frozenset({"resource"})

# Below INFO the library logs every token that it issues.
logging.getLogger("authlib").setLevel(logging.INFO)


class InvalidTarget(OAuth2Error):
    """A resource that is not ours (RFC 8707, 2)."""

    error = "invalid_target"
    description = "Tokens are issued for this service alone: leave resource out, or send its base URL."


class BadClient(InvalidClientError):
    """One refusal for an unknown client, a disabled one and a wrong secret, so that none of them can be told apart."""

    status_code = 401
    description = "The client is unknown or disabled, or its secret is wrong."

    def get_headers(self) -> list[tuple[str, str]]:
        return [
            *OAuth2Error.get_headers(self),
            ("WWW-Authenticate", f'Basic realm="{REALM}", charset="UTF-8"'),
        ]


class OtherGrant(UnsupportedGrantTypeError):
    """A grant that is not offered; what was asked for is not repeated."""

    def get_error_description(self) -> str:
        return "The only grant here is client_credentials."


class _Payload(FlaskOAuth2Payload):
    """The form and nothing else; a parameter without a value counts as left out (RFC 6749, 3.2)."""

    @property
    def data(self) -> MultiDict[str, str]:
        return MultiDict((name, value) for name, value in self._request.form.items(multi=True) if value)


class _Request(FlaskOAuth2Request):
    """A request whose address is the one that callers were told; TLS may end at a proxy, whose headers are not read."""

    def __init__(self, sent: flask.Request, base_url: str) -> None:
        OAuth2Request.__init__(self, method=sent.method, uri=base_url + sent.path, headers=sent.headers)
        self._request = sent
        self.payload = _Payload(sent)


class _ClientCredentials(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def validate_requested_scope(self) -> None:
        """Only scopes of the book are asked for; a client that may not have all of them is told what it got."""
        asked = book.split(self.request.payload.scope or "")
        if set(asked) - book.SCOPES.keys() or self.client.get_allowed_scope(" ".join(asked)) is None:
            raise InvalidScopeError("The scope is unknown, or is none that this client may have.")
        for resource in self.request.payload.datalist["resource"]:
            if resource.removesuffix("/") != self.server.settings.base_url:
                raise InvalidTarget()


class _Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def check_params(self, request: OAuth2Request, client: Client) -> None:
        # The hint is no more than that: digests of every kind are looked up alike (RFC 7009, 2.1).
        if not request.form.get("token"):
            raise InvalidRequestError("Send the token to revoke as token.")

    def query_token(self, token_string: str, token_type_hint: str | None) -> tokens.Token | None:
        return tokens.stored(token_string)

    def revoke_token(self, token: tokens.Token, request: OAuth2Request) -> None:
        tokens.revoke(request.form["token"], by=request.client.actor)


class Server(AuthorizationServer):
    """Authlib's server on our tables: one grant, two ways for a client to prove itself, opaque tokens."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.register_client_auth_method("client_secret_basic", _by_header)
        self.register_client_auth_method("client_secret_post", _by_form)
        self.register_token_generator("default", self._bearer)
        self.register_grant(_ClientCredentials)
        self.register_endpoint(_Revocation)

    def query_client(self, client_id: str) -> Client | None:
        client = find(client_id)
        return client if client and client.disabled_at is None else None

    def authenticate_client(
        self, request: OAuth2Request, methods: list[str], endpoint: str = "token"
    ) -> Client:
        try:
            client = cast(Client, super().authenticate_client(request, methods, endpoint))
        except InvalidClientError:
            raise BadClient() from None
        if request.form.get("client_id", client.client_id) != client.client_id:
            raise BadClient()
        return client

    def get_token_grant(self, request: OAuth2Request) -> Any:
        if not request.payload.grant_type:
            raise InvalidRequestError("Send grant_type=client_credentials.")
        try:
            return super().get_token_grant(request)
        except UnsupportedGrantTypeError:
            raise OtherGrant(None) from None

    def create_oauth2_request(self, request: Any) -> _Request:
        return request if isinstance(request, _Request) else _Request(flask.request, self.settings.base_url)

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


def _by_header(query_client: Any, request: _Request) -> Client | None:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = (
            base64.b64decode(encoded.strip().encode("ascii"), validate=True).decode().partition(":")
        )
    except ValueError:
        return None
    return _proven(query_client, unquote_plus(name), unquote_plus(secret))


def _by_form(query_client: Any, request: _Request) -> Client | None:
    return _proven(query_client, request.form.get("client_id", ""), request.form.get("client_secret", ""))


def _proven(query_client: Any, client_id: str, secret: str) -> Client | None:
    client: Client | None = query_client(client_id)
    return client if client and client.check_client_secret(secret) else None


def _plain(request: _Request) -> None:
    """Raise InvalidRequestError for what no request to /oauth may be."""
    sent = flask.request
    if sent.query_string:
        raise InvalidRequestError("Parameters go into the body: an address is kept in logs.")
    if sent.mimetype != FORM:
        raise InvalidRequestError(f"Send {FORM}.", status_code=415)
    if any(len(values) > 1 for name, values in sent.form.lists() if name not in MANY):
        raise InvalidRequestError("A parameter stands there twice.")
    header = request.headers.get("Authorization")
    if header and sent.form.get("client_secret"):
        raise InvalidRequestError("Prove the client in one way, not in two.")


def answer(endpoint: str) -> flask.Response:
    """The answer to the present request at the "token" or the "revocation" endpoint, errors of OAuth included."""
    server: Server = flask.current_app.extensions[SERVER]
    flask.request.max_content_length = MAX_FORM
    try:
        request = server.create_oauth2_request(None)
        _plain(request)
        if endpoint == "token":
            return cast(flask.Response, server.create_token_response(request))
        return cast(flask.Response, server.create_endpoint_response(endpoint, request))
    except OAuth2Error as error:
        return cast(flask.Response, server.handle_error_response(None, error))
