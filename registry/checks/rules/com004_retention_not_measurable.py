"""Retention is not measurable.

A period can be measured if it has a length, if it ends with an event that happens on a day, or if its criterion names
one of the two. "As long as necessary" and its relatives, in Finnish, Swedish or English, can not.

Why it matters
Nobody can delete by "as long as necessary", and nobody can check it (GDPR 5(1)(e), 5(2)). People must be able to work
out from the notice how long their own data is kept (13(2)(a); WP260 rev.01). TSV/26/2020 (6.3.2024): a period that is
left open is no period; TSV 3831/161/21 (30.5.2023): it has to follow from the purpose.

How to fix
Replace the wording by `duration` and `starts_from` for each data category. Where the end depends on something, name the
event ("end of the contract") and how long after it the data is deleted.
"""

from collections.abc import Iterator
from typing import Any

from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Rule

RULE = Rule(
    code="COM004",
    severity="error",
    title={
        "fi": "Säilytysaikaa ei voi mitata",
        "sv": "Lagringstiden går inte att mäta",
        "en": "Retention is not measurable",
    },
    law=("GDPR 5(1)(e)", "GDPR 13(2)(a)", "TSV/26/2020 (6.3.2024)"),
    certainty="lexical",
    needs=("/retention/*/duration", "/retention/*/starts_from", "/retention/*/criterion"),
    kinds=("fail", "pass", "na", "open"),
)


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each retention rule that cannot be measured or may not be; one pass if there is none."""
    told = [(index, rule) for index, rule in enumerate(case.record.retention) if _told(rule)]
    if not told:
        yield case.na(
            "/retention",
            fi="Säilytysaikaa ei ole ilmoitettu lainkaan (COM003).",
            en="No retention period is stated at all (COM003).",
        )
        return
    unmeasured = [(index, rule) for index, rule in told if not _measurable(rule)]
    for index, rule in unmeasured:
        if says("as_long_as_needed", rule.criterion):
            yield case.fail(
                f"/retention/{index}",
                key=rule.id,
                fi=f"Tietojen säilytysaikaa ({rule.id}) ei voi mitata. Ilmoita aika ja mistä se alkaa.",
                en=f"Nobody can measure this retention ({rule.id}). State a period, and from when it runs.",
            )
        else:
            yield case.open(
                f"/retention/{index}",
                key=rule.id,
                fi=f"Säilytysajan kriteerissä ({rule.id}) ei ole aikaa eikä tunnistettua tapahtumaa.",
                en=f"The retention criterion ({rule.id}) has neither a length of time nor an event we know.",
                closes=(
                    "Ilmoita säilytysaika tai tapahtuma, johon se päättyy.",
                    "State the period, or the event that it ends with.",
                ),
            )
    if not unmeasured:
        yield case.passes(
            f"/retention/{told[0][0]}",
            fi="Säilytysajan voi mitata.",
            en="The retention can be measured.",
        )


def _told(rule: Any) -> bool:
    return bool(rule.duration or rule.criterion or rule.starts_from)


def _measurable(rule: Any) -> bool:
    if rule.duration or says("length_of_time", rule.criterion):
        return True
    if says("as_long_as_needed", rule.criterion):
        return False
    return bool(rule.starts_from or says("event", rule.criterion))
