"""`registry check`: for people, for machines, and for CI by its exit status."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from registry import terminal
from registry.checks.book import book, examine
from registry.checks.commands.check import check
from registry.checks.findings.stored import StoredFinding
from registry.checks.runs import passing
from registry.checks.runs.running import Run
from tests.checks.conftest import NEWS, Declare, holding


def run(*arguments: str, **other: Any) -> Result:
    """The command as `registry` runs it."""
    group = terminal.Told(commands={"check": check})
    return CliRunner().invoke(group, ["check", *arguments], **other)


def test_everything_is_checked_and_stored(registers: Declare) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    assert "acme/news" in result.output
    assert "club/members" in result.output
    assert "2 checked:" in result.output
    assert {register for register, _, _ in holding()} == {"acme/news", "club/members"}
    assert Run.get().actor == "operator"


def test_a_controller_is_all_its_registers(registers: Declare) -> None:
    result = run("acme")
    assert result.exit_code == 0, result.output
    assert "acme/news" in result.output and "1 checked:" in result.output


def test_a_line_says_where_and_what_to_do(declare: Declare) -> None:
    declare(
        "acme/news", {**NEWS, "complaint": "referred_elsewhere", "provenance": {"/complaint": {"line": 67}}}
    )
    output = " ".join(run("acme/news").output.split())
    assert "✗ error COM011 67 GDPR 13(2)(d) The right to complain is told elsewhere only." in output
    assert "COM001" not in output
    assert "COM001" in run("acme/news", "--all").output
    assert "Valitusoikeudesta" in run("acme/news", "--language", "fi").output


def test_nothing_wrong_is_said_so(declare: Declare) -> None:
    declare("acme/news", {"register": {"name": "Palkat", "role": "processor"}, "systems": []})
    output = run("acme/news").output
    assert "COM009" not in output
    assert "OBS301" in output, "what is open is told"


STATUSES: list[tuple[tuple[str, ...], int]] = [
    ((), 0),
    (("--fail-on", "error"), 1),
    (("--fail-on", "warning"), 1),
    (("--fail-on", "info"), 1),
    (("--fail-on", "error", "--as-of", "2020-01-01"), 1),
    (("club/members", "--fail-on", "error"), 0),
    (("club/members", "--fail-on", "warning"), 1),
    (("club/members", "--fail-on", "info"), 1),
]


def test_the_exit_status_is_for_ci(registers: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passing, "examine", functools.partial(examine, codes=["COM009", "COM011"]))
    rights = ["access", "rectification", "erasure", "restriction"]
    registers(
        "club/members", {"register": "Jäsenet", "rights": rights, "complaint": {"status": "partly_stated"}}
    )
    for arguments, status in STATUSES:
        assert run(*arguments).exit_code == status, arguments


def test_as_of_stores_nothing(registers: Declare) -> None:
    assert "LAW203" not in run("acme/news", "--as-of", "2020-07-15").output
    assert "LAW203" in run("acme/news", "--as-of", "2020-07-16").output
    assert not StoredFinding.select().exists()
    assert not Run.select().exists()


def test_json_is_one_object(registers: Declare) -> None:
    told = json.loads(run("--json").output)
    assert told["registers"] == 2
    assert len(told["findings"]) == sum(told["kinds"].values())
    assert {one["code"] for one in told["findings"]} == set(book())
    assert json.loads(run("--json", "--as-of", "2017-01-01").output)["findings"] == []


def test_what_is_wrong_is_told_in_a_sentence(registers: Declare) -> None:
    for arguments, said in (
        (("acme/nothing",), "No such register"),
        (("nobody",), "controller/key"),
        (("--as-of", "2026-02-30"), "YYYY-MM-DD"),
        (("--fail-on", "fatal"), "fatal"),
    ):
        result = run(*arguments)
        assert result.exit_code in (1, 2)
        assert said in result.output
        assert "Traceback" not in result.output
