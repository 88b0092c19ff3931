"""Tokens: one statement says who holds one, and whatever ends one ends it at once."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry import clock, db, errors, journal
from registry.api.door import Mark
from registry.auth.clients import stored as clients
from registry.auth.clients.stored import Client, Family
from registry.auth.roles.giving import StoredRole
from registry.auth.roles.meeting import meet
from registry.auth.tokens import access as tokens
from registry.auth.tokens.access import Token
from tests import plans
from tests.auth.asking import BASE, Known, journalled

pytestmark = pytest.mark.usefixtures("database")

Register = Callable[..., Known]
Issue = Callable[..., str]


@contextmanager
def at(monkeypatch: pytest.MonkeyPatch, instant: str) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: instant)
        yield


def later(instant: str, **delta: float) -> str:
    return clock.written(datetime.fromisoformat(instant) + timedelta(**delta))


def test_a_token_has_256_bits_and_only_its_digest_is_kept(register: Register, issue: Issue) -> None:
    token = issue(register())
    assert re.fullmatch(r"rat_[A-Za-z0-9_-]{43}", token)
    (row,) = Token.select()
    assert row.sha256 == hashlib.sha256(token.encode()).hexdigest()


def test_lookup_tells_the_holder(register: Register, issue: Issue) -> None:
    client = register("registers:read", "registers:write", "journal:read", of=("seamk", "osekk"))
    held = tokens.lookup(issue(client, "registers:read", "journal:read"), audience=BASE)
    assert held is not None
    assert (held.id, held.client_id) == (client.actor, client.id)
    assert held.scopes == {"registers:read", "journal:read"}
    assert {role.controller for role in held.roles} == {"seamk", "osekk"}
    assert clock.now() < held.expires_at <= later(clock.now(), seconds=600)


def test_a_client_of_the_whole_installation_sees_every_controller(register: Register, issue: Issue) -> None:
    held = tokens.lookup(issue(register(of=("*",))), audience=BASE)
    assert held is not None
    found = meet(held, Mark(frozenset({"registers:read"})))
    assert found is not None
    assert found.controllers is None


def test_a_client_that_lost_its_roles_sees_none_not_all(register: Register, issue: Issue) -> None:
    token = issue(register())
    with db.writing(why="as a later verb will"):
        StoredRole.delete().execute()
    held = tokens.lookup(token, audience=BASE)
    assert held is not None
    assert held.roles == ()
    assert meet(held, Mark(frozenset({"registers:read"}))) is None


def test_c5_a_scope_taken_from_the_client_is_gone_from_its_tokens(register: Register, issue: Issue) -> None:
    client = register("registers:read", "registers:write")
    token = issue(client, "registers:read", "registers:write")
    with db.writing(why="as a later verb will"):
        Client.update(scopes="registers:read").execute()
    held = tokens.lookup(token, audience=BASE)
    assert held is not None
    assert held.scopes == {"registers:read"}


OTHER_TEXT = [
    "",
    "rat_",
    "rat_" + "A" * 43,
    "A" * 47,
    "rat_" + "A" * 42 + "\x00",
    "rat_" + "A" * 43 + "\n",
    "rat_" + "ä" * 43,
    "x" * 100_000,
    "rat_' OR 1=1 --" + "A" * 32,
]


@pytest.mark.parametrize("text", OTHER_TEXT, ids=range(len(OTHER_TEXT)))
def test_other_text_is_nobodys_token(text: str, register: Register, issue: Issue) -> None:
    issue(register())
    assert tokens.lookup(text, audience=BASE) is None
    assert tokens.stored(text) is None
    assert tokens.revoke(text, by="operator") is False


def _expired(client: Known, token: str) -> None:
    with db.writing(why="time passes"):
        Token.update(expires_at=later(clock.now(), seconds=-1)).execute()


def _not_yet(client: Known, token: str) -> None:
    with db.writing(why="time passes"):
        Token.update(issued_at=later(clock.now(), seconds=60)).execute()


def _revoked(client: Known, token: str) -> None:
    assert tokens.revoke(token, by=client.actor)


def _family(client: Known, token: str) -> None:
    assert tokens.revoke_family(Family.get().id, by="operator")


def _disabled(client: Known, token: str) -> None:
    clients.disable_client(client.id, by="operator")


def _deleted(client: Known, token: str) -> None:
    with db.writing(why="as somebody with the database may"):
        Client.delete().where(Client.client_id == client.id).execute()


ENDS = [_expired, _not_yet, _revoked, _family, _disabled, _deleted]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__.strip("_"))
def test_b18_what_ends_a_token_ends_it_at_once(
    end: Callable[[Known, str], None], register: Register, issue: Issue
) -> None:
    client = register()
    token = issue(client)
    assert tokens.lookup(token, audience=BASE)
    end(client, token)
    assert tokens.lookup(token, audience=BASE) is None


def test_b18_a_token_lives_to_the_second(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    client = register()
    made = tokens.issue(
        client_id=client.id, scopes=["registers:read"], audience=BASE, seconds=600, by=client.actor
    )
    for moment, good in [
        (later(made.expires_at, seconds=-600), True),
        (later(made.expires_at, seconds=-602), True),  # another host's clock is a little behind
        (later(made.expires_at, seconds=-603), False),
        (later(made.expires_at, microseconds=-1), True),
        (made.expires_at, False),
        (later(made.expires_at, seconds=1), False),
    ]:
        with at(monkeypatch, moment):
            assert bool(tokens.lookup(made.token, audience=BASE)) is good, moment


@pytest.mark.parametrize("audience", ["https://elsewhere.example", BASE + "/", BASE + "1", BASE.upper(), ""])
def test_b17_a_token_for_another_audience_is_nobodys(audience: str, register: Register, issue: Issue) -> None:
    token = issue(register(), audience=audience)
    assert tokens.lookup(token, audience=BASE) is None
    assert tokens.lookup(token, audience=audience)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"client_id": "0123456789abcdef"}, errors.NotFound),
        ({"client_id": "\x00"}, errors.NotFound),
        ({"scopes": ["registers:write"]}, errors.Invalid),
        ({"scopes": ["registers:read", "registers:write"]}, errors.Invalid),
        ({"scopes": ["everything"]}, errors.Invalid),
        ({"scopes": []}, errors.Invalid),
    ],
)
def test_no_token_beyond_what_the_client_may_have(
    change: dict[str, Any], problem: type[Exception], register: Register
) -> None:
    given = {
        "client_id": register().id,
        "scopes": ["registers:read"],
        "audience": BASE,
        "seconds": 60,
        **change,
    }
    with pytest.raises(problem):
        tokens.issue(**given, by="operator")
    assert Token.select().count() == Family.select().count() == 0


def test_no_token_for_a_disabled_client(register: Register, issue: Issue) -> None:
    client = register()
    clients.disable_client(client.id, by="operator")
    with pytest.raises(errors.NotFound):
        issue(client)


def test_issuing_and_revoking_are_journalled_without_the_token(register: Register, issue: Issue) -> None:
    client = register()
    token = issue(client)
    assert tokens.revoke(token, by=client.actor)
    assert not tokens.revoke(token, by=client.actor)
    (issued,), (revoked,) = journalled("token.issued"), journalled("token.revoked")
    family = Family.get()
    assert issued.object == revoked.object == f"token/{family.id}"
    assert issued.actor == client.actor
    assert issued.payload == {
        "client": client.id,
        "scopes": ["registers:read"],
        "audience": BASE,
        "expires_at": family.expires_at,
    }
    assert token not in repr((issued, revoked))
    assert hashlib.sha256(token.encode()).hexdigest() not in repr((issued, revoked))
    assert journal.verify().ok


def test_revoking_one_family_leaves_the_others(register: Register, issue: Issue) -> None:
    client = register()
    first, second = issue(client), issue(client)
    stored = tokens.stored(first)
    assert stored is not None
    assert tokens.revoke_family(stored.family.id, by="operator")
    assert not tokens.revoke_family(stored.family.id, by="operator")
    assert not tokens.revoke_family("no such family", by="operator")
    assert tokens.lookup(first, audience=BASE) is None
    assert tokens.lookup(second, audience=BASE)
    assert len(journalled("token.revoked")) == 1


def test_what_expired_long_ago_is_swept_when_the_client_asks_again(
    register: Register, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, other = register(), register()
    made = datetime.fromisoformat(clock.now())
    old, others = issue(client), issue(other)
    with at(monkeypatch, clock.written(made.astimezone(UTC) + timedelta(days=1, seconds=500))):
        issue(client)
        assert tokens.stored(old)
    with at(monkeypatch, clock.written(made.astimezone(UTC) + timedelta(days=1, seconds=700))):
        live = issue(client)
        assert tokens.lookup(live, audience=BASE)
    assert tokens.stored(old) is None
    assert tokens.stored(others)  # until that client asks again
    assert len(journalled("token.issued")) == 4


def test_lookup_is_one_statement_that_finds_its_way_by_indexes(register: Register, issue: Issue) -> None:
    token = issue(register(of=("a", "b", "c")))
    with plans.sent() as sent:
        assert tokens.lookup(token, audience=BASE)
    ((sql, params),) = sent
    assert plans.from_end_to_end(sql, params) == []
    if db.database.obj.name == "sqlite":
        assert len(plans.steps(sql, params)) == 5  # token, family, client, person, roles


def test_of_many_who_revoke_one_token_at_once_one_does_it(register: Register, issue: Issue) -> None:
    client = register()
    for _ in range(5):
        token, gate, did = issue(client), threading.Barrier(6), []

        def end(token: str = token, gate: threading.Barrier = gate, did: list[bool] = did) -> None:
            gate.wait()
            did.append(tokens.revoke(token, by=client.actor))
            db.close() if db.database.obj.name == "sqlite" else db.request_end()

        threads = [threading.Thread(target=end) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(did) == [False] * 5 + [True]
        assert tokens.lookup(token, audience=BASE) is None
    assert len(journalled("token.revoked")) == 5
    assert journal.verify().ok


def test_b18_another_process_disables_and_the_next_lookup_refuses(
    register: Register, issue: Issue, database: str
) -> None:
    client = register()
    token = issue(client)
    assert tokens.lookup(token, audience=BASE)
    code = """
import sys
from registry import db
from registry.auth.clients import stored as clients
db.open(sys.argv[1])
clients.disable_client(sys.argv[2], by="operator")
"""
    done = subprocess.run(
        [sys.executable, "-c", code, database, client.id],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert tokens.lookup(token, audience=BASE) is None


def _dump(url: str) -> str:
    """All that the database holds, as text; for SQLite the bytes of its files besides."""
    found = []
    for table in db.database.obj.get_tables():
        for row in db.database.obj.execute_sql(f'SELECT * FROM "{table}"').fetchall():
            found += [
                bytes(v).decode("latin-1") if isinstance(v, bytes | memoryview) else repr(v) for v in row
            ]
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        found += [file.read_bytes().decode("latin-1") for file in path.parent.glob(path.name + "*")]
    return "\n".join(found)


def test_b30_a_dump_of_the_database_opens_no_door(register: Register, issue: Issue, database: str) -> None:
    client = register()
    token = issue(client)
    secret = clients.rotate_secret(client.id, by="operator")
    kept = _dump(database)
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in (token, secret)]
    assert all(digest in kept for digest in digests)  # it is a dump, then
    for text in (client.secret, secret, token):
        assert text not in kept
        assert text[4:] not in kept
    for digest in digests:
        assert tokens.lookup(digest, audience=BASE) is None
        assert not Client.get_by_id(client.id).check_client_secret(digest)
