"""GET /v1/law: the table as it stands on a day, for anybody."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from registry import clock
from registry.api import application
from registry.law import law, routes
from registry.settings import Settings


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    """A client of an application that has nothing but the law, and no database."""
    return application(Settings(), [routes.blueprint]).test_client()


def asked(client: FlaskClient, day: str) -> dict[str, Any]:
    answer = client.get(f"/v1/law?as_of={day}")
    assert answer.status_code == 200
    return json.loads(answer.data)


def by_key(entries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {entry["key"]: entry for entry in entries}


@pytest.mark.parametrize(
    ("day", "shield", "ground", "hetil", "rule"),
    [
        ("2016-07-11", "not_yet", False, "in_force", "not_yet"),
        ("2018-05-24", "valid", False, "in_force", "not_yet"),
        ("2018-06-01", "valid", True, "displaced", "not_yet"),
        ("2018-12-31", "valid", True, "displaced", "not_yet"),
        ("2019-01-01", "valid", True, "repealed", "not_yet"),
        ("2020-07-15", "valid", True, "repealed", "not_yet"),
        ("2020-07-16", "ended", False, "repealed", "not_yet"),
        ("2026-11-22", "ended", False, "repealed", "in_force"),
    ],
)
def test_the_law_turns_with_the_day(
    client: FlaskClient, day: str, shield: str, ground: bool, hetil: str, rule: str
) -> None:
    told = asked(client, day)
    instrument = by_key(told["instruments"])["privacy_shield_eu_us"]
    assert (told["as_of"], instrument["status"], instrument["ground"]) == (day, shield, ground)
    assert by_key(told["acts"])["Henkilötietolaki 523/1999"]["status"] == hetil
    assert by_key(told["retention_rules"])["whistleblower"]["status"] == rule


def test_every_entry_is_told_whole_and_as_the_contract_says(client: FlaskClient) -> None:
    table, told = law(), asked(client, "2026-11-22")
    assert list(by_key(told["instruments"])) == list(table.instruments)
    assert list(by_key(told["acts"])) == list(table.acts)
    assert list(by_key(told["retention_rules"])) == list(table.retention_rules)
    assert routes.LawSchema().validate(told) == {}, "no field more, none less"
    assert told["as_printed_on"] == table.as_printed_on.isoformat()


def test_what_is_remembered_says_so(client: FlaskClient) -> None:
    told = asked(client, "2026-11-22")
    assert by_key(told["retention_rules"])["whistleblower"]["remembered"] == ["*"]
    assert by_key(told["instruments"])["adequacy_CH"]["remembered"] == ["adopted"]
    assert by_key(told["instruments"])["adequacy_BR"]["remembered"] == []
    sections = {one["number"]: one for one in by_key(told["acts"])["Henkilötietolaki 523/1999"]["sections"]}
    assert (sections["28"]["remembered"], sections["26"]["remembered"]) == (["*"], [])


def test_without_a_day_it_is_today_where_the_service_is(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: "2020-07-15T20:59:59.999999Z")
    assert client.get("/v1/law").json["as_of"] == "2020-07-15"
    monkeypatch.setattr(clock, "now", lambda: "2020-07-15T21:00:00.000000Z")
    assert client.get("/v1/law").json["as_of"] == "2020-07-16", "midnight in Helsinki"


def test_it_may_be_kept_by_anybody_and_is_asked_about_by_its_etag(client: FlaskClient) -> None:
    first = client.get("/v1/law?as_of=2020-07-15")
    assert first.headers["Cache-Control"] == "public, no-cache"
    same = client.get("/v1/law?as_of=2020-07-15", headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    assert same.headers["ETag"] == first.headers["ETag"]
    assert same.headers["Cache-Control"] == "public, no-cache"
    other = client.get("/v1/law?as_of=2020-07-16", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200
    assert other.headers["ETag"] != first.headers["ETag"]
    assert client.get("/v1/law?as_of=2020-07-15").data == first.data


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2024-02-29"])
def test_k2_any_day_of_the_calendar_can_be_asked_about(client: FlaskClient, day: str) -> None:
    assert asked(client, day)["as_of"] == day


@pytest.mark.parametrize(
    "query",
    [
        *(
            "as_of=",
            "as_of=20270101",
            "as_of=2027-W01-1",
            "as_of=0000-01-01",
            "as_of=2027-02-29",
            "as_of=today",
        ),
        *("as_of=2027-01-01T00:00:00Z", "as_of=2027-1-1", "as_of=10000-01-01", "as_of=-2027-01-01"),
        *("as_of=2027-01-01&as_of=2027-01-02", "day=2027-01-01", "as_of=2027-01-01&x=1"),
    ],
)
def test_k2_what_is_no_day_is_422(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/v1/law?{query}")
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"


def test_it_is_in_the_contract_and_open(client: FlaskClient) -> None:
    operation = client.get("/openapi.json").json["paths"]["/v1/law"]["get"]
    assert operation["operationId"] == "getLaw"
    assert operation["security"] == []
    assert {"200", "304", "406", "422"} <= operation["responses"].keys()
    assert routes.LawSchema().validate(routes.EXAMPLE) == {}
