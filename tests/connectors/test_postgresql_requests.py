"""PostgreSQL: the log of data subjects' requests, of which the days alone are read (faults.md, H12 and H14)."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from registry import clock, errors
from registry.connectors.book import source
from registry.connectors.seen import Seen
from registry.connectors.sources import _postgresql_asking as asking
from registry.connectors.sources import _postgresql_requests as requests
from registry.connectors.sources import _postgresql_statements as statements
from registry.connectors.way import Way
from tests import engines
from tests.connectors.databases import Looked, looked_at
from tests.connectors.test_postgresql import HOSTILE, look, loopback

__all__ = ["loopback"]
NOW = "2026-11-22T08:00:00.000000Z"
REQUESTS = int(os.environ.get("REQUESTS", "30000"))  # a million by hand

MADE = """
CREATE ROLE looker LOGIN;
CREATE TABLE requests (who text DEFAULT 'canary', received_on date, answered_on date, known_on date, told_on date);
GRANT SELECT (received_on, answered_on, known_on, told_on) ON requests TO looker;
"""
COLUMNS = {"received": "received_on", "answered": "answered_on"}

pytestmark = pytest.mark.postgresql


@pytest.fixture
def looked(databases: engines.Engines, monkeypatch: pytest.MonkeyPatch) -> Iterator[Looked]:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with looked_at(databases, MADE, "looker") as made:
        made.settings["requests"] = {"table": "public.requests", **COLUMNS}
        yield made


def log(looked: Looked, **limits: Any) -> tuple[Seen, Way]:
    """What was seen of requests; the way has counted what went wrong with the other kinds too, if anything did."""
    seen, way = look(looked, **limits)
    return seen["request_log"], way


def days(looked: Looked) -> list[tuple[str, str | None]]:
    seen, _ = log(looked)
    return [(one["received_on"], one["answered_on"]) for one in seen.payload["requests"]]


def unseen(looked: Looked) -> str:
    """Why nothing was seen."""
    seen, way = log(looked)
    assert seen.kind == "could_not_look"
    (code,) = way.faults.keys() - {"not_supported", "nothing_looks_personal"}
    return f"{seen.payload['reason']}: {code}"


# --- what is read


def test_the_days_alone_and_the_slowest_first(looked: Looked) -> None:
    looked.run(
        """INSERT INTO requests VALUES
        ('canary', '2026-10-01', '2026-10-02'), ('canary', '2026-10-01', NULL), ('canary', '2026-09-01', NULL),
        ('canary', '2026-02-01', '2026-04-01');
        INSERT INTO requests VALUES ('canary', '2026-01-01', '2026-05-01', '2026-04-01', '2026-01-09')"""
    )
    seen, _ = log(looked)
    assert seen.complete
    assert seen.payload == {
        "since": "2024-01-01",
        "requests": [
            {"received_on": "2026-09-01", "answered_on": None},
            {"received_on": "2026-10-01", "answered_on": None},
            {"received_on": "2026-01-01", "answered_on": "2026-05-01"},
            {"received_on": "2026-02-01", "answered_on": "2026-04-01"},
            {"received_on": "2026-10-01", "answered_on": "2026-10-02"},
        ],
    }
    looked.settings["requests"] |= {"identified": "known_on", "extended": "told_on"}
    (one,) = (one for one in log(looked)[0].payload["requests"] if "extended_on" in one)
    assert one == {
        "received_on": "2026-01-01", "identified_on": "2026-04-01", "extended_on": "2026-01-09",
        "answered_on": "2026-05-01",
    }  # fmt: skip


def test_nothing_but_the_days_has_to_be_granted(looked: Looked) -> None:
    with psycopg.connect(looked.admin.info.dsn) as other:
        other.execute("SET ROLE looker")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            other.execute("SELECT who FROM requests")
    assert log(looked)[0].payload == {"since": "2024-01-01", "requests": []}
    assert log(looked)[0].complete, "there were none"


def test_without_the_setting_nobody_looks(looked: Looked) -> None:
    del looked.settings["requests"]
    assert "request_log" not in look(looked)[0]


def test_what_was_answered_long_ago_is_left_out_and_what_never_was_is_not(looked: Looked) -> None:
    looked.run(
        """INSERT INTO requests VALUES ('canary', '2023-11-01', '2023-12-31'), ('canary', '2023-11-01', '2024-01-01'),
        ('canary', '2001-01-01', NULL)"""
    )
    assert days(looked) == [("2001-01-01", None), ("2023-11-01", "2024-01-01")]
    assert log(looked)[0].complete


SAY_NOTHING = [
        "NULL, NULL", "NULL, '2026-10-01'", "NULL, '2001-01-01'",
        "'infinity', NULL", "'-infinity', NULL", "'-infinity', '2001-01-01'", "'0044-03-15 BC', NULL",
        "'2026-10-01', 'infinity'", "'2026-10-01', '-infinity'", "'2026-10-01', '0044-03-15 BC'",
        "'2026-10-01', '2026-09-30'", "'2026-10-01', '1970-01-01'", "'2026-10-01', '2026-11-23'",
        "'2026-11-23', NULL", "'294000-01-01', NULL", "'2026-10-01', '294000-01-01'",
        "'2026-10-01', '2026-10-02', '2026-09-01'", "'2026-10-01', '2026-10-02', '2026-11-23'",
        "'2026-10-01', '2026-10-02', 'infinity'", "'2026-10-01', NULL, NULL, '2026-09-01'",
        "'2026-10-01', NULL, NULL, '2099-09-01'", "'2026-10-01', NULL, NULL, '-infinity'",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
def test_h12_days_that_say_nothing_are_counted_and_nothing_looks_whole(looked: Looked, kind: str) -> None:
    looked.settings["requests"] |= {"identified": "known_on", "extended": "told_on"}
    for column in ("received_on", "answered_on", "known_on", "told_on"):
        looked.run(f"ALTER TABLE requests ALTER {column} TYPE {kind}")
    for row in [*SAY_NOTHING, "'2026-10-01', '2026-10-09'"]:
        looked.run(f"INSERT INTO requests VALUES ('canary', {row})")
    seen, way = log(looked)
    assert seen.payload["requests"] == [{"received_on": "2026-10-01", "answered_on": "2026-10-09"}]
    assert seen.complete is False
    assert way.faults["item_not_understood"] == len(SAY_NOTHING)


@pytest.mark.parametrize(
    ("kind", "zone", "day"),
    [("timestamptz", None, "2026-10-02"), ("timestamptz", "UTC", "2026-10-01"),
     ("timestamptz", "America/New_York", "2026-10-01"), ("timestamptz", "Asia/Tokyo", "2026-10-02"),
     ("timestamp", None, "2026-10-01"), ("timestamp", "Asia/Tokyo", "2026-10-01"), ("date", None, "2026-10-01")],
)  # fmt: skip
def test_a_time_with_a_zone_is_of_the_day_that_it_is_there(
    looked: Looked, kind: str, zone: str | None, day: str
) -> None:
    looked.run(f"ALTER TABLE requests ALTER received_on TYPE {kind}")
    looked.run("INSERT INTO requests VALUES ('canary', '2026-10-01 22:30+00', NULL)")
    looked.settings["requests"] |= {"zone": zone} if zone else {}
    assert days(looked) == [(day, None)]


# --- what is not


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("ALTER TABLE requests ALTER received_on TYPE text", "not_supported: no_date_column"),
        ("ALTER TABLE requests ALTER answered_on TYPE int USING NULL", "not_supported: no_date_column"),
        ("CREATE DOMAIN day AS date; ALTER TABLE requests ALTER answered_on TYPE day", "not_supported: no_date_column"),
        ("ALTER TABLE requests ALTER answered_on TYPE date[] USING NULL", "not_supported: no_date_column"),
        ("ALTER TABLE requests ALTER answered_on TYPE time USING NULL", "not_supported: no_date_column"),
        ("ALTER TABLE requests DROP answered_on", "no_such_endpoint: no_such_column"),
        ("DROP TABLE requests", "no_such_endpoint: no_such_table"),
        ("ALTER TABLE requests RENAME TO r; CREATE VIEW requests AS TABLE r", "not_supported: view"),
        ("REVOKE SELECT (answered_on) ON requests FROM looker", "forbidden: no_right"),
        ("ALTER TABLE requests ENABLE ROW LEVEL SECURITY", "forbidden: no_right"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_as_not_seen(looked: Looked, change: str, why: str) -> None:
    assert log(looked)[0].complete
    looked.run(change)
    assert unseen(looked) == why


def test_a_name_that_is_of_two_tables_is_no_name(looked: Looked) -> None:
    looked.run('CREATE SCHEMA a; CREATE SCHEMA "a.b"')
    for place in ('a."b.c"', '"a.b".c'):
        looked.run(f"CREATE TABLE {place} (received_on date, answered_on date)")
    looked.settings["requests"]["table"] = "a.b.c"
    assert unseen(looked) == "not_supported: two_tables"


def test_functions_of_others_are_not_run(looked: Looked) -> None:
    """Neither those of a policy, nor those that take the name of one of ours."""
    looked.run(
        """CREATE FUNCTION public.trap() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
        CREATE FUNCTION public.to_char(date, text) RETURNS text LANGUAGE sql AS $$ SELECT '2026-01-01' $$;
        INSERT INTO requests VALUES ('canary', '2026-10-01', NULL);
        ALTER ROLE looker SET search_path = public, pg_catalog"""
    )
    assert days(looked) == [("2026-10-01", None)]
    looked.run(
        "ALTER TABLE requests ENABLE ROW LEVEL SECURITY; CREATE POLICY trap ON requests USING (trap())"
    )
    assert unseen(looked) == "forbidden: no_right"


def test_h14_hostile_names_in_the_settings(looked: Looked) -> None:
    """They are quoted by the driver, and none is taken for a place for a value."""
    for number, name in enumerate([*HOSTILE[:9], *HOSTILE[10:], "100%", "%(zone)s", "{column}", "%"]):
        quoted = psycopg.sql.Identifier(name).as_string(looked.admin)
        looked.run(
            f"CREATE TABLE public.{quoted} ({quoted} timestamptz, answered_on date);"
            f"INSERT INTO public.{quoted} VALUES (timestamptz '2026-09-01 12:00Z' + interval '{number} days', NULL);"
            f"GRANT SELECT ON public.{quoted} TO looker"
        )
        looked.settings["requests"] = {"table": f"public.{name}", "received": name, "answered": "answered_on"}
        assert days(looked) == [(f"2026-09-{number + 1:02d}", None)], name


@pytest.mark.parametrize(
    "table",
    ["public.requests; DROP TABLE requests", 'public"."requests', "requests", "public.requests --", "public.%s",
     "pg_catalog.pg_class", "information_schema.tables"],
)  # fmt: skip
def test_h14_statements_in_the_settings_are_names_of_no_table(looked: Looked, table: str) -> None:
    looked.settings["requests"]["table"] = table
    assert unseen(looked) in (
        "no_such_endpoint: no_such_table",
        "no_such_endpoint: no_such_column",
        "not_supported: view",
    )
    assert looked.admin.execute("SELECT count(*) FROM requests").fetchone() == (0,)


@pytest.mark.parametrize(
    "other",
    [{"answered": "received_on"}, {"identified": "received_on"}, {"extended": "answered_on"}, {"zone": "Mars/Olympus"},
     {"table": None}, {"received": None}, {"answered": "x" * 64}, {"where": "true"}, {"table": "anna@mail.example"}],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_refused(other: dict[str, Any]) -> None:
    base = {"host": "h", "database": "d", "user": "u"}
    given = {"table": "public.requests", **COLUMNS}
    assert source("postgresql").settings({**base, "requests": given})
    with pytest.raises(errors.Invalid):
        source("postgresql").settings({**base, "requests": {**given, **other}})


# --- how much, and how long


def test_h14_many_requests_in_bounded_memory(looked: Looked) -> None:
    """Those that took longest are kept; that others were left out is told, and so nothing looks kept to."""
    looked.run(
        f"""INSERT INTO requests SELECT 'canary', date '2026-01-01' + n % 300, date '2026-01-01' + n % 300 + n % 20
        FROM generate_series(1, {REQUESTS}) AS n; INSERT INTO requests VALUES ('canary', '2026-01-01', NULL)"""
    )
    log(looked)  # so that what is read once is not counted
    tracemalloc.start()
    seen, way = log(looked)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"of {REQUESTS} requests, at most {peak / 1e6:.1f} MB")  # noqa: T201 -- the figure of the documents
    assert len(seen.payload["requests"]) == requests.MOST
    assert seen.payload["requests"][0] == {"received_on": "2026-01-01", "answered_on": None}
    assert seen.complete is False
    assert way.faults["too_many_requests"] == 1
    assert peak < 30e6


def test_h14_a_lock_is_not_waited_for(looked: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(asking._OPTIONS, "lock_timeout", "50")
    with psycopg.connect(looked.admin.info.dsn) as other:
        other.execute("LOCK TABLE requests IN ACCESS EXCLUSIVE MODE")
        assert unseen(looked) == "unavailable: lock_timeout"


def test_h14_a_long_answer_is_cut_off(looked: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "(SELECT {column} FROM pg_catalog.pg_sleep(60))"  # as if of a billion rows
    monkeypatch.setitem(statements.DAYS, "date", slow)
    monkeypatch.setitem(asking._OPTIONS, "statement_timeout", "3000")
    looked.run("INSERT INTO requests VALUES ('canary', '2026-10-01', NULL)")
    assert unseen(looked) == "unavailable: statement_timeout"
