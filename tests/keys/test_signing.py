"""What is signed verifies with the public half alone, also with a library that is not the signer's."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jws
from joserfc.jwk import OctKey

from registry.keys import signing
from registry.keys.signing import BadSignature, Signer, Unsigned, verify
from registry.settings import Settings

OLD, NEW = signing.new_key(), signing.new_key()
TYP = "retention-receipt+jwt"


def signer(*keys: str) -> Signer:
    return Signer.of(Settings(signing_key="\n".join(keys)))


def raw(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_it_verifies_by_the_public_half_alone() -> None:
    token = signer(NEW).sign({"a": 1}, typ=TYP)
    jwks = signer(NEW).jwks()
    assert "d" not in jwks["keys"][0]
    assert verify(token, jwks, typ=TYP) == {"a": 1}
    head, body, mark = token.split(".")
    assert json.loads(raw(head)) == {"alg": "Ed25519", "kid": jwks["keys"][0]["kid"], "typ": TYP}
    # by the curve itself, without any JOSE library
    public = Ed25519PublicKey.from_public_bytes(raw(jwks["keys"][0]["x"]))
    public.verify(raw(mark), f"{head}.{body}".encode())


def test_any_character_changed_is_noticed() -> None:
    token, jwks = signer(NEW).sign({"delete": "no"}, typ=TYP), signer(NEW).jwks()
    for at, was in enumerate(token):
        other = token[:at] + ("B" if was != "B" else "C") + token[at + 1 :]
        if raw_equal(token, other):
            continue  # the last bits of a base64url text may mean nothing
        with pytest.raises(BadSignature):
            verify(other, jwks, typ=TYP)


def raw_equal(one: str, other: str) -> bool:
    try:
        return [raw(part) for part in one.split(".")] == [raw(part) for part in other.split(".")]
    except ValueError:
        return False


def test_other_types_other_keys_and_other_algorithms_are_refused() -> None:
    jwks = signer(NEW).jwks()
    with pytest.raises(BadSignature, match="no at"):
        verify(signer(NEW).sign({}, typ=TYP), jwks, typ="at+jwt")
    with pytest.raises(BadSignature):
        verify(signer(OLD).sign({}, typ=TYP), jwks, typ=TYP)
    forged = jws.serialize_compact(
        {"alg": "HS256", "kid": jwks["keys"][0]["kid"], "typ": TYP},
        b"{}",
        OctKey.import_key(jwks["keys"][0]["x"]),
    )
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": TYP}).encode()).decode() + ".e30."
    for token in (forged, none, "", "a.b.c", "é"):
        with pytest.raises(BadSignature):
            verify(token, jwks, typ=TYP)
    for odd in ({}, {"keys": None}, {"keys": ["x"]}, {"keys": []}):
        with pytest.raises(BadSignature):
            verify(signer(NEW).sign({}, typ=TYP), odd, typ=TYP)


def test_a_key_takes_the_place_of_another_and_what_was_signed_still_verifies() -> None:
    before = signer(OLD).sign({"n": 1}, typ=TYP)
    public = json.dumps({name: part for name, part in json.loads(OLD).items() if name != "d"})
    for keys in ((NEW, OLD), (NEW, public)):
        both = signer(*keys)
        assert verify(before, both.jwks(), typ=TYP) == {"n": 1}
        assert verify(both.sign({"n": 2}, typ=TYP), signer(NEW).jwks(), typ=TYP) == {"n": 2}
    with pytest.raises(ValueError, match="private"):
        signer(public)


@pytest.mark.parametrize(
    "key", ["x", "{}", "[]", '{"kty":"oct","k":"AAAA"}', '{"kty":"OKP","crv":"X25519","x":"AAAA"}']
)
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="REGISTRY_SIGNING_KEY"):
        signer(key)


def test_nothing_is_signed_without_a_key() -> None:
    with pytest.raises(Unsigned, match="keys new signing"):
        signer().sign({}, typ=TYP)
    assert signer().jwks() == {"keys": []}
