"""Where data comes from and goes to: sources, trackers, recipients, processors, transfers (GDPR 13, 14, 28, 44-49)."""

from __future__ import annotations

from marshmallow import fields, validate

from registry.catalogue.record.value import (
    Country,
    Day,
    Many,
    Part,
    Period,
    Prose,
    Refs,
    Stated,
    flag,
    line,
    word,
)
from registry.law import law

CHANNELS = (
    "web",
    "web_form",
    "email",
    "phone",
    "chat",
    "video_call",
    "social_media",
    "meeting",
    "paper",
    "api",
    "other",
)


class SourceSchema(Part):
    """A regular source of data (säännönmukainen tietolähde; GDPR 14(2)(f))."""

    bare = "type"
    type = word("data_subject", "automatic", "staff", "other_controller", "public_register")
    text = Prose()
    public = flag()


class TrackersSchema(Stated):
    """Cookies and other access to terminal equipment (917/2014 205 §)."""

    types = Many(line())
    purpose = Prose()
    consent_mechanism = Prose()
    third_party = flag()


class DisclosuresSchema(Stated):
    """Regular disclosures (säännönmukaiset luovutukset; GDPR 30(1)(d))."""

    text = Prose()


class RecipientSchema(Part):
    """A recipient or a category of them (GDPR 4(9), 13(1)(e))."""

    bare = "category"
    name = line()
    category = Prose()
    role = word("controller", "processor", "third_party", "internal", "data_subject", "authority")
    country = Country()
    purpose = Prose()


class SubProcessorSchema(Part):
    """A processor's processor (GDPR 28(2), 28(4))."""

    bare = "name"
    name = line()
    country = Country()
    service = line()


class ProcessorSchema(Part):
    """Somebody who processes on the controller's behalf (GDPR 28); as named, or as described where unnamed."""

    bare = "name"
    name = line()
    legal_entity = line()
    country = Country()
    stated_as = Prose()
    service = line(60)
    delivery = word("SaaS", "hosted", "on_premises", "other")
    policy_urls = Many(line(2000))
    contract_ref = line()
    contract_date = Day()
    sub_processors = Many(SubProcessorSchema)
    sub_processor_list_hash = fields.String(
        validate=validate.Regexp(
            r"^[0-9a-f]{64}$", error="wrong_form: The 64 hexadecimal digits that OBS305 tells."
        )
    )
    involvement_text = Prose()


class SecondaryCopySchema(Part):
    """A copy outside the main system: a mailbox, an export, the customer's own copy (GDPR 5(1)(e))."""

    bare = "where"
    where = Prose()
    what = Refs("all")
    retention = Period()
    at_choice_of = word("data_subject", "controller", "processor")


def _known_instrument(key: str) -> None:
    validate.OneOf(list(law().instruments), error="Not a transfer instrument of the law table; see /v1/law.")(
        key
    )


class TransferSchema(Part):
    """One transfer to a third country: to whom, where, on which instrument (GDPR 44-49, 13(1)(f))."""

    bare = "importer"
    importer = line()
    country = Country()
    instrument = fields.String(validate=_known_instrument)
    instrument_text = Prose()
    certification_date = Day()
    contract_date = Day()
    safeguard_text = Prose()
    tia_ref = line()
    supplementary_measures = Prose()
    copy_available_how = Prose()


class TransfersSchema(Stated):
    """Transfers outside the EU and EEA, with the verb that the text uses and how certain it is."""

    wording = word("transfer", "disclosure")
    certainty = word("does", "may")
    items_ = Many(TransferSchema, data_key="items")


class StorageLocationSchema(Part):
    """Where data is kept; `exclusive`: the text says "only there". An area: a country, `EU`, `EEA`, or as told."""

    bare = "area"
    area = line()
    exclusive = flag()
