"""Unfinished text (placeholder, empty heading, truncated section).

A leftover of a template is one that the import found, a statement that is recorded as one, or words such as "[nimi]",
"XXX", "x (x)", "TODO" and "lorem ipsum" in the record itself. A heading is empty if nothing is recorded of any of the
things it is about; a text that breaks off shows as headings that are empty.

Why it matters
Where a template should have been filled in, people are told nothing, and what the law asks for there is missing (GDPR
12(1), 13). Publishing it shows that nobody read the text before it went out (5(2)).

How to fix
Write what belongs there and take the leftover out, or take the heading out together with it if there is nothing to say.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from registry.catalogue.record import Localised
from registry.catalogue.record.value import Frozen
from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Place, Rule

RULE = Rule(
    code="CON117",
    severity="error",
    title={
        "fi": "Keskeneräinen teksti (mallipohjan jäänne, tyhjä otsikko, katkennut kohta)",
        "sv": "Ofärdig text (rest av mall, tom rubrik, avbrutet avsnitt)",
        "en": "Unfinished text (placeholder, empty heading, truncated section)",
    },
    law=("GDPR 5(2)", "GDPR 12(1)"),
    certainty="lexical",
    needs=(
        "/document/placeholders/*/text", "/document/placeholders/*/count", "/document/sections/*/heading",
        "/purposes", "/legal_bases", "/consent_statements", "/retention", "/rights/*/status", "/request_procedure",
        "/complaint/status", "/register/name", "/provenance",
    ),
    kinds=("fail", "pass"),
)  # fmt: skip

#: Where the things are recorded that a heading may be about.
_ABOUT: Mapping[str, tuple[str, ...]] = {
    "heading_purpose": ("/purposes",),
    "heading_legal_basis": ("/legal_bases", "/consent_statements"),
    "heading_retention": ("/retention",),
    "heading_rights": ("/rights", "/request_procedure"),
    "heading_complaint": ("/complaint",),
}
_BRACKETED = re.compile(
    r"\[\s*[^\W\d_][^\[\]]*\]|\{\{[^{}]*\}\}|_{4,}|\.{6,}|(?<!\w)x{3,}(?!\w)", re.IGNORECASE
)
#: Without one of these there is nothing to search for: most texts have none.
_MARKS = ("[", "{{", "____", "......")
#: Not texts of the notice: how and from what the record was made, and addresses.
_PASSED_OVER = frozenset({"placeholders", "source", "referenced_urls", "policy_urls"})
#: Names of fields that are other words in a pointer.
_WRITTEN = {"items_": "items"}


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each leftover and each empty heading."""
    found = False
    for outcome in (*_leftovers(case), *_unfilled(case), *_in_texts(case), *_empty_headings(case)):
        found = True
        yield outcome
    if not found:
        yield case.passes(
            "/document",
            at=Place(),
            fi="Tekstissä ei näy keskeneräistä.",
            en="No unfinished text is to be seen.",
        )


def _leftovers(case: Case) -> Iterator[Outcome]:
    """Those that whoever took the document over noted."""
    for index, leftover in enumerate(case.record.document.placeholders):
        count = leftover.count or 1
        lines = f" ({', '.join(map(str, leftover.lines))})" if leftover.lines else ""
        field = f"/document/placeholders/{index}"
        where = case.place(field)
        line = where.line or min(leftover.lines, default=None)
        yield case.fail(
            field,
            key=f"leftover:{index}",
            at=Place(where.quote or leftover.text, line),
            fi=f"Mallipohjan kohta on täyttämättä {count} kertaa{lines}. Täytä tai poista se.",
            en=f"A place of the template is not filled in, {count} times{lines}. Fill it in, or take it out.",
        )


def _unfilled(case: Case) -> Iterator[Outcome]:
    """Statements that are recorded as left unfilled."""
    record = case.record
    pointers = {pointer for pointer, said in record.provenance.items() if said.status == "placeholder"}
    for name, value in record.statements.items():
        if getattr(value, "status", None) == "placeholder":
            pointers.add(f"/{name}")
    pointers |= {f"/rights/{i}" for i, right in enumerate(record.rights) if right.status == "placeholder"}
    for pointer in sorted(pointers):
        yield case.fail(
            pointer,
            key=f"unfilled:{pointer}",
            fi="Kohta on jäänyt mallipohjan varaan. Kirjoita, mitä siihen kuuluu.",
            en="This is left as the template had it. Write what belongs there.",
        )


def _in_texts(case: Case) -> Iterator[Outcome]:
    texts = list(_texts(vars(case.record.statements).items(), ""))
    # One look at everything: most records have nothing.
    if not _unfinished("\n.\n".join(text for _, text in texts)):
        return
    for pointer in dict.fromkeys(pointer for pointer, text in texts if _unfinished(text)):
        yield case.fail(
            pointer,
            key=f"text:{pointer}",
            fi="Tekstissä on täyttämätön kohta. Kirjoita, mitä siihen kuuluu, tai poista se.",
            en="The text has a place that is not filled in. Write what belongs there, or take it out.",
        )


def _empty_headings(case: Case) -> Iterator[Outcome]:
    for index, section in enumerate(case.record.document.sections):
        parts = [
            pointer
            for group, pointers in _ABOUT.items()
            if says(group, section.heading)
            for pointer in pointers
        ]
        if parts and not any(_answered(case, pointer) for pointer in parts):
            yield case.fail(
                f"/document/sections/{index}",
                key=f"heading:{parts[0]}:{section.number or index}",
                at=Place(section.heading, section.line),
                fi="Otsikon alla ei kerrota sitä, mistä otsikko on. Kirjoita sisältö tai poista otsikko.",
                en="Under the heading nothing is said of what it is about. Write it, or take the heading out.",
            )


def _answered(case: Case, pointer: str) -> bool:
    value = case.record.at(pointer)
    if isinstance(value, tuple):
        return any(getattr(item, "status", "stated") != "not_stated" for item in value)
    return case.record.status(pointer) != "not_stated"


def _unfinished(text: str) -> bool:
    marked = any(mark in text for mark in _MARKS) or "xxx" in text.casefold()
    return bool(marked and _BRACKETED.search(text)) or says("placeholder", text)


def _texts(items: Iterable[tuple[Any, Any]], at: str) -> Iterator[tuple[str, str]]:
    """Every text of the record, with its pointer."""
    for name, value in items:
        if value is None or value == () or isinstance(value, bool) or name in _PASSED_OVER:
            continue
        pointer = f"{at}/{_WRITTEN.get(name, name)}"
        if isinstance(value, str):
            yield pointer, value
        elif isinstance(value, Localised):
            for text in value.texts.values():
                yield pointer, text
        elif isinstance(value, tuple):
            yield from _texts(enumerate(value), pointer)
        elif isinstance(value, Frozen):
            yield from _texts(vars(value).items(), pointer)
