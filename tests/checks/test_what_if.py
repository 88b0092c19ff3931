"""/v1/what-if: which registers an assumption breaks, and nothing stored; and the law table under assumptions."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from flask import Flask

from registry import clock, db, journal
from registry.checks.days.assumed import assumed
from registry.checks.findings.stored import StoredFinding
from registry.checks.routes import what_if
from registry.errors import Invalid
from registry.law import law
from registry.law.soundness import faults
from tests import engines, generate
from tests.checks.conftest import NEWS, Declare
from tests.connectors.asking import Caller, make

DPF = {"instrument": "dpf_eu_us", "ended_on": "2026-12-01"}
SHIELD = {"instrument": "privacy_shield_eu_us", "ended_on": "2026-12-01"}
ZENDESK = {"vendor": "zendesk", "seat": "US"}


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: "2026-11-22T09:00:00.000000Z")


def rests(*instruments: str, **other: Any) -> dict[str, Any]:
    """A record whose transfer to one importer rests on these."""
    items = [{"importer": "Zendesk Inc", "country": "US", "instrument": one} for one in instruments]
    return {**NEWS, "transfers": {"items": items}, **other}


@pytest.fixture
def app(declare: Declare, opened: str) -> Flask:
    declare("acme/dpf", rests("dpf_eu_us"))
    declare("acme/shield", rests("privacy_shield_eu_us"))
    declare("acme/clauses", rests("scc_2021"))
    declare("acme/both", rests("dpf_eu_us", "scc_2021"))
    declare("acme/old-and-new", rests("dpf_eu_us", "privacy_shield_eu_us"))
    declare("acme/act", {**NEWS, "document": {"cited_laws": ["Tietosuojalaki (1050/2018)"]}})
    declare("club/dpf", rests("dpf_eu_us"))
    return make(opened, what_if.blueprint)


@pytest.fixture
def acme(app: Flask) -> Caller:
    return Caller(app, "findings:read", of=("acme",))


def ask(caller: Caller, status: int = 200, **question: Any) -> dict[str, Any]:
    got = caller.post("/v1/what-if", question)
    assert got.status_code == status, got.data
    return dict(got.json)


def breaking(answer: dict[str, Any]) -> set[str]:
    return {one["register"] for one in answer["items"] if one["breaks"]}


def test_the_registers_that_rest_on_the_dpf_break_when_it_ends(acme: Caller) -> None:
    answer = ask(acme, assume=[DPF])
    assert what_if.WhatIfAnswerSchema().validate(answer) == {}
    assert breaking(answer) == {"acme/dpf", "acme/both", "acme/old-and-new"}
    assert (answer["as_of"], answer["registers"], answer["breaking"]) == ("2026-12-01", 6, 3)
    assert (answer["controllers"], answer["assume"]) == (["acme"], [DPF])
    said = {one["register"]: {turn["code"]: turn for turn in one["turns"]} for one in answer["items"]}
    alone, both, worse = (said[f"acme/{key}"]["LAW203"] for key in ("dpf", "both", "old-and-new"))
    assert (alone["change"], alone["before"]["kind"], alone["after"]["severity"]) == (
        "starts",
        "pass",
        "error",
    )
    assert "1.12.2026" in alone["after"]["message"]["fi"]
    assert both["after"]["severity"] == "warning", "another ground holds"
    assert (worse["change"], worse["before"]["severity"], worse["after"]["severity"]) == (
        "changes",
        "warning",
        "error",
    )
    assert not StoredFinding.select().exists()
    assert law().instruments["dpf_eu_us"].ended_on is None


def test_of_one_controller_of_one_register_and_of_all(app: Flask, acme: Caller) -> None:
    everyone = Caller(app, "findings:read")
    assert breaking(ask(everyone, assume=[DPF])) == {"acme/dpf", "acme/both", "acme/old-and-new", "club/dpf"}
    assert breaking(ask(everyone, assume=[DPF], controller="club")) == {"club/dpf"}
    one = ask(acme, assume=[DPF], register="acme/shield")
    assert (one["items"], one["registers"], one["breaking"]) == ([], 1, 0)
    for theirs in ({"controller": "club"}, {"register": "club/dpf"}, {"register": "acme/nothing"}):
        assert ask(acme, 404, assume=[DPF], **theirs)["code"] == "not_found"
    assert Caller(app, "registers:read").post("/v1/what-if", {"assume": [DPF]}).status_code == 403


def test_an_act_repealed(acme: Caller) -> None:
    answer = ask(acme, assume=[{"act": "Tietosuojalaki 1050/2018", "repealed_on": "2027-01-01"}])
    assert breaking(answer) == {"acme/act"}
    assert answer["as_of"] == "2027-01-01"
    ((one,),) = ([turn for turn in item["turns"] if turn["code"] == "LAW201"] for item in answer["items"])
    assert (one["change"], one["after"]["line"]) == ("starts", None)


def test_a_vendor_moved(acme: Caller, declare: Declare) -> None:
    told = {
        "processors": ["Zendesk"],
        "transfers": "stated_none",
        "storage_locations": [{"area": "EU", "exclusive": True}],
    }
    declare("acme/helpdesk", {**NEWS, **told})
    home = ask(
        acme, register="acme/helpdesk", assume=[{"vendor": "zendesk", "seat": "IE", "hosting": ["IE"]}]
    )
    assert home["breaking"] == 0
    assert ("stops", "CON102") in {(turn["change"], turn["code"]) for turn in home["items"][0]["turns"]}
    assert home["as_of"] == "2026-11-22"
    away = ask(acme, register="acme/helpdesk", assume=[{"vendor": "Zendesk, Inc.", "seat": "GB"}])
    assert away["items"] == [], "a third country before and after"


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({}, "/assume", "required"),
    ({"assume": []}, "/assume", "wrong_length"),
    ({"assume": [{"instrument": "dpf_eu", "ended_on": "2026-12-01"}]}, "/assume/0/instrument", "unknown_instrument"),
    ({"assume": [{"act": "Laki 1/2099", "repealed_on": "2026-12-01"}]}, "/assume/0/act", "unknown_act"),
    ({"assume": [{"vendor": "nobody", "seat": "US"}]}, "/assume/0/vendor", "unknown_vendor"),
    ({"assume": [{"vendor": "zendesk", "seat": "ZZ"}]}, "/assume/0/seat", "unknown_area"),
    ({"assume": [{"vendor": "zendesk", "seat": "EU"}]}, "/assume/0/seat", "unknown_area"),
    ({"assume": [{"vendor": "zendesk", "hosting": ["EU", "QQ"]}]}, "/assume/0/hosting/1", "unknown_area"),
    ({"assume": [DPF, {"instrument": "dpf_eu_us", "ended_on": "2026-12-02"}]}, "/assume/1/instrument", "contradiction"),
    ({"assume": [{"act": "HetiL", "repealed_on": "2026-12-01"}]}, "/assume/0/repealed_on", "contradiction"),
    ({"assume": [{"act": "GDPR", "repealed_on": "2018-01-01"}]}, "/assume/0/repealed_on", "contradiction"),
    ({"assume": [{"instrument": "dpf_eu_us", "ended_on": "2023-07-10"}]}, "/assume/0/ended_on", "contradiction"),
    ({"assume": [SHIELD]}, "/assume/0/ended_on", "contradiction"),
    ({"assume": [{"instrument": "none_stated", "ended_on": "2026-12-01"}]}, "/assume/0/ended_on", "contradiction"),
    ({"assume": [DPF], "as_of": "2026-11-30"}, "/as_of", "contradiction"),
    ({"assume": [{**DPF, "act": "GDPR"}]}, "/assume/0/instrument", "one_needed"),
    ({"assume": [{"ended_on": "2026-12-01"}]}, "/assume/0/instrument", "one_needed"),
    ({"assume": [{"instrument": "dpf_eu_us"}]}, "/assume/0/ended_on", "required"),
    ({"assume": [{"vendor": "zendesk"}]}, "/assume/0/seat", "required"),
    ({"assume": [{**ZENDESK, "ended_on": "2026-12-01"}]}, "/assume/0/ended_on", "contradiction"),
    ({"assume": [DPF], "register": "acme/dpf", "controller": "acme"}, "/controller", "contradiction"),
    ({"assume": [{"instrument": "dpf_eu_us", "ended_on": "1.12.2026"}]}, "/assume/0/ended_on", "invalid_day"),
    ({"assume": [DPF], "as_of": "2027"}, "/as_of", "invalid_day"),
]  # fmt: skip


def test_what_cannot_be_assumed_is_refused(acme: Caller) -> None:
    for question, field, code in REFUSED:
        problem = ask(acme, 422, **question)
        assert (field, code) in [(one["field"], one["code"]) for one in problem["errors"]], (
            question,
            problem,
        )


def test_an_assumed_table_is_sound(acme: Caller) -> None:
    table, comes = assumed(
        law(),
        [
            {"instrument": "scc_2010", "ended_on": date(2021, 1, 1)},
            {"instrument": "adequacy_GB", "ended_on": date(2027, 1, 1)},
            {"act": "Tietosuojalaki 1050/2018", "repealed_on": date(2028, 1, 1)},
            {"vendor": "tawk.to", "seat": "IE", "hosting": ["EU"]},
        ],
    )
    assert faults(table) == ["Tietosuojalaki 1050/2018: repealed_on and repealed_by go together"], (
        "by what is not assumed"
    )
    assert comes == date(2028, 1, 1)
    assert table.vendor("tawk.to, inc.").country == "IE"  # type: ignore[union-attr]  # it is there
    with pytest.raises(Invalid):
        assumed(law(), [{"instrument": "nothing", "ended_on": date(2027, 1, 1)}])


def test_the_answer_comes_in_parts_and_an_empty_one_is_whole(acme: Caller) -> None:
    got = acme.post("/v1/what-if", {"assume": [DPF]})
    assert got.is_streamed
    none = ask(acme, assume=[{"instrument": "adequacy_BR", "ended_on": "2026-12-01"}])
    assert (none["items"], none["breaking"], none["registers"]) == ([], 0, 6)


# --- a thousand registers


@pytest.fixture
def thousand(databases: engines.Engines) -> Iterator[tuple[str, dict[str, frozenset[str]]]]:
    with databases.fresh("sqlite", migrated=True) as url:
        db.open(url)
        made = list(generate.transferring(1000))
        generate.store_all(dataclasses.replace(one, seen=()) for one, _ in made)
        yield url, {one.name: named for one, named in made}
        db.close()


@pytest.mark.slow
def test_of_a_thousand_registers_exactly_those_that_rely_on_the_dpf_break(
    thousand: tuple[str, dict[str, frozenset[str]]],
) -> None:
    url, named = thousand
    caller = Caller(make(url, what_if.blueprint), "findings:read")
    written = journal.checkpoint("test")["size"]
    answer = ask(caller, assume=[DPF])
    relying = {name for name, instruments in named.items() if "dpf_eu_us" in instruments}
    assert breaking(answer) == relying
    assert 200 < len(relying) < 600
    assert (answer["registers"], answer["breaking"]) == (1000, len(relying))
    for one in answer["items"]:
        (lost,) = {turn["code"] for turn in one["turns"] if turn["code"] == "LAW203"} or {None}
        assert lost == "LAW203", one["register"]
    assert journal.checkpoint("test")["size"] == written, "nothing was written"
