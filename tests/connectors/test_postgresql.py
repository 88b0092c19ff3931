"""PostgreSQL: a hostile or a large one, one that we may not look into, one that is no PostgreSQL (faults.md, H14)."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from registry import outbound
from registry.connectors.book import source
from registry.connectors.seen import Seen
from registry.connectors.sources import _postgresql_asking as asking
from registry.connectors.sources import _postgresql_statements as statements
from registry.connectors.sources import postgresql
from registry.connectors.way import Way
from registry.settings import Settings
from tests import certificates, engines
from tests.connectors.databases import Looked, looked_at
from tests.connectors.forwarding import forwarded

TABLES = int(os.environ.get("TABLES", "400"))  # 5000 and more by hand; as many as are made in a second or two

MADE = """
CREATE ROLE looker LOGIN;
CREATE TABLE customers (id int, email text, created_at timestamptz);
GRANT SELECT (created_at) ON customers TO looker;
INSERT INTO customers VALUES (1, 'canary@mail.example', '2024-01-02 03:04:05Z');
"""

pytestmark = pytest.mark.postgresql


@pytest.fixture(autouse=True)
def loopback() -> Iterator[None]:
    outbound.permit(Settings(outbound_networks="127.0.0.0/8"))
    yield
    outbound.permit(Settings())


@pytest.fixture
def looked(databases: engines.Engines) -> Iterator[Looked]:
    with looked_at(databases, MADE, "looker") as made:
        yield made


def observe(settings: dict[str, Any], secrets: dict[str, str], **limits: Any) -> tuple[dict[str, Seen], Way]:
    """What was seen, by the kind that it is about."""
    known = source("postgresql")
    given = known.settings(settings)
    way = Way(allow=known.reach(given), secrets=secrets, sleep=lambda _: None, **limits)
    seen = {one.payload.get("asked", one.kind): one for one in known.observe(way, given)}
    assert set(seen) == set(known.sees(given))
    assert "canary" not in json.dumps([one.payload for one in seen.values()])
    return seen, way


def look(looked: Looked, **limits: Any) -> tuple[dict[str, Seen], Way]:
    return observe(looked.settings, looked.secrets, **limits)


# --- names


HOSTILE = [
    'a"; DROP TABLE customers; --', "a'; DROP TABLE customers; --", "a.b", "%s %(x)s {table} {}", "\u202e\u0007email",
    "select", "ŠÄÖ ☃", "$$", "\\", " ", "sleep(10)", "x" * 63,
]  # fmt: skip


def test_h14_hostile_names_are_quoted_by_the_driver(looked: Looked) -> None:
    for number, name in enumerate(HOSTILE):
        quoted = psycopg.sql.Identifier(name).as_string(looked.admin)
        if "\u202e" not in name:
            looked.run(f"CREATE SCHEMA {quoted}; GRANT USAGE ON SCHEMA {quoted} TO looker")
        place = f"{quoted}.{quoted}" if "\u202e" not in name else f"public.{quoted}"
        looked.run(f"CREATE TABLE {place} (email text, {quoted} date, created_at date)")
        looked.run(f"INSERT INTO {place} VALUES ('', NULL, date '2024-01-01' + {number})")
        looked.run(f"GRANT SELECT ON {place} TO looker")
    seen, way = look(looked)
    assert way.faults == {}, "each was understood"
    assert len(seen["oldest_item"].payload["items"]) == len(HOSTILE) + 1
    assert {one["oldest"][:7] for one in seen["oldest_item"].payload["items"]} == {"2024-01"}
    assert looked.admin.execute("SELECT count(*) FROM customers").fetchone() == (1,)


def test_h14_an_address_in_a_name_is_left_out(looked: Looked) -> None:
    looked.run('CREATE TABLE "of anna@mail.example" (email text)')
    seen, _ = look(looked)
    assert "@" not in json.dumps([one.payload for one in seen.values()])


# --- how much, and how long


def test_h14_many_tables_in_bounded_memory(looked: Looked) -> None:
    """What is kept is of tables that hold personal data; of the others nothing stays."""
    looked.run(
        f"""DO $$ BEGIN FOR n IN 1..{TABLES} LOOP
        EXECUTE format('CREATE TABLE many_%s (a int, b text, c text, d text, e numeric, f date, g bigint, h text)', n);
        END LOOP; END $$"""
    )
    look(looked)  # so that what is read once, as the names, is not counted
    tracemalloc.start()
    seen, way = look(looked)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"{way.items} tables, at most {peak / 1e6:.1f} MB")  # noqa: T201 -- the figure of the documents
    assert way.items == TABLES + 1
    assert seen["field_inventory"].complete
    assert peak < 20e6


def test_h14_more_tables_of_people_than_are_looked_into(
    looked: Looked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "MOST_TABLES", 3)
    for number in range(5):
        looked.run(f"CREATE TABLE people_{number} (email text, created_at date)")
    seen, way = look(looked)
    for kind in ("field_inventory", "roles", "oldest_item", "settings"):
        assert seen[kind].complete is False, kind
    assert way.faults["too_many_tables"] == 4


def test_h12_more_than_a_run_takes(looked: Looked) -> None:
    for number in range(5):
        looked.run(f"CREATE TABLE people_{number} (email text)")
    seen, way = look(looked, most=3)
    assert seen["field_inventory"].payload == {"asked": "field_inventory", "reason": "unavailable"}
    assert way.faults["too_many_items"] >= 1


def test_h14_a_lock_is_not_waited_for(looked: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(asking._OPTIONS, "lock_timeout", "50")
    with psycopg.connect(looked.admin.info.dsn) as other:
        other.execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
        seen, way = look(looked)
    assert seen["oldest_item"].complete is False
    assert seen["oldest_item"].payload == {"items": []}
    assert way.faults == {"lock_timeout": 1}
    assert seen["field_inventory"].complete


def test_h14_a_long_answer_is_cut_off(looked: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "(SELECT pg_catalog.min({column}) FROM pg_catalog.pg_sleep(60))"  # as if of a billion rows
    monkeypatch.setitem(statements.OLDEST, "date", slow)
    monkeypatch.setitem(asking._OPTIONS, "statement_timeout", "3000")
    looked.run("CREATE TABLE slow (email text, created_at date); GRANT SELECT ON slow TO looker")
    seen, way = look(looked)
    assert [one["object"] for one in seen["oldest_item"].payload["items"]] == ["public.customers"]
    assert seen["oldest_item"].complete is False
    assert way.faults == {"statement_timeout": 1}


def test_h14_nothing_can_be_written(looked: Looked) -> None:
    looked.run("ALTER ROLE looker SUPERUSER")
    looked.run("ALTER ROLE looker SET default_transaction_read_only = off")
    known = source("postgresql")
    given = known.settings(looked.settings)
    way = Way(allow=known.reach(given), secrets=looked.secrets)
    with asking.connected(way, given) as session:
        connection = session.connection
        for statement in (
            "DELETE FROM public.customers",
            "CREATE TABLE public.x (y int)",
            "TRUNCATE public.customers",
        ):
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), connection.transaction():
                connection.execute(statement)
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone() for name in ("search_path", "row_security")
        }
        assert shown == {
            "search_path": {"search_path": "pg_catalog"},
            "row_security": {"row_security": "off"},
        }


def test_functions_of_others_are_not_run(looked: Looked) -> None:
    """Not those of a policy, nor those that take the name of one of ours."""
    looked.run(
        """CREATE TABLE runs (n int);
        CREATE FUNCTION public.min(timestamptz) RETURNS timestamptz LANGUAGE sql AS 'SELECT now()';
        CREATE FUNCTION public.trap() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
        CREATE TABLE secured (email text, created_at timestamptz);
        INSERT INTO secured VALUES ('x', now());
        GRANT SELECT ON secured TO looker;
        ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
        CREATE POLICY trap ON secured USING (public.trap());
        ALTER ROLE looker SET search_path = public, pg_catalog"""
    )
    seen, way = look(looked)
    (item,) = seen["oldest_item"].payload["items"]
    assert item["object"] == "public.customers"
    assert seen["oldest_item"].complete is False, "rows that we may not see are told as not seen"
    assert way.faults == {"no_right": 1}


def test_keys_to_an_address_are_none_and_people_are_asked_about(looked: Looked) -> None:
    """What a column can hold goes before its name; a table of people is told where no column says what it holds."""
    looked.run(
        """CREATE TABLE visits
            (guest_name uuid, email int, address bigint, name_changed date, mobile bigint, remark text);
        CREATE TABLE patrons (id int, remark text, locked bool);
        CREATE TABLE boats (id int, remark text);
        GRANT SELECT ON visits, patrons, boats TO looker"""
    )
    seen, _ = look(looked)
    fields = seen["field_inventory"].payload["fields"]
    told = {(one["object"], one["name"]): one.get("pd") for one in fields if "customers" not in one["object"]}
    assert told == {
        ("public.visits", "mobile"): "pd:TelephoneNumber",
        ("public.visits", "remark"): None,
        ("public.patrons", "remark"): None,
    }


# --- who may, and we


@pytest.mark.parametrize(
    ("grant", "may"),
    [
        ("ALTER ROLE looker SUPERUSER", "superuser"),
        ("ALTER ROLE looker CREATEROLE", "createrole"),
        ("ALTER ROLE looker CREATEDB", "createdb"),
        ("ALTER ROLE looker REPLICATION", "replication"),
        ("GRANT INSERT ON customers TO looker", "INSERT (1)"),
        ("GRANT UPDATE ON customers TO PUBLIC", "UPDATE (1)"),
        ("ALTER TABLE customers OWNER TO looker", "TRUNCATE (1)"),
        ("GRANT CREATE ON SCHEMA public TO looker", "CREATE (1)"),
        ("GRANT pg_write_all_data TO looker", "member of pg_write_all_data"),
        ("GRANT pg_execute_server_program TO looker", "member of pg_execute_server_program"),
        ("CREATE ROLE writers; GRANT DELETE ON customers TO writers; GRANT writers TO looker", "DELETE (1)"),
    ],
)
def test_h14_a_credential_that_may_write_is_told(looked: Looked, grant: str, may: str) -> None:
    assert look(looked)[0]["credential"].payload == {"more_than_reading": False, "may": []}
    looked.run(grant)
    told = look(looked)[0]["credential"].payload
    assert told["more_than_reading"] is True
    assert may in told["may"]


def test_roles_that_people_log_in_with_are_counted_and_not_named(looked: Looked) -> None:
    looked.run(
        """CREATE ROLE "matti.canary" LOGIN; CREATE ROLE "maija.canary" LOGIN; CREATE ROLE shop LOGIN;
        GRANT SELECT ON customers TO "matti.canary", "maija.canary"; GRANT SELECT, INSERT ON customers TO shop;
        GRANT UPDATE (email) ON customers TO "matti.canary" """
    )
    roles = {one["role"]: one for one in look(looked)[0]["roles"].payload["roles"]}
    assert (roles["(login roles)"]["members"], roles["(login roles)"]["permission"]) == (3, "agent")
    assert "shop" not in roles
    looked.settings["services"] = ["shop"]
    roles = {one["role"]: one for one in look(looked)[0]["roles"].payload["roles"]}
    assert roles["(login roles)"]["members"] == 2
    assert (roles["shop"]["members"], roles["shop"]["permission"]) == (1, "agent")


@pytest.mark.parametrize(
    ("statements", "roles"),
    [
        ("CREATE ROLE g; GRANT SELECT ON customers TO g", {"g": 0}),
        ("CREATE ROLE g; GRANT SELECT ON customers TO g; CREATE ROLE h IN ROLE g; CREATE ROLE p LOGIN IN ROLE h",
         {"g": 1}),
        ("CREATE ROLE g; GRANT SELECT (created_at) ON customers TO g", {}),
        ("CREATE ROLE g; GRANT SELECT (email) ON customers TO g", {"g": 0}),
        ("CREATE ROLE g; GRANT INSERT ON customers TO g", {}),
        ("GRANT SELECT ON customers TO PUBLIC", {"PUBLIC": None}),
        ("GRANT SELECT ON customers TO PUBLIC; REVOKE USAGE ON SCHEMA public FROM PUBLIC", {"PUBLIC": 0}),
        (("GRANT SELECT ON customers TO PUBLIC; REVOKE USAGE ON SCHEMA public FROM PUBLIC; CREATE ROLE u;"
         "GRANT USAGE ON SCHEMA public TO u; CREATE ROLE p LOGIN IN ROLE u"), {"PUBLIC": 1}),
        (("REVOKE USAGE ON SCHEMA public FROM PUBLIC; CREATE ROLE g; GRANT SELECT ON customers TO g;"
         "CREATE ROLE p LOGIN IN ROLE g; CREATE ROLE q LOGIN IN ROLE g; GRANT USAGE ON SCHEMA public TO q"), {"g": 1}),
        ("CREATE VIEW shown AS SELECT email FROM customers; CREATE ROLE g; GRANT SELECT ON shown TO g", {"g": 0}),
        (("CREATE TABLE parts (email text, at date) PARTITION BY RANGE (at); CREATE TABLE part_1 PARTITION OF parts "
         "DEFAULT; CREATE ROLE g; GRANT SELECT ON part_1 TO g"), {"g": 0}),
        ("CREATE TABLE heirs (more text) INHERITS (customers); CREATE ROLE g; GRANT SELECT (email) ON heirs TO g",
         {"g": 0}),
    ],
    ids=["to a group", "through two groups", "of a column that is not personal", "of a column that is", "to write only",
         "to everybody", "to everybody, who cannot get there", "to everybody who can", "to those of a group who can",
         "through a view", "of one partition", "of a table that inherits"],
)  # fmt: skip
def test_who_may_read(looked: Looked, statements: str, roles: dict[str, int | None]) -> None:
    looked.run(statements)
    told = look(looked)[0]["roles"].payload["roles"]
    given = {one["role"]: one["members"] for one in told if one["may"]}
    assert given == roles


# --- what holds nothing, or tells nothing


def test_a_database_where_nothing_looks_personal_is_not_said_to_hold_nothing(looked: Looked) -> None:
    looked.run("DROP TABLE customers; CREATE TABLE things (a int, b text)")
    seen, _ = look(looked)
    for kind in ("field_inventory", "roles", "oldest_item"):
        assert seen[kind].payload == {"asked": kind, "reason": "not_supported"}
    assert seen["settings"].complete is False


@pytest.mark.parametrize(
    ("rows", "item", "fault"),
    [
        ("", {"object": "public.customers", "count": 0}, None),
        ("(1, 'x', NULL)", None, "item_not_understood"),
        ("(1, 'x', '-infinity')", None, "item_not_understood"),
        ("(1, 'x', '0044-03-15 BC')", None, "item_not_understood"),
        ("(1, 'x', '2999-01-01Z')", None, "item_not_understood"),
        ("(1, 'x', NULL), (1, 'x', '2024-05-06 00:00+03')",
         {"object": "public.customers", "oldest": "2024-05-05T21:00:00.000000Z"}, None),
    ],
    ids=["no rows", "no dates", "minus infinity", "before Christ", "of the future", "some dates"],
)  # fmt: skip
def test_the_oldest_row(looked: Looked, rows: str, item: dict[str, Any] | None, fault: str | None) -> None:
    looked.run("TRUNCATE customers" + (f"; INSERT INTO customers VALUES {rows}" if rows else ""))
    seen, way = look(looked)
    assert seen["oldest_item"].payload == {"items": [item] if item else []}
    assert dict(way.faults) == ({fault: 1} if fault else {})
    assert seen["oldest_item"].complete is (fault is None)


def test_which_column_is_the_age_can_be_said(looked: Looked) -> None:
    looked.run(
        "CREATE TABLE letters (email text, sent_when date); INSERT INTO letters VALUES ('x', '2023-04-05')"
    )
    looked.run("GRANT SELECT ON letters TO looker")
    assert look(looked)[0]["oldest_item"].complete is False
    looked.settings["dated"] = [{"table": "public.letters", "column": "sent_when"}]
    seen, _ = look(looked)
    assert {"object": "public.letters", "oldest": "2023-04-05T00:00:00.000000Z"} in seen[
        "oldest_item"
    ].payload["items"]
    looked.settings["dated"] = [{"table": "public.letters", "column": None}]
    seen, _ = look(looked)
    assert seen["oldest_item"].complete
    assert [one["object"] for one in seen["oldest_item"].payload["items"]] == ["public.customers"]
    looked.settings["dated"] = [{"table": "public.letters", "column": "email"}]
    assert look(looked)[0]["oldest_item"].complete is False


def test_only_the_schemas_of_this_system(looked: Looked) -> None:
    looked.run("CREATE SCHEMA other; CREATE TABLE other.people (email text)")
    looked.settings["schemas"] = ["public"]
    assert {one["object"] for one in look(looked)[0]["field_inventory"].payload["fields"]} == {
        "public.customers"
    }


# --- no connection, or not with PostgreSQL


@pytest.mark.parametrize(
    ("other", "reason"),
    [({"user": "nobody_of_that_name"}, "unauthorised"), ({"database": "no_such_database"}, "no_such_endpoint"),
     ({"port": 1}, "unavailable")],
)  # fmt: skip
def test_no_connection(looked: Looked, other: dict[str, Any], reason: str) -> None:
    seen, way = observe({**looked.settings, **other}, looked.secrets)
    assert {one.payload["reason"] for one in seen.values()} == {reason}
    assert sum(way.faults.values()) == len(seen)


def test_without_a_secret_nobody_is_asked(looked: Looked) -> None:
    seen, _ = observe(looked.settings, {})
    assert {one.payload["reason"] for one in seen.values()} == {"unauthorised"}


def test_only_where_it_is_permitted(looked: Looked) -> None:
    outbound.permit(Settings())
    seen, way = look(looked)
    assert {one.payload["reason"] for one in seen.values()} == {"unavailable"}
    assert set(way.faults) == {"address_refused"}


@contextlib.contextmanager
def answering(reply: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on loopback that is no PostgreSQL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    one, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=quietly, args=(one,), daemon=True).start()

        def quietly(one: socket.socket) -> None:
            with contextlib.suppress(OSError), one:
                reply(one)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listening.getsockname()[1])
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _said(sort: bytes, body: bytes) -> bytes:
    """A message of the protocol."""
    return sort + (len(body) + 4).to_bytes(4, "big") + body


ROW = _said(b"D", b"\0\1" + (100).to_bytes(4, "big") + b"x" * 100)
NOTICE = _said(b"N", b"SNOTICE\0C00000\0M" + b"x" * 1000 + b"\0\0")
NOTIFICATION = _said(b"A", b"\0\0\0\1news\0" + b"x" * 1000 + b"\0")


def _hello(one: socket.socket) -> None:
    """Be a PostgreSQL until somebody asks something: no password, ready, a transaction begun, a row to come."""
    one.recv(65536)
    one.sendall(_said(b"R", bytes(4)) + _said(b"S", b"client_encoding\0UTF8\0") + _said(b"Z", b"I"))
    assert one.recv(65536).startswith(b"Q")
    one.sendall(_said(b"C", b"BEGIN\0") + _said(b"Z", b"T"))
    assert b"SELECT" in one.recv(65536)
    column = b"superuser\0" + bytes(6) + (25).to_bytes(4, "big") + b"\xff" * 6 + bytes(2)
    one.sendall(_said(b"T", b"\0\1" + column))


def _endless(of: bytes, first: bytes = b"") -> Callable[[socket.socket], None]:
    def reply(one: socket.socket) -> None:
        _hello(one)
        one.sendall(first)
        while True:
            one.sendall(of)

    return reply


def _silence(one: socket.socket) -> None:
    _hello(one)
    time.sleep(300)


def _never(one: socket.socket) -> None:
    time.sleep(300)


def _rubbish(one: socket.socket) -> None:
    one.sendall(b"HTTP/1.1 200 OK\r\n\r\n<html>")


@pytest.mark.parametrize(
    "reply",
    [_endless(ROW * 1000), _endless(NOTIFICATION * 1000), _endless(NOTICE * 1000),
     _endless(b"x" * 65536, b"D" + (2**30).to_bytes(4, "big"))],
    ids=["rows", "notifications", "notices", "one row"],
)  # fmt: skip
def test_h14_a_server_that_answers_without_end_is_left_when_it_is_too_much(
    reply: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver would keep all of it: half a gigabyte a second, as long as a run may take."""
    monkeypatch.setattr(asking, "MOST", 1024 * 1024)
    with answering(reply) as port:
        settings = {"host": "127.0.0.1", "port": port, "database": "d", "user": "u", "security": "plain"}
        seen, way = observe(settings, {"password": "x"}, seconds=120)
    assert {one.payload["reason"] for one in seen.values()} == {"unavailable"}
    assert set(way.faults) == {"too_large"}


@pytest.mark.parametrize("reply", [_silence, _rubbish])
def test_h14_a_server_that_keeps_to_nothing_is_left_when_time_is_up(
    reply: Callable[[socket.socket], None],
) -> None:
    with answering(reply) as port:
        settings = {"host": "127.0.0.1", "port": port, "database": "d", "user": "u", "security": "plain"}
        began = time.monotonic()
        seen, _ = observe(settings, {"password": "x"}, seconds=2)
        assert time.monotonic() - began < 200, "far from what it would take"
    assert {one.payload["reason"] for one in seen.values()} == {"unavailable"}


def test_h14_a_server_that_never_says_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "CONNECT", 2)
    with answering(_never) as port:
        settings = {"host": "127.0.0.1", "port": port, "database": "d", "user": "u", "security": "plain"}
        seen, way = observe(settings, {"password": "x"}, seconds=20)
    assert {one.payload["reason"] for one in seen.values()} == {"unavailable"}
    assert set(way.faults) == {"timeout"}


# --- TLS


def test_h7_without_tls_no_other_machine_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Way, "addresses", lambda *_: ["203.0.113.7"])
    settings = {"host": "db.example", "database": "d", "user": "u", "security": "plain"}
    seen, way = observe(settings, {"password": "x"})
    assert {one.payload["reason"] for one in seen.values()} == {"unavailable"}
    assert set(way.faults) == {"scheme_refused"}


def _context(certificate: bytes, key: bytes, folder: Path) -> ssl.SSLContext:
    (folder / "pair.pem").write_bytes(certificate + key)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(folder / "pair.pem")
    return made


@pytest.mark.parametrize(
    ("certified", "host", "trusted", "seen_it"),
    [("localhost", "localhost", True, True), ("localhost", "localhost", False, False),
     ("other.example", "localhost", True, False), ("localhost", "127.0.0.1", True, False)],
    ids=["as it should be", "signed by somebody else", "of another name", "asked by number"],
)  # fmt: skip
def test_h7_the_certificate_and_its_name_are_verified(
    looked: Looked, tmp_path: Path, certified: str, host: str, trusted: bool, seen_it: bool
) -> None:
    certificate, key = certificates.made(certified)
    (tmp_path / "ca.pem").write_bytes(certificate if trusted else certificates.made(certified)[0])
    place = looked.admin.execute("SHOW unix_socket_directories").fetchone()
    assert place is not None
    path = Path(place[0]) / f".s.PGSQL.{looked.admin.info.port}"
    known = str(tmp_path / "ca.pem")
    outbound.permit(Settings(outbound_networks="127.0.0.0/8,::1/128", outbound_ca_file=known))
    with forwarded(path, _context(certificate, key, tmp_path)) as port:
        settings = {**looked.settings, "host": host, "port": port, "security": "tls"}
        seen, way = observe(settings, looked.secrets)
    assert seen["field_inventory"].complete is seen_it
    assert set(way.faults) == (set() if seen_it else {"tls_failed"})


def test_h7_a_server_without_tls_is_told_no_password() -> None:
    heard = bytearray()

    def reply(one: socket.socket) -> None:
        heard.extend(one.recv(8))
        one.sendall(b"N")
        heard.extend(one.recv(4096))

    with answering(reply) as port:
        settings = {"host": "127.0.0.1", "port": port, "database": "d", "user": "u"}
        _, way = observe(settings, {"password": "canary"})
    assert set(way.faults) == {"tls_failed"}
    assert b"canary" not in heard
    assert len(heard) <= 8


def test_h6_nothing_of_whoever_runs_us_is_used(
    looked: Looked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pass").write_text("*:*:*:*:canary")
    (tmp_path / "pass").chmod(0o600)
    for name, value in {
        "PGHOST": "elsewhere.invalid",
        "PGHOSTADDR": "192.0.2.1", "PGPORT": "1", "PGUSER": "postgres",
        "PGDATABASE": "x", "PGPASSFILE": str(tmp_path / "pass"), "PGSSLMODE": "disable",
        "PGOPTIONS": "-c row_security=on", "PGTARGETSESSIONATTRS": "primary", "PGAPPNAME": "somebody",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    seen, way = look(looked)
    assert way.faults == {}
    assert seen["credential"].payload["more_than_reading"] is False, "as looker, and not as PGUSER"
