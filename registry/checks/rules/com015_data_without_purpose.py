"""Data is collected for which no purpose is stated.

Where the record has one purpose and no other, all data is for that. That some data is not used to identify anybody is
no purpose.

Why it matters
Data may be collected for specified purposes only, and no more of it than they need (GDPR 5(1)(b), 5(1)(c)). What a chat
widget collects by itself is often listed without anybody having asked for it.

How to fix
Enter for each data category what it is used for (`data_categories[].purposes`). Where nobody can say, switch off its
collection and delete what there is.
"""

from registry.checks.rule import Case, Outcome, Place, Rule

RULE = Rule(
    code="COM015",
    severity="warning",
    title={
        "fi": "Kerätään tietoja, joille ei ole ilmoitettu käyttötarkoitusta",
        "sv": "Uppgifter samlas in utan angivet ändamål",
        "en": "Data is collected for which no purpose is stated",
    },
    law=("GDPR 5(1)(b)", "GDPR 5(1)(c)"),
    certainty="exact",
    needs=(
        "/data_categories/*/purposes",
        "/data_categories/*/collection",
        "/purposes/*/text",
        "/identification_claim/applies_to",
        "/register/role",
    ),
    kinds=("fail", "pass", "na"),
)


def check(case: Case) -> Outcome:
    """Which data categories name no purpose."""
    record = case.record
    if record.register.role == "processor":
        return case.na(
            fi="Käsittelijän selosteessa ei ilmoiteta käyttötarkoituksia: ne ovat rekisterinpitäjän.",
            en="The record of a processor states no purposes: they are the controller's.",
        )
    categories = list(enumerate(record.data_categories))
    if not categories:
        return case.na(
            "/data_categories", fi="Selosteessa ei ole tietoryhmiä.", en="The record has no data categories."
        )
    loose = [(index, data) for index, data in categories if not data.purposes and len(record.purposes) != 1]
    if not loose:
        # What is collected without asking is where a purpose is most often missing.
        best = min(categories, key=lambda item: item[1].collection != "observed")[0]
        return case.passes(
            f"/data_categories/{best}",
            fi="Jokaisella tietoryhmällä on käyttötarkoitus.",
            en="Every data category has a purpose.",
        )
    first, data = loose[0]
    claimed = record.identification_claim.applies_to or ()
    claim = case.place("/identification_claim") if claimed == "all" or data.id in claimed else Place()
    names = ", ".join(str(data.text or data.id) for _, data in loose)
    field = f"/data_categories/{first}"
    return case.fail(
        field,
        at=claim if claim != Place() else case.place(field),
        fi=f"Näille tiedoille ei ole ilmoitettu käyttötarkoitusta: {names}. Kirjaa tarkoitus tai lopeta keruu.",
        en=f"No purpose is stated for these data: {names}. Enter one, or stop collecting them.",
    )
