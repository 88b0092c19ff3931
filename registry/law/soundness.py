"""What the law table may not say: overlaps, contradictions, references into nowhere. Asked whenever it is read."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from registry.errors import Problem
from registry.law import names, periods
from registry.law.values import GDPR_APPLIES, Act, Entry, Instrument, names_of

if TYPE_CHECKING:
    from registry.law.table import Law

_COUNTRY = re.compile(r"[A-Z]{2}")


def faults(law: Law) -> list[str]:
    """Everything that cannot be right, one sentence each, beginning with the key of the entry; empty if nothing is."""
    return [
        *_memory(law),
        *(f"{one.key}: {fault}" for one in law.instruments.values() for fault in _instrument(law, one)),
        *_overlaps(law),
        *(f"{act.key}: {fault}" for act in law.acts.values() for fault in _act(law, act)),
        *_act_names(law),
        *_retention(law),
        *_rights(law),
        *_vendors(law),
        *_areas(law),
        *_terms(law),
    ]


def _entries(law: Law) -> Iterator[Entry]:
    return itertools.chain(
        (law.authority,),
        law.instruments.values(),
        law.acts.values(),
        law.retention_rules.values(),
        law.rights.values(),
        law.vocabularies.values(),
        law.vendors.values(),
        law.areas.values(),
        law.decisions.values(),
        law.watch.values(),
    )


def _memory(law: Law) -> Iterator[str]:
    for entry in _entries(law):
        for name in entry.from_memory:
            if name.partition(".")[0] not in names_of(type(entry)):
                yield f"{entry.key}: from_memory names no field: {name}"


def _instrument(law: Law, one: Instrument) -> Iterator[str]:
    yield from _validity(one)
    if one.gdpr_ground != (one.article is not None):
        yield "gdpr_ground and article go together"
    if one.gdpr_ground and (
        one.exporter != "EU" or (one.ended_on is not None and one.ended_on <= GDPR_APPLIES)
    ):
        yield "cannot have been a ground for an exporter under the GDPR"
    if one.article is not None and one.article not in law.vocabularies["transfer_grounds"].terms:
        yield f"no such ground of transfer: {one.article}"
    for need in one.needs:
        if need not in law.vocabularies["transfer_needs"].terms:
            yield f"no such need: {need}"


def _validity(one: Instrument) -> Iterator[str]:
    if (one.kind == "none") != (one.valid_from is None):
        yield "every instrument has valid_from, and what is none has not"
    begins = one.valid_from or date.max
    if one.adopted is not None and one.adopted > begins:
        yield "in force before it was adopted"
    if one.ended_on is not None and one.ended_on <= begins:
        yield "ended before it was in force"
    if (one.ended_on is None) != (one.ended_by is None):
        yield "ended_on and ended_by go together"
    if one.sunset is not None and (one.ended_on is None or one.ended_on > one.sunset + timedelta(days=1)):
        yield "in force after its sunset"
    for name in ("certification_from", "new_contracts_until"):
        inner: date | None = getattr(one, name)
        if inner is None:
            continue
        if inner < begins or inner > (one.ended_on or date.max):
            yield f"{name} lies outside its validity"
        if name == "new_contracts_until" and one.ended_on is None:
            yield "closed to new contracts, and open-ended"


def _overlaps(law: Law) -> Iterator[str]:
    def scope(one: tuple[date, Instrument]) -> tuple[str, str, str]:
        return one[1].kind, one[1].exporter, one[1].scope

    dated = [(one.valid_from, one) for one in law.instruments.values() if one.valid_from is not None]
    for _, group in itertools.groupby(sorted(dated, key=scope), key=scope):
        for (_, earlier), (begins, later) in itertools.pairwise(sorted(group, key=lambda one: one[0])):
            if earlier.ended_on is None:
                yield f"{later.key}: begins while {earlier.key} of the same scope is open-ended"
            elif begins < earlier.ended_on:
                yield f"{later.key}: begins before {earlier.key} of the same scope has ended"


def _act(law: Law, act: Act) -> Iterator[str]:
    if act.given is not None and act.given > act.in_force:
        yield "in force before it was given"
    if act.applies_from is not None and act.applies_from < act.in_force:
        yield "applies before it is in force"
    for on, by, what in (
        (act.displaced_on, act.displaced_by, "displaced"),
        (act.repealed_on, act.repealed_by, "repealed"),
    ):
        if (on is None) != (by is None):
            yield f"{what}_on and {what}_by go together"
        if on is not None and on <= act.begins:
            yield f"{what} before it applied"
        if by is not None and (by == act.key or by not in law.acts):
            yield f"{what} by an act that the table does not have: {by}"
        elif by is not None and on is not None and law.acts[by].begins > on:
            yield f"{what} by {by}, which begins later"
    if act.displaced_on is not None and act.repealed_on is not None and act.repealed_on <= act.displaced_on:
        yield "displaced after it was repealed"
    numbers = [section.number for section in act.sections]
    if len(set(numbers)) != len(numbers):
        yield "a section is listed twice"


def _act_names(law: Law) -> Iterator[str]:
    for act in law.acts.values():
        for printed in (act.key, act.number, act.name.fi, act.name.sv, *act.abbreviations):
            found = [other.key for other in law.acts_in(printed)]
            if found != [act.key] and printed != act.key:
                yield f"{act.key}: {printed} is read as {', '.join(found) or 'nothing'}"


def _retention(law: Law) -> Iterator[str]:
    for rule in law.retention_rules.values():
        try:
            periods.parse(rule.duration)
        except Problem as error:
            yield f"{rule.key}: {error}"
        if rule.act not in law.acts:
            yield f"{rule.key}: no such act: {rule.act}"
        elif rule.valid_from is not None and rule.valid_from < law.acts[rule.act].begins:
            yield f"{rule.key}: valid before its act"
        if rule.valid_from is not None and rule.ended_on is not None and rule.ended_on <= rule.valid_from:
            yield f"{rule.key}: ended before it was valid"


def _rights(law: Law) -> Iterator[str]:
    for right in law.rights.values():
        if sorted(right.by_basis) != list("abcdef"):
            yield f"{right.key}: by_basis says something of each of a-f"
        if right.in_notice == "by_basis" and set(right.by_basis.values()) <= {"none"}:
            yield f"{right.key}: no basis gives it"


def _vendors(law: Law) -> Iterator[str]:
    known = {
        "system_kinds": law.vocabularies["system_kinds"].terms,
        "collects": law.vocabularies["personal_data"].terms,
        "sub_processors": law.vendors,
    }
    for vendor in law.vendors.values():
        for name, words in known.items():
            for word in getattr(vendor, name):
                if word not in words:
                    yield f"{vendor.key}: {name}: no such word: {word}"
        for tool in vendor.tools:
            if tool.instrument not in law.instruments:
                yield f"{vendor.key}: no such instrument: {tool.instrument}"
        for area in (vendor.country, *(place.area for place in vendor.hosting)):
            if area not in ("EU", "EEA") and not _COUNTRY.fullmatch(area):
                yield f"{vendor.key}: not a country: {area}"
    try:
        names.companies(law.vendors.values())
    except ValueError as error:
        yield str(error)


def _areas(law: Law) -> Iterator[str]:
    for area in law.areas.values():
        if not _COUNTRY.fullmatch(area.key):
            yield f"{area.key}: not a country"
        if (area.part_of is None) == (not area.periods):
            yield f"{area.key}: has periods, or is part of a country that has"
        if area.part_of is not None and (area.part_of not in law.areas or law.areas[area.part_of].part_of):
            yield f"{area.key}: part of nowhere"
        for period in area.periods:
            if period.until is not None and period.until <= period.since:
                yield f"{area.key}: {period.standing} until before it began"
        for earlier, later in itertools.pairwise(area.periods):
            if earlier.until is None or later.since < earlier.until:
                yield f"{area.key}: {later.standing} begins before {earlier.standing} ends"


def _terms(law: Law) -> Iterator[str]:
    named = [(entry.key, getattr(entry, "dpv", None)) for entry in _entries(law)]
    for vocabulary in law.vocabularies.values():
        if not vocabulary.terms:
            yield f"{vocabulary.key}: no words"
        named += [(f"{vocabulary.key}, {term.key}", term.dpv) for term in vocabulary.terms.values()]
    for key, term in named:
        if term is not None and term.partition(":")[0] not in law.prefixes:
            yield f"{key}: no such prefix: {term}"
