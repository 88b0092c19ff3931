"""`registry login` against a running registry, as a process of its own, and the foreign clients' code flow there."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from requests_oauthlib import OAuth2Session as OauthlibSession

from registry import db
from registry.auth.clients import stored as clients
from registry.auth.clients.registration import CODE, DEVICE, PUBLIC, REFRESH, Registration
from registry.auth.roles import duties, giving
from tests import engines, ports
from tests.live.browsing import Somebody
from tests.live.conftest import ROOT, running

BACK = "http://127.0.0.1/back"


@dataclass(frozen=True)
class Place:
    """A running registry, a client of it that asks for people, and somebody who is signed in."""

    url: str
    database: str
    client: str
    secret: str
    command_line: str
    person: Somebody


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def place(databases: engines.Engines, request: pytest.FixtureRequest) -> Iterator[Place]:
    port = ports.own()
    with databases.fresh(request.param, migrated=True) as url:
        db.open(url)
        web = Registration(grant_types=(CODE, REFRESH), redirect_uris=(BACK,))
        scopes = ["registers:read", "findings:read"]
        client, secret = clients.register_client(name="Audit", scopes=scopes, how=web, by="operator")
        how = Registration(PUBLIC, (DEVICE, REFRESH))
        line, _ = clients.register_client(name="Command line", scopes=scopes, how=how, by="operator")
        with running(url, port):
            base = f"http://127.0.0.1:{port}"
            person = Somebody(base, "dpo@acme.example")
            giving.give(person.actor, duties.given("dpo", "acme"), by="operator")
            assert person.use_link().ok
            assert person.sign_in().ok
            yield Place(base, url, client.client_id, secret, line.client_id, person)
        db.close()


def words(*words: str) -> list[str]:
    return [sys.executable, "-m", "registry", *words]


def environ(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    return {**kept, "XDG_CONFIG_HOME": str(home), "PYTHONUNBUFFERED": "1"}


def run(home: Path, *said: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words(*said), cwd=ROOT, env=environ(home), capture_output=True, text=True, timeout=120
    )


def test_a_command_line_is_allowed_in_a_browser_and_ended(place: Place, tmp_path: Path) -> None:
    said = words("login", place.url, "--client", place.command_line, "--scope", "registers:read")
    with subprocess.Popen(
        said, cwd=ROOT, env=environ(tmp_path), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        opened = process.stdout.readline()
        code = re.findall(r"user_code=(\S+)", opened)[0]
        assert code in process.stdout.readline()
        assert place.person.allow_device(code).status_code == 303
        rest = process.stdout.read()
        assert process.wait(60) == 0
    assert rest == f"Logged in to {place.url}: registers:read\n"

    file = tmp_path / "registry" / "credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    told = json.loads(run(tmp_path, "whoami").stdout)
    assert (told["server"], told["sub"], told["scope"]) == (place.url, place.person.actor, "registers:read")

    held = json.loads(file.read_text("utf-8"))
    first = held[place.url]
    held[place.url] = {**first, "expires_at": "2020-01-01T00:00:00.000000Z"}
    file.write_text(json.dumps(held), "utf-8")
    assert json.loads(run(tmp_path, "whoami", place.url).stdout)["sub"] == place.person.actor
    second = json.loads(file.read_text("utf-8"))[place.url]
    assert second["refresh_token"] != first["refresh_token"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    assert run(tmp_path, "logout").stdout == f"Logged out of {place.url}.\n"
    assert json.loads(file.read_text("utf-8")) == {}
    for token in (first["access_token"], second["access_token"]):
        assert api(place, token) == 401
    left = run(tmp_path, "whoami")
    assert (left.returncode, "logged in at: none" in left.stderr) == (1, True)


def api(place: Place, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{place.url}/v1/registers", headers=headers, timeout=120).status_code


WRONG = [
    (["login", "http://registry.example"], 2, "https://"),
    (["login", "http://127.0.0.1:1"], 2, "--client"),
    (["login", "http://127.0.0.1:1", "--client", "x"], 1, "does not answer"),
    (["whoami"], 1, "Say at which registry"),
    (["logout", "https://registry.example"], 1, "Say at which registry"),
]


@pytest.mark.parametrize(("said", "status", "sentence"), WRONG, ids=range(len(WRONG)))
def test_what_goes_wrong_is_a_sentence(said: list[str], status: int, sentence: str, tmp_path: Path) -> None:
    done = run(tmp_path, *said)
    assert (done.returncode, sentence in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr


def test_a_registry_that_calls_itself_otherwise_is_not_believed(place: Place, tmp_path: Path) -> None:
    """Also somebody in between who passes on what the registry says of itself: the codes would be asked for there."""

    class Between(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            got = requests.get(place.url + self.path, timeout=30)
            self.send_response(got.status_code)
            self.send_header("Content-Type", got.headers["Content-Type"])
            self.end_headers()
            self.wfile.write(got.content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Between) as between:
        threading.Thread(target=between.serve_forever, daemon=True).start()
        other = f"http://127.0.0.1:{between.server_port}"
        done = run(tmp_path, "login", other, "--client", place.command_line)
        between.shutdown()
    assert (done.returncode, "calls itself otherwise" in done.stderr) == (1, True), done.stderr
    odd = run(tmp_path, "login", place.url, "--client", "0123456789abcdef")
    assert (odd.returncode, "Refused" in odd.stderr) == (1, True)


def test_credentials_that_others_may_read_are_not_used(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "registry" / "credentials.json"
    file.parent.mkdir()
    file.write_text(json.dumps({place.url: {"client_id": "x", "access_token": "y"}}), "utf-8")
    file.chmod(0o644)
    done = run(tmp_path, "whoami")
    assert (done.returncode, "may be read by others" in done.stderr) == (1, True)
    file.chmod(0o600)
    file.write_text("{", "utf-8")
    assert "cannot be read" in run(tmp_path, "whoami").stderr


# Clients that others wrote ---------------------------------------------------------------------------------


def test_requests_oauthlib_is_allowed_asks_and_refreshes(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    back = "http://127.0.0.1:40404/back"
    session = OauthlibSession(place.client, redirect_uri=back, scope=["registers:read"], pkce="S256")
    address, state = session.authorization_url(f"{place.url}/oauth/authorize")
    location = place.person.allow(address.removeprefix(place.url)).headers["Location"]
    assert location.startswith(back + "?")
    assert parse_qs(urlsplit(location).query)["iss"] == [place.url]
    token = session.fetch_token(
        f"{place.url}/oauth/token", authorization_response=location, client_secret=place.secret, state=state
    )
    assert token["scope"] == ["registers:read"]
    assert session.get(f"{place.url}/v1/registers").status_code == 200
    assert session.get(f"{place.url}/v1/findings").status_code == 403
    renewed = session.refresh_token(f"{place.url}/oauth/token", auth=(place.client, place.secret))
    assert renewed["refresh_token"] != token["refresh_token"]
    assert session.get(f"{place.url}/v1/registers").status_code == 200


def test_authlibs_client_is_allowed_asks_refreshes_and_ends_it(place: Place) -> None:
    back = "http://127.0.0.1:50505/back"
    session = AuthlibSession(
        place.client,
        place.secret,
        redirect_uri=back,
        scope="registers:read findings:read",
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_post",
    )
    verifier = "v" * 64
    address, state = session.create_authorization_url(f"{place.url}/oauth/authorize", code_verifier=verifier)
    location = place.person.allow(address.removeprefix(place.url)).headers["Location"]
    token = session.fetch_token(
        f"{place.url}/oauth/token", authorization_response=location, code_verifier=verifier, state=state
    )
    assert session.get(f"{place.url}/v1/findings?register=acme/x").status_code in (200, 404)
    renewed = session.refresh_token(f"{place.url}/oauth/token", token["refresh_token"])
    about = session.introspect_token(f"{place.url}/oauth/introspect", token=renewed["access_token"]).json()
    assert (about["active"], about["sub"]) == (True, place.person.actor)
    ended = session.revoke_token(f"{place.url}/oauth/revoke", token=renewed["refresh_token"])
    assert ended.status_code == 200
    assert {api(place, one["access_token"]) for one in (token, renewed)} == {401}


def test_a_refusal_reaches_the_foreign_client_as_one(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    back = "http://127.0.0.1:40404/back"
    session = OauthlibSession(place.client, redirect_uri=back, scope=["registers:read"], pkce="S256")
    address, _ = session.authorization_url(f"{place.url}/oauth/authorize")
    shown = place.person.page(address.removeprefix(place.url))
    location = place.person.answer(shown, "/oauth/authorize", "asked", answer="refuse").headers["Location"]
    with pytest.raises(Exception, match="access_denied"):
        session.fetch_token(
            f"{place.url}/oauth/token", authorization_response=location, client_secret=place.secret
        )
