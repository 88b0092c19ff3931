"""`registry law-table`: what the checks on the law say of one register as the law turned, for the README."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import click

from registry.catalogue.load import read
from registry.catalogue.record import Record, assemble
from registry.checks.book import book
from registry.checks.rule import KINDS, SEVERITIES, Case, Outcome
from registry.law import Law, law

README = Path("README.md")
REGISTER = "osekk/opintori"
SOURCE = Path("fixtures/registers/osekk.yaml")
#: Notices of the old act, its end, the end of the Privacy Shield and of the older clauses; each with the day before.
DAYS = tuple(
    map(
        date.fromisoformat,
        ("2018-06-01", "2018-12-31", "2019-01-01", "2020-07-15", "2020-07-16", "2022-12-27", "2026-11-22"),
    )
)
BEGIN, END = "<!-- law-table: made by `python -m registry law-table` -->", "<!-- /law-table -->"


@click.command("law-table")
@click.option("--check", is_flag=True, help="Write nothing; fail when the table is not current.")
@click.option("--file", "path", type=click.Path(path_type=Path), default=README, show_default=True)
def law_table(check: bool, path: Path) -> None:
    """Write the table of the law turning into the README."""
    text = path.read_text("utf-8")
    current = replaced(text, markdown(register(SOURCE), DAYS, law()))
    if check and text != current:
        raise click.ClickException(f"The law table of {path} is not current: run `registry law-table`.")
    if not check:
        path.write_text(current, "utf-8")


def register(source: Path, name: str = REGISTER) -> Record:
    """A register of a file of declarations. Raises KeyError for one that is not in it."""
    bodies = {(item.kind, item.controller, item.key): item.body for item in read([source])}
    controller, _, key = name.partition("/")
    body = bodies["register", controller, key]
    systems = {name: bodies["system", controller, name] for name in body.get("systems", ())}
    return assemble(name, body, bodies["controller", controller, controller], systems)


def markdown(record: Record, days: Sequence[date], table: Law) -> str:
    """What every check on the law says of a record, day by day, as a table in Markdown."""
    lines = [
        "| | " + " | ".join(day.isoformat() for day in days) + " |",
        "|---|" + "---|" * len(days),
    ]
    for code, check in book().items():
        if code.startswith("LAW"):
            said = (_worst(check.say(Case(record, table, day)), check.rule.severity) for day in days)
            lines.append(f"| {code} {check.rule.title['en']} | " + " | ".join(said) + " |")
    return "\n".join(lines)


def replaced(text: str, table: str) -> str:
    """`text` with the table between its marks. Raises click.ClickException where the marks are not there."""
    before, mark, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise click.ClickException("The marks of the law table are not there.")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def _worst(outcomes: Iterable[Outcome], severity: str) -> str:
    def rank(one: Outcome) -> tuple[int, int]:
        return KINDS.index(one.kind), SEVERITIES.index(one.severity or severity)

    worst = min(outcomes, key=rank)
    return f"**{worst.severity or severity}**" if worst.kind == "fail" else worst.kind
