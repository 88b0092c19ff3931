"""What the checks say of the five registers: as expected of each, and over time as the law turned."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import yaml

from registry import clock
from registry.catalogue.record import Record
from registry.checks.book import book, examine
from registry.checks.rule import KINDS, Case
from registry.law import law
from tests.checks import cases

EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load(
    (cases.ROOT / "tests" / "checks" / "expected_on_fixtures.yaml").read_text("utf-8")
)
RECORDS: dict[str, Record] = {record.key: record for record in cases.registers()}


@pytest.mark.parametrize(
    ("register", "code"), [(register, code) for register in EXPECTED for code in EXPECTED[register]]
)
def test_the_registers_of_the_fixtures(register: str, code: str) -> None:
    wanted = EXPECTED[register][code]
    said = book()[code].say(Case(RECORDS[register], law(), cases.TODAY))
    worst = min(said, key=lambda outcome: KINDS.index(outcome.kind))
    told = {"kind": worst.kind, "line": worst.line, "severity": worst.severity or book()[code].rule.severity}
    assert {name: told[name] for name in wanted} == wanted


def test_every_register_and_every_check_is_expected_of() -> None:
    assert set(EXPECTED) == set(RECORDS)
    for register, expected in EXPECTED.items():
        assert {"COM001", "LAW203", "OBS302"} <= set(expected), register


@pytest.mark.parametrize(
    ("code", "day", "kind"),
    [
        ("LAW203", "2018-06-01", "pass"),
        ("LAW203", "2020-07-15", "pass"),
        ("LAW203", "2020-07-16", "fail"),
        ("LAW203", "2026-11-22", "fail"),
        ("LAW201", "2018-06-01", "pass"),
        ("LAW201", "2018-12-31", "pass"),
        ("LAW201", "2019-01-01", "fail"),
        ("LAW201", "2026-11-22", "fail"),
        ("LAW205", "2018-05-24", "pass"),
        ("LAW205", "2018-05-25", "fail"),
        ("LAW206", "2018-05-24", "na"),
        ("LAW206", "2018-05-25", "fail"),
    ],
)
def test_the_law_turns_under_one_register(code: str, day: str, kind: str) -> None:
    said = book()[code].say(Case(RECORDS["osekk/opintori"], law(), clock.day(day)))
    assert {outcome.kind for outcome in said} == {kind}


def test_all_of_the_book_is_said_of_every_register() -> None:
    for record in RECORDS.values():
        said = [check.code for check, _ in examine(Case(record, law(), date(2026, 11, 22)))]
        assert sorted(set(said)) == list(book())
        assert said == sorted(said)
