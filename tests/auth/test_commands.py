"""`registry client`: what an operator types, and what comes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from registry.auth.commands import client as command
from tests.auth.asking import journalled

pytestmark = pytest.mark.usefixtures("database")

ADD = ["add", "--name", "Chat: poistot", "--scope", "retention:read", "--scope", "registers:read"]
GRANT = {"grant_type": "client_credentials"}


def run(*words: str, fails: int = 0) -> str:
    done = CliRunner().invoke(command, words)
    assert done.exit_code == fails, done.output
    return done.output


def test_an_operator_adds_a_client_that_works(http: FlaskClient) -> None:
    told = json.loads(run(*ADD, "--controller", "seamk", "--controller", "osekk"))
    assert told["controllers"] == ["osekk", "seamk"]
    assert told["scopes"] == ["registers:read", "retention:read"]
    answer = http.post("/oauth/token", data=GRANT, auth=(told["client_id"], told["client_secret"]))
    assert answer.status_code == 200
    (entry,) = journalled("client.registered")
    assert entry.actor == "operator"


def test_it_runs_as_a_program_on_the_database_of_the_settings(database: str) -> None:
    words = [sys.executable, "-m", "registry", "client", *ADD, "--controller", "seamk"]
    environ = {**os.environ, "REGISTRY_DATABASE": database}
    done = subprocess.run(
        words, cwd=Path(__file__).parents[2], env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert json.loads(run("list"))["client_id"] == made["client_id"]


def test_a_list_has_no_secrets() -> None:
    made = json.loads(run(*ADD, "--everything"))
    (line,) = run("list").splitlines()
    assert json.loads(line) == {key: value for key, value in made.items() if key != "client_secret"}
    assert made["client_secret"] not in line
    assert json.loads(line)["controllers"] == ["*"]


def test_rotating_and_disabling(http: FlaskClient) -> None:
    made = json.loads(run(*ADD, "--controller", "seamk"))
    fresh = json.loads(run("rotate", made["client_id"]))

    def status(secret: str) -> int:
        return http.post("/oauth/token", data=GRANT, auth=(made["client_id"], secret)).status_code

    assert (status(made["client_secret"]), status(fresh["client_secret"])) == (401, 200)
    run("disable", made["client_id"])
    assert status(fresh["client_secret"]) == 401
    assert json.loads(run("list"))["disabled_at"]


@pytest.mark.parametrize(
    ("words", "exit_status", "said"),
    [
        (["add", "--name", "x", "--scope", "everything", "--controller", "a"], 2, "everything"),
        (["add", "--name", "x", "--scope", "registers:read"], 2, "--controller"),
        (
            ["add", "--name", "x", "--scope", "registers:read", "--controller", "a", "--everything"],
            2,
            "--everything",
        ),
        (["add", "--name", "x", "--scope", "registers:read", "--controller", "A B"], 1, "keys"),
        (["add", "--name", " ", "--scope", "registers:read", "--controller", "a"], 1, "name"),
        (["rotate", "0123456789abcdef"], 1, "no such client"),
        (["disable", "nobody"], 1, "no such client"),
    ],
)
def test_what_goes_wrong_is_said_in_a_sentence(words: list[str], exit_status: int, said: str) -> None:
    output = run(*words, fails=exit_status)
    assert said in output
    assert "Traceback" not in output
    assert journalled("client.registered") == []


def test_help_shows_every_command() -> None:
    assert {"add", "list", "rotate", "disable"} <= set(run("--help").split())


def test_help_needs_no_database(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "registry", "client", "add", "--help"]
    environ = {**os.environ, "REGISTRY_DATABASE": f"sqlite:///{tmp_path}/none/registry.db"}
    done = subprocess.run(
        words, cwd=Path(__file__).parents[2], env=environ, capture_output=True, text=True, timeout=60
    )
    assert "--scope" in done.stdout
    assert not (tmp_path / "none").exists()
