"""Observations as stored: never changed, told apart by kind and time, and all of them in the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
import rfc8785

from registry import clock, db, journal
from registry.catalogue import store
from registry.connectors.observations import stored as observations
from registry.connectors.observations.stored import BACK, StoredObservation, latest
from registry.connectors.observed.observation import Observation
from registry.errors import Invalid, NotFound, Problem
from tests.connectors.conftest import ACCOUNTS, BY
from tests.connectors.turns import ago

Look = Callable[..., Observation]


def test_what_is_served_is_what_was_written(look: Look) -> None:
    seen = look(
        reference="a paper", expires_on="2027-01-01", raw_sha256="ab" * 32, invented=True, collector="zendesk"
    )
    document = observations.one(seen.id)
    assert document == rfc8785.dumps(orjson.loads(document))
    assert observations.value(document) == seen
    assert (seen.system, seen.controller, seen.taken_at) == (
        "acme/desk",
        "acme",
        "2026-01-15T08:00:00.000000Z",
    )
    assert seen.digest == observations.digest(ACCOUNTS)
    assert latest(["acme/desk"]) == [seen]


def test_the_journal_speaks_of_each_and_verifies(look: Look) -> None:
    seen = [look(), look("region", {"country": "FI"}), look(system="other/desk")]
    entries = [entry for entry in journal.entries(limit=100) if entry.action == "observation.recorded"]
    assert [(entry.object, entry.version, entry.actor) for entry in entries] == [
        (f"observation/{one.system}", one.id, BY) for one in seen
    ]
    assert [entry.controller for entry in entries] == ["acme", "acme", "other"]
    assert journal.verify().ok


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("taken_at", "2026-01-15T08:00:00.000001Z"),
        ("kind", "region"),
        ("digest", "00" * 32),
        ("recorded_at", "2020-01-01T00:00:00.000000Z"),
        ("controller", "other"),
        ("document", b"{}"),
    ],
)
def test_j6_a_changed_observation_is_found(look: Look, column: str, value: Any) -> None:
    seen = look()
    with db.writing(why="what somebody with the database in hand might do"):
        row = orjson.loads(observations.one(seen.id))
        changed = rfc8785.dumps({**row, "complete": False}) if column == "document" else value
        StoredObservation.update({column: changed}).where(StoredObservation.id == seen.id).execute()
    report = journal.verify()
    assert not report.ok
    assert report.first_bad_seq == next(
        e.seq for e in journal.entries(limit=100) if e.object == "observation/acme/desk"
    )


def test_j6_an_observation_slipped_in_is_found(look: Look) -> None:
    seen = look()
    with db.writing(why="what somebody with the database in hand might do"):
        row = StoredObservation.get_by_id(seen.id)
        StoredObservation.insert(**{**row.__data__, "id": 99}).execute()
    assert not journal.verify().ok


def test_the_newest_of_each_kind_is_what_counts(look: Look) -> None:
    old = look(taken_at="2026-01-01T00:00:00Z")
    late = look(taken_at="2025-06-01T00:00:00Z")  # told last, seen first
    twin = look(taken_at="2026-01-01T00:00:00Z", complete=False)  # the same time: the one written last
    region = look("region", {"country": "FI"})
    other = look(system="other/desk")
    assert latest(["acme/desk"]) == [twin, region]
    assert latest(["other/desk", "acme/desk", "acme/desk"]) == [twin, region, other]
    assert latest(["acme/desk"], as_of="2025-12-31T23:59:59.999999Z") == [late]
    assert latest(["acme/desk"], as_of="2026-01-01T00:00:00.000000Z") == [twin, old]  # what was seen whole
    assert latest(["acme/desk"], known_at=old.recorded_at) == [old]
    assert latest(["acme/desk"], as_of="2025-01-01T00:00:00.000000Z") == []
    assert latest(["acme/nothing", "nobody/desk"]) == []
    assert latest([*(f"a/s{n}" for n in range(1500)), "acme/desk", "zz/desk"]) == [twin, region]
    assert latest([]) == []


def test_before_one_that_is_not_whole_those_back_to_the_last_whole_one_of_the_strongest_evidence(
    look: Look,
) -> None:
    given = [
        look(taken_at=ago(days=20 - number), source_level=level, complete=complete)
        for number, (level, complete) in enumerate(
            [
                ("api", True),
                ("api", True),
                ("api", False),
                ("export", True),
                ("api", False),
                ("export", False),
            ]
        )
    ]
    parts = latest(["acme/desk"])
    assert parts[0] == given[5]
    assert {one.id for one in parts} == {one.id for one in given[1:]}
    for _ in range(BACK):  # none of them is read where there is no whole one among them
        part = look(complete=False, taken_at=clock.now())
    assert latest(["acme/desk"]) == [part]


def test_of_looks_that_failed_the_newest_for_each_kind_asked(look: Look) -> None:
    failed = [
        look("could_not_look", {"asked": asked, "reason": "forbidden"})
        for asked in ("accounts", "region", "region")
    ]
    assert latest(["acme/desk"]) == [failed[0], failed[2]]
    seen = look(taken_at="2026-01-14T00:00:00Z")  # the older look stays what was seen; the rules weigh both
    assert latest(["acme/desk"]) == [seen, failed[0], failed[2]]


@pytest.mark.parametrize(
    ("taken_at", "code"),
    [
        ("2026-11-22T10:05:00.000001Z", "impossible_time"),
        ("2027-01-01T00:00:00Z", "impossible_time"),
        ("9999-12-31T23:59:59Z", "impossible_time"),
        ("1989-12-31T23:59:59.999999Z", "impossible_time"),
        ("0001-01-01T00:00:00Z", "impossible_time"),
        ("0000-01-01T00:00:00Z", "invalid_instant"),
        ("2026-01-15", "zone_needed"),
        ("2026-01-15T08:00:00", "zone_needed"),
        ("2026-01-15T24:00:00Z", "invalid_instant"),
        ("2026-01-15T23:59:60Z", "invalid_instant"),
        ("20260115T080000Z", "invalid_instant"),
        ("2026-W03-4T08:00:00Z", "invalid_instant"),
        ("", "invalid_instant"),
    ],
)
def test_k2_nobody_looked_at_a_time_that_cannot_be(
    look: Look, monkeypatch: pytest.MonkeyPatch, taken_at: str, code: str
) -> None:
    monkeypatch.setattr(clock, "now", lambda: "2026-11-22T10:00:00.000000Z")
    with pytest.raises(Invalid) as caught:
        look(taken_at=taken_at)
    assert (caught.value.code, caught.value.field) == (code, "/taken_at")
    assert not StoredObservation.select().exists()


@pytest.mark.parametrize(
    "taken_at", ["2026-11-22T10:05:00Z", "1990-01-01T00:00:00Z", "2026-11-22T12:00:00+02:00"]
)
def test_clocks_may_differ_by_some_minutes(
    look: Look, monkeypatch: pytest.MonkeyPatch, taken_at: str
) -> None:
    monkeypatch.setattr(clock, "now", lambda: "2026-11-22T10:00:00.000000Z")
    assert look(taken_at=taken_at).taken_at == clock.timestamp(taken_at)


def test_an_item_of_the_future_is_not_the_oldest(look: Look) -> None:
    with pytest.raises(Invalid) as caught:
        look(
            "oldest_item",
            {"items": [{"object": "t", "count": 0}, {"object": "u", "oldest": "2999-01-01T00:00:00Z"}]},
        )
    assert caught.value.field == "/payload/items/1/oldest"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"system": "acme/other"}, NotFound),
        ({"system": "nobody/desk"}, NotFound),
        ({"system": "acme"}, Invalid),
        ({"system": "acme/desk/x"}, Invalid),
        ({"kind": "contents"}, Invalid),
        ({"payload": {"accounts": [{"role": "agent"}]}}, Invalid),
        ({"source_level": "rumour"}, Invalid),
    ],
)
def test_what_is_refused_leaves_no_trace(look: Look, change: dict[str, Any], problem: type[Problem]) -> None:
    before = journal.checkpoint()
    with pytest.raises(problem):
        look(**change)
    assert journal.checkpoint() == before


def test_a_system_that_has_ended_shows_nothing_new(look: Look) -> None:
    seen = look()
    store.end("system", "acme", "desk", by=BY, expect=1)
    with pytest.raises(NotFound):
        look()
    assert latest(["acme/desk"]) == [seen]


def test_k3_numbers_go_on_when_the_clock_goes_back(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    first = look()
    monkeypatch.setattr(clock, "now", lambda: "2026-01-15T09:00:00.000000Z")
    second = look()
    assert second.id == first.id + 1
    assert second.recorded_at >= first.recorded_at
