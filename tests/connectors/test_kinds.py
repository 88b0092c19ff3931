"""What an observation may say: keys, counts and dates, and nothing that could be of a person."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import fields

from registry.connectors.observed import kinds
from registry.errors import Invalid

GOOD: dict[str, dict[str, Any]] = {
    "accounts": {
        "accounts": [
            {
                "role": "agent",
                "domain": "acme.example",
                "active": True,
                "count": 3,
                "last_login_on": "2026-01-14",
                "two_factor": False,
                "shared": False,
            }
        ]
    },
    "deletion_rules": {
        "rules": [
            {
                "id": "1",
                "object": "ticket",
                "title": "Old",
                "active": False,
                "after": "P3Y",
                "counted_from": "last_update",
                "action": "erase",
                "then_kept": "P30D",
                "category": "D1",
                "only": "archived",
            }
        ]
    },
    "oldest_item": {
        "items": [{"object": "ticket", "category": "D1", "oldest": "2016-09-01T00:00:00.000000Z", "count": 2}]
    },
    "region": {"region": "eu-west-1", "country": "IE", "provider": "AWS"},
    "field_inventory": {
        "fields": [{"object": "ticket", "name": "phone", "pd": "pd:TelephoneNumber", "required": True}]
    },
    "cookie_scan": {
        "pages": 2,
        "trackers": [
            {
                "name": "_ga",
                "form": "cookie",
                "domain": "acme.example",
                "before_consent": True,
                "essential": None,
            }
        ],
    },
    "sub_processors": {
        "lists": [
            {
                "processor": "Acme Inc",
                "list_sha256": "0a" * 32,
                "url": "https://acme.example/sub-processors",
                "sub_processors": [{"name": "Cloud Ltd", "country": "IE"}],
            }
        ]
    },
    "certification": {
        "entries": [
            {
                "importer": "Acme Inc",
                "instrument": "dpf_eu_us",
                "status": "active",
                "due_on": "2027-01-14",
            }
        ]
    },
    "request_log": {
        "since": "2024-01-01",
        "requests": [
            {
                "received_on": "2026-01-14",
                "identified_on": "2026-01-15",
                "extended_on": "2026-02-01",
                "answered_on": "2026-03-01",
            }
        ],
    },
    "published_text": {
        "pages": [
            {
                "url": "https://acme.example/notice",
                "status": 200,
                "moved_to": "https://acme.example/privacy",
                "language": "fi",
                "passages": [
                    {
                        "part": "text",
                        "section": "Retention",
                        "at": 1,
                        "words_sha256": "0c" * 32,
                        "says": "Six months.",
                    }
                ],
                "text_sha256": "0a" * 32,
                "expected_sha256": "0b" * 32,
                "statements": [{"about": "period", "value": "P6M"}],
                "guessed": True,
                "unread": "pdf_damaged",
                "linked": False,
            }
        ]
    },
    "inventory": {
        "entries": [{"inventory_id": "CI-7", "in_use": True, "title": "Desk", "register": "acme/news"}]
    },
    "roles": {"roles": [{"role": "light agent", "permission": "viewer", "members": 3, "may": ["export"]}]},
    "settings": {
        "settings": [
            {
                "about": "session_ends",
                "name": "agent_session_timeout",
                "on": True,
                "object": "desk",
                "value": "480",
            }
        ]
    },
    "apps": {"apps": [{"id": "17", "name": "Surveys", "active": True, "by": "Survey Oy"}]},
    "changes": {
        "since": "2026-01-01T00:00:00.000000Z",
        "changes": [
            {"object": "rule", "action": "update", "count": 2, "latest": "2026-01-09T00:00:00.000000Z"}
        ],
        "settings": [
            {"about": "redacted", "name": "Redaction", "on": None, "at": "2025-01-09T00:00:00.000000Z"}
        ],
    },
    "credential": {
        "more_than_reading": True,
        "may": ["delete"],
        "because": "needed",
        "ends_on": "2027-04-30",
    },
    "could_not_look": {"asked": "accounts", "reason": "forbidden"},
}


def faults(kind: str, payload: Any) -> set[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        kinds.load(kind, payload)
    return {(one["field"], one["code"]) for one in caught.value.body()["errors"]}


def leaves(schema: Any, at: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], fields.Field[Any]]]:
    """Every field of a schema that holds a value, with its path in a payload; the first item of each list."""
    found: list[tuple[tuple[Any, ...], fields.Field[Any]]] = []
    for name, field in schema.load_fields.items():
        path = (*at, field.data_key or name)
        if isinstance(field, fields.List):
            if isinstance(field.inner, fields.Nested):
                found += leaves(field.inner.schema, (*path, 0))
            else:
                found.append(((*path, 0), field.inner))
        else:
            found.append((path, field))
    return found


LEAVES = [(kind, path, field) for kind, schema in kinds.KINDS.items() for path, field in leaves(schema)]


def put(payload: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = deepcopy(payload)
    here = changed
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    return changed


def test_every_kind_has_an_example_here_that_says_all_it_can() -> None:
    assert GOOD.keys() == kinds.KINDS.keys()
    for kind, path, _ in LEAVES:
        here: Any = GOOD[kind]
        for step in path:
            here = here[step]


@pytest.mark.parametrize("kind", GOOD)
def test_what_is_loaded_stays_as_it_is_and_can_be_made_canonical(kind: str) -> None:
    loaded = kinds.load(kind, GOOD[kind])
    assert loaded == GOOD[kind] == kinds.load(kind, loaded)
    assert rfc8785.dumps(loaded)


@pytest.mark.parametrize(
    ("kind", "path", "field"), LEAVES, ids=[f"{kind} {'/'.join(map(str, path))}" for kind, path, _ in LEAVES]
)
@pytest.mark.parametrize(
    "text", ["someone@acme.example", "Some One <some.one@acme.example>", "a＠b.example", "a﹫b"]
)
def test_no_field_takes_an_address(kind: str, path: tuple[Any, ...], field: Any, text: str) -> None:
    pointer = "/payload/" + "/".join(map(str, path))
    assert pointer in {at for at, _ in faults(kind, put(GOOD[kind], path, text))}


def test_an_address_for_a_domain_is_told_for_what_it_is() -> None:
    sent = put(GOOD["accounts"], ("accounts", 0, "domain"), "someone@acme.example")
    assert faults("accounts", sent) == {("/payload/accounts/0/domain", "personal_data")}


@pytest.mark.parametrize("name", ["name", "email", "login", "id", "subject", "body", "value", "notes"])
def test_there_is_no_place_for_people_or_contents(name: str) -> None:
    for kind, path in (
        ("accounts", ("accounts", 0, name)),
        ("oldest_item", ("items", 0, name)),
        ("field_inventory", ("fields", 0, "values" if name == "name" else name)),
        ("request_log", ("requests", 0, name)),
        ("certification", ("entries", 0, name)),
        ("inventory", ("entries", 0, name)),
        ("published_text", ("pages", 0, name)),
        ("cookie_scan", ("trackers", 0, "value" if name == "name" else name)),
    ):
        pointer = "/payload/" + "/".join(map(str, path))
        assert faults(kind, put(GOOD[kind], path, "x")) == {(pointer, "unknown_field")}


@pytest.mark.parametrize(
    ("kind", "path", "value", "code"),
    [
        ("accounts", ("accounts", 0, "domain"), "acme", "bad_domain"),
        ("accounts", ("accounts", 0, "domain"), "https://acme.example", "bad_domain"),
        ("accounts", ("accounts", 0, "domain"), "acme..example", "bad_domain"),
        ("accounts", ("accounts", 0, "domain"), "-acme.example", "bad_domain"),
        ("accounts", ("accounts", 0, "active"), "yes", "not_boolean"),
        ("accounts", ("accounts", 0, "active"), 1, "not_boolean"),
        ("accounts", ("accounts", 0, "count"), 0, "out_of_range"),
        ("accounts", ("accounts", 0, "count"), True, "not_integer"),
        ("accounts", ("accounts", 0, "count"), 1.5, "not_integer"),
        ("accounts", ("accounts", 0, "count"), "3", "not_integer"),
        ("accounts", ("accounts", 0, "last_login_on"), "2026-02-30", "invalid_day"),
        ("accounts", ("accounts", 0, "last_login_on"), "20260101", "invalid_day"),
        ("deletion_rules", ("rules", 0, "after"), "P0D", "invalid_period"),
        ("deletion_rules", ("rules", 0, "after"), "PT24H", "invalid_period"),
        ("deletion_rules", ("rules", 0, "after"), "3 years", "invalid_period"),
        ("deletion_rules", ("rules", 0, "after"), 3, "not_string"),
        ("deletion_rules", ("rules", 0, "counted_from"), "whenever", "not_one_of"),
        ("deletion_rules", ("rules", 0, "action"), None, "null"),
        ("deletion_rules", ("rules", 0, "action"), "hide", "not_one_of"),
        ("deletion_rules", ("rules", 0, "id"), 12, "not_string"),
        ("oldest_item", ("items", 0, "oldest"), "2016-09-01", "zone_needed"),
        ("oldest_item", ("items", 0, "oldest"), None, "required"),
        ("oldest_item", ("items", 0, "count"), 0, "required"),
        ("oldest_item", ("items", 0, "count"), -1, "out_of_range"),
        ("region", ("country",), "Finland", "wrong_form"),
        ("field_inventory", ("fields", 0, "pd"), "dpv:Name", "wrong_form"),
        ("cookie_scan", ("pages",), 0, "out_of_range"),
        ("cookie_scan", ("trackers", 0, "form"), "crumb", "not_one_of"),
        ("cookie_scan", ("trackers", 0, "before_consent"), None, "null"),
        ("cookie_scan", ("trackers", 0, "essential"), "no", "not_boolean"),
        ("sub_processors", ("lists", 0, "list_sha256"), "0a", "wrong_form"),
        ("sub_processors", ("lists", 0, "list_sha256"), "0A" * 32, "wrong_form"),
        ("sub_processors", ("lists", 0, "sub_processors", 0, "country"), "Ireland", "wrong_form"),
        ("certification", ("entries", 0, "status"), "certified", "not_one_of"),
        ("certification", ("entries", 0, "due_on"), "soon", "invalid_day"),
        ("request_log", ("requests", 0, "received_on"), "2026-02-30", "invalid_day"),
        ("request_log", ("requests", 0, "received_on"), None, "null"),
        ("request_log", ("since",), "2024-02-30", "invalid_day"),
        ("request_log", ("requests", 0, "identified_on"), "2026-01-13", "impossible_time"),
        ("request_log", ("requests", 0, "extended_on"), "2026-01-13", "impossible_time"),
        ("request_log", ("requests", 0, "answered_on"), "2026-01-13", "impossible_time"),
        ("published_text", ("pages", 0, "status"), 99, "out_of_range"),
        ("published_text", ("pages", 0, "status"), 600, "out_of_range"),
        ("published_text", ("pages", 0, "text_sha256"), "0a" * 33, "wrong_form"),
        ("inventory", ("entries", 0, "in_use"), 1, "not_boolean"),
        ("could_not_look", ("asked",), "everything", "not_one_of"),
        ("could_not_look", ("asked",), "could_not_look", "not_one_of"),
        ("could_not_look", ("reason",), "did not feel like it", "not_one_of"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(
    kind: str, path: tuple[Any, ...], value: Any, code: str
) -> None:
    pointer = "/payload/" + "/".join(map(str, path))
    found = dict(faults(kind, put(GOOD[kind], path, value)))
    assert code in found.values()
    assert pointer in found or pointer.rpartition("/")[0] in {at.rpartition("/")[0] for at in found}


@pytest.mark.parametrize(
    "payload", [None, [], "x", 1, {}, {"accounts": {}}, {"accounts": [None]}, {"accounts": ["x"]}]
)
def test_a_payload_of_another_shape_is_refused(payload: Any) -> None:
    assert all(at.startswith("/payload") for at, _ in faults("accounts", payload))


def test_an_unknown_kind_is_refused_and_no_region_at_all_is_no_region() -> None:
    assert faults("cookies", {}) == {("/kind", "not_one_of")}
    assert faults("region", {"provider": "AWS"}) == {("/payload/region", "required")}


def test_what_need_not_be_said_is_left_out_and_a_day_may_be_that_of_the_request() -> None:
    for kind, sent in (
        ("cookie_scan", {"pages": 1, "trackers": []}),
        ("sub_processors", {"lists": [{"processor": "Acme", "list_sha256": "0a" * 32}]}),
        ("request_log", {"requests": [{"received_on": "2026-01-14", "answered_on": "2026-01-14"}]}),
        ("request_log", {"requests": [{"received_on": "2026-01-14", "answered_on": None}]}),
        ("published_text", {"pages": [{"url": "acme.example", "status": None}]}),
        ("inventory", {"entries": [{"inventory_id": "7", "in_use": False}]}),
    ):
        assert kinds.load(kind, sent) == sent


def test_nothing_is_filled_in_and_domains_and_times_get_one_form() -> None:
    sent = {"accounts": [{"role": "agent", "domain": "ACME.Example", "active": True, "last_login_on": None}]}
    assert kinds.load("accounts", sent) == {
        "accounts": [{"role": "agent", "domain": "acme.example", "active": True, "last_login_on": None}]
    }
    sent = {"items": [{"object": "t", "oldest": "2016-09-01T02:00:00+02:00"}, {"object": "u", "count": 0}]}
    assert kinds.load("oldest_item", sent) == {
        "items": [{"object": "t", "oldest": "2016-09-01T00:00:00.000000Z"}, {"object": "u", "count": 0}]
    }


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["accounts", "role", "domain", "items", "x"]), inner, max_size=3
            )
        ),
    )
)
def test_whatever_is_sent_it_is_taken_or_refused(payload: Any) -> None:
    for kind in kinds.KINDS:
        try:
            assert rfc8785.dumps(kinds.load(kind, payload))
        except Invalid:
            continue
