"""Items, the rules that fit them and what these say: each boundary between keeping and deleting, without a database."""

from __future__ import annotations

import dataclasses
from typing import Any

import orjson
import pytest

from registry.catalogue.record import assemble
from registry.retention.decisions import decision
from registry.retention.decisions.decision import (
    FIELDS,
    UNKNOWN,
    Item,
    Row,
    Unknown,
    concerns,
    decide,
    read,
    ruling,
)
from registry.retention.rules.rules import derive
from registry.retention.rules.saying import Saying
from tests.retention.conftest import record
from tests.retention.test_rules import stored

NOW = "2027-03-10T09:00:00.000000Z"
P6M = {"applies_to": ["D1"], "duration": "P6M", "action": "erase", "mode": "automatic"}
ITEM = {"system": "acme/desk", "category": "D1"}


def rows(*retention: dict[str, Any], register: str = "customers", **other: Any) -> list[Row]:
    """What is in force of a register with these statements, as it is stored and read back."""
    controller = {"name": "Acme", "time_zone": other.pop("zone", "Europe/Helsinki")}
    made = assemble(f"acme/{register}", record(*retention, **other), controller, {"desk": {"name": "Desk"}})
    said = Saying(made, list(derive(made, stored(version=3))), {"revision": 2}).all()
    return [
        Row(register, one.category, one.data_category, one.silent, one.conflict, one.period, one.ends, one.document)
        for one in said
    ]  # fmt: skip


def told(item: dict[str, Any], *among: Row, now: str = NOW) -> dict[str, Any]:
    """The decision on an item, or the code of why there is none."""
    try:
        asked = read({name: value for name, value in {**ITEM, **item}.items() if value is not None})
        return decide(asked, ruling(asked, among), now)
    except Unknown as unknown:
        return {"decision": unknown.code, "because": UNKNOWN[unknown.code]}


def code(item: dict[str, Any], *among: Row, now: str = NOW) -> str:
    return str(told(item, *among, now=now)["decision"])


# --- items

WRONG = ("acme", "acme/", "/desk", "acme/desk/x", "Acme/desk", "acme/De sk", "acme desk")


@pytest.mark.parametrize(
    "raw",
    [
        None, [], "x", 7, {}, {"system": "acme/desk"}, {"category": "D1"},
        {**ITEM, "data_category": "pd:Name"}, {**ITEM, "more": "x"},
        *[{**ITEM, name: wrong} for name in sorted(FIELDS) for wrong in ("", None, 1, True, [], "x" * 501)],
        *[{**ITEM, "system": wrong} for wrong in WRONG],
        *[{**ITEM, "register": wrong} for wrong in ("acme", "acme/", "/x", "acme/X y")],
    ],
)  # fmt: skip
def test_what_is_no_item(raw: Any) -> None:
    with pytest.raises(Unknown) as caught:
        read(raw)
    assert caught.value.code == "bad_item"
    assert str(caught.value) == "bad_item"


def test_an_item_is_what_it_says() -> None:
    assert read({**ITEM, "register": "acme/customers", "anchor": "x" * 500, "subject": "y"}) == Item(
        system=("acme", "desk"), register="customers", category="D1", data_category=None, anchor="x" * 500, event=None,
        criterion_anchor=None, data_subject=None, subject="y",
    )  # fmt: skip
    by_kind = read(
        {"system": "a/b", "data_category": "c", "event": "e", "criterion_anchor": "d", "data_subject": "s"}
    )
    assert by_kind == Item(("a", "b"), None, None, "c", None, "e", "d", "s", None)
    assert by_kind.about == (("a", "b"), None, None, "c")
    assert set(by_kind.__slots__) == FIELDS
    assert decision.LONGEST == 500


def test_a_register_of_another_controller_has_no_rule() -> None:
    with pytest.raises(Unknown) as caught:
        read({**ITEM, "register": "other/customers"})
    assert caught.value.code == "no_rule"


@pytest.mark.parametrize("register", [None, "customers", "staff"])
@pytest.mark.parametrize(
    "by",
    [
        {"category": "D1"},
        {"category": "D2"},
        {"data_category": "pd:Communication"},
        {"data_category": "pd:Name"},
    ],
)
def test_a_row_is_about_an_item_of_its_register_and_of_its_category_or_kind(
    register: str | None, by: dict[str, str]
) -> None:
    (row, _) = rows(P6M)
    item = read({"system": "acme/desk", **by, **({"register": f"acme/{register}"} if register else {})})
    alike = next(iter(by.values())) in ("D1", "pd:Communication")
    assert concerns(item, row) is (alike and register != "staff")


# --- rulings


STAFF = {"register": "staff"}


def test_the_longest_rules_and_says_so() -> None:
    both = [*rows(P6M), *rows({**P6M, "duration": "P1Y"}, register="staff")]
    item = read(ITEM)
    for among in (both, both[::-1]):
        ruled = ruling(item, among)
        assert ruled.longest.period == "P1Y"
        assert ruled.rule["register"] == "acme/staff"
        assert sorted(row.period or "" for row in ruled.rows) == ["P1Y", "P6M"]
    assert ruling(read({**ITEM, "register": "acme/customers"}), both).longest.period == "P6M"
    assert told({"anchor": "2026-04-01"}, *both)["rule"] == {
        "register": "acme/staff", "category": "D1", "version": 3, "revision": 2, "period": "P1Y", "of": 2,
    }  # fmt: skip


def test_of_equal_ones_the_first_is_told() -> None:
    a, b = rows(P6M)[0], rows({**P6M, "duration": "P6M"}, register="staff")[0]
    assert ruling(read(ITEM), [a, b]).longest is a
    year, months = rows({**P6M, "duration": "P1Y"})[0], rows({**P6M, "duration": "P12M"}, register="staff")[0]
    assert ruling(read(ITEM), [months, year]).longest is months


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({**P6M, "duration": "P180D"}, "conflict"),  # cannot be ordered
        ({**P6M, "action": "anonymise"}, "conflict"),
        ({**P6M, "starts_from": "closed"}, "conflict"),
        ({"applies_to": ["D1"], "criterion": "end of membership", "action": "erase"}, "conflict"),
        ({"applies_to": ["D1"], "criterion": "harkinnan mukaan", "action": "erase"}, "conflict"),
        ({**P6M, "applies_to": ["D2"]}, "kept_elsewhere"),  # a D1 without a rule
        ({**P6M, "duration": "P3M"}, "delete_after"),
        ({**P6M, "duration": "P7M"}, "retain"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_rules_that_cannot_be_told_apart_keep(second: dict[str, Any], said: str, turned: bool) -> None:
    among = [*rows(P6M), *rows(second, register="staff")]
    assert code({"anchor": "2026-09-01"}, *(among[::-1] if turned else among)) == said


def test_of_criteria_alike_the_first_is_told() -> None:
    among = [*rows(CRITERION), *rows(CRITERION, register="staff")]
    assert ruling(read(ITEM), among).longest is among[0]


def test_every_code_is_told_what_to_do_about_it() -> None:
    assert set(UNKNOWN) == {
        "bad_item", "no_rule", "kept_elsewhere", "conflict", "data_subject_needed", "other_people", "anchor_missing",
        "anchor_invalid", "anchor_in_future", "event_needed", "wrong_event", "criterion_anchor_needed",
        "out_of_calendar", "subject_needed", "hold_unreadable",
    }  # fmt: skip


def test_nothing_is_no_rule() -> None:
    assert code({"anchor": "2020-01-01"}) == "no_rule"
    assert code({"anchor": "2020-01-01", "category": "D2"}, *rows(P6M)) == "no_rule"
    assert code({"anchor": "2020-01-01"}, *rows(P6M, register="a", zone="Europe/Helsinki")[1:]) == "no_rule"
    silent = rows({**P6M, "applies_to": ["D2"]})
    assert silent[0].silent
    assert code({"anchor": "2020-01-01"}, *silent) == "no_rule"


OTHERS = [{"id": "D1", "text": "Something"}, {"id": "D2", "text": "Addresses", "pd": "pd:EmailAddress"}]


@pytest.mark.parametrize(
    ("of_kind", "of_none", "said"),
    [
        (None, P6M, "no_rule"),  # what may hold data of the kind permits nothing
        (None, {**P6M, "applies_to": ["D2"]}, "no_rule"),
        (P6M, None, "delete_after"),
        (P6M, P6M, "delete_after"),
        (P6M, {**P6M, "duration": "P7M"}, "retain"),
        ({**P6M, "duration": "P7M"}, P6M, "retain"),
        (P6M, {**P6M, "applies_to": ["D2"]}, "kept_elsewhere"),
        ({**P6M, "applies_to": ["D2"]}, P6M, "no_rule"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_asked_by_kind_a_category_of_no_kind_keeps_and_permits_nothing(
    of_kind: dict[str, Any] | None, of_none: dict[str, Any] | None, said: str, turned: bool
) -> None:
    among = rows(of_kind)[:1] if of_kind else []
    if of_none:
        among += rows(of_none, register="staff", data_categories=OTHERS)[:1]
        assert among[-1].data_category is None
    asked = {"category": None, "data_category": "pd:Communication", "anchor": "2026-09-01"}
    assert code(asked, *(among[::-1] if turned else among)) == said


def test_one_conflict_is_a_conflict_of_all() -> None:
    a = rows(P6M)[0]
    for among in ([a, dataclasses.replace(a, conflict=True)], [dataclasses.replace(a, conflict=True), a]):
        with pytest.raises(Unknown, match="conflict"):
            ruling(read(ITEM), among)


def test_a_rule_with_a_period_and_one_without_are_a_conflict_also_where_they_end_alike() -> None:
    a = rows(P6M)[0]
    b = Row("staff", "D1", a.data_category, False, False, None, a.ends, a.document)
    for among in ([a, b], [b, a]):
        with pytest.raises(Unknown, match="conflict"):
            ruling(read(ITEM), among)


# --- when it is over


@pytest.mark.parametrize(
    ("anchor", "said", "until"),
    [
        ("2026-09-09", "delete_after", "2027-03-09T22:00:00.000000Z"),
        ("2026-09-10", "retain", "2027-03-10T22:00:00.000000Z"),
        ("2026-09-09T20:59:59.999999Z", "delete_after", "2027-03-09T22:00:00.000000Z"),
        ("2026-09-09T21:00:00Z", "retain", "2027-03-10T22:00:00.000000Z"),  # the 10th in Helsinki
        ("2026-08-31", "delete_after", "2027-02-28T22:00:00.000000Z"),
    ],
)
def test_the_day_reached_is_kept_to_its_end(anchor: str, said: str, until: str) -> None:
    found = told({"anchor": anchor}, *rows(P6M))
    assert (found["decision"], found.get("delete_after", found.get("until"))) == (said, until)
    assert found["then"] == "erase"
    assert found.get("why") == ("period_running" if said == "retain" else None)
    assert found["latest"] == until, "by itself, and so no later"


def test_not_an_instant_before_and_at_once_then() -> None:
    end = "2027-02-28T22:00:00.000000Z"
    assert code({"anchor": "2026-08-31"}, *rows(P6M), now="2027-02-28T21:59:59.999999Z") == "retain"
    assert code({"anchor": "2026-08-31"}, *rows(P6M), now=end) == "delete_after"
    found = told({"anchor": "2026-08-31"}, *rows({**P6M, "action": "anonymise"}), now=end)
    assert (found["decision"], found["anonymise_after"], found["last_day"]) == (
        "anonymise_after",
        end,
        "2027-02-28",
    )


def test_an_archive_is_no_deletion() -> None:
    found = told({"anchor": "2020-01-01"}, *rows({**P6M, "action": "archive"}))
    assert (found["decision"], found["until"], found["why"], found["then"]) == (
        "retain",
        None,
        "to_be_archived",
        "archive",
    )


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({}, "anchor_missing"),
        ({"anchor": "2027-03-10"}, "retain"),
        ({"anchor": "2027-03-11"}, "anchor_in_future"),
        ({"anchor": "2027-03-10T09:00:00Z"}, "retain"),
        ({"anchor": "2027-03-10T09:00:00.000001Z"}, "anchor_in_future"),
        ({"anchor": "2027-02-29"}, "anchor_invalid"),
        ({"anchor": "2027-03-01T00:00:00"}, "anchor_invalid"),
        ({"anchor": "soon"}, "anchor_invalid"),
        ({"anchor": "0001-01-01"}, "delete_after"),
    ],
)
def test_l9_an_anchor_that_is_missing_wrong_or_to_come(item: dict[str, str], said: str) -> None:
    assert code(item, *rows(P6M)) == said


@pytest.mark.parametrize(
    ("period", "said"), [("P20Y", "retain"), ("P26Y", "out_of_calendar"), ("P900Y", "out_of_calendar")]
)
def test_a_period_that_outlives_the_calendar_keeps(period: str, said: str) -> None:
    now = "9974-01-02T00:00:00.000000Z"
    assert code({"anchor": "9974-01-01"}, *rows({**P6M, "duration": period}), now=now) == said


def test_a_rule_published_before_zones_were_part_of_one_deletes_nothing() -> None:
    row = rows(P6M)[0]
    document = row.document.replace(b'"time_zone":"Europe/Helsinki"', b'"time_zone":null')
    old = dataclasses.replace(row, document=document)
    assert old.document != row.document
    assert code({"anchor": "2020-01-01"}, old) == "no_rule"


# --- whose data, from which event


def test_people() -> None:
    some = rows(
        {**P6M, "data_subjects": ["customer", "student"]},
        data_subjects=["customer", "student", "employee"],
    )
    assert code({"anchor": "2020-01-01"}, *some) == "data_subject_needed"
    assert code({"anchor": "2020-01-01", "data_subject": "employee"}, *some) == "other_people"
    assert code({"anchor": "2020-01-01", "data_subject": "student"}, *some) == "delete_after"
    assert code({"anchor": "2020-01-01", "data_subject": "employee"}, *rows(P6M)) == "delete_after", (
        "everybody"
    )
    both = [*some, *rows(P6M, register="staff")]
    assert code({"anchor": "2020-01-01", "data_subject": "employee"}, *both) == "other_people", (
        "each rule is asked"
    )


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (None, "event_needed"), ("created", "wrong_event"), ("closed", "delete_after"),
        ("End of the  conversation.", "delete_after"), ("keskustelun päättyminen", "wrong_event"),
    ],
)  # fmt: skip
def test_the_event_is_named_by_its_word_or_as_it_is_stated(event: str | None, said: str) -> None:
    item = {"anchor": "2020-01-01", **({"event": event} if event else {})}
    assert code(item, *rows({**P6M, "starts_from": "end of the conversation"})) == said


def test_an_event_that_is_no_known_word_is_named_as_it_is_stated() -> None:
    some = rows({**P6M, "starts_from": "the third full moon"})
    assert code({"anchor": "2020-01-01", "event": "The third full moon"}, *some) == "delete_after"
    assert code({"anchor": "2020-01-01", "event": "the second"}, *some) == "wrong_event"


def test_an_event_where_the_rule_names_none_is_no_matter() -> None:
    assert code({"anchor": "2020-01-01", "event": "whatever"}, *rows(P6M)) == "delete_after"


CRITERION = {"applies_to": ["D1"], "criterion": "end of membership", "action": "erase", "mode": "manual"}


def test_a_criterion_without_a_period_is_over_with_its_day() -> None:
    item = {"event": "end_of_membership"}
    assert code({"anchor": "2020-01-01"}, *rows(CRITERION)) == "event_needed"
    assert code({"anchor": "2020-01-01", "event": "closed"}, *rows(CRITERION)) == "wrong_event"
    found = told({**item, "anchor": "2027-03-09"}, *rows(CRITERION))
    assert (found["decision"], found["delete_after"], found["rule"]["period"]) == (
        "delete_after", "2027-03-09T22:00:00.000000Z", None,
    )  # fmt: skip
    assert code({**item, "anchor": "2027-03-10"}, *rows(CRITERION)) == "retain"
    assert (
        code({**item, "anchor": "2020-01-01", "criterion_anchor": "2027-03-10"}, *rows(CRITERION)) == "retain"
    )


@pytest.mark.parametrize(
    ("criterion_anchor", "end"),
    [
        (None, "criterion_anchor_needed"),
        ("2020-06-30", "2020-07-01T21:00:00.000000Z"),
        ("2020-07-01", "2020-07-01T21:00:00.000000Z"),
        ("2020-07-02", "2020-07-02T21:00:00.000000Z"),
        ("2026-01-01", "2026-01-01T22:00:00.000000Z"),
        ("2027-03-11", "anchor_in_future"),
        ("never", "anchor_invalid"),
    ],
)
def test_a_period_and_a_criterion_have_both_to_be_over(criterion_anchor: str | None, end: str) -> None:
    some = rows({**P6M, "starts_from": "closed", "criterion": "end of membership"})
    item = {"anchor": "2020-01-01", "event": "closed"}
    found = told({**item, **({"criterion_anchor": criterion_anchor} if criterion_anchor else {})}, *some)
    assert found.get("delete_after", found["decision"]) == end


def test_of_several_registers_the_one_that_is_over_last_decides() -> None:
    both = [*rows(P6M), *rows(P6M, register="staff", zone="America/St_Johns")]
    found = told({"anchor": "2026-08-31"}, *both)
    assert found["delete_after"] == "2027-03-01T03:30:00.000000Z", "the day ends later there"


# --- when it must be gone


SWEPT = {**P6M, "mode": "periodic", "interval": "P1Y"}


def test_the_longest_life_is_told_with_the_purge_interval_in_it() -> None:
    assert told({"anchor": "2026-08-31"}, *rows(SWEPT))["latest"] == "2028-02-29T22:00:00.000000Z"
    assert "latest" not in told({"anchor": "2026-08-31"}, *rows({**P6M, "mode": "manual"}))


def test_of_several_rules_no_longest_life_is_told() -> None:
    assert "latest" not in told({"anchor": "2026-08-31"}, *rows(SWEPT), *rows(SWEPT, register="staff"))


def test_a_life_that_outlives_the_calendar_is_not_told() -> None:
    now = "9974-01-02T00:00:00.000000Z"
    found = told({"anchor": "9974-01-01"}, *rows({**SWEPT, "interval": "P30Y"}), now=now)
    assert (found["decision"], "latest" in found) == ("retain", False)


# --- what a publication says of each category


def saying(*retention: dict[str, Any], **other: Any) -> Saying:
    made = assemble(
        "acme/customers", record(*retention, **other), {"name": "Acme"}, {"desk": {"name": "Desk"}}
    )
    return Saying(made, list(derive(made, stored(version=3))), {"revision": 2})


def test_a_silence_is_told_as_what_keeps() -> None:
    rule, silent = saying(P6M).all()
    assert (rule.silent, rule.conflict, rule.period, rule.zone) == (False, False, "P6M", "Europe/Helsinki")
    assert (silent.category, silent.data_category, silent.silent, silent.conflict) == (
        "D2", "pd:EmailAddress", True, True,
    )  # fmt: skip
    assert (silent.period, silent.ends, silent.subjects, silent.zone) == (None, "", None, None)
    assert orjson.loads(silent.document) == {
        "category": "D2", "data_category": "pd:EmailAddress", "period": None, "conflict": True, "silent": True,
        "register": "acme/customers", "systems": ["acme/desk"], "revision": 2,
    }  # fmt: skip


def test_the_people_of_a_rule_are_told() -> None:
    some = saying({**P6M, "data_subjects": ["customer"]}, data_subjects=["customer"]).all()[0]
    assert some.subjects == {"customer"}
    assert saying(P6M).all()[0].subjects is None


def test_a_register_that_is_not_in_use_says_nothing() -> None:
    assert saying(P6M, register={"name": "Asiakkaat", "status": "planned"}).all() == []


def test_what_is_unclear_is_a_conflict_without_a_period_or_anything_to_count_from() -> None:
    said = saying({**P6M, "mode": "periodic", "interval": "P1Y", "starts_from": "closed"})
    one = said.unclear(said.all()[0], "pd:Name")
    assert (one.category, one.data_category, one.silent, one.conflict, one.period, one.ends) == (
        "D1", "pd:Name", False, True, None, " |  | ",
    )  # fmt: skip
    document = orjson.loads(one.document)
    assert (document["conflict"], document["conflict_because"], document["data_category"]) == (
        True, "change_pending", "pd:Name",
    )  # fmt: skip
    nothing = (
        "period",
        "start_event",
        "criterion",
        "caller_supplies",
        "action",
        "mode",
        "interval",
        "longest_life",
    )
    assert {document[name] for name in (*nothing, "longest_life_stated")} == {None}
    assert document["revision"] == 2
