"""Connectors as stored: what is refused, what drops secrets, what is never given out, what the journal witnesses."""

from __future__ import annotations

import base64
import dataclasses
import socket
import threading
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from marshmallow import fields

from registry import db, errors, journal
from registry.connectors import book
from registry.connectors.book import Bound
from registry.connectors.configured import connected, connecting
from registry.connectors.configured.connected import Connector, ConnectorSecret
from registry.db import writes
from registry.keys import held
from registry.keys.sealing import Sealer, new_key
from registry.outbound import Allow
from registry.settings import Settings
from registry.strict.schema import Boolean
from tests import engines
from tests.connectors import desk as source
from tests.connectors.conftest import BY

SECRET = "canary-7c20aa51"
HERE = {"host": "127.0.0.1", "port": 8443}


@pytest.fixture
def sealer() -> Sealer:
    return Sealer.of(Settings(secret_key=new_key()))


@pytest.fixture(autouse=True)
def desks(monkeypatch: pytest.MonkeyPatch, systems: str, loopback: None) -> None:
    """The book has the source of tests, and the same for something else that it sees."""
    known = Bound("desk", source.SOURCE, source.reach, source.observe)
    only = dataclasses.replace(source.SOURCE, secrets={}, sees=("roles",))
    roles = Bound("roles", only, source.reach, source.observe)
    monkeypatch.setattr(book, "book", lambda: MappingProxyType({"desk": known, "roles": roles}))


def add(sealer: Sealer, **more: Any) -> int:
    given: dict[str, Any] = {"every_hours": 24, "secrets": {"token": SECRET}, **more}
    system, kind = given.pop("system", "acme/desk"), given.pop("kind", "desk")
    settings = given.pop("settings", HERE)
    return connecting.add_connector(system, kind, settings, by=BY, sealer=sealer, **given)


def told(number: int) -> dict[str, Any]:
    return connected.CONNECTORS.one(number).told


def test_one_is_added_with_its_secret_and_is_due(sealer: Sealer) -> None:
    number = add(sealer)
    assert number == 1 and [row.id for row in connected.due()] == [1]
    said = told(1)
    assert said["hosts"] == ["127.0.0.1:8443"] and said["sees"] == ["accounts", "region", "apps"]
    assert said["secrets"][0]["name"] == "token" and said["secrets"][0]["given_at"] is not None
    assert connected.unsealed(connected.CONNECTORS.one(1), sealer) == {"token": SECRET}
    assert (
        connected.of_systems([("acme", "desk")])[0].id == 1
        and connected.of_systems([("other", "desk")]) == []
    )
    with pytest.raises(errors.NotFound):
        connected.CONNECTORS.one(1, lambda row: row.controller == "other")
    assert journal.entries(of="connector/acme/1")[0].action == "connector.added"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"system": "acme/none"}, "not_found"),
    ({"system": "nobody/desk"}, "not_found"),
    ({"kind": "nothing"}, "unknown_source"),
    ({"settings": {"host": "169.254.169.254", "port": 443}}, "address_refused"),
    ({"settings": {"host": "127.1", "port": 443}}, "address_refused"),
    ({"settings": {"host": "[::ffff:10.0.0.1]", "port": 443}}, "address_refused"),
    ({"settings": {"host": "metadata.google.internal", "port": 443}}, "address_refused"),
    ({"settings": {"host": "a b", "port": 443}}, "url_refused"),
    ({"settings": {"host": "127.0.0.1"}}, "invalid"),
    ({"settings": {**HERE, "verify": False}}, "invalid"),
    ({"settings": {**HERE, "token": SECRET}}, "invalid"),
    ({"settings": {"host": "127.0.0.1", "port": 1.9}}, "invalid"),
    ({"secrets": {"password": SECRET}}, "unknown_secret"),
]


def test_what_cannot_be_is_refused_and_leaves_nothing(sealer: Sealer) -> None:
    before = journal.checkpoint()["size"]
    for given, code in REFUSED:
        with pytest.raises(errors.Problem) as caught:
            add(sealer, **given)
        assert (caught.value.code, given) == (code, given)
        assert SECRET not in str(caught.value.body())
    assert (Connector.select().count(), ConnectorSecret.select().count()) == (0, 0)
    assert journal.checkpoint()["size"] == before


def test_without_a_sealing_key_no_secret_is_taken() -> None:
    with pytest.raises(errors.Invalid) as caught:
        add(Sealer(()))
    assert caught.value.code == "no_secret_key" and Connector.select().count() == 0
    add(Sealer(()), secrets={})


def test_a_host_that_is_away_just_now_can_be_told(sealer: Sealer) -> None:
    add(sealer, settings={"host": "desk.invalid", "port": 443})


def test_nobody_waits_for_the_resolver_of_another(sealer: Sealer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is slow to resolve is looked at outside the transaction, and not for long."""
    inside: list[bool] = []

    def slow(host: str, *_: Any, **__: Any) -> list[Any]:
        inside.append(db.database.obj.in_transaction())
        return []

    monkeypatch.setattr(connecting, "CHECK_SECONDS", 0.0)
    monkeypatch.setattr(socket, "getaddrinfo", slow)
    monkeypatch.setattr(threading, "Thread", _AtOnce)
    add(sealer, settings={"host": "desk.example", "port": 443})
    connecting.change_connector(
        1, settings={"host": "desk2.example", "port": 443}, every_hours=1, state="enabled", by=BY, expect=1
    )
    assert inside == [False, False]


class _AtOnce:
    def __init__(self, *, target: Any, **_: Any) -> None:
        self.start = target


def test_two_do_not_look_at_the_same(sealer: Sealer) -> None:
    add(sealer)
    with pytest.raises(errors.Conflict) as caught:
        add(sealer)
    assert caught.value.code == "already_looked_at"
    assert add(sealer, kind="roles", secrets={}) == 2
    assert add(sealer, system="other/desk") == 3
    connecting.remove_connector(1, by=BY, expect=1)
    assert add(sealer) == 4


class WithApps(source.DeskSettings):
    """Settings of which one has more looked at."""

    apps = Boolean()


def test_what_is_seen_only_with_a_setting_comes_and_goes_with_it(
    sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = dataclasses.replace(source.SOURCE, settings=WithApps, only_with={"apps": "apps"})
    other = dataclasses.replace(source.SOURCE, secrets={}, sees=("apps",))
    kinds = {
        name: Bound(name, one, source.reach, source.observe)
        for name, one in (("desk", asked), ("other", other))
    }
    monkeypatch.setattr(book, "book", lambda: MappingProxyType(kinds))
    add(sealer)
    assert told(1)["sees"] == ["accounts", "region"]
    assert add(sealer, kind="other", secrets={}) == 2

    def change(**settings: bool) -> None:
        connecting.change_connector(
            1, settings={**HERE, **settings}, every_hours=1, state="enabled", by=BY, expect=told(1)["version"]
        )

    with pytest.raises(errors.Conflict) as caught:
        change(apps=True)
    assert caught.value.code == "already_looked_at" and told(1)["version"] == 1
    connecting.remove_connector(2, by=BY, expect=1)
    change(apps=True)
    assert told(1)["sees"] == ["accounts", "region", "apps"]
    change()
    assert told(1)["sees"] == ["accounts", "region"]


@pytest.mark.parametrize("wrong", [{"roles": "host"}, {"apps": "nothing"}])
def test_only_with_is_of_what_there_is(wrong: dict[str, str]) -> None:
    made = SimpleNamespace(
        SOURCE=dataclasses.replace(source.SOURCE, only_with=wrong), reach=source.reach, observe=source.observe
    )
    with pytest.raises(ValueError, match="only_with"):
        book.bound("desk", made)  # type: ignore[arg-type]  # a file stands in for a module


def test_what_is_seen_in_part_is_among_what_is_seen() -> None:
    made = SimpleNamespace(
        SOURCE=dataclasses.replace(source.SOURCE, in_part=("roles",)),
        reach=source.reach,
        observe=source.observe,
    )
    with pytest.raises(ValueError, match="roles"):
        book.bound("desk", made)  # type: ignore[arg-type]  # a file stands in for a module


def test_other_hosts_drop_the_secrets_and_other_settings_do_not(sealer: Sealer) -> None:
    add(sealer)
    connecting.change_connector(1, settings=HERE, every_hours=None, state="paused", by=BY, expect=1)
    assert told(1)["secrets"][0]["given_at"] and connected.due() == []
    assert connected.unsealed(connected.CONNECTORS.one(1), sealer) == {"token": SECRET}
    connecting.change_connector(
        1, settings={**HERE, "port": 9443}, every_hours=1, state="enabled", by=BY, expect=2
    )
    said = told(1)
    assert (said["version"], said["hosts"]) == (3, ["127.0.0.1:9443"])
    assert said["secrets"][0]["given_at"] is None and said["secrets"][0]["dropped_at"] is not None
    assert connected.unsealed(connected.CONNECTORS.one(1), sealer) == {} and len(connected.due()) == 1


def test_another_tenant_of_the_same_host_drops_the_secrets(
    sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may change a connector gets its secret no more by having it sent to a tenant of theirs."""

    class Shared(source.DeskSettings):
        path = fields.String(load_default="/a")
        domain = fields.String()

    shared = dataclasses.replace(source.SOURCE, settings=Shared, addressed=("path",))
    known = Bound("desk", shared, source.reach, source.observe)
    monkeypatch.setattr(book, "book", lambda: MappingProxyType({"desk": known}))
    add(sealer)
    for version, (more, kept) in enumerate(
        (({"domain": "acme.example"}, True), ({"path": "/a"}, True), ({"path": "/b"}, False)), 1
    ):
        connecting.change_connector(
            1, settings={**HERE, **more}, every_hours=1, state="enabled", by=BY, expect=version
        )
        assert bool(connected.unsealed(connected.CONNECTORS.one(1), sealer)) is kept
        assert bool(told(1)["secrets"][0]["dropped_at"]) is not kept


def test_a_secret_sealed_for_one_host_or_connector_opens_for_no_other(sealer: Sealer) -> None:
    add(sealer)
    add(sealer, system="other/desk")

    @writes(journalled=False, why="a test meddles")
    def meddle() -> None:
        first = ConnectorSecret.get(ConnectorSecret.connector == 1).sealed
        ConnectorSecret.update(sealed=first).where(ConnectorSecret.connector == 2).execute()

    meddle()
    with pytest.raises(errors.Unavailable) as caught:
        connected.unsealed(connected.CONNECTORS.one(2), sealer)
    assert caught.value.code == "secret_tampered" and SECRET not in str(caught.value.body())


def test_secrets_are_given_and_taken_away_one_by_one(sealer: Sealer) -> None:
    add(sealer, secrets={})
    connecting.give_secrets(1, {"token": SECRET}, by=BY, expect=1, sealer=sealer)
    assert told(1)["secrets"][0]["given_at"]
    connecting.give_secrets(1, {}, by=BY, expect=2, sealer=sealer)
    assert told(1)["secrets"][0]["given_at"]
    connecting.give_secrets(1, {"token": None}, by=BY, expect=3, sealer=sealer)
    assert told(1)["secrets"][0]["given_at"] is None and ConnectorSecret.select().count() == 0
    for bad in ({"other": "x"}, {"other": None}):
        with pytest.raises(errors.Invalid, match="secrets of this source"):
            connecting.give_secrets(1, bad, by=BY, expect=4, sealer=sealer)


def test_stale_and_removed_are_told_apart(sealer: Sealer) -> None:
    add(sealer)
    with pytest.raises(errors.PreconditionFailed):
        connecting.remove_connector(1, by=BY, expect=2)
    connecting.remove_connector(1, by=BY, expect=1)
    assert ConnectorSecret.select().count() == 0 and connected.due() == [] and connected.of_systems() == []
    for again in (
        lambda: connecting.remove_connector(1, by=BY, expect=2),
        lambda: connecting.give_secrets(1, {"token": "x"}, by=BY, expect=2, sealer=sealer),
        lambda: connecting.change_connector(
            1, settings=HERE, every_hours=1, state="enabled", by=BY, expect=2
        ),
    ):
        with pytest.raises(errors.Gone):
            again()


def test_h16_a_key_is_rotated_and_the_old_secrets_stay_readable() -> None:
    old, new = new_key(), new_key()
    before, both, after = (
        Sealer.of(Settings(secret_key="\n".join(keys))) for keys in ([old], [new, old], [new])
    )
    add(before)
    row = connected.CONNECTORS.one(1)
    assert held.missing(before) == held.missing(both) == []
    assert held.missing(after) == list(before.ids)
    with pytest.raises(errors.Unavailable) as caught:
        connected.unsealed(row, after)
    assert caught.value.code == "secret_key_missing" and before.ids[0] in str(caught.value)
    assert [held.reseal(both)["connectors"] for _ in range(2)] == [1, 0]
    assert connected.unsealed(row, both) == connected.unsealed(row, after) == {"token": SECRET}
    assert held.missing(after) == []


def test_the_secret_is_nowhere_in_the_database(sealer: Sealer) -> None:
    add(sealer)
    connecting.change_connector(1, settings=HERE, every_hours=1, state="enabled", by=BY, expect=1)
    forms = [SECRET, base64.b64encode(SECRET.encode()).decode(), SECRET.encode().hex()]
    for model in engines.tables():
        for row in model.select().dicts():
            text = repr(
                {
                    name: bytes(value) if isinstance(value, memoryview) else value
                    for name, value in row.items()
                }
            )
            assert not any(form in text for form in forms), model


MEDDLING = [
    "UPDATE connectors_connector SET controller = 'other' WHERE version = 1",
    "UPDATE connectors_connector SET state = 'paused' WHERE version = 2",
    "UPDATE connectors_connector SET kind = 'roles'",
    "UPDATE connectors_connector SET system = 'spare'",
    "DELETE FROM connectors_connector WHERE version = 1",
    "UPDATE connectors_connector SET version = 7 WHERE version = 2",
    "UPDATE connectors_connector SET superseded_at = recorded_at WHERE version = 2",
    "UPDATE connectors_connector SET recorded_at = superseded_at WHERE version = 1",
]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("sql", MEDDLING)
def test_meddling_is_seen(sealer: Sealer, sql: str) -> None:
    add(sealer)
    connecting.change_connector(1, settings=HERE, every_hours=1, state="enabled", by=BY, expect=1)
    assert journal.verify().ok and journal.verify().unwitnessed == ()

    @writes(journalled=False, why="a test meddles")
    def meddle() -> None:
        db.execute(sql)

    meddle()
    assert not journal.verify().ok


def test_a_source_that_may_reach_anything_is_a_defect(
    sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Bound("desk", source.SOURCE, lambda _: Allow(hosts=()), source.observe)
    monkeypatch.setattr(book, "book", lambda: {"desk": known})
    with pytest.raises(ValueError, match="anything"):
        add(sealer)
