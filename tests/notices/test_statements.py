"""What the notices of the five registers say, and what they say is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.catalogue.record import Record, assemble, withheld
from registry.catalogue.record.rights import RIGHTS
from registry.telling.sections import SECTIONS
from registry.telling.value import MISSING
from registry.telling.words import languages, words
from tests.notices.bodies import Full
from tests.notices.conftest import answers, document, fixtures, section, texts

TOLD: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("told.yaml").read_text("utf-8"))


def test_every_fixture_has_its_statements() -> None:
    assert set(TOLD) == set(fixtures())


@pytest.mark.parametrize(
    ("key", "name", "statement"),
    [(key, name, text) for key, one in TOLD.items() for name, found in one["says"].items() for text in found],
)
def test_it_is_said(key: str, name: str, statement: str) -> None:
    found = section(document(fixtures()[key]), name)
    said = {text["text"] for text in texts(found)} | {one.get("note") for one in answers(found)}
    assert statement in said


def silences(part: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(name of fact, column, list or remark; status) of every answer in a section that is not plainly stated."""
    for block in part.get("blocks", ()):
        named = [(fact["name"], fact["told"]) for fact in block.get("facts", ())]
        for row in block.get("rows", ()):
            named += [(column["name"], cell) for column, cell in zip(block["columns"], row, strict=True)]
        named += [(block["name"], told) for told in block.get("entries", ())]
        named += [(block["name"], block["told"])] if "told" in block else []
        yield from ((name, told["status"]) for name, told in named if told["status"] != "stated")


@pytest.mark.parametrize(
    ("key", "name"), [(key, name) for key, one in TOLD.items() for name in one["missing"]]
)
def test_what_the_record_does_not_say_is_said_to_be_missing(key: str, name: str) -> None:
    found = set(silences(section(document(fixtures()[key]), name)))
    wanted: dict[str, str | None] = TOLD[key]["missing"][name]
    assert {one for one in wanted.items() if one[1] is not None} <= found
    # And what the record states is not said to be missing.
    unwanted = {one for one, status in found if status in MISSING}
    assert not unwanted if not wanted else not {one for one in unwanted if wanted.get(one, "") is None}


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("key", sorted(TOLD))
def test_what_stays_inside_occurs_nowhere(key: str, language: str) -> None:
    written = json.dumps(document(fixtures()[key], language), ensure_ascii=False)
    assert [word for word in TOLD[key]["never"] if word in written] == []


@pytest.mark.parametrize("language", languages())
def test_every_gap_is_a_sentence_of_the_page_and_is_counted(record: Record, language: str) -> None:
    notice = document(record, language)
    for part in notice["sections"]:
        gaps = [told for told in answers(part) if told["status"] in MISSING]
        assert all(told["note"].strip() for told in gaps)
        assert part["gaps"] == len(gaps)
    assert [part["name"] for part in notice["sections"]] == list(SECTIONS)


def test_nothing_said_is_nothing_hidden() -> None:
    """A record with nothing but a name: every section says what it lacks, none is empty."""
    notice = document(assemble("acme/bare", {"register": "Asiakkaat"}, "Acme Oy"))
    for part in notice["sections"]:
        assert part["blocks"], part["name"]
        told = list(answers(part))
        if part["name"] != "security":
            assert any(one["status"] in MISSING for one in told), part["name"]
    assert {fact["told"]["status"] for fact in notice["summary"]} == {"not_stated"}
    silent = section(notice, "rights")["blocks"][0]["entries"][0]
    assert {text["code"] for text in silent["texts"]} == set(RIGHTS)


def test_a_full_record_has_no_gap() -> None:
    """With everything said there is nothing left to miss but the rights that were not listed, and partial answers."""
    notice = document(Full().record())
    missing = {
        (part["name"], name)
        for part in notice["sections"]
        for name, status in silences(part)
        if status in MISSING
    }
    assert missing <= {
        ("purposes", "legacy_basis"), ("rights", "rights_not_stated"), ("purposes", "basis"), ("purposes", "why"),
        ("rights", "right"), ("security", "need_to_know"), ("retention", "how_long"),
    }  # fmt: skip


STATUSES = ["stated_none", "not_stated", "partly_stated", "referred_elsewhere", "placeholder"]


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    "name", ["transfers", "disclosures", "complaint", "automated_decisions", "trackers", "dpo"]
)
def test_each_status_is_told_in_words_of_its_own(name: str, status: str, language: str) -> None:
    def said(status: str) -> str:
        notice = document(assemble("acme/x", {"register": "X", name: status}, "Acme Oy"), language)
        home = {"trackers": "cookies", "disclosures": "recipients"}.get(name, name)
        told = [one for one in answers(section(notice, home)) if one["status"] == status]
        assert told
        return str(told[0]["note"])

    others = {said(other) for other in STATUSES if other != status}
    assert said(status) not in others


@pytest.mark.parametrize("status", [one for one in STATUSES if one != "partly_stated"])
@pytest.mark.parametrize(
    ("pointer", "home"),
    [
        ("/retention", "retention"),
        ("/purposes", "purposes"),
        ("/sources", "data"),
        ("/contact_points", "contact"),
    ],
)
def test_the_status_of_what_is_not_there_is_taken_from_the_provenance(
    pointer: str, home: str, status: str
) -> None:
    body = {"register": "X", "provenance": {pointer: {"status": status}}}
    notice = document(assemble("acme/x", body, "Acme Oy"))
    assert (pointer[1:], status) in list(silences(section(notice, home)))


def test_a_placeholder_beside_a_value_is_marked() -> None:
    body = {
        "register": "X",
        "data_categories": ["Nimi"],
        "retention": [{"applies_to": "all", "duration": "P6M", "starts_from": "x (x)"}],
        "provenance": {"/retention/0/starts_from": {"status": "placeholder"}},
    }
    found = section(document(assemble("acme/x", body, "Acme Oy")), "retention")
    assert ("from", "placeholder") in list(silences(found))


def test_none_is_an_answer_and_no_gap() -> None:
    notice = document(assemble("acme/x", {"register": "X", "transfers": "stated_none"}, "Acme Oy"), "en")
    part = section(notice, "transfers")
    assert part["gaps"] == 0
    assert next(answers(part))["note"] == words("en")("none.transfers")


def test_what_was_concluded_says_so() -> None:
    found = section(document(fixtures()["osekk/opintori"]), "controller")
    form = next(fact for fact in found["blocks"][0]["facts"] if fact["name"] == "legal_form")
    assert form["told"]["inferred"] is True


def test_no_withheld_value_is_published(record: Record) -> None:
    secrets = {
        getattr(one, name)
        for one in (*record.contact_points, *record.responsible_persons, record.dpo, record.dpo.contact)
        for name in ("name", "email", "phone")
        if withheld(getattr(one, name, None))
    }
    assert secrets
    for language in languages():
        written = json.dumps(document(record, language), ensure_ascii=False)
        assert [secret for secret in secrets if str(secret) in written] == []


def test_the_summary_points_at_sections_and_says_what_matters() -> None:
    notice = document(fixtures()["seamk/library-chat"])
    told = {fact["name"]: fact for fact in notice["summary"]}
    assert list(told) == ["what", "why", "how_long", "who", "where", "rights"]
    assert {fact["section"] for fact in told.values()} <= set(SECTIONS)
    assert told["how_long"]["told"]["texts"][0] == {"text": "6 kuukautta", "language": "fi", "code": "P6M"}
    assert told["how_long"]["told"]["status"] == "partly_stated"  # one of nine kinds of data has a period
    assert told["rights"]["told"]["status"] == "not_stated"
