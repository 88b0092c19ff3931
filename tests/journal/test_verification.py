"""Tampering by straight SQL: every byte, every row, the tail, the whole. And ordinary use, which verifies."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import clock, db, errors, journal
from registry.journal import stored, tree, verification
from tests.engines import Engines
from tests.journal.story import ERASED, ERASING, SIZE, Documents, Hands, keep, tell

COLUMNS = [row.name for row in journal.JournalEntry._meta.sorted_fields]
BYTES = {"entry", "leaf", "payload", "salt"}


def flipped(value: Any) -> Iterator[Any]:
    """The value with one byte changed, once for each byte; a number, a text or nothing become others."""
    if value is None:
        yield from (1, 0)
    elif isinstance(value, int):
        yield from (value + 1, -value, value ^ 1 << 40, None)
    else:
        for at, byte in enumerate(value):
            yield value[:at] + bytes([byte ^ 1 << at % 8]) + value[at + 1 :]
        yield value + b"\0"
        yield value[:-1]
        yield None


@pytest.mark.parametrize("seq", range(1, SIZE + 1))
def test_j1_any_changed_byte_of_any_stored_entry_is_found_and_named(
    databases: Engines, documents: Documents, seq: int
) -> None:
    with databases.fresh("sqlite", migrated=True) as url:
        db.open(url)
        tell(documents)
        hands = Hands(url)
        for column in COLUMNS:
            raw = column if column in {"seq", "version"} else f"CAST({column} AS BLOB)"
            ((value,),) = hands.do(f"SELECT {raw} FROM journal_entry WHERE seq = ?", seq)
            typed = "?" if column in BYTES or value is None or isinstance(value, int) else "CAST(? AS TEXT)"
            required = column not in {"payload", "salt", "version", "controller"}
            for other in flipped(value):
                if other is None and required:
                    continue
                if column == "seq":
                    moved(hands, seq, other)
                    continue
                hands.do(f"UPDATE journal_entry SET {column} = {typed} WHERE seq = ?", other, seq)
                report = journal.verify()
                assert report.first_bad_seq == seq, (column, value, other, report)
                assert report.reasons
                hands.do(f"UPDATE journal_entry SET {column} = {typed} WHERE seq = ?", value, seq)
        assert journal.verify().ok
        hands.close()
        db.close()


def moved(hands: Hands, seq: int, to: int) -> None:
    """An entry under another number: its own is missing, unless it is the first and what is below it comes first."""
    if hands.do("SELECT 1 FROM journal_entry WHERE seq = ?", to):
        return
    hands.do("UPDATE journal_entry SET seq = ? WHERE seq = ?", to, seq)
    report = journal.verify()
    named = {fault.seq for fault in report.faults}
    assert seq in named, (to, report)
    assert report.first_bad_seq in {seq, to, ERASED}, (
        to,
        report,
    )  # without its erasing entry the erased one is bad too
    hands.do("UPDATE journal_entry SET seq = ? WHERE seq = ?", seq, to)


def test_j1_the_same_on_postgresql_by_sample(databases: Engines, documents: Documents) -> None:
    with databases.fresh("postgresql", migrated=True) as url:
        db.open(url)
        tell(documents)
        hands = Hands(url)
        for seq in range(1, SIZE + 1):
            for column in BYTES:
                ((value,),) = hands.do(f"SELECT {column} FROM journal_entry WHERE seq = ?", seq)
                changes = list(flipped(None if value is None else bytes(value)))
                for other in changes[seq :: max(1, len(changes) // 4)]:
                    if isinstance(other, bytes):
                        hands.do(f"UPDATE journal_entry SET {column} = ? WHERE seq = ?", other, seq)
                        report = journal.verify()
                        assert report.first_bad_seq == seq, (column, value, other, report)
                hands.do(f"UPDATE journal_entry SET {column} = ? WHERE seq = ?", value, seq)
            for column in ("recorded_at", "actor", "action", "object", "controller"):
                ((value,),) = hands.do(f"SELECT {column} FROM journal_entry WHERE seq = ?", seq)
                hands.do(f"UPDATE journal_entry SET {column} = ? WHERE seq = ?", (value or "") + "x", seq)
                report = journal.verify()
                assert report.first_bad_seq == seq, (column, report)
                hands.do(f"UPDATE journal_entry SET {column} = ? WHERE seq = ?", value, seq)
        assert journal.verify().ok
        hands.close()
        db.close()


def test_j1_any_changed_node_is_found_at_the_entry_that_completed_it(told: Documents, hands: Hands) -> None:
    nodes = hands.rows("journal_node")
    assert len(nodes) == SIZE - SIZE.bit_count()
    for level, position, value in nodes:
        where = f"WHERE level = {level} AND position = {position}"
        for other in (bytes([value[0] ^ 1]) + value[1:], value[:-1] + bytes([value[-1] ^ 128]), b""):
            hands.do(f"UPDATE journal_node SET hash = ? {where}", other)
            report = journal.verify()
            assert report.first_bad_seq == (position + 1) << level, report
        hands.do(f"DELETE FROM journal_node {where}")
        assert journal.verify().first_bad_seq == (position + 1) << level
        hands.add("journal_node", (level, position, value))
    hands.add("journal_node", (1, 99, nodes[0][2]))
    assert journal.verify().first_bad_seq == SIZE
    hands.do("DELETE FROM journal_node WHERE position = 99")
    assert journal.verify().ok


HEADS: dict[str, list[Any]] = {
    "root": [b"x" * 32, b""],
    "leaf": [b"x" * 32, b""],
    "peaks": [b"x" * 96, b"x" * 64, b""],
    "recorded_at": ["2026-01-01T00:00:00.000000Z", "", "2099-01-01T00:00:00.000000Z"],
    "size": [0, 1, SIZE - 1, SIZE + 1, -1, 2**40],
}


@pytest.mark.parametrize("column", HEADS)
def test_j1_a_changed_head_is_found(told: Documents, hands: Hands, column: str) -> None:
    for other in HEADS[column]:
        with hands.aside():
            hands.do(f"UPDATE journal_head SET {column} = ?", other)
            report = journal.verify()
            assert not report.ok, other
            assert report.first_bad_seq is not None
    with hands.aside():
        hands.do("DELETE FROM journal_head")
        assert journal.verify().first_bad_seq == 1
    assert journal.verify().ok


# Rows


def swap(hands: Hands, one: int, other: int, columns: str) -> None:
    rows = [hands.do(f"SELECT {columns} FROM journal_entry WHERE seq = ?", seq)[0] for seq in (one, other)]
    taken = ", ".join(f"{name} = ?" for name in columns.split(", "))
    for seq, row in zip((other, one), rows, strict=True):
        hands.do(f"UPDATE journal_entry SET {taken} WHERE seq = ?", *row, seq)


def test_j2_swapped_entries_are_found_and_the_first_is_named(told: Documents, hands: Hands) -> None:
    for seq in range(1, SIZE):
        everything = ", ".join(name for name in COLUMNS if name != "seq")
        for columns in (everything, "entry, leaf", "entry", "leaf", "payload, salt"):
            with hands.aside():
                swap(hands, seq, seq + 1, columns)
                report = journal.verify()
                assert report.first_bad_seq == seq, (columns, report)
                assert seq + 1 in {fault.seq for fault in report.faults}


def test_j2_a_deleted_entry_is_found_and_named(told: Documents, hands: Hands) -> None:
    for seq in range(1, SIZE + 1):
        with hands.aside():
            hands.do("DELETE FROM journal_entry WHERE seq = ?", seq)
            report = journal.verify()
            assert report.first_bad_seq == (ERASED if seq == ERASING else seq), report
            assert (seq, "the entry is missing") in {(fault.seq, fault.reason) for fault in report.faults}


def test_j2_a_deleted_entry_is_found_when_all_above_move_down(told: Documents, hands: Hands) -> None:
    for seq in range(1, SIZE + 1):
        with hands.aside():
            hands.do("DELETE FROM journal_entry WHERE seq = ?", seq)
            for above in range(seq + 1, SIZE + 1):
                hands.do("UPDATE journal_entry SET seq = ? WHERE seq = ?", above - 1, above)
            report = journal.verify()
            assert report.first_bad_seq == (ERASED if seq == ERASING else seq), report


def test_j2_an_inserted_or_doubled_entry_is_found_and_named(told: Documents, hands: Hands) -> None:
    for seq in range(1, SIZE + 2):
        rows = hands.rows("journal_entry")
        for copied in (rows[0], rows[-1]):
            with hands.aside():
                for above in range(SIZE, seq - 1, -1):
                    hands.do("UPDATE journal_entry SET seq = ? WHERE seq = ?", above + 1, above)
                hands.add("journal_entry", (seq, *copied[1:]))
                report = journal.verify()
                named = {fault.seq for fault in report.faults}
                if copied == rows[seq - 1 if seq <= SIZE else 0] and seq in {1, SIZE}:
                    # The copy stands where the original stood: what does not fit is the original, one further.
                    assert report.first_bad_seq == seq + 1, report
                else:
                    assert seq in named, report
                    assert report.first_bad_seq in {seq, ERASED}, report


def test_j2_a_number_that_is_there_twice_is_found(databases: Engines, documents: Documents) -> None:
    with databases.fresh("sqlite", migrated=True) as url:
        db.open(url)
        tell(documents)
        hands = Hands(url)
        rows = hands.rows("journal_entry")
        hands.do("DROP TABLE journal_entry")
        hands.do(f"CREATE TABLE journal_entry ({', '.join(COLUMNS)})")
        for row in rows:
            hands.add("journal_entry", row)
        assert journal.verify().ok
        hands.add("journal_entry", rows[6])
        assert journal.verify().first_bad_seq == 7
        hands.close()
        db.close()


def test_j2_entries_below_the_first_are_found(told: Documents, hands: Hands) -> None:
    for seq in (0, -5):
        with hands.aside():
            hands.add("journal_entry", (seq, *hands.rows("journal_entry")[0][1:]))
            assert journal.verify().first_bad_seq == seq


# The tail, and the whole


def cut(hands: Hands, size: int) -> None:
    """Forget what came after the first `size` entries, and leave a journal that is right in itself."""
    rows = hands.rows("journal_entry")[:size]
    hands.do("DELETE FROM journal_entry WHERE seq > ?", size)
    hands.do("DELETE FROM journal_node WHERE (position + 1) * (1 << level) > ?", size)
    peaks: tuple[bytes, ...] = ()
    for row in rows:
        peaks, _ = tree.append(row[0] - 1, peaks, bytes(row[2]))
    hands.do("DELETE FROM journal_head")
    if rows:
        hands.add(
            "journal_head", (1, size, tree.root(peaks), bytes(rows[-1][2]), b"".join(peaks), rows[-1][5])
        )


def test_j3_a_tail_cut_off_is_found(told: Documents, hands: Hands) -> None:
    for size in range(SIZE):
        with hands.aside():
            hands.do("DELETE FROM journal_entry WHERE seq > ?", size)
            report = journal.verify()
            named = {fault.seq for fault in report.faults}
            assert set(range(size + 1, SIZE + 1)) <= named
            assert report.first_bad_seq == (ERASED if ERASED <= size < ERASING else size + 1)


def test_j3_a_tail_cut_off_with_the_head_set_back_is_found_by_a_checkpoint_from_outside(
    told: Documents, hands: Hands
) -> None:
    kept = journal.checkpoint()
    told.clear()  # the forger is thorough
    verification._witnesses.clear()
    for size in range(ERASING, SIZE):
        with hands.aside():
            cut(hands, size)
            assert journal.verify().ok  # this is what no database can know of itself
            report = journal.verify(checkpoint=kept)
            assert report.first_bad_seq == size + 1, report
    assert journal.verify(checkpoint=kept).ok


def rewritten(hands: Hands, seq: int) -> None:
    """Change what entry `seq` says and make everything after it fit again, as whoever knows the code could."""
    rows = hands.rows("journal_entry")
    for name in ("journal_entry", "journal_node", "journal_head"):
        hands.do(f"DELETE FROM {name}")
    peaks: tuple[bytes, ...] = ()
    before = entries_zeros()
    for row in rows:
        said = json.loads(bytes(row[1]))
        payload, salt, actor = row[3], row[4], row[6]
        if row[0] == seq:
            actor, salt = "client/other", secrets.token_bytes(32)
            said["actor"] = actor
            if payload is None:
                salt = None
            else:
                said["payload_commitment"] = hashlib.sha256(salt + bytes(payload)).hexdigest()
        said["prev_hash"] = before
        document = rfc8785.dumps(said)
        leaf = tree.leaf(document)
        before = leaf.hex()
        peaks, made = tree.append(row[0] - 1, peaks, leaf)
        hands.add("journal_entry", (row[0], document, leaf, payload, salt, row[5], actor, *row[7:]))
        for node in made:
            hands.add("journal_node", node)
        last = (1, row[0], tree.root(peaks), leaf, b"".join(peaks), row[5])
    hands.add("journal_head", last)


def entries_zeros() -> str:
    return "00" * 32


@pytest.mark.parametrize("seq", [1, 2, ERASED, ERASING, SIZE - 1, SIZE])
def test_j4_a_rewritten_journal_is_found_by_any_checkpoint_from_outside_above_it(
    opened: str, documents: Documents, hands: Hands, seq: int
) -> None:
    checkpoints: list[dict[str, Any]] = []
    with pytest.MonkeyPatch.context() as patch:
        honest = journal.append
        patch.setattr(
            journal, "append", lambda *a, **k: (honest(*a, **k), checkpoints.append(journal.checkpoint()))[0]
        )
        tell(documents)
    checkpoints.append(journal.checkpoint())
    assert {one["size"] for one in checkpoints} >= {1, 2, 4, SIZE}
    assert all(journal.verify(checkpoint=one).ok for one in checkpoints)
    rewritten(hands, seq)
    assert journal.verify().ok
    for one in checkpoints:
        report = journal.verify(checkpoint=one)
        assert report.ok == (one["size"] < seq), (one, report)
        assert report.ok or report.first_bad_seq == one["size"]


def test_j4_an_entry_rewritten_with_its_leaf_is_named_by_what_follows(told: Documents, hands: Hands) -> None:
    for seq in range(1, SIZE + 1):
        with hands.aside():
            ((document,),) = hands.do("SELECT entry FROM journal_entry WHERE seq = ?", seq)
            said = json.loads(bytes(document)) | {"actor": "client/other"}
            other = rfc8785.dumps(said)
            sql = "UPDATE journal_entry SET entry = ?, leaf = ?, actor = ? WHERE seq = ?"
            hands.do(sql, other, tree.leaf(other), "client/other", seq)
            assert journal.verify().first_bad_seq == seq


def test_j5_an_older_backup_with_new_entries_on_top_fails_from_the_newest_checkpoint(
    told: Documents, hands: Hands
) -> None:
    newest = journal.checkpoint()
    told.clear()
    verification._witnesses.clear()
    cut(hands, ERASING)
    for number in range(20):
        note(f"thing/b/{number}")
    assert journal.verify().ok
    assert not journal.verify(checkpoint=newest).ok


@db.writes
def note(of: str, **rest: Any) -> journal.Entry:
    return journal.append("thing.noted", of, by="operator", **rest)


# Documents, payloads, erasures


def test_j6_a_document_that_changed_or_went_is_found_at_its_entry(told: Documents) -> None:
    for (of, version), document in list(told.items()):
        (seq,) = [one.seq for one in journal.entries(of=of) if one.version == version]
        told[of, version] = document + b" "
        assert journal.verify().first_bad_seq == seq
        del told[of, version]
        report = journal.verify()
        assert (report.first_bad_seq, report.reasons) == (
            seq,
            ("the document that the entry speaks of is gone",),
        )
        told[of, version] = document
    assert journal.verify().ok


def test_j6_a_document_that_no_entry_speaks_of_is_found(told: Documents) -> None:
    for key in [("thing/a/one", 4), ("thing/a/one", None), ("thing/b/one", 1)]:
        told[key] = b"slipped in"
        report = journal.verify()
        assert not report.ok
        assert (report.first_bad_seq, len(report.faults)) == (None, 1)
        assert key[0] in report.reasons[0]
        del told[key]


def test_j6_documents_that_nobody_fetches_are_told_of(
    told: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert journal.verify().unwitnessed == ()
    monkeypatch.setattr(verification, "_witnesses", {})
    report = journal.verify()
    assert (report.ok, report.unwitnessed) == (True, ("thing",))


def test_a_kind_has_one_witness(documents: Documents) -> None:
    with pytest.raises(ValueError, match="thing has its witness already"):
        journal.witness("thing")(lambda of, version: None)


def test_j7_a_payload_or_salt_that_is_lost_is_no_erasure(told: Documents, hands: Hands) -> None:
    for seq in range(1, SIZE + 1):
        if seq == ERASED:
            continue
        for lost in ("payload = NULL, salt = NULL", "payload = NULL", "salt = NULL"):
            with hands.aside():
                hands.do(f"UPDATE journal_entry SET {lost} WHERE seq = ?", seq)
                report = journal.verify()
                assert report.first_bad_seq == seq, (lost, report)


def test_j8_an_erasure_counts_only_when_a_later_entry_names_the_erased_one(opened: str, hands: Hands) -> None:
    with db.writing():
        journal.append("journal.erased", "journal/2", by="operator", payload={"why": "too early"})
        journal.append("thing.noted", "thing/a/x", by="operator", payload={"name": "somebody"})
        journal.append("journal.erased", "journal/22", by="operator")
        journal.append("thing.noted", "journal/2", by="operator")
    assert journal.verify().ok
    hands.do("UPDATE journal_entry SET payload = NULL, salt = NULL WHERE seq = 2")
    report = journal.verify()
    assert (report.first_bad_seq, report.erased) == (2, 0)


def test_an_entry_that_cannot_be_read_is_named_and_stops_nothing(told: Documents, hands: Hands) -> None:
    for nonsense in (
        b"",
        b"[]",
        b"{}",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"seq":' + b"9" * 5000 + b"}",
        b'"\\ud800"',
    ):
        with hands.aside():
            hands.do(
                "UPDATE journal_entry SET entry = ?, leaf = ? WHERE seq = 7", nonsense, tree.leaf(nonsense)
            )
            report = journal.verify()
            assert report.first_bad_seq == 7
            assert report.size == SIZE
    surrogate = rfc8785.dumps(json.loads(hands.do("SELECT entry FROM journal_entry WHERE seq = 7")[0][0]))
    surrogate = surrogate.replace(b'"client/c1"', b'"\\ud800"')
    with hands.aside():
        hands.do(
            "UPDATE journal_entry SET entry = ?, leaf = ? WHERE seq = 7", surrogate, tree.leaf(surrogate)
        )
        assert journal.verify().first_bad_seq == 7


def test_a_journal_wrong_throughout_gives_a_list_with_an_end(told: Documents, hands: Hands) -> None:
    with db.writing():
        for number in range(verification.LISTED * 3):
            journal.append("thing.noted", f"thing/a/n{number}", by="operator")
    hands.do("UPDATE journal_entry SET leaf = ? WHERE seq > 1", b"x" * 32)
    report = journal.verify()
    assert len(report.faults) == verification.LISTED
    assert report.first_bad_seq == 2


# Ordinary use


def test_an_empty_journal_verifies(opened: str) -> None:
    report = journal.verify()
    assert (report.ok, report.size, report.root) == (True, 0, tree.EMPTY.hex())
    assert report.root == journal.checkpoint()["root"]


def test_a_long_journal_is_read_in_pieces_and_progress_is_told(
    opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "CHUNK", 7)
    with db.writing():
        for number in range(40):
            journal.append("thing.noted", f"thing/a/n{number}", by="operator")
    heard: list[tuple[int, int]] = []
    assert journal.verify(lambda done, there: heard.append((done, there))).ok
    assert heard == [(7, 40), (14, 40), (21, 40), (28, 40), (35, 40), (40, 40)]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("note"), st.integers(1, 5)),
        st.tuples(st.just("store"), st.integers(1, 3)),
        st.tuples(st.just("fail"), st.integers(1, 3)),
        st.tuples(st.just("nest"), st.integers(1, 3)),
        st.tuples(st.just("erase"), st.integers(0, 40)),
        st.tuples(st.just("clock"), st.integers(-7200, 7200)),
        st.tuples(st.just("checkpoint"), st.just(0)),
        st.tuples(st.just("reopen"), st.just(0)),
    ),
    max_size=12,
)


class Life:
    """Ordinary use of a journal, step by step."""

    def __init__(self, url: str, documents: Documents) -> None:
        self.url, self.documents = url, documents
        self.second = 1_000_000_000
        self.checkpoints: list[dict[str, Any]] = []

    def now(self) -> str:
        from datetime import UTC, datetime

        return clock.written(datetime.fromtimestamp(self.second, UTC))

    def note(self, count: int) -> None:
        with db.writing():
            for number in range(count):
                note(f"note/a/{number}", payload={"text": "ä" * number, "number": number - 2})

    def store(self, count: int) -> None:
        made: Documents = {}
        with db.writing():
            for _ in range(count):
                version = len(self.documents) + len(made) + 1
                made["thing/a/x", version] = document = b"%d" % version
                note("thing/a/x", version=version, content=document)
        self.documents |= made

    def fail(self, count: int) -> None:
        with pytest.raises(errors.Conflict):
            self.give_up(count)

    def give_up(self, count: int) -> None:
        with db.writing():
            self.note(count)
            raise errors.Conflict

    def nest(self, count: int) -> None:
        with db.writing():
            self.note(count)
            self.fail(count)
            self.store(count)

    def erase(self, seq: int) -> None:
        if not 1 <= seq <= journal.checkpoint()["size"]:
            return
        try:
            journal.erase(seq, by="operator", why="asked for")
        except errors.Gone:
            assert journal.entries(after=seq - 1, limit=1)[0].payload is None

    def clock(self, seconds: int) -> None:
        self.second += seconds

    def checkpoint(self, _: int) -> None:
        self.checkpoints.append(journal.checkpoint())

    def reopen(self, _: int) -> None:
        db.open(self.url)


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(steps=STEPS)
def test_ordinary_use_always_verifies(databases: Engines, engine: str, steps: list[tuple[str, int]]) -> None:
    documents: Documents = {}
    with databases.fresh(engine, migrated=True) as url, pytest.MonkeyPatch.context() as patch:
        keep(documents, patch)
        db.open(url)
        life = Life(url, documents)
        patch.setattr(clock, "now", life.now)
        for name, number in steps:
            getattr(life, name)(number)
            report = journal.verify()
            assert report.ok, (name, report)
        now = journal.checkpoint()
        assert (report.size, report.root) == (now["size"], now["root"]) if steps else now["size"] == 0
        for one in life.checkpoints:
            assert journal.verify(checkpoint=one).ok
        times = [one.recorded_at for one in journal.entries(limit=1000)]
        assert times == sorted(times)
        db.close()
