"""What commands share: the database opened for them, problems as sentences, tables that fit the window."""

from __future__ import annotations

import re
import shutil
import socket
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import peewee

from registry import db, errors, outbound
from registry.settings import Settings, apply

#: Who writes where no client does: whoever may run commands on the machine.
OPERATOR = "operator"


class Told(click.Group):
    """A group whose commands say what went wrong in sentences, where a programmer would want a trace."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except errors.Problem as problem:
            raise click.ClickException(sentence(problem)) from None
        except peewee.PeeweeException as error:
            meant = db.failure(error)
            if meant is None:
                raise
            said = f"{sentence(meant)}\n  {str(error).strip().splitlines()[0]}"
            raise click.ClickException(f"{said}\n  REGISTRY_DATABASE says which database.") from None


def sentence(problem: errors.Problem) -> str:
    """A problem as lines for a terminal: what is wrong, and each place with its reason."""
    places = [
        f"  {one.get('field', '')}: {one.get('message', '')} [{one.get('code', '')}]"
        for one in problem.errors
    ]
    return "\n".join([problem.detail or problem.title, *places])


def opened() -> Settings:
    """The settings, with their database bound and up to date for the rest of the command.

    Raises click.ClickException when the settings cannot be read or the database needs `registry migrate`.
    """
    try:
        settings = Settings.from_env()
        outbound.permit(settings)
        apply(settings)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    if db.database.obj is None:
        bind(settings)
        click.get_current_context().call_on_close(db.close)
    try:
        waiting = db.pending()
    except RuntimeError as error:  # of a newer program
        raise click.ClickException(str(error)) from None
    except peewee.DatabaseError as error:
        if "not a database" in str(error):
            raise click.ClickException("REGISTRY_DATABASE names a file that is no SQLite database.") from None
        raise
    if len(waiting) == db.migrations():
        raise click.ClickException("The database is empty: run `registry migrate` first.")
    if waiting:
        raise click.ClickException(f"The database lacks {', '.join(waiting)}: run `registry migrate` first.")
    return settings


def bind(settings: Settings) -> None:
    """Bind the settings' database. Raises click.ClickException where it cannot be one."""
    try:
        db.open(settings.database)
    except (ValueError, RuntimeError, OSError, peewee.ProgrammingError) as error:
        raise click.ClickException(f"REGISTRY_DATABASE: {error}") from None


def port_is_free(host: str, port: int, instead: str) -> None:
    """Raises click.ClickException when somebody listens on the port: granian would share it with them, unasked."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            said = f"Port {port} of {host} cannot be had ({error.strerror}); choose another: {instead}"
            raise click.ClickException(said) from None


def yaml_files(paths: Iterable[Path]) -> list[Path]:
    """The files named, and the YAML files of the folders named, in order; of what begins with a dot, none."""
    return [file for path in paths for file in (_within(path) if path.is_dir() else [path])]


def _within(folder: Path) -> list[Path]:
    files = (file for file in folder.rglob("*") if file.suffix in (".yaml", ".yml") and file.is_file())
    # .github and the like are of other programs
    return sorted(
        file for file in files if not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )


def columns() -> int:
    """How many columns a line of the terminal has: 60 at least, and 100 where nobody says."""
    return max(60, shutil.get_terminal_size((100, 24)).columns)


def filled(text: str, first: str = "", below: str = "  ") -> str:
    """A text in lines of the terminal's width, the first after `first`, the others after `below`; words stay whole."""
    return textwrap.fill(
        _shown(text), columns(), initial_indent=first, subsequent_indent=below, break_on_hyphens=False
    )


#: Below so many columns, what the last one says goes under its row.
NARROW = 36
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows under headers, columns aligned; the last column wraps at the width of the window.

    In a narrow window the last column of each row goes below the others. Cells may be styled.
    """
    cells = [[_shown(str(cell)) for cell in row] for row in rows]
    widths = [
        max(_long(header), *(_long(row[n]) for row in cells), 0) for n, header in enumerate(headers[:-1])
    ]
    indent, columns = sum(widths) + 2 * len(widths), shutil.get_terminal_size((100, 24)).columns
    longest = max((_long(row[-1]) for row in cells), default=0)
    if columns - indent < min(NARROW, longest):
        return "\n".join(_below(headers, cells, widths, columns))
    room = max(columns - indent, len(headers[-1]))
    lines = [_row(headers, widths), *("-" * (indent + min(room, len(headers[-1]) + 8)),)]
    for row in cells:
        first, *more = textwrap.wrap(row[-1], room) or [""]
        lines.append(_row([*row[:-1], first], widths))
        lines += [" " * indent + rest for rest in more]
    return "\n".join(line.rstrip() for line in lines)


def _below(
    headers: Sequence[str], cells: Sequence[Sequence[str]], widths: Sequence[int], columns: int
) -> Iterator[str]:
    """The lines of a table in a narrow window."""
    yield _row([*headers[:-1], ""], widths).rstrip()
    yield "-" * min(sum(widths) + 2 * (len(widths) - 1), columns)
    for row in cells:
        yield _row([*row[:-1], ""], widths).rstrip()
        yield textwrap.fill(row[-1], max(columns, 40), initial_indent="    ", subsequent_indent="    ")


def _shown(text: str) -> str:
    """What a terminal would obey instead of showing it (escapes, marks that turn the direction) as �; colours stay."""
    return "".join(
        part
        if place % 2
        else "".join(one if one.isprintable() or one.isspace() else "\ufffd" for one in part)
        for place, part in enumerate(_COLOUR.split(text))
    )


def _row(cells: Sequence[object], widths: Sequence[int]) -> str:
    padded = (str(cell) + " " * (width - _long(cell)) for cell, width in zip(cells, widths, strict=False))
    return "  ".join([*padded, str(cells[-1])])


def _long(cell: object) -> int:
    """How many columns a cell takes."""
    return len(click.unstyle(str(cell)))


SEVERITY_COLOURS = {"error": "red", "warning": "yellow"}


def severity(name: str) -> str:
    """A severity in its colour."""
    return click.style(name, fg=SEVERITY_COLOURS[name]) if name in SEVERITY_COLOURS else name
