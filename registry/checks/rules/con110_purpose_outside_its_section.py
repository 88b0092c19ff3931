"""A purpose is declared outside the purpose section.

A purpose of the same category as one in the purpose section, or in the same words, says it again and is left alone.

Why it matters
People read the section on purposes to learn what their data is for. A purpose that only turns up among the contents or
the sources is not told clearly (GDPR 13(1)(c)), and a record that lists it nowhere else is incomplete (30(1)(b)). Such
purposes are often later ones (5(1)(b)).

How to fix
Move the purpose to the purpose section, with its basis and its period; or stop using the data for it.
"""

from collections.abc import Iterator
from typing import Any

from registry.catalogue.facets import fold
from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Rule

RULE = Rule(
    code="CON110",
    severity="warning",
    title={
        "fi": "Käyttötarkoitus kerrotaan muualla kuin käyttötarkoituksia koskevassa kohdassa",
        "sv": "Ett ändamål anges utanför avsnittet om ändamål",
        "en": "A purpose is declared outside the purpose section",
    },
    law=("GDPR 5(1)(b)", "GDPR 13(1)(c)", "GDPR 30(1)(b)"),
    certainty="exact",
    needs=(
        "/purposes/*/section",
        "/purposes/*/category",
        "/purposes/*/text",
        "/document/sections/*/heading",
        "/document/sections/*/number",
    ),
    kinds=("fail", "pass", "na", "open"),
)


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each purpose that is told elsewhere, and is another one than those in the section."""
    placed = [(index, one) for index, one in enumerate(case.record.purposes) if one.section]
    if not placed:
        yield case.na(
            "/purposes",
            fi="Selosteesta ei ole kirjattu, missä kohdassa käyttötarkoitukset kerrotaan.",
            en="The record does not say in which sections purposes are told.",
        )
        return
    about = [
        one for one in case.record.document.sections if one.heading and says("heading_purpose", one.heading)
    ]
    inside = [one for _, one in placed if _is_inside(one.section, about)]
    if not inside and not about:
        yield case.open(
            "/purposes/0",
            fi="Asiakirjassa ei tunnistettu käyttötarkoituksia koskevaa kohtaa.",
            en="No section of the document was recognised as the one about purposes.",
            closes=(
                "Kokoa käyttötarkoitukset omaan kohtaansa, tai kirjaa sen otsikko.",
                "Bring the purposes together in a section of their own, or record its heading.",
            ),
        )
        return
    outside = [
        (index, one)
        for index, one in placed
        if not _is_inside(one.section, about) and not any(_again(one, told) for told in inside)
    ]
    for index, one in outside:
        called = one.text.any() if one.text else one.id
        yield case.fail(
            f"/purposes/{index}",
            key=one.id,
            fi=f"Käyttötarkoitus kerrotaan vasta kohdassa {one.section}: {called}. "
            "Siirrä se käyttötarkoituksiin perusteineen ja säilytysaikoineen, tai luovu siitä.",
            en=f"A purpose is told only in section {one.section}: {called}. "
            "Move it to the purposes with its basis and period, or give it up.",
        )
    if not outside:
        yield case.passes(
            f"/purposes/{placed[0][0]}",
            fi="Käyttötarkoitukset kerrotaan niitä koskevassa kohdassa.",
            en="The purposes are told in the section about them.",
        )


def _is_inside(section: str, about: list[Any]) -> bool:
    """Whether a section is one about purposes or inside one; where it is not listed, by its own words."""
    here = _plain(section)
    for one in about:
        number = _plain(one.number or "")
        if here == _plain(one.heading) or (number and (here == number or here.startswith(f"{number}."))):
            return True
    return says("heading_purpose", section)


def _again(one: Any, told: Any) -> bool:
    if one.category and one.category == told.category:
        return True
    return bool(one.text and told.text and fold(one.text.any()) == fold(told.text.any()))


def _plain(text: str) -> str:
    return fold(text).strip(" .")
