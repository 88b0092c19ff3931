"""`make demo-connectors`: a desk, a database, a bucket, a directory and a published page, laid beside the record.

The desk is a stand-in and the page a site on this machine; the others are servers that we did not write: PostgreSQL,
moto's S3, slapd. First all is as the records say, as far as each system can show it; then one thing is changed on each,
and in the end put back. Exits with 1 unless every system agreed in something, then differed, still agreed in something
else, and in the end was as at first.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from registry import clock, db, outbound, terminal
from registry.catalogue import store
from registry.checks.findings.stored import HOLDS, StoredFinding
from registry.cli import main
from registry.connectors.configured.connecting import add_connector
from registry.connectors.observations.stored import record_observation
from registry.drift.drifting import drift
from registry.keys import sealing
from registry.keys.sealing import Sealer
from registry.settings import Settings
from tests import engines
from tests.connectors import turns

#: Each with the change that is made on it, by its name.
SYSTEMS = {
    "zendesk": "the deletion schedule is switched off",
    "postgresql": "everybody may read",
    "s3": "the lifecycle is lengthened",
    "ldap": "somebody of another organisation becomes a member by a group",
    "published_page": "the page loads a script of an analytics service",
}
#: What the inventory calls the page.
NUMBER = "CI-7"


def run() -> int:
    """Show it; gives the exit status."""
    with tempfile.TemporaryDirectory(prefix="registry-demo-") as scratch, ExitStack() as stack:
        _settings(Path(scratch))
        settings = Settings.from_env()
        db.open(settings.database)
        stack.callback(db.close)
        db.migrate()
        _say("Starting a stand-in of Zendesk, PostgreSQL, moto's S3, slapd and a web site")
        made = stack.enter_context(_databases(Path(scratch)))
        _declare("controller", "acme", {"name": "Acme", "website": "https://www.acme.example"})
        systems = {kind: _connect(kind, made, stack) for kind in SYSTEMS}
        _say(
            "acme/published-page is pushed too: the organisation's inventory knows it and says that it is in use"
        )
        _push("published-page", "inventory", {"entries": [{"inventory_id": NUMBER, "in_use": True}]})
        first = _look("All is as the records say", ["check"], ["drift", "acme", "--all"])
        wrong = _failing()
        for kind, change in SYSTEMS.items():
            _say(f"{_system(kind)}: {change}")
            _turn(kind).do(systems[kind])
        second = _look("After the changes", ["drift", "acme"])
        _say("After the changes: registry check finds what it did not before")
        _check()
        found = _failing() - wrong
        click.echo("\n".join(f"  {register}  {code}  {key}" for register, code, key in sorted(found)))
        _say("All of it is put back")
        for kind in SYSTEMS:
            _turn(kind).undo(systems[kind])
        third = _look("Put back")
        _say("Put back: registry check")
        _check()
        left = found & _failing()
        click.echo("  None of these is left." if not left else f"  STILL THERE: {sorted(left)}")
        return _summary(first, second, third) or (1 if left or not found else 0)


def _settings(scratch: Path) -> None:
    os.environ.update(
        REGISTRY_DATABASE=f"sqlite:///{scratch}/registry.db",
        REGISTRY_SECRET_KEY=sealing.new_key(),
        REGISTRY_OUTBOUND_NETWORKS="127.0.0.0/8",
    )


@contextmanager
def _databases(scratch: Path) -> Iterator[engines.Engines]:
    made = engines.Engines(scratch, os.getpid(), "demonstration", scratch)
    try:
        yield made
    finally:
        made.close()
        engines.stop(scratch)


def _connect(kind: str, databases: engines.Engines, stack: ExitStack) -> Any:
    module = turns.modules()[kind]
    system, settings, secrets = stack.enter_context(module.system(databases))
    if authority := getattr(getattr(system, "of", None), "authority", None):
        os.environ["REGISTRY_OUTBOUND_CA_FILE"] = str(authority)
    key, body = kind.replace("_", "-"), {"name": kind.capitalize().replace("_", " ")}
    if kind == "published_page":
        system.called, body["inventory_id"] = body["name"], NUMBER
        system.say()
    _declare("system", key, body)
    _declare(
        "register", f"clients-{key}", {"register": f"Clients in {kind}", "systems": [key], **module.RECORD}
    )
    ours = Settings.from_env()
    outbound.permit(ours)
    add_connector(
        f"acme/{key}", kind, settings, every_hours=24, secrets=secrets, by=terminal.OPERATOR,
        sealer=Sealer.of(ours),
    )  # fmt: skip
    return system


def _declare(kind: str, key: str, body: dict[str, Any]) -> None:
    store.declare(kind, "acme", key, body, by=terminal.OPERATOR, expect=store.NEW)


def _push(key: str, kind: str, payload: dict[str, Any]) -> None:
    record_observation(
        f"acme/{key}", kind, payload, by=terminal.OPERATOR, taken_at=clock.now(), source_level="export", complete=True
    )  # fmt: skip


def _system(kind: str) -> str:
    return f"acme/{kind.replace('_', '-')}"


def _turn(kind: str) -> turns.Turn:
    (turn,) = (one for one in turns.modules()[kind].TURNS if one.name == SYSTEMS[kind])
    return turn


def _look(title: str, *more: list[str]) -> dict[str, dict[str, str]]:
    """Observe, and show what else is asked for; gives the verdicts by kind and aspect."""
    for words in (["observe"], *more):
        _say(f"{title}: registry {' '.join(words)}")
        main(words, standalone_mode=False)
    found = {
        kind: drift("acme", _system(kind).partition("/")[2], overdue_days=Settings().look_days)
        for kind in SYSTEMS
    }
    return {
        kind: {
            aspect.aspect.name: aspect.verdict for register in one.registers for aspect in register.aspects
        }
        for kind, one in found.items()
    }


def _check() -> None:
    with contextlib.redirect_stdout(io.StringIO()):  # what is found is shown after it
        main(["check"], standalone_mode=False)


def _failing() -> set[tuple[str, str, str]]:
    """What the checks find wrong: register, code and key."""
    row = StoredFinding
    rows = row.select().where((row.ended_in == HOLDS) & (row.kind == "fail"))
    return {(f"{one.controller}/{one.register}", one.code, one.key) for one in rows}


def _summary(*looks: dict[str, dict[str, str]]) -> int:
    click.secho("\nIn short", bold=True)
    good = True
    for kind, change in SYSTEMS.items():
        first, second, third = (look[kind] for look in looks)
        agreed = [name for name, verdict in first.items() if verdict == "agrees"]
        came = [name for name, verdict in second.items() if verdict == "differs" and first[name] != "differs"]
        still = [name for name, verdict in second.items() if verdict == "agrees"]
        good &= bool(agreed and came and still) and third == first
        click.echo(f"{_system(kind)}: {change}")
        rows = (
            ("agreed", ", ".join(agreed)),
            ("differs since", ", ".join(came)),
            ("still agrees", ", ".join(still)),
            ("put back", "as at first" if third == first else "NOT as at first"),
        )
        for name, text in rows:
            click.echo(f"  {name:<14} {text or '–'}")
    return 0 if good else 1


def _say(text: str) -> None:
    click.secho(f"\n── {text}", bold=True)


if __name__ == "__main__":
    sys.exit(run())
