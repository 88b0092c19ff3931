"""How well the phrases do on texts that they were not written from: the first, mended on since, and one that stands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from registry.checks.phrases import says
from registry.checks.rules.con117_unfinished_text import _unfinished

HERE = Path(__file__).parent
GROUPS = yaml.safe_load((HERE / "held_out.yaml").read_text("utf-8"))
LATER = yaml.safe_load((HERE / "held_out_later.yaml").read_text("utf-8"))
PAGE = (HERE.parents[1] / "docs" / "lexical.md").read_text("utf-8")
ROW = re.compile(r"^\| (\w+) \| (\d+) of (\d+) \| (\d+) of (\d+) \|$", re.MULTILINE)


@pytest.mark.parametrize("group", GROUPS)
def test_phrases_find_what_they_should_in_texts_they_were_not_written_from(group: str) -> None:
    wrong = [
        (said, language, text)
        for said, texts in GROUPS[group].items()
        for language, written in texts.items()
        for text in written
        if says(group, text) is not (said == "found")
    ]
    assert not wrong


def test_the_measure_that_stands_is_told_as_it_is() -> None:
    told = {name: tuple(map(int, figures)) for name, *figures in ROW.findall(PAGE)}
    counts: dict[str, Counter[str]] = {}
    for group, language, said, right in _measured():
        for name in (group, language, "all"):
            counts.setdefault(name, Counter()).update({said: 1, f"{said} right": right})
    names = ("found right", "found", "left_alone right", "left_alone")
    assert told == {name: tuple(count[one] for one in names) for name, count in counts.items()}


def test_nobody_is_accused_of_a_harmless_sentence() -> None:
    assert [row for row in _measured() if row[2] == "left_alone" and not row[3]] == []


def test_no_text_of_the_measure_that_stands_was_mended_on() -> None:
    def texts(groups: dict[str, dict[str, dict[str, list[str]]]]) -> set[str]:
        return {
            text
            for saids in groups.values()
            for by in saids.values()
            for some in by.values()
            for text in some
        }

    assert not texts(GROUPS) & texts(LATER)


def _measured() -> Iterator[tuple[str, str, str, bool]]:
    """Each text of the second set: its group, its language, what ought to be said of it, and whether it is."""
    for group, saids in LATER.items():
        for said, texts in saids.items():
            for language, written in texts.items():
                for text in written:
                    found = _unfinished(text) if group == "placeholder" else says(group, text)
                    yield group, language, said, found is (said == "found")
