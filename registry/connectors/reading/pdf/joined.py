"""Glyphs joined to text: where a space was, where a line ended, and whether the mark at its end parts a word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from registry.connectors.reading.pdf.glyphs import Glyph

_GAP = 0.16  # of the size of the letters: more than that between two is a space
#: Stands where a line ended after a mark that may be of the word, or only of the line.
_BREAK = "\ue0fe"
_HYPHENS = "-\u2010\u00ad"
_BROKEN = re.compile(rf"([^\W_]+(?:-[^\W_]+)*)([{_HYPHENS}]){_BREAK}([^\W_]+)")
_COMPOUND = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_OFTEN = 0.04  # of the lines end in a mark: the document is hyphenated


def joined(glyphs: Iterable[Glyph]) -> str:
    """The text of glyphs in their order. Where a line ends in a hyphen a mark is left, for `mended`."""
    parts: list[str] = []
    last: Glyph | None = None
    for one in glyphs:
        if not one.text:
            last = one if last is None else last._replace(x1=max(last.x1, one.x1))
            continue
        if last is not None and parts:
            if same_line(last, one):
                if one.x0 - last.x1 > _GAP * max(last.size, one.size):
                    parts.append(" ")
            else:
                _end_line(parts, one.text)
        parts.append(one.text)
        last = one
    return "".join(parts)


def same_line(last: Glyph, one: Glyph) -> bool:
    """Whether a glyph goes on from another on its line; raised and lowered ones do."""
    most = max(last.size, one.size)
    return last.page == one.page and abs(last.y - one.y) < 0.5 * most and one.x0 > last.x0 - 0.3 * most


def mended(texts: Sequence[str]) -> list[str]:
    """Texts with words that lines parted put together again.

    A word is whole where the document has it so elsewhere, and keeps its hyphen where it has it with one; else by what
    the lines of the document end in: where many end in a hyphen it was hyphenated.
    """
    known = {
        word.casefold() for text in texts for word in _COMPOUND.findall(_BROKEN.sub(" ", text))
    }  # fmt: skip
    broken = sum(text.count(_BREAK) for text in texts)
    lines = sum(len(text) for text in texts) / 80
    often = broken > 2 and broken > _OFTEN * lines

    def put(found: re.Match[str]) -> str:
        before, mark, after = found.groups()
        if mark == "\u00ad":
            return before + after
        whole, parted = (before + after).casefold(), f"{before}-{after}".casefold()
        if whole in known and parted not in known:
            return before + after
        if parted in known or not after[0].islower() or not before[-1].isalpha():
            return f"{before}-{after}"
        return before + after if mark == "\u2010" or often else f"{before}-{after}"

    def one(text: str) -> str:
        while (more := _BROKEN.sub(put, text)) != text:
            text = more
        return " ".join(text.replace(f"\u00ad{_BREAK}", "").replace(_BREAK, "").replace("\u00ad", "").split())

    return [one(text) if _BREAK in text or "\u00ad" in text else " ".join(text.split()) for text in texts]


def _end_line(parts: list[str], following: str) -> None:
    """A line ends: a space, or nothing for now where a mark at its end may part a word."""
    while parts and parts[-1].isspace():
        parts.pop()
    ends = "".join(parts[-2:])
    if len(ends) > 1 and ends[-1] in _HYPHENS and ends[-2].isalnum() and following[0].isalnum():
        parts.append(_BREAK)
    else:
        parts.append(" ")
