"""`registry publish`, `withdraw` and `export`, over the five registers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from registry import db, journal
from registry.catalogue import load, store
from registry.cli import main
from registry.notices import published
from registry.telling import spread
from tests.notices.conftest import FIXTURES

Run = Callable[..., Result]


@pytest.fixture
def run(opened: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a command over the five registers, none of them published."""
    load.apply(load.read(sorted(FIXTURES.glob("*.yaml"))), by="test")
    monkeypatch.setenv("REGISTRY_DATABASE", opened)
    yield lambda *arguments: CliRunner().invoke(main, arguments)
    db.open(opened)


def test_a_register_is_published_once_and_withdrawn(run: Run) -> None:
    done = run("publish", "seamk/library-chat")
    assert (done.exit_code, done.output.split()[4:7]) == (0, ["published", "1", "19"]), done.output
    assert "/notices/seamk/library-chat" in done.output
    assert published.current("seamk", "library-chat").revision == 1
    assert json.loads(run("publish", "seamk", "--json").output)["state"] == "same"
    assert run("withdraw", "seamk/library-chat").exit_code == 0
    assert [one.actor for one in journal.entries(action="notice.withdrawn")] == ["operator"]
    again = run("withdraw", "seamk/library-chat")
    assert (again.exit_code, "already" in again.output) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("publish", "nobody"), "There is no controller nobody."),
        (("publish", "seamk/nothing"), "No such register"),
        (("publish",), "Missing argument"),
        (("withdraw", "seamk/library-chat"), "No notice of this register has been published."),
        (("export", "nobody"), "There is no controller nobody."),
        (("export", "seamk", "--file", "/nowhere/at/all.csv"), "cannot be written"),
        (("check", "nobody"), "There is no controller nobody."),
        (("forecast", "nobody"), "There is no controller nobody."),
    ],
)
def test_what_cannot_be_is_said_and_nothing_done(arguments: tuple[str, ...], said: str, run: Run) -> None:
    done = run(*arguments)
    assert done.exit_code in (1, 2) and said in done.output
    assert not journal.entries(action="notice.published")


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    ("language", "column", "said"),
    [
        ("fi", "Kuinka kauan tietoja säilytetään", "Kuinka kauan: 6 kuukautta"),
        ("sv", "Hur länge uppgifterna lagras", "Hur länge: 6 månader"),
        ("en", "How long data is kept", "How long: 6 months"),
    ],
)
def test_an_authority_gets_every_register_as_a_row(language: str, column: str, said: str, run: Run) -> None:
    rows = rows_of(run("export", "--language", language).output)
    assert [one["register"] for one in rows] == sorted(one["register"] for one in rows)
    assert len(rows) == 5
    row = next(one for one in rows if one["register"] == "seamk/library-chat")
    assert said in row[column]
    assert all(all(cell for cell in one.values()) for one in rows), "what is not said is said to be missing"


def test_what_is_exported_need_not_be_published_and_names_nobody(run: Run, tmp_path: Path) -> None:
    body: dict[str, Any] = {
        "register": {"name": "=1+1"}, "systems": [], "purposes": [{"id": "P1", "text": "@sum"}],
        "contact_points": [{"name": "Maija Meikäläinen", "role": "Sihteeri", "email": "maija.meikalainen@example.org"}],
    }  # fmt: skip
    store.declare("register", "seamk", "new", body, by="test", expect=store.NEW)
    file = tmp_path / "all.csv"
    assert run("export", "seamk/new", "seamk", "--file", str(file)).output.endswith("3 registers.\n")
    text = file.read_text("utf-8")
    assert text.startswith("\ufeff")
    rows = rows_of(text.removeprefix("\ufeff"))
    assert rows[0]["Rekisterin nimi"] == "'=1+1"  # no formula
    assert "Meikäläinen" not in text and "meikalainen" not in text and "Sihteeri" in text
    assert "Julkaistu" not in text
    assert rows[0] == next(one for one in rows[1:] if one["register"] == "seamk/new")


def test_no_cell_is_a_formula_and_every_cell_comes_back() -> None:
    cells = ["=1", "+1", "-1", "@x", "\tx", "a=1", 'a "b"', "a,b", "two\nlines", ""]
    ((*told,),) = csv.reader(io.StringIO(spread.lines([cells]), newline=""))
    assert told == ["'=1", "'+1", "'-1", "'@x", "'\tx", "a=1", 'a "b"', "a,b", "two\nlines", ""]
