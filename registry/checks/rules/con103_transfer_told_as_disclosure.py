"""The statement about transfers speaks of disclosure only.

Why it matters
A transfer is wider than a disclosure: data also leaves the EU and the EEA when a processor hosts it
there, or reaches it from there, although nobody is given anything (EDPB Guidelines 05/2021). Whoever reads "nothing is
disclosed outside the EU" does not learn what GDPR 13(1)(f) wants told, and the record does not say what 30(1)(e) asks.

How to fix
Find out where each processor and its sub-processors keep the data and from where they can reach it.
Then say that data is not transferred, or to whom, to which country, and on what ground.
"""

from registry.checks.rule import Case, Outcome, Rule

RULE = Rule(
    code="CON103",
    title={
        "fi": "Siirtoja koskevassa kohdassa puhutaan vain luovuttamisesta",
        "sv": "Punkten om överföringar talar bara om utlämnande",
        "en": "The statement about transfers speaks of disclosure only",
    },
    severity="warning",
    law=("GDPR 4(9)", "GDPR 13(1)(f)", "GDPR 30(1)(e)", "EDPB 05/2021"),
    certainty="lexical",
    needs=("/transfers/status", "/transfers/wording"),
    kinds=("fail", "pass", "na"),
)


def check(case: Case) -> Outcome:
    """Fails where transfers are spoken of in the words of disclosure; not applicable where they are not spoken of."""
    transfers = case.record.transfers
    if transfers.status in ("not_stated", "placeholder", "referred_elsewhere"):
        return case.na(
            "/transfers",
            fi="Selosteessa ei puhuta siirroista EU:n ja ETA:n ulkopuolelle.",
            en="The record does not speak of transfers outside the EU and the EEA.",
        )
    if transfers.wording == "disclosure":
        return case.fail(
            "/transfers",
            fi="Siirroista kerrotaan vain, mitä luovutetaan. Kerro, säilytetäänkö tietoja EU:n ja ETA:n ulkopuolella "
            "tai pääseekö niihin sieltä.",
            en="Of transfers only disclosure is told. Say whether data is kept outside the EU and the EEA, or can be "
            "reached from there.",
        )
    return case.passes(
        "/transfers",
        fi="Siirroista puhutaan siirtoina.",
        en="Transfers are spoken of as transfers.",
    )
