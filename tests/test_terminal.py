"""What commands share: tables that fit the window, and which files a folder holds."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from registry import terminal

ROWS = [("✗", "error", "COM001", "no basis " * 12), ("?", "open", "COM002", "short")]


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 200])
def test_a_table_fits_the_window(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    wide = [(*row[:3], "GDPR 13(2)(b) and a long name of an act", row[3]) for row in ROWS]
    for headers, rows in ((("", "", "check", "what"), ROWS), (("", "", "check", "article", "what"), wide)):
        shown = terminal.table(headers, rows)
        words = shown.split()
        assert words.count("basis") == 12 and words.count("short") == 1
        fixed = max(len("  ".join(row[:-1])) for row in rows) + 4  # columns before the last are never cut
        assert max(map(len, shown.splitlines())) <= max(columns, fixed)


def test_colours_change_no_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    styled = [(row[0], terminal.severity(row[1]), *row[2:]) for row in ROWS]
    shown = terminal.table(("", "", "check", "what"), styled)
    assert "\x1b[31m" in shown
    assert click.unstyle(shown) == terminal.table(("", "", "check", "what"), ROWS)


def test_a_folder_gives_its_yaml_and_what_is_hidden_is_of_others(tmp_path: Path) -> None:
    for name in (
        "b.yml",
        "a.yaml",
        "sub/c.yaml",
        ".github/workflows/ci.yml",
        ".hidden.yaml",
        "d.yield.html",
        "e.json",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "folder.yaml").mkdir()
    found = [str(file.relative_to(tmp_path)) for file in terminal.yaml_files([tmp_path])]
    assert found == ["a.yaml", "b.yml", "sub/c.yaml"]
    assert terminal.yaml_files([tmp_path / ".hidden.yaml"]) == [
        tmp_path / ".hidden.yaml"
    ]  # who names it, means it
