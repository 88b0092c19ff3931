"""PostgreSQL, by its catalogue: columns that look like personal data, who may read them, how old their rows are; and
when data subjects asked and were answered, where it is said which table has that.

It looks at names, comments, grants and the least date of each table, in read-only transactions that wait for no lock
and for no long answer. Names of tables go into statements as the driver quotes them. Roles that somebody logs in with
are counted and not named, unless the settings say that they are a service's.

A date or a time without a zone is taken for UTC. What row-level security would hide from us is told as not seen.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, LiteralString

from marshmallow import fields, validate
from psycopg import sql

from registry import clock
from registry.connectors.observed.plain import MOST, Word, several
from registry.connectors.reading import personal
from registry.connectors.source import Allow, NotSeen, Seen, Source, Way, instant_of, word
from registry.connectors.sources import _postgresql_asking as asking
from registry.connectors.sources import _postgresql_requests as requests
from registry.connectors.sources import _postgresql_statements as ask
from registry.strict.schema import Integer, OneOf, Schema, Text

MOST_TABLES = 5_000  # with personal data, that are looked into one by one


class Dated(Schema):
    """Which column of a table says when a row came to be; null: none has to, it goes with the rows of another."""

    table = Word(required=True, metadata={"description": "schema.table"})
    column = Text(
        max=63,
        required=True,
        allow_none=True,
        metadata={"description": "Its column of age; null: its rows go with those of another."},
    )


class Covered(Schema):
    """A table, and the data category of the record that it holds."""

    table = Word(required=True, metadata={"description": "schema.table"})
    category = Word(most=40, required=True, metadata={"description": "An id such as D1, or a term of DPV."})


def _names(description: str) -> fields.List:
    return fields.List(Text(max=63), validate=validate.Length(max=500), metadata={"description": description})


class PostgresqlSettings(Schema):
    """Which database, and as whom."""

    host = Text(
        max=253, required=True, metadata={"description": "The name of the server, as its certificate has it."}
    )
    port = Integer(min=1, max=65535, metadata={"description": "Where it is not 5432."})
    database = Text(max=63, required=True, metadata={"description": "The name of the database."})
    user = Text(
        max=63, required=True, metadata={"description": "A role that may only read; docs/connectors.md."}
    )
    security = OneOf(
        "tls",
        "plain",
        metadata={"description": "plain only on the machine itself, where its operator permits that."},
    )
    schemas = _names("The schemas that belong to this system; all of them, if left out.")
    services = _names("Roles that services log in with, and no person: only these are named.")
    dated = several(
        Dated,
        required=False,
        metadata={"description": "Tables whose age another column shows than would be taken."},
    )
    categories = several(
        Covered, required=False, metadata={"description": "Which data category of the record tables hold."}
    )
    requests = fields.Nested(
        requests.Requests,
        metadata={
            "description": "Where requests of data subjects are noted down, and in which columns by day."
        },
    )


SOURCE = Source(
    title={"fi": "PostgreSQL-tietokanta", "sv": "PostgreSQL-databas", "en": "PostgreSQL database"},
    settings=PostgresqlSettings,
    secrets={"password": "The password of a role that may only read."},
    sees=("credential", "field_inventory", "roles", "oldest_item", "settings", "apps", "request_log"),
    only_with={"request_log": "requests"},
    most=1_000_000,
)


def reach(settings: Mapping[str, Any]) -> Allow:
    """The server and no other."""
    ports = frozenset({settings.get("port", 5432)})
    return Allow(hosts=(settings["host"],), ports=ports)


def observe(way: Way, settings: Mapping[str, Any]) -> Iterator[Seen]:
    """Each kind of SOURCE.sees, over one connection."""
    with contextlib.ExitStack() as stack:
        look = _Database(way, settings, stack)
        yield way.look("credential", look.credential)
        yield way.look("field_inventory", look.fields)
        yield way.look("roles", look.roles)
        yield way.look("oldest_item", look.oldest)
        yield way.look("settings", look.settings)
        yield way.look("apps", look.apps)
        if "requests" in settings:
            yield way.look("request_log", look.requests)


@dataclasses.dataclass(slots=True)
class _Table:
    """A table with columns that look personal; `created` is the column that says how old a row is."""

    oid: int
    schema: str
    name: str
    kind: str
    rows_secured: bool
    columns: dict[str, str | None]  # those that look personal, with their terms; None: text of who knows what
    dates: dict[str, str]  # columns of dates and times, with their types

    @property
    def called(self) -> str:
        return word(f"{self.schema}.{self.name}")


class _Database:
    """One database in one run."""

    def __init__(self, way: Way, settings: Mapping[str, Any], stack: contextlib.ExitStack) -> None:
        self.way, self.given, self._stack = way, settings, stack
        self.categories = {one["table"]: one["category"] for one in settings.get("categories", ())}
        self._connection: asking.Session | None = None
        self._failed: NotSeen | None = None
        self._tables: list[_Table] | None = None
        self._too_many = False

    def _rows(self, statement: LiteralString | sql.Composed, values: Any = None) -> list[dict[str, Any]]:
        """All rows of a statement that gives few. Raises NotSeen."""
        return self._open().rows(statement, values)

    def _open(self) -> asking.Session:
        self.way.left()
        if self._failed is not None:
            raise self._failed
        if self._connection is None:
            try:
                self._connection = self._stack.enter_context(asking.connected(self.way, self.given))
            except NotSeen as failed:
                self._failed = failed
                raise
        return self._connection

    # --- ours

    def credential(self) -> Mapping[str, Any]:
        """What our own role may do beyond reading."""
        (ours,) = self._rows(ask.OURS)
        may = [name for name in ask.ATTRIBUTES if ours[name]]
        may += [f"member of {one['role']}" for one in self._rows(ask.POWERS)]
        may += [f"{one['privilege']} ({one['count']})" for one in self._rows(ask.WRITES)]
        told: dict[str, Any] = {"more_than_reading": bool(may), "may": may[:100]}
        if ours["ends"] is not None:
            told["ends_on"] = ours["ends"]
        return told

    # --- what

    def _personal(self) -> list[_Table]:
        """The tables that hold personal data, read once. Raises NotSeen, also where there is none to be seen."""
        if self._tables is None:
            schemas = self.given.get("schemas")
            found: list[_Table] = []
            for table in _by_table(self._open().stream(ask.COLUMNS, [schemas, schemas])):
                self.way.took()
                if table.columns and len(found) == MOST_TABLES:
                    self._too_many = True
                    break
                if table.columns:
                    found.append(table)
            self._tables = sorted(found, key=lambda one: (one.schema, one.name))
        if not self._tables:
            raise NotSeen("not_supported", "nothing_looks_personal")
        if self._too_many:
            self.way.broken("too_many_tables")
        return self._tables

    def fields(self) -> Mapping[str, Any]:
        """Columns that look personal, and of the same tables those of text that do not say what they hold."""
        found: list[dict[str, Any]] = []
        for table in self._personal():
            with self.way.item():
                for name, term in table.columns.items():
                    found.append(
                        {"object": table.called, "name": word(name), **({"pd": term} if term else {})}
                    )
        if len(found) > MOST:
            self.way.broken("too_many_fields")
        return {"fields": found[:MOST]}

    # --- who

    def roles(self) -> Mapping[str, Any]:
        """Who may read them: by grant, through membership, as everybody, owner or superuser, by a role made for it."""
        tables = self._personal()
        of = [(table.oid, name) for table in tables for name, term in table.columns.items() if term]
        asked = {
            "tables": [table.oid for table in tables],
            "of": [oid for oid, _ in of],
            "columns": [name for _, name in of],
        }
        found: dict[str, _Role] = {}
        for one in self._rows(ask.GRANTS, asked):
            role = found.setdefault(self._called(one), _Role())
            role.privileges[one["privilege"]] = max(role.privileges[one["privilege"]], one["tables"])
            role.owner |= one["owner"]
            role.take(one["grantee"], one["members"])
        roles = [role.told(name) for name, role in sorted(found.items())]
        roles += [{**one, "may": []} for one in self._rows(ask.PREDEFINED)]
        return {"roles": [one for one in roles if one["permission"]][:MOST]}

    def _called(self, grantee: Mapping[str, Any]) -> str:
        """A role by its name; those that people log in with together, for such a name is often a person's."""
        if grantee["rolname"] is None:
            return "PUBLIC"
        if grantee["rolcanlogin"] and grantee["rolname"] not in self.given.get("services", ()):
            return ask.LOGINS
        return word(grantee["rolname"])

    # --- how old

    def oldest(self) -> Mapping[str, Any]:
        """The least date of each of these tables. A table that does not tell, or not us, leaves the look incomplete."""
        named = {one["table"]: one["column"] for one in self.given.get("dated", ())}
        items = []
        for table in self._personal():
            called = f"{table.schema}.{table.name}"
            if table.kind == "v" or (called in named and named[called] is None):
                continue
            column = named.get(called) or personal.of_creation(table.dates)
            try:
                if table.kind == "f":
                    raise NotSeen("not_supported", "foreign_table")
                if column is None or column not in table.dates:
                    raise NotSeen("not_supported", "no_date_column")
                with self.way.item():
                    items.append(self._least(table, called, column))
            except NotSeen as failed:
                self.way.broken(failed.code)
                if failed.code in ("out_of_time", "connection_failed"):
                    break
        return {"items": items[:MOST]}

    def _least(self, table: _Table, called: str, column: str) -> dict[str, Any]:
        place = sql.Identifier(table.schema, table.name)
        least = sql.SQL(ask.OLDEST[table.dates[column]]).format(column=sql.Identifier(column))
        (row,) = self._rows(sql.SQL(ask.LEAST).format(table=place, least=least))
        item: dict[str, Any] = {"object": table.called}
        if called in self.categories:
            item["category"] = self.categories[called]
        if not row["any"]:
            return {**item, "count": 0}
        oldest = instant_of(row["oldest"])  # of rows without a date, or from before Christ, nothing is said
        if oldest > clock.now():
            raise ValueError("of the future")
        return {**item, "oldest": oldest}

    # --- how safe, and who else

    def settings(self) -> Mapping[str, Any]:
        """Whether connections may be encrypted, statements are logged, and rows are secured."""
        told = {one["name"]: one["setting"] for one in self._rows(ask.SETTINGS)}
        ssl, logged = told.get("ssl"), told.get("log_statement")
        found: list[dict[str, Any]] = [
            {"about": "encrypted_in_transit", "name": "ssl", "on": None if ssl is None else ssl == "on"},
            {"about": "logged", "name": "log_statement", "on": None if logged is None else logged != "none"},
        ]
        try:
            for table in self._personal():
                if table.kind in ("r", "p"):
                    one = {"about": "row_level_security", "name": "row security", "on": table.rows_secured}
                    found.append({**one, "object": table.called})
        except NotSeen as failed:
            self.way.broken(failed.code)
        return {"settings": found[:MOST]}

    def apps(self) -> Mapping[str, Any]:
        """Publications and foreign servers: ways by which what is here goes elsewhere. Whose they are is not told."""
        return {
            "apps": [
                {"id": f"{one['sort']}:{word(one['name'])}", "name": word(one["name"]), "active": True}
                for one in self._rows(ask.CONNECTED)
            ]
        }

    # --- what people asked for

    def requests(self) -> Mapping[str, Any]:
        """The days of data subjects' requests, and nothing else of them."""
        return requests.log(self.way, self._rows, self.given["requests"])


@dataclasses.dataclass(slots=True)
class _Role:
    """What one role, or those that people log in with together, may do with the tables."""

    privileges: Counter[str] = dataclasses.field(default_factory=Counter)
    grantees: dict[int, int | None] = dataclasses.field(default_factory=dict)
    owner: bool = False

    def take(self, grantee: int, members: int | None) -> None:
        """Count whoever has it; None is everybody. Of several privileges that which reaches most."""
        before = self.grantees.get(grantee, 0)
        self.grantees[grantee] = None if None in (before, members) else max(before or 0, members or 0)

    def told(self, name: str) -> dict[str, Any]:
        permission = "admin" if self.owner else "agent" if self.privileges.keys() - {"SELECT"} else "viewer"
        if name == ask.LOGINS:  # each of these is one, if it gets there
            members: int | None = sum(1 for count in self.grantees.values() if count)
        else:
            members = None if None in self.grantees.values() else sum(filter(None, self.grantees.values()))
        return {
            "role": name,
            "permission": permission if "SELECT" in self.privileges else None,
            "members": members,
            "may": [f"{privilege} ({count})" for privilege, count in sorted(self.privileges.items())],
        }


#: Types that hold whatever somebody writes into them.
_FREE = frozenset({"json", "jsonb", "xml", "bytea", "hstore", "_text", "_varchar"})
_OF_TYPE = {"inet": "pd:IPAddress", "macaddr": "pd:MACAddress", "macaddr8": "pd:MACAddress"}


def _by_table(rows: Iterator[dict[str, Any]]) -> Iterator[_Table]:
    """Columns, in the order of their tables, as tables; what holds nothing personal has no columns here."""
    for _, columns in itertools.groupby(rows, key=lambda row: row["oid"]):
        table: _Table | None = None
        unclear: dict[str, str | None] = {}
        for row in columns:
            if table is None:
                table = _Table(row["oid"], row["schema"], row["name"], row["kind"], row["secured"], {}, {})
            comment, name = row["comment"] or "", row["column"]
            if row["built_in"] and row["type"] in ask.OLDEST:
                table.dates[name] = row["type"]
            if personal.denied(comment):
                continue
            term = personal.term(name, within=table.name, comment=comment) or _OF_TYPE.get(row["type"])
            if term is not None and personal.held_by(term, "uuid" if row["type"] == "uuid" else row["sort"]):
                table.columns[name] = term
            elif row["sort"] == "S" or row["type"] in _FREE:
                unclear[name] = None
        if table is not None:
            if table.columns or personal.of_people(table.name):
                table.columns |= (
                    unclear  # a table of people is asked about even where no name tells what it holds
                )
            yield table
