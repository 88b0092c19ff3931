"""Idempotency-Key on both engines: rows A22 and A23."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from registry import clock, db
from registry.api.idempotency import IdempotentAnswer
from tests.api import example
from tests.api.example import Thing


@pytest.fixture
def app(opened: str) -> Iterator[Flask]:
    """The example on a database with a table of things."""
    with db.writing(why="a table for the test"):
        Thing.create_table()
    yield example.create()
    db.close()


def post(app: Flask, key: str | None, name: str = "a", client: str = "tester", **query: str) -> Any:
    headers = {"Authorization": f"Bearer {client}", **({"Idempotency-Key": key} if key is not None else {})}
    return app.test_client().post("/v1/things", json={"name": name}, headers=headers, query_string=query)


def test_a22_the_same_post_twice_is_done_once(app: Flask) -> None:
    first, second = post(app, "k1"), post(app, "k1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json == {"id": 1, "by": "client/tester"}
    for name in ("Location", "Content-Type"):
        assert first.headers[name] == second.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert Thing.select().count() == 1


def test_a22_another_request_under_the_same_key_is_422(app: Flask) -> None:
    post(app, "k1")
    other = post(app, "k1", name="b")
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert post(app, "k1", x="1").status_code == 422
    assert Thing.select().count() == 1


def test_a22_without_a_key_each_post_counts(app: Flask) -> None:
    assert [post(app, None).json["id"] for _ in range(3)] == [1, 2, 3]
    assert IdempotentAnswer.select().count() == 0


def test_a22_a_key_belongs_to_one_client(app: Flask) -> None:
    assert post(app, "k1", client="one").json == {"id": 1, "by": "client/one"}
    assert post(app, "k1", client="two").json == {"id": 2, "by": "client/two"}


def test_a22_six_at_once_give_one_result(app: Flask) -> None:
    def worker(_: int) -> tuple[int, Any]:
        try:
            answer = post(app, "k1")
            return answer.status_code, answer.json["id"]
        finally:
            db.close() if db.database.obj.name == "sqlite" else None

    for round_ in range(1, 6):
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(worker, range(6)))
        assert answers == [(201, 1)] * 6
        assert Thing.select().count() == 1, round_


def test_a22_a_failure_is_not_kept_and_leaves_nothing(app: Flask) -> None:
    for _ in range(2):
        assert post(app, "k1", name="taken").status_code == 409
    assert Thing.select().count() == IdempotentAnswer.select().count() == 0
    assert post(app, "k1", name="free").status_code == 201


def test_a22_after_a_day_a_key_is_new(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    post(app, "old")
    tomorrow = f"{int(now[:4]) + 1}{now[4:]}"
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    assert post(app, "old", name="b").json["id"] == 2
    assert IdempotentAnswer.select().count() == 1


def test_a23_the_answer_was_lost_and_the_retry_gets_the_same(app: Flask) -> None:
    """The caller hangs up before the answer: whether the write was done shows only in the retry, which gets its id."""
    done = post(app, "k1")
    lost = post(app, "k2", name="taken")
    assert lost.status_code == 409
    assert post(app, "k1").json["id"] == done.json["id"]
    assert Thing.select().count() == 1


@pytest.mark.parametrize("key", ["", " ", "a b", "a,b", "ä", "x" * 256, "a\tb"])
def test_keys_that_are_none(app: Flask, key: str) -> None:
    answer = post(app, key)
    assert (answer.status_code, answer.json["code"]) == (400, "bad_idempotency_key")
    assert Thing.select().count() == 0


@pytest.mark.parametrize("key", ["x", '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "x" * 255, "!~"])
def test_keys_that_are_taken(app: Flask, key: str) -> None:
    assert [post(app, key).json["id"] for _ in range(2)] == [1, 1]


def test_b30_neither_key_nor_request_can_be_read_from_the_table(app: Flask) -> None:
    post(app, "my-secret-key", name="my-secret-name")
    (row,) = IdempotentAnswer.select().dicts()
    assert "my-secret" not in repr({**row, "body": bytes(row["body"])})
    assert len(row["key_hash"]) == len(row["request_hash"].partition(".")[0]) == 64
