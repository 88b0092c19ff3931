"""`registry check`: the checks over registers, for a terminal and for CI."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from typing import Any

import click
import orjson

from registry import clock, errors, terminal
from registry.catalogue.read import parts
from registry.checks import waiving
from registry.checks.book import book
from registry.checks.past import shown
from registry.checks.rule import KINDS, SEVERITIES
from registry.checks.running import Scope, Tally, count, run
from registry.checks.stored import Examined
from registry.checks.then import end_of, look

#: From how many registers on a bar says how far it has come.
MANY = 20
MARKS = {"fail": "✗", "open": "?", "pass": "✓", "na": "–"}


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
@click.argument("registers", nargs=-1, metavar="[REGISTER]…")
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
) -> None:
    """Check registers, given as controller/key; all that there are where none is given.

    What is found is stored, as a difference to what was found before, and can be read at /v1/findings. With --as-of
    nothing is stored.
    """
    if changed and as_of is not None:
        raise click.UsageError("--changed is about what is stored, and --as-of stores nothing.")
    terminal.opened()
    scopes = [Scope(register=parts(name)) for name in registers] or [Scope()]
    tally = Tally()
    with _bar(scopes) as bar:
        say = _json_lines(tally) if as_json else lambda one: _show(one, tally, whole, language)
        for scope in scopes:
            if as_of is None:
                run(
                    scope, by=terminal.OPERATOR, changed_only=changed, into=tally, heard=say,
                    gone_by=bar.update if bar is not None else None,
                )  # fmt: skip
                continue
            tally.standing = waiving.standing(
                end_of(as_of), controllers=scope.controllers, register=scope.register
            )
            for one in look(scope, as_of):
                tally.add(one)
                say(one)
                if bar is not None:
                    bar.update(1)
    if as_json:
        _end_json(tally, as_of)
    else:
        click.echo(_sum(tally))
    worst = SEVERITIES[: SEVERITIES.index(fail_on) + 1] if fail_on else ()
    ctx.exit(1 if any(tally.severities[severity] for severity in worst) else 0)


def _bar(scopes: list[Scope]) -> AbstractContextManager[Any]:
    """A progress bar beside the output, where somebody watches and there is something to wait for."""
    length = sum(map(count, scopes))
    if length < MANY or not sys.stderr.isatty() or sys.stdout.isatty():
        return nullcontext()
    return click.progressbar(length=length, label="Checking", file=sys.stderr)


def _show(one: Examined, tally: Tally, whole: bool, language: str) -> None:
    told = [orjson.loads(shown(said, tally.waiver(one.controller, one.register, said))) for said in one.said]
    told.sort(key=lambda each: (KINDS.index(each["kind"]), SEVERITIES.index(each["severity"]), each["code"]))
    rows = [_row(each, language) for each in told if whole or each["kind"] in ("fail", "open")]
    click.secho(f"\n{one.controller}/{one.register}", bold=True)
    if rows:
        click.echo(terminal.table(("", "", "check", "line", "article", "what"), rows))
    else:
        click.echo("Nothing is wrong, and nothing open.")


def _row(told: dict[str, Any], language: str) -> tuple[object, ...]:
    said = told["message"][language]
    if told["closes"]:
        said += f" ({told['closes'][language]})"
    if told["invented"]:
        said += " [invented observation]" if language == "en" else " [keksitty havainto]"
    if told["remembered"]:
        said += " [law from memory]" if language == "en" else " [laki muistin varassa]"
    if told["waived"]:
        said += f" [waived until {told['waived']['until']}: {told['waived']['reason']}]"
    severity = told["severity"] if told["kind"] == "fail" else told["kind"]
    if told["waived"]:
        severity = "waived"
    article = book()[told["code"]].rule.law[0]
    return MARKS[told["kind"]], severity, told["code"], told["line"] or "", article, said


def _sum(tally: Tally) -> str:
    kinds = ", ".join(f"{tally.kinds[kind]} {kind}" for kind in KINDS)
    severities = ", ".join(f"{tally.severities[severity]} {severity}" for severity in SEVERITIES)
    waived = f", {sum(tally.waived.values())} waived" if any(tally.waived.values()) else ""
    same = f" {tally.unchanged} of them had not changed." if tally.unchanged else ""
    return f"\n{tally.registers} checked: {kinds}. Of what fails: {severities}{waived}.{same}"


def _json_lines(tally: Tally) -> Callable[[Examined], None]:
    """Prints one JSON object piece by piece, so that any number of registers takes little memory."""
    before = ['{"findings":[\n']

    def line(one: Examined) -> None:
        for said in one.said:
            click.echo(before.pop() if before else ",\n", nl=False)
            click.echo(shown(said, tally.waiver(one.controller, one.register, said)), nl=False)

    return line


def _end_json(tally: Tally, as_of: date | None) -> None:
    told = {
        "as_of": as_of.isoformat() if as_of else clock.day_of(clock.now()).isoformat(),
        **tally.told(),
        "unchanged": tally.unchanged,
    }
    opening = "" if tally.registers - tally.unchanged else '{"findings":['
    click.echo(opening + "\n]," + orjson.dumps(told).decode()[1:])
