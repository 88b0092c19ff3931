"""Which questions of an authority's question set a record answers; whether periods are kept, the observations say."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from registry.checks.book import BROKEN, book
from registry.checks.measures import asks
from registry.checks.measures.asks import Ask, Seen
from registry.checks.measures.completeness import Share
from registry.checks.rule import Case, Outcome

Answer = Literal["answered", "missing", "open", "not_applicable", "outside"]

#: The check that compares the declared periods with what the systems showed.
ADHERENCE = "OBS302"
KEPT = {
    "pass": {"fi": "Säilytysaikaa noudatetaan.", "en": "The retention is adhered to."},
    "fail": {"fi": "Säilytysaikaa ei noudateta.", "en": "The retention is not adhered to."},
}


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """One question of a set: its key there, whether the authority requires an answer, and what answers it."""

    key: str
    required: bool
    asks: tuple[Ask, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class QuestionSet:
    """The questions of one authority."""

    key: str
    authority: str
    questions: tuple[Question, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Covered:
    """What a record has for a question: the places that answer it or lack an answer, and what observations say."""

    question: Question
    answer: Answer
    paths: tuple[str, ...]
    missing: tuple[str, ...]
    says: tuple[Mapping[str, str], ...] = ()
    observations: tuple[int, ...] = ()


@functools.cache
def sets() -> Mapping[str, QuestionSet]:
    """The question sets by key."""
    data = asks.read("questions.yml")
    answers = {name: tuple(map(asks.ask, several)) for name, several in data["answers"].items()}
    return MappingProxyType(
        {
            key: QuestionSet(
                key,
                told["authority"],
                tuple(
                    Question(own, answer.endswith("!"), answers[answer.removesuffix("!")])
                    for own, answer in told["questions"].items()
                ),
            )
            for key, told in data["sets"].items()
        }
    )


def coverage(case: Case, of: QuestionSet) -> tuple[Share, tuple[Covered, ...]]:
    """How many of the questions required of this record it answers, and each question with what the record has."""
    kept = _kept(case)
    seen = Seen(case.record, case.law, case.as_of)
    covered = tuple(_covered(question, seen, kept) for question in of.questions)
    share = Share()
    for one in covered:
        if one.question.required and one.answer != "not_applicable":
            share = share.plus(one.answer == "answered")
    return share, covered


def _covered(question: Question, seen: Seen, kept: tuple[Outcome, ...]) -> Covered:
    first = question.asks[0]
    if first.outside:
        return Covered(question, "outside", (), ())
    if first.observed:
        return _observed(question, first, kept)
    places = [place for one in question.asks if one.arises(seen) for place in one.answers(seen)]
    if not places:
        return Covered(question, "not_applicable", (), ())
    missing = tuple(path for path, answered in places if not answered)
    paths = tuple(path for path, answered in places if answered)
    return Covered(question, "missing" if missing else "answered", paths, missing)


def _observed(question: Question, one: Ask, kept: tuple[Outcome, ...]) -> Covered:
    """Whether retention is adhered to, and if not why: what the observations show."""
    kinds = {outcome.kind for outcome in kept}
    fields = tuple(dict.fromkeys(outcome.field for outcome in kept if outcome.field))
    numbers = tuple(sorted({outcome.observation for outcome in kept if outcome.observation is not None}))
    if "fail" in kinds:
        wrongs = tuple(outcome.message for outcome in kept if outcome.kind == "fail")
        says = (KEPT["fail"],) if one.observed == "adherence" else wrongs
        return Covered(question, "answered", fields, (), says, numbers)
    if kinds == {"pass"}:
        if one.observed == "deviation":
            return Covered(question, "not_applicable", (), ())
        return Covered(question, "answered", fields, (), (KEPT["pass"],), numbers)
    if kinds == {"na"}:
        return Covered(question, "not_applicable", (), (), tuple(outcome.message for outcome in kept))
    closes = tuple(dict(outcome.closes or outcome.message) for outcome in kept if outcome.kind == "open")
    return Covered(question, "open", (), fields, closes, numbers)


def _kept(case: Case) -> tuple[Outcome, ...]:
    try:
        return book()[ADHERENCE].say(case)
    except Exception:  # a rule that breaks is an open question (book.examine logs it in a run)
        return (BROKEN,)


def told(one: Covered) -> dict[str, Any]:
    """As it is served."""
    return {
        "key": one.question.key,
        "required": one.question.required,
        "answer": one.answer,
        "paths": list(one.paths),
        "missing": list(one.missing),
        "says": [dict(said) for said in one.says],
        "observations": list(one.observations),
    }
