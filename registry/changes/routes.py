"""/v1/changes: what has changed, in order, from where the caller left off; or as soon as something does."""

from __future__ import annotations

import functools
import threading
import time
from typing import Any

import orjson
from flask import Response
from marshmallow import fields

from registry import db
from registry.api import REGISTERS, Blueprint, Key, OneOf, Page, Schema, holder, require, seek, stored
from registry.changes import feed
from registry.changes.kinds import KINDS
from registry.strict.schema import QueryInteger

blueprint = Blueprint("changes", __name__, description="What has changed")

#: The longest wait, seconds: shorter than what proxies commonly cut.
LONGEST = 30
#: How often it is looked whether something has changed, seconds.
EVERY = 0.25
#: So many callers may wait in one process; the others are answered at once, so that they hold up nobody.
WAITING = threading.BoundedSemaphore(16)

CHANGE = {
    "seq": 812,
    "kind": "retention.published",
    "object": "retention/acme/customers",
    "controller": "acme",
    "version": 2,
    "recorded_at": "2026-01-16T08:00:00.000000Z",
    "takes_effect_at": None,
}


class ChangeSchema(Schema):
    """Something has changed: fetch it, with your own token. Nothing of what it says is in here."""

    seq = fields.Integer(
        required=True, strict=True, metadata={"description": "Its number in the journal; they only grow."}
    )
    kind = fields.String(required=True, metadata={"enum": list(KINDS)})
    object = fields.String(required=True, metadata={"description": "Its kind, controller and key."})
    controller = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True, strict=True, allow_none=True)
    recorded_at = fields.String(required=True, metadata={"format": "date-time"})
    takes_effect_at = fields.String(
        required=True, allow_none=True,
        metadata={"format": "date-time", "description": "Not before then; there is no other event then."},
    )  # fmt: skip


class ChangesSchema(Schema):
    """A part of the feed. `next` is always there: the feed has no end."""

    items = fields.List(fields.Nested(ChangeSchema), required=True)
    next = fields.String(required=True, metadata={"description": "The cursor to go on with; keep it."})
    more = fields.Boolean(required=True, metadata={"description": "Ask again at once: there is more."})


class ChangesQuery(Page):
    """From where, and what of it."""

    controller = Key(metadata={"description": "Of this controller."})
    kind = OneOf(*KINDS, metadata={"description": "Of this kind."})
    wait = QueryInteger(
        min=0,
        max=LONGEST,
        load_default=0,
        metadata={"description": "Seconds to wait for something when there is nothing."},
    )
    since = QueryInteger(
        min=0, metadata={"description": "Without a cursor: behind this journal entry, of a position."}
    )


@require("changes:read", within=(REGISTERS,))
@blueprint.route("/v1/changes")
@blueprint.arguments(ChangesQuery, location="query")
@blueprint.response(200, ChangesSchema, example={"items": [CHANGE], "next": "WyI4…", "more": False})
def list_changes(query: dict[str, Any]) -> Response:
    """Follow what changes about the controllers that you may see, oldest first.

    Keep `next` and ask with it: nothing is skipped and nothing comes twice, also when you stop for a month. An empty
    answer means that nothing has changed. With `wait` the answer comes as soon as something does; when too many wait
    already it comes at once, with Retry-After. Without a cursor it begins at the beginning, or behind `since`.
    """
    wait, since = query.pop("wait"), query.pop("since", 0)
    window, seen = seek(query, int), holder().controllers
    if (one := query.get("controller")) is not None:
        seen = frozenset({one}) if seen is None or one in seen else frozenset()
    kinds = (query["kind"],) if "kind" in query else None
    read = functools.partial(
        feed.read, limit=window.limit, controllers=seen, kinds=kinds, registers=_registers()
    )
    after = window.after[0] if window.after else since
    part = read(after)
    headers = {"Cache-Control": "no-store"}
    if wait and not part.changes and not part.more:
        if WAITING.acquire(blocking=False):
            try:
                until = time.monotonic() + wait
                while not part.changes and (left := until - time.monotonic()) > 0:
                    _pause(min(EVERY, left))
                    if feed.size() > part.until:
                        part = read(part.until)
            finally:
                WAITING.release()
        else:
            headers["Retry-After"] = "5"
    told = {
        "items": [change.document() for change in part.changes],
        "next": window.cursor((part.until,)),
        "more": part.more,
    }
    return stored(orjson.dumps(told), headers=headers)


def _registers() -> dict[str, frozenset[str]]:
    """In which controllers the holder sees some registers only, and which."""
    reach = holder().reach
    return {key: frozenset().union(*(one.registers or () for one in some)) for key, some in reach.items()}


def _pause(seconds: float) -> None:
    """Sleep without a connection: others need it meanwhile."""
    db.request_end()
    time.sleep(seconds)
    db.request_begin()
