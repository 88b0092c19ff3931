"""make bench, its second half: what the checks cost, over one register and over as many as there are.

Two things are measured. All rules over one record that they have not seen before, in processor time of one core: what
a rule costs. And whole runs over stored registers, each size in a process of its own, for its memory: what a run costs,
reading and storing included, when everything is new and when nothing has changed.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from registry import clock, db, terminal
from registry.catalogue.record import assemble
from registry.checks import phrases
from registry.checks.book import book, examine
from registry.checks.rule import Case
from registry.checks.runs.running import Scope, run
from registry.connectors.observed import kinds
from registry.connectors.observed.observation import Observation
from registry.law import law
from tests import generate
from tests.checks.cases import TODAY, registers

#: All rules over one record are to cost at most so many milliseconds of one core.
AIM = 2.0
CONTROLLER = {
    "name": "Org oy", "business_id": "2802921-9", "email": "tietosuoja@org.example",
    "address": {"street": "Katu 1", "postal_code": "00100", "city": "Helsinki", "country": "FI"},
}  # fmt: skip


def one_register(number: int, rounds: int = 10) -> list[dict[str, Any]]:
    """All rules over one register, milliseconds of the processor: new records each round, and no text is known."""
    makers = {
        f"generated ({number})": lambda: [_case(one) for one in generate.registers(number)],
        "of fixtures/registers": lambda: [Case(record, law(), TODAY) for record in registers()],
    }
    rows = []
    for name, make in makers.items():
        _each(make()[:100])  # what is compiled at first use is not what is measured
        spent = []
        for _ in range(rounds):
            made = make()
            phrases._kept.cache_clear()
            spent.append(_each(made))
        rows.append(_spread(name, spent))
    return rows


def by_rule(number: int) -> list[tuple[str, float]]:
    """The rules, dearest first, with microseconds for a register."""
    made = [_case(one) for one in generate.registers(number)]
    spent = {}
    for check in book().values():
        began = time.process_time()
        for case in made:
            check.say(case)
        spent[check.code] = (time.process_time() - began) / number * 1e6
    return sorted(spent.items(), key=lambda item: -item[1])


def runs(number: int) -> dict[str, Any]:
    """A run over so many registers that nobody has checked, and one after it, in a database that is made for it."""
    with tempfile.TemporaryDirectory() as scratch:
        database = f"sqlite:///{scratch}/registry.db"
        _child("fill", database, number)
        told = _child("run", database, number)
    assert told["first"]["registers"] == told["again"]["unchanged"] == number
    return told


def _fill(database: str, number: int) -> dict[str, Any]:
    db.open(database)
    db.migrate()
    return {"stored": generate.store_all(generate.registers(number))}


def _run(database: str, number: int) -> dict[str, Any]:
    db.open(database)
    told: dict[str, Any] = {}
    before = _memory()
    for name, changed in (("first", False), ("again", True)):
        wall, spent = time.monotonic(), time.process_time()
        done = run(Scope(), by="bench", changed_only=changed)
        spent, wall = time.process_time() - spent, time.monotonic() - wall
        told[name] = {
            "registers": done["registers"], "unchanged": done["unchanged"], "opened": done["opened"],
            "seconds": wall, "cpu": spent, "checks a second": number * len(book()) / wall,
            "cpu ms a register": spent / number * 1e3, "peak MB": _memory(),
        }  # fmt: skip
    return {**told, "MB before": before}


def _case(made: generate.Made) -> Case:
    """What the rules see of a generated register."""
    at = clock.timestamp(generate.SEEN)
    seen = tuple(
        Observation(
            id=number, system=f"{made.controller}/{system}", kind=kind, taken_at=at, recorded_at=at, source_level="api",
            collector="bench", complete=True, invented=True, payload=kinds.load(kind, payload),
        )
        for number, (system, kind, payload) in enumerate(made.seen, 1)
    )  # fmt: skip
    return Case(assemble(made.name, made.record, CONTROLLER, made.systems), law(), TODAY, seen)


def _each(cases: Iterable[Case]) -> list[float]:
    spent = []
    for case in cases:
        began = time.process_time()
        said = list(examine(case))
        spent.append((time.process_time() - began) * 1e3)
        assert len({check.code for check, _ in said}) == len(book()), "every rule said something"
    return spent


def _spread(name: str, rounds: list[list[float]]) -> dict[str, Any]:
    """Of each register its least is what it costs; what is above comes from whatever else the machine is doing."""
    spent = [one for some in rounds for one in some]
    return {
        "of": name, "rules": len(book()), "least ms": statistics.mean(map(min, zip(*rounds, strict=True))),
        "median ms": statistics.median(spent), "p99 ms": sorted(spent)[int(len(spent) * 0.99)],
    }  # fmt: skip


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _child(what: str, database: str, number: int) -> dict[str, Any]:
    words = [sys.executable, "-m", "tests.bench.checks", what, database, str(number)]
    told: dict[str, Any] = json.loads(
        subprocess.run(words, check=True, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]).stdout
    )
    return told


def _printed(one: list[dict[str, Any]], dearest: list[tuple[str, float]], many: list[dict[str, Any]]) -> None:
    head = ("all rules over one register", f"least ms (aim {AIM:g})", "median ms", "p99 ms")
    rows = [(row["of"], *(f"{row[name.partition(' (')[0]]:.2f}" for name in head[1:])) for row in one]
    click.echo(terminal.table(head, rows))
    click.echo("dearest: " + ", ".join(f"{code} {spent:.0f} us" for code, spent in dearest[:5]) + "\n")
    head = ("registers", "run", "seconds", "checks/s", "cpu s", "cpu ms each", "peak MB")
    rows = [
        (
            str(told[name]["registers"]), name, f"{told[name]['seconds']:.1f}", f"{told[name]['checks a second']:.0f}",
            f"{told[name]['cpu']:.1f}", f"{told[name]['cpu ms a register']:.2f}", f"{told[name]['peak MB']:.0f}",
        )
        for told in many
        for name in ("first", "again")
    ]  # fmt: skip
    click.echo(terminal.table(head, rows))
    if len(many) > 1:
        least, most = many[0]["first"], many[-1]["first"]
        times = most["registers"] / least["registers"]
        click.echo(
            f"{times:g} times the registers took {most['cpu'] / least['cpu']:.1f} times the processor "
            f"and {most['peak MB'] / least['peak MB']:.2f} times the memory"
        )


@click.command()
@click.option("--registers", "sizes", default="1000,10000", show_default=True, help="Sizes of the runs.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.argument("child", nargs=-1)
def main(sizes: str, as_json: bool, child: tuple[str, ...]) -> None:
    """Measure the checks. CHILD is said by this program to itself."""
    if child:
        what, database, number = child
        click.echo(json.dumps((_fill if what == "fill" else _run)(database, int(number))))
        return
    one, dearest = one_register(300), by_rule(300)
    many = [runs(int(size)) for size in sizes.split(",") if size]
    if as_json:
        click.echo(json.dumps({"one register": one, "by rule us": dict(dearest), "runs": many}))
    else:
        _printed(one, dearest, many)


if __name__ == "__main__":
    main()
