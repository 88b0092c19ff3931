"""`registry provider`: the organisations' own OpenID providers that are believed."""

from __future__ import annotations

import json
from typing import Any

import click

from registry import terminal
from registry.auth.providers import foreign
from registry.auth.roles import duties
from registry.errors import NotFound
from registry.people import metadata, openid, providers, users


@click.group(cls=terminal.Told)
def provider() -> None:
    """OpenID providers with which people may sign in."""


@provider.command()
@click.argument("key")
@click.option("--name", required=True, help="What people read on the button.")
@click.option("--issuer", required=True, help="The issuer, as its tokens say it.")
@click.option("--client-id", required=True, help="What we are called there.")
@click.option("--secret-file", type=click.File(), help="A file with our secret there; - for standard input.")
@click.option(
    "--groups-claim",
    default="groups",
    show_default=True,
    help="Where its groups stand: groups, realm_access.roles.",
)
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="GROUP=ROLE",
    help="What a group gives, as ropa-dpo=dpo@acme. Again for more.",
)
@click.option("--audience", help="What its tokens for our API are for; without it none is taken.")
def add(
    key: str,
    name: str,
    issuer: str,
    client_id: str,
    secret_file: Any,
    groups_claim: str,
    mapping: tuple[str, ...],
    audience: str | None,
) -> None:
    """Believe a provider from now on: it is asked once who it is."""
    settings = terminal.opened()
    pairs = [(group, role) for group, _, role in (one.rpartition("=") for one in mapping)]
    for _, role in pairs:
        duties.parse(role)
    metadata.forget(issuer)
    metadata.said(issuer)
    made = foreign.add(
        key=key, name=name, issuer=issuer, client_id=client_id,
        secret=secret_file.read().strip() if secret_file else None,
        audience=audience, groups_claim=groups_claim, mapping=pairs, by=terminal.OPERATOR, settings=settings,
    )  # fmt: skip
    _tell({**_shown(made), "redirect_uri": openid.back(made, settings)})


@provider.command("list")
def list_() -> None:
    """List the providers, one JSON object a line."""
    terminal.opened()
    for one in providers.Provider.select().order_by(providers.Provider.created_at):
        click.echo(json.dumps(_shown(one), ensure_ascii=False))


@provider.command()
@click.argument("key")
def disable(key: str) -> None:
    """Believe a provider no more; the roles that it gave and sessions begun there end now."""
    terminal.opened()
    foreign.disable(key, by=terminal.OPERATOR)


@provider.command()
@click.argument("key")
@click.argument("who")
@click.argument("subject")
def link(key: str, who: str, subject: str) -> None:
    """Say that a provider's SUBJECT is somebody who is here already (id or e-mail). Make sure that it is them."""
    terminal.opened()
    user = users.find(who) or users.by_email(who)
    if user is None:
        raise NotFound("There is no such user.")
    providers.link(providers.the(key), subject, user, by=terminal.OPERATOR)


def _shown(one: providers.Provider) -> dict[str, Any]:
    return {
        "key": one.key,
        "name": one.name,
        "issuer": one.issuer,
        "client_id": one.client_id,
        "secret": one.secret is not None,
        "audience": one.audience,
        "groups_claim": one.groups_claim,
        "mapping": [f"{group}={role}" for group, role in one.mapped],
        "created_at": one.created_at,
        "disabled_at": one.disabled_at,
    }


def _tell(said: dict[str, Any]) -> None:
    click.echo(json.dumps(said, ensure_ascii=False, indent=2))
