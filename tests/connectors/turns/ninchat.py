"""Changes in a realm of Ninchat (the stand-in)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from tests.connectors.stand_ins.ninchat import AUTH, CALLER, REALM, Ninchat
from tests.connectors.stand_ins.serving import serving
from tests.connectors.turns import WITHIN, Turn, ago

RECORD = {**WITHIN, "retention": ["P90D"]}
DAY = 86_400
SECRETS = {"caller_id": CALLER, "caller_auth": AUTH}


def seconds(**length: float) -> float:
    return datetime.fromisoformat(ago(**length)).timestamp()


@contextmanager
def system(_: Any) -> Iterator[tuple[Ninchat, dict[str, Any], dict[str, str]]]:
    realm = Ninchat()
    realm.queue("q1", 90 * DAY, seconds(days=80), seconds(days=3))
    realm.default = 60 * DAY
    realm.queue("q2", None, seconds(days=50))
    realm.members = {"agent1": False, "agent2": False, CALLER: False}
    with serving(realm):
        yield realm, {"realm_id": REALM, "address": realm.origin}, SECRETS


def _delay(realm: Ninchat, first: Any, default: Any) -> None:
    realm.delays["q1"], realm.default = first, default


TURNS = [
    Turn(
        kind="deletion_rules", code="OBS302", name="the queues' delays are lengthened", key="R1:acme/desk:rule:q1",
        do=lambda realm: _delay(realm, 365 * DAY, 365 * DAY), undo=lambda realm: _delay(realm, 90 * DAY, 60 * DAY),
    ),
    Turn(
        kind="deletion_rules", code="OBS302", name="the delays are taken away", key="R1:acme/desk:off",
        do=lambda realm: _delay(realm, None, None), undo=lambda realm: _delay(realm, 90 * DAY, 60 * DAY),
    ),
    Turn(
        kind="oldest_item", code="OBS302", name="a transcript is older than it may be",
        key="R1:acme/desk:oldest:transcript:",
        do=lambda realm: realm.transcripts["q2"].append(seconds(days=400)),
        undo=lambda realm: realm.transcripts["q2"].pop(),
    ),
    Turn(
        kind="roles", code="OBS301", name="a member is made an operator, where only agents are declared",
        key="acme/desk:admin", then="open",
        do=lambda realm: realm.members.update(agent1=True), undo=lambda realm: realm.members.update(agent1=False),
    ),
    Turn(
        kind="credential", code="OBS306", name="our own user is made an operator",
        key="acme/desk:credential", then="open",
        do=lambda realm: realm.members.update({CALLER: True}), undo=lambda realm: realm.members.update({CALLER: False}),
    ),
]  # fmt: skip
