"""Changes on a PostgreSQL, the real one of the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.connectors.databases import Looked, looked_at
from tests.connectors.turns import Turn, ago

RECORD: dict[str, Any] = {
    "access": {
        "need_to_know": "stated",
        "roles": [
            {"role": "Asiakaspalvelijat", "organisation": "own", "account_filter": "turn_support"},
            {"role": "Ylläpitäjät", "organisation": "own", "account_filter": "superuser"},
        ],
    },
    "retention": ["P3Y"],
    "data_categories": [{"text": "Nimi", "pd": "pd:Name"}, {"text": "Sähköposti", "pd": "pd:EmailAddress"}],
}
MADE = """
CREATE ROLE turn_support NOLOGIN;
CREATE ROLE turn_marketing NOLOGIN;
CREATE ROLE turn_one LOGIN IN ROLE turn_support;
CREATE ROLE turn_two LOGIN;
CREATE ROLE turn_reader LOGIN;
CREATE TABLE customers (id int, first_name text, email text, created_at timestamptz);
ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON customers TO turn_support USING (false);
ALTER ROLE turn_reader BYPASSRLS;
GRANT SELECT ON customers TO turn_support;
GRANT SELECT (created_at) ON customers TO turn_reader;
CREATE TABLE requests (id int, who text, wish text, received_on date, answered_on timestamptz);
INSERT INTO requests VALUES (1, 'canary', 'canary', '2024-01-02', '2024-01-09 08:00Z');
GRANT SELECT (received_on, answered_on) ON requests TO turn_reader;
"""


@contextmanager
def system(databases: Any) -> Iterator[tuple[Looked, dict[str, Any], dict[str, str]]]:
    with looked_at(databases, MADE, "turn_reader") as looked:
        looked.run(f"INSERT INTO customers VALUES (1, 'canary', 'canary', '{ago(days=400)}')")
        requests = {"table": "public.requests", "received": "received_on", "answered": "answered_on"}
        yield looked, {**looked.settings, "requests": requests}, looked.secrets


def _run(statements: str) -> Callable[[Looked], None]:
    return lambda looked: looked.run(statements)


def _old(looked: Looked) -> None:
    looked.run(f"INSERT INTO customers VALUES (2, 'canary', 'canary', '{ago(days=1200)}')")


def _asked(**answered: float) -> Callable[[Looked], None]:
    """A request of two months ago, answered so long ago; or not."""
    told = f"'{ago(**answered)}'" if answered else "NULL"
    received = ago(days=62)[:10]
    return lambda looked: looked.run(
        "DELETE FROM requests WHERE id = 2;"
        f"INSERT INTO requests VALUES (2, 'canary', 'canary', '{received}', {told})"
    )


TURNS = [
    Turn(
        kind="roles", code="OBS301", name="a role is granted SELECT, with somebody in it",
        key="acme/desk:role:turn_marketing",
        do=_run("GRANT SELECT ON customers TO turn_marketing; GRANT turn_marketing TO turn_two"),
        undo=_run("REVOKE SELECT ON customers FROM turn_marketing"),
    ),
    Turn(
        kind="roles", code="OBS301", name="somebody is let into a role that inherits the right",
        key="acme/desk:role:turn_marketing",
        do=_run("GRANT SELECT (email) ON customers TO turn_marketing; GRANT turn_marketing TO turn_one"),
        undo=_run("REVOKE turn_marketing FROM turn_one"),
    ),
    Turn(
        kind="roles", code="OBS301", name="everybody may read", key="acme/desk:role:PUBLIC",
        do=_run("GRANT SELECT ON customers TO PUBLIC"), undo=_run("REVOKE SELECT ON customers FROM PUBLIC"),
    ),
    Turn(
        kind="roles", code="OBS301", name="somebody is given pg_read_all_data", key="acme/desk:role:pg_read_all_data",
        do=_run("GRANT pg_read_all_data TO turn_two"), undo=_run("REVOKE pg_read_all_data FROM turn_two"),
    ),
    Turn(
        kind="field_inventory", code="OBS304", name="a column for the personal identity code is added",
        key="acme/desk",
        do=_run("ALTER TABLE customers ADD hetu text"), undo=_run("ALTER TABLE customers DROP hetu"),
    ),
    Turn(
        kind="oldest_item", code="OBS302", name="a row is older than it may be",
        key="R1:acme/desk:oldest:public.customers:",
        do=_old, undo=_run("DELETE FROM customers WHERE id = 2"),
    ),
    Turn(
        kind="settings", code="OBS306", name="row-level security is switched off", then="open",
        key="acme/desk:row_level_security:row security:public.customers",
        do=_run("ALTER TABLE customers DISABLE ROW LEVEL SECURITY"),
        undo=_run("ALTER TABLE customers ENABLE ROW LEVEL SECURITY"),
    ),
    Turn(
        kind="apps", code="OBS305", name="a table is published to another database", found="open",
        key="acme/desk:app:publication:to_somewhere",
        do=_run("CREATE PUBLICATION to_somewhere FOR TABLE customers"),
        undo=_run("DROP PUBLICATION to_somewhere"),
    ),
    Turn(
        kind="credential", code="OBS306", name="our role is given the right to write", then="open",
        key="acme/desk:credential",
        do=_run("GRANT DELETE ON customers TO turn_reader"),
        undo=_run("REVOKE DELETE ON customers FROM turn_reader"),
    ),
    Turn(
        kind="request_log", code="OBS308", name="a request is left unanswered for too long", key="acme/desk",
        do=_asked(), undo=_asked(days=50),
    ),
    Turn(
        kind="request_log", code="OBS308", name="a request was answered too late", key="acme/desk",
        do=_asked(days=9), undo=_asked(days=50),
    ),
]  # fmt: skip
