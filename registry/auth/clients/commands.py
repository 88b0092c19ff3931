"""`registry client`: adding, listing, rotating and disabling the programs that may ask."""

from __future__ import annotations

import json
from typing import Any, TextIO

import click

from registry import errors, terminal
from registry.auth.clients import stored as clients
from registry.auth.clients.registration import (
    BY_KEY,
    BY_SECRET,
    CODE,
    DEVICE,
    ITSELF,
    PUBLIC,
    REFRESH,
    Registration,
)
from registry.auth.roles import duties, giving
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
    metavar="SCOPE",
    help=f"May be given again. One of {', '.join(SCOPES)}.",
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
@click.option(
    "--engaged",
    is_flag=True,
    help="It is an auditor's program: what it sees the DPO says in an engagement (/v1/audits).",
)
@click.option(
    "--redirect-uri",
    "redirect_uris",
    multiple=True,
    help="It asks on behalf of people, in their browser, and is answered here: https, or http://127.0.0.1/… for a "
    "program on their own machine, which chooses the port. May be given again.",
)
@click.option("--device", is_flag=True, help="It asks on behalf of people who type a code (registry login).")
@click.option("--no-refresh", is_flag=True, help="People allow it something for minutes, not for days.")
@click.option("--public", is_flag=True, help="It runs where no secret can be kept, and gets none.")
@click.option(
    "--jwks", type=click.File(), help="Its public keys: it proves itself by signature, not by secret."
)
def add(
    name: str,
    scopes: tuple[str, ...],
    controllers: tuple[str, ...],
    everything: bool,
    roles: tuple[duties.Given, ...],
    engaged: bool,
    redirect_uris: tuple[str, ...],
    device: bool,
    no_refresh: bool,
    public: bool,
    jwks: TextIO | None,
) -> None:
    """Add a client; its secret, if it has one, is shown this once.

    One that asks on its own has roles of its own. One that asks on behalf of people has theirs.
    """
    some = bool(controllers or roles)
    own, people = some or everything or engaged, bool(redirect_uris or device)
    if some + everything + engaged > 1:
        raise click.UsageError("Give --controller or --role, or --everything, or --engaged.")
    if not own and not people:
        raise click.UsageError(
            "Give --controller, --role, --everything or --engaged, or else --redirect-uri or --device."
        )
    if public and jwks is not None:
        raise click.UsageError("Give --public or --jwks.")
    asks = {CODE: redirect_uris, DEVICE: device, REFRESH: people and not no_refresh, ITSELF: own}
    how = Registration(
        auth_method=PUBLIC if public else BY_SECRET if jwks is None else BY_KEY,
        grant_types=tuple(grant for grant, wanted in asks.items() if wanted),
        redirect_uris=redirect_uris,
        jwks=None if jwks is None else jwks.read(),
    )
    terminal.opened()
    made, secret = clients.register_client(
        name=name,
        scopes=scopes,
        controllers=(duties.EVERY,) if everything else controllers,
        roles=roles,
        engaged=engaged,
        how=how,
        by=terminal.OPERATOR,
    )
    told = {"client_secret": secret} if secret else {}
    _tell({"client_id": made.client_id, **told, **_shown(made)})


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


@client.command()
@click.argument("client_id")
def delete(client_id: str) -> None:
    """Forget a client, with its tokens and what people allowed it. The journal keeps what it did."""
    terminal.opened()
    clients.delete_client(client_id, by=terminal.OPERATOR)


@client.command()
@click.argument("client_id")
@click.argument("jwks", type=click.File())
def keys(client_id: str, jwks: TextIO) -> None:
    """Give a client that signs other public keys; tokens got with the old ones stop working now.

    To go over without a gap, give a set with the old key and the new one first.
    """
    terminal.opened()
    clients.replace_keys(client_id, jwks.read(), by=terminal.OPERATOR)


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
        "auth_method": one.auth_method,
        "grant_types": split(one.grant_types),
        "redirect_uris": split(one.redirect_uris),
        "created_at": one.created_at,
        "disabled_at": one.disabled_at,
    }


def _tell(said: dict[str, Any]) -> None:
    click.echo(json.dumps(said, ensure_ascii=False, indent=2))
