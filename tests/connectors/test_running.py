"""Runs: all of what was seen is stored or nothing, and by one alone; the dead delay nobody; who failed waits."""

from __future__ import annotations

import dataclasses
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from registry import clock, db, journal
from registry.catalogue import store
from registry.clock import later
from registry.connectors import book
from registry.connectors.book import Bound
from registry.connectors.configured import connected, connecting
from registry.connectors.configured.connected import Connector, ConnectorRun
from registry.connectors.looking import claiming, running, storing
from registry.connectors.looking.pulling import nothing
from registry.connectors.looking.running import Ran
from registry.connectors.observations import stored as observations
from registry.connectors.observations.stored import StoredObservation
from registry.connectors.seen import Seen
from registry.connectors.source import Source, Way
from registry.db import writes
from registry.db.backup import backup
from registry.keys.sealing import Sealer, new_key
from registry.settings import Settings
from registry.worker import Worker
from tests import engines
from tests.connectors import desk as source
from tests.connectors.conftest import BY
from tests.connectors.fake import Desk, Said, Tell, serving

SECRET = "canary-0d93be62"
KILLS = int(os.environ.get("REGISTRY_TEST_KILLS", "3"))
ROOT = Path(__file__).parents[2]


@pytest.fixture
def known() -> dict[str, Bound]:
    """The sources that there are."""
    return {"desk": Bound("desk", source.SOURCE, source.reach, source.observe)}


@pytest.fixture
def sealer(monkeypatch: pytest.MonkeyPatch, systems: str, loopback: None, known: dict[str, Bound]) -> Sealer:
    monkeypatch.setattr(book, "book", lambda: MappingProxyType(known))
    return Sealer.of(Settings(secret_key=new_key()))


@pytest.fixture
def desk() -> Iterator[Desk]:
    with serving(Desk()) as made:
        yield made


def add(sealer: Sealer, desk: Desk, system: str = "acme/desk", **more: Any) -> Connector:
    given: dict[str, Any] = {"every_hours": 24, "secrets": {"token": SECRET}, **more}
    number = connecting.add_connector(
        system, "desk", {"host": "127.0.0.1", "port": desk.port}, by=BY, sealer=sealer, **given
    )
    return connected.CONNECTORS.one(number)


def run(sealer: Sealer, *rows: Connector, **more: Any) -> list[Ran]:
    return running.run(rows, by=BY, sealer=sealer, sleep=lambda _: None, **more)


def stored() -> list[tuple[str, bool]]:
    rows = [
        observations.value(bytes(one.document))
        for one in StoredObservation.select().order_by(StoredObservation.id)
    ]
    return [(one.about, one.complete) for one in rows]


ALL = [("accounts", True), ("region", True), ("apps", True)]


def test_all_that_was_seen_is_stored_with_how_it_went(sealer: Sealer, desk: Desk) -> None:
    row = add(sealer, desk)
    heard: list[Ran] = []
    (ran,) = run(sealer, row, heard=heard.append)
    assert heard == [ran] and ran.told is not None and ran.told["state"] == "complete"
    assert stored() == ALL
    standing = storing.standing(row)
    assert standing["last_run"] == ran.told and standing["running"] is False
    assert (
        later(clock.now(), 22.7 * 3600)
        < standing["due_at"]
        == ran.told["next_at"]
        < later(clock.now(), 25.3 * 3600)
    )
    actions = [entry.action for entry in journal.entries(limit=100)][-4:]
    assert actions == ["observation.recorded"] * 3 + ["connector.run"]
    first = observations.value(observations.one(1))
    assert first.collector == "desk connector 1" and first.raw_sha256 and first.source_level == "api"
    assert journal.verify().ok and connected.due() == []


def test_a_trial_shows_what_would_be_stored_and_stores_nothing(sealer: Sealer, desk: Desk) -> None:
    row = add(sealer, desk)
    before = journal.checkpoint()
    (ran,) = run(sealer, row, dry_run=True)
    assert ran.told is not None and [one["observation"] for one in ran.told["seen"]] == [None] * 3
    shown = [storing.shown(one) for one in ran.looked]
    assert shown[1]["payload"] == {"region": "eu-west-1"} and shown[0]["payload"]["accounts"][0]["count"] == 2
    assert stored() == [] and journal.checkpoint() == before and len(connected.due()) == 1
    assert storing.standing(row)["last_run"] is None


def test_one_of_many_who_would_run_it_does(sealer: Sealer, systems: str) -> None:
    asked = threading.Barrier(6)
    with serving(Desk()) as desk:
        row = add(sealer, desk)
        found: list[list[Ran]] = []

        def one() -> None:
            asked.wait(60)
            try:
                found.append(running.run([row], by=BY, sealer=sealer, due_only=True))
            finally:
                db.close() if db.database.obj.name == "sqlite" else db.request_end()

        threads = [threading.Thread(target=one) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    told = [ran.told for (ran,) in found]
    assert len(told) == 6 and sum(one is not None for one in told) == 1
    assert stored() == ALL and len(desk.asked) == 3


def test_a_claim_ends_by_itself_and_who_lost_it_stores_nothing(
    sealer: Sealer, desk: Desk, monkeypatch: Any
) -> None:
    row = add(sealer, desk)
    lost = claiming.claim(row.id, 100)
    assert lost is not None and claiming.claim(row.id, 100) is None
    assert storing.standing(row)["running"] is True
    assert run(sealer, row)[0].told is None  # somebody has it
    real = clock.now()
    monkeypatch.setattr(clock, "now", lambda: later(real, 101))
    taken = claiming.claim(row.id, 100)
    assert taken is not None
    pulled = nothing(source.SOURCE.sees, "unavailable", "timeout")
    assert storing.store(row, lost, pulled, by=BY) is None
    claiming.release(row.id, lost)  # no longer its to give back
    assert ConnectorRun.get(ConnectorRun.connector == row.id).lease == taken
    assert storing.store(row, taken, pulled, by=BY) is not None
    assert [one for one, _ in stored()] == ["accounts", "region", "apps"]


@pytest.mark.parametrize("change", ["changed", "removed", "secrets"])
def test_what_was_seen_by_other_settings_is_not_stored(sealer: Sealer, desk: Desk, change: str) -> None:
    row = add(sealer, desk)

    def meanwhile(path: str, _: int) -> None:
        if path != "/api/apps":
            return
        try:
            if change == "changed":
                connecting.change_connector(
                    1,
                    settings={"host": "127.0.0.1", "port": 1},
                    every_hours=1,
                    state="enabled",
                    by=BY,
                    expect=1,
                )
            elif change == "removed":
                connecting.remove_connector(1, by=BY, expect=1)
            else:
                connecting.give_secrets(1, {"token": "other-token"}, by=BY, expect=1, sealer=sealer)
        finally:
            db.close() if db.database.obj.name == "sqlite" else db.request_end()

    desk.tell = meanwhile
    assert run(sealer, row)[0].told is None
    assert stored() == [] and storing.standing(row)["running"] is False
    assert len(connected.due()) == (0 if change == "removed" else 1)


def test_a_write_that_fails_half_way_leaves_nothing(
    sealer: Sealer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = add(sealer, desk)
    real, times = storing.record_observation, iter(range(100))

    def failing(*args: Any, **kwargs: Any) -> Any:
        if next(times) == 1:
            raise OSError("the disk went away")
        return real(*args, **kwargs)

    monkeypatch.setattr(storing, "record_observation", failing)
    before = journal.checkpoint()
    with pytest.raises(OSError, match="disk"):
        run(sealer, row)
    assert stored() == [] and journal.checkpoint() == before
    assert storing.standing(row)["running"] is False
    assert run(sealer, row)[0].told is not None and stored() == ALL


CHILD = """
import sys
from types import MappingProxyType
from registry import db, outbound
from registry.connectors import book
from registry.connectors.configured import connected
from registry.connectors.looking import running
from registry.connectors.book import Bound
from registry.keys.sealing import Sealer
from registry.settings import Settings
from tests.connectors import desk as source

url, key = sys.argv[1:]
outbound.permit(Settings(outbound_networks="127.0.0.0/8"))
db.open(url)
known = MappingProxyType({"desk": Bound("desk", source.SOURCE, source.reach, source.observe)})
book.book = lambda: known
sealer = Sealer.of(Settings(secret_key=key))
print("ready", flush=True)
while True:
    running.run(connected.of_systems(), by="operator", sealer=sealer)
    print("ran", flush=True)
"""


def test_killed_at_any_point_nothing_is_half_there_and_nothing_is_lost(
    systems: str, monkeypatch: pytest.MonkeyPatch, loopback: None, known: dict[str, Bound]
) -> None:
    monkeypatch.setattr(book, "book", lambda: MappingProxyType(known))
    key = new_key()
    sealer = Sealer.of(Settings(secret_key=key))
    with serving(Desk()) as desk:
        row = add(sealer, desk)
        lines = 0
        for trial in range(KILLS):
            child = subprocess.Popen(
                [sys.executable, "-c", CHILD, systems, key], cwd=ROOT, stdout=subprocess.PIPE, text=True
            )
            assert child.stdout is not None
            for line in ("ready", "ran"):
                assert child.stdout.readline().strip() == line
            time.sleep(0.003 * (trial + 1))
            child.send_signal(signal.SIGKILL)
            said = 1 + child.stdout.read().count("ran")
            child.wait(60)
            runs = [entry for entry in journal.entries(limit=10_000) if entry.action == "connector.run"]
            assert len(stored()) == 3 * len(runs) and journal.verify().ok
            lines += said
            assert lines <= len(runs) <= lines + trial + 1  # the last of each may be stored and not said
            _expire_claims()
        before = len(stored())
        assert run(sealer, row)[0].told is not None and len(stored()) == before + 3


@writes(journalled=False, why="time passes")
def _expire_claims() -> None:
    ConnectorRun.update(leased_until="2000-01-01T00:00:00.000000Z").execute()


# --- side by side


def several(sealer: Sealer, desks: list[Desk]) -> list[Connector]:
    rows = []
    for number, desk in enumerate(desks):
        store.declare(
            "system", "acme", f"s{number}", {"name": "S", "kind": "helpdesk"}, by=BY, expect=store.NEW
        )
        rows.append(add(sealer, desk, f"acme/s{number}"))
    return rows


def test_one_dead_system_delays_no_other(sealer: Sealer) -> None:
    answered = threading.Event()

    def dead(path: str, _: int) -> Said:
        answered.wait(60)  # or else it says nothing until its time is up
        return 500, {}, {}

    heard: list[tuple[int, str]] = []

    def one(ran: Ran) -> None:
        assert ran.told is not None
        heard.append((ran.connector.id, ran.told["state"]))
        if len(heard) == 5:
            answered.set()

    with serving(Desk(dead)) as gone, serving(Desk()) as well:
        rows = several(sealer, [gone, *[well] * 5])
        run(sealer, *rows, seconds=60, side_by_side=2, heard=one)
    assert heard[:-1] == [(number, "complete") for number in range(2, 7)] and heard[-1] == (1, "failed")


def test_a_source_that_never_comes_back_is_left_behind(
    sealer: Sealer, known: dict[str, Bound], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    def stuck(way: Way, settings: Mapping[str, Any]) -> Iterator[Seen]:
        ended.wait(60)
        yield Seen("region", {"region": "late"})

    known["desk"] = Bound("desk", source.SOURCE, source.reach, stuck)
    monkeypatch.setattr(running, "MARGIN", 0.1)
    (ran,) = run(sealer, add(sealer, Desk(lambda *_: None)), seconds=0.2)
    ended.set()
    assert ran.told is not None and ran.told["faults"] == {"out_of_time": 1} and ran.told["state"] == "failed"
    assert [done for _, done in stored()] == [False] * 3


def test_what_becomes_due_meanwhile_does_not_wait_for_the_slow(
    sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "REFILL", 0.05)
    monkeypatch.setattr(running, "MOMENT", 0.05)
    late, heard = threading.Event(), list[int]()
    with serving(Desk(lambda *_: late.wait(60) and None)) as slow, serving(Desk()) as well:
        first, second = several(sealer, [slow, well])
        connecting.change_connector(
            second.id, settings=second.told["settings"], every_hours=None, state="enabled", by=BY, expect=1
        )

        def more() -> list[Connector]:
            if connected.due() == []:  # the first is claimed, so this is the while that it takes
                return []
            connecting.ask_now(second.id, by=BY)
            return connected.due()

        def one(ran: Ran) -> None:
            heard.append(ran.connector.id)
            late.set()

        running.run([first], by=BY, sealer=sealer, due_only=True, heard=one, more=more)
    assert heard == [second.id, first.id] and len(stored()) == 6


def test_who_is_to_stop_stores_nothing_more_and_gives_his_claims_back(sealer: Sealer) -> None:
    ended = threading.Event()
    with serving(Desk(lambda *_: ended.wait(60) and None)) as slow:
        row = add(sealer, slow)
        asked = iter([False, False, True])
        ran = running.run_due(by=BY, sealer=sealer, stop=lambda: next(asked))
        ended.set()
    assert ran == [] and stored() == [] and storing.standing(row)["running"] is False
    assert len(connected.due()) == 1


def test_the_worker_looks_at_what_is_due(sealer: Sealer, desk: Desk, systems: str) -> None:
    add(sealer, desk)
    worker = Worker(Settings(database=systems), stop=lambda: False)
    worker.sealer = sealer
    worker.look()
    assert stored() == ALL and {entry.actor for entry in journal.entries(limit=100)[-4:]} == {"worker"}
    worker.look()
    assert len(stored()) == 3


# --- what goes wrong


def test_of_a_credential_that_nobody_was_shown_neither_is_told(sealer: Sealer, desk: Desk) -> None:
    row = add(sealer, desk)
    (ran,) = run(sealer, row)
    assert ran.told is not None and ran.told["credential"] == "taken"
    with serving(Desk()) as gone:
        away = add(sealer, gone, system="other/desk")
    (ran,) = run(sealer, away)
    assert ran.told is not None and (ran.told["credential"], ran.told["state"]) == (None, "failed")


def test_h11_a_refused_credential_is_told_and_not_tried_sooner(sealer: Sealer) -> None:
    with serving(Desk(lambda *_: (401, {}, {}))) as desk:
        row = add(sealer, desk)
        (ran,) = run(sealer, row)
    assert ran.told is not None and (ran.told["credential"], ran.told["state"]) == ("refused", "failed")
    assert len(desk.asked) == 1 and ran.told["next_at"] > later(clock.now(), 20 * 3600)
    connecting.give_secrets(1, {"token": "another-token"}, by=BY, expect=1, sealer=sealer)
    assert len(connected.due()) == 1


def test_h16_a_key_that_is_not_here_is_told_and_nothing_is_asked(sealer: Sealer, desk: Desk) -> None:
    row = add(sealer, desk)
    (ran,) = run(Sealer.of(Settings(secret_key=new_key())), row)
    assert ran.told is not None and ran.told["faults"] == {"secret_key_missing": 1}
    assert desk.asked == [] and {one["could_not_look"] for one in ran.told["seen"]} == {"unauthorised"}


def test_a_source_that_is_gone_and_settings_that_no_longer_fit_are_told(
    sealer: Sealer, desk: Desk, known: dict[str, Bound]
) -> None:
    row = add(sealer, desk)
    other = dataclasses.replace(
        source.SOURCE, settings=type("Other", (source.DeskSettings,), {"new": _required()})
    )
    known["desk"] = Bound("desk", other, source.reach, source.observe)
    assert _faults(run(sealer, row)) == {"settings_refused": 1}
    del known["desk"]
    assert _faults(run(sealer, row)) == {"unknown_source": 1}
    assert desk.asked == []


def test_settings_that_a_hand_in_the_database_led_elsewhere_are_not_followed_and_given_no_secret(
    sealer: Sealer, desk: Desk
) -> None:
    row = add(sealer, desk)
    told = {**row.told, "settings": {**row.told["settings"], "port": 0}}
    with serving(Desk()) as elsewhere:
        told["settings"]["port"] = elsewhere.port
        for hosts, fault in (
            (told["hosts"], "hosts_changed"),
            ([f"127.0.0.1:{elsewhere.port}"], "secret_tampered"),
        ):
            document = rfc8785.dumps({**told, "hosts": hosts})

            @writes(journalled=False, why="a test meddles")
            def meddle(document: bytes = document) -> None:
                Connector.update(document=document).where(Connector.id == row.id).execute()

            meddle()
            assert _faults(run(sealer, connected.CONNECTORS.one(row.id))) == {fault: 1}
        assert elsewhere.asked == desk.asked == []
    assert not journal.verify().ok


def _required() -> Any:
    from marshmallow import fields

    return fields.String(required=True)


def _faults(ran: list[Ran]) -> dict[str, int]:
    assert ran[0].told is not None
    return dict(ran[0].told["faults"])


def test_a_time_that_cannot_be_is_not_understood(sealer: Sealer, desk: Desk, known: dict[str, Bound]) -> None:
    def ahead(way: Way, settings: Mapping[str, Any]) -> Iterator[Seen]:
        yield Seen("oldest_item", {"items": [{"object": "x", "oldest": "2199-01-01T00:00:00Z", "count": 1}]})
        yield Seen("region", {"region": "x"})

    two = Source(
        title=source.SOURCE.title, settings=source.DeskSettings, secrets={}, sees=("oldest_item", "region")
    )
    known["desk"] = Bound("desk", two, source.reach, ahead)
    row = add(sealer, desk, secrets={})
    assert _faults(run(sealer, row)) == {"payload_refused": 1}
    assert stored() == [("oldest_item", False), ("region", True)]


def test_a_system_that_has_ended_is_looked_at_no_more(sealer: Sealer, desk: Desk) -> None:
    row = add(sealer, desk)
    store.end("system", "acme", "desk", by=BY, expect=1)
    (ran,) = run(sealer, row)
    assert ran.told is not None and ran.told["next_at"] is None and "system_gone" in ran.told["faults"]
    assert stored() == [] and connected.due() == []


def test_who_fails_is_tried_again_sooner_and_then_later_and_later(sealer: Sealer) -> None:
    with serving(Desk(lambda *_: (500, {}, {}))) as desk:
        row = add(sealer, desk)
        gaps = []
        for number in range(1, 4):
            (ran,) = run(sealer, row)
            assert ran.told is not None and ran.told["failed_in_a_row"] == number
            gaps.append(ran.told["next_at"])
            assert (
                later(clock.now(), 140 * 2 ** (number - 1))
                < gaps[-1]
                < later(clock.now(), 460 * 2 ** (number - 1))
            )
        desk.tell = None
        assert run(sealer, row)[0].told["failed_in_a_row"] == 0  # type: ignore[index]  # it was run


PULLED = nothing(("region",), "unavailable", "timeout")


@given(failed=st.integers(0, 10_000), hours=st.integers(1, 8760))
def test_a_gap_is_never_longer_than_the_interval_nor_shorter_than_minutes(failed: int, hours: int) -> None:
    told = {"state": "enabled", "every_hours": hours}
    at = storing.next_at(told, PULLED, failed)
    assert at is not None
    assert later(clock.now(), 100) < at <= later(clock.now(), hours * 3600 * 1.06)
    assert storing.next_at({**told, "state": "paused"}, PULLED, failed) is None
    assert storing.next_at({**told, "every_hours": None}, PULLED, failed) is None
    refused = dataclasses.replace(PULLED, credential_refused=True)
    later_on = storing.next_at(told, refused, failed)
    assert later_on is not None and later_on > later(clock.now(), hours * 3600 * 0.94)


# --- secrets


ECHOES: dict[str, Tell] = {
    "in what is seen": lambda path, _: (200, {}, {"region": f"of {SECRET}"}) if path == "/api/me" else None,
    "in a name": lambda path, _: (200, {}, {"apps": [{"id": SECRET, "name": "x", "active": True}]})
    if path == "/api/apps" else None,
    "in an error": lambda *_: (500, {"X-Echo": SECRET}, {"error": f"bad token {SECRET}"}),
    "in a refusal": lambda *_: (401, {"WWW-Authenticate": SECRET}, SECRET.encode()),
    "in a redirect": lambda *_: (302, {"Location": f"http://127.0.0.1/{SECRET}"}, b""),
    "in a header that cannot be": lambda *_: (200, {"Retry-After": SECRET, "Content-Encoding": SECRET}, b"{}"),
    "in what is no JSON": lambda *_: (200, {}, f"token={SECRET}".encode()),
    "in the next page": lambda path, _: (200, {}, {"users": [], "next": f"http://{SECRET}.example/"})
    if path == "/api/users" else None,
}  # fmt: skip


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("case", ECHOES)
def test_the_secret_is_nowhere_whatever_the_system_says(
    sealer: Sealer,
    case: str,
    systems: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(Desk(ECHOES[case])) as desk:
        row = add(sealer, desk)
        ran = run(sealer, row)
        tried = run(sealer, row, dry_run=True)
    assert f"Bearer {SECRET}" in desk.tokens
    told = (
        repr([(one.told, one.looked) for one in (*ran, *tried)]) + caplog.text + "".join(capsys.readouterr())
    )
    told += orjson.dumps(storing.standing(row)).decode()
    for model in engines.tables():
        for one in model.select().dicts():
            told += repr({name: bytes(v) if isinstance(v, memoryview) else v for name, v in one.items()})
    assert SECRET not in told
    # Nor in any file of the database, its log of writes among them, or in a backup.
    backup(tmp_path / "copy.db")
    place = Path(systems.removeprefix("sqlite:///"))
    files = [tmp_path / "copy.db", *place.parent.glob(f"{place.name}*")]
    assert place in files and not any(SECRET.encode() in file.read_bytes() for file in files)


def test_pulled_values_show_no_secret_in_their_text(sealer: Sealer, desk: Desk) -> None:
    job = running._claimed(add(sealer, desk), sealer, False, True, None)
    assert job.secrets == {"token": SECRET} and SECRET not in repr(job)
