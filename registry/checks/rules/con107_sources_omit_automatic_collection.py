"""Sources leave out automatic collection that the contents section declares.

Data that is recorded as a service is used needs an automatic source, and data that staff enter needs staff as one.

Why it matters
"The data comes from the customer" hides what the customer never gave: addresses, devices, pages visited, notes
(GDPR 5(1)(a)). What is observed counts as collected from the person, and has to be told when it happens (13(1);
WP260 rev.01); where it comes from elsewhere, the source has to be named (14(2)(f)).

How to fix
Add the missing source under `sources`: `automatic` for logs, cookies and recordings, `staff` for what is written down
by those who serve. If nothing is recorded by itself, correct `collection` of the data instead.
"""

from collections.abc import Iterator

from registry.checks.rule import Case, Outcome, Place, Rule

RULE = Rule(
    code="CON107",
    severity="warning",
    title={
        "fi": "Tietolähteistä puuttuu automaattinen keruu, joka tietosisällössä on",
        "sv": "Källorna utelämnar automatisk insamling som framgår av registrets innehåll",
        "en": "Sources leave out automatic collection that the contents section declares",
    },
    law=("GDPR 5(1)(a)", "GDPR 13(1)", "GDPR 14(2)(f)"),
    certainty="exact",
    needs=(
        "/data_categories/*/collection",
        "/data_categories/*/text",
        "/sources/*/type",
        "/document/sections/*/heading",
    ),
    kinds=("fail", "pass", "na", "open"),
)

#: How data comes in, with the source that it needs, and that source in Finnish and English.
_NEEDED = {
    "observed": (
        "automatic",
        "palvelua käytettäessä kertyvät tiedot",
        "data recorded as the service is used",
    ),
    "staff": ("staff", "henkilöstön kirjaamat tiedot", "data that staff enter"),
}


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each source that the contents call for and the sources lack."""
    categories, sources = case.record.data_categories, case.record.sources
    there = {source.type for source in sources}
    field = "/sources/0" if sources else "/sources"
    lacking = False
    for collection, (source, fi, en) in _NEEDED.items():
        names = ", ".join(_called(data) for data in categories if data.collection == collection)
        if names and source not in there:
            lacking = True
            yield case.fail(
                field,
                key=source,
                at=_where(case),
                fi=f"Tietolähteissä ei mainita: {fi} ({names}). Lisää lähde.",
                en=f"The sources do not mention {en} ({names}). Add the source.",
            )
    if lacking:
        return
    unknown = ", ".join(_called(data) for data in categories if data.collection is None)
    if unknown and not {source for source, _, _ in _NEEDED.values()} <= there:
        yield case.open(
            field,
            at=_where(case),
            fi=f"Selosteesta ei selviä, miten nämä tiedot saadaan: {unknown}.",
            en=f"How this data comes in is not recorded: {unknown}.",
            closes=("Kirjaa tietoryhmien keruutapa.", "Record the `collection` of these data categories."),
        )
    elif any(data.collection in _NEEDED for data in categories):
        yield case.passes(
            field,
            at=_where(case),
            fi="Tietolähteissä mainitaan myös se, mitä kertyy itsestään tai mitä henkilöstö kirjaa.",
            en="The sources also mention what is recorded by itself or entered by staff.",
        )
    else:
        yield case.na(
            fi="Selosteessa ei ole itsestään kertyviä eikä henkilöstön kirjaamia tietoja.",
            en="The record has no data that is recorded by itself or entered by staff.",
        )


def _called(data: object) -> str:
    text = getattr(data, "text", None)
    return text.any() if text else str(getattr(data, "id", ""))


def _where(case: Case) -> Place:
    """The first source that has a place, else the heading about sources."""
    told = case.place(*(f"/sources/{index}" for index in range(len(case.record.sources))))
    return told if told != Place() else case.heading("heading_sources")
