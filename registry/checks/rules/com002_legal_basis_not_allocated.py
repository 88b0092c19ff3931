"""Legal basis is not allocated to every purpose and data category, or a legitimate interest is not described.

A purpose or a data category has a basis if one of GDPR 6(1) is said to cover all, or it, or (a purpose) data that is
used for it, or (data) a purpose that it is used for. Where the record has one basis and no other, that covers all
unless it says what it covers. A concept of the old act covers nothing (LAW204).

Why it matters
The basis decides which rights people have, and it differs from purpose to purpose; a bare list of bases leaves reader
and controller to guess (GDPR 5(2), 13(1)(c)). Where it is a legitimate interest, the interest itself has to be told
(13(1)(d)): that somebody is a customer is a relationship, and not yet an interest in anything.

How to fix
Enter under each basis what it covers (`applies_to`: purposes and data categories, or `all`). For 6(1)(f), write under
`interest_text` what the controller wants to achieve and why it needs this data for it.
"""

import re
from collections.abc import Iterator
from typing import Any

from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Rule

RULE = Rule(
    code="COM002",
    severity="error",
    title={
        "fi": "Oikeusperustetta ei ole kohdistettu jokaiseen tarkoitukseen ja tietoryhmään, "
        "tai oikeutettua etua ei ole kuvattu",
        "sv": "Den rättsliga grunden har inte hänförts till varje ändamål och uppgiftskategori, "
        "eller ett berättigat intresse har inte beskrivits",
        "en": "Legal basis is not allocated to every purpose and data category, "
        "or a legitimate interest is not described",
    },
    law=("GDPR 5(2)", "GDPR 13(1)(c)", "GDPR 13(1)(d)"),
    certainty="exact",
    needs=(
        "/legal_bases/*/article", "/legal_bases/*/legacy_article", "/legal_bases/*/applies_to",
        "/legal_bases/*/interest_text", "/data_categories/*/basis", "/data_categories/*/purposes", "/purposes/*/text",
        "/register/role",
    ),
    kinds=("fail", "pass", "na"),
)  # fmt: skip


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each interest that is not described, and one for everything that has no basis."""
    record = case.record
    if record.register.role == "processor":
        yield case.na(
            fi="Käsittelijän selosteessa ei ilmoiteta oikeusperustetta: se on rekisterinpitäjän asia.",
            en="The record of a processor states no legal basis: that is the controller's to state.",
        )
        return
    stated = [basis for basis in record.legal_bases if basis.article or basis.legacy_article]
    if not any(basis.article for basis in stated):
        yield case.na(
            "/legal_bases",
            fi="6 artiklan mukaista perustetta ei ole ilmoitettu (COM001, LAW204).",
            en="No basis of Article 6(1) is stated (COM001, LAW204).",
        )
        return
    outcomes = [
        said for index, basis in enumerate(record.legal_bases) if (said := _interest(case, index, basis))
    ]
    loose = _without_basis(case, stated)
    if loose:
        outcomes.append(_unallocated(case, loose))
    yield from outcomes
    if outcomes:
        return
    if not record.purposes and not record.data_categories:
        yield case.na(
            "/purposes",
            fi="Selosteessa ei ole käyttötarkoituksia eikä tietoryhmiä, joihin perusteen voisi kohdistaa.",
            en="The record has no purposes and no data categories that a basis could cover.",
        )
        return
    yield case.passes(
        "/legal_bases",
        fi="Jokaisella käyttötarkoituksella ja tietoryhmällä on oikeusperuste.",
        en="Every purpose and every data category has a legal basis.",
    )


def _interest(case: Case, index: int, basis: Any) -> Outcome | None:
    if basis.article != "6(1)(f)":
        return None
    if basis.interest_text is None:
        fi = "Oikeutettua etua ei ole kuvattu. Kerro, mihin rekisterinpitäjä pyrkii ja miksi se tarvitsee tietoja."
        en = "The legitimate interest is not described. Say what the controller wants to achieve with the data."
    elif any(_bare(text) for text in basis.interest_text.texts.values()):
        named = basis.interest_text.any()
        fi = f"Oikeutetuksi eduksi on nimetty vain suhde ({named}). Kerro, mihin rekisterinpitäjä pyrkii."
        en = f"Only a relationship is named as the interest ({named}). Say what the controller wants to achieve."
    else:
        return None
    return case.fail(f"/legal_bases/{index}", key=basis.id, fi=fi, en=en)


def _bare(text: str) -> bool:
    """Whether a text has nothing but the words of a relationship."""
    return all(says("relationship", word) for word in re.findall(r"\w+", text))


def _without_basis(case: Case, stated: list[Any]) -> list[tuple[str, Any]]:
    """Data categories and purposes without a basis of 6(1), with their pointers."""
    record = case.record
    own = [basis for basis in stated if basis.article]
    covered: set[str] = set()
    for basis in own:
        listed = isinstance(basis.applies_to, tuple)
        if basis.applies_to == "all" or (len(stated) == 1 and not listed):
            return []
        covered.update(basis.applies_to if listed else ())
    ids = {basis.id for basis in own}
    based = {data.id for data in record.data_categories if data.id in covered or ids & set(data.basis or ())}
    served = covered | {
        purpose for data in record.data_categories if data.id in based for purpose in data.purposes or ()
    }
    loose = [
        (f"/data_categories/{index}", data)
        for index, data in enumerate(record.data_categories)
        if data.id not in based and not covered & set(data.purposes or ())
    ]
    return loose + [
        (f"/purposes/{index}", purpose)
        for index, purpose in enumerate(record.purposes)
        if purpose.id not in served
    ]


def _unallocated(case: Case, loose: list[tuple[str, Any]]) -> Outcome:
    """Told where the first that lacks one is; at the bases, where none of them is allocated to anything."""
    record = case.record
    names = ", ".join(str(item.text or item.id) for _, item in loose)
    if len(loose) == len(record.data_categories) + len(record.purposes):
        first = next(index for index, basis in enumerate(record.legal_bases) if basis.article)
        return case.fail(
            f"/legal_bases/{first}",
            key="allocation",
            fi=f"Oikeusperusteita ei ole kohdistettu. Kerro kustakin, mitä se koskee: {names}.",
            en=f"The bases are not allocated to anything. Say of each what it covers: {names}.",
        )
    return case.fail(
        loose[0][0],
        key="allocation",
        fi=f"Näillä ei ole oikeusperustetta: {names}. Kirjaa, mikä peruste kattaa ne, tai lopeta käsittely.",
        en=f"These have no legal basis: {names}. Enter which basis covers them, or stop processing them.",
    )
