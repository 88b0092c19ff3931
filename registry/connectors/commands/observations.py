"""`registry observations`: storing what systems showed, from files, lists of members and people's word."""

from __future__ import annotations

from pathlib import Path

import click

from registry import terminal
from registry.connectors.observations import handing_in
from registry.connectors.observations.push import load_observations
from registry.connectors.observed.kinds import KINDS


@click.group(cls=terminal.Told)
def observations() -> None:
    """What systems were seen to be configured as."""


@observations.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def load(files: tuple[Path, ...]) -> None:
    """Store the observations of YAML FILES (or folders of them), all or none. A second load changes nothing."""
    terminal.opened()
    done = load_observations(terminal.yaml_files(files), by=terminal.OPERATOR)
    click.echo(
        terminal.table(
            ["system", "what was done", "kind"], [(one.system, one.action, one.kind) for one in done]
        )
    )


@observations.command()
@click.argument("system")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--email", default="email", show_default=True, help="The column of addresses: only domains are kept."
)
@click.option("--role", default="role", show_default=True, help="The column of roles.")
@click.option("--active", help="The column that says who can sign in; else everybody on the list can.")
@click.option("--taken-at", help="When the list was made, with its zone; now, if left out.")
def members(system: str, file: Path, email: str, role: str, active: str | None, taken_at: str | None) -> None:
    """Store the members of SYSTEM (controller/key) from FILE, a list that it exported (CSV): roles and domains."""
    terminal.opened()
    stored, left_out = handing_in.members(
        system, file, email=email, role=role, active=active, by=terminal.OPERATOR, taken_at=taken_at
    )
    accounts = stored.payload["accounts"]
    rows = [(one["role"], one["domain"], one["count"], "yes" if one["active"] else "no") for one in accounts]
    click.echo(terminal.table(["role", "domain", "accounts", "active"], rows))
    click.echo(
        f"Stored as observation {stored.id}." + (f" {left_out} rows were not understood." if left_out else "")
    )


@observations.command()
@click.argument("system")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("payload", type=click.Path(path_type=Path))
@click.option(
    "--until", required=True, help="The day from which it no longer counts (YYYY-MM-DD), two years at most."
)
@click.option(
    "--document", type=click.Path(path_type=Path), help="The document that says so; its SHA-256 is kept."
)
@click.option("--reference", help="What the document is called, and where it is.")
@click.option("--taken-at", help="When it was given, with its zone; now, if left out.")
def attest(
    system: str,
    kind: str,
    payload: Path,
    until: str,
    document: Path | None,
    reference: str | None,
    taken_at: str | None,
) -> None:
    """Store your word for what SYSTEM (controller/key) is like: PAYLOAD is YAML in the form of its KIND."""
    terminal.opened()
    stored = handing_in.attest(
        system, kind, payload,
        until=until, by=terminal.OPERATOR, document=document, reference=reference, taken_at=taken_at,
    )  # fmt: skip
    click.echo(f"Stored as observation {stored.id}; it counts until {stored.expires_on}.")
