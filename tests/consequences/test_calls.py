"""What a change calls for: the cases of fixtures/changes, and that every trigger has one."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import yaml

from registry.catalogue.record import assemble
from registry.consequences.calls import Called, Change, calls
from registry.consequences.triggers import CALLS, TRIGGERS
from registry.law import law
from tests.checks.cases import ROOT

CASES: list[dict[str, Any]] = yaml.safe_load((ROOT / "fixtures" / "changes" / "cases.yml").read_text("utf-8"))
NEWSLETTER = {"register": "Uutiskirje"}
DAY = date(2026, 11, 22)


def asked(case: dict[str, Any]) -> list[Called]:
    systems = case.get("systems", [{}, {}])
    bodies = [
        {**NEWSLETTER, **case[side], "systems": list(named)}
        for side, named in zip(("before", "after"), systems, strict=True)
    ]
    before, after = (
        assemble("acme/news", body, {"name": "Acme"}, named)
        for body, named in zip(bodies, systems, strict=True)
    )
    return calls(Change(before, after, law(), DAY), (bodies[0], bodies[1]))


def written(one: Called, wanted: list[str]) -> str:
    """As a case writes it: with its articles where the case of the same place names them."""
    place = f"{one.trigger} {one.field}"
    if one.met_by:
        return f"{place} met by {one.met_by}"
    told = f"{place} by {', '.join(one.law)}"
    return told if told in wanted or any(item.startswith(f"{place} by") for item in wanted) else place


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_a_change_calls_for(case: dict[str, Any]) -> None:
    found = asked(case)
    notices = [one for one in found if one.trigger == "published_differs"]
    assert bool(notices) is case["published"]
    rest = [one for one in found if one.trigger != "published_differs"]
    assert [written(one, case["calls"]) for one in rest] == case["calls"]


def test_every_trigger_has_a_case_and_every_call_a_trigger() -> None:
    seen = {one.trigger for case in CASES for one in asked(case)}
    assert seen == set(TRIGGERS)
    assert {trigger.call for trigger in TRIGGERS.values()} == set(CALLS)


def test_what_is_called_for_is_told_with_articles_in_two_languages() -> None:
    for case in CASES:
        for told in (one.told() for one in asked(case)):
            assert told["law"], case["name"]
            assert all("{" not in text and text.endswith(".") for text in told["message"].values())
            assert told["message"]["fi"] != told["message"]["en"]
            assert told["field"].startswith("/")


def test_the_notice_names_what_changed_in_it() -> None:
    case = {
        "before": {"retention": ["P6M"]},
        "after": {"retention": ["P3M"], "rights": ["access"], "data_scale": "under_100"},
    }
    assert {one.field for one in asked(case)} == {"/retention", "/rights"}
