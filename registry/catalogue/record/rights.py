"""What people may ask and how (GDPR 12, 13(2)(b)-(d), 15-22, 77)."""

from __future__ import annotations

from marshmallow import fields, validate

from registry.catalogue.record.value import STATUSES, Many, Part, Period, Prose, Stated, flag, line, word

RIGHTS = (
    "access", "rectification", "erasure", "restriction", "notification", "portability", "object",
    "object_direct_marketing", "withdraw_consent", "no_automated_decision",
)  # fmt: skip


class RightSchema(Part):
    """A right as the text states it; a right that is not listed is not stated."""

    bare = "right"
    right = word(*RIGHTS, required=True)
    status = fields.String(validate=validate.OneOf(STATUSES), metadata={"default": "stated"})
    text = Prose()
    cited_law = line()


class RequestProcedureSchema(Part):
    """How a request is made and answered (GDPR 12(2)-(6), 15(3))."""

    rights = Many(word(*RIGHTS, "other"))
    addressed_to = word("contact_point", "controller", "dpo", "office", "processor", "online")
    written_required = flag()
    signed_required = flag()
    in_person = flag()
    alternative = Prose()
    identity_proof = word("always", "on_demand", "never")
    reply_channel = word("post_only", "electronic", "any", "as_requested")
    fee = Prose()


class ResponseTimeSchema(Stated):
    """The time to answer (GDPR 12(3))."""

    value = Period()
    qualifier = Prose()


class ComplaintSchema(Stated):
    """The right to complain to the supervisory authority (GDPR 13(2)(d), 77)."""

    authority = Prose()
    contact = Prose()


class FurtherInformationSchema(Part):
    """Where more is told."""

    bare = "url"
    url = line(2000)
    about = Many(word("dpo", "rights", "register", "security", "cookies", "transfer", "retention", "other"))
    source = Prose(data_key="from")
