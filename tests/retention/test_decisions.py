"""/v1/retention-decisions: what may be deleted, what is kept, and what nobody can say."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import orjson
import psycopg
import pytest
from flask import Flask

from registry import clock, db, errors, journal
from registry.api import application
from registry.auth.server import routes as oauth
from registry.catalogue import load, read
from registry.keys import routes as keys
from registry.keys import signing
from registry.retention.decisions import answers, receipts
from registry.retention.decisions import routes as decisions
from registry.retention.decisions.decision import UNKNOWN
from registry.retention.holds import holding, keyed
from registry.retention.publications.served import in_force, publish_rules
from registry.retention.shortenings import changing
from registry.settings import Settings
from tests import plans
from tests.connectors.asking import Caller
from tests.engines import Engines
from tests.retention.conftest import BROKEN, Keeper, record
from tests.retention.test_rules import FILES

PATH = "/v1/retention-decisions"
KEY = secrets.token_hex(32)
NOW = "2027-03-10T09:00:00.000000Z"
P6M = {"applies_to": ["D1"], "duration": "P6M", "action": "erase", "mode": "automatic"}
P1Y = {**P6M, "duration": "P1Y"}
DAY = timedelta(days=1)


def make(url: str) -> Flask:
    return application(Settings(database=url, hold_key=KEY), [oauth.blueprint, decisions.blueprint])


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the clock."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: clock.instant(moment))


@pytest.fixture
def caller(controllers: str, at: Callable[[str], None]) -> Caller:
    at(NOW)
    return Caller(make(controllers), "retention:read", of=("acme",))


def ask(caller: Caller, *items: Any, **common: str) -> list[dict[str, Any]]:
    answer = caller.post(PATH, {"common": common, "items": list(items)})
    assert answer.status_code == 200, answer.json
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json is not None
    told = answer.json["decisions"]
    assert len(told) == len(items)
    decisions.DecidedSchema().load(answer.json)  # the contract has every member
    return list(told)


def one(caller: Caller, **item: str) -> dict[str, Any]:
    (told,) = ask(caller, {"system": "acme/desk", "category": "D1", **item})
    return told


def code(told: dict[str, Any]) -> Any:
    return told.get("code", told["decision"])


def test_a_period_that_is_over_and_one_that_runs(caller: Caller, keeper: Keeper) -> None:
    keeper.put(P6M)
    over, runs, today = ask(
        caller, {"anchor": "2026-08-31"}, {"anchor": "2026-09-30"}, {"anchor": "2026-09-10"},
        system="acme/desk", category="D1",
    )  # fmt: skip
    assert (over["decision"], over["delete_after"]) == ("delete_after", "2027-02-28T22:00:00.000000Z")
    assert over["rule"] == {
        "register": "acme/customers", "category": "D1", "version": 1, "revision": 1, "period": "P6M", "of": 1,
    }  # fmt: skip
    assert (runs["decision"], runs["until"], runs["why"]) == (
        "retain", "2027-03-30T21:00:00.000000Z", "period_running",
    )  # fmt: skip
    assert (today["decision"], today["last_day"]) == ("retain", "2027-03-10")  # the day is not over
    assert over["valid_until"] == "2027-03-10T09:01:00.000000Z"
    assert over["position"] == journal.checkpoint()["size"]


def test_no_statement_reads_a_table_that_grows_from_end_to_end(caller: Caller, keeper: Keeper) -> None:
    keeper.put({**P6M, "duration": "P1Y"})
    keeper.put(P6M)  # waits for somebody
    holding.set_hold("acme", systems=["chat"], reason="x", review_on=date(2999, 1, 1), by="client/dpo")
    with plans.sent() as sent:
        for system in ("acme/desk", "acme/chat"):
            ask(caller, {"system": system, "category": "D1", "anchor": "2026-08-31"})
    assert len(sent) > 4
    for sql, params in sent:
        assert plans.from_end_to_end(sql, params, own=("a", "p", "b")) == []


def test_the_five_registers_decide(opened: str, at: Callable[[str], None]) -> None:
    load.apply(load.read(FILES), by="operator")
    for whole in list(read.records()):
        publish_rules(*whole, by="operator")
    at("2026-11-22T10:00:00Z")
    caller = Caller(make(opened), "retention:read")
    seamk = {"system": "seamk/chat", "category": "D8", "event": "created", "data_subject": "customer"}
    told = ask(
        caller,
        {**seamk, "anchor": "2026-05-20"}, {**seamk, "anchor": "2026-06-01"},
        {**seamk, "data_subject": "employee", "anchor": "2020-01-01"},
        {"system": _system("helao"), "category": "D1", "anchor": "2026-08-21"},
        {"system": _system("helao"), "category": "D1", "anchor": "2026-08-22"},
        {"system": _system("osekk"), "category": "D1", "anchor": "2010-01-01"},
        {"system": _system("jamko"), "category": "D1", "anchor": "2010-01-01"},
        {"system": _system("kaakko"), "category": "D1", "anchor": "2010-01-01"},
    )  # fmt: skip
    assert [code(one) for one in told] == [
        "anonymise_after", "retain", "other_people", "delete_after", "retain", "no_rule", "no_rule", "event_needed",
    ]  # fmt: skip
    for unknown, controller, check, line in (
        (told[5], "osekk", "COM004", 45),
        (told[6], "jamko", "COM003", None),
    ):
        found = unknown["findings"][0]
        assert (found["check"], found["register"].partition("/")[0]) == (check, controller)
        assert (found["line"], bool(found["message"]["fi"])) == (line, True)
    assert "findings" not in told[2]
    assert told[0]["anonymise_after"] == "2026-11-20T22:00:00.000000Z"
    assert (told[1]["until"], told[1]["then"]) == ("2026-12-01T22:00:00.000000Z", "anonymise")
    assert told[3]["delete_after"] == "2026-11-21T22:00:00.000000Z"
    (rule,) = [row for row in _rules("kaakko") if row["category"] == "D1"]
    event = next(iter(rule["caller_supplies"]["text"].values()))
    (swept,) = ask(
        caller, {"system": _system("kaakko"), "category": "D1", "anchor": "2026-03-01", "event": event}
    )
    assert (swept["delete_after"], swept["latest"]) == (
        "2026-03-01T22:00:00.000000Z",
        "2027-03-01T22:00:00.000000Z",
    )


def _rules(controller: str) -> list[dict[str, Any]]:
    return [orjson.loads(rule.document) for rule in in_force(controller=controller)]


def _system(controller: str) -> str:
    found = next(iter(read.records([controller])))[0]
    return f"{controller}/{found.system_keys[0]}"


@pytest.mark.parametrize(
    ("item", "wrong"),
    [
        ({}, "anchor_missing"),
        ({"anchor": "2027-03-11"}, "anchor_in_future"),
        ({"anchor": "2027-03-10T09:00:01Z"}, "anchor_in_future"),
        ({"anchor": "2027-03-10T12:00:00+03:00"}, "retain"),
        ({"anchor": "9999-12-31"}, "anchor_in_future"),
        ({"anchor": "2027-02-29"}, "anchor_invalid"),
        ({"anchor": "20270101"}, "anchor_invalid"),
        ({"anchor": "2027-01-01T00:00:00"}, "anchor_invalid"),
        ({"anchor": "2020-01-01", "category": "D2"}, "no_rule"),
        ({"anchor": "2020-01-01", "category": "D9"}, "no_rule"),
        ({"anchor": "2020-01-01", "system": "acme/chat"}, "no_rule"),
        ({"anchor": "2020-01-01", "system": "acme/never"}, "no_rule"),
        ({"anchor": "2020-01-01", "system": "other/desk"}, "no_rule"),
        ({"anchor": "2020-01-01", "register": "acme/never"}, "no_rule"),
        ({"anchor": "2020-01-01", "register": "other/customers"}, "no_rule"),
        ({"anchor": "2020-01-01", "register": "acme/customers"}, "delete_after"),
        ({"anchor": "2020-01-01", "data_category": "pd:Communication"}, "bad_item"),
        ({"anchor": "2020-01-01", "evnet": "closed"}, "bad_item"),
        ({"anchor": "2020-01-01", "system": "acme"}, "bad_item"),
        ({"anchor": 20200101}, "bad_item"),
        ({"anchor": None}, "bad_item"),
        ({"anchor": ""}, "bad_item"),
    ],
)
def test_l4_l9_what_cannot_be_told_is_unknown_and_spoils_nothing(
    caller: Caller, keeper: Keeper, item: dict[str, Any], wrong: str
) -> None:
    keeper.put(P6M)
    Keeper("other").put(P6M)
    good = {"system": "acme/desk", "category": "D1", "anchor": "2020-01-01"}
    told = ask(caller, good, {"system": "acme/desk", "category": "D1", **item}, good, 7, [], None)
    assert [code(one) for one in told] == ["delete_after", wrong, "delete_after", *["bad_item"] * 3]
    assert wrong in UNKNOWN or wrong in ("retain", "delete_after")


@pytest.mark.parametrize(
    "body",
    [{}, {"items": []}, {"items": {}}, {"items": "x"}, {"items": [{}] * 10_001}, {"items": [{}], "more": 1},
     {"items": [{}], "common": []}, {"items": [{}], "common": {"system": 1}}, []],
)  # fmt: skip
def test_a_call_that_is_none_is_refused(caller: Caller, body: Any) -> None:
    assert caller.post(PATH, body).status_code == 422


def test_it_needs_its_scope(controllers: str) -> None:
    app = make(controllers)
    assert app.test_client().post(PATH, json={"items": [{}]}).status_code == 401
    assert Caller(app, "registers:read").post(PATH, {"items": [{}]}).status_code == 403


def test_an_event_that_the_rule_names_has_to_be_named(caller: Caller, keeper: Keeper) -> None:
    keeper.put({**P6M, "starts_from": "end of the conversation"})
    anchor = "2020-01-01"
    assert code(one(caller, anchor=anchor)) == "event_needed"
    assert code(one(caller, anchor=anchor, event="created")) == "wrong_event"
    assert code(one(caller, anchor=anchor, event="closed")) == "delete_after"
    assert code(one(caller, anchor=anchor, event="End of the  conversation.")) == "delete_after"


def test_a_criterion_is_over_once_its_day_is(caller: Caller, keeper: Keeper) -> None:
    keeper.put({"applies_to": ["D1"], "criterion": "end of membership", "action": "erase", "mode": "manual"})
    assert code(one(caller, anchor="2020-01-01")) == "event_needed"
    assert code(one(caller, anchor="2020-01-01", event="closed")) == "wrong_event"
    told = one(caller, anchor="2020-01-01", event="end_of_membership")
    assert (told["delete_after"], told["rule"]["period"]) == ("2020-01-01T22:00:00.000000Z", None)
    assert one(caller, anchor="2027-03-10", event="end_of_membership")["decision"] == "retain"


def test_a_period_and_a_criterion_both_have_to_be_over(caller: Caller, keeper: Keeper) -> None:
    keeper.put({**P6M, "starts_from": "closed", "criterion": "end of membership"})
    assert code(one(caller, anchor="2020-01-01", event="closed")) == "criterion_anchor_needed"
    later = one(caller, anchor="2020-01-01", event="closed", criterion_anchor="2026-01-01")
    assert later["delete_after"] == "2026-01-01T22:00:00.000000Z"
    earlier = one(caller, anchor="2020-01-01", event="closed", criterion_anchor="2019-01-01")
    assert earlier["delete_after"] == "2020-07-01T21:00:00.000000Z"
    assert (
        code(one(caller, anchor="2020-01-01", event="closed", criterion_anchor="2028-01-01"))
        == "anchor_in_future"
    )


def test_what_is_to_be_archived_is_kept(caller: Caller, keeper: Keeper) -> None:
    keeper.put({**P6M, "action": "archive"})
    told = one(caller, anchor="2020-01-01")
    assert (told["decision"], told["until"], told["why"]) == ("retain", None, "to_be_archived")


def test_l4_of_rules_that_differ_the_longest_or_unknown(caller: Caller, keeper: Keeper) -> None:
    keeper.put(P6M)
    Keeper("acme", "staff").put(P1Y)
    told = one(caller, anchor="2026-02-28")
    assert (told["delete_after"], told["rule"]["register"], told["rule"]["of"]) == (
        "2027-02-28T22:00:00.000000Z", "acme/staff", 2,
    )  # fmt: skip
    assert one(caller, anchor="2026-02-28", register="acme/customers")["rule"]["period"] == "P6M"
    (by_kind,) = ask(
        caller, {"system": "acme/desk", "data_category": "pd:Communication", "anchor": "2026-04-01"}
    )
    assert by_kind["decision"] == "retain"
    Keeper("acme", "guests").put({**P6M, "duration": "P365D"})
    assert code(one(caller, anchor="2020-01-01")) == "conflict"
    Keeper("acme", "guests").put({"applies_to": ["D2"], "duration": "P1Y", "action": "erase"})
    assert code(one(caller, anchor="2020-01-01")) == "kept_elsewhere"  # guests has a D1 without a rule
    assert code(one(caller, anchor="2020-01-01", register="acme/staff")) == "delete_after"


@pytest.mark.parametrize("way", ["withdraw", "end", "elsewhere", "planned"])
def test_l8_who_says_no_more_of_a_system_leaves_its_data_to_no_shorter_rule(
    caller: Caller, keeper: Keeper, way: str
) -> None:
    """One person alone could have data go at once: declare the register anew under another key, end the old one."""
    keeper.put(P1Y)
    again = Keeper("acme", "customers-again")
    again.put({**P6M, "duration": "P1D"})
    assert one(caller, anchor="2027-01-01")["decision"] == "retain"
    if way == "withdraw":
        keeper.withdraw()
    elif way == "end":
        keeper.end()
    elif way == "elsewhere":
        keeper.put(P1Y, systems=["chat"])
    else:
        keeper.put(P1Y, register={"name": "Asiakkaat", "status": "planned"})
    assert code(one(caller, anchor="2027-01-01")) == "kept_elsewhere"
    kind = {"system": "acme/desk", "data_category": "pd:Communication", "anchor": "2027-01-01"}
    assert [code(told) for told in ask(caller, kind)] == ["kept_elsewhere"]
    whose = {"register": "acme/customers-again"}
    assert code(one(caller, anchor="2027-01-01", **whose)) == "delete_after"
    assert code(one(caller, anchor="2020-01-01", register="acme/customers")) == "no_rule"
    assert code(one(caller, anchor="2020-01-01", category="D9")) == "no_rule"
    assert journal.verify().ok


def told_of(anchor: str, **more: str | None) -> dict[str, Any]:
    """What is decided of an item without a token, which would be over as the clock steps."""
    item = {"system": "acme/desk", "category": "D1", "anchor": anchor, **more}
    return answers.answers(
        [{name: value for name, value in item.items() if value}], sees=lambda *_: True, seconds=60
    )[2][0]


def test_k3_a_clock_put_back_brings_no_shorter_rule_back(keeper: Keeper, at: Callable[[str], None]) -> None:
    at(NOW)
    keeper.put(P6M)
    keeper.publish(keeper.declare(record(P1Y), since="2027-03-12T00:00:00.000000Z"))
    at("2027-03-13")
    assert told_of("2026-07-01")["decision"] == "retain"
    Keeper("acme", "others").put(P6M, systems=["chat"])  # something is written by that clock
    at("2027-03-11")
    told = told_of("2026-07-01")
    assert (told["decision"], told["rule"]["period"]) == ("retain", "P1Y")
    assert code(told_of("2020-01-01")) == "delete_after"


def test_k3_a_clock_that_was_ahead_hastens_no_shorter_rule(keeper: Keeper, at: Callable[[str], None]) -> None:
    at(NOW)
    keeper.put(P1Y)
    keeper.put(P6M)
    begins = changing.approve(1, by="client/second", expect=1, delay=7 * DAY)["begins"]
    at("2027-03-30")
    assert told_of("2026-07-01")["decision"] == "delete_after"
    Keeper("acme", "others").put(P6M, systems=["chat"])
    at(NOW)
    assert begins > NOW
    assert told_of("2026-07-01")["decision"] == "retain"


def test_an_answer_runs_out_before_anything_planned_begins(
    caller: Caller, keeper: Keeper, at: Callable[[str], None]
) -> None:
    keeper.put(P6M)
    soon = "2027-03-10T09:00:30.000000Z"
    keeper.publish(keeper.declare(since=soon))
    assert one(caller, anchor="2020-01-01")["valid_until"] == soon
    keeper.withdraw()
    keeper.put(P6M)
    keeper.end(since=soon)
    assert one(caller, anchor="2020-01-01")["valid_until"] == soon
    at(soon)
    assert code(one(caller, anchor="2020-01-01")) == "no_rule"


def test_l8_an_answer_runs_out_before_a_shorter_rule_begins(
    caller: Caller, keeper: Keeper, at: Callable[[str], None], controllers: str
) -> None:
    keeper.put(P1Y)
    keeper.put(P6M)
    told = one(caller, anchor="2026-08-31")
    assert (told["decision"], told["rule"]["period"]) == ("retain", "P1Y")
    begins = changing.approve(1, by="client/second", expect=1, delay=timedelta(days=7))["begins"]
    assert begins == "2027-03-17T09:00:00.000000Z"
    at("2027-03-17T08:59:59.900000Z")
    caller = Caller(make(controllers), "retention:read")  # the token of last week is over
    told = one(caller, anchor="2026-08-31")
    assert (told["rule"]["period"], told["valid_until"]) == ("P1Y", begins)
    at(begins)
    assert one(caller, anchor="2026-08-31")["delete_after"] == "2027-02-28T22:00:00.000000Z"


# --- holds


def hold(**targets: Any) -> int:
    key = holding_key() if targets.get("subjects") else None
    return holding.set_hold(
        "acme",
        **targets,
        reason="A dispute.",
        review_on=clock.day_of(clock.now()) + timedelta(days=300),
        by="client/dpo",
        key=key,
    )


def holding_key() -> Any:
    return keyed.keys(Settings(hold_key=KEY))[0]


@pytest.mark.parametrize(
    "targets",
    [
        {"registers": ["customers"]}, {"systems": ["desk"]}, {"categories": [("customers", "D1")]},
        {"data_categories": ["pd:Communication"]}, {"subjects": ["4711"]},
    ],
)  # fmt: skip
def test_l5_a_hold_wins_at_once_over_every_rule(
    caller: Caller, keeper: Keeper, targets: dict[str, Any], statements: Callable[[], int]
) -> None:
    keeper.put(P6M)
    item = {"anchor": "2020-01-01", "subject": "4711"}
    assert one(caller, **item)["decision"] == "delete_after"
    number = hold(**targets)
    told = one(caller, **item)
    assert told == {"decision": "held", "holds": [number], "valid_until": NOW, "position": told["position"]}
    by_kind = {"system": "acme/desk", "data_category": "pd:Communication", **item}
    assert ask(caller, by_kind)[0]["decision"] == "held"
    assert one(caller, subject="4711")["decision"] == "held"  # whatever else is missing
    holding.end(number, by="client/dpo", expect=1)
    assert one(caller, **item)["decision"] == "delete_after"
    assert journal.verify().ok


def test_a_hold_holds_nothing_else(caller: Caller, keeper: Keeper) -> None:
    keeper.put({**P6M, "applies_to": "all"})
    Keeper("acme", "staff").put({**P6M, "applies_to": "all"}, systems=["chat"])
    for targets in (
        {"registers": ["staff"]}, {"systems": ["chat"]}, {"categories": [("customers", "D2")]},
        {"categories": [("staff", "D1")]}, {"data_categories": ["pd:EmailAddress"]},
    ):  # fmt: skip
        hold(**targets)
    assert one(caller, anchor="2020-01-01")["decision"] == "delete_after"
    assert one(caller, anchor="2020-01-01", category="D2")["holds"] == [3, 5]


def test_with_people_held_nobody_is_deleted_unnamed(caller: Caller, keeper: Keeper, controllers: str) -> None:
    keeper.put(P6M)
    hold(subjects=["4711", "4712"])
    assert code(one(caller, anchor="2020-01-01")) == "subject_needed"
    assert code(one(caller, anchor="2020-01-01", subject="4713")) == "delete_after"
    assert code(one(caller, anchor="2020-01-01", subject="4712")) == "held"
    other = application(
        Settings(database=controllers, hold_key=secrets.token_hex(32)), [oauth.blueprint, decisions.blueprint]
    )
    told = one(Caller(other, "retention:read"), anchor="2020-01-01", subject="4712")
    assert told["code"] == "hold_unreadable"


def test_a_person_is_held_however_the_reference_is_written(caller: Caller, keeper: Keeper) -> None:
    keeper.put(P6M)
    number = hold(subjects=["Customer 4711", "Äijä@Acme.example"])
    with db.writing(why="a hold of before references were compared by letters and digits"):
        key = keyed.keys(Settings(hold_key=KEY))[0]
        holding.HeldSubject.insert(
            controller="acme", digest=key.digest("Old-7"), hold=number, key_id=key.id
        ).execute()
    written = (
        "customer 4711",
        " CUSTOMER\t4711 ",
        "customer-4711",
        "\uff43\uff55\uff53\uff54\uff4f\uff4d\uff45\uff52\uff14\uff17\uff11\uff11",  # wide
        "A\u0308IJA\u0308@acme.example",  # not composed
        "Customer\u200b4711",  # with a space of no width
        "Old-7",
    )
    for subject in written:
        assert code(one(caller, anchor="2020-01-01", subject=subject)) == "held", subject
    for subject in ("customer 4712", "customer", "4711"):
        assert code(one(caller, anchor="2020-01-01", subject=subject)) == "delete_after", subject


def test_l5_a_held_category_under_another_name_stays_held(keeper: Keeper, at: Callable[[str], None]) -> None:
    at(NOW)
    keeper.put(P6M, {**P6M, "applies_to": ["D2"]})
    number = hold(categories=[("customers", "D1")])
    again = [
        {"id": "D9", "text": "Talks", "pd": "pd:Communication"},
        {"id": "D2", "text": "Addresses", "pd": "pd:EmailAddress"},
    ]
    assert code(told_of("2020-01-01", category="D2")) == "delete_after"
    keeper.put({**P6M, "applies_to": "all"}, data_categories=again)
    at(changing.approve(1, by="client/second", expect=1, delay=DAY)["begins"])
    Keeper("acme", "staff").put(
        {**P6M, "applies_to": ["D5"]}, data_categories=[{"id": "D5", "text": "Shifts"}]
    )
    kinds = {"category": None, "data_category": "pd:Communication"}
    for item in ({"category": "D9"}, {"category": "D9", "register": "acme/customers"}, kinds):
        told = told_of("2020-01-01", **item)
        assert (told["decision"], told.get("holds")) == ("held", [number]), item
    assert code(told_of("2020-01-01", category="D5")) == "delete_after"
    holding.end(number, by="client/dpo", expect=1)
    assert code(told_of("2020-01-01", category="D9")) == "delete_after"


def test_l5_a_held_kind_by_another_word_stays_held(keeper: Keeper, at: Callable[[str], None]) -> None:
    at(NOW)
    keeper.put(P6M)
    number = hold(data_categories=["pd:Communication"])
    again = [
        {"id": "D1", "text": "Talks", "pd": "pd:Opinion"},
        {"id": "D2", "text": "Addresses", "pd": "pd:Name"},
    ]
    keeper.put({**P6M, "applies_to": "all"}, data_categories=again)
    at(changing.approve(1, by="client/second", expect=1, delay=DAY)["begins"])
    for item in ({}, {"register": "acme/customers"}, {"category": None, "data_category": "pd:Opinion"}):
        assert told_of("2020-01-01", **item).get("holds") == [number], item
    assert code(told_of("2020-01-01", category="D2")) == "delete_after"
    holding.end(number, by="client/dpo", expect=1)
    assert code(told_of("2020-01-01")) == "delete_after"


def test_what_is_looked_at_for_many_items_does_not_grow_with_their_number_times_the_rules(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"D{number}" for number in range(40)]
    keeper.put(P6M, data_categories=[{"id": name, "text": name, "pd": "pd:Name"} for name in names])
    hold(categories=[("customers", "D7")])
    looked: list[str] = []
    real = answers.concerns
    monkeypatch.setattr(answers, "concerns", lambda item, row: looked.append(row.category) or real(item, row))
    items = [{"system": "acme/desk", "category": f"D{number}"} for number in range(400)]
    told = answers.answers(items, sees=lambda *_: True, seconds=60)[2]
    assert {one["decision"] for one in told} == {"unknown", "held"}
    assert len(looked) < 4 * len(names)


def test_a_hold_on_a_register_holds_where_its_data_may_still_lie(caller: Caller, keeper: Keeper) -> None:
    keeper.put(P6M)
    Keeper("acme", "staff").put(P6M)
    hold(registers=["customers"])
    keeper.withdraw()
    assert one(caller, anchor="2020-01-01")["decision"] == "held"
    assert one(caller, anchor="2020-01-01", register="acme/staff")["decision"] == "delete_after"


# --- of many


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many statements were sent since the last time this was asked."""
    sent: list[str] = []

    def counted(sql: str, params: Any = None) -> Any:
        sent.append(sql)
        return execute(sql, params)

    execute = db.database.obj.execute_sql if db.database.obj else None
    if execute is not None:
        monkeypatch.setattr(db.database.obj, "execute_sql", counted)

    def since() -> int:
        number = len(sent)
        sent.clear()
        return number

    return since


def test_ten_thousand_items_take_as_many_statements_as_one(
    caller: Caller, keeper: Keeper, statements: Callable[[], int]
) -> None:
    keeper.put({**P6M, "applies_to": "all"})
    Keeper("acme", "staff").put(P6M, systems=["chat"])
    statements()
    one(caller, anchor="2020-01-01")
    few = statements()
    assert few <= 8
    began = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
    items = [
        {
            "system": f"acme/{('desk', 'chat')[n % 2]}",
            "category": "D1",
            "anchor": (began + n * DAY).date().isoformat(),
        }
        for n in range(10_000)
    ]
    told = ask(caller, *items)
    assert statements() == few
    assert {code(each) for each in told} == {"delete_after", "retain", "anchor_in_future"}


def test_more_systems_than_one_call_may_ask_about_are_refused(caller: Caller) -> None:
    items = [{"system": f"acme/s{n}", "category": "D1", "anchor": "2020-01-01"} for n in range(501)]
    answer = caller.post(PATH, {"items": items})
    assert (answer.status_code, answer.json and answer.json["code"]) == (422, "too_many")
    assert {code(each) for each in ask(caller, *items[:500])} == {"no_rule"}


def test_l6_when_the_database_cannot_be_read_there_is_no_answer(
    caller: Caller, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.put(P6M)

    def away(*_: Any) -> None:
        raise errors.Unavailable("away")

    monkeypatch.setattr("registry.retention.decisions.answers._moment", away)
    answer = caller.post(PATH, {"items": [{"system": "acme/desk", "category": "D1", "anchor": "2020-01-01"}]})
    assert answer.status_code == 503
    assert answer.json is not None
    assert "decisions" not in answer.json


@pytest.mark.parametrize("sql", BROKEN)
def test_l6_while_the_journal_is_not_whole_there_is_no_answer(
    caller: Caller, keeper: Keeper, sql: str
) -> None:
    keeper.put(P6M)
    assert one(caller, anchor="2020-01-01")["decision"] == "delete_after"
    with db.writing(why="somebody's hand is in the database"):
        db.database.execute_sql(sql)
    answer = caller.post(PATH, {"items": [{"system": "acme/desk", "category": "D1", "anchor": "2020-01-01"}]})
    assert (answer.status_code, (answer.json or {})["code"]) == (503, "journal_broken")


@pytest.mark.postgresql
def test_l6_while_a_table_is_locked_there_is_no_answer(databases: Engines, at: Callable[[str], None]) -> None:
    with databases.fresh("postgresql", migrated=True) as url:
        db.open(url)
        at(NOW)
        caller = Caller(make(url), "retention:read")
        db.database.obj.execute_sql("SELECT set_config('lock_timeout', '200ms', false)")
        question = {"items": [{"system": "acme/desk", "category": "D1", "anchor": "2020-01-01"}]}
        with psycopg.connect(url) as other:
            other.execute("LOCK TABLE retention_rule IN ACCESS EXCLUSIVE MODE")
            answer = caller.post(PATH, question)
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
        assert caller.post(PATH, question).status_code == 200
        db.close()


def test_receipts_prove_what_was_answered_without_us(
    controllers: str, keeper: Keeper, at: Callable[[str], None]
) -> None:
    at(NOW)
    keeper.put(P6M)
    settings = Settings(database=controllers, hold_key=KEY, signing_key=signing.new_key())
    app = application(settings, [oauth.blueprint, decisions.blueprint, keys.blueprint])
    caller = Caller(app, "retention:read", of=("acme",))
    items = [{"anchor": "2026-01-01", "subject": "customer 4711"}, {"anchor": "2026-12-01"}, {"anchor": "x"}]
    body = {"common": {"system": "acme/desk", "category": "D1"}, "items": items, "receipts": True}
    answer = caller.post(PATH, body).json
    assert answer is not None
    decisions.DecidedSchema().load(answer)
    told = answer["decisions"]
    assert ["receipt" in one for one in told] == [True, False, False]  # nothing was allowed by the others
    jwks = app.test_client().get("/.well-known/jwks.json").json
    assert jwks is not None
    said = signing.verify(told[0].pop("receipt"), jwks, typ=receipts.TYP)
    assert said["answer"] == told[0]
    assert said["item"] == {
        "system": "acme/desk",
        "category": "D1",
        "anchor": "2026-01-01",
    }  # not who it is about
    assert (said["iss"], said["at"], said["client_id"]) == (settings.base_url, NOW, caller.actor)
    assert said["iat"] == int(datetime.fromisoformat(NOW).timestamp())


def test_receipts_are_refused_where_nobody_can_sign(caller: Caller, keeper: Keeper) -> None:
    keeper.put(P6M)
    answer = caller.post(
        PATH, {"common": {"system": "acme/desk", "category": "D1"}, "items": [{}], "receipts": True}
    )
    assert (answer.status_code, (answer.json or {})["code"]) == (503, "no_signing_key")


ADDRESSES = {"id": "D2", "text": "Addresses", "pd": "pd:EmailAddress"}
PLAIN = {"id": "D7", "text": "Everything else"}
P2Y_OF_PLAIN = {**P1Y, "applies_to": ["D7"], "duration": "P2Y"}


def by_kind(anchor: str, **more: str | None) -> dict[str, Any]:
    return told_of(anchor, **{"category": None, "data_category": "pd:Communication", **more})


def test_l4_what_names_no_kind_may_be_of_any_and_keeps_its_data(
    keeper: Keeper, at: Callable[[str], None]
) -> None:
    """It permits nothing: data of a kind that no category names is not known to be there at all."""
    at(NOW)
    keeper.put(P1Y, P2Y_OF_PLAIN, data_categories=[*record()["data_categories"], PLAIN])
    told = by_kind("2025-09-01")
    assert (told["decision"], told["rule"]["period"], told["rule"]["of"]) == ("retain", "P2Y", 2)
    assert code(by_kind("2025-01-01")) == "delete_after"
    assert code(by_kind("2020-01-01", data_category="pd:Opinion")) == "no_rule"
    assert code(told_of("2025-09-01")) == "delete_after", "its category is named"


def test_l4_so_it_is_where_another_register_of_the_system_has_it(
    keeper: Keeper, at: Callable[[str], None]
) -> None:
    at(NOW)
    keeper.put(P1Y)
    assert code(by_kind("2025-09-01")) == "delete_after"
    Keeper("acme", "staff").put(P2Y_OF_PLAIN, data_categories=[PLAIN])
    assert (by_kind("2025-09-01")["decision"], by_kind("2025-09-01")["rule"]["register"]) == (
        "retain",
        "acme/staff",
    )
    assert code(by_kind("2025-09-01", register="acme/customers")) == "delete_after"
    Keeper("acme", "guests").put(P1Y, data_categories=[record()["data_categories"][0], PLAIN])
    assert code(by_kind("2020-01-01")) == "kept_elsewhere", "guests says nothing of its D7"


def test_l8_what_named_no_kind_and_is_withdrawn_may_have_left_data_of_any(
    keeper: Keeper, at: Callable[[str], None]
) -> None:
    at(NOW)
    keeper.put(P1Y)
    staff = Keeper("acme", "staff")
    staff.put(P2Y_OF_PLAIN, data_categories=[PLAIN])
    assert by_kind("2025-09-01")["decision"] == "retain"
    staff.withdraw()
    assert code(by_kind("2025-09-01")) == "kept_elsewhere"
    assert code(by_kind("2025-09-01", register="acme/customers")) == "delete_after"


def test_l8_a_category_that_is_gone_leaves_its_data_to_no_shorter_rule_of_another_register(
    keeper: Keeper, at: Callable[[str], None]
) -> None:
    """The register still speaks of the system, and of nothing else that is alike."""
    at(NOW)
    keeper.put({**P6M, "duration": "P1D"})
    staff = Keeper("acme", "staff")
    staff.put({**P1Y, "applies_to": "all"})
    assert told_of("2027-01-01")["decision"] == "retain"
    staff.put({**P1Y, "applies_to": ["D2"]}, data_categories=[ADDRESSES])
    kind = {"category": None, "data_category": "pd:Communication"}
    for item in ({}, kind):
        assert code(told_of("2027-01-01", **item)) == "kept_elsewhere", item
    at(changing.approve(1, by="client/second", expect=1, delay=DAY)["begins"])
    for item in ({}, kind):
        assert code(told_of("2027-01-01", **item)) == "delete_after", item
    assert journal.verify().ok
