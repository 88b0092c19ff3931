"""Pre-GDPR concept used as if in force (basis, rights catalogue, document type, form headings).

The concepts are those of Henkilötietolaki (523/1999). As long as it was law, until the GDPR applied on 25.5.2018, they
were the right ones.

Why it matters
A "connection" such as a customer relationship (8.1 § 5 k) is no basis of GDPR 6(1), so the processing has none: an
error. A catalogue of inspecting, correcting and prohibiting leaves out erasure and restriction, and a description of
the file (10 §) is neither the record of GDPR 30 nor the notice of 13. The headings of the old form have no place for
basis, retention and complaint, which is why texts that keep them lack exactly these.

How to fix
Decide a basis of 6(1) in place of the connection. Write the document anew by what GDPR 13, 14 and 30 ask for, under
headings of its own; the old form is no template for it.
"""

from collections.abc import Iterator
from typing import Any

from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Place, Rule
from registry.law import remembered

RULE = Rule(
    code="LAW204",
    severity="warning",
    title={
        "fi": "Vanhan lain käsite esitetään voimassa olevana (peruste, oikeudet, asiakirjan laji, otsikot)",
        "sv": "Ett begrepp från tiden före GDPR används som gällande (grund, rättigheter, dokumenttyp, rubriker)",
        "en": "Pre-GDPR concept used as if in force (basis, rights catalogue, document type, form headings)",
    },
    law=("GDPR 6(1)", "GDPR 13", "Henkilötietolaki 8 §", "Henkilötietolaki 10 §", "Henkilötietolaki 26-30 §"),
    certainty="lexical",
    needs=(
        "/legal_bases/*/article", "/legal_bases/*/legacy_article", "/legal_bases/*/text", "/document/type",
        "/document/title", "/document/sections/*/heading",
    ),
    kinds=("fail", "pass", "na"),
)  # fmt: skip

#: The act that the concepts are of.
OLD_ACT = "Henkilötietolaki 523/1999"
OLD_TYPES = ("rekisteriseloste", "rekisteri_ja_tietosuojaseloste")


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each basis, and one each for the kind of document, the catalogue of rights and the headings."""
    act = case.law.acts[OLD_ACT]
    if act.status_on(case.as_of) in ("not_yet", "in_force"):
        yield case.na(
            fi=f"{OLD_ACT} ei ole vielä väistynyt, joten sen käsitteet ovat paikallaan.",
            en=f"{OLD_ACT} is not displaced yet, so its concepts are in place.",
        )
        return
    from_memory = (OLD_ACT,) if remembered(act, "displaced_on") else ()
    outcomes = [
        *(
            _basis(case, index, basis, from_memory)
            for index, basis in enumerate(case.record.legal_bases)
            if _old(basis)
        ),
        *_document(case, from_memory),
        *_headings(case, from_memory),
    ]
    yield from outcomes
    if not outcomes:
        yield case.passes(
            "/document",
            remembered=from_memory,
            fi="Vanhan lain käsitteitä ei käytetä.",
            en="No concept of the old act is used.",
        )


def _old(basis: Any) -> bool:
    """Whether a concept of the old act stands where a basis should: by its section, or by its words."""
    return basis.article is None and bool(basis.legacy_article or says("old_basis", basis.text))


def _basis(case: Case, index: int, basis: Any, from_memory: tuple[str, ...]) -> Outcome:
    named = basis.legacy_article or basis.text.any()
    return case.fail(
        f"/legal_bases/{index}",
        key=f"basis:{basis.id}",
        severity="error",
        remembered=from_memory,
        fi=f"Perusteena on kumotun lain käsite ({named}), joka ei ole 6 artiklan peruste. Päätä peruste uudelleen.",
        en=f"The basis is a concept of the old act ({named}) and none of Article 6(1). Decide the basis anew.",
    )


def _document(case: Case, from_memory: tuple[str, ...]) -> Iterator[Outcome]:
    document = case.record.document
    if document.type in OLD_TYPES:
        yield case.fail(
            "/document/type",
            key="type",
            at=case.place("/document/type", "/document/title"),
            remembered=from_memory,
            fi="Asiakirja on vanhan lain mukainen rekisteriseloste. Laadi seloste käsittelytoimista (30 artikla) "
            "ja informointiasiakirja (13 ja 14 artikla).",
            en="The document is a description of the file by the old act. Make the record of Article 30, "
            "and the notice of Articles 13 and 14.",
        )


def _headings(case: Case, from_memory: tuple[str, ...]) -> Iterator[Outcome]:
    """The catalogue of rights, which counts as a wrong, and the rest of the form, which is told for information."""
    groups: dict[str, list[tuple[int, Any]]] = {"old_rights": [], "old_form": []}
    for index, section in enumerate(case.record.document.sections):
        group = next((name for name in groups if says(name, section.heading)), None)
        if group is not None:
            groups[group].append((index, section))
    if found := groups["old_rights"]:
        index, section = found[0]
        yield case.fail(
            f"/document/sections/{index}",
            key="rights",
            at=Place(section.heading, section.line),
            remembered=from_memory,
            fi=f"Oikeudet on otsikoitu kumotun lain mukaan ({_listed(found)}). Kirjoita ne 15-22 artiklan mukaan.",
            en=f"The rights are those of the old act ({_listed(found)}). Write them anew by Articles 15 to 22.",
        )
    if found := groups["old_form"]:
        index, section = found[0]
        yield case.fail(
            f"/document/sections/{index}",
            key="headings",
            at=Place(section.heading, section.line),
            severity="info",
            remembered=from_memory,
            fi=f"Otsikot ovat vanhan lomakkeen mukaiset ({_listed(found)}). Otsikoi 13 artiklan kohtien mukaan.",
            en=f"The headings are those of the old form ({_listed(found)}). Follow the items of Article 13.",
        )


def _listed(found: list[tuple[int, Any]]) -> str:
    return "; ".join(section.heading for _, section in found)
