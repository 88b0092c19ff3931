"""When data subjects asked and were answered, of a table in which an organisation notes its requests: the days alone.

A time with a zone is of the day that it is in a zone that the settings name; without one, of the day that is written.
Nothing is guessed of a row whose days are missing, out of the calendar, not in order or still to come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema
from psycopg import sql

from registry import clock
from registry.catalogue.record.parties import Zone
from registry.connectors.observed.plain import MOST, Word
from registry.connectors.source import NotSeen, Way
from registry.connectors.sources import _postgresql_statements as ask
from registry.strict.schema import Schema, Text

BACK = 2  # years before this one
PARTS = ("received", "identified", "extended", "answered")
#: Why what is no table is not read: a view runs functions of its owner's, and another server is another system.
_NOT_READ = {"v": "view", "f": "foreign_table"}

Rows = Callable[..., list[dict[str, Any]]]


def _column(description: str, *, required: bool = False) -> Text:
    return Text(max=63, required=required, metadata={"description": description})


class Requests(Schema):
    """A table of data subjects' requests, and its columns of dates or times."""

    table = Word(required=True, metadata={"description": "schema.table"})
    received = _column("The day on which it was received.", required=True)
    answered = _column("The day on which it was answered; null in the table: not yet.", required=True)
    identified = _column("The day on which it was known who asked, where more was needed for that.")
    extended = _column("The day on which the person was told that it takes longer.")
    zone = Zone(metadata={"description": "Of which days times are: the controller's; Europe/Helsinki."})

    @validates_schema(skip_on_field_errors=True)
    def _apart(self, data: Mapping[str, Any], **_: Any) -> None:
        seen: dict[str, str] = {}
        for part in PARTS:
            if part in data and seen.setdefault(data[part], part) != part:
                raise ValidationError(f"same_column: That is the column of {seen[data[part]]}.", part)


def log(way: Way, rows: Rows, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The payload of request_log: those not answered, and those answered in this year or the two before it.

    Raises NotSeen.
    """
    zone = given.get("zone", clock.HELSINKI)
    today = clock.day_of(clock.now(), zone)
    since = today.replace(today.year - BACK, 1, 1).isoformat()  # stands all year: a day more changes nothing
    found: list[dict[str, Any]] = []
    for row in rows(_statement(rows, given, zone, since)):
        way.took()
        if len(found) == MOST:
            way.broken("too_many_requests")
            break
        with way.item():
            found.append(_request(row, today.isoformat()))
    return {"since": since, "requests": found}


def _statement(rows: Rows, given: Mapping[str, Any], zone: str, since: str) -> sql.Composed:
    """What the table is asked, with no values beside it: a name may look like a place for one. Raises NotSeen."""
    named = {part: given[part] for part in PARTS if part in given}
    placed = rows(ask.PLACED, {"table": given["table"], "columns": list(named.values())})
    if not placed:
        raise NotSeen("no_such_endpoint", "no_such_table")
    if len({one["oid"] for one in placed}) > 1:  # a.b.c is two, if one is called a and the other a.b
        raise NotSeen("not_supported", "two_tables")
    if placed[0]["kind"] in _NOT_READ:
        raise NotSeen("not_supported", _NOT_READ[placed[0]["kind"]])
    types = {one["column"]: one["type"] for one in placed}
    if set(named.values()) - types.keys():
        raise NotSeen("no_such_endpoint", "no_such_column")
    if not all(types[column] in ask.DAYS for column in named.values()):
        raise NotSeen("not_supported", "no_date_column")
    columns: list[sql.Composable] = []
    for part in PARTS:
        day: sql.Composable = sql.SQL("NULL::date")
        there: sql.Composable = sql.SQL("false")
        if part in named:
            column = sql.Identifier(named[part])
            day = sql.SQL(ask.DAYS[types[named[part]]]).format(column=column, zone=sql.Literal(zone))
            there = sql.SQL("{} IS NOT NULL").format(column)
        columns += [sql.SQL("{} AS {}").format(day, sql.Identifier(part))]
        columns += [sql.SQL("{} AS {}").format(there, sql.Identifier(f"has_{part}"))]
    place = sql.Identifier(placed[0]["schema"], placed[0]["name"])
    return sql.SQL(ask.REQUESTS).format(
        columns=sql.SQL(", ").join(columns), table=place, since=sql.Literal(since), most=sql.Literal(MOST + 1)
    )


def _request(row: Mapping[str, Any], today: str) -> dict[str, Any]:
    """One request. Raises ValueError (KeyError) for one whose days say nothing."""
    days = {}
    for part in PARTS:
        day = row[f"{part}_on"]
        if row[f"has_{part}"]:
            if day is None or day > today:
                raise ValueError("no day that has been")
            days[f"{part}_on"] = day
    received = days["received_on"]
    if any(day < received for day in days.values()):
        raise ValueError("before it was received")
    return {"answered_on": None, **days}
