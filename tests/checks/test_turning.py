"""The table of the law turning is in the README as computed; `registry forecast` for people and for machines."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from registry import clock, terminal
from registry.catalogue import store
from registry.checks.commands import forecast as outlook
from registry.checks.commands import turning
from registry.law import law
from tests.checks.cases import ROOT
from tests.checks.conftest import BY, NEWS, Declare


def run(*arguments: str) -> Result:
    commands = {"forecast": outlook.command, "law-table": turning.law_table}
    return CliRunner().invoke(terminal.Told(commands=commands), list(arguments))


def test_the_readme_has_the_table_as_computed() -> None:
    computed = turning.markdown(turning.register(ROOT / turning.SOURCE), turning.DAYS, law())
    text = (ROOT / "README.md").read_text("utf-8")
    assert turning.replaced(text, computed) == text, "run `python -m registry law-table`"
    rows = {line.split(" ")[1]: line.split("|")[2:-1] for line in computed.splitlines()[2:]}
    days = [day.isoformat() for day in turning.DAYS]
    told = {
        code: dict(zip(days, (cell.strip() for cell in cells), strict=True)) for code, cells in rows.items()
    }
    assert (told["LAW201"]["2018-12-31"], told["LAW201"]["2019-01-01"]) == ("pass", "**error**")
    assert (told["LAW203"]["2020-07-15"], told["LAW203"]["2020-07-16"]) == ("pass", "**error**")


def test_the_table_is_written_between_its_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    page = tmp_path / "page.md"
    page.write_text(f"before\n{turning.BEGIN}\nold\n{turning.END}\nafter\n", "utf-8")
    assert run("law-table", "--check", "--file", str(page)).exit_code == 1
    assert run("law-table", "--file", str(page)).exit_code == 0
    assert run("law-table", "--check", "--file", str(page)).exit_code == 0
    text = page.read_text("utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    page.write_text("no marks", "utf-8")
    assert "marks" in run("law-table", "--file", str(page)).output


def test_a_forecast_on_the_terminal(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: "2026-11-22T09:00:00.000000Z")
    declare("acme/news", {**NEWS, "document": {"next_review_on": "2027-01-31"}})
    declare("acme/news", {**NEWS, "legal_bases": []}, clock.instant("2027-02-01"))
    output = " ".join(run("forecast", "acme/news").output.split())
    assert "acme/news: 1 checked, 2026-11-22 to 2027-11-22" in output
    assert "! 2027-01-31 due acme/news /document/next_review_on A review comes due." in output
    assert "✗ 2027-02-01 starts acme/news COM001 register/acme/news v2 No legal basis is stated." in output
    lines = [
        json.loads(one) for one in run("forecast", "acme", "--json", "--language", "fi").output.splitlines()
    ]
    assert {one["day"] for one in lines} == {"2027-01-31", "2027-02-01"}
    assert "Nothing will change" in run("forecast", "acme/news", "--months", "1").output
    store.end("register", "acme", "news", by=BY, expect=2, effective_from="2026-11-22T08:00:00.000000Z")
    for name, said in (
        ("acme/news", "ended"),
        ("acme/nothing", "No such"),
        ("nobody", "no controller"),
        ("a/b/c", "form"),
    ):
        result = run("forecast", name)
        assert (result.exit_code, said in result.output) == (1, True), result.output
        assert "Traceback" not in result.output


def test_the_law_of_each_day_and_not_of_today() -> None:
    record = turning.register(ROOT / turning.SOURCE)
    table = turning.markdown(record, [date(2019, 1, 1)], law())
    assert table.count("\n") == 1 + sum(code.startswith("LAW") for code in turning.book())
