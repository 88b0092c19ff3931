"""The law table: what holds on a day, and what it recognises."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import pytest

from registry.law import Act, Instrument, law, names, remembered
from registry.law.values import GDPR_APPLIES

ONE = timedelta(days=1)
LAW = law()
DATED = [one for one in LAW.instruments.values() if one.valid_from is not None]


def day(text: str) -> date:
    return date.fromisoformat(text)


# --- instruments


@pytest.mark.parametrize("one", DATED, ids=lambda one: one.key)
def test_an_instrument_is_valid_from_its_first_day_and_not_on_the_first_without_it(one: Instrument) -> None:
    assert one.valid_from is not None
    assert not one.valid_on(one.valid_from - ONE)
    assert one.valid_on(one.valid_from)
    assert (one.status_on(one.valid_from - ONE), one.status_on(one.valid_from)) == ("not_yet", "valid")
    if one.ended_on is None:
        assert one.valid_on(date.max)
    else:
        assert one.valid_on(one.ended_on - ONE)
        assert not one.valid_on(one.ended_on)
        assert (one.status_on(one.ended_on - ONE), one.status_on(one.ended_on)) == ("valid", "ended")


@pytest.mark.parametrize("one", DATED, ids=lambda one: one.key)
def test_an_instrument_is_a_ground_only_under_the_gdpr_and_only_while_valid(one: Instrument) -> None:
    assert one.valid_from is not None
    assert not one.ground_on(GDPR_APPLIES - ONE)
    first = max(one.valid_from, GDPR_APPLIES)
    assert one.ground_on(first) == one.gdpr_ground
    if one.ended_on is not None:
        assert one.ground_on(one.ended_on - ONE) == one.gdpr_ground
        assert not one.ground_on(one.ended_on)


@pytest.mark.parametrize(
    ("key", "when", "valid", "ground"),
    [
        ("privacy_shield_eu_us", "2016-07-11", False, False),
        ("privacy_shield_eu_us", "2018-05-24", True, False),
        ("privacy_shield_eu_us", "2018-06-01", True, True),
        ("privacy_shield_eu_us", "2020-07-15", True, True),
        ("privacy_shield_eu_us", "2020-07-16", False, False),
        ("privacy_shield_ch_us", "2018-06-01", True, False),
        ("safe_harbour_us", "2015-10-05", True, False),
        ("dpf_eu_us", "2023-07-09", False, False),
        ("dpf_eu_us", "2023-07-10", True, True),
        ("scc_2010", "2022-12-26", True, True),
        ("scc_2010", "2022-12-27", False, False),
        ("adequacy_GB", "2031-12-27", True, True),
        ("adequacy_GB", "2031-12-28", False, False),
        ("adequacy_BR", "2026-01-26", True, True),
        ("none_stated", "2026-11-22", False, False),
    ],
)
def test_what_an_instrument_was_worth_on_a_day(key: str, when: str, valid: bool, ground: bool) -> None:
    one = LAW.instruments[key]
    assert (one.valid_on(day(when)), one.ground_on(day(when))) == (valid, ground)


@pytest.mark.parametrize(
    ("key", "made_on", "on", "counts"),
    [
        ("scc_2010", "2010-05-14", "2020-01-01", False),
        ("scc_2010", "2010-05-15", "2020-01-01", True),
        ("scc_2010", "2021-09-26", "2022-12-26", True),
        ("scc_2010", "2021-09-26", "2022-12-27", False),
        ("scc_2010", "2021-09-27", "2022-01-01", False),
        ("scc_2021", "2021-06-26", "2022-01-01", False),
        ("scc_2021", "2021-06-27", "2021-06-27", True),
        ("scc_2021", "2022-01-02", "2022-01-01", False),
    ],
)
def test_clauses_count_by_the_day_of_the_contract(key: str, made_on: str, on: str, counts: bool) -> None:
    assert LAW.instruments[key].covers_contract(day(made_on), day(on)) == counts


@pytest.mark.parametrize(
    ("area", "when", "key"),
    [
        ("US", "2015-10-05", "safe_harbour_us"),
        ("US", "2015-10-06", None),
        ("US", "2016-07-12", "privacy_shield_eu_us"),
        ("US", "2022-01-01", None),
        ("US", "2026-11-22", "dpf_eu_us"),
        ("CH", "2026-11-22", "adequacy_CH"),
        ("GB", "2021-06-27", None),
        ("GB", "2021-06-28", "adequacy_GB"),
        ("EPO", "2025-07-15", "adequacy_EPO"),
        ("IN", "2026-11-22", None),
    ],
)
def test_the_adequacy_decision_of_a_territory_on_a_day(area: str, when: str, key: str | None) -> None:
    found = LAW.adequacy(area, day(when))
    assert (found and found.key) == key


# --- acts


@pytest.mark.parametrize("act", LAW.acts.values(), ids=lambda act: act.key)
def test_an_act_changes_its_status_on_the_day_itself(act: Act) -> None:
    assert act.status_on(act.begins - ONE) == "not_yet"
    assert act.status_on(act.begins) == "in_force"
    if act.displaced_on is not None:
        assert act.status_on(act.displaced_on - ONE) == "in_force"
        assert act.status_on(act.displaced_on) == "displaced"
    if act.repealed_on is not None:
        assert act.status_on(act.repealed_on - ONE) == ("displaced" if act.displaced_on else "in_force")
        assert act.status_on(act.repealed_on) == "repealed"
    assert act.status_on(date.max) == ("repealed" if act.repealed_on else "in_force")


@pytest.mark.parametrize(
    ("printed", "when", "status"),
    [
        ("HetiL", "1999-05-31", "not_yet"),
        ("HetiL", "2018-05-24", "in_force"),
        ("HetiL", "2018-05-25", "displaced"),
        ("HetiL", "2018-12-31", "displaced"),
        ("HetiL", "2019-01-01", "repealed"),
        ("GDPR", "2018-05-24", "not_yet"),
        ("GDPR", "2018-05-25", "in_force"),
        ("Tietosuojalaki 1050/2018", "2018-12-31", "not_yet"),
        ("Tietosuojalaki 1050/2018", "2019-01-01", "in_force"),
    ],
)
def test_what_an_act_was_on_a_day(printed: str, when: str, status: str) -> None:
    act = LAW.act(printed)
    assert act is not None
    assert act.status_on(day(when)) == status


@pytest.mark.parametrize(
    ("printed", "key"),
    [
        ("Henkilötietolaki 523/1999", "Henkilötietolaki 523/1999"),
        ("henkilötietolain 523/1999 (10 ja 24 §)", "Henkilötietolaki 523/1999"),
        ("henkilötietolain 26 § mukaisesti", "Henkilötietolaki 523/1999"),
        ("HetiL 8.1 § 5 k", "Henkilötietolaki 523/1999"),
        ("personuppgiftslagen (523/1999)", "Henkilötietolaki 523/1999"),
        ("GDPR", "GDPR"),
        ("GDPR 13", "GDPR"),
        ("GDPR-asetusta", "GDPR"),
        ("Gdpr:n", "GDPR"),
        ("EU 2016/679", "GDPR"),
        ("(EU) 2016/679", "GDPR"),
        ("EU:n tietosuoja-asetus (679/2016)", "GDPR"),
        ("EU:n yleisen tietosuoja-asetuksen mukaiset oikeudet", "GDPR"),
        *[(f"EU:n yleisen tietosuoja{hyphen}asetuksen", "GDPR") for hyphen in "\u2010\u2011\u2013"],
        ("henkilö\u00adtieto\u00adlaki", "Henkilötietolaki 523/1999"),
        ("dataskyddsförordningen", "GDPR"),
        ("Tietosuojalaki (1050/2018)", "Tietosuojalaki 1050/2018"),
        ("TIETOSUOJALAIN", "Tietosuojalaki 1050/2018"),
        ("TSL 33", "Tietosuojalaki 1050/2018"),
        ("tietoyhteiskuntakaaren 205 §", "Laki sähköisen viestinnän palveluista 917/2014"),
        ("Kirjanpitolaki 1336/1997 2:10", "Kirjanpitolaki 1336/1997"),
        ("direktiivi 95/46/EY", "Directive 95/46/EC"),
        ("tietosuojalainsäädännön", None),  # no act of that name
        ("henkilötietolaki 1050/2018", None),  # two acts
        ("laki 11050/2018", None),
        ("asia 3/523/1999", None),
        ("laki 523/19990", None),
        ("hetil", None),
        ("chat", None),
        ("", None),
    ],
)
def test_an_act_is_found_by_the_way_notices_print_it(printed: str, key: str | None) -> None:
    found = LAW.act(printed)
    assert (found and found.key) == key


def test_a_text_may_name_several_acts() -> None:
    text = "Henkilötietolain (523/1999) 10 ja 24 § sekä EU:n tietosuoja-asetus; henkilötietolaki on kumottu."
    assert [act.key for act in LAW.acts_in(text)] == ["Henkilötietolaki 523/1999", "GDPR"]


@pytest.mark.parametrize(
    ("printed", "topic", "sections"),
    [
        ("HetiL", "access", ["26"]),
        ("HetiL", "rectification", ["29"]),
        ("HetiL", "title", ["10", "24"]),
        ("HetiL", "portability", []),
        ("GDPR", "access", ["15"]),
        ("GDPR", "transfer", ["44", "45", "46", "47", "49"]),
    ],
)
def test_which_section_a_citation_should_name(printed: str, topic: str, sections: list[str]) -> None:
    act = LAW.act(printed)
    assert act is not None
    assert [section.number for section in act.sections_about(topic)] == sections


# --- countries and vendors


@pytest.mark.parametrize(
    ("area", "when", "inside"),
    [
        ("FI", "2026-11-22", True),
        ("AX", "2026-11-22", True),
        ("NO", "2026-11-22", True),
        ("EU", "2026-11-22", True),
        ("EEA", "2026-11-22", True),
        ("HR", "2013-06-30", False),
        ("HR", "2013-07-01", True),
        ("GB", "2020-01-31", True),
        ("GB", "2020-12-31", True),
        ("GB", "2021-01-01", False),
        ("US", "2026-11-22", False),
        ("FO", "2026-11-22", False),
        ("suojatut tilat", "2026-11-22", None),
        ("fi", "2026-11-22", None),
        ("", "2026-11-22", None),
    ],
)
def test_whether_a_country_is_inside_the_eea_on_a_day(area: str, when: str, inside: bool | None) -> None:
    assert LAW.in_eea(area, day(when)) is inside


def test_the_eea_has_its_thirty_countries_and_the_standing_of_the_united_kingdom_changed_three_times() -> (
    None
):
    today = LAW.as_printed_on
    assert sum(LAW.standing(key, today) == "member" for key in LAW.areas if not LAW.areas[key].part_of) == 27
    assert {key for key in LAW.areas if LAW.standing(key, today) == "eea"} == {"IS", "LI", "NO"}
    days = ("2020-01-31", "2020-02-01", "2020-12-31", "2021-01-01", "2021-06-27", "2021-06-28")
    standings = [LAW.standing("GB", day(when)) for when in days]
    assert standings == ["member", "transition", "transition", "bridge", "bridge", None]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        *[
            ("Tawk.to", "tawk_to"),
            ("tawk.to, inc.", "tawk_to"),
            ("TAWK.TO INC", "tawk_to"),
            ("tawk", "tawk_to"),
        ],
        *[
            ("Zendesk", "zendesk"),
            ("Zendesk Inc", "zendesk"),
            ("Zendesk, Inc.", "zendesk"),
            ("zendesk oy", "zendesk"),
        ],
        *[("Google Cloud", "google_cloud"), ("Google LLC", "google_cloud")],
        *[("palveluntarjoaja", None), ("Inc", None), ("", None), (None, None), ("Zendeskin", None)],
    ],
)
def test_a_vendor_is_found_by_its_name(name: str | None, key: str | None) -> None:
    found = LAW.vendor(name)
    assert (found and found.key) == key


FORMS = """
    ab aps as asa bv co company corp corporation gmbh inc incorporated limited llc ltd nv oy oyj plc pte pty sa sarl srl
"""


@pytest.mark.parametrize("form", FORMS.split())
def test_the_form_of_a_company_is_no_part_of_its_name(form: str) -> None:
    assert [
        names.company(name) for name in (f"Acme {form}", f"ACME, {form.upper()}.", f"Acme Oy {form}")
    ] == ["acme"] * 3
    assert names.company(f"{form} Acme") == f"{form} acme", "only at its end"


@pytest.mark.parametrize("dash", ["-", "\u2010", "\u2011", "\u2012", "\u2013", "\u00ad-"])
def test_an_act_is_found_whatever_dash_a_word_processor_put_in(dash: str) -> None:
    act = dataclasses.replace(LAW.acts["GDPR"], number="12-3", abbreviations=("EU-X",), printed=())
    assert list(names.ActNames([act]).found_in(f"laki 12{dash}3 §")) == ["GDPR"]
    assert list(names.ActNames([act]).found_in(f"EU{dash}X")) == ["GDPR"]


def test_vendors_are_found_in_the_name_of_a_register() -> None:
    assert [one.key for one in LAW.vendors_in("Tawk.to asiakasrekisteri")] == ["tawk_to"]
    assert [
        one.key for one in LAW.vendors_in("Zendesk toiminnanohjausjärjestelmä / verkko-ohjauspalvelu")
    ] == ["zendesk"]
    assert LAW.vendors_in("Chat-rekisteri") == ()


def test_the_third_countries_of_a_vendor_are_its_seat_and_where_it_always_hosts() -> None:
    vendor = LAW.vendors["tawk_to"]
    assert LAW.third_countries(vendor, LAW.as_printed_on) == ("US",)
    moved = dataclasses.replace(vendor, country="FI")
    assert LAW.third_countries(moved, LAW.as_printed_on) == ("US",), "it still hosts there"
    assert LAW.third_countries(dataclasses.replace(moved, hosting=()), LAW.as_printed_on) == ()
    chosen = tuple(dataclasses.replace(place, always=False) for place in vendor.hosting)
    assert LAW.third_countries(dataclasses.replace(moved, hosting=chosen), LAW.as_printed_on) == ()


# --- retention, rights, words


@pytest.mark.parametrize(
    ("key", "when", "status"),
    [
        ("kpl_books", "1997-12-30", "not_yet"),
        ("kpl_books", "2026-11-22", "in_force"),
        ("avl_real_estate", "2007-12-31", "not_yet"),  # the rule is younger than its act
        ("avl_real_estate", "2008-01-01", "in_force"),
        ("whistleblower", "2022-12-31", "not_yet"),
        ("whistleblower", "2023-01-01", "in_force"),
    ],
)
def test_a_retention_rule_stands_as_its_act_does(key: str, when: str, status: str) -> None:
    assert LAW.retention_rule_status(LAW.retention_rules[key], day(when)) == status


def test_a_retention_rule_ends_with_its_act_or_on_its_own() -> None:
    rule = LAW.retention_rules["kpl_books"]
    ended = dataclasses.replace(rule, ended_on=day("2020-01-01"))
    assert LAW.retention_rule_status(ended, day("2019-12-31")) == "in_force"
    assert LAW.retention_rule_status(ended, day("2020-01-01")) == "repealed"
    act = dataclasses.replace(LAW.acts[rule.act], repealed_on=day("2030-01-01"))
    other = dataclasses.replace(LAW, acts={**LAW.acts, act.key: act})
    assert other.retention_rule_status(rule, day("2029-12-31")) == "in_force"
    assert other.retention_rule_status(rule, day("2030-01-01")) == "repealed"


ALWAYS = ("access", "rectification", "erasure", "restriction", "complaint")


@pytest.mark.parametrize(
    ("bases", "besides"),
    [
        ([], set()),
        (["6(1)(a)"], {"portability", "withdraw_consent"}),
        (["6(1)(b)"], {"portability"}),
        (["6(1)(c)"], set()),
        (["6(1)(d)"], set()),
        (["6(1)(e)"], {"object"}),
        (["6(1)(f)"], {"object"}),
        (["6(1)(a)", "6(1)(f)"], {"portability", "withdraw_consent", "object"}),
    ],
)
def test_the_rights_that_a_notice_has_to_name(bases: list[str], besides: set[str]) -> None:
    assert set(LAW.rights_owed(iter(bases))) == {*ALWAYS, *besides}


@pytest.mark.parametrize(
    ("right", "given"),  # model of GDPR 12-22: the letters of 6(1) under which it applies, and is limited
    [
        ("access", ("abcdef", "")),
        ("erasure", ("abdf", "ce")),
        ("portability", ("ab", "")),
        ("object", ("ef", "")),
        ("object_direct_marketing", ("", "abcdef")),
        ("withdraw_consent", ("a", "")),
        ("no_automated_decision", ("", "abcdef")),
        ("complaint", ("abcdef", "")),
    ],
)
def test_which_basis_gives_a_right(right: str, given: tuple[str, str]) -> None:
    under = {letter: LAW.rights[right].under(f"6(1)({letter})") for letter in "abcdef"}
    expected = {letter: "applies" if letter in given[0] else "limited" for letter in "".join(given)}
    assert under == {letter: expected.get(letter, "none") for letter in "abcdef"}


@pytest.mark.parametrize("basis", ["6(1)(g)", "a", "", "9(2)(a)"])
def test_a_right_under_something_else_than_a_basis(basis: str) -> None:
    with pytest.raises(KeyError):
        LAW.rights["access"].under(basis)


def test_words_for_readers() -> None:
    assert LAW.word("data_subjects", "customer", "fi") == "asiakkaat"
    assert LAW.word("data_subjects", "customer", "sv-FI") == "kunder"
    assert LAW.word("data_subjects", "customer", "de") == "customers"
    assert LAW.word("personal_data", "pd:HairColour", "fi") == "pd:HairColour", (
        "a term of DPV that we have no word for"
    )
    assert LAW.rights["access"].name.heading("fi") == "Oikeus saada pääsy omiin tietoihin"
    assert LAW.iri("eu-gdpr:A6-1-f") == "https://w3id.org/dpv/legal/eu/gdpr#A6-1-f"
    with pytest.raises(KeyError):
        LAW.iri("ex:A6")
    with pytest.raises(KeyError):
        LAW.word("colours", "red", "fi")


# --- time, memory, what-if


def test_what_changed_since_a_notice_was_last_looked_at() -> None:
    told = [(one.key, one.event) for one in LAW.changes(day("2018-05-17"), day("2019-01-01"))]
    assert ("Henkilötietolaki 523/1999", "displaced") in told
    assert ("Henkilötietolaki 523/1999", "repealed") in told
    assert ("GDPR", "begins") in told
    assert ("Tietosuojalaki 1050/2018", "begins") in told
    assert [one.day for one in LAW.changes(date.min, date.max)] == sorted(
        one.day for one in LAW.changes(date.min, date.max)
    )


@pytest.mark.parametrize(
    ("after", "until", "seen"),
    [
        ("2020-07-15", "2020-07-16", True),  # it happened on the 16th
        ("2020-07-14", "2020-07-15", False),
        ("2020-07-16", "2020-12-31", False),
        ("2020-07-16", "2020-07-15", False),
    ],
)
def test_a_change_lies_after_one_day_and_up_to_another(after: str, until: str, seen: bool) -> None:
    told = [(one.key, one.event, one.by) for one in LAW.changes(day(after), day(until))]
    shield = LAW.instruments["privacy_shield_eu_us"]
    assert ((shield.key, "ends", shield.ended_by) in told) is seen


def test_every_first_and_last_day_is_a_change_told_with_what_it_is_of() -> None:
    told = {(one.day, one.of, one.key, one.event, one.by) for one in law().changes(date.min, date.max)}
    expected = set()
    for one in LAW.instruments.values():
        expected |= {(one.valid_from, "instrument", one.key, "begins", None)}
        expected |= {(one.new_contracts_until, "instrument", one.key, "no_new_contracts", one.ended_by)}
        expected |= {(one.ended_on, "instrument", one.key, "ends", one.ended_by)}
    for act in LAW.acts.values():
        expected |= {(act.begins, "act", act.key, "begins", None)}
        expected |= {(act.displaced_on, "act", act.key, "displaced", act.displaced_by)}
        expected |= {(act.repealed_on, "act", act.key, "repealed", act.repealed_by)}
    assert told == {row for row in expected if row[0] is not None}


def test_the_gdpr_applies_from_its_day() -> None:
    assert day("2018-05-25") == GDPR_APPLIES == LAW.acts["GDPR"].begins


def test_what_is_only_remembered_says_so() -> None:
    assert remembered(LAW.retention_rules["whistleblower"])
    assert not remembered(LAW.instruments["privacy_shield_eu_us"])
    assert not remembered(LAW.instruments["privacy_shield_eu_us"], "ended_on")
    assert remembered(LAW.instruments["privacy_shield_eu_us"], "certification_from")
    hetil = {section.number: section for section in LAW.acts["Henkilötietolaki 523/1999"].sections}
    assert remembered(hetil["28"])
    assert not remembered(hetil["26"])
    assert remembered(LAW.authority, "visiting_address")


def test_a_what_if_is_another_table_and_leaves_this_one_alone() -> None:
    struck = dataclasses.replace(
        LAW.instruments["dpf_eu_us"], ended_on=day("2026-12-01"), ended_by="a judgment"
    )
    other = dataclasses.replace(LAW, instruments={**LAW.instruments, struck.key: struck})
    assert other.adequacy("US", day("2026-11-30")) is struck
    assert other.adequacy("US", day("2026-12-01")) is None
    assert ("dpf_eu_us", "ends") in [
        (one.key, one.event) for one in other.changes(day("2026-11-22"), day("2027-01-01"))
    ]
    assert LAW.adequacy("US", day("2026-12-01")) is LAW.instruments["dpf_eu_us"]
    assert LAW.changes(day("2026-11-22"), day("2027-01-01")) == ()


def test_the_table_is_read_once_and_frozen() -> None:
    assert law() is LAW
    with pytest.raises(dataclasses.FrozenInstanceError):
        LAW.instruments["dpf_eu_us"].ended_on = day("2026-12-01")  # type: ignore[misc]  # refused, which is the test
    with pytest.raises(TypeError):
        LAW.instruments["dpf_eu_us"] = LAW.instruments["bcr"]  # type: ignore[index]  # refused, which is the test
    with pytest.raises(TypeError):
        LAW.rights["access"].by_basis["a"] = "none"  # type: ignore[index]  # refused, which is the test
