"""What a query may name: parameters that the contract has, and nothing of the database or of Python."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from registry.api.door import views
from registry.auth.scopes import SCOPES
from tests.hostile.test_locks import NUMBERED, OPEN, ROWS, Row
from tests.hostile.world import World, written

#: Parameter and value; no list here sorts, chooses fields or filters by what a caller names.
NAMES = [
    ("sort", "name;drop"),
    ("sort", "__class__"),
    ("sort", "-id"),
    ("order", "name; DROP TABLE register"),
    ("order_by", "1"),
    ("fields", "password_hash"),
    ("fields[registers]", "password"),
    ("include", "secrets"),
    ("expand", "controller.__dict__"),
    ("filter[password_hash]", "x"),
    ("filter[__class__]", "x"),
    ("filter", "1=1"),
    ("where", "1=1--"),
    ("document", "x"),
    ("__class__", "x"),
    ("superseded_at__gt", "0"),
    ("limit[$gt]", "1"),
]
API = [row for row in ROWS if row.method == "GET" and row.rule.startswith("/v1/")]
#: What a caller may think there is on a write, besides: it would have been done although it was not meant.
WRITES = [row for row in ROWS if row.method != "GET" and row.rule.startswith("/v1/")]
WISHES = [
    ("dry_run", "true"),
    ("validate_only", ""),
    ("force", "1"),
    ("controller", "acme"),
    ("sort", "__class__"),
]
#: Pages for people: what a mailing hangs on a link turns no reader away, and does nothing.
PAGES = [row for row in ROWS if row.method == "GET" and row.rule.startswith("/notices")]


def path(world: World, row: Row, name: str, value: str) -> str:
    """Where a door is, with a parameter more."""
    found = row.sent("acme", {one: getattr(world, one) for one in NUMBERED})[1]
    return f"{found}{'&' if '?' in found else '?'}{quote(name, safe='')}={quote(value, safe='')}"


def test_c7_every_list_is_asked(world: World) -> None:
    read = {rule.rule for rule, method, _ in views(world.app) if method == "GET"}
    asked = {row.rule for row in (*API, *PAGES)}
    assert {rule for rule in read if rule.startswith(("/v1/", "/notices"))} == asked
    assert len(API) > 50


@pytest.mark.parametrize("row", API, ids=lambda row: row.rule)
def test_c7_only_names_of_the_contract_are_taken(world: World, row: Row) -> None:
    owner = world.caller("acme")
    for name, value in NAMES:
        answer = owner("GET", path(world, row, name, value))
        said: Any = answer.json
        assert (answer.status_code, said["code"]) == (422, "invalid"), (name, value)
        pointed = name.replace("~", "~0").replace("/", "~1")
        assert [(one["field"], one["code"], one["in"]) for one in said["errors"]] == [
            (f"/{pointed}", "unknown_field", "query")
        ]
        assert len(value) < 4 or value not in answer.text, "nothing is echoed"


@pytest.mark.parametrize("row", [row for row in API if row.scope != OPEN], ids=lambda row: row.rule)
def test_c7_who_may_not_ask_is_not_told_what_may_be_asked(world: World, row: Row) -> None:
    unknown = path(world, row, "sort", "__class__")
    assert world.caller("acme", seconds=-1)("GET", unknown).status_code == 401
    lacking = [scope for scope in SCOPES if scope not in row.scope.split()]
    assert world.caller("acme", scopes=lacking)("GET", unknown).status_code == 403


@pytest.mark.parametrize("row", PAGES, ids=lambda row: row.rule)
def test_c7_pages_take_no_notice_of_other_names(world: World, row: Row) -> None:
    reader = world.caller("acme")
    plain = reader("GET", row.path)
    for name, value in NAMES:
        answer = reader("GET", path(world, row, name, value))
        assert (answer.status_code, answer.headers["ETag"]) == (200, plain.headers["ETag"])
        assert answer.get_data() == plain.get_data()


def test_c7_every_write_is_asked(world: World) -> None:
    written = {(method, rule.rule) for rule, method, _ in views(world.app) if method not in ("GET", "HEAD")}
    asked = {(row.method, row.rule) for row in WRITES}
    assert {one for one in written if one[1].startswith("/v1/")} == asked
    assert len(WRITES) > 30


@pytest.mark.parametrize("row", WRITES, ids=lambda row: f"{row.method} {row.rule}")
def test_c7_a_write_with_a_parameter_that_it_does_not_have_does_nothing(world: World, row: Row) -> None:
    owner = world.caller("acme")
    method, where, body, headers = row.sent("acme", {one: getattr(world, one) for one in NUMBERED})
    before = written()
    for name, value in WISHES:
        answer = owner(method, f"{where}?{name}={value}", body, {**(headers or {}), "Idempotency-Key": name})
        said: Any = answer.json
        assert (answer.status_code, said["code"]) == (422, "invalid"), name
        assert answer.mimetype == "application/problem+json"
        assert [(one["field"], one["code"], one["in"]) for one in said["errors"]] == [
            (f"/{name}", "unknown_field", "query")
        ]
    assert written() == before
    assert world.caller("acme", seconds=-1)(method, f"{where}?dry_run=1", body, headers).status_code == 401
