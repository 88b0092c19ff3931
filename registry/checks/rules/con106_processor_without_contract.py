"""A processor is used but no Art. 28(3) contract is on record, or its role is described inconsistently.

A provider that hosts the data, or restores it from backups, processes it, whatever the text says: storage is processing
(GDPR 4(2)). A contract that was made later than the day looked at was not there on that day.

Why it matters
A processor may act only under a contract that binds it to instructions, confidentiality, security and help with
requests (GDPR 28(3)), and the controller may use only those that give guarantees (28(1)). A notice that says that its
provider takes no part in the processing hides a recipient.

How to fix
Enter the contract in `contract_ref` with its date, or make it. A notice need not mention it. Describe what the
provider does (keeps the data, restores it, sees it in support) instead of what it does not.
"""

from collections.abc import Iterator
from typing import Any

from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Rule, dated
from registry.law.names import company

RULE = Rule(
    code="CON106",
    severity="warning",
    title={
        "fi": "Käsittelijän sopimusta (28 artikla) ei ole kirjattu, tai sen rooli on kuvattu ristiriitaisesti",
        "sv": "Ett biträde anlitas utan antecknat avtal enligt artikel 28.3, eller dess roll beskrivs motstridigt",
        "en": "A processor is used but no Art. 28(3) contract is on record, or its role is described inconsistently",
    },
    law=("GDPR 4(2)", "GDPR 28(1)", "GDPR 28(3)"),
    certainty="exact",
    needs=(
        "/processors/*/contract_ref", "/processors/*/contract_date", "/processors/*/involvement_text",
        "/processors/*/name", "/processors/*/legal_entity", "/processors/*/delivery",
        "/partners/*/art26_role", "/partners/*/arrangement_ref", "/partners/*/name",
    ),
    kinds=("fail", "pass", "na"),
)  # fmt: skip

_HOSTED = ("SaaS", "hosted")


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each processor with either fault; partners that are processors need their contract too."""
    processors = [(f"/processors/{index}", one) for index, one in enumerate(case.record.processors)]
    listed = {company(name) for _, one in processors for name in (one.name, one.legal_entity) if name}
    partners = [
        (f"/partners/{index}", one)
        for index, one in enumerate(case.record.partners)
        if one.art26_role == "processor" and company(one.name or "") not in listed
    ]
    if not processors and not partners:
        yield case.na(fi="Selosteessa ei ole käsittelijää.", en="The record has no processor.")
        return
    wrongs: dict[str, Outcome] = {}
    for field, one in processors:
        faults = [fault for fault in (_contract(case, one), _involvement(one)) if fault]
        if faults:
            at = f"{field}/involvement_text" if _involvement(one) else field
            _told(case, wrongs, at, one.name or one.legal_entity, field, faults)
    for field, one in partners:
        if not one.arrangement_ref:
            _told(case, wrongs, field, one.name, field, [_MISSING])
    yield from wrongs.values()
    if not wrongs:
        yield case.passes(
            (*processors, *partners)[0][0],
            fi="Käsittelijöiden sopimukset on kirjattu.",
            en="The contracts of the processors are on record.",
        )


def _told(
    case: Case,
    wrongs: dict[str, Outcome],
    at: str,
    name: str | None,
    field: str,
    faults: list[tuple[str, str]],
) -> None:
    key = company(name) if name else field
    called = {"fi": name or "nimeämätön käsittelijä", "en": name or "a processor without a name"}
    wrongs.setdefault(
        key,
        case.fail(
            field,
            key=key,
            at=case.place(at),
            fi=" ".join(fi for fi, _ in faults).format(name=called["fi"]),
            en=" ".join(en for _, en in faults).format(name=called["en"]),
        ),
    )


_MISSING = (
    "Käsittelysopimusta ({name}) ei ole kirjattu. Kirjaa sopimus (28 artiklan 3 kohta) tai tee se.",
    "No contract on the processing is on record ({name}). Enter the contract (Article 28(3)), or make it.",
)
_INCONSISTENT = (
    ("Palveluntarjoajan ({name}) sanotaan olevan käsittelemättä tietoja, vaikka se säilyttää tai palauttaa niitä. "
    "Kuvaa, mitä se tekee."),
    ("The text denies that the provider ({name}) processes the data, though it keeps or restores them. "
    "Describe what it does."),
)  # fmt: skip


def _contract(case: Case, processor: Any) -> tuple[str, str] | None:
    if not processor.contract_ref:
        return _MISSING
    if processor.contract_date and processor.contract_date > case.as_of:
        made = dated(processor.contract_date)
        return (
            f"Sopimus ({{name}}) on tehty vasta {made}.",
            f"The contract ({{name}}) was made only on {made}.",
        )
    return None


def _involvement(processor: Any) -> tuple[str, str] | None:
    """What is wrong with a text that denies processing: the provider keeps the data all the same."""
    text = processor.involvement_text
    if not says("not_processing", text) or says("processing_within_limits", text):
        return None
    if processor.delivery in _HOSTED or says("hosting_or_restoring", text):
        return _INCONSISTENT
    return None
