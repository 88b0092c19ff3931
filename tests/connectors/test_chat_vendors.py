"""Ninchat, Intercom and tawk.to: what their sources make of answers that are not as they should be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.connectors.looking import Look, declare, loopback
from tests.connectors.stand_ins.serving import Asked, Reply
from tests.connectors.turns import intercom, ninchat, tawk_to

DAY = 86_400


def looked(module: Any) -> Iterator[Any]:
    kind = module.__name__.rpartition(".")[2]
    with loopback(), module.system(None) as (system, settings, secrets):
        yield system, Look(kind, settings, secrets)


@pytest.fixture
def realm() -> Iterator[Any]:
    yield from looked(ninchat)


@pytest.fixture
def desk() -> Iterator[Any]:
    yield from looked(intercom)


@pytest.fixture
def papers() -> Iterator[Any]:
    yield from looked(tawk_to)


# --- Ninchat


def test_a_queue_has_its_own_delay_or_that_of_the_realm(realm: Any) -> None:
    system, look = realm
    system.queue("q3", 1, 1.5)
    system.default = None
    found = look.look()
    rules = [
        (one["id"], one["active"], one["after"], one["counted_from"])
        for one in found["deletion_rules"].payload["rules"]
    ]
    assert rules == [
        ("q1", True, "P90D", "closed"),
        ("q2", False, None, "closed"),
        ("q3", True, "P1D", "closed"),
    ]
    assert found["oldest_item"].payload["items"][0]["oldest"] == "1970-01-01T00:00:01.500000Z"
    system.default = 30 * DAY + 1
    assert look.look()["deletion_rules"].payload["rules"][1]["after"] == "P31D", "never shorter than set"


def test_who_is_no_operator_sees_no_settings_and_that_is_not_none(realm: Any) -> None:
    system, look = realm
    system.operator = False
    found = look.look()
    assert found["deletion_rules"].payload == {"rules": []} and not found["deletion_rules"].complete
    assert found["roles"].payload == {"asked": "roles", "reason": "forbidden"}


@pytest.mark.parametrize("delay", ["90", True, -1, 1.5, {}])
def test_a_delay_that_is_none_is_not_understood(realm: Any, delay: Any) -> None:
    system, look = realm
    system.delays["q1"] = delay
    found = look.look()
    assert [one["id"] for one in found["deletion_rules"].payload["rules"]] == ["q2"]
    assert not found["deletion_rules"].complete


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("access_denied", "unauthorised"), ("permission_denied", "forbidden"), ("realm_not_found", "no_such_endpoint"),
        ("internal", "unavailable"), ("something_new", "other"),
    ],
)  # fmt: skip
def test_an_error_event_is_a_look_that_failed(realm: Any, error: str, reason: str) -> None:
    system, look = realm
    system.answer = lambda asked: (200, {"event": "error", "error_type": error}, {})
    assert {one.payload.get("reason") for one in look.look().values()} == {reason}


def test_no_transcripts_at_all(realm: Any) -> None:
    system, look = realm
    system.transcripts = {queue: [] for queue in system.delays}
    assert look.look()["oldest_item"].payload == {"items": [{"object": "transcript", "count": 0}]}


# --- Intercom


def test_teammates_by_domain(desk: Any) -> None:
    system, look = desk
    system.admins.append({"type": "team", "id": "1", "name": "Team", "email": None, "admin_ids": []})
    found = look.look()
    assert [(one["role"], one["domain"], one["count"]) for one in found["accounts"].payload["accounts"]] == [
        ("teammate", "acme.example", 1), ("teammate with an inbox", "acme.example", 1),
    ]  # fmt: skip
    assert found["region"].payload == {"region": "EU", "country": "EU", "provider": "Intercom"}
    assert "canary" not in str(found)


@pytest.mark.parametrize(
    "wrong", [{"email": None}, {"email": "no address"}, {"has_inbox_seat": None}, {"type": 7}]
)
def test_a_teammate_of_another_shape(desk: Any, wrong: dict[str, Any]) -> None:
    system, look = desk
    system.admins[1].update(wrong)
    found = look.look()
    assert len(found["accounts"].payload["accounts"]) == 1 and not found["accounts"].complete


@pytest.mark.parametrize("region", [None, 7, ""])
def test_a_region_that_is_not_told(desk: Any, region: Any) -> None:
    system, look = desk
    system.region = region
    assert look.look()["region"].payload == {"asked": "region", "reason": "not_understood"}


def test_a_region_that_is_new_has_no_country(desk: Any) -> None:
    system, look = desk
    system.region = "CA-2"
    assert look.look()["region"].payload["country"] is None


def test_a_token_that_opens_what_was_not_asked_for_was_given_more(desk: Any) -> None:
    system, look = desk
    assert look.look()["credential"].payload == {"more_than_reading": None, "because": "not_shown"}
    system.granted |= {"/segments", "/tags"}
    seen = look.look()["credential"]
    assert seen.payload == {
        "more_than_reading": None,
        "may": ["Read tags", "Read and list users and companies"],
        "because": "wider",
    }
    assert seen.complete


@pytest.mark.parametrize("status", [403, 404])
def test_what_is_not_there_was_not_given(desk: Any, status: int) -> None:
    system, look = desk
    system.fail("/tags", status, {"type": "error.list"})
    seen = look.look()
    assert seen["credential"].payload["because"] == "not_shown"
    assert seen["accounts"].kind == "accounts"


def test_a_list_that_does_not_answer_leaves_it_open(desk: Any) -> None:
    system, look = desk
    system.fail("/tags", 500, None, times=9)
    seen = look.look()
    assert (seen["credential"].kind, seen["credential"].payload["reason"]) == (
        "could_not_look",
        "unavailable",
    )


def test_tokens_that_may_not(desk: Any) -> None:
    system, look = desk
    assert {one.payload["reason"] for one in look.look(token="wrong").values()} == {"unauthorised"}
    system.may = False
    assert {one.payload["reason"] for one in look.look().values()} == {"forbidden"}


# --- tawk.to


def test_what_the_papers_say_is_weak_evidence_with_its_page(papers: Any) -> None:
    system, look = papers
    system.keeps = "stay on our servers indefinitely until deletion"
    found = look.look()
    assert {one.source_level for one in found.values()} == {"vendor_doc"}
    assert found["region"].payload == {"country": "US", "provider": "Google Cloud"}
    assert found["region"].reference == "https://help.tawk.to/article/why-do-you-need-my-personal-data"
    assert found["deletion_rules"].payload == {"rules": []}
    fields = {one["name"]: one.get("pd") for one in found["field_inventory"].payload["fields"]}
    assert fields["visitor.email"] == "pd:EmailAddress" and fields["chatId"] is None
    assert "PHP" not in fields


@pytest.mark.parametrize("place", ["many places", "the United States or stored in Germany", "Atlantis"])
def test_a_place_that_is_not_clear_is_not_told(papers: Any, place: str) -> None:
    system, look = papers
    system.place = place
    assert look.look()["region"].payload == {"asked": "region", "reason": "not_understood"}


@pytest.mark.parametrize("status", [403, 404, 500])
def test_papers_that_are_not_there(papers: Any, opened: str, status: int) -> None:
    system, look = papers

    def answer(asked: Asked) -> Reply:
        return status, b"", {"Content-Type": "text/html"}

    system.answer = answer
    declare({"register": "Uutiskirje", "systems": ["desk"], **tawk_to.RECORD})
    held = {
        (code, kind) for (code, _), kind in look.checked().items() if code in ("OBS302", "OBS303", "OBS304")
    }
    assert held == {("OBS302", "open"), ("OBS303", "open"), ("OBS304", "open")}


@pytest.mark.parametrize(
    "keeps",
    ["are kept safe", "are deleted after some time", "are deleted after 6 months or removed after 2 years"],
)
def test_what_the_papers_say_of_deletion_is_understood_or_not_told(papers: Any, keeps: str) -> None:
    system, look = papers
    assert look.look()["deletion_rules"].payload["rules"][0]["after"] == "P6M"
    system.keeps = keeps
    assert look.look()["deletion_rules"].payload == {"asked": "deletion_rules", "reason": "not_understood"}


def test_a_page_without_its_table(papers: Any) -> None:
    system, look = papers
    system.keys = []
    assert look.look()["field_inventory"].payload == {"asked": "field_inventory", "reason": "not_understood"}
