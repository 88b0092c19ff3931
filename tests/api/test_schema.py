"""Strict fields and stable codes: rows A8 and A9, and the parameters of queries."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
import pytest
from flask.testing import FlaskClient
from marshmallow import fields, validate

from registry.api import Boolean, Day, Instant, Integer, Key, OneOf, Schema, Text, Timestamp, invalid
from registry.strict.schema import coded, faults


class Inner(Schema):
    when = Timestamp()
    tags = fields.List(Text(max=3))


class Every(Schema):
    months = Integer(min=0, max=1200)
    flag = Boolean()
    name = Text(max=5)
    key = Key()
    kind = OneOf("red", "blue")
    since = Instant()
    on = Day()
    inner = fields.Nested(Inner)
    several = fields.List(fields.Nested(Inner))
    id = fields.String(dump_only=True)


def say(data: Any) -> list[tuple[str, str]]:
    """(pointer, code) of everything that is wrong with it."""
    try:
        Every().load(data)
    except ma.ValidationError as error:
        return [(one["field"], one["code"]) for one in invalid(error).errors]
    return []


@pytest.mark.parametrize("value", [1.9, 1.0, "12", True, None, [], {}, "", "1e3", 12.5])
def test_a8_numbers_are_never_guessed(value: Any) -> None:
    assert say({"months": value}) == [("/months", "null" if value is None else "not_integer")]


@pytest.mark.parametrize("value", [0, 12, 1200])
def test_a8_whole_numbers_are_taken(value: int) -> None:
    assert Every().load({"months": value}) == {"months": value}


@pytest.mark.parametrize("value", [-1, 1201, 2**53])
def test_a8_numbers_out_of_range(value: int) -> None:
    assert say({"months": value}) == [("/months", "out_of_range")]


@pytest.mark.parametrize("value", [1, 0, "true", "yes", "on", "false", 1.0])
def test_truth_is_never_guessed(value: Any) -> None:
    assert say({"flag": value}) == [("/flag", "not_boolean")]


@pytest.mark.parametrize("field", ["id", "version", "recorded_at", "tenant_id", "", "a/b~c", "x" * 500])
def test_a9_unknown_and_server_set_fields_are_named(field: str) -> None:
    ((pointer, code),) = say({field: 1})
    assert code == "unknown_field"
    assert pointer.startswith("/" + field.replace("~", "~0").replace("/", "~1")[:60])
    assert len(pointer) < 100


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        ([], [("", "wrong_type")]),
        ("x", [("", "wrong_type")]),
        ({"name": ""}, [("/name", "too_short")]),
        ({"name": "   "}, [("/name", "blank")]),
        ({"name": "abcdef"}, [("/name", "too_long")]),
        ({"name": 1}, [("/name", "not_string")]),
        ({"key": "A"}, [("/key", "bad_key")]),
        ({"key": "a\n"}, [("/key", "bad_key")]),
        ({"key": "-a"}, [("/key", "bad_key")]),
        ({"key": "a" * 65}, [("/key", "bad_key")]),
        ({"kind": "green"}, [("/kind", "not_one_of")]),
        ({"since": "2026"}, [("/since", "invalid_instant")]),
        ({"since": 2026}, [("/since", "not_string")]),
        ({"on": "20260101"}, [("/on", "invalid_day")]),
        ({"inner": {"when": "2026-01-01"}}, [("/inner/when", "zone_needed")]),
        ({"inner": 3}, [("/inner", "wrong_type")]),
        ({"several": [{}, {"tags": ["abc", "abcd"]}]}, [("/several/1/tags/1", "too_long")]),
        ({"several": [{"x": 1}]}, [("/several/0/x", "unknown_field")]),
    ],
)
def test_each_fault_has_its_place_and_code(data: Any, wrong: list[tuple[str, str]]) -> None:
    assert say(data) == wrong


def test_what_is_loaded() -> None:
    loaded = Every().load({"since": "2026-06-01", "on": "2026-06-01", "key": "a" * 64, "flag": False})
    assert loaded["since"] == "2026-05-31T21:00:00.000000Z"
    assert str(loaded["on"]) == "2026-06-01"
    assert Every().dump(loaded) == {**loaded, "on": "2026-06-01"}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("bad_period: Not a period.", "bad_period"),
        ("Something of our own.", "invalid"),
        ("Missing data for required field.", "required"),
        (validate.OneOf("ab").default_message.format(choices="a, b"), "not_one_of"),
        ("Length must be between 1 and 5.", "wrong_length"),
        ("Not a valid UUID.", "invalid_uuid"),
        ("Note: this is a sentence.", "invalid"),
    ],
)
def test_messages_have_codes(message: str, code: str) -> None:
    assert coded(message)[0] == code


def test_no_message_of_marshmallow_is_without_a_code() -> None:
    known = [
        field
        for field in vars(fields).values()
        if isinstance(field, type) and issubclass(field, fields.Field)
    ]
    messages = {text for field in known for text in vars(field).get("default_error_messages", {}).values()}
    assert len(messages) > 20
    assert {text for text in messages if coded(text)[0] == "invalid"} == {"Invalid value."}


def test_faults_are_told_up_to_a_hundred() -> None:
    with pytest.raises(ma.ValidationError) as caught:
        Every().load({f"x{n}": 1 for n in range(1000)})
    assert len(faults(caught.value.messages)) == 100


def test_a_body_s_faults_through_a_view(client: FlaskClient, bearer: dict[str, str]) -> None:
    answer = client.post("/v1/things", json={"months": 1.9, "id": 1, "kind": "<script>"}, headers=bearer)
    assert answer.status_code == 422
    assert {(one["field"], one["code"]) for one in answer.json["errors"]} == {
        ("/months", "not_integer"),
        ("/id", "unknown_field"),
        ("/kind", "not_one_of"),
        ("/name", "required"),
    }
    assert b"script" not in answer.data


QUERIES = [
    ("limit=2&limit=3", "/limit", "repeated_parameter"),
    ("kind=red&kind=red", "/kind", "repeated_parameter"),
    ("page=1", "/page", "unknown_field"),
    ("sort=name;drop", "/sort", "unknown_field"),
    ("kind=green", "/kind", "not_one_of"),
    ("kind=%00", "/kind", "unfit_characters"),
    ("owner=%ff", "/owner", "bad_key"),
    ("owner=OWN", "/owner", "bad_key"),
    ("%00=1", "/?", "unknown_field"),
    ("limit=0", "/limit", "out_of_range"),
    ("limit=201", "/limit", "out_of_range"),
    ("limit=1000000", "/limit", "out_of_range"),
    ("limit=-1", "/limit", "not_integer"),
    ("limit=a", "/limit", "not_integer"),
    ("limit=1.5", "/limit", "not_integer"),
    ("limit=+1", "/limit", "not_integer"),
    ("limit=01", "/limit", "not_integer"),
    ("limit=", "/limit", "not_integer"),
    ("limit=%D9%A1", "/limit", "not_integer"),
    ("limit=100000000000000000000", "/limit", "not_integer"),
    ("limit=1000000000000000000", "/limit", "not_integer"),
    ("cursor=", "/cursor", "too_short"),
]


@pytest.mark.parametrize(("query", "field", "code"), QUERIES, ids=[row[0] for row in QUERIES])
def test_n1_n2_queries_that_are_wrong_are_422_and_named(
    client: FlaskClient, bearer: dict[str, str], query: str, field: str, code: str
) -> None:
    for _ in range(2):  # the second time from memory, if it were remembered
        answer = client.get(f"/v1/things?{query}", headers=bearer)
        assert answer.status_code == 422
        (one,) = answer.json["errors"]
        assert (one["field"], one["in"]) == (field, "query")
        assert one["code"] == code
