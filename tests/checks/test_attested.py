"""What somebody vouched for counts until its day, and from then on every check says that it is open, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from registry import clock
from registry.checks.book import book
from registry.checks.rule import settled
from registry.checks.runs.running import Scope, run
from registry.connectors.observations.stored import latest, record_observation
from registry.errors import Invalid
from tests.checks import cases
from tests.checks.conftest import BY, Declare, holding

RULES: dict[str, Any] = {
    "rules": [{"id": "1", "object": "letter", "active": True, "after": "P6M", "counted_from": "created",
               "action": "erase"}]
}  # fmt: skip


def vouched_for() -> Iterator[Any]:
    """Every case of a check that observations decide to be well, or wrong."""
    for path in cases.files():
        for written in cases.cases(path):
            expected = written["expect"] if isinstance(written["expect"], list) else [written["expect"]]
            if written.get("observations") and any(one["kind"] in ("pass", "fail") for one in expected):
                yield pytest.param(path.stem, written, id=f"{path.stem}: {written['name']}")


def said(code: str, written: dict[str, Any], days: int | None) -> list[tuple[str, str, str]]:
    """What a check says when all that was seen expires so many days from the day of the check."""
    day = cases.case(written).as_of
    told = [
        {
            **seen,
            "level": "attestation" if days is not None else "api",
            "expires_on": None if days is None else (day + timedelta(days=days)).isoformat(),
        }
        for seen in written["observations"]
    ]
    check = book()[code]
    outcomes = settled(check.rule, check.check(cases.case({**written, "observations": told})))
    return [(one.kind, one.key, one.message["en"]) for one in outcomes]


@pytest.mark.parametrize(("code", "written"), list(vouched_for()))
def test_what_has_lapsed_decides_nothing(code: str, written: dict[str, Any]) -> None:
    assert said(code, written, 1) == said(code, written, None), "it counts on the day before"
    without = said(code, {**written, "observations": []}, None)
    lapsed = said(code, written, 0)
    assert [one[:2] for one in lapsed if one[0] in ("pass", "fail")] == [
        one[:2] for one in without if one[0] in ("pass", "fail")
    ], "as if nobody had looked"


@pytest.mark.parametrize(
    "code", ["OBS301", "OBS302", "OBS303", "OBS304", "OBS305", "OBS306", "OBS307", "OBS308", "LAW208"]
)
def test_it_is_told_why_it_is_open(code: str) -> None:
    (path,) = (path for path in cases.files() if path.stem == code)
    written = next(
        one
        for one in cases.cases(path)
        if isinstance(one["expect"], dict) and one["expect"]["kind"] == "pass" and one.get("observations")
    )
    told = [message for kind, _, message in said(code, written, 0) if kind == "open"]
    day = cases.case(written).as_of
    assert any(f"{day.day}.{day.month}.{day.year}" in one or f"expired {day}" in one for one in told), told


def test_a_word_counts_until_its_day_and_its_document_is_kept(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: "2026-11-22T09:00:00.000000Z")
    declare("acme/news")
    place = Scope(register=("acme", "news"))
    given: dict[str, Any] = {
        "by": BY,
        "source_level": "attestation",
        "complete": True,
        "reference": "Letter 3/2026",
    }
    seen = record_observation(
        "acme/desk", "deletion_rules", RULES,
        taken_at="2026-11-01T00:00:00Z", raw_sha256="ab" * 32, expires_on="2027-01-15", **given,
    )  # fmt: skip
    assert (seen.reference, seen.raw_sha256, seen.expires_on) == ("Letter 3/2026", "ab" * 32, "2027-01-15")
    run(place, by=BY)
    assert {row.kind for key, row in holding("acme/news").items() if key[1] == "OBS302"} == {"pass"}
    taken_back = record_observation(
        "acme/desk",
        "deletion_rules",
        RULES,
        taken_at="2026-11-02T00:00:00Z",
        expires_on="2026-11-02",
        **given,
    )
    run(place, by=BY)
    (row,) = (row for key, row in holding("acme/news").items() if key[1] == "OBS302")
    assert row.kind == "open" and "expired 2026-11-02" in bytes(row.document).decode()
    assert latest(["acme/desk"])[0].id == taken_back.id


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"expires_on": "2026-12-31"}, "/reference", "required"),
        ({"reference": "Letter"}, "/expires_on", "required"),
        ({"reference": "Letter", "expires_on": "2026-10-31"}, "/expires_on", "impossible_time"),
        ({"reference": "Letter", "expires_on": "2028-11-02"}, "/expires_on", "impossible_time"),
        ({"reference": "Letter", "expires_on": "9999-12-31"}, "/expires_on", "impossible_time"),
    ],
)
def test_a_word_rests_on_a_document_and_ends(
    declare: Declare, given: dict[str, Any], field: str, code: str
) -> None:
    declare("acme/news")
    with pytest.raises(Invalid) as refused:
        record_observation(
            "acme/desk", "deletion_rules", RULES, by=BY, taken_at="2026-11-01T00:00:00Z",
            source_level="attestation", complete=True, **given,
        )  # fmt: skip
    assert (refused.value.field, refused.value.code) == (field, code)
    assert latest(["acme/desk"]) == []
    record_observation(
        "acme/desk", "deletion_rules", RULES, by=BY, taken_at="2026-11-01T00:00:00Z", source_level="attestation",
        complete=True, raw_sha256="ab" * 32, expires_on="2028-11-01",
    )  # fmt: skip
