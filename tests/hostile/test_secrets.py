"""What nobody is told again once it was given: the secrets of connectors and of webhooks, whoever asks, wherever."""

from __future__ import annotations

import base64
import logging
from typing import Any

import pytest

from registry.api.door import views
from registry.connectors.configured import connected
from registry.keys.sealing import Sealer
from registry.settings import Settings
from tests.hostile.holders import KINDS
from tests.hostile.test_locks import NUMBERED, ROWS, holding
from tests.hostile.test_written import holding as stored
from tests.hostile.world import SEALING, World

CANARY = "canary-9f31-tervahauta-c3"
FORMS = [CANARY, base64.b64encode(CANARY.encode()).decode().rstrip("="), CANARY.encode().hex()]


def hidden(text: str) -> bool:
    return not any(form.lower() in text.lower() for form in FORMS)


def test_c3_no_answer_has_the_secret_of_a_connector(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    owner, numbers = world.caller("acme"), {name: getattr(world, name) for name in NUMBERED}
    one = f"/v1/connectors/{world.connector}"
    tag = owner("GET", one).headers["ETag"]
    secrets = {"client_id": "registry", "client_secret": CANARY}
    given = owner("PUT", one + "/secrets", {"secrets": secrets}, {"If-Match": tag})
    assert given.status_code == 200, given.text
    said: Any = given.json
    assert {secret["name"] for secret in said["secrets"] if secret["given_at"]} == set(secrets)
    assert all(set(secret) == {"name", "given_at", "dropped_at"} for secret in said["secrets"])
    kept = connected.unsealed(
        connected.CONNECTORS.one(world.connector), Sealer.of(Settings(secret_key=SEALING))
    )
    assert kept == secrets, "it is there to be found"
    answers = [given, owner("POST", one + "/trials"), owner("POST", one + "/runs")]
    # What is wrong about a secret is said without it.
    for wrong in ({CANARY: "x"}, {"password": CANARY}, {"client_secret": [CANARY]}):
        answers.append(owner("PUT", one + "/secrets", {"secrets": wrong}, {"If-Match": tag}))
        assert answers[-1].status_code in (412, 422)
    read = [row for row in ROWS if row.method == "GET"]
    assert {row.rule for row in read} == {rule.rule for rule, way, _ in views(world.app) if way == "GET"}
    told = 0
    for caller in (owner, *(holding(world, name) for name in KINDS)):
        for row in read:
            path = row.sent("acme", numbers)[1]
            for answer in (caller("GET", path), caller("HEAD", path)):
                told += answer.status_code == 200
                answers.append(answer)
    assert told > 500, "most doors were open to most"
    for answer in answers:
        assert hidden(answer.text + str(answer.headers)), (answer.request.path, answer.status_code)
    for name, kind in KINDS.items():
        if kind.role == "auditor":
            auditor = holding(world, name)
            if (
                kind.elsewhere
            ):  # let in there, by another role: to connectors of that controller, which has none
                assert auditor("GET", "/v1/connectors").json == {"items": [], "next": None}, name
            for path in [] if kind.elsewhere else ["/v1/connectors", one, one + "/runs"]:
                assert auditor("GET", path).status_code == 403, name
            for path in [one, one + "/runs"] if kind.elsewhere else []:
                assert auditor("GET", path).status_code == 404, name
    assert hidden(caplog.text)
    for form in FORMS:  # the journal's own table too
        assert stored(form) == set()


def test_c3_the_canary_is_found_where_it_is(world: World) -> None:
    assert not hidden(f"x{CANARY.upper()}x") and not hidden(FORMS[1]) and not hidden(FORMS[2])
