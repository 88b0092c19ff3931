"""`registry login`, `logout`, `whoami`: a command line that asks a registry on somebody's behalf (RFC 8628).

What was got lies in `credentials.json` in the user's configuration folder ($XDG_CONFIG_HOME/registry), readable by that
user alone. A refresh token is good once, so whoever uses it holds the lock of that file meanwhile.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import click
import requests

from registry import clock
from registry.auth.clients.registration import DEVICE, REFRESH

#: Seconds that a server has to answer, and before the end of a token when another is got.
PATIENCE, EARLY = 30, 30
WELL_KNOWN = "/.well-known/oauth-authorization-server"


def folder() -> Path:
    """Where this user's configuration lies."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "registry"


@contextmanager
def credentials() -> Iterator[dict[str, Any]]:
    """What this user holds, by server, to read and to change; written when the block ends, while nobody else does.

    Raises click.ClickException for a file that others may read, or that is none of ours.
    """
    place = folder()
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = place / "credentials.json"
    with (place / "credentials.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        held = _read(file)
        before = json.dumps(held)
        try:
            yield held
        finally:
            if json.dumps(held) != before:
                _write(file, held)


def _read(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_mode & 0o077:
            raise click.ClickException(f"{file} may be read by others: chmod 600 it, and log in anew.")
        held = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise click.ClickException(f"{file} cannot be read; remove it, and log in anew.") from None
    return cast(dict[str, Any], held)


def _write(file: Path, held: dict[str, Any]) -> None:
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump(held, out, indent=2)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)


@click.command()
@click.argument("server")
@click.option("--client", "client_id", help="The id of this command line there; needed the first time.")
@click.option(
    "--scope", "scopes", multiple=True, help="What it may do. May be given again; default: all it can."
)
def login(server: str, client_id: str | None, scopes: tuple[str, ...]) -> None:
    """Let this command line ask a registry on your behalf.

    SERVER is its address. Open the page that is shown in any browser, sign in there, and compare the code.
    """
    server = _address(server)
    with credentials() as held:
        client_id = client_id or held.get(server, {}).get("client_id")
    if not client_id:
        raise click.UsageError("Give --client; `registry client add --public --device …` there makes one.")
    about = _about(server)
    form = {"client_id": client_id, "resource": server} | ({"scope": " ".join(scopes)} if scopes else {})
    codes = _post(about["device_authorization_endpoint"], form)
    page, code = (str(codes.get(name, "")) for name in ("verification_uri_complete", "user_code"))
    if not page.startswith(server + "/") or not (page + code).isprintable() or "device_code" not in codes:
        raise click.ClickException(f"{server} answers what no registry does.")
    click.echo(f"Open {page}")
    click.echo(f"and allow it there if this code is shown: {code}")
    got = _wait(about["token_endpoint"], client_id, codes)
    with credentials() as held:
        held[server] = _kept(client_id, got)
    click.echo(f"Logged in to {server}: {got['scope']}")


@click.command()
@click.argument("server", required=False)
def logout(server: str | None) -> None:
    """End what this command line may do on your behalf."""
    with credentials() as held:
        server = _chosen(held, server)
        kept = held[server]
        token = kept.get("refresh_token") or kept["access_token"]
        form = {"token": token, "client_id": kept["client_id"]}
        _post(_about(server)["revocation_endpoint"], form)
        del held[server]
    click.echo(f"Logged out of {server}.")


@click.command()
@click.argument("server", required=False)
def whoami(server: str | None) -> None:
    """Tell on whose behalf this command line asks, and for what."""
    with credentials() as held:
        server = _chosen(held, server)
        token = access(server, held)
    told = _post(_about(server)["introspection_endpoint"], {"token": token}, token=token)
    shown = {"server": server, **{name: told.get(name) for name in ("sub", "client_id", "scope", "exp")}}
    click.echo(json.dumps(shown, indent=2))


def access(server: str, held: dict[str, Any]) -> str:
    """A good access token for a server; another one is got where the last is nearly over. Call it in `credentials`.

    Raises click.ClickException where one has to log in anew.
    """
    kept = held[server]
    if kept["expires_at"] > clock.later(clock.now(), EARLY):
        return str(kept["access_token"])
    if "refresh_token" not in kept:
        raise click.ClickException(f"That was allowed for some minutes only: registry login {server}")
    form = {
        "grant_type": REFRESH,
        "refresh_token": kept["refresh_token"],
        "client_id": kept["client_id"],
        "resource": server,
    }
    got = _post(_about(server)["token_endpoint"], form)
    held[server] = _kept(kept["client_id"], got)
    return str(got["access_token"])


def _kept(client_id: str, got: dict[str, Any]) -> dict[str, Any]:
    names = ("access_token", "refresh_token", "scope")
    kept: dict[str, Any] = {name: got[name] for name in names if name in got}
    return {**kept, "client_id": client_id, "expires_at": clock.later(clock.now(), int(got["expires_in"]))}


def _wait(where: str, client_id: str, codes: dict[str, Any]) -> dict[str, Any]:
    form = {"grant_type": DEVICE, "device_code": codes["device_code"], "client_id": client_id}
    give_up, interval = time.monotonic() + int(codes.get("expires_in", 600)), int(codes.get("interval", 5))
    while time.monotonic() < give_up:
        time.sleep(interval)
        status, got = _send(where, form)
        if status == 200 and "access_token" in got:
            return got
        error = got.get("error")
        if error == "slow_down":
            interval += 5
        elif error not in ("authorization_pending", "temporarily_unavailable"):
            raise _refusal(got)
    raise click.ClickException("Nobody allowed it in time.")


def _about(server: str) -> dict[str, Any]:
    status, about = _send(server + WELL_KNOWN, None)
    if status != 200 or about.get("issuer") != server:
        raise click.ClickException(f"{server} is no registry, or calls itself otherwise.")
    names = (
        "device_authorization_endpoint",
        "token_endpoint",
        "revocation_endpoint",
        "introspection_endpoint",
    )
    if not all(str(about.get(name, "")).startswith(server + "/") for name in names):
        raise click.ClickException(f"{server} sends its callers elsewhere, which is not followed.")
    return about


def _post(where: str, form: dict[str, str], *, token: str | None = None) -> dict[str, Any]:
    status, got = _send(where, form, token=token)
    if status != 200:
        raise _refusal(got)
    return got


def _send(where: str, form: dict[str, str] | None, *, token: str | None = None) -> tuple[int, dict[str, Any]]:
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        answer = requests.request(
            "GET" if form is None else "POST",
            where,
            data=form,
            headers=headers,
            timeout=PATIENCE,
            allow_redirects=False,
        )
        got = answer.json()
    except requests.RequestException as error:
        raise click.ClickException(f"{where} does not answer: {type(error).__name__}.") from None
    return answer.status_code, got if isinstance(got, dict) else {}


def _refusal(got: dict[str, Any]) -> click.ClickException:
    return click.ClickException(
        f"Refused: {got.get('error_description') or got.get('error') or 'no reason given'}"
    )


def _chosen(held: dict[str, Any], server: str | None) -> str:
    if server is not None and _address(server) in held:
        return _address(server)
    if server is None and len(held) == 1:
        return next(iter(held))
    listed = ", ".join(held) or "none"
    raise click.ClickException(f"Say at which registry. You are logged in at: {listed}")


def _address(server: str) -> str:
    parts = urlsplit(server)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1")):
        return server.rstrip("/")
    raise click.UsageError("The address begins with https:// (or http://127.0.0.1).")


COMMANDS = (login, logout, whoami)
