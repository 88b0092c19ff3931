"""What an exception of a database or its driver means to a caller."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

import cysqlite
from playhouse.pool import MaxConnectionsExceeded

from registry import errors


def _chain(exc: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [exc]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__context__, one.__cause__]


# PostgreSQL's SQLSTATE: disk full; serialization failure, deadlock, lock not available, too many connections;
# connection exceptions, shutdown, I/O error. SQLite's codes: 8 read-only, 10 I/O error, 14 cannot open.
_FULL = {"53100"}
_BUSY = {"40001", "40P01", "55P03", "53300"}
_AWAY = re.compile(r"08...|57P0.|58030")
_SQLITE_AWAY = re.compile(r"\(code=(8|10|14),|unable to open database")


def failure(exc: BaseException) -> errors.Problem | None:
    """What an exception of the database means to a caller: StorageFull, Busy, Unavailable, or None (a fault of ours).

    The whole chain is looked at: what surfaces of a full disk is often "cannot rollback", the cause is only its
    context.
    """
    links = list(_chain(exc))
    states = {str(getattr(one, "sqlstate", None) or "") for one in links}
    texts = [str(one) for one in links if isinstance(one, cysqlite.SqliteError)]
    full = any(isinstance(one, OSError) and one.errno == errno.ENOSPC for one in links)
    if full or states & _FULL or any(isinstance(one, cysqlite.DiskFullError) for one in links):
        return errors.StorageFull("There is no room left to write; nothing was changed.")
    waited = any(isinstance(one, cysqlite.DatabaseLockedError | MaxConnectionsExceeded) for one in links)
    if waited or states & _BUSY:
        return errors.Busy("Others are writing just now; try again.")
    away = any(_AWAY.fullmatch(state) for state in states) or any(_SQLITE_AWAY.search(text) for text in texts)
    # A server that does not answer at all gives no state, only psycopg's own kind of error.
    away |= any(
        type(one).__name__ == "OperationalError" and type(one).__module__ == "psycopg" for one in links
    )
    return errors.Unavailable("The database is away; try again later.") if away else None
