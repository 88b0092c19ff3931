"""/oauth and /.well-known: where tokens are got and ended, and what is to be known before (RFC 8414, RFC 9728)."""

from __future__ import annotations

from typing import Any

import flask
import marshmallow as ma
from flask import Response
from flask.blueprints import BlueprintSetupState
from marshmallow import fields

from registry import limits  # noqa: F401 -- its table
from registry.api.blueprint import Blueprint
from registry.api.door import GUARD, public
from registry.auth import assertions, codes, devices, refreshing  # noqa: F401 -- their tables
from registry.auth import scopes as book
from registry.auth.guard import Guard
from registry.auth.server import FORM, METHODS, SERVER, Server, answer
from registry.settings import Settings

blueprint = Blueprint("oauth", __name__, description="Who may ask")


@blueprint.record
def _installed(state: BlueprintSetupState) -> None:
    """An application that serves these routes has the guard and the server that go with them."""
    settings: Settings = state.app.extensions["registry.settings"]
    state.app.extensions.setdefault(GUARD, Guard(settings.base_url))
    state.app.extensions[SERVER] = Server(settings)


class TokenRequestSchema(ma.Schema):
    """How a client asks for a token; it proves itself by HTTP Basic, or by client_id and client_secret here."""

    grant_type = fields.String(required=True, metadata={"enum": ["client_credentials"]})
    scope = fields.String(
        metadata={"description": "Space-separated; left out: all that the client may have."}
    )
    resource = fields.String(metadata={"description": "The base URL of this service (RFC 8707)."})
    client_id = fields.String()
    client_secret = fields.String()


class RevocationRequestSchema(ma.Schema):
    """How a client ends a token of its own."""

    token = fields.String(required=True)
    token_type_hint = fields.String(metadata={"description": "Makes no difference."})
    client_id = fields.String()
    client_secret = fields.String()


class TokenSchema(ma.Schema):
    """A token (RFC 6749, 5.1)."""

    access_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True, strict=True, metadata={"description": "Seconds."})
    scope = fields.String(
        required=True, metadata={"description": "What was given; less than asked for, maybe."}
    )


class OAuthErrorSchema(ma.Schema):
    """An error of OAuth (RFC 6749, 5.2)."""

    error = fields.String(required=True)
    error_description = fields.String()


class ServerMetadataSchema(ma.Schema):
    """The authorization server (RFC 8414)."""

    issuer = fields.String(required=True)
    token_endpoint = fields.String(required=True)
    token_endpoint_auth_methods_supported = fields.List(fields.String(), required=True)
    grant_types_supported = fields.List(fields.String(), required=True)
    response_types_supported = fields.List(fields.String(), required=True)
    revocation_endpoint = fields.String(required=True)
    revocation_endpoint_auth_methods_supported = fields.List(fields.String(), required=True)
    scopes_supported = fields.List(fields.String(), required=True)


class ResourceMetadataSchema(ma.Schema):
    """The API as a protected resource (RFC 9728)."""

    resource = fields.String(required=True)
    authorization_servers = fields.List(fields.String(), required=True)
    bearer_methods_supported = fields.List(fields.String(), required=True)
    scopes_supported = fields.List(fields.String(), required=True)
    resource_documentation = fields.String(required=True)


def _form(schema: type[ma.Schema], example: dict[str, str]) -> dict[str, Any]:
    return {"required": True, "content": {FORM: {"schema": schema, "example": example}}}


def _refused(meaning: str, error: str) -> dict[str, Any]:
    shown = {"schema": OAuthErrorSchema, "example": {"error": error}}
    return {"description": meaning, "content": {"application/json": shown}}


_REFUSED = {
    "400": _refused("The request is not one that is answered here; `error` says why.", "invalid_scope"),
    "401": _refused("The client is unknown or disabled, or its secret is wrong.", "invalid_client"),
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
@blueprint.fails(413)
def get_token() -> Response:
    """Get an access token.

    The only grant is client_credentials. Send the token as `Authorization: Bearer …`; it lives some minutes, and
    ends at once when it is revoked or its client is disabled. A scope that the client may not have is left out of
    what it gets, and of the answer.
    """
    return answer("token")


@public
@blueprint.route("/oauth/revoke", methods=["POST"])
@blueprint.doc(
    requestBody=_form(RevocationRequestSchema, {"token": "rat_…"}),
    responses={**_REFUSED, 200: {"content": {"application/json": {"example": {}}}}},
)
@blueprint.response(200, ma.Schema.from_dict({}, name="NothingSchema"), description="It is over.")
@blueprint.fails(413)
def revoke_token() -> Response:
    """End an access token.

    A token that is not there, or ended already, is answered alike (RFC 7009); another client's is refused.
    """
    return answer("revocation")


@public
@blueprint.route("/.well-known/oauth-authorization-server")
@blueprint.response(
    200,
    ServerMetadataSchema,
    example={
        "issuer": "https://registry.example",
        "token_endpoint": "https://registry.example/oauth/token",
        "token_endpoint_auth_methods_supported": METHODS,
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "revocation_endpoint": "https://registry.example/oauth/revoke",
        "revocation_endpoint_auth_methods_supported": METHODS,
        "scopes_supported": ["registers:read", "retention:read"],
    },
)
def describe_authorization_server() -> dict[str, Any]:
    """Tell what the authorization server can do."""
    base = _base_url()
    return {
        "issuer": base,
        "token_endpoint": f"{base}/oauth/token",
        "token_endpoint_auth_methods_supported": METHODS,
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],  # a required member, and there is no authorization endpoint
        "revocation_endpoint": f"{base}/oauth/revoke",
        "revocation_endpoint_auth_methods_supported": METHODS,
        "scopes_supported": list(book.SCOPES),
    }


@public
@blueprint.route("/.well-known/oauth-protected-resource")
@blueprint.response(
    200,
    ResourceMetadataSchema,
    example={
        "resource": "https://registry.example",
        "authorization_servers": ["https://registry.example"],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["registers:read", "retention:read"],
        "resource_documentation": "https://registry.example/docs",
    },
)
def describe_resource() -> dict[str, Any]:
    """Tell where tokens for the API come from, and how they are sent."""
    base = _base_url()
    return {
        "resource": base,
        "authorization_servers": [base],
        "bearer_methods_supported": ["header"],
        "scopes_supported": list(book.SCOPES),
        "resource_documentation": f"{base}/docs",
    }


def _base_url() -> str:
    server: Server = flask.current_app.extensions[SERVER]
    return server.settings.base_url
