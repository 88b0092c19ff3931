"""One connection to a PostgreSQL: to a checked address, over verified TLS, read-only, and cut off when time is up."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import Connection, errors, sql
from psycopg.rows import dict_row

from registry import outbound
from registry.connectors.source import NotSeen, Way
from registry.outbound.allowing import is_permitted_loopback

STATEMENT_MS, LOCK_MS = 15_000, 1_000
CONNECT = 15  # seconds
BATCH = 2_000  # rows in memory at a time, of a statement that may give many
MOST_ROWS = 100_000  # of a statement that gives few
#: Bytes of one answer, or of BATCH rows. The driver takes whatever a server sends, and keeps all of it.
MOST = 32 * 1024 * 1024
_LOOK = 0.1  # seconds between two looks at how much came

#: What the server keeps to for the whole connection, whatever is set for the role or the database.
_OPTIONS = {
    "default_transaction_read_only": "on",
    "statement_timeout": str(STATEMENT_MS),
    "lock_timeout": str(LOCK_MS),
    "idle_in_transaction_session_timeout": "60000",
    "search_path": "pg_catalog",
    "client_min_messages": "error",
    "row_security": "off",  # hidden rows are an error, and no policy runs a function of somebody's as us
    "client_encoding": "UTF8",
    "DateStyle": "ISO",
    "TimeZone": "UTC",
}


@contextmanager
def connected(way: Way, settings: Mapping[str, Any]) -> Iterator[Session]:
    """A session, closed afterwards, and broken off from outside when the run has no time left, or an answer no end.

    Raises NotSeen.
    """
    host, port = settings["host"], settings.get("port", 5432)
    addresses = way.addresses(host, port)
    told = {
        "host": ",".join([host] * len(addresses)),
        "hostaddr": ",".join(addresses),
        "port": ",".join([str(port)] * len(addresses)),
        "dbname": settings["database"],
        "user": settings["user"],
        "password": way.secret("password"),
        "options": " ".join(f"-c {name}={value}" for name, value in _OPTIONS.items()),
        "application_name": "registry",
        "connect_timeout": max(2, int(min(CONNECT, way.left()))),
        "passfile": os.devnull,  # nothing of whoever runs us: no ~/.pgpass, no certificate, no ticket
        "sslcertmode": "disable",
        "gssencmode": "disable",
        "target_session_attrs": "any",
        **_tls(way, settings.get("security", "tls"), addresses),
    }
    try:
        connection: Connection[dict[str, Any]] = psycopg.connect(**told, row_factory=dict_row)
    except psycopg.Error as error:
        raise not_connected(error) from None
    watch = _Watch(connection, way.left())
    try:
        connection.read_only = True
        yield Session(connection, watch)
    finally:
        watch.end()
        with contextlib.suppress(psycopg.Error):
            connection.close()


class Session:
    """What is asked over one connection: each statement in a transaction of its own."""

    def __init__(self, connection: Connection[dict[str, Any]], watch: _Watch) -> None:
        self.connection, self._watch = connection, watch

    def rows(self, statement: LiteralString | sql.Composed, values: Any = None) -> list[dict[str, Any]]:
        """All rows of a statement that gives few. Raises NotSeen."""
        self._watch.begin()
        try:
            with self.connection.transaction():
                found = self.connection.execute(statement, values).fetchmany(MOST_ROWS + 1)
        except psycopg.Error as error:
            raise self._not_seen(error) from None
        if len(found) > MOST_ROWS:
            raise NotSeen("unavailable", "too_large")
        return found

    def stream(self, statement: LiteralString, values: Any) -> Iterator[dict[str, Any]]:
        """The rows of a statement that may give many: they stay on the server, and come BATCH at a time.

        Raises NotSeen.
        """
        self._watch.begin()
        try:
            with self.connection.transaction(), self.connection.cursor(name="registry") as cursor:
                cursor.itersize = BATCH
                for row in cursor.execute(statement, values):
                    yield row
                    self._watch.begin()
        except psycopg.Error as error:
            raise self._not_seen(error) from None

    def _not_seen(self, error: psycopg.Error) -> NotSeen:
        return NotSeen("unavailable", "too_large") if self._watch.too_much else not_seen(error)


class _Watch:
    """Breaks a connection off, from a thread of its own, when its time is up or too much came since `begin`.

    A server that is no server keeps to no timeout of ours. How much came the kernel knows (tcp(7), TCP_INFO).
    """

    def __init__(self, connection: psycopg.Connection[Any], seconds: float) -> None:
        # A descriptor of our own: that of the driver may be closed, and be another's, when time is up.
        self._handle = socket.socket(fileno=os.dup(connection.fileno()))
        self._ends = time.monotonic() + seconds
        self._over = threading.Event()
        self._begun = True
        self.too_much = False
        threading.Thread(target=self._look, name="watching", daemon=True).start()

    def begin(self) -> None:
        """Another answer begins."""
        self._begun = True

    def end(self) -> None:
        """Nothing more is waited for."""
        self._over.set()

    def _look(self) -> None:
        since = 0
        with self._handle, contextlib.suppress(OSError):
            while not self._over.wait(max(0.0, min(_LOOK, self._ends - time.monotonic()))):
                came = _received(self._handle)
                if self._begun:
                    self._begun, since = False, came
                self.too_much = came - since > MOST
                if self.too_much or time.monotonic() >= self._ends:
                    self._handle.shutdown(socket.SHUT_RDWR)
                    return


#: Where tcp_info has tcpi_bytes_received (linux/tcp.h, since 4.1).
_BYTES_RECEIVED = 128


def _received(handle: socket.socket) -> int:
    """How many bytes came over a connection; none where the system does not tell."""
    if not hasattr(socket, "TCP_INFO"):
        return 0
    told = handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_RECEIVED + 8)
    return int(struct.unpack_from("=Q", told, _BYTES_RECEIVED)[0]) if len(told) >= _BYTES_RECEIVED + 8 else 0


def _tls(way: Way, how: str, addresses: list[str]) -> dict[str, str]:
    """The certificate and its name are verified; without TLS only on this machine, where the operator permits that."""
    if how == "plain":
        if not all(is_permitted_loopback(one) for one in addresses):
            raise NotSeen("unavailable", "scheme_refused")
        return {"sslmode": "disable"}
    return {
        "sslmode": "verify-full",
        "sslrootcert": outbound.ca_file(way.allow),
        "ssl_min_protocol_version": "TLSv1.2",
    }


def not_connected(error: psycopg.Error) -> NotSeen:
    """Why there is no connection; the driver tells it in words only, those of the server in the server's language."""
    words = str(error).casefold()
    if isinstance(error, errors.ConnectionTimeout) or "timeout expired" in words or "timed out" in words:
        return NotSeen("unavailable", "timeout")
    if "fatal" not in words and ("ssl" in words or "certificate" in words or "tls" in words):
        return NotSeen("unavailable", "tls_failed")
    refused = (
        "authentication failed",
        "autentisering",
        "no password supplied",
        "pg_hba.conf",
        "does not exist",
    )
    for reason in refused:
        if reason in words:
            is_there = not ("database" in words and reason == "does not exist")
            return NotSeen("unauthorised", "credential_refused") if is_there else NotSeen("no_such_endpoint")
    if "permission denied" in words:
        return NotSeen("forbidden")
    return NotSeen("unavailable", "connection_failed")


def not_seen(error: psycopg.Error) -> NotSeen:
    """Why a statement was not answered."""
    if isinstance(error, errors.InsufficientPrivilege):
        return NotSeen("forbidden", "no_right")
    if isinstance(error, errors.QueryCanceled):
        return NotSeen("unavailable", "statement_timeout")
    if isinstance(error, errors.LockNotAvailable):
        return NotSeen("unavailable", "lock_timeout")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return NotSeen("unavailable", "connection_failed")
    return NotSeen("not_understood", "statement_failed")
