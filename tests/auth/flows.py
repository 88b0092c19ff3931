"""What clients that ask on behalf of people do, without the pages: tests of those are in test_consent."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from registry.auth.clients import stored as clients
from registry.auth.clients.registration import CODE, DEVICE, PUBLIC, REFRESH, Registration
from registry.auth.tokens import codes
from tests.auth.asking import BASE, Known

BACK = "https://audit.example/back"
SCOPES = ("registers:read", "findings:read", "journal:read")
#: A confidential client, and a public one, that ask on behalf of people.
WEB = Registration(grant_types=(CODE, REFRESH), redirect_uris=(BACK,))
NATIVE = Registration(PUBLIC, (CODE, REFRESH), ("http://127.0.0.1/back",))
SCREENLESS = Registration(PUBLIC, (DEVICE, REFRESH))


def registered(how: Registration, *, scopes: tuple[str, ...] = SCOPES, name: str = "Audit") -> Known:
    """A client that is registered so."""
    client, secret = clients.register_client(name=name, scopes=scopes, how=how, by="operator")
    return Known(client.client_id, secret, client.actor)


@dataclass
class Flow:
    """One person allowing one client something, and what it does with the code."""

    http: FlaskClient
    client: Known
    user: str
    redirect_uri: str = BACK
    scope: str = "registers:read findings:read"
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        made: str = create_s256_code_challenge(self.verifier)
        return made

    def code(self) -> str:
        """A code, as the consent page gives it."""
        client = clients.find(self.client.id)
        assert client is not None
        handle = codes.ask(
            client,
            user_id=self.user,
            redirect_uri=self.redirect_uri,
            state="s",
            scope=self.scope,
            audience=BASE,
            challenge=self.challenge,
        )
        answered = codes.answer(handle, user_id=self.user, allowed=True)
        assert answered is not None
        assert answered.code is not None
        return answered.code

    def form(self, code: str, **other: str | None) -> dict[str, str]:
        """What is sent to the token endpoint for a code; None leaves a parameter out."""
        told = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
            **other,
        }
        return {name: value for name, value in told.items() if value is not None}

    def send(self, form: dict[str, str], by: Known | None = None, **headers: Any) -> TestResponse:
        """Sends a form to the token endpoint, proven where the client has a secret."""
        sender = by or self.client
        if sender.secret:
            return self.http.post("/oauth/token", data=form, auth=sender.basic, headers=headers)
        return self.http.post("/oauth/token", data={**form, "client_id": sender.id}, headers=headers)

    def redeem(self, code: str, **other: str | None) -> TestResponse:
        return self.send(self.form(code, **other))

    def tokens(self) -> dict[str, Any]:
        """Access and refresh token, got as they should be."""
        answer = self.redeem(self.code())
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        return answer.json

    def refresh(self, token: str, **other: str) -> TestResponse:
        return self.send({"grant_type": "refresh_token", "refresh_token": token, **other})


def status(http: FlaskClient, token: str) -> int:
    """What the API says to a token."""
    return http.get("/who", headers={"Authorization": f"Bearer {token}"}).status_code
