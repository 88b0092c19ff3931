"""Relies on a transfer instrument that is not valid at the as-of date.

A transfer needs one ground, so the instruments that a record names for one importer are judged together: if one of them
holds, the transfer does. An ended one that is still named beside it is a warning. An instrument that never was a ground
for an exporter in the EU, such as an arrangement of Swiss law, neither carries a transfer nor breaks one.

Why it matters
Data may leave the EU and EEA only on a ground that holds when it leaves (GDPR 44 to 46). The Privacy Shield ended on
16.7.2020 without a period of grace (CJEU C-311/18), Safe Harbour on 6.10.2015 (C-362/14), and the clauses of before
2021 counted until 27.12.2022 if agreed before 27.9.2021 ((EU) 2021/914, Article 4).

How to fix
Find out what the vendor offers today (its standing on the list of the Data Privacy Framework, the clauses of 2021,
binding rules), agree on it, and name it in the record. Until there is one, stop the transfer.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any, Literal

from registry.checks.rule import Case, Outcome, Rule, dated
from registry.law import Instrument, remembered
from registry.law.values import GDPR_APPLIES

RULE = Rule(
    code="LAW203",
    severity="error",
    title={
        "fi": "Siirtoperuste ei ole voimassa",
        "sv": "Överföringen vilar på ett instrument som inte gäller",
        "en": "Relies on a transfer instrument that is not valid at the as-of date",
    },
    law=("GDPR 45", "GDPR 46", "CJEU C-311/18", "CJEU C-362/14", "2021/914 Art. 4"),
    certainty="catalogue",
    needs=(
        "/transfers/items/*/instrument", "/transfers/items/*/importer", "/transfers/items/*/country",
        "/transfers/items/*/certification_date", "/transfers/items/*/contract_date",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip

Standing = Literal["holds", "undated", "ended", "never", "elsewhere", "not_met", "not_yet"]


@dataclasses.dataclass(frozen=True, slots=True)
class Named:
    """An instrument as one item of the record names it, and how it stands on the day."""

    index: int
    item: Any
    instrument: Instrument
    standing: Standing

    @property
    def from_memory(self) -> bool:
        """Whether what decides how it stands is only remembered."""
        return remembered(self.instrument, _DECIDES[self.standing])


#: The field of the instrument that decides how it stands.
_DECIDES: dict[Standing, str] = {
    "holds": "valid_from",
    "undated": "new_contracts_until",
    "ended": "ended_on",
    "never": "gdpr_ground",
    "elsewhere": "scope",
    "not_met": "new_contracts_until",
    "not_yet": "valid_from",
}


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each importer whose transfer rests on nothing that holds, or on what cannot be dated."""
    importers: dict[str, list[Named]] = {}
    for index, item in enumerate(case.record.transfers.items_):
        instrument = case.law.instruments.get(item.instrument)
        if instrument is not None and instrument.kind != "none":
            named = Named(index, item, instrument, _standing(case, item, instrument))
            importers.setdefault((item.importer or item.country or "").casefold(), []).append(named)
    if not importers:
        yield case.na(
            "/transfers",
            fi="Siirtoperustetta ei ole nimetty (ks. COM008).",
            en="No transfer instrument is named (see COM008).",
        )
        return
    outcomes = [said for key, named in importers.items() if (said := _judged(case, key, named))]
    yield from outcomes
    if not outcomes:
        held = next(one for named in importers.values() for one in named if one.standing == "holds")
        yield case.passes(
            f"/transfers/items/{held.index}",
            remembered=(held.instrument.key,) if held.from_memory else (),
            fi=f"Siirtoperuste on voimassa: {held.instrument.name.get('fi')}.",
            en=f"The transfer instrument is valid: {held.instrument.name.get('en')}.",
        )


def _standing(case: Case, item: Any, instrument: Instrument) -> Standing:
    day = case.as_of
    if instrument.exporter != "EU" or (not instrument.gdpr_ground and day >= GDPR_APPLIES):
        return "never"
    if not instrument.valid_on(day):
        return "ended" if instrument.status_on(day) == "ended" else "not_yet"
    if instrument.kind == "adequacy" and item.country and item.country != instrument.scope:
        return "elsewhere"
    if "certification" in instrument.needs and item.certification_date and item.certification_date > day:
        return "not_met"
    if instrument.new_contracts_until is not None and day >= instrument.new_contracts_until:
        if item.contract_date is None:
            return "undated"
        return "holds" if instrument.covers_contract(item.contract_date, day) else "not_met"
    return "holds"


def _judged(case: Case, key: str, named: list[Named]) -> Outcome | None:
    by_standing = {one.standing: one for one in reversed(named)}
    ended = by_standing.get("ended")
    if "holds" in by_standing:
        return _still_named(case, key, ended) if ended else None
    if one := by_standing.get("undated"):
        until = one.instrument.new_contracts_until
        return case.open(
            f"/transfers/items/{one.index}",
            key=key,
            remembered=(one.instrument.key,) if one.from_memory else (),
            fi=f"{one.instrument.name.heading('fi')} kelpaa vain, jos sopimus on tehty ennen {dated(until)}.",
            en=f"{one.instrument.name.heading('en')} count only if they were agreed before {dated(until)}.",
            closes=("Kirjaa, milloin lausekkeista sovittiin.", "Record when the clauses were agreed."),
        )
    first = ended or named[0]
    reasons = {language: "; ".join(_reason(one, language) for one in named) for language in ("fi", "en")}
    importer = first.item.importer or first.item.country or ""
    return case.fail(
        f"/transfers/items/{first.index}",
        key=key,
        remembered=tuple(one.instrument.key for one in named if one.from_memory),
        fi=f"Siirrolla ({importer}) ei ole voimassa olevaa perustetta: {reasons['fi']}. Sovi uusi siirtoperuste.",
        en=f"The transfer ({importer}) rests on nothing that holds: {reasons['en']}. Agree on another instrument.",
    )


def _still_named(case: Case, key: str, ended: Named) -> Outcome:
    return case.fail(
        f"/transfers/items/{ended.index}",
        key=key,
        severity="warning",
        remembered=(ended.instrument.key,) if ended.from_memory else (),
        fi=f"{_reason(ended, 'fi')}. Siirrolla on muu peruste: poista vanha maininta.",
        en=f"{_reason(ended, 'en')}. The transfer has another ground: take out the old one.",
    )


def _reason(one: Named, language: str) -> str:
    name, instrument = one.instrument.name.heading(language), one.instrument
    return f"{name} {_WHY[one.standing][language].format(ended_on=dated(instrument.ended_on), scope=instrument.scope)}"


_WHY = {
    "ended": {"fi": "päättyi {ended_on}", "en": "ended on {ended_on}"},
    "never": {
        "fi": "ei ole ollut peruste EU:sta siirrettäessä",
        "en": "never was a ground for an exporter in the EU",
    },
    "elsewhere": {"fi": "koskee vain aluetta {scope}", "en": "covers {scope} only"},
    "not_met": {"fi": "ei täyty ilmoitetulla päivällä", "en": "is not met by the date given"},
    "not_yet": {"fi": "ei ole vielä voimassa", "en": "is not in force yet"},
}
