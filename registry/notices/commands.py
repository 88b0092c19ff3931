"""`registry publish`, `registry withdraw` and `registry export`: what others read of the records."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import orjson

from registry import clock, errors, terminal
from registry.catalogue import store
from registry.catalogue.model import Written
from registry.catalogue.read import parts, record_at, records
from registry.catalogue.record import Record
from registry.notices import publish as publishing
from registry.notices import published
from registry.telling import spread
from registry.telling.render import render
from registry.telling.value import Standing
from registry.telling.words import languages, words

#: A spreadsheet takes a file for Windows-1252 unless it begins with this.
_BOM = "\ufeff"


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="REGISTER|CONTROLLER…")
@click.option("--json", "as_json", is_flag=True, help="For machines: one JSON object a line.")
def publish(names: tuple[str, ...], as_json: bool) -> None:
    """Publish notices, with the retention rules in them.

    As they apply now, of registers, given as controller/key, or of all registers of controllers. What stands
    so already stays as it is.
    A period that gets shorter waits until somebody else approves it.
    """
    settings, rows = terminal.opened(), []
    for controller, key in _registers(names):
        done, new = publishing.publish(controller, key, by=terminal.OPERATOR)
        text = published.text(done.id, done.language) or published.text(done.id, languages()[0]) or b"{}"
        gaps = sum(section["gaps"] for section in orjson.loads(text).get("sections", ()))
        url = f"{settings.base_url}/notices/{controller}/{key}"
        state = "published" if new else "same"
        if as_json:
            told = {"register": f"{controller}/{key}", "state": state, "version": done.version, "gaps": gaps}
            click.echo(orjson.dumps({**told, "revision": done.revision, "url": url}))
        rows.append((state, done.version, gaps, url))
    if not as_json:
        click.echo(terminal.table(("", "version", "gaps", "where"), rows))


@click.command()
@click.argument("register")
def withdraw(register: str) -> None:
    """Take the notice of a register back.

    REGISTER is controller/key. With the notice go its retention rules: nothing may be deleted by them from
    then on.
    """
    terminal.opened()
    publishing.withdraw(*parts(register), by=terminal.OPERATOR)
    click.echo(f"The notice of {register} is not public any more.")


@click.command()
@click.argument("names", nargs=-1, metavar="[REGISTER|CONTROLLER]…")
@click.option(
    "--language", type=click.Choice(languages()), default="fi", show_default=True, help="Of the labels."
)
@click.option(
    "--file", "path", type=click.Path(dir_okay=False, path_type=Path), help="Where to; else to the terminal."
)
def export(names: tuple[str, ...], language: str, path: Path | None) -> None:
    """Write records as CSV, for an authority (GDPR 30(4)).

    Or for a spreadsheet. A row for each register, as it applies now, published or not: given as
    controller/key, or all registers of
    controllers; of everybody where none is given. Names of people and their own mailboxes are left out.
    """
    terminal.opened()
    known, now = words(language), clock.now()
    rows: list[Sequence[str]] = [spread.header(known)]
    for record, written in _records(names):
        notice = render(record, Standing(written.version, written.effective_from, now), language)
        rows.append(spread.row(notice, known))
    text = spread.lines(rows)
    if path is None:
        sys.stdout.write(text)
        return
    try:
        path.write_text(_BOM + text, "utf-8", newline="")
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from None
    click.echo(f"{path}: {len(rows) - 1} registers.")


def _registers(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The registers that are meant. Raises NotFound for a controller that is not there or has none."""
    for name in names:
        if "/" in name:
            yield parts(name)
        else:
            yield from [(one.controller, one.key) for _, one in _of(name)]


def _records(names: Sequence[str]) -> Iterator[tuple[Record, Written]]:
    if not names:
        yield from records()
    for name in names:
        if "/" in name:
            yield record_at(*parts(name))
        else:
            yield from _of(name)


def _of(controller: str) -> list[tuple[Any, Written]]:
    if not store.exists("controller", controller, controller):
        raise errors.NotFound(f"There is no controller {controller}. A register is given as controller/key.")
    return list(records([controller]))
