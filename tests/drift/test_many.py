"""A system that shows thousands of things beside a record that states dozens: what is told of it stays in bounds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from registry.checks.book import book
from registry.drift.beside import compared
from tests.checks.cases import case

PERIODS = 40
#: As many as an observation holds of each would be 400,000 findings, and a page of drift of hours.
RULE = {"object": "chat", "active": True, "after": "P9Y", "counted_from": "created", "action": "erase"}
MANY: dict[str, tuple[str, str, dict[str, Any]]] = {
    "too long": ("OBS302", "deletion_rules", {"rules": [{**RULE, "id": f"r{n}"} for n in range(1_000)]}),
    "unclear": (
        "OBS302",
        "deletion_rules",
        {"rules": [{**RULE, "id": f"r{n}", "after": None} for n in range(1_000)]},
    ),
    "off": (
        "OBS302",
        "deletion_rules",
        {"rules": [{**RULE, "id": f"r{n}", "active": False, "title": "x" * 200} for n in range(1_000)]},
    ),
    "too old": (
        "OBS302",
        "oldest_item",
        {"items": [{"object": f"o{n}", "oldest": "2001-01-01T00:00:00Z"} for n in range(1_000)]},
    ),
    "domains": (
        "OBS301",
        "accounts",
        {"accounts": [{"role": "agent", "domain": f"d{n}.example", "active": True} for n in range(1_000)]},
    ),
    "on a list": (
        "OBS305",
        "sub_processors",
        {"lists": [{"processor": "Pilvi Oy", "list_sha256": "0b" * 32,
                    "sub_processors": [{"name": f"Firma {n} Oy"} for n in range(1_000)]}]},
    ),
}  # fmt: skip
WRONG = {
    "too long": "fail",
    "unclear": "open",
    "off": "fail",
    "too old": "fail",
    "domains": "open",
    "on a list": "fail",
}


@pytest.mark.parametrize("name", MANY)
def test_h12_thousands_of_things_seen_are_told_in_bounds_and_never_as_all_right(name: str) -> None:
    code, kind, payload = MANY[name]
    record = {
        "retention": [{"duration": "P6M", "mode": "automatic"}] * PERIODS,
        "processors": [{"name": "Pilvi Oy", "sub_processor_list_hash": "0a" * 32}],
    }
    written = {"systems": {"chat": {"name": "Chat"}}, "record": record,
               "observations": [{"system": "chat", "kind": kind, "payload": payload}]}  # fmt: skip
    said = book()[code].say(case(written))
    assert {one.kind for one in said} >= {WRONG[name]} and "pass" not in {one.kind for one in said}
    assert len(said) <= PERIODS * 60 and len({one.key for one in said}) == len(said)
    assert max(len(text) for one in said for text in one.message.values()) < 4_000
    aspects = {one.aspect.code: one for one in compared(case(written), "esimerkki/chat")}
    assert aspects[code].verdict == {"fail": "differs", "open": "unknown"}[WRONG[name]]


@pytest.mark.parametrize(
    ("kind", "name", "one"), [("deletion_rules", "rules", "rule"), ("oldest_item", "items", "oldest")]
)
@pytest.mark.parametrize(("count", "more"), [(49, None), (50, None), (51, 1), (120, 70)])
def test_fifty_are_told_one_by_one_and_then_how_many_more(
    kind: str, name: str, one: str, count: int, more: int | None
) -> None:
    shown = MANY["too long" if one == "rule" else "too old"][2][name][:count]
    written = {"systems": {"chat": {"name": "Chat"}}, "record": {"retention": ["P6M"]},
               "observations": [{"system": "chat", "kind": kind, "payload": {name: shown}}]}  # fmt: skip
    said = {one.key: one for one in book()["OBS302"].say(case(written))}
    assert len(said) == min(count, 50) + (more is not None)
    rest = said.get(f"R1:esimerkki/chat:{one}s:more")
    assert (rest is None) == (more is None)
    if rest is not None:
        assert rest.kind == "fail" and f" {more} others in esimerkki/chat" in rest.message["en"]
        assert f"Samoin {more} muuta" in rest.message["fi"]


def test_each_finding_is_under_its_statement_and_under_no_other() -> None:
    """And those of no statement come last, once."""
    _, kind, payload = MANY["too long"]
    written = {"systems": {"chat": {"name": "Chat"}}, "record": {"retention": ["P6M", "P10Y"]},
               "observations": [{"system": "chat", "kind": kind, "payload": payload}]}  # fmt: skip
    (retention,) = (
        one for one in compared(case(written), "esimerkki/chat") if one.aspect.name == "retention"
    )
    first, second = retention.statements
    assert first.verdict == "differs" and len(first.findings) == 51
    assert second.verdict == "agrees" and second.findings == ()
    assert Counter(one.field for one in first.findings) == {"/retention/0": 51}
    assert "950" in first.findings[-1].message["en"]
