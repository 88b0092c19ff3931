"""What is kept of lists is what the database would answer, whoever wrote meanwhile, and on any day."""

from __future__ import annotations

import itertools
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from registry import clock, db
from registry.auth.tokens import access as tokens
from registry.catalogue import listing, registers, store
from registry.catalogue.listing import Kept, Pages
from registry.catalogue.registers import EXAMPLE
from registry.errors import Conflict, Gone, NotFound, PreconditionFailed
from tests.connectors.asking import Caller, make

BY = "client/dpo"
ROOT = Path(__file__).parents[2] / "registry"
WRITES = re.compile(
    r"(INSERT INTO|UPDATE|DELETE FROM|REPLACE INTO) catalogue_"
    r"|\b(Version|Facet|Declaration)\.(create|insert|update|delete)"
)
KEYS = ("a", "b", "b-c", "d")
_numbers = itertools.count()
_real = clock.now


class House:
    """An application served by two workers, at a time that is put forward and back, and what was told."""

    def __init__(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.days = 0
        self.workers = (Pages(), Pages())
        self.put = monkeypatch.setattr
        self.put(clock, "now", self.now)
        self.caller = Caller(make(url, registers.blueprint), "registers:read")
        issued = tokens.issue(
            client_id=self.caller.actor.removeprefix("client/"), scopes=["registers:read"],
            audience=self.caller.http.application.extensions["registry.settings"].base_url,
            seconds=400 * 86_400, by=BY,
        )  # fmt: skip
        self.caller.headers = {"Authorization": f"Bearer {issued.token}"}

    def now(self) -> str:
        return clock.written(datetime.fromisoformat(_real()) + timedelta(days=self.days))

    def ask(self, query: str) -> TestResponse:
        return self.caller.http.get(f"/v1/registers?{query}", headers=self.caller.headers)

    def told(self, worker: int, query: str) -> bytes:
        self.put(listing, "PAGES", self.workers[worker])
        answer = self.ask(query)
        assert answer.status_code == 200
        return answer.data.partition(b'"items":[')[2].rpartition(b'],"next":')[0]

    def write(self, controller: str, key: str, how: str, days: int) -> None:
        begins = None if days == 0 else clock.later(clock.now(), days * 86_400)
        try:
            expect = store.newest("register", controller, key).version
        except NotFound:
            expect = store.NEW
        try:
            if how == "end":
                store.end("register", controller, key, by=BY, expect=expect, effective_from=begins)
            else:
                body = {**EXAMPLE, "purposes": [f"{how} {next(_numbers)}"]}
                store.declare("register", controller, key, body, by=BY, expect=expect, effective_from=begins)
        except (Conflict, Gone, NotFound, PreconditionFailed):
            pass


@pytest.fixture
def house(opened: str, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(opened, monkeypatch)


WRITE = st.tuples(
    st.just("write"),
    st.sampled_from(KEYS),
    st.sampled_from(["news", "mail", "end"]),
    st.sampled_from([0, 0, 1, 3, -2]),
)
WAIT = st.tuples(st.just("wait"), st.sampled_from([0, 1, 2, 3, 5]))
ASK = st.tuples(
    st.just("ask"), st.integers(0, 1), st.sampled_from(["", "&limit=2", "&q=news", "&as_of={then}"])
)


@given(steps=st.lists(st.one_of(WRITE, WAIT, ASK), min_size=4, max_size=16))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_was_written_a_list_is_what_the_database_says(house: House, steps: list[Any]) -> None:
    house.days, controller = 0, f"c{next(_numbers)}"
    store.declare("controller", controller, controller, {"name": "Acme"}, by=BY, expect=store.NEW)
    then = clock.later(clock.now(), 2 * 86_400)
    for step in [*steps, ("ask", 0, ""), ("ask", 1, "")]:
        if step[0] == "write":
            house.write(controller, *step[1:])
        elif step[0] == "wait":
            house.days = step[1]
        else:
            _, worker, more = step
            asked: dict[str, Any] = {"limit": 50}
            if "limit" in more:
                asked["limit"] = 2
            if "q=" in more:
                asked["text"] = "news"
            if "as_of" in more:
                asked["as_of"] = then
            query = f"controller={controller}{more.format(then=then)}"
            found = b",".join(
                one.document for one in store.select("register", controllers={controller}, **asked)
            )
            for _ in range(2):  # read, and kept
                assert house.told(worker, query) == found


def test_a_list_that_is_asked_again_is_not_read_again_until_something_is_declared(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.declare("controller", "acme", "acme", {"name": "Acme"}, by=BY, expect=store.NEW)
    read: list[str] = []
    real = listing.joined
    monkeypatch.setattr(listing, "joined", lambda kind, **asked: (read.append(kind), real(kind, **asked))[1])
    for how, days, reads in (("news", 0, 1), ("mail", 0, 1), ("mail", 2, 1), ("end", 3, 1)):
        house.write("acme", "a", how, days)
        read.clear()
        for _ in range(3):
            house.told(0, "limit=50")
        assert len(read) == reads
    read.clear()
    house.days = 2  # what was planned has taken effect
    house.told(0, "limit=50")
    house.told(0, "limit=50")
    assert len(read) == 1
    house.days = 0  # and the clock is put back
    house.told(0, "limit=50")
    assert len(read) == 2


def test_what_is_kept_is_told_to_nobody_who_sees_something_else(opened: str) -> None:
    app = make(opened, registers.blueprint)
    for controller in ("acme", "beta"):
        store.declare("controller", controller, controller, {"name": controller}, by=BY, expect=store.NEW)
        store.declare("register", controller, "news", EXAMPLE, by=BY, expect=store.NEW)
    callers = [Caller(app, "registers:read", of=of) for of in (("acme",), ("beta",), ("acme", "beta"))]
    for _ in range(3):
        told = [caller.get("/v1/registers").json["items"] for caller in callers]
        assert [[one["controller"] for one in items] for items in told] == [
            ["acme"],
            ["beta"],
            ["acme", "beta"],
        ]


def test_one_database_is_not_told_from_what_was_kept_of_another(
    databases: Any, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: "2026-01-15T08:00:00.000000Z")
    seen = []
    for name in ("Yksi", "Kaksi"):
        with databases.fresh(engine, migrated=True) as url:
            db.open(url)
            store.declare("controller", "acme", "acme", {"name": "Acme"}, by=BY, expect=store.NEW)
            store.declare("register", "acme", "a", {**EXAMPLE, "register": name}, by=BY, expect=store.NEW)
            caller = Caller(make(url, registers.blueprint), "registers:read")
            told = [caller.get("/v1/registers").json["items"] for _ in range(2)]
            seen += [items[0]["record"]["register"] for items in told]
            db.close()
    assert seen == ["Yksi", "Yksi", "Kaksi", "Kaksi"]


def test_pages_take_no_more_room_than_they_have() -> None:
    pages = Pages(room=1000)

    def keep(name: str, size: int, at: str = "1") -> None:
        pages.keep(name, at, Kept(b"x" * size, {}, "a", "c"))

    def held(at: str = "1", now: str = "b") -> str:
        return "".join(name for name in "abcdefghijklmnopq" if pages.get(name, at, now))

    for name in "abcdefghij":
        keep(name, 100)
    assert held() == "abcdefghij"
    assert pages.get("a", "1", "b")
    pages.get("b", "1", "c")  # over
    keep("a", 120)
    keep("k", 100)
    assert held() == "adefghijk"
    keep("l", 126)  # more than an eighth
    assert "l" not in held()
    assert held(now="c") == held(now="A") == held(at="2") == ""
    keep("m", 100, at="2")
    assert held("2") == "m" and held() == ""
    for name in "nopq":
        keep(name, 100, at="2")
    assert held("2") == "mnopq"


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ("limit=2&cursor={c}", True),
        ("cursor={c}&limit=2", True),
        ("limit=2&cursor={c}&cursor={c}", False),
        ("curs%6Fr={c}&limit=2&cursor={c}", False),
        ("cursor=&limit=2&cursor={c}", False),
        ("limit=2&limit=2&cursor={c}", False),
        ("limit=2&no=1&cursor={c}", False),
        ("limit=3&controller=acme&cursor={c}", None),
        ("limit=0&cursor={c}", False),
        ("limit=2&cursor={c}&", True),
        ("&&limit=2&&cursor={c}", True),
    ],
)
def test_a_cursor_is_read_alike_wherever_it_stands(house: House, query: str, same: bool | None) -> None:
    store.declare("controller", "acme", "acme", {"name": "Acme"}, by=BY, expect=store.NEW)
    for key in KEYS:
        house.write("acme", key, "news", 0)
    whole = query.format(c=house.ask("limit=2").json["next"])
    for answer in (house.ask(whole), house.ask(whole)):
        if same:
            assert [one["key"] for one in answer.json["items"]] == ["b-c", "d"]
        else:
            assert answer.status_code == 422
            assert (answer.json["code"] == "bad_cursor") == (same is None)


def test_declarations_are_written_in_one_place_which_gives_each_write_a_version() -> None:
    found = {path.name for path in ROOT.rglob("*.py") if WRITES.search(path.read_text("utf-8"))}
    assert found == {"store.py"}
