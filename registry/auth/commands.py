"""`registry client`: adding, listing, rotating and disabling the programs that may ask."""

from __future__ import annotations

import json
from typing import Any

import click

from registry import errors, terminal
from registry.auth import clients, duties, giving
from registry.auth.scopes import SCOPES, split


class RoleText(click.ParamType):
    """A role as it is typed: role@controller, or role@controller:name,name where it is limited to some."""

    name = "role@controller[:name,…]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> duties.Given:
        """The role. Fails with a sentence for text that is none."""
        if isinstance(value, duties.Given):
            return value
        try:
            return duties.parse(value)
        except errors.Invalid as problem:
            self.fail(problem.detail, param, ctx)


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
    help="A controller in which it has the least role that gives all its scopes. May be given again.",
)
@click.option("--everything", is_flag=True, help="It has that role in all controllers.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=RoleText(),
    help="A role in a controller, such as editor@acme:news or system@acme:chat. May be given again.",
)
def add(
    name: str,
    scopes: tuple[str, ...],
    controllers: tuple[str, ...],
    everything: bool,
    roles: tuple[duties.Given, ...],
) -> None:
    """Add a client; its secret is shown this once."""
    if bool(controllers or roles) == everything:
        raise click.UsageError("Give --controller or --role, or --everything.")
    terminal.opened()
    seen = (duties.EVERY,) if everything else controllers
    made, secret = clients.register_client(
        name=name, scopes=scopes, controllers=seen, roles=roles, by=terminal.OPERATOR
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


@click.group(cls=terminal.Told)
def role() -> None:
    """Who may do what in which controller."""


@role.command()
@click.argument("principal")
@click.argument("role_", metavar="ROLE", type=RoleText())
def give(principal: str, role_: duties.Given) -> None:
    """Give client/… or user/… a role, such as dpo@acme, editor@acme:news or system@acme:chat."""
    terminal.opened()
    _tell(_row(giving.give(principal, role_, by=terminal.OPERATOR)))


@role.command()
@click.argument("number", type=click.IntRange(1))
def take(number: int) -> None:
    """Take a role away, by its number."""
    terminal.opened()
    giving.take(number, by=terminal.OPERATOR)


@role.command("list")
@click.option("--controller", help="In this controller.")
@click.option("--principal", help="Of this client or person.")
def list_roles(controller: str | None, principal: str | None) -> None:
    """List the roles that stand, one JSON object a line."""
    terminal.opened()
    rows = giving.StoredRole.select().where(giving.stands()).order_by(giving.StoredRole.id)
    for row in rows:
        if controller in (None, row.controller) and principal in (None, row.principal):
            click.echo(json.dumps(_row(row), ensure_ascii=False))


def _row(row: giving.StoredRole) -> dict[str, Any]:
    return {"id": row.id, "principal": row.principal, "role": str(row.given)}


def _shown(one: clients.Client) -> dict[str, Any]:
    return {
        "name": one.name,
        "scopes": split(one.scopes),
        "controllers": one.controllers,
        "roles": one.roles,
        "created_at": one.created_at,
        "disabled_at": one.disabled_at,
    }


def _tell(said: dict[str, Any]) -> None:
    click.echo(json.dumps(said, ensure_ascii=False, indent=2))
