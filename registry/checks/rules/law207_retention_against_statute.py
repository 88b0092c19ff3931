"""Declared erasure is earlier than a statutory retention floor, or later than a ceiling.

An act applies where the record says so: by the `statutory_rule_ref` of a data category, or the `floor_ref` or
`ceiling_ref` of a retention rule. Of the retention rules, those that name the category count before those that cover
everything. The interval between purges counts in for a ceiling. A period as long as a floor that begins with the item
itself ends before the floor does, for every floor in the table begins later.

Why it matters
What has to be kept by law may not be erased before (GDPR 6(1)(c), 17(3)(b)): vouchers for six years and books for ten
(Kirjanpitolaki 2:10). What may be kept no longer than a time given by law is unlawful from the day after.

How to fix
Set the period of the category to what the act says, counted from the event that the act names. Where only some of the
data falls under the act, give it a data category and a retention rule of its own.
"""

from collections.abc import Iterator
from typing import Any

from registry import errors
from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Rule
from registry.checks.rules._reach import reaches
from registry.law import RetentionRule, periods, remembered

RULE = Rule(
    code="LAW207",
    severity="error",
    title={
        "fi": "Tiedot poistetaan ennen lakisääteisen säilytysajan loppua tai myöhemmin kuin laki sallii",
        "sv": "Uppgifterna raderas före den lagstadgade lagringstidens slut eller senare än lagen tillåter",
        "en": "Declared erasure is earlier than a statutory retention floor, or later than a ceiling",
    },
    law=("GDPR 6(1)(c)", "GDPR 17(3)(b)", "Kirjanpitolaki 2:10"),
    certainty="catalogue",
    needs=(
        "/retention/*/duration", "/retention/*/interval", "/retention/*/starts_from", "/retention/*/applies_to",
        "/retention/*/action", "/retention/*/floor_ref", "/retention/*/ceiling_ref",
        "/data_categories/*/statutory_rule_ref",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each retention rule against each statutory rule that is linked to it and does not agree."""
    linked = dict.fromkeys(_linked(case))
    if not linked:
        yield case.na(
            "/retention",
            fi="Tietoihin ei ole liitetty lakisääteistä säilytysaikaa.",
            en="No statutory retention is linked to the data.",
        )
        return
    outcomes = [said for index, key in linked if (said := _judged(case, index, key))]
    yield from outcomes
    if not outcomes:
        index, _ = next(iter(linked))
        yield case.passes(
            f"/retention/{index}",
            fi="Säilytysajat sopivat lakisääteisiin aikoihin.",
            en="The retention agrees with the statutory periods.",
        )


def _linked(case: Case) -> Iterator[tuple[int | None, str]]:
    """Positions of retention rules with the keys of statutory rules; None: no retention rule covers the category."""
    rules = list(enumerate(case.record.retention))
    for index, rule in rules:
        for key in (rule.floor_ref, rule.ceiling_ref):
            if key:
                yield index, key
    for category in case.record.data_categories:
        if not category.statutory_rule_ref:
            continue
        own = [
            index for index, rule in rules if isinstance(rule.applies_to, tuple) and reaches(rule, category)
        ]
        broad = [index for index, rule in rules if reaches(rule, category)]
        if not broad:
            yield None, category.statutory_rule_ref
        for index in own or broad:
            yield index, category.statutory_rule_ref


def _judged(case: Case, index: int | None, key: str) -> Outcome | None:
    statute = case.law.retention_rules.get(key)
    if statute is None:
        fi, en = (
            f"Lakitaulukossa ei ole säilytyssääntöä {key}.",
            f"The table of law has no retention rule {key}.",
        )
        closes = (
            "Kirjaa taulukossa oleva sääntö, tai lisää se taulukkoon.",
            "Refer to a rule of the table, or add it there.",
        )
        return case.open(_field(index), key=_key(case, index, key), fi=fi, en=en, closes=closes)
    if case.law.retention_rule_status(statute, case.as_of) != "in_force":
        return None
    rule = None if index is None else case.record.retention[index]
    if rule is None or rule.duration is None:
        return _undecided(case, index, statute, "Säilytysaikaa ei ole ilmoitettu", "No period is declared")
    return (_floor if statute.kind == "floor" else _ceiling)(case, index, rule, statute)


def _floor(case: Case, index: int | None, rule: Any, statute: RetentionRule) -> Outcome | None:
    if rule.action == "archive":  # kept on
        return None
    order = periods.compare(rule.duration, statute.duration)
    too_soon = order == "equal" and says("from_creation", rule.starts_from)
    if order == "shorter" or too_soon:
        return _wrong(
            case, index, rule.duration, statute, "ennen lain vähimmäisaikaa", "before the statutory floor"
        )
    if order == "incomparable":
        return _undecided(case, index, statute, "Aikoja ei voi verrata", "The periods cannot be compared")
    return None


def _ceiling(case: Case, index: int | None, rule: Any, statute: RetentionRule) -> Outcome | None:
    try:
        real = periods.total(rule.duration, *filter(None, [rule.interval]))
    except errors.Invalid:  # together more than 999 years
        real = periods.parse(rule.duration)
    order = periods.compare(real, statute.duration)
    if order == "longer":
        return _wrong(case, index, real, statute, "lain enimmäisajan jälkeen", "after the statutory ceiling")
    if rule.action == "archive":
        return _undecided(
            case, index, statute, "Tiedot arkistoidaan, ei poisteta", "The data is archived, not erased"
        )
    if order == "incomparable":
        return _undecided(case, index, statute, "Aikoja ei voi verrata", "The periods cannot be compared")
    if says("event", rule.starts_from) and not says("from_creation", rule.starts_from):
        return _undecided(
            case,
            index,
            statute,
            "Aika alkaa muusta kuin laissa",
            "The period begins with something else than in law",
        )
    return None


def _wrong(case: Case, index: int | None, real: Any, statute: RetentionRule, fi: str, en: str) -> Outcome:
    told = {language: (periods.text(real, language), _told(statute, language)) for language in ("fi", "en")}
    return case.fail(
        _field(index),
        key=_key(case, index, statute.key),
        remembered=(statute.key,) if _from_memory(statute) else (),
        fi=f"Tiedot poistetaan {fi}: ilmoitettu aika on {told['fi'][0]}, laissa {told['fi'][1]}. Korjaa säilytysaika.",
        en=f"The data is erased {en}: declared are {told['en'][0]}, by law {told['en'][1]}. Correct the period.",
    )


def _undecided(case: Case, index: int | None, statute: RetentionRule, fi: str, en: str) -> Outcome:
    return case.open(
        _field(index),
        key=_key(case, index, statute.key),
        remembered=(statute.key,) if _from_memory(statute) else (),
        fi=f"{fi}, joten sitä ei voi verrata lakiin ({_told(statute, 'fi')}).",
        en=f"{en}, so it cannot be compared with the law ({_told(statute, 'en')}).",
        closes=(
            "Ilmoita poistoon asti kuluva aika samasta hetkestä kuin laissa.",
            "Declare the time until erasure, from the moment that the act counts from.",
        ),
    )


def _told(statute: RetentionRule, language: str) -> str:
    section = f" {statute.section}" if statute.section else ""
    return f"{periods.text(statute.duration, language)} {statute.starts_from.get(language)}, {statute.act}{section}"


def _from_memory(statute: RetentionRule) -> bool:
    """Whether any of it is: its dates decide too, and its section is told."""
    return remembered(statute) or bool(statute.from_memory)


def _field(index: int | None) -> str:
    return "/retention" if index is None else f"/retention/{index}"


def _key(case: Case, index: int | None, statute: str) -> str:
    return f"{'-' if index is None else case.record.retention[index].id}:{statute}"
