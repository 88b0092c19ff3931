"""YAML files in git: read strictly, compared, loaded all or not at all; a second load changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from registry import journal
from registry.catalogue import load, read, store
from registry.errors import Invalid, Problem

FILES = sorted((Path(__file__).parents[2] / "fixtures" / "registers").glob("*.yaml"))


def test_the_five_registers_read_back_equal_to_their_yaml(opened: str) -> None:
    load.apply(load.read(FILES), by="operator")
    compared = 0
    for path in FILES:
        text = yaml.safe_load(path.read_text(encoding="utf-8"))
        for section, kind in load.SECTIONS.items():
            for name, body in text[section].items():
                body.pop("effective_from", None)
                controller, _, key = name.partition("/")
                assert store.at(kind, controller, key or controller).body == body
                compared += 1
    assert compared == 15
    assert sum(1 for _ in read.records()) == 5


def test_a_second_load_changes_nothing(opened: str) -> None:
    items = load.read(FILES)
    assert {change.action for change in load.plan(items)} == {"create"}
    load.apply(items, by="operator")
    before = journal.checkpoint()
    assert {change.action for change in load.apply(items, by="operator")} == {"same"}
    assert journal.checkpoint() == before


def test_a_dry_run_tells_the_differences_and_writes_nothing(opened: str, tmp_path: Path) -> None:
    load.apply(load.read(FILES), by="operator")
    before = journal.checkpoint()
    seamk = next(path for path in FILES if path.stem == "seamk")
    changed = tmp_path / "seamk.yaml"
    changed.write_text(
        seamk.read_text(encoding="utf-8").replace("duration: P6M", "duration: P3M"), encoding="utf-8"
    )
    [change] = [one for one in load.plan(load.read([changed])) if one.action != "same"]
    assert (change.item.name, change.action) == ("register/seamk/library-chat", "change")
    assert change.differences == [
        {"field": "/retention/0/duration", "change": "changed", "before": "P6M", "after": "P3M"}
    ]
    assert journal.checkpoint() == before


def test_one_bad_item_and_nothing_is_loaded(opened: str, tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(
        "controllers: {acme: Acme Oy}\nregisters:\n  acme/a: Asiakkaat\n  acme/b: {register: B, systems: [nowhere]}\n",
        encoding="utf-8",
    )
    with pytest.raises(Invalid) as told:
        load.apply(load.read([path]), by="operator")
    assert told.value.errors[0]["field"].startswith(f"{path}:4")
    assert not store.exists("controller", "acme", "acme")
    assert journal.checkpoint()["size"] == 0


BAD = {
    "not yaml": ("registers: [", "malformed_yaml", 1),
    "a key twice": ("registers:\n  a/b: {register: x}\n  a/b: {register: y}\n", "duplicate_key", 3),
    "an alias": ("registers:\n  a/b: {register: &x {name: y}}\n  a/c: {register: *x}\n", "alias", 2),
    "a merge key": ("registers:\n  a/b: {<<: {register: x}}\n", "unknown_field", 2),
    "an unknown section": ("register: {}\n", "invalid", None),
    "a bad key": ("registers:\n  Acme: {register: x}\n", "invalid_key", 2),
    "an unknown field": ("registers:\n  a/b:\n    register: x\n    purpose: y\n", "unknown_field", 4),
    "a period that is none": (
        "registers:\n  a/b:\n    register: x\n    retention: [P6Q]\n",
        "invalid_period",
        4,
    ),
    "a date as period start": (
        "registers:\n  a/b:\n    effective_from: 2018-13-01\n    register: x\n",
        "invalid_day",
        3,
    ),
    "an empty file": ("", "invalid", None),
    "very deep": ("[" * 20_000, "too_deep", None),
    "rather deep": ("registers: {a/b: " + "[" * 240 + "]" * 240 + "}\n", "too_deep", None),
    "deep": ("registers: {a/b: " + "[" * 80 + "]" * 80 + "}\n", None, None),
    "a lone surrogate": ('registers:\n  a/b: {register: "\\ud800"}\n', None, None),
    "a NUL": ('registers:\n  a/b: {register: "a\\0b"}\n', None, None),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_its_place(tmp_path: Path, name: str) -> None:
    text, code, line = BAD[name]
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Problem) as told:
        load.read([path])
    errors = told.value.errors
    assert errors and all(error["field"].startswith(str(path)) for error in errors)
    if code is not None:
        assert code in {error["code"] for error in errors}
    if line is not None:
        assert any(error["field"].startswith(f"{path}:{line}") for error in errors)


SHORT: dict[str, Any] = {
    "register": "Uutiskirje",
    "purposes": ["Uutiskirjeen lähettäminen"],
    "legal_bases": ["6(1)(a)"],
    "data_categories": ["Sähköpostiosoite"],
    "retention": ["P2Y"],
    "rights": ["access", "erasure"],
    "transfers": "stated_none",
    "dpo": {"contact": {"email": "tietosuoja@acme.example"}},
}


def test_short_forms_mean_what_the_long_ones_do() -> None:
    from registry.catalogue.record import assemble

    record = assemble("acme/news", SHORT, {"name": "Acme"})
    assert record.register.name == "Uutiskirje"
    assert [(p.id, str(p.text)) for p in record.purposes] == [("P1", "Uutiskirjeen lähettäminen")]
    assert record.legal_bases[0].article == "6(1)(a)"
    assert record.retention[0].duration == "P2Y"
    assert (record.right("access"), record.right("portability")) == ("stated", "not_stated")
    assert (record.status("/transfers"), record.status("/complaint"), record.status("/dpo")) == (
        "stated_none",
        "not_stated",
        "stated",
    )
    assert record.status("/purposes") == "stated" and record.status("/recipients") == "not_stated"
    assert not record.trackers and record.trackers.types == ()


@pytest.mark.parametrize("blank", ["", " ", "\n\n", "\u200b", "\u00a0\u2060"])
def test_a_name_of_blanks_is_no_name(blank: str) -> None:
    from registry.catalogue.record import assemble

    with pytest.raises(Invalid) as told:
        assemble("acme/x", {"register": {"name": blank}}, "Acme Oy")
    assert told.value.errors[0]["field"] == "/record/register/name"
