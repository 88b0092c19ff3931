"""Runs on both engines: findings as a difference, that keep their identity, and a journal that knows of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from registry import clock, db, journal
from registry.catalogue import store
from registry.checks.book import book
from registry.checks.days.then import end_of, look
from registry.checks.findings.stored import Checked, Part, StoredFinding
from registry.checks.runs import passing, running
from registry.checks.runs.running import Run, Scope, count, run
from registry.errors import Gone, NotFound
from tests.checks.conftest import BY, NEWS, START, Declare, holding

NEWSLETTER = Scope(register=("acme", "news"))
TOMORROW = "2999-01-01T00:00:00.000000Z"


def rows() -> int:
    return int(StoredFinding.select().count())


def test_a_run_stores_all_that_is_said(registers: Declare) -> None:
    done = run(Scope(), by=BY)
    assert done["registers"] == 2
    assert done["opened"] == rows() == sum(done["kinds"].values())
    assert {code for _, code, _ in holding("acme/news")} == set(book())
    assert holding()["acme/news", "COM001", ""].kind == "pass"
    assert holding()["club/members", "COM001", ""].kind == "fail"
    assert {(row.controller, row.register, row.version) for row in Checked.select()} == {
        ("acme", "news", 1),
        ("club", "members", 1),
    }
    assert journal.verify().ok


def test_a_second_run_writes_no_findings(registers: Declare) -> None:
    run(Scope(), by=BY)
    before = {place: (row.id, row.first_seen) for place, row in holding().items()}
    again = run(Scope(), by=BY)
    assert (again["opened"], again["ended"]) == (0, 0)
    assert {place: (row.id, row.first_seen) for place, row in holding().items()} == before
    assert rows() == len(before)
    assert Run.select().count() == 2
    assert journal.verify().ok


def test_only_one_register(registers: Declare) -> None:
    done = run(NEWSLETTER, by=BY)
    assert done["registers"] == 1
    assert {register for register, _, _ in holding()} == {"acme/news"}


def test_a_run_is_over_the_controllers_named(registers: Declare) -> None:
    assert run(Scope(controllers=frozenset({"club"})), by=BY)["registers"] == 1
    assert run(Scope(controllers=frozenset()), by=BY)["registers"] == 0
    assert {register for register, _, _ in holding()} == {"club/members"}


def test_a_finding_that_persists_keeps_number_and_first_seen(registers: Declare) -> None:
    run(Scope(), by=BY)
    before = holding()["acme/news", "COM009", ""]
    registers("acme/news", {**NEWS, "rights": ["access"]})
    done = run(NEWSLETTER, by=BY)
    after = holding()["acme/news", "COM009", ""]
    assert (done["opened"], done["ended"]) == (1, 1)
    assert after.kind == before.kind == "fail"
    assert after.document != before.document
    assert (after.finding, after.first_seen) == (before.finding, before.first_seen)
    assert after.since > before.since
    ended = StoredFinding.get(StoredFinding.id == before.id)
    assert ended.until == after.since


def test_another_kind_is_another_finding(registers: Declare) -> None:
    run(Scope(), by=BY)
    before = holding()["acme/news", "COM009", ""]
    registers("acme/news", {**NEWS, "rights": ["access", "rectification", "erasure", "restriction"]})
    run(NEWSLETTER, by=BY)
    after = holding()["acme/news", "COM009", ""]
    assert (before.kind, after.kind) == ("fail", "pass")
    assert after.finding != before.finding
    assert after.first_seen == after.since > before.first_seen
    assert StoredFinding.get(StoredFinding.id == before.id).until == after.since


def test_a_finding_that_comes_back_is_the_one_that_there_was(registers: Declare) -> None:
    run(Scope(), by=BY)
    first = holding()["acme/news", "COM009", ""]
    registers("acme/news", {**NEWS, "rights": ["access", "rectification", "erasure", "restriction"]})
    run(NEWSLETTER, by=BY)
    resolved = holding()["acme/news", "COM009", ""]
    registers("acme/news", {**NEWS, "rights": ["access"]})
    run(NEWSLETTER, by=BY)
    back = holding()["acme/news", "COM009", ""]
    assert (back.finding, back.first_seen, back.kind) == (first.finding, first.first_seen, "fail")
    assert back.since > resolved.since
    registers("acme/news", {**NEWS, "rights": ["access", "rectification", "erasure", "restriction"]})
    run(NEWSLETTER, by=BY)
    assert holding()["acme/news", "COM009", ""].finding == resolved.finding != first.finding
    assert journal.verify().ok


def test_findings_of_one_check_are_told_apart(declare: Declare) -> None:
    declare(
        "acme/news",
        {**NEWS, "retention": [{"criterion": "toistaiseksi"}, {"criterion": "niin kauan kuin on tarpeen"}]},
    )
    run(Scope(), by=BY)
    before = {key: row.finding for (_, code, key), row in holding().items() if code == "COM004"}
    assert set(before) == {"R1", "R2"}
    declare("acme/news", {**NEWS, "retention": ["P1Y", {"criterion": "niin kauan kuin on tarpeen"}]})
    run(Scope(), by=BY)
    after = {key: row.finding for (_, code, key), row in holding().items() if code == "COM004"}
    assert after == {"R2": before["R2"]}


def test_what_is_ended_has_no_findings_any_more(registers: Declare) -> None:
    run(Scope(), by=BY)
    held = len(holding("acme/news"))
    store.end("register", "acme", "news", by=BY, expect=1)
    done = run(Scope(), by=BY)
    assert done["registers"] == 1
    assert done["ended"] == held
    assert {register for register, _, _ in holding()} == {"club/members"}
    assert [row.register for row in Checked.select()] == ["members"]
    assert journal.verify().ok


def test_asking_for_what_is_ended_ends_its_findings_and_says_so(registers: Declare) -> None:
    run(Scope(), by=BY)
    store.end("register", "acme", "news", by=BY, expect=1)
    with pytest.raises(Gone):
        run(NEWSLETTER, by=BY)
    assert not holding("acme/news")
    with pytest.raises(Gone):
        list(look(NEWSLETTER, date(2999, 1, 1)))


def test_what_is_not_there_cannot_be_checked(registers: Declare) -> None:
    for register in (("acme", "nothing"), ("nobody", "news")):
        with pytest.raises(NotFound):
            run(Scope(register=register), by=BY)
        with pytest.raises(NotFound):
            list(look(Scope(register=register), date(2026, 1, 1)))
    assert not Run.select().exists()


def test_an_observation_decides(registers: Declare, look: Callable[..., int]) -> None:
    run(Scope(), by=BY)
    assert {row.kind for (_, code, _), row in holding("acme/news").items() if code == "OBS302"} == {"open"}
    number = look("deletion_rules", {"rules": [
        {"id": "1", "object": "ticket", "active": True, "after": "P1Y", "counted_from": "created", "action": "erase"}
    ]}, invented=True)  # fmt: skip
    run(Scope(), by=BY)
    (row,) = (row for (_, code, _), row in holding("acme/news").items() if code == "OBS302")
    assert row.kind == "fail"
    assert f'"observation":{number}'.encode() in row.document
    assert b'"invented":true' in row.document


def test_what_is_written_is_written_in_parts(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "PART", 2)
    for number in range(5):
        declare(f"acme/news{number}")
    declare("club/members")
    heard: list[str] = []
    done = run(Scope(), by=BY, heard=lambda one: heard.append(f"{one.controller}/{one.register}"))
    assert done["registers"] == 6
    assert heard == [*(f"acme/news{number}" for number in range(5)), "club/members"]
    assert [row.controller for row in Part.select().order_by(Part.id)] == ["acme"] * 3 + ["club"]
    assert journal.verify().ok


def test_a_run_that_is_killed_has_stored_what_it_came_to(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PART", 2)
    for number in range(5):
        declare(f"acme/news{number}")

    def killed(one: Any) -> None:
        if one.register == "news2":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(Scope(), by=BY, heard=killed)
    assert {register for register, _, _ in holding()} == {f"acme/news{number}" for number in range(4)}
    assert not Run.select().exists()
    assert journal.verify().ok
    done = run(Scope(), by=BY)
    assert done["registers"] == 5
    assert done["opened"] == len(holding("acme/news4"))


def test_registers_are_examined_outside_the_write_transaction(
    registers: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside: list[bool] = []

    def examined(case: Any) -> Any:
        try:
            journal.stamp()
            inside.append(True)
        except db.WriteOutside:
            inside.append(False)
        return iter(())

    monkeypatch.setattr(passing, "examine", examined)
    run(Scope(), by=BY)
    assert inside == [False, False]


def test_runs_at_once_say_nothing_twice(registers: Declare, opened: str) -> None:
    faults: list[BaseException] = []

    def at_once() -> None:
        try:
            run(Scope(), by=BY)
        except BaseException as fault:
            faults.append(fault)
        finally:
            db.request_end()

    threads = [threading.Thread(target=at_once) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(holding()) == rows()
    assert {code for _, code, _ in holding()} == set(book())
    assert Run.select().count() == 4
    assert journal.verify().ok


# --- as of a day


def kind(code: str, day: str) -> set[str]:
    (one,) = look(NEWSLETTER, clock.day(day))
    return {said.kind for said in one.said if said.code == code}


def test_a_look_goes_by_the_law_of_the_day_and_stores_nothing(registers: Declare) -> None:
    assert kind("LAW203", "2018-06-01") == kind("LAW203", "2020-07-15") == {"pass"}
    assert kind("LAW203", "2020-07-16") == {"fail"}
    assert not rows()
    assert not Part.select().exists()


def test_a_look_goes_by_the_version_of_the_day(registers: Declare) -> None:
    registers("acme/news", {**NEWS, "retention": []}, effective_from="2020-01-01T10:00:00.000000Z")
    assert kind("COM003", "2019-12-31") == {"pass"}
    assert kind("COM003", "2020-01-01") == {"fail"}, "what begins in the course of a day counts on it"
    registers("acme/news", {**NEWS, "legal_bases": []}, effective_from=TOMORROW)
    assert kind("COM001", "2998-12-01") == {"pass"}
    assert kind("COM001", "2999-12-01") == {"fail"}


def test_k2_a_look_before_the_first_version_finds_nothing(registers: Declare) -> None:
    with pytest.raises(NotFound):
        list(look(NEWSLETTER, date(2017, 12, 1)))
    assert list(look(Scope(), date(2017, 12, 1))) == []


def test_a_look_goes_by_what_had_been_seen(registers: Declare, look: Callable[..., int]) -> None:
    look("oldest_item", {"items": [{"object": "ticket", "count": 0}]}, taken_at="2026-01-15T21:00:00Z")
    assert kind("OBS302", "2026-01-14") == {"open"}
    assert kind("OBS302", "2026-01-15") == {"pass"}


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2026, 1, 15), "2026-01-15T21:59:59.999999Z"),
        (date(2026, 7, 15), "2026-07-15T20:59:59.999999Z"),
        (date(2026, 3, 28), "2026-03-28T21:59:59.999999Z"),
        (date(2026, 3, 29), "2026-03-29T20:59:59.999999Z"),
        (date(9999, 12, 31), "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_k7_the_end_of_a_day_is_in_helsinki(day: date, last: str) -> None:
    assert end_of(day) == last


def test_the_day_is_the_controllers_own(opened: str, monkeypatch: pytest.MonkeyPatch) -> None:
    days: dict[str, date] = {}

    def examined(case: Any) -> Any:
        days[case.record.key] = case.as_of
        return iter(())

    monkeypatch.setattr(passing, "examine", examined)
    monkeypatch.setattr(clock, "now", lambda: "2026-07-15T21:30:00.000000Z")
    for name, zone in (("here", "Europe/Helsinki"), ("west", "Atlantic/Azores")):
        store.declare(
            "controller",
            name,
            name,
            {"name": name, "time_zone": zone},
            by=BY,
            expect=0,
            effective_from=START,
        )
        store.declare("register", name, "news", {"register": "R"}, by=BY, expect=0, effective_from=START)
    run(Scope(), by=BY)
    assert days == {"here/news": date(2026, 7, 16), "west/news": date(2026, 7, 15)}


def test_counting_is_of_the_scope(registers: Declare) -> None:
    assert [count(scope) for scope in (Scope(), NEWSLETTER, Scope(controllers=frozenset({"club"})))] == [
        2,
        1,
        1,
    ]


# --- what the journal knows


CHANGES: list[dict[str, Any]] = [
    {"document": b'{"all":"well"}'},
    {"kind": "pass"},
    {"severity": "info"},
    {"register": "other"},
    {"finding": 999},
    {"first_seen": "2001-01-01T00:00:00.000000Z"},
    {"ended_in": 1, "until": "2001-01-01T00:00:00.000000Z"},
]


def test_j6_a_finding_changed_behind_our_back_is_found(registers: Declare) -> None:
    run(Scope(), by=BY)
    row = StoredFinding
    honest = row.select().where(row.id == holding()["acme/news", "COM009", ""].id).dicts().get()
    for change in CHANGES:
        with db.writing(why="a test tampers"):
            row.update(change).where(row.id == honest["id"]).execute()
        report = journal.verify()
        assert not report.ok, change
        assert report.first_bad_seq is not None
        with db.writing(why="a test mends"):
            row.update({name: honest[name] for name in change}).where(row.id == honest["id"]).execute()
        assert journal.verify().ok


def test_j6_a_finding_taken_away_or_brought_back_is_found(registers: Declare) -> None:
    run(Scope(), by=BY)
    registers("acme/news", {**NEWS, "rights": ["access"]})
    run(Scope(), by=BY)
    assert journal.verify().ok
    ended = StoredFinding.get(StoredFinding.until.is_null(False))
    with db.writing(why="a test tampers"):
        StoredFinding.update(ended_in=0, until=None).where(StoredFinding.id == ended.id).execute()
    assert not journal.verify().ok
    with db.writing(why="a test tampers"):
        StoredFinding.delete().where(StoredFinding.id == ended.id).execute()
    assert not journal.verify().ok


def test_j6_a_run_changed_behind_our_back_is_found(registers: Declare) -> None:
    run(NEWSLETTER, by=BY)
    run(Scope(), by=BY)
    assert journal.verify().ok
    for change in ({"document": b"{}"}, {"controller": "club"}):
        with db.writing(why="a test tampers"):
            kept = Run.get(Run.id == 1)
            Run.update(change).where(Run.id == 1).execute()
        assert not journal.verify().ok
        with db.writing(why="a test mends"):
            Run.update(document=kept.document, controller=kept.controller).where(Run.id == 1).execute()
    with db.writing(why="a test tampers"):
        Part.delete().where(Part.id == 1).execute()
    assert not journal.verify().ok
