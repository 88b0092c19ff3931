"""/oauth and /.well-known: where tokens are got and ended, and what is to be known before (RFC 8414, RFC 9728)."""

from __future__ import annotations

from typing import Any

import flask
import marshmallow as ma
from flask import Response
from flask.blueprints import BlueprintSetupState
from marshmallow import fields

from registry.api.blueprint import Blueprint
from registry.api.door import GUARD, public
from registry.auth import scopes as book
from registry.auth.clients.registration import ALGORITHMS, GRANTS
from registry.auth.guard import Guard
from registry.auth.server import assertions
from registry.auth.server.proofs import METHODS, PROVEN
from registry.auth.server.sent import FORM
from registry.auth.server.server import SERVER, Server, answer
from registry.settings import Settings

blueprint = Blueprint("oauth", __name__, description="Who may ask")


@blueprint.record
def _installed(state: BlueprintSetupState) -> None:
    """An application that serves these routes has the guard and the server that go with them."""
    settings: Settings = state.app.extensions["registry.settings"]
    state.app.extensions.setdefault(GUARD, Guard(settings.base_url))
    state.app.extensions[SERVER] = Server(settings)


class ProofSchema(ma.Schema):
    """How a client says who it is: by HTTP Basic, or by one of these; client_id alone where it cannot prove it."""

    client_id = fields.String()
    client_secret = fields.String()
    client_assertion_type = fields.String(metadata={"enum": [assertions.TYPE]})
    client_assertion = fields.String(
        metadata={"description": "A signed JWT (RFC 7523), good for five minutes and once."}
    )


class TokenRequestSchema(ProofSchema):
    """How a client asks for a token."""

    grant_type = fields.String(required=True, metadata={"enum": list(GRANTS)})
    code = fields.String(metadata={"description": "For authorization_code; good once, for a minute."})
    redirect_uri = fields.String(metadata={"description": "The one that the code was asked for with."})
    code_verifier = fields.String(
        metadata={"description": "Whose SHA-256 was the code_challenge (RFC 7636)."}
    )
    refresh_token = fields.String(metadata={"description": "For refresh_token; good once."})
    device_code = fields.String(metadata={"description": "For device_code (RFC 8628); good once."})
    scope = fields.String(
        metadata={
            "description": "For client_credentials and refresh_token. Space-separated; left out: all that may be had."
        }
    )
    resource = fields.String(metadata={"description": "The base URL of this service (RFC 8707)."})


class AboutTokenSchema(ProofSchema):
    """Which token is meant."""

    token = fields.String(required=True)
    token_type_hint = fields.String(metadata={"description": "Makes no difference."})


class DeviceRequestSchema(ProofSchema):
    """How a device asks to be allowed."""

    scope = fields.String(
        metadata={"description": "Space-separated; left out: all that the client may have."}
    )
    resource = fields.String(metadata={"description": "The base URL of this service (RFC 8707)."})


class TokenSchema(ma.Schema):
    """A token (RFC 6749, 5.1)."""

    access_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True, strict=True, metadata={"description": "Seconds."})
    scope = fields.String(
        required=True, metadata={"description": "What was given; less than asked for, maybe."}
    )
    refresh_token = fields.String(
        metadata={
            "description": "Good once; the answer to it brings the next. A second use ends all that came of it."
        }
    )


class IntrospectionSchema(ma.Schema):
    """What a token is (RFC 7662, 2.2); of one that is no good, or another client's, `active` alone."""

    active = fields.Boolean(required=True)
    client_id = fields.String()
    sub = fields.String(metadata={"description": "client/… or, where it asks on somebody's behalf, user/…"})
    scope = fields.String()
    aud = fields.String()
    iss = fields.String()
    exp = fields.Integer(strict=True)
    iat = fields.Integer(strict=True)
    token_type = fields.String()


class DeviceSchema(ma.Schema):
    """The codes of a device (RFC 8628, 3.2)."""

    device_code = fields.String(required=True)
    user_code = fields.String(required=True)
    verification_uri = fields.String(required=True)
    verification_uri_complete = fields.String(required=True)
    expires_in = fields.Integer(required=True, strict=True)
    interval = fields.Integer(required=True, strict=True)


class OAuthErrorSchema(ma.Schema):
    """An error of OAuth (RFC 6749, 5.2)."""

    error = fields.String(required=True)
    error_description = fields.String()


class ServerMetadataSchema(ma.Schema):
    """The authorization server (RFC 8414, RFC 8628, RFC 9207)."""

    issuer = fields.String(required=True)
    authorization_endpoint = fields.String(required=True)
    token_endpoint = fields.String(required=True)
    device_authorization_endpoint = fields.String(required=True)
    revocation_endpoint = fields.String(required=True)
    introspection_endpoint = fields.String(required=True)
    scopes_supported = fields.List(fields.String(), required=True)
    response_types_supported = fields.List(fields.String(), required=True)
    response_modes_supported = fields.List(fields.String(), required=True)
    grant_types_supported = fields.List(fields.String(), required=True)
    code_challenge_methods_supported = fields.List(fields.String(), required=True)
    token_endpoint_auth_methods_supported = fields.List(fields.String(), required=True)
    token_endpoint_auth_signing_alg_values_supported = fields.List(fields.String(), required=True)
    revocation_endpoint_auth_methods_supported = fields.List(fields.String(), required=True)
    revocation_endpoint_auth_signing_alg_values_supported = fields.List(fields.String(), required=True)
    introspection_endpoint_auth_methods_supported = fields.List(fields.String(), required=True)
    introspection_endpoint_auth_signing_alg_values_supported = fields.List(fields.String(), required=True)
    authorization_response_iss_parameter_supported = fields.Boolean(required=True)
    ui_locales_supported = fields.List(fields.String(), required=True)
    service_documentation = fields.String(required=True)


class ResourceMetadataSchema(ma.Schema):
    """The API as a protected resource (RFC 9728)."""

    resource = fields.String(required=True)
    resource_name = fields.String(required=True)
    authorization_servers = fields.List(fields.String(), required=True)
    bearer_methods_supported = fields.List(fields.String(), required=True)
    scopes_supported = fields.List(fields.String(), required=True)
    resource_documentation = fields.String(required=True)


def server_metadata(base: str) -> dict[str, Any]:
    """What the authorization server at a base URL can do."""
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "device_authorization_endpoint": f"{base}/oauth/device-authorization",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "introspection_endpoint": f"{base}/oauth/introspect",
        "scopes_supported": list(book.SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANTS),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": METHODS,
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": PROVEN,
        "introspection_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "authorization_response_iss_parameter_supported": True,
        "ui_locales_supported": ["fi", "sv", "en"],
        "service_documentation": f"{base}/docs",
    }


def resource_metadata(base: str) -> dict[str, Any]:
    """What the API at a base URL is as a resource."""
    return {
        "resource": base,
        "resource_name": "Registry of processing activities",
        "authorization_servers": [base],
        "bearer_methods_supported": ["header"],
        "scopes_supported": list(book.SCOPES),
        "resource_documentation": f"{base}/docs",
    }


def _form(schema: type[ma.Schema], example: dict[str, str]) -> dict[str, Any]:
    return {"required": True, "content": {FORM: {"schema": schema, "example": example}}}


def _refused(meaning: str, error: str) -> dict[str, Any]:
    shown = {"schema": OAuthErrorSchema, "example": {"error": error}}
    return {"description": meaning, "content": {"application/json": shown}}


_REFUSED = {
    "400": _refused("The request is not one that is answered here; `error` says why.", "invalid_scope"),
    "401": _refused("The client is unknown or disabled, or has not proven itself.", "invalid_client"),
    "415": _refused("Only a form is taken.", "invalid_request"),
}


@public
@blueprint.route("/oauth/token", methods=["POST"])
@blueprint.doc(
    requestBody=_form(TokenRequestSchema, {"grant_type": "client_credentials", "scope": "retention:read"}),
    responses=_REFUSED,
)
@blueprint.response(
    200,
    TokenSchema,
    example={
        "access_token": "rat_…",
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": "retention:read",
    },
)
@blueprint.fails(413, 429)
def get_token() -> Response:
    """Get an access token.

    By client_credentials, authorization_code (always with PKCE), refresh_token or device_code. Send the token as
    `Authorization: Bearer …`; it lives some minutes, and ends at once when it is revoked or its client is disabled. A
    scope that the client may not have is left out of what it gets, and of the answer. A code or a refresh token that
    comes a second time ends every token that came of it.
    """
    return answer("token")


@public
@blueprint.route("/oauth/device-authorization", methods=["POST"])
@blueprint.doc(
    requestBody=_form(DeviceRequestSchema, {"client_id": "5d0c1f2e3a4b5c6d", "scope": "registers:read"}),
    responses=_REFUSED,
)
@blueprint.response(
    200,
    DeviceSchema,
    example={
        "device_code": "rdc_…",
        "user_code": "WDJB-MJHT",
        "verification_uri": "https://registry.example/oauth/device",
        "verification_uri_complete": "https://registry.example/oauth/device?user_code=WDJB-MJHT",
        "expires_in": 600,
        "interval": 5,
    },
)
@blueprint.fails(413, 429)
def authorize_device() -> Response:
    """Let a program without a browser be allowed in somebody's browser.

    Show the person `verification_uri` and `user_code`, and ask /oauth/token with `device_code` every `interval`
    seconds.
    """
    return answer("device_authorization")


@public
@blueprint.route("/oauth/revoke", methods=["POST"])
@blueprint.doc(
    requestBody=_form(AboutTokenSchema, {"token": "rat_…"}),
    responses={**_REFUSED, 200: {"content": {"application/json": {"example": {}}}}},
)
@blueprint.response(200, ma.Schema.from_dict({}, name="NothingSchema"), description="It is over.")
@blueprint.fails(413, 429)
def revoke_token() -> Response:
    """End a token.

    An access token ends alone; with a refresh token ends all that came of the same permission. A token that is not
    there, or ended already, is answered alike (RFC 7009); another client's is refused.
    """
    return answer("revocation")


@public
@blueprint.route("/oauth/introspect", methods=["POST"])
@blueprint.doc(requestBody=_form(AboutTokenSchema, {"token": "rat_…"}), responses=_REFUSED)
@blueprint.response(
    200,
    IntrospectionSchema,
    example={
        "active": True,
        "client_id": "5d0c1f2e3a4b5c6d",
        "sub": "client/5d0c1f2e3a4b5c6d",
        "scope": "retention:read",
        "aud": "https://registry.example",
        "iss": "https://registry.example",
        "exp": 1795000600,
        "iat": 1795000000,
        "token_type": "Bearer",
    },
)
@blueprint.fails(413, 429)
def introspect_token() -> Response:
    """Ask what a token is good for.

    A client asks about its own, proving itself as at /oauth/token or by a good token of its own; of another client's it
    is told that it is not active (RFC 7662).
    """
    return answer("introspection")


@public
@blueprint.route("/.well-known/oauth-authorization-server")
@blueprint.response(200, ServerMetadataSchema, example=server_metadata("https://registry.example"))
def describe_authorization_server() -> dict[str, Any]:
    """Tell what the authorization server can do."""
    return server_metadata(_base_url())


@public
@blueprint.route("/.well-known/oauth-protected-resource")
@blueprint.response(200, ResourceMetadataSchema, example=resource_metadata("https://registry.example"))
def describe_resource() -> dict[str, Any]:
    """Tell where tokens for the API come from, and how they are sent."""
    return resource_metadata(_base_url())


def _base_url() -> str:
    server: Server = flask.current_app.extensions[SERVER]
    return server.settings.base_url
