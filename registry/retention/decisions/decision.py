"""One decision: may this data be deleted now, and if not, until when it is kept, and why. Never a guess.

Kept is what is held, what no rule or an unclear one speaks of, what is asked about without what its rule needs, and
what is to be archived: an archive is no deletion, and nobody but the archive knows when the data has arrived there.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

import orjson

from registry import clock
from registry.errors import Invalid
from registry.law import periods
from registry.retention.rules import arithmetic, events
from registry.strict.schema import KEY

#: The members of an item; all texts.
FIELDS = frozenset(
    {
        "system",
        "register",
        "category",
        "data_category",
        "anchor",
        "event",
        "criterion_anchor",
        "data_subject",
        "subject",
    }
)
LONGEST = 500
#: What each action is called once the period is over.
AFTER = {"erase": "delete_after", "anonymise": "anonymise_after"}
#: Why an answer is `unknown`, by code: what a caller can do about it.
UNKNOWN: Mapping[str, str] = {
    "bad_item": "The item is no object of the members that an item has, each a text.",
    "no_rule": "No rule is in force for that.",
    "kept_elsewhere": "Another register keeps data of that category in the system; name the register.",
    "conflict": "The rules for that data cannot be ordered.",
    "data_subject_needed": "The rule holds for some people only; say whose data it is.",
    "other_people": "The rule does not hold for such people.",
    "anchor_missing": "Say from when the period runs.",
    "anchor_invalid": "The anchor is neither a day nor a date-time with its zone.",
    "anchor_in_future": "The period has not begun.",
    "event_needed": "Say which event the anchor is the day of.",
    "wrong_event": "The rule counts from another event.",
    "criterion_anchor_needed": "The rule has a period and a criterion; say when the criterion came to pass.",
    "out_of_calendar": "The period ends after the year 9999.",
    "subject_needed": "Data of some people is held; say whose it is.",
    "hold_unreadable": "References to people are held under a key that is not here.",
}


class Unknown(Exception):
    """Why nothing can be said of an item: a code of UNKNOWN."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """The data that is asked about. `system` and `register` are (controller, key)."""

    system: tuple[str, str]
    register: str | None
    category: str | None
    data_category: str | None
    anchor: str | None
    event: str | None
    criterion_anchor: str | None
    data_subject: str | None
    subject: str | None

    @property
    def about(self) -> tuple[Any, ...]:
        """What finds its rules: alike for many items of a call."""
        return (self.system, self.register, self.category, self.data_category)


_REST = [field.name for field in dataclasses.fields(Item)][2:]


def read(raw: Any) -> Item:
    """An item of a body. Raises Unknown, code `bad_item`, for any that is none."""
    if not isinstance(raw, dict) or raw.keys() - FIELDS:
        raise Unknown("bad_item")
    for value in raw.values():
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
            raise Unknown("bad_item")
    if "system" not in raw or ("category" in raw) == ("data_category" in raw):
        raise Unknown("bad_item")
    system = _pair(raw["system"])
    register = _pair(raw["register"]) if "register" in raw else None
    if register is not None and register[0] != system[0]:
        raise Unknown("no_rule")
    return Item(system, register and register[1], *map(raw.get, _REST))


def _pair(text: str) -> tuple[str, str]:
    controller, slash, key = text.partition("/")
    if not (slash and KEY.fullmatch(controller) and KEY.fullmatch(key)):
        raise Unknown("bad_item")
    return controller, key


@dataclasses.dataclass  # not frozen: a row is made for each rule of each call, and that costs four times as much
class Row:
    """What is in force for a category of a register: a rule, or a silence."""

    register: str
    category: str
    data_category: str | None
    silent: bool
    conflict: bool
    period: str | None
    ends: str
    document: bytes | memoryview

    @cached_property
    def rule(self) -> dict[str, Any]:
        """The rule as it is served."""
        return dict(orjson.loads(self.document))


@dataclasses.dataclass(frozen=True, slots=True)
class Ruling:
    """The rules that fit some data, and the one among them that is told: the longest."""

    rows: tuple[Row, ...]
    longest: Row

    @property
    def rule(self) -> dict[str, Any]:
        """The rule that is told."""
        return self.longest.rule


def ruling(item: Item, rows: Sequence[Row]) -> Ruling:
    """The rules for the item among those of its system. Raises Unknown: `no_rule`, `kept_elsewhere`, `conflict`.

    A category of which no kind of data is said may hold data of any: asked by kind it keeps, and permits nothing.
    """
    mine = tuple(row for row in rows if concerns(item, row))
    if all(row.silent for row in mine if item.category is not None or row.data_category is not None):
        raise Unknown("no_rule")
    if any(row.silent for row in mine):
        raise Unknown("kept_elsewhere")
    lengths = [row.period for row in mine if row.period is not None]
    if any(row.conflict for row in mine) or len({row.ends for row in mine}) > 1:
        raise Unknown("conflict")
    if not lengths:
        return Ruling(mine, mine[0])
    if len(lengths) == len(mine) == 1:
        return Ruling(mine, mine[0])
    most = periods.longest(lengths)
    if most is None or len(lengths) < len(mine):
        raise Unknown("conflict")
    alike = (
        row for row, length in zip(mine, lengths, strict=True) if periods.compare(length, most) == "equal"
    )
    return Ruling(mine, next(alike))


def concerns(item: Item, row: Row) -> bool:
    """Whether a row is about the data of an item, or may be."""
    if item.register is not None and item.register != row.register:
        return False
    if item.category is not None:
        return item.category == row.category
    return row.data_category in (None, item.data_category)


def decide(item: Item, ruled: Ruling, now: str) -> dict[str, Any]:
    """What the rules say of an item at `now`; `decision` is retain, delete_after or anonymise_after.

    Raises Unknown with the code of what is missing or wrong.
    """
    for row in ruled.rows:
        _people(item, row.rule)
    _event(item, ruled.rule)
    due = arithmetic.later([_due(item, row.rule, now) for row in ruled.rows])
    rule = ruled.rule
    told = {
        "rule": {
            "register": rule["register"], "category": rule["category"], "version": rule["version"],
            "revision": rule["revision"], "period": rule["period"], "of": len(ruled.rows),
        },
        "then": rule["action"],
        "last_day": due.last_day.isoformat(),
    }  # fmt: skip
    if (latest := _latest(item, ruled)) is not None:
        told["latest"] = latest
    if rule["action"] not in AFTER:
        return {"decision": "retain", "until": None, "why": "to_be_archived", **told}
    if now < due.after:
        return {"decision": "retain", "until": due.after, "why": "period_running", **told}
    name = AFTER[rule["action"]]
    return {"decision": name, name: due.after, **told}


def _people(item: Item, rule: Mapping[str, Any]) -> None:
    people = rule["data_subjects"]
    if people is None:
        return
    if item.data_subject is None:
        raise Unknown("data_subject_needed")
    if item.data_subject not in people:
        raise Unknown("other_people")


def _event(item: Item, rule: Mapping[str, Any]) -> None:
    named = rule["start_event"] if rule["period"] is not None else rule["caller_supplies"]
    if named is None:
        return
    if item.event is None:
        raise Unknown("event_needed")
    said = events.plain(item.event)
    texts = {events.plain(text) for text in named["text"].values()}
    if said not in texts and (named["token"] is None or item.event != named["token"]):
        raise Unknown("wrong_event")


def _due(item: Item, rule: Mapping[str, Any], now: str) -> arithmetic.Due:
    zone = rule.get("time_zone")
    if zone is None:  # published before zones were part of a rule
        raise Unknown("no_rule")
    if item.anchor is None:
        raise Unknown("anchor_missing")
    found = [_one(item.anchor, zone, now, rule["period"])]
    both = rule["period"] is not None and rule["caller_supplies"] is not None
    if item.criterion_anchor is not None:
        found.append(_one(item.criterion_anchor, zone, now, None))
    elif both:
        raise Unknown("criterion_anchor_needed")
    return arithmetic.later(found)


def _one(anchor: str, zone: str, now: str, period: str | None) -> arithmetic.Due:
    try:
        begun = arithmetic.anchor_day(anchor, zone)
        future = begun > _today(now, zone) or (
            len(anchor) != len("YYYY-MM-DD") and clock.timestamp(anchor) > now
        )
    except Invalid:
        raise Unknown("anchor_invalid") from None
    if future:
        raise Unknown("anchor_in_future")
    try:
        return arithmetic.due(anchor, zone, *([period] if period else []))
    except Invalid:
        raise Unknown("out_of_calendar") from None


@functools.lru_cache(maxsize=256)
def _today(now: str, zone: str) -> date:
    return clock.day_of(now, zone)


def _latest(item: Item, ruled: Ruling) -> str | None:
    """When it must be gone by the rule's own words: the period and the interval between purges are over."""
    life, anchor = ruled.rule["longest_life"], item.anchor
    if life is None or anchor is None or len(ruled.rows) > 1:
        return None
    try:
        return arithmetic.due(anchor, ruled.rule["time_zone"], life["period"]).after
    except Invalid:
        return None
