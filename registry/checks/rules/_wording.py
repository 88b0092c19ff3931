"""The published text beside the notice that the registry would publish, told statement by statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from registry.checks.rule import Case, Outcome
from registry.connectors.observed.observation import Observation
from registry.connectors.observed.passages import shown
from registry.telling.compared import Differing, Page, compare
from registry.telling.expected import Statement, expected
from registry.telling.words import languages

#: So many differences of each sort are named, the rest counted.
NAMED = 5


def laid_beside(case: Case, seen: Observation, page: Mapping[str, Any]) -> Differing | None:
    """How the text of a page differs from the notice of the record in its language; None where it was not kept.

    What the notice has and the page lacks is told of a page that was read whole only.
    """
    if "passages" not in page:
        return None
    spoken = (page.get("language"), case.record.language, *languages())
    language = next(one for one in spoken if one in languages())
    found = compare(expected(case.record, language), page["passages"], guessed=page.get("guessed", False))
    return found if seen.complete else Differing(changed=found.changed, extra=found.extra, undecided=1)


def differing(
    case: Case, field: str, seen: Observation, page: Mapping[str, Any], found: Differing
) -> Outcome:
    """What is said of a page that differs; that it says the same in other words is for information."""
    only_worded = not (found.changed or found.lacking or found.extra)
    told = {
        "changed": _each(found.changed, _pair),
        "lacking": _each(found.lacking, _ours),
        "extra": _each(sorted(found.extra, key=_unseen), _theirs),
        "worded": _each(found.worded, _pair),
    }
    fi = {"changed": "Toisin kuin rekisterissä", "lacking": "Sivulta puuttuu", "extra": "Vain sivulla on",
          "worded": "Muilla sanoilla"}  # fmt: skip
    en = {"changed": "Otherwise than in the registry", "lacking": "The page lacks", "extra": "Only the page has",
          "worded": "In other words"}  # fmt: skip
    return case.fail(
        field,
        key="wording",
        observation=seen.id,
        severity="info" if only_worded else None,
        fi=f"Julkaistu teksti ei ole se, jonka rekisteri julkaisisi: {page['url']}. {_told(told, fi, 'ja', 'muuta')} "
        "Julkaise seloste rekisteristä, tai korjaa rekisteri.",
        en=f"The published text is not what the registry would publish: {page['url']}. "
        f"{_told(told, en, 'and', 'more')} Publish the notice from the registry, or correct the record.",
    )  # fmt: skip


def _told(told: Mapping[str, tuple[list[str], int]], names: Mapping[str, str], and_: str, more: str) -> str:
    parts = []
    for name, (some, rest) in told.items():
        if some:
            parts.append(f"{names[name]}: {'; '.join(some)}" + (f"; {and_} {rest} {more}." if rest else "."))
    return " ".join(parts)


def _each(found: Iterable[Any], say: Any) -> tuple[list[str], int]:
    every = iter(found)
    return [say(one) for one in islice(every, NAMED)], sum(1 for _ in every)


def _ours(one: Statement) -> str:
    return f"“{shown(one.text)}” ({one.section})"


def _theirs(one: Page) -> str:
    where = f"{shown(one.section, 60)}, {one.at}" if one.section else str(one.at)
    return f"“{shown(one.says)}” ({where})"


def _pair(one: tuple[Statement, Page]) -> str:
    ours, theirs = one
    return f"“{shown(ours.text)}” – “{shown(theirs.says)}”"


def _unseen(one: Page) -> bool:
    """Whether nothing of a passage was kept to be shown: it is told after the others."""
    return not any(len(word) > 2 for word in one.words)
