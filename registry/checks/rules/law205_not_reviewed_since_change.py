"""Not reviewed since a law or instrument it depends on changed.

A record depends on the GDPR, on the acts that it cites or rests on, and on the instruments of its transfers; a document
of a kind that only the old act knew (rekisteriseloste) depends on that act. What changed on the very day of the last
update counts as reviewed. Of a document without a date it cannot be told, unless nothing changed after the earliest day
that it can be of.

Why it matters
The controller has to be able to show that the processing follows the law (GDPR 5(2)), and has to review its measures
where necessary (24(1)). A notice from before a change describes a law, a ground or a right that is no longer so.

How to fix
Read the document against each change named. Correct what no longer holds, or note that nothing had to change, and give
it a new date.
"""

import functools
from collections.abc import Iterator
from datetime import date

from registry.checks.rule import Case, Outcome, Rule, dated
from registry.law import Change, Law, remembered

RULE = Rule(
    code="LAW205",
    severity="warning",
    title={
        "fi": "Selostetta ei ole tarkistettu sen jälkeen, kun laki tai siirtoperuste muuttui",
        "sv": "Inte granskad sedan en lag eller ett instrument som den vilar på ändrades",
        "en": "Not reviewed since a law or instrument it depends on changed",
    },
    law=("GDPR 5(2)", "GDPR 24(1)"),
    certainty="catalogue",
    needs=(
        "/document/updated_on", "/document/created_on", "/document/earliest_possible_date", "/document/type",
        "/document/cited_laws/*/act", "/document/claims_conformity_with", "/transfers/items/*/instrument",
        "/legal_bases/*/legacy_article", "/legal_bases/*/statute_ref", "/rights/*/cited_law",
        "/retention/*/floor_ref", "/retention/*/ceiling_ref", "/data_categories/*/statutory_rule_ref",
    ),
    kinds=("fail", "pass", "open"),
)  # fmt: skip

#: Kinds of documents that only Henkilötietolaki knew.
_OF_THE_OLD_ACT = ("rekisteriseloste", "rekisteri_ja_tietosuojaseloste")
_OLD_ACT = "Henkilötietolaki 523/1999"


def check(case: Case) -> Outcome:
    """What changed between the last update and the day, of what the record depends on."""
    document = case.record.document
    updated = document.updated_on or document.created_on
    field = "/document/updated_on" if document.updated_on or not updated else "/document/created_on"
    acts, unknown = _acts(case)
    changes = _changes(case, acts, updated or document.earliest_possible_date or date.min)
    if updated and changes:
        return _outdated(case, field, updated, changes)
    if not updated and (changes or not document.earliest_possible_date):
        earliest = dated(document.earliest_possible_date)
        since = (f" (aikaisintaan {earliest})", f" (not before {earliest})") if earliest else ("", "")
        return case.open(
            field,
            fi=f"Selosteella ei ole päiväystä{since[0]}, joten ei selviä, onko se tarkistettu muutosten jälkeen.",
            en=f"The document has no date{since[1]}, so whether it was reviewed after the changes cannot be told.",
            closes=("Kirjaa, milloin seloste on viimeksi päivitetty.", "Record when it was last updated."),
        )
    if unknown:
        return case.open(
            field,
            fi=f"Lakitaulukossa ei ole säädöstä, johon selosteessa viitataan: {', '.join(unknown)}.",
            en=f"The table of acts does not know what the record cites: {', '.join(unknown)}.",
            closes=("Säädöksen lisääminen taulukkoon.", "An entry for it in the table of acts."),
        )
    return case.passes(
        field,
        fi="Mikään, johon seloste nojaa, ei ole muuttunut sen päiväyksen jälkeen.",
        en="Nothing that the record depends on has changed after its date.",
    )


def _outdated(case: Case, field: str, updated: date, changes: list[Change]) -> Outcome:
    told = {
        language: "; ".join(_told(case, change, language) for change in changes) for language in ("fi", "en")
    }
    unsure = [change.key for change in changes if _from_memory(case, change)]
    return case.fail(
        field,
        remembered=tuple(dict.fromkeys(unsure)),
        fi=f"Seloste on päivitetty viimeksi {dated(updated)}. Sen jälkeen: {told['fi']}. Tarkista ja päivitä seloste.",
        en=f"The document was last updated on {dated(updated)}. Since then: {told['en']}. Review and update it.",
    )


def _from_memory(case: Case, change: Change) -> bool:
    """Whether the day of a change is only remembered."""
    if change.of == "instrument":
        return remembered(case.law.instruments[change.key], _DECIDES[change.of, change.event])
    act = case.law.acts[change.key]
    if change.event == "begins" and act.applies_from:
        return remembered(act, "applies_from")
    return remembered(act, _DECIDES[change.of, change.event])


def _changes(case: Case, acts: frozenset[str], after: date) -> list[Change]:
    instruments = {item.instrument for item in case.record.transfers.items_}
    concerned = {"act": acts, "instrument": instruments}
    return [one for one in case.law.changes(after, case.as_of) if one.key in concerned[one.of]]


def _acts(case: Case) -> tuple[frozenset[str], list[str]]:
    """The acts that the record depends on, and the citations of acts that the table does not know."""
    known = {"GDPR"}
    if case.record.document.type in _OF_THE_OLD_ACT:
        known.add(_OLD_ACT)
    unknown = []
    for citation in case.record.document.cited_laws:
        found = _named(case.law, citation.act)
        known.update(found)
        if not found:
            unknown.append(citation.act)
    for text in _texts(case):
        known.update(_named(case.law, text))
    for key in _statutory(case):
        if key in case.law.retention_rules:
            known.add(case.law.retention_rules[key].act)
    return frozenset(known), unknown


@functools.lru_cache(maxsize=1024)  # registers cite the same few acts in the same few ways
def _named(law: Law, text: str) -> tuple[str, ...]:
    return tuple(act.key for act in law.acts_in(text))


def _texts(case: Case) -> Iterator[str]:
    """Where else a record may name an act."""
    record = case.record
    yield from record.document.claims_conformity_with
    for basis in record.legal_bases:
        yield from filter(None, (basis.legacy_article, basis.statute_ref))
    for right in record.rights:
        yield from filter(None, (right.cited_law,))


def _statutory(case: Case) -> Iterator[str]:
    """Keys of the statutory periods that the record rests on."""
    for rule in case.record.retention:
        yield from filter(None, (rule.floor_ref, rule.ceiling_ref))
    for data in case.record.data_categories:
        yield from filter(None, (data.statutory_rule_ref,))


def _told(case: Case, change: Change, language: str) -> str:
    name = (
        case.law.acts[change.key].key
        if change.of == "act"
        else case.law.instruments[change.key].name.get(language)
    )
    return f"{name} {_HAPPENED[change.event][language]} {dated(change.day)}"


#: The field of the entry that says when something happened.
_DECIDES = {
    ("act", "begins"): "in_force",
    ("act", "displaced"): "displaced_on",
    ("act", "repealed"): "repealed_on",
    ("instrument", "begins"): "valid_from",
    ("instrument", "no_new_contracts"): "new_contracts_until",
    ("instrument", "ends"): "ended_on",
}
_HAPPENED = {
    "begins": {"fi": "tuli voimaan", "en": "took effect on"},
    "displaced": {"fi": "syrjäytyi", "en": "was displaced on"},
    "repealed": {"fi": "kumottiin", "en": "was repealed on"},
    "no_new_contracts": {"fi": "ei käynyt enää uusiin sopimuksiin", "en": "took no new contracts from"},
    "ends": {"fi": "päättyi", "en": "ended on"},
}
