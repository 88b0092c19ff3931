"""`registry keys`: making keys, and saying which are here."""

from __future__ import annotations

import json

import click

from registry import terminal
from registry.keys import held, sealing, signing
from registry.settings import Settings


def sealer(settings: Settings) -> sealing.Sealer:
    """The sealer of a command. Raises click.ClickException for a key that is none."""
    try:
        return sealing.Sealer.of(settings)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


@click.group(cls=terminal.Told)
def keys() -> None:
    """Keys that secrets are sealed and receipts are signed with."""


@keys.command()
@click.argument("kind", type=click.Choice(["sealing", "signing"]))
def new(kind: str) -> None:
    """Make a key and print it, once: put it as the first line into the file that the setting names.

    \b
    sealing: REGISTRY_SECRET_KEY_FILE, for secrets of connectors, webhooks, second factors, providers
    signing: REGISTRY_SIGNING_KEY_FILE, for receipts
    """
    click.echo((sealing if kind == "sealing" else signing).new_key())


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_(as_json: bool) -> None:
    """Say which keys are here, by their ids; the first of each kind is the one in use."""
    try:
        settings = Settings.from_env()
        here = {"sealing": sealing.Sealer.of(settings).ids, "signing": signing.Signer.of(settings).ids}
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    rows = [
        {"kind": kind, "id": id_, "in_use": place == 0}
        for kind, ids in here.items()
        for place, id_ in enumerate(ids)
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif rows:
        told = [
            [row["kind"], row["id"], "in use" if row["in_use"] else "opens what is older"] for row in rows
        ]
        click.echo(terminal.table(["kind", "id", "use"], told))
    else:
        click.echo(
            "No keys are set. Make one with `registry keys new sealing` or `registry keys new signing`."
        )


@keys.command()
def reseal() -> None:
    """Seal every stored secret anew under the first sealing key, so that the older ones can go."""
    settings = terminal.opened()
    try:
        done = held.reseal(sealing.Sealer.of(settings))
    except (ValueError, sealing.KeyMissing) as error:
        raise click.ClickException(str(error)) from None
    except sealing.Tampered as error:
        raise click.ClickException(f"{error} Nothing of that room was sealed anew.") from None
    click.echo(terminal.table(["secrets of", "sealed anew"], list(done.items())))
