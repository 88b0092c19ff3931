"""`registry connector`: having a system looked at from the command line, as somebody does who has only that."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from click.testing import CliRunner, Result

from registry import db
from registry.cli import main
from registry.connectors import book
from registry.connectors.book import Bound
from registry.connectors.configured.connected import CONNECTORS, unsealed
from registry.connectors.looking.faults import MEANS
from registry.errors import Invalid
from registry.keys.sealing import Sealer, new_key
from registry.settings import Settings
from tests.connectors import desk as source
from tests.connectors.fake import Desk, serving

SECRET = "canary-8e02d6b1"
ROOT = Path(__file__).resolve().parents[2]
#: A command is the same on either engine; what it calls is tried on both.
one_engine = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, systems: str, loopback: None) -> Iterator[Desk]:
    known = {"desk": Bound("desk", source.SOURCE, source.reach, source.observe)}
    monkeypatch.setattr(book, "book", lambda: MappingProxyType(known))
    monkeypatch.setattr("registry.connectors.commands.connector.book", book.book)
    for name, value in (
        ("DATABASE", systems),
        ("OUTBOUND_NETWORKS", "127.0.0.0/8"),
        ("SECRET_KEY", new_key()),
    ):
        monkeypatch.setenv(f"REGISTRY_{name}", value)
    with serving(Desk()) as made:
        yield made
    db.open(systems)


def run(*words: Any, typed: str | None = None) -> Result:
    done = CliRunner().invoke(main, list(map(str, words)), input=typed, env={"COLUMNS": "80"})
    assert SECRET not in done.output and "Traceback" not in done.output
    if done.exit_code == 0 and "{" not in done.output:
        assert max(map(len, done.output.splitlines()), default=0) <= 80
    return done


@one_engine
def test_a_system_is_connected_tried_listed_changed_and_left(desk: Desk) -> None:
    assert "registry connector add" in run("connector", "list").output
    assert "registry connector add" in run("observe").output
    added = run(
        "connector", "add", "acme/desk", "desk", "--set", "host=127.0.0.1", "--set", f"port={desk.port}"
    )
    assert added.exit_code == 0 and "It lacks a secret: registry connector secret 1 token" in added.output
    assert "lacks token" in run("connector", "list").output
    assert "no_secret (1) – No credential was given" in " ".join(run("observe", "acme").output.split())
    given = run("connector", "secret", 1, "token", typed=f"{SECRET}\n")
    assert given.exit_code == 0 and "registry observe acme/desk --dry-run" in given.output
    assert run("observe", "acme/desk", "--dry-run").exit_code == 0
    assert run("observe", "acme/desk").exit_code == 0 and desk.tokens[-1] == f"Bearer {SECRET}"
    assert "complete 20" in run("connector", "list", "acme").output
    assert "Nothing is looked at" in run("connector", "list", "other").output
    (line,) = run("connector", "list", "acme/desk", "--json").output.splitlines()
    told = json.loads(line)
    assert (told["id"], told["every_hours"], told["last_run"]["state"]) == (1, 24, "complete")
    assert run("connector", "change", 1, "--every-hours", 6, "--by-hand").exit_code == 2
    changed = run("connector", "change", 1, "--pause", "--by-hand")
    assert changed.exit_code == 0 and "registry connector change 1 --resume" in changed.output
    assert "paused" in run("connector", "list").output
    row = CONNECTORS.one(1)
    assert (row.state, row.told["every_hours"], row.told["settings"]["port"]) == ("paused", None, desk.port)
    assert run("connector", "change", 1, "--resume", "--every-hours", 6).exit_code == 0
    assert (CONNECTORS.one(1).state, CONNECTORS.one(1).told["every_hours"]) == ("enabled", 6)
    assert run("connector", "remove", 1).exit_code == 0 and CONNECTORS.one(1).state == "removed"
    assert run("connector", "remove", 1).exit_code == 1


@one_engine
def test_a_secret_comes_from_a_file_or_from_another_program(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(f"host: 127.0.0.1\nport: {desk.port}\n")
    assert (
        run("connector", "add", "acme/desk", "desk", "--settings", tmp_path / "settings.yaml").exit_code == 0
    )
    (tmp_path / "token").write_text(f"{SECRET}\n")
    for file, typed in ((tmp_path / "token", None), ("-", SECRET)):
        assert run("connector", "secret", 1, "token", "--file", file, typed=typed).exit_code == 0
        assert unsealed(CONNECTORS.one(1), Sealer.of(Settings.from_env())) == {"token": SECRET}


@one_engine
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "acme/ghost", "desk", "--set", "host=127.0.0.1", "--set", "port=1"), "declare it first"),
        (("add", "acme/desk", "ghost"), "The kinds of source are desk."),
        (("add", "acme/desk", "desk"), "/settings/host: Missing data for required field."),
        (("add", "acme/desk", "desk", "--set", "host="), "Missing data for required field."),
        (("add", "acme/desk", "desk", "--set", "host"), "write NAME=VALUE"),
        (("add", "acme/desk", "desk", "--set", "port={"), "port begins as JSON does and is none"),
        (("add", "acme/desk", "desk", "--settings", "ghost.yaml"), "ghost.yaml"),
        (
            ("add", "acme/desk", "desk", "--set", "host=10.0.0.1", "--set", "port=1"),
            "REGISTRY_OUTBOUND_NETWORKS",
        ),
        (("secret", "9", "token"), "There is no connector 9: `registry connector list`"),
        (("change", "9"), "There is no connector 9: `registry connector list`"),
        (("remove", "9"), "There is no connector 9: `registry connector list`"),
        (("sources", "ghost"), "The kinds of source are desk."),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(desk: Desk, words: tuple[str, ...], said: str) -> None:
    done = run("connector", *words)
    assert done.exit_code in (1, 2) and said in done.output


@one_engine
def test_a_secret_that_the_source_has_not_is_not_asked_for(desk: Desk) -> None:
    run("connector", "add", "acme/desk", "desk", "--set", "host=127.0.0.1", "--set", f"port={desk.port}")
    done = run("connector", "secret", 1, "pin", typed=SECRET)
    assert done.exit_code == 1 and "The secrets of desk are token." in done.output


@one_engine
def test_a_secret_is_taken_as_it_is_but_for_the_end_of_its_line(desk: Desk) -> None:
    run("connector", "add", "acme/desk", "desk", "--set", "host=127.0.0.1", "--set", f"port={desk.port}")
    assert run("connector", "secret", 1, "token", "--file", "-", typed=f" {SECRET} \r\n").exit_code == 0
    assert unsealed(CONNECTORS.one(1), Sealer.of(Settings.from_env())) == {"token": f" {SECRET} "}
    done = run("connector", "secret", 1, "token", "--file", "-", typed="\n")
    assert done.exit_code == 1 and "The secret is empty." in done.output


@one_engine
def test_where_no_key_is_it_says_how_to_make_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    run("connector", "add", "acme/desk", "desk", "--set", "host=127.0.0.1", "--set", f"port={desk.port}")
    monkeypatch.delenv("REGISTRY_SECRET_KEY")
    done = run("connector", "secret", 1, "token", typed=SECRET)
    assert done.exit_code == 1 and "registry keys new sealing" in done.output


def test_each_source_says_what_each_setting_is() -> None:
    def bare(settings: list[dict[str, Any]], at: str) -> list[str]:
        found = [f"{at}/{one['name']}" for one in settings if not one["description"]]
        return found + [name for one in settings for name in bare(one.get("has", []), f"{at}/{one['name']}")]

    for kind, known in book.book().items():
        assert bare(known.document()["settings"], kind) == []
    listed = CliRunner().invoke(main, ["connector", "sources", "postgresql"], env={"COLUMNS": "80"}).output
    assert "request_log (with the setting requests)" in listed and "  received" in listed
    assert max(map(len, listed.splitlines())) <= 80


def test_what_is_wrong_with_a_setting_is_told_with_what_it_is() -> None:
    with pytest.raises(Invalid) as refused:
        book.book()["scim"].settings({"address": "https://a.example", "roles": [{"permission": "agent"}]})
    assert refused.value.errors == [
        {
            "field": "/settings/roles/0/name",
            "code": "required",
            "message": "Missing data for required field. As the system calls it.",
        }
    ]


def test_what_a_run_may_tell_by_the_docs_is_told_with_what_to_do() -> None:
    section = (
        (ROOT / "docs/observing.md")
        .read_text("utf-8")
        .partition("## What went wrong")[2]
        .partition("\n## ")[0]
    )
    codes = {
        code for line in section.splitlines() for code in re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`", line)
    }
    codes -= {"published_page"}
    assert len(codes) > 20 and codes <= MEANS.keys()
