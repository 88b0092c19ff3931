"""`registry user`: the people who may sign in. There is no mailer: a link is shown this once, to be handed over."""

from __future__ import annotations

import json
from typing import Any

import click

from registry import terminal
from registry.errors import NotFound
from registry.people import factor, links, sessions, users


@click.group(cls=terminal.Told)
def user() -> None:
    """People who may sign in."""


@user.command()
@click.option("--email", required=True, help="A role or work mailbox.")
@click.option("--name", required=True, help="What they are called here.")
@click.option("--language", type=click.Choice(users.LANGUAGES), default="fi", show_default=True)
@click.option("--invite/--no-invite", "invited", default=True, help="With a link to set a password by.")
def add(email: str, name: str, language: str, invited: bool) -> None:
    """Add a person, and show the link by which they set their password; it is shown this once."""
    settings = terminal.opened()
    made = users.add_user(email=email, name=name, language=language, by=terminal.OPERATOR)
    told = _shown(made)
    if invited:
        secret = links.invite(made.id, by=terminal.OPERATOR, seconds=settings.invitation_seconds)
        told["link"] = address(settings.base_url, secret)
    _tell(told)


@user.command("list")
def list_() -> None:
    """List everybody, one JSON object a line."""
    terminal.opened()
    for one in users.User.select().order_by(users.User.created_at, users.User.id):
        click.echo(json.dumps(_shown(one), ensure_ascii=False))


@user.command()
@click.argument("who")
def invite(who: str) -> None:
    """Show a new link for somebody (id or e-mail) who has no password yet; a link of before ends."""
    settings = terminal.opened()
    found = _the(who)
    secret = links.invite(found.id, by=terminal.OPERATOR, seconds=settings.invitation_seconds)
    _tell({**_shown(found), "link": address(settings.base_url, secret)})


@user.command()
@click.argument("who")
@click.option("--second-factor", is_flag=True, help="Take the second factor away too: it is lost.")
def reset(who: str, second_factor: bool) -> None:
    """Show a link by which somebody (id or e-mail) sets a new password. Make sure that it is them who ask."""
    settings = terminal.opened()
    found = _the(who)
    secret = links.reset(found.id, by=terminal.OPERATOR, seconds=settings.reset_seconds)
    if second_factor:
        factor.remove(found, by=terminal.OPERATOR)
        sessions.end(found.id, by=terminal.OPERATOR)
    _tell({**_shown(users.the(found.id)), "link": address(settings.base_url, secret)})


@user.command()
@click.argument("who")
def disable(who: str) -> None:
    """Let somebody (id or e-mail) in no more, from now on."""
    terminal.opened()
    sessions.disable(_the(who).id, by=terminal.OPERATOR)


@user.command("sign-out")
@click.argument("who", required=False)
@click.option("--everybody", is_flag=True, help="All sessions of all people.")
def sign_out(who: str | None, everybody: bool) -> None:
    """End the sessions of somebody (id or e-mail) now; they may sign in again."""
    if (who is None) != everybody:
        raise click.UsageError("Name somebody, or give --everybody.")
    terminal.opened()
    for one in [_the(who)] if who is not None else list(users.User.select()):
        sessions.end(one.id, by=terminal.OPERATOR)


def address(base_url: str, secret: str) -> str:
    """The address that somebody opens to set a password."""
    return f"{base_url}/set-password?link={secret}"


def _the(who: str) -> users.User:
    found = users.find(who) or users.by_email(who)
    if found is None:
        raise NotFound("There is no such user.")
    return found


def _shown(one: users.User) -> dict[str, Any]:
    return {
        "id": one.id,
        "email": one.email,
        "name": one.name,
        "language": one.language,
        "password": one.password is not None,
        "second_factor": one.totp is not None,
        "created_at": one.created_at,
        "disabled_at": one.disabled_at,
    }


def _tell(said: dict[str, Any]) -> None:
    click.echo(json.dumps(said, ensure_ascii=False, indent=2))
