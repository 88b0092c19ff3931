"""docs/security.md names the test that shows each row: the names are of tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

from registry.settings import Settings

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


#: How many demands the sections of ASVS 5.0 have, all levels.
DEMANDS = {
    "6.1": 3, "6.2": 12, "6.3": 8, "6.4": 6, "6.5": 8, "6.6": 4, "6.7": 2, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 3, "7.6": 2,
    "8.1": 4, "8.2": 4, "8.3": 3, "8.4": 2,
    "9.1": 3, "9.2": 4,
    "10.1": 2, "10.2": 3, "10.3": 5, "10.4": 16, "10.5": 5, "10.6": 2, "10.7": 3,
}  # fmt: skip


def test_every_demand_of_the_chapters_has_its_row() -> None:
    wanted = [f"{section}.{number}" for section, most in DEMANDS.items() for number in range(1, most + 1)]
    chapters = PAGE[PAGE.index("## OWASP ASVS") :]
    assert re.findall(r"^\| (\d+\.\d+\.\d+) \|", chapters, re.MULTILINE) == wanted


#: The sections of RFC 9700 that demand something: best practices (2), and attacks with what is to be done (4).
RFC9700 = ["2.1", "2.1.1", "2.1.2", "2.2.1", "2.2.2", "2.3", "2.4", "2.5", "2.6"] + [
    f"4.{number}" for number in range(1, 18)
]


def test_every_section_of_rfc_9700_has_its_row() -> None:
    rows = re.findall(r"^\| ([\d., ]+) \|", PAGE[: PAGE.index("## OWASP ASVS")], re.MULTILINE)
    named = {section for row in rows for section in row.split(", ")}
    assert [one for one in RFC9700 if not any(f"{name}.".startswith(f"{one}.") for name in named)] == []


def test_every_setting_named_is_there() -> None:
    named = re.findall(r"`REGISTRY_(\w+)[`=]", PAGE)
    assert named
    assert [name for name in named if not hasattr(Settings(), name.lower())] == []
