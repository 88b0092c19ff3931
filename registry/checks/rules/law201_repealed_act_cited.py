"""Cites an act that is repealed at the as-of date.

An act that another one has displaced without repealing it is out of date, and not cited wrongly: Henkilötietolaki from
25.5.2018 until the end of that year.

Why it matters
A notice that rests on Henkilötietolaki (523/1999, repealed on 1.1.2019 by Tietosuojalaki 1050/2018) tells people rights
and grounds that are not the law, and shows that nobody has looked at it since (GDPR 5(2), 24(1)).

How to fix
Read the section that the act is cited for, and write it anew by the law in force: the GDPR, and Tietosuojalaki where it
adds to it. Taking out the name of the act alone leaves its content behind.
"""

from collections.abc import Iterator

from registry.checks.rule import Case, Outcome, Rule, dated
from registry.law import Act, remembered

RULE = Rule(
    code="LAW201",
    severity="error",
    title={
        "fi": "Selosteessa viitataan kumottuun lakiin",
        "sv": "Hänvisar till en upphävd lag",
        "en": "Cites an act that is repealed at the as-of date",
    },
    law=("Tietosuojalaki 1050/2018", "Henkilötietolaki 523/1999"),
    certainty="catalogue",
    needs=("/document/cited_laws/*/act", "/document/cited_laws/*/section"),
    kinds=("fail", "pass", "na", "open"),
)


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each repealed act, wherever it is cited, and for each that the table does not know."""
    cited = case.record.document.cited_laws
    if not cited:
        yield case.na(
            "/document/cited_laws", fi="Selosteessa ei viitata lakeihin.", en="The record cites no act."
        )
        return
    acts: dict[str, tuple[Act | None, list[int]]] = {}
    for index, citation in enumerate(cited):
        act = case.law.act(citation.act)
        acts.setdefault(act.key if act else citation.act, (act, []))[1].append(index)
    outcomes = [said for name, (act, where) in acts.items() if (said := _judged(case, name, act, where))]
    yield from outcomes
    if outcomes:
        return
    displaced = [act for act, _ in acts.values() if act and act.status_on(case.as_of) == "displaced"]
    yield case.passes(
        "/document/cited_laws/0",
        fi="Viitattuja lakeja ei ole kumottu."
        + "".join(f" {act.key} on kuitenkin syrjäytynyt." for act in displaced),
        en="No cited act is repealed." + "".join(f" {act.key} is displaced, though." for act in displaced),
    )


def _judged(case: Case, name: str, act: Act | None, where: list[int]) -> Outcome | None:
    field = f"/document/cited_laws/{where[0]}"
    if act is None:
        return case.open(
            field,
            key=name.casefold(),
            fi=f"Lakitaulukossa ei ole säädöstä {name}.",
            en=f"The table of acts does not know {name}.",
            closes=("Säädöksen lisääminen taulukkoon.", "An entry for it in the table of acts."),
        )
    if act.status_on(case.as_of) != "repealed" or act.repealed_on is None:
        return None
    lines = sorted(
        {line for index in where if (line := case.record.said(f"/document/cited_laws/{index}").line)}
    )
    on = dated(act.repealed_on)
    by = f" ({act.repealed_by})" if act.repealed_by else ""
    at = {"fi": _at(lines, "rivit"), "en": _at(lines, "lines")}
    return case.fail(
        field,
        key=act.key,
        remembered=(act.key,) if remembered(act, "repealed_on") else (),
        fi=f"{act.key} kumottiin {on}{by}, ja siihen viitataan yhä{at['fi']}. Päivitä kohdat nykyisen lain mukaan.",
        en=f"{act.key} was repealed on {on}{by} and is still cited{at['en']}. Write it anew by the law in force.",
    )


def _at(lines: list[int], word: str) -> str:
    return f" ({word} {', '.join(map(str, lines))})" if len(lines) > 1 else ""
