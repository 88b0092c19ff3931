"""Document has no date or version.

Why it matters
Nobody can tell which text applied when somebody's data was collected, nor whether it was looked at since the law
changed (GDPR 5(2), 24(1)). Acts that a text cites give no more than the earliest day on which it can have been written.

How to fix
Print on the document when it was made and last changed, or its version, and enter `document.created_on`,
`document.updated_on` or `document.version`.
"""

from registry.checks.rule import Case, Outcome, Rule, dated

RULE = Rule(
    code="COM012",
    severity="warning",
    title={
        "fi": "Asiakirjassa ei ole päiväystä eikä versiota",
        "sv": "Dokumentet saknar datum och version",
        "en": "Document has no date or version",
    },
    law=("GDPR 5(2)", "GDPR 24(1)"),
    certainty="exact",
    needs=(
        "/document/created_on",
        "/document/updated_on",
        "/document/version",
        "/document/earliest_possible_date",
    ),
    kinds=("fail", "pass"),
)


def check(case: Case) -> Outcome:
    """Any one of the three will do; the last change says most."""
    document = case.record.document
    for name in ("updated_on", "created_on", "version"):
        if getattr(document, name):
            return case.passes(
                f"/document/{name}",
                fi="Asiakirjassa on päiväys tai versio.",
                en="The document has a date or a version.",
            )
    note = {"fi": "", "en": ""}
    if earliest := document.earliest_possible_date:
        note = {
            "fi": f" Viittaustensa perusteella se on aikaisintaan päivältä {dated(earliest)}.",
            "en": f" By what it cites it cannot be older than {dated(earliest)}.",
        }
    return case.fail(
        "/document",
        fi=f"Asiakirjassa ei ole päiväystä eikä versiota.{note['fi']} Lisää päiväys.",
        en=f"The document has neither a date nor a version.{note['en']} Add a date.",
    )
