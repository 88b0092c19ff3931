"""Engagements: what an auditor may see and until when; and everything that is answered to one is written down first."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from click.testing import CliRunner

from registry import clock, db, errors, journal
from registry.audits import engaging, reading
from registry.audits.reading import Read
from registry.auth.clients import stored as clients
from registry.auth.clients.stored import Family
from registry.auth.roles.duties import Given
from registry.auth.scopes import SCOPES
from registry.auth.tokens import access as tokens
from registry.cli import main
from registry.people import links, users
from tests import engines
from tests.hostile.world import BY, Caller, World, made

ROOT = Path(__file__).parents[2]
SOON = (clock.day_of(clock.now()) + timedelta(days=30)).isoformat()
FIRM = {"email": "auditor@firm.example", "name": "Auditor of Firm", "language": "sv"}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def world(databases: engines.Engines, request: pytest.FixtureRequest) -> Iterator[World]:
    with databases.fresh(request.param, migrated=True) as url:
        db.open(url)
        yield made(url)
        db.close()


@pytest.fixture
def dpo(world: World) -> Caller:
    return world.caller("acme")


def engagement(client: Caller, **more: Any) -> dict[str, Any]:
    asked = {
        "controller": "acme",
        "auditor": {"client": client.client_id},
        "sees": ["findings", "journal", "observations"],
        "purpose": "Vuositarkastus.",
        "ends_on": SOON,
    }
    return {name: value for name, value in {**asked, **more}.items() if value is not None}


def program(world: World) -> Caller:
    """A firm's client, which has a token and a role nowhere."""
    made, _ = clients.register_client(name="Firm", scopes=tuple(SCOPES), engaged=True, by=BY)
    base = world.app.extensions["registry.settings"].base_url
    issued = tokens.issue(client_id=made.client_id, scopes=tuple(SCOPES), audience=base, seconds=600, by=BY)
    return Caller(world.app, made.client_id, issued.token)


@pytest.fixture
def auditor(world: World, dpo: Caller) -> tuple[Caller, str]:
    """Somebody engaged for all of acme, and where the engagement is."""
    caller = program(world)
    answer = dpo("POST", "/v1/audits", engagement(caller))
    assert answer.status_code == 201, answer.json
    return caller, answer.headers["Location"]


def reads(dpo: Caller, path: str) -> list[dict[str, Any]]:
    return list(dpo("GET", f"{path}/reads?limit=200").json["items"])  # type: ignore[index]  # JSON


# Opening and ending -----------------------------------------------------------------------------------------


def test_a_firms_program_sees_what_it_is_engaged_for_until_it_is_ended(world: World, dpo: Caller) -> None:
    caller = program(world)
    assert caller("GET", "/v1/registers").status_code == 403
    terms = engagement(caller, registers=["news"], sees=["findings"])
    opened = dpo("POST", "/v1/audits", terms)
    assert (opened.status_code, opened.json["invitation"]) == (201, None)  # type: ignore[index]  # JSON
    path = opened.headers["Location"]
    assert caller("GET", "/v1/registers/acme/news").status_code == 200
    assert caller("GET", "/v1/findings?register=acme/news").status_code == 200
    assert caller("GET", "/v1/registers/acme/old").status_code == 404
    assert caller("GET", "/v1/registers/other/x").status_code == 404
    for closed in (
        "/v1/journal",
        "/v1/observations",
        "/v1/audits",
        "/v1/roles",
        "/v1/connectors",
        f"{path}/reads",
    ):
        assert caller("GET", closed).status_code == 403, closed
    assert dpo("DELETE", path, None, {"If-Match": '"v2"'}).status_code == 412
    ended = dpo("DELETE", path, None, {"If-Match": opened.headers["ETag"]})
    assert (ended.status_code, ended.json["version"]) == (200, 2)  # type: ignore[index]  # JSON
    answer = caller("GET", "/v1/registers/acme/news")
    assert (answer.status_code, answer.json["code"]) == (403, "insufficient_scope")  # type: ignore[index]  # JSON
    assert dpo("DELETE", path, None, {"If-Match": '"v2"'}).status_code == 410
    assert dpo("GET", "/v1/audits?state=open").json["items"][0]["id"] != ended.json["id"]  # type: ignore[index]  # JSON
    assert journal.verify().ok


def test_it_ends_by_itself(
    world: World, dpo: Caller, auditor: tuple[Caller, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, path = auditor
    ends_at = dpo("GET", path).json["ends_at"]  # type: ignore[index]  # JSON
    assert ends_at == clock.start_of(date.fromisoformat(SOON) + timedelta(days=1))
    with db.writing(why="a token that lives longer"):
        tokens.Token.update(expires_at="9000-01-01T00:00:00.000000Z").execute()
    last = clock.written(datetime.fromisoformat(ends_at) - timedelta(microseconds=1))
    for moment, status in ((last, 200), (ends_at, 403)):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        assert caller("GET", "/v1/registers").status_code == status
    assert dpo("DELETE", path, None, {"If-Match": '"v1"'}).status_code == 410


def test_a_person_who_is_not_known_is_added_and_invited_once(dpo: Caller) -> None:
    opened = dpo("POST", "/v1/audits", engagement(dpo, auditor=FIRM))
    assert opened.status_code == 201
    told = opened.json
    assert told is not None
    user = users.by_email(FIRM["email"])
    assert user is not None
    assert told["auditor"] == {"principal": user.actor, "email": FIRM["email"]}
    secret = told["invitation"].partition("link=")[2]
    found = links.holder_of(secret, "invitation")
    assert found is not None
    assert found.id == user.id
    assert "invitation" not in dpo("GET", opened.headers["Location"]).json  # type: ignore[operator]  # JSON
    assert secret not in repr(journal.entries(limit=1000))
    again = dpo("POST", "/v1/audits", engagement(dpo, auditor={"email": FIRM["email"].upper()}))
    assert again.json["invitation"] != told["invitation"]  # type: ignore[index]  # JSON
    links.use(again.json["invitation"].partition("link=")[2], "a hash")  # type: ignore[index]  # JSON
    third = dpo("POST", "/v1/audits", engagement(dpo, auditor={"email": FIRM["email"]}))
    assert (third.status_code, third.json["invitation"]) == (201, None)  # type: ignore[index]  # JSON


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"controller": "ghost"}, 404),
        ({"controller": "other"}, 404),
        ({"registers": ["ghost"]}, 404),
        ({"registers": []}, 422),
        ({"registers": ["NEWS"]}, 422),
        ({"sees": ["secrets"]}, 422),
        ({"ends_on": "2020-01-01"}, 422),
        ({"ends_on": "2090-01-01"}, 422),
        ({"since": "2025-02-01", "until": "2025-01-31"}, 422),
        ({"auditor": {}}, 422),
        ({"auditor": {"email": "nobody"}}, 422),
        ({"auditor": {"email": "x@y.example"}}, 422),
        ({"auditor": {"client": "0123456789abcdef"}}, 422),
        ({"auditor": {"client": "x", "email": "x@y.example"}}, 422),
        ({"purpose": None}, 422),
        ({"role": "owner"}, 422),
    ],
)
def test_what_cannot_be_agreed_leaves_nothing(
    world: World, dpo: Caller, more: dict[str, Any], status: int
) -> None:
    before = (journal.checkpoint()["size"], users.User.select().count(), engaging.Engagement.select().count())
    answer = dpo("POST", "/v1/audits", engagement(dpo, **more))
    assert answer.status_code == status, answer.json
    after = (journal.checkpoint()["size"], users.User.select().count(), engaging.Engagement.select().count())
    assert before == after


def test_a_period_is_of_whole_days_where_the_controller_is(world: World, dpo: Caller) -> None:
    caller = program(world)
    today = clock.day_of(clock.now()).isoformat()
    assert dpo("POST", "/v1/audits", engagement(caller, since=today, until=today)).status_code == 201
    assert caller("GET", "/v1/registers/acme/news").status_code == 200
    assert caller("GET", f"/v1/findings?register=acme/news&as_of={today}").status_code in (200, 404)
    answer = caller("GET", "/v1/registers/acme/news?as_of=2020-01-01")
    assert (answer.status_code, answer.json["code"]) == (403, "outside_engagement")  # type: ignore[index]  # JSON
    assert [one["since"] for one in answer.json["periods"]] == [clock.start_of(date.fromisoformat(today))]  # type: ignore[index]  # JSON


# The log of reading -----------------------------------------------------------------------------------------

ASKED = [
    ("/v1/registers?as_of=2030-01-01", 200),  # a list, of everything that they may see
    ("/v1/registers/acme/news", 200),  # the short way in
    ("/v1/registers/acme/news", 304),
    ("/v1/registers/acme/ghost", 404),
    ("/v1/findings?register=acme/news&kind=all", 200),  # through Flask
    ("/v1/findings/999999999", 404),
    ("/v1/findings?nonsense=1", 422),
    ("/v1/journal?object=register/acme/news", 200),
    ("/v1/journal/checkpoint", 200),
    ("/v1/observations?system=acme/desk", 200),
    ("/v1/retention-rules?system=acme/desk", 200),
]


def test_everything_that_is_answered_is_written_down(dpo: Caller, auditor: tuple[Caller, str]) -> None:
    caller, path = auditor
    tag = dpo("GET", "/v1/registers/acme/news").headers["ETag"]
    for asked, status in ASKED:
        headers = {"If-None-Match": tag} if status == 304 else {}
        assert caller("GET", asked, headers=headers).status_code == status, asked
    assert caller("HEAD", "/v1/registers").status_code == 200
    rows = reads(dpo, path)
    assert [(row["target"], row["status"]) for row in rows] == [*ASKED, ("/v1/registers", 200)]
    assert rows[-1]["method"] == "HEAD"
    assert [row["n"] for row in rows] == list(range(1, len(rows) + 1))
    assert {row["who"] for row in rows} == {f"client/{caller.client_id}"}
    assert rows[0]["as_of"] == "2030-01-01"
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    first = dpo("GET", f"{path}/reads?limit=5").json
    assert first is not None
    second = dpo("GET", f"{path}/reads", query={"limit": "200", "cursor": first["next"]}).json
    assert second is not None
    assert [*first["items"], *second["items"]] == rows


def test_no_query_leads_past_the_log(world: World, dpo: Caller, auditor: tuple[Caller, str]) -> None:
    """What a door does not look at, what comes twice, and what names somebody else: the request is written down."""
    caller, path = auditor
    asked = [
        f"/v1/findings/{world.finding}?controller=ghost", f"/v1/findings/{world.finding}?register=ghost/x",
        "/v1/registers?system=desk", "/v1/registers?controller=acme&controller=ghost", "/v1/journal?object=x",
        "/v1/journal/checkpoint?object=register/ghost/x", "/v1/registers/acme/news?controller=ghost",
    ]  # fmt: skip
    for one in asked:
        caller("GET", one)
    assert len(reads(dpo, path)) == len(asked)


def test_nobody_else_is_written_down(world: World, dpo: Caller) -> None:
    before = Read.select().count()
    world.caller("acme")("GET", "/v1/registers/acme/news")
    world.with_role("reader", _given("reader"))("GET", "/v1/registers")
    program(world)("GET", "/v1/registers")
    Caller(world.app)("GET", "/notices")
    assert Read.select().count() == before


def _given(role: str) -> Any:
    return Given(role, "acme")


def test_a_dpo_reads_nothing_of_what_was_read_elsewhere(world: World, dpo: Caller) -> None:
    """One auditor, two controllers: each sees what was asked of it, and lists, which are of both, without the other."""
    caller, other = program(world), world.caller("other")
    mine = dpo("POST", "/v1/audits", engagement(caller)).headers["Location"]
    theirs = other("POST", "/v1/audits", engagement(caller, controller="other")).headers["Location"]
    for asked in ("/v1/registers/acme/news", "/v1/controllers/other", "/v1/findings?controller=other", "/v1/registers",
                  "/v1/journal?object=register/acme/news", "/v1/registers/ghost/x"):  # fmt: skip
        caller("GET", asked)
    assert [row["target"] for row in reads(dpo, mine)] == [
        "/v1/registers/acme/news", "/v1/findings?…", "/v1/registers", "/v1/journal?object=register/acme/news",
    ]  # fmt: skip
    assert [row["target"] for row in reads(other, theirs)] == [
        "/v1/controllers/other", "/v1/findings?controller=other", "/v1/registers", "/v1/journal?…",
    ]  # fmt: skip
    assert dpo("GET", f"{theirs}/reads").status_code == 404


@pytest.mark.parametrize("asked", ["/v1/registers/acme/news", "/v1/findings?register=acme/news"])
def test_what_cannot_be_written_down_is_not_answered(
    dpo: Caller, auditor: tuple[Caller, str], monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    caller, path = auditor

    def full(*_: Any) -> None:
        raise errors.StorageFull("The disk is full.")

    monkeypatch.setattr(reading, "_note", full)
    answer = caller("GET", asked)
    assert answer.status_code == 507
    assert b"Uutiskirje" not in answer.get_data()
    monkeypatch.undo()
    assert reads(dpo, path) == []
    assert caller("GET", asked).status_code == 200


def test_the_log_is_chained_and_the_journal_says_how_far(
    dpo: Caller, auditor: tuple[Caller, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, path = auditor
    number = int(path.rpartition("/")[2])
    monkeypatch.setattr(reading, "ANCHORED", 4)
    for _ in range(6):
        caller("GET", "/v1/registers")
    rows = reads(dpo, path)
    before = "00" * 32
    for row in rows:
        plain = {"audit": number, **{name: value for name, value in row.items() if name != "hash"}}
        before = hashlib.sha256(bytes.fromhex(before) + rfc8785.dumps(plain)).hexdigest()
        assert row["hash"] == before
    dpo("DELETE", path, None, {"If-Match": '"v1"'})
    entries = journal.entries(of=f"audit/acme/{number}", limit=10)
    assert [(one.action, (one.payload or {}).get("reads")) for one in entries] == [
        ("audit.opened", None), ("audit.reads-logged", 4), ("audit.ended", 6),
    ]  # fmt: skip
    assert reading.faults(number) == []


MEDDLING: list[Callable[[int], Any]] = [
    lambda audit: Read.update(target="/v1/law").where((Read.audit == audit) & (Read.n == 3)),
    lambda audit: Read.update(status=404).where((Read.audit == audit) & (Read.n == 6)),
    lambda audit: Read.delete().where((Read.audit == audit) & (Read.n == 2)),
    lambda audit: Read.delete().where((Read.audit == audit) & (Read.n == 6)),
    lambda audit: Read.delete().where(Read.audit == audit),
]


def verified() -> tuple[int, Any]:
    """The exit status of `registry verify`, and what it said."""
    found = CliRunner().invoke(main, ["verify", "--json"])
    return found.exit_code, json.loads(found.output)


def restored(rows: list[dict[str, Any]]) -> None:
    """The log as it was before somebody meddled with it."""
    with db.writing(why="as it was"):
        Read.delete().where(Read.audit == rows[0]["audit"]).execute()
        Read.insert_many(rows).execute()


@pytest.mark.parametrize("meddle", MEDDLING, ids=range(len(MEDDLING)))
def test_meddling_with_the_log_shows_and_registry_verify_says_so(
    dpo: Caller, auditor: tuple[Caller, str], meddle: Callable[[int], Any]
) -> None:
    caller, path = auditor
    number = int(path.rpartition("/")[2])
    for _ in range(6):
        caller("GET", "/v1/registers")
    dpo("DELETE", path, None, {"If-Match": '"v1"'})
    assert reading.faults(number) == []
    status, said = verified()
    assert (status, said["ok"], said["faults"]) == (0, True, [])
    rows = list(Read.select().where(Read.audit == number).dicts())
    with db.writing(why="as somebody with the database may"):
        assert meddle(number).execute()
    assert reading.faults(number)
    status, said = verified()
    assert (status, said["ok"]) == (1, False)
    assert all(f"what was read in audit/acme/{number}: " in one["reason"] for one in said["faults"])
    restored(rows)
    assert verified()[0] == 0


def test_a_row_that_was_slipped_in_shows(dpo: Caller, auditor: tuple[Caller, str]) -> None:
    """A row that does not follow, and a log of an engagement that never was."""
    caller, path = auditor
    number = int(path.rpartition("/")[2])
    for _ in range(2):
        caller("GET", "/v1/registers")
    dpo("DELETE", path, None, {"If-Match": '"v1"'})
    rows = list(Read.select().where(Read.audit == number).order_by(Read.n).dicts())
    slipped = {**rows[-1], "n": 3}
    elsewhere = {**rows[-1], "audit": 10**6, "n": 1}
    for one, named in (
        (slipped, f"audit/acme/{number}"),
        (elsewhere, "an engagement 1000000 that there is not"),
    ):
        with db.writing(why="as somebody with the database may"):
            Read.insert(one).execute()
        status, said = verified()
        assert status == 1
        assert [named in fault["reason"] for fault in said["faults"]] == [True]
        with db.writing(why="as it was"):
            Read.delete().where((Read.audit == one["audit"]) & (Read.n == one["n"])).execute()
    assert verified()[0] == 0


def test_what_cannot_be_compared_is_said(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    def broken(_: int) -> list[str]:
        raise ValueError

    monkeypatch.setattr(reading, "faults", broken)
    monkeypatch.setattr(reading, "engagements", lambda: {1: "acme"})
    report = journal.verify()
    assert [fault.reason for fault in report.faults] == [
        "the log of what auditors read cannot be read (ValueError)"
    ]


def test_every_night_the_journal_says_how_far_each_log_has_come(
    dpo: Caller, auditor: tuple[Caller, str]
) -> None:
    """What was read last in an engagement that ends by itself cannot be cut off unseen either."""
    caller, path = auditor
    number = int(path.rpartition("/")[2])
    reading.anchor_grown()
    for _ in range(3):
        caller("GET", "/v1/registers")
    before = journal.checkpoint()["size"]
    assert reading.anchor_grown() == 1
    assert reading.anchor_grown() == 0
    (entry,) = journal.entries(after=before)
    rows = list(Read.select().where(Read.audit == number).order_by(Read.n).dicts())
    assert (entry.object, entry.action) == (f"audit/acme/{number}", "audit.reads-logged")
    assert entry.payload == {"reads": 3, "hash": rows[-1]["hash"]}
    with db.writing(why="as somebody with the database may"):
        Read.delete().where((Read.audit == number) & (Read.n == 3)).execute()
    assert reading.faults(number) == [f"entry {entry.seq} of the journal says 3 rows that end otherwise"]
    restored(rows)


def test_readers_at_once_leave_no_gap(world: World, dpo: Caller, auditor: tuple[Caller, str]) -> None:
    caller, path = auditor
    gate, seen = threading.Barrier(6), []

    def one() -> None:
        gate.wait()
        seen.extend(caller("GET", "/v1/registers/acme/news").status_code for _ in range(5))

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [200] * 30
    assert len(reads(dpo, path)) == 30
    assert reading.faults(int(path.rpartition("/")[2])) == []


def test_readers_who_wait_are_written_down_together_and_none_spoils_the_others(
    world: World, dpo: Caller, auditor: tuple[Caller, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, path = auditor
    desk, chained, many, seen = reading._DESK, reading.chained, [], []
    note = reading._note
    monkeypatch.setattr(reading, "_note", lambda lines: (many.append(len(lines)), note(lines))[1])

    def together(*paths: str) -> list[tuple[str, int]]:
        many.clear()
        seen.clear()
        threads = [
            threading.Thread(target=lambda at=at: seen.append((at, caller("GET", at).status_code)))
            for at in paths
        ]
        with desk.turn:
            for thread in threads:
                thread.start()
            until = time.monotonic() + 30
            while len(desk.waiting) < len(paths) and time.monotonic() < until:
                time.sleep(0.01)
        for thread in threads:
            thread.join()
        return sorted(seen)

    good = [f"/v1/registers/acme/news?as_of=2090-01-0{n}" for n in range(1, 6)]
    assert set(dict(together(*good)).values()) <= {200, 403, 404}
    assert many == [5]
    before = len(reads(dpo, path))
    bad = "/v1/registers/acme/news?known_at=2090-01-01T00:00:00Z"

    def spoiled(row: Any, before: str) -> str:
        if "known_at" in row["target"]:
            raise ValueError("cannot be written down")
        return chained(row, before)

    monkeypatch.setattr(reading, "chained", spoiled)
    found = dict(together(*good, bad))
    monkeypatch.undo()
    assert found.pop(bad) == 500
    assert set(found.values()) <= {200, 403, 404}
    assert sorted(many) == [1] * 6 + [6]
    assert len(reads(dpo, path)) == before + 5
    assert reading.faults(int(path.rpartition("/")[2])) == []


def test_writing_down_costs_two_statements_and_no_wait(
    world: World, auditor: tuple[Caller, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log's last row and the new one, in a transaction that does not wait for the disk; what is promised does."""
    caller, _ = auditor
    base = db.database.obj
    ordinary = None if base.name == "sqlite" else base.execute_sql("SHOW synchronous_commit").fetchone()[0]
    asked: list[str] = []
    real = base.execute_sql
    monkeypatch.setattr(
        base, "execute_sql", lambda sql, params=None: (asked.append(sql), real(sql, params))[1]
    )
    assert caller("GET", "/v1/registers/acme/news").status_code == 200
    monkeypatch.undo()
    log = [sql for sql in asked if "audit_" in sql]
    assert len(log) == 2, log
    if base.name == "sqlite":
        assert base.execute_sql("PRAGMA synchronous").fetchone()[0] == 2
        asked = [sql.rpartition(" ")[2] for sql in asked if "synchronous" in sql]
        assert asked == ["NORMAL", "FULL"]
    else:
        assert any("synchronous_commit" in sql for sql in asked)
        assert base.execute_sql("SHOW synchronous_commit").fetchone()[0] == ordinary


def test_a_worker_that_is_killed_has_lost_no_row(
    world: World, dpo: Caller, auditor: tuple[Caller, str]
) -> None:
    """kill -9 in the midst of reading: every answer that came is in the log."""
    caller, path = auditor
    script = (
        "import sys; from registry.app import create_app; from registry.settings import Settings\n"
        "http = create_app(Settings(database=sys.argv[1], secret_key=sys.argv[3])).test_client()\n"
        "while True:\n"
        "    answer = http.get('/v1/registers/acme/news', headers={'Authorization': 'Bearer ' + sys.argv[2]})\n"
        "    print(answer.status_code, flush=True)\n"
    )
    of = world.app.extensions["registry.settings"]
    command = [sys.executable, "-c", script, of.database, str(caller.token), of.secret_key]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        answered = [process.stdout.readline().strip() for _ in range(40)]
        process.kill()
        answered += process.stdout.read().split()
    assert set(answered) == {"200"}
    assert len(reads(dpo, path)) >= min(len(answered), 200)
    assert Read.select().where(Read.audit == int(path.rpartition("/")[2])).count() >= len(answered)
    assert reading.faults(int(path.rpartition("/")[2])) == []


def test_what_was_read_long_ago_is_thrown_away_and_the_journal_says_so(
    world: World, dpo: Caller, auditor: tuple[Caller, str]
) -> None:
    caller, path = auditor
    caller("GET", "/v1/registers")
    number = int(path.rpartition("/")[2])
    dpo("DELETE", path, None, {"If-Match": '"v1"'})
    (row,) = Read.select().where(Read.audit == number).dicts()
    terms = engaging.Terms(ends_on=date.fromisoformat(SOON), purpose="x")
    for kept, left in ((timedelta(days=1), 1), (timedelta(0), 0)):
        engaging.open_engagement("acme", f"client/{caller.client_id}", terms, by=BY, kept=kept)
        assert Read.select().where(Read.audit == number).count() == left
    assert dpo("GET", path).status_code == 200
    entry = journal.entries(of=f"audit/acme/{number}", limit=10)[-1]
    assert (entry.action, entry.payload) == ("audit.reads-forgotten", {"reads": 1, "hash": row["hash"]})
    assert engaging.forget(timedelta(0)) == 0  # once
    assert verified()[0] == 0
    with db.writing(why="as somebody with the database may"):
        Read.insert(row).execute()
    assert reading.faults(number) == ["there are rows of a log that was thrown away"]
    assert engaging.forget(timedelta(0)) == 1  # and these go too


def test_a_person_reads_through_a_client_and_is_named(world: World, dpo: Caller) -> None:
    user = users.add_user(email="person@firm.example", name="P", language="fi", by=BY)
    path = dpo("POST", "/v1/audits", engagement(dpo, auditor={"email": user.email})).headers["Location"]
    caller = world.caller("other", scopes=("registers:read", "registers:write"))
    with db.writing(why="as a consent does"):
        Family.update(user_id=user.id).where(Family.client == caller.client_id).execute()
    assert caller("GET", "/v1/registers/acme/news").status_code == 200
    assert caller("GET", "/v1/findings?register=acme/news").status_code == 403  # not in the token
    assert (
        caller("GET", "/v1/controllers/other").status_code == 403
    )  # the client's own roles are not the person's
    (row,) = reads(dpo, path)
    assert (row["who"], row["client"]) == (user.actor, caller.client_id)


def test_c2_c3_an_auditor_writes_nothing_and_reads_no_connector(
    world: World, auditor: tuple[Caller, str]
) -> None:
    caller, _ = auditor
    before = journal.checkpoint()["size"]
    for path in ("/v1/connectors", "/v1/webhooks", "/v1/roles", "/v1/audits"):
        assert caller("GET", path).status_code == 403
        assert caller("POST", path, {}).status_code == 403
    assert journal.checkpoint()["size"] == before
    assert json.dumps(caller("GET", "/v1/systems/acme/desk").json).count("secret") == 0
