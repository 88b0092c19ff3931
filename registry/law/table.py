"""The law table: read once, frozen, and asked what holds on a day.

``law()`` is the table as printed. A what-if is another table: ``dataclasses.replace(law(), instruments={...})``.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from types import MappingProxyType
from typing import Any

from registry.law import names, reading, soundness
from registry.law.values import (
    Act,
    ActStatus,
    Area,
    Authority,
    Change,
    Decision,
    Instrument,
    RetentionRule,
    Right,
    Vendor,
    Vocabulary,
    Watched,
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Law:
    """What the law says, entry by entry, each by its key.

    `as_printed_on`: the day up to which somebody looked, to be printed wherever the table decides something;
    `editions`: the same for each data file. `digest`: SHA-256 of the files, for ETags.
    """

    as_printed_on: date
    editions: Mapping[str, date]
    digest: str
    instruments: Mapping[str, Instrument]
    acts: Mapping[str, Act]
    retention_rules: Mapping[str, RetentionRule]
    rights: Mapping[str, Right]
    vocabularies: Mapping[str, Vocabulary]
    vendors: Mapping[str, Vendor]
    areas: Mapping[str, Area]
    authority: Authority
    decisions: Mapping[str, Decision]
    watch: Mapping[str, Watched]
    prefixes: Mapping[str, str]

    # --- acts

    def act(self, printed: str) -> Act | None:
        """The act that a notice means by `printed`: "Henkilötietolaki 523/1999", "HetiL", "(EU) 2016/679".

        None if the text names no act of the table, or more than one.
        """
        if printed in self.acts:
            return self.acts[printed]
        found = self.acts_in(printed)
        return found[0] if len(found) == 1 else None

    def acts_in(self, text: str) -> tuple[Act, ...]:
        """The acts that a text names, each once, in the order of the table."""
        return tuple(self.acts[key] for key in self._act_names.found_in(text))

    @functools.cached_property
    def _act_names(self) -> names.ActNames:
        return names.ActNames(self.acts.values())

    # --- transfers

    def adequacy(self, area: str, day: date) -> Instrument | None:
        """The adequacy decision in force for a territory on `day`, for an exporter in the EU; its `needs` apply."""
        for one in self.instruments.values():
            if (one.kind, one.exporter, one.scope) == ("adequacy", "EU", area) and one.valid_on(day):
                return one
        return None

    def in_eea(self, area: str, day: date) -> bool | None:
        """Whether data in `area` (ISO 3166-1, EU, EEA) is inside the EU and EEA on `day`; None for other words.

        The United Kingdom is inside until 31 December 2020. Between that day and its adequacy decision sending data
        there was not held to be a transfer: see `standing`.
        """
        if area in ("EU", "EEA"):
            return True
        if len(area) != 2 or not area.isascii() or not area.isupper():
            return None
        return self.standing(area, day) in ("member", "eea", "transition")

    def standing(self, country: str, day: date) -> str | None:
        """member, eea, transition, bridge, or None for a third country."""
        area = self.areas.get(country)
        if area is not None and area.part_of is not None:
            area = self.areas[area.part_of]
        return area.standing_on(day) if area is not None else None

    # --- vendors

    def vendor(self, name: str | None) -> Vendor | None:
        """The vendor so named, whatever the capitals, punctuation and form of company ("Zendesk Inc", "Tawk.to")."""
        key = self._companies.get(names.company(name or ""))
        return self.vendors[key] if key is not None else None

    def vendors_in(self, text: str) -> tuple[Vendor, ...]:
        """The vendors that a text names somewhere ("Tawk.to asiakasrekisteri"), in the order of the catalogue."""
        padded = f" {names.company(text)} "
        found = {key for name, key in self._companies.items() if f" {name} " in padded}
        return tuple(vendor for key, vendor in self.vendors.items() if key in found)

    @functools.cached_property
    def _companies(self) -> Mapping[str, str]:
        return names.companies(self.vendors.values())

    def third_countries(self, vendor: Vendor, day: date) -> tuple[str, ...]:
        """Codes of the third countries that data reaches with this vendor: its seat, and where it always hosts."""
        reached = (vendor.country, *(place.area for place in vendor.hosting if place.always))
        return tuple(dict.fromkeys(code for code in reached if self.in_eea(code, day) is False))

    # --- retention, rights, words

    def retention_rule_status(self, rule: RetentionRule, day: date) -> ActStatus:
        """How a floor or ceiling stands on `day`: as its act does, within its own dates."""
        if rule.valid_from is not None and day < rule.valid_from:
            return "not_yet"
        if rule.ended_on is not None and day >= rule.ended_on:
            return "repealed"
        return self.acts[rule.act].status_on(day)

    def rights_owed(self, bases: Iterable[str]) -> tuple[str, ...]:
        """Keys of the rights that a notice has to name under these bases (``6(1)(a)`` ...), in the order of the table.

        Those that every basis gives (access, rectification, erasure, restriction, complaint) also when there is none.
        """
        given = tuple(bases)
        return tuple(
            right.key
            for right in self.rights.values()
            if right.in_notice == "always"
            or (right.in_notice == "by_basis" and any(right.under(basis) == "applies" for basis in given))
        )

    def word(self, vocabulary: str, key: str, language: str) -> str:
        """A word of a vocabulary for readers; `key` itself where it has none. KeyError for an unknown vocabulary."""
        return self.vocabularies[vocabulary].name(key, language)

    def iri(self, term: str) -> str:
        """The full IRI of a compact one: ``pd:Name``. KeyError for an unknown prefix."""
        prefix, _, local = term.partition(":")
        return self.prefixes[prefix] + local

    # --- time

    def changes(self, after: date, until: date) -> tuple[Change, ...]:
        """What began or ended after the day `after` and up to the day `until`, oldest first."""
        return tuple(change for change in self._history if after < change.day <= until)

    @functools.cached_property
    def _history(self) -> tuple[Change, ...]:
        told: list[tuple[Any, ...]] = []
        for one in self.instruments.values():
            told += [
                (one.valid_from, "instrument", one.key, "begins"),
                (one.new_contracts_until, "instrument", one.key, "no_new_contracts", one.ended_by),
                (one.ended_on, "instrument", one.key, "ends", one.ended_by),
            ]
        for act in self.acts.values():
            told += [
                (act.begins, "act", act.key, "begins"),
                (act.displaced_on, "act", act.key, "displaced", act.displaced_by),
                (act.repealed_on, "act", act.key, "repealed", act.repealed_by),
            ]
        parts = ("day", "of", "key", "event", "by")
        changes = (Change(**dict(zip(parts, row, strict=False))) for row in told if row[0] is not None)
        return tuple(sorted(changes, key=lambda change: (change.day, change.of, change.key, change.event)))


@functools.cache
def law() -> Law:
    """The table as printed. Raises reading.Misprint if a data file cannot be right."""
    folder = resources.files("registry.law") / "data"
    files = sorted(
        (item for item in folder.iterdir() if item.name.endswith(".yaml")), key=lambda item: item.name
    )
    return printed({item.name: item.read_text("utf-8") for item in files})


def printed(files: Mapping[str, str]) -> Law:
    """The table that these data files (name: text) make up. Raises reading.Misprint for what cannot be right."""
    digest = hashlib.sha256()
    parts: dict[str, dict[str, Any]] = {part: {} for part in (*_KINDS, "prefixes", "authority")}
    editions: dict[str, date] = {}
    for name, text in files.items():
        digest.update(f"{name}\0{text}\0".encode())
        editions[name], contents = _file(name, text)
        for part, read in contents.items():
            if taken := parts[part].keys() & read.keys():
                raise reading.Misprint(f"{name}: {part}: the key is taken: {', '.join(sorted(taken))}")
            parts[part] |= read
    if len(parts["authority"]) != 1:
        raise reading.Misprint("there is one supervisory authority")
    (authority,) = parts.pop("authority").values()
    table = Law(
        as_printed_on=max(editions.values()),
        editions=MappingProxyType(editions),
        digest=digest.hexdigest(),
        authority=authority,
        **{part: MappingProxyType(read) for part, read in parts.items()},
    )
    if faults := soundness.faults(table):
        raise reading.Misprint("; ".join(faults))
    return table


@functools.lru_cache(maxsize=32)
def _file(name: str, text: str) -> tuple[date, Mapping[str, Mapping[str, Any]]]:
    """The edition of one data file, and the entries of its parts."""
    data = reading.parse(text, name)
    edition = data.pop("as_printed_on", None)
    if type(edition) is not date:
        raise reading.Misprint(f"{name}: as_printed_on is not a day")
    return edition, {part: _read(part, content, f"{name}, {part}") for part, content in data.items()}


_KINDS: dict[str, type] = {
    "instruments": Instrument,
    "acts": Act,
    "retention_rules": RetentionRule,
    "rights": Right,
    "vocabularies": Vocabulary,
    "vendors": Vendor,
    "areas": Area,
    "decisions": Decision,
    "watch": Watched,
}


def _read(part: str, content: Any, where: str) -> Mapping[str, Any]:
    if part == "authority":
        authority = reading.build(Authority, content, where)
        return {authority.key: authority}
    if part == "prefixes":
        return reading.words(content, where)
    if part not in _KINDS:
        raise reading.Misprint(f"{where}: no such part")
    return reading.entries(_KINDS[part], content, where)
