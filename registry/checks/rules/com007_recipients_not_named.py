"""Recipients or processors are not named or categorised.

A provider is told if the record has its legal entity, or lists it as a recipient by name or by a category with the role
of processor. The name of a product is not the name of whoever provides it: a processor that only bears the name of the
register or of a system, and no legal entity, is not told. "Third parties" and "service providers" are no categories.

Why it matters
People must be told who receives their data, or at least what kind of organisation (GDPR 13(1)(e), 30(1)(d)), and a
processor is a recipient too (4(9)). By WP260 rev.01 the controller names recipients where it can, and else tells them
as narrowly as it can: by trade, sector and place.

How to fix
Find the company behind the service in the contract, and enter it (`processors[].legal_entity`) or list it under
`recipients`. Where there are many, write what they do and where ("Finnish payroll services") with their role.
"""

import re
from collections.abc import Iterator
from typing import Any

from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Rule
from registry.law.names import company

RULE = Rule(
    code="COM007",
    severity="warning",
    title={
        "fi": "Vastaanottajia tai käsittelijöitä ei ole nimetty eikä ryhmitelty",
        "sv": "Mottagare eller personuppgiftsbiträden varken namnges eller kategoriseras",
        "en": "Recipients or processors are not named or categorised",
    },
    law=("GDPR 13(1)(e)", "GDPR 30(1)(d)", "WP260 rev.01"),
    certainty="judgement",
    needs=(
        "/recipients/*/name", "/recipients/*/category", "/recipients/*/role", "/processors/*/name",
        "/processors/*/legal_entity", "/processors/*/stated_as", "/systems/*/name", "/systems/*/vendor",
        "/systems/*/delivery", "/trackers/third_party", "/register/name", "/register/role",
    ),
    kinds=("fail", "pass", "na"),
)  # fmt: skip

#: Those who are no outside party.
_INSIDE = ("internal", "data_subject")


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each outside party that is not told."""
    record = case.record
    if record.register.role == "processor":
        yield case.na(
            fi="Käsittelijän selosteessa ei ilmoiteta vastaanottajia: se on rekisterinpitäjän asia.",
            en="The record of a processor states no recipients: that is the controller's to state.",
        )
        return
    # A second wrong of one key is the same wrong: the same provider of two systems, say.
    outcomes = {
        said.key: said for said in (*_processors(case), *_recipients(case), *_vendors(case), *_trackers(case))
    }
    yield from outcomes.values()
    if outcomes:
        return
    told = ["/processors/0"] if record.processors else [f"/recipients/{index}" for index, _ in _outside(case)]
    if not told:
        yield case.na(fi="Selosteessa ei ole ulkopuolista osapuolta.", en="The record has no outside party.")
    else:
        yield case.passes(
            told[0],
            fi="Ulkopuoliset osapuolet on nimetty tai ryhmitelty.",
            en="The outside parties are named or categorised.",
        )


def _processors(case: Case) -> Iterator[Outcome]:
    for index, processor in enumerate(case.record.processors):
        name = processor.name
        if processor.legal_entity or _listed(case, name):
            continue
        if name is None:
            yield case.fail(
                f"/processors/{index}",
                key=str(processor.stated_as or f"/processors/{index}").casefold(),
                fi="Palveluntarjoajaa ei ole nimetty eikä ryhmitelty. Kirjaa yhtiö, tai toimiala ja sijainti.",
                en="A provider is neither named nor categorised. Enter the company, or its trade and place.",
            )
        elif where := _product(case, name):
            yield case.fail(
                where,
                key=_key(case, name),
                fi=f"{name} mainitaan tuotteena, mutta ei sitä, kuka sen tarjoaa ja saa tiedot. Kirjaa yhtiö.",
                en=f"{name} is named as a product, and not who provides it and receives the data. Enter the company.",
            )


def _recipients(case: Case) -> Iterator[Outcome]:
    for index, recipient in _outside(case):
        if not _clear(recipient):
            named = str(recipient.category or f"/recipients/{index}")
            yield case.fail(
                f"/recipients/{index}",
                key=named.casefold(),
                fi=f"Vastaanottajaa ei ole nimetty eikä ryhmitelty ({named}). Nimeä se tai kerro toimiala.",
                en=f"A recipient is neither named nor categorised ({named}). Name it, or tell its trade.",
            )


def _vendors(case: Case) -> Iterator[Outcome]:
    """Systems that somebody outside runs, who is not among the processors."""
    known = {
        _key(case, name) for one in case.record.processors for name in (one.name, one.legal_entity) if name
    }
    for index, system in _services(case):
        vendor = system.vendor
        if _listed(case, vendor) or (_key(case, vendor) in known if vendor else case.record.processors):
            continue
        yield case.fail(
            f"/systems/{index}/vendor",
            key=_key(case, vendor) if vendor else f"service:{system.name.casefold()}",
            fi=f"Järjestelmän {system.name} tarjoajaa ({vendor or 'nimeämättä'}) ei kerrota vastaanottajana. "
            "Kirjaa se käsittelijäksi tai vastaanottajaksi.",
            en=f"The provider of {system.name} ({vendor or 'not named'}) is not told as a recipient. "
            "Enter it as a processor or a recipient.",
        )


def _trackers(case: Case) -> Iterator[Outcome]:
    record = case.record
    if record.trackers.third_party and not _outside(case) and not record.processors:
        yield case.fail(
            "/trackers",
            key="trackers",
            fi="Seurannassa käytetään ulkopuolisia, joita ei kerrota vastaanottajina. Nimeä ne.",
            en="Tracking uses outside parties that are not told as recipients. Name them.",
        )


def _outside(case: Case) -> list[tuple[int, Any]]:
    return [(index, one) for index, one in enumerate(case.record.recipients) if one.role not in _INSIDE]


def _services(case: Case) -> list[tuple[int, Any]]:
    """Systems that somebody else runs: by their delivery, or by a vendor unless on one's own premises."""
    return [
        (index, system)
        for index, system in enumerate(case.record.systems)
        if system.delivery in ("SaaS", "hosted") or (system.vendor and system.delivery != "on_premises")
    ]


def _listed(case: Case, name: str | None) -> bool:
    """Whether it is a recipient by name, or under a clear category of processors."""
    for _, recipient in _outside(case):
        if recipient.name and name and _key(case, recipient.name) == _key(case, name):
            return True
        if recipient.role == "processor" and not recipient.name and _clear(recipient):
            return True
    return False


def _clear(recipient: Any) -> bool:
    """Whether a recipient has a name, or a category that says something of each of its languages."""
    if recipient.name:
        return True
    if recipient.category is None or says("third_parties", recipient.category):
        return False
    return not any(
        all(says("any_provider", word) for word in re.findall(r"\w+", text))
        for text in recipient.category.texts.values()
    )


def _product(case: Case, name: str) -> str | None:
    """Where the record uses a name as that of its register or of a system; None for the name of a company."""
    bare = company(name)
    if len(bare.split()) < len(re.findall(r"\w+", name)):
        return None
    if f" {bare} " in f" {company(case.record.register.name)} ":
        return "/register/name"
    for index, system in enumerate(case.record.systems):
        if company(system.name) == bare:
            return f"/systems/{index}"
    return None


def _key(case: Case, name: str) -> str:
    vendor = case.law.vendor(name)
    return vendor.key if vendor is not None else company(name)
