"""A published text laid beside the notice that the registry would publish: which statements differ, and how.

What is ours is found exactly: a passage is, when known texts put one after another give its digest. What is left is
aligned by the words that are alike, so that a notice in other words is read as such: Finnish words change their
endings, hence words with a long beginning in common are alike.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from registry.connectors.observed.passages import LEFT_OUT, digest, unquotable, words
from registry.connectors.observed.statements import times
from registry.telling.expected import TERM, TIME, Expected, Statement
from registry.telling.running import Running

#: So much of a statement's words have to be in a passage for it to be the same one in other words, or a changed one.
SAME, CHANGED = 0.6, 0.5
_STEPS = 400_000  # of searching through one page; a page that takes more is told to be undecided
_LIKELY = 6  # passages that are compared closely with a statement
_NO = frozenset(
    ("ei", "eivät", "emme", "en", "et", "älä", "ilman", "inte", "ej", "icke", "ingen", "inga", "inget", "utan",
     "not", "no", "none", "never", "without")
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """A passage as it was found, with its words."""

    part: str
    section: str
    at: int
    says: str
    words: tuple[str, ...]
    digest: str


@dataclasses.dataclass(frozen=True, slots=True)
class Differing:
    """How a page differs from the notice.

    `changed`: said with another period, day or "not"; `lacking`: on no passage; `extra`: passages that the notice has
    nothing of; `worded`: said in other words. `undecided` counts what cannot be told from what was kept. Terms (words
    of ours for what the record codes) are looked for only where most of the page is the notice word for word; all that
    is not is told then.
    """

    changed: tuple[tuple[Statement, Page], ...] = ()
    lacking: tuple[Statement, ...] = ()
    extra: tuple[Page, ...] = ()
    worded: tuple[tuple[Statement, Page], ...] = ()
    undecided: int = 0

    def __bool__(self) -> bool:
        return bool(self.changed or self.lacking or self.extra or self.worded)


def compare(notice: Expected, passages: Sequence[Mapping[str, Any]], *, guessed: bool = False) -> Differing:
    """How the passages of a page, as `observed.passages` keeps them, differ from a notice.

    Where it was `guessed` where they begin and end, a statement may begin in one and end in the next.
    """
    page = [
        Page(one["part"], one.get("section", ""), one["at"], one["says"], words(one["says"]), one["words_sha256"])
        for one in passages
    ]  # fmt: skip
    ours = _exact(notice, page)
    whole = [dataclasses.replace(one, words=ours.whole.get(at) or one.words) for at, one in enumerate(page)]
    running = Running((one.words for one in whole), _STEPS) if guessed else None
    mine, hid = running.ours(notice.runs, notice.forms) if running is not None else (set[int](), set[int]())
    index = _Index(whole, spans=3 if guessed else 1)
    kept = ours.parts | {one.words for one in notice.statements if digest(one.words) in ours.digests}
    text = [at for at, one in enumerate(page) if one.part == "text"]
    copied = 2 * sum(at in ours.whole or at in mine for at in text) > len(text)
    told = frozenset(time for says in _said(page, guessed) for time in times(says))
    unknown = (
        [one.words for at, one in enumerate(page) if at not in ours.whole] if guessed or not copied else []
    )
    if guessed:
        unknown = [tuple(itertools.chain.from_iterable(unknown))]
    hidden = max((len(row) for told in unknown for row in _rows(told)), default=0)
    found: dict[str, list[Any]] = {"changed": [], "lacking": [], "worded": [], "undecided": []}
    taken: set[int] = set()
    for one in notice.statements:
        if one.words in kept or (one.weight == TERM and not copied) or _in_time(one, told):
            continue
        row = running.has(one.words) if running is not None else None
        if row is not None:
            found["undecided"] += [] if row else [one]
            continue
        verdict, place = _sought(one, index, hidden if copied or not unquotable(one.text) else len(one.words))
        if place is not None:
            taken.update(index.spans[place])
            found.get(verdict, []).append((one, index.page[place]))
        else:
            found[verdict].append(one)
    read = ("text", "heading") if copied else ("text",)
    known = _Index([Page("text", "", 0, "", run, "") for run in sorted(notice.runs)])
    extra = [
        one for place, one in enumerate(page)
        if one.part in read and place not in ours.whole and place not in taken and _telling(one)
        and place not in mine and place not in hid
        and (copied or not _within(one, known))
    ]  # fmt: skip
    changed, lacking, worded = (tuple(found[name]) for name in ("changed", "lacking", "worded"))
    undecided = len(found["undecided"]) + (not ours.searched) + len(hid - ours.whole.keys())
    if running is not None and not running.searched:
        return Differing(undecided=undecided + 1)
    return Differing(changed, lacking, tuple(extra), worded, undecided)


def _sought(one: Statement, index: _Index, hidden: int) -> tuple[str, int | None]:
    """How a statement that is not there by itself is on a page, and where; `hidden` words in a row were left out."""
    best = index.best(one.words)
    if best is not None:
        score, place, row = best
        if row is not None:
            return ("there" if row else "undecided"), place
        if score >= CHANGED and _contradicts(one, index.page[place]) and index.contradict(one, place):
            return "changed", place
        if score >= SAME and not unquotable(one.text):
            return "worded", place
    return ("undecided" if len(one.words) <= hidden and one.weight != TIME else "lacking"), None


def _said(page: Sequence[Page], guessed: bool) -> list[str]:
    """What is said in passages; all in one where they may run on."""
    return [" ".join(one.says for one in page)] if guessed else [one.says for one in page]


def _together(page: Sequence[Page], span: Sequence[int]) -> Page:
    """Passages that stand one after another as one."""
    every = [page[at] for at in span]
    return dataclasses.replace(
        every[0],
        says=" ".join(one.says for one in every),
        words=tuple(word for one in every for word in one.words),
        digest="",
    )


def _in_time(one: Statement, told: Collection[tuple[str, str]]) -> bool:
    """Whether a statement is nothing but a period or a day, and the page has it in whatever form."""
    return one.weight == TIME and all(time in told for time in times(one.text))


def _rows(told: tuple[str, ...]) -> list[list[str]]:
    """What was left out, in rows."""
    return [list(row) for left, row in itertools.groupby(told, key=LEFT_OUT.__eq__) if left]


# --- what is ours to the letter


@dataclasses.dataclass(frozen=True, slots=True)
class _Ours:
    """The passages that are wholly ours, with all their words; the runs in them; every digest; was all searched."""

    whole: Mapping[int, tuple[str, ...]]
    parts: frozenset[tuple[str, ...]]
    digests: frozenset[str]
    searched: bool


def _exact(notice: Expected, page: Sequence[Page]) -> _Ours:
    by_digest = {digest(run): run for run in notice.runs}
    begins: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    longest = sorted(notice.runs, key=len, reverse=True)
    for run in longest:
        begins[run[0]].append(run)
    whole: dict[int, tuple[str, ...]] = {}
    used: set[tuple[str, ...]] = set()
    left, skip = [_STEPS], False
    for place, one in enumerate(page):
        if skip:
            whole[place], skip = (), False
        elif one.digest in by_digest:
            run = by_digest[one.digest]
            whole[place], skip = run, run in notice.before
        elif parts := _parted(one, begins, longest, left):
            whole[place] = tuple(word for part in parts for word in part)
            used.update(parts)
        elif any(form.fits(one.words) for form in notice.around):
            whole[place] = ()
    return _Ours(whole, frozenset(used), frozenset(one.digest for one in page), left[0] > 0)


def _parted(
    one: Page, begins: Mapping[str, list[tuple[str, ...]]], every: list[tuple[str, ...]], left: list[int]
) -> list[tuple[str, ...]] | None:
    """Known runs that, one after another, are just this passage; by its digest, so what was left out is ours too."""
    stack: list[tuple[int, list[tuple[str, ...]]]] = [(0, [])]
    dead: set[int] = set()
    while stack and left[0] > 0:
        at, parts = stack.pop()
        if at == len(one.words):
            if digest([word for part in parts for word in part]) == one.digest:
                return parts
            continue
        if at in dead:
            continue
        first = one.words[at]
        fitting = []
        for run in every if first == LEFT_OUT else begins.get(first, ()):
            left[0] -= 1
            there = one.words[at : at + len(run)]
            if len(there) == len(run) and all(
                has in (LEFT_OUT, word) for has, word in zip(there, run, strict=True)
            ):
                fitting.append(run)
        if not fitting:
            dead.add(at)
        stack.extend((at + len(run), [*parts, run]) for run in reversed(fitting))
    return None


# --- what is alike


class _Index:
    """Passages by the beginnings of their words."""

    def __init__(self, page: Sequence[Page], *, spans: int = 1) -> None:
        self.spans = [
            tuple(range(at, at + length))
            for length in range(1, spans + 1)
            for at in range(len(page) - length + 1)
            if length == 1 or all(one.part != "beside" for one in page[at : at + length])
        ]
        self.page = [page[span[0]] if len(span) == 1 else _together(page, span) for span in self.spans]
        self.places: dict[str, list[int]] = defaultdict(list)
        for place, one in enumerate(page):
            for beginning in {word[:4] for word in one.words if word != LEFT_OUT}:
                self.places[beginning].append(place)

    def contradict(self, one: Statement, place: int) -> bool:
        """Whether what stands around a passage contradicts a statement too, where passages may run on."""
        span = self.spans[place]
        return all(
            _contradicts(one, self.page[at]) for at, other in enumerate(self.spans)
            if len(other) == len(self.spans[-1]) and set(span) <= set(other)
        )  # fmt: skip

    def best(self, told: tuple[str, ...]) -> tuple[float, int, bool | None] | None:
        """The passage that has most of these words: how much, where, and whether it has them in a row to the letter.

        That is True or False (some were left out) for words in a row, None otherwise.
        """
        near: Counter[int] = Counter()
        for beginning in {word[:4] for word in told}:
            near.update(self.places.get(beginning, ()))
        best: tuple[float, bool, int] | None = None
        found: tuple[float, int, bool | None] | None = None
        for place, _ in near.most_common(_LIKELY):
            there = self.page[place].words
            row = _in_a_row(told, there)
            score = 1.0 if row is not None else _shared(told, there)
            rank = (score, row is True, -abs(len(there) - len(told)))
            if best is None or rank > best:
                best, found = rank, (score, place, row)
        return found


def _in_a_row(told: tuple[str, ...], there: tuple[str, ...]) -> bool | None:
    """Whether words stand in a row in others; False: only if what was left out is them in half or more."""
    found = None
    for at in range(len(there) - len(told) + 1):
        part = there[at : at + len(told)]
        same = sum(has == word for has, word in zip(part, told, strict=True))
        if same == len(told):
            return True
        if same and same + part.count(LEFT_OUT) == len(told):
            found = found or 2 * same > len(told)
    return found


def _shared(told: tuple[str, ...], there: tuple[str, ...]) -> float:
    """How much of some words others have, in whatever form and order; short ones count where there are no others."""
    heavy = [word for word in told if len(word) > 2 or word.isdigit()] or list(told)
    return sum(any(_alike(word, other) for other in there) for word in heavy) / len(heavy)


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    most = max(len(one), len(other))
    if min(len(one), len(other)) < 4 or most < 5:
        return False
    same = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    return same >= 0.65 * most


def _contradicts(one: Statement, passage: Page) -> bool:
    """Whether a passage much like a statement has another period or day, or a "not" more or less.

    A "not" of a long passage may be about something else.
    """
    if stated := times(one.text):
        there = times(passage.says)
        return not stated <= there and bool({about for about, _ in stated} & {about for about, _ in there})
    if _NO & set(one.words):
        return not _NO & set(passage.words)
    return len(one.words) > 2 and len(passage.words) <= 2 * len(one.words) and bool(_NO & set(passage.words))


def _telling(one: Page) -> bool:
    """Whether a passage is more than the number of a heading, or a mark."""
    return any(len(word) > 2 or word == LEFT_OUT for word in one.words)


def _within(one: Page, known: _Index) -> bool:
    """Whether the notice has a passage in other words, as a part of a sentence of its own."""
    told = tuple(word for word in one.words if word != LEFT_OUT)
    if not told:
        return False
    best = known.best(told)
    return best is not None and best[0] >= SAME and len(told) > 1 and not times(one.says)
