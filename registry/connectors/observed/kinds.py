"""The kinds of observation and what each may say: keys, counts and dates, with no place for contents or for people.

A kind is a schema in `KINDS`; adding one is adding its class. Loading gives plain data, ready to be made canonical:
only what was said, instants and domains in their one form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import marshmallow as ma
from marshmallow import ValidationError, fields, validate

from registry import errors
from registry.catalogue.record.value import Country, Term
from registry.connectors.observed.passages import TextInPassages
from registry.connectors.observed.plain import Digest, Domain, PlainDay, PlainPeriod, Word, several
from registry.connectors.observed.reasons import BECAUSE, REASONS
from registry.connectors.observed.statements import StatementOfPage
from registry.strict.schema import Boolean, Integer, OneOf, Schema, Timestamp, invalid

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

    accounts = several(AccountsOfARole)


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


@_kind("deletion_rules")
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


@_kind("oldest_item")
class OldestItems(Schema):
    """The oldest item of each kind of object."""

    items = several(OldestItem)


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


@_kind("cookie_scan")
class CookieScan(Schema):
    """What a visit to the service's pages left on the device; an empty list: nothing."""

    pages = Integer(min=1, required=True, metadata={"description": "How many pages were visited."})
    trackers = several(Tracker)


class SubProcessor(Schema):
    """An organisation that a processor uses."""

    name = Word(required=True)
    country = Country(metadata={"description": "ISO 3166-1 alpha-2, EU or EEA."})


class SubProcessorList(Schema):
    """The list that one processor publishes: its digest, and who is on it if that was read."""

    processor = Word(required=True, metadata={"description": "The processor, as registers name it."})
    list_sha256 = Digest(required=True, metadata={"description": "Of the list as it was published."})
    sub_processors = several(SubProcessor, required=False)


@_kind("sub_processors")
class SubProcessors(Schema):
    """Who processes for the processors."""

    lists = several(SubProcessorList)


class Certificate(Schema):
    """How an importer stands in the public list of a transfer instrument."""

    importer = Word(required=True, metadata={"description": "The importer, as registers name it."})
    instrument = Word(
        most=60, required=True, metadata={"description": "A key of /v1/law, such as dpf_eu_us."}
    )
    status = OneOf("active", "inactive", "not_listed", required=True)
    due_on = PlainDay(metadata={"description": "The day by which it has to be renewed."})


@_kind("certification")
class Certification(Schema):
    """Entries in the lists of those who are certified."""

    entries = several(Certificate)


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


@_kind("request_log")
class RequestLog(Schema):
    """Requests of data subjects by their days; an empty list: there were none."""

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
    linked = Boolean(
        metadata={"description": "Found as a link on the notice, and not given by the register."}
    )


@_kind("published_text")
class PublishedText(Schema):
    """The published notice and the pages that it refers to, as they were found."""

    pages = several(PublishedPage)


class InventoryEntry(Schema):
    """A system in somebody's inventory; one for each register that it is said to serve."""

    inventory_id = Word(required=True)
    in_use = Boolean(required=True)
    title = Word()
    register = Word(most=130, metadata={"description": "controller/key of a register that it serves."})


@_kind("inventory")
class Inventory(Schema):
    """The systems that an inventory knows."""

    entries = several(InventoryEntry)


class Role(Schema):
    """A role that the system knows, and what it lets its members do."""

    role = Word(required=True)
    permission = OneOf(
        "admin", "agent", "viewer", required=True, allow_none=True,
        metadata={"description": "As records have it, the most that it may do; null: not understood."},
    )  # fmt: skip
    members = Integer(
        min=0, allow_none=True, metadata={"description": "How many have it; null: not counted."}
    )
    may = fields.List(Word(), validate=validate.Length(max=100))


@_kind("roles")
class Roles(Schema):
    """The roles of the system and what they may do."""

    roles = several(Role)


#: What a setting is about, whatever the system calls it.
ABOUT = (
    "two_factor_required", "single_sign_on_required", "session_ends", "network_restricted", "vendor_access",
    "public_access", "public_access_blocked", "encrypted_at_rest", "encrypted_in_transit", "row_level_security",
    "versioned", "deletion_by_hand", "logged", "password_sign_in", "redacted", "other",
)  # fmt: skip


class Setting(Schema):
    """One setting of the system: what it is about, and whether it is on."""

    about = OneOf(*ABOUT, required=True)
    name = Word(required=True, metadata={"description": "In the system's own word."})
    on = Boolean(required=True, allow_none=True, metadata={"description": "null: not understood."})
    object = Word(metadata={"description": "The part of the system that it holds for; all, if left out."})
    value = Word(metadata={"description": "How far, where it is not only on or off."})


@_kind("settings")
class Settings(Schema):
    """Settings of the system that security and retention rest on."""

    settings = several(Setting)


class App(Schema):
    """Something of another organisation that is connected to the system, and may see what is in it."""

    id = Word(required=True)
    name = Word(required=True)
    active = Boolean(required=True)
    by = Word(metadata={"description": "Whose it is."})


@_kind("apps")
class Apps(Schema):
    """Apps and clients that are connected to the system; an empty list: none."""

    apps = several(App)


class Change(Schema):
    """Changes of one sort of thing in the system's own log; of nobody in particular."""

    object = Word(required=True)
    action = Word(required=True)
    count = Integer(min=1, required=True)
    latest = Timestamp(required=True)


class SettingLeft(Schema):
    """A setting, as the newest entry of the log that tells of it left it."""

    about = OneOf(*ABOUT, required=True)
    name = Word(required=True, metadata={"description": "In the log's own word."})
    on = Boolean(
        required=True, allow_none=True, metadata={"description": "null: changed, and not said to what."}
    )
    at = Timestamp(required=True)


@_kind("changes")
class Changes(Schema):
    """What the system's own log says was changed, by sort, since a time; and how it last left settings, ever."""

    since = Timestamp(required=True)
    changes = several(Change)
    settings = several(SettingLeft, required=False)


@_kind("credential")
class Credential(Schema):
    """What the credential that was looked with may do."""

    more_than_reading = Boolean(
        required=True, allow_none=True, metadata={"description": "null: it cannot be told."}
    )
    may = fields.List(
        Word(),
        validate=validate.Length(max=100),
        metadata={"description": "What it may do beyond reading, in the system's own words."},
    )
    because = OneOf(
        *BECAUSE, metadata={"description": "Why it cannot be told, or why it takes more than reading."}
    )
    ends_on = PlainDay(metadata={"description": "The day on which it ends."})


# Last of all: it can be asked for any of the kinds above.
@_kind("could_not_look")
class CouldNotLook(Schema):
    """A look that failed: a fact of its own, and never a sign that all is well."""

    asked = OneOf(
        *KINDS, required=True, metadata={"description": "The kind of observation that was to be made."}
    )
    reason = OneOf(*REASONS, required=True)
