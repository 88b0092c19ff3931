"""Cites the wrong section of an act.

Of each act that is cited with a section and for something that sections are about, one of the sections has to be
about it. Citations stand under `document.cited_laws`, and under single rights (`rights[].cited_law`).

Why it matters
A right with the wrong section leads the reader to another one: in Henkilötietolaki 26 § was the right of access and
29 § the correction of data. It shows too that the text was copied without being read (GDPR 5(2)).

How to fix
Look the section up in the act. If the act itself is no longer law (LAW201), write the part anew by the law in force
instead of mending the number.
"""

import dataclasses
import re
from collections.abc import Iterator

from registry.checks.rule import Case, Outcome, Rule
from registry.law import Act, Section, remembered

RULE = Rule(
    code="LAW202",
    severity="warning",
    title={
        "fi": "Viitataan lain väärään pykälään",
        "sv": "Hänvisar till fel paragraf i en lag",
        "en": "Cites the wrong section of an act",
    },
    law=("Henkilötietolaki 26 §", "Henkilötietolaki 29 §"),
    certainty="catalogue",
    needs=(
        "/document/cited_laws/*/act", "/document/cited_laws/*/section", "/document/cited_laws/*/used_for",
        "/rights/*/right", "/rights/*/cited_law",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip

#: Numbers of acts (523/1999, 2016/679): not of sections.
_ACT = re.compile(r"\d+\s*/\s*\d+")
#: What follows the number of a section: (1)(f), .1, 2 mom., 5 kohta.
_BELOW = re.compile(
    r"\([^)]*\)|(?<=\d)\.\d+|\d+\s*(?:k|kohta|kohdan|mom|momentti|momentin|p|punkten|st|stycket)\b\.?"
)
_NUMBERS = re.compile(r"(\d+)(?:\s*[-\u2013]\s*(\d+))?")


@dataclasses.dataclass(frozen=True, slots=True)
class Citation:
    """An act with the sections that are cited, and what for."""

    field: str
    act: Act | None
    name: str
    sections: frozenset[str]
    topic: str


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each act and thing that it is wrongly cited for."""
    citations = list(_citations(case))
    if not citations:
        yield case.na(
            "/document/cited_laws",
            fi="Selosteessa ei viitata pykäliin mistään määrätystä asiasta.",
            en="The record cites no section for anything in particular.",
        )
        return
    outcomes: dict[str, Outcome] = {}
    relied_on: set[str] = set()
    for citation in citations:
        expected = _expected(case, citation)
        met = [section for section in expected if section.number in citation.sections]
        if citation.act is not None and met and all(remembered(section) for section in met):
            relied_on.add(citation.act.key)
        said = _judged(case, citation, expected)
        if said is not None:
            outcomes.setdefault(said.key, said)
    yield from sorted(outcomes.values(), key=lambda said: said.kind != "fail")
    if not outcomes:
        yield case.passes(
            citations[0].field,
            remembered=tuple(sorted(relied_on)),
            fi="Viitatut pykälät koskevat sitä, mistä niihin viitataan.",
            en="The sections cited are about what they are cited for.",
        )


def _judged(case: Case, citation: Citation, expected: tuple[Section, ...]) -> Outcome | None:
    key = f"{citation.act.key if citation.act else citation.name.casefold()}:{citation.topic}"
    cited = ", ".join(sorted(citation.sections, key=int))
    topic = {side: case.law.word("cited_for", citation.topic, side) for side in ("fi", "en")}
    if citation.topic in case.law.rights:
        topic = {side: case.law.rights[citation.topic].name.get(side) for side in ("fi", "en")}
    if not expected:
        return case.open(
            citation.field,
            key=key,
            fi=f"Lakitaulukko ei kerro, mikä säädöksen {citation.name} kohta koskee tätä: {topic['fi']}.",
            en=f"The table of acts does not tell which section of {citation.name} is about this: {topic['en']}.",
            closes=("Kohdan lisääminen lakitaulukkoon.", "An entry for the section in the table of acts."),
        )
    if citation.sections & {section.number for section in expected}:
        return None
    right = ", ".join(section.number for section in expected)
    return case.fail(
        citation.field,
        key=key,
        remembered=(citation.act.key,) if citation.act and any(map(remembered, expected)) else (),
        fi=f"{citation.name}: viitataan kohtaan {cited}, mutta asiasta ({topic['fi']}) säädetään kohdassa {right}. "
        "Korjaa viittaus nykyisen lain mukaan.",
        en=f"{citation.name}: section {cited} is cited, but this ({topic['en']}) is in {right}. "
        "Correct the reference, by the law in force.",
    )


def _expected(case: Case, citation: Citation) -> tuple[Section, ...]:
    """The sections about a topic; of `other_rights` those about any right."""
    if citation.act is None:
        return ()
    if citation.topic != "other_rights":
        return citation.act.sections_about(citation.topic)
    return tuple(section for section in citation.act.sections if case.law.rights.keys() & set(section.about))


def _citations(case: Case) -> Iterator[Citation]:
    """Every citation with a section and a topic."""
    record = case.record
    written = [
        (
            f"/document/cited_laws/{index}",
            cited.act,
            " ".join(filter(None, (cited.act, cited.section))),
            cited.used_for,
        )
        for index, cited in enumerate(record.document.cited_laws)
    ]
    written += [
        (f"/rights/{index}", right.cited_law, right.cited_law, right.right)
        for index, right in enumerate(record.rights)
        if right.cited_law
    ]
    for field, name, text, topic in written:
        act = case.law.act(name)
        numbers = _sections(text)
        if topic not in (None, "other") and numbers:
            yield Citation(field, act, act.key if act else name, numbers, topic)


def _sections(text: str) -> frozenset[str]:
    """The numbers of the sections that a citation names: `10, 24`, `13(2)(b)`, `8.1 § 5 k`, `15-22`."""
    plain = _BELOW.sub(" ", _ACT.sub(" ", text))
    found: set[str] = set()
    for first, last in _NUMBERS.findall(plain):
        found.update(map(str, range(int(first), int(last or first) + 1)) if len(last or first) < 4 else ())
    return frozenset(found)
