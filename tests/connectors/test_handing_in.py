"""What people hand in: lists of members, of which roles and domains are kept, and their word with its document."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from registry import journal
from registry.connectors.commands import observations as commands
from registry.connectors.observations.stored import latest

LIST = """\ufeffname;email;role;status
Canary Person;one@acme.example;agent;Active
Canary;two@Muu.Example;agent;disabled
"""


@pytest.fixture
def told(systems: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setattr(commands.terminal, "opened", lambda: None)

    def asked(*words: str) -> Result:
        return CliRunner().invoke(commands.observations, list(words))

    return asked


def write(place: Path, text: str | bytes) -> str:
    place.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(place)


def test_a_list_of_members_becomes_accounts_without_anybodys_address(told: Any, tmp_path: Path) -> None:
    done = told("members", "acme/desk", write(tmp_path / "m.csv", LIST), "--active", "status")
    assert done.exit_code == 0, done.output
    (seen,) = latest(["acme/desk"])
    assert (seen.source_level, seen.complete) == ("export", True)
    assert seen.raw_sha256 == hashlib.sha256(LIST.encode()).hexdigest()
    assert seen.payload["accounts"] == [
        {"role": "agent", "domain": "acme.example", "active": True, "count": 1},
        {"role": "agent", "domain": "muu.example", "active": False, "count": 1},
    ]
    assert "anary" not in str(seen) and "anary" not in done.output and "@" not in str(seen.payload)


@pytest.mark.parametrize("row", ["a;no address;agent;x", "a;b@acme.example;;x", "a;b@c;agent;x", "a", ";;;"])
def test_a_row_that_is_not_understood_leaves_it_incomplete(told: Any, tmp_path: Path, row: str) -> None:
    done = told("members", "acme/desk", write(tmp_path / "m.csv", LIST + row + "\n"))
    assert done.exit_code == 0, done.output
    assert "1 rows were not understood" in done.output
    assert not latest(["acme/desk"])[0].complete


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name,email\na,b@acme.example\n",
        b"\xff\xfe",
        "email,role\n" + '"' * 200_000,
        "email,role\n" + "".join(f"a@d{n}.example,agent\n" for n in range(10_001)),
    ],
    ids=["empty", "no role", "UTF-16", "quotes", "too many groups"],
)
def test_a_file_that_is_no_list_stores_nothing(told: Any, tmp_path: Path, text: Any) -> None:
    before = journal.checkpoint()
    done = told("members", "acme/desk", write(tmp_path / "m.csv", text))
    assert done.exit_code != 0 or not latest(["acme/desk"])[0].complete
    assert done.exit_code == 0 or journal.checkpoint() == before
    assert done.exception is None or isinstance(done.exception, SystemExit), "told in a sentence"


def test_a_word_is_stored_with_its_document_and_its_day(told: Any, tmp_path: Path) -> None:
    payload = write(tmp_path / "p.yaml", "region: eu-north-1\ncountry: FI\n")
    letter, before = write(tmp_path / "letter.pdf", b"%PDF-1.7 ..."), journal.checkpoint()
    done = told("attest", "acme/desk", "region", payload, "--until", "2027-06-01", "--document", letter,
                "--taken-at", "2026-11-01T12:00:00Z")  # fmt: skip
    assert done.exit_code == 0, done.output
    (seen,) = latest(["acme/desk"])
    assert (seen.source_level, seen.expires_on, seen.payload["country"]) == (
        "attestation",
        "2027-06-01",
        "FI",
    )
    assert seen.raw_sha256 == hashlib.sha256(b"%PDF-1.7 ...").hexdigest()
    assert journal.checkpoint() != before


@pytest.mark.parametrize(
    ("more", "payload"),
    [
        (["--until", "2027-06-01"], "country: FI"),  # no document
        (["--until", "2036-06-01", "--reference", "Letter"], "country: FI"),
        (["--until", "soon", "--reference", "Letter"], "country: FI"),
        (["--until", "2027-06-01", "--reference", "Letter"], "- FI"),
        (["--until", "2027-06-01", "--reference", "Letter"], "country: Finland"),
        (["--until", "2027-06-01", "--document", "/nowhere/letter.pdf"], "country: FI"),
    ],
)
def test_a_word_that_rests_on_nothing_is_refused(
    told: Any, tmp_path: Path, more: list[str], payload: str
) -> None:
    before = journal.checkpoint()
    path = write(tmp_path / "p.yaml", payload)
    done = told("attest", "acme/desk", "region", path, "--taken-at", "2026-11-01T12:00:00Z", *more)
    assert done.exit_code != 0
    assert journal.checkpoint() == before and latest(["acme/desk"]) == []
