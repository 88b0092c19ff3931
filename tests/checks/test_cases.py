"""Every rule against its cases, one test function for all of them, and what must hold of every rule."""

from __future__ import annotations

from typing import Any

import pytest

from registry.catalogue.record import ControllerSchema, RecordSchema, SystemSchema
from registry.catalogue.record.pointers import allowed, steps
from registry.checks.book import Check, book
from registry.checks.rule import CERTAINTIES, KINDS, LANGUAGES, SEVERITIES
from registry.connectors.observed.kinds import KINDS as OBSERVED
from tests.checks import cases

CASES = [
    pytest.param(path.stem, written, id=f"{path.stem}: {written['name']}")
    for path in cases.files()
    for written in cases.cases(path)
]
CHECKS = pytest.mark.parametrize("check", book().values(), ids=lambda check: check.code)


@pytest.mark.parametrize(("code", "written"), CASES)
def test_a_check_says_of_its_cases_what_it_should(code: str, written: dict[str, Any]) -> None:
    check = book()[code]
    said = check.say(cases.case(written))
    expected = written["expect"] if isinstance(written["expect"], list) else [written["expect"]]
    assert [outcome.kind for outcome in said] == [wanted["kind"] for wanted in expected], said
    for outcome, wanted in zip(said, expected, strict=True):
        told = {
            "kind": outcome.kind,
            "field": outcome.field,
            "line": outcome.line,
            "quote": outcome.quote,
            "key": outcome.key,
            "severity": outcome.severity or check.rule.severity,
            "observation": outcome.observation,
            "remembered": list(outcome.remembered),
        }
        exact = {
            name: value
            for name, value in wanted.items()
            if name not in ("says", "says_fi", "says_not", "closes")
        }
        assert {name: told[name] for name in exact} == exact
        assert wanted.get("says", "") in outcome.message["en"]
        assert wanted.get("says_fi", "") in outcome.message["fi"]
        assert "says_not" not in wanted or wanted["says_not"] not in outcome.message["en"]
        assert not outcome.field or _is_defined(outcome.field), "what it points at is a field of the record"
        assert wanted.get("closes", "") in (outcome.closes or {"en": ""})["en"]
        assert set(outcome.message) >= {"fi", "en"}
        assert all(text.strip() for text in outcome.message.values())
        assert (outcome.closes is not None) is (outcome.kind == "open")


OBSERVED_CASES = [case for case in CASES if case.values[1].get("observations")]


@pytest.mark.parametrize(("code", "written"), OBSERVED_CASES)
def test_on_the_vendors_papers_alone_nothing_is_more_than_a_warning(
    code: str, written: dict[str, Any]
) -> None:
    check = book()[code]
    papers = [{**seen, "level": "vendor_doc"} for seen in written["observations"]]
    for outcome in check.say(cases.case({**written, "observations": papers})):
        if outcome.kind == "fail" and outcome.observation is not None:
            assert (outcome.severity or check.rule.severity) in ("warning", "info"), outcome


@CHECKS
def test_every_rule_has_cases_of_each_kind_that_it_can_give(check: Check) -> None:
    path = cases.ROOT / "fixtures" / "checks" / f"{check.code}.yml"
    assert path.exists(), f"write the cases of {check.code}"
    expected = [
        wanted["kind"]
        for written in cases.cases(path)
        for wanted in (written["expect"] if isinstance(written["expect"], list) else [written["expect"]])
    ]
    assert set(expected) == set(check.rule.kinds)


@CHECKS
def test_every_rule_says_what_it_is(check: Check) -> None:
    rule = check.rule
    assert set(rule.title) == set(LANGUAGES)
    assert all(text.strip() for text in rule.title.values())
    assert rule.severity in SEVERITIES
    assert rule.certainty in CERTAINTIES
    assert rule.law
    assert set(rule.kinds) <= set(KINDS)
    assert check.page.wrong == rule.title["en"].rstrip(".") + "."
    assert check.page.why
    assert check.page.fix
    assert check.name == check.name.lower()
    assert check.name.startswith(check.rule.code.lower() + "_")
    assert "ensure" not in check.name


@CHECKS
def test_every_rule_needs_only_what_there_is(check: Check) -> None:
    """What a rule says that it looks at is defined: a field of the record, or a kind of observation."""
    for need in check.rule.needs:
        if need.startswith("observation:"):
            assert need.removeprefix("observation:") in OBSERVED
            continue
        assert _is_defined(need), need


def _is_defined(pointer: str) -> bool:
    """Whether a JSON Pointer, `*` standing for any position, is one of the assembled record."""
    first, *rest = (step.replace("*", "0") for step in steps(pointer))
    if first == "controller":
        return allowed(ControllerSchema, rest)
    if first == "systems" and rest:
        return rest[0].isdecimal() and allowed(SystemSchema, rest[1:])
    return allowed(RecordSchema, [first, *rest])


@CHECKS
def test_every_rule_looks_at_nothing_that_it_does_not_name(check: Check) -> None:
    """The parts of the record that its file reads are among its needs."""
    parts = {steps(need)[0] for need in check.rule.needs if need.startswith("/")}
    text = (cases.ROOT / "registry" / "checks" / "rules" / f"{check.name}.py").read_text("utf-8")
    read = {
        name for name in RecordSchema._declared_fields if f"record.{name}" in text or f"own.{name}" in text
    }
    # Provenance is where a thing is said, and goes with whatever is looked at.
    assert read - {"register", "provenance"} <= parts, "name these among the needs"


def test_cases_are_of_checks_that_exist() -> None:
    assert {path.stem for path in cases.files()} <= set(book())


def test_cases_are_named_once() -> None:
    for path in cases.files():
        names = [written["name"] for written in cases.cases(path)]
        assert len(set(names)) == len(names), path


def test_every_rule_has_a_file_of_its_own() -> None:
    there = {path.stem for path in (cases.ROOT / "registry" / "checks" / "rules").glob("[!_]*.py")}
    assert there == {check.name for check in book().values()}
