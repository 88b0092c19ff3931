"""One declaration read: the version that applied, the newest, one by number, all of them.

To an auditor, who sees no drafts, a register has the versions that were published and no others (registry.catalogue
.reaching). The statements are written out, not built anew for each
request: building them took ten times as long as they run.
"""

from __future__ import annotations

import functools
from typing import Any

from registry import clock, db
from registry.catalogue import reaching
from registry.catalogue.model import COLUMNS, Written, applicable, written
from registry.errors import Gone, NotFound

_APPLICABLE, _AS_KNOWN = (f"v.id = {applicable(known)}" for known in (False, True))
_PUBLISHED = " AND " + reaching.PUBLISHED
_OF_PUBLISHED, _AS_KNOWN_OF_PUBLISHED = (f"v.id = {applicable(known, _PUBLISHED)}" for known in (False, True))
_LAST_PUBLISHED = (
    "v.id = (SELECT w.id FROM catalogue_version w WHERE w.declaration_id = d.id"  # noqa: S608 -- of constants
    f"{_PUBLISHED} ORDER BY w.version DESC LIMIT 1)"
)


def exists(kind: str, controller: str, key: str) -> bool:
    """Whether the declaration is there and has not ended."""
    try:
        return not newest(kind, controller, key).ended
    except NotFound:
        return False


def newest(kind: str, controller: str, key: str) -> Written:
    """The version written last, whenever it applies. Raises `NotFound`."""
    if reaching.only_published(kind, controller, key):
        return _one(kind, controller, key, _LAST_PUBLISHED)
    return _one(kind, controller, key, "v.version = d.version")


def numbered(kind: str, controller: str, key: str, number: int) -> Written:
    """Version `number`. Raises `NotFound`."""
    if reaching.limits(controller) and all(one.version != number for one in history(kind, controller, key)):
        number = 0  # there is none with it for them
    return _one(kind, controller, key, "v.version = ?", number)


def at(
    kind: str, controller: str, key: str, *, as_of: str | None = None, known_at: str | None = None
) -> Written:
    """The version that applied at `as_of` (default: now) as far as was known at `known_at` (default: now).

    Raises `NotFound` before the first version and `Gone` from the day it ended.
    """
    found = applied(kind, controller, key, as_of=as_of, known_at=known_at)
    if found.ended:
        raise Gone(
            "It has ended; ask with ?as_of= for the time before, or for its versions.",
            effective_from=found.effective_from,
        )
    return found


def applied(
    kind: str, controller: str, key: str, *, as_of: str | None = None, known_at: str | None = None
) -> Written:
    """As `at`, but gives also a version that ends the declaration. Raises `NotFound` before the first version."""
    moments = [as_of or clock.now(), *([] if known_at is None else [known_at])]
    if reaching.only_published(kind, controller, key):
        condition = _OF_PUBLISHED if known_at is None else _AS_KNOWN_OF_PUBLISHED
    else:
        condition = _APPLICABLE if known_at is None else _AS_KNOWN
    return _one(kind, controller, key, condition, *moments)


def beneath(kind: str, controller: str, key: str, effective_from: str | None) -> Written:
    """What a change that takes effect at `effective_from` (default: now) changes: the version that applies then.

    Where none does, or it has ended by then, the version written last. Raises `NotFound` where there is none at all.
    """
    try:
        return at(kind, controller, key, as_of=effective_from)
    except (Gone, NotFound):
        return newest(kind, controller, key)


def history(
    kind: str, controller: str, key: str, *, after: int = 0, limit: int | None = None
) -> list[Written]:
    """Versions with a number above `after`, oldest first. Raises `NotFound` when there is none at all."""
    newest(kind, controller, key)
    if reaching.limits(controller):
        condition = _PUBLISHED.replace("w.", "v.") if reaching.only_published(kind, controller, key) else ""
        every = db.execute(_statement("1 = 1" + condition, "ORDER BY v.version"), kind, controller, key)
        seen = reaching.in_period(controller, list(written(kind, every)))
        return [one for one in seen if one.version > after][:limit]
    most = -1 if limit is None else limit
    sql = _statement("v.version > ?", "ORDER BY v.version" + ("" if most < 0 else " LIMIT ?"))
    values = (kind, controller, key, after, *(() if most < 0 else (most,)))
    return list(written(kind, db.execute(sql, *values)))


def _one(kind: str, controller: str, key: str, condition: str, *values: Any) -> Written:
    for found in written(kind, db.execute(_statement(condition, "LIMIT 1"), kind, controller, key, *values)):
        return found
    raise NotFound(f"No such {kind}, or no version of it at that time.")


@functools.cache
def _statement(condition: str, end: str) -> str:
    return (
        f"SELECT {COLUMNS} FROM catalogue_declaration d JOIN catalogue_version v ON v.declaration_id = d.id "  # noqa: S608 -- made of the constants of this file
        f"WHERE d.kind = ? AND d.controller = ? AND d.key = ? AND {condition} {end}"
    )
