"""The law as it would be: the table with an instrument ended, an act repealed, or a vendor moved."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

from registry.errors import Invalid
from registry.law import Act, Hosting, Instrument, Law, Vendor
from registry.law.names import area as area_name

#: What is written where the law table says by what an instrument ended, and when a vendor hosts where.
BY = "assumed"
#: Codes that have a name and are no country.
_NO_COUNTRIES = ("EZ", "QO", "UN", "XA", "XB", "ZZ")


def assumed(table: Law, assumptions: Sequence[Mapping[str, Any]]) -> tuple[Law, date | None]:
    """The table under these assumptions, and the last of the days on which one of them comes about (None: at once).

    An assumption is {instrument, ended_on}, {act, repealed_on} or {vendor, seat?, hosting?}. Raises Invalid with one
    error each for what is unknown (`unknown_instrument`, `unknown_act`, `unknown_vendor`, `unknown_area`) and for what
    contradicts the table or another assumption (`contradiction`).
    """
    changed: dict[str, dict[str, Any]] = {"instruments": {}, "acts": {}, "vendors": {}}
    faults: list[dict[str, str]] = []
    for index, one in enumerate(assumptions):
        part, read = next(read for name, read in _READ.items() if name in one)
        try:
            entry = read(table, one)
            if entry.key in changed[part]:
                raise Invalid(
                    f"Two assumptions about {entry.key}.", code="contradiction", field=f"/{_NAMES[part]}"
                )
            changed[part][entry.key] = entry
        except Invalid as problem:
            field = f"/assume/{index}{problem.field}"
            faults.append({"field": field, "code": problem.code, "message": problem.detail})
    if faults:
        raise Invalid("This cannot be assumed.", code=faults[0]["code"], errors=faults)
    parts: dict[str, Any] = {
        part: MappingProxyType({**getattr(table, part), **entries}) for part, entries in changed.items()
    }
    days = [one[name] for one in assumptions for name in ("ended_on", "repealed_on") if name in one]
    return dataclasses.replace(table, **parts), max(days, default=None)


def _instrument(table: Law, one: Mapping[str, Any]) -> Instrument:
    found = table.instruments.get(one["instrument"])
    if found is None:
        raise Invalid(
            "No such transfer instrument; see /v1/law.", code="unknown_instrument", field="/instrument"
        )
    day: date = one["ended_on"]
    if found.valid_from is None or day <= found.valid_from:
        raise _contradiction(f"{found.key} was not in force before that day.", "/ended_on")
    if found.ended_on is not None and found.ended_on <= day:
        raise _contradiction(f"{found.key} ends on {found.ended_on}, not later.", "/ended_on")
    closed = found.new_contracts_until
    return dataclasses.replace(
        found,
        ended_on=day,
        ended_by=BY,
        new_contracts_until=None if closed is None else min(closed, day),
    )


def _act(table: Law, one: Mapping[str, Any]) -> Act:
    found = table.act(one["act"])
    if found is None:
        raise Invalid("No such act, or more than one; see /v1/law.", code="unknown_act", field="/act")
    day: date = one["repealed_on"]
    if day <= found.begins:
        raise _contradiction(f"{found.key} was not in force before that day.", "/repealed_on")
    if found.repealed_on is not None and found.repealed_on <= day:
        raise _contradiction(f"{found.key} is repealed on {found.repealed_on}, not later.", "/repealed_on")
    return dataclasses.replace(found, repealed_on=day, repealed_by=None)


def _vendor(table: Law, one: Mapping[str, Any]) -> Vendor:
    found = table.vendors.get(one["vendor"]) or table.vendor(one["vendor"])
    if found is None:
        raise Invalid("No such vendor in the catalogue.", code="unknown_vendor", field="/vendor")
    country, hosting = one.get("seat", found.country), found.hosting
    if "seat" in one:
        _known(country, "/seat")
    if "hosting" in one:
        for index, place in enumerate(one["hosting"]):
            _known(place, f"/hosting/{index}")
        hosting = tuple(Hosting(area=place, always=True, when=BY) for place in one["hosting"])
    return dataclasses.replace(found, country=country, hosting=hosting)


def _known(area: str, field: str) -> None:
    """Refuses what is no country; EU and EEA are areas too."""
    no_seat = field == "/seat" and area in ("EU", "EEA")
    if area in _NO_COUNTRIES or no_seat or area_name(area, "en") == area:
        raise Invalid("No country has this code (ISO 3166-1).", code="unknown_area", field=field)


def _contradiction(sentence: str, field: str) -> Invalid:
    return Invalid(sentence, code="contradiction", field=field)


_READ: Mapping[str, tuple[str, Any]] = MappingProxyType(
    {"instrument": ("instruments", _instrument), "act": ("acts", _act), "vendor": ("vendors", _vendor)}
)
_NAMES = {"instruments": "instrument", "acts": "act", "vendors": "vendor"}
