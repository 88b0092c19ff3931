"""What one person alone does to have data deleted sooner, by every way round that was thought of. None of it helps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from registry import clock, journal
from registry.retention.decisions.answers import answers
from registry.retention.holds import holding
from registry.retention.shortenings import changing
from tests.retention.conftest import Keeper

NOW = "2027-03-10T09:00:00.000000Z"
P1D = {"applies_to": ["D1"], "duration": "P1D", "action": "erase", "mode": "automatic"}
P1Y, P8Y = {**P1D, "duration": "P1Y"}, {**P1D, "duration": "P8Y"}
NEED = {"applies_to": ["D1"], "criterion": "as long as needed"}
TALK, MAIL = "pd:Communication", "pd:EmailAddress"


@pytest.fixture
def at(controllers: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the clock; it stands at NOW."""

    def put(moment: str) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    put(NOW)
    return put


def told(**item: str) -> str:
    """The decision, or why there is none, of data that is years old."""
    raw = {"system": "acme/desk", "anchor": "2020-01-01", **item}
    _, _, (answer,) = answers([raw], sees=lambda *_: True, seconds=60)
    return str(answer.get("code", answer["decision"]))


def category(kind: str | None, id_: str = "D1") -> dict[str, Any]:
    return {"id": id_, "text": "Conversations", **({} if kind is None else {"pd": kind})}


@pytest.mark.parametrize(
    ("before", "of", "after", "to"),
    [
        (P1Y, TALK, NEED, MAIL),  # the rule is taken back with it
        (NEED, TALK, NEED, MAIL),
        (P1Y, TALK, NEED, None),
        (NEED, None, NEED, MAIL),  # what named no kind kept data of any
    ],
)
def test_l8_a_category_that_keeps_goes_on_keeping_the_kind_that_it_was(
    at: Callable[[str], None], before: dict[str, Any], of: str | None, after: dict[str, Any], to: str | None
) -> None:
    """Given another kind it leaves the data to no shorter rule of another register, before somebody else agrees."""
    Keeper("acme", "other").put(P1D, data_categories=[category(TALK)])
    keeper = Keeper("acme", "customers")
    keeper.put({**before, "applies_to": ["D7"]}, data_categories=[category(of, "D7")])
    assert told(data_category=TALK) == ("delete_after" if before == P1Y else "kept_elsewhere")
    keeper.put({**after, "applies_to": ["D7"]}, data_categories=[category(to, "D7")])
    assert told(data_category=TALK) == "kept_elsewhere"
    if to is None:
        return  # it keeps data of any kind
    at(changing.approve(1, by="client/second", expect=1, delay=timedelta(days=7))["begins"])
    assert told(data_category=TALK) == "delete_after"
    assert told(data_category=MAIL) == "no_rule"
    assert journal.verify().ok


def agreed(at: Callable[[str], None], number: int) -> None:
    """Somebody else approves a change, and its day comes."""
    at(changing.approve(number, by="client/second", expect=1, delay=timedelta(days=7))["begins"])


def test_l8_what_was_agreed_without_a_system_does_not_come_to_it_with_the_register(
    at: Callable[[str], None],
) -> None:
    """A register leaves a system, has its rule shortened by somebody who sees the rest of it, and comes back."""
    keeper = Keeper("acme", "customers")
    there, here = {"system": "acme/chat", "category": "D1"}, {"system": "acme/desk", "category": "D1"}
    keeper.put(P8Y, systems=["desk", "chat"])
    keeper.put(P8Y, systems=["desk"])
    keeper.put(P1D, systems=["desk"])
    agreed(at, 1)
    assert (told(**here), told(**there)) == ("delete_after", "no_rule")
    keeper.put(P1D, systems=["desk", "chat"])
    assert (told(**here), told(**there)) == ("retain", "retain"), "a rule of a register is of all its systems"
    agreed(at, 2)
    assert (told(**here), told(**there)) == ("delete_after", "delete_after")
    assert journal.verify().ok


def test_l8_what_is_left_out_without_a_system_is_kept_there_when_the_register_comes_back(
    at: Callable[[str], None],
) -> None:
    """The same with a category that is left out meanwhile: a rule of another register would delete its data there."""
    Keeper("acme", "other").put({**P1D, "applies_to": ["D2"]}, systems=["chat"])
    keeper, there = Keeper("acme", "customers"), {"system": "acme/chat", "category": "D2"}
    keeper.put(P8Y, {**P8Y, "applies_to": ["D2"]}, systems=["desk", "chat"])
    keeper.put(P8Y, {**P8Y, "applies_to": ["D2"]}, systems=["desk"])
    keeper.put(P8Y, systems=["desk"], data_categories=[category(TALK)])
    agreed(at, 1)
    assert told(**there) == "kept_elsewhere"
    keeper.put(P8Y, systems=["desk", "chat"], data_categories=[category(TALK)])
    assert told(**there) == "kept_elsewhere"
    agreed(at, 2)
    assert told(**there) == "delete_after"


def test_a_register_that_comes_back_to_a_system_as_it_left_it_waits_for_nobody(
    at: Callable[[str], None],
) -> None:
    keeper, there = Keeper("acme", "customers"), {"system": "acme/chat", "category": "D1"}
    keeper.put(P1D, systems=["desk", "chat"])
    keeper.put(P1D, systems=["desk"])
    keeper.put(P8Y, systems=["desk"])
    keeper.put(P8Y, systems=["desk", "chat"])
    assert told(**there) == "retain"
    keeper.put(P1D, systems=["desk"])  # waits
    agreed(at, 1)
    keeper.put(P1D, systems=["desk", "chat"])
    assert told(**there) == "retain", "what was said of it last"
    assert changing.Change.select().where(changing.CHANGES.stands).count() == 2


def test_l5_a_hold_on_a_kind_holds_what_was_said_of_it_once_and_is_left_out(
    at: Callable[[str], None],
) -> None:
    """A category that is left out with consent leaves its data to the rules of others, and not what is held of it."""
    two = [category(MAIL), category(TALK, "D2")]
    keeper = Keeper("acme", "customers")
    keeper.put(P1D, {**P1D, "applies_to": ["D2"]}, data_categories=two)
    Keeper("acme", "other").put(P1D, data_categories=[category(TALK)])
    assert told(category="D1") == "delete_after"
    holding.set_hold("acme", data_categories=[MAIL], reason="x", review_on=date(2999, 1, 1), by="client/dpo")
    assert (told(category="D1"), told(category="D2")) == ("held", "delete_after")
    keeper.put({**P1D, "applies_to": ["D2"]}, data_categories=two[1:])
    agreed(at, 1)
    assert (told(category="D1"), told(category="D2")) == ("held", "delete_after")
    assert told(category="D1", register="acme/customers") in ("held", "unknown", "no_rule")
    assert told(category="D1", register="acme/other") == "delete_after", "of that it was never said"
    holding.end(1, by="client/dpo", expect=1)
    assert told(category="D1") == "delete_after"
