"""docs/security.md names the test that shows each row: the names are of tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
TESTS = {
    name
    for file in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)
}


def test_what_is_named_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 50
    assert named - TESTS == set()


def test_each_row_says_what_became_of_it_and_done_is_shown() -> None:
    rows = [line for line in PAGE.splitlines() if re.match(r"\| [\d.]+[ ,]", line)]
    assert len(rows) > 50
    for row in rows:
        state = row.rstrip(" |").split(" | ")[-1]
        assert re.match(r"(done|n/a|open)\b", state), row
        assert not re.match(r"done(?!.*`test_)", state), f"no test is named: {row}"
