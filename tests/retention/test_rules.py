"""From a record to its rules: what counts, what wins, what is in conflict; never a shorter period than one stated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from registry.catalogue import load
from registry.catalogue.model import Written
from registry.catalogue.record import assemble
from registry.law import law, periods
from registry.retention.rules import events
from registry.retention.rules.rule import Rule
from registry.retention.rules.rules import derive
from tests.retention.conftest import record

SIX = {"applies_to": ["D1"], "duration": "P6M", "action": "erase", "mode": "automatic"}


def stored(version: int = 1, *, ended: bool = False) -> Written:
    since = "2020-01-01T00:00:00.000000Z"
    return Written("register", "acme", "customers", version, version, since, since, ended, b"")


def rules(*retention: dict[str, Any], **other: Any) -> dict[str, Rule]:
    """The rules of a record by category."""
    body = record(*retention, **other)
    if not retention:
        body["retention"] = []
    made = assemble("acme/customers", body, {"name": "Acme"}, {"desk": {"name": "Desk"}})
    return {rule.category: rule for rule in derive(made, stored())}


# The five registers of the fixtures

FILES = sorted((Path(__file__).parents[2] / "fixtures" / "registers").glob("*.yaml"))


def of_fixture(name: str) -> list[Rule]:
    (path,) = [file for file in FILES if file.stem == name]
    controller, system, register = load.read([path])
    made = assemble(f"{name}/{register.key}", register.body, controller.body, {system.key: system.body})
    return list(derive(made, stored()))


def test_seamk_anonymises_conversations_of_customers_six_months_after_they_came_to_be() -> None:
    (rule,) = of_fixture("seamk")
    assert (rule.category, rule.data_category, rule.data_subjects) == (
        "D8",
        "pd:Communication",
        ("customer",),
    )
    assert (rule.action, rule.period, rule.mode) == ("anonymise", "P6M", "automatic")
    assert rule.start_event is not None
    assert (rule.start_event.text, rule.start_event.token) == (
        {"fi": "chat-tallenteen syntyminen"},
        "created",
    )
    assert rule.systems == ("seamk/chat",)
    assert [(one.statement, one.line) for one in rule.sources] == [("/retention/0", 64)]
    assert rule.legal_source.articles == ("HetiL 8.1 § 5 k",)


def test_helao_erases_all_it_has_after_three_months() -> None:
    found = of_fixture("helao")
    assert [rule.category for rule in found] == ["D1", "D2", "D3", "D4", "D5", "D6"]
    assert {(rule.action, rule.period, rule.start_event, rule.conflict) for rule in found} == {
        ("erase", "P3M", None, False)
    }


def test_kaakko_erases_once_a_year_when_the_need_is_over_and_says_how_long_that_may_be() -> None:
    found = of_fixture("kaakko")
    assert len(found) == 11
    for rule in found:
        assert (rule.action, rule.period, rule.mode, rule.interval) == ("erase", None, "periodic", "P1Y")
        assert rule.caller_supplies is not None
        assert rule.caller_supplies.text == rule.criterion
        assert rule.longest_life is not None
        assert (rule.longest_life.period, rule.longest_life.counted_from) == ("P1Y", "criterion")
        assert rule.longest_life_stated == "end of need + up to P1Y"


@pytest.mark.parametrize("name", ["osekk", "jamko"])
def test_who_states_nothing_measurable_has_no_rule(name: str) -> None:
    assert of_fixture(name) == []


def test_documents_of_rules_have_one_canonical_form_and_every_member() -> None:
    for file in FILES:
        for rule in of_fixture(file.stem):
            document = rule.document(revision=1, published_at="2026-01-01T00:00:00.000000Z")
            assert rfc8785.dumps(document)
            assert document["conflict"] is False
            assert document.keys() >= {
                "period",
                "start_event",
                "action",
                "mode",
                "legal_source",
                "version",
                "of",
            }


# What counts


@pytest.mark.parametrize(
    "statement",
    [
        {"applies_to": ["D1"], "duration": "P6M"},  # what happens then?
        {"applies_to": ["D1"], "action": "erase"},  # when?
        {"applies_to": ["D1"], "action": "erase", "criterion": "as long as it is needed"},
        {"applies_to": ["D1"], "action": "erase", "criterion": "niin kauan kuin on tarpeen"},
        {"applies_to": ["D1"], "action": "erase", "criterion": "kun niille ei ole enää tarvetta"},
        {"applies_to": ["D1"], "action": "erase", "criterion": "så länge uppgifterna behövs"},
        {
            "applies_to": ["D1"],
            "action": "erase",
            "criterion": {"fi": "asiakkuuden päättyessä", "en": "when required by law"},
        },
        {"applies_to": "not_stated", "duration": "P6M", "action": "erase"},
        {"applies_to_text": "some data", "duration": "P6M", "action": "erase"},
        {"applies_to": [], "duration": "P6M", "action": "erase"},
    ],
)
def test_l4_a_statement_that_nobody_could_act_on_gives_no_rule(statement: dict[str, Any]) -> None:
    assert rules(statement) == {}


def test_l4_no_statement_no_rule() -> None:
    assert rules() == {}


@pytest.mark.parametrize("status", ["planned", "suspended", "ended"])
def test_l4_a_register_that_is_not_in_use_has_no_rule(status: str) -> None:
    assert rules(SIX, register={"name": "x", "status": status}) == {}


def test_l4_a_version_that_ends_the_register_has_no_rule() -> None:
    made = assemble("acme/customers", record(SIX), {"name": "Acme"}, {"desk": {"name": "Desk"}})
    assert derive(made, stored(2, ended=True)) == ()
    assert len(derive(made, stored(2))) == 1


@pytest.mark.parametrize(
    "pointer", ["/retention", "/retention/0", "/retention/0/duration", "/retention/0/action"]
)
@pytest.mark.parametrize("status", ["placeholder", "not_stated", "stated_none", "referred_elsewhere"])
def test_a_leftover_of_a_template_is_no_statement(pointer: str, status: str) -> None:
    assert rules(SIX, provenance={pointer: {"status": status}}) == {}


def test_one_rule_for_each_category_covered() -> None:
    assert list(rules({**SIX, "applies_to": "all"})) == ["D1", "D2"]
    assert list(rules({**SIX, "applies_to": ["D2"]})) == ["D2"]
    assert rules(SIX)["D1"].text == {"en": "Conversations"}


def test_a_criterion_names_the_event_that_the_caller_supplies() -> None:
    statement = {
        "applies_to": ["D1"],
        "action": "erase",
        "criterion": {"fi": "Asiakassuhteen päättyminen.", "en": "end of the customer relationship"},
    }
    rule = rules(statement)["D1"]
    assert (rule.period, rule.conflict) == (None, False)
    assert rule.caller_supplies is not None
    assert rule.caller_supplies.token == "end_of_customer_relationship"
    assert rule.caller_supplies.text == statement["criterion"]
    assert rule.longest_life is None


@pytest.mark.parametrize(
    ("statement", "life"),
    [
        ({"duration": "P6M", "mode": "automatic"}, ("P6M", "start_event")),
        ({"duration": "P6M", "mode": "periodic", "interval": "P1Y"}, ("P1Y6M", "start_event")),
        ({"duration": "P6M", "interval": "P2W"}, ("P6M2W", "start_event")),
        ({"duration": "P6M", "mode": "manual", "interval": "P1Y"}, ("P1Y6M", "start_event")),
        ({"duration": "P6M", "mode": "manual"}, None),
        ({"duration": "P6M", "mode": "periodic"}, None),
        ({"duration": "P6M"}, None),
        ({"duration": "P999Y", "interval": "P1Y"}, None),
        ({"criterion": "end of need", "interval": "P1Y"}, ("P1Y", "criterion")),
        ({"criterion": "end of membership", "mode": "automatic"}, None),
        ({"criterion": "end of membership", "duration": "P1Y", "mode": "automatic"}, None),
    ],
)
def test_the_longest_real_life_is_told_where_anybody_can_tell(statement: dict[str, Any], life: Any) -> None:
    found = rules({"applies_to": ["D1"], "action": "erase", **statement})["D1"].longest_life
    assert (found and (found.period, found.counted_from)) == life


# Several statements

P6M, P1Y = {**SIX}, {**SIX, "duration": "P1Y"}


@pytest.mark.parametrize(
    ("one", "other", "period", "because"),
    [
        (P6M, P1Y, "P1Y", None),
        (P6M, {**P1Y, "applies_to": "all"}, "P1Y", None),
        (P6M, {**P1Y, "applies_to": "not_stated"}, "P1Y", None),
        (P6M, {k: v for k, v in P1Y.items() if k != "applies_to"}, "P1Y", None),
        (P1Y, {**P6M, "applies_to": "not_stated"}, "P1Y", None),
        (P1Y, {**SIX, "duration": "P12M"}, "P1Y", None),  # L3: equal; the first stands
        (P1Y, {**SIX, "duration": "P365D"}, None, "not_comparable"),  # L3: not equal
        (P6M, {**SIX, "duration": "P180D"}, None, "not_comparable"),
        (P6M, {**SIX, "duration": "P179D"}, "P6M", None),
        (P6M, {**SIX, "duration": "P185D"}, "P185D", None),
        (P6M, {**P6M, "action": "anonymise"}, None, "actions_differ"),
        (P6M, {**P1Y, "action": "archive"}, "P1Y", None),  # archived after a year, then; nothing before
        (P6M, {"applies_to": ["D1"], "duration": "P1Y"}, None, "actions_differ"),  # and what then?
        (P6M, {"applies_to": ["D1"], "duration": "P3M"}, "P6M", None),
        (P6M, {**P1Y, "starts_from": "last update"}, None, "start_events_differ"),
        ({**P6M, "starts_from": "Last update."}, {**P1Y, "starts_from": "last  update"}, "P1Y", None),
        (
            {**P6M, "starts_from": "the full moon"},
            {**P1Y, "starts_from": "the new moon"},
            None,
            "start_events_differ",
        ),
        (P6M, {"applies_to": "all", "criterion": "as long as needed"}, None, "not_measurable"),
        (P6M, {"applies_to": "not_stated", "criterion": "as long as needed"}, None, "not_measurable"),
        (P6M, {"applies_to": ["D1"], "policy_ref": "KV-1"}, None, "not_measurable"),
        (
            P6M,
            {"applies_to": ["D1"], "criterion": "end of membership", "action": "erase"},
            None,
            "not_comparable",
        ),
    ],
)
def test_l4_of_two_the_longest_wins_or_none(
    one: dict[str, Any], other: dict[str, Any], period: str | None, because: str | None
) -> None:
    for statements in ([one, other], [other, one]):
        rule = rules(*statements)["D1"]
        if because is None and period is not None:
            assert rule.period is not None
            assert periods.compare(rule.period, period) == "equal"
        else:
            assert rule.period is None
        assert (rule.conflict, rule.conflict_because) == (because is not None, because)
        assert rule.of == 2
        assert len(rule.sources) == 2
        if because is not None:
            assert (rule.action, rule.start_event, rule.criterion, rule.longest_life) == (
                None,
                None,
                None,
                None,
            )


MOON = {**P6M, "starts_from": "the full moon"}
ENDS = {"applies_to": ["D1"], "action": "erase", "criterion": "end of membership"}
BOTH = {**P6M, "criterion": "end of membership"}


@pytest.mark.parametrize(
    ("statements", "because"),
    [
        ((P6M, P1Y, MOON), "start_events_differ"),
        ((P6M, P1Y, ENDS), "not_comparable"),
        ((BOTH, BOTH, P6M), "not_comparable"),  # one criterion more
        ((BOTH, {**BOTH, "criterion": "end of employment"}), "not_comparable"),
        ((BOTH, ENDS), "not_comparable"),  # the same criterion, and a period more
        ((P6M, P1Y, {**P1Y, "action": "archive"}), "actions_differ"),
        ((P6M, P6M, P1Y), None),
        ((BOTH, BOTH), None),
        ((ENDS, ENDS, ENDS), None),
        ((P6M, {**SIX, "duration": "P180D"}, P1Y), None),  # longer than both
    ],
)
def test_l4_of_several_one_that_differs_is_enough(
    statements: tuple[dict[str, Any], ...], because: str | None
) -> None:
    for turned in (statements, statements[::-1], (*statements[1:], statements[0])):
        rule = rules(*turned)["D1"]
        assert (rule.conflict_because, rule.of) == (because, len(statements))


@pytest.mark.parametrize(
    ("one", "other", "slower"),
    [
        ({"interval": "P1D"}, {}, "one"),  # automatic is the fastest
        ({"interval": "P10Y"}, {"mode": "manual"}, "other"),  # by hand, nobody knows when, the slowest
        ({"interval": "P1M"}, {"interval": "P30D"}, "one"),  # January has 31 days
        ({"interval": "P1Y"}, {"interval": "P365D"}, "one"),  # 2000 has 366
        ({"interval": "P29D"}, {"interval": "P1M"}, "other"),
    ],
)
def test_of_equal_ones_the_slowest_tells_how_it_is_purged(
    one: dict[str, Any], other: dict[str, Any], slower: str
) -> None:
    both = {"one": {**P6M, **one}, "other": {**P6M, **other}}
    for statements in (list(both.values()), list(both.values())[::-1]):
        rule = rules(*statements)["D1"]
        assert (rule.interval, rule.mode) == (both[slower].get("interval"), both[slower].get("mode"))


def test_a_text_without_a_language_is_in_that_of_the_document_or_of_the_controller() -> None:
    assert rules(SIX, document={"language": "sv"})["D1"].text == {"sv": "Conversations"}
    assert rules(SIX, document={"title": "x"})["D1"].text == {"fi": "Conversations"}


def test_a_statement_about_another_category_makes_no_difference() -> None:
    rule = rules(P6M, {**P1Y, "applies_to": ["D2"]})["D1"]
    assert (rule.period, rule.of) == ("P6M", 1)


def test_the_same_criterion_twice_is_one_rule_and_the_slower_purge_tells_its_life() -> None:
    ends = {"applies_to": ["D1"], "action": "erase", "criterion": "end of membership"}
    rule = rules({**ends, "interval": "P1M"}, {**ends, "interval": "P1Y"})["D1"]
    assert (rule.conflict, rule.interval, rule.of) == (False, "P1Y", 2)
    assert rule.longest_life is not None
    assert rule.longest_life.period == "P1Y"


@pytest.mark.parametrize(
    ("one", "other", "people"),
    [
        (["customer"], ["customer"], ("customer",)),
        (["customer"], ["employee"], ("customer", "employee")),
        (["customer"], None, None),
    ],
)
def test_people_are_carried_and_the_longest_holds_for_all_of_them(one: Any, other: Any, people: Any) -> None:
    named = [{"category": "customer"}, {"category": "employee"}]
    second = P1Y if other is None else {**P1Y, "data_subjects": other}
    rule = rules({**P6M, "data_subjects": one}, second, data_subjects=named)["D1"]
    assert (rule.period, rule.data_subjects) == ("P1Y", people)


# The law


@pytest.mark.parametrize("where", ["floor_ref", "statutory_rule_ref"])
@pytest.mark.parametrize(
    ("duration", "because"),
    [("P5Y", "below_floor"), ("P6Y", None), ("P10Y", None), ("P2190D", "below_floor")],
)
def test_a_floor_of_the_law_that_the_record_names_is_not_undercut(
    where: str, duration: str, because: str | None
) -> None:
    statement, data = {**SIX, "duration": duration}, {"id": "D1", "text": "Vouchers"}
    (statement if where == "floor_ref" else data)[where] = "kpl_vouchers"
    rule = rules(statement, data_categories=[data])["D1"]
    assert rule.conflict_because == because
    assert rule.period == (None if because else duration)
    floor, known = rule.legal_source.floor, law().retention_rules["kpl_vouchers"]
    assert floor is not None
    assert (floor.key, floor.act, floor.duration) == ("kpl_vouchers", known.act, "P6Y")
    assert rule.legal_source.ceiling is None


def test_a_ceiling_and_a_floor_that_we_do_not_know_are_told() -> None:
    rule = rules({**SIX, "floor_ref": "own rule 7", "ceiling_ref": "work_camera", "policy_ref": "KV-1"})["D1"]
    source = rule.legal_source
    assert (source.floor and source.floor.key, source.floor and source.floor.act) == ("own rule 7", None)
    assert (source.ceiling and source.ceiling.duration, source.policy) == ("P1Y", "KV-1")
    assert rule.period == "P6M"


@pytest.mark.parametrize(
    ("named", "floor", "ceiling"),
    [
        ({"floor_ref": "whistleblower"}, None, "whistleblower"),  # the table knows better what it is
        ({"ceiling_ref": "aml"}, "aml", None),
        ({"ceiling_ref": "nobody's"}, None, "nobody's"),
        ({"floor_ref": "nobody's"}, "nobody's", None),
    ],
)
def test_what_the_table_knows_is_a_floor_or_a_ceiling_whatever_the_record_calls_it(
    named: dict[str, str], floor: str | None, ceiling: str | None
) -> None:
    source = rules({**SIX, "duration": "P9Y", **named})["D1"].legal_source
    assert (source.floor and source.floor.key, source.ceiling and source.ceiling.key) == (floor, ceiling)


def test_of_floors_that_nobody_knows_the_first_is_told() -> None:
    data = {"id": "D1", "text": "Vouchers", "statutory_rule_ref": "one's own"}
    source = rules({**SIX, "floor_ref": "another's"}, data_categories=[data])["D1"].legal_source
    assert source.floor is not None
    assert (source.floor.key, source.floor.starts_from) == ("one's own", None)


def test_a_floor_is_told_with_all_that_the_table_says() -> None:
    floor, known = (
        rules({**SIX, "duration": "P9Y", "floor_ref": "aml"})["D1"].legal_source.floor,
        law().retention_rules["aml"],
    )
    assert floor is not None
    texts = {"fi": known.starts_from.fi, "sv": known.starts_from.sv, "en": known.starts_from.en}
    assert (floor.starts_from, floor.section, floor.sure) == (texts, known.section, known.sure)


def test_the_longest_of_several_floors_counts() -> None:
    data = {"id": "D1", "text": "Vouchers", "statutory_rule_ref": "kpl_vouchers"}
    rule = rules({**SIX, "duration": "P8Y", "floor_ref": "kpl_books"}, data_categories=[data])["D1"]
    assert rule.legal_source.floor is not None
    assert (rule.legal_source.floor.key, rule.conflict_because) == ("kpl_books", "below_floor")


def test_bases_are_those_of_the_category_else_those_that_cover_it() -> None:
    bases = [
        {"id": "B1", "article": "6(1)(c)", "statute_ref": "Kirjanpitolaki", "applies_to": "all"},
        {"id": "B2", "article": "6(1)(a)", "applies_to": ["P1"]},
        {"id": "B3", "article": "6(1)(f)", "applies_to": ["D2"]},
        {"id": "B4", "article": "6(1)(b)", "applies_to": "not_stated"},
    ]
    data = [{"id": "D1", "text": "a", "purposes": ["P1"]}, {"id": "D2", "text": "b", "basis": ["B4"]}]
    found = rules(
        {**SIX, "applies_to": "all"},
        legal_bases=bases,
        data_categories=data,
        purposes=[{"id": "P1", "text": "p"}],
    )
    assert found["D1"].legal_source.articles == ("6(1)(c)", "6(1)(a)")
    assert found["D1"].legal_source.statutes == ("Kirjanpitolaki",)
    assert found["D2"].legal_source.articles == ("6(1)(b)",)


# Whatever is stated

DURATIONS = ["P1M", "P3M", "P90D", "P6M", "P180D", "P1Y", "P12M", "P365D", "P52W", "P2Y", "P1Y1D", "P99Y"]
STATEMENTS = st.fixed_dictionaries(
    {},
    optional={
        "applies_to": st.sampled_from([["D1"], ["D2"], ["D1", "D2"], "all", "not_stated", []]),
        "duration": st.sampled_from(DURATIONS),
        "criterion": st.sampled_from(["as long as needed", "end of membership", "end of studies"]),
        "starts_from": st.sampled_from(["created", "last update"]),
        "action": st.sampled_from(["erase", "anonymise", "archive"]),
        "mode": st.sampled_from(["automatic", "manual", "periodic"]),
        "interval": st.sampled_from(["P1M", "P1Y"]),
    },
)


def may_cover(statement: dict[str, Any], category: str) -> bool:
    said = statement.get("applies_to", "not_stated")
    return said in ("all", "not_stated") or category in said


@given(st.lists(STATEMENTS, max_size=4))
def test_a_period_served_is_not_shorter_than_any_stated_for_the_category(
    stated: list[dict[str, Any]],
) -> None:
    for category, rule in rules(*stated).items():
        about = [one for one in stated if may_cover(one, category)]
        assert rule.of == len(about)
        if rule.period is not None:
            for one in about:
                assert periods.compare(rule.period, one["duration"]) in ("longer", "equal")
                assert one.get("starts_from") == about[0].get("starts_from")
            assert any(
                one.get("action") == rule.action and one.get("duration") == rule.period for one in about
            )
        elif rule.criterion is not None:
            assert {(one.get("criterion"), one.get("action"), one.get("duration")) for one in about} == {
                (rule.criterion["en"], rule.action, None)
            }
        else:
            assert rule.conflict


@given(st.lists(STATEMENTS, max_size=3), STATEMENTS, st.integers(0, 3))
def test_one_more_statement_never_shortens_what_there_was(
    stated: list[dict[str, Any]], more: dict[str, Any], place: int
) -> None:
    before = rules(*stated)
    after = rules(*stated[:place], more, *stated[place:])
    for category, rule in before.items():
        assert category in after
        later = after[category].period
        if rule.period is None:
            assert later is None
        elif later is not None:
            assert periods.compare(later, rule.period) in ("longer", "equal")


@given(
    st.permutations(
        [P6M, P1Y, {**P1Y, "applies_to": "all"}, {**SIX, "duration": "P3M", "applies_to": "not_stated"}]
    )
)
def test_the_order_of_statements_decides_nothing(stated: list[dict[str, Any]]) -> None:
    assert {category: (rule.period, rule.of) for category, rule in rules(*stated).items()} == {
        "D1": ("P1Y", 4),
        "D2": ("P1Y", 2),
    }


# Events


@pytest.mark.parametrize(
    ("texts", "token"),
    [
        ({"fi": "chat-tallenteen syntyminen"}, "created"),
        ({"fi": "  Keskustelun PÄÄTTYMINEN. "}, "closed"),
        ({"fi": "Keskustelun pa\u0308a\u0308ttyminen"}, "closed"),
        (
            {"fi": "asiakassuhteen päättyminen", "sv": "kundförhållandets slut"},
            "end_of_customer_relationship",
        ),
        ({"fi": "asiakassuhteen päättyminen", "sv": "avtalets slut"}, None),
        ({"fi": "asiakassuhteen päättyminen", "sv": "något annat"}, None),
        ({"en": "end of the customer relationship or of the contract"}, None),
        ({"und": "last_update"}, "last_update"),
        ({"en": ""}, None),
    ],
)
def test_an_event_is_known_only_by_exactly_its_name(texts: dict[str, str], token: str | None) -> None:
    assert events.token(texts) == token


def test_no_phrase_means_two_events() -> None:
    every = [phrase for phrases in events.PHRASES.values() for phrase in phrases]
    assert len(every) == len(set(every))
    assert every == [events.plain(phrase) for phrase in every]
