"""`registry check`: the checks over registers, for a terminal and for CI."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from typing import Any

import click

from registry import clock, errors, terminal
from registry.catalogue import store
from registry.catalogue.read import parts
from registry.checks.commands.printing import Json, Sarif, Table
from registry.checks.days.then import end_of, look
from registry.checks.findings import waiving
from registry.checks.rule import SEVERITIES
from registry.checks.runs.running import Scope, Tally, count, run

#: From how many registers on a bar says how far it has come.
MANY = 20


class Day(click.ParamType[date]):
    """A day, YYYY-MM-DD."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day; fails with a sentence for anything else."""
        try:
            return clock.day(str(value))
        except errors.Invalid as problem:
            self.fail(problem.detail, param, ctx)


@click.command()
@click.argument("registers", nargs=-1, metavar="[REGISTER|CONTROLLER]…")
@click.option(
    "--as-of", type=Day(), metavar="DAY", help="By law, record and observations of that day; stores nothing."
)
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    help="Exit with 1 when something this bad, or worse, is found.",
)
@click.option(
    "--changed",
    is_flag=True,
    help="Only where something has changed since the last time; a run that was killed goes on where it was.",
)
@click.option("--all", "whole", is_flag=True, help="Show also what passes and what does not apply.")
@click.option(
    "--language", type=click.Choice(("fi", "en")), default="en", show_default=True, help="Of the findings."
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.option("--sarif", "as_sarif", is_flag=True, help="For CI and viewers: SARIF 2.1.0.")
@click.pass_context
def check(
    ctx: click.Context,
    registers: tuple[str, ...],
    as_of: date | None,
    fail_on: str | None,
    changed: bool,
    whole: bool,
    language: str,
    as_json: bool,
    as_sarif: bool,
) -> None:
    """Check registers, and store what is found.

    Of registers, given as controller/key, or of all registers of controllers; of all that there are where
    none is given.

    It is stored as a difference to what was found before, and can be read at /v1/findings. With --as-of
    nothing is stored.
    """
    if changed and as_of is not None:
        raise click.UsageError("--changed is about what is stored, and --as-of stores nothing.")
    if as_json and as_sarif:
        raise click.UsageError("--json or --sarif, not both.")
    terminal.opened()
    scopes = [over(name) for name in registers] or [Scope()]
    tally = Tally()
    kind = Sarif if as_sarif else Json if as_json else Table
    printer = kind(tally=tally, as_of=as_of, whole=whole, language=language)
    with _bar(scopes) as bar:
        for scope in scopes:
            if as_of is None:
                run(
                    scope, by=terminal.OPERATOR, changed_only=changed, into=tally, heard=printer.say,
                    gone_by=bar.update if bar is not None else None,
                )  # fmt: skip
                continue
            tally.standing = waiving.standing(
                end_of(as_of), controllers=scope.controllers, register=scope.register
            )
            for one in look(scope, as_of):
                tally.add(one)
                printer.say(one)
                if bar is not None:
                    bar.update(1)
    printer.end()
    worst = SEVERITIES[: SEVERITIES.index(fail_on) + 1] if fail_on else ()
    ctx.exit(1 if any(tally.severities[severity] for severity in worst) else 0)


def over(name: str) -> Scope:
    """What a name on the command line is over: a register (controller/key), or all registers of a controller.

    Raises NotFound for a controller that is not there; of a register the checks say so.
    """
    if "/" in name:
        return Scope(register=parts(name))
    if not store.exists("controller", name, name):
        raise errors.NotFound(f"There is no controller {name}. A register is given as controller/key.")
    return Scope(controllers=frozenset({name}))


def _bar(scopes: list[Scope]) -> AbstractContextManager[Any]:
    """A progress bar beside the output, where somebody watches and there is something to wait for."""
    length = sum(map(count, scopes))
    if length < MANY or not sys.stderr.isatty() or sys.stdout.isatty():
        return nullcontext()
    return click.progressbar(length=length, label="Checking", file=sys.stderr)
