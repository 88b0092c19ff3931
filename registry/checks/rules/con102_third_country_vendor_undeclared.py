"""No transfer (or EU only) declared, but a named vendor is established in a third country.

The vendor is looked up by name in the catalogue of vendors; where the catalogue does not know it, the countries that
the record itself gives for processors and sub-processors decide. A vendor in a country with an adequacy decision is in
a third country too: the transfer is allowed, and it still has to be declared.

Why it matters
A provider outside the EEA that stores the data, or reaches it for support, is a transfer, whatever the contract calls
it (GDPR 44; EDPB Guidelines 05/2021). People have to be told of it and of its ground (13(1)(f), 46). Where only the
vendor's hosting is outside, by its own papers, this is a warning.

How to fix
Ask the vendor where data is stored and from where it is reached. Declare the transfer with its country and instrument,
or move to a service that keeps the data, and those who reach it, inside the EEA.
"""

import dataclasses
from collections.abc import Iterator

from registry.checks.rule import Case, Outcome, Rule, Severity
from registry.checks.rules._whereabouts import eu_only, outside, transfer_declared
from registry.law import Vendor, remembered

RULE = Rule(
    code="CON102",
    severity="error",
    title={
        "fi": "Siirtoa ei ilmoiteta, vaikka nimetty toimittaja on EU- ja ETA-alueen ulkopuolella",
        "sv": "Ingen överföring anges, fast en namngiven leverantör finns i ett tredjeland",
        "en": "No transfer (or EU only) declared, but a named vendor is established in a third country",
    },
    law=("GDPR 44", "GDPR 46", "EDPB Guidelines 05/2021"),
    certainty="catalogue",
    needs=(
        "/processors/*/name", "/processors/*/legal_entity", "/processors/*/country",
        "/processors/*/sub_processors/*/country", "/systems/*/vendor", "/systems/*/delivery", "/transfers/status",
        "/transfers/items/*/importer", "/storage_locations/*/exclusive",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Party:
    """Somebody outside who handles the data: where the record has them, and their name, and the country it gives."""

    field: str
    name: str | None
    country: str | None = None

    def key(self, case: Case) -> str:
        """What tells it from others: the vendor that it is, else its name, else its place."""
        vendor = case.law.vendor(self.name)
        return vendor.key if vendor is not None else (self.name or self.field).casefold()


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each vendor outside that no transfer covers, and for each that cannot be placed."""
    parties = {party.key(case): party for party in _parties(case)}
    if not parties:
        yield case.na(
            fi="Selosteessa ei ole ulkopuolista toimittajaa.", en="The record has no outside vendor."
        )
        return
    claim = eu_only(case)
    if claim is None and transfer_declared(case):
        fi, en = (
            "Siirto EU- ja ETA-alueen ulkopuolelle on ilmoitettu.",
            "A transfer out of the EU and EEA is declared.",
        )
        yield case.passes("/transfers", fi=fi, en=en)
        return
    outcomes = [said for party in parties.values() if (said := _judged(case, party, claim))]
    yield from outcomes
    if not outcomes:
        fi, en = (
            "Nimetyt toimittajat ovat EU- ja ETA-alueella.",
            "The named vendors are inside the EU and EEA.",
        )
        yield case.passes(claim or "/transfers", fi=fi, en=en)


def _judged(case: Case, party: Party, claim: str | None) -> Outcome | None:
    vendor = case.law.vendor(party.name)
    if vendor is not None and (countries := _third(case, vendor)):
        seated = outside(case, vendor.country)
        severity: Severity | None = "warning" if not seated and vendor.evidence == "vendor_doc" else None
        return _outside(case, party, claim, vendor.legal_entity, countries, severity, remembered(vendor))
    if outside(case, party.country):
        return _outside(case, party, claim, party.name or party.field, (str(party.country),), None, False)
    if vendor is not None or party.country:
        return None
    if party.name is None:
        fi = "Palveluntarjoajaa ei ole nimetty, joten sen kotipaikka ei selviä."
        en = "The provider is not named, so where it is cannot be told."
    else:
        fi = f"Toimittajaa {party.name} ei ole luettelossa, eikä seloste kerro sen maata."
        en = f"{party.name} is not in the catalogue of vendors, and the record does not give its country."
    closes = ("Kirjaa toimittajan yhtiö ja sen maa.", "Record the vendor's legal entity and its country.")
    return case.open(party.field, key=party.key(case), fi=fi, en=en, closes=closes)


def _outside(
    case: Case,
    party: Party,
    claim: str | None,
    name: str,
    countries: tuple[str, ...],
    severity: Severity | None,
    from_memory: bool,
) -> Outcome:
    """The wrong, told where the record claims otherwise, else where it says nothing of transfers."""
    said, where = claim or "/transfers", ", ".join(countries)
    against = {
        "fi": "vaikka tietoja sanotaan säilytettävän vain EU- tai ETA-alueella"
        if claim
        else "eikä siirtoa ilmoiteta",
        "en": "though data is said to be kept in the EU or EEA only"
        if claim
        else "and no transfer is declared",
    }
    return case.fail(
        said,
        key=party.key(case),
        at=case.place(said, party.field),
        severity=severity,
        remembered=(party.key(case),) if from_memory else (),
        fi=f"{name} on EU- ja ETA-alueen ulkopuolella ({where}), {against['fi']}. "
        "Ilmoita siirto, maa ja siirtoperuste, tai varmista, ettei tietoja päädy sinne.",
        en=f"{name} is outside the EU and EEA ({where}), {against['en']}. "
        "Declare the transfer, its country and its ground, or make sure that no data gets there.",
    )


def _third(case: Case, vendor: Vendor) -> tuple[str, ...]:
    return tuple(code for code in case.law.third_countries(vendor, case.as_of) if outside(case, code))


def _parties(case: Case) -> Iterator[Party]:
    """Processors and their processors, and the vendors of systems that are not run on one's own premises."""
    named = set()
    for index, processor in enumerate(case.record.processors):
        field = f"/processors/{index}"
        for name in (processor.name, processor.legal_entity):
            named.add(_plain(case, name))
        yield Party(field, _best(case, processor.legal_entity, processor.name), processor.country)
        for position, below in enumerate(processor.sub_processors):
            yield Party(f"{field}/sub_processors/{position}", below.name, below.country)
    for index, system in enumerate(case.record.systems):
        away = system.delivery in ("SaaS", "hosted") or (system.vendor and system.delivery != "on_premises")
        if (
            away
            and _plain(case, system.vendor) not in named
            and (system.vendor or not case.record.processors)
        ):
            yield Party(f"/systems/{index}/vendor", system.vendor)


def _best(case: Case, *names: str | None) -> str | None:
    """The first name that the catalogue knows, else the first there is."""
    there = [name for name in names if name]
    return next((name for name in reversed(there) if case.law.vendor(name)), there[-1] if there else None)


def _plain(case: Case, name: str | None) -> str:
    vendor = case.law.vendor(name)
    return vendor.key if vendor is not None else (name or "").casefold()
