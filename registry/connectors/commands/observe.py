"""`registry observe`: looking at systems now, from a terminal or from cron."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import click

from registry import terminal
from registry.connectors.commands.progress import progress
from registry.connectors.configured import connected
from registry.connectors.configured.connected import Connector
from registry.connectors.looking import running, storing
from registry.connectors.looking.expiring import expire
from registry.connectors.looking.faults import MEANS
from registry.connectors.looking.running import Ran
from registry.connectors.observed import reasons
from registry.connectors.seen import Seen
from registry.errors import NotFound
from registry.keys.commands import sealer

#: What is said of a look at what its source can never see all of.
IN_PART = ", as much as can be seen"


@click.command()
@click.argument("systems", nargs=-1, metavar="[SYSTEM]…")
@click.option("--due", is_flag=True, help="Only those whose time has come; for cron, where no worker runs.")
@click.option("--dry-run", is_flag=True, help="Look, and show what would be stored; nothing is.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def observe(ctx: click.Context, systems: tuple[str, ...], due: bool, dry_run: bool, as_json: bool) -> None:
    """Look at systems, and store what is seen.

    At systems, given as controller/key, or at all of a controller; at all that are enabled where none is
    given. Each is looked at by its connectors, side by side, and what was seen is stored as observations. On
    a terminal a line says meanwhile how far it has come. Exits with 1 when of one of them nothing could be seen.
    """
    settings = terminal.opened()
    ours = sealer(settings)
    rows = _chosen(systems, due)
    with progress(rows) as line:
        ran = running.run(
            rows,
            by=terminal.OPERATOR,
            sealer=ours,
            dry_run=dry_run,
            due_only=due,
            heard=lambda one: line.ended(one.connector) if line is not None else None,
            along=line.along if line is not None else None,
        )
    if not dry_run:
        expire(settings.staff_observation_days, by=terminal.OPERATOR)
    ran.sort(key=lambda one: (one.connector.controller, one.connector.system, one.connector.id))
    click.echo(
        json.dumps([_told(one, dry_run) for one in ran], indent=2) if as_json else _report(ran, dry_run)
    )
    ctx.exit(1 if any(one.told is not None and one.told["state"] == "failed" for one in ran) else 0)


def _chosen(systems: tuple[str, ...], due: bool) -> list[Connector]:
    """The connectors of these systems and controllers. Raises NotFound for a name without any."""
    rows = connected.due() if due else [row for row in connected.of_systems() if row.state == "enabled"]
    if not systems:
        return rows
    there = connected.of_systems()
    for name in systems:
        if not any(_is_of(row, name) for row in there):
            raise NotFound(
                f"Nothing looks at {name}: `registry connector list` shows what is looked at, and `registry connector "
                "add` has a system looked at."
            )
    return [row for row in rows if any(_is_of(row, name) for name in systems)]


def _is_of(row: Connector, name: str) -> bool:
    return name in (row.controller, f"{row.controller}/{row.system}")


def _report(ran: list[Ran], dry_run: bool) -> str:
    if not ran:
        return terminal.filled(
            "Nothing to look at: no connector is enabled, or none is due. `registry connector list` shows those there "
            "are, and `registry connector add` has a system looked at."
        )
    summed = f"{len(ran)} connectors" if len(ran) != 1 else "1 connector"
    states = [one.told["state"] if one.told is not None else "not run" for one in ran]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    stored = "Nothing was stored." if dry_run else ""
    return "\n".join(
        [*(line for one in ran for line in [*_lines(one), ""]), f"{summed}: {counts}. {stored}".rstrip()]
    )


def _lines(one: Ran) -> Iterable[str]:
    """A connector, what was seen kind by kind, then what went wrong and what to do about it."""
    row = one.connector
    yield click.style(f"{row.controller}/{row.system} ({row.kind} {row.id})", bold=True)
    if one.told is None:
        yield "  not run: somebody else is at it, or it was changed meanwhile"
        return
    told = [
        (seen["kind"], _said(seen, looked.seen))
        for seen, looked in zip(one.told["seen"], one.looked, strict=True)
    ]
    width = max((len(kind) for kind, _ in told), default=0)
    for kind, said in told:
        yield terminal.filled(said, f"  {kind:<{width}}  ", " " * (width + 4))
    for code, count in one.told["faults"].items():
        means = f" – {MEANS[code]}" if code in MEANS else ""
        told_of = terminal.filled(f"{code} ({count}){means}", "  ", "    ")
        yield told_of.replace(code, click.style(code, fg="yellow"), 1)


def _said(seen: Mapping[str, Any], looked: Seen) -> str:
    """What was seen of a kind, in a word or two, or why nothing was."""
    if seen["could_not_look"]:
        return f"could not look: {reasons.said(seen['could_not_look'])[1]}"
    said = (_rights if looked.kind == "credential" else _amount)(looked.payload)
    said += "" if seen["complete"] else IN_PART if seen["in_part"] else ", not all was seen"
    return said if seen["observation"] is None else f"{said} (observation {seen['observation']})"


def _rights(payload: Any) -> str:
    """What our credential may do, as a DPO has to know it."""
    if payload["more_than_reading"] is None:
        told = reasons.BECAUSE.get(payload.get("because", ""))
        why = ", ".join([*([told[1]] if told else []), *payload.get("may", [])[:3]])
        return "cannot be told to read only" + (f": {why}" if why else "")
    if not payload["more_than_reading"]:
        return "reads only"
    may = payload.get("may", [])
    more = f", and {len(may) - 3} more" if len(may) > 3 else ""
    needed = " (it takes that)" if payload.get("because") == "needed" else ""
    return f"may do more than read: {', '.join(may[:3])}{more}{needed}"


def _amount(payload: Any) -> str:
    """How much there is, in a word or two: what is listed is counted, a single thing is told."""
    for value in payload.values():
        if isinstance(value, list):
            total = sum(item.get("count") or 1 for item in value if isinstance(item, dict)) or len(value)
            groups = "one group" if len(value) == 1 else f"{len(value)} groups"
            return str(total) if total == len(value) else f"{total} in {groups}"
    return ", ".join(dict.fromkeys(str(value) for value in payload.values() if isinstance(value, str)))


def _told(one: Ran, dry_run: bool) -> dict[str, Any]:
    told = {
        "connector": one.connector.id,
        "system": f"{one.connector.controller}/{one.connector.system}",
        "kind": one.connector.kind,
        "run": one.told,
    }
    return told | ({"observations": [storing.shown(looked) for looked in one.looked]} if dry_run else {})
