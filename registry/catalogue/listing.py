"""A page of a list: read from the database, and kept until something is declared or takes effect.

What a page says depends on what is asked, on the controllers that its reader sees, on the versions of all declarations,
which are written once and never changed, and on the moment. So a page is kept under the first two, together with the
version that was the newest when it was read, in the same statement, and with the moment at which the next planned
version takes effect. It is given out only while a look into the database, made anew for each request, finds the same
newest version, and only within that time. Who is limited within a controller is not served from what is kept: what they
see depends on more than that. Nor are pages further on: whoever goes through a list asks for each once, and so many of
them would push out the others.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response

from registry import clock, db
from registry.api.answer import Bytes
from registry.api.asked import here
from registry.api.door import holder
from registry.api.page import seek
from registry.catalogue import reaching
from registry.catalogue.select import Joined, joined, newest

#: What the pages of a process may take, bytes.
ROOM = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """The body and the headers of an answer, good from `since` (inclusive) to `until`."""

    body: bytes
    headers: Mapping[str, str]
    since: str
    until: str


class Pages:
    """The pages that were asked for last, all of one state of one database: `at`, the newest version that there is.

    Any thread may ask. Where the state is another, nothing that was kept before is good any more.
    """

    def __init__(self, room: int = ROOM) -> None:
        self.room = room
        self._at: Any = None
        self._pages: OrderedDict[Any, Kept] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def __contains__(self, asked: Any) -> bool:
        return asked in self._pages

    def get(self, asked: Any, at: Any, now: str) -> Kept | None:
        """The page that was kept for a question, if it is still what the database would answer."""
        with self._lock:
            found = self._pages.get(asked) if self._at == at else None
            if found is None or not found.since <= now < found.until:
                return None
            self._pages.move_to_end(asked)
            return found

    def keep(self, asked: Any, at: Any, page: Kept) -> None:
        """Keep a page that was read in a state. Those asked for longest ago make room; a very large one is not kept."""
        if len(page.body) * 8 > self.room:
            return
        with self._lock:
            if self._at != at:
                self._pages.clear()
                self._at, self._size = at, 0
            if (before := self._pages.pop(asked, None)) is not None:
                self._size -= len(before.body)
            self._pages[asked] = page
            self._size += len(page.body)
            while self._size > self.room:
                self._size -= len(self._pages.popitem(last=False)[1].body)


PAGES = Pages()


def page(
    kind: str, args: Mapping[str, Any], conditions: Callable[[dict[str, Any]], dict[str, Any]]
) -> Response:
    """The page of a kind's list that a loaded query asks for; `conditions` as for registry.catalogue.routes."""
    asking, base = holder(), db.database.obj
    asked = None
    if not asking.reach and args["cursor"] is None:
        asked = (kind, here.environ["QUERY_STRING"], asking.controllers)
    if asked in PAGES and (kept := PAGES.get(asked, (base, newest()), clock.now())) is not None:
        return Bytes.of(kept.body, 200, kept.headers, "application/json")
    now = clock.now()
    window = seek(dict(args), str, str)
    filters = {k: v for k, v in args.items() if k not in ("limit", "cursor") and v is not None}
    seen = asking.controllers
    if (one := filters.pop("controller", None)) is not None:
        seen = frozenset({one}) if seen is None or one in seen else frozenset()
    reaching.covered(filters.get("as_of") or now)
    after = (window.after[0], window.after[1]) if window.after else None
    found: Joined = joined(
        kind, controllers=seen, after=after, limit=window.limit, **conditions(filters), now=now
    )
    body, headers = window.told(found.documents, found.last)
    if asked is not None and found.newest:
        PAGES.keep(asked, (base, found.newest), Kept(body, headers, now, found.until))
    return Bytes.of(body, 200, headers, "application/json")
