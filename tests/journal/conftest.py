"""A journal that tells a story, for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry import journal
from tests.journal.story import SIZE, Documents, Hands, keep, tell


@pytest.fixture
def documents(monkeypatch: pytest.MonkeyPatch) -> Documents:
    """What the kind `thing` has stored."""
    stored: Documents = {}
    keep(stored, monkeypatch)
    return stored


@pytest.fixture
def told(opened: str, documents: Documents) -> Documents:
    """A bound database whose journal tells the story."""
    tell(documents)
    report = journal.verify()
    assert (report.ok, report.size, report.erased) == (True, SIZE, 1), report
    return documents


@pytest.fixture
def hands(opened: str) -> Iterator[Hands]:
    made = Hands(opened)
    yield made
    made.close()
