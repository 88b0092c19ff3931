"""The words of a page that run on from passage to passage, where it was guessed where one ends and the next begins."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from registry.connectors.observed.passages import LEFT_OUT
from registry.telling.expected import Form


class Running:
    """Passages by their words, one after another. `searched`: whether all was looked for in `steps`."""

    def __init__(self, passages: Iterable[Sequence[str]], steps: int) -> None:
        self._left = steps
        self._words: list[str] = []
        self._ends: list[int] = []
        for words in passages:
            self._words.extend(words)
            self._ends.append(len(self._words))
        self._places: dict[str, list[int]] = defaultdict(list)
        for at, word in enumerate(self._words):
            if word != LEFT_OUT:
                self._places[word].append(at)

    @property
    def searched(self) -> bool:
        """Whether everything was looked for."""
        return self._left > 0

    def has(self, told: Sequence[str]) -> bool | None:
        """Whether these words stand in a row: True; False where some were left out, but not all; None if not."""
        found = [seen == len(told) for _, seen in self._found(told)]
        return True if True in found else False if found else None

    def ours(self, runs: Collection[Sequence[str]], forms: Collection[Form]) -> tuple[set[int], set[int]]:
        """The passages that runs of words and forms cover, and those that they may: but for what says little."""
        seen, guessed = bytearray(len(self._words)), bytearray(len(self._words))
        for run in sorted(runs, key=len, reverse=True):
            for begin, same in self._found(run):
                span = slice(begin, begin + len(run))
                (seen if same == len(run) else guessed)[span] = b"\1" * len(run)
        for span in self._formed(forms):
            seen[span] = b"\1" * (span.stop - span.start)
        covered, hidden, begin = set[int](), set[int](), 0
        for place, end in enumerate(self._ends):
            if all(seen[begin:end]):
                covered.add(place)
            elif all(seen[at] or guessed[at] or _little(self._words[at]) for at in range(begin, end)):
                hidden.add(place)
            begin = end
        return covered, hidden

    def _formed(self, forms: Collection[Form]) -> Iterator[slice]:
        """Where words are of a form."""
        text = " ".join(self._words)
        starts = list(itertools.accumulate((len(word) + 1 for word in self._words), initial=0))
        for form in forms:
            for found in re.finditer(rf"(?<!\S){form.written.pattern}(?!\S)", text):
                span = slice(bisect_left(starts, found.start()), bisect_left(starts, found.end()))
                if form.fits(self._words[span]):
                    yield span

    def _found(self, told: Sequence[str]) -> list[tuple[int, int]]:
        """Where these words stand in a row, and how many of them are seen there: one at least."""
        starts: set[int] = set()
        for offset, word in enumerate(told):
            near = self._places.get(word, ())
            self._left -= 1 + len(near)
            if self._left <= 0:
                return []
            starts.update(at - offset for at in near)
        found = []
        for begin in sorted(starts):
            there = self._words[begin : begin + len(told)] if begin >= 0 else []
            self._left -= len(told)
            same = sum(has == word for has, word in zip(there, told, strict=False))
            if len(there) == len(told) and same + there.count(LEFT_OUT) == len(told):
                found.append((begin, same))
        return found


def _little(word: str) -> bool:
    """Whether a word by itself says nothing that could be told: left out, or two letters."""
    return word == LEFT_OUT or len(word) < 3
