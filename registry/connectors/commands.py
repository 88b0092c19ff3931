"""`registry observations`: storing what systems showed, from files."""

from __future__ import annotations

from pathlib import Path

import click

from registry import terminal
from registry.connectors.push import load_observations


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
