"""Receipts: what was asked and what was answered, signed, so that whoever deleted can show why, also without us.

A compact JWS (registry.keys.signing) of type `retention-receipt+jwt` for each item that may be erased or anonymised. It
verifies with the public keys of /.well-known/jwks.json, which stay there when a newer key signs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from registry.keys.signing import Signer, Unsigned
from registry.retention.decisions.decision import AFTER

TYP = "retention-receipt+jwt"
#: Never in a receipt, which is kept for long: who it is about. The caller keeps the receipt beside what tells it.
_LEFT_OUT = frozenset({"subject"})


def given(
    asked: Sequence[Any], told: Sequence[dict[str, Any]], *, at: str, issuer: str, client: str, signer: Signer
) -> None:
    """Put a `receipt` into each answer that lets something be done. Raises Unsigned where there is no key to sign with.

    `asked` are the items that `told` answers, in the same order; `at` is the moment of both, `client` who asked.
    """
    if not signer.ids:
        raise Unsigned
    for item, answer in zip(asked, told, strict=True):
        if answer["decision"] in AFTER.values():
            answer["receipt"] = signer.sign(
                claims(item, answer, at=at, issuer=issuer, client=client), typ=TYP
            )


def claims(
    item: Mapping[str, Any], answer: Mapping[str, Any], *, at: str, issuer: str, client: str
) -> dict[str, Any]:
    """What a receipt says: `iss`, `iat` (RFC 7519), `client_id`, the item as it was asked, and the answer."""
    return {
        "iss": issuer,
        "iat": int(datetime.fromisoformat(at).timestamp()),
        "client_id": client,
        "at": at,
        "item": {name: value for name, value in item.items() if name not in _LEFT_OUT},
        "answer": {name: value for name, value in answer.items() if name != "receipt"},
    }
