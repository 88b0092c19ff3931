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
from joserfc.jwk import ECKey

from registry.auth.clients import registration
from registry.auth.clients.commands import client as command
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
        words, cwd=Path(__file__).parents[2], env=environ, capture_output=True, text=True, timeout=300
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


PEOPLE = ["add", "--name", "Audit", "--scope", "registers:read"]


def test_a_client_that_asks_for_people_has_no_role_of_its_own() -> None:
    made = json.loads(run(*PEOPLE, "--public", "--device", "--redirect-uri", "http://127.0.0.1/back"))
    assert "client_secret" not in made
    assert made["auth_method"] == "none"
    assert made["grant_types"] == ["authorization_code", "refresh_token", registration.DEVICE]
    assert (made["redirect_uris"], made["roles"]) == (["http://127.0.0.1/back"], [])
    (entry,) = journalled("client.registered")
    assert entry.payload["redirect_uris"] == ["http://127.0.0.1/back"]
    confidential = json.loads(run(*PEOPLE, "--no-refresh", "--redirect-uri", "https://audit.example/back"))
    assert confidential["client_secret"].startswith("rcs_")
    assert confidential["grant_types"] == ["authorization_code"]


def test_a_client_that_signs_has_keys_and_others_for_them(tmp_path: Path, http: FlaskClient) -> None:
    sets = [tmp_path / "one.json", tmp_path / "two.json", tmp_path / "private.json"]
    for file in sets:
        key = ECKey.generate_key("P-256", private=True)
        file.write_text(json.dumps({"keys": [key.as_dict(private=file == sets[2])]}), "utf-8")
    made = json.loads(run(*PEOPLE, "--everything", "--jwks", str(sets[0])))
    assert (made["auth_method"], "client_secret" in made) == ("private_key_jwt", False)
    run("keys", made["client_id"], str(sets[1]))
    assert len(journalled("client.keys-replaced")) == 1
    assert "public keys alone" in run("keys", made["client_id"], str(sets[2]), fails=1)
    assert "another way" in run("rotate", made["client_id"], fails=1)


def test_a_client_is_forgotten(http: FlaskClient) -> None:
    made = json.loads(run(*ADD, "--controller", "seamk"))
    run("delete", made["client_id"])
    assert run("list") == ""
    auth = (made["client_id"], made["client_secret"])
    assert http.post("/oauth/token", data=GRANT, auth=auth).status_code == 401
    assert "no such client" in run("delete", made["client_id"], fails=1)
    (entry,) = journalled("client.deleted")
    assert entry.payload == {"name": "Chat: poistot"}


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
        ([*PEOPLE, "--public", "--everything"], 1, "cannot prove itself"),
        ([*PEOPLE, "--redirect-uri", "http://audit.example/"], 1, "https"),
        ([*PEOPLE, "--redirect-uri", "http://localhost/"], 1, "https"),
        ([*PEOPLE, "--redirect-uri", "https://audit.example/#x"], 1, "fragment"),
        ([*PEOPLE, "--redirect-uri", "https://*.audit.example/"], 1, "asterisk"),
        ([*PEOPLE, "--redirect-uri", "javascript:alert(1)"], 1, "host"),
        ([*PEOPLE, "--redirect-uri", "app.example:/back"], 1, "host"),
        ([*PEOPLE, "--public"], 2, "--redirect-uri"),
        (["disable", "nobody"], 1, "no such client"),
    ],
)
def test_what_goes_wrong_is_said_in_a_sentence(words: list[str], exit_status: int, said: str) -> None:
    output = run(*words, fails=exit_status)
    assert said in output
    assert "Traceback" not in output
    assert journalled("client.registered") == []


def test_help_shows_every_command() -> None:
    assert {"add", "list", "rotate", "disable", "delete", "keys"} <= set(run("--help").split())


def test_help_needs_no_database(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "registry", "client", "add", "--help"]
    environ = {**os.environ, "REGISTRY_DATABASE": f"sqlite:///{tmp_path}/none/registry.db"}
    done = subprocess.run(
        words, cwd=Path(__file__).parents[2], env=environ, capture_output=True, text=True, timeout=300
    )
    assert "--scope" in done.stdout
    assert not (tmp_path / "none").exists()
