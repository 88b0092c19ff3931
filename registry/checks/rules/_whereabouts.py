"""What a record says of where its data is: shared by the rules on storage and transfers."""

from __future__ import annotations

from registry.checks.phrases import says
from registry.checks.rule import Case


def eu_only(case: Case) -> str | None:
    """The pointer of the first claim that data is kept only inside the EU or EEA, as a whole or in a country of it."""
    for index, place in enumerate(case.record.storage_locations):
        if (
            place.exclusive
            and place.area
            and (says("inside_eea", place.area) or case.law.in_eea(place.area, case.as_of))
        ):
            return f"/storage_locations/{index}"
    return None


def transfer_declared(case: Case) -> bool:
    """Whether the record declares a transfer out of the EU and EEA, however incompletely."""
    return case.record.transfers.status == "stated" or bool(case.record.transfers.items_)


def outside(case: Case, country: str | None) -> bool:
    """Whether sending data to a country (ISO 3166-1) is a transfer on the day; not while a bridging clause held."""
    if country is None or case.law.in_eea(country, case.as_of) is not False:
        return False
    return case.law.standing(country, case.as_of) != "bridge"
