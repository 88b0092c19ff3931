"""The system collects fields the record does not declare.

A field is declared if a data category of the record has its term of DPV, or a wider or narrower one, or says it in
words. A field without a term is told apart only if its name is that of a number, a state or a time that every system
keeps; any other is open until somebody says what it is. Where nobody has looked, what the vendor's papers say that it
collects by itself can show a wrong, never that all is well.

Why it matters
Data that nobody declared is data that people were not told of, that no purpose calls for, and that no retention deletes
(GDPR 5(1)(a), 5(1)(c), 13, 30(1)(c)). An IP address is personal data (CJEU C-582/14).

How to fix
Switch off what is not needed. Declare the rest under `data_categories`, with its term, purposes and basis, and see that
a retention rule covers it.
"""

import re
from collections.abc import Iterable, Iterator

from registry.catalogue.facets import fold
from registry.checks.rule import Case, Outcome, Rule
from registry.checks.rules._looking import on_paper, unseen, weak
from registry.law import remembered

RULE = Rule(
    code="OBS304",
    severity="error",
    title={
        "fi": "Järjestelmä kerää tietoja, joita ei ilmoiteta",
        "sv": "Systemet samlar in uppgifter som inte anges",
        "en": "The system collects fields the record does not declare",
    },
    law=("GDPR 5(1)(a)", "GDPR 5(1)(c)", "GDPR 13", "GDPR 30(1)(c)"),
    certainty="evidence",
    needs=(
        "/data_categories/*/pd", "/data_categories/*/text", "/data_categories/*/collection", "/systems/*/vendor",
        "/systems/*/kind", "observation:field_inventory", "observation:could_not_look",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip

#: Wider terms with those that count as said with them, and they with those.
_WIDER = {
    "pd:Contact": {"pd:EmailAddress", "pd:TelephoneNumber", "pd:PhysicalAddress"},
    "pd:PhysicalAddress": {"pd:PostalCode", "pd:City", "pd:Country"},
    "pd:Location": {"pd:City", "pd:Country", "pd:GPSCoordinate"},
    "pd:DeviceBased": {"pd:UserAgent", "pd:DeviceOperatingSystem", "pd:BrowserFingerprint", "pd:MACAddress"},
    "pd:BrowsingBehaviour": {"pd:BrowsingReferral", "pd:LinkClicked"},
    "pd:Identifier": {"pd:UID", "pd:Username", "pd:AccountIdentifier"},
    "pd:Communication": {"pd:EmailContent", "pd:SocialMediaCommunication", "pd:VoiceMail"},
}  # fmt: skip
#: What every system keeps of its own things, and of nobody.
_OWN = re.compile(r"(?:\w+_)?(?:id|url|uuid|at|status|state|type|priority|active|version|count)")
_CLOSES = (
    "Luettelo järjestelmän kentistä, ilman sisältöä.",
    "A list of the system's fields, without contents.",
)


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each system that collects more than declared, or was not seen whole."""
    if paper := on_paper(case):
        yield paper
        return
    systems: list[str | None] = [system for system, _ in case.systems()]
    outcomes = [said for system in systems or [None] if (said := _judged(case, system))]
    yield from outcomes
    if not outcomes:
        yield case.passes(
            _field(case),
            fi="Järjestelmän keräämät tiedot on ilmoitettu.",
            en="What the system collects is declared.",
        )


def _judged(case: Case, system: str | None) -> Outcome | None:
    if system is None:
        return unseen(case, "field_inventory", None, _field(case), closes=_CLOSES)
    seen = next(iter(case.observed("field_inventory", system)), None)
    if seen is None:
        known = _catalogued(case, system)
        return known or unseen(case, "field_inventory", system, _field(case), closes=_CLOSES)
    fields = seen.payload["fields"]
    missing = _undeclared(case, (one["pd"] for one in fields if "pd" in one))
    if missing and not _comparable(case):
        return case.open(
            _field(case),
            key=system,
            observation=seen.id,
            fi=f"Tietoryhmiä ei ole luokiteltu, joten järjestelmän {system} kenttiä ei voi verrata niihin.",
            en=f"The data categories have no terms, so the fields of {system} cannot be compared with them.",
            closes=("Kirjaa tietoryhmille DPV-luokat.", "Record the terms of the data categories."),
        )
    if missing:
        return case.fail(
            _field(case), key=system, observation=seen.id, severity=weak(seen), **_told(case, system, missing)
        )
    unclear = sorted(
        {one["name"] for one in fields if "pd" not in one and not _OWN.fullmatch(one["name"].casefold())}
    )
    if unclear:
        names = ", ".join(unclear[:10]) + (f" + {len(unclear) - 10}" if len(unclear) > 10 else "")
        return case.open(
            _field(case),
            key=system,
            observation=seen.id,
            fi=f"Ei ole kerrottu, mitä nämä järjestelmän {system} kentät sisältävät: {names}.",
            en=f"What these fields of {system} hold has not been said: {names}.",
            closes=("Kenttien luokittelu.", "The terms of these fields."),
        )
    return None if seen.complete else unseen(case, "field_inventory", system, _field(case), closes=_CLOSES)


def _catalogued(case: Case, system: str) -> Outcome | None:
    """What the vendor's papers say that it collects by itself."""
    key = system.partition("/")[2]
    vendor = case.law.vendor(case.record.systems[case.record.system_keys.index(key)].vendor)
    if vendor is None or not _comparable(case):
        return None
    missing = _undeclared(case, vendor.collects)
    if not missing:
        return None
    return case.fail(
        _field(case),
        key=system,
        severity="warning" if vendor.evidence == "vendor_doc" else None,
        remembered=(vendor.key,) if remembered(vendor, "collects") else (),
        **_told(case, f"{system} ({vendor.legal_entity})", missing),
    )


def _told(case: Case, system: str, missing: list[str]) -> dict[str, str]:
    fi, en = (
        ", ".join(case.law.word("personal_data", one, language) for one in missing)
        for language in ("fi", "en")
    )
    return {
        "fi": f"Järjestelmä {system} kerää tietoja, joita ei ilmoiteta: {fi}. Lopeta kerääminen tai ilmoita ne.",
        "en": f"The system {system} collects what the record does not declare: {en}. Stop it, or declare it.",
    }


def _undeclared(case: Case, collected: Iterable[str]) -> list[str]:
    categories = case.record.data_categories
    declared = {category.pd for category in categories if category.pd}
    texts = [fold(text) for category in categories if category.text for text in category.text.texts.values()]
    return [
        term
        for term in sorted(set(collected))
        if not _covered(term, declared) and not _said(_words(case, term), texts)
    ]


def _said(words: list[str], texts: list[str]) -> bool:
    """Whether a text has one of the words: whole, for `maa` is not in `maanantai`."""
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) for word in words for text in texts)


def _covered(term: str, declared: set[str]) -> bool:
    if term in declared or _WIDER.get(term, set()) & declared:
        return True
    return any(term in narrower for wider, narrower in _WIDER.items() if wider in declared)


def _words(case: Case, term: str) -> list[str]:
    """What a kind of data is called; nothing for a term that we have no words for."""
    words = case.law.vocabularies["personal_data"].terms.get(term)
    return [] if words is None else [fold(words.name.get(language)) for language in ("fi", "sv", "en")]


def _comparable(case: Case) -> bool:
    """Whether the record says of any of its data what kind it is; of no data at all there is nothing to mistake."""
    categories = case.record.data_categories
    return not categories or any(category.pd for category in categories)


def _field(case: Case) -> str:
    """What is said of the data that comes by itself, else of any."""
    categories = list(enumerate(case.record.data_categories))
    observed = [index for index, category in categories if category.collection == "observed"]
    if not categories:
        return "/data_categories"
    return f"/data_categories/{observed[0] if observed else 0}"
