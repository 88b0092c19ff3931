"""How long, in which systems, who gets in, and how it is protected (GDPR 5(1)(e)-(f), 25, 30(1)(f)-(g), 32, 35)."""

from __future__ import annotations

from registry.catalogue.record.processing import IdentifiedSchema
from registry.catalogue.record.value import Many, Part, Period, Prose, Refs, Stated, Term, flag, line, word


class RetentionSchema(IdentifiedSchema):
    """One retention rule as stated: what it covers, period or criterion, from when, what happens then, and how."""

    bare = "duration"
    applies_to = Refs("all", "not_stated")
    applies_to_text = Prose()
    data_subjects = Refs()
    duration = Period()
    starts_from = Prose()
    criterion = Prose()
    action = word("erase", "anonymise", "archive")
    mode = word("automatic", "manual", "periodic")
    interval = Period()
    effective_max = line()
    floor_ref = line(60)
    ceiling_ref = line(60)
    policy_ref = line()
    followed = flag()
    deviation_reason = Prose()


class BackupsSchema(Stated):
    """Backups and how long they last (GDPR 32(1)(c))."""

    text = Prose()
    frequency = line()
    retention = Period()


class AccessRoleSchema(Part):
    """A role with access: of which organisation, how wide, and how its accounts are recognised (GDPR 25(2), 32(4))."""

    bare = "role"
    role = Prose()
    organisation = line()
    domains = Many(line(253))
    scope = word("all", "need_to_know")
    permission = word("agent", "admin", "viewer")
    account_filter = line()


class AccessSchema(Part):
    """Who has access, who grants it, and whether the text says "only"."""

    roles = Many(AccessRoleSchema)
    exclusive = flag()
    granting = Prose()
    personal_accounts = flag()
    need_to_know = word("stated", "not_stated")


class ResponsibilitySchema(Part):
    """A duty that the text gives to somebody."""

    who = Prose()
    what = Prose()


class SecurityMeasureSchema(Part):
    """A security measure (GDPR 30(1)(g), 32(1))."""

    bare = "text"
    text = Prose()
    type = word("technical", "organisational", "physical")
    dpv = Term("dpv")


class AssessmentsSchema(Part):
    """Impact assessment and risk (GDPR 35, 36)."""

    dpia_required = word("yes", "no", "undecided")
    dpia_status = word("not_started", "in_progress", "done", "not_needed")
    dpia_ref = line()
    risk_ref = line()
    prior_consultation_ref = line()


class BreachesSchema(Part):
    """Reference to the breach log (GDPR 33(5))."""

    occurred = flag()
    log_ref = line()


class SystemSchema(Part):
    """A system that data sits in (rekisteriä käyttävä tietojärjestelmä)."""

    bare = "name"
    name = line(required=True)
    kind = word(
        "live_chat", "helpdesk", "crm", "erp", "database", "file_store", "email", "web_analytics", "web_site",
        "hr", "payroll", "directory", "library", "study_administration", "paper", "other",
    )  # fmt: skip
    vendor = line()
    delivery = word("SaaS", "hosted", "on_premises", "other")
    client_install = flag()
    url = line(2000)
    inventory_id = line()
    region = line(60)
