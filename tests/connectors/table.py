"""`python -m tests.connectors.table`: writes the table of docs/connectors.md, of what sources say and turns try.

A cell names the checks that a kind of observation from a source is tried with, and says how often: it is what
test_turns.py found, and not what somebody believes. `seen` is a kind that the source sees and no turn tries.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from registry.checks.book import book as checks
from registry.connectors.book import book as sources
from registry.connectors.observed.kinds import KINDS
from tests.connectors import turns

PAGE = Path(__file__).parents[2] / "docs" / "connectors.md"
BEGIN, END = (
    "<!-- connectors-table: made by `python -m tests.connectors.table` -->",
    "<!-- /connectors-table -->",
)


def made() -> str:
    """The tables: source by kind of observation, then every change that is tried."""
    seen = [kind for kind in KINDS if any(kind in one.source.sees for one in sources().values())]
    tried = {
        (kind, turn.kind): Counter(one.code for one in module.TURNS if one.kind == turn.kind)
        for kind, module in turns.modules().items()
        for turn in module.TURNS
    }
    lines = [f"| | {' | '.join(sources())} |", "|---" * (len(sources()) + 1) + "|"]
    for kind in seen:
        cells = [_cell(kind in one.source.sees, tried.get((name, kind))) for name, one in sources().items()]
        lines.append(f"| `{kind}` | {' | '.join(cells)} |")
    told = (
        "Source",
        "Observation",
        "Check",
        "What is changed, found, put back, and found to be so",
        "It finds",
        "Else",
    )
    lines += ["", f"| {' | '.join(told)} |", "|---" * len(told) + "|"]
    for name, module in sorted(turns.modules().items()):
        lines += [
            f"| {name} | `{turn.kind}` | {turn.code} | {turn.name} | {turn.found} | {turn.then} |"
            for turn in sorted(module.TURNS, key=lambda one: (one.code, one.kind))
        ]
    unfed = sorted(
        code
        for code, check in checks().items()
        if any(need.startswith("observation:") for need in check.rule.needs)
        and not any(turn.code == code for module in turns.modules().values() for turn in module.TURNS)
    )
    if unfed:
        lines += [
            "",
            f"No source here feeds {', '.join(unfed)}: they take what is pushed (`POST /v1/observations`).",
        ]
    return "\n".join(lines)


def _cell(sees: bool, codes: Counter[str] | None) -> str:
    if not sees:
        return "–"
    return ", ".join(f"{code} ({count})" for code, count in sorted(codes.items())) if codes else "seen"


def within(text: str) -> str:
    """The text of the page with the table made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{made()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(within(PAGE.read_text("utf-8")), "utf-8")
