"""Retention does not cover every data category, copy or backup.

A backup needs a period of its own: it lives on after the data is deleted. So does a copy outside the main system, such
as a mailbox; where the rule says "all data", whether the copy is meant is open. The copy that people order for
themselves is theirs.

Why it matters
Data that no rule covers is kept for ever, and so is a copy that nobody thinks of (GDPR 5(1)(e)). The record shows the
time limits for each category of data (30(1)(f)).

How to fix
Say of each retention rule what it covers (`applies_to`), and add rules for what is left. Give copies
(`secondary_copies[].retention`) and backups (`backups.retention`) their own periods.
"""

from collections.abc import Iterator
from typing import Any

from registry.checks.rule import Case, Outcome, Rule

RULE = Rule(
    code="COM005",
    severity="warning",
    title={
        "fi": "Säilytysaika ei kata kaikkia tietoryhmiä, kopioita tai varmuuskopioita",
        "sv": "Lagringstiden omfattar inte alla uppgiftskategorier, kopior eller säkerhetskopior",
        "en": "Retention does not cover every data category, copy or backup",
    },
    law=("GDPR 5(1)(e)", "GDPR 30(1)(f)"),
    certainty="exact",
    needs=(
        "/retention/*/applies_to", "/retention/*/data_subjects", "/retention/*/duration", "/retention/*/criterion",
        "/retention/*/starts_from", "/data_categories/*/data_subjects", "/secondary_copies/*/retention",
        "/secondary_copies/*/at_choice_of", "/backups/status", "/backups/retention", "/register/role",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip


def check(case: Case) -> Iterator[Outcome]:
    """One outcome each for data, copies and backups that are not covered."""
    record = case.record
    if record.register.role == "processor":
        yield case.na(
            fi="Käsittelijän selosteessa ei ilmoiteta säilytysaikaa: siitä päättää rekisterinpitäjä.",
            en="The record of a processor states no retention period: the controller decides on it.",
        )
        return
    told = [
        (f"/retention/{index}", rule)
        for index, rule in enumerate(record.retention)
        if rule.duration or rule.criterion or rule.starts_from
    ]
    if not told:
        yield case.na(
            "/retention",
            fi="Säilytysaikaa ei ole ilmoitettu lainkaan (COM003).",
            en="No retention period is stated at all (COM003).",
        )
        return
    outcomes = [*_data(case, told), *_copies(case, told), *_backups(case)]
    yield from outcomes
    if not outcomes:
        yield case.passes(
            told[0][0],
            fi="Säilytysaika kattaa tietoryhmät, kopiot ja varmuuskopiot.",
            en="The retention covers data categories, copies and backups.",
        )


def _data(case: Case, told: list[tuple[str, Any]]) -> Iterator[Outcome]:
    missing = [data for data in case.record.data_categories if not _covered(data, told)]
    if not missing:
        return
    names = ", ".join(str(data.text or data.id) for data in missing)
    if vague := [field for field, rule in told if _vague(rule)]:
        yield case.open(
            vague[0],
            key="data",
            fi=f"Säilytysajasta ei selviä, koskeeko se näitä: {names}.",
            en=f"Whether the retention covers these is not said: {names}.",
            closes=(
                "Kirjaa, mitä tietoryhmiä säilytysaika koskee.",
                "Enter which data categories it covers.",
            ),
        )
    else:
        yield case.fail(
            told[0][0],
            key="data",
            fi=f"Näillä tiedoilla ei ole säilytysaikaa: {names}. Lisää säilytysaika.",
            en=f"These data have no retention period: {names}. Add one.",
        )


def _covered(data: Any, told: list[tuple[str, Any]]) -> bool:
    """Whether the rules cover a data category, for everybody whom it is about."""
    mine = [rule for _, rule in told if rule.applies_to == "all" or _lists(rule, data.id)]
    if not mine or not all(rule.data_subjects for rule in mine):
        return bool(mine)
    return set(data.data_subjects or ()) <= {group for rule in mine for group in rule.data_subjects}


def _lists(rule: Any, name: str) -> bool:
    return isinstance(rule.applies_to, tuple) and name in rule.applies_to


def _vague(rule: Any) -> bool:
    """Whether a rule does not say what it covers: it may be anything."""
    return rule.applies_to in (None, "not_stated")


def _copies(case: Case, told: list[tuple[str, Any]]) -> Iterator[Outcome]:
    loose = [
        (f"/secondary_copies/{index}", copy)
        for index, copy in enumerate(case.record.secondary_copies)
        if not copy.retention and copy.at_choice_of != "data_subject"
    ]
    if not loose:
        return
    field = loose[0][0]
    names = ", ".join(str(copy.where or pointer) for pointer, copy in loose)
    if any(rule.applies_to == "all" or _vague(rule) for _, rule in told):
        yield case.open(
            field,
            key="copies",
            fi=f"Säilytysaika koskee sanojensa mukaan tietoja; koskeeko se myös kopioita, ei selviä: {names}.",
            en=f"The retention speaks of data; whether it covers the copies too is not said: {names}.",
            closes=("Kirjaa kopioiden säilytysaika.", "Enter the period of the copies."),
        )
    else:
        yield case.fail(
            field,
            key="copies",
            fi=f"Kopioilla ei ole säilytysaikaa: {names}. Lisää säilytysaika tai luovu kopioista.",
            en=f"The copies have no retention period: {names}. Add one, or keep no copies.",
        )


def _backups(case: Case) -> Iterator[Outcome]:
    record = case.record
    if record.status("/backups") in ("stated", "partly_stated") and not record.backups.retention:
        yield case.fail(
            "/backups",
            key="backups",
            fi="Varmuuskopioista kerrotaan, mutta niiden säilytysaikaa ei. Lisää se.",
            en="Backups are told of, and not how long they are kept. Add the period.",
        )
