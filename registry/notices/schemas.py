"""What a notice is as JSON, for the documentation of `/notices/{controller}/{key}.json`."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from registry.api import Schema


def _text(description: str, **kwargs: Any) -> fields.String:
    return fields.String(metadata={"description": description}, **kwargs)


class NoticeTextSchema(Schema):
    """One run of text."""

    text = fields.String(required=True)
    language = _text("BCP 47; absent for names, numbers and addresses.")
    record = fields.Boolean(metadata={"description": "The record's own words; absent for ours."})
    link = fields.String()
    code = _text("For programs: P6M, 2018-05-25, FI, 6(1)(a).")


class NoticeAnswerSchema(Schema):
    """An answer, or in `note` what is missing."""

    texts = fields.List(fields.Nested(NoticeTextSchema))
    status = _text(
        "A statement status, or: withheld (a person's own), unsaid (need not be said), note (ours).",
        required=True,
    )
    note = fields.String()
    inferred = fields.Boolean(metadata={"description": "Concluded, not in the record's own words."})


class NoticeFactSchema(Schema):
    """A labelled answer."""

    name = _text("Stable.", required=True)
    label = fields.String(required=True)
    told = fields.Nested(NoticeAnswerSchema, required=True)
    section = _text("In the summary: the section that tells more.")


class NoticeColumnSchema(Schema):
    """A column of a table; the first heads the rows."""

    name = _text("Stable.", required=True)
    label = fields.String(required=True)


class NoticeBlockSchema(Schema):
    """A part of a section, by `kind`: facts, table (columns, rows), items (entries), remark (told)."""

    kind = fields.String(required=True, metadata={"enum": ["facts", "table", "items", "remark"]})
    name = fields.String()
    heading = fields.Raw(metadata={"description": "A text, or texts as in an answer."})
    caption = fields.String()
    facts = fields.List(fields.Nested(NoticeFactSchema))
    columns = fields.List(fields.Nested(NoticeColumnSchema))
    rows = fields.List(fields.List(fields.Nested(NoticeAnswerSchema)))
    entries = fields.List(fields.Nested(NoticeAnswerSchema))
    told = fields.Nested(NoticeAnswerSchema)


class NoticeSectionSchema(Schema):
    """A section; `gaps` counts the answers that the record does not give, or not in full."""

    name = _text("Stable.", required=True)
    title = fields.String(required=True)
    blocks = fields.List(fields.Nested(NoticeBlockSchema))
    gaps = fields.Integer(required=True, strict=True)


class NoticeStandingSchema(Schema):
    """Which version the notice is of."""

    version = fields.Integer(required=True, strict=True)
    effective_from = fields.String(required=True, metadata={"format": "date-time"})
    published_at = fields.String(required=True, metadata={"format": "date-time"})


class NoticeSchema(Schema):
    """A notice in one language, as it was stored when it was published."""

    controller = fields.String(required=True)
    key = fields.String(required=True)
    language = _text("Of the labels.", required=True)
    record_language = fields.String(required=True)
    languages = fields.List(
        fields.String(), required=True, metadata={"description": "Of the record's texts."}
    )
    title = fields.Nested(NoticeTextSchema, required=True)
    organisation = fields.Nested(NoticeTextSchema, required=True)
    contact = fields.Nested(NoticeTextSchema)
    standing = fields.Nested(NoticeStandingSchema, required=True)
    published = fields.Nested(NoticeTextSchema, required=True)
    summary = fields.List(fields.Nested(NoticeFactSchema), required=True)
    sections = fields.List(fields.Nested(NoticeSectionSchema), required=True)


EXAMPLE = {
    "controller": "acme",
    "key": "newsletter",
    "language": "en",
    "record_language": "fi",
    "languages": ["fi"],
    "title": {"text": "Uutiskirjeen tilaajat", "language": "fi", "record": True},
    "organisation": {"text": "Acme Oy", "record": True},
    "standing": {
        "version": 3,
        "effective_from": "2026-01-15T08:00:00.000000Z",
        "published_at": "2026-01-16T08:00:00.000000Z",
    },
    "published": {"text": "16 January 2026", "language": "en", "code": "2026-01-16"},
    "summary": [
        {
            "name": "how_long",
            "label": "How long",
            "told": {"texts": [{"text": "1 month", "language": "en", "code": "P1M"}], "status": "stated"},
            "section": "retention",
        }
    ],
    "sections": [
        {
            "name": "cookies",
            "title": "Cookies and other tracking",
            "blocks": [
                {
                    "kind": "remark",
                    "name": "cookies",
                    "told": {
                        "status": "not_stated",
                        "note": "The record says nothing of cookies or other tracking.",
                    },
                }
            ],
            "gaps": 1,
        }
    ],
}
