"""What one controller's client can learn or touch of another's by references, filters, cursors and keys: nothing."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.hostile.test_locks import ASSUMED, LOOK, MATCH, SOON, told
from tests.hostile.world import RECORD, WORD, Caller, World, written

NEW = {"If-None-Match": "*"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/observations", {**LOOK, "system": "{c}/desk"}),
        ("POST", "/v1/check-runs", {"register": "{c}/news"}),
        ("POST", "/v1/check-runs", {"register": "{c}/news", "as_of": "2026-12-01"}),
        ("POST", "/v1/check-runs", {"controller": "{c}"}),
        ("POST", "/v1/check-runs", {"controller": "{c}", "as_of": "2026-12-01"}),
        ("POST", "/v1/waivers", {"register": "{c}/news", "code": "COM009", "reason": "x", "until": "2027-01-01"}),
        ("GET", "/v1/forecast?controller={c}", None),
        ("GET", "/v1/consequences?register={c}/news&from=1&to=7", None),
        ("POST", "/v1/what-if", {"controller": "{c}", "assume": ASSUMED}),
        ("POST", "/v1/what-if", {"register": "{c}/news", "as_of": SOON, "assume": ASSUMED}),
        ("GET", "/v1/waivers?register={c}/news", None),
        ("GET", "/v1/waivers?controller={c}", None),
        ("POST", "/v1/notices", {"register": "{c}/news"}),
        ("POST", "/v1/notices", {"register": "{c}/news", "version": 1}),
        ("PUT", "/v1/registers/{c}/mine", {"record": {"register": "Oma"}}),
        ("PUT", "/v1/systems/{c}/mine", {"system": {"name": "Oma", "kind": "crm"}}),
        ("PUT", "/v1/controllers/{c}", {"details": {"name": "Oma"}}),
        ("GET", "/v1/registers/{c}/news?as_of=2030-01-01", None),
        ("GET", "/v1/registers/{c}/news?known_at=2030-01-01T00:00:00Z", None),
        ("GET", "/v1/registers/{c}/news/versions/7", None),
        ("GET", "/v1/registers/{c}/news/diff?from=1&to=7", None),
        ("GET", "/v1/systems/{c}/desk?as_of=2000-01-01", None),
        ("GET", "/v1/registers?controller={c}", None),
        ("GET", "/v1/registers?controller={c}&system=desk&as_of=2030-01-01", None),
        ("GET", "/v1/registers?controller={c}&known_at=2030-01-01T00:00:00Z", None),
        ("GET", "/v1/systems?controller={c}", None),
        ("GET", "/v1/observations?system={c}/desk", None),
        ("GET", "/v1/findings?controller={c}&kind=all", None),
        ("GET", "/v1/findings?register={c}/news&kind=all", None),
        ("GET", "/v1/findings?register={c}/news&known_at=2030-01-01", None),
        ("GET", "/v1/notices?controller={c}", None),
        ("GET", "/v1/journal?controller={c}", None),
        ("GET", "/v1/journal?object=register/{c}/news", None),
        ("GET", "/v1/journal?object=notice/{c}/news", None),
        ("GET", "/v1/retention-rules?controller={c}", None),
        ("GET", "/v1/retention-rules?register={c}/news", None),
        ("GET", "/v1/retention-rules?system={c}/desk&category=D1", None),
        ("GET", "/v1/retention-rules?controller=other&register={c}/news", None),
    ],
)  # fmt: skip
def test_c1_another_controllers_things_are_as_if_they_were_not(
    world: World, method: str, path: str, body: Any
) -> None:
    stranger, before = world.caller("other"), written()

    def ask(controller: str) -> tuple[Any, ...]:
        text = json.dumps(body).replace("{c}", controller)
        headers = NEW if method == "PUT" else None
        return told(stranger(method, path.replace("{c}", controller), json.loads(text), headers))

    assert ask("acme") == ask("ghost")
    assert written() == before


@pytest.mark.parametrize(
    "query", [{"q": WORD}, {"vendor": "Zendesk, Inc."}, {"data_category": "pd:EmailAddress"}, {}]
)
@pytest.mark.parametrize("kind", ["registers", "systems", "controllers"])
def test_c1_searching_finds_only_ones_own(world: World, kind: str, query: dict[str, str]) -> None:
    stranger, owner = world.caller("other"), world.caller("acme")
    known = {"registers": {"q", "vendor", "data_category"}, "systems": {"q", "vendor"}, "controllers": {"q"}}[
        kind
    ]
    if set(query) <= known:
        assert "acme" not in stranger("GET", f"/v1/{kind}", query=query).text
        if kind == "registers" or not query:
            assert "acme" in owner("GET", f"/v1/{kind}", query=query).text


def test_c1_a_reference_to_anothers_system_is_one_to_nothing(world: World) -> None:
    stranger = world.caller("other")

    def refused(system: str) -> Any:
        record = {**RECORD, "systems": [system]}
        answer = stranger("PUT", "/v1/registers/other/x", {"record": record}, NEW)
        assert answer.status_code == 422
        return answer.json

    assert refused("desk") == refused("nowhere")
    for name in ("acme/desk", "../acme/desk", "acme%2Fdesk"):
        assert (
            stranger(
                "PUT", "/v1/registers/other/x", {"record": {**RECORD, "systems": [name]}}, NEW
            ).status_code
            == 422
        )


KINDS: dict[str, dict[str, str]] = {"/v1/findings": {"kind": "all"}}
LISTS = [
    "/v1/registers", "/v1/systems", "/v1/journal", "/v1/findings", "/v1/observations", "/v1/check-runs", "/v1/waivers",
]  # fmt: skip


def second_page(owner: Caller, path: str) -> str:
    """A cursor of a list of the owner's that is longer than one page of one."""
    if path in PUSHED:
        for _ in range(2):
            assert owner("POST", path, PUSHED[path]).status_code == 201
    cursor = owner("GET", path, query={"limit": "1", **KINDS.get(path, {})}).json["next"]  # type: ignore[index]  # JSON, as always
    assert isinstance(cursor, str), "more than one page, or this tests nothing"
    return cursor


PUSHED: dict[str, Any] = {
    "/v1/observations": {**LOOK, "system": "acme/desk"},
    "/v1/check-runs": {"register": "acme/news"},
}


@pytest.mark.parametrize("path", LISTS)
def test_c1_a_cursor_opens_nothing(world: World, path: str) -> None:
    """A cursor says where to go on, never whose: with somebody else's one sees one's own from there on."""
    owner, stranger = world.caller("acme"), world.caller("other")
    asked = {"limit": "200", "cursor": second_page(owner, path), **KINDS.get(path, {})}
    seen = stranger("GET", path, query=asked)
    assert seen.status_code == 200
    assert "acme" not in seen.text
    assert "acme" in owner("GET", path, query=asked).text


HOSTILE: list[Any] = [2**63, 2**64 - 1, -(2**63), 1e308, True, None, "a\0b", "\x1f", [], {}]


@pytest.mark.parametrize("path", [*LISTS, "/v1/notices", "/v1/registers/acme/news/versions"])
def test_n1_a_cursor_that_somebody_wrote_is_422(world: World, path: str) -> None:
    owner = world.caller("acme")
    query = KINDS.get(path, {})
    real = second_page(owner, path)
    parts = json.loads(base64.urlsafe_b64decode(real + "=" * (-len(real) % 4)))
    for place in range(1, len(parts)):
        for bad in HOSTILE:
            forged = json.dumps([*parts[:place], bad, *parts[place + 1 :]]).encode()
            made = base64.urlsafe_b64encode(forged).rstrip(b"=").decode()
            answer = owner("GET", path, query={"cursor": made, **query})
            assert (answer.status_code, answer.json["code"]) == (422, "bad_cursor"), forged  # type: ignore[index]  # JSON
    for cursor in ("", "a", "____", "W10", "bnVsbA", "eyJhIjoxfQ", "é", real[:-2]):
        assert owner("GET", path, query={"cursor": cursor, **query}).status_code == 422, cursor


def test_c1_an_idempotency_key_is_its_clients_own(world: World) -> None:
    owner, colleague, stranger = world.caller("acme"), world.caller("acme"), world.caller("other")
    headers = {"Idempotency-Key": "look-1"}
    body = {**LOOK, "system": "acme/desk"}
    first = owner("POST", "/v1/observations", body, headers)
    again = owner("POST", "/v1/observations", body, headers)
    assert (first.status_code, first.json, again.headers["Idempotency-Replayed"]) == (201, again.json, "true")
    other = colleague("POST", "/v1/observations", body, headers)
    assert other.status_code == 201
    assert "Idempotency-Replayed" not in other.headers
    assert other.json["id"] != first.json["id"]  # type: ignore[index]  # JSON, as always
    answer = stranger("POST", "/v1/observations", body, headers)
    assert told(answer) == told(stranger("POST", "/v1/observations", {**body, "system": "ghost/desk"}))
    # Nor can a key be used to find out what another client has sent.
    assert stranger("POST", "/v1/notices", {"register": "other/x"}, headers).status_code == 404


def test_c1_a_client_without_the_scope_gets_no_replay(world: World) -> None:
    owner = world.caller("acme", scopes=("findings:write", "findings:read"))
    headers = {"Idempotency-Key": "run-1"}
    assert owner("POST", "/v1/check-runs", {"register": "acme/news"}, headers).status_code == 201
    narrower = world.caller("acme", scopes=("findings:read",))
    assert narrower("POST", "/v1/check-runs", {"register": "acme/news"}, headers).status_code == 403


def test_c1_another_cannot_withdraw_or_end(world: World) -> None:
    stranger, owner = world.caller("other"), world.caller("acme")
    assert stranger("DELETE", "/v1/notices/acme/news", headers=MATCH).status_code == 404
    assert stranger("DELETE", "/v1/registers/acme/news", headers=MATCH).status_code == 404
    assert owner("GET", "/v1/notices/acme/news").status_code == 200


def test_c1_a_run_over_several_controllers_is_its_makers_own(world: World) -> None:
    both, owner = world.caller("acme", "other"), world.caller("acme")
    run = both("POST", "/v1/check-runs", {}).json["id"]  # type: ignore[index]  # JSON, as always
    assert both("GET", f"/v1/check-runs/{run}").status_code == 200
    assert told(owner("GET", f"/v1/check-runs/{run}")) == told(owner("GET", "/v1/check-runs/999999"))
    assert run not in [one["id"] for one in owner("GET", "/v1/check-runs").json["items"]]  # type: ignore[index]  # JSON
