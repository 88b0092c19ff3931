"""Whether giving the data is required, and what follows if not, is not said.

Why it matters
People should know which data they may keep to themselves, and what they lose by that, before they give it (GDPR
13(2)(e)). A form with fields marked by a star tells it of the form alone.

How to fix
State under `provision_obligation` which data has to be given, whether by law or for a contract, and what happens if it
is not (`consequences`). That nothing has to be given is a statement too.
"""

from registry.checks.rule import Case, Outcome, Rule

RULE = Rule(
    code="COM013",
    severity="info",
    title={
        "fi": "Ei kerrota, onko tiedot pakko antaa ja mitä antamatta jättämisestä seuraa",
        "sv": "Det sägs inte om uppgifterna måste lämnas och vad som följer om de inte lämnas",
        "en": "Whether giving the data is required, and what follows if not, is not said",
    },
    law=("GDPR 13(2)(e)",),
    certainty="exact",
    needs=(
        "/provision_obligation/status",
        "/provision_obligation/consequences",
        "/data_categories/*/collection",
        "/register/role",
    ),
    kinds=("fail", "pass", "na"),
)

#: Ways of coming in that do not pass through the hands of the person: GDPR 14 has no such duty.
_NOT_FROM_THE_PERSON = frozenset({"received", "derived", "inferred"})


def check(case: Case) -> Outcome:
    """A statement counts, one in part too; a reference to another text and a leftover of a template do not."""
    record = case.record
    field = "/provision_obligation"
    if record.register.role == "processor":
        return case.na(
            fi="Käsittelijän selosteessa ei kerrota, onko tiedot pakko antaa.",
            en="The record of a processor does not tell whether data has to be given.",
        )
    status = record.status(field)
    if status == "stated_none" or (status == "stated" and record.provision_obligation.consequences):
        return case.passes(
            field,
            fi="Kerrotaan, onko tiedot pakko antaa.",
            en="Whether the data has to be given is told.",
        )
    if status in ("stated", "partly_stated"):
        return case.passes(
            field,
            fi="Tietojen antamisen pakollisuudesta kerrotaan osittain; lisää, mitä antamatta jättämisestä seuraa.",
            en="Whether the data has to be given is told in part; add what follows if it is not.",
        )
    ways = {data.collection for data in record.data_categories}
    if ways and ways <= _NOT_FROM_THE_PERSON:
        return case.na(
            field,
            fi="Tietoja ei kerätä henkilöltä itseltään.",
            en="No data is collected from the person.",
        )
    return case.fail(
        field,
        fi="Ei kerrota, onko tiedot pakko antaa ja mitä antamatta jättämisestä seuraa. Lisää se.",
        en="Whether the data has to be given, and what follows if it is not, is not told. Add it.",
    )
