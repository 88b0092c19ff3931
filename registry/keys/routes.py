"""/.well-known/jwks.json: the public halves of the keys that receipts are signed with (RFC 7517)."""

from __future__ import annotations

from typing import Any

from flask import current_app
from marshmallow import fields

from registry.api import Blueprint, Schema, public
from registry.keys.signing import ALGORITHM, Signer
from registry.settings import Settings

blueprint = Blueprint("keys", __name__, description="Keys that receipts are verified with")


class PublicKeySchema(Schema):
    """The public half of a key, as a JWK (RFC 8037)."""

    kty = fields.String(required=True)
    crv = fields.String(required=True)
    x = fields.String(required=True)
    kid = fields.String(required=True, metadata={"description": "Its thumbprint (RFC 7638)."})
    use = fields.String(required=True)
    alg = fields.String(required=True)


class KeySetSchema(Schema):
    """The keys, the one that signs now first; those of before stay."""

    keys = fields.List(fields.Nested(PublicKeySchema), required=True)


EXAMPLE = {
    "keys": [
        {
            "kty": "OKP",
            "crv": ALGORITHM,
            "x": "nzCgdTEQpXpLAh87JCCNUozbCH6vd00VRIbzhM_5UJo",
            "kid": "V90cq48NZcOblQm2aDcIFX02txg5db6tNGDFihXG2Ng",
            "use": "sig",
            "alg": ALGORITHM,
        }
    ]
}


@public
@blueprint.route("/.well-known/jwks.json")
@blueprint.response(200, KeySetSchema, example=EXAMPLE)
def list_keys() -> dict[str, Any]:
    """List the public keys that receipts verify with."""
    settings: Settings = current_app.extensions["registry.settings"]
    return Signer.of(settings).jwks()
