"""How long publications last, worked out anew from what happened: `verify` holds what is stored against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from registry import journal
from registry.clock import ENDLESS


class Publication(Protocol):
    """What is asked of a publication, of rules or of a notice."""

    revision: int
    effective_from: str
    published_at: str


@dataclass(frozen=True, slots=True)
class Lasting:
    """Until when a publication is meant to be in force, and when it was closed, by whatever or by a withdrawal."""

    until: str = ENDLESS
    closed_at: str | None = None
    withdrawn_at: str | None = None


def lasting(
    publications: Iterable[Publication], withdrawn: Mapping[int, str], until: Mapping[int, str] | None = None
) -> dict[int, Lasting]:
    """By revision. `publications` are all of one register in their order; `withdrawn` says when all were withdrawn, by
    the last revision then; `until` what a publication was meant to last from the start, where it was not for ever.

    A publication closes what was open if it begins at once; else it cancels what was to begin later than it, and the
    others last until it begins. A withdrawal closes all.
    """
    found: dict[int, Lasting] = {}
    begin: dict[int, str] = {}
    for one in publications:
        begins, now = max(one.effective_from, one.published_at), one.published_at
        for revision, so_far in list(found.items()):
            if so_far.closed_at is not None:
                continue
            if begins <= now or begin[revision] >= begins:
                found[revision] = Lasting(so_far.until, now)
            else:
                found[revision] = Lasting(min(so_far.until, begins))
        found[one.revision] = Lasting((until or {}).get(one.revision, ENDLESS))
        begin[one.revision] = one.effective_from
        if (when := withdrawn.get(one.revision)) is not None:
            for revision, so_far in list(found.items()):
                if so_far.closed_at is None:
                    found[revision] = Lasting(so_far.until, when, when)
    return found


def withdrawals(of: str, action: str) -> dict[int, str]:
    """When an object was withdrawn, by the revision that was the last then, as the journal says."""
    return {entry.version: entry.recorded_at for entry in _entries(of, action) if entry.version is not None}


def starts(of: str, action: str) -> dict[int, str]:
    """What each publication of an object was meant to last, by revision, as the journal says."""
    return {
        entry.version: str(entry.payload["until"])
        for entry in _entries(of, action)
        if entry.version is not None and entry.payload and "until" in entry.payload
    }


def _entries(of: str, action: str) -> Iterator[journal.Entry]:
    after = 0
    while some := journal.entries(after=after, limit=200, of=of, action=action):
        yield from some
        after = some[-1].seq
