"""What is foreseen is what looking day by day would find, on both engines; and /v1/forecast."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from flask import Flask

from registry import clock
from registry.catalogue import store
from registry.checks import book as book_
from registry.checks.book import Check, book
from registry.checks.days import foreseen
from registry.checks.days.then import end_of, look, standing, zone_on
from registry.checks.days.turns import turns
from registry.checks.findings import waiving
from registry.checks.routes import forecast
from registry.checks.rule import Case, Outcome
from registry.checks.runs.running import Scope, run
from registry.connectors.observations.stored import record_observation
from registry.law import Law, law
from tests.checks.conftest import BY, NEWS, Declare
from tests.connectors.asking import Caller, make

NOW = "2026-11-22T09:00:00.000000Z"
FIRST, LAST_DAY = date(2026, 11, 22), date(2027, 5, 22)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def turning_law() -> Law:
    """The law with an end of the DPF, a repealed act and an end of the older clauses ahead."""
    table = law()
    dpf = dataclasses.replace(table.instruments["dpf_eu_us"], ended_on=date(2027, 2, 1), ended_by="assumed")
    act = table.act("Tietosuojalaki 1050/2018")
    assert act is not None
    gone = dataclasses.replace(act, repealed_on=date(2027, 3, 1), repealed_by="assumed")
    return dataclasses.replace(
        table,
        instruments=MappingProxyType({**table.instruments, "dpf_eu_us": dpf}),
        acts=MappingProxyType({**table.acts, act.key: gone}),
    )


def by_looking(controller: str, key: str, table: Law | None) -> list[tuple[date, str, str, str]]:
    """Every turn, found by asking the rules on every day."""
    found, before = [], foreseen._said(controller, key, FIRST, table)
    day = FIRST
    while day < LAST_DAY:
        day += DAY
        after = foreseen._said(controller, key, day, table)
        found += [(day, turn.change, turn.code, turn.key) for turn in turns(before, after)]
        before = after
    return sorted(found)


def told(controller: str, key: str, table: Law | None) -> list[tuple[date, str, str, str]]:
    rows = foreseen.foreseen(controller, key, FIRST, LAST_DAY, table=table)
    return sorted(
        (one.day, one.change, one.turn.code, one.turn.key)
        for one in rows
        if one.turn and one.change != "speaks"
    )


RECORDS: dict[str, dict[str, Any]] = {
    "dpf": {**NEWS, "transfers": {"items": [{"importer": "A", "country": "US", "instrument": "dpf_eu_us"}]}},
    "act": {**NEWS, "document": {"updated_on": "2026-01-01", "cited_laws": ["Tietosuojalaki 1050/2018"]}},
    "certified-later": {
        **NEWS,
        "transfers": {
            "items": [
                {
                    "importer": "A",
                    "country": "US",
                    "instrument": "dpf_eu_us",
                    "certification_date": "2026-12-24",
                }
            ]
        },
    },
    "planned": NEWS,
    "ends": NEWS,
    "begins": NEWS,
}


@pytest.fixture
def future(declare: Declare) -> Declare:
    """Registers of acme with something ahead of each."""
    for name, record in RECORDS.items():
        declare(f"acme/{name}", record, **({"effective_from": "2027-04-01"} if name == "begins" else {}))
    declare(
        "acme/planned",
        {**NEWS, "rights": ["access", "rectification", "erasure", "restriction"]},
        "2027-01-15",
    )
    declare("acme/planned", {**NEWS, "legal_bases": []}, "2027-03-14T22:30:00.000000Z")
    store.end("register", "acme", "ends", by=BY, expect=1, effective_from="2027-02-10T12:00:00.000000Z")
    return declare


@pytest.fixture
def odd_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule with a period of its own, which no date in the record gives away: it fails from the 100th day of 2027 to
    the 130th, and only says so then.
    """

    def check(case: Case) -> Outcome:
        fails = date(2027, 4, 10) <= case.as_of < date(2027, 5, 10)
        return (case.fail if fails else case.passes)("/retention", fi="Aika.", en="Time.")

    odd: Check = dataclasses.replace(book()["COM003"], check=check)
    everything = MappingProxyType({**book(), "COM003": odd})
    monkeypatch.setattr(book_, "book", lambda: everything)


@pytest.mark.parametrize("table", [None, turning_law()], ids=["as-printed", "turning"])
def test_what_is_foreseen_is_what_every_day_shows(future: Declare, table: Law | None) -> None:
    found = {name: told("acme", name, table) for name in RECORDS}
    assert found == {name: by_looking("acme", name, table) for name in RECORDS}
    days = {name: {row[0].isoformat() for row in rows} for name, rows in found.items()}
    assert days["planned"] == {"2027-01-15", "2027-03-15"}, "half past midnight in Helsinki"
    assert (days["ends"], days["begins"]) == ({"2027-02-10"}, {"2027-04-01"})
    if table is not None:
        assert "2027-02-01" in days["dpf"]
        assert "2027-03-01" in days["act"]
        assert (date(2027, 2, 1), "starts", "LAW203", "a") in found["dpf"]
        assert {row[1:] for row in found["certified-later"] if row[2] == "LAW203"} == {
            ("stops", "LAW203", "a"), ("starts", "LAW203", "a"),
        }  # fmt: skip


def test_a_period_of_a_rules_own_is_found_by_halving(declare: Declare, odd_rule: None) -> None:
    declare("acme/news", {**NEWS, "document": {"next_review_on": "2027-04-20"}})
    rows = told("acme", "news", None)
    assert (date(2027, 4, 10), "starts", "COM003", "") in rows
    assert (date(2027, 5, 10), "stops", "COM003", "") in rows
    assert rows == by_looking("acme", "news", None)


def test_few_days_are_asked_about(future: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[date] = []
    ask = foreseen._said
    monkeypatch.setattr(foreseen, "_said", lambda *given: (asked.append(given[2]), ask(*given))[1])
    foreseen.foreseen("acme", "dpf", FIRST, date(2031, 11, 22))
    assert len(asked) == len(set(asked)) <= 12


def test_reviews_come_due(declare: Declare) -> None:
    declare("acme/news", {**NEWS, "document": {"updated_on": "2026-06-01", "next_review_on": "2027-01-31"}})
    store.declare("controller", "acme", "acme", {"name": "acme", "review_interval": "P8M"}, by=BY, expect=1)
    rows = [one for one in foreseen.foreseen("acme", "news", FIRST, LAST_DAY) if one.change == "due"]
    assert [(one.day.isoformat(), one.because[0].what) for one in rows] == [
        ("2027-01-31", "/document/next_review_on"),
        ("2027-02-01", "/controller/review_interval"),
    ]


def test_a_waiver_that_ends_lets_its_finding_speak(declare: Declare) -> None:
    declare("acme/news", {**NEWS, "complaint": "partly_stated"})
    run(Scope(register=("acme", "news")), by=BY)
    waived = waiving.propose(
        "acme", "news", "COM011", "", reason="Printing in January.", until=date(2027, 1, 31), by=BY
    )
    assert waived["state"] == "granted"
    (row,) = (one for one in foreseen.foreseen("acme", "news", FIRST, LAST_DAY) if one.change == "speaks")
    assert (row.day, row.turn.code, row.turn.after.kind) == (date(2027, 2, 1), "COM011", "fail")  # type: ignore[union-attr]  # it has one
    assert row.because[0].of == "waiver"
    declare("acme/news", {**NEWS, "complaint": "stated"}, clock.instant("2027-01-10"))
    assert not [one for one in foreseen.foreseen("acme", "news", FIRST, LAST_DAY) if one.change == "speaks"]


def test_evidence_that_expires_is_a_date_that_matters(declare: Declare) -> None:
    declare("acme/news")
    record_observation(
        "acme/desk", "accounts", {"accounts": []}, by=BY, taken_at="2026-11-01T00:00:00Z",
        source_level="attestation", complete=True, expires_on="2027-01-15", reference="Letter 3/2026",
    )  # fmt: skip
    matters = foreseen._matters("acme", "news", FIRST, LAST_DAY, law())
    assert [reason.of for reason in matters[date(2027, 1, 15)]] == ["observation"]
    assert told("acme", "news", None) == by_looking("acme", "news", None)


def test_the_day_is_the_controllers(declare: Declare) -> None:
    declare("acme/news")
    zone = {"name": "acme", "time_zone": "Pacific/Auckland"}
    store.declare(
        "controller", "acme", "acme", zone, by=BY, expect=1, effective_from="2018-01-02T00:00:00.000000Z"
    )
    declare("acme/news", {**NEWS, "legal_bases": []}, "2026-12-31T22:00:00.000000Z")
    rows = told("acme", "news", None)
    assert {row[0] for row in rows} == {date(2027, 1, 1)}, "eleven in the morning of New Year's Day there"
    assert end_of(FIRST, zone_on("acme", FIRST)) == "2026-11-22T10:59:59.999999Z"


# --- over HTTP


@pytest.fixture
def app(future: Declare, opened: str) -> Flask:
    future("club/members", {"register": "Jäsenet"})
    return make(opened, forecast.blueprint)


def answer(caller: Caller, status: int = 200, **query: Any) -> dict[str, Any]:
    got = caller.get("/v1/forecast", **query)
    assert got.status_code == status, got.data
    return dict(got.json)


def test_a_forecast_of_a_register_and_of_a_controller(app: Flask) -> None:
    acme = Caller(app, "findings:read", of=("acme",))
    one = answer(acme, register="acme/planned", months=6)
    assert forecast.ForecastSchema().validate(one) == {}
    assert (one["as_of"], one["until"], one["registers"]) == ("2026-11-22", "2027-05-22", 1)
    assert {change["day"] for change in one["changes"]} == {"2027-01-15", "2027-03-15"}
    (begins,) = (change for change in one["changes"] if change["code"] == "COM001")
    assert (begins["change"], begins["before"]["kind"], begins["after"]["kind"]) == ("starts", "pass", "fail")
    assert begins["because"] == [{"of": "version", "what": "register/acme/planned v3"}]
    all_ = answer(acme, controller="acme", months=6)
    assert all_["registers"] == len(RECORDS)
    assert [change for change in all_["changes"] if change["register"] == "acme/planned"] == one["changes"]
    assert [change["day"] for change in all_["changes"]] == sorted(
        change["day"] for change in all_["changes"]
    )
    assert answer(acme, register="acme/planned", months=1)["changes"] == []
    assert answer(acme, register="acme/planned")["until"] == "2027-11-22"


QUERIES = [
    ({}, 422, "scope_needed"),
    ({"register": "acme/dpf", "controller": "acme"}, 422, "scope_needed"),
    ({"register": "acme/dpf", "months": "0"}, 422, None),
    ({"register": "acme/dpf", "months": "61"}, 422, None),
    ({"register": "acme/dpf", "months": "1.5"}, 422, None),
    ({"register": "acme"}, 422, "invalid_key"),
    ({"register": "acme/nothing"}, 404, "not_found"),
    ({"register": "club/members"}, 404, "not_found"),
    ({"controller": "club"}, 404, "not_found"),
    ({"controller": "nobody"}, 404, "not_found"),
]


def test_questions_that_cannot_be_are_refused(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    acme = Caller(app, "findings:read", of=("acme",))
    for query, status, code in QUERIES:
        got = answer(acme, status, **query)
        assert code in (None, got["code"], *(one["code"] for one in got.get("errors", ()))), (query, got)
    monkeypatch.setattr(clock, "now", lambda: "2027-03-01T00:00:00.000000Z")
    late = Caller(app, "findings:read", of=("acme",))
    assert answer(late, 410, register="acme/ends")["code"] == "gone"
    assert answer(late, controller="acme")["registers"] == len(RECORDS) - 1
    assert Caller(app, "registers:read").get("/v1/forecast", controller="acme").status_code == 403


def test_looking_and_standing_agree(future: Declare) -> None:
    scope = Scope(register=("acme", "dpf"))
    (seen,) = look(scope, FIRST)
    (stood,) = standing(scope, FIRST)
    assert (seen.version, stood.end < clock.ENDLESS) == (stood.written.version, True)
