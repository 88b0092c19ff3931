"""How much of what GDPR 30, 13 and 14 ask a record says, and what is missing."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from datetime import date

from registry.catalogue.record import Record
from registry.checks.measures import asks
from registry.checks.measures.asks import CONDITIONS, Ask, Seen
from registry.law import Law

#: The sets of articles, and when each applies.
SETS = {
    "30(1)": ("controller",),
    "30(2)": ("processor",),
    "13": ("controller", "collected"),
    "14": ("controller", "received"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is asked for and not said: where it would stand, which articles ask for it, and what it is."""

    path: str
    articles: tuple[str, ...]
    what: Mapping[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Share:
    """So many of so many are answered."""

    answered: int = 0
    required: int = 0

    @property
    def percent(self) -> int:
        """Whole per cent, rounded down: 100 is all of it and nothing less."""
        return self.answered * 100 // self.required if self.required else 100

    def plus(self, answered: bool) -> Share:
        """With one more."""
        return Share(self.answered + answered, self.required + 1)


@dataclasses.dataclass(frozen=True, slots=True)
class Completeness:
    """The share of all that is asked, of each set that applies, and what is missing."""

    whole: Share
    sets: Mapping[str, Share]
    missing: tuple[Missing, ...]


@functools.cache
def required() -> tuple[Ask, ...]:
    """All that is asked, in the order of data/required.yml."""
    return tuple(asks.ask(one) for one in asks.read("required.yml"))


def completeness(record: Record, law: Law, day: date) -> Completeness:
    """How complete a record is by the law of a day."""
    seen = Seen(record, law, day)
    sets = {
        name: Share() for name, conditions in SETS.items() if all(CONDITIONS[one](seen) for one in conditions)
    }
    whole, missing = Share(), []
    for one in required():
        articles = tuple(article for article in one.articles if set_of(article) in sets)
        if not articles or not one.arises(seen):
            continue
        for path, answered in one.answers(seen):
            whole = whole.plus(answered)
            for name in dict.fromkeys(map(set_of, articles)):
                sets[name] = sets[name].plus(answered)
            if not answered:
                missing.append(Missing(path, articles, one.what))
    return Completeness(whole, sets, tuple(missing))


def set_of(article: str) -> str:
    """The set that an article belongs to: `GDPR 13(1)(a)` to 13, `GDPR 30(1)(a)` to 30(1)."""
    number = article.removeprefix("GDPR ")
    return number[: len("30(1)")] if number.startswith("30") else number.partition("(")[0]
