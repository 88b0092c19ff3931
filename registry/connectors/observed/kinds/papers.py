"""What is kept and shown about the system: requests, published pages, inventories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import ValidationError

from registry.connectors.observed.kinds.kind import kind
from registry.connectors.observed.passages import TextInPassages
from registry.connectors.observed.plain import Digest, PlainDay, Word, several
from registry.connectors.observed.statements import StatementOfPage
from registry.connectors.observed.unread import UNREAD
from registry.strict.schema import Boolean, Integer, OneOf, Schema


class LoggedRequest(Schema):
    """The days of one request of a data subject; nothing of whose it was or what it said."""

    received_on = PlainDay(required=True)
    identified_on = PlainDay(
        metadata={"description": "Where more was needed to know who asked: the day it came."}
    )
    extended_on = PlainDay(metadata={"description": "The day the person was told that it takes longer."})
    answered_on = PlainDay(
        required=True, allow_none=True, metadata={"description": "null: not answered yet."}
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: Mapping[str, Any], **_: Any) -> None:
        for name in ("identified_on", "extended_on", "answered_on"):
            if (day := data.get(name)) is not None and day < data["received_on"]:
                raise ValidationError("impossible_time: Before the request was received.", name)


@kind("request_log")
class RequestLog(Schema):
    """Requests of data subjects by their days; an empty list: there were none."""

    since = PlainDay(metadata={"description": "What was answered before is left out; nothing, if not said."})
    requests = several(LoggedRequest)


class PublishedPage(Schema):
    """A page as it was found. A notice also has its digest beside that of what should stand there."""

    url = Word(most=2000, required=True, metadata={"description": "As the register gives it."})
    status = Integer(
        min=100, max=599, required=True, allow_none=True, metadata={"description": "null: no answer."}
    )
    moved_to = Word(most=2000, metadata={"description": "Where one is sent on to for good."})
    text_sha256 = Digest(metadata={"description": "Of the text that was found."})
    expected_sha256 = Digest(metadata={"description": "Of the same text as the register's notice has it."})
    statements = several(StatementOfPage, required=False, metadata={"description": "What the text states."})
    language = Word(most=3, metadata={"description": "That the page says it is in."})
    passages = TextInPassages()
    unread = OneOf(*UNREAD, metadata={"description": "Why its text was not read, or not all of it."})
    guessed = Boolean(
        metadata={
            "description": "Where passages begin and end is guessed from where the lines of a PDF stand."
        }
    )
    linked = Boolean(
        metadata={"description": "Found as a link on the notice, and not given by the register."}
    )


@kind("published_text")
class PublishedText(Schema):
    """The published notice and the pages that it refers to, as they were found."""

    pages = several(PublishedPage)


class InventoryEntry(Schema):
    """A system in somebody's inventory; one for each register that it is said to serve."""

    inventory_id = Word(required=True)
    in_use = Boolean(required=True)
    title = Word()
    register = Word(most=130, metadata={"description": "controller/key of a register that it serves."})


@kind("inventory")
class Inventory(Schema):
    """The systems that an inventory knows."""

    entries = several(InventoryEntry)
