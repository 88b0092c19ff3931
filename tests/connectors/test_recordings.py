"""Every source against its recording: it understands what was written down when somebody last looked closely."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import click
import pytest
import yaml

from registry import clock, outbound
from registry.connectors.book import book, source
from registry.connectors.way import Way
from registry.settings import Settings
from tests import engines
from tests.connectors import recordings

#: What is refused before anything is asked.
REFUSED = {"host_refused", "port_refused", "scheme_refused", "url_refused", "address_refused"}
PLAYED_AT = re.compile(r"http://127\.0\.0\.1:[0-9]+")


@pytest.fixture(autouse=True)
def loopback() -> Iterator[None]:
    outbound.permit(Settings(outbound_networks="127.0.0.0/8"))
    yield
    outbound.permit(Settings())


@pytest.mark.parametrize("kind", recordings.kinds())
def test_a_source_understands_its_recording(
    kind: str, databases: engines.Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recordings.recorded(kind)
    monkeypatch.setattr(clock, "now", lambda: recordings.NOW)
    with recordings.PLAYERS[path.suffix](path, databases) as (given, secrets):
        known = source(kind)
        settings = known.settings(given)
        way = Way(allow=known.reach(settings), secrets=secrets, sleep=lambda _: None)
        seen = list(known.observe(way, settings))
        assert not REFUSED & way.faults.keys(), f"asked where `reach` lets nobody ask: {dict(way.faults)}"
    understood = {
        "observations": [
            {"kind": one.kind, **({} if one.complete else {"complete": False}), "payload": one.payload}
            for one in seen
        ],
        "faults": dict(way.faults),
    }
    understood = json.loads(PLAYED_AT.sub("{origin}", json.dumps(understood)))
    click.echo(yaml.safe_dump(understood, allow_unicode=True, sort_keys=False))
    assert understood == recordings.expected(kind), (
        "what was understood is printed below, to be copied once it is read"
    )
    told = json.dumps([one.payload for one in seen], ensure_ascii=False)
    assert "@" not in told
    assert "canary" not in told, "contents, names or secrets are in no observation"
    assert (
        known.source.sees
        == tuple(
            dict.fromkeys(one.payload["asked"] if one.kind == "could_not_look" else one.kind for one in seen)
        )[: len(known.source.sees)]
    ), "each run gives every kind that it says it sees, in that order"


@pytest.mark.parametrize("kind", book())
def test_every_source_has_a_recording_and_an_expectation(kind: str) -> None:
    assert kind in recordings.kinds(), f"write fixtures/connectors/{kind}/recorded.* and expected.yml"
    assert recordings.recorded(kind).suffix in recordings.PLAYERS
    told: dict[str, Any] = recordings.expected(kind)
    assert told.get("observations"), f"write fixtures/connectors/{kind}/expected.yml"


@pytest.mark.parametrize("kind", recordings.kinds())
def test_a_recording_is_of_a_source_that_there_is(kind: str) -> None:
    assert kind in book()
