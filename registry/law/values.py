"""The entries of the law table, as frozen values: what they hold, and what they say of a day."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

#: First day of application of Regulation (EU) 2016/679 (its article 99(2)).
GDPR_APPLIES = date(2018, 5, 25)

Sure = Literal["high", "mid", "low"]
ActStatus = Literal["not_yet", "in_force", "displaced", "repealed"]
InstrumentStatus = Literal["not_yet", "valid", "ended"]
Given = Literal["applies", "limited", "none"]


@dataclass(frozen=True, slots=True)
class Labels:
    """A word for readers in Finnish, Swedish and English. Begins with a small letter unless it is a name."""

    fi: str
    sv: str
    en: str

    def get(self, language: str) -> str:
        """The word in `language` (BCP 47; only its first part counts), in English where we do not have it."""
        return {"fi": self.fi, "sv": self.sv}.get(language.partition("-")[0].lower(), self.en)

    def heading(self, language: str) -> str:
        """The same with a capital, to begin a line with."""
        word = self.get(language)
        return word[:1].upper() + word[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What every entry carries: its key, how sure it is, where it was read, and which of its fields were not read."""

    key: str
    sure: Sure
    source: str
    note: str = ""
    from_memory: tuple[str, ...] = ()


def remembered(entry: Entry | Section, name: str | None = None) -> bool:
    """Whether `entry` (or its field `name`) is only remembered, and so has to say so where it decides a finding."""
    if entry.source == "memory":
        return True
    return name is not None and any(item.partition(".")[0] == name for item in entry.from_memory)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument(Entry):
    """Something that a transfer to a third country rests on (GDPR, Chapter V), or once did.

    `ended_on` is the first day without it. `scope` is a territory (ISO 3166-1), an organisation or a set of clauses;
    of one `kind`, `exporter` and `scope` there is one at a time. `needs`: what must also be there (transfer_needs).
    """

    name: Labels
    kind: Literal["adequacy", "clauses", "binding_rules", "other_safeguard", "derogation", "none"]
    scope: str
    reference: str
    gdpr_ground: bool
    exporter: Literal["EU", "CH"] = "EU"
    adopted: date | None = None
    valid_from: date | None = None
    ended_on: date | None = None
    ended_by: str | None = None
    sunset: date | None = None
    certification_from: date | None = None
    new_contracts_until: date | None = None
    article: str | None = None
    needs: tuple[str, ...] = ()
    not_for_public_tasks: bool = False
    dpv: str | None = None
    watch: str | None = None

    def valid_on(self, day: date) -> bool:
        """Whether it is in force on `day`: valid_from <= day < ended_on. What is not dated (none_stated) never is."""
        if self.valid_from is None or day < self.valid_from:
            return False
        return self.ended_on is None or day < self.ended_on

    def ground_on(self, day: date) -> bool:
        """Whether an exporter under the GDPR may rest a transfer on it on `day`, as far as the instrument goes.

        False before the GDPR applied: of an earlier day ask `valid_on`. `needs` still has to be met.
        """
        return self.gdpr_ground and day >= GDPR_APPLIES and self.valid_on(day)

    def status_on(self, day: date) -> InstrumentStatus:
        """not_yet, valid or ended. What is not dated is not_yet."""
        if self.valid_on(day):
            return "valid"
        return "ended" if self.ended_on is not None and day >= self.ended_on else "not_yet"

    def covers_contract(self, made_on: date, day: date) -> bool:
        """Whether clauses agreed on `made_on` still count on `day` ((EU) 2021/914, article 4)."""
        if not self.valid_on(made_on) or not self.valid_on(day) or day < made_on:
            return False
        return self.new_contracts_until is None or made_on < self.new_contracts_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of an act or an article of a regulation. `about`: words of what acts are cited for, and rights."""

    number: str
    about: tuple[str, ...]
    text: Labels
    sure: Sure
    source: str
    from_memory: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Act(Entry):
    """An act or a regulation, and when it was law. `repealed_on` and `displaced_on` are first days without it."""

    name: Labels
    number: str
    in_force: date
    abbreviations: tuple[str, ...] = ()
    printed: tuple[str, ...] = ()
    given: date | None = None
    applies_from: date | None = None
    displaced_on: date | None = None
    displaced_by: str | None = None
    repealed_on: date | None = None
    repealed_by: str | None = None
    sections: tuple[Section, ...] = ()

    @property
    def begins(self) -> date:
        """The first day on which it applies."""
        return self.applies_from or self.in_force

    def status_on(self, day: date) -> ActStatus:
        """not_yet (before it applies), in_force, displaced (by another act, and not repealed) or repealed."""
        if day < self.begins:
            return "not_yet"
        if self.repealed_on is not None and day >= self.repealed_on:
            return "repealed"
        if self.displaced_on is not None and day >= self.displaced_on:
            return "displaced"
        return "in_force"

    def sections_about(self, topic: str) -> tuple[Section, ...]:
        """The sections about `topic` (access, transfer ...): what a citation for it should name."""
        return tuple(section for section in self.sections if topic in section.about)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule(Entry):
    """A statutory floor or ceiling, in force while its act is, within its own dates if it has any (half-open)."""

    act: str
    kind: Literal["floor", "ceiling"]
    duration: str
    starts_from: Labels
    applies_to: Labels
    section: str | None = None
    valid_from: date | None = None
    ended_on: date | None = None
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Right(Entry):
    """A right of the people in a register, and which basis gives it (`by_basis`: letters a-f of GDPR 6(1))."""

    name: Labels
    article: str
    by_basis: Mapping[str, Given]
    in_notice: Literal["always", "by_basis", "if_used", "no"]
    limits: str = ""
    dpv: str | None = None

    def under(self, basis: str) -> Given:
        """What the basis, such as ``6(1)(f)``, gives of it. KeyError for another word."""
        if not basis.startswith("6(1)("):
            raise KeyError(basis)
        return self.by_basis[basis[5:-1]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word of a vocabulary: how readers are told it, and the nearest term of DPV."""

    key: str
    name: Labels
    dpv: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary(Entry):
    """A closed list of words, in the order in which they are shown."""

    what: str
    terms: Mapping[str, Term]

    def name(self, key: str, language: str) -> str:
        """The word for readers; the key itself where the vocabulary does not have it, as with other terms of DPV."""
        term = self.terms.get(key)
        return key if term is None else term.name.get(language)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosting:
    """Where a vendor keeps data: a country, EU or EEA; `always`, or only as `when` says."""

    area: str
    always: bool
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What is known of a vendor and a transfer instrument."""

    instrument: str
    state: Literal["seen", "not_confirmed", "not_found"]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor(Entry):
    """A vendor of systems: legal entity, seat, hosting, and the level of the evidence for it."""

    name: str
    legal_entity: str
    country: str
    evidence: Literal["api", "export", "attestation", "vendor_doc"]
    aliases: tuple[str, ...]
    website: str = ""
    system_kinds: tuple[str, ...] = ()
    hosting: tuple[Hosting, ...] = ()
    tools: tuple[Tool, ...] = ()
    collects: tuple[str, ...] = ()
    sub_processors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """How a country stood towards the EU and EEA: from `since` until the day before `until`."""

    standing: Literal["member", "eea", "transition", "bridge"]
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Area(Entry):
    """A country (ISO 3166-1) with its standing over time, or a territory that is `part_of` one."""

    periods: tuple[Period, ...] = ()
    part_of: str | None = None

    def standing_on(self, day: date) -> str | None:
        """member, eea, transition or bridge; None outside. To a bridge, data could go as if it were inside."""
        for period in self.periods:
            if period.since <= day and (period.until is None or day < period.until):
                return period.standing
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority(Entry):
    """The supervisory authority, as notices print it (GDPR 77)."""

    country: str
    name: Labels
    visiting_address: Labels
    postal_address: Labels
    phone: str
    email: str
    website: str
    article: str
    dpv: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Entry):
    """A decision of the authority that a check leans on."""

    decided_on: date
    respondent: str
    says: Labels
    articles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched(Entry):
    """Something that may change the law, and has not."""

    what: str
    since: date
    touches: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that happened to an instrument or an act on a day (LAW205, forecasts)."""

    day: date
    of: Literal["instrument", "act"]
    key: str
    event: Literal["begins", "ends", "no_new_contracts", "displaced", "repealed"]
    by: str | None = field(default=None)


def names_of(entry: type) -> frozenset[str]:
    """The fields of a kind of entry."""
    return frozenset(item.name for item in dataclasses.fields(entry))
