"""What is processed, why, on what basis: purposes, legal bases, people and data (GDPR 5, 6, 9, 10, 30(1)(b)-(c))."""

from __future__ import annotations

from marshmallow import fields, validate

from registry.catalogue.record.value import Part, Prose, Refs, Stated, Term, flag, line, word

ARTICLES_6 = ("6(1)(a)", "6(1)(b)", "6(1)(c)", "6(1)(d)", "6(1)(e)", "6(1)(f)")
ARTICLES_9 = tuple(f"9(2)({letter})" for letter in "abcdefghij")
DATA_SUBJECTS = (
    "customer", "student", "applicant", "employee", "visitor", "member", "child", "patient", "supplier_contact",
    "subscriber", "representative", "other",
)  # fmt: skip
COLLECTION = ("provided", "observed", "staff", "derived", "inferred", "received")


class IdentifiedSchema(Part):
    """A part that others refer to by `id`; where none is written it is numbered by position."""

    id = fields.String(
        validate=validate.Regexp(
            r"^[A-Za-z][A-Za-z0-9_-]{0,39}$", error="wrong_form: A letter, then letters, digits, _ and -: D1."
        )
    )


class PurposeSchema(IdentifiedSchema):
    """A purpose (GDPR 5(1)(b), 13(1)(c)) and the section of the text that tells it."""

    bare = "text"
    text = Prose()
    category = Term("dpv")
    section = line()
    further_processing = flag()
    compatibility_ref = line()


class LegalBasisSchema(IdentifiedSchema):
    """A basis under GDPR 6(1), or the pre-GDPR concept that stands in its place, and what it covers."""

    bare = "article"
    article = word(*ARTICLES_6)
    legacy_article = line(60)
    text = Prose()
    applies_to = Refs("all", "not_stated")
    statute_ref = line()
    contract_ref = line()
    interest_text = Prose()
    assessment_ref = line()
    consent_mechanism = Prose()
    consent_record_ref = line()
    outside_public_task = flag()


class ConsentStatementSchema(Part):
    """Wording about consent found in the text (GDPR 4(11), 7)."""

    bare = "kind"
    kind = word("implied", "stated_no_mechanism", "stated_with_mechanism")


class SpecialCategoryBasisSchema(Part):
    """The exception that allows special categories (GDPR 9(2); TSL 6 §)."""

    bare = "exception"
    exception = word(*ARTICLES_9)
    statute_ref = line()
    applies_to = Refs("all", "not_stated")


class CriminalDataBasisSchema(Part):
    """The authority or law for data on criminal convictions (GDPR 10; TSL 7 §)."""

    statute_ref = line()
    applies_to = Refs("all", "not_stated")


class DataSubjectSchema(Part):
    """A group of people (GDPR 30(1)(c)); `explicit`: the text names it as such, rather than implying it."""

    bare = "category"
    category = word(*DATA_SUBJECTS)
    text = Prose()
    explicit = flag()
    vulnerable = flag()
    children = flag()


class DataCategorySchema(IdentifiedSchema):
    """A kind of data with its own purposes, basis and people (GDPR 5(2), 30(1)(c))."""

    bare = "text"
    text = Prose()
    pd = Term("pd")
    collection = word(*COLLECTION)
    purposes = Refs()
    basis = Refs()
    data_subjects = Refs()
    mandatory = flag()
    mandatory_for = line()
    on_request = flag()
    example_only = flag()
    open_ended = flag()
    listed_in_content_section = flag()
    special = flag()
    criminal = flag()
    national_id = flag()
    statutory_rule_ref = line(60)


class IdentificationClaimSchema(Part):
    """A claim that some data is not used to identify anybody (GDPR 4(1), 11)."""

    applies_to = Refs("all")


class ProvisionObligationSchema(Stated):
    """Whether giving the data is required, and what follows if not (GDPR 13(2)(e))."""

    text = Prose()
    consequences = Prose()


class AutomatedDecisionsSchema(Stated):
    """Automated decisions and profiling (GDPR 13(2)(f), 22)."""

    logic = Prose()
    significance = Prose()
    profiling = flag()


class PlainStatementSchema(Stated):
    """A statement that is only a status and a text."""

    text = Prose()


SCALES = ("under_100", "under_1000", "under_10000", "under_100000", "under_1000000", "over_1000000")
