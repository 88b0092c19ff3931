"""The words of one language: labels, dates, periods, countries, and the vocabularies of the law.

A language is one file in `labels/`; what it lacks of the law's vocabularies is said in English, and marked as such.
"""

from __future__ import annotations

import datetime
import functools
from dataclasses import dataclass
from importlib.resources import files

import babel
import babel.dates
import yaml

from registry import clock
from registry.law import Labels, law, periods
from registry.pages import words as labelled
from registry.telling.value import Said

FALLBACK = "en"
#: Areas that are no territory of CLDR.
_AREAS = frozenset({"EEA"})
#: The languages of the law table and of periods.
_LAW = frozenset({"fi", "sv", "en"})


@dataclass(frozen=True)
class Words(labelled.Words):
    """The labels of `language`, and what is said with them: texts, dates, periods, countries, terms."""

    def said(self, path: str, *, code: str | None = None, **blanks: str | int) -> Said:
        """The label as a text of this language."""
        return Said(self(path, **blanks), self.language, code=code)

    def term(self, vocabulary: str, key: str) -> Said:
        """A word of one of the law's vocabularies: as this language's labels have it, else as the law table does."""
        own = self.get(f"words.{vocabulary}.{key}")
        if own is not None:
            return Said(own, self.language, code=key)
        term = law().vocabularies[vocabulary].terms.get(key)
        return Said(key.replace("_", " ")) if term is None else self.labelled(term.name, key)

    def labelled(self, labels: Labels, code: str) -> Said:
        """A label of the law table in this language, else in English, marked as such."""
        language = self.language if self.language in _LAW else FALLBACK
        return Said(labels.get(language), language, code=code)

    def date(self, day: datetime.date) -> Said:
        """A day in words: `25. toukokuuta 2018`."""
        return Said(
            babel.dates.format_date(day, "long", locale=self("locale")), self.language, code=day.isoformat()
        )

    def day(self, instant: str) -> str:
        """The day of an instant in Helsinki, in words."""
        return self.date(clock.day_of(instant)).text

    def period(self, iso: str) -> Said:
        """An ISO 8601 period in words: `6 kuukautta`."""
        language = self.language if self.language in _LAW else FALLBACK
        return Said(periods.text(iso, language), language, code=iso)

    def country(self, code: str) -> Said:
        """A country by ISO 3166-1, or `EU`, `EEA`; a code that nobody knows stays as it is."""
        if code in _AREAS:
            return self.said("words.areas.EEA", code=code)
        name = babel.Locale.parse(self("locale")).territories.get(code)
        return Said(name, self.language, code=code) if name else Said(code, code=code)

    def tongue(self, language: str) -> str:
        """`in Finnish`: how a text in another language is marked."""
        found = self.get(f"tongues.{language.partition('-')[0]}")
        return found or babel.Locale.parse(self("locale")).languages.get(language.partition("-")[0], language)


def languages() -> tuple[str, ...]:
    """The languages there are label files for, in the order of their `order`."""
    return tuple(sorted(_all(), key=lambda language: (_all()[language].labels["order"], language)))


def words(language: str) -> Words:
    """The words of a language. Raises KeyError for one without a label file."""
    return _all()[language]


@functools.cache
def _all() -> dict[str, Words]:
    found = {}
    for file in (files("registry.telling") / "labels").iterdir():
        name, dot, suffix = file.name.rpartition(".")
        if dot and suffix == "yaml":
            found[name] = Words(name, yaml.safe_load(file.read_text("utf-8")))
    return found
