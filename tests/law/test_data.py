"""The data files: what is refused when somebody writes one wrongly, and what holds of every entry."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from datetime import date
from functools import partial
from importlib import resources

import pytest
import yaml

from registry.law import Entry, Labels, Misprint, Section, Term, law, printed
from registry.law.names import area, company

FILES: Mapping[str, str] = {
    item.name: item.read_text("utf-8")
    for item in sorted((resources.files("registry.law") / "data").iterdir(), key=lambda item: item.name)
}
LAW = law()
EMPTY = "as_printed_on: 2026-11-22\n"
LAST = FILES["areas.yaml"].count("\n")

Edit = Callable[[dict[str, str]], None]


def change(name: str, old: str, new: str, *, times: int = 1) -> Edit:
    def edit(files: dict[str, str]) -> None:
        assert files[name].count(old) == times, f"{old!r} is not {times} times in {name}"
        files[name] = files[name].replace(old, new)

    return edit


def append(name: str, text: str) -> Edit:
    def edit(files: dict[str, str]) -> None:
        files[name] += text

    return edit


def add(text: str) -> Edit:
    return append("instruments.yaml", text)


def second_authority(files: dict[str, str]) -> None:
    authority = files["practice.yaml"].partition("decisions:")[0].partition("authority:")[2]
    files["second.yaml"] = f"{EMPTY}authority:{authority.replace('key: ', 'key: other_')}"


amend = partial(change, "instruments.yaml")
acts = partial(change, "acts.yaml")
areas = partial(change, "areas.yaml")
practice = partial(change, "practice.yaml")
retention = partial(change, "retention.yaml")
rights = partial(change, "rights.yaml")
vendors = partial(change, "vendors.yaml")
words = partial(change, "words.yaml")


def adequacy(key: str = "adequacy_XX", scope: str = "XX", **more: str) -> str:
    """An entry as somebody would add it."""
    lines = {
        "name": "{fi: riittävyyspäätös, sv: beslut om adekvat skyddsnivå, en: adequacy decision}",
        "kind": "adequacy",
        "scope": scope,
        "reference": '"(EU) 2027/1"',
        "valid_from": "2027-01-01",
        "gdpr_ground": "true",
        "article": '"45"',
        "sure": "high",
        "source": "OJ",
        **more,
    }
    return f"- key: {key}\n" + "".join(f"  {name}: {value}\n" for name, value in lines.items() if value)


SHIELD = "  ended_on: 2020-07-16\n"
SCC = '  ended_on: 2022-12-27\n  ended_by: "(EU) 2021/914, art. 4"\n  new_contracts_until: 2021-09-27\n'

REFUSED: list[tuple[Edit, str]] = [
    # overlaps and open ends
    (add(adequacy(scope="US")), "adequacy_XX: begins while dpf_eu_us of the same scope is open-ended"),
    (add(adequacy(scope="BR")), "open-ended"),
    (add(adequacy(scope="GB")), "adequacy_XX: begins before adequacy_GB of the same scope has ended"),
    (amend(SHIELD, "  ended_on: 2023-07-11\n"), "dpf_eu_us: begins before privacy_shield_eu_us"),
    (amend(SHIELD, ""), "privacy_shield_eu_us: ended_on and ended_by go together"),
    (amend(SCC, "  new_contracts_until: 2021-09-27\n", times=2), "closed to new contracts, and open-ended"),
    (amend("  ended_on: 2031-12-28\n", "  ended_on: 2031-12-29\n"), "adequacy_GB: in force after its sunset"),
    (amend('  ended_on: 2031-12-28\n  ended_by: "its own sunset"\n', ""), "adequacy_GB: in force after"),
    # wrong days
    (amend(SHIELD, "  ended_on: 2016-07-12\n"), "privacy_shield_eu_us: ended before it was in force"),
    (amend("adopted: 2016-07-12", "adopted: 2016-07-13"), "in force before it was adopted"),
    (amend("certification_from: 2016-08-01", "certification_from: 2016-07-11"), "lies outside"),
    (amend("certification_from: 2016-08-01", "certification_from: 2020-07-17"), "lies outside"),
    (add(adequacy(valid_from="")), "every instrument has valid_from"),
    (add(adequacy(valid_from="2027-02-30")), "instruments.yaml: valid_from: day is out of range"),
    (add(adequacy(valid_from='"2027-01-01"')), "is not a day"),
    (add(adequacy(valid_from="2027-01-01T00:00:00")), "is not a day"),
    (add(adequacy(valid_from="2027")), "is not a day"),
    (acts("displaced_on: 2018-05-25", "displaced_on: 2019-01-01"), "displaced after it was repealed"),
    (acts("displaced_on: 2018-05-25", "displaced_on: 1999-06-01"), "displaced before it applied"),
    (acts("displaced_on: 2018-05-25", "displaced_on: 2018-05-24"), "displaced by GDPR, which begins later"),
    (acts("  repealed_on: 2019-01-01\n", ""), "repealed_on and repealed_by go together"),
    (acts("  in_force: 2016-05-24\n", "  in_force: 2018-05-26\n"), "GDPR: applies before it is in force"),
    (acts("given: 2018-12-05", "given: 2019-01-02"), "in force before it was given"),
    (retention("valid_from: 2008-01-01", "valid_from: 1994-05-31"), "avl_real_estate: valid before its act"),
    (retention("valid_from: 2008", "ended_on: 2008-01-01\n  valid_from: 2008"), "ended before it was valid"),
    (areas("since: 2020-02-01", "since: 2020-01-31"), "GB: transition begins before member ends"),
    (areas("until: 2021-06-28", "until: 2021-01-01"), "GB: bridge until before it began"),
    # what is not there, or not known
    (add(adequacy(until="2030-01-01")), "no such field: until"),
    (add(adequacy(kind="treaty")), "'treaty' is none of adequacy"),
    (add(adequacy(sure="certain")), "'certain' is none of high, mid, low"),
    (add(adequacy(sure="")), "missing: sure"),
    (add(adequacy(source="")), "missing: source"),
    (add(adequacy(source='" "')), "source: empty"),
    (add(adequacy(reference="")), "missing: reference"),
    (add(adequacy(gdpr_ground="")), "missing: gdpr_ground"),
    (add(adequacy(gdpr_ground='"true"')), "'true' is not bool"),
    (add(adequacy(gdpr_ground="false")), "gdpr_ground and article go together"),
    (add(adequacy(article="")), "gdpr_ground and article go together"),
    (add(adequacy(article='"48"')), "no such ground of transfer: 48"),
    (add(adequacy(exporter="CH")), "cannot have been a ground"),
    (amend(SHIELD, "  ended_on: 2018-05-25\n"), "cannot have been a ground"),
    (add(adequacy(scope="NO")), "False is not str"),  # Norway, unquoted
    (add(adequacy(needs="[luck]")), "no such need: luck"),
    (add(adequacy(needs="contract")), "not a list"),
    (add(adequacy(watch="null")), "is not str"),
    (add(adequacy(dpv='"ex:Adequacy"')), "no such prefix: ex:Adequacy"),
    (add(adequacy(from_memory="[valid_form]")), "from_memory names no field: valid_form"),
    (add(adequacy(name="{fi: a, sv: b}")), "missing: en"),
    (add(adequacy(name='{fi: a, sv: "", en: c}')), "sv: empty"),
    (add(adequacy(name="{fi: a, sv: b, en: c, de: d}")), "no such field: de"),
    (add(adequacy(name="Brasilia")), "not a mapping"),
    (add(adequacy(key="adequacy_BR")), "the key is taken"),
    (add("- [adequacy]\n"), "not a mapping"),
    (add("instruments: []\n"), "written twice"),
    (add("treaties: []\n"), "treaties: no such part"),
    (add("  sure: high\n"), "'sure' is written twice"),
    (append("areas.yaml", "x: 1\nx: 2\n"), f"'x' is written twice, line {LAST + 2}"),
    (append("areas.yaml", "x:\n  y:\n  - at: 2026-02-30\n"), f"at: day is out of range for month, line {LAST + 3}"),
    (add("- {key: [2026-02-30]}\n"), "key: day is out of range"),
    (lambda files: files.update({"list.yaml": EMPTY + "acts: [{key: A}]\n"}), "list.yaml, acts, 'A': missing"),
    (add("- {\n"), "instruments.yaml"),
    (amend("as_printed_on: 2026-11-22\n", ""), "as_printed_on is not a day"),
    (amend("as_printed_on: 2026-11-22\n", "as_printed_on: soon\n"), "as_printed_on is not a day"),
    (acts("displaced_by: GDPR", "displaced_by: GDPX"), "displaced by an act that the table does not have"),
    (acts('number: "917/2014"', 'number: "523/1999"'), "is read as"),
    (acts('{number: "29", about: [rectification]', '{number: "26", about: [rectification]'), "listed twice"),
    (acts("abbreviations: [KPL]", "abbreviations: [HetiL]"), "HetiL is read as"),
    (acts('- {number: "205", about:', '- [205]\n  - {number: "205", about:'), "sections: not a mapping"),
    (append("areas.yaml", "[x]: y\n"), "areas.yaml"),
    (retention("duration: P13Y", "duration: 13Y"), "avl_real_estate: Not a period"),
    (retention('act: "Laki 1171/2022"', 'act: "Laki 1172/2022"'), "whistleblower: no such act"),
    (retention("kind: ceiling\n  duration: P5Y", "kind: roof\n  duration: P5Y"), "'roof' is none of"),
    (rights("{a: applies, b: none, c: none, d: none, e: none, f: none}", "{a: applies}"), "of each of a-f"),
    (rights("{a: applies, b: none, c: none", "{a: none, b: none, c: none"), "no basis gives it"),
    (rights("{a: applies, b: none, c: none", "{a: maybe, b: none, c: none"), "'maybe' is none of"),
    (words("    stated: {fi: ilmoitettu, sv: angivet, ", "    stated: {fi: ilmoitettu, "), "missing: sv"),
    (words("    stated: {fi: ilmoitettu, sv: angivet, en: stated}", "    stated: x"), "not a mapping"),
    (words('"yes": {fi: vaikutustenarviointi', "yes: {fi: vaikutustenarviointi"), "not a mapping by words"),
    (append("words.yaml", "- {key: colours, what: none, sure: high, source: us, terms: {}}\n"), "colours: no words"),
    (words("- key: severities", "- key: purposes"), "the key is taken: purposes"),
    (vendors('["zendesk", "zopim"]', '["Tawk.to Ltd"]'), "a name of zendesk and of tawk_to"),
    (vendors("sub_processors: [google_cloud]", "sub_processors: [nimbus]"), "no such word: nimbus"),
    (vendors("system_kinds: [live_chat]", "system_kinds: [chatbot]"), "no such word: chatbot"),
    (vendors("instrument: bcr", "instrument: bcx"), "zendesk: no such instrument: bcx"),
    (vendors("area: EEA, always", "area: Europe, always"), "zendesk: not a country: Europe"),
    (areas("key: AX, part_of: FI", "key: AX, part_of: SU"), "AX: part of nowhere"),
    (areas("key: AX, part_of: FI", "key: ALAND, part_of: FI"), "ALAND: not a country"),
    (areas("key: AX, part_of: FI", "key: AX"), "AX: has periods, or is part of"),
    (lambda files: files.update({"empty.yaml": ""}), "empty.yaml: not a mapping"),
    (lambda files: files.update({"list.yaml": EMPTY + "acts: {}\n"}), "list.yaml, acts: not a list"),
    (lambda files: files.update({"two.yaml": EMPTY + "instruments:\n" + adequacy("bcr")}), "the key is taken: bcr"),
    (practice("authority:\n  key: tietosuojavaltuutettu\n", "x:\n  key: x\n"), "x: no such part"),
    (second_authority, "there is one supervisory authority"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "why"), REFUSED, ids=[why for _, why in REFUSED])
def test_a_misprint_is_refused_by_name(edit: Edit, why: str) -> None:
    files = dict(FILES)
    edit(files)
    with pytest.raises(Misprint, match=re.escape(why)):
        printed(files)


@pytest.mark.parametrize(
    "edit",
    [
        acts("given: 2018-12-05", "given: 2019-01-01"),
        acts("  in_force: 2016-05-24\n", "  in_force: 2018-05-25\n"),
        acts("displaced_on: 2018-05-25", "displaced_on: 2018-12-31"),
        amend("certification_from: 2016-08-01", "certification_from: 2016-07-12"),
        amend("certification_from: 2016-08-01", "certification_from: 2020-07-16"),
        amend(SHIELD, "  ended_on: 2023-07-10\n"),
        amend("  ended_on: 2031-12-28\n", "  ended_on: 2030-01-01\n"),
        vendors("area: EEA, always", "area: EU, always"),
        retention("valid_from: 2008-01-01", "valid_from: 1994-06-01"),
        retention("valid_from: 2008", "ended_on: 2008-01-02\n  valid_from: 2008"),
    ],
)
def test_the_day_itself_is_not_too_early_nor_too_late(edit: Edit) -> None:
    files = dict(FILES)
    edit(files)
    assert printed(files).digest != LAW.digest


def test_the_files_as_they_are_make_the_table() -> None:
    table = printed(FILES)
    assert table.digest == LAW.digest
    assert table.instruments == LAW.instruments


def test_what_is_not_written_is_empty() -> None:
    """No entry says more than its file does."""
    for part in ("instruments", "acts", "retention_rules", "rights", "vendors", "areas"):
        written = {
            item["key"]: item for text in FILES.values() for item in yaml.safe_load(text).get(part, ())
        }
        assert written
        for key, entry in getattr(law(), part).items():
            for field in fields(entry):
                if field.name not in written[key] and field.default not in (MISSING, "EU"):
                    assert not getattr(entry, field.name), (key, field.name)


def test_an_adequacy_decision_is_one_entry_in_one_file() -> None:
    files = dict(FILES)
    files["instruments.yaml"] = files["instruments.yaml"].replace(
        "as_printed_on: 2026-11-22", "as_printed_on: 2027-01-02"
    )
    files["instruments.yaml"] += adequacy("adequacy_KE", "KE")
    table = printed(files)
    decision = table.adequacy("KE", table.as_printed_on)
    assert decision is not None
    assert decision.key == "adequacy_KE"
    assert table.as_printed_on.isoformat() == "2027-01-02", "the newest edition of any file is the table's"
    assert table.editions["acts.yaml"].isoformat() == "2026-11-22"
    assert table.digest != LAW.digest


def test_a_struck_instrument_and_its_successor_are_accepted() -> None:
    files = dict(FILES)
    change(
        "instruments.yaml",
        "  valid_from: 2023-07-10\n",
        '  valid_from: 2023-07-10\n  ended_on: 2027-01-01\n  ended_by: "a judgment"\n',
    )(files)
    add(adequacy("next_us", "US"))(files)
    assert printed(files).adequacy("US", date(2027, 1, 1)) == printed(files).instruments["next_us"]


# --- what holds of every entry


def entries() -> Iterator[Entry]:
    yield LAW.authority
    for part in (
        "instruments",
        "acts",
        "retention_rules",
        "rights",
        "vocabularies",
        "vendors",
        "areas",
        "decisions",
        "watch",
    ):
        yield from getattr(LAW, part).values()


def labels() -> Iterator[tuple[str, Labels]]:
    """Every word for readers, with where it is."""
    for entry in entries():
        for item in fields(entry):
            value = getattr(entry, item.name)
            if isinstance(value, Labels):
                yield f"{entry.key}: {item.name}", value
        for section in getattr(entry, "sections", ()):
            yield f"{entry.key} {section.number}", section.text
        for term in getattr(entry, "terms", {}).values():
            yield f"{entry.key}: {term.key}", term.name


def test_every_entry_says_how_sure_it_is_and_where_it_was_read() -> None:
    sections = [section for act in LAW.acts.values() for section in act.sections]
    told: list[Entry | Section] = [*entries(), *sections]
    for entry in told:
        assert entry.sure in ("high", "mid", "low")
        assert entry.source
        if isinstance(entry, Section):
            assert not (entry.sure == "high" and entry.source == "memory"), entry.number


def test_every_word_for_readers_is_there_in_three_languages_and_is_not_left_in_another() -> None:
    swedish = re.compile(r"\b(och|eller|från|till|för|inte|som|uppgifter)\b")
    finnish = re.compile(r"\b(tai|ei|joka|henkilö\w*|tietojen|tiedot|käsittely\w*)\b")
    for where, label in labels():
        for text in (label.fi, label.sv, label.en):
            assert text == " ".join(text.split()), where
            assert text.endswith(".") == (where.partition(":")[0] in LAW.decisions), (
                f"{where}: sentences end in a stop"
            )
        assert not swedish.search(label.fi), f"{where}: {label.fi}"
        assert not finnish.search(label.sv), f"{where}: {label.sv}"
        assert not (swedish.search(label.en) or finnish.search(label.en)), f"{where}: {label.en}"


def test_no_two_words_of_a_vocabulary_read_the_same() -> None:
    for vocabulary in LAW.vocabularies.values():
        for language in ("fi", "sv", "en"):
            said = [term.name.get(language) for term in vocabulary.terms.values()]
            assert len(set(said)) == len(said), f"{vocabulary.key}, {language}"


def test_words_for_readers_begin_with_a_small_letter_unless_they_are_names() -> None:
    names = {
        "Safe",
        "Privacy",
        "EU",
        "Swiss",
        "Commission",
        "GPS",
        "IP",
        "MAC",
        "Personal",
        "Data",
        "General",
        "Act",
    }
    for where, label in labels():
        if where.split(":")[0] in (LAW.authority.key, *LAW.acts, *LAW.decisions):
            continue
        for text in (label.fi, label.sv, label.en):
            first = re.split(r"[\s–:-]", text)[0]
            assert text[0].islower() or text[0].isdigit() or first in (*names, "EU", "Sveitsin"), (
                f"{where}: {text}"
            )


def test_the_words_of_a_term_are_terms_of_a_known_prefix() -> None:
    for vocabulary in ("purposes", "measures", "operations"):
        assert all(re.fullmatch(r"dpv:[A-Z][A-Za-z]+", key) for key in LAW.vocabularies[vocabulary].terms)
    assert all(re.fullmatch(r"pd:[A-Z][A-Za-z]+", key) for key in LAW.vocabularies["personal_data"].terms)
    assert all(isinstance(term, Term) for one in LAW.vocabularies.values() for term in one.terms.values())


def test_every_territory_of_an_adequacy_decision_has_a_name() -> None:
    for one in LAW.instruments.values():
        if one.kind == "adequacy":
            assert area(one.scope, "fi") != one.scope
    assert [area("US", language) for language in ("fi", "sv", "en")] == [
        "Yhdysvallat",
        "USA",
        "United States",
    ]
    assert area("EEA", "sv") == "Europeiska ekonomiska samarbetsområdet"
    assert area("US", "de") == "United States"
    assert area("suojatut tilat", "fi") == "suojatut tilat"


def test_a_form_of_company_alone_is_a_name() -> None:
    assert [company(name) for name in ("Oy", "Tawk.to, Inc.", "Oy Ab", "")] == ["oy", "tawk to", "oy", ""]


def test_no_person_is_in_the_data() -> None:
    mailboxes = {address for text in FILES.values() for address in re.findall(r"[\w.+-]+@[\w.-]+", text)}
    assert mailboxes == {LAW.authority.email}
