"""The manual: a page for each check, made of its rule, and a command that notices when it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from registry import terminal
from registry.checks.book import book
from registry.checks.commands import manual
from registry.checks.commands.manual import checks_docs


def run(*arguments: Any) -> Any:
    group = terminal.Told(commands={"checks-docs": checks_docs})
    return CliRunner().invoke(group, ["checks-docs", *map(str, arguments)])


def test_every_check_has_a_page_with_all_that_its_rule_says() -> None:
    made = manual.pages()
    assert set(made) == {"README.md", *(f"{code}.md" for code in book())}
    for code, check in book().items():
        page, rule = made[f"{code}.md"], check.rule
        for said in (
            *rule.title.values(),
            *rule.law,
            *rule.needs,
            *rule.kinds,
            check.page.why,
            check.page.fix,
            check.page.more,
        ):
            assert said in page, (code, said)
        assert f"[{code}]({code}.md)" in made["README.md"]


def test_the_command_writes_and_notices(tmp_path: Path) -> None:
    assert run("--check", "--directory", tmp_path).exit_code == 1, "nothing is there yet"
    assert run("--directory", tmp_path).exit_code == 0
    assert {file.name for file in tmp_path.iterdir()} == set(manual.pages())
    assert run("--check", "--directory", tmp_path).exit_code == 0
    (tmp_path / "COM001.md").write_text("other", "utf-8")
    (tmp_path / "COM999.md").write_text("of no check", "utf-8")
    result = run("--check", "--directory", tmp_path)
    assert result.exit_code == 1
    assert "COM001.md, COM999.md" in result.output
    assert run("--directory", tmp_path).exit_code == 0
    assert manual.stale(tmp_path) == []


def test_a_retired_check_keeps_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manual, "RETIRED", {"COM900": "COM001", "COM901": ""})
    made = manual.pages()
    assert "[COM001](COM001.md)" in made["COM900.md"]
    assert "no successor" in made["COM901.md"]
