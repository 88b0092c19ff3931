"""Declared beside observed, aspect by aspect. The checks judge; this says which sides they compared, and how old."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Literal

from registry.checks.book import examine
from registry.checks.rule import Case, Outcome
from registry.connectors.observed.observation import Observation
from registry.drift import sides
from registry.drift.sides import Said

#: `unknown` is never agreement: nobody looked, not to the end, or too long ago for it to count. Nor is `vendor_says`:
#: the vendor's papers bear it out and nobody looked at the system itself.
Verdict = Literal["differs", "unknown", "vendor_says", "agrees", "not_applicable"]
VERDICTS: tuple[Verdict, ...] = ("differs", "unknown", "vendor_says", "agrees", "not_applicable")
_OF_KIND: dict[str, Verdict] = {
    "fail": "differs",
    "open": "unknown",
    "pass": "agrees",
    "na": "not_applicable",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Aspect:
    """One thing that a record says of its systems: the check that judges it, and the kinds of look that show it.

    `field` is where the record says it, `declared` what it says; `mine` tells which outcomes of the check are about it,
    where the check is about more than that. What is seen of the kinds in `also` is shown, and bears nothing out.
    """

    name: str
    code: str
    kinds: tuple[str, ...]
    field: str
    declared: Callable[[Any], Iterable[Said]]
    mine: Callable[[Outcome], bool] = lambda _: True
    also: tuple[str, ...] = ()


def _of_role(outcome: Outcome) -> bool:
    return outcome.key.endswith(":admin") or ":role:" in outcome.key


def _of_system(outcome: Outcome) -> bool:
    return ":" not in outcome.key  # the whole system was not seen, or nothing is declared


ASPECTS = (
    Aspect(
        name="retention", code="OBS302", kinds=("deletion_rules", "oldest_item"), field="/retention",
        declared=lambda record: (sides.retention(one) for one in record.retention), also=("changes",),
    ),
    Aspect(
        name="roles", code="OBS301", kinds=("roles", "accounts"), field="/access/roles", declared=sides.roles,
        mine=lambda outcome: _of_role(outcome) or _of_system(outcome),
    ),
    Aspect(
        name="domains", code="OBS301", kinds=("accounts",), field="/access/roles", declared=sides.domains,
        mine=lambda outcome: not _of_role(outcome),
    ),
    Aspect(
        name="account_hygiene", code="OBS306", kinds=("accounts", "settings", "credential"), field="/security_measures",
        declared=sides.hygiene, also=("changes",),
    ),
    Aspect(
        name="region", code="OBS303", kinds=("region",), field="/storage_locations", declared=sides.places,
    ),
    Aspect(
        name="fields", code="OBS304", kinds=("field_inventory",), field="/data_categories", declared=sides.categories,
    ),
    Aspect(
        name="sub_processors", code="OBS305", kinds=("sub_processors", "certification", "apps"), field="/processors",
        declared=sides.processors,
    ),
    Aspect(
        name="publication", code="OBS307", kinds=("published_text", "inventory"), field="/document",
        declared=sides.published,
    ),
    Aspect(
        name="requests", code="OBS308", kinds=("request_log",), field="/response_time", declared=sides.requests,
    ),
    Aspect(
        name="trackers", code="LAW208", kinds=("cookie_scan",), field="/trackers", declared=sides.trackers,
    ),
)  # fmt: skip
CODES = tuple(dict.fromkeys(aspect.code for aspect in ASPECTS))


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the record, what is wrong with it or open about it, and whether what was seen bears it out."""

    field: str
    declared: tuple[Said, ...]
    verdict: Verdict
    findings: tuple[Outcome, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Beside:
    """An aspect of one register and one system: its statements, and the looks that show it, the newest of each kind."""

    aspect: Aspect
    verdict: Verdict
    statements: tuple[Statement, ...]
    evidence: tuple[Observation, ...]


def compared(case: Case, system: str) -> tuple[Beside, ...]:
    """What the record of a case says of one of its systems (``controller/key``) beside what was seen of it.

    Raises ValueError for a system that the record does not name.
    """
    alone = of_system(case, system)
    outcomes = [(check.code, outcome) for check, outcome in examine(alone, CODES)]
    return tuple(
        _aspect(alone, aspect, [said for code, said in outcomes if code == aspect.code]) for aspect in ASPECTS
    )


def of_system(case: Case, system: str) -> Case:
    """The case as if the system were the record's only one, so that what is said is said of it alone."""
    key = system.partition("/")[2]
    at = case.record.system_keys.index(key)
    record = dataclasses.replace(case.record, systems=(case.record.systems[at],), system_keys=(key,))
    seen = tuple(one for one in case.observations if one.system == system)
    return dataclasses.replace(case, record=record, observations=seen)


def _aspect(case: Case, aspect: Aspect, outcomes: Sequence[Outcome]) -> Beside:
    still = case.still_seen(aspect.kinds) or case
    looks = [one for kind in aspect.kinds for one in still.observed(kind) if one.complete]
    whole: Verdict = _borne_out(looks)
    said = [one for one in outcomes if aspect.mine(one)]
    evidence = tuple(_evidence(case, aspect, {one.observation for one in said}))
    # A check that found something wrong elsewhere says nothing of what is right: what is left is borne out by a look.
    verdict = _together(one.kind for one in said) if said else "agrees"
    if verdict == "agrees":
        verdict = whole if any(aspect.declared(case.record)) else "unknown"
    statements = tuple(_statements(case, aspect, said, verdict, whole))
    return Beside(aspect, verdict, statements, evidence)


def _evidence(case: Case, aspect: Aspect, rested_on: Collection[int | None]) -> Iterator[Observation]:
    """The looks that show an aspect; of earlier ones that broke off only those that something wrong rests on."""
    newest = dict[str, int]()
    for one in case.observations:
        if one.about in (*aspect.kinds, *aspect.also) and not _over(one, case):
            first = newest.setdefault(one.about, one.id) if one.kind != "could_not_look" else one.id
            if one.id in (first, *rested_on) or one.complete or one in case.observed(one.kind):
                yield one


def _over(look: Observation, case: Case) -> bool:
    """Whether a look that failed was made good since: what it was to see was seen whole, as strongly as it would be."""
    return look.kind == "could_not_look" and any(
        one.kind == look.about and one.complete and one.source_level == look.source_level
        and (one.taken_at, one.id) > (look.taken_at, look.id)
        for one in case.observations
    )  # fmt: skip


def _borne_out(looks: Sequence[Observation]) -> Verdict:
    """What looks that saw everything can bear out."""
    if not looks:
        return "unknown"
    return "vendor_says" if all(one.source_level == "vendor_doc" for one in looks) else "agrees"


def _statements(
    case: Case, aspect: Aspect, said: Sequence[Outcome], verdict: Verdict, whole: Verdict
) -> Iterator[Statement]:
    wrong = tuple(one for one in said if one.kind in ("fail", "open"))
    if aspect.name != "retention":
        yield Statement(aspect.field, tuple(aspect.declared(case.record)), verdict, wrong)
        return
    placed = {f"{aspect.field}/{index}" for index in range(len(case.record.retention))}
    by_field: dict[str, list[Outcome]] = {}
    for one in wrong:
        by_field.setdefault(one.field, []).append(one)
    for index, rule in enumerate(case.record.retention):
        field = f"{aspect.field}/{index}"
        mine = tuple(by_field.get(field, ()))
        own = _together(one.kind for one in mine) if mine else "agrees"
        if verdict == "not_applicable":
            own = verdict
        elif own == "agrees":
            own = whole if rule.duration else "unknown"  # what cannot be measured was not compared
        yield Statement(field, (sides.retention(rule),), own, mine)
    rest = tuple(one for one in wrong if one.field not in placed)
    if rest or not case.record.retention:
        yield Statement(aspect.field, (), verdict, rest)


def _together(kinds: Iterable[str]) -> Verdict:
    found = {_OF_KIND[kind] for kind in kinds}
    return next(verdict for verdict in VERDICTS if verdict in found)
