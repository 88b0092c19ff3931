"""`registry client`: adding, listing, rotating and disabling the programs that may ask."""

from __future__ import annotations

import json
from typing import Any

import click

from registry import terminal
from registry.auth import clients
from registry.auth.scopes import SCOPES, split


@click.group(cls=terminal.Told)
def client() -> None:
    """Programs that may ask the API."""


@client.command()
@click.option("--name", required=True, help="What it is, for people.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(list(SCOPES)),
    help="May be given again.",
)
@click.option(
    "--controller",
    "controllers",
    multiple=True,
    help="A controller whose records it sees. May be given again.",
)
@click.option("--everything", is_flag=True, help="It sees the records of all controllers.")
def add(name: str, scopes: tuple[str, ...], controllers: tuple[str, ...], everything: bool) -> None:
    """Add a client; its secret is shown this once."""
    if bool(controllers) == everything:
        raise click.UsageError("Give --controller, or --everything.")
    terminal.opened()
    made, secret = clients.register_client(
        name=name, scopes=scopes, controllers=controllers or (clients.EVERY,), by=terminal.OPERATOR
    )
    _tell({"client_id": made.client_id, "client_secret": secret, **_shown(made)})


@client.command("list")
def list_() -> None:
    """List all clients, one JSON object a line."""
    terminal.opened()
    for one in clients.Client.select().order_by(clients.Client.created_at, clients.Client.client_id):
        click.echo(json.dumps({"client_id": one.client_id, **_shown(one)}, ensure_ascii=False))


@client.command()
@click.argument("client_id")
def rotate(client_id: str) -> None:
    """Give a client a new secret, shown this once; the old one and its tokens stop working now."""
    terminal.opened()
    _tell({"client_id": client_id, "client_secret": clients.rotate_secret(client_id, by=terminal.OPERATOR)})


@client.command()
@click.argument("client_id")
def disable(client_id: str) -> None:
    """Let a client ask no more, from now on."""
    terminal.opened()
    clients.disable_client(client_id, by=terminal.OPERATOR)


def _shown(one: clients.Client) -> dict[str, Any]:
    return {
        "name": one.name,
        "scopes": split(one.scopes),
        "controllers": one.controllers,
        "created_at": one.created_at,
        "disabled_at": one.disabled_at,
    }


def _tell(said: dict[str, Any]) -> None:
    click.echo(json.dumps(said, ensure_ascii=False, indent=2))
