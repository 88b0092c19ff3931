"""Appending: what an entry is, its time, that nothing but an entry in its transaction counts, and many at once."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from typing import Any

import peewee
import pytest
import rfc8785

from registry import clock, db, errors, journal
from registry.journal import entries, tree
from tests.journal.story import ERASED, ERASING, SIZE, Documents, Hands
from tests.test_db import processes, together


@db.writes
def note(of: str = "thing/a/x", **rest: Any) -> journal.Entry:
    return journal.append("thing.noted", of, by="operator", **rest)


def test_an_entry_is_canonical_and_committed_to_its_payload(opened: str, hands: Hands) -> None:
    first = note(payload={"b": 1, "a": "ä"}, version=7, content=b"document")
    second = note("client/c1")
    rows = hands.do("SELECT seq, entry, leaf, payload, salt FROM journal_entry ORDER BY seq")
    for (seq, entry, leaf, payload, salt), made, before in zip(
        rows, (first, second), (b"\0" * 32, first.leaf), strict=True
    ):
        said = json.loads(entry)
        assert rfc8785.dumps(said) == entry == made.document
        assert rfc8785.dumps(json.loads(payload)) == payload
        assert list(said) == [
            "action", "actor", "object", "payload_commitment", "prev_hash", "recorded_at", "seq", "version",
        ]  # fmt: skip
        assert said["payload_commitment"] == hashlib.sha256(salt + payload).hexdigest()
        assert len(salt) == 32
        assert said["prev_hash"] == before.hex()
        assert leaf == hashlib.sha256(b"\x00" + entry).digest() == made.leaf
        assert (said["seq"], said["recorded_at"]) == (seq, made.recorded_at)
    assert json.loads(rows[0][3]) == {
        "a": "ä",
        "b": 1,
        "content": {"sha256": hashlib.sha256(b"document").hexdigest()},
    }
    assert rows[0][4] != rows[1][4]
    root = tree.node(first.leaf, second.leaf).hex()
    assert journal.checkpoint("here") == {
        "origin": "here",
        "size": 2,
        "root": root,
        "recorded_at": second.recorded_at,
    }


def test_what_was_appended_is_read_back(opened: str) -> None:
    made = [note(payload={"n": 1}), note("client/c1"), note("controller/b", version=3)]
    assert journal.entries() == made
    assert [one.controller for one in made] == ["a", None, "b"]


def test_filters_and_pages(told: Documents) -> None:
    everything = journal.entries()
    assert [one.seq for one in everything] == list(range(1, SIZE + 1))
    assert [one.seq for one in journal.entries(after=3, limit=2)] == [4, 5]
    assert journal.entries(controllers=["a"]) == [one for one in everything if one.controller == "a"]
    assert journal.entries(controllers=[]) == []
    assert journal.entries(of="thing/a/one") == [one for one in everything if one.object == "thing/a/one"]
    assert [one.seq for one in journal.entries(action="journal.erased")] == [ERASING]
    assert everything[ERASED - 1].payload is None


@pytest.mark.parametrize(
    ("of", "controller"),
    [
        ("register/seamk/library-chat", "seamk"),
        ("controller/seamk", "seamk"),
        ("client/seamk", None),
        ("journal/5", None),
        ("observation/seamk/chat/3", "seamk"),
    ],
)
def test_whose_object_it_is(of: str, controller: str | None) -> None:
    assert journal.controller_of(of) == controller


@pytest.mark.parametrize(
    ("action", "of", "by"),
    [
        ("noted", "thing/a", "operator"),
        ("Thing.noted", "thing/a", "operator"),
        ("thing.noted", "thing", "operator"),
        ("thing.noted", "thing//a", "operator"),
        ("thing.noted", "thing/a/", "operator"),
        ("thing.noted", "thing/a b", "operator"),
        ("thing.noted", "thing/a\n", "operator"),
        ("thing.noted", "thing/a", ""),
    ],
)
def test_what_is_no_entry_is_refused(opened: str, action: str, of: str, by: str) -> None:
    with pytest.raises(ValueError, match="not an action"), db.writing():
        journal.append(action, of, by=by)
    assert journal.checkpoint()["size"] == 0


@pytest.mark.parametrize("payload", [{"x": float("nan")}, {"x": 2**53}, {1: 2}, {"x": b""}])
def test_m6_a_payload_that_cannot_be_canonical_is_refused(opened: str, payload: dict) -> None:
    with pytest.raises((ValueError, TypeError)):
        note(payload=payload)
    assert journal.checkpoint()["size"] == 0


def test_outside_a_verb_there_is_neither_entry_nor_stamp(opened: str) -> None:
    with pytest.raises(db.WriteOutside):
        journal.append("thing.noted", "thing/a", by="operator")
    with pytest.raises(db.WriteOutside):
        journal.stamp()


# Time


def test_all_of_a_transaction_is_recorded_at_one_instant(opened: str) -> None:
    with db.writing():
        stamp = journal.stamp()
        made = [note(), note()]
        assert journal.stamp() == stamp
    assert {one.recorded_at for one in made} == {stamp}
    assert note().recorded_at > stamp


def test_k3_a_clock_that_steps_back_does_not_turn_the_journal_back(
    opened: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    times = iter(
        ["2026-06-01T12:00:00.000000Z", "2026-06-01T11:00:00.000000Z", "2026-06-01T12:00:00.000001Z"]
    )
    monkeypatch.setattr(clock, "now", lambda: next(times))
    with caplog.at_level(logging.WARNING, entries.__name__):
        assert note().recorded_at == "2026-06-01T12:00:00.000000Z"
        assert not caplog.records
        assert note().recorded_at == "2026-06-01T12:00:00.000000Z"
        assert "behind the journal" in caplog.text
        assert note().recorded_at == "2026-06-01T12:00:00.000001Z"
    assert journal.verify().ok


# All or nothing


def test_a_verb_that_fails_leaves_neither_entry_nor_gap(opened: str) -> None:
    def fails(count: int) -> None:
        with db.writing():
            for _ in range(count):
                note()
            raise errors.Conflict

    for count in (1, 2, 5):
        note()
        with pytest.raises(errors.Conflict):
            fails(count)
    with db.writing():
        note()
        with pytest.raises(errors.Conflict):
            fails(3)
        note()
    assert [one.seq for one in journal.entries()] == [1, 2, 3, 4, 5]
    assert journal.verify().ok


def test_j11_where_the_journal_cannot_be_written_nothing_is(opened: str, hands: Hands) -> None:
    note()
    if hands.sqlite:
        hands.do("CREATE TRIGGER no BEFORE INSERT ON journal_entry BEGIN SELECT RAISE(ABORT, 'no'); END")
    else:
        hands.do("ALTER TABLE journal_entry ADD CHECK (seq < 2)")

    @db.writes
    def store() -> None:
        db.database.execute_sql(
            "INSERT INTO journal_node VALUES (40, 1, ?)".replace("?", db.database.obj.param), (b"x",)
        )
        note()

    with pytest.raises(peewee.IntegrityError):
        store()
    assert hands.do("SELECT count(*) FROM journal_node WHERE level = 40") == [(0,)]
    assert journal.verify().ok


def test_a_head_that_somebody_moved_stops_the_writing(opened: str, hands: Hands) -> None:
    note()
    note()
    hands.do("UPDATE journal_head SET size = 1")
    with pytest.raises(Exception):  # noqa: B017, PT011 -- the number is taken or the peaks do not fit: whichever, no write
        note()
    hands.do("UPDATE journal_head SET size = 2")
    assert journal.verify().ok


def test_j8_erasure_takes_payload_and_salt_and_says_so(opened: str, hands: Hands) -> None:
    kept = note(payload={"name": "somebody"})
    made = journal.erase(1, by="client/dpo", why="asked for")
    assert (made.action, made.object, made.payload) == ("journal.erased", "journal/1", {"why": "asked for"})
    assert hands.do("SELECT payload, salt, entry FROM journal_entry WHERE seq = 1") == [
        (None, None, kept.document)
    ]
    report = journal.verify()
    assert (report.ok, report.erased) == (True, 1)
    with pytest.raises(errors.Gone):
        journal.erase(1, by="client/dpo", why="again")
    with pytest.raises(errors.NotFound):
        journal.erase(99, by="client/dpo", why="not there")
    assert journal.checkpoint()["size"] == 2


def test_j8_what_was_erased_is_not_left_in_the_file(databases: Any) -> None:
    with databases.fresh("sqlite", migrated=True) as url:
        base = db.open(url)
        note(payload={"name": "Unmistakable Person" * 40})
        journal.erase(1, by="client/dpo", why="asked for")
        base.connection().checkpoint(truncate=True)
        db.close()
        with open(url.removeprefix("sqlite:///"), "rb") as file:
            assert b"Unmistakable" not in file.read()


# Many at once


@pytest.mark.parametrize("threads", [2, 8])
def test_d10_appends_at_once_make_no_gap_no_repeat_and_no_fork(opened: str, threads: int) -> None:
    def some(number: int) -> list[journal.Entry]:
        return [note(f"thing/t{number}/{count}", payload={"n": count}) for count in range(25)]

    made = [one for each in together(threads, some) for one in each]
    assert sorted(one.seq for one in made) == list(range(1, threads * 25 + 1))
    by_seq = sorted(made, key=lambda one: one.seq)
    assert [one.recorded_at for one in by_seq] == sorted(one.recorded_at for one in made)
    assert journal.entries(limit=1000) == by_seq
    report = journal.verify()
    assert (report.ok, report.size) == (True, threads * 25)


APPEND = """
import sys
from registry import db
sys.path.insert(0, ".")
from tests.journal.test_entries import note
db.open(sys.argv[1])
sys.stdin.read(1)
for number in range(25):
    note()
"""


def test_d10_processes_that_append_at_once_make_no_gap_either(opened: str) -> None:
    assert processes(APPEND, opened, 3) == [(0, "")] * 3
    report = journal.verify()
    assert (report.ok, report.size) == (True, 75)


def test_verifying_while_others_write_finds_nothing(opened: str) -> None:
    done = threading.Event()

    def write() -> None:
        db.request_begin()
        for number in range(150):
            note(payload={"n": number})
            if number % 10 == 9:
                journal.erase(note(payload={"name": "somebody"}).seq, by="operator", why="asked for")
        db.request_end()
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    reports = []
    while not done.is_set():
        reports.append(journal.verify())
    thread.join()
    assert [one.faults for one in reports if not one.ok] == []
    assert journal.verify().size == 180
