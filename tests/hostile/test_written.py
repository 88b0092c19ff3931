"""What a write leaves behind: an entry, and nowhere a secret, a token, or a mailbox beside its record."""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry import db
from registry.auth.clients import stored as clients
from tests.hostile.test_locks import LOOK
from tests.hostile.world import BY, RECORD, Caller, World

ROOM = Path(__file__).parents[2] / "registry"
#: Verbs that may change rows without an entry of their own.
SILENT = {
    "audits/reading.py": {"_note"},
    "api/idempotency.py": {"_claim", "_release", "_settled"},
    "auth/server/assertions.py": {"_first"},
    "auth/tokens/codes.py": {"_redeem", "answer", "ask"},
    "auth/tokens/devices.py": {"_redeem", "answer", "ask"},
    "auth/tokens/rotation.py": {"_refresh"},
    "connectors/looking/claiming.py": {"claim", "release"},
    "jobs.py": {"beat", "claim", "ended", "goes_on"},
    "keys/held.py": {"_reseal"},
    "limits.py": {"_take", "forget"},
    "people/attempts.py": {"claim", "forget"},
    "people/devices.py": {"forget", "know"},
    "people/factor.py": {"_taken"},
    "people/links.py": {"done", "half", "rehash"},
    "people/sessions.py": {"_seen"},
    "worker.py": {"_swept"},
    "webhooks/outbox.py": {"_enlist", "claim", "release", "settle"},
}


def silent() -> Iterator[tuple[str, str]]:
    """(file, function) of every verb marked as not journalled."""
    for file in sorted(ROOM.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            marks = [one for one in getattr(node, "decorator_list", ()) if isinstance(one, ast.Call)]
            words = [
                word.arg for one in marks if getattr(one.func, "id", "") == "writes" for word in one.keywords
            ]
            if "journalled" in words:
                yield str(file.relative_to(ROOM)), getattr(node, "name", "")


def test_these_verbs_alone_write_without_an_entry_of_their_own() -> None:
    found: dict[str, set[str]] = {}
    for file, name in silent():
        found.setdefault(file, set()).add(name)
    assert found == SILENT


def holding(text: str) -> set[str]:
    """The tables in which a text stands."""
    found = set()
    for table in db.database.obj.get_tables():
        for row in db.database.obj.execute_sql(f'SELECT * FROM "{table}"').fetchall():
            if any(text.encode() in (v if isinstance(v, bytes) else str(v).encode()) for v in row):
                found.add(table)
    return found


def test_b30_no_secret_and_no_mailbox_is_left_where_it_should_not(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    scopes = ["registers:write", "notices:write", "findings:write", "observations:write"]
    client, secret = clients.register_client(name="S", scopes=scopes, controllers=["acme"], by=BY)
    proof = {"client_id": client.client_id, "client_secret": secret}
    http, mailbox = world.app.test_client(), "maija.mallikas@acme.example"
    got: Any = http.post("/oauth/token", data={"grant_type": "client_credentials", **proof}).json
    ask = Caller(world.app, client.client_id, got["access_token"])
    record = {**RECORD, "contact_points": [{"role": "Neuvoja", "email": mailbox}]}
    assert ask("PUT", "/v1/registers/acme/w", {"record": record}, {"If-None-Match": "*"}).status_code == 201
    for number, (path, body) in enumerate(
        [("/v1/notices", {"register": "acme/w"}), ("/v1/check-runs", {"register": "acme/w"}),
         ("/v1/observations", {**LOOK, "system": "acme/desk"})]
    ):  # fmt: skip
        assert ask("POST", path, body, {"Idempotency-Key": f"w-{number}"}).status_code == 201
    refused = ask("POST", "/v1/observations", {**LOOK, "system": "acme/desk", "collector": mailbox})
    assert refused.status_code == 422
    assert mailbox not in refused.text
    assert http.post("/oauth/revoke", data={"token": got["access_token"], **proof}).status_code == 200
    assert ask("POST", "/v1/check-runs", {}).status_code == 401
    for hidden in (secret, got["access_token"]):
        assert (holding(hidden), hidden in caplog.text) == (set(), False)
    assert (holding(mailbox), mailbox in caplog.text) == ({"catalogue_version"}, False)
