"""`registry forecast`: what will start and stop to fail, for a terminal and for machines."""

from __future__ import annotations

import click
import orjson

from registry import terminal
from registry.checks.commands.check import over
from registry.checks.days.foreseen import Foreseen
from registry.checks.routes.forecast import forecast, line, window

MARKS = {"starts": "✗", "stops": "✓", "changes": "~", "opens": "?", "decides": "✓", "due": "!", "speaks": "✗"}


@click.command("forecast")
@click.argument("names", nargs=-1, required=True, metavar="REGISTER|CONTROLLER…")
@click.option("--months", type=click.IntRange(1, 60), default=12, show_default=True, help="How far ahead.")
@click.option(
    "--language", type=click.Choice(("fi", "en")), default="en", show_default=True, help="Of the findings."
)
@click.option("--json", "as_json", is_flag=True, help="For machines: one JSON object a line.")
def command(names: tuple[str, ...], months: int, language: str, as_json: bool) -> None:
    """Say what will start and stop to fail, and on which day.

    As far as is known now. Of registers, given as controller/key, or of all registers of controllers.
    """
    terminal.opened()
    for name in names:
        scope = over(name)
        first, last = window(str(scope.controller), months)
        number, changes = forecast(scope, first, last)
        if as_json:
            for one in changes:
                click.echo(line(one))
            continue
        click.secho(f"\n{name}: {number} checked, {first} to {last}", bold=True)
        rows = [_row(one, language) for one in changes]
        if rows:
            click.echo(terminal.table(("", "day", "", "register", "check", "because", "what"), rows))
        else:
            click.echo("Nothing will change that is known now.")


def _row(one: Foreseen, language: str) -> tuple[object, ...]:
    because = ", ".join(reason.what for reason in one.because)
    if one.turn is None:
        return MARKS[one.change], one.day, one.change, one.register, "", because, "A review comes due."
    said = one.turn.after or one.turn.before
    told = orjson.loads(said.document)["message"][language] if said else ""
    return MARKS[one.change], one.day, one.change, one.register, one.turn.code, because, told
