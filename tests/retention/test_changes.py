"""Rules made shorter: what counts as shorter, who may approve it, what is said until it begins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from flask import Flask

from registry import clock, journal
from registry.catalogue import read, store
from registry.errors import Conflict, Gone, PreconditionFailed
from registry.retention.publications import routes
from registry.retention.publications.served import in_force, publish_rules
from registry.retention.shortenings import changing
from registry.retention.shortenings import routes as changes
from registry.retention.shortenings.changing import Change
from tests.connectors.asking import Caller, make
from tests.retention.conftest import Keeper, record

P6M: dict[str, Any] = {"applies_to": ["D1"], "duration": "P6M", "action": "erase", "mode": "automatic"}
P1Y = {**P6M, "duration": "P1Y"}
MEMBER = {"applies_to": ["D1"], "criterion": "end of membership", "action": "erase"}
WEEK = timedelta(days=7)
PATH = "/v1/retention-rules/changes"


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the clock."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: clock.instant(moment))


def said(**asked: Any) -> list[tuple[Any, ...]]:
    """(category, period or why there is none, people) of the rules in force."""
    found = [orjson.loads(rule.document) for rule in in_force(**(asked or {"controller": "acme"}))]
    return [
        (one["category"], one["period"] or one["conflict_because"] or "criterion", one["data_subjects"])
        for one in found
    ]


def states() -> list[str]:
    rows = Change.select().where(Change.superseded_at == changing.ENDLESS).order_by(Change.id)
    return [row.state for row in rows]


def approved(number: int = 1) -> str:
    return str(changing.approve(number, by="client/second", expect=1, delay=WEEK)["begins"])


OLD, UNCLEAR = "as before", "change_pending"


@pytest.mark.parametrize(
    ("before", "after", "meanwhile"),
    [
        (P6M, P6M, None),
        (P6M, P1Y, None),
        (P1Y, {**P1Y, "duration": "P12M"}, None),
        (P6M, {**P6M, "mode": "manual"}, None),
        (P6M, {"applies_to": ["D1"], "criterion": "as long as needed"}, None),  # no rule: keep
        (P1Y, {**P1Y, "data_subjects": ["customer"]}, None),  # of the others it is kept from now on
        (P1Y, P6M, OLD),
        ({**P1Y, "data_subjects": ["customer"]}, P1Y, OLD),  # of more people
        (P1Y, {**P1Y, "duration": "P365D"}, UNCLEAR),
        (P6M, {**P1Y, "duration": "P184D"}, UNCLEAR),
        (P6M, {**P1Y, "duration": "P200D"}, None),
        (P6M, {**P1Y, "action": "anonymise"}, UNCLEAR),
        (P6M, {**P1Y, "starts_from": "end of the conversation"}, UNCLEAR),
        (P6M, MEMBER, UNCLEAR),
        (MEMBER, P1Y, UNCLEAR),
        ({**P6M, "data_subjects": ["customer"]}, {**P1Y, "data_subjects": ["student"]}, UNCLEAR),
    ],
)
def test_l8_what_might_delete_sooner_waits(
    keeper: Keeper, at: Callable[[str], None], before: Any, after: Any, meanwhile: str | None
) -> None:
    at("2030-11-22")
    people = {"data_subjects": ["customer", "student"]}
    keeper.put(before, **people)
    old = said()
    assert states() == []  # the first publication shortens nothing
    keeper.put(after, **people)
    if meanwhile is None:
        assert states() == []
        return
    assert said() == (old if meanwhile == OLD else [("D1", UNCLEAR, said()[0][2])])
    now = said()
    begins = approved()
    assert begins == "2030-11-28T22:00:00.000000Z"
    assert said() == now
    at("2030-11-28T21:59:59.999999Z")
    assert said() == now
    at(begins)
    assert said() != now
    assert UNCLEAR not in said()[0]
    assert journal.verify().ok


def test_l8_retain_to_erase_waits_and_nothing_is_said_meanwhile(
    keeper: Keeper, at: Callable[[str], None]
) -> None:
    at("2030-11-22")
    keeper.put(P6M)
    keeper.put({**P6M, "applies_to": "all"})
    assert said() == [("D1", "P6M", None)]
    at(approved())
    assert said() == [("D1", "P6M", None), ("D2", "P6M", None)]


def test_l8_a_category_under_another_name_is_no_way_round(keeper: Keeper) -> None:
    keeper.put(P1Y)
    data = [{"id": "D9", "text": "Talks", "pd": "pd:Communication"}]
    keeper.put({**P6M, "applies_to": ["D9"], "duration": "P1D"}, data_categories=data)
    assert said() == []
    assert states() == ["proposed"]


def test_l8_a_longer_rule_taken_away_is_no_way_round(keeper: Keeper) -> None:
    data = [{"id": one, "text": one, "pd": "pd:Communication"} for one in ("D1", "D2")]
    short = {**P6M, "applies_to": ["D2"]}
    keeper.put(P1Y, short, data_categories=data)
    keeper.put(short, data_categories=data[1:])
    assert states() == ["proposed"]
    found = routes._longest(routes.served.said(controller="acme", data_category="pd:Communication"), {})
    assert found == {"of": 1, "period": None, "conflict": True}


@pytest.mark.parametrize("way", ["withdraw", "end", "silence", "plan"])
def test_l8_there_is_no_way_round_by(keeper: Keeper, way: str, at: Callable[[str], None]) -> None:
    keeper.put(P1Y)
    if way == "withdraw":
        keeper.withdraw()
    elif way == "end":
        keeper.end()
    elif way == "silence":
        keeper.put({"applies_to": ["D1"], "criterion": "as long as needed"})
    else:
        keeper.publish(keeper.declare(record(P6M), since=clock.instant("2030-01-01")))
        at("2030-01-01")
        assert said() == [("D1", "P1Y", None)]
    keeper.put(P6M)
    assert said() == ([] if way == "silence" else [("D1", "P1Y", None)])


def test_lengthening_goes_on_beside_a_shortening(keeper: Keeper) -> None:
    both = {"applies_to": ["D2"], "duration": "P1M", "action": "erase"}
    keeper.put(P1Y, both)
    keeper.put(P6M, {**both, "duration": "P2M"})
    assert said() == [("D1", "P1Y", None), ("D2", "P2M", None)]


def test_a_change_falls_with_its_publication(keeper: Keeper) -> None:
    keeper.put(P1Y)
    keeper.put(P6M)
    keeper.put({**P6M, "duration": "P3M"})
    assert states() == ["dropped", "proposed"]
    with pytest.raises(Gone):
        changing.approve(1, by="client/second", expect=2, delay=WEEK)
    keeper.withdraw()
    assert states() == ["dropped", "dropped"]
    keeper.put(P1Y)
    assert said() == [("D1", "P1Y", None)]
    assert states() == ["dropped", "dropped"]
    assert journal.verify().ok


def test_refused_stays_as_it_was(keeper: Keeper, at: Callable[[str], None]) -> None:
    at("2030-11-22")
    keeper.put(P1Y)
    keeper.put(P6M)
    approved()
    changing.refuse(1, by="client/third", expect=2)
    at("2040-01-01")
    assert said() == [("D1", "P1Y", None)]
    with pytest.raises(Gone):
        changing.refuse(1, by="client/third", expect=3)


def test_begun_cannot_be_refused(keeper: Keeper, at: Callable[[str], None]) -> None:
    at("2030-11-22")
    keeper.put(P1Y)
    keeper.put(P6M)
    at(approved())
    with pytest.raises(Conflict):
        changing.refuse(1, by="client/third", expect=2)
    with pytest.raises(PreconditionFailed):
        changing.refuse(1, by="client/third", expect=1)


def test_k3_a_clock_put_back_delays_and_never_hastens(keeper: Keeper, at: Callable[[str], None]) -> None:
    at("2030-11-22")
    keeper.put(P1Y)
    keeper.put(P6M)
    at("2030-11-01")
    assert approved() == "2030-11-28T22:00:00.000000Z"


# --- the doors


@pytest.fixture
def app(controllers: str) -> Flask:
    return make(controllers, changes.blueprint, routes.blueprint)


class Writer(Caller):
    """A caller that can PUT and DELETE."""

    def do(self, method: str, path: str, tag: str | None = None) -> Any:
        headers = {**self.headers, **({"If-Match": tag} if tag else {})}
        return self.http.open(path, method=method, headers=headers)


def test_c8_whoever_published_cannot_approve(app: Flask, keeper: Keeper) -> None:
    scopes = ("retention:read", "retention:write")
    author, second = Writer(app, *scopes, of=("acme",)), Writer(app, *scopes, of=("acme",))
    keeper.put(P1Y)
    shorter = keeper.declare(record(P6M))
    publish_rules(*read.whole(shorter), by=author.actor)
    answer = author.get(f"{PATH}/1")
    assert (answer.json["state"], answer.json["rules"][0]["meanwhile"]) == ("proposed", "as_before")
    changes.RetentionChangeSchema().load(answer.json)
    tag = answer.headers["ETag"]
    refused = author.do("PUT", f"{PATH}/1/approval", tag)
    assert (refused.status_code, refused.json["code"]) == (403, "second_approver_required")
    assert second.do("PUT", f"{PATH}/1/approval").status_code == 428
    assert second.do("PUT", f"{PATH}/1/approval", '"v9"').status_code == 412
    assert Writer(app, *scopes, of=("other",)).do("PUT", f"{PATH}/1/approval", tag).status_code == 404
    good = second.do("PUT", f"{PATH}/1/approval", tag)
    assert (good.status_code, good.json["state"], good.headers["ETag"]) == (200, "approved", '"v2"')
    again = second.do("PUT", f"{PATH}/1/approval", '"v2"')
    assert (again.status_code, again.json["code"]) == (409, "already_approved")
    listed = second.get(PATH, state="approved").json
    assert [one["id"] for one in listed["items"]] == [1]
    assert Writer(app, *scopes, of=("other",)).get(PATH).json["items"] == []
    assert second.do("DELETE", f"{PATH}/1", '"v2"').json["state"] == "refused"
    assert store.newest("register", "acme", "customers").version == 2


# --- floors


FLOOR = {**P6M, "floor_ref": "kpl_books"}


def test_a_floor_in_law_is_not_undercut_without_a_reason(keeper: Keeper) -> None:
    keeper.put(FLOOR)
    assert said() == [("D1", "below_floor", None)]
    Keeper("acme", "other").put({**FLOOR, "deviation_reason": "The books are kept by the group."})
    assert said(register=("acme", "other")) == [("D1", "P6M", None)]
