"""Texts in a normal form of Unicode, in time that grows with their length alone.

A normal form puts the marks on a letter in order, and unicodedata does so by insertion: a letter with some hundred
thousand marks takes minutes, in which nothing else of the process runs. No language has more than a few. The Stream-
Safe Text Format (UAX 15, 13) draws the line at 30; so that what people heap up for fun is kept as well, it is 200
here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

MARKS = 200
_LAST = 0x1FFFF  # there are none beyond

Form = Literal["NFC", "NFKC", "NFKD"]


def _ranges() -> Iterator[str]:
    """The characters that are marks, or begin with one when they are taken apart, as ranges of an expression."""
    begun: int | None = None
    for code in range(0x300, _LAST + 2):
        char = chr(code) if code <= _LAST else "a"
        if unicodedata.combining(char) or unicodedata.combining(unicodedata.normalize("NFKD", char)[0]):
            begun = code if begun is None else begun
        elif begun is not None:
            yield f"{re.escape(chr(begun))}-{re.escape(chr(code - 1))}"
            begun = None


_MARK = f"[{''.join(_ranges())}]"
_PILE = re.compile(f"({_MARK}{{{MARKS}}}){_MARK}+")


def piled(text: str) -> bool:
    """Whether more than MARKS marks stand on one letter."""
    return len(text) > MARKS and not text.isascii() and _PILE.search(text) is not None


def thinned(text: str) -> str:
    """A text of a stranger with no more than MARKS marks on any letter; the rest of them is left out."""
    return _PILE.sub(r"\1", text) if piled(text) else text


def normal(text: str, form: Form = "NFC") -> str:
    """A text of a stranger, thinned, in a normal form."""
    return unicodedata.normalize(form, thinned(text))
