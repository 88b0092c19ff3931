"""Staff data is in the register but staff are not a data-subject group, or have no basis and retention.

Staff data is what staff enter about themselves, or what is said to be of employees; the name of whoever answers is the
usual case. Where the text names none, but the register keeps conversations, those will show who answered: that is open
until the record says so.

Why it matters
People who work with a register are in it too: GDPR 13 owes them the same information, and 30(1)(c) asks for every group
of people. A retention that covers customers only keeps the names of staff without end.

How to fix
Add `employee` to `data_subjects`, named as such in the text, give the data about them a legal basis, and let a
retention rule cover it. Where conversations show no names of staff, say so in the record's data categories.
"""

from typing import Any

from registry.checks.rule import Case, Outcome, Rule
from registry.checks.rules._reach import FREE_TEXT, reaches

RULE = Rule(
    code="CON116",
    severity="warning",
    title={
        "fi": "Rekisterissä on henkilöstön tietoja, mutta ryhmää ei nimetä tai siltä puuttuu peruste tai aika",
        "sv": "Personalens uppgifter finns i registret, men gruppen nämns inte eller saknar grund och lagringstid",
        "en": "Staff data is in the register but staff are not a data-subject group, or have no basis and retention",
    },
    law=("GDPR 13", "GDPR 30(1)(c)"),
    certainty="exact",
    needs=(
        "/data_categories/*/data_subjects", "/data_categories/*/collection", "/data_categories/*/basis",
        "/data_categories/*/pd", "/data_subjects/*/category", "/data_subjects/*/explicit",
        "/legal_bases/*/applies_to", "/legal_bases/*/article", "/retention/*/applies_to",
        "/retention/*/data_subjects",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip


def check(case: Case) -> Outcome:
    """The staff's data against the groups, the bases and the retention; conversations where none is named."""
    categories = list(enumerate(case.record.data_categories))
    named = [(index, one) for index, one in categories if _of_staff(one)]
    spoken = [(index, one) for index, one in categories if one.pd in FREE_TEXT]
    explicit = any(group.category == "employee" and group.explicit for group in case.record.data_subjects)
    staff = named or (spoken if explicit else [])
    if staff:
        return _judged(case, staff, explicit)
    if spoken:
        return case.open(
            f"/data_categories/{spoken[0][0]}",
            fi="Keskusteluista näkyy yleensä, kuka on vastannut, mutta henkilöstön tiedoista ei kerrota.",
            en="Conversations usually show who answered, and nothing is said of the data of staff.",
            closes=(
                "Kirjaa, tallentuuko henkilöstön nimiä, ja lisää henkilöstö rekisteröityjen ryhmäksi.",
                "Record whether names of staff are kept, and add staff as a group of data subjects.",
            ),
        )
    return case.na(
        "/data_categories",
        fi="Rekisterissä ei ole henkilöstön tietoja.",
        en="The register holds no data of staff.",
    )


def _judged(case: Case, staff: list[tuple[int, Any]], explicit: bool) -> Outcome:
    field = f"/data_categories/{staff[0][0]}"
    lacking: list[tuple[str, str]] = []
    if not explicit:
        lacking.append(("ryhmää ei nimetä", "the group is not named"))
    if not all(_has_basis(case, category) for _, category in staff):
        lacking.append(("oikeusperuste puuttuu", "the legal basis is missing"))
    if not all(_is_kept_for_a_time(case, category) for _, category in staff):
        lacking.append(("säilytysaika puuttuu", "the retention is missing"))
    if lacking:
        return case.fail(
            field,
            fi=f"Rekisterissä on henkilöstön tietoja, mutta {', '.join(fi for fi, _ in lacking)}. "
            "Lisää henkilöstö rekisteröityjen ryhmäksi perusteineen ja säilytysaikoineen.",
            en=f"The register holds data of staff, but {', '.join(en for _, en in lacking)}. "
            "Add staff as a group of data subjects, with its basis and retention.",
        )
    return case.passes(
        field,
        fi="Henkilöstö on nimetty ryhmäksi, ja sen tiedoilla on peruste ja säilytysaika.",
        en="Staff are named as a group, and their data has a basis and a retention.",
    )


def _of_staff(category: Any) -> bool:
    return category.collection == "staff" or "employee" in (category.data_subjects or ())


def _has_basis(case: Case, category: Any) -> bool:
    """Of its own, or one that covers everything or just this; LAW204 judges what the old act called a basis."""
    return bool(category.basis) or any(
        basis.applies_to == "all" or (isinstance(basis.applies_to, tuple) and category.id in basis.applies_to)
        for basis in case.record.legal_bases
        if basis.article or basis.legacy_article
    )


def _is_kept_for_a_time(case: Case, category: Any) -> bool:
    return any(
        reaches(rule, category) and (not rule.data_subjects or "employee" in rule.data_subjects)
        for rule in case.record.retention
    )
