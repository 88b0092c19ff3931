"""A retention rule: how long the data of one category is kept, from when, what happens then, and on what it rests."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from registry.retention.rules import events

Texts = Mapping[str, str]
#: Why a category has no period although one is stated. Whoever reads any of these keeps the data.
Conflict = Literal[
    "not_comparable",
    "start_events_differ",
    "actions_differ",
    "not_measurable",
    "below_floor",
    "change_pending",
]


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """What a period runs from: as stated, by language, and as a word of rules.events where it is one."""

    text: Texts
    token: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Life:
    """How long data may live at most, the interval between two purges included: `period` after `counted_from`."""

    period: str
    counted_from: Literal["start_event", "criterion"]


@dataclasses.dataclass(frozen=True, slots=True)
class Statute:
    """A retention rule of the law that the record names; without an `act` the law table does not know it.

    In force while its act is, from `valid_from` to the day before `ended_on` where it has days of its own.
    """

    key: str
    act: str | None = None
    section: str | None = None
    duration: str | None = None
    starts_from: Texts | None = None
    valid_from: str | None = None
    ended_on: str | None = None
    sure: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class LegalSource:
    """What a rule rests on: the legal bases of the category (articles, acts), floor and ceiling of the law, policy."""

    articles: tuple[str, ...]
    statutes: tuple[str, ...]
    floor: Statute | None
    ceiling: Statute | None
    policy: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """Where the record states it: JSON Pointer, line and words of the source document."""

    statement: str
    line: int | None
    quote: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """The rule for one data category of one register, in one version of it.

    `period` is ISO 8601, counted from `start_event`; null where the end is a `criterion`, whose event
    `caller_supplies`, and null in a `conflict`. Where both stand, both must have passed. `of` statements were in force
    for the category, this being the longest. `data_subjects`: the only people it holds for; None: everybody. A day ends
    in `time_zone`, the controller's.
    """

    controller: str
    register: str
    systems: tuple[str, ...]
    category: str
    text: Texts | None
    data_category: str | None
    data_subjects: tuple[str, ...] | None
    period: str | None
    start_event: Event | None
    criterion: Texts | None
    caller_supplies: Event | None
    action: str | None
    mode: str | None
    interval: str | None
    longest_life: Life | None
    longest_life_stated: str | None
    legal_source: LegalSource
    of: int
    conflict_because: Conflict | None
    version: int
    effective_from: str
    sources: tuple[Source, ...]
    time_zone: str

    @property
    def conflict(self) -> bool:
        """Whether statements for this category cannot be told apart in length: then keep."""
        return self.conflict_because is not None

    @property
    def ends(self) -> str:
        """What happens and what is counted from, as one text: only periods of rules alike in it can be compared."""
        start, criterion = _said(self.start_event), _said(self.caller_supplies)
        return " | ".join((self.action or "", start, criterion))

    def document(self, **more: Any) -> dict[str, Any]:
        """The rule as it is served: plain data for JSON, every member there, null where nothing is stated."""
        return {**dataclasses.asdict(self), "conflict": self.conflict, **more}


def _said(event: Event | None) -> str:
    if event is None:
        return ""
    return event.token or "; ".join(f"{tag}: {events.plain(event.text[tag])}" for tag in sorted(event.text))
