"""The write transaction: one verb, one writer at a time, all of it or nothing, and never without a journal entry."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, overload

from registry import errors
from registry.db import engines
from registry.db.engines import WRITER, Unjournalled, Work, WriteOutside, database, here
from registry.db.failures import failure

RETRIES = 3

P = ParamSpec("P")
R = TypeVar("R")


@overload
def writes(verb: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def writes(*, journalled: bool = True, why: str = "") -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def writes(verb: Any = None, /, *, journalled: bool = True, why: str = "") -> Any:
    """Mark a verb: a function that writes, in one transaction with its journal entry.

    Alone it takes the write lock first, so what it reads stays true until it commits. Inside another verb it joins
    that one's transaction; if it raises, what it did is undone and the outer verb may go on. A serialization failure,
    a deadlock or a lock runs the whole verb again, three times at most: give it values, not iterators.

    Raises errors.Busy when its turn does not come, errors.StorageFull when the disk is full, errors.Unavailable when
    the database is away, Unjournalled when rows changed and nothing was appended to the journal (unless
    `journalled=False`, which needs a `why`).
    """
    if not journalled and not why:
        raise TypeError("journalled=False needs its reason: why=…")

    def mark(verb: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(verb)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            def once() -> R:
                with _transaction(journalled, verb.__qualname__):
                    return verb(*args, **kwargs)

            return once() if here.work is not None else repeated(once, RETRIES, engines.PATIENCE)

        return run

    return mark(verb) if verb is not None else mark


@contextmanager
def writing(*, why: str = "") -> Iterator[Work]:
    """A write transaction as a block, run once and not repeated; with a `why` it needs no journal entry.

    Raises as `writes` does.
    """
    try:
        with _transaction(not why, "a block") as current:
            yield current
    except Exception as exc:
        raise told(exc) from exc.__cause__


@contextmanager
def snapshot() -> Iterator[None]:
    """A read transaction: every select in the block sees the same moment. Keep it short, it holds back the clean-up."""
    if database.obj.in_transaction():
        yield
        return
    with database.obj.transaction("read"):
        yield


@contextmanager
def lightly() -> Iterator[None]:
    """Verbs in the block do not wait for the disk: a process that is killed loses nothing that they wrote, a machine
    that loses power may lose the last of it. For what is not promised to anybody. Not inside a write transaction.
    """
    base = database.obj
    if here.work is not None:
        raise WriteOutside("lightly() inside a write transaction, which is promised")
    if base.pooled:
        here.light = True
        try:
            yield
        finally:
            here.light = False
        return
    base.execute_sql("PRAGMA synchronous = NORMAL")
    try:
        yield
    finally:
        try:
            base.execute_sql("PRAGMA synchronous = FULL")
        except BaseException:
            base.close()  # the next one begins with what was asked for
            raise


def work() -> Work:
    """The write transaction that is running. Raises WriteOutside when none is."""
    if here.work is None:
        raise WriteOutside("outside a verb marked @writes")
    return here.work


def noted() -> None:
    """Said by the journal when it has appended an entry."""
    work().entries += 1


def repeated(once: Callable[[], R], retries: int, patience: float) -> R:
    """Run a transaction, again when it lost against another: at most `retries` times more and `patience` seconds."""
    began = time.monotonic()
    for left in range(retries, -1, -1):
        try:
            return once()
        except Exception as exc:
            meant = told(exc)
            if (
                not isinstance(meant, errors.Busy)
                or meant is exc
                or not left
                or time.monotonic() - began > patience
            ):
                raise meant from (exc if meant is not exc else exc.__cause__)
        time.sleep(random.uniform(0.001, 0.02))  # noqa: S311 -- apart, so that two losers do not meet again
    raise AssertionError("unreachable")


def told(exc: Exception) -> Exception:
    """The exception to raise for one that came up: itself, or the Problem that it means."""
    if isinstance(exc, errors.Problem | Unjournalled):
        return exc
    return failure(exc) or exc


@contextmanager
def _transaction(journalled: bool, name: str) -> Iterator[Work]:
    if here.work is not None:
        current = here.work
        before = (current.changed, current.entries, dict(current.memo))
        try:
            with database.obj.savepoint(), _checked(current, journalled, name):
                yield current
        except BaseException:
            current.changed, current.entries, current.memo = before
            raise
        return
    base = database.obj
    if base.in_transaction():
        raise WriteOutside(f"{name} inside a read transaction: what was read there may be out of date")
    fetched = base.is_closed()
    try:
        with _turn(base), base.transaction("write"):
            here.work = Work()
            if base.pooled:
                base.execute_sql("SELECT pg_advisory_xact_lock(%s)", (WRITER,))
                if here.light:
                    base.execute_sql("SELECT set_config('synchronous_commit', 'off', true)")
            with _checked(here.work, journalled, name):
                yield here.work
            # the commit happens while `here.work` still stands: the SQLite commit hook asks for it
    finally:
        here.work = None
        if base.pooled and not base.is_closed() and (fetched or not base.is_connection_usable()):
            base.close()


@contextmanager
def _turn(base: Any) -> Iterator[None]:
    if base.pooled:
        yield
        return
    if not base.turn.acquire(timeout=engines.PATIENCE):
        raise errors.Busy("Others are writing just now; try again.")
    try:
        yield
    finally:
        base.turn.release()


@contextmanager
def _checked(current: Work, journalled: bool, name: str) -> Iterator[None]:
    changed, entries = current.changed, current.entries
    yield
    if journalled and current.changed > changed and current.entries == entries:
        raise Unjournalled(f"{name} changed rows and appended nothing to the journal")
