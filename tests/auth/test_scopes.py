"""The book of scopes: complete in three languages, and closed."""

from __future__ import annotations

import re

import pytest

from registry.auth import scopes
from registry.errors import Invalid


@pytest.mark.parametrize("name", scopes.SCOPES)
def test_a_scope_is_named_and_told_in_three_languages(name: str) -> None:
    assert re.fullmatch(r"[a-z]+:(read|write)", name)
    title = scopes.SCOPES[name].title
    assert set(title) == {"fi", "sv", "en"}
    assert len(set(title.values())) == 3
    assert all(text.strip() and text[0].isupper() for text in title.values())


def test_reading_is_never_marked_dangerous() -> None:
    assert [name for name, scope in scopes.SCOPES.items() if scope.dangerous and name.endswith(":read")] == []
    assert scopes.SCOPES["clients:write"].dangerous


def test_known_gives_each_once_in_the_order_of_the_book() -> None:
    asked = ["journal:read", "registers:read", "journal:read"]
    assert scopes.known(asked) == ("registers:read", "journal:read")
    assert scopes.joined(asked) == "registers:read journal:read"


@pytest.mark.parametrize(
    "name", ["registers:delete", "registers", "", "Registers:read", "journal:write", "*", " registers:read"]
)
def test_a_scope_that_is_not_in_the_book_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        scopes.known(["registers:read", name])
    assert caught.value.code == "unknown_scope"


def test_titles_are_not_given_twice() -> None:
    for language in ("fi", "sv", "en"):
        titles = [scope.title[language] for scope in scopes.SCOPES.values()]
        assert len(set(titles)) == len(titles)
