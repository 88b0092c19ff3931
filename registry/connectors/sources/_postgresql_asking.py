"""One connection to a PostgreSQL: to a checked address, over verified TLS, read-only, and cut off when time is up."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection, errors
from psycopg.rows import dict_row

from registry import outbound
from registry.connectors.source import NotSeen, Way
from registry.outbound.allowing import is_permitted_loopback

STATEMENT_MS, LOCK_MS = 15_000, 1_000
CONNECT = 15  # seconds
Database = Connection[dict[str, Any]]

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
def connected(way: Way, settings: Mapping[str, Any]) -> Iterator[Database]:
    """A connection, closed afterwards, and broken off from outside when the run has no time left. Raises NotSeen."""
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
        connection: Database = psycopg.connect(**told, row_factory=dict_row)
    except psycopg.Error as error:
        raise not_connected(error) from None
    # A descriptor of our own: that of the driver may be closed, and be another's, when time is up.
    handle = socket.socket(fileno=os.dup(connection.fileno()))
    ends = threading.Timer(way.left(), _break_off, (handle,))
    ends.daemon = True
    ends.start()
    try:
        connection.read_only = True
        yield connection
    finally:
        ends.cancel()
        with contextlib.suppress(psycopg.Error):
            connection.close()
        handle.close()


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


def _break_off(handle: socket.socket) -> None:
    """End whatever is being waited for: a server that is no server keeps to no timeout of ours."""
    with contextlib.suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)


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
