"""What turns between two looks at a register: what starts and stops to fail, what becomes open and is decided."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, get_args

import orjson

from registry.checks.days.past import titled
from registry.checks.findings.stored import Said
from registry.checks.rule import SEVERITIES

Change = Literal["starts", "stops", "changes", "opens", "decides"]
CHANGES: tuple[Change, ...] = get_args(Change)


@dataclasses.dataclass(frozen=True, slots=True)
class Turn:
    """One thing of which something else is said than before.

    `change`: it `starts` or `stops` to fail, fails with another severity (`changes`), becomes undecided (`opens`), or
    was and is not (`decides`). `before` and `after` are what is said of it; where it is not named by itself, what the
    check says of the record as a whole; None where nothing is said of it.
    """

    change: Change
    code: str
    key: str
    before: Said | None
    after: Said | None

    @property
    def worse(self) -> bool:
        """Whether it starts to fail, or fails with a worse severity than before."""
        if self.change != "changes" or self.before is None or self.after is None:
            return self.change == "starts"
        order = [SEVERITIES.index(one.severity) for one in (self.before, self.after)]
        return order[1] < order[0]

    def told(self) -> bytes:
        """As it is served."""
        head = orjson.dumps({"change": self.change, "code": self.code, "key": self.key})
        before, after = (
            b"null" if one is None else titled(one.code, one.document) for one in (self.before, self.after)
        )
        return head[:-1] + b',"before":' + before + b',"after":' + after + b"}"


def turns(before: Iterable[Said], after: Iterable[Said]) -> Iterator[Turn]:
    """How what is said of one register differs, by code and key; other words for the same thing are no difference."""
    old, new = _by_place(before), _by_place(after)
    for code, key in sorted({*old, *new}):
        was, now = old.get((code, key)), new.get((code, key))
        if change := _change(was, now):
            yield Turn(change, code, key, was or _whole(old, code), now or _whole(new, code))


def standing(said: Iterable[Said]) -> frozenset[tuple[str, str, str, str]]:
    """What fails and what is open: equal where nothing turned."""
    return frozenset(
        (one.code, one.key, one.kind, one.severity if one.kind == "fail" else "")
        for one in said
        if one.kind in ("fail", "open")
    )


def _change(was: Said | None, now: Said | None) -> Change | None:
    kinds = (was.kind if was else "", now.kind if now else "")
    if kinds == ("fail", "fail"):
        return "changes" if was and now and was.severity != now.severity else None
    if kinds[1] == "fail":
        return "starts"
    if kinds[1] == "open":
        return None if kinds[0] == "open" else "opens"
    return {"fail": "stops", "open": "decides"}.get(kinds[0])  # type: ignore[return-value]  # both are words of Change


def _by_place(said: Iterable[Said]) -> Mapping[tuple[str, str], Said]:
    return {(one.code, one.key): one for one in said}


def _whole(said: Mapping[tuple[str, str], Said], code: str) -> Said | None:
    """What a check says of the record as a whole: that it passes, or that the question does not arise."""
    one = said.get((code, ""))
    return one if one is not None and one.kind in ("pass", "na") else None
