"""The document that the register is told in: kind, dates, what it cites, what it left unfinished."""

from __future__ import annotations

from marshmallow import fields, validate

from registry.catalogue.record.provenance import SourceDocumentSchema
from registry.catalogue.record.value import Day, Many, One, Part, line, whole, word

DOCUMENT_TYPES = (
    "record_30_1",
    "record_30_2",
    "notice",
    "tietosuojaseloste",
    "rekisteriseloste",
    "rekisteri_ja_tietosuojaseloste",
)


class CitedLawSchema(Part):
    """An act that the text cites, as cited, and what for."""

    bare = "act"
    act = line(required=True)
    section = line(60)
    used_for = word(
        "title", "legal_basis", "transfer", "access", "rectification", "erasure", "response_time", "other_rights",
        "retention", "security", "other",
    )  # fmt: skip


class PlaceholderSchema(Part):
    """A leftover of a template, such as "x (x)"."""

    text = line()
    count = whole(1)
    lines = Many(whole(1))


class ReferencedUrlSchema(Part):
    """An outside page that the text relies on."""

    bare = "url"
    url = line(2000)
    used_for = word(
        "data_content", "transfer", "dpo_and_rights", "rights", "service", "security", "cookies", "other"
    )


class SectionSchema(Part):
    """A heading of the source text; `line` counts from 1."""

    number = line(20)
    heading = line()
    line = whole(1)


class DeliverySchema(Part):
    """When and how people are told (GDPR 13(1), 14(3)), or under which exemption they are not (13(4), 14(5))."""

    moment = word("at_collection", "within_one_month", "first_contact", "first_disclosure")
    method = word("web_page", "form", "email", "letter", "in_person", "contract", "other")
    exemption = word("13(4)", "14(5)(a)", "14(5)(b)", "14(5)(c)", "14(5)(d)", "TSL 33")


class DocumentSchema(Part):
    """The document itself (GDPR 12(1), 5(2))."""

    bare = "title"
    type = word(*DOCUMENT_TYPES)
    title = line(1000)
    subtitle = line(1000)
    language = fields.String(
        validate=validate.Regexp(
            r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", error="wrong_form: A language by its code: fi."
        )
    )
    created_on = Day()
    updated_on = Day()
    version = line(60)
    next_review_on = Day()
    earliest_possible_date = Day()
    publication_url = line(2000)
    delivery = One(DeliverySchema)
    cited_laws = Many(CitedLawSchema)
    claims_conformity_with = Many(line())
    placeholders = Many(PlaceholderSchema)
    referenced_urls = Many(ReferencedUrlSchema)
    sections = Many(SectionSchema)
    source = One(SourceDocumentSchema)
