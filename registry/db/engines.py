"""The two engines, how a thread gets its connection, and what their failures mean.

SQLite is reached through cysqlite, never through the interpreter's sqlite3: the latter's library is of the line that
can corrupt a WAL database (SQLite 3.7.0 to 3.51.2). PostgreSQL is reached through psycopg 3 and a bounded pool.
"""

from __future__ import annotations

import functools
import logging
import os
import random
import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cysqlite
import peewee
from playhouse.cysqlite_ext import CySqliteDatabase
from playhouse.pool import PooledPostgresqlDatabase

from registry.db.failures import failure

#: How long a write waits for its turn, seconds. Longer is Busy: the caller is told to come back, not kept.
PATIENCE = 5.0
#: The one advisory lock that makes PostgreSQL let one writer in at a time, as SQLite does.
WRITER = 0x7265_6769_7374_6572
SAFE_WAL = (3, 51, 3)
ENABLE_QPSG = 1007  # SQLITE_DBCONFIG_ENABLE_QPSG

database = peewee.DatabaseProxy()

# At DEBUG peewee would write each statement with its values: references to people, and what is sealed or hashed.
logging.getLogger("peewee").setLevel(logging.INFO)

_READS = re.compile(
    r"[\s(]*(?:SELECT|PRAGMA|EXPLAIN|VALUES|SHOW|SAVEPOINT|RELEASE|ROLLBACK|WITH(?!.*\b(?:INSERT|UPDATE|DELETE|MERGE)\b))\b",
    re.IGNORECASE | re.DOTALL,
)


@functools.lru_cache(maxsize=1024)
def _reads(sql: str) -> bool:
    return _READS.match(sql) is not None


class WriteOutside(RuntimeError):
    """A statement that writes was sent outside a verb marked @writes."""


class Unjournalled(RuntimeError):
    """A verb changed rows and appended nothing to the journal."""


@dataclass
class Work:
    """What a write transaction has done so far: rows `changed`, journal `entries` appended, and `memo`, which what
    runs inside may keep things in (a nested verb that fails gets it back as it was).
    """

    changed: int = 0
    entries: int = 0
    memo: dict[str, Any] = field(default_factory=dict)


class _Here(threading.local):
    work: Work | None = None
    light: bool = False


here = _Here()


class _Guarded(peewee.Database):
    """Refuses to write outside a write transaction, and counts the rows that one changes."""

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        if _reads(sql):
            return super().execute_sql(sql, params)
        if here.work is None:
            raise WriteOutside(f"{sql.split(None, 1)[0]} outside a verb marked @writes")
        cursor = super().execute_sql(sql, params)
        here.work.changed += max(cursor.rowcount, 0)
        return cursor


class Sqlite(_Guarded, CySqliteDatabase):
    """One file. Connections are kept open, opening costs more than most requests: a thread has its own, but between
    requests those of a server's threads lie on a stack, so that the few that are in use stay in the caches.
    """

    name = "sqlite"
    pooled = False

    def __init__(self, path: str, pragmas: dict[str, Any]) -> None:
        # Threads of one process queue here, where a turn passes in microseconds; waiting at the file is by polling.
        self.turn = threading.Lock()
        self.patience = float(pragmas.get("busy_timeout", PATIENCE * 1000)) / 1000
        self._commit_hook = None
        self.idle: list[Any] = []
        super().__init__(
            path,
            rank_functions=False,
            pragmas=pragmas,
            timeout=PATIENCE,
            lock_type="IMMEDIATE",
            field_types={"KEY": "TEXT"},
        )
        # The guard below the guard: even a cursor taken by hand commits nothing outside a verb.
        self._commit_hook = lambda: 0 if here.work is not None or here.__dict__.get("opening") else 1

    def _connect(self) -> Any:
        here.opening = True
        try:
            deadline = time.monotonic() + PATIENCE
            while True:
                try:
                    made = super()._connect()
                    # A plan is kept for every value: else this build (STAT4) prepares each statement anew at each bind.
                    made.db_config(ENABLE_QPSG, 1)
                    return made
                except cysqlite.DatabaseLockedError:  # the switch to WAL does not wait by itself
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.01)
        finally:
            here.opening = False

    def connection(self) -> Any:
        """The connection of this thread: the one it has, else the one that was put down last, else a new one."""
        state = self._state
        if state.closed:
            try:
                state.set_connection(self.idle.pop())
            except IndexError:
                self.connect()
        return state.conn

    def put_down(self) -> None:
        """Leave the connection, which has nothing going on, to whoever comes next."""
        state = self._state
        self.idle.append(state.conn)
        state.reset()

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """As peewee's, without the log and the hooks that nobody here listens to."""
        if not _reads(sql):
            return super().execute_sql(sql, params)
        try:
            return self.connection().execute(sql, params or ())
        except cysqlite.SqliteError:
            with peewee.__exception_wrapper__:
                raise

    def begin(self, kind: str | None = None) -> None:
        """Begin a transaction: "write" takes the write lock at once, anything else reads one snapshot."""
        if kind != "write":
            super().begin("DEFERRED")
            return
        # SQLite itself looks again after up to 100 ms, so beside a busy process another starves. We look each ms.
        connection, deadline = self.connection(), time.monotonic() + self.patience
        connection.execute("PRAGMA busy_timeout = 0")
        try:
            while True:
                try:
                    super().begin("IMMEDIATE")
                    return
                except peewee.OperationalError as exc:
                    if not isinstance(exc.orig, cysqlite.DatabaseLockedError) or time.monotonic() > deadline:
                        raise
                time.sleep(random.uniform(0.0005, 0.0015))  # noqa: S311 -- only so that two do not march in step
        finally:
            connection.execute(f"PRAGMA busy_timeout = {int(self.patience * 1000)}")


class Postgres(_Guarded, PooledPostgresqlDatabase):
    """A bounded pool a process; a session reads only, until a verb begins a transaction that may write."""

    name = "postgresql"
    pooled = True

    def __init__(self, url: str, *, isolation: str, **pool: Any) -> None:
        self.isolation = isolation
        super().__init__(
            url, prefer_psycopg3=True, timeout=PATIENCE, field_types={"KEY": 'TEXT COLLATE "C"'}, **pool
        )

    def begin(self, kind: str | None = None) -> None:
        """Begin a transaction: "write" may write once it is its turn, anything else reads one snapshot."""
        cursor = self.cursor()
        with peewee.__exception_wrapper__:
            if kind == "write":
                cursor.execute(f"BEGIN ISOLATION LEVEL {self.isolation} READ WRITE")
            else:
                cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")


def open(url: str, *, isolation: str = "READ COMMITTED", pool: int = 20, **pragmas: Any) -> Sqlite | Postgres:
    """Bind the database named by a URL and give it; nothing is connected yet.

    ``sqlite:///relative/path``, ``sqlite:////absolute/path`` (pragmas override ours) or ``postgresql://…`` (`pool`
    connections at most; `isolation` of write transactions). Raises ValueError for another scheme, RuntimeError for a
    SQLite library that may corrupt a WAL database.
    """
    close()
    made: Sqlite | Postgres
    if url.startswith("sqlite:///"):
        if cysqlite.sqlite_version_info < SAFE_WAL:
            raise RuntimeError(
                f"SQLite {cysqlite.sqlite_version} may corrupt a WAL database; 3.51.3 is the first safe one"
            )
        path = url.removeprefix("sqlite:///")
        Path(path).absolute().parent.mkdir(parents=True, exist_ok=True)
        # FULL: an acknowledged write is a promise. Never mmap_size together with WAL.
        ours = {
            "journal_mode": "wal",
            "synchronous": "full",
            "foreign_keys": 1,
            "secure_delete": 1,
            "journal_size_limit": 64 * 1024 * 1024,
        }
        made = Sqlite(path, {**ours, **pragmas})
    elif url.startswith("postgresql://"):
        from psycopg.conninfo import conninfo_to_dict

        options = str(conninfo_to_dict(url).get("options") or "")
        options += (
            f" -c timezone=UTC -c default_transaction_read_only=on -c lock_timeout={int(PATIENCE * 1000)}"
        )
        # A standby lags behind: it may not know yet of a hold that was set.
        made = Postgres(
            url,
            target_session_attrs="primary",
            isolation=isolation,
            max_connections=pool,
            stale_timeout=300,
            options=options.strip(),
        )
    else:
        raise ValueError("The database must be sqlite:///path or postgresql://…")
    database.initialize(made)
    return made


def close() -> None:
    """Close this thread's connection and those that nobody has. The database stays bound."""
    if database.obj is None:
        return
    if database.obj.pooled:
        database.obj.close_all()
    else:
        database.obj.close()
        while database.obj.idle:
            database.obj.idle.pop().close()


def connection() -> Any:
    """The driver's connection of this thread, opened if need be."""
    return database.obj.connection()


def execute(sql: str, *values: Any) -> Any:
    """Run a statement of one's own, with ? for each value on either engine; gives the cursor.

    For the few statements that run so often that building them anew each time shows.
    """
    base = database.obj
    return base.execute_sql(sql if base.param == "?" else sql.replace("?", base.param), values)


def engine() -> dict[str, str]:
    """Which engine answers: {"engine": "sqlite" or "postgresql", "version": …}."""
    if database.obj.name == "sqlite":
        return {"engine": "sqlite", "version": cysqlite.sqlite_version}
    shown = database.obj.execute_sql("SHOW server_version").fetchone()[0]
    return {"engine": "postgresql", "version": str(shown).split()[0]}


def request_begin() -> None:
    """Before a request: take a connection from the pool (PostgreSQL; on SQLite the thread has its own).

    Raises errors.Busy when the pool stays empty, errors.Unavailable when the server is away.
    """
    if not database.obj.pooled:
        return
    try:
        database.obj.connect(reuse_if_open=True)
    except Exception as exc:
        raise failure(exc) or exc from exc


def request_end() -> None:
    """After a request, whatever happened in it: leave no transaction open, give the connection back."""
    base = database.obj
    if base.is_closed():
        return
    if not base.pooled:
        connection = base.connection()
        if connection.in_transaction:
            base.rollback()
            base._state.transactions.clear()
        if connection.get_stmt_usage()[
            1
        ]:  # a select left half read would hold the next request to its old snapshot
            connection.finalize_statements()
        base.put_down()
        return
    base._state.transactions.clear()  # the pool itself rolls back what was left open
    base.close()


def _inherited() -> None:
    # No connection may cross a fork: the child forgets them, but keeps them from being closed, which would be felt in
    # the parent's file or socket. A lock may have been held by a thread that is not here.
    base = database.obj
    if base is None:
        return
    here.work = None
    _left.append(base._state.conn)
    base._lock = threading.Lock()
    if base.pooled:
        _left.extend([*base._connections, *base._in_use.values()])
        base._pool_lock = threading.RLock()
        base._pool_available = threading.Condition(base._pool_lock)
    else:
        base.turn = threading.Lock()
        _left.extend(base.idle)
        base.idle = []
    base.dispose()


_left: list[Any] = []
os.register_at_fork(after_in_child=_inherited)
