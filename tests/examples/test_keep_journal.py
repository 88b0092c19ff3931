"""Checked by the book and nothing of ours: docs/journal.md is enough to find whatever was done to a journal."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from examples import keep_journal as job
from registry import db, journal
from registry.auth.clients import stored as clients
from registry.auth.roles import duties
from registry.auth.tokens import access as tokens
from registry.journal import tree
from tests.examples.conftest import Service


def told(size: int) -> list[dict[str, Any]]:
    """A journal of so many entries, as it is served."""
    made: list[dict[str, Any]] = []
    before = "00" * 32
    for number in range(1, size + 1):
        entry = {
            "seq": number, "recorded_at": "2026-01-15T08:00:00.000000Z", "actor": "operator", "action": "thing.done",
            "object": f"thing/äö/{number}", "version": None, "payload_commitment": "11" * 32, "prev_hash": before,
        }  # fmt: skip
        before = tree.leaf(job._canonical(entry)).hex()
        made.append({"entry": entry, "leaf": before, "payload": None})
    return made


def point(entries: list[dict[str, Any]]) -> dict[str, Any]:
    peaks: tuple[bytes, ...] = ()
    for number, one in enumerate(entries):
        peaks, _ = tree.append(number, peaks, bytes.fromhex(one["leaf"]))
    return {
        "origin": "here/journal",
        "size": len(entries),
        "root": tree.root(peaks).hex(),
        "recorded_at": None,
    }


def serving(entries: list[dict[str, Any]], checkpoint: dict[str, Any]) -> job.Ask:
    def ask(path: str) -> Any:
        if path == "/v1/journal/checkpoint":
            return checkpoint
        after = int(parse_qs(urlsplit(path).query).get("cursor", ["0"])[0])
        return {
            "items": entries[after : after + 4],
            "next": str(after + 4) if after + 4 < len(entries) else None,
        }

    return ask


def rechained(entries: list[dict[str, Any]]) -> None:
    before = "00" * 32
    for one in entries:
        one["entry"]["prev_hash"] = before
        before = one["leaf"] = tree.leaf(job._canonical(one["entry"])).hex()


def changed(entries: list[dict[str, Any]]) -> None:
    entries[5]["entry"]["actor"] = "client/other"


def rewritten(entries: list[dict[str, Any]]) -> None:
    changed(entries)
    rechained(entries)


def left_out(entries: list[dict[str, Any]]) -> None:
    del entries[5]


def renumbered(entries: list[dict[str, Any]]) -> None:
    del entries[5]
    entries.append(copy.deepcopy(entries[-1]))
    for number, one in enumerate(entries, 1):
        one["entry"]["seq"] = number
    rechained(entries)


def swapped(entries: list[dict[str, Any]]) -> None:
    entries[5], entries[6] = entries[6], entries[5]


def twice(entries: list[dict[str, Any]]) -> None:
    entries.insert(5, entries[5])


def cut(entries: list[dict[str, Any]]) -> None:
    del entries[7:]


def restored_and_gone_on(entries: list[dict[str, Any]]) -> None:
    del entries[7:]
    entries += [copy.deepcopy(entries[-1]) for _ in range(9)]
    for number, one in enumerate(entries, 1):
        one["entry"]["seq"] = number
    rechained(entries)


DONE = [changed, rewritten, left_out, renumbered, swapped, twice, cut, restored_and_gone_on]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 9, 13])
def test_a_journal_that_fits_is_kept_and_may_grow(size: int) -> None:
    entries = told(size)
    kept = job.verified(serving(entries, point(entries)), None)
    assert kept == point(entries)
    assert job.verified(serving(entries, kept), kept) == kept
    more = told(size + 6)
    assert job.verified(serving(more, point(more)), kept) == point(more)
    # what is written while it is read
    assert job.verified(serving(more, kept), kept) == kept


@pytest.mark.parametrize("done", DONE)
def test_j1_to_j5_whatever_was_done_to_it_is_found(done: Callable[[list[dict[str, Any]]], None]) -> None:
    entries = told(10)
    kept = point(entries)
    done(entries)
    for checkpoint in (kept, point(entries)):  # that of before told again, or a new one made to fit
        with pytest.raises(job.Broken):
            job.verified(serving(entries, checkpoint), kept)


def test_a_running_registry_is_read_with_nothing_of_ours(service: Service, tmp_path: Path) -> None:
    client, _ = clients.register_client(
        name="Keeper", scopes=["journal:read"], controllers=(duties.EVERY,), by="operator"
    )
    token = tokens.issue(
        client_id=client.client_id, scopes=["journal:read"], audience=service.url, seconds=600, by="operator"
    ).token
    kept = tmp_path / "kept.json"

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", str(Path(job.__file__)), service.url, str(kept)]
        return subprocess.run(
            command, env={"REGISTRY_TOKEN": token}, capture_output=True, text=True, check=False
        )

    first = run()
    assert (first.returncode, first.stderr) == (0, "")
    size = json.loads(kept.read_text())["size"]
    assert size == journal.checkpoint("-")["size"]
    db.request_end()
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "root": "ab" * 32}))
    broken = run()
    assert (broken.returncode, f"the first {size} entries" in broken.stderr) == (1, True)
    assert json.loads(kept.read_text())["root"] == "ab" * 32
