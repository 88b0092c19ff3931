"""`python -m tests.connectors.table`: writes the table of docs/connectors.md, of what sources say and turns try.

A cell names the checks that a kind of observation from a source, or pushed, is tried with, and says how often: it is
what test_turns.py and test_pushed.py found, and not what somebody believes. `seen` is a kind that the source sees and
nobody tries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from registry.checks.book import book as checks
from registry.connectors.book import book as sources
from registry.connectors.observed.kinds import KINDS
from tests.connectors import turns
from tests.connectors.pushed import PUSHES, Push

PUSH = "push"
PAGE = Path(__file__).parents[2] / "docs" / "connectors.md"
BEGIN, END = (
    "<!-- connectors-table: made by `python -m tests.connectors.table` -->",
    "<!-- /connectors-table -->",
)


def made() -> str:
    """The tables: source by kind of observation, then every change that is tried."""
    tried = {name: Counter((one.kind, one.code) for one in changes) for name, changes in _changes().items()}
    lines = [f"| | {' | '.join([*sources(), PUSH])} |", "|---" * (len(sources()) + 2) + "|"]
    for kind in KINDS:
        cells = [
            _cell(kind in (*one.source.sees, "could_not_look"), kind, tried.get(name, Counter()))
            for name, one in sources().items()
        ]
        lines.append(f"| `{kind}` | {' | '.join([*cells, _cell(True, kind, tried[PUSH])])} |")
    told = (
        "Source",
        "Observation",
        "Check",
        "What is changed, found, put back, and found to be so",
        "It finds",
        "Else",
    )
    lines += ["", f"| {' | '.join(told)} |", "|---" * len(told) + "|"]
    for name, changes in _changes().items():
        lines += [
            f"| {name} | `{turn.kind}` | {turn.code} | {turn.name} | {turn.found} | {turn.then} |"
            for turn in sorted(changes, key=lambda one: (one.code, one.kind))
        ]
    sees = {kind for one in sources().values() for kind in one.source.sees}
    unseen = [f"`{kind}`" for kind in KINDS if kind not in sees and kind != "could_not_look"]
    unfed = sorted(
        code
        for code, check in checks().items()
        if any(need.startswith("observation:") for need in check.rule.needs)
        and not any(
            name != PUSH and any(key[1] == code for key in counted) for name, counted in tried.items()
        )
    )
    if unseen:
        lines += [
            "",
            f"No source here sees {', '.join(unseen)}: push them (`POST /v1/observations`), or attest them.",
        ]
    if unfed:
        lines += ["", f"No source here feeds {', '.join(unfed)}."]
    return "\n".join(lines)


def _changes() -> dict[str, Sequence[turns.Turn | Push]]:
    """The changes that are tried, by the source that shows them; last those that are pushed."""
    by_source: dict[str, Sequence[turns.Turn | Push]] = {
        name: module.TURNS for name, module in sorted(turns.modules().items())
    }
    return {**by_source, PUSH: PUSHES}


def _cell(sees: bool, kind: str, tried: Counter[tuple[str, str]]) -> str:
    if not sees:
        return "–"
    told = sorted((code, count) for (of, code), count in tried.items() if of == kind)
    return ", ".join(f"{code} ({count})" for code, count in told) or "seen"


def within(text: str) -> str:
    """The text of the page with the table made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{made()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(within(PAGE.read_text("utf-8")), "utf-8")
