"""/v1/journal: what was written, by whom and when, and the checkpoint that others may keep."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import peewee
from flask import Response, current_app
from marshmallow import fields, validate

from registry import db
from registry.api import (
    HISTORY,
    REGISTERS,
    Blueprint,
    Key,
    Page,
    Schema,
    holder,
    page_of,
    require,
    seek,
    stored,
)
from registry.api.door import Holder
from registry.api.reach import Reach
from registry.journal.entries import Entry, JournalEntry, checkpoint, controller_of, entries

blueprint = Blueprint("journal", __name__, description="What has been written down")

_ENTRY = {
    "seq": 7,
    "recorded_at": "2026-01-15T08:00:00.000000Z",
    "actor": "client/5d0c1f2e3a4b5c6d",
    "action": "register.changed",
    "object": "register/acme/customers",
    "version": 2,
    "payload_commitment": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "prev_hash": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
}


class EntrySchema(Schema):
    """An entry: the canonical bytes that were hashed, their leaf, and the payload; null where it was erased, or names a
    register that an auditor does not hear of."""

    entry = fields.Dict(
        required=True, metadata={"description": "RFC 8785 form is what the leaf is the hash of."}
    )
    leaf = fields.String(
        required=True, metadata={"description": "SHA-256 of 0x00 and the entry (RFC 9162), hex."}
    )
    payload = fields.Dict(required=True, allow_none=True)


class CheckpointSchema(Schema):
    """Where the journal stands; kept by somebody else, it proves later that nothing before it was changed."""

    origin = fields.String(required=True)
    size = fields.Integer(required=True, strict=True)
    root = fields.String(
        required=True, metadata={"description": "Merkle tree hash (RFC 9162) over all entries, hex."}
    )
    recorded_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})


class JournalQuery(Page):
    """Which entries to list."""

    controller = Key(metadata={"description": "About objects of this controller."})
    object = fields.String(
        validate=validate.Length(1, 200),
        metadata={"description": "About this object: register/acme/customers."},
    )
    action = fields.String(
        validate=validate.Length(1, 100), metadata={"description": "With this action: register.changed."}
    )


@require("journal:read", within=(REGISTERS, HISTORY))
@blueprint.route("/v1/journal")
@blueprint.arguments(JournalQuery, location="query")
@blueprint.response(
    200,
    page_of(EntrySchema),
    example={
        "items": [
            {"entry": _ENTRY, "leaf": "6e" * 32, "payload": {"effective_from": "2026-01-15T08:00:00.000000Z"}}
        ],
        "next": None,
    },
)
def list_journal_entries(query: dict[str, Any]) -> Response:
    """List journal entries about the controllers that you may see, oldest first.

    Entries that concern no controller (clients, tokens) are for those who see the whole installation.
    """
    window, asking = seek(query, int), holder()
    seen = asking.controllers
    if (asked := query.get("controller")) is not None:
        seen = frozenset({asked}) if seen is None or asked in seen else frozenset()
    found = entries(
        after=window.after[0] if window.after else 0,
        limit=window.limit + 1,
        controllers=seen,
        of=query.get("object"),
        action=query.get("action"),
        among=[_within(controller, some) for controller, some in asking.reach.items()],
    )
    drafts = _drafts(asking)
    return window.page(
        found,
        document=lambda entry: _document(entry, _withheld(entry, drafts)),
        key=lambda entry: (entry.seq,),
    )


@require("journal:read", within=(REGISTERS, HISTORY))
@blueprint.route("/v1/journal/checkpoint")
@blueprint.response(
    200,
    CheckpointSchema,
    example={
        "origin": "registry.example/journal",
        "size": 7,
        "root": "ab" * 32,
        "recorded_at": "2026-01-15T08:00:00.000000Z",
    },
    etag=True,
)
def get_checkpoint() -> Response:
    """Read the checkpoint: size and Merkle root of the whole journal. Keep it where we cannot write."""
    settings = current_app.extensions["registry.settings"]
    made = checkpoint(settings.origin)
    # The root too: after an old backup was restored, a journal of the same size may say something else.
    return stored(orjson.dumps(made), etag=f'"{made["size"]}-{made["root"]}"')


#: The kinds of object that bear the key of a register.
_KEYED = ("register", "retention", "notice")
#: Of a register that was never published nobody hears who sees no drafts.
_NO_DRAFT = peewee.SQL(
    "(substr(object, 1, 9) <> 'register/' OR EXISTS (SELECT 1 FROM notice_publication n"
    " WHERE object = 'register/' || n.controller || '/' || n.key))"
)


def _within(controller: str, some: Iterable[Reach]) -> Any:
    """A condition on entries: not of this controller, or within what the holder reaches there."""
    row = JournalEntry
    told = (row.controller != controller) | row.controller.is_null()
    for one in some:
        which = row.controller == controller
        if one.registers is not None:
            which &= row.object.in_(
                [f"{kind}/{controller}/{key}" for kind in _KEYED for key in sorted(one.registers)]
            )
        if one.since is not None:
            which &= row.recorded_at >= one.since
        if one.until is not None:
            which &= row.recorded_at < one.until
        if one.published:
            which &= _NO_DRAFT
        told |= which
    return told


#: The registers of a controller that were never published.
_DRAFTS = """SELECT d.key FROM catalogue_declaration d WHERE d.kind = 'register' AND d.controller = ?
    AND NOT EXISTS (SELECT 1 FROM notice_publication n WHERE n.controller = d.controller AND n.key = d.key)"""
_WORDS = re.compile(r"[a-z0-9-]+")


def _drafts(asking: Holder) -> dict[str, frozenset[str]]:
    """By controller in which the holder sees no drafts, the registers that they hear nothing of."""
    return {
        controller: frozenset(key for (key,) in db.execute(_DRAFTS, controller).fetchall())
        for controller, some in asking.reach.items()
        if all(one.published for one in some)
    }


def _withheld(entry: Entry, drafts: Mapping[str, frozenset[str]]) -> bool:
    """Whether a payload names a register that was never published: of a waiver, in somebody's role."""
    hidden = drafts.get(controller_of(entry.object) or "", frozenset())
    return bool(hidden) and not hidden.isdisjoint(_WORDS.findall(orjson.dumps(entry.payload).decode()))


def _document(entry: Entry, withheld: bool) -> bytes:
    # The entry's own bytes, as they were hashed: nothing that a parser and a serialiser could change.
    return b"".join(
        (
            b'{"entry":',
            bytes(entry.document),
            b',"leaf":"',
            bytes(entry.leaf).hex().encode(),
            b'","payload":',
            b"null" if withheld else orjson.dumps(entry.payload),
            b"}",
        )
    )
