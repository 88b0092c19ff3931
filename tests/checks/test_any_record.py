"""No record breaks a rule: whatever a record may hold, every check has an answer to it, on any day."""

from __future__ import annotations

from datetime import date

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from registry.catalogue.record import Record, assemble
from registry.checks.book import book
from registry.checks.rule import Case
from registry.law import law
from tests.notices.bodies import records

DAYS = st.dates(date(1999, 1, 1), date(2060, 12, 31))


@settings(
    max_examples=12, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)  # shrinking fifty rules takes minutes
@given(record=records(), day=DAYS)
def test_every_rule_has_an_answer_to_any_record(record: Record, day: date) -> None:
    case = Case(record, law(), day, ())
    for check in book().values():
        assert check.say(case), check.code


def test_the_same_party_twice_is_two_findings() -> None:
    twice = {"importer": "Pilvi Oy", "instrument": "dpf_eu_us"}
    body = {
        "register": "X",
        "processors": ["Pilvi Oy", "Pilvi Oy"],
        "transfers": {"items": [{**twice, "certification_date": f"2024-0{n}-01"} for n in (1, 2)]},
        "partners": ["Toinen", "Toinen"],
        "recipients": ["muut", "muut"],
        "data_categories": ["Nimi", "Nimi"],
        "retention": ["P1Y", "P1Y"],
        "legal_bases": ["6(1)(f)", "6(1)(f)"],
    }
    case = Case(assemble("acme/x", body, "Acme Oy"), law(), date(2026, 11, 22), ())
    for check in book().values():
        keys = [one.key for one in check.say(case)]
        assert len(set(keys)) == len(keys), check.code
