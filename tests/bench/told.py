"""What was measured, told: as a table on a screen, and as the one in the README."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from registry import terminal

Row = Mapping[str, Any]
BEGIN, END = "<!-- costs: made by `python -m tests.bench --readme` -->", "<!-- /costs -->"


def plain(results: Sequence[Row]) -> str:
    """Every figure, a line for each path and number of callers."""
    head = (
        "path", "callers", "req/s", "p50 ms", "p99 ms", "cpu us", "beside req/s", "beside cpu us", "ratio", "cpu",
    )  # fmt: skip
    rows = [
        (
            one["path"], str(one["callers"]), f"{one['rate']:.0f}", f"{one['p50']:.2f}", f"{one['p99']:.2f}",
            f"{one['cpu']:.0f}", f"{one['beside_rate']:.0f}", f"{one['beside_cpu']:.0f}",
            f"{one['ratio']:.2f}" + (f" (aim {one['aim']})" if one["aim"] else ""), f"{one['cpu_ratio']:.2f}",
        )
        for one in results
    ]  # fmt: skip
    return terminal.table(head, rows) + "\n" + _short(results)


def markdown(results: Sequence[Row], registers: int, how: str) -> str:
    """A row for each path, a column for each number of callers, and what falls short of its aim."""
    crowds = sorted({one["callers"] for one in results})
    paths = {one["path"]: one["aim"] for one in results}
    found = {(one["path"], one["callers"]): one for one in results}
    head = ["Path", *(f"{crowd} caller{'s' * (crowd > 1)}" for crowd in crowds), "aim"]
    lines = [
        f"{how}, on {os.cpu_count()} cores that server and callers share, Python {platform.python_version()}:",
        f"granian with two workers, SQLite with {registers:,} registers, the token looked up anew for each.",
        "A cell is requests a second (p50, p99 in ms) and, bold, the **ratio** to a bare Flask view of the same bytes",
        "under the same server, or to what the row names: the median of the pairs. Only ratios outlast a machine.",
        "",
        f"| {' | '.join(head)} |",
        "|" + "---|" * len(head),
    ]
    for path, aim in paths.items():
        cells = (_cell(found.get((path, crowd))) for crowd in crowds)
        lines.append(f"| {path} | {' | '.join(cells)} | {aim or '–'} |")
    return "\n".join([*lines, "", _short(results)])


def _cell(one: Row | None) -> str:
    if one is None:
        return "–"
    return f"{one['rate']:,.0f} ({one['p50']:.2f}, {one['p99']:.1f}) **{one['ratio']:.2f}**"


def _short(results: Iterable[Row]) -> str:
    """What falls short of its aim in this run."""
    short = [
        f"{one['path']} with {one['callers']} callers ({one['ratio']:.2f} of {one['aim']})"
        for one in results
        if one["ratio"] < one["aim"]
    ]
    return f"Short of its aim in this run: {'; '.join(short)}." if short else "Every aim was met in this run."


def into(file: Path, table: str) -> None:
    """Put the table between the marks in a file. Raises ValueError where they are not there, once each."""
    text = file.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end) or BEGIN in after:
        raise ValueError(f"{file.name} has not the marks once each")
    file.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", "utf-8")
