"""From a record to its retention rules: which statements count, which of several wins, when none may.

The promise: nothing here makes a period shorter than one that the record states for the same data. So

- a statement counts if it says what happens (action) and when: a period, or a criterion that somebody can observe.
  "As long as needed" is none, unless data is purged at a stated interval after it;
- of several statements for a category the longest wins; where they cannot be ordered, count from different events, or
  end differently, the category is in conflict and has no period;
- a statement that says not what it covers may cover anything: it gives no rule, and may outlast one;
- a period shorter than a floor of the law that the record itself names is in conflict with it, unless the statement
  gives its `deviation_reason`;
- a register that is planned, suspended or ended has no rules, nor has one that an end was written for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from math import inf
from typing import TYPE_CHECKING, Any

from registry.catalogue.record.value import ABSENT
from registry.errors import Invalid
from registry.law import law, periods
from registry.retention.rules import events
from registry.retention.rules.rule import Conflict, Event, LegalSource, Life, Rule, Source, Statute, Texts

if TYPE_CHECKING:
    from registry.catalogue.model import Written
    from registry.catalogue.record import Localised, Record


@dataclasses.dataclass(frozen=True, slots=True)
class Stated:
    """A retention statement of a record with what matters for comparing it; texts by language."""

    pointer: str
    said: Any
    applies_to: Any
    subjects: frozenset[str]
    start: Event | None
    criterion: Texts | None

    @property
    def period(self) -> str | None:
        return self.said.duration

    @property
    def action(self) -> str | None:
        return self.said.action

    @property
    def measurable(self) -> bool:
        """Whether its end can be told: a period, or a criterion with an event or a purge at intervals."""
        if self.period is not None:
            return True
        return self.criterion is not None and (
            self.said.interval is not None or not events.only_need(self.criterion)
        )

    @property
    def counts(self) -> bool:
        return self.measurable and self.action is not None

    def covers(self, category: str) -> bool:
        return self.applies_to == "all" or (
            isinstance(self.applies_to, tuple) and category in self.applies_to
        )

    @property
    def may_cover_anything(self) -> bool:
        return self.applies_to is None or self.applies_to == "not_stated"


def derive(record: Record, written: Written) -> tuple[Rule, ...]:
    """The rules of a record as stored in the version `written`, one for each data category that has one.

    In the order of the record's data categories. None for a category means: keep.
    """
    if written.ended or record.register.status != "active":
        return ()
    if record.status("/retention") in ABSENT:
        return ()
    stated = [_stated(record, index, item) for index, item in enumerate(record.retention)]
    stated = [one for one in stated if record.status(one.pointer) not in ABSENT]
    return tuple(rule for data in record.data_categories for rule in _rule(record, written, data, stated))


def _rule(record: Record, written: Written, data: Any, stated: Sequence[Stated]) -> Iterator[Rule]:
    mine = [one for one in stated if one.covers(data.id)]
    if not any(one.counts for one in mine):
        return
    mine += [one for one in stated if one.may_cover_anything]
    winner, conflict = longest(mine)
    source = _legal_source(record, data, mine)
    if conflict is None and _below(winner, source.floor):
        conflict = "below_floor"
    told = _told(winner)
    people: frozenset[str] = frozenset().union(*(one.subjects for one in mine))
    controller = record.key.partition("/")[0]
    yield Rule(
        controller=controller,
        register=record.key,
        systems=tuple(f"{controller}/{key}" for key in record.system_keys),
        category=data.id,
        text=_texts(record, data.text),
        data_category=data.pd,
        data_subjects=tuple(sorted(people)) if all(one.subjects for one in mine) else None,
        **(told if conflict is None else dict.fromkeys(told)),
        legal_source=source,
        of=len(mine),
        conflict_because=conflict,
        version=written.version,
        effective_from=written.effective_from,
        sources=tuple(_source(record, one) for one in mine),
        time_zone=record.controller.time_zone,
    )


def _told(one: Stated) -> dict[str, Any]:
    """What a rule says of how long and then what, where it goes by this statement."""
    return {
        "period": one.period,
        "start_event": one.start,
        "criterion": one.criterion,
        "caller_supplies": None
        if one.criterion is None
        else Event(one.criterion, events.token(one.criterion)),
        "action": one.action,
        "mode": one.said.mode,
        "interval": one.said.interval,
        "longest_life": _life(one),
        "longest_life_stated": one.said.effective_max,
    }


def _below(one: Stated, floor: Statute | None) -> bool:
    """Whether a period may end before the law's floor, and the record does not say why."""
    if one.period is None or floor is None or floor.duration is None or one.said.deviation_reason is not None:
        return False
    return periods.compare(one.period, floor.duration) not in ("longer", "equal")


def longest(stated: Sequence[Stated]) -> tuple[Stated, Conflict | None]:
    """Which of several statements about the same data is not shorter than any other, and why none can be told to be.

    Of equal ones the first; with a conflict the statement given means nothing.
    """
    first, *others = stated
    if not others:
        return first, None
    if not all(one.measurable for one in stated):
        return first, "not_measurable"
    if any(_event(one) != _event(first) for one in others):
        return first, "start_events_differ"
    if any(
        (one.period is None) != (first.period is None) or _criterion(one) != _criterion(first)
        for one in others
    ):
        return first, "not_comparable"
    lengths = [one.period for one in stated if one.period is not None]
    if not lengths:
        return _same_end(list(stated))
    for length in lengths:
        compared = [periods.compare(length, other) for other in lengths]
        if set(compared) <= {"equal", "longer"}:
            equal = [other for other, how in zip(stated, compared, strict=True) if how == "equal"]
            return _same_end(equal)
    return first, "not_comparable"


def _same_end(equal: Sequence[Stated]) -> tuple[Stated, Conflict | None]:
    """Of statements equal in length the one purged least often; it tells how long data really lives."""
    slowest = max(equal, key=_slowness)
    if slowest.action is None or any(one.action != slowest.action for one in equal):
        return slowest, "actions_differ"
    return slowest, None


def _slowness(one: Stated) -> float:
    if one.said.interval is not None:
        begin = date(2000, 1, 1)
        return (periods.add(begin, one.said.interval) - begin).days
    return 0 if one.said.mode == "automatic" else inf


def _event(one: Stated) -> Any:
    """What a period is counted from, to compare with: equal only if the record says the same."""
    if one.start is None:
        return None
    return one.start.token or frozenset((tag, events.plain(text)) for tag, text in one.start.text.items())


def _criterion(one: Stated) -> Any:
    return one.criterion and frozenset((tag, events.plain(text)) for tag, text in one.criterion.items())


def _life(one: Stated) -> Life | None:
    """The period and the interval between purges; None where nobody can tell: purged by hand, or when need ends."""
    interval = one.said.interval
    if interval is None and one.said.mode != "automatic":
        return None
    if one.period is None:
        return Life(interval, "criterion") if interval else None
    if one.criterion is not None:
        return None
    try:
        return Life(periods.iso(periods.total(*filter(None, (one.period, interval)))), "start_event")
    except Invalid:  # together more than periods go up to
        return None


def _stated(record: Record, index: int, item: Any) -> Stated:
    pointer = f"/retention/{index}"
    # A leftover of a template in one field ("_ months") is no statement, though something stands there.
    left = [name for name, _ in item.items() if _marked(record, f"{pointer}/{name}")]
    item = dataclasses.replace(item, **dict.fromkeys(left))
    start = _texts(record, item.starts_from)
    return Stated(
        pointer=pointer,
        said=item,
        applies_to=item.applies_to,
        subjects=frozenset(item.data_subjects or ()),
        start=None if start is None else Event(start, events.token(start)),
        criterion=_texts(record, item.criterion),
    )


def _marked(record: Record, pointer: str) -> bool:
    kept = record.provenance.get(pointer)
    return kept is not None and kept.status in ABSENT


def _texts(record: Record, said: Localised | None) -> dict[str, str] | None:
    """A text by language; one without a language is in the document's, or the controller's."""
    if said is None:
        return None
    return {tag or record.language: text for tag, text in said.texts.items()}


def _legal_source(record: Record, data: Any, stated: Sequence[Stated]) -> LegalSource:
    bases = [one for one in record.legal_bases if one.id in (data.basis or ())] or [
        one for one in record.legal_bases if _applies(one.applies_to, data)
    ]
    floors = [data.statutory_rule_ref, *(one.said.floor_ref for one in stated)]
    ceilings = [one.said.ceiling_ref for one in stated]
    known = law().retention_rules
    named = [(key, known[key].kind if key in known else "floor") for key in floors if key]
    named += [(key, known[key].kind if key in known else "ceiling") for key in ceilings if key]
    return LegalSource(
        articles=_once(one.article or one.legacy_article for one in bases),
        statutes=_once(one.statute_ref for one in bases),
        floor=_statute([key for key, kind in named if kind == "floor"]),
        ceiling=_statute([key for key, kind in named if kind == "ceiling"]),
        policy=next((one.said.policy_ref for one in stated if one.said.policy_ref), None),
    )


def _once(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _applies(applies_to: Any, data: Any) -> bool:
    refs = applies_to if isinstance(applies_to, tuple) else ()
    return applies_to == "all" or data.id in refs or bool(set(refs) & set(data.purposes or ()))


def _statute(keys: Sequence[str]) -> Statute | None:
    """Of the rules of the law named, the longest one that the law table knows; else the first as it is named."""
    rules = [rule for rule in map(law().retention_rules.get, keys) if rule is not None]
    if not rules:
        return Statute(keys[0]) if keys else None
    most = periods.longest(rule.duration for rule in rules)
    rule = next((one for one in rules if most and periods.parse(one.duration) == most), rules[0])
    return Statute(
        key=rule.key,
        act=rule.act,
        section=rule.section,
        duration=rule.duration,
        starts_from={tag: rule.starts_from.get(tag) for tag in ("fi", "sv", "en")},
        valid_from=rule.valid_from.isoformat() if rule.valid_from else None,
        ended_on=rule.ended_on.isoformat() if rule.ended_on else None,
        sure=rule.sure,
    )


def _source(record: Record, one: Stated) -> Source:
    told = record.said(one.pointer)
    return Source(one.pointer, told.line, told.quote)
