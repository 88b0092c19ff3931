"""Three languages alike, a fourth at the price of one file, and every text in its own."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from registry.catalogue.record import Record, assemble
from registry.notices import html
from registry.telling import words as module
from registry.telling.words import Words, languages, words
from tests.notices.bodies import Full, records
from tests.notices.conftest import answers, document, fixtures, section, texts
from tests.notices.reading import Reader

LABELS = Path(module.__file__).parent / "labels"


def leaves(node: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for name, below in node.items():
            yield from leaves(below, f"{at}.{name}" if at else str(name))
    else:
        yield at, str(node)


@cache
def labels(language: str) -> dict[str, str]:
    return dict(leaves(yaml.safe_load((LABELS / f"{language}.yaml").read_text("utf-8"))))


def test_the_languages_are_those_of_the_files_in_their_order() -> None:
    assert languages() == ("fi", "sv", "en")


@pytest.mark.parametrize("language", languages())
def test_every_language_has_the_same_labels_with_the_same_blanks(language: str) -> None:
    wanted, found = labels("en"), labels(language)
    assert sorted(wanted) == sorted(found)
    for path, label in found.items():
        assert label.strip(), path
        assert blanks(label) == blanks(wanted[path]), path


def blanks(label: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(label) if name}


def test_languages_differ() -> None:
    """A label that was copied and not translated: those that are names, or alike by chance, are listed."""
    alike = {
        path
        for one, other in (("fi", "sv"), ("fi", "en"), ("sv", "en"))
        for path, label in labels(one).items()
        if labels(other).get(path) == label and len(label) > 3
    }
    assert alike <= {
        "accessibility.authority_link", "columns.system", "captions.systems", "columns.organisation",
        "fields.organisation",
    }  # fmt: skip


@pytest.mark.parametrize(
    "file", ["telling.py", "summary.py", "render.py", "html.py", "sections", "templates"]
)
def test_every_label_that_is_asked_for_by_name_is_there(file: str) -> None:
    place = LABELS.parent / file
    for source in [place] if place.is_file() else sorted(place.glob("*.*")):
        for path in re.findall(r"""words(?:\.said)?\(["']([a-z_.]+[a-z_])["']""", source.read_text("utf-8")):
            assert words("en").get(path), f"{source.name}: {path}"


def test_a_missing_label_is_a_fault() -> None:
    with pytest.raises(KeyError):
        words("fi")("status.unheard_of")


def test_every_label_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rendering what says everything, what says nothing, and the other pages asks for every label there is."""
    asked: set[str] = set()
    look_up = Words.get
    monkeypatch.setattr(Words, "get", lambda self, path: (asked.add(path), look_up(self, path))[1])
    silent = assemble(
        "acme/x", {"register": {"name": "X", "role": "processor"}, "processor_for": ["Y"]}, "Acme Oy"
    )
    statuses = [
        dict.fromkeys(STATED, status)
        for status in ("stated", "stated_none", "partly_stated", "referred_elsewhere")
    ]
    statuses.append({"transfers": {"items": [{"instrument": "scc_2021"}]}})
    told = [assemble("acme/x", {"register": "X", **one, **FAULTY}, "Acme Oy") for one in statuses]
    for record in (*fixtures().values(), silent, *told, Full().record()):
        html.notice_page(document(record, "en"), base="")
    html.index_page(
        "en", [{"key": "a", "name": "A", "notices": [LISTED]}], base="", path="/notices/a", after="a/b/1"
    )
    html.index_page("en", [], base="", path="/notices")
    html.accessibility_page("en", [], base="")
    html.accessibility_page("en", [{"name": "A", "contact": "", "link": ""}], base="")
    for kind in ("not_found", "gone", "wrong"):
        html.wrong_page("en", kind, path="/notices")
    unused = set(labels("en")) - asked - {"order"} - ONCE_IN_A_WHILE
    assert " ".join(sorted(unused)) == ""


LISTED = {"key": "b", "title": "B", "language": "fi", "published": "22.11.2026"}
STATED = (
    "dpo", "transfers", "disclosures", "complaint", "automated_decisions", "trackers", "backups", "manual_records",
    "provision_obligation",
)  # fmt: skip
#: Parts that lack what they need.
FAULTY: dict[str, Any] = {
    "contact_points": [{}],
    "legal_bases": [{"article": "6(1)(c)"}, {"article": "6(1)(f)"}],
    "data_categories": [{"special": True, "criminal": True, "national_id": True}],
    "data_subjects": [{"vulnerable": True, "children": True}],
    "request_procedure": [{}],
    "retention": [{"applies_to": ["D1"], "duration": "P1M"}],
    "secondary_copies": [{"where": "X"}],
    "storage_locations": ["EEA"],
    "provenance": {"/retention/0/starts_from": {"status": "placeholder"}},
}
#: A page without any gap, or with one; text that was struck out; "none" where only the provenance says so.
ONCE_IN_A_WHILE = {
    "page.gaps_none",
    "page.gaps_one",
    "page.masked",
    "none.retention",
    "none.legal_bases",
    "tongues.sv",
    "tongues.en",
}


@settings(max_examples=30)
@given(records())
def test_any_record_is_told_in_every_language_without_an_error(record: Record) -> None:
    for language in languages():
        notice = document(record, language)
        page = Reader(html.notice_page(notice, base="https://registry.example"))
        assert page.faults == []
        assert all(told.get("note") for told in answers(notice) if told["status"] != "stated")


@settings(max_examples=30)
@given(records())
def test_the_languages_tell_the_same(record: Record) -> None:
    """The same sections, blocks, columns, statuses and codes; only the words differ."""

    def bones(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: bones(value) for name, value in node.items() if name in KEPT}
        if isinstance(node, list):
            return [bones(item) for item in node]
        return "stated" if node == "withheld" else node  # a text may be withheld in one of its languages only

    first, *others = (bones(document(record, language)["sections"]) for language in languages())
    for other in others:
        for mine, theirs in zip(first, other, strict=True):
            assert mine == theirs


KEPT = {
    "name",
    "kind",
    "blocks",
    "columns",
    "rows",
    "facts",
    "entries",
    "told",
    "status",
    "code",
    "link",
    "gaps",
    "inferred",
}


@pytest.mark.parametrize("language", languages())
def test_every_text_of_the_record_stands_in_its_own_language(record: Record, language: str) -> None:
    notice = document(record, language)
    page = Reader(html.notice_page(notice, base="https://registry.example"))
    shown: dict[str, set[str]] = {}
    for element in page.elements:
        for run in element.runs:
            shown.setdefault(run.strip(), set()).add(element.language)
    for text in texts({"sections": notice["sections"], "title": notice["title"]}):
        if text.get("record"):
            assert (text.get("language") or language) in shown[text["text"].strip()], text


def test_a_text_that_exists_in_the_language_of_the_page_is_shown_in_it() -> None:
    body = {
        "register": "X",
        "document": {"language": "fi"},
        "purposes": [
            {"text": {"fi": "Neuvonta", "en": "Advice"}},
            "Opetus",
            {"text": {"sv": "Undervisning"}},
        ],
    }
    record = assemble("acme/x", body, "Acme Oy")

    def told(language: str) -> list[tuple[str, str]]:
        entries = section(document(record, language), "purposes")["blocks"][0]["entries"]
        return [(text["text"], text["language"]) for text in texts(entries)]

    assert told("en") == [("Advice", "en"), ("Opetus", "fi"), ("Undervisning", "sv")]
    assert told("sv") == [("Neuvonta", "fi"), ("Opetus", "fi"), ("Undervisning", "sv")]
    page = html.notice_page(document(record, "en"), base="")
    assert '<abbr class="tongue" title="in Finnish">fi</abbr>' in page
    assert '<bdi lang="sv">Undervisning</bdi>' in page
    assert "in Finnish, in Swedish" in page


def test_dates_periods_and_countries_are_in_words() -> None:
    record = fixtures()["osekk/opintori"]
    for language, wanted in {
        "fi": {"17. toukokuuta 2018", "1 kuukausi", "Yhdysvallat"},
        "sv": {"17 maj 2018", "1 månad", "USA"},
        "en": {"17 May 2018", "1 month", "United States"},
    }.items():
        assert wanted <= {text["text"] for text in texts(document(record, language)["sections"])}


def test_another_language_is_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the law table lacks in it is said in English, and marked as such."""
    german = yaml.safe_load((LABELS / "en.yaml").read_text("utf-8"))
    german |= {"name": "Deutsch", "locale": "de_DE", "order": 4}
    german["words"]["legal_bases"] = {"6(1)(a)": "Einwilligung"}
    there = {**module._all(), "de": Words("de", german)}
    monkeypatch.setattr(module, "_all", lambda: there)
    assert module.languages() == ("fi", "sv", "en", "de")
    notice = document(fixtures()["osekk/opintori"], "de")
    said = {text["text"]: text.get("language") for text in texts(notice)}
    assert said["Einwilligung (GDPR 6(1)(a))"] == "de"
    assert said["legitimate interests (GDPR 6(1)(f))"] == "en"
    assert said["17. Mai 2018"] == "de"
    assert said["Vereinigte Staaten"] == "de"
    page = Reader(html.notice_page(notice, base=""))
    assert page.faults == []
    assert page.of("html")[0].attributes["lang"] == "de"
