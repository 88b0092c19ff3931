"""Periodic deletion makes the real retention longer than stated.

What is deleted once a year is kept for up to a year more than the stated period or need. A longest time that the record
itself states (`effective_max`) and that has room for the interval, or was not worked out by whoever read the document,
settles it.

Why it matters
People reckon with the period that they are told (GDPR 5(1)(a), 13(2)(a)); the time between two purges comes on top of
it, and nobody needs the data then (5(1)(e)). Storing no longer than needed is a matter of how systems are set (25(2)).

How to fix
Delete continuously, or purge more often. Else state the longest time that data really is kept, the interval included,
and enter it under `effective_max`. Where deletion is by hand, decide how often, and enter that under `interval`.
"""

from collections.abc import Iterator
from typing import Any

from registry import errors
from registry.checks.rule import Case, Outcome, Rule
from registry.law import periods

RULE = Rule(
    code="CON113",
    severity="info",
    title={
        "fi": "Määräajoin tehtävä poisto pidentää todellista säilytysaikaa",
        "sv": "Periodisk radering gör den verkliga lagringstiden längre än den angivna",
        "en": "Periodic deletion makes the real retention longer than stated",
    },
    law=("GDPR 5(1)(e)", "GDPR 25(2)"),
    certainty="exact",
    needs=(
        "/retention/*/mode", "/retention/*/interval", "/retention/*/duration", "/retention/*/effective_max",
        "/backups/retention",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each retention rule with time between purges, or by hand at no stated time."""
    told = [(index, rule) for index, rule in enumerate(case.record.retention) if rule.mode or rule.interval]
    if not told:
        yield case.na(
            "/retention",
            fi="Ei ole ilmoitettu, miten tai kuinka usein tietoja poistetaan.",
            en="How and how often data is deleted is not stated.",
        )
        return
    outcomes = [said for index, rule in told if (said := _judged(case, index, rule))]
    yield from outcomes
    if not outcomes:
        yield case.passes(
            f"/retention/{told[0][0]}/mode",
            fi="Poistoväli ei pidennä säilytysaikaa.",
            en="No interval between purges makes the retention longer.",
        )


def _judged(case: Case, index: int, rule: Any) -> Outcome | None:
    field = f"/retention/{index}/{'interval' if rule.interval else 'mode'}"
    if rule.mode == "manual" and not rule.interval:
        return case.open(
            field,
            key=rule.id,
            fi=f"Tiedot ({rule.id}) poistetaan käsin, eikä kerrota, kuinka usein.",
            en=f"The data ({rule.id}) is deleted by hand, and how often is not stated.",
            closes=("Kirjaa poistoväli.", "Record the interval between purges."),
        )
    if not rule.interval and rule.mode != "periodic":
        return None
    if not rule.interval:
        return case.fail(
            field,
            key=rule.id,
            fi=f"Tiedot ({rule.id}) poistetaan määräajoin, mutta väliä ei kerrota. Ilmoita poistoväli.",
            en=f"The data ({rule.id}) is deleted periodically, at no stated interval. State the interval.",
        )
    if _has_room(case, index, rule):
        return None
    longest = {language: _longest(case, rule, language) for language in ("fi", "en")}
    return case.fail(
        field,
        key=rule.id,
        fi=f"Poistoväli pidentää säilytysaikaa ({rule.id}): enintään {longest['fi']}. "
        "Poista useammin, tai ilmoita pisin todellinen säilytysaika.",
        en=f"The interval between purges makes the retention longer ({rule.id}): at most {longest['en']}. "
        "Delete more often, or state the longest time that data really is kept.",
    )


def _has_room(case: Case, index: int, rule: Any) -> bool:
    """Whether the record states a longest time of its own that the interval fits into."""
    inferred = case.record.said(f"/retention/{index}/effective_max").inferred
    if rule.effective_max is None or inferred or rule.duration is None:
        return False
    try:
        real = periods.total(rule.duration, rule.interval)
        return periods.compare(rule.effective_max, real) in ("equal", "longer")
    except errors.Invalid:  # a longest time in words
        return False


def _longest(case: Case, rule: Any, language: str) -> str:
    """The worst case in words: the period and the interval together, else the need and the interval; and backups."""
    try:
        together = periods.text(
            periods.total(rule.duration, rule.interval) if rule.duration else rule.interval, language
        )
    except errors.Invalid:  # together more than 999 years
        together = f"{periods.text(rule.duration, language)} + {periods.text(rule.interval, language)}"
    after = {"fi": "tarpeen päättymisestä", "en": "after the need has ended"}[language]
    backups = case.record.backups.retention
    kept = {"fi": "ja varmuuskopioissa", "en": "and in backups"}[language]
    return (
        together
        + ("" if rule.duration else f" {after}")
        + (f", {kept} {periods.text(backups, language)}" if backups else "")
    )
