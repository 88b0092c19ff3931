"""The blocks of a PDF that is not tagged, guessed from where its lines stand: which go on, and what all pages repeat.

A line goes on in the next one below it that begins where it does, in the same letters, if its own end was forced: if
the next word would not have fitted. What is parted too often or too seldom is compared all the same (telling.compared
reads across passages); what is left out would not be, so nothing is.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from registry.connectors.reading.pdf.glyphs import Glyph
from registry.connectors.reading.pdf.joined import joined, same_line

_CELL = 1.3  # of the size: as much white on a line parts cells
_ZONE = 0.13  # of the height of what is written on, above and below: where what is repeated stands
_ROWS = 4  # that a head or a foot has at most
_NEAR = 8  # blocks back that a line may go on from: the cells of a row
_MARKED = re.compile(
    r"\s*(?:[•●▪▫◦‣·○■□◆➢✓*\uf000-\uf0ff–—-]|o(?=\s)|\(?\d{1,2}(?:\.\d{1,2}){0,3}[.)]|\d{1,2}(?:\.\d{1,2}){1,3}|[a-zåäö]\))(?=\s|$)",
    re.IGNORECASE,
)
_ALONE = re.compile(rf"{_MARKED.pattern}\s*", re.IGNORECASE)
_PAGE_NUMBER = re.compile(
    r"(?:[-–—|]\s*)?(?:sivu|sida|sid\.|page|p\.|s\.)?\s*\d{1,3}\s*(?:[(/|]|av|of)?\s*\d{0,3}\s*\)?(?:\s*[-–—|])?",
    re.IGNORECASE,
)
_ENDED = re.compile(r"[.:;!?][\"”»)]?\s*$")


@dataclasses.dataclass(slots=True)
class Line:
    """A line, or the part of it that is one cell."""

    glyphs: list[Glyph]
    page: int
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    text: str
    marked: bool = False  # begins an item, or follows its mark

    @property
    def first_word(self) -> float:
        """How wide its first word is."""
        begun = False
        for one in self.glyphs:
            if one.text.isspace():
                if begun:
                    return one.x0 - self.x0
            else:
                begun = True
        return self.x1 - self.x0


@dataclasses.dataclass(slots=True)
class Written:
    """A block: its part of the page and its glyphs."""

    part: str
    lines: list[Line]

    @property
    def glyphs(self) -> Iterator[Glyph]:
        """Its glyphs in order."""
        return (glyph for line in self.lines for glyph in line.glyphs)


def blocks(glyphs: Iterable[Glyph]) -> list[Written]:
    """The blocks that glyphs in the order in which they are drawn are taken for, headings and running heads apart."""
    lines = list(_lines(glyphs))
    repeated = _repeated(lines)
    body = [line for at, line in enumerate(lines) if at not in repeated]
    usual = _usual(body)
    found = [Written("text", run) for run in _runs(body)]
    for block in found:
        if _is_heading(block.lines, usual):
            block.part = "heading"
    beside = [Written("beside", [lines[at]]) for at in sorted(repeated) if repeated[at]]
    return [*found, *beside]


def _lines(glyphs: Iterable[Glyph]) -> Iterator[Line]:
    after_mark: tuple[int, float] | None = None
    for run in _parted(glyphs):
        text = " ".join(joined(run).split())
        if not text:
            continue
        seen = [one for one in run if not one.text.isspace() and one.text] or run
        line = Line(
            run, run[0].page, min(one.x0 for one in seen), max(one.x1 for one in seen), seen[0].y,
            Counter(round(one.size, 1) for one in seen).most_common(1)[0][0],
            sum(one.bold for one in seen) > 0.8 * len(seen), text,
        )  # fmt: skip
        here = (line.page, round(line.y, 0))
        line.marked = _MARKED.match(text) is not None or after_mark == here
        after_mark = here if _ALONE.fullmatch(text) else None
        yield line


def _parted(glyphs: Iterable[Glyph]) -> Iterator[list[Glyph]]:
    row: list[Glyph] = []
    last: Glyph | None = None
    for one in glyphs:
        if one.text.isspace() and not row:
            continue
        if last is not None and row:
            white = one.x0 - (last.x1 if not last.text.isspace() else last.x0)
            if not same_line(last, one) or (not one.text.isspace() and white > _CELL * one.size):
                yield row
                row = []
        row.append(one)
        # White space stays as wide as it is: several in a row part cells, too.
        last = (
            one if last is None or not row[:-1] or not one.text.isspace() or not last.text.isspace() else last
        )
    if row:
        yield row


# --- what goes on


def _runs(lines: Sequence[Line]) -> list[list[Line]]:
    ends = _ends(lines)
    found: list[list[int]] = []
    for at, line in enumerate(lines):
        for run in reversed(found[-_NEAR:]):
            if _goes_on([lines[one] for one in run], line, ends[run[-1]], last=run is found[-1]):
                run.append(at)
                break
            if _beside(lines[run[0]], line):  # a row begins here, and what is above is of another
                found.append([at])
                break
        else:
            found.append([at])
    return [[lines[at] for at in run] for run in found]


def _ends(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """How far to the right each line might have gone: as far as the longest of its column, or of its page at most.

    Those of one column begin at the same place, and have the same place beside them where the next column begins.
    What has nothing beside it may have gone on to where the text of its page ends.
    """
    pages: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        pages[line.page].append(line)
    columns = []
    for line in lines:
        beside = [
            other.x0 for other in pages[line.page]
            if other.x0 > line.x1 and abs(other.y - line.y) < 1.2 * line.size
        ]  # fmt: skip
        columns.append((round(line.x0 / 6), round(min(beside, default=-6.0) / 6)))
    longest: dict[tuple[int, int], float] = defaultdict(float)
    for line, (begins, then) in zip(lines, columns, strict=True):
        for near in (-1, 0, 1):
            longest[begins + near, then] = max(longest[begins + near, then], line.x1)
    widest: dict[int, float] = defaultdict(float)
    for line, (_, then) in zip(lines, columns, strict=True):
        if then < 0:
            widest[line.page] = max(widest[line.page], line.x1)
    return [
        (longest[column], widest[line.page] if column[1] < 0 else longest[column])
        for line, column in zip(lines, columns, strict=True)
    ]


def _goes_on(run: list[Line], line: Line, ends: tuple[float, float], *, last: bool) -> bool:
    before = run[-1]
    if line.marked or before.bold != line.bold or abs(before.size - line.size) > 0.06 * line.size:
        return False
    size = line.size
    hanging = len(run) == 1 and before.marked and 0 <= line.x0 - before.x0 < 4 * size
    indented = len(run) == 1 and 0 < before.x0 - line.x0 < 4 * size and not before.marked
    if not (abs(line.x0 - before.x0) < 0.6 * size or hanging or indented):
        return False
    needed = before.x1 + 0.35 * size + line.first_word
    # In a column that is narrower than its page a list looks as what is folded does.
    amid = line.text[0].islower() or before.text.rstrip().endswith((",", "-", "–", "/", "("))
    forced = needed > ends[1] or (needed > ends[0] and amid)
    if line.page != before.page:
        return last and line.page == before.page + 1 and forced and not _ENDED.search(before.text)
    down = before.y - line.y
    if not 0.7 * size < down < 2.1 * size:
        return False
    if len(run) > 1 and run[-2].page == before.page and abs(down - (run[-2].y - before.y)) > 0.25 * size:
        return False
    return forced


def _beside(one: Line, line: Line) -> bool:
    return one.page == line.page and abs(one.y - line.y) < 0.3 * line.size


# --- what is a heading


def _usual(lines: Sequence[Line]) -> float:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _is_heading(lines: Sequence[Line], usual: float) -> bool:
    text = " ".join(line.text for line in lines)
    if len(text) > 160 or not any(map(str.isalpha, text)):
        return False
    larger = all(line.size > 1.08 * usual for line in lines)
    strong = all(line.bold for line in lines) and len(lines) < 3 and len(text) < 100
    return (larger or strong) and not text.rstrip().endswith((".", ";", ","))


# --- what pages repeat


def _repeated(lines: Sequence[Line]) -> dict[int, bool]:
    """The lines that are running heads, feet and page numbers; whether each is the first of its like, and kept."""
    rows: dict[int, list[float]] = defaultdict(list)
    for line in lines:
        rows[line.page].append(line.y)
    heights = {page: (min(every), max(every)) for page, every in rows.items()}
    edges = {page: _outermost(every) for page, every in rows.items()}
    like: dict[tuple[str, int], list[int]] = defaultdict(list)
    numbers: dict[int, bool] = {}
    for at, line in enumerate(lines):
        foot, top = heights[line.page]
        edge = min(top - line.y, line.y - foot) / max(top - foot, 1.0)
        if edge > _ZONE or round(line.y) not in edges[line.page]:
            continue
        if edge < 0.02 and _PAGE_NUMBER.fullmatch(line.text.strip()) and len(rows) > 1:
            numbers[at] = False
        like[re.sub(r"\d+", "#", line.text.casefold()), round(line.y / 4)].append(at)
    found = dict(numbers)
    for places in like.values():
        pages = {lines[at].page for at in places}
        if len(pages) > 1 and len(pages) >= 0.5 * (len(rows) - 1):
            for at in places:
                found.setdefault(at, at == places[0])
    return found


def _outermost(every: Iterable[float]) -> set[int]:
    """The rows of a page that may be its head or its foot."""
    rows = sorted({round(y) for y in every})
    return {*rows[:_ROWS], *rows[-_ROWS:]}
