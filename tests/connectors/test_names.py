"""How well personal data is known by the names of columns that nobody wrote the words for (docs/names.md)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.connectors.reading import personal
from registry.law import law

HERE = Path(__file__).parent
STANDS: dict[str, Any] = yaml.safe_load((HERE / "names.yaml").read_text("utf-8"))
MENDED: dict[str, Any] = yaml.safe_load((HERE / "names_mended.yaml").read_text("utf-8"))
PAGE = (HERE.parents[1] / "docs" / "names.md").read_text("utf-8")
ROW = re.compile(
    r"^\| (fi|sv|en|all) \| (\d+) of (\d+) \| (\d+) of (\d+) \| (\d+) of (\d+) \|$", re.MULTILINE
)

#: Of a hundred: what must be found at least of the personal, and be right of what is found, by language.
FLOORS = {"fi": (70, 95), "sv": (75, 80), "en": (60, 75), "all": (70, 85)}


def _rows(systems: dict[str, Any]) -> Iterator[tuple[str, str, str, list[str] | None]]:
    """Each column: its language, its table, its name, the terms that are right (none: any), or None if not personal."""
    for system in systems.values():
        for table, columns in system["tables"].items():
            for name, said in columns.items():
                terms = [] if said == "any" else said if isinstance(said, list) else [said]
                yield (
                    system["language"],
                    table,
                    name,
                    None if said is None else [f"pd:{one}" for one in terms],
                )


def _measured(systems: dict[str, Any]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for language, table, name, terms in _rows(systems):
        found = personal.term(name, within=table)
        for one in (language, "all"):
            count = counts.setdefault(one, Counter())
            if terms is None:
                count.update(others=1, accused=found is not None)
            else:
                count.update(personal=1, found=found is not None)
                count.update(told=bool(found and terms), right=bool(found and found in terms))
    return counts


@pytest.mark.parametrize("language", FLOORS)
def test_no_fewer_are_found_and_no_more_are_accused_than_these(language: str) -> None:
    count = _measured(STANDS)[language]
    found, right = FLOORS[language]
    assert 100 * count["found"] >= found * count["personal"]
    assert 100 * count["found"] >= right * (count["found"] + count["accused"])


def test_a_term_that_is_told_is_the_right_one() -> None:
    count = _measured(STANDS)["all"]
    assert 100 * count["right"] >= 95 * count["told"] > 0


def test_the_page_tells_what_is_found() -> None:
    told = {name: tuple(map(int, figures)) for name, *figures in ROW.findall(PAGE)}
    names = ("found", "personal", "accused", "others", "right", "told")
    assert told == {name: tuple(count[one] for one in names) for name, count in _measured(STANDS).items()}


def test_what_was_mended_stays_so() -> None:
    count = _measured(MENDED)["all"]
    assert 100 * count["found"] >= 74 * count["personal"]
    assert 100 * count["right"] >= 97 * count["told"] > 0


def test_what_was_said_of_each_is_a_term_that_there_is() -> None:
    known = law().vocabularies["personal_data"].terms
    terms = {one for systems in (STANDS, MENDED) for *_, terms in _rows(systems) for one in terms or []}
    assert terms - set(known) == set()


def test_no_table_of_the_measure_that_stands_was_mended_on() -> None:
    assert not set(STANDS) & set(MENDED)
