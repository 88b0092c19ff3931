"""The commands as a newcomer meets them: a terminal of 80 columns, and errors that say what to do."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from registry import db, demo, journal, terminal
from registry.app import create_app
from registry.audits import engaging
from registry.catalogue import load, store
from registry.cli import main
from registry.settings import Settings

ROOT = Path(__file__).parents[1]
REGISTERS = ROOT / "fixtures" / "registers"


def run(*arguments: object, **environ: str) -> Result:
    """A command in this process, on the database that is bound."""
    return CliRunner().invoke(main, [str(one) for one in arguments], env={"COLUMNS": "80", **environ})


def started(*arguments: object, **environ: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, with the settings given and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    return subprocess.run(
        [sys.executable, "-m", "registry", *map(str, arguments)],
        cwd=ROOT, env=kept | {"COLUMNS": "80"} | environ, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_every_command_has_help_that_fits_the_window() -> None:
    found = run("--help")
    assert found.exit_code == 0
    for name, command in main.commands.items():
        assert f"  {name} " in found.output
        cut = command.get_short_help_str(60)
        assert cut.endswith(".") and not cut.endswith("..."), f"cut short: {name}"
        told = run(name, "--help")
        assert told.exit_code == 0
        assert max(map(len, told.output.splitlines())) <= 80


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///{}/new.db", "The database is empty: run `registry migrate` first."),
        ("sqlite:///{}/text.db", "no SQLite database"),
        ("sqlite:///{}/text.db/x.db", "REGISTRY_DATABASE: "),
        ("mysql://somewhere", "REGISTRY_DATABASE must begin with sqlite:/// or postgresql://"),
        ("postgresql://nobody@127.0.0.1:1/none", "The database is away"),
    ],
)
def test_a_database_that_is_none(tmp_path: Path, url: str, said: str) -> None:
    (tmp_path / "text.db").write_text("This is no database, it is a text of more than sixteen bytes." * 100)
    command = ("serve", "--port", "1") if "new" in url else ("verify",)
    found = started(*command, REGISTRY_DATABASE=url.format(tmp_path))
    assert found.returncode == 1
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_a_setting_that_there_is_not() -> None:
    found = started("migrate", REGISTRY_DATABAS="x")
    assert found.returncode != 0
    assert "No such setting: REGISTRY_DATABAS" in found.stderr


def test_a_port_that_somebody_has(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/registry.db"
    assert started("migrate", REGISTRY_DATABASE=url).returncode == 0
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        port = taken.getsockname()[1]
        for command in (("serve", "--port", port), ("demo", "--port", port)):
            found = started(*command, REGISTRY_DATABASE=url)
            assert found.returncode == 1
            assert f"Port {port} of 127.0.0.1 cannot be had" in found.stderr
            assert "choose another" in found.stderr


def test_the_settings_are_told_and_no_secret_is(tmp_path: Path) -> None:
    given = {
        "REGISTRY_DATABASE": "postgresql://reg:s3/cr@t@db.example/x?password=hidd3n",
        "REGISTRY_SECRET_KEY": "abc0",
    }
    found = run("settings", **given)
    assert found.exit_code == 0
    for one in dataclasses.fields(Settings):
        assert f"REGISTRY_{one.name.upper()} " in found.output
    assert not any(secret in found.output for secret in ("s3/cr", "hidd3n", "abc0"))
    assert "* REGISTRY_DATABASE postgresql://reg:…@db.example/x" in " ".join(found.output.split())
    assert max(map(len, found.output.splitlines())) <= 80


def test_a_dry_run_tells_all_and_writes_nothing(opened: str, tmp_path: Path) -> None:
    assert run("load", REGISTERS).exit_code == 0
    before = journal.checkpoint()
    changed = tmp_path / "seamk.yaml"
    text = (REGISTERS / "seamk.yaml").read_text("utf-8")
    changed.write_text(text.replace("duration: P6M", "duration: P3M"), "utf-8")
    found = run("load", "--dry-run", changed)
    assert found.exit_code == 0
    # How it is broken over lines hangs on how long the path of the file is.
    assert '/retention/0/duration "P6M" → "P3M"' in " ".join(found.output.split())
    assert "1 would be written, 2 unchanged." in found.output
    assert max(map(len, found.output.splitlines())) <= 80
    assert journal.checkpoint() == before
    assert store.newest("register", "seamk", "library-chat").version == 1


def test_a_dry_run_fails_where_the_load_would(opened: str, tmp_path: Path) -> None:
    orphan = tmp_path / "orphan.yaml"
    orphan.write_text("registers:\n  acme/news: Uutiskirje\n")
    dry, wet = run("load", "--dry-run", orphan), run("load", orphan)
    assert dry.exit_code == wet.exit_code == 1
    assert dry.output == wet.output
    assert f"{orphan}:2: No such controller" in dry.output
    assert journal.checkpoint()["size"] == 0


def test_folders_are_loaded_like_files(opened: str) -> None:
    assert run("load", REGISTERS).exit_code == 0
    found = run("observations", "load", ROOT / "fixtures" / "observations")
    assert found.exit_code == 0
    assert "osekk/zendesk" in found.output


def test_verify_and_its_checkpoint(opened: str, tmp_path: Path) -> None:
    load.apply(load.read(sorted(REGISTERS.glob("*.yaml"))), by="operator")
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(journal.checkpoint()))
    found = run("verify")
    assert (found.exit_code, found.output.splitlines()[0]) == (0, "15 entries, all fit.")
    assert "the 15 of the checkpoint are among them" in run("verify", "--checkpoint", kept).output
    for wrong in ("", "[]", '{"size": "1", "root": "00"}', '{"size": -1}'):
        kept.write_text(wrong)
        refused = run("verify", "--checkpoint", kept)
        assert refused.exit_code == 2
        assert "is no checkpoint" in refused.output


def test_a_migration_is_drafted_only_when_there_is_one() -> None:
    found = started("migrate", "--new", "nothing")
    assert (found.returncode, found.stdout) == (0, "Nothing to do.\n"), found.stderr
    assert started("migrate", "--new", "x", "--check").returncode == 2


# --- backups


def test_a_backup_of_a_database_in_use_verifies(opened: str, tmp_path: Path) -> None:
    if db.engine()["engine"] != "sqlite":
        found = run("backup", tmp_path / "copy.db")
        assert found.exit_code == 1
        assert "pg_dump" in found.output
        assert not list(tmp_path.iterdir())
        return
    load.apply(load.read(sorted(REGISTERS.glob("*.yaml"))), by="operator")
    enough = threading.Event()
    begun = threading.Event()

    def write() -> None:
        number = 1
        while not enough.is_set():
            store.declare(
                "controller", "helao", "helao", {"name": f"H {number}"}, by="operator", expect=number
            )
            number += 1
            begun.set()
        db.close()

    writer = threading.Thread(target=write)
    writer.start()
    begun.wait(60)
    try:
        copies = [tmp_path / f"copy-{number}.db" for number in range(5)]
        for copy in copies:
            found = run("backup", copy)
            assert found.exit_code == 0, found.output
    finally:
        enough.set()
        writer.join()
    assert sorted(tmp_path.iterdir()) == copies  # nothing else is left behind
    for copy in (copies[0], copies[-1]):
        assert copy.stat().st_mode & 0o077 == 0
        verified = started("verify", REGISTRY_DATABASE=f"sqlite:///{copy}")
        assert verified.returncode == 0, verified.stdout
        assert "entries, all fit." in verified.stdout


def test_a_backup_writes_over_nothing(opened: str, tmp_path: Path) -> None:
    if db.engine()["engine"] != "sqlite":
        pytest.skip("PostgreSQL is backed up by its own tools")
    kept = tmp_path / "kept.db"
    kept.write_text("precious")
    for place, said in ((kept, "is there already"), (tmp_path / "no" / "x.db", "cannot be written")):
        found = run("backup", place)
        assert found.exit_code == 1
        assert said in found.output
    assert kept.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [kept]


def test_m4_a_table_shows_what_a_terminal_would_obey() -> None:
    shown = terminal.table(("register", "what"), [("acme/a", "\u202eevil\x1b[2J \x9b2J\u200b ä – 你")])
    assert shown.splitlines()[-1] == "acme/a    \ufffdevil\ufffd[2J \ufffd2J\ufffd ä – 你"


def test_what_the_demonstration_says_to_try_can_be_tried(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line that it prints is answered; the auditor is in an engagement, one also when it is run again."""
    monkeypatch.setenv("REGISTRY_DATABASE", database_url)
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    monkeypatch.setattr(demo, "_serve", lambda *told: said.append(told[-1]))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for _ in range(2):
        done = run("demo", "--port", port)
        assert done.exit_code == 0, done.output
    db.open(database_url)
    try:
        web = create_app(Settings(database=database_url, base_url=f"http://127.0.0.1:{port}")).test_client()
        for text in said:
            asked = re.findall(r"-H 'Authorization: (Bearer \S+)' 'http://127.0.0.1:\d+(\S+)'", text)
            answers = [web.get(path, headers={"Authorization": token}) for token, path in asked]
            assert [answer.status_code for answer in answers] == [200] * 4
            target = next(path for token, path in asked if "as_of" in path)
            assert answers[2].json["items"][-1]["target"] == target  # type: ignore[index]  # JSON
        assert engaging.Engagement.select().count() == 1
        assert journal.verify().ok
        typed = re.findall(r"-m registry (.+?)  ", said[-1])
        assert len(typed) == len(demo.COMMANDS)
        for words in typed:
            assert run(*words.split()).exit_code == 0
            db.open(database_url)
    finally:
        db.close()
