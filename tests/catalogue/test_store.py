"""Declarations in versions: two times, one winner, nothing overwritten, nothing dangling; on both engines."""

from __future__ import annotations

import threading
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import clock, db, journal
from registry.catalogue import read, store
from registry.catalogue.model import Declaration, Version
from registry.catalogue.select import select
from registry.errors import Conflict, Gone, Invalid, NotFound, PreconditionFailed

BY = "client/test"
RECORD: dict[str, Any] = {"register": {"name": "Asiakkaat"}}


@pytest.fixture(autouse=True)
def acme(opened: str) -> None:
    store.declare("controller", "acme", "acme", {"name": "Äänekosken opisto"}, by=BY, expect=store.NEW)
    store.declare(
        "system", "acme", "crm", {"name": "CRM", "kind": "crm", "vendor": "Säilö Oy"}, by=BY, expect=store.NEW
    )


def put(
    record: dict[str, Any], expect: int, key: str = "customers", since: str | None = None
) -> store.Written:
    return store.declare("register", "acme", key, record, by=BY, expect=expect, effective_from=since)


def at(day: str) -> str:
    return clock.instant(day)


def test_what_is_served_is_what_was_written() -> None:
    written = put({**RECORD, "systems": ["crm"]}, store.NEW)
    again = store.at("register", "acme", "customers")
    assert again.document == written.document
    assert again.body == {**RECORD, "systems": ["crm"]}
    envelope = orjson.loads(again.document)
    assert envelope.keys() == {
        "controller",
        "key",
        "version",
        "effective_from",
        "recorded_at",
        "ended",
        "record",
    }


def test_k1_intervals_are_half_open() -> None:
    change = "2020-01-01T00:00:00.000000Z"
    put({"register": "Vanha"}, store.NEW, since="2019-01-01T00:00:00.000000Z")
    put({"register": "Uusi"}, 1, since=change)

    def name(moment: str) -> str:
        return str(read.record_at("acme", "customers", as_of=moment)[0].register.name)

    assert name(change) == "Uusi"
    assert name("2019-12-31T23:59:59.999999Z") == "Vanha"
    assert name("2020-01-01T00:00:00.000001Z") == "Uusi"


def test_k2_nothing_before_the_first_version() -> None:
    put(RECORD, store.NEW, since="2019-01-01T00:00:00.000000Z")
    with pytest.raises(NotFound):
        store.at("register", "acme", "customers", as_of="2018-12-31T23:59:59.999999Z")


def test_k3_a_clock_that_steps_back_does_not_turn_recorded_time_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first = put(RECORD, store.NEW)
    monkeypatch.setattr(clock, "now", lambda: "2001-01-01T00:00:00.000000Z")
    second = put(RECORD, 1)
    assert second.recorded_at >= first.recorded_at


def test_k6_a_correction_of_the_past_is_seen_by_as_of_and_not_by_known_at() -> None:
    first = put({"register": "Virhe"}, store.NEW, since=at("2019-01-01"))
    put({"register": "Uusi"}, 1, since=at("2021-01-01"))
    put({"register": "Oikaistu"}, 2, since=at("2019-01-01"))

    def name(**moment: str) -> str:
        return str(store.at("register", "acme", "customers", **moment).body["register"])

    assert name(as_of=at("2020-06-01")) == "Oikaistu"
    assert name(as_of=at("2020-06-01"), known_at=first.recorded_at) == "Virhe"
    assert name() == "Uusi"


moments = st.integers(0, 6).map(lambda n: f"20{10 + n}-01-01T00:00:00.000000Z")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(writes=st.lists(moments, min_size=1, max_size=6), asked=st.lists(moments, min_size=1, max_size=6))
def test_any_history_answers_as_a_list_of_versions_would(writes: list[str], asked: list[str]) -> None:
    key = f"h{journal.checkpoint()['size']}"
    made = [put({"register": f"v{n}"}, n, key=key, since=since) for n, since in enumerate(writes)]
    for moment in asked:
        for known in (None, *(one.recorded_at for one in made)):
            known_then = [one for one in made if known is None or one.recorded_at <= known]
            fit = [one for one in known_then if one.effective_from <= moment]
            expected = max(fit, key=lambda one: (one.effective_from, one.version), default=None)
            try:
                found = store.at("register", "acme", key, as_of=moment, known_at=known)
                assert expected is not None and found.version == expected.version
            except NotFound:
                assert expected is None


def test_d1_of_eight_writers_one_wins() -> None:
    put(RECORD, store.NEW)
    outcomes: list[str] = []
    together = threading.Barrier(8)

    def write(name: str) -> None:
        together.wait()
        try:
            put({"register": name}, 1)
            outcomes.append("won")
        except PreconditionFailed:
            outcomes.append("lost")
        finally:
            db.close() if db.engine() == "postgresql" else None

    threads = [threading.Thread(target=write, args=(f"w{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost"] * 7 + ["won"]
    assert [one.version for one in store.history("register", "acme", "customers")] == [1, 2]


def test_d11_what_is_referred_to_cannot_end_and_what_ended_cannot_be_referred_to() -> None:
    put({**RECORD, "systems": ["crm"]}, store.NEW)
    with pytest.raises(Conflict) as told:
        store.end("system", "acme", "crm", by=BY, expect=1)
    assert told.value.code == "still_referenced"
    with pytest.raises(Conflict):
        store.end("controller", "acme", "acme", by=BY, expect=1)
    store.end("register", "acme", "customers", by=BY, expect=1)
    store.end("system", "acme", "crm", by=BY, expect=1)
    with pytest.raises(Invalid) as refused:
        put({**RECORD, "systems": ["crm"]}, store.NEW, key="other")
    assert refused.value.errors[0]["field"] == "/record/systems/0"


def test_ending_keeps_the_past_and_reopening_goes_on() -> None:
    put(RECORD, store.NEW, since=at("2019-01-01"))
    ended = store.end("register", "acme", "customers", by=BY, expect=1)
    with pytest.raises(Gone):
        store.at("register", "acme", "customers")
    assert store.at("register", "acme", "customers", as_of=at("2020-01-01")).version == 1
    assert select("register", controllers={"acme"}) == []
    assert [one.key for one in select("register", controllers={"acme"}, as_of=at("2020-01-01"))] == [
        "customers"
    ]
    with pytest.raises(Gone):
        store.end("register", "acme", "customers", by=BY, expect=ended.version)
    put(RECORD, ended.version)
    assert store.at("register", "acme", "customers").version == 3


def test_nothing_is_stored_of_a_write_that_is_refused() -> None:
    before = journal.checkpoint()
    for record in (
        {"register": {"name": "x"}, "unheard_of": 1},
        {"register": {"name": "x"}, "retention": ["6 kk"]},
        {"register": {"name": "x"}, "data_categories": [{"text": "y", "purposes": ["P9"]}]},
        {"register": {"name": "x"}, "systems": ["nowhere"]},
        {"register": {"name": "x"}, "provenance": {"/retention/0": {"line": 1}}},
        {"register": {"name": "x"}, "document": {"placeholders": [{"count": 1.9}]}},
    ):
        with pytest.raises(Invalid):
            put(record, store.NEW)
    with pytest.raises(NotFound):
        store.declare("register", "nobody", "x", RECORD, by=BY, expect=store.NEW)
    assert journal.checkpoint() == before
    assert select("register", controllers=None) == []


FOUND_BY: list[tuple[dict[str, Any], bool]] = [
    ({"text": "äänek"}, True),
    ({"text": "ÄÄNEK"}, True),
    ({"text": "a\u0308a\u0308nek"}, True),
    ({"text": "neko"}, False),
    ({"text": "asiak ääne"}, True),
    ({"text": "asiak puuttuu"}, False),
    ({"text": "%"}, True),
    ({"text": "_"}, False),
    ({"through_system": {"vendor": "säilö oy"}}, True),
    ({"through_system": {"vendor": "säilö"}}, False),
    ({"through_system": {"kind": "crm"}}, True),
    ({"exact": {"legal_basis": "6(1)(b)"}}, True),
    ({"exact": {"legal_basis": "6(1)(a)"}}, False),
    ({"exact": {"data_category": "pd:Name", "data_subject": "customer"}}, True),
    ({"exact": {"data_category": "pd:Name", "data_subject": "student"}}, False),
    ({"exact": {"country": "US"}}, True),
    ({"exact": {"status": "active"}}, True),
    ({"exact": {"system": "crm"}}, True),
    ({"review_due_before": "2027-01-01"}, True),
    ({"review_due_before": "2026-12-31"}, False),
]


@pytest.mark.parametrize(("conditions", "found"), FOUND_BY)
def test_registers_are_found(conditions: dict[str, Any], found: bool) -> None:
    put(
        {
            "register": "Asiakkaat",
            "document": {"next_review_on": "2026-12-31"},
            "legal_bases": ["6(1)(b)"],
            "data_subjects": ["customer"],
            "data_categories": [{"text": "Nimi", "pd": "pd:Name"}],
            "transfers": {"items": [{"importer": "X Inc", "country": "US"}]},
            "systems": ["crm"],
        },
        store.NEW,
    )
    assert [one.key for one in select("register", controllers={"acme"}, **conditions)] == [
        "customers"
    ] * found
    assert select("register", controllers={"other"}, **conditions) == []


def test_filters_look_at_the_version_that_applies() -> None:
    put({**RECORD, "legal_bases": ["6(1)(a)"]}, store.NEW, since=at("2019-01-01"))
    put({**RECORD, "legal_bases": ["6(1)(b)"]}, 1)
    assert select("register", exact={"legal_basis": "6(1)(a)"}) == []
    assert len(select("register", exact={"legal_basis": "6(1)(a)"}, as_of=at("2020-01-01"))) == 1


def test_n4_a_walk_sees_every_row_that_was_there_all_the_time_once() -> None:
    for n in range(40):
        put(RECORD, store.NEW, key=f"k{n:02}")
    seen: list[str] = []
    after: tuple[str, str] | None = None
    step = 0
    while page := select("register", controllers={"acme"}, after=after, limit=7):
        seen += [one.key for one in page]
        after = (page[-1].controller, page[-1].key)
        put(RECORD, store.NEW, key=f"k{step * 5:02}-new")
        if step * 9 % 40 + 1 < 40:
            store.end("register", "acme", f"k{step * 9 % 40 + 1:02}", by=BY, expect=1)
        step += 1
    gone = {f"k{s * 9 % 40 + 1:02}" for s in range(step) if s * 9 % 40 + 1 < 40}
    stayed = {f"k{n:02}" for n in range(40)} - gone
    assert len(seen) == len(set(seen))
    assert stayed <= set(seen)
    assert seen == sorted(seen)


def test_j6_a_document_changed_behind_the_journal_is_found() -> None:
    put(RECORD, store.NEW)
    assert journal.verify().ok
    declared = Declaration.select(Declaration.id).where(Declaration.kind == "register")
    changed = store.newest("register", "acme", "customers").document.replace(b"Asiakkaat", b"Asiakkaet")
    [row] = Version.select().where(Version.declaration.in_(declared)).dicts()
    kept = {name: row[name] for name in ("document", "effective_from", "ended")}
    for change in (
        {"document": changed},
        {"effective_from": "1999-01-01T00:00:00.000000Z"},
        {"ended": True},
    ):
        with db.writing(why="tampering"):
            Version.update(**change).where(Version.declaration.in_(declared)).execute()
        assert journal.verify().first_bad_seq == 3
        with db.writing(why="putting it back"):
            Version.update(**kept).where(Version.declaration.in_(declared)).execute()
    assert journal.verify().ok
