"""What is sent to /oauth, read strictly, and the errors that OAuth has for it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import flask
from authlib.integrations.flask_oauth2.requests import FlaskOAuth2Payload, FlaskOAuth2Request
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    InvalidClientError,
    InvalidRequestError,
    OAuth2Request,
    UnsupportedGrantTypeError,
)
from werkzeug.datastructures import MultiDict

from registry.auth.guard import REALM
from registry.auth.tokens.issuing import Refused

FORM = "application/x-www-form-urlencoded"
#: The longest form taken, bytes.
MAX_FORM = 16 * 1024
#: RFC 8707 lets a client name several resources; no other parameter may come twice (RFC 6749, 3.1 and 3.2).
MANY = frozenset({"resource"})
#: In the address of a request to /oauth/authorize that has been to the sign-in page on its way.
CAME = "came"


class InvalidTarget(OAuth2Error):
    """A resource that is not ours (RFC 8707, 2)."""

    error = "invalid_target"
    description = "Tokens are issued for this service alone: leave resource out, or send its base URL."


class BadClient(InvalidClientError):
    """One refusal for an unknown client, a disabled one and a wrong proof, so that none of them can be told apart."""

    status_code = 401
    description = "The client is unknown or disabled, or has not proven itself."

    def get_headers(self) -> list[tuple[str, str]]:
        return [
            *OAuth2Error.get_headers(self),
            ("WWW-Authenticate", f'Basic realm="{REALM}", charset="UTF-8"'),
        ]


class OtherGrant(UnsupportedGrantTypeError):
    """A grant that is not offered; what was asked for is not repeated."""

    def get_error_description(self) -> str:
        return "The metadata of the authorization server list the grants that there are."


def told(refused: Refused) -> OAuth2Error:
    """The error of OAuth for tokens that are refused."""
    return OAuth2Error(refused.sentence, error=refused.error)


class Payload(FlaskOAuth2Payload):
    """The form, or the query where there is a page to show, and nothing else; a parameter without a value counts as
    left out (RFC 6749, 3.1 and 3.2).
    """

    @property
    def data(self) -> MultiDict[str, str]:
        sent = self._request.form if self._request.method == "POST" else self._request.args
        return MultiDict((name, value) for name, value in sent.items(multi=True) if value)

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, {name: self.data.getlist(name) for name in self.data})


class Request(FlaskOAuth2Request):
    """A request whose address is the one that callers were told; TLS may end at a proxy, whose headers are not read."""

    def __init__(self, sent: flask.Request, base_url: str) -> None:
        OAuth2Request.__init__(self, method=sent.method, uri=base_url + sent.path, headers=sent.headers)
        self._request = sent
        self.payload = Payload(sent)

    def audience(self, base_url: str) -> str | None:
        """The resource asked for, None where none is. Raises InvalidTarget for any that is not ours."""
        named = self.payload.datalist["resource"]
        if any(resource.removesuffix("/") != base_url for resource in named):
            raise InvalidTarget()
        return base_url if named else None

    def needed(self, name: str) -> str:
        """The value of a parameter. Raises InvalidRequestError where there is none."""
        value: str | None = self.payload.data.get(name)
        if value is None:
            raise InvalidRequestError(f"Send {name}.")
        return value


def plain(request: Request) -> None:
    """Raise InvalidRequestError for what no form sent to /oauth by a client may be."""
    sent = flask.request
    if sent.query_string:
        raise InvalidRequestError("Parameters go into the body: an address is kept in logs.")
    if sent.mimetype != FORM:
        raise InvalidRequestError(f"Send {FORM}.", status_code=415)
    if any(len(values) > 1 for name, values in sent.form.lists() if name not in MANY):
        raise InvalidRequestError("A parameter stands there twice.")
    ways: list[Any] = [
        request.headers.get("Authorization"),
        sent.form.get("client_secret"),
        sent.form.get("client_assertion"),
    ]
    if sum(map(bool, ways)) > 1:
        raise InvalidRequestError("Prove the client in one way, not in two.")
