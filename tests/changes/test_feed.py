"""The feed skips nothing, repeats nothing, keeps the order, and tells nobody what is not theirs."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import db, journal
from registry.auth.clients import stored as clients
from registry.catalogue import store
from registry.changes import feed, routes
from registry.changes.kinds import KINDS
from registry.db import writes
from tests.connectors.asking import Caller, make
from tests.retention.conftest import BY, Keeper, record

PATH = "/v1/changes"


@pytest.fixture
def caller(controllers: str) -> Caller:
    return Caller(make(controllers, routes.blueprint), "changes:read", of=("acme",))


def ask(caller: Caller, **query: Any) -> dict[str, Any]:
    answer = caller.get(PATH, **query)
    assert answer.status_code == 200, answer.json
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json is not None
    assert not routes.ChangesSchema().validate(answer.json)
    return dict(answer.json)


def walk(caller: Caller, **query: Any) -> list[dict[str, Any]]:
    """All of the feed, a part at a time."""
    found: list[dict[str, Any]] = []
    told = ask(caller, **query)
    while True:
        found += told["items"]
        if not told["more"]:
            return found
        told = ask(caller, **query, cursor=told["next"])


def test_what_happened_in_order_and_nothing_of_what_it_says(caller: Caller, keeper: Keeper) -> None:
    keeper.put()
    store.declare(
        "register",
        "other",
        "hidden",
        record(),
        by=BY,
        expect=store.NEW,
        effective_from="2020-01-01T00:00:00Z",
    )
    found = walk(caller)
    assert [one["kind"] for one in found] == [
        "controller.declared", "system.declared", "system.declared", "register.declared", "retention.published",
    ]  # fmt: skip
    assert {one["controller"] for one in found} == {"acme"}
    assert [one["seq"] for one in found] == sorted({one["seq"] for one in found})
    assert found[-1]["object"] == "retention/acme/customers"
    assert set(found[-1]) == set(routes.ChangeSchema().fields)


def test_what_begins_later_says_when(caller: Caller, keeper: Keeper) -> None:
    keeper.declare(record(), "2999-01-01T00:00:00.000000Z")
    assert walk(caller)[-1]["takes_effect_at"] == "2999-01-01T00:00:00.000000Z"
    assert walk(caller)[0]["takes_effect_at"] is None  # in the past when it was written


def test_filters(caller: Caller, keeper: Keeper) -> None:
    keeper.put()
    assert [one["kind"] for one in walk(caller, kind="retention.published")] == ["retention.published"]
    assert walk(caller, controller="other") == []
    assert walk(caller, controller="acme") == walk(caller)
    position = feed.size()
    keeper.withdraw()
    assert [one["kind"] for one in walk(caller, since=position)] == ["retention.withdrawn"]


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "token.issued"},
        {"wait": "31"},
        {"wait": "-1"},
        {"since": "-1"},
        {"limit": "0"},
        {"limit": "201"},
    ],
)
def test_bad_queries(caller: Caller, query: dict[str, str]) -> None:
    assert caller.get(PATH, **query).status_code == 422


def test_c1_a_cursor_of_other_filters_or_no_cursor_is_refused(caller: Caller) -> None:
    mine = ask(caller)["next"]
    assert caller.get(PATH, cursor=mine, kind="hold.set").status_code == 422
    assert caller.get(PATH, cursor="x").status_code == 422


def test_nobody_follows_clients_and_tokens(controllers: str) -> None:
    everything = Caller(make(controllers, routes.blueprint), "changes:read", of=(clients.EVERY,))
    assert {one["kind"] for one in walk(everything)} <= KINDS.keys()
    assert {entry.action for entry in journal.entries(limit=100)} & {"token.issued", "client.registered"}


def test_a_part_ends_though_everything_in_it_is_somebody_elses(
    caller: Caller, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.put()
    whole = walk(caller)
    for looked_at in (1, 2, 3):
        monkeypatch.setattr(feed, "LOOKED_AT", looked_at)
        assert walk(caller) == whole
        assert walk(caller, limit=1) == whole


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    kinds=st.lists(st.sampled_from(["hold.set", "token.issued", "notice.published"]), max_size=30),
    limits=st.lists(st.integers(1, 5), min_size=1, max_size=5),
    looked_at=st.integers(1, 6),
)
def test_any_parts_make_the_whole(opened: str, kinds: list[str], limits: list[int], looked_at: int) -> None:
    before = feed.size()
    for number, kind in enumerate(kinds):
        _noted(kind, f"{kind.partition('.')[0]}/{'acme' if number % 3 else 'other'}/{number}")
    expected = [
        before + number + 1 for number, kind in enumerate(kinds) if number % 3 and kind != "token.issued"
    ]
    found: list[int] = []
    after, turn = before, 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feed, "LOOKED_AT", looked_at)
        while True:
            part = feed.read(after, limit=limits[turn % len(limits)], controllers={"acme"})
            found += [change.seq for change in part.changes]
            assert part.until >= after
            after, turn = part.until, turn + 1
            if not part.more:
                break
    assert found == expected
    assert after == before + len(kinds)


def test_a_reader_beside_many_writers_misses_nothing(opened: str) -> None:
    writers, each = 6, 25
    done = threading.Event()
    seen: list[int] = []

    def write(name: int) -> None:
        for number in range(each):
            _noted("hold.set", f"hold/acme/{name}-{number}")
        db.request_end()

    def read() -> None:
        after = 0
        while True:
            last = done.is_set()
            part = feed.read(after, limit=7)
            seen.extend(change.seq for change in part.changes)
            after = part.until
            if last and not part.changes and not part.more:
                break
        db.request_end()

    reader = threading.Thread(target=read)
    threads = [threading.Thread(target=write, args=(name,)) for name in range(writers)]
    for thread in (reader, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    reader.join()
    assert seen == list(range(1, writers * each + 1))


def test_a_waiting_caller_is_told_as_soon_as_something_changes(caller: Caller, keeper: Keeper) -> None:
    where = ask(caller)
    while where["more"]:
        where = ask(caller, cursor=where["next"])
    told: list[dict[str, Any]] = []
    waiter = threading.Thread(target=lambda: told.append(ask(caller, cursor=where["next"], wait=20)))
    waiter.start()
    keeper.put()
    waiter.join(timeout=19)
    assert not waiter.is_alive()
    assert told[0]["items"][0]["kind"] == "register.declared"


def test_too_many_waiting_are_answered_at_once(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    where = ask(caller)
    monkeypatch.setattr(routes, "WAITING", threading.BoundedSemaphore(1))
    routes.WAITING.acquire()
    answer = caller.get(PATH, cursor=where["next"], wait=30)
    assert (answer.status_code, answer.headers["Retry-After"]) == (200, "5")
    assert answer.json == {**where, "items": []}


@writes
def _noted(action: str, of: str) -> None:
    journal.append(action, of, by=BY)
