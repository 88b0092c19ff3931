"""Storage region or hosting is outside the declared area.

The declared area is what the record says that data is only kept in; else every place that it names, with the countries
of its transfers; and where it declares no transfer, the EU and EEA. A system shows its region by an observation. Where
there is none, the catalogue of vendors knows where some always host: that can show a wrong, never that all is well.

Why it matters
Where data lies decides which law reaches it, and whether a transfer has to be told and grounded (GDPR 13(1)(f), 44). A
vendor's region setting says where data is stored, not from where it is reached; that is for CON102 and the contract.

How to fix
Move the account to a region inside the declared area. Else correct the record: the place where data is stored, and the
transfer with its country and instrument.
"""

import dataclasses
from collections.abc import Iterator, Mapping

from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Rule
from registry.checks.rules._looking import on_paper, unseen, weak
from registry.checks.rules._whereabouts import transfer_declared
from registry.connectors.observed.observation import Observation
from registry.law import remembered
from registry.law.names import area as area_name

RULE = Rule(
    code="OBS303",
    severity="error",
    title={
        "fi": "Tiedot sijaitsevat ilmoitetun alueen ulkopuolella",
        "sv": "Uppgifterna lagras utanför det angivna området",
        "en": "Storage region or hosting is outside the declared area",
    },
    law=("GDPR 13(1)(f)", "GDPR 44"),
    certainty="evidence",
    needs=(
        "/storage_locations/*/area", "/storage_locations/*/exclusive", "/transfers/status",
        "/transfers/items/*/country", "/systems/*/vendor", "/systems/*/kind",
        "observation:region", "observation:could_not_look",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip

_CLOSES = ("Havainto järjestelmän tallennusalueesta.", "An observation of the system's storage region.")


@dataclasses.dataclass(frozen=True, slots=True)
class Declared:
    """Where data may be by the record: countries, EU, EEA; `field` is where it says so. Without `areas`: anywhere."""

    field: str
    areas: tuple[str, ...]

    def holds(self, case: Case, country: str) -> bool | None:
        """Whether a country (or EU, EEA) lies in it; None where only part of it may."""
        if country in self.areas:
            return True
        if country in ("EU", "EEA") and "EEA" not in self.areas:
            # Somewhere in it: it may be the country that is declared, or another.
            return None if any(case.law.in_eea(one, case.as_of) for one in self.areas) else False
        if "EEA" in self.areas and case.law.in_eea(country, case.as_of):
            return True
        return "EU" in self.areas and case.law.standing(country, case.as_of) in ("member", "transition")


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each system that is elsewhere, or was not seen."""
    if paper := on_paper(case):
        yield paper
        return
    declared = _declared(case)
    systems: list[str | None] = [system for system, _ in case.systems()]
    outcomes = [said for system in systems or [None] if (said := _judged(case, declared, system))]
    yield from outcomes
    if not outcomes:
        yield case.passes(
            declared.field,
            fi="Tiedot sijaitsevat ilmoitetulla alueella.",
            en="The data is in the declared area.",
        )


def _judged(case: Case, declared: Declared, system: str | None) -> Outcome | None:
    if system is None:
        return unseen(case, "region", None, declared.field, closes=_CLOSES)
    seen = next(iter(case.observed("region", system)), None)
    if seen is None:
        return _catalogued(case, declared, system) or unseen(
            case, "region", system, declared.field, closes=_CLOSES
        )
    country = seen.payload.get("country")
    place = {language: _place(seen.payload, language) for language in ("fi", "en")}
    if not declared.areas or country is None:
        fi, en = (
            ("Alue ei kerro maata", "The region does not tell the country")
            if country is None
            else ("Selosteessa ei ole aluetta, johon verrata", "The record names no area to compare with")
        )
        return _undecided(case, declared, seen, f"{fi} ({place['fi']}).", f"{en} ({place['en']}).")
    holds = declared.holds(case, country)
    if holds is None:
        fi = f"Ei selviä, onko järjestelmä {system} ilmoitetulla alueella ({place['fi']})."
        en = f"Whether the system {system} is in the declared area cannot be told ({place['en']})."
        return _undecided(case, declared, seen, fi, en)
    if not holds:
        return case.fail(
            declared.field,
            key=system,
            observation=seen.id,
            severity=weak(seen),
            **_elsewhere(declared, system, place),
        )
    return None if seen.complete else unseen(case, "region", system, declared.field, closes=_CLOSES)


def _undecided(case: Case, declared: Declared, seen: Observation, fi: str, en: str) -> Outcome:
    closes = ("Kirjaa alue ja maa.", "Record the area and the country.")
    return case.open(declared.field, key=seen.system, observation=seen.id, fi=fi, en=en, closes=closes)


def _catalogued(case: Case, declared: Declared, system: str) -> Outcome | None:
    """What is known of where the vendor hosts, whatever the customer chose."""
    key = system.partition("/")[2]
    vendor = case.law.vendor(case.record.systems[case.record.system_keys.index(key)].vendor)
    if vendor is None:
        return None
    for hosting in vendor.hosting:
        if hosting.always and declared.areas and declared.holds(case, hosting.area) is False:
            place = {language: area_name(hosting.area, language) for language in ("fi", "en")}
            return case.fail(
                declared.field,
                key=system,
                severity="warning" if vendor.evidence == "vendor_doc" else None,
                remembered=(vendor.key,) if remembered(vendor, "hosting") else (),
                **_elsewhere(declared, f"{system} ({vendor.legal_entity})", place),
            )
    return None


def _elsewhere(declared: Declared, system: str, place: Mapping[str, str]) -> dict[str, str]:
    fi, en = (", ".join(area_name(one, language) for one in declared.areas) for language in ("fi", "en"))
    return {
        "fi": f"Järjestelmän {system} tiedot sijaitsevat muualla kuin ilmoitetaan: {place['fi']}, ei {fi}. "
        "Siirrä ne ilmoitetulle alueelle, tai korjaa seloste ja ilmoita siirto.",
        "en": f"The data of {system} is elsewhere than declared: {place['en']}, not {en}. "
        "Move it into the declared area, or correct the record and declare the transfer.",
    }


def _place(payload: Mapping[str, str | None], language: str) -> str:
    country = payload.get("country")
    parts = (payload.get("provider"), payload.get("region"), country and area_name(country, language))
    return ", ".join(part for part in parts if part)


def _declared(case: Case) -> Declared:
    record = case.record
    places = [
        (f"/storage_locations/{index}", place, area)
        for index, place in enumerate(record.storage_locations)
        if (area := _area(case, place.area))
    ]
    only = [(field, area) for field, place, area in places if place.exclusive]
    if only:
        return Declared(only[0][0], tuple(dict.fromkeys(area for _, area in only)))
    named = [area for _, _, area in places]
    field = places[0][0] if places else "/transfers"
    if not transfer_declared(case):
        return Declared(field, tuple(dict.fromkeys(named or ["EEA"])))
    countries = [item.country for item in record.transfers.items_ if item.country]
    if not named and not countries:
        return Declared(field, ())
    return Declared(field, tuple(dict.fromkeys([*(named or ["EEA"]), *countries])))


def _area(case: Case, told: str | None) -> str | None:
    """An area as a code; words count where they mean the EU, the EEA or a country there."""
    if told is None or case.law.in_eea(told, case.as_of) is not None:
        return told
    return "EEA" if says("inside_eea", told) else None
