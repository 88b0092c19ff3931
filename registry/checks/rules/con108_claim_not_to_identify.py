""" "Not used to identify" claimed for data stored with identifiers.

Identifiers are told by the category of the data, or by its words where it has no category. Data about other people
than those whom the claim is about does not count.

Why it matters
Data that can be tied to a person is personal data, whether or not anybody means to (GDPR 4(1); CJEU C-582/14 Breyer):
the browser of a visitor who gives a name in the same chat is the browser of that person. The claim keeps people from
asking for it, and Article 11 helps only a controller who really cannot tell.

How to fix
Take the claim out and treat the data as personal data, with a purpose, a basis and a period; or store it apart from
everything that identifies, and say so.
"""

from collections.abc import Iterator
from typing import Any

from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Rule

RULE = Rule(
    code="CON108",
    severity="warning",
    title={
        "fi": '"Ei käytetä tunnistamiseen", mutta tiedot tallennetaan tunnisteiden kanssa',
        "sv": '"Används inte för identifiering", fast uppgifterna lagras med identifierare',
        "en": '"Not used to identify" claimed for data stored with identifiers',
    },
    law=("GDPR 4(1)", "GDPR 11", "CJEU C-582/14 Breyer"),
    certainty="exact",
    needs=(
        "/identification_claim/applies_to",
        "/data_categories/*/pd",
        "/data_categories/*/text",
        "/data_categories/*/national_id",
        "/data_categories/*/data_subjects",
    ),
    kinds=("fail", "pass", "na"),
)

#: Categories of data (DPV) that single out a person, by themselves or with what a provider has.
IDENTIFIERS = frozenset(
    [
        *("pd:Name", "pd:EmailAddress", "pd:TelephoneNumber", "pd:PhysicalAddress", "pd:Contact"),
        *("pd:Identifier", "pd:UID", "pd:Username", "pd:AccountIdentifier", "pd:OfficialID", "pd:Passport"),
        *("pd:BankAccount", "pd:CreditCardNumber", "pd:PaymentCard"),
        *("pd:IPAddress", "pd:MACAddress", "pd:BrowserFingerprint"),
    ]
)


def check(case: Case) -> Outcome:
    """The claim, against the identifiers of the same people."""
    claim = case.record.identification_claim.applies_to
    if not claim:
        return case.na(
            "/identification_claim",
            fi="Selosteessa ei väitetä, ettei tietoja käytetä tunnistamiseen.",
            en="The record does not claim that data is not used to identify anybody.",
        )
    stored = list(dict.fromkeys(_identifiers(case, claim)))
    if not stored:
        return case.passes(
            "/identification_claim",
            fi="Väitteen kohteena olevien henkilöiden tunnisteita ei ole ilmoitettu.",
            en="No identifiers of the people whom the claim is about are declared.",
        )
    names = ", ".join(stored)
    return case.fail(
        "/identification_claim",
        fi=f"Tietoja ei sanota käytettävän tunnistamiseen, mutta niiden kanssa tallennetaan: {names}. "
        "Poista väite ja käsittele tietoja henkilötietoina, tai säilytä ne erillään.",
        en=f"Data is said not to be used to identify anybody, yet it is stored with: {names}. "
        "Take the claim out and treat the data as personal, or keep it apart.",
    )


def _identifiers(case: Case, claim: Any) -> Iterator[str]:
    categories = case.record.data_categories
    claimed = [data for data in categories if data.id in claim] if isinstance(claim, tuple) else categories
    for data in categories:
        if _identifies(data) and any(_same_people(data, one) for one in claimed):
            yield data.text.any() if data.text else data.id


def _identifies(data: Any) -> bool:
    if data.national_id or data.pd in IDENTIFIERS:
        return True
    return data.pd is None and says("identifier", data.text)


def _same_people(data: Any, other: Any) -> bool:
    """Whether both may be about the same people: where one does not say, they are."""
    if not data.data_subjects or not other.data_subjects:
        return True
    return bool(set(data.data_subjects) & set(other.data_subjects))
