"""`make demo-connectors`: a desk, a database, a bucket and a directory, observed, checked, and laid beside the record.

The desk is a stand-in, the others are servers that we did not write: PostgreSQL, moto's S3, slapd. First all is as the
records say, as far as each system can show it; then one thing is changed on each. Exits with 1 unless every system
agreed in something, then differed, and still agreed in something else.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from registry import db, outbound, terminal
from registry.catalogue import store
from registry.cli import main
from registry.connectors.configured.connecting import add_connector
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
}


def run() -> int:
    """Show it; gives the exit status."""
    with tempfile.TemporaryDirectory(prefix="registry-demo-") as scratch, ExitStack() as stack:
        _settings(Path(scratch))
        settings = Settings.from_env()
        db.open(settings.database)
        stack.callback(db.close)
        db.migrate()
        _say("Starting a stand-in of Zendesk, PostgreSQL, moto's S3 and slapd")
        made = stack.enter_context(_databases(Path(scratch)))
        _declare("controller", "acme", {"name": "Acme", "website": "https://www.acme.example"})
        systems = {kind: _connect(kind, made, stack) for kind in SYSTEMS}
        first = _look("All is as the records say")
        for kind, change in SYSTEMS.items():
            (turn,) = (one for one in turns.modules()[kind].TURNS if one.name == change)
            _say(f"acme/{kind}: {change}")
            turn.do(systems[kind])
        second = _look("After the changes")
        return _summary(first, second)


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
    _declare("system", kind, {"name": kind.capitalize()})
    _declare(
        "register", f"clients-{kind}", {"register": f"Clients in {kind}", "systems": [kind], **module.RECORD}
    )
    ours = Settings.from_env()
    outbound.permit(ours)
    add_connector(
        f"acme/{kind}", kind, settings, every_hours=24, secrets=secrets, by=terminal.OPERATOR,
        sealer=Sealer.of(ours),
    )  # fmt: skip
    return system


def _declare(kind: str, key: str, body: dict[str, Any]) -> None:
    store.declare(kind, "acme", key, body, by=terminal.OPERATOR, expect=store.NEW)


def _look(title: str) -> dict[str, dict[str, str]]:
    """Observe, check, and show the drift; gives the verdicts by system and aspect."""
    for words in (["observe"], ["check"], ["drift", "acme", "--all"]):
        _say(f"{title}: registry {' '.join(words)}")
        main(words, standalone_mode=False)
    found = {kind: drift("acme", kind, overdue_days=Settings().look_days) for kind in SYSTEMS}
    return {
        kind: {
            aspect.aspect.name: aspect.verdict for register in one.registers for aspect in register.aspects
        }
        for kind, one in found.items()
    }


def _summary(first: dict[str, dict[str, str]], second: dict[str, dict[str, str]]) -> int:
    rows, good = [], True
    for kind, change in SYSTEMS.items():
        agreed = [name for name, verdict in first[kind].items() if verdict == "agrees"]
        came = [
            name for name, verdict in second[kind].items()
            if verdict == "differs" and first[kind][name] != "differs"
        ]  # fmt: skip
        still = [name for name, verdict in second[kind].items() if verdict == "agrees"]
        good &= bool(agreed and came and still)
        rows.append((kind, ", ".join(agreed), change, ", ".join(came), ", ".join(still)))
    click.secho("\nIn short", bold=True)
    click.echo(terminal.table(("system", "agreed", "change", "differs since", "still agrees"), rows))
    return 0 if good else 1


def _say(text: str) -> None:
    click.secho(f"\n── {text}", bold=True)


if __name__ == "__main__":
    sys.exit(run())
