"""What a page that publishes the notice of a record says: statement by statement, with all words that are ours."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence

from registry.catalogue.record import Record
from registry.connectors.observed.passages import LEFT_OUT, sentences, words
from registry.telling.render import render
from registry.telling.value import Block, Facts, Items, Notice, Said, Standing, Table, Told
from registry.telling.words import Words
from registry.telling.words import words as words_of

#: Which version is published, and since when, is for the one who publishes, and no statement of the record.
_STANDING = ("register_version", "effective_from", "published_on")
#: A notice is not published by being laid beside a page: this stands nowhere in what is compared.
_NEVER = Standing(1, "2000-01-01T00:00:00.000000Z", "2000-01-01T00:00:00.000000Z")
_BLANK = "blank0"
#: A period or a day; words of the record; a word of ours for what the record codes.
TIME, OWN, TERM = 0, 1, 2
_PERIOD_OR_DAY = re.compile(r"P\d.*|\d{4}-\d\d-\d\d")


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """A sentence that the record states, under its section; `weight`: TIME, OWN (the record's own words) or TERM."""

    section: str
    text: str
    words: tuple[str, ...]
    weight: int


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """A passage with something in it that is not known here: how it is written, and its words that are."""

    written: re.Pattern[str]
    words: frozenset[str]

    def fits(self, told: Sequence[str]) -> bool:
        """Whether a passage is of this form; of the words that are known half at least have to be seen."""
        seen = len(self.words & set(told))
        return 2 * seen >= len(self.words) and self.written.fullmatch(" ".join(told)) is not None


@dataclasses.dataclass(frozen=True, slots=True)
class Expected:
    """A notice in one language: its statements; every run of words that stands on its page; what stands by itself.

    `runs` are without their sentences' ends; after one of `before` comes what is not compared; `around` are forms of
    whole passages that the page has beside the notice.
    """

    language: str
    statements: tuple[Statement, ...]
    runs: frozenset[tuple[str, ...]]
    before: frozenset[tuple[str, ...]]
    around: tuple[Form, ...]

    @property
    def forms(self) -> tuple[Form, ...]:
        """`around`, and what stands before a day or a number that is not compared, with it."""
        return (
            *self.around,
            *(
                Form(re.compile(rf"{' '.join(run)} (?:\d{{1,2}} \w+ \d{{4}}|\d+)"), frozenset(run))
                for run in self.before
            ),
        )


def expected(record: Record, language: str) -> Expected:
    """What the page of a record's notice says in a language. Raises KeyError for one without a label file."""
    notice, own = render(record, _NEVER, language), words_of(language)
    found: dict[tuple[str, ...], Statement] = {}
    runs: set[tuple[str, ...]] = set()
    for section in notice.sections:
        for block in section.blocks:
            for text in _texts(block):
                runs.update(_runs(text))
            for told in _answers(block):
                for said in told.texts:
                    for one in _statements(section.title, said) if not told.missing or said.record else ():
                        found.setdefault(one.words, one)
    for text in _own(notice, own):
        runs.update(_runs(text))
    runs.update(words(sentence) for sentence in _around(own) if _BLANK not in words(sentence))
    return Expected(
        language,
        tuple(sorted(found.values(), key=lambda one: one.weight)),
        frozenset(runs),
        frozenset(run for name in _STANDING for run in _runs(own(f"fields.{name}"))),
        tuple(_forms(own)),
    )


def _statements(section: str, said: Said) -> Iterator[Statement]:
    if not said.record and said.code is None:
        return
    weight = TIME if said.code and _PERIOD_OR_DAY.fullmatch(said.code) else OWN if said.record else TERM
    for sentence in sentences(said.text.replace(LEFT_OUT, " ")):
        yield Statement(section, sentence, words(sentence), weight)


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    for sentence in sentences(text.replace(LEFT_OUT, " ")):
        yield words(sentence)


def _answers(block: Block) -> Iterator[Told]:
    if isinstance(block, Facts):
        yield from (fact.told for fact in block.facts if fact.name not in _STANDING)
        yield Told(block.heading)
    else:
        yield from block.answers


def _texts(block: Block) -> Iterator[str]:
    """Every text of a block, labels and explanations of ours too."""
    if isinstance(block, Facts):
        yield from (fact.label for fact in block.facts)
        yield from (said.text for said in block.heading)
    elif isinstance(block, Table):
        yield block.caption
        yield from (column.label for column in block.columns)
    elif isinstance(block, Items):
        yield block.heading
    for told in block.answers:
        yield from (said.text for said in told.texts)
        if told.note:
            yield told.note


def _own(notice: Notice, own: Words) -> Iterator[str]:
    """What the page of a notice says beside its sections."""
    yield from (notice.title.text, notice.organisation.text, own("status.inferred"))
    yield from (
        own(f"page.{name}")
        for name in ("site", "notice", "kept_by", "summary", "contents", "masked", "gaps_none")
    )
    yield from (own(f"page.{name}") for name in ("missing", "partial", "withheld", "note", "gap_here"))
    yield from (section.title for section in notice.sections)
    yield from notice.languages  # how texts in another language are marked
    for fact in notice.summary:
        yield fact.label
        yield from (said.text for said in fact.told.texts)
        if fact.told.note:
            yield fact.told.note


def _forms(own: Words) -> Iterator[Form]:
    """Whole passages with a day, a number or names of languages in them."""
    for sentence in _around(own):
        told = words(sentence)
        fixed = frozenset(told) - {_BLANK}
        form = (rf"(?:{word}|{LEFT_OUT})" if word in fixed else r"\S+(?: \S+){0,5}" for word in told)
        yield Form(re.compile(rf"(?:\d+ )?{' '.join(form)}"), fixed)


def _around(own: Words) -> Iterator[str]:
    """The sentences of a page beside the notice, with blanks for what is not known here."""
    blanks = dict.fromkeys(("date", "version", "tongue"), _BLANK)
    for name in ("updated", "gaps_one", "gaps_many", "other_language", "some_language"):
        yield from sentences(own(f"page.{name}", **blanks))
