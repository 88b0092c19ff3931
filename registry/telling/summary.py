"""What the box at the top of a notice says: what, why, how long, who sees it, your rights."""

from __future__ import annotations

from registry.telling.sections import asking, keeping
from registry.telling.sections.processing import data_named
from registry.telling.teller import Teller
from registry.telling.value import Fact, Said, Told

#: So many things are named in a line of the summary; the section below has them all.
NAMED = 4


def summary(t: Teller) -> tuple[Fact, ...]:
    """The lines of the box, each with the section that tells more."""
    told = {
        "what": ("data", _what(t)),
        "why": ("purposes", _why(t)),
        "how_long": ("retention", _how_long(t)),
        "who": ("recipients", _who(t)),
        "where": ("transfers", _where(t)),
        "rights": ("rights", _rights(t)),
    }
    return tuple(
        Fact(name, t.words(f"summary.{name}"), said, section) for name, (section, said) in told.items()
    )


def _what(t: Teller) -> Told:
    said = data_named(t, [one.id for one in t.record.data_categories])
    return _some(t, said) if said else t.silent("data_categories", t.recorded("/data_categories"))


def _why(t: Teller) -> Told:
    said = [one for purpose in t.record.purposes if purpose.text is not None for one in t.prose(purpose.text)]
    return _some(t, said) if said else t.silent("purposes", t.recorded("/purposes"))


def _how_long(t: Teller) -> Told:
    rules = [keeping.duration(t, n) for n in range(len(t.record.retention))]
    said = [one for told in rules for one in told.texts]
    if not said:
        return rules[0] if rules else t.silent("retention", t.recorded("/retention"))
    some = _some(t, said)
    if keeping.uncovered(t) or any(told.missing for told in rules):
        return Told(some.texts, "partly_stated", t.words("gaps.retention.partly_stated"))
    return some


def _who(t: Teller) -> Told:
    record = t.record
    said: list[Said] = []
    for role in record.access.roles:
        if role.role is not None:
            said += t.prose(role.role)
    for one in record.recipients:
        said += t.name(one.name) if one.name else t.prose(one.category) if one.category is not None else ()
    for one in record.processors:
        said += t.name(one.name) if one.name else t.prose(one.stated_as) if one.stated_as is not None else ()
    if said:
        return _some(t, said)
    return t.silent(
        "disclosures", record.disclosures.status if record.disclosures.status != "stated" else "not_stated"
    )


def _where(t: Teller) -> Told:
    part = t.record.transfers
    if part.status == "stated":
        countries = list(dict.fromkeys(one.country for one in part.items_ if one.country))
        certainty = [t.words.term("transfer_certainties", part.certainty)] if part.certainty else []
        said = certainty + [t.words.country(country) for country in countries]
        return Told(tuple(said) or (t.words.said("stated"),))
    if part.status == "partly_stated" and part.wording == "disclosure":
        return Told((), part.status, t.words("gaps.transfers.only_disclosure"))
    return t.silent("transfers", part.status)


def _rights(t: Teller) -> Told:
    said = [asking.right_named(t, one.right) for one in t.record.rights if one.status == "stated"]
    return _some(t, said) if said else t.silent("rights_summary")


def _some(t: Teller, said: tuple[Said, ...] | list[Said]) -> Told:
    """The first few, each once, and how many more there are."""
    each = list(dict.fromkeys(said))
    if len(each) <= NAMED + 1:
        return Told(tuple(each))
    more = t.words.said("and_more", code=str(len(each) - NAMED), count=len(each) - NAMED)
    return Told((*each[:NAMED], more))
