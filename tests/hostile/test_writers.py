"""Ways round the precondition of a write: tags that are guessed, and the version before the first."""

from __future__ import annotations

import time
from typing import Any

import pytest

from registry.catalogue import routes
from tests.hostile.world import RECORD, World, declare


@pytest.mark.parametrize("tag", ['"v0"', '"v0.0"', '"v1.0"', '"v0.1"', "*", '"v1"'])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_d3_nothing_is_created_by_if_match(world: World, method: str, tag: str) -> None:
    owner = world.caller("acme")
    for path, body in (
        ("/v1/registers/acme/unheard-of", {"record": RECORD}),
        ("/v1/systems/acme/unheard-of", {"system": {"name": "X", "kind": "crm"}}),
    ):
        answer = owner(method, path, None if method == "DELETE" else body, {"If-Match": tag})
        assert answer.status_code in (404, 412)
        assert owner("GET", path).status_code == 404


def test_d1_a_version_that_was_guessed_does_not_lose_the_one_that_came_between(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, path, merged = world.caller("acme"), "/v1/registers/acme/guessed", routes.merged
    declare("register", "acme", "guessed", RECORD)

    def slowly(target: Any, patch: Any) -> Any:
        monkeypatch.setattr(routes, "merged", merged)
        declare("register", "acme", "guessed", {**RECORD, "data_combination": "Yhdistetään."}, 1)
        return merged(target, patch)

    monkeypatch.setattr(routes, "merged", slowly)
    change = {"record": {"complaint": "stated"}}
    assert owner("PATCH", path, change, {"If-Match": '"v2"'}).status_code == 412
    assert owner("PATCH", path, change, {"If-Match": '"v1"'}).status_code == 412
    kept: Any = owner("GET", path).json
    assert (kept["version"], kept["record"]["data_combination"]) == (2, "Yhdistetään.")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("controllers/acme", {"details": {"name": "Acme", "time_zone": "Nowhere/X"}}),
        ("controllers/acme", {"details": {"name": "Acme", "time_zone": "../../etc/passwd"}}),
        ("controllers/acme", {"details": {"name": "Acme", "time_zone": "Europe"}}),
        *(
            ("registers/acme/odd", {"record": {**RECORD, "provenance": {pointer: {"line": 1}}}})
            for pointer in ("/purposes/²", "/purposes/00", "/purposes/١", "/purposes/-", "/__class__", "", "/~2",
                            "/purposes/99999999999999999999", "/register/__class__", "/provenance")
        ),
    ],
)  # fmt: skip
def test_what_is_impossible_is_422_and_no_fault_of_ours(world: World, kind: str, body: Any) -> None:
    owner = world.caller("acme")
    headers = {"If-Match": '"v2"'} if kind.startswith("c") else {"If-None-Match": "*"}
    answer = owner("PUT", f"/v1/{kind}", body, headers)
    assert (answer.status_code, answer.json["code"]) == (422, "invalid")  # type: ignore[index]  # JSON, as always


def test_k2_a_version_at_the_end_of_the_calendar_is_published_and_never_begins(world: World) -> None:
    owner = world.caller("acme")
    body = {"record": RECORD, "effective_from": "9999-12-31T23:59:59.999999Z"}
    assert owner("PUT", "/v1/registers/acme/never", body, {"If-None-Match": "*"}).status_code == 201
    assert owner("POST", "/v1/notices", {"register": "acme/never", "version": 1}).status_code == 201
    assert owner("GET", "/notices/acme/never").status_code == 404
    assert owner("GET", "/v1/retention-rules?register=acme/never").status_code == 404


def test_a_thousand_names_are_struck_out_in_seconds(world: World) -> None:
    owner = world.caller("acme")
    people = [
        {"role": "Neuvoja", "name": f"Maija Mallikas {n}", "email": f"x{n}@acme.example"} for n in range(1000)
    ]
    record = {**RECORD, "contact_points": people, "purposes": ["Uutisten lähettäminen. " * 20] * 500}
    declare("register", "acme", "crowded", record)
    began = time.process_time()
    assert owner("POST", "/v1/notices", {"register": "acme/crowded"}).status_code == 201
    assert time.process_time() - began < 60, "it took minutes, while all other writers waited"
