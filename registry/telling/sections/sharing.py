"""Who sees the data, to whom it is given, where it is, and what is read from a visitor's device (GDPR 13(1)(e)-(f))."""

from __future__ import annotations

import re
from typing import Any

from registry.law import law
from registry.telling.sections.processing import data_named
from registry.telling.teller import Teller
from registry.telling.value import Block, Fact, Items, Remark, Said, Told

#: Instruments whose safeguards people may have a copy of (GDPR 13(1)(f)).
_WITH_COPY = frozenset({"clauses", "binding_rules", "other_safeguard"})


def recipients(t: Teller) -> list[Block]:
    """Roles inside, regular disclosures, recipients, processors, and copies outside the main system."""
    record = t.record
    blocks = t.table("access", ("role", "organisation", "scope"), _roles(t))
    if not blocks:
        blocks.append(t.gap("access", t.recorded("/access/roles")))
    if record.access.exclusive and record.access.roles:
        blocks.append(t.statement("exclusive"))
    given = record.disclosures
    if given.status == "stated" and given.text is None and record.recipients:
        blocks.append(t.statement("disclosures"))
    else:
        part = t.stated_part("disclosures", "/disclosures", given, given.text)
        blocks += t.facts(part)
    people = [_recipient(t, n, one) for n, one in enumerate(record.recipients)]
    blocks += t.table("recipients", ("recipient", "described", "recipient_role", "country", "why"), people)
    helpers = [_processor(t, n, one) for n, one in enumerate(record.processors)]
    blocks += t.table(
        "processors",
        ("processor", "legal_entity", "stated_as", "service", "delivery", "country", "policies"),
        helpers,
    )
    blocks += t.table("sub_processors", ("name", "service", "country", "processor"), _sub_processors(t))
    copies = [
        {
            "where": t.told("where", f"/secondary_copies/{n}/where", one.where, t.prose, required=True),
            "data": _what(t, one.what),
            "how_long": t.told(
                "how_long", f"/secondary_copies/{n}/retention", one.retention, t.period, required=True
            ),
            "choice": t.told(
                "choice", f"/secondary_copies/{n}/at_choice_of", one.at_choice_of, t.term("copy_choosers")
            ),
        }
        for n, one in enumerate(record.secondary_copies)
    ]
    return blocks + t.table("copies", ("where", "data", "how_long", "choice"), copies)


def _roles(t: Teller) -> list[dict[str, Told | None]]:
    own = t.words.said("own_organisation", code="own")
    return [
        {
            "role": t.told("role", f"/access/roles/{n}/role", one.role, t.prose, required=True),
            "organisation": Told((own,))
            if one.organisation == "own"
            else t.told("organisation", f"/access/roles/{n}/organisation", one.organisation, t.name),
            "scope": t.told("scope", f"/access/roles/{n}/scope", one.scope, t.term("access_scopes")),
        }
        for n, one in enumerate(t.record.access.roles)
    ]


def _recipient(t: Teller, n: int, one: Any) -> dict[str, Told | None]:
    at = f"/recipients/{n}"
    named = one.name is not None
    row = {
        "recipient_role": t.told("recipient_role", f"{at}/role", one.role, t.term("recipient_roles")),
        "country": t.told("country", f"{at}/country", one.country, t.country),
        "why": t.told("why", f"{at}/purpose", one.purpose, t.prose),
    }
    if named:
        row["recipient"] = t.told("recipient", f"{at}/name", one.name, t.name)
        row["described"] = t.told("described", f"{at}/category", one.category, t.prose)
    else:
        row["recipient"] = t.told("recipient", f"{at}/category", one.category, t.prose, required=True)
    return row


def _processor(t: Teller, n: int, one: Any) -> dict[str, Told | None]:
    at = f"/processors/{n}"
    row = {
        "legal_entity": t.told("legal_entity", f"{at}/legal_entity", one.legal_entity, t.name)
        if one.legal_entity != one.name
        else None,
        "service": t.told("service", f"{at}/service", one.service, t.term("system_kinds")),
        "delivery": t.told("delivery", f"{at}/delivery", one.delivery, t.term("deliveries")),
        "country": t.told("country", f"{at}/country", one.country, t.country),
        "policies": t.told("policies", f"{at}/policy_urls", one.policy_urls, t.url),
    }
    if one.name is not None:
        row["processor"] = t.told("processor", f"{at}/name", one.name, t.name)
        row["stated_as"] = t.told("stated_as", f"{at}/stated_as", one.stated_as, t.prose)
    else:
        row["processor"] = t.told("processor", f"{at}/stated_as", one.stated_as, t.prose, required=True)
    return row


def _sub_processors(t: Teller) -> list[dict[str, Told | None]]:
    rows: list[dict[str, Told | None]] = []
    for n, processor in enumerate(t.record.processors):
        for m, one in enumerate(processor.sub_processors):
            at = f"/processors/{n}/sub_processors/{m}"
            rows.append(
                {
                    "name": t.told("name", f"{at}/name", one.name, t.name, required=True),
                    "service": t.told("service", f"{at}/service", one.service, t.line),
                    "country": t.told("country", f"{at}/country", one.country, t.country),
                    "processor": t.told("processor", f"/processors/{n}/name", processor.name, t.name),
                }
            )
    return rows


def _what(t: Teller, refs: Any) -> Told:
    if refs == "all":
        return Told((t.words.said("all_data", code="all"),))
    return Told(data_named(t, refs)) if refs else t.silent("covers")


def transfers(t: Teller) -> list[Block]:
    """The systems and places that data is in, and each transfer out of the EU and EEA with what it rests on."""
    record, part = t.record, t.record.transfers
    blocks: list[Block] = []
    if part.status == "stated":
        if part.certainty:
            blocks.append(Remark("certainty", Told((t.words.term("transfer_certainties", part.certainty),))))
    elif part.status == "partly_stated" and part.wording == "disclosure":
        told = Told((), part.status, t.words("gaps.transfers.only_disclosure"))
        blocks.append(Remark("transfers", told))
    else:
        blocks.append(t.gap("transfers", part.status))
    rows = [_transfer(t, n, one) for n, one in enumerate(part.items_)]
    blocks += t.table(
        "transfers",
        ("importer", "country", "instrument", "certified_on", "safeguard", "measures", "copy"),
        rows,
    )
    if part.status == "stated" and not rows:
        blocks.append(t.gap("transfer_items"))
    systems = [
        {
            "system": t.told("system", f"/systems/{n}/name", one.name, t.name, required=True),
            "kind": t.told("kind", f"/systems/{n}/kind", one.kind, t.term("system_kinds")),
            "vendor": t.told("vendor", f"/systems/{n}/vendor", one.vendor, t.name),
            "delivery": t.told("delivery", f"/systems/{n}/delivery", one.delivery, t.term("deliveries")),
            "region": t.told("region", f"/systems/{n}/region", one.region, lambda region: _area(t, region)),
        }
        for n, one in enumerate(record.systems)
    ]
    blocks += t.table("systems", ("system", "kind", "vendor", "delivery", "region"), systems)
    places = []
    for n, one in enumerate(record.storage_locations):
        area = t.told(
            "place", f"/storage_locations/{n}/area", one.area, lambda area: _area(t, area), required=True
        )
        only = Told((t.words.said("only_there", code="exclusive"),)) if one.exclusive else None
        if (place := t.together(area, only)) is not None:
            places.append(place)
    if places:
        blocks.append(Items("storage_locations", t.words("headings.storage_locations"), tuple(places)))
    return blocks


def _area(t: Teller, area: str) -> tuple[Said, ...]:
    return t.country(area) if re.fullmatch(r"[A-Z]{2}|EEA", area) else t.line(area)


def _transfer(t: Teller, n: int, one: Any) -> dict[str, Told | None]:
    at = f"/transfers/items/{n}"
    instrument = law().instruments.get(one.instrument) if one.instrument else None
    # An importer may be described where it is not named; a processor's name is a name.
    names = {name for processor in t.record.processors for name in (processor.name, processor.legal_entity)}
    rests_on = instrument if instrument is not None and instrument.kind != "none" else None
    row: dict[str, Told | None] = {
        "importer": t.told(
            "importer", f"{at}/importer", one.importer, t.name if one.importer in names else t.line, required=True
        ),
        "country": t.told("country", f"{at}/country", one.country, t.country, required=True),
        "certified_on": t.told("certified_on", f"{at}/certification_date", one.certification_date, t.date),
        "safeguard": t.told("safeguard", f"{at}/safeguard_text", one.safeguard_text, t.prose),
        "measures": t.told("measures", f"{at}/supplementary_measures", one.supplementary_measures, t.prose),
        "copy": t.told(
            "copy", f"{at}/copy_available_how", one.copy_available_how, t.prose,
            required=instrument is not None and instrument.kind in _WITH_COPY,
        ),
    }  # fmt: skip
    named = [t.words.labelled(rests_on.name, rests_on.key)] if rests_on is not None else []
    if one.instrument_text is not None:
        named += t.prose(one.instrument_text)
    row["instrument"] = t.made("instrument", tuple(named), one.instrument_text)
    return row


def cookies(t: Teller) -> list[Block]:
    """Cookies and other access to a visitor's device (917/2014 205 §)."""
    part = t.record.trackers
    blocks: list[Block] = [] if part.status == "stated" else [t.gap("cookies", part.status)]
    stated = part.status == "stated"
    facts: list[Fact | None] = [
        t.fact("tracker_types", "/trackers/types", part.types, t.line),
        t.fact("tracker_purpose", "/trackers/purpose", part.purpose, t.prose, required=stated),
        t.fact(
            "tracker_consent", "/trackers/consent_mechanism", part.consent_mechanism, t.prose, required=stated
        ),
        t.fact("third_party", "/trackers/third_party", part.third_party, t.yes_no),
    ]
    return blocks + t.facts(*facts)
