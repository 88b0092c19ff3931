"""Transfer declared without the country, the safeguard or a way to get a copy.

Everything that the record says of one importer is taken together. A country that was only concluded, and is not in the
text, is not told. A copy can be had of safeguards (GDPR 46, 47, 49(1) second subparagraph); an adequacy decision is
public, and the derogations of 49(1) have no document.

Why it matters
People must be told that their data leaves the EU and EEA, where to, on which ground, and how to get a copy of the
safeguards (GDPR 13(1)(f), 30(1)(e), 46). TSV 4672/161/22 (13.12.2022): that some providers are outside the EU is not
enough. A promise to follow the GDPR is not a safeguard.

How to fix
Get the country and the instrument from the contract with the importer, and enter them under `transfers.items`; for
clauses and binding rules also where a copy is to be had (`copy_available_how`).
"""

from collections.abc import Iterable, Iterator
from typing import Any

from registry.checks.rule import Case, Outcome, Rule
from registry.checks.rules._whereabouts import transfer_declared
from registry.law import Instrument, remembered

RULE = Rule(
    code="COM008",
    severity="error",
    title={
        "fi": "Siirrosta puuttuu maa, siirtoperuste tai tieto siitä, mistä suojatoimista saa jäljennöksen",
        "sv": "En överföring anges utan land, skyddsåtgärd eller uppgift om hur man får en kopia",
        "en": "Transfer declared without the country, the safeguard or a way to get a copy",
    },
    law=("GDPR 13(1)(f)", "GDPR 30(1)(e)", "GDPR 46", "TSV 4672/161/22 (13.12.2022)"),
    certainty="exact",
    needs=(
        "/transfers/status", "/transfers/items/*/importer", "/transfers/items/*/country",
        "/transfers/items/*/instrument", "/transfers/items/*/copy_available_how",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip

PARTS = {
    "country": ("maa", "the country"),
    "instrument": ("siirtoperuste", "the ground of the transfer"),
    "copy": ("mistä suojatoimista saa jäljennöksen", "how to get a copy of the safeguards"),
}


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each importer of whom something is missing."""
    items = case.record.transfers.items_
    if not transfer_declared(case):
        yield _undeclared(case)
        return
    if not items:
        yield case.fail(
            "/transfers",
            fi="Siirrosta ei kerrota mitään. Kirjaa vastaanottaja, maa ja siirtoperuste.",
            en="Nothing is told of the transfer. Enter the importer, the country and the ground.",
        )
        return
    importers: dict[str, list[tuple[int, Any]]] = {}
    for index, item in enumerate(items):
        importers.setdefault((item.importer or item.country or "").casefold(), []).append((index, item))
    outcomes = [said for key, named in importers.items() if (said := _judged(case, key, named))]
    yield from outcomes
    if not outcomes:
        grounds = (case.law.instruments.get(item.instrument) for item in items)
        yield case.passes(
            "/transfers/items/0",
            remembered=_from_memory(ground for ground in grounds if ground is not None),
            fi="Siirron maa ja peruste on ilmoitettu.",
            en="The country and the ground of the transfer are stated.",
        )


def _undeclared(case: Case) -> Outcome:
    if case.record.status("/transfers") in ("referred_elsewhere", "placeholder"):
        return case.open(
            "/transfers",
            fi="Siirroista ei kerrota tässä, joten niiden maata ja perustetta ei voi nähdä.",
            en="Transfers are not told of here, so their countries and grounds cannot be seen.",
            closes=(
                "Kirjaa siirrot tai se, ettei niitä ole.",
                "Enter the transfers, or that there are none.",
            ),
        )
    return case.na("/transfers", fi="Siirtoa ei ole ilmoitettu.", en="No transfer is declared.")


def _judged(case: Case, key: str, named: list[tuple[int, Any]]) -> Outcome | None:
    named_grounds = [case.law.instruments.get(item.instrument) for _, item in named if item.instrument]
    grounds = [ground for ground in named_grounds if ground is not None and ground.kind != "none"]
    missing = []
    if not any(_told(case, f"/transfers/items/{index}/country", item.country) for index, item in named):
        missing.append("country")
    if not grounds:
        missing.append("instrument")
    copied = [ground for ground in grounds if _has_copy(ground.article)]
    if copied and not any(item.copy_available_how for _, item in named):
        missing.append("copy")
    if not missing:
        return None
    index, item = named[0]
    importer = item.importer or item.country or "?"
    fi, en = (", ".join(PARTS[part][side] for part in missing) for side in (0, 1))
    return case.fail(
        f"/transfers/items/{index}",
        key=key,
        remembered=_from_memory(copied) if "copy" in missing else (),
        fi=f"Siirrosta ({importer}) ei kerrota: {fi}. Lisää puuttuvat tiedot.",
        en=f"Of the transfer ({importer}) this is not told: {en}. Add what is missing.",
    )


def _told(case: Case, field: str, value: str | None) -> bool:
    """Whether a value is there, and was read and not concluded."""
    said = case.record.provenance.get(field)
    return value is not None and not (said is not None and said.inferred)


def _from_memory(grounds: Iterable[Instrument]) -> tuple[str, ...]:
    """Keys of the instruments of which it is only remembered whether there is a copy to be had."""
    return tuple(dict.fromkeys(ground.key for ground in grounds if remembered(ground, "article")))


def _has_copy(article: str | None) -> bool:
    return article is not None and (article.startswith("46") or article == "49(1)-2")
