"""What the reads that thousands of jobs ask cost: statements for each request, and no table that grows read whole."""

from __future__ import annotations

import threading

import pytest

from registry import db
from registry.auth.clients import stored as clients
from registry.auth.tokens import access as tokens
from registry.catalogue import listing, registers, store
from registry.catalogue.registers import EXAMPLE
from registry.notices import pages, publish
from tests import plans
from tests.connectors.asking import Caller, make

BY = "client/dpo"


@pytest.fixture
def caller(opened: str, monkeypatch: pytest.MonkeyPatch) -> Caller:
    monkeypatch.setattr(listing, "PAGES", listing.Pages())  # this process has answered nothing yet
    store.declare("controller", "acme", "acme", {"name": "Äänekosken opisto"}, by=BY, expect=store.NEW)
    for number in range(60):
        store.declare("register", "acme", f"list-{number:02}", EXAMPLE, by=BY, expect=store.NEW)
    publish.publish("acme", "list-00", by=BY)
    return Caller(make(opened, registers.blueprint, pages.blueprint), "registers:read", of=("acme",))


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/v1/registers/acme/list-07", 2),  # the token, the register
        ("/v1/registers?limit=50", 2),
        ("/v1/registers?limit=50&data_category=pd:EmailAddress", 2),
        ("/notices/acme/list-00?lang=fi", 2),  # the publication, its text; no token
        ("/notices/acme/list-00.json", 2),
    ],
)
def test_few_statements_and_each_finds_its_way_by_an_index(caller: Caller, path: str, most: int) -> None:
    with plans.sent() as statements:
        answer = caller.http.get(path, headers=caller.headers)
    assert answer.status_code == 200
    assert 0 < len(statements) <= most
    for sql, params in statements:
        assert plans.from_end_to_end(sql, params) == []


def test_the_list_is_of_the_documents_that_are_stored(caller: Caller) -> None:
    every = store.select("register", controllers={"acme"}, limit=50)
    whole = b",".join(one.document for one in every)
    found = store.joined("register", controllers={"acme"}, limit=50)
    assert (found.documents, found.last) == (whole, ("acme", every[-1].key))
    assert store.joined("register", controllers={"acme"}, limit=60).last is None
    beyond = store.joined("register", controllers={"acme"}, limit=5, after=("acme", "list-59"))
    assert (beyond.documents, beyond.last) == (b"", None)
    answer = caller.get("/v1/registers", limit="50")
    assert answer.data.startswith(b'{"items":[' + every[0].document + b"," + every[1].document)


def test_b18_what_was_allowed_on_the_short_way_is_refused_on_the_next_request(caller: Caller) -> None:
    path = "/v1/registers/acme/list-07"
    tag = {"If-None-Match": caller.get(path).headers["ETag"]}
    assert caller.get(path, tag).status_code == 304
    token = caller.headers["Authorization"].removeprefix("Bearer ")
    assert tokens.revoke(token, by=BY)
    assert caller.get(path, tag).status_code == 401
    other = Caller(caller.http.application, "registers:read", of=("acme",))
    assert other.get(path, tag).status_code == 304
    client = other.actor.removeprefix("client/")
    found = clients.find(client)
    assert found is not None
    clients.disable_client(client, by=BY)
    assert other.get(path, tag).status_code == 401


def test_threads_hand_a_connection_on_and_share_none(caller: Caller) -> None:
    base = db.database.obj
    if base.name != "sqlite":
        pytest.skip("PostgreSQL has a pool")
    db.request_end()
    held: list[int] = []
    gate = threading.Barrier(4)

    def one() -> None:
        db.request_begin()
        held.append(id(db.connection()))
        gate.wait()  # all four are in a request
        db.request_end()

    for _ in range(3):
        held.clear()
        threads = [threading.Thread(target=one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(held)) == 4
    assert len(base.idle) == 4  # of twelve threads
    db.close()
    assert base.idle == []
