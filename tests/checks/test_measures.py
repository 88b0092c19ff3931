"""/v1/completeness and /v1/coverage: whose records, as of when, and what is answered."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from registry.checks.measures.coverage import sets
from registry.checks.routes import measures
from tests.checks.conftest import NEWS, Declare
from tests.connectors.asking import Caller, make


@pytest.fixture
def acme(registers: Declare, opened: str) -> Caller:
    app: Flask = make(opened, measures.blueprint)
    return Caller(app, "findings:read", of=("acme",))


def told(answer: Any, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.data
    return dict(answer.json)


def test_completeness(acme: Caller, registers: Declare) -> None:
    before = told(acme.get("/v1/completeness", register="acme/news"))
    assert measures.CompletenessSchema().validate(before) == {}
    assert before["answered"] == before["required"] - len(before["missing"])
    assert before["percent"] == before["answered"] * 100 // before["required"] < 100
    assert "/purposes" in {one["path"] for one in before["missing"]}
    registers("acme/news", {**NEWS, "purposes": ["Tilaajille"]})
    after = told(acme.get("/v1/completeness", register="acme/news"))
    assert after["version"] == 2
    assert after["answered"] == before["answered"] + 1
    assert "/purposes" not in {one["path"] for one in after["missing"]}
    assert after["percent"] > before["percent"]


def test_coverage(acme: Caller) -> None:
    whole = told(acme.get("/v1/coverage", register="acme/news"))
    assert measures.CoverageSchema().validate(whole) == {}
    assert [one["set"] for one in whole["sets"]] == list(sets())
    for key in sets():
        alone = told(acme.get("/v1/coverage", register="acme/news", set=key))
        (shown,) = (one for one in whole["sets"] if one["set"] == key)
        assert alone["sets"] == [shown]
        required = [
            one for one in shown["questions"] if one["required"] and one["answer"] != "not_applicable"
        ]
        assert shown["required"] == len(required)
        assert shown["answered"] == sum(one["answer"] == "answered" for one in required)


def test_as_of_a_day(acme: Caller, registers: Declare) -> None:
    registers("acme/news", {**NEWS, "purposes": ["P"]}, effective_from="2020-01-01T10:00:00.000000Z")
    for path in ("/v1/completeness", "/v1/coverage"):
        assert told(acme.get(path, register="acme/news", as_of="2019-12-31"))["version"] == 1
        assert told(acme.get(path, register="acme/news", as_of="2020-01-01"))["version"] == 2
        assert told(acme.get(path, register="acme/news", as_of="2017-01-01"), 404)["code"] == "not_found"


def test_what_is_not_yours_is_not_there(acme: Caller) -> None:
    for path in ("/v1/completeness", "/v1/coverage"):
        for register in ("club/members", "acme/nothing", "nobody/news"):
            assert told(acme.get(path, register=register), 404)["code"] == "not_found"
        assert told(acme.get(path), 422)["errors"][0]["code"] == "required"
        assert told(acme.get(path, register="acme"), 422)["code"] == "invalid_key"
    assert (
        told(acme.get("/v1/coverage", register="acme/news", set="other"), 422)["errors"][0]["code"]
        == "not_one_of"
    )
