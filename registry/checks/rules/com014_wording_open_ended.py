"""Open-ended or conditional wording in a mandatory item.

Looked for in what is collected, what for, who receives it and where it goes: in the texts of the record, and in the
words of the source that it quotes. Finnish, Swedish and English.

Why it matters
Who reads "for example", "other data" or "may be used" does not know whether it happens to them (GDPR 12(1)). WP260
rev.01 asks controllers to avoid "may", "might", "some", "often" and "possible".

How to fix
List all data, and say what is done and when: "if you leave a message, we store your e-mail address". Where something
depends on a choice, name the choice.
"""

from collections.abc import Iterator
from typing import Any

from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Rule

RULE = Rule(
    code="COM014",
    severity="info",
    title={
        "fi": "Pakollisessa kohdassa on avointa tai ehdollista ilmaisua",
        "sv": "Öppna eller villkorliga formuleringar i en obligatorisk punkt",
        "en": "Open-ended or conditional wording in a mandatory item",
    },
    law=("GDPR 12(1)", "WP260 rev.01"),
    certainty="lexical",
    needs=(
        "/data_categories/*/example_only", "/data_categories/*/open_ended", "/data_categories/*/text",
        "/purposes/*/text", "/disclosures/text", "/recipients/*/category", "/processors/*/stated_as",
        "/transfers/certainty", "/transfers/items/*/safeguard_text", "/register/role",
    ),
    kinds=("fail", "pass", "na"),
)  # fmt: skip

ITEMS = {
    "data": ("tietosisällössä", "in what is collected"),
    "purposes": ("käyttötarkoituksissa", "in the purposes"),
    "disclosures": ("vastaanottajissa", "in who receives it"),
    "transfers": ("siirroissa", "in the transfers"),
}


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each of the four items, at its first place."""
    if case.record.register.role == "processor":
        yield case.na(
            fi="Käsittelijän seloste ei ole informointiasiakirja.",
            en="The record of a processor is not a notice.",
        )
        return
    read = [(item, field, _open(case, field, text, flag)) for item, field, text, flag in _places(case)]
    if not read:
        yield case.na(fi="Selosteessa ei ole näitä kohtia.", en="The record has none of these items.")
        return
    for item, (fi, en) in ITEMS.items():
        found = [field for name, field, is_open in read if name == item and is_open]
        if found:
            yield case.fail(
                found[0],
                key=item,
                fi=f"Avointa tai ehdollista ilmaisua {fi} ({len(found)} kohtaa). Kerro, mitä tehdään ja milloin.",
                en=f"Open-ended or conditional wording {en} (places: {len(found)}). Say what is done, and when.",
            )
    if not any(is_open for _, _, is_open in read):
        yield case.passes(
            read[0][1],
            fi="Ilmaisut ovat täsmällisiä.",
            en="The wording is definite.",
        )


def _open(case: Case, field: str, text: Any, flag: bool) -> bool:
    """Whether a place is marked as open, or its own words or those of its source are."""
    said = case.record.provenance.get(field)
    return bool(flag) or says("open_ended", text) or says("open_ended", said.quote if said else None)


def _places(case: Case) -> Iterator[tuple[str, str, Any, bool]]:
    """What is read: item, field, text, and whether it is marked as open."""
    record = case.record
    for index, data in enumerate(record.data_categories):
        yield "data", f"/data_categories/{index}", data.text, data.example_only or data.open_ended
    for index, purpose in enumerate(record.purposes):
        yield "purposes", f"/purposes/{index}", purpose.text, False
    if record.disclosures:
        yield "disclosures", "/disclosures", record.disclosures.text, False
    for index, recipient in enumerate(record.recipients):
        yield "disclosures", f"/recipients/{index}", recipient.category, False
    for index, processor in enumerate(record.processors):
        yield "disclosures", f"/processors/{index}", processor.stated_as, False
    if record.transfers:
        yield "transfers", "/transfers", None, record.transfers.certainty == "may"
    for index, item in enumerate(record.transfers.items_):
        yield "transfers", f"/transfers/items/{index}", item.safeguard_text, False
