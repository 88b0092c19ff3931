"""When it applies and when it was known (docs/adr/0004), asked over HTTP; on both engines."""

from __future__ import annotations

import datetime
import itertools
from typing import Any

import pytest
import requests

from registry import clock
from tests.live.conftest import Live

MERGE = "application/merge-patch+json"
RECORD: dict[str, Any] = {
    "register": {"name": "Asiakkaat"},
    "data_categories": [{"id": "D1", "text": "Nimi"}],
    "retention": [{"applies_to": ["D1"], "duration": "P6M"}],
}
_keys = (f"two-times-{number}" for number in itertools.count())


@pytest.fixture
def path(live: Live) -> str:
    """A register that nobody has declared yet."""
    return f"/v1/registers/helao/{next(_keys)}"


def put(live: Live, path: str, name: str, since: str | None = None, **headers: str) -> requests.Response:
    body = {"record": {**RECORD, "register": {"name": name}}} | ({"effective_from": since} if since else {})
    return live.ask("PUT", path, json=body, headers=headers or {"If-None-Match": "*"})


def patch(live: Live, path: str, tag: str, change: dict[str, Any]) -> requests.Response:
    return live.ask("PATCH", path, json=change, headers={"If-Match": tag, "Content-Type": MERGE})


def name(live: Live, path: str, **moment: str) -> str:
    answer = live.ask("GET", path, params=moment)
    return str(answer.json()["record"]["register"]["name"]) if answer.ok else str(answer.json()["code"])


def tag(live: Live, path: str) -> str:
    return live.ask("GET", path).headers["ETag"]


def test_k1_a_correction_of_the_past_replaces_what_it_corrects_and_nothing_after_it(
    live: Live, path: str
) -> None:
    put(live, path, "first", "2019-01-01")
    put(live, path, "second", "2021-01-01", **{"If-Match": '"v1"'})
    known = live.ask("GET", path).json()["recorded_at"]
    corrected = put(live, path, "corrected", "2019-01-01", **{"If-Match": '"v2"'})
    assert corrected.headers["ETag"] == '"v3"'
    assert name(live, path, as_of="2018-12-31") == "not_found"
    assert name(live, path, as_of="2019-01-01") == "corrected"
    assert name(live, path, as_of="2020-06-01") == "corrected"
    assert name(live, path, as_of="2021-01-01") == "second"
    assert name(live, path) == "second"
    assert name(live, path, as_of="2020-06-01", known_at=known) == "first"
    assert name(live, path, as_of="2020-06-01", known_at=corrected.json()["recorded_at"]) == "corrected"
    assert name(live, path, known_at="2019-06-01T00:00:00Z") == "not_found"


def test_k4_a_day_is_its_first_moment_in_helsinki_and_no_moment_of_knowing(live: Live, path: str) -> None:
    put(live, path, "first", "2020-01-01")
    put(live, path, "summer", "2020-07-01", **{"If-Match": '"v1"'})
    assert live.ask("GET", path).json()["effective_from"] == "2020-06-30T21:00:00.000000Z"
    for moment in ("2020-07-01", "2020-06-30T21:00:00Z", "2020-07-01T00:00:00+03:00"):
        assert name(live, path, as_of=moment) == "summer"
    for moment in ("2020-06-30", "2020-06-30T20:59:59.999999Z", "2020-06-30T23:59:59+03:00"):
        assert name(live, path, as_of=moment) == "first"
    refused = live.ask("GET", path, params={"known_at": "2026-01-01"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "zone_needed")


def test_a_list_is_of_the_same_moment(live: Live, path: str) -> None:
    put(live, path, "first", "2019-01-01")
    put(live, path, "planned", "2090-01-01", **{"If-Match": '"v1"'})

    def listed(**moment: str) -> list[str]:
        answer = live.ask("GET", "/v1/registers", params={"controller": "helao", "limit": "200", **moment})
        key = path.rpartition("/")[2]
        return [one["record"]["register"]["name"] for one in answer.json()["items"] if one["key"] == key]

    assert listed() == ["first"]
    assert listed(as_of="2018-01-01") == []
    assert listed(as_of="2090-01-01") == ["planned"]
    assert listed(as_of="2090-01-01", known_at="2020-01-01T00:00:00Z") == []


def test_the_etag_names_what_applies_and_what_a_write_is_decided_on(live: Live, path: str) -> None:
    put(live, path, "first", "2019-01-01")
    before = tag(live, path)
    put(live, path, "planned", "2090-01-01", **{"If-Match": before})
    pending = tag(live, path)
    assert (before, pending) == ('"v1"', '"v2.1"')
    for sent, status in ((before, 200), (pending, 304), (f"W/{pending}", 304)):
        assert live.ask("GET", path, headers={"If-None-Match": sent}).status_code == status
    assert put(live, path, "lost", **{"If-Match": before}).status_code == 412
    # Whoever reads and sends back the tag that came with it is no stranger to the newest version.
    won = put(live, path, "now", **{"If-Match": pending})
    assert (won.status_code, won.headers["ETag"]) == (200, '"v3"')
    assert put(live, path, "late", **{"If-Match": pending}).status_code == 412
    assert (name(live, path), name(live, path, as_of="2090-01-01")) == ("now", "planned")


@pytest.mark.parametrize("sent", ['"v2.2.1"', '"v2."', '"v0.1"', '"v2.1", "v2"', "v2.1", '"v2.x"'])
def test_d5_what_is_no_tag_of_ours_is_412(live: Live, path: str, sent: str) -> None:
    put(live, path, "first", "2019-01-01")
    put(live, path, "planned", "2090-01-01", **{"If-Match": '"v1"'})
    assert put(live, path, "garbage", **{"If-Match": sent}).status_code == 412


def test_a_patch_takes_nothing_in_that_is_planned_for_later(live: Live, path: str) -> None:
    put(live, path, "first", "2019-01-01")
    shorter = {"record": {"retention": [{"applies_to": ["D1"], "duration": "P1M"}]}}
    assert patch(live, path, tag(live, path), shorter | {"effective_from": "2090-01-01"}).ok
    assert patch(live, path, tag(live, path), {"record": {"register": {"name": "today"}}}).ok
    today, then = (
        live.ask("GET", path, params=when).json()["record"] for when in ({}, {"as_of": "2090-01-01"})
    )
    assert (today["register"]["name"], today["retention"][0]["duration"]) == ("today", "P6M")
    assert (then["register"]["name"], then["retention"][0]["duration"]) == ("first", "P1M")
    # ... and one of the past changes what applied then.
    past = {"record": {"register": {"service_name": "Chat"}}, "effective_from": "2020-01-01"}
    assert patch(live, path, tag(live, path), past).json()["record"]["register"] == {
        "name": "first", "service_name": "Chat",
    }  # fmt: skip


def test_what_was_planned_ends_with_what_ended(live: Live, path: str) -> None:
    put(live, path, "first", "2019-01-01")
    put(live, path, "planned", "2090-01-01", **{"If-Match": '"v1"'})
    put(live, path, "planned again", "2091-01-01", **{"If-Match": tag(live, path)})
    ended = live.ask("DELETE", path, headers={"If-Match": tag(live, path)})
    assert (ended.status_code, ended.headers["ETag"], ended.json()["ended"]) == (200, '"v6"', True)
    for moment in ({}, {"as_of": "2090-01-01"}, {"as_of": "2099-01-01"}):
        assert name(live, path, **moment) == "gone"
    assert name(live, path, as_of="2020-01-01") == "first"
    assert live.ask("DELETE", path, headers={"If-Match": '"v6"'}).status_code == 410


def test_an_end_can_be_planned_and_brought_forward(live: Live, path: str) -> None:
    put(live, path, "first", "2019-01-01")
    later = live.ask("DELETE", path, params={"effective_from": "2090-01-01"}, headers={"If-Match": '"v1"'})
    assert later.status_code == 200
    assert (name(live, path), name(live, path, as_of="2090-01-01")) == ("first", "gone")
    assert tag(live, path) == '"v2.1"'
    assert live.ask("DELETE", path, headers={"If-Match": '"v2.1"'}).status_code == 200
    assert name(live, path) == "gone"


def test_a_system_stays_while_a_register_will_need_it(live: Live, path: str) -> None:
    system = path.replace("registers", "systems")
    created = live.ask("PUT", system, json={"system": {"name": "Desk"}}, headers={"If-None-Match": "*"})
    assert created.status_code == 201
    body = {"record": {**RECORD, "systems": [path.rpartition("/")[2]]}, "effective_from": "2090-01-01"}
    assert live.ask("PUT", path, json=body, headers={"If-None-Match": "*"}).status_code == 201
    refused = live.ask("DELETE", system, headers={"If-Match": '"v1"'})
    assert (refused.status_code, refused.json()["code"]) == (409, "still_referenced")
    assert live.ask("DELETE", path, headers={"If-Match": tag_of_planned(live, path)}).status_code == 200
    assert live.ask("DELETE", system, headers={"If-Match": '"v1"'}).status_code == 200


def tag_of_planned(live: Live, path: str) -> str:
    assert live.ask("GET", path).status_code == 404  # it does not apply yet
    newest = live.ask("GET", f"{path}/versions").json()["items"][-1]["version"]
    return live.ask("GET", f"{path}/versions/{newest}").headers["ETag"]


def run(live: Live, path: str, as_of: str | None = None) -> requests.Response:
    asked = {"register": path.removeprefix("/v1/registers/")} | ({"as_of": as_of} if as_of else {})
    return live.ask("POST", "/v1/check-runs", json=asked)


def test_checks_of_a_day_before_there_was_anything(live: Live, path: str) -> None:
    put(live, path, "first", "2019-06-01")
    before = run(live, path, "2019-05-31")
    assert (before.status_code, before.json()["code"]) == (404, "not_found")
    assert run(live, path, "2019-06-01").status_code == 200
    many = live.ask("POST", "/v1/check-runs", json={"controller": "helao", "as_of": "1999-01-01"})
    assert (many.status_code, many.json()["registers"], many.json()["findings"]) == (200, 0, [])
    assert (
        live.ask("GET", "/v1/findings", params={"register": path.removeprefix("/v1/registers/")}).json()[
            "items"
        ]
        == []
    )  # nothing was stored


def findings(live: Live, path: str) -> dict[tuple[str, str], dict[str, Any]]:
    asked = {"register": path.removeprefix("/v1/registers/"), "limit": "200", "kind": "all"}
    items = live.ask("GET", "/v1/findings", params=asked).json()["items"]
    return {(one["code"], one["key"]): one for one in items}


def test_a_finding_keeps_its_number_until_it_is_another(live: Live, path: str) -> None:
    put(live, path, "first", "2019-06-01")
    first = run(live, path).json()
    found = findings(live, path)
    assert first["opened"] == len(found) > 5

    again = run(live, path).json()
    same = findings(live, path)
    assert (again["opened"], again["ended"]) == (0, 0)
    assert {key: one["id"] for key, one in same.items()} == {key: one["id"] for key, one in found.items()}
    assert same["COM001", ""]["first_seen"] == found["COM001", ""]["first_seen"]

    assert patch(live, path, tag(live, path), {"record": {"legal_bases": ["6(1)(a)"]}}).ok
    changed = run(live, path).json()
    now = findings(live, path)
    assert (found["COM001", ""]["kind"], now["COM001", ""]["kind"]) == ("fail", "pass")
    told = ("kind", "severity", "field", "line", "quote", "message", "closes")
    alike = {key for key in found.keys() & now.keys() if all(found[key][n] == now[key][n] for n in told)}
    assert ("COM001", "") not in alike
    assert len(alike) > 5
    assert (changed["opened"], changed["ended"]) == (len(now.keys() - alike), len(found.keys() - alike))
    for key in found.keys() & now.keys():  # a number stays as long as the kind does
        assert (found[key]["id"] == now[key]["id"]) == (found[key]["kind"] == now[key]["kind"])
    tomorrow = clock.day_of(clock.now()) + datetime.timedelta(days=1)
    assert {one["code"] for one in run(live, path, tomorrow.isoformat()).json()["findings"]} >= {"COM001"}
