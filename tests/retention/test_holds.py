"""/v1/legal-holds: set, reviewed, ended; what callers of the rules are told; references to people."""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from registry import db, journal
from registry.api import application
from registry.app import create_app
from registry.auth.server import routes as oauth
from registry.retention.holds import hold, holding, keyed
from registry.retention.holds import routes as holds
from registry.retention.holds.holding import HeldSubject
from registry.retention.publications import routes
from registry.retention.shortenings import changing
from registry.settings import Settings
from tests.connectors.asking import Caller
from tests.retention.conftest import Keeper

PATH, RULES = "/v1/legal-holds", "/v1/retention-rules"
KEY = secrets.token_hex(32)
P6M = {"applies_to": ["D1"], "duration": "P6M", "action": "erase", "mode": "automatic"}
WHY = {"controller": "acme", "reason": "A dispute.", "review_on": "2090-01-01"}


class Writer(Caller):
    """A caller that can PUT and DELETE."""

    def do(self, method: str, path: str, body: Any = None, tag: str | None = None) -> Any:
        headers = {**self.headers, **({"If-Match": tag} if tag else {})}
        return self.http.open(path, method=method, json=body, headers=headers)


@pytest.fixture
def app(controllers: str) -> Flask:
    settings = Settings(database=controllers, hold_key=KEY)
    return application(settings, [oauth.blueprint, holds.blueprint, routes.blueprint])


@pytest.fixture
def caller(app: Flask) -> Writer:
    return Writer(app, "holds:read", "holds:write", "retention:read", of=("acme",))


def test_a_hold_is_set_reviewed_and_ended_and_stays_readable(caller: Writer, keeper: Keeper) -> None:
    keeper.put(P6M)
    answer = caller.post(PATH, {**WHY, "registers": ["acme/customers"], "subjects": ["4711", "4711", "4712"]})
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{PATH}/1")
    assert answer.json["subjects"]["count"] == 2
    assert "4711" not in answer.get_data(as_text=True)
    holds.LegalHoldSchema().load(answer.json)
    review = {"reason": "Not decided.", "review_on": "2091-01-01"}
    assert caller.do("PUT", f"{PATH}/1/review", review).status_code == 428
    assert caller.do("PUT", f"{PATH}/1/review", review, '"v2"').status_code == 412
    told = caller.do("PUT", f"{PATH}/1/review", review, '"v1"')
    assert (told.json["reason"], told.json["review_on"], told.headers["ETag"]) == (
        "Not decided.",
        "2091-01-01",
        '"v2"',
    )
    assert caller.do("DELETE", f"{PATH}/1", tag='"v1"').status_code == 412
    assert caller.do("DELETE", f"{PATH}/1", tag='"v2"').json["state"] == "ended"
    assert caller.do("DELETE", f"{PATH}/1", tag='"v3"').status_code == 410
    assert caller.do("PUT", f"{PATH}/1/review", review, '"v3"').status_code == 410
    assert caller.get(f"{PATH}/1").json["ended_by"] == caller.actor
    assert [one["id"] for one in caller.get(PATH, state="ended").json["items"]] == [1]
    assert caller.get(PATH, state="standing").json["items"] == []
    assert [entry.action for entry in journal.entries(of="hold/acme/1")] == [
        "hold.set",
        "hold.reviewed",
        "hold.ended",
    ]
    assert journal.verify().ok


@pytest.mark.parametrize(
    ("targets", "code"),
    [
        ({}, "no_target"),
        ({"registers": ["acme/never"]}, "unknown_register"),
        ({"systems": ["acme/never"]}, "unknown_system"),
        ({"categories": [{"register": "acme/customers", "category": "D9"}]}, "unknown_category"),
        ({"categories": [{"register": "acme/never", "category": "D1"}]}, "unknown_register"),
        ({"data_categories": ["pd:EmailAddress", "pd:Emailaddress"]}, "unknown_data_category"),
        ({"data_categories": ["EmailAddress"]}, "unknown_data_category"),
        ({"registers": ["other/customers"]}, "other_controller"),
        ({"systems": ["desk"]}, "invalid_key"),
        ({"systems": ["acme/desk"], "review_on": "2020-01-01"}, "in_the_past"),
        ({"systems": ["acme/desk"], "more": 1}, "unknown_field"),
        ({"subjects": [""]}, "too_short"),
    ],
)
def test_a_hold_that_would_hold_nothing_is_refused(
    caller: Writer, keeper: Keeper, targets: dict[str, Any], code: str
) -> None:
    keeper.put(P6M)
    before = journal.checkpoint()
    answer = caller.post(PATH, {**WHY, **targets})
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, code)
    assert journal.checkpoint() == before


def test_another_controllers_holds_are_not_there(app: Flask, caller: Writer) -> None:
    caller.post(PATH, {**WHY, "systems": ["acme/desk"]})
    stranger = Writer(app, "holds:read", "holds:write", of=("other",))
    assert stranger.get(f"{PATH}/1").status_code == 404
    assert stranger.do("DELETE", f"{PATH}/1", tag='"v1"').status_code == 404
    assert stranger.post(PATH, {**WHY, "systems": ["acme/desk"]}).status_code == 404
    assert stranger.get(PATH).json["items"] == []


def test_a_repeated_post_sets_one_hold(caller: Writer) -> None:
    body, key = {**WHY, "systems": ["acme/desk"]}, {"Idempotency-Key": "once"}
    first, second = caller.post(PATH, body, key), caller.post(PATH, body, key)
    assert (first.status_code, first.data) == (second.status_code, second.data)
    assert len(caller.get(PATH).json["items"]) == 1


def test_l5_l7_no_304_hides_a_hold(caller: Writer, keeper: Keeper) -> None:
    keeper.put(P6M)
    fresh = caller.get(RULES, system="acme/desk")
    tag = {"If-None-Match": fresh.headers["ETag"]}
    assert fresh.json["held"] == []
    assert caller.get(RULES, tag, system="acme/desk").status_code == 304
    caller.post(PATH, {**WHY, "systems": ["acme/desk"]})
    for headers in (tag, {"If-None-Match": "*"}, None):
        answer = caller.get(RULES, headers, system="acme/desk")
        assert (answer.status_code, answer.json["held"]) == (200, [{"hold": 1, "covers": "data"}])
        assert answer.headers["Cache-Control"] == "no-store"
        assert "ETag" not in answer.headers
    assert "dispute" not in answer.get_data(as_text=True)
    caller.do("DELETE", f"{PATH}/1", tag='"v1"')
    assert caller.get(RULES, tag, system="acme/desk").status_code == 304  # word for word what it was


@pytest.mark.parametrize(
    ("targets", "query", "held"),
    [
        ({"registers": ["acme/customers"]}, {"system": "acme/desk"}, "data"),
        ({"registers": ["acme/customers"]}, {"controller": "acme"}, "data"),
        ({"registers": ["acme/customers"]}, {"register": "acme/staff"}, None),
        ({"systems": ["acme/chat"]}, {"register": "acme/customers"}, None),
        ({"systems": ["acme/chat"]}, {"controller": "acme"}, "data"),
        ({"categories": [{"register": "acme/customers", "category": "D2"}]}, {"system": "acme/desk"}, "data"),
        ({"categories": [{"register": "acme/customers", "category": "D2"}]},
         {"system": "acme/desk", "category": "D1"}, None),
        ({"data_categories": ["pd:Communication"]}, {"system": "acme/desk", "category": "D1"}, "data"),
        ({"data_categories": ["pd:EmailAddress"]}, {"system": "acme/desk", "category": "D1"}, None),
        ({"subjects": ["4711"]}, {"system": "acme/desk"}, "people"),
    ],
)  # fmt: skip
def test_rules_say_which_holds_touch_what_is_asked(
    caller: Writer, keeper: Keeper, targets: dict[str, Any], query: dict[str, str], held: str | None
) -> None:
    keeper.put(P6M)
    Keeper("acme", "staff").put(P6M, systems=["chat"])
    caller.post(PATH, {**WHY, **targets})
    answer = caller.get(RULES, **query)
    assert answer.json["held"] == ([] if held is None else [{"hold": 1, "covers": held}])
    routes.RulesSchema().load(answer.json)


# --- references to people


def test_references_are_kept_as_keyed_hashes_and_nothing_else(caller: Writer, controllers: str) -> None:
    caller.post(PATH, {**WHY, "subjects": ["somebody@example.fi"]})
    (row,) = HeldSubject.select()
    key = keyed.keys(Settings(hold_key=KEY))[0]
    assert (row.digest, row.key_id) == (key.digest("somebodyexamplefi"), key.id)
    assert not any(
        "somebody" in str(value) for entry in journal.entries() for value in (entry.payload, entry.document)
    )


def test_without_a_key_nobody_is_held_by_reference(controllers: str) -> None:
    app = application(Settings(database=controllers), [oauth.blueprint, holds.blueprint])
    answer = Caller(app, "holds:write").post(PATH, {**WHY, "subjects": ["4711"]})
    assert (answer.status_code, answer.json["code"]) == (422, "no_hold_key")


def test_e7_it_does_not_start_without_the_key_that_holds_need(
    caller: Writer, controllers: str, tmp_path: Path
) -> None:
    create_app(Settings(database=controllers))
    caller.post(PATH, {**WHY, "subjects": ["4711"]})
    for settings in ({}, {"hold_key": secrets.token_hex(32)}):
        with pytest.raises(ValueError, match="REGISTRY_HOLD_KEY_FILE"):
            create_app(Settings(database=controllers, **settings))
    rotated = tmp_path / "keys"
    rotated.write_text(f"{secrets.token_hex(32)}\n{KEY}\n")
    create_app(Settings(database=controllers, hold_key_file=str(rotated)))
    db.open(controllers)
    holding.end(1, by="client/x", expect=1)
    create_app(Settings(database=controllers))


@pytest.mark.parametrize("text", ["short", "x" * 64, "changeme" * 3])
def test_a_key_that_can_be_guessed_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at random"):
        keyed.keys(Settings(hold_key=text))
    with pytest.raises(ValueError, match="cannot be read"):
        keyed.keys(Settings(hold_key_file=str(tmp_path / "none")))


def test_targets_are_read_as_they_were_written() -> None:
    one = hold.Hold(
        3, 1, frozenset({"a"}), frozenset({"b"}), frozenset({("a", "D1")}), frozenset({"pd:Name"}), True
    )
    assert hold.read(hold.targets(one) + "\n" + hold.targets(hold.Hold(2, 1))) == [hold.Hold(2, 1), one]
    assert hold.read(None) == []


def test_nothing_of_people_is_logged_however_much_is(
    caller: Writer, keeper: Keeper, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not their references, neither at DEBUG nor beside a fault that nobody foresaw."""
    keeper.put(P6M)
    caplog.set_level(logging.DEBUG)
    who = {**WHY, "subjects": ["tervahauta 131052-308T"], "reason": "tervahauta against acme"}
    assert caller.post(PATH, who).status_code == 201

    def refused(*_: Any) -> None:
        raise ValueError(f"Failing row contains ({who})") from KeyError(str(who))

    monkeypatch.setattr(holding, "_known", refused)
    assert caller.post(PATH, who).status_code == 500
    assert "builtins.ValueError" in caplog.text
    assert "set_hold" in caplog.text
    for hidden in ("tervahauta", "131052"):
        assert hidden not in caplog.text


def test_the_rules_say_that_a_hold_on_a_kind_touches_what_went_by_it_once(
    caller: Writer, keeper: Keeper
) -> None:
    mail, talk = ({"id": "D1", "text": "x", "pd": f"pd:{kind}"} for kind in ("EmailAddress", "Communication"))
    keeper.put(P6M, data_categories=[mail])
    keeper.put(P6M, data_categories=[talk])
    changing.approve(1, by="client/second", expect=1, delay=timedelta(0))
    Keeper("acme", "other").put(P6M, data_categories=[talk])
    assert caller.post(PATH, {**WHY, "data_categories": ["pd:EmailAddress"]}).status_code == 201
    covers = [{"hold": 1, "covers": "data"}]
    for query, held in (
        ({"system": "acme/desk"}, covers),
        ({"register": "acme/customers"}, covers),
        ({"register": "acme/customers", "category": "D1"}, covers),
        ({"register": "acme/other"}, []),
    ):
        assert caller.get(RULES, **query).json["held"] == held, query
