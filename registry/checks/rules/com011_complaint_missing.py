"""Right to complain to the supervisory authority is missing.

Why it matters
People must be told that they may lodge a complaint with a supervisory authority (GDPR 13(2)(d), 14(2)(e), 77). A link
to a page that tells it is not telling it, and a notice that speaks of complaints without naming the authority leaves
the reader to find out where.

How to fix
State the right under `complaint`, with the authority and how to reach it; in Finland the Office of the Data Protection
Ombudsman (in Åland, for its own authorities, the Data Inspectorate).
"""

from registry.checks.rule import Case, Outcome, Place, Rule

RULE = Rule(
    code="COM011",
    severity="error",
    title={
        "fi": "Oikeus valittaa valvontaviranomaiselle puuttuu",
        "sv": "Rätten att klaga hos tillsynsmyndigheten saknas",
        "en": "Right to complain to the supervisory authority is missing",
    },
    law=("GDPR 13(2)(d)", "GDPR 14(2)(e)", "GDPR 77"),
    certainty="exact",
    needs=("/complaint/status", "/complaint/authority", "/document/sections/*/heading", "/register/role"),
    kinds=("fail", "pass", "na"),
)


def check(case: Case) -> Outcome:
    """Only a statement counts; one without the authority half."""
    record = case.record
    if record.register.role == "processor":
        return case.na(
            fi="Käsittelijän selosteessa ei kerrota valitusoikeudesta.",
            en="The record of a processor does not tell the right to complain.",
        )
    status = record.status("/complaint")
    if status == "stated":
        return case.passes(
            "/complaint",
            fi="Oikeudesta valittaa valvontaviranomaiselle on kerrottu.",
            en="The right to complain to the supervisory authority is told.",
        )
    if status == "partly_stated":
        return case.fail(
            "/complaint",
            severity="warning",
            fi="Valitusoikeudesta on kerrottu vain osittain. Nimeä valvontaviranomainen ja kerro, miten sen tavoittaa.",
            en="The right to complain is told in part only. Name the authority, and how to reach it.",
        )
    told = case.place("/complaint")
    if status == "referred_elsewhere":
        fi = "Valitusoikeudesta kerrotaan vain muualla. Kerro siitä tässä: oikeus, viranomainen ja yhteystiedot."
        en = "The right to complain is told elsewhere only. Tell it here: the right, the authority, how to reach it."
    else:
        fi = "Oikeudesta valittaa valvontaviranomaiselle ei kerrota. Lisää oikeus, viranomainen ja yhteystiedot."
        en = "The right to complain to an authority is not told. Add it, with the authority and how to reach it."
    return case.fail("/complaint", at=told if told != Place() else _where(case), fi=fi, en=en)


def _where(case: Case) -> Place:
    """Where it belongs: under its own heading, else under that of the rights."""
    own = case.heading("heading_complaint")
    return own if own != Place() else case.heading("heading_rights")
