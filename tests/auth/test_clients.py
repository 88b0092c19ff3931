"""Clients: what is kept of one, and what is not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest

from registry import errors, journal
from registry.auth.clients import stored as clients
from registry.auth.clients.stored import EVERY, Client
from registry.auth.tokens import access as tokens
from tests.auth.asking import BASE, Known, journalled

pytestmark = pytest.mark.usefixtures("database")


def test_a_secret_has_256_bits_and_only_its_digest_is_kept() -> None:
    client, secret = clients.register_client(
        name="Chat", scopes=["registers:read"], controllers=["seamk"], by="operator"
    )
    assert re.fullmatch(r"rcs_[A-Za-z0-9_-]{43}", secret)
    kept = Client.get_by_id(client.client_id)
    assert kept.secret_sha256 == hashlib.sha256(secret.encode()).hexdigest()
    assert kept.check_client_secret(secret)
    assert not kept.check_client_secret(secret[:-1])
    assert not kept.check_client_secret(kept.secret_sha256)


def test_registering_is_journalled_without_the_secret() -> None:
    client, secret = clients.register_client(
        name="Chat",
        scopes=["retention:read", "registers:read"],
        controllers=["seamk", "osekk"],
        by="operator",
    )
    (entry,) = journalled("client.registered")
    assert entry.object == f"client/{client.client_id}"
    assert entry.actor == "operator"
    assert entry.payload == {
        "name": "Chat",
        "scopes": ["registers:read", "retention:read"],
        "controllers": ["osekk", "seamk"],
    }
    assert secret not in repr(entry)
    assert client.secret_sha256 not in repr(entry)
    assert journal.verify().ok


GOOD: dict[str, Any] = {"name": "Chat", "scopes": ["registers:read"], "controllers": ["seamk"]}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["registers:own"]}, "scope"),
        ({"controllers": []}, "controllers"),
        ({"controllers": ["SEAMK"]}, "controllers"),
        ({"controllers": ["seamk/chat"]}, "controllers"),
        ({"controllers": ["seamk\n"]}, "controllers"),
        ({"controllers": ["seamk", EVERY]}, "controllers"),
    ],
)
def test_what_cannot_be_a_client_is_refused_and_leaves_nothing(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        clients.register_client(**{**GOOD, **wrong}, by="operator")
    assert caught.value.field == field
    assert Client.select().count() == 0
    assert journalled("client.registered") == []


@pytest.mark.parametrize(
    ("given", "seen"), [(["seamk"], ["seamk"]), (["b", "a", "b"], ["a", "b"]), ([EVERY], ["*"])]
)
def test_controllers_are_kept_once_each(given: list[str], seen: list[str]) -> None:
    client, _ = clients.register_client(
        name="Chat", scopes=["registers:read"], controllers=given, by="operator"
    )
    assert client.controllers == seen


def test_rotation_ends_the_old_secret_and_the_tokens_got_with_it(
    register: Callable[..., Known], issue: Callable[..., str]
) -> None:
    client, other = register(), register()
    token, others = issue(client), issue(other)
    secret = clients.rotate_secret(client.id, by="operator")
    kept = Client.get_by_id(client.id)
    assert kept.check_client_secret(secret)
    assert not kept.check_client_secret(client.secret)
    assert tokens.lookup(token, audience=BASE) is None
    assert tokens.lookup(others, audience=BASE)
    (entry,) = journalled("client.secret-rotated")
    assert (entry.object, entry.payload) == (client.actor, {"tokens_revoked": 1})
    assert tokens.lookup(issue(client), audience=BASE)


def test_disabling_twice_is_journalled_once(register: Callable[..., Known]) -> None:
    client = register()
    clients.disable_client(client.id, by="operator")
    clients.disable_client(client.id, by="operator")
    assert [entry.object for entry in journalled("client.disabled")] == [client.actor]
    with pytest.raises(errors.Conflict):
        clients.rotate_secret(client.id, by="operator")


@pytest.mark.parametrize(
    "unknown", ["0123456789abcdef", "", "nobody", "a\x00b", "'; DROP TABLE auth_client; --", "٠" * 16]
)
def test_nobody_is_not_found(unknown: str) -> None:
    assert clients.find(unknown) is None
    with pytest.raises(errors.NotFound):
        clients.disable_client(unknown, by="operator")
    with pytest.raises(errors.NotFound):
        clients.rotate_secret(unknown, by="operator")
