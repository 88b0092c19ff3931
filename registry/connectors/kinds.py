"""The kinds of observation and what each may say: keys, counts and dates, with no place for contents or for people.

A kind is a schema in `KINDS`; adding one is adding its class. Loading gives plain data, ready to be made canonical:
only what was said, instants and domains in their one form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import marshmallow as ma
from marshmallow import ValidationError, fields, validate

from registry import errors
from registry.catalogue.record.value import Country, Term
from registry.law import periods
from registry.strict.schema import Boolean, Day, Integer, OneOf, Schema, Text, Timestamp, invalid

MOST = 10_000  # items in one observation; accounts and fields come grouped

#: Also the forms that get past a hasty look: full-width and small at signs.
_ADDRESS = re.compile(r"[^\s@＠﹫]+[@＠﹫][^\s@＠﹫]+")
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")

KINDS: dict[str, ma.Schema] = {}


def load(kind: str, payload: Any, at: str = "/payload") -> dict[str, Any]:
    """The payload of an observation, checked and in its one form.

    Raises errors.Invalid with one error for each fault, by JSON Pointer prefixed with `at`; for an unknown kind too.
    """
    schema = KINDS.get(kind)
    if schema is None:
        raise errors.Invalid(f"The kinds are {', '.join(KINDS)}.", code="not_one_of", field="/kind")
    try:
        return dict(schema.load(payload))
    except ValidationError as error:
        raise invalid(error, at) from None


def _kind(name: str) -> Callable[[type[Schema]], type[Schema]]:
    def take(schema: type[Schema]) -> type[Schema]:
        if name in KINDS:
            raise ValueError(f"{name} is taken by {type(KINDS[name]).__qualname__}")
        KINDS[name] = schema()
        return schema

    return take


class Word(Text):
    """A name that a system gives to a thing of its own: short, and nobody's address."""

    default_error_messages = {
        "address": "personal_data: Nobody's address has a place here; name the domain alone."
    }

    def __init__(self, *, most: int = 200, **kwargs: Any) -> None:
        super().__init__(max=most, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if _ADDRESS.search(text):
            raise self.make_error("address")
        return text


class Domain(Word):
    """The domain that accounts belong to, in small letters; an e-mail address is refused."""

    default_error_messages = {"domain": "bad_domain: Not a domain such as example.fi."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(most=253, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).lower()
        if not _DOMAIN.fullmatch(text):
            raise self.make_error("domain")
        return text


class PlainDay(Day):
    """YYYY-MM-DD, kept as that text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return str(super()._deserialize(value, attr, data, **kwargs).isoformat())


class PlainPeriod(fields.String):
    """A period of whole years, months, weeks or days (ISO 8601), kept as that text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            periods.parse(text)
        except errors.Invalid as problem:
            raise ValidationError(f"{problem.code}: {problem.detail}") from None
        return text


def _several(schema: type[Schema], **kwargs: Any) -> fields.List:
    return fields.List(fields.Nested(schema), required=True, validate=validate.Length(max=MOST), **kwargs)


class AccountsOfARole(Schema):
    """Accounts of one role and one domain that are alike; `count` of them, one if left out."""

    role = Word(required=True)
    domain = Domain(required=True)
    active = Boolean(required=True)
    count = Integer(min=1)
    last_login_on = PlainDay(
        metadata={"description": "The latest of any of them; null: never."}, allow_none=True
    )
    two_factor = Boolean(metadata={"description": "Whether each of them has a second factor."})
    shared = Boolean(metadata={"description": "Whether several people use one of them."})


@_kind("accounts")
class Accounts(Schema):
    """Who gets in, by role and domain."""

    accounts = _several(AccountsOfARole)


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
    category = Word(most=40, metadata={"description": "The data category of the record that it is about."})
    only_ = Word(
        most=500,
        data_key="only",
        attribute="only",
        metadata={"description": "What else must hold before it deletes."},
    )


@_kind("deletion_rules")
class DeletionRules(Schema):
    """All deletion rules of the system; an empty list: it has none."""

    rules = _several(DeletionRule)


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


@_kind("oldest_item")
class OldestItems(Schema):
    """The oldest item of each kind of object."""

    items = _several(OldestItem)


@_kind("region")
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


class CollectedField(Schema):
    """A field that the system has for an object: its key, never a value."""

    object = Word(required=True)
    name = Word(required=True)
    pd = Term("pd", metadata={"description": "The kind of personal data, a term of DPV."})
    required = Boolean()


@_kind("field_inventory")
class FieldInventory(Schema):
    """The fields that the system collects."""

    fields_ = _several(CollectedField, data_key="fields", attribute="fields")


#: Why nothing was seen: no or no good credential, no right, no such place to ask, no answer, an answer not understood.
REASONS = (
    "unauthorised",
    "forbidden",
    "no_such_endpoint",
    "unavailable",
    "not_understood",
    "not_supported",
    "other",
)


# Last of all: it can be asked for any of the kinds above.
@_kind("could_not_look")
class CouldNotLook(Schema):
    """A look that failed: a fact of its own, and never a sign that all is well."""

    asked = OneOf(
        *KINDS, required=True, metadata={"description": "The kind of observation that was to be made."}
    )
    reason = OneOf(*REASONS, required=True)
