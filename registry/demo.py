"""`registry demo`: the five registers kept, checked, published and served, with a token for each kind of user."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import requests

from registry import clock, db, terminal
from registry.audits import engaging
from registry.auth.clients import stored as clients
from registry.auth.tokens import access as tokens
from registry.catalogue import load, read
from registry.checks.runs import running
from registry.connectors.observations import push
from registry.notices import publish
from registry.settings import Settings

FIXTURES = Path(__file__).parents[1] / "fixtures"
TOLD = Path("var/demo.json")
#: Demonstration tokens outlive a working day; in real use a token lives ten minutes (REGISTRY_ACCESS_TOKEN_SECONDS).
SECONDS = 24 * 3600

_READ = ("controllers", "systems", "registers", "observations", "findings", "notices", "journal", "retention")


@dataclass(frozen=True)
class User:
    """Somebody to try it as: the client's name and scopes, the controllers that it sees, and a path to ask for. One
    with `terms` is an auditor, and sees its one controller by an engagement on these; `besides` is what else is shown.
    """

    name: str
    scopes: tuple[str, ...]
    controllers: tuple[str, ...]
    path: str
    terms: Mapping[str, Any] | None = None
    besides: str | None = None


USERS: dict[str, User] = {
    "dpo": User(
        "Demonstration: The data protection officer of all five",
        (
            *(f"{noun}:read" for noun in (*_READ, "holds", "audits")),
            *(f"{noun}:write" for noun in (*_READ[:6], "waivers", "holds", "audits")),
        ),
        ("helao", "jamko", "kaakko", "osekk", "seamk"),
        "/v1/findings?register=osekk/opintori&kind=fail",
    ),
    "auditor": User(
        "Demonstration: Auditor of OSEKK, engaged for a month",
        tuple(f"{noun}:read" for noun in _READ),
        ("osekk",),
        "/v1/registers/osekk/opintori?as_of=2018-06-01",
        {"sees": ("findings", "journal", "observations"), "purpose": "To be tried out."},
        "and what they have read, as the DPO sees it",
    ),
    "system": User(
        "Demonstration: The library chat of SeAMK",
        ("retention:read",),
        ("seamk",),
        "/v1/retention-rules?system=seamk/chat",
    ),
}
#: What can be tried on the command line.
COMMANDS = {
    "drift --summary": "systems beside their records, a line each",
    "drift seamk/chat": "one of them in full",
    "check osekk/opintori": "what is wrong with a record, and what to do",
    "connector sources": "which systems can be looked at",
}
#: So many days the auditor is engaged for.
DAYS = 30


def run(port: int) -> None:
    """Fill the database (a second time nothing changes), serve on 127.0.0.1 until interrupted, and say how to try it.

    Raises click.ClickException when the port is taken or the server does not start.
    """
    terminal.port_is_free("127.0.0.1", port, "make demo PORT=8123")
    base = f"http://127.0.0.1:{port}"
    database = os.environ.get("REGISTRY_DATABASE", "sqlite:///var/registry.db")
    db.open(database)
    _step("Database", lambda: f"{len(db.migrate())} migrations run")
    _step("Registers", _registers)
    _step("Observations", _observations)
    _step("Checks", _checks)
    _step("Notices", _notices)
    issued = {user: _token(USERS[user], audience=base) for user in USERS}
    audit = _engagement(USERS["auditor"])
    db.close()
    _keep(base, issued)
    _serve(base, port, database, _told(base, issued, audit))


def _registers() -> str:
    changes = load.apply(load.read(sorted((FIXTURES / "registers").glob("*.yaml"))), by=terminal.OPERATOR)
    return f"{sum(one.action != 'same' for one in changes)} written, {len(changes)} in all"


def _observations() -> str:
    done = push.load_observations(sorted((FIXTURES / "observations").glob("*.yaml")), by=terminal.OPERATOR)
    written = sum(one.action != "same" for one in done)
    return f"{written} written, {len(done)} in all (those of OSEKK and SeAMK are invented)"


def _checks() -> str:
    done = running.run(running.Scope(), by=terminal.OPERATOR)
    counts = ", ".join(f"{number} {kind}" for kind, number in done["kinds"].items())
    return f"{done['registers']} registers: {counts}"


def _notices() -> str:
    done = [publish.publish(one.controller, one.key, by=terminal.OPERATOR)[1] for _, one in read.records()]
    return f"{sum(done)} published, {len(done)} in all"


def _token(user: User, *, audience: str) -> str:
    client = _client(user.name)
    if client is None:
        controllers = () if user.terms else user.controllers
        client, _ = clients.register_client(
            name=user.name,
            scopes=user.scopes,
            controllers=controllers,
            engaged=user.terms is not None,
            by=terminal.OPERATOR,
        )
    issued = tokens.issue(
        client_id=client.client_id,
        scopes=user.scopes,
        audience=audience,
        seconds=SECONDS,
        by=terminal.OPERATOR,
    )
    return issued.token


def _client(name: str) -> clients.Client | None:
    return clients.Client.get_or_none(name=name, disabled_at=None)


def _engagement(user: User) -> int:
    """The number of the engagement that an auditor is in: the one that goes on, or a new one."""
    client, row = _client(user.name), engaging.Engagement
    assert client is not None
    assert user.terms is not None
    standing = row.get_or_none(
        (row.principal == client.actor)
        & engaging.ENGAGEMENTS.stands
        & (row.ends_at > clock.later(clock.now(), SECONDS))
    )
    if standing is not None:
        return int(standing.id)
    terms = engaging.Terms(ends_on=clock.day_of(clock.now()) + timedelta(days=DAYS), **user.terms)
    kept = timedelta(days=Settings().audit_reads_days)
    told = engaging.open_engagement(user.controllers[0], client.actor, terms, by=terminal.OPERATOR, kept=kept)
    return int(told["id"])


def _step(name: str, do: Callable[[], str]) -> None:
    began = time.perf_counter()
    click.echo(f"{name:<14}", nl=False)
    told = do()
    click.echo(f"{told}  ({time.perf_counter() - began:.1f} s)")


def _keep(base: str, issued: dict[str, str]) -> None:
    TOLD.parent.mkdir(exist_ok=True)
    TOLD.touch(mode=0o600)
    TOLD.write_text(json.dumps({"base_url": base, "tokens": issued}, indent=2) + "\n", "utf-8")


def _serve(base: str, port: int, database: str, told: str) -> None:
    environ = os.environ | {
        "REGISTRY_DATABASE": database,
        "REGISTRY_BASE_URL": base,
        "REGISTRY_PORT": str(port),
        "REGISTRY_LOG_LEVEL": "ERROR",
    }
    server = subprocess.Popen([sys.executable, "-m", "registry", "serve"], env=environ)

    def stop(*_: Any) -> None:
        server.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    try:
        _wait(base, server)
        click.echo(told)
        server.wait()
    except KeyboardInterrupt:
        server.wait()  # the terminal has sent it the interrupt too
    finally:
        if server.poll() is None:
            server.terminate()
            server.wait()


def _wait(base: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while server.poll() is None and time.monotonic() < deadline:
        try:
            if requests.get(f"{base}/health", timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise click.ClickException("The server did not start; see above.")


def _told(base: str, issued: dict[str, str], audit: int) -> str:
    pages = {
        "/notices": "what the public reads, in Finnish, Swedish and English",
        "/notices/kaakko/chat?lang=en": "a notice with what it does not say",
        "/docs": "the API, to try out",
        "/v1/law?as_of=2018-06-01": "the law on a day",
        "/v1/checks": "the book of checks",
    }
    lines = ["", "Pages to open", *(f"  {base}{path:<32} {what}" for path, what in pages.items()), ""]
    for key, user in USERS.items():
        lines += [
            user.name.removeprefix("Demonstration: "),
            f"  token  {issued[key]}",
            _curl(issued[key], f"{base}{user.path}"),
        ]
        if user.besides:
            lines += [f"  {user.besides}:", _curl(issued["dpo"], f"{base}/v1/audits/{audit}/reads")]
        lines.append("")
    lines += ["In another terminal, in this folder and with the same settings"]
    lines += [f"  .venv/bin/python -m registry {words:<22} {what}" for words, what in COMMANDS.items()]
    return "\n".join(
        [*lines, "", f"The same is in {TOLD} for scripts. Tokens last a day. Ctrl-C ends the server."]
    )


def _curl(token: str, address: str) -> str:
    return f"  curl -s -H 'Authorization: Bearer {token}' '{address}'"
