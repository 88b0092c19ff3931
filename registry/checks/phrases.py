"""What texts say, found by phrases: lists of stems in phrases.yml, for Finnish, Swedish and English.

A phrase is a row of words. `tarpe-` is any word that begins so, `-oikeus` any that ends so, `-avtal-` any that has it
inside; `#` is a number; `kuin|kun` either word; `se?` a word that may be missing; `…` up to eight words of the same
sentence. Case, hyphenation, punctuation inside a sentence and line ends make no difference. Finnish words change their
stems as well as their endings (tarve, tarpeen), which is why the stems are written down and not computed.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import yaml

from registry.catalogue.facets import fold

_BETWEEN = r"[^\w.!?;]+"
_GAP = rf"(?:\w+{_BETWEEN}){{0,8}}"


def says(group: str, text: object) -> bool:
    """Whether `text` (a str or a Localised, then in any of its languages) has a phrase of `group`.

    Every language's phrases are looked for in every text: what language a text is in is often not said.
    """
    texts = [text] if isinstance(text, str) else list(getattr(text, "texts", {}).values())
    # Headings and criteria come again and again; a long text would only fill the memory.
    return any((_kept if len(one) <= 200 else _has)(group, one) for one in texts)


def pattern(phrase: str) -> str:
    """The regular expression of one phrase, for folded text."""
    made = ""
    for word in phrase.split():
        if word == "…":
            made += _GAP
        elif word.endswith("?"):
            made += f"(?:{_word(word[:-1])}{_BETWEEN})?"
        else:
            made += _word(word) + _BETWEEN
    return made.removesuffix(_BETWEEN)


def groups() -> dict[str, dict[str, list[str]]]:
    """The phrases as written, by group and language."""
    read: Any = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
    return dict(read)


def _word(written: str) -> str:
    return "(?:" + "|".join(_one(word) for word in written.split("|")) + ")"


def _one(word: str) -> str:
    if word == "#":
        return r"\d+"
    left = r"\w*" if word.startswith("-") else ""
    right = r"\w*" if word.endswith("-") else ""
    return left + re.escape(fold(word.strip("-"))) + right


def _has(group: str, text: str) -> bool:
    return _compiled()[group].search(fold(text).replace("\u00ad", "")) is not None


_kept = functools.lru_cache(maxsize=4096)(_has)


@functools.cache
def _compiled() -> dict[str, re.Pattern[str]]:
    return {
        name: re.compile(_together([phrase for phrases in by_language.values() for phrase in phrases]))
        for name, by_language in groups().items()
    }


def _together(phrases: list[str]) -> str:
    """The regular expression of any of several phrases. Most places of a text are passed over by one look at the letter
    there: with which the phrases begin is known, but for those that begin with any."""
    known: list[str] = []
    others: list[str] = []
    letters: set[str] = set()
    for phrase in phrases:
        begins = _first_letters(phrase)
        (known if begins else others).append(pattern(phrase))
        letters |= begins
    begun = [f"(?=[{re.escape(''.join(sorted(letters)))}])(?:{'|'.join(known)})"] if known else []
    return rf"(?<!\w)(?:{'|'.join([*begun, *others])})(?!\w)"


def _first_letters(phrase: str) -> set[str]:
    """The letters that a phrase can begin with; none where it can begin with any."""
    first = phrase.split(maxsplit=1)[0]
    words = [] if first.endswith("?") or first == "…" else first.split("|")
    if not words or any(word.startswith("-") or word == "#" for word in words):
        return set()
    return {fold(word)[0] for word in words}
