"""The nightly job deletes what may go, with proof, and keeps everything in every doubt: counted row by row."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
import requests
from dateutil.relativedelta import relativedelta

from examples import purge_postgresql as job
from registry import clock, db
from registry.keys import signing
from registry.retention.decisions.receipts import TYP
from registry.retention.holds import holding
from registry.retention.publications.served import withdraw_rules
from tests.examples.conftest import BY, P6M, SIGNING, Between, Desk, publish

OLD, YOUNG = (1000, 700, 400, 365, 250), (100, 30, 1, 0)
PATH = "/v1/retention-decisions"
HELSINKI = ZoneInfo("Europe/Helsinki")


def due(days: int) -> bool:
    """Whether six months are over since so many days ago, as another library reckons."""
    now = datetime.fromisoformat(clock.now())
    last = (now - timedelta(days=days)).astimezone(HELSINKI).date() + relativedelta(months=6)
    return last < now.astimezone(HELSINKI).date()


def test_exactly_what_is_due_goes_and_each_with_its_receipt(desk: Desk) -> None:
    days = (*range(400, 170, -3), *OLD, *YOUNG)
    desk.fill(*days)
    with psycopg.connect(desk.dsn) as connection:
        connection.execute("INSERT INTO conversation (id, closed_at) VALUES (-1, NULL), (-2, 'infinity')")
    assert desk.purge(None, "--dry-run") == 0
    assert len(desk.left()) == len(days) + 2
    assert desk.purge() == 0
    gone = {number for number, ago in enumerate(days) if due(ago)}
    assert 0 < len(gone) < len(days)
    assert desk.left() == {*range(len(days)), -1, -2} - gone
    assert desk.receipts().keys() == gone
    jwks = requests.get(f"{desk.service.url}/.well-known/jwks.json", timeout=60).json()
    for receipt in desk.receipts().values():
        said = signing.verify(receipt, jwks, typ=TYP)
        assert said["answer"]["decision"] == "delete_after" and said["item"]["system"] == "acme/desk"
    assert desk.purge() == 0
    assert desk.receipts().keys() == gone


def test_a_day_column_counts_from_that_day(desk: Desk) -> None:
    with psycopg.connect(desk.dsn) as connection:
        connection.execute("ALTER TABLE conversation ALTER closed_at TYPE date")
    desk.fill(*OLD, *YOUNG)
    assert desk.purge() == 0
    assert desk.left() == set(range(len(OLD), len(OLD) + len(YOUNG)))


def test_names_are_emptied_where_the_rule_says_anonymise_and_once(desk: Desk) -> None:
    desk.fill(*OLD, *YOUNG)
    assert desk.purge(category="D2") == 0  # nothing was said of which columns: kept
    assert not desk.receipts()
    assert desk.purge(category="D2", anonymise=["name"]) == 0
    with psycopg.connect(desk.dsn) as connection:
        named = {row[0] for row in connection.execute("SELECT id FROM conversation WHERE name IS NOT NULL")}
        assert named == set(range(len(OLD), len(OLD) + len(YOUNG)))
        connection.execute("UPDATE conversation SET name = 'new' WHERE id = 0")
    assert len(desk.left()) == len(OLD) + len(YOUNG)
    assert desk.purge(category="D2", anonymise=["name"]) == 0
    assert len(desk.receipts()) == len(OLD)


def test_without_a_rule_everything_is_kept(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.fill(*OLD)
    assert desk.purge(category="D9") == 0
    assert "everything is kept" in capsys.readouterr().out
    assert len(desk.left()) == len(OLD)


def test_while_it_is_down_everything_is_kept(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.fill(*OLD)
    assert desk.purge("http://127.0.0.1:9") == 75
    assert "not to be reached" in capsys.readouterr().err
    assert len(desk.left()) == len(OLD)


# --- answers that are not as they have to be

Answer = tuple[int, dict[str, str], bytes]
JSON = {"Content-Type": "application/json"}


def changed(change: Callable[[dict[str, Any]], Any]) -> Callable[[requests.Response], Answer]:
    def made(answer: requests.Response) -> Answer:
        body = answer.json()
        return 200, JSON, json.dumps(change(body) or body).encode()

    return made


def signed(change: Callable[[dict[str, Any], dict[str, Any]], None], key: str = SIGNING) -> Any:
    """Every receipt said anew by `change(claims, answer)` and signed, with the registry's own key by default."""
    signer = signing.Signer((signing._key(key),))
    public = signing.Signer((signing._key(SIGNING),)).jwks()

    def say(body: dict[str, Any]) -> None:
        for one in body["decisions"]:
            if "receipt" in one:
                claims = signing.verify(one["receipt"], public, typ=TYP)
                change(claims, one)
                one["receipt"] = signer.sign(claims, typ=TYP)

    return changed(say)


def swap(body: dict[str, Any]) -> None:
    told = body["decisions"]
    told[0], told[1] = told[1], told[0]


def earlier(minutes: int) -> Callable[[dict[str, Any]], None]:
    """The whole answer as it was some minutes ago, rightly signed: a replay."""

    def say(body: dict[str, Any]) -> None:
        public = signing.Signer((signing._key(SIGNING),)).jwks()
        signer = signing.Signer((signing._key(SIGNING),))
        back = timedelta(minutes=minutes)
        body["at"] = clock.written(datetime.fromisoformat(body["at"]) - back)
        for one in body["decisions"]:
            one["valid_until"] = clock.written(datetime.fromisoformat(one["valid_until"]) - back)
            if "receipt" in one:
                claims = signing.verify(one.pop("receipt"), public, typ=TYP)
                one["receipt"] = signer.sign({**claims, "at": body["at"], "answer": dict(one)}, typ=TYP)

    return say


def longer(body: dict[str, Any]) -> None:
    for one in body["decisions"]:
        one["valid_until"] = "2999-01-01T00:00:00.000000Z"


def all_of_them(body: dict[str, Any]) -> None:
    for one in body["decisions"]:
        one["decision"] = "delete_after"


FAULTS: dict[str, Callable[[requests.Response], Answer]] = {
    "a page": lambda answer: (200, {"Content-Type": "text/html"}, b"<h1>Log in to the network</h1>"),
    "nothing": lambda answer: (200, JSON, b""),
    "half of it": lambda answer: (200, JSON, answer.content[: len(answer.content) // 2]),
    "a list": lambda answer: (200, JSON, b"[]"),
    "yes": lambda answer: (200, JSON, b'{"decisions": "delete"}'),
    "redirect": lambda answer: (302, {"Location": "/elsewhere"}, b""),
    "201": lambda answer: (201, JSON, answer.content),
    "204": lambda answer: (204, {}, b""),
    "404": lambda answer: (404, JSON, b'{"code": "no_rule"}'),
    "401": lambda answer: (401, JSON, b'{"error": "invalid_token"}'),
    "403": lambda answer: (403, JSON, b"{}"),
    "429": lambda answer: (429, {**JSON, "Retry-After": "0"}, b"{}"),
    "500": lambda answer: (500, JSON, answer.content),
    "503": lambda answer: (503, {**JSON, "Retry-After": "x"}, answer.content),
    "507": lambda answer: (507, JSON, b"{}"),
    "one fewer": changed(lambda body: body["decisions"].pop() and None),
    "one more": changed(lambda body: body["decisions"].append(body["decisions"][0])),
    "another order": changed(swap),
    "all delete": changed(all_of_them),
    "no receipts": changed(lambda body: [one.pop("receipt", None) for one in body["decisions"]] and None),
    "rubbish for receipts": changed(
        lambda body: [one.update(receipt="x") for one in body["decisions"]] and None
    ),
    "longer valid": changed(longer),
    "no time": changed(lambda body: body.update(at="soon")),
    "a time without zone": changed(lambda body: body.update(at="2026-01-01T00:00:00")),
    "another's key": signed(lambda claims, one: None, signing.new_key()),
    "another's issuer": signed(lambda claims, one: claims.update(iss="https://evil.example")),
    "another row": signed(lambda claims, one: claims["item"].update(anchor="2001-01-01")),
    "another system": signed(lambda claims, one: claims["item"].update(system="acme/other")),
    "another moment": signed(lambda claims, one: claims.update(at="2026-01-01T00:00:00.000000Z")),
    "another position": changed(lambda body: body.update(position=body["position"] + 1)),
    "no position": changed(lambda body: body.pop("position") and None),
    "ten minutes old": changed(earlier(10)),
    "run out": changed(earlier(1)),
    "of the future": changed(earlier(-10)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_goes_by_an_answer_that_is_not_as_it_has_to_be(
    desk: Desk, between: Between, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job.time, "sleep", lambda seconds: None)
    desk.fill(*OLD, *YOUNG)
    between.mangle = lambda path, answer: (
        FAULTS[fault](answer) if path == PATH else (answer.status_code, dict(answer.headers), answer.content)
    )
    assert desk.purge(between.url) == 75
    assert PATH in between.seen
    assert len(desk.left()) == len(OLD) + len(YOUNG)
    assert not desk.receipts()


def test_the_same_way_without_a_fault_lets_it_go(desk: Desk, between: Between) -> None:
    desk.fill(*OLD, *YOUNG)
    assert desk.purge(between.url) == 0
    assert len(desk.left()) == len(YOUNG)


@pytest.mark.parametrize("limit", ["TIMEOUT", "MARGIN"])
def test_nothing_goes_by_an_answer_that_came_too_late(
    desk: Desk, between: Between, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.fill(*OLD)
    monkeypatch.setattr(job, limit, (1, 0.5) if limit == "TIMEOUT" else 59.5)

    def slowly(path: str, answer: requests.Response) -> Answer:
        if path == PATH:
            time.sleep(1)
        return answer.status_code, dict(answer.headers), answer.content

    between.mangle = slowly
    assert desk.purge(between.url) == 75
    assert len(desk.left()) == len(OLD)
    assert not desk.receipts()


# --- what happens between the question and the deletion


def when_asked(between: Between, act: Callable[[int], None]) -> None:
    """Do something after each time that decisions were given, before the job hears of them."""
    times = iter(range(1000))

    def hear(path: str, answer: requests.Response) -> Answer:
        if path == PATH:
            act(next(times))
            db.request_end()
        return answer.status_code, dict(answer.headers), answer.content

    between.mangle = hear


def test_a_row_that_has_changed_since_is_kept(desk: Desk, between: Between) -> None:
    desk.fill(*OLD)

    def reopen(_: int) -> None:
        with psycopg.connect(desk.dsn) as connection:
            connection.execute("UPDATE conversation SET closed_at = now() WHERE id IN (1, 3)")

    when_asked(between, reopen)
    assert desk.purge(between.url) == 0
    assert desk.left() == {1, 3}
    assert desk.receipts().keys() == {0, 2, 4}


def test_a_row_that_is_somebody_elses_by_now_is_kept(desk: Desk, between: Between) -> None:
    desk.fill(*OLD)
    with psycopg.connect(desk.dsn) as connection:
        connection.execute("UPDATE conversation SET customer = 'customer 1' WHERE id < 3")

    def merge(_: int) -> None:
        with psycopg.connect(desk.dsn) as connection:
            connection.execute("UPDATE conversation SET customer = 'customer 2' WHERE id IN (1, 3)")

    when_asked(between, merge)
    assert desk.purge(between.url, subject="customer") == 0
    assert desk.left() == {1, 3}


def test_e16_a_registry_that_knows_less_than_before_is_believed_nothing(
    desk: Desk, between: Between, capsys: pytest.CaptureFixture[str]
) -> None:
    """An old backup was restored: a hold that was set since is gone, and its journal is shorter."""
    assert desk.purge(between.url) == 0
    desk.fill(*YOUNG)
    assert desk.purge(between.url) == 0
    with psycopg.connect(desk.dsn) as connection:
        connection.execute("DELETE FROM conversation")
    desk.fill(*OLD, *YOUNG)
    with psycopg.connect(desk.dsn) as connection:
        connection.execute("UPDATE registry_purge_seen SET position = position + 1000")
    assert desk.purge(between.url) == 75
    assert "journal has gone back" in capsys.readouterr().err
    assert len(desk.left()) == len(OLD) + len(YOUNG)
    with psycopg.connect(desk.dsn) as connection:
        connection.execute("TRUNCATE registry_purge_seen")
    assert desk.purge(between.url) == 0
    assert len(desk.left()) == len(YOUNG)


def test_a_hold_set_while_it_runs_stops_the_next_batch(desk: Desk, between: Between) -> None:
    desk.fill(*OLD)
    held: list[int] = []

    def hold(turn: int) -> None:
        if turn == 0:
            day = date(2090, 1, 1)
            held.append(holding.set_hold("acme", systems=["desk"], reason="A dispute.", review_on=day, by=BY))

    when_asked(between, hold)
    try:
        assert desk.purge(between.url, batch=2) == 0
        assert desk.left() == {2, 3, 4}  # the first two were answered for before
    finally:
        holding.end(held[0], by=BY, expect=1)


def test_it_asks_for_the_rules_with_their_etag_and_304_lets_it_go_on(desk: Desk, between: Between) -> None:
    desk.fill(*OLD, *OLD)
    told: list[tuple[int, bool]] = []

    def watch(path: str, answer: requests.Response) -> Answer:
        if path.startswith("/v1/retention-rules"):
            told.append((answer.status_code, "If-None-Match" in answer.request.headers))
        return answer.status_code, dict(answer.headers), answer.content

    between.mangle = watch
    assert desk.purge(between.url, batch=4) == 0
    assert told == [(200, False)] + [(304, True)] * 3  # once, and before each batch
    assert desk.left() == set()


def test_rules_withdrawn_while_it_runs_stop_it(desk: Desk, between: Between) -> None:
    desk.fill(*OLD)
    when_asked(between, lambda turn: turn == 0 and withdraw_rules("acme", "customers", by=BY) and None)
    try:
        assert desk.purge(between.url, batch=2) == 0
        assert desk.left() == {2, 3, 4}
    finally:
        publish(P6M, {**P6M, "applies_to": ["D2"], "action": "anonymise"})


def test_two_runs_are_not_at_work_side_by_side(desk: Desk) -> None:
    desk.fill(*OLD)
    with psycopg.connect(desk.dsn) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (job.LOCK,))
        assert desk.purge() == 75
    assert len(desk.left()) == len(OLD)


def test_settings_that_cannot_be_used(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    path = desk.settings("http://registry.example")
    assert job.main([str(path)]) == 2
    assert "https" in capsys.readouterr().err
    for arguments in ([], ["a", "b"], [str(path), "--force"], [str(path) + "x"]):
        assert job.main(arguments) == 2
