"""Anonymisation is given as the end of retention but does not reach free text, staff or copies.

Free text is what people wrote or said in their own words. A group of people is left out if the rule names others only
and no other retention rule covers it. A copy is outside if it holds the same data and has no period of its own; a copy
that people send to themselves is theirs.

Why it matters
Data is anonymous only when nobody can be identified in it by any means that somebody may reasonably use (GDPR recital
26, 4(1)). Taking names out of the fields leaves those in the conversation, those of staff, and those in the mailbox
where a copy lies; what is left is personal data kept without end (5(1)(e)).

How to fix
Erase free text instead of anonymising it, and keep figures only. Give staff data and every copy a retention rule of its
own. If the text really is made anonymous, describe how, and test it.
"""

from collections.abc import Iterator
from typing import Any

from registry.checks.rule import Case, Outcome, Rule
from registry.checks.rules._reach import free_text, reaches

RULE = Rule(
    code="CON114",
    severity="warning",
    title={
        "fi": "Anonymisointi ei ulotu vapaaseen tekstiin, henkilöstöön tai kopioihin",
        "sv": "Anonymiseringen når inte fritext, personal eller kopior",
        "en": "Anonymisation is given as the end of retention but does not reach free text, staff or copies",
    },
    law=("GDPR 4(1)", "GDPR recital 26", "GDPR 5(1)(e)"),
    certainty="exact",
    needs=(
        "/retention/*/action", "/retention/*/applies_to", "/retention/*/data_subjects", "/data_categories/*/pd",
        "/data_categories/*/open_ended", "/data_categories/*/data_subjects", "/data_subjects/*/category",
        "/secondary_copies/*/what", "/secondary_copies/*/retention", "/secondary_copies/*/at_choice_of",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each anonymising rule that leaves something out, or whose data is not recorded."""
    rules = [(index, rule) for index, rule in enumerate(case.record.retention) if rule.action == "anonymise"]
    if not rules:
        yield case.na(
            "/retention", fi="Tietoja ei ilmoiteta anonymisoitavan.", en="No data is said to be anonymised."
        )
        return
    outcomes = [said for index, rule in rules if (said := _judged(case, index, rule))]
    yield from outcomes
    if not outcomes:
        yield case.passes(
            f"/retention/{rules[0][0]}",
            fi="Anonymisointi kattaa ilmoitetut tiedot.",
            en="The anonymisation covers the data recorded.",
        )


def _judged(case: Case, index: int, rule: Any) -> Outcome | None:
    field, record = f"/retention/{index}", case.record
    covered = [category for category in record.data_categories if reaches(rule, category)]
    missed: list[tuple[str, str]] = []
    if texts := [category for category in covered if free_text(category)]:
        names = ", ".join(str(category.text or category.id) for category in texts)
        missed.append((f"vapaa teksti ({names})", f"free text ({names})"))
    if people := _left_out(case, rule):
        fi, en = (
            ", ".join(case.law.word("data_subjects", one, language) for one in people)
            for language in ("fi", "en")
        )
        missed.append((f"henkilöryhmät ({fi})", f"groups of people ({en})"))
    if copies := [copy for copy in record.secondary_copies if _outside(copy, covered)]:
        names = ", ".join(str(copy.where or "-") for copy in copies)
        missed.append((f"kopiot ({names})", f"copies ({names})"))
    if missed:
        return case.fail(
            field,
            key=rule.id,
            fi=f"Anonymisointi ({rule.id}) ei ulotu näihin: {'; '.join(fi for fi, _ in missed)}. "
            "Poista ne tai anna niille oma säilytysaika.",
            en=f"The anonymisation ({rule.id}) does not reach: {'; '.join(en for _, en in missed)}. "
            "Erase them, or give them a retention of their own.",
        )
    if covered:
        return None
    return case.open(
        field,
        key=rule.id,
        fi=f"Mitä tietoja anonymisointi ({rule.id}) koskee, ei selviä: tietoryhmiä ei ole kirjattu.",
        en=f"What data the anonymisation ({rule.id}) is of cannot be told: no data categories are recorded.",
        closes=("Kirjaa tietoryhmät.", "Record the data categories."),
    )


def _left_out(case: Case, rule: Any) -> list[str]:
    """The groups of people that a rule about others passes over, and no retention rule covers."""
    if not rule.data_subjects:
        return []
    groups = dict.fromkeys(group.category for group in case.record.data_subjects if group.category)
    covered = {group for other in case.record.retention for group in _people(case, other, list(groups))}
    return [group for group in groups if group not in covered]


def _people(case: Case, rule: Any, groups: list[str]) -> list[str]:
    """Whose data a retention rule covers: whom it names, else those of the categories it names, else everybody."""
    if rule.data_subjects:
        return list(rule.data_subjects)
    if not isinstance(rule.applies_to, tuple):
        return groups
    return [
        group
        for category in case.record.data_categories
        if category.id in rule.applies_to
        for group in category.data_subjects or ()
    ]


def _outside(copy: Any, covered: list[Any]) -> bool:
    if copy.retention or copy.at_choice_of == "data_subject":
        return False
    return not isinstance(copy.what, tuple) or any(category.id in copy.what for category in covered)
