"""Time and as-of over HTTP, group by group of what can go wrong (K1 to K7), on both engines."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from registry import clock, journal
from registry.catalogue import registers, store, systems
from registry.checks.routes import findings, forecast, runs, what_if
from registry.connectors.observations.stored import record_observation
from registry.connectors.routes import observations
from registry.consequences import routes as consequences
from registry.db import writes
from registry.law import routes as law_routes
from tests.checks.conftest import BY, NEWS
from tests.connectors.asking import Caller, make

RIGHTS = {**NEWS, "rights": ["access", "rectification", "erasure", "restriction"]}
SCOPES = (
    "registers:read", "registers:write", "systems:read", "findings:read", "findings:write", "observations:read",
)  # fmt: skip
CHANGE = "2026-03-10T12:00:00.000000Z"
BEFORE, AFTER = "2026-03-10T11:59:59.999999Z", "2026-03-10T12:00:00.000001Z"


class Clock:
    """A clock that tests set; `registry.clock.now` reads it."""

    def __init__(self) -> None:
        self.time = "2026-01-01T00:00:00.000000Z"


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(clock, "now", lambda: made.time)
    return made


@pytest.fixture
def app(at: Clock, opened: str) -> Flask:
    for kind, key, body in (
        ("controller", "acme", {"name": "acme"}), ("system", "desk", {"name": "Desk"}), ("register", "news", NEWS),
    ):  # fmt: skip
        store.declare(kind, "acme", key, body, by=BY, expect=store.NEW)
    return make(
        opened, registers.blueprint, systems.blueprint, findings.blueprint, runs.blueprint, forecast.blueprint,
        what_if.blueprint, consequences.blueprint, observations.blueprint, law_routes.blueprint,
    )  # fmt: skip


@pytest.fixture
def ask(app: Flask, at: Clock) -> Callable[..., Any]:
    """Asks as a caller whose token is good at the time that the clock shows."""
    callers: dict[str, Caller] = {}

    def asked(path: str, body: Any = None, **query: Any) -> Any:
        caller = callers.setdefault(at.time, Caller(app, *SCOPES))
        return caller.post(path, body) if body is not None else caller.get(path, **query)

    return asked


def change(body: dict[str, Any], expect: int, since: str | None = None) -> str:
    return store.declare(
        "register", "acme", "news", body, by=BY, expect=expect, effective_from=since
    ).recorded_at


@writes
def corrected_often(times: int) -> None:
    """So many corrections of the first version, each a version of its own."""
    for number in range(1, times + 1):
        change({**RIGHTS, "document": {"version": str(number)}}, number, "2026-01-01T00:00:00.000000Z")


def failing(answer: Any) -> set[str]:
    assert answer.status_code == 200, answer.data
    told = answer.json
    return {one["code"] for one in told.get("items") or told["findings"] if one["kind"] == "fail"}


# --- K1: exactly at a change, a microsecond before, a microsecond after


def test_k1_a_change_holds_from_its_own_microsecond_on(ask: Callable[..., Any], at: Clock) -> None:
    at.time = "2026-06-01T00:00:00.000000Z"
    change(RIGHTS, 1, CHANGE)
    for moment, version in ((BEFORE, 1), (CHANGE, 2), (AFTER, 2), ("2026-03-10T14:00:00+02:00", 2)):
        assert ask("/v1/registers/acme/news", as_of=moment).json["version"] == version, moment
        (listed,) = ask("/v1/registers", as_of=moment).json["items"]
        assert listed["version"] == version, moment


def test_k1_what_was_known_is_known_from_its_own_microsecond_on(ask: Callable[..., Any], at: Clock) -> None:
    at.time = CHANGE
    assert change(RIGHTS, 1) == CHANGE
    at.time = "2026-06-01T00:00:00.000000Z"
    for moment, version in ((BEFORE, 1), (CHANGE, 2), (AFTER, 2)):
        assert ask("/v1/registers/acme/news", known_at=moment).json["version"] == version, moment
        codes = failing(ask("/v1/findings", register="acme/news", as_of="2026-05-01", known_at=moment))
        assert ("COM009" in codes) is (version == 1), moment


DAYS = [  # when the change takes effect, the last day without it and the first day with it, where the controller is
    ("Europe/Helsinki", "2026-03-10T21:59:59.999999Z", "2026-03-09", "2026-03-10"),
    ("Europe/Helsinki", "2026-03-10T22:00:00.000000Z", "2026-03-10", "2026-03-11"),
    ("Europe/Helsinki", "2026-03-29T20:59:59.999999Z", "2026-03-28", "2026-03-29"),  # a day of 23 hours
    ("Europe/Helsinki", "2026-10-25T21:59:59.999999Z", "2026-10-24", "2026-10-25"),  # a day of 25 hours
    ("Pacific/Auckland", "2026-03-10T10:59:59.999999Z", "2026-03-09", "2026-03-10"),
    ("Pacific/Auckland", "2026-03-10T11:00:00.000000Z", "2026-03-10", "2026-03-11"),
]


@pytest.mark.parametrize(("zone", "since", "without", "with_"), DAYS)
def test_k1_a_day_of_the_checks_ends_where_the_controller_is(
    ask: Callable[..., Any], at: Clock, zone: str, since: str, without: str, with_: str
) -> None:
    store.declare("controller", "acme", "acme", {"name": "acme", "time_zone": zone}, by=BY, expect=1)
    at.time = "2026-11-22T00:00:00.000000Z"
    change(RIGHTS, 1, since)
    now = at.time
    for day, wrong in ((without, True), (with_, False)):
        stored = ask("/v1/check-runs", {"register": "acme/news", "as_of": day})
        then = ask("/v1/findings", register="acme/news", as_of=day, known_at=now)
        all_ = ask("/v1/findings", controller="acme", as_of=day, known_at=now)
        assert [("COM009" in failing(one)) for one in (stored, then, all_)] == [wrong] * 3, day


def test_k1_the_law_turns_at_midnight(ask: Callable[..., Any], at: Clock) -> None:
    change(NEWS, 1, "2018-01-01T00:00:00.000000Z")
    for day, wrong in (("2020-07-15", False), ("2020-07-16", True)):
        assert ("LAW203" in failing(ask("/v1/check-runs", {"register": "acme/news", "as_of": day}))) is wrong
        known = ask("/v1/findings", register="acme/news", as_of=day, known_at=at.time)
        assert ("LAW203" in failing(known)) is wrong


# --- K2: what is no time


NO_TIME = [
    "yesterday", "", "20270101", "2027-W01-1", "2027-1-1", "0000-01-01", "0000-01-01T00:00:00Z", "2026-02-30",
    "2026-01-01T24:00:00Z", "2026-06-30T23:59:60Z", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z",
    "2026-01-01T00:00:00.0000001Z", "2026-01-01T00:00Z", "-2026-01-01", "99999-01-01", "2026-01-01T00:00:00+24:00",
    "٢٠٢٦-٠١-٠١",
]  # fmt: skip
QUESTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("/v1/registers", {}, "as_of"),
    ("/v1/registers", {}, "known_at"),
    ("/v1/registers/acme/news", {}, "as_of"),
    ("/v1/registers/acme/news", {}, "known_at"),
    ("/v1/systems/acme/desk", {}, "as_of"),
    ("/v1/findings", {"register": "acme/news"}, "as_of"),
    ("/v1/findings", {"register": "acme/news", "as_of": "2026-01-01"}, "known_at"),
    ("/v1/findings", {}, "known_at"),
    ("/v1/law", {}, "as_of"),
    ("/v1/observations", {}, "since"),
]


def test_k2_what_is_no_time_is_refused_everywhere(ask: Callable[..., Any]) -> None:
    for path, query, name in QUESTIONS:
        for text in NO_TIME:
            answer = ask(path, **query, **{name: text})
            assert answer.status_code == 422, (path, name, text, answer.data)
            assert name in answer.json["errors"][0]["field"], (path, name, text)
    for path, body in (
        ("/v1/check-runs", {"register": "acme/news"}),
        ("/v1/what-if", {"assume": [{"instrument": "dpf_eu_us", "ended_on": "2026-12-01"}]}),
    ):
        for text in (*NO_TIME, "2026-12-02T00:00:00Z", 20261202, True):
            assert ask(path, {**body, "as_of": text}).status_code == 422, (path, text)


def test_k2_a_day_is_no_time_of_knowing_and_a_time_no_day_of_the_checks(ask: Callable[..., Any]) -> None:
    for path, query in (
        ("/v1/registers/acme/news", {}),
        ("/v1/findings", {}),
        ("/v1/findings", {"as_of": "2026-01-02", "register": "acme/news"}),
    ):
        answer = ask(path, **query, known_at="2026-01-02")
        assert [one["code"] for one in answer.json["errors"]] == ["zone_needed"], path
    timed = ask("/v1/findings", register="acme/news", as_of="2026-01-02T00:00:00Z")
    assert [one["code"] for one in timed.json["errors"]] == ["invalid_day"]
    for query in ({}, {"register": "acme/news", "controller": "acme"}):
        unbounded = ask("/v1/findings", **query, as_of="2026-01-02")
        assert [one["code"] for one in unbounded.json["errors"]] == ["scope_needed"]


def test_k2_before_the_first_version_and_before_anybody_knew(ask: Callable[..., Any], at: Clock) -> None:
    for path, query in (("/v1/registers/acme/news", {}), ("/v1/findings", {"register": "acme/news"})):
        answer = ask(path, **query, as_of="2025-12-31")
        assert (answer.status_code, answer.json["code"]) == (404, "not_found"), path
    answer = ask("/v1/findings", register="acme/news", as_of="2025-12-31")
    assert answer.json["applies_from"] == "2026-01-01T00:00:00.000000Z"
    run = ask("/v1/check-runs", {"register": "acme/news", "as_of": "2025-12-31"})
    assert (run.status_code, run.json["applies_from"]) == (404, answer.json["applies_from"])
    at.time = "2026-02-01T00:00:00.000000Z"
    change(NEWS, 1, "2018-01-01T00:00:00.000000Z")
    unknown = ask("/v1/findings", register="acme/news", as_of="2018-06-01")
    assert (unknown.status_code, unknown.json["recorded_at"]) == (404, at.time)
    assert failing(ask("/v1/findings", register="acme/news", as_of="2018-06-01", known_at=at.time))
    assert failing(ask("/v1/check-runs", {"register": "acme/news", "as_of": "2018-06-01"}))
    many = ask("/v1/findings", controller="acme", as_of="2018-06-01")
    assert (many.status_code, many.json["items"], many.json["registers_checked"]) == (200, [], 0)


def test_k2_the_future_is_as_currently_known(ask: Callable[..., Any]) -> None:
    change(RIGHTS, 1, "2090-01-01T00:00:00.000000Z")
    for day, wrong in (("2089-12-31", True), ("2090-01-01", False), ("9999-12-31", False)):
        assert ("COM009" in failing(ask("/v1/findings", register="acme/news", as_of=day))) is wrong, day
        assert ("COM009" in failing(ask("/v1/check-runs", {"as_of": day}))) is wrong, day
    for moment, version in (("9999-12-31T23:59:59Z", 2), ("9999-12-31", 2), ("0001-01-02", None)):
        answer = ask("/v1/registers/acme/news", as_of=moment)
        assert answer.json.get("version") == version, moment
    ended = store.end(
        "register", "acme", "news", by=BY, expect=2, effective_from="2027-01-01T00:00:00.000000Z"
    )
    assert ended.ended
    for day, status in (("2026-12-31", 200), ("2027-01-01", 410), ("2091-01-01", 410)):
        assert ask("/v1/findings", register="acme/news", as_of=day).status_code == status, day


# --- K3: the order is that of the journal, not of the clock


def test_k3_of_two_changes_in_one_microsecond_the_one_written_last_holds(
    ask: Callable[..., Any], at: Clock
) -> None:
    first, second = change(RIGHTS, 1), change({**NEWS, "rights": ["access"]}, 2)
    assert first == second == at.time
    assert ask("/v1/registers/acme/news").json["version"] == 3
    assert ask("/v1/registers/acme/news", as_of=at.time, known_at=at.time).json["version"] == 3
    assert journal.verify().ok


def test_k3_a_clock_set_back_an_hour_takes_nothing_back(ask: Callable[..., Any], at: Clock) -> None:
    at.time = "2026-05-01T12:00:00.000000Z"
    first = change(RIGHTS, 1)
    at.time = "2026-05-01T11:00:00.000000Z"
    second = change({**NEWS, "rights": ["access"]}, 2)
    assert first == second == "2026-05-01T12:00:00.000000Z"
    at.time = "2026-05-01T12:00:01.000000Z"
    assert ask("/v1/registers/acme/news").json["version"] == 3
    recorded = [one["recorded_at"] for one in ask("/v1/registers/acme/news/versions").json["items"]]
    assert recorded == sorted(recorded)
    entries = [
        entry.recorded_at for entry in journal.JournalEntry.select().order_by(journal.JournalEntry.seq)
    ]
    assert entries == sorted(entries)
    assert journal.verify().ok


# --- K5: the past stays as it was


def test_k5_the_same_question_about_the_past_has_the_same_answer_after_many_changes(
    ask: Callable[..., Any], at: Clock
) -> None:
    at.time = "2026-02-01T00:00:00.000000Z"
    record_observation(
        "acme/desk", "deletion_rules", {"rules": []}, by=BY, taken_at="2026-01-20T00:00:00Z", source_level="api",
        complete=True,
    )  # fmt: skip
    at.time = "2026-04-01T00:00:00.000000Z"
    run = ask("/v1/check-runs", {"register": "acme/news"})
    assert run.status_code == 201
    questions: list[tuple[str, dict[str, str]]] = [
        ("/v1/findings", {"register": "acme/news", "as_of": "2026-03-01", "kind": "all", "limit": "200"}),
        ("/v1/findings", {"controller": "acme", "as_of": "2026-01-15", "kind": "all", "limit": "200"}),
        (
            "/v1/findings",
            {"register": "acme/news", "as_of": "2026-03-01", "known_at": "2026-03-05T00:00:00Z"},
        ),
        ("/v1/registers/acme/news", {"as_of": "2026-03-01", "known_at": "2026-03-01T00:00:00Z"}),
        ("/v1/registers/acme/news/versions/1", {}),
    ]
    before = [ask(path, **query).data for path, query in questions]
    assert all(before)
    at.time = "2027-04-01T00:00:00.000000Z"
    corrected_often(1000)
    store.declare("system", "acme", "desk", {"name": "Other", "vendor": "Zendesk"}, by=BY, expect=1,
                  effective_from="2018-01-01T00:00:00.000000Z")  # fmt: skip
    record_observation(
        "acme/desk", "deletion_rules", {"rules": []}, by=BY, taken_at="2026-02-20T00:00:00Z", source_level="api",
        complete=True,
    )  # fmt: skip
    assert [ask(path, **query).data for path, query in questions] == before
    corrected = failing(ask("/v1/check-runs", {"register": "acme/news", "as_of": "2026-03-01"}))
    assert "COM009" not in corrected, "by what is known now it was in order"


# --- K6: both times at once


def test_k6_what_was_true_and_what_was_known_differ_only_where_they_should(
    ask: Callable[..., Any], at: Clock
) -> None:
    at.time = "2026-05-01T00:00:00.000000Z"
    change(RIGHTS, 1, "2026-03-01T00:00:00.000000Z")  # said in May of March
    at.time = "2026-06-01T00:00:00.000000Z"
    table = {
        ("2026-02-15", "2026-04-01T00:00:00Z"): True,
        ("2026-02-15", "2026-05-15T00:00:00Z"): True,
        ("2026-04-15", "2026-04-20T00:00:00Z"): True,
        ("2026-04-15", "2026-05-15T00:00:00Z"): False,
        ("2026-05-15", "2026-04-20T00:00:00Z"): True,
        ("2026-05-15", "2026-05-15T00:00:00Z"): False,
    }
    for (as_of, known_at), wrong in table.items():
        asked = {"as_of": as_of, "known_at": known_at}
        assert ("COM009" in failing(ask("/v1/findings", register="acme/news", **asked))) is wrong, asked
        version = ask("/v1/registers/acme/news", **asked).json["version"]
        assert (version == 1) is wrong, asked
    for as_of, wrong in (("2026-04-15", True), ("2026-05-15", False)):
        page = ask("/v1/findings", register="acme/news", as_of=as_of)
        assert ("COM009" in failing(page)) is wrong, "by default what was known then"
        assert page.json["known_at"] == f"{as_of}T20:59:59.999999Z"
        assert {one["id"] for one in page.json["items"]} == {None}


def test_k6_observations_count_from_when_they_were_taken_and_are_known_from_when_they_were_recorded(
    ask: Callable[..., Any], at: Clock
) -> None:
    at.time = "2026-05-01T00:00:00.000000Z"
    seen = record_observation(
        "acme/desk", "deletion_rules", {"rules": []}, by=BY, taken_at="2026-03-01T00:00:00Z", source_level="api",
        complete=True,
    )  # fmt: skip
    at.time = "2026-06-01T00:00:00.000000Z"
    for as_of, known_at, there in (
        ("2026-02-15", "2026-06-01T00:00:00Z", False),
        ("2026-04-15", "2026-04-20T00:00:00Z", False),
        ("2026-04-15", "2026-05-01T00:00:00Z", True),
        ("2026-05-15", None, True),
        ("2026-04-15", None, False),
    ):
        more = {"known_at": known_at} if known_at else {}
        page = ask("/v1/findings", register="acme/news", as_of=as_of, kind="all", limit=200, **more)
        assert (seen.id in {one["observation"] for one in page.json["items"]}) is there, (as_of, known_at)


# --- K7: where the server stands


def test_k7_the_zone_of_the_server_changes_nothing(
    ask: Callable[..., Any], at: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(RIGHTS, 1, "2026-03-29T01:30:00.000000Z")  # in the hour that Helsinki skips
    at.time = "2026-11-22T00:00:00.000000Z"
    questions: list[tuple[str, dict[str, str]]] = [
        ("/v1/findings", {"register": "acme/news", "as_of": "2026-03-29", "kind": "all", "limit": "200"}),
        ("/v1/findings", {"register": "acme/news", "as_of": "2026-10-25", "kind": "all", "limit": "200"}),
        ("/v1/registers/acme/news", {"as_of": "2026-03-29"}),
        ("/v1/registers/acme/news", {"as_of": "2026-03-30"}),
        ("/v1/registers/acme/news/versions", {}),
        ("/v1/forecast", {"register": "acme/news", "months": "60"}),
    ]
    home = [ask(path, **query).data for path, query in questions]
    for zone in ("America/St_Johns", "Pacific/Kiritimati", "UTC"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert [ask(path, **query).data for path, query in questions] == home, zone
    monkeypatch.undo()
    time.tzset()
    assert journal.verify().ok


def test_k7_the_controllers_zone_is_no_part_of_what_is_stored(ask: Callable[..., Any], at: Clock) -> None:
    change(RIGHTS, 1, "2026-03-10T22:30:00.000000Z")
    before = ask("/v1/registers/acme/news/versions").data
    store.declare("controller", "acme", "acme", {"name": "acme", "time_zone": "Asia/Tokyo"}, by=BY, expect=1)
    assert ask("/v1/registers/acme/news/versions").data == before
    assert journal.verify().ok


def test_k7_there_is_no_leap_second_and_an_offset_is_only_a_way_of_writing(
    ask: Callable[..., Any], at: Clock
) -> None:
    change(RIGHTS, 1, "2016-12-31T23:59:59.999999Z")
    assert ask("/v1/registers/acme/news", as_of="2016-12-31T23:59:60Z").status_code == 422
    for text in (
        "2016-12-31T23:59:59.999999Z",
        "2017-01-01T01:59:59.999999+02:00",
        "2016-12-31T18:59:59.999999-05:00",
    ):
        assert (
            ask("/v1/registers/acme/news", as_of=text).json["effective_from"] == "2016-12-31T23:59:59.999999Z"
        )


def test_k7_a_process_elsewhere_tells_the_same_days() -> None:
    program = (
        "from registry import clock; from registry.checks.days.then import end_of; import datetime as d;"
        "print(end_of(d.date(2026, 3, 29)), end_of(d.date(2026, 10, 25)), clock.instant('2026-03-29'))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for zone in ("UTC", "America/St_Johns", "Pacific/Kiritimati")
    }
    assert told == {"2026-03-29T20:59:59.999999Z 2026-10-25T21:59:59.999999Z 2026-03-28T22:00:00.000000Z\n"}
