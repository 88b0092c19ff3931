"""Zendesk: what a deletion schedule really means, and an account that answers badly (faults.md, group H)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import outbound
from registry.connectors.book import source
from registry.connectors.looking.pulling import pull
from registry.connectors.seen import Seen
from registry.connectors.way import Way
from registry.settings import Settings
from tests.connectors.stand_ins import zendesk
from tests.connectors.stand_ins.serving import serving
from tests.connectors.watching import Watch

SECRETS = {"client_id": zendesk.CLIENT, "client_secret": zendesk.SECRET}


@pytest.fixture
def desk() -> Iterator[zendesk.Zendesk]:
    outbound.permit(Settings(outbound_networks="127.0.0.0/8"))
    made = zendesk.Zendesk()
    with serving(made):
        yield made
    outbound.permit(Settings())


def observe(
    desk: zendesk.Zendesk, secrets: dict[str, str] = SECRETS, **limits: Any
) -> tuple[dict[str, Seen], Way]:
    """What was seen, by the kind that it is about."""
    known = source("zendesk")
    given = known.settings({"subdomain": "acme", "address": desk.origin})
    waits: list[float] = []
    way = Way(allow=known.reach(given), secrets=secrets, sleep=waits.append, **limits)
    seen = {
        one.payload.get("asked", one.kind) if one.kind == "could_not_look" else one.kind: one
        for one in known.observe(way, given)
    }
    way.waits = waits  # type: ignore[attr-defined] # for the tests to look at
    return seen, way


def rule(desk: zendesk.Zendesk) -> dict[str, Any]:
    (only,) = observe(desk)[0]["deletion_rules"].payload["rules"]
    return dict(only)


# --- deletion schedules


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ("P3Y", "P3Y"),
        ("p36m", "P36M"),
        ("3 years", "P3Y"),
        ("1 year", "P1Y"),
        ("18 Months", "P18M"),
        ("90 days", "P90D"),
        ("2 weeks", "P2W"),
        ("3|years", "P3Y"),
        ([3, "years"], "P3Y"),
        (["36", "month"], "P36M"),
        ({"value": 3, "unit": "years"}, "P3Y"),
        ({"number": "3", "interval": "year"}, "P3Y"),
        (1095, "P1095D"),
        ("1095", "P1095D"),
        (["1095"], "P1095D"),
        # Not understood is told as that, and never as some period.
        ("PT24H", None),
        ("3.5 years", None),
        ("-3 years", None),
        (-3, None),
        (0, None),
        (3.0, None),
        (True, None),
        (None, None),
        ("three years", None),
        ("3 fortnights", None),
        ([3, 4], None),
        ([], None),
        ({}, None),
        ({"unit": "years"}, None),
        ("9" * 400, None),
        ("٣ years", None),
    ],
    ids=repr,
)
def test_the_length_of_a_schedule_however_it_is_written(
    desk: zendesk.Zendesk, value: Any, after: str | None
) -> None:
    desk.schedule(value, active=True)
    told = rule(desk)
    assert told["after"] == after
    assert told["counted_from"] == (None if after is None else "last_update")


@pytest.mark.parametrize("name", ["unit", "interval"])
def test_a_unit_that_stands_beside_the_value(desk: zendesk.Zendesk, name: str) -> None:
    desk.schedule(3, with_={name: "years"})
    assert rule(desk)["after"] == "P3Y"


def test_a_ticket_schedule_deletes_archived_tickets_only_and_an_update_begins_it_anew(
    desk: zendesk.Zendesk,
) -> None:
    desk.schedule("3 years", active=True)
    told = rule(desk)
    assert told["active"] is True
    assert told["only"] == "archived tickets, closed for 120 days or more; an update begins the period anew"
    assert "then_kept" not in told


def test_a_schedule_is_inactive_as_it_is_made(desk: zendesk.Zendesk) -> None:
    desk.schedule("3 years")
    assert rule(desk)["active"] is False


def test_people_who_are_deleted_are_kept_for_thirty_days_more(desk: zendesk.Zendesk) -> None:
    desk.schedule("P1Y", "duration_since_created_at", object="zen:user", active=True)
    told = rule(desk)
    assert (told["after"], told["counted_from"], told["then_kept"]) == ("P1Y", "created", "P30D")
    assert "only" not in told


@pytest.mark.parametrize(
    "made",
    [
        {"operator": "less_than"},
        {"field": "duration_since_something_else"},
        {"all_": [{"field": "duration_since_created_at", "operator": "greater_than", "value": "P1Y"}]},
    ],
    ids=["the other way round", "counted from something else", "two lengths"],
)
def test_a_length_that_means_something_else_is_not_understood(
    desk: zendesk.Zendesk, made: dict[str, Any]
) -> None:
    desk.schedule("P3Y", active=True, **made)
    assert rule(desk)["after"] is None
    assert rule(desk)["counted_from"] is None


def test_conditions_are_told_by_the_fields_that_they_look_at_and_never_by_their_values(
    desk: zendesk.Zendesk,
) -> None:
    desk.schedule(
        "P3Y",
        all_=[{"field": "requester_id", "operator": "is", "value": "canary"}],
        any_=[{"field": "tags", "operator": "includes", "value": "canary"}],
        object="zen:attachment",
    )
    assert rule(desk)["only"] == "depends on requester_id, tags"


def test_a_schedule_without_a_length(desk: zendesk.Zendesk) -> None:
    made = desk.schedule("P3Y", active=True)
    made["conditions"] = {"all": [], "any": []}
    assert rule(desk)["after"] is None
    made["conditions"] = None
    assert rule(desk)["after"] is None


# --- what it asks with


def test_it_asks_for_reading_and_no_more_and_says_what_it_was_given(desk: zendesk.Zendesk) -> None:
    seen, _ = observe(desk)
    token = next(one for one in desk.asked if one.path == "/oauth/tokens")
    assert token.json["scope"] == "read security:read"
    assert seen["credential"].payload == {"more_than_reading": False, "may": []}
    desk.scopes = {"read", "write", "impersonate", "security:read"}
    told = observe(desk)[0]["credential"].payload
    assert told == {"more_than_reading": True, "may": ["impersonate", "write", "role admin"]}
    desk.scopes = set()
    assert observe(desk)[0]["credential"].payload == {"more_than_reading": None, "because": "not_shown"}


def test_secrets_are_in_nothing_that_is_kept(desk: zendesk.Zendesk) -> None:
    desk.user("one@acme.example")
    seen, way = observe(desk)
    told = json.dumps([[one.payload, one.raw_sha256] for one in seen.values()]) + repr(way.faults)
    assert "canary" not in told
    again, _ = observe(desk)
    assert [one.raw_sha256 for one in again.values()] == [one.raw_sha256 for one in seen.values()]


def test_h11_no_good_secret_is_asked_with_once(desk: zendesk.Zendesk) -> None:
    seen, way = observe(desk, {**SECRETS, "client_secret": "wrong"})
    assert {one.kind for one in seen.values()} == {"could_not_look"}
    assert {one.payload["reason"] for kind, one in seen.items() if kind != "region"} == {"unauthorised"}
    assert desk.asked_of == {"/oauth/tokens": 1}
    assert way.credential_refused
    seen, _ = observe(desk, {})
    assert seen["accounts"].payload["reason"] == "unauthorised"
    assert sum(desk.asked_of.values()) == 1, "without a secret nothing is asked"


def test_h11_a_token_that_is_refused_in_mid_pull_ends_the_pull(desk: zendesk.Zendesk) -> None:
    desk.page_size = 2
    for number in range(6):
        desk.user(f"{number}@acme.example")
    desk.answer = _after(desk, "/api/v2/users", 2, (401, {"error": "invalid_token"}, {}))  # type: ignore[method-assign] # for this test
    seen, way = observe(desk)
    assert seen["accounts"].complete is False
    assert seen["accounts"].payload["accounts"][0]["count"] == 2, "what was read before"
    assert seen["deletion_rules"].payload == {"asked": "deletion_rules", "reason": "unauthorised"}
    assert way.credential_refused
    assert "/api/v2/deletion_schedules" not in desk.asked_of


def _after(desk: zendesk.Zendesk, path: str, times: int, reply: Any) -> Any:
    """Answer as usual, and from the `times`-th question to a path on with `reply`."""
    usual, count = desk.answer, [0]

    def answer(asked: Any) -> Any:
        if asked.path == path:
            count[0] += 1
            if count[0] >= times:
                return reply
        return usual(asked)

    return answer


# --- answers that fail


@pytest.mark.parametrize(
    ("status", "reason"), [(403, "forbidden"), (404, "no_such_endpoint"), (418, "other")]
)
def test_what_may_not_be_seen_is_told_and_the_rest_is_seen(
    desk: zendesk.Zendesk, status: int, reason: str
) -> None:
    desk.user("one@acme.example")
    desk.fail("/api/v2/deletion_schedules", status, {"error": "x"})
    seen, _ = observe(desk)
    assert seen["deletion_rules"].payload == {"asked": "deletion_rules", "reason": reason}
    assert seen["accounts"].complete
    assert seen["field_inventory"].complete


def test_a_smaller_plan_has_no_custom_roles_and_no_audit_log(desk: zendesk.Zendesk) -> None:
    desk.plan = "team"
    seen, _ = observe(desk)
    assert seen["roles"].payload == {"asked": "roles", "reason": "no_such_endpoint"}
    assert seen["changes"].payload == {"asked": "changes", "reason": "no_such_endpoint"}


def _left(desk: zendesk.Zendesk) -> dict[str, tuple[str, bool | None, str]]:
    """By name: what a setting is about, how the log left it, and on which day."""
    seen = observe(desk)[0]["changes"]
    return {one["name"]: (one["about"], one["on"], one["at"][:10]) for one in seen.payload["settings"]}


def test_the_newest_entry_of_the_log_says_how_a_setting_was_left_however_old_it_is(
    desk: zendesk.Zendesk,
) -> None:
    desk.log("Credit Card Redaction", "Enabled", "2019-05-01T08:00:00Z")
    desk.log("Credit Card Redaction", "Disabled", "2020-05-01T08:00:00Z")
    desk.log("Credit Card Redaction", "Enabled", "2018-05-01T08:00:00Z")
    desk.log("Require Two Factor", " turned ON ", "2021-05-01T08:00:00Z")
    desk.log("Account Assumption", "Changed", "2021-05-01T08:00:00Z")
    desk.log("Mobile App Access", None, "2021-05-01T08:00:00Z")
    assert _left(desk) == {
        "Credit Card Redaction": ("redacted", False, "2020-05-01"),
        "Require Two Factor": ("two_factor_required", True, "2021-05-01"),
        "Account Assumption": ("vendor_access", None, "2021-05-01"),
        "Mobile App Access": ("other", None, "2021-05-01"),
    }


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_entries_at_one_instant_the_later_number_counts(desk: zendesk.Zendesk, turned: bool) -> None:
    for said in ("Disabled", "Enabled"):
        desk.log("Credit Card Redaction", said, "2020-05-01T08:00:00Z")
    if turned:
        desk.audit_logs.reverse()
    assert _left(desk)["Credit Card Redaction"][1] is True


def test_what_the_log_says_of_people_is_counted_and_never_named(desk: zendesk.Zendesk) -> None:
    desk.log("Canary Person", "Role changed from Agent to Administrator", "2026-11-20T08:00:00Z", of="user")
    desk.log("Reply address canary@acme.example", "Enabled", "2026-11-20T08:00:00Z")
    seen = observe(desk)[0]["changes"]
    assert seen.complete
    assert [one["name"] for one in seen.payload["settings"]] == ["Reply address …"]
    assert "anary" not in json.dumps(seen.payload)


def test_a_server_that_does_not_filter_its_log_is_read_all_the_same(
    desk: zendesk.Zendesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.log("Canary Person", "Disabled", "2026-11-20T08:00:00Z", of="user")
    desk.log("Credit Card Redaction", "Disabled", "2020-05-01T08:00:00Z")
    monkeypatch.setattr(desk, "_logged", lambda _: desk.audit_logs)
    assert set(_left(desk)) == {"Credit Card Redaction"}


@pytest.mark.parametrize(
    "wrong", [{"source_label": None}, {"created_at": "yesterday"}, {"source_type": 7}, {"id": "x"}], ids=repr
)
def test_an_entry_of_the_log_of_another_shape_leaves_the_look_incomplete(
    desk: zendesk.Zendesk, wrong: dict[str, Any]
) -> None:
    desk.log("Require Two Factor", "Enabled", "2020-05-01T08:00:00Z")
    desk.log("Credit Card Redaction", "Disabled", "2020-05-01T08:00:00Z")
    desk.audit_logs[-1] |= wrong
    seen = observe(desk)[0]["changes"]
    assert not seen.complete or wrong == {"source_type": 7}
    assert [one["name"] for one in seen.payload["settings"]] == ["Require Two Factor"]


@pytest.mark.parametrize("wait", ["86400", "Wed, 25 Nov 2099 10:00:00 GMT"])
def test_h9_who_asks_us_to_wait_for_long_is_left_alone(desk: zendesk.Zendesk, wait: str) -> None:
    desk.fail("/api/v2/users", 429, {"error": "APIRateLimitExceeded"}, times=9, Retry_After=wait)
    seen, way = observe(desk)
    assert seen["accounts"].payload == {"asked": "accounts", "reason": "unavailable"}
    assert desk.asked_of["/api/v2/users"] == way.faults["rate_limited"] == 2, (
        "once for accounts, once for fields"
    )
    assert way.waits == []  # type: ignore[attr-defined] # set by observe


@pytest.mark.parametrize("wait", ["2", "rubbish", "-5", ""])
def test_h9_after_a_short_wait_it_is_asked_again(desk: zendesk.Zendesk, wait: str) -> None:
    desk.user("one@acme.example")
    desk.fail("/api/v2/users", 429, None, Retry_After=wait)
    seen, way = observe(desk)
    assert seen["accounts"].complete
    assert seen["accounts"].payload["accounts"]
    assert len(way.waits) == 1  # type: ignore[attr-defined] # set by observe


def test_h9_three_failures_pass_and_four_are_told(desk: zendesk.Zendesk) -> None:
    desk.fail("/api/v2/users", 500, None, times=3)
    assert observe(desk)[0]["accounts"].complete
    desk.fail("/api/v2/users", 503, None, times=4)
    assert observe(desk)[0]["accounts"].payload == {"asked": "accounts", "reason": "unavailable"}


def test_h9_a_page_for_people_is_not_no_data(desk: zendesk.Zendesk) -> None:
    desk.fail("/api/v2/deletion_schedules", 200, b"<html>We are mending this</html>")
    seen, _ = observe(desk)
    assert seen["deletion_rules"].payload == {"asked": "deletion_rules", "reason": "unavailable"}


def test_h10_page_three_of_seven_fails(desk: zendesk.Zendesk) -> None:
    desk.page_size = 2
    for number in range(14):
        desk.schedule("P3Y", title=f"Schedule {number}")
    desk.answer = _after(desk, "/api/v2/deletion_schedules", 3, (500, None, {}))  # type: ignore[method-assign] # for this test
    seen, _ = observe(desk)
    assert seen["deletion_rules"].complete is False
    assert len(seen["deletion_rules"].payload["rules"]) == 4


def test_h10_a_cursor_that_comes_again(desk: zendesk.Zendesk) -> None:
    desk.user("one@acme.example")
    again = {"links": {"next": f"{desk.origin}/api/v2/users?page=again"}, "meta": {"has_more": True}}
    desk.fail("/api/v2/users", 200, {"users": desk.users, **again}, times=50)
    seen, way = observe(desk)
    assert seen["accounts"].complete is False
    assert way.faults["page_repeats"] == 1
    assert desk.asked_of["/api/v2/users"] < 5


def test_h10_a_next_page_elsewhere_is_not_asked_for(desk: zendesk.Zendesk) -> None:
    with serving(zendesk.Zendesk()) as other:
        told = {"users": [], "meta": {"has_more": True}, "links": {"next": f"{other.origin}/api/v2/users"}}
        desk.fail("/api/v2/users", 200, told)
        seen, way = observe(desk)
        assert other.asked == []
    assert seen["accounts"].complete is False
    assert way.faults["next_page_elsewhere"] == 1


def test_h12_more_than_a_run_takes(desk: zendesk.Zendesk) -> None:
    for number in range(60):
        desk.user(f"{number}@acme.example")
    seen, way = observe(desk, most=50)
    assert seen["accounts"].complete is False
    assert way.faults["too_many_items"] >= 1


@pytest.mark.parametrize(
    "user",
    [
        {}, None, 7, "text", [], {"role": "agent", "active": True}, {"role": None, "email": "a@b.fi", "active": True},
        {"role": "agent", "email": "no address", "active": True},
        {"role": "agent", "email": "a@b..fi", "active": True}, {"role": "agent", "email": "a@b.fi", "active": "yes"},
        {"role": "agent", "email": "a@b.fi", "active": True, "last_login_at": "yesterday"},
    ],
    ids=repr,
)  # fmt: skip
def test_h12_an_account_of_another_shape_is_counted_as_not_understood(
    desk: zendesk.Zendesk, user: Any
) -> None:
    good = {"role": "agent", "email": "a@acme.example", "active": True}
    desk.fail("/api/v2/users", 200, {"users": [good, user], "meta": {"has_more": False}, "links": {}})
    seen, way = observe(desk)
    assert seen["accounts"].complete is False
    assert [one["count"] for one in seen["accounts"].payload["accounts"]] == [1]
    assert way.faults["item_not_understood"] == 1


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_LISTS = [
    "users", "custom_roles", "deletion_schedules", "ticket_fields", "installations", "clients", "audit_logs", "results"
]  # fmt: skip


@given(
    st.dictionaries(st.sampled_from([*_LISTS, "settings", "security_settings", "meta", "count"]), _JSON)
    | _JSON
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_h12_whatever_is_answered_is_told_as_not_understood_at_worst(
    desk: zendesk.Zendesk, body: Any
) -> None:
    token = (200, {"access_token": "t", "scope": "read"}, {})
    desk.answer = lambda asked: token if asked.path == "/oauth/tokens" else (200, body, {})  # type: ignore[method-assign] # for this test
    seen, _ = observe(desk)
    assert set(seen) == {*source("zendesk").source.sees, "region"}
    for one in seen.values():
        assert "@" not in json.dumps(one.payload)


def test_an_address_in_a_name_is_left_out(desk: zendesk.Zendesk) -> None:
    desk.schedule("P3Y", title="Ask anna.alias@acme.example first")
    assert rule(desk)["title"] == "Ask … first"


def test_whose_a_private_app_is_is_not_told_for_it_may_be_a_person(desk: zendesk.Zendesk) -> None:
    desk.install("Oma", "Canary Person", visibility="private")
    (app,) = observe(desk)[0]["apps"].payload["apps"]
    assert "by" not in app


# --- and no check takes what was seen in part for the whole


def test_what_was_seen_in_part_is_never_all_right(desk: zendesk.Zendesk, opened: str) -> None:
    """Everything is as declared; but each list breaks off."""
    desk.page_size = 1
    for _ in range(3):
        desk.user("one@acme.example")
        desk.schedule("P3Y", "duration_since_created_at", object="zen:user", active=True)
        desk.field("ticket", "Sähköposti")
        desk.install("Kysely", "Acme")
    for path in ("users", "deletion_schedules", "ticket_fields", "apps/installations.json"):
        desk.answer = _after(desk, f"/api/v2/{path}", 2, (500, None, {}))  # type: ignore[method-assign] # for this test
    desk.fail("/api/v2/search", 500, None, times=4)
    desk.fail("/api/v2/security_settings", 500, None, times=4)
    record = {
        "access": {"roles": [{"role": "Neuvojat", "domains": ["acme.example"]}]},
        "retention": ["P3Y"],
        "data_categories": [{"text": "Sähköposti", "pd": "pd:EmailAddress"}],
    }
    watch = Watch("zendesk", {"subdomain": "acme", "address": desk.origin}, SECRETS, record)
    seen = {one.kind: one for one in watch.look()}
    for kind in ("accounts", "deletion_rules", "field_inventory", "apps", "settings"):
        assert seen[kind].complete is False, kind
    for code in ("OBS301", "OBS302", "OBS304", "OBS305", "OBS306"):
        assert "pass" not in watch.found(code).values(), code
        assert "na" not in watch.found(code).values(), code
    # And what was seen to be wrong before is not put right by a look that failed.
    desk.scopes = {"read", "write"}
    watch.look()
    assert watch.found("OBS306")["acme/desk:credential"] == "fail"
    desk.fail("/oauth/tokens", 500, None, times=4)
    watch.look()
    assert watch.found("OBS306")["acme/desk:credential"] == "fail"


def test_where_data_lies_cannot_be_seen_and_makes_no_run_worse(desk: zendesk.Zendesk) -> None:
    known = source("zendesk")
    pulled = pull(known, known.settings({"subdomain": "acme", "address": desk.origin}), SECRETS)
    told = {one.about: one.seen for one in pulled.looked}
    assert told["region"].payload == {"asked": "region", "reason": "not_supported"}
    assert pulled.state == "complete", {one.about: one.seen for one in pulled.looked if not one.seen.complete}
