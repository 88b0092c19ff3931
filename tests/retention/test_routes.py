"""/v1/retention-rules: what is told, to whom, how fresh; and 404 no_rule wherever there is nothing to delete by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from flask import Flask

from registry import clock, db
from registry.catalogue import load, read, store
from registry.retention.publications import routes
from registry.retention.publications.served import publish_rules
from tests import plans
from tests.connectors.asking import Caller, make
from tests.retention.conftest import BROKEN, BY, Keeper, record
from tests.retention.test_rules import FILES

PATH = "/v1/retention-rules"
P6M = {"applies_to": ["D1"], "duration": "P6M", "action": "erase", "mode": "automatic"}
P1Y = {**P6M, "duration": "P1Y"}


@pytest.fixture
def app(controllers: str) -> Flask:
    return make(controllers, routes.blueprint)


@pytest.fixture
def caller(app: Flask) -> Caller:
    return Caller(app, "retention:read", of=("acme",))


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many statements were sent since the last time this was asked."""
    sent: list[str] = []
    execute = db.database.obj.execute_sql

    def counted(sql: str, params: Any = None) -> Any:
        sent.append(sql)
        return execute(sql, params)

    monkeypatch.setattr(db.database.obj, "execute_sql", counted)

    def since() -> int:
        number = len(sent)
        sent.clear()
        return number

    return since


def test_the_answer_is_the_stored_rules(caller: Caller, keeper: Keeper) -> None:
    (rule,) = keeper.put(P6M)
    answer = caller.get(PATH, system="acme/desk")
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "private, max-age=0, must-revalidate"
    assert answer.json is not None
    (told,) = answer.json["rules"]
    assert (told["period"], told["action"], told["category"]) == ("P6M", "erase", "D1")
    assert (told["version"], told["effective_from"]) == (rule.version, rule.effective_from)
    assert "longest" not in answer.json
    assert routes.RuleSchema().load(told) == told  # the contract has every member


def test_the_five_registers_answer(opened: str) -> None:
    load.apply(load.read(FILES), by="operator")
    for whole in list(read.records()):
        publish_rules(*whole, by="operator")
    caller = Caller(make(opened, routes.blueprint), "retention:read")

    def told(**query: str) -> Any:
        answer = caller.get(PATH, **query)
        assert answer.json is not None
        if answer.status_code == 404:
            return answer.json["code"]
        return {
            (rule["category"], rule["action"], rule["period"], rule["interval"])
            for rule in answer.json["rules"]
        }

    assert told(system="seamk/chat") == {("D8", "anonymise", "P6M", None)}
    assert told(system="seamk/chat", category="D1") == "no_rule"
    assert told(register="helao/chat") == {(f"D{n}", "erase", "P3M", None) for n in range(1, 7)}
    assert told(controller="kaakko") == {(f"D{n}", "erase", None, "P1Y") for n in range(1, 12)}
    assert told(register="osekk/opintori") == told(system="osekk/zendesk") == "no_rule"
    assert told(register="jamko/online-chat") == told(controller="jamko") == "no_rule"


@pytest.mark.parametrize(
    "query",
    [
        {"system": "acme/chat"},
        {"system": "acme/unknown"},
        {"register": "acme/unknown"},
        {"system": "acme/desk", "category": "D2"},
        {"system": "acme/desk", "category": "D99"},
        {"system": "acme/desk", "category": "no such thing"},
        {"system": "acme/desk", "data_category": "pd:EmailAddress"},
        {"system": "acme/desk", "data_category": "pd:Unknown"},
        {"system": "acme/desk", "register": "acme/unknown"},
        {"system": "other/desk"},
        {"register": "other/customers"},
        {"controller": "other"},
        {"controller": "nobody"},
        {"system": "acme/desk", "controller": "other"},
        {"system": "nobody/desk"},
    ],
)
def test_l4_no_rule_is_404_and_says_no_more(caller: Caller, keeper: Keeper, query: dict[str, str]) -> None:
    keeper.put(P6M)
    Keeper("other").put(P6M)
    answer, unknown = caller.get(PATH, **query), caller.get(PATH, system="acme/never")
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["code"] == "no_rule"
    assert answer.data == unknown.data
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("what", ["draft", "withdrawn", "ended", "future", "replaced by none", "not in use"])
def test_l4_what_is_not_in_force_is_no_rule(caller: Caller, keeper: Keeper, what: str) -> None:
    if what == "draft":
        keeper.declare()
    elif what == "future":
        keeper.publish(keeper.declare(since=clock.instant("2999-01-01")))
    elif what == "not in use":
        keeper.put(P6M, register={"name": "x", "status": "planned"})
    else:
        keeper.put(P6M)
        assert caller.get(PATH, system="acme/desk").status_code == 200
        if what == "withdrawn":
            keeper.withdraw()
        elif what == "ended":
            keeper.end()
        else:
            keeper.put({"applies_to": ["D1"], "criterion": "as long as needed"})
    for query in (
        {"system": "acme/desk"},
        {"register": "acme/customers"},
        {"register": "acme/customers", "category": "D1"},
    ):
        answer = caller.get(PATH, **query)
        assert (answer.status_code, answer.json and answer.json["code"]) == (404, "no_rule")


def test_l4_of_rules_for_the_same_data_the_longest_is_named(caller: Caller, keeper: Keeper) -> None:
    def told(**query: str) -> Any:
        answer = caller.get(PATH, system="acme/desk", **query)
        assert answer.json is not None
        return answer.json["longest"]

    keeper.put(P6M)
    assert told(category="D1") == {"of": 1, "period": "P6M", "conflict": False}
    Keeper("acme", "staff").put(P1Y)
    assert (
        told(category="D1")
        == told(data_category="pd:Communication")
        == {"of": 2, "period": "P1Y", "conflict": False}
    )
    Keeper("acme", "guests").put({**P6M, "duration": "P365D"})
    assert told(category="D1") == {"of": 3, "period": None, "conflict": True}
    Keeper("acme", "guests").put({**P1Y, "action": "anonymise"})
    assert told(category="D1") == {"of": 3, "period": None, "conflict": True}
    Keeper("acme", "guests").put({**P1Y, "starts_from": "last update"})
    assert told(category="D1") == {"of": 3, "period": None, "conflict": True}
    Keeper("acme", "guests").put(P1Y, {**P1Y, "action": "archive"})  # a conflict of its own
    assert told(category="D1") == {"of": 3, "period": None, "conflict": True}
    Keeper("acme", "guests").put({"applies_to": ["D1"], "criterion": "end of membership", "action": "erase"})
    assert told(category="D1") == {"of": 3, "period": None, "conflict": True}


def test_l4_what_a_register_left_in_a_system_is_measured_by_no_other(caller: Caller, keeper: Keeper) -> None:
    keeper.put(P1Y)
    Keeper("acme", "staff").put(P6M)
    keeper.withdraw()
    for of in ({"category": "D1"}, {"data_category": "pd:Communication"}):
        told = caller.get(PATH, system="acme/desk", **of).json
        assert told is not None
        assert told["longest"] == {"of": 1, "period": None, "conflict": True}
        named = caller.get(PATH, system="acme/desk", register="acme/staff", **of).json
        assert named is not None
        assert named["longest"] == {"of": 1, "period": "P6M", "conflict": False}


def test_l4_what_names_no_kind_is_told_beside_what_is_asked_for_and_is_no_rule_for_another(
    caller: Caller, keeper: Keeper
) -> None:
    plain = {"id": "D7", "text": "Everything else"}
    keeper.put(P6M)
    Keeper("acme", "staff").put({**P1Y, "applies_to": ["D7"]}, data_categories=[plain])
    told = caller.get(PATH, system="acme/desk", data_category="pd:Communication").json
    assert told is not None
    assert [rule["category"] for rule in told["rules"]] == ["D1", "D7"]
    assert told["longest"] == {"of": 2, "period": "P1Y", "conflict": False}
    assert caller.get(PATH, system="acme/desk", data_category="pd:Opinion").status_code == 404
    Keeper("acme", "staff").withdraw()
    told = caller.get(PATH, system="acme/desk", data_category="pd:Communication").json
    assert told is not None and told["longest"] == {"of": 1, "period": None, "conflict": True}


def test_rules_with_one_criterion_are_in_no_conflict(caller: Caller, keeper: Keeper) -> None:
    statement = {"applies_to": ["D1"], "criterion": "end of membership", "action": "erase"}
    keeper.put(statement)
    Keeper("acme", "staff").put(statement)
    answer = caller.get(PATH, system="acme/desk", category="D1")
    assert answer.json is not None
    assert answer.json["longest"] == {"of": 2, "period": None, "conflict": False}
    assert {rule["caller_supplies"]["token"] for rule in answer.json["rules"]} == {"end_of_membership"}


def test_l7_an_etag_is_good_until_anything_changes(caller: Caller, keeper: Keeper) -> None:
    keeper.put(P6M)
    tags = []

    def ask() -> Any:
        return caller.get(PATH, {"If-None-Match": tags[-1]} if tags else None, system="acme/desk")

    tags.append(ask().headers["ETag"])
    same = ask()
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tags[-1])
    assert same.headers["Cache-Control"] == "private, max-age=0, must-revalidate"

    def changed(change: Callable[[], Any]) -> None:
        change()
        answer = ask()
        assert answer.status_code == 200
        assert answer.headers["ETag"] not in tags
        tags.append(answer.headers["ETag"])
        assert ask().status_code == 304

    changed(lambda: keeper.put(P1Y))
    changed(lambda: keeper.put(P6M))  # D5: back to what it was is another answer
    changed(lambda: keeper.publish(store.newest("register", "acme", "customers")))
    changed(lambda: Keeper("acme", "staff").put(P1Y))
    Keeper("acme", "staff").withdraw()
    assert (ask().status_code, ask().headers["ETag"]) == (200, tags[-2])  # byte for byte what it was before
    keeper.withdraw()
    assert ask().status_code == 404  # and not: what you have is current
    assert caller.get(PATH, {"If-None-Match": "*"}, system="acme/desk").status_code == 404


def test_an_answer_takes_one_statement_beside_the_token_and_the_journals_end(
    app: Flask, caller: Caller, keeper: Keeper, statements: Callable[[], int]
) -> None:
    keeper.put({**P6M, "applies_to": "all"})
    Keeper("acme", "staff").put(P1Y)
    for query in (
        {"system": "acme/desk"},
        {"register": "acme/customers"},
        {"controller": "acme", "category": "D1"},
    ):
        statements()
        answer = caller.get(PATH, **query)
        assert (answer.status_code, statements()) == (200, 3)
        assert (
            caller.get(PATH, {"If-None-Match": answer.headers["ETag"]}, **query).status_code,
            statements(),
        ) == (304, 3)
    assert (caller.get(PATH, system="acme/unknown").status_code, statements()) == (404, 3)
    assert (caller.get(PATH, system="other/desk").status_code, statements()) == (404, 1)


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({}, "/system", "required"),
        ({"category": "D1"}, "/system", "required"),
        ({"data_category": "pd:Name"}, "/system", "required"),
        ({"system": "acme"}, "/system", "invalid_key"),
        ({"system": "acme/desk/x"}, "/system", "invalid_key"),
        ({"system": "acme/DESK"}, "/system", "invalid_key"),
        ({"register": "/"}, "/register", "invalid_key"),
        ({"controller": "Ac me"}, "/controller", "bad_key"),
        ({"system": "acme/desk", "period": "P6M"}, "/period", "unknown_field"),
        ({"system": ["acme/desk", "acme/chat"]}, "/system", "repeated_parameter"),
        ({"system": "acme/desk", "category": "x" * 41}, "/category", "too_long"),
        ({"system": "acme/desk", "category": "D\x00"}, "/category", "unfit_characters"),
    ],
)
def test_a_question_that_is_none_is_told_so(
    caller: Caller, query: dict[str, Any], field: str, code: str
) -> None:
    answer = caller.get(PATH, **query)
    assert answer.status_code == 422
    assert answer.json is not None
    assert [(fault["field"], fault["code"]) for fault in answer.json["errors"]] == [(field, code)]


def test_more_than_can_be_told_at_once_is_no_answer_and_no_part_of_one(
    caller: Caller, keeper: Keeper
) -> None:
    data = [{"id": f"D{n}", "text": f"Data {n}"} for n in range(1, 1001)]
    keeper.put({**P6M, "applies_to": "all"}, data_categories=data)
    answer = caller.get(PATH, controller="acme")
    assert answer.json is not None
    assert len(answer.json["rules"]) == 1000
    Keeper("acme", "staff").put(P6M)
    answer = caller.get(PATH, controller="acme")
    assert (answer.status_code, answer.json and answer.json["code"]) == (422, "too_many")


def test_it_needs_its_scope(app: Flask, keeper: Keeper) -> None:
    keeper.put(P6M)
    assert app.test_client().get(PATH, query_string={"system": "acme/desk"}).status_code == 401
    assert Caller(app, "registers:read").get(PATH, system="acme/desk").status_code == 403
    assert Caller(app, "retention:read").get(PATH, system="acme/desk").status_code == 200
    assert app.test_client().post(PATH).status_code == 405


def test_no_statement_reads_a_table_that_grows_from_end_to_end(caller: Caller, keeper: Keeper) -> None:
    keeper.put(P6M)
    with plans.sent() as sent:
        for query in (
            {"system": "acme/desk"},
            {"register": "acme/customers"},
            {"register": "acme/customers", "category": "D1"},
        ):
            assert caller.get(PATH, **query).status_code == 200
    assert len(sent) == 9
    for sql, params in sent:
        assert plans.from_end_to_end(sql, params) == []


@pytest.mark.parametrize("table", ["retention_publication", "retention_together", "retention_hold"])
def test_l6_without_the_database_there_is_no_answer(caller: Caller, keeper: Keeper, table: str) -> None:
    keeper.put(P6M)
    assert caller.get(PATH, system="acme/desk").status_code == 200
    with db.writing(why="a table that is gone is as bad as one that cannot be read"):
        db.database.execute_sql(f"ALTER TABLE {table} RENAME TO {table}_lost")
    answer = caller.get(PATH, system="acme/desk")
    assert answer.status_code >= 500
    assert b"P6M" not in answer.data


@pytest.mark.parametrize("sql", BROKEN)
def test_l6_while_the_journal_is_not_whole_there_is_no_rule_and_no_304(
    caller: Caller, keeper: Keeper, sql: str
) -> None:
    keeper.put(P6M)
    fresh = caller.get(PATH, system="acme/desk")
    assert fresh.status_code == 200
    with db.writing(why="somebody's hand is in the database"):
        db.database.execute_sql(sql)
    known = {"If-None-Match": fresh.headers["ETag"]}
    for query in ({"system": "acme/desk"}, {"system": "acme/desk", "category": "D1"}, {"controller": "acme"}):
        answer = caller.get(PATH, known, **query)
        assert (answer.status_code, (answer.json or {})["code"]) == (503, "journal_broken")


def test_k2_a_rule_served_is_of_the_version_published_and_not_of_the_draft(
    caller: Caller, keeper: Keeper
) -> None:
    keeper.put(P1Y)
    keeper.declare(record({**P6M, "duration": "P1M"}))
    answer = caller.get(PATH, register="acme/customers")
    assert answer.json is not None
    assert [(rule["version"], rule["period"]) for rule in answer.json["rules"]] == [(1, "P1Y")]
    assert orjson.loads(answer.data) == answer.json
    assert BY not in answer.text
