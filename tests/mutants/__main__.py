"""make mutants: how many small changes of the code the tests notice, by room, module and kind of change.

Every mutant is tried, in forks of one process; expect an hour for all. `--only com003` tries what has that in its name.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from typing import Any

import click
import pytest

from registry import terminal
from tests.mutants.making import KINDS
from tests.mutants.rooms import ROOMS, Room
from tests.mutants.trying import Module, Trial, Tried


def tried(room: Room, only: str, *, quiet: bool) -> Trial:
    """The mutants of a room, tried."""
    names = _wanted(room, only)
    count = Counter[str]()

    def told(one: Tried) -> None:
        count[one.came] += 1
        if one.alive and not quiet:
            click.echo(f"{one.module.replace('.', '/')}.py:{one.mutant.name} ({one.came})", err=True)
        if sum(count.values()) % 200 == 0:
            click.echo(f"{room.name}: {sum(count.values())} tried, {dict(count)}", err=True)

    modules = [Module(name, declares=name.endswith(".routes")) for name in names]
    trial = Trial(modules, room.fresh, told, only if ":" in only else "")
    # The tests run in forks of this process: nothing of pytest is to write, capture or keep.
    left = [
        word
        for name in ("terminal", "cacheprovider", "faulthandler", "xdist")
        for word in ("-p", f"no:{name}")
    ]
    options = ["-o", "addopts=--import-mode=importlib --strict-markers", "--capture=no"]
    status = pytest.main([*room.tests, *options, *left], plugins=[trial])
    if status not in (0, 5) or trial.broken:
        sys.exit(f"{room.name}: pytest said {status}; broken by being put in place: {trial.broken}")
    return trial


def _wanted(room: Room, only: str) -> list[str]:
    return [name for name in room.modules if only.partition(":")[0] in name]


def told(name: str, some: list[Tried]) -> dict[str, Any]:
    """The score of some mutants, and of the comparisons among them."""
    compared = [one for one in some if one.mutant.kind == "comparison"]
    return {
        "of": name,
        "mutants": len(some),
        "killed": sum(not one.alive for one in some),
        "score": _share(some),
        "comparisons": len(compared),
        "comparisons killed": sum(not one.alive for one in compared),
    }


def _share(some: list[Tried]) -> float:
    return sum(not one.alive for one in some) / len(some) if some else 1.0


@click.command()
@click.option("--room", "rooms", multiple=True, help="Only this room: rules, law, retention.")
@click.option(
    "--only", default="", help="Only modules with this in their name, or MODULE:TEXT for single mutants."
)
@click.option("--quiet", is_flag=True, help="Do not list what survives.")
@click.option("--each", is_flag=True, help="A row for each module as well.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def main(rooms: tuple[str, ...], only: str, quiet: bool, each: bool, as_json: bool) -> None:
    """Try every mutant and say how many the tests notice. Exit status 1 where a score is below what is wanted."""
    os.environ["CI"] = "1"
    rows: list[dict[str, Any]] = []
    together: dict[str, list[Tried]] = {}
    for room in ROOMS:
        if (rooms and room.name not in rooms) or not _wanted(room, only):
            continue
        some = tried(room, only, quiet=quiet).tried
        together.setdefault(room.counted_with, []).extend(some)
        rows.append(told(room.name, some))
        by_module = {name: [one for one in some if one.module == name] for name in room.modules if each}
        by_kind = {kind: [one for one in some if one.mutant.kind == kind] for kind in KINDS}
        rows += [told(name, of_it) for name, of_it in by_module.items() if of_it]
        rows += [told(f"{room.name}: {kind}", of_it) for kind, of_it in by_kind.items() if of_it]
    rows += [told(f"together: {name}", some) for name, some in together.items()]
    if as_json:
        click.echo(json.dumps(rows))
    else:
        head = ("of", "mutants", "killed", "score", "comparisons killed")
        table = [
            (one["of"], str(one["mutants"]), str(one["killed"]), f"{one['score']:.1%}",
             f"{one['comparisons killed']} of {one['comparisons']}")
            for one in rows
        ]  # fmt: skip
        click.echo(terminal.table(head, table))
    wanted = {room.counted_with: room.wanted for room in ROOMS}
    sys.exit(any(_share(some) < wanted[name] for name, some in together.items()))


if __name__ == "__main__":
    main()
