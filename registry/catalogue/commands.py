"""`registry load`: declarations from YAML files."""

from __future__ import annotations

import json
from pathlib import Path

import click

from registry import terminal
from registry.catalogue import load as files


@click.command()
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=True, path_type=Path),
    metavar="FILE…",
)
@click.option("--dry-run", is_flag=True, help="Write nothing; show what would change.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def load(paths: tuple[Path, ...], dry_run: bool, as_json: bool) -> None:
    """Load declarations from YAML files.

    Files, or folders of them, with controllers, systems and registers. All of it is written, in one transaction, or
    none. What is stored already stays as it is: a second load changes nothing. Of a folder all that ends in .yaml or
    .yml is read, but for what begins with a dot.
    """
    terminal.opened()
    items = files.read(terminal.yaml_files(paths))
    changes = files.plan(items) if dry_run else files.apply(items, by=terminal.OPERATOR)
    if as_json:
        told = [
            {"object": one.item.name, "action": one.action, "differences": one.differences} for one in changes
        ]
        click.echo(json.dumps({"dry_run": dry_run, "changes": told}, ensure_ascii=False))
        return
    rows = []
    for one in changes:
        if one.action == "same":
            continue
        rows.append((one.action, one.item.name, one.item.where))
        rows.extend(("", "  " + each["field"], _difference(each)) for each in one.differences)
    if rows:
        click.echo(terminal.table(("", "what", "from"), rows) + "\n")
    written = sum(one.action != "same" for one in changes)
    click.echo(
        f"{written} {'would be written' if dry_run else 'written'}, {len(changes) - written} unchanged."
    )


def _difference(one: dict[str, object]) -> str:
    shown = {name: json.dumps(one[name], ensure_ascii=False) for name in ("before", "after") if name in one}
    return " → ".join((shown.get("before", "(nothing)"), shown.get("after", "(nothing)")))
