"""Where a statement comes from: the document, the words, the line, and whether it was concluded rather than read."""

from __future__ import annotations

from marshmallow import fields, validate

from registry.catalogue.record.value import STATUSES, Many, Part, Prose, flag, line, whole, word


class Provenance(Part):
    """Provenance of one field, keyed by its JSON Pointer in the record (accountability, GDPR 5(2)).

    `status` is that of the statement at the pointer where the part has no status of its own; with `not_stated`,
    `stated_none`, `referred_elsewhere` or `placeholder` the pointer may name a field that is not there.
    `source` names the document where it is not the one in `/document/source`. `line` counts from 1.
    """

    status = fields.String(validate=validate.OneOf(STATUSES))
    source = line()
    quote = line(5000)
    line = whole(1)
    inferred = flag()
    confidence = word("high", "mid", "low")
    note = Prose()


class SourceDocumentSchema(Part):
    """The document that the record was taken from."""

    bare = "name"
    name = line()
    url = line(2000)
    sha256 = fields.String(validate=validate.Regexp(r"^[0-9a-f]{64}$"))
    retrieved_on = line(40)
    lines = Many(whole(1))
