"""The command line: one function a command, its docstring the help."""

from __future__ import annotations

import dataclasses
import importlib
import logging
import re
import tempfile
from pathlib import Path

import click

from registry import __version__, db, terminal
from registry.auth.clients.commands import client, role
from registry.auth.login import login, logout, whoami
from registry.auth.providers.commands import provider
from registry.auth.roles import giving
from registry.catalogue.commands import load
from registry.checks.commands.check import check
from registry.checks.commands.forecast import command as forecast
from registry.checks.commands.manual import checks_docs
from registry.checks.commands.turning import law_table
from registry.connectors.commands.connector import connector
from registry.connectors.commands.observations import observations
from registry.connectors.commands.observe import observe
from registry.drift.commands import command as drift
from registry.journal.commands import verify
from registry.keys import held
from registry.keys.commands import keys, sealer
from registry.notices.commands import export, publish, withdraw
from registry.people.commands import user
from registry.settings import Settings
from registry.webhooks.commands import webhooks

CONTRACT = Path("openapi/registry.json")


@click.group(cls=terminal.Told, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Records of processing activities: what is declared, what is observed, and whether the two agree."""
    if ctx.invoked_subcommand in (
        "migrate",
        "verify",
        "keys",
    ):  # they need every room's models, witnesses, secrets
        importlib.import_module("registry.app")
        importlib.import_module("registry.worker")


for _command in (
    load, connector, observations, observe,
    check, forecast, checks_docs, law_table, verify, client, role, user, provider, keys,
    webhooks, login, logout, whoami,
    drift, publish, withdraw, export,
):  # fmt: skip
    main.add_command(_command)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port, instead of REGISTRY_PORT.")
def serve(host: str, port: int | None) -> None:
    """Serve the API and the notices."""
    from registry.serve import serve as run

    settings = terminal.opened()
    db.close()  # each worker opens its own
    settings = dataclasses.replace(settings, port=port) if port else settings
    terminal.port_is_free(host, settings.port, "registry serve --port 8123")
    run(settings, host=host)


@main.command()
@click.option("--once", is_flag=True, help="Do what is due now, and end: for cron.")
def worker(once: bool) -> None:
    """Send webhooks, look at systems, check every night.

    One process beside the servers; SIGTERM ends it. A second does no harm, and one that is killed loses nothing.
    """
    import registry.app  # noqa: F401 -- every room is there: who keeps secrets, who witnesses the journal
    from registry import worker as beside

    settings = terminal.opened()
    logging.basicConfig(level=settings.log_level, format="%(levelname)s %(name)s %(message)s")
    if missing := held.missing(sealer(settings)):
        raise click.ClickException(
            f"Sealing keys are missing: {', '.join(missing)} (REGISTRY_SECRET_KEY_FILE)"
        )
    (beside.once if once else beside.run)(settings)


@main.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to serve on."
)
def demo(port: int) -> None:
    """Serve five real registers, with tokens to try."""
    from registry.demo import run

    run(port)


@main.command()
@click.option("--check", is_flag=True, help="Write nothing; fail when the file is not current.")
@click.option("--file", "path", type=click.Path(path_type=Path), default=CONTRACT, show_default=True)
def openapi(check: bool, path: Path) -> None:
    """Write the OpenAPI document."""
    from registry.api.docs import contract
    from registry.app import create_app

    text = contract(create_app(_settings()))
    if check:
        if not path.is_file() or path.read_text("utf-8") != text:
            raise click.ClickException(
                f"{path} is not current: run `make openapi` and review the difference."
            )
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@main.command()
@click.option("--check", is_flag=True, help="Change nothing; fail when models and migrations differ.")
@click.option(
    "--new", "name", metavar="NAME", help="Draft the next migration from what the models have more."
)
def migrate(check: bool, name: str | None) -> None:
    """Bring the database up to date."""
    if check and name:
        raise click.UsageError("Give --check or --new.")
    if not check and not name:
        terminal.bind(_settings())
        done = db.migrate()
        if written := giving.write_down():
            done.append(f"Written into the journal: {written} roles that a migration gave.")
        db.close()
        click.echo("\n".join(done) or "Nothing to do.")
        return
    with tempfile.TemporaryDirectory() as scratch:
        db.open(f"sqlite:///{scratch}/check.db")
        db.migrate()
        differences = db.drift() if check else []
        drafted = db.generate(name) if name else None
        db.close()
    if differences:
        raise click.ClickException("Models and migrations differ:\n" + "\n".join(differences))
    if name:
        told = f"{drafted} is a draft: read it, and add checks and renames." if drafted else "Nothing to do."
        click.echo(told)


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Copy a SQLite database into a new file.

    The copy is consistent, also while the database is in use. Nothing is written over. Keep it as safe as the
    database itself.
    """
    terminal.opened()
    if db.engine()["engine"] != "sqlite":
        raise click.ClickException("This is PostgreSQL: use pg_dump, or continuous archiving.")
    try:
        size = db.backup(file)
    except FileExistsError:
        raise click.ClickException(f"{file} is there already; nothing is written over.") from None
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}.") from None
    click.echo(f"{file}: {size} bytes. To verify it: REGISTRY_DATABASE=sqlite:///{file} registry verify")


@main.command()
def settings() -> None:
    """List the settings, what they are now, what they mean.

    They are environment variables. Of keys and of the database's password only whether they are set is shown.
    """
    given = _settings()
    rows = []
    for one in dataclasses.fields(Settings):
        name, value = f"REGISTRY_{one.name.upper()}", getattr(given, one.name)
        shown = _PASSWORD.sub("\\1…", _SECRET.sub("\\1…@", str(value)))
        if one.name.endswith("_key"):
            shown = "…" if value else ""
        mark = "" if value == one.default else "*"
        rows.append((mark, name, shown or "–", one.metadata["meaning"]))
    click.echo(terminal.table(("", "setting", "now", "meaning"), rows))
    click.echo("\n* set from outside; the rest is as by default")


#: The password of an address of a database.
_SECRET = re.compile(r"(://[^/@:]*:).*@")
_PASSWORD = re.compile(r"(password=)[^&]*")


def _settings() -> Settings:
    try:
        return Settings.from_env()
    except ValueError as error:
        raise click.UsageError(str(error)) from None
