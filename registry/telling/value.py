"""The notice as a value: sections in order, each with what the record says and, in plain words, what it does not."""

from __future__ import annotations

import dataclasses
from typing import Any

#: Statuses that leave a reader without an answer; `stated_none` is an answer, `withheld` a decision.
MISSING = frozenset({"not_stated", "partly_stated", "referred_elsewhere", "placeholder"})
#: What a mark beside an answer says, by status; "none" needs none, it is an answer.
MARKS = {
    "not_stated": "missing",
    "placeholder": "missing",
    "partly_stated": "partial",
    "referred_elsewhere": "partial",
    "withheld": "withheld",
    "note": "note",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """One run of text.

    `language` is a BCP 47 tag, None for what is in no language (names, numbers, addresses); `record`: the record's own
    words rather than ours; `code` the machine's form of it (`P6M`, `2018-05-25`, `FI`, `6(1)(a)`).
    """

    text: str
    language: str | None = None
    record: bool = False
    link: str | None = None
    code: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """An answer: texts, and where the status is not `stated`, a `note` that says so in the page's language.

    `status` is a statement status of the record, or `withheld` (stated, but a person's own), `unsaid` (nothing is said,
    and nothing has to be), `note` (our explanation).
    `inferred`: concluded by whoever took the record down, not written in its source.
    """

    texts: tuple[Said, ...] = ()
    status: str = "stated"
    note: str | None = None
    inferred: bool = False

    @property
    def missing(self) -> bool:
        return self.status in MISSING


@dataclasses.dataclass(frozen=True, slots=True)
class Fact:
    """A labelled answer. `name` is stable, for programs; `section` names the section that tells more (summary only)."""

    name: str
    label: str
    told: Told
    section: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """Labelled answers that belong together, under a heading where there are several such groups."""

    facts: tuple[Fact, ...]
    heading: tuple[Said, ...] = ()
    kind: str = "facts"

    @property
    def answers(self) -> tuple[Told, ...]:
        return tuple(fact.told for fact in self.facts)


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; the first one heads its rows."""

    name: str
    label: str


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """Rows of answers, one for each column."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Told, ...], ...]
    kind: str = "table"

    @property
    def answers(self) -> tuple[Told, ...]:
        return tuple(cell for row in self.rows for cell in row)


@dataclasses.dataclass(frozen=True, slots=True)
class Items:
    """A list of answers of one sort, under its heading."""

    name: str
    heading: str
    entries: tuple[Told, ...]
    kind: str = "items"

    @property
    def answers(self) -> tuple[Told, ...]:
        return self.entries


@dataclasses.dataclass(frozen=True, slots=True)
class Remark:
    """One plain sentence: "none", what is missing, or an explanation of ours."""

    name: str
    told: Told
    kind: str = "remark"

    @property
    def answers(self) -> tuple[Told, ...]:
        return (self.told,)


Block = Facts | Table | Items | Remark


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """A part of the notice; `gaps` counts the answers that the record does not give, or not in full."""

    name: str
    title: str
    blocks: tuple[Block, ...]

    @property
    def gaps(self) -> int:
        return sum(told.missing for block in self.blocks for told in block.answers)


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """Which version a notice is of: its number, the instants from which it applies and at which it was published."""

    version: int
    effective_from: str
    published_at: str


@dataclasses.dataclass(frozen=True, slots=True)
class Notice:
    """A notice in one language; `record_language` is the record's own, `languages` those that its texts are in."""

    controller: str
    key: str
    language: str
    record_language: str
    languages: tuple[str, ...]
    title: Said
    organisation: Said
    contact: Said | None
    standing: Standing
    published: Said
    summary: tuple[Fact, ...]
    sections: tuple[Section, ...]

    def document(self) -> dict[str, Any]:
        """The notice as plain data, ready for JSON; empty members are left out, sections count their gaps."""
        plain = _plain(self)
        for section, made in zip(self.sections, plain["sections"], strict=True):
            made["gaps"] = section.gaps
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if not dataclasses.is_dataclass(value):
        return value
    members = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
    return {name: _plain(member) for name, member in members if member not in (None, (), False)}
