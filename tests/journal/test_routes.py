"""/v1/journal: what is told of it over HTTP."""

from __future__ import annotations

import pytest

from registry import db, journal
from registry.app import create_app
from registry.journal import routes
from registry.settings import Settings
from tests.connectors.asking import Caller, make

CHECKPOINT = "/v1/journal/checkpoint"


def noted(what: str) -> None:
    """One more entry."""

    @db.writes
    def note() -> None:
        journal.append("thing.noted", "thing/acme/1", by="client/test", payload={"what": what})

    note()


def test_j5_a_checkpoint_of_the_same_size_over_another_history_is_no_304(opened: str) -> None:
    """An old backup was restored and went on: whoever keeps checkpoints must not be told that theirs still holds."""
    caller = Caller(make(opened, routes.blueprint), "journal:read")
    noted("before")
    noted("lost")
    kept = caller.get(CHECKPOINT)
    with db.writing(why="as much as there was, of another history"):
        db.database.execute_sql("UPDATE journal_head SET root = leaf")
    answer = caller.get(CHECKPOINT, {"If-None-Match": kept.headers["ETag"]})
    assert answer.status_code == 200
    assert kept.json is not None
    assert answer.json is not None
    assert (answer.json["size"], answer.json["root"] == kept.json["root"]) == (kept.json["size"], False)
    assert caller.get(CHECKPOINT, {"If-None-Match": answer.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("sql", ["DELETE FROM journal_head", "UPDATE journal_head SET size = size + 1"])
def test_e8_e16_health_says_that_the_journal_is_not_whole(opened: str, sql: str) -> None:
    http = create_app(Settings(database=opened)).test_client()
    noted("before")
    assert (http.get("/health").status_code, (http.get("/health").json or {})["status"]) == (200, "ok")
    with db.writing(why="somebody's hand is in the database"):
        db.database.execute_sql(sql)
    answer = http.get("/health")
    assert (answer.status_code, (answer.json or {})["status"]) == (503, "degraded")
