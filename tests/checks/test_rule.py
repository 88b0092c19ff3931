"""What a rule may say, the book that the rules are bound into, and what says that it is only remembered."""

from __future__ import annotations

import dataclasses
import logging
from types import MappingProxyType, ModuleType
from typing import Any

import pytest

from registry.checks import book as the_book
from registry.checks.book import BROKEN, Check, CodeTaken, book, bound, examine, page
from registry.checks.rule import Case, Outcome, Rule, settled
from registry.law import Law, law
from tests.checks import cases

DOCSTRING = """The wrong.

Why it matters
Because.

How to fix
Do it.
"""


def module(name: str, code: str, docstring: str = DOCSTRING) -> ModuleType:
    made = ModuleType(f"somewhere.{name}", docstring)
    made.RULE = dataclasses.replace(book()["COM001"].rule, code=code)  # type: ignore[attr-defined]  # a module of our own
    made.check = lambda case: case.na(fi="-", en="-")  # type: ignore[attr-defined]  # a module of our own
    return made


def test_a_code_is_given_once() -> None:
    with pytest.raises(CodeTaken, match="com001_first"):
        bound([module("com001_first", "COM001"), module("com001_second", "COM001")])


def test_a_retired_code_is_never_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(the_book, "RETIRED", {"COM001": "COM002"})
    with pytest.raises(CodeTaken, match="COM002"):
        bound([module("com001_again", "COM001")])


def test_what_is_retired_has_no_rule_and_a_successor_that_has() -> None:
    for code, successor in the_book.RETIRED.items():
        assert code not in book()
        assert not successor or successor in book() or successor in the_book.RETIRED


@pytest.mark.parametrize(
    ("name", "code"), [("com002_else", "COM001"), ("com001", "COM001"), ("xyz001_x", "XYZ001")]
)
def test_a_rule_is_in_a_file_named_after_its_code(name: str, code: str) -> None:
    with pytest.raises(ValueError, match=code):
        bound([module(name, code)])


@pytest.mark.parametrize(
    "docstring",
    [
        "",
        "The wrong.",
        DOCSTRING.replace("How to fix", "Fix"),
        DOCSTRING.replace("Because.\n", "\n"),
        DOCSTRING.replace("Do it.", ""),
    ],
)
def test_a_page_has_three_parts(docstring: str) -> None:
    with pytest.raises(ValueError, match="com001_x"):
        page(docstring, "com001_x")


def test_a_page_may_say_more_of_the_wrong() -> None:
    made = page(DOCSTRING.replace("The wrong.\n", "The wrong.\n\nIn two\nlines.\n\nAnd more.\n"), "x")
    assert (made.wrong, made.more, made.why, made.fix) == (
        "The wrong.",
        "In two lines. And more.",
        "Because.",
        "Do it.",
    )


def outcome(kind: Any, key: str = "") -> Outcome:
    return Outcome(kind=kind, key=key, message={"fi": "-", "en": "-"})


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([], "nothing"),
        ([outcome("open")], "open"),
        ([outcome("pass"), outcome("fail", "a")], "at once"),
        ([outcome("na"), outcome("fail", "a")], "at once"),
    ],
)
def test_a_rule_that_breaks_its_terms_is_refused(said: list[Outcome], why: str) -> None:
    rule = dataclasses.replace(book()["COM001"].rule, kinds=("fail", "pass", "na"))
    with pytest.raises(ValueError, match=why):
        settled(rule, said)


def test_several_wrongs_are_told_apart_by_their_keys() -> None:
    assert len(settled(book()["COM004"].rule, iter([outcome("fail", "a"), outcome("open", "b")]))) == 2


def test_a_rule_that_breaks_is_open_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(case: Case) -> Outcome:
        raise ZeroDivisionError

    first = book()["COM001"]
    there = {**book(), "COM001": Check(first.rule, first.page, first.name, broken)}
    monkeypatch.setattr(the_book, "book", lambda: MappingProxyType(there))
    with caplog.at_level(logging.ERROR):
        said = list(examine(cases.case({})))
    assert (said[0][0].code, said[0][1]) == ("COM001", BROKEN)
    assert {check.code for check, _ in said} == set(there)
    assert "COM001 broke on esimerkki/uutiskirje" in caplog.text


def test_some_of_the_book_can_be_asked_for() -> None:
    assert [check.code for check, _ in examine(cases.case({}), ["COM011", "COM003"])] == ["COM003", "COM011"]
    with pytest.raises(KeyError):
        list(examine(cases.case({}), ["COM000"]))


def remembered(table: Law, part: str, key: str) -> Law:
    """The table with one entry that is only remembered."""
    entries = getattr(table, part)
    forgotten = dataclasses.replace(entries[key], source="memory")
    return dataclasses.replace(table, **{part: MappingProxyType({**entries, key: forgotten})})


@pytest.mark.parametrize(
    ("code", "part", "key", "record"),
    [
        (
            "LAW201",
            "acts",
            "Henkilötietolaki 523/1999",
            {"document": {"cited_laws": ["Henkilötietolaki 523/1999"]}},
        ),
        (
            "LAW203",
            "instruments",
            "privacy_shield_eu_us",
            {"transfers": {"items": [{"instrument": "privacy_shield_eu_us"}]}},
        ),
        ("LAW203", "instruments", "scc_2021", {"transfers": {"items": [{"instrument": "scc_2021"}]}}),
        ("CON102", "vendors", "zendesk", {"processors": ["Zendesk"]}),
        ("COM010", "rights", "portability", {"legal_bases": ["6(1)(b)"]}),
        ("COM010", "rights", "portability", {"legal_bases": ["6(1)(b)"], "rights": ["portability"]}),
        (
            "LAW204",
            "acts",
            "Henkilötietolaki 523/1999",
            {"legal_bases": [{"legacy_article": "HetiL 8.1 § 5 k"}]},
        ),
        ("LAW204", "acts", "Henkilötietolaki 523/1999", {}),
    ],
)
def test_what_is_only_remembered_says_so_where_it_decides(
    code: str, part: str, key: str, record: Any
) -> None:
    case = cases.case({"record": record})
    (sure,) = book()[code].say(dataclasses.replace(case, law=sourced(law(), part, key)))
    assert sure.remembered == ()
    (unsure,) = book()[code].say(dataclasses.replace(case, law=remembered(law(), part, key)))
    assert unsure.remembered == (key,)


def sourced(table: Law, part: str, key: str) -> Law:
    """The table with one entry that was read."""
    entries = getattr(table, part)
    read = dataclasses.replace(entries[key], source="read", from_memory=())
    return dataclasses.replace(table, **{part: MappingProxyType({**entries, key: read})})


def test_hosting_alone_is_the_vendors_word_and_a_warning() -> None:
    """CON102 on the vendor's papers alone is at most a warning; a seat outside is a fact of its own."""
    entries = law().vendors
    seated = dataclasses.replace(entries["tawk_to"], country="FI")
    table = dataclasses.replace(law(), vendors=MappingProxyType({**entries, "tawk_to": seated}))
    case = dataclasses.replace(cases.case({"record": {"processors": ["Tawk.to"]}}), law=table)
    (said,) = book()["CON102"].say(case)
    assert (said.kind, said.severity) == ("fail", "warning")
    exported = dataclasses.replace(seated, evidence="export")
    table = dataclasses.replace(law(), vendors=MappingProxyType({**entries, "tawk_to": exported}))
    (said,) = book()["CON102"].say(dataclasses.replace(case, law=table))
    assert (said.kind, said.severity) == ("fail", None)


@pytest.mark.parametrize("code", ["OBS303", "OBS304"])
def test_what_is_known_of_a_vendor_counts_by_its_evidence(code: str) -> None:
    """The catalogue in place of a look: a warning on the vendor's papers, and only remembered where it was not read."""
    case = cases.case({"record": {}, "systems": {"chat": {"name": "Chat", "vendor": "Tawk.to"}}})
    for evidence, severity in (("vendor_doc", "warning"), ("export", None)):
        for source, memory in (("read", ()), ("memory", ("tawk_to",))):
            change: dict[str, Any] = {"evidence": evidence, "source": source, "from_memory": ()}
            vendor = dataclasses.replace(law().vendors["tawk_to"], **change)
            table = dataclasses.replace(law(), vendors=MappingProxyType({**law().vendors, "tawk_to": vendor}))
            (said,) = book()[code].say(dataclasses.replace(case, law=table))
            assert (said.kind, said.severity, said.remembered) == ("fail", severity, memory)


def test_rules_are_frozen() -> None:
    rule: Rule = book()["COM001"].rule
    with pytest.raises(dataclasses.FrozenInstanceError):
        rule.severity = "info"  # type: ignore[misc]  # it must be refused


def test_outcomes_of_one_key_are_numbered() -> None:
    said = [outcome("fail", "a"), outcome("fail", "b"), outcome("open", "a"), outcome("fail", "a")]
    rule = dataclasses.replace(book()["COM001"].rule, kinds=("fail", "open"))
    assert [one.key for one in settled(rule, said)] == ["a", "b", "a#2", "a#3"]
