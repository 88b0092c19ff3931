"""The table of docs/connectors.md is what the sources say and the turns try."""

from __future__ import annotations

import pytest

from registry.checks.book import book as checks
from registry.connectors.book import book as sources
from tests.connectors import table, turns


def test_the_table_of_the_documents_is_current() -> None:
    text = table.PAGE.read_text("utf-8")
    assert table.within(text) == text, "run python -m tests.connectors.table"


@pytest.mark.parametrize("kind", sources())
def test_every_source_has_its_section(kind: str) -> None:
    """With what it can see, what it cannot, and the least right that it needs."""
    text = table.PAGE.read_text("utf-8")
    _, found, rest = text.partition(f"\n## `{kind}`")
    assert found, f"write a section ## `{kind}` in docs/connectors.md"
    section = rest.partition("\n## ")[0]
    for word in ("**Needs**", "**Sees**", "**Cannot see**"):
        assert word in section, f"{kind}: {word}"
    for secret in sources()[kind].source.secrets:
        assert f"`{secret}`" in section, f"{kind}: the secret {secret}"


def test_turns_are_of_checks_that_look_at_such_observations() -> None:
    for module in turns.modules().values():
        for turn in module.TURNS:
            assert f"observation:{turn.kind}" in checks()[turn.code].rule.needs, turn.name
