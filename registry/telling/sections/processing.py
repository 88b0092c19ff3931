"""Why data is processed, on which basis, what data and where it comes from (GDPR 13(1)(c)-(d), 13(2)(e)-(f), 14)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from registry.telling.teller import Teller
from registry.telling.value import Block, Items, Said, Told


def purposes(t: Teller) -> list[Block]:
    """The purposes, the legal bases with what each needs, and which data goes with which."""
    record = t.record
    blocks: list[Block] = []
    told = [
        t.told("purpose", f"/purposes/{n}/text", one.text, t.prose, required=True)
        for n, one in enumerate(record.purposes)
    ]
    if told:
        blocks.append(Items("purposes", t.words("headings.purposes"), tuple(one for one in told if one)))
        if any(one.further_processing for one in record.purposes):
            blocks.append(t.statement("further_processing"))
    else:
        blocks.append(t.gap("purposes", t.recorded("/purposes")))
    bases = [_basis_row(t, n, one) for n, one in enumerate(record.legal_bases)]
    blocks += t.table("legal_bases", ("basis", "covers", "interest", "statute", "consent"), bases)
    if not bases:
        blocks.append(t.gap("legal_bases", t.recorded("/legal_bases")))
    blocks += t.table("special_bases", ("exception", "covers", "statute"), _special(t))
    if record.criminal_data_basis:
        criminal = record.criminal_data_basis
        row = {
            "statute": t.told(
                "statute", "/criminal_data_basis/statute_ref", criminal.statute_ref, t.line, required=True
            ),
            "covers": _covers(t, criminal.applies_to),
        }
        blocks += t.table("criminal_basis", ("statute", "covers"), [row])
    blocks += t.facts(t.fact("data_combination", "/data_combination", record.data_combination, t.prose))
    return blocks + _allocation(t)


def _basis_row(t: Teller, n: int, one: Any) -> dict[str, Told | None]:
    at = f"/legal_bases/{n}"
    article = one.article
    # What stands in the place of a basis in old notices is no basis, and not for the public to take for one.
    name = "legacy_basis" if one.legacy_article else "basis"
    return {
        "basis": t.told(name, f"{at}/article", article, lambda key: (_basis(t, key),), required=True),
        "covers": _covers(t, one.applies_to),
        "interest": t.told(
            "interest", f"{at}/interest_text", one.interest_text, t.prose, required=article == "6(1)(f)"
        ),
        "statute": t.told(
            "statute",
            f"{at}/statute_ref",
            one.statute_ref,
            t.line,
            required=article in ("6(1)(c)", "6(1)(e)"),
        ),
        "consent": t.told("consent", f"{at}/consent_mechanism", one.consent_mechanism, t.prose),
    }


def _basis(t: Teller, article: str) -> Said:
    word = t.words.term("legal_bases", article)
    return Said(f"{word.text} (GDPR {article})", word.language, code=article)


def _special(t: Teller) -> Iterable[dict[str, Told | None]]:
    for n, one in enumerate(t.record.special_category_bases):
        at = f"/special_category_bases/{n}"
        yield {
            "exception": t.told(
                "exception",
                f"{at}/exception",
                one.exception,
                t.term("special_category_exceptions"),
                required=True,
            ),
            "covers": _covers(t, one.applies_to),
            "statute": t.told("statute", f"{at}/statute_ref", one.statute_ref, t.line),
        }


def _covers(t: Teller, applies_to: Any) -> Told:
    """What a basis covers: everything, the purposes and data it names, or nobody says."""
    if applies_to == "all":
        return Told((t.words.said("all_data", code="all"),))
    if not isinstance(applies_to, tuple) or not applies_to:
        return t.silent("covers")
    named = {one.id: one for one in (*t.record.purposes, *t.record.data_categories)}
    return Told(tuple(said for ref in applies_to for said in _named(t, named[ref])))


def _named(t: Teller, one: Any) -> tuple[Said, ...]:
    """What a purpose or a kind of data is called; one without a text by its term of DPV, else by its id."""
    if one.text is not None:
        said = t.prose(one.text)
        if said:
            return said
    term = getattr(one, "pd", None)
    return (t.words.term("personal_data", term) if term else Said(one.id),)


def data_named(t: Teller, refs: Iterable[str]) -> tuple[Said, ...]:
    """The kinds of data with these ids, as they are called."""
    named = {one.id: one for one in t.record.data_categories}
    return tuple(said for ref in refs for said in _named(t, named[ref]))


def _allocation(t: Teller) -> list[Block]:
    """For each kind of data why and on what basis; kinds that agree in both share a row."""
    rows: dict[tuple[Any, Any], list[Any]] = {}
    for one in t.record.data_categories:
        rows.setdefault((one.purposes or None, _bases_of(t, one)), []).append(one)
    told: list[dict[str, Told | None]] = []
    for (refs, bases), kinds in rows.items():
        texts = {one.id: one for one in t.record.purposes}
        why = tuple(said for ref in refs for said in _named(t, texts[ref])) if refs else ()
        told.append(
            {
                "data": Told(tuple(said for one in kinds for said in _named(t, one))),
                "why": Told(why) if why else t.silent("why"),
                "basis": Told(tuple(_basis(t, article) for article in bases)) if bases else t.silent("basis"),
            }
        )
    return t.table("allocation", ("data", "why", "basis"), told)


def _bases_of(t: Teller, one: Any) -> tuple[str, ...]:
    """The articles that a kind of data rests on: those it names, else those that name it, its purposes, or all."""
    named = [basis for basis in t.record.legal_bases if one.basis and basis.id in one.basis]
    if not named:
        reach = {one.id, *(one.purposes or ())}
        named = [
            basis
            for basis in t.record.legal_bases
            if basis.applies_to == "all"
            or (isinstance(basis.applies_to, tuple) and reach & set(basis.applies_to))
        ]
    return tuple(dict.fromkeys(basis.article for basis in named if basis.article))


def data(t: Teller) -> list[Block]:
    """Whose data, what data and how each kind comes in, the regular sources, and whether it must be given."""
    record = t.record
    blocks: list[Block] = []
    people = [_people_row(t, n, one) for n, one in enumerate(record.data_subjects)]
    blocks += t.table("data_subjects", ("people", "described", "extra"), people)
    if not people:
        blocks.append(t.gap("data_subjects", t.recorded("/data_subjects")))
    kinds = [_data_row(t, n, one) for n, one in enumerate(record.data_categories)]
    blocks += t.table("data_categories", ("data", "collection", "of_whom", "extra"), kinds)
    if not kinds:
        blocks.append(t.gap("data_categories", t.recorded("/data_categories")))
    sources = [
        {
            "source": t.told("source", f"/sources/{n}/type", one.type, t.term("sources"), required=True),
            "described": t.told("described", f"/sources/{n}/text", one.text, t.prose),
            "public": t.told("public", f"/sources/{n}/public", one.public, t.yes_no),
        }
        for n, one in enumerate(record.sources)
    ]
    blocks += t.table("sources", ("source", "described", "public"), sources)
    if not sources:
        blocks.append(t.gap("sources", t.recorded("/sources")))
    given = record.provision_obligation
    blocks += t.facts(
        t.fact("channels", "/collection_channels", record.collection_channels, t.term("channels")),
        t.stated_part("manual_records", "/manual_records", record.manual_records, record.manual_records.text)
        if record.manual_records
        else None,
        t.stated_part("provision", "/provision_obligation", given, given.text),
        t.fact("consequences", "/provision_obligation/consequences", given.consequences, t.prose),
    )
    return blocks


def _people_row(t: Teller, n: int, one: Any) -> dict[str, Told | None]:
    at = f"/data_subjects/{n}"
    extra = [name for name in ("vulnerable", "children") if getattr(one, name)]
    return {
        "people": t.told("people", f"{at}/category", one.category, t.term("data_subjects"), required=True),
        "described": t.told("described", f"{at}/text", one.text, t.prose),
        "extra": Told(tuple(t.words.said(f"extra.{name}", code=name) for name in extra)) if extra else None,
    }


def _data_row(t: Teller, n: int, one: Any) -> dict[str, Told | None]:
    at = f"/data_categories/{n}"
    extra = [
        t.words.said(f"extra.{name}", code=name)
        for name in ("mandatory", "on_request", "special", "criminal", "national_id")
        if getattr(one, name)
    ]
    if one.mandatory_for:
        extra += t.term("mandatory_for")(one.mandatory_for)
    return {
        "data": t.told("data", f"{at}/text", one.text, t.prose) or Told(_named(t, one)),
        "collection": t.told(
            "collection", f"{at}/collection", one.collection, t.term("collection"), required=True
        ),
        "of_whom": t.told("of_whom", f"{at}/data_subjects", one.data_subjects, t.term("data_subjects")),
        "extra": Told(tuple(extra)) if extra else None,
    }


def automated_decisions(t: Teller) -> list[Block]:
    """Automated decisions and profiling: logic, significance, or that there are none, or silence."""
    part = t.record.automated_decisions
    blocks: list[Block] = [] if part.status == "stated" else [t.gap("automated_decisions", part.status)]
    return blocks + t.facts(
        t.fact("profiling", "/automated_decisions/profiling", part.profiling, t.yes_no),
        t.fact(
            "logic", "/automated_decisions/logic", part.logic, t.prose, required=part.status == "stated"
        ),
        t.fact(
            "significance", "/automated_decisions/significance", part.significance, t.prose,
            required=part.status == "stated",
        ),
    )  # fmt: skip
