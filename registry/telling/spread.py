"""Records as a table for a spreadsheet or an authority (GDPR 30(4)): a row for each, a column for each part.

What is said is what the notice would say, gaps included: `Missing` stands where a record says nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from registry.telling.value import MARKS, Block, Facts, Items, Notice, Said, Table, Told
from registry.telling.words import Words

#: What a spreadsheet would take for a formula; an apostrophe before it makes it a text.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
#: What a notice says of itself; a record that is spread need not have been published.
_UNTRUE = ("published_on",)


def header(words: Words) -> list[str]:
    """The names of the columns."""
    parts = words.labels["sections"]
    return [
        "register", words("fields.register_name"), words("page.kept_by"), words("fields.register_version"),
        *(words(f"sections.{name}") for name in parts),
    ]  # fmt: skip


def row(notice: Notice, words: Words) -> list[str]:
    """A notice as the texts of one row, in the order of `header`."""
    said = {
        one.name: "\n".join(line for block in one.blocks for line in _lines(block, words))
        for one in notice.sections
    }
    first = [
        f"{notice.controller}/{notice.key}", notice.title.text, notice.organisation.text, str(notice.standing.version)
    ]  # fmt: skip
    return [*first, *(said.get(name, "") for name in words.labels["sections"])]


def lines(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV (RFC 4180), in which no cell is a formula."""
    out = io.StringIO()
    csv.writer(out).writerows([_text(cell) for cell in one] for one in rows)
    return out.getvalue()


def _text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULAS) else cell


def _lines(block: Block, words: Words) -> list[str]:
    if isinstance(block, Table):
        return [f"{block.caption}:", *(f"- {_cells(block, one, words)}" for one in block.rows)]
    if isinstance(block, Items):
        return [f"{block.heading}:", *(f"- {_answer(told, words)}" for told in block.entries)]
    if isinstance(block, Facts):
        heading = [f"{_runs(block.heading)}:"] if block.heading else []
        return [
            *heading,
            *(
                f"{fact.label}: {_answer(fact.told, words)}"
                for fact in block.facts
                if fact.name not in _UNTRUE
            ),
        ]
    return [_answer(block.told, words)]


def _cells(table: Table, cells: Sequence[Told], words: Words) -> str:
    first, *rest = (_answer(told, words) for told in cells)
    told = [f"{column.label}: {said}" for column, said in zip(table.columns[1:], rest, strict=True) if said]
    return "; ".join([first, *told])


def _answer(told: Told, words: Words) -> str:
    mark = MARKS.get(told.status)
    note = f"{words(f'page.{mark}')}: {told.note}" if mark and told.note else told.note or ""
    inferred = f"({words('status.inferred')})" if told.inferred else ""
    said = (_runs(told.texts), inferred, note)
    if told.status == "not_stated":  # what is missing comes after the sentence that says so
        said = (note, *said[:2])
    return " ".join(filter(None, said))


def _runs(texts: Sequence[Said]) -> str:
    return ", ".join(said.text for said in texts)
