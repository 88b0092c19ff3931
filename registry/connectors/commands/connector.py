"""`registry connector`: having systems looked at, from the command line of the machine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from marshmallow import fields

from registry import terminal
from registry.connectors.book import Bound, book, source
from registry.connectors.configured import connecting
from registry.connectors.configured.connected import CONNECTORS, Connector, State, of_systems
from registry.connectors.looking import storing
from registry.connectors.observations.push import read_yaml
from registry.errors import Invalid, NotFound
from registry.keys.commands import sealer

#: A setting or a secret as it is typed.
PAIR = "NAME=VALUE"


@click.group(cls=terminal.Told)
def connector() -> None:
    """Which systems are looked at, and by which source."""


@connector.command()
@click.argument("kind", required=False)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def sources(kind: str | None, as_json: bool) -> None:
    """Say which sorts of system can be looked at; of one KIND, what it asks for and what it sees."""
    known = [source(kind)] if kind else list(book().values())
    if as_json:
        click.echo(json.dumps([one.document() for one in known], ensure_ascii=False, indent=2))
    elif kind:
        _tell(known[0])
    else:
        rows = [(one.kind, one.source.title["en"], ", ".join(one.source.sees)) for one in known]
        click.echo(terminal.table(["kind", "system", "sees"], rows))
        click.echo("\nregistry connector sources KIND says what one asks for.")


@connector.command()
@click.argument("system")
@click.argument("kind")
@click.option(
    "--set", "given", multiple=True, metavar=PAIR, help="A setting, as subdomain=acme. Again for more."
)
@click.option("--settings", "file", type=click.Path(path_type=Path), help="All settings, in YAML or JSON.")
@click.option(
    "--every-hours",
    type=click.IntRange(1, 8760),
    default=24,
    show_default=True,
    help="How often it is looked.",
)
@click.option("--by-hand", is_flag=True, help="Look only when somebody asks.")
def add(
    system: str, kind: str, given: tuple[str, ...], file: Path | None, every_hours: int, by_hand: bool
) -> None:
    """Have SYSTEM (controller/key, declared) looked at by the source KIND.

    A setting that is no text is written in JSON: --set 'categories=[{"object": "ticket", "category": "D1"}]'.
    """
    ours = terminal.opened()
    settings = _settings(source(kind), given, file, {})
    number = connecting.add_connector(
        system, kind, settings, every_hours=None if by_hand else every_hours, by=terminal.OPERATOR,
        sealer=sealer(ours),
    )  # fmt: skip
    _next(CONNECTORS.one(number))


@connector.command()
@click.argument("number", type=int)
@click.option(
    "--set", "given", multiple=True, metavar=PAIR, help="A setting; the others stay. Empty: without it."
)
@click.option(
    "--settings", "file", type=click.Path(path_type=Path), help="All settings anew, in YAML or JSON."
)
@click.option("--every-hours", type=click.IntRange(1, 8760), help="How often it is looked.")
@click.option("--by-hand", is_flag=True, help="Look only when somebody asks.")
@click.option("--pause/--resume", default=None, help="Look no more for now; look again.")
def change(
    number: int,
    given: tuple[str, ...],
    file: Path | None,
    every_hours: int | None,
    by_hand: bool,
    pause: bool | None,
) -> None:
    """Change connector NUMBER. Secrets are dropped where it is to reach another host."""
    terminal.opened()
    if by_hand and every_hours:
        raise click.UsageError("Give --every-hours or --by-hand.")
    told = _one(number).told
    state: State = told["state"] if pause is None else "paused" if pause else "enabled"
    connecting.change_connector(
        number, settings=_settings(source(told["kind"]), given, file, told["settings"]),
        every_hours=None if by_hand else every_hours or told["every_hours"], state=state, by=terminal.OPERATOR,
        expect=told["version"],
    )  # fmt: skip
    _next(CONNECTORS.one(number))


@connector.command()
@click.argument("number", type=int)
@click.argument("name")
@click.option(
    "--file",
    type=click.File(),
    help="A file with the secret; - for standard input. Else it is asked for, unseen.",
)
def secret(number: int, name: str, file: Any) -> None:
    """Give connector NUMBER its secret NAME. It is kept sealed, and shown to nobody."""
    ours = terminal.opened()
    row = _one(number)
    if name not in (names := source(row.kind).source.secrets):
        told = (
            f"The secrets of {row.kind} are {', '.join(names)}." if names else f"{row.kind} takes no secret."
        )
        raise Invalid(told, code="unknown_secret")
    value = file.read() if file else click.prompt(f"{name} of {row.kind} {number}", hide_input=True, err=True)
    if not (value := value.rstrip("\r\n")):
        raise Invalid("The secret is empty.", code="too_short")
    connecting.give_secrets(
        number, {name: value}, by=terminal.OPERATOR, expect=row.version, sealer=sealer(ours)
    )
    _next(CONNECTORS.one(number))


@connector.command("list")
@click.argument("names", nargs=-1, metavar="[CONTROLLER|SYSTEM]…")
@click.option("--json", "as_json", is_flag=True, help="For machines: one JSON object a line.")
def list_(names: tuple[str, ...], as_json: bool) -> None:
    """Show the connectors and how they stand."""
    terminal.opened()
    rows = [
        row
        for row in of_systems()
        if not names or {row.controller, f"{row.controller}/{row.system}"} & {*names}
    ]
    if as_json:
        for row in rows:
            click.echo(json.dumps({**row.told, **storing.standing(row)}, ensure_ascii=False))
    elif not rows:
        click.echo("Nothing is looked at: `registry connector add` has a system looked at.")
    else:
        click.echo(
            terminal.table(["no", "system", "by", "last look, and the next"], [_row(row) for row in rows])
        )


@connector.command()
@click.argument("number", type=int)
def remove(number: int) -> None:
    """Look no more by connector NUMBER. Its secrets are gone; what was seen stays."""
    terminal.opened()
    row = _one(number)
    connecting.remove_connector(number, by=terminal.OPERATOR, expect=row.version)
    click.echo(f"Connector {number} looks at {row.controller}/{row.system} no more.")


def _settings(
    known: Bound, given: Iterable[str], file: Path | None, before: Mapping[str, Any]
) -> dict[str, Any]:
    """What was given, over what a file says, else over what was set before. Raises Invalid, click.BadParameter."""
    told = dict(before)
    if file is not None:
        told = read_yaml(file)
        if not isinstance(told, dict):
            raise Invalid(f"{file}: settings are names with values.", code="wrong_type")
    form = known.source.settings().fields
    for pair in given:
        name, equals, text = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"{pair}: write {PAIR}.", param_hint="--set")
        if text == "":
            told.pop(name, None)
        else:
            told[name] = text if isinstance(form.get(name), fields.String) else _value(name, text)
    return told


def _value(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        if text[:1] in "[{":
            raise click.BadParameter(f"{name} begins as JSON does and is none.", param_hint="--set") from None
        return text


def _tell(known: Bound) -> None:
    told = known.document()
    click.secho(f"{known.kind}: {told['title']['en']}", bold=True)
    for title, rows in (
        ("settings", list(_asked(told["settings"]))),
        ("secrets", list(told["secrets"].items())),
    ):
        click.echo(f"\n{title}" if rows else f"\n{title}: none")
        if rows:
            click.echo(terminal.table(["name", "what it is"], rows))
    click.echo("\n" + terminal.filled(f"sees: {', '.join(_sight(told, kind) for kind in told['sees'])}"))


def _asked(settings: Sequence[Mapping[str, Any]], depth: int = 0) -> Iterable[tuple[str, str]]:
    for one in settings:
        words = f" One of {', '.join(one['one_of'])}." if "one_of" in one else ""
        many = " A list, of each:" if one["many"] and "has" in one else " A list." if one["many"] else ""
        needed = "Required. " if one["required"] else ""
        yield "  " * depth + one["name"], f"{needed}{one['description']}{words}{many}"
        yield from _asked(one.get("has", ()), depth + 1)


def _sight(told: Mapping[str, Any], kind: str) -> str:
    only = f"with the setting {told['only_with'][kind]}" if kind in told["only_with"] else ""
    part = "never all of it" if kind in told["in_part"] else ""
    return f"{kind} ({', '.join(filter(None, [only, part]))})" if only or part else kind


def _row(row: Connector) -> tuple[str, str, str, str]:
    stands = storing.standing(row)
    lacking = [one["name"] for one in row.told["secrets"] if not one["given_at"]]
    last, due = stands["last_run"], stands["due_at"]
    said = f"{last['state']} {_minute(last['began_at'])}" if last else "not looked yet"
    if last and last["state"] != "complete" and last["faults"]:
        said += f" ({', '.join(list(last['faults'])[:3])})"
    if lacking:
        said += f"; lacks {', '.join(lacking)}"
    if row.state == "paused":
        said += "; paused"
    elif not row.told["every_hours"]:
        said += "; by hand"
    elif due:
        said += f"; next {_minute(due)}"
    return str(row.id), f"{row.controller}/{row.system}", row.kind, said


def _minute(instant: str) -> str:
    return f"{instant[:10]} {instant[11:16]}Z"


def _next(row: Connector) -> None:
    """What stands now, and what to do next."""
    lacking = [one["name"] for one in row.told["secrets"] if not one["given_at"]]
    system = f"{row.controller}/{row.system}"
    lines = [
        f"Connector {row.id} looks at {system} by {row.kind}; it may reach {', '.join(row.told['hosts'])}."
    ]
    lines += [f"It lacks a secret: registry connector secret {row.id} {name}" for name in lacking]
    if row.state == "paused":
        lines.append(f"It is paused: registry connector change {row.id} --resume")
    elif not lacking:
        lines.append(f"Try it: registry observe {system} --dry-run")
    click.echo("\n".join(map(terminal.filled, lines)))


def _one(number: int) -> Connector:
    """A connector that stands. Raises NotFound, Gone."""
    try:
        row = CONNECTORS.one(number)
    except NotFound:
        raise NotFound(
            f"There is no connector {number}: `registry connector list` shows those there are."
        ) from None
    connecting.standing(row.state)
    return row
