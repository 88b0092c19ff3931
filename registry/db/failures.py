"""What an exception of a database or its driver means to a caller."""

from __future__ import annotations

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


_FULL = {"53100"}
_BUSY = {"40001", "40P01", "55P03", "53300"}
_AWAY = re.compile(r"08...|57P0.|58030")


def failure(exc: BaseException) -> errors.Problem | None:
    """What an exception of the database means to a caller: StorageFull, Busy, Unavailable, or None (a fault of ours).

    The whole chain is looked at: what surfaces of a full disk is often "cannot rollback", the cause is only its
    context.
    """
    links = list(_chain(exc))
    states = {str(getattr(one, "sqlstate", None) or "") for one in links}
    texts = [str(one) for one in links if isinstance(one, cysqlite.SqliteError)]
    if states & _FULL or any(isinstance(one, cysqlite.DiskFullError) for one in links):
        return errors.StorageFull("There is no room left to write; nothing was changed.")
    if any(isinstance(one, OSError) and one.errno == 28 for one in links):
        return errors.StorageFull("There is no room left to write; nothing was changed.")
    if states & _BUSY or any(
        isinstance(one, cysqlite.DatabaseLockedError | MaxConnectionsExceeded) for one in links
    ):
        return errors.Busy("Others are writing just now; try again.")
    away = any(_AWAY.fullmatch(state) for state in states if state)
    away |= any(re.search(r"\(code=(8|10|14),|unable to open database", text) for text in texts)
    away |= any(
        type(one).__name__ == "OperationalError" and type(one).__module__ == "psycopg" for one in links
    )
    return errors.Unavailable("The database is away; try again later.") if away else None
