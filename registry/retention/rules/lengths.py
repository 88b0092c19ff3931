"""What changes when rules are published anew: which begin at once, which have to wait, and what is said meanwhile.

A rule begins at once only if it keeps, for every anchor, at least as long as what was said before. Everything else is a
shortening: a shorter period, a period that cannot be ordered against the old one, another event or action, more people,
another time zone, a rule where data was kept, a category that is gone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from registry.law import periods


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """What is said of a data category. `silent`: nothing, so its data is kept; in a `conflict` it is kept as well."""

    category: str
    data_category: str | None
    silent: bool
    conflict: bool
    period: str | None
    ends: str
    subjects: frozenset[str] | None
    zone: str | None
    document: bytes

    @property
    def keeps(self) -> bool:
        """Whether nothing may be deleted by it."""
        return self.silent or self.conflict

    def told(self) -> dict[str, Any] | None:
        """What a change says of it; None where data is kept."""
        return None if self.keeps else {"period": self.period, "ends": self.ends}


@dataclasses.dataclass(frozen=True, slots=True)
class Placed:
    """Something said, and when: always (None), once the change begins (True), or until then (False)."""

    kept: Kept
    comes: bool | None = None


def at_least(one: Kept, other: Kept) -> bool:
    """Whether `one` certainly keeps no less than `other`, whatever the data's anchor and whoever its people are."""
    if one.keeps or other.keeps:
        return one.keeps
    if (one.ends, one.zone) != (other.ends, other.zone):
        return False
    if other.subjects is not None and not (one.subjects is not None and one.subjects <= other.subjects):
        return False
    if one.period is None or other.period is None:
        return one.period == other.period
    return periods.compare(one.period, other.period) in ("longer", "equal")


def plan(
    new: Sequence[Kept],
    before: Sequence[Kept] | None,
    *,
    once: Sequence[Kept] = (),
    silence: Callable[[str, str | None], Kept],
    unclear: Callable[[Kept, str | None], Kept],
) -> tuple[list[Placed], list[dict[str, Any]]]:
    """What is served of `new` and when, and what the change that it needs is about (empty: it needs none).

    `new` has every category of the record; `before` is what was said until now (None: nothing ever), `once` what was
    said last of systems that were left since and are named again. Meanwhile the old rule goes on where it is certainly
    the longer one; where that cannot be said, `unclear(rule, data_category)` is a conflict: keep.
    `silence(category, data_category)` is what stands for a category without a rule.
    """
    if before is None:
        return [Placed(one) for one in new], []
    placed: list[Placed] = []
    told: list[dict[str, Any]] = []
    for one in new:
        olds = [old for old in before if old.category == one.category]
        olds = olds or [silence(one.category, one.data_category)]
        olds += [old for old in once if old.category == one.category]
        if all(_found_as(one, old) and at_least(one, old) for old in olds):
            placed.append(Placed(one))
            continue
        meanwhile = _meanwhile(one, olds, unclear)
        placed += [Placed(each, False) for each in meanwhile]
        placed.append(Placed(one, True))
        told.append(
            {
                "category": one.category,
                "from": meanwhile[0].told() if len(olds) > 1 else olds[0].told(),
                "to": one.told(),
                "meanwhile": "keep" if meanwhile[0].keeps else "as_before",
            }
        )
    for old in _missed(new, [*before, *once]):
        placed.append(Placed(silence(old.category, old.data_category), False))
        told.append({"category": old.category, "from": old.told(), "to": None, "meanwhile": "keep"})
    return placed, told


def _found_as(one: Kept, old: Kept) -> bool:
    """Whether who asks by kind of data comes upon `one` wherever upon `old`; what keeps and names no kind, upon any.

    A category that keeps and is given another kind no longer keeps the data of the old one from the rules of others.
    """
    return one.data_category == old.data_category or (one.keeps and one.data_category is None)


def _meanwhile(one: Kept, olds: Sequence[Kept], unclear: Callable[[Kept, str | None], Kept]) -> list[Kept]:
    for old in olds:
        if all(_found_as(old, other) and at_least(old, other) for other in (*olds, one)):
            return [old]
    kinds = dict.fromkeys([one.data_category, *(old.data_category for old in olds)])
    return [unclear(one, kind) for kind in kinds]


def _missed(new: Sequence[Kept], before: Sequence[Kept]) -> list[Kept]:
    """The categories that are gone: rules by which their data, in whatever register, would be deleted sooner may stand.

    Which those are cannot be said now; another register of the system may come to have one.
    """
    there = {one.category for one in new}
    found: dict[tuple[str, str | None], Kept] = {}
    for old in before:
        if old.category not in there:
            found.setdefault((old.category, old.data_category), old)
    return list(found.values())
