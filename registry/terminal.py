"""What commands share: the database opened for them, problems as sentences, tables that fit the window."""

from __future__ import annotations

import shutil
import socket
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click
import peewee

from registry import db, errors, outbound
from registry.settings import Settings

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
    """The files named, and the YAML files of the folders named, in order."""
    return [file for path in paths for file in (sorted(path.glob("**/*.y*ml")) if path.is_dir() else [path])]


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows under headers, columns aligned; the last column wraps at the width of the window."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(header), *(len(row[n]) for row in cells), 0) for n, header in enumerate(headers[:-1])]
    indent = sum(widths) + 2 * len(widths)
    room = max(shutil.get_terminal_size((100, 24)).columns - indent, 30)
    lines = [_row(headers, widths), *("-" * (indent + min(room, len(headers[-1]) + 8)),)]
    for row in cells:
        first, *more = textwrap.wrap(row[-1], room) or [""]
        lines.append(_row([*row[:-1], first], widths))
        lines += [" " * indent + rest for rest in more]
    return "\n".join(line.rstrip() for line in lines)


def _row(cells: Sequence[object], widths: Sequence[int]) -> str:
    return "  ".join(
        [*(str(cell).ljust(width) for cell, width in zip(cells, widths, strict=False)), str(cells[-1])]
    )
