"""`registry webhooks`: sending from cron, where no worker runs; and who is told."""

from __future__ import annotations

import time

import click

from registry import clock, db, terminal
from registry.webhooks import outbox
from registry.webhooks.sending import Sender
from registry.webhooks.stored import ENDPOINTS, Endpoint, standing


@click.group(cls=terminal.Told)
def webhooks() -> None:
    """Being told of what changes."""


@webhooks.command()
@click.option(
    "--seconds", type=click.IntRange(1, 3600), default=50, show_default=True, help="Begin nothing after that."
)
def send(seconds: int) -> None:
    """Send what is waiting, and end when nothing is.

    For cron where `registry worker` does not run; beside one it does no harm.
    """
    settings, until = terminal.opened(), time.monotonic() + seconds
    try:
        sender = Sender(settings)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    try:
        while sender.tick() and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        sender.close()
    sender.tick()
    click.echo(f"{sender.told['delivered']} delivered, {sender.told['failed']} failed.")


@webhooks.command("list")
def list_() -> None:
    """Show the webhooks and how they stand."""
    terminal.opened()
    rows = []
    live = ENDPOINTS.stands & (Endpoint.state != "removed")
    for row in Endpoint.select().where(live).order_by(Endpoint.id):
        stands = standing(row.id) or {}
        state = row.state + (f" ({row.told['disabled_because']})" if row.state == "disabled" else "")
        rows.append(
            (row.id, row.controller, state, stands.get("pending"), stands.get("failures"), row.told["url"])
        )
    click.echo(terminal.table(["webhook", "controller", "state", "pending", "failures", "url"], rows))


@webhooks.command()
@click.argument("webhook", type=int)
@click.argument("sequence", type=int)
def retry(webhook: int, sequence: int) -> None:
    """Have a message sent once more: the webhook's number, and the message's."""
    terminal.opened()
    outbox.try_again(webhook, sequence, by=terminal.OPERATOR)
    click.echo(f"It is sent by the worker, or by `registry webhooks send`, from {clock.now()} on.")
    db.request_end()
