"""Strict JSON: rows A1 to A12 of the bad inputs, on the reader and through a view."""

from __future__ import annotations

import json
import time
import unicodedata
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from registry import errors
from registry.strict import body

BIG = body.MAX_INTEGER

REFUSED = [
    ("a1_lone_surrogate", rb'{"name":"\ud800"}', 400, "lone_surrogate", "/name"),
    ("a1_lone_surrogate_low", rb'{"name":["\udc00"]}', 400, "lone_surrogate", "/name/0"),
    ("a1_surrogates_swapped", rb'{"name":"\udc00\ud800"}', 400, "lone_surrogate", "/name"),
    ("a1_lone_surrogate_in_a_key", rb'{"a":{"\ud800":1}}', 400, "lone_surrogate", "/a"),
    ("a2_nul", rb'{"name":"a\u0000b"}', 422, "nul_character", "/name"),
    ("a2_nul_in_a_key", rb'{"a\u0000":1}', 422, "nul_character", ""),
    ("a2_control", rb'{"name":"a\u0007b"}', 422, "control_character", "/name"),
    ("a2_control_c1", '{"name":"a\u0085b"}'.encode(), 422, "control_character", "/name"),
    ("a2_raw_control", b'{"name":"a\x07b"}', 400, "malformed_json", None),
    (
        "a2_marks",
        b'{"name":["a%s"]}' % ("\u0301\u0327" * 110).encode(),
        422,
        "too_many_marks",
        "/name/0",
    ),
    (
        "a2_marks_in_a_key",
        b'{"b":{"a%s":1}}' % ("\u0f73" * 201).encode(),
        422,
        "too_many_marks",
        "/b",
    ),
    ("a3_over_2_63", b'{"months":9223372036854775808}', 422, "number_too_large", "/months"),
    ("a3_under_minus_2_63", b'{"months":-9223372036854775809}', 422, "number_too_large", "/months"),
    ("a3_over_2_53", b'{"a":[0,%d]}' % (BIG + 1), 422, "number_too_large", "/a/1"),
    ("a3_float_overflow", b'{"months":1e400}', 422, "number_too_large", "/months"),
    ("a4_5000_digits", b'{"months":' + b"1" * 5000 + b"}", 400, "number_too_long", None),
    ("a4_5000_decimals", b'{"months":0.' + b"1" * 5000 + b"}", 400, "number_too_long", None),
    ("a6_deep_open", b"[" * 100_000, 400, "too_deep", None),
    ("a6_deep_closed", b"[" * 100_000 + b"]" * 100_000, 400, "too_deep", None),
    ("a6_deep_in_a_field", b'{"name":' + b"[" * 50_000 + b"]" * 50_000 + b"}", 400, "too_deep", None),
    ("a6_deep_objects", b'{"a":' * 50_000 + b"1" + b"}" * 50_000, 400, "too_deep", None),
    ("a6_one_too_deep", b"[" * 65 + b"]" * 65, 400, "too_deep", None),
    ("a7_duplicate", b'{"name":"a","name":"b"}', 400, "duplicate_key", None),
    ("a7_duplicate_deep", b'{"a":[{"b":{"c":1,"c":1}}]}', 400, "duplicate_key", None),
    ("a7_duplicate_escaped", rb'{"name":"a","\u006eame":"b"}', 400, "duplicate_key", None),
    ("a7_duplicate_in_form_c", '{"\u00e4":1,"a\u0308":2}'.encode(), 400, "duplicate_key", None),
    ("a11_empty", b"", 400, "empty_body", None),
    ("a11_blank", b" \n", 400, "empty_body", None),
    ("a12_latin1", '{"name":"ä"}'.encode("latin-1"), 400, "not_utf8", None),
    ("a12_utf16", '{"name":"a"}'.encode("utf-16"), 400, None, None),
    ("a12_utf16_without_mark", '{"name":"a"}'.encode("utf-16-le"), 400, None, None),
    ("a12_overlong", b'{"name":"\xc0\x80"}', 400, "not_utf8", None),
    ("a12_surrogate_bytes", b'{"name":"\xed\xa0\x80"}', 400, "not_utf8", None),
    ("a12_byte_order_mark", b'\xef\xbb\xbf{"name":"a"}', 400, "byte_order_mark", None),
    ("nan", b'{"months":NaN}', 400, "malformed_json", None),
    ("infinity", b'{"months":-Infinity}', 400, "malformed_json", None),
    ("trailing_comma", b'{"name":"a",}', 400, "malformed_json", None),
    ("two_values", b"{} {}", 400, "malformed_json", None),
    ("comment", b'{"name":"a"/**/}', 400, "malformed_json", None),
    ("single_quotes", b"{'name':'a'}", 400, "malformed_json", None),
    ("leading_zero", b'{"months":01}', 400, "malformed_json", None),
]


@pytest.mark.parametrize(
    ("data", "status", "code", "field"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_is_refused(data: bytes, status: int, code: str | None, field: str | None) -> None:
    with pytest.raises(errors.Problem) as caught:
        body.parse(data)
    assert caught.value.status == status
    assert code is None or caught.value.code == code
    assert caught.value.field == field


@pytest.mark.parametrize("row", [row for row in REFUSED if row[0].startswith("a6")], ids=lambda row: row[0])
def test_a6_deep_nesting_is_refused_at_once(row: tuple[str, bytes, int, str, None]) -> None:
    began = time.thread_time()  # of this thread alone, whoever else is at work
    with pytest.raises(errors.BadRequest):
        body.parse(row[1])
    assert time.thread_time() - began < 1


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row[0])
def test_what_is_refused_is_a_problem_that_repeats_nothing(
    client: FlaskClient, bearer: dict[str, str], row: tuple[Any, ...]
) -> None:
    _, data, status, code, _ = row
    answer = client.post("/v1/things", data=data, headers={**bearer, "Content-Type": "application/json"})
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert code is None or answer.json["code"] == code
    assert len(answer.data) < 600
    assert b"1111" not in answer.data


def test_what_is_taken() -> None:
    deepest: Any = "x"
    for _ in range(body.MAX_DEPTH):
        deepest = [deepest]
    for value in [
        {"a": [1, -1, BIG, -BIG, 0, 1.5, True, False, None, "", "tab\tline\nreturn\r"]},
        {"bidi": "\u202eabc", "emoji": "👩‍👩‍👧", "joiner": "a\u200bb", "marks": "e" + "\u0301" * 100},
        "alone",
        deepest,
    ]:
        data = json.dumps(value).encode()
        assert body.parse(data) == json.loads(
            unicodedata.normalize("NFC", json.dumps(value, ensure_ascii=False))
        )
    assert body.parse(rb'"\ud83d\ude00"') == "😀"


def test_m1_texts_and_keys_come_out_in_form_c() -> None:
    apart = unicodedata.normalize("NFD", "Äänekoski")
    assert len(apart) == 11
    assert body.parse(json.dumps({apart: [apart]}).encode()) == {"Äänekoski": ["Äänekoski"]}


REFUSAL = object()


def parsed_or_refused(data: bytes) -> Any:
    """The value, or REFUSAL for a 400 or 422; anything else that is raised is a fault."""
    try:
        return body.parse(data)
    except (errors.BadRequest, errors.Invalid):
        return REFUSAL


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(), below, max_size=4),
    max_leaves=20,
)


@given(values, st.booleans())
def test_any_value_comes_back_the_same_or_is_refused_by_status(value: Any, ascii_only: bool) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    parsed = parsed_or_refused(data)
    if parsed is REFUSAL:
        return
    again = json.dumps(parsed, ensure_ascii=False)
    again.encode()
    assert unicodedata.is_normalized("NFC", again)
    assert body.parse(again.encode()) == parsed


@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_a_problem(data: bytes) -> None:
    parsed_or_refused(data)


TYPES = [
    (None, "a10_none"),
    ("text/plain", "a10_text"),
    ("application/x-www-form-urlencoded", "a10_form"),
    ("multipart/form-data; boundary=x", "a10_multipart"),
    ("application/xml", "a10_xml"),
    ("application/json; charset=utf-16", "a10_charset"),
    ("application/merge-patch+json", "a10_merge_patch_on_post"),
    ("application/vnd.x+json", "a10_other_json"),
]


#: Every type with every method, but the one that PATCH takes.
REFUSED = [
    pytest.param(kind, method, id=f"{name}-{method}")
    for kind, name in TYPES
    for method in ("POST", "PUT", "PATCH")
    if (kind, method) != ("application/merge-patch+json", "PATCH")
]


@pytest.mark.parametrize(("content_type", "method"), REFUSED)
def test_a10_other_types_are_415(
    client: FlaskClient, bearer: dict[str, str], content_type: str | None, method: str
) -> None:
    path = "/v1/things" if method == "POST" else "/v1/things/own/1"
    headers = {**bearer, "If-Match": '"v1"'} | ({"Content-Type": content_type} if content_type else {})
    answer = client.open(path, method=method, data=b'{"name":"a"}', headers=headers)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")
    assert "application/json" in answer.headers["Accept-Patch" if method == "PATCH" else "Accept"]


def test_a10_an_encoded_body_is_415(client: FlaskClient, bearer: dict[str, str]) -> None:
    headers = {**bearer, "Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert client.post("/v1/things", data=b"{}", headers=headers).status_code == 415


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=UTF-8"])
def test_a10_json_is_taken(client: FlaskClient, bearer: dict[str, str], content_type: str) -> None:
    headers = {**bearer, "Content-Type": content_type, "If-Match": '"v3"'}
    answer = client.put("/v1/things/own/3", data=b'{"name":"a"}', headers=headers)
    assert answer.json == {"given": {"name": "a"}, "expected": 3}


def test_a11_an_empty_patch_is_400(client: FlaskClient, bearer: dict[str, str]) -> None:
    headers = {**bearer, "Content-Type": "application/merge-patch+json", "If-Match": '"v1"'}
    answer = client.patch("/v1/things/own/1", data=b"", headers=headers)
    assert (answer.status_code, answer.json["code"]) == (400, "empty_body")
