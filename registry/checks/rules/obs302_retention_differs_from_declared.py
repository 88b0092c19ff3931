"""Configured or actual retention differs from the declared one.

The system is asked two things: by which rules it deletes, and how old its oldest item is. Either shows that the
declared period is kept; a rule that is longer, a system that deletes nothing though deletion is said to be automatic,
or an item that should be gone shows that it is not. What a rule deletes and the system then keeps on, as an old version
or in a bin, is kept for that time too. The declared period counts together with the interval between two
purges, or as the longest time that the record itself admits (`effective_max`). Where the period begins with something
other than the item itself, its age alone decides nothing.

Why it matters
A period that is stated and not kept is worse than none: people were told that their data is gone (GDPR 5(1)(a),
5(1)(e)), and the controller has to be able to show that it is (5(2)).

How to fix
Set the system's deletion rule to the declared period and switch it on (new rules are often created inactive), or
change the record if the longer period is needed and can be justified. Then purge what should have gone already.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from registry import errors
from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Rule, Severity, dated
from registry.checks.rules._looking import some
from registry.connectors.observed.observation import Observation
from registry.connectors.observed.reasons import said
from registry.law import periods

RULE = Rule(
    code="OBS302",
    severity="error",
    title={
        "fi": "Järjestelmän säilytysaika poikkeaa ilmoitetusta",
        "sv": "Den inställda eller faktiska lagringstiden avviker från den angivna",
        "en": "Configured or actual retention differs from the declared one",
    },
    law=("GDPR 5(1)(e)", "GDPR 5(2)"),
    certainty="evidence",
    needs=(
        "/retention/*/duration", "/retention/*/interval", "/retention/*/effective_max", "/retention/*/applies_to",
        "/retention/*/starts_from", "/retention/*/mode", "/systems/*/kind", "/data_categories/*/pd",
        "observation:deletion_rules", "observation:oldest_item", "observation:could_not_look",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip


#: Of one period so many rules or items of one look are told one by one: a system may have thousands of either.
MOST = 50


@dataclasses.dataclass
class Look:
    """What one system shows of one declared period: the wrongs, whether it is kept, and what else should be told."""

    wrongs: list[Outcome] = dataclasses.field(default_factory=list)
    kept: bool = False
    notes: list[tuple[str, str]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Declared:
    """One measurable retention rule of the record, with the longest time that it allows."""

    case: Case
    index: int
    rule: Any
    longest: str

    @property
    def field(self) -> str:
        """Its JSON Pointer."""
        return f"/retention/{self.index}"

    def about(self, item: Mapping[str, Any]) -> bool:
        """Whether an observed rule or item is about what it covers; one that does not say is."""
        category, covered = item.get("category"), self.rule.applies_to
        if category is None or not isinstance(covered, tuple):
            return True
        kinds = {data.pd for data in self.case.record.data_categories if data.id in covered}
        return category in covered or category in kinds

    def fail(self, look: Observation, key: str, fi: str, en: str) -> Outcome:
        """The wrong in one system; on the vendor's papers alone it is a warning."""
        severity: Severity | None = "warning" if look.source_level == "vendor_doc" else None
        key = f"{self.rule.id}:{look.system}:{key}"
        return self.case.fail(self.field, key=key, observation=look.id, severity=severity, fi=fi, en=en)


def check(case: Case) -> Iterator[Outcome]:
    """Each declared period against each system; one pass if all of them show that all are kept."""
    systems = [system for system, _ in case.systems()]
    if case.record.systems and not systems:
        yield case.na(
            "/systems", fi="Rekisteriä pidetään vain paperilla.", en="The register is on paper only."
        )
        return
    measurable = [
        _declared(case, index, rule) for index, rule in enumerate(case.record.retention) if rule.duration
    ]
    if not measurable or not systems:
        yield _untestable(case, measurable, systems)
        return
    outcomes = [said for declared in measurable for system in systems for said in _judged(declared, system)]
    yield from outcomes
    if not outcomes:
        yield case.passes(
            measurable[0].field,
            fi="Järjestelmä pitää ilmoitetun säilytysajan.",
            en="The system keeps to the declared retention.",
        )


def _judged(declared: Declared, system: str) -> Iterator[Outcome]:
    look = Look()
    for seen in declared.case.observed("deletion_rules", system):
        _configured(declared, seen, look)
    for seen in declared.case.observed("oldest_item", system):
        _actual(declared, seen, look)
    yield from look.wrongs
    if not look.wrongs and not look.kept:
        yield _undecided(declared, system, look)


def _configured(declared: Declared, seen: Observation, look: Look) -> None:
    """What the deletion rules show."""
    rules = [rule for rule in seen.payload["rules"] if declared.about(rule)]
    active = [rule for rule in rules if rule["active"]]
    if not active:
        _inactive(declared, seen, rules, look)
        return
    longer = [rule for rule in active if _is_longer(rule, declared.longest)]
    fitting = [rule for rule in active if rule.get("after") and rule not in longer and not rule.get("only")]
    if longer and not fitting:
        look.wrongs += [_too_long(declared, seen, rule) for rule in longer[:MOST]]
        look.wrongs += _others(declared, seen, "rule", len(longer) - MOST)
    elif longer:
        names = some([_called(rule) for rule in longer])
        look.notes.append(
            (f"Säännön kohde on epäselvä: {names}.", f"It is not clear what this rule is about: {names}.")
        )
    elif fitting:
        look.kept |= seen.complete
    else:
        names = some([_called(rule) for rule in active])
        look.notes.append(
            (
                f"Säännöstä ei selviä, kattaako se kaiken: {names}.",
                f"Whether it covers everything cannot be told: {names}.",
            )
        )


def _inactive(declared: Declared, seen: Observation, rules: list[Any], look: Look) -> None:
    off = some([_called(rule) for rule in rules])
    fi = f"Poistosääntö on pois käytöstä: {off}." if off else "Järjestelmässä ei ole poistosääntöä."
    en = f"The deletion rule is switched off: {off}." if off else "The system has no deletion rule."
    if seen.complete and declared.rule.mode in (None, "automatic"):
        period = {language: periods.text(declared.rule.duration, language) for language in ("fi", "en")}
        look.wrongs.append(
            declared.fail(
                seen,
                "off",
                fi=f"{fi} Ilmoitettu säilytysaika on {period['fi']}. Ota poisto käyttöön järjestelmässä {seen.system}.",
                en=f"{en} The declared period is {period['en']}. Switch deletion on in {seen.system}.",
            )
        )
    else:
        look.notes.append((fi, en))


def _too_long(declared: Declared, seen: Observation, rule: Mapping[str, Any]) -> Outcome:
    until = _until(rule)
    if until is None:
        return declared.fail(
            seen,
            f"rule:{rule['id']}",
            fi=f"Järjestelmä {seen.system} säilyttää poistamansa ({_called(rule)}) vanhoina versioina ilman "
            "määräaikaa. Poista myös vanhat versiot.",
            en=f"The system {seen.system} keeps what it deletes ({_called(rule)}) as old versions, without an end. "
            "Let old versions expire too.",
        )
    period = {
        language: (periods.text(until, language), periods.text(declared.longest, language))
        for language in ("fi", "en")
    }
    return declared.fail(
        seen,
        f"rule:{rule['id']}",
        fi=f"Järjestelmä {seen.system} poistaa vasta, kun on kulunut {period['fi'][0]} ({_called(rule)}); "
        f"ilmoitettu aika on {period['fi'][1]}. Lyhennä sääntöä tai korjaa seloste.",
        en=f"The system {seen.system} deletes only after {period['en'][0]} ({_called(rule)}); "
        f"the declared period is {period['en'][1]}. Shorten the rule, or correct the record.",
    )


def _actual(declared: Declared, seen: Observation, look: Look) -> None:
    """What the oldest items show."""
    case = declared.case
    items = [item for item in seen.payload["items"] if declared.about(item)]
    taken = case.day_of(seen.taken_at)
    ages = [(item, case.day_of(item["oldest"])) for item in items if item.get("oldest")]
    overdue = [(item, day) for item, day in ages if taken > _last_day(day, declared.longest)]
    if overdue and not _from_creation(declared.rule):
        look.notes.append(
            ("Vanhin tieto on säilytysaikaa vanhempi, mutta aika alkaa muusta kuin tiedon synnystä.",
             "The oldest item is older than the period, which runs from something else than its creation.")
        )  # fmt: skip
        return
    for item, day in overdue[:MOST]:
        period = {language: periods.text(declared.longest, language) for language in ("fi", "en")}
        look.wrongs.append(
            declared.fail(
                seen,
                f"oldest:{item['object']}:{item.get('category') or ''}",
                fi=f"Järjestelmän {seen.system} vanhin tieto ({item['object']}) on päivältä {dated(day)}, "
                f"vaikka ilmoitettu säilytysaika on {period['fi']}. Poista vanhentuneet tiedot.",
                en=f"The oldest item of {seen.system} ({item['object']}) is of {dated(day)}, "
                f"though the declared period is {period['en']}. Delete what is overdue.",
            )
        )
    look.wrongs += _others(declared, seen, "oldest", len(overdue) - MOST)
    look.kept |= bool(items) and not overdue and seen.complete


def _others(declared: Declared, seen: Observation, key: str, count: int) -> Iterator[Outcome]:
    """What is not told one by one."""
    if count > 0:
        yield declared.fail(
            seen,
            f"{key}s:more",
            fi=f"Samoin {count} muuta järjestelmässä {seen.system}.",
            en=f"The same goes for {count} others in {seen.system}.",
        )


def _undecided(declared: Declared, system: str, look: Look) -> Outcome:
    fi, en = (
        f"Järjestelmästä {system} ei ole nähty, noudatetaanko säilytysaikaa.",
        f"Whether {system} keeps to the period has not been seen.",
    )
    kinds = ("deletion_rules", "oldest_item")
    failed = [blind for kind in kinds if (blind := declared.case.blind(kind, system))]
    seen = [one for kind in kinds for one in declared.case.observed(kind, system)]
    told = [*look.notes]
    if any(not one.complete for one in seen):
        told.append(("Siitä on nähty vain osa.", "Only part of it has been seen."))
    for one in failed:
        why_fi, why_en = said(one.payload["reason"])
        told.append((f"Katsominen ei onnistunut ({why_fi}).", f"The look failed ({why_en})."))
    return declared.case.open(
        declared.field,
        key=f"{declared.rule.id}:{system}",
        observation=next((one.id for one in (*seen, *failed)), None),
        fi=" ".join([fi, *(note for note, _ in told)]),
        en=" ".join([en, *(note for _, note in told)]),
        closes=(
            "Täydellinen havainto poistosäännöistä tai vanhimmasta tiedosta.",
            "A complete observation of the deletion rules, or of the oldest item.",
        ),
    )


def _untestable(case: Case, measurable: list[Declared], systems: list[str]) -> Outcome:
    """Nothing to measure against, or nothing to measure: but what is switched off is told all the same."""
    off = [
        f"{seen.system}: {_called(rule)}"
        for seen in case.observed("deletion_rules")
        for rule in seen.payload["rules"]
        if not rule["active"]
    ]
    note = {"fi": "", "en": ""}
    if off:
        note = {
            "fi": f" Poistosääntö on pois käytöstä ({some(off, between='; ')}).",
            "en": f" A deletion rule is switched off ({some(off, between='; ')}).",
        }
    seen = next(iter(case.observed("deletion_rules")), None)
    if not measurable:
        fi, en = (
            "Mitattavaa säilytysaikaa ei ole ilmoitettu (COM004).",
            "No measurable period is declared (COM004).",
        )
        closes = ("Säilytysajan kirjaaminen.", "A period in the record.")
    else:
        fi, en = (
            "Selosteessa ei ole järjestelmää, josta sen voisi nähdä.",
            "The record names no system that could show it.",
        )
        closes = ("Järjestelmän kirjaaminen.", "A system in the record.")
    field = "/retention/0" if case.record.retention else "/retention"
    return case.open(
        field,
        observation=seen.id if seen and off else None,
        fi=fi + note["fi"],
        en=en + note["en"],
        closes=closes,
    )


def _declared(case: Case, index: int, rule: Any) -> Declared:
    return Declared(case, index, rule, _longest(rule))


def _longest(rule: Any) -> str:
    """The longest time that a rule allows: its period and one interval between purges, or more if it says so."""
    together = rule.duration
    if rule.interval:
        together = _or(lambda: periods.iso(periods.total(rule.duration, rule.interval)), together)
    stated = _or(lambda: periods.iso(periods.parse(rule.effective_max)), None) if rule.effective_max else None
    return stated if stated and periods.compare(stated, together) == "longer" else together


def _or(read: Any, otherwise: Any) -> Any:
    try:
        return read()
    except errors.Invalid:
        return otherwise


def _until(rule: Mapping[str, Any]) -> str | None:
    """When what a rule deletes is gone for good; None for never."""
    if "then_kept" not in rule:
        return str(rule["after"])
    kept = rule["then_kept"]
    return None if kept is None else str(_or(lambda: periods.iso(periods.total(rule["after"], kept)), None))


def _is_longer(rule: Mapping[str, Any], declared: str) -> bool:
    """For certain longer: 180 days may be six months. A rule that was not understood is not known to be."""
    if not rule.get("after"):
        return False
    until = _until(rule)
    return until is None or periods.compare(until, declared) == "longer"


def _last_day(day: date, period: str) -> date:
    """The last day of `period` from `day`; the last of the calendar where it ends after that."""
    last: date = _or(lambda: periods.add(day, period), date.max)
    return last


def _from_creation(rule: Any) -> bool:
    return rule.starts_from is None or says("from_creation", rule.starts_from)


def _called(rule: Mapping[str, Any]) -> str:
    return str(rule.get("title") or rule["id"])
