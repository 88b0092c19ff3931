"""Retention period is missing.

A retention rule that says what happens to the data, but neither when nor by what criterion, counts as missing too.

Why it matters
Data may be kept in a form that identifies people only as long as the purpose needs it (GDPR 5(1)(e)), the record shows
the time limits (30(1)(f)), and people must be told the period or the criteria for it (13(2)(a), 14(2)(a)). In
TSV/26/2020 (6.3.2024) the Finnish authority fined a controller that had not defined any period.

How to fix
Decide for each data category how long it is kept and from when, and enter it under `retention`: `duration` (such as
P6M) and `starts_from`. Only where no period can be given, state a criterion that somebody else would apply alike.
"""

from registry.checks.rule import Case, Outcome, Rule

RULE = Rule(
    code="COM003",
    severity="error",
    title={
        "fi": "Säilytysaika puuttuu",
        "sv": "Lagringstiden saknas",
        "en": "Retention period is missing",
    },
    law=("GDPR 5(1)(e)", "GDPR 13(2)(a)", "GDPR 30(1)(f)"),
    certainty="exact",
    needs=("/retention/*/duration", "/retention/*/criterion", "/retention/*/starts_from", "/register/role"),
    kinds=("fail", "pass", "na"),
)


def check(case: Case) -> Outcome:
    """Whether one retention rule at least says how long."""
    record = case.record
    if record.register.role == "processor":
        return case.na(
            fi="Käsittelijän selosteessa ei ilmoiteta säilytysaikaa: siitä päättää rekisterinpitäjä.",
            en="The record of a processor states no retention period: the controller decides on it.",
        )
    for index, rule in enumerate(record.retention):
        if rule.duration or rule.criterion or rule.starts_from:
            return case.passes(
                f"/retention/{index}",
                fi="Säilytysajasta on ilmoitettu.",
                en="Something is stated about the retention period.",
            )
    if record.retention:
        fi = "On ilmoitettu, mitä tiedoille tehdään, mutta ei milloin. Lisää säilytysaika ja mistä se alkaa."
        en = "What happens to the data is stated, but not when. Add the period, and from when it runs."
        return case.fail("/retention/0", fi=fi, en=en)
    return case.fail(
        "/retention",
        at=case.heading("heading_retention"),
        fi="Säilytysaikaa ei ole ilmoitettu. Päätä kunkin tietoryhmän säilytysaika ja mistä se alkaa, ja kirjaa ne.",
        en="No retention period is stated. Decide for each data category how long it is kept and from when.",
    )
