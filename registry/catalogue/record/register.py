"""The record of one register: every field of GDPR 30(1), 30(2), 13 and 14, and what the notices of the field say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import marshmallow as ma
from marshmallow import validate

from registry.catalogue.record.document import DocumentSchema
from registry.catalogue.record.keeping import (
    AccessSchema,
    AssessmentsSchema,
    BackupsSchema,
    BreachesSchema,
    ResponsibilitySchema,
    RetentionSchema,
    SecurityMeasureSchema,
)
from registry.catalogue.record.parties import (
    ContactPointSchema,
    DpoSchema,
    JointControllerSchema,
    OrganisationSchema,
    PartnerSchema,
    ProcessorForSchema,
    ResponsiblePersonSchema,
)
from registry.catalogue.record.pointers import dangling
from registry.catalogue.record.processing import (
    SCALES,
    AutomatedDecisionsSchema,
    ConsentStatementSchema,
    CriminalDataBasisSchema,
    DataCategorySchema,
    DataSubjectSchema,
    IdentificationClaimSchema,
    LegalBasisSchema,
    PlainStatementSchema,
    ProvisionObligationSchema,
    PurposeSchema,
    SpecialCategoryBasisSchema,
)
from registry.catalogue.record.provenance import Provenance
from registry.catalogue.record.rights import (
    ComplaintSchema,
    FurtherInformationSchema,
    RequestProcedureSchema,
    ResponseTimeSchema,
    RightSchema,
)
from registry.catalogue.record.sharing import (
    CHANNELS,
    DisclosuresSchema,
    ProcessorSchema,
    RecipientSchema,
    SecondaryCopySchema,
    SourceSchema,
    StorageLocationSchema,
    TrackersSchema,
    TransfersSchema,
)
from registry.catalogue.record.value import ByPointer, Day, Many, One, Part, Prose, line, word


class RegisterSchema(Part):
    """What the register is: its name, service, state, and whether we keep it for ourselves or for others."""

    bare = "name"
    name = line(required=True)
    service_name = line()
    status = word("planned", "active", "suspended", "ended", metadata={"default": "active"})
    started_on = Day()
    ended_on = Day()
    importance = word("main", "auxiliary")
    operations = Many(line(120))
    role = word("controller", "processor", metadata={"default": "controller"})


class RecordSchema(Part):
    """One record of processing. Only the name of the register is required; what is left out is not stated.

    Ids (`P1` for purposes, `B1` for bases, `D1` for data categories, `R1` for retention) are given by position where
    none is written. `systems` names systems of the same controller by key. `dpo` and `representative` are the
    controller's where the register has none of its own. `provenance` is keyed by JSON Pointer (RFC 6901).
    """

    bare = "register"
    document = One(DocumentSchema)
    register = One(RegisterSchema, required=True)
    joint_controllers = Many(JointControllerSchema)
    partners = Many(PartnerSchema)
    representative = One(OrganisationSchema)
    dpo = One(DpoSchema)
    responsible_persons = Many(ResponsiblePersonSchema)
    contact_points = Many(ContactPointSchema)
    processor_for = Many(ProcessorForSchema)
    purposes = Many(PurposeSchema, numbered="P")
    legal_bases = Many(LegalBasisSchema, numbered="B")
    consent_statements = Many(ConsentStatementSchema)
    special_category_bases = Many(SpecialCategoryBasisSchema)
    criminal_data_basis = One(CriminalDataBasisSchema)
    data_combination = Prose()
    data_subjects = Many(DataSubjectSchema)
    data_categories = Many(DataCategorySchema, numbered="D")
    identification_claim = One(IdentificationClaimSchema)
    manual_records = One(PlainStatementSchema)
    provision_obligation = One(ProvisionObligationSchema)
    automated_decisions = One(AutomatedDecisionsSchema)
    data_scale = word(*SCALES)
    sources = Many(SourceSchema)
    collection_channels = Many(word(*CHANNELS))
    trackers = One(TrackersSchema)
    disclosures = One(DisclosuresSchema)
    recipients = Many(RecipientSchema)
    processors = Many(ProcessorSchema)
    secondary_copies = Many(SecondaryCopySchema)
    transfers = One(TransfersSchema)
    storage_locations = Many(StorageLocationSchema)
    retention = Many(RetentionSchema, numbered="R")
    backups = One(BackupsSchema)
    systems = Many(
        ma.fields.String(
            validate=validate.Regexp(
                r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$",
                error="wrong_form: The key of a system of the same controller, without the controller: helpdesk.",
            )
        )
    )
    access = One(AccessSchema)
    responsibilities = Many(ResponsibilitySchema)
    security_measures = Many(SecurityMeasureSchema)
    assessments = One(AssessmentsSchema)
    breaches = One(BreachesSchema)
    rights = Many(RightSchema)
    request_procedure = Many(RequestProcedureSchema)
    response_time = One(ResponseTimeSchema)
    complaint = One(ComplaintSchema)
    further_information = Many(FurtherInformationSchema)
    provenance = ByPointer(Provenance)


def faults(record: Any, data: Any) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """What does not hold together in a frozen record made of `data`: (path, code, sentence) of each id used twice, each
    reference and each pointer of provenance to what the record does not have.
    """
    for section in ("purposes", "legal_bases", "data_categories", "retention"):
        seen: set[str] = set()
        for index, item in enumerate(getattr(record, section)):
            if item.id in seen:
                yield (section, index, "id"), "duplicate_id", "This id is used twice."
            seen.add(item.id)
    for path, sentence in (*_dangling_refs(record), *dangling(RecordSchema, record, data)):
        yield path, "dangling_reference", sentence


def _dangling_refs(record: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """References to purposes, bases, data categories or data subjects that the record does not have."""
    ids = {
        name: {item.id for item in getattr(record, name)}
        for name in ("purposes", "legal_bases", "data_categories")
    }
    people = {item.category for item in record.data_subjects}
    targets = {
        ("data_categories", "purposes"): ids["purposes"],
        ("data_categories", "basis"): ids["legal_bases"],
        ("data_categories", "data_subjects"): people,
        ("legal_bases", "applies_to"): ids["purposes"] | ids["data_categories"],
        ("special_category_bases", "applies_to"): ids["data_categories"],
        ("secondary_copies", "what"): ids["data_categories"],
        ("retention", "applies_to"): ids["data_categories"],
        ("retention", "data_subjects"): people,
    }
    for (section, name), known in targets.items():
        for index, item in enumerate(getattr(record, section)):
            for missing in _unknown(getattr(item, name), known):
                yield (section, index, name), f"Refers to {missing}, which the record does not have."
    for section in ("identification_claim", "criminal_data_basis"):
        for missing in _unknown(getattr(record, section).applies_to, ids["data_categories"]):
            yield (section, "applies_to"), f"Refers to {missing}, which the record does not have."


def _unknown(refs: Any, known: set[str]) -> list[str]:
    return sorted(set(refs) - known) if isinstance(refs, tuple) else []
