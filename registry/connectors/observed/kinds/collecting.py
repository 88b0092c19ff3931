"""What the system collects, and what its pages leave on the device."""

from __future__ import annotations

from registry.catalogue.record.value import Term
from registry.connectors.observed.kinds.kind import kind
from registry.connectors.observed.plain import Domain, Word, several
from registry.strict.schema import Boolean, Integer, OneOf, Schema


class CollectedField(Schema):
    """A field that the system has for an object: its key, never a value."""

    object = Word(required=True)
    name = Word(required=True)
    pd = Term("pd", metadata={"description": "The kind of personal data, a term of DPV."})
    required = Boolean()


@kind("field_inventory")
class FieldInventory(Schema):
    """The fields that the system collects."""

    fields_ = several(CollectedField, data_key="fields", attribute="fields")


class Tracker(Schema):
    """Something that a page put on the visitor's device, or read from it: its key, never its value."""

    name = Word(required=True)
    form = OneOf("cookie", "storage", "pixel", "fingerprint", "other", required=True)
    domain = Domain(metadata={"description": "Who set or received it."})
    before_consent = Boolean(
        required=True, metadata={"description": "Seen before the visitor had agreed to anything."}
    )
    essential = Boolean(
        required=True,
        allow_none=True,
        metadata={
            "description": "Needed for the service that the visitor asked for; null: nobody has judged."
        },
    )


@kind("cookie_scan")
class CookieScan(Schema):
    """What a visit to the service's pages left on the device; an empty list: nothing."""

    pages = Integer(min=1, required=True, metadata={"description": "How many pages were visited."})
    trackers = several(Tracker)
