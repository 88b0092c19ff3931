"""The four grants: a code, a refresh token, a device that somebody has allowed, a client on its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from authlib.oauth2.rfc6749 import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    InvalidRequestError,
    InvalidScopeError,
    RefreshTokenGrant,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc8628 import DeviceCodeGrant

from registry.auth import scopes as book
from registry.auth.clients.stored import Client
from registry.auth.server.proofs import METHODS, PROVEN
from registry.auth.server.sent import CAME, MANY, Request, told
from registry.auth.tokens import codes, devices, rotation
from registry.auth.tokens.issuing import Lives, Pair, Refused
from registry.strict.body import text_fault

#: What our own pages put into the address on the way through them.
OURS = {CAME, "lang"}

Answer = tuple[int, dict[str, Any], list[tuple[str, str]]]


class _Scoped:
    request: Request
    server: Any

    def validate_requested_scope(self) -> None:
        """Only scopes of the book are asked for; a client that may not have all of them is told what it got."""
        asked = book.split(self.request.payload.scope or "")
        client: Client = self.request.client or self.server.query_client(self.request.payload.client_id)
        if set(asked) - book.SCOPES.keys() or client.get_allowed_scope(" ".join(asked)) is None:
            raise InvalidScopeError("The scope is unknown, or is none that this client may have.")
        self.request.audience(self.server.settings.base_url)


class Itself(_Scoped, ClientCredentialsGrant):
    """client_credentials."""

    TOKEN_ENDPOINT_AUTH_METHODS = PROVEN


class _Once(ABC):
    """A grant whose credential is good once: all of it happens in one verb, which keeps that it was used."""

    GRANT_TYPE: str
    TOKEN_RESPONSE_HEADER: list[tuple[str, str]]
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    request: Request
    server: Any
    authenticate_token_endpoint_client: Callable[[], Client]

    def validate_token_request(self) -> None:
        """Who asks, and whether this grant is theirs."""
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client is not registered for this grant.")
        self.request.client = client

    def create_token_response(self) -> Answer:
        """The tokens, or OAuth's error."""
        base = self.server.settings.base_url
        try:
            pair = self.redeem(
                self.request.client, self.request.audience(base), Lives.of(self.server.settings)
            )
        except Refused as refused:
            raise told(refused) from None
        return 200, pair.body(), self.TOKEN_RESPONSE_HEADER

    @abstractmethod
    def redeem(self, client: Client, audience: str | None, lives: Lives) -> Pair:
        """Claim the credential and issue the tokens; raises Refused."""


class ByCode(_Scoped, _Once, AuthorizationCodeGrant):
    """authorization_code."""

    @staticmethod
    def validate_authorization_redirect_uri(request: Request, client: Client) -> str:
        """The redirect URI, which has to be sent and to be one that is registered."""
        sent: str | None = request.payload.redirect_uri
        if sent is None or not client.check_redirect_uri(sent):
            raise InvalidRequestError("The redirect URI is not one of the client's.")
        return sent

    def redeem(self, client: Client, audience: str | None, lives: Lives) -> Pair:
        return codes.redeem(
            self.request.needed("code"),
            client=client,
            redirect_uri=self.request.payload.redirect_uri,
            verifier=self.request.payload.data.get("code_verifier", ""),
            audience=audience,
            lives=lives,
        )


class ByRefresh(_Once, RefreshTokenGrant):
    """refresh_token."""

    def redeem(self, client: Client, audience: str | None, lives: Lives) -> Pair:
        return rotation.refresh(
            self.request.needed("refresh_token"),
            client=client,
            scope=self.request.payload.scope,
            audience=audience,
            lives=lives,
        )


class ByDevice(_Once, DeviceCodeGrant):
    """urn:ietf:params:oauth:grant-type:device_code."""

    def redeem(self, client: Client, audience: str | None, lives: Lives) -> Pair:
        return devices.redeem(
            self.request.needed("device_code"), client=client, audience=audience, lives=lives
        )


class Challenge(CodeChallenge):
    """PKCE of every client, with S256 and nothing else (RFC 7636; RFC 9700, 2.1.1)."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        sent = grant.request.payload
        if any(len(values) > 1 for name, values in sent.datalist.items() if name not in MANY | OURS):
            raise InvalidRequestError("A parameter stands there twice.")
        if text_fault(sent.data.get("state", "")):
            raise InvalidRequestError("The state is no text that can be kept.")
        if not codes.CHALLENGE.fullmatch(sent.data.get("code_challenge", "")):
            raise InvalidRequestError("Send a code_challenge: 43 characters of base64url.")
        if sent.data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("Send code_challenge_method=S256.")
