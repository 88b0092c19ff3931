"""What a change to a record calls for: pure functions of the record before and after, and of the law on a day."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from registry.catalogue.diff import diff
from registry.catalogue.record import Localised, Record
from registry.catalogue.record.processing import SCALES
from registry.consequences.triggers import BY_INSTRUMENT, TRIGGERS
from registry.law import Law
from registry.law.names import company
from registry.telling.internal import internal
from registry.telling.render import render
from registry.telling.value import Standing
from registry.telling.words import languages


@dataclasses.dataclass(frozen=True, slots=True)
class Called:
    """Something called for. `field` is a JSON Pointer into the record after; `met_by` where the record shows that it
    is done already.
    """

    trigger: str
    field: str
    law: tuple[str, ...]
    what: str = ""
    met_by: str | None = None

    def told(self) -> dict[str, Any]:
        """As it is served."""
        trigger = TRIGGERS[self.trigger]
        return {
            "call": trigger.call,
            "trigger": self.trigger,
            "field": self.field,
            "law": list(self.law),
            "message": {"fi": trigger.fi.format(what=self.what), "en": trigger.en.format(what=self.what)},
            "met_by": self.met_by,
        }


@dataclasses.dataclass(frozen=True)
class Change:
    """A record before and after a change, and the law by which to judge it, on a day."""

    before: Record
    after: Record
    law: Law
    day: date

    def called(
        self,
        trigger: str,
        field: str,
        what: Any = "",
        *,
        met_by: str | None = None,
        law: tuple[str, ...] | None = None,
    ) -> Called:
        """Something called for by `trigger`."""
        return Called(trigger, field, law or TRIGGERS[trigger].law, _word(what), met_by)

    def party(self, *names: str | None) -> str:
        """What tells a company from others: the vendor that it is, else its name without the form of company."""
        for name in names:
            if name and (vendor := self.law.vendor(name)) is not None:
                return vendor.key
        return next((company(name) for name in names if name), "")


def calls(change: Change, bodies: tuple[Mapping[str, Any], Mapping[str, Any]]) -> list[Called]:
    """Everything that a change calls for; `bodies` are the registers as declared, before and after."""
    found: Iterator[Called] = itertools.chain.from_iterable(ask(change) for ask in _QUESTIONS)
    return [*notice(change, *bodies), *found]


def notice(change: Change, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Called]:
    """A new notice, if in any language something else would be published."""
    standing = Standing(0, "1970-01-01T00:00:00.000000Z", "1970-01-01T00:00:00.000000Z")
    if all(
        render(change.before, standing, language) == render(change.after, standing, language)
        for language in languages()
    ):
        return
    fields = [one["field"] for one in diff(before, after) if not internal(one["field"])] or [""]
    # What was inside a part that is new as a whole, or gone, is told by that part.
    for part in dict.fromkeys("/".join(field.split("/")[:2]) for field in fields):
        yield change.called("published_differs", part, part.removeprefix("/"))


def purposes(change: Change) -> Iterator[Called]:
    """Purposes that were not there in these words."""
    before = {text for one in change.before.purposes for text in _texts(one.text)}
    for index, one in enumerate(change.after.purposes):
        if (texts := _texts(one.text)) and not texts & before:
            yield change.called("purpose_added", f"/purposes/{index}", one.text)


def sensitive(change: Change) -> Iterator[Called]:
    """Data that asks for more care: special categories, criminal convictions, national identification numbers."""
    for mark, trigger in (
        ("special", "special_category_added"),
        ("criminal", "criminal_data_added"),
        ("national_id", "national_id_added"),
    ):
        before = {_data(one) for one in change.before.data_categories if getattr(one, mark)}
        for index, one in enumerate(change.after.data_categories):
            if getattr(one, mark) and _data(one) not in before:
                yield change.called(trigger, f"/data_categories/{index}", one.text or one.pd)
    known = {one.exception for one in change.before.special_category_bases}
    for index, one in enumerate(change.after.special_category_bases):
        if one.exception and one.exception not in known:
            yield change.called("special_category_added", f"/special_category_bases/{index}", one.exception)
    if change.after.criminal_data_basis and not change.before.criminal_data_basis:
        basis = change.after.criminal_data_basis.statute_ref
        yield change.called("criminal_data_added", "/criminal_data_basis", basis)


def people(change: Change) -> Iterator[Called]:
    """Children and other vulnerable people who were not in the register."""
    before = {one.category for one in change.before.data_subjects if _vulnerable(one)}
    for index, one in enumerate(change.after.data_subjects):
        if _vulnerable(one) and one.category not in before:
            yield change.called("vulnerable_added", f"/data_subjects/{index}", one.text or one.category)


def decisions(change: Change) -> Iterator[Called]:
    """Automated decisions or profiling where there were none."""
    if _decides(change.after) and not _decides(change.before):
        yield change.called("automated_decisions_added", "/automated_decisions")


def scale(change: Change) -> Iterator[Called]:
    """More people than before."""
    before, after = change.before.data_scale, change.after.data_scale
    if before and after and SCALES.index(after) > SCALES.index(before):
        yield change.called("scale_up", "/data_scale", f"{before} → {after}")


def sources(change: Change) -> Iterator[Called]:
    """Other controllers and public registers that data did not come from, and combining that was not said."""
    outside = ("other_controller", "public_register")
    before = {(one.type, frozenset(_texts(one.text))) for one in change.before.sources}
    for index, one in enumerate(change.after.sources):
        if one.type in outside and (one.type, frozenset(_texts(one.text))) not in before:
            yield change.called("source_added", f"/sources/{index}", one.text or one.type)
    if change.after.data_combination and not change.before.data_combination:
        yield change.called("combination_added", "/data_combination")


def processors(change: Change) -> Iterator[Called]:
    """Processors, their processors, and vendors of systems run elsewhere, that were not there."""
    before = set(_processing(change, change.before))
    below = {
        (change.party(one.legal_entity, one.name), change.party(sub.name))
        for one in change.before.processors
        for sub in one.sub_processors
    }
    for index, one in enumerate(change.after.processors):
        field, party = f"/processors/{index}", change.party(one.legal_entity, one.name)
        if party not in before:
            met_by = f"{field}/contract_ref" if one.contract_ref else None
            what = one.legal_entity or one.name or one.stated_as
            yield change.called("processor_added", field, what, met_by=met_by)
        for position, sub in enumerate(one.sub_processors):
            if sub.name and (party, change.party(sub.name)) not in below and party in before:
                yield change.called("sub_processor_added", f"{field}/sub_processors/{position}", sub.name)
    named = before | {change.party(one.legal_entity, one.name) for one in change.after.processors}
    for index, system in enumerate(change.after.systems):
        if _elsewhere(system) and change.party(system.vendor) not in named:
            yield change.called("hosted_system_added", f"/systems/{index}", system.vendor or system.name)


def transfers(change: Change) -> Iterator[Called]:
    """Transfers to somebody, to a country or on an instrument that there was not."""
    before: dict[str, list[tuple[str | None, str | None]]] = {}
    assessed = {one.tia_ref for one in change.before.transfers.items_ if one.tia_ref}
    for one in change.before.transfers.items_:
        before.setdefault(change.party(one.importer), []).append((one.country, one.instrument))
    for index, one in enumerate(change.after.transfers.items_):
        known = before.get(change.party(one.importer))
        if known is not None and (one.country, one.instrument) in known:
            continue
        if known is None:
            trigger = "transfer_added"
        elif one.country not in {country for country, _ in known}:
            trigger = "transfer_country_changed"
        else:
            trigger = "transfer_instrument_changed"
        field = f"/transfers/items/{index}"
        met_by = f"{field}/tia_ref" if one.tia_ref and one.tia_ref not in assessed else None
        instrument = change.law.instruments.get(one.instrument or "")
        law = BY_INSTRUMENT.get(instrument.kind) if instrument else None
        told = ", ".join(filter(None, (one.importer, one.country, one.instrument)))
        yield change.called(trigger, field, told, met_by=met_by, law=law)


def storage(change: Change) -> Iterator[Called]:
    """Third countries in which data was not kept."""
    before = {one.area for one in change.before.storage_locations}
    for index, one in enumerate(change.after.storage_locations):
        outside = one.area is not None and change.law.in_eea(one.area, change.day) is False
        if outside and one.area not in before:
            yield change.called("storage_outside_added", f"/storage_locations/{index}", one.area)


_QUESTIONS: tuple[Callable[[Change], Iterator[Called]], ...] = (
    purposes, sensitive, people, decisions, scale, sources, processors, transfers, storage,
)  # fmt: skip


def _processing(change: Change, record: Record) -> Iterator[str]:
    for one in record.processors:
        yield change.party(one.legal_entity, one.name)
    for system in record.systems:
        if _elsewhere(system):
            yield change.party(system.vendor)


def _elsewhere(system: Any) -> bool:
    return system.delivery in ("SaaS", "hosted") or bool(system.vendor and system.delivery != "on_premises")


def _vulnerable(one: Any) -> bool:
    return bool(one.vulnerable or one.children or one.category in ("child", "patient"))


def _decides(record: Record) -> bool:
    said = record.automated_decisions
    return bool(said.profiling) or said.status in ("stated", "partly_stated")


def _data(one: Any) -> tuple[Any, ...]:
    return one.pd, frozenset(_texts(one.text))


def _texts(text: Localised | None) -> set[str]:
    """A text in each of its languages, for comparing: small letters, single spaces."""
    return {" ".join(one.casefold().split()) for one in text.texts.values()} if text else set()


def _word(value: Any) -> str:
    return "" if value is None else str(value)
