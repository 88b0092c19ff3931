"""Observations of staff are kept for a time, then gone from the table and from the journal, which goes on verifying."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from registry import clock, errors, journal
from registry.clock import later
from registry.connectors.looking import expiring
from registry.connectors.looking.expiring import expire
from registry.connectors.observations import stored as observations
from registry.connectors.observed.observation import Observation
from tests.connectors.conftest import BY

Look = Callable[..., Observation]


def test_what_is_of_staff_goes_after_its_time_and_the_rest_stays(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiring, "PART", 2)
    old = [look(taken_at="2026-01-15T08:00:00Z") for _ in range(5)]
    region = look("region", {"region": "eu"})
    now = clock.now()
    assert expire(180, by=BY) == 0
    monkeypatch.setattr(clock, "now", lambda: later(now, 181 * 86_400))
    young = look(taken_at=clock.now())
    assert expire(180, by=BY) == 5 and expire(180, by=BY) == 0
    for one in old:
        with pytest.raises(errors.NotFound):
            observations.one(one.id)
    assert observations.one(region.id) and observations.one(young.id)
    report = journal.verify()
    assert report.ok and report.erased == 5
    gone = [entry for entry in journal.entries(limit=100) if entry.payload is None]
    assert {entry.version for entry in gone} == {one.id for one in old}
    assert {entry.action for entry in gone} == {"observation.recorded"}


def test_a_number_is_given_once_though_the_newest_goes(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    first, last = look(), look()
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: later(now, 400 * 86_400))
    assert expire(180, by=BY) == 1  # the newest of all stays until another comes
    assert look(taken_at=clock.now()).id == last.id + 1 == first.id + 2
    assert expire(180, by=BY) == 1
    assert journal.verify().ok


def test_what_was_erased_without_saying_so_is_still_found(look: Look) -> None:
    look(), look()
    from registry.connectors.observations.stored import StoredObservation
    from registry.db import writes

    @writes(journalled=False, why="a test meddles")
    def meddle() -> None:
        StoredObservation.delete().where(StoredObservation.id == 1).execute()

    meddle()
    assert not journal.verify().ok
