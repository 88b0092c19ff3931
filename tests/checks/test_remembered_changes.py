"""LAW205 says that a change is only remembered where its very day is, and not where another day of the entry is."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import Any

import pytest

from registry.checks.book import book
from registry.law import law
from tests.checks import cases

CHANGES = [
    ("acts", "Tietosuojalaki 1050/2018", "in_force", "2018-12-31", "2019-01-01"),
    ("acts", "GDPR", "applies_from", "2018-05-24", "2018-05-25"),
    ("acts", "Henkilötietolaki 523/1999", "displaced_on", "2018-05-24", "2018-05-25"),
    ("acts", "Henkilötietolaki 523/1999", "repealed_on", "2018-12-31", "2019-01-01"),
    ("instruments", "scc_2021", "valid_from", "2021-06-26", "2021-06-27"),
    ("instruments", "scc_2010", "new_contracts_until", "2021-09-26", "2021-09-27"),
    ("instruments", "scc_2010", "ended_on", "2022-12-26", "2022-12-27"),
]


@pytest.mark.parametrize(("part", "key", "field", "updated", "as_of"), CHANGES)
def test_a_change_is_remembered_if_its_day_is(
    part: str, key: str, field: str, updated: str, as_of: str
) -> None:
    named: dict[str, Any] = (
        {"document": {"updated_on": updated, "cited_laws": [key]}}
        if part == "acts"
        else {"document": {"updated_on": updated}, "transfers": {"items": [{"instrument": key}]}}
    )
    case = cases.case({"as_of": as_of, "record": named})
    entries = getattr(law(), part)
    for days, expected in (((field,), (key,)), (("name", "number"), ())):
        entry = dataclasses.replace(entries[key], source="read", from_memory=days)
        table = dataclasses.replace(law(), **{part: MappingProxyType({**entries, key: entry})})
        (said,) = book()["LAW205"].say(dataclasses.replace(case, law=table))
        assert (said.kind, said.remembered) == ("fail", expected)
