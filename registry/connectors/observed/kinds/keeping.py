"""How long the system keeps what it has, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import ValidationError

from registry.catalogue.record.value import Country
from registry.connectors.observed.kinds.kind import kind
from registry.connectors.observed.plain import PlainPeriod, Word, several
from registry.strict.schema import Boolean, Integer, OneOf, Schema, Timestamp


class DeletionRule(Schema):
    """A rule by which the system deletes. An inactive one deletes nothing."""

    id = Word(required=True)
    object = Word(required=True, metadata={"description": "What it deletes, in the system's own word."})
    title = Word()
    active = Boolean(required=True)
    after = PlainPeriod(
        required=True,
        allow_none=True,
        metadata={"description": "null: set in a way that was not understood."},
    )
    counted_from = OneOf("created", "last_update", "closed", required=True, allow_none=True)
    action = OneOf("erase", "anonymise", required=True)
    then_kept = PlainPeriod(
        allow_none=True,
        metadata={"description": "How long it is kept on, as an old version or in a bin; null: for ever."},
    )
    category = Word(most=40, metadata={"description": "The data category of the record that it is about."})
    only_ = Word(
        most=500,
        data_key="only",
        attribute="only",
        metadata={"description": "What else must hold before it deletes."},
    )


@kind("deletion_rules")
class DeletionRules(Schema):
    """All deletion rules of the system; an empty list: it has none."""

    rules = several(DeletionRule)


class OldestItem(Schema):
    """How old the oldest item is, and how many there are; without any, `count` 0 and no `oldest`."""

    object = Word(required=True)
    category = Word(most=40)
    oldest = Timestamp(allow_none=True)
    count = Integer(min=0)

    @ma.validates_schema(skip_on_field_errors=True)
    def _one_or_none(self, data: Mapping[str, Any], **_: Any) -> None:
        if (data.get("oldest") is None) is not (data.get("count") == 0):
            raise ValidationError(
                "required: An item that is there has its time; without any, the count is 0.", "oldest"
            )


@kind("oldest_item")
class OldestItems(Schema):
    """The oldest item of each kind of object."""

    items = several(OldestItem)


@kind("region")
class Region(Schema):
    """Where the system keeps its data."""

    region = Word(allow_none=True)
    country = Country(allow_none=True, metadata={"description": "ISO 3166-1 alpha-2, EU or EEA."})
    provider = Word(allow_none=True)

    @ma.validates_schema(skip_on_field_errors=True)
    def _somewhere(self, data: Mapping[str, Any], **_: Any) -> None:
        if not (data.get("region") or data.get("country")):
            raise ValidationError(
                "required: Name the region or the country; else it is could_not_look.", "region"
            )
