"""Paging by opaque keyset cursor: stable while rows come and go, in a total order, without page numbers.

    class RegisterQuery(Page):
        controller = Key()

    @blueprint.arguments(RegisterQuery, location="query")
    def list_registers(query):
        window = seek(query, str, str)
        rows = Register.select(...).order_by(Register.controller, Register.key).limit(window.limit + 1)
        if window.after:
            rows = rows.where(Tuple(Register.controller, Register.key) > window.after)
        return window.page(rows, document=lambda r: r.document, key=lambda r: (r.controller, r.key))

The last part of a key must be unique, so that equal values before it do not lose rows.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import marshmallow as ma
import orjson
from flask import Response
from marshmallow import fields, validate

from registry import errors
from registry.api.answer import Bytes
from registry.api.asked import here
from registry.api.parser import PAGED
from registry.strict.body import MAX_INTEGER, text_fault
from registry.strict.schema import QueryInteger, Schema

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

Row = TypeVar("Row")


class Page(Schema):
    """Base of the query schemas of lists: how many, and from where."""

    limit = QueryInteger(
        min=1, max=MAX_LIMIT, load_default=DEFAULT_LIMIT, metadata={"description": "How many at most."}
    )
    cursor = fields.String(
        load_default=None,
        validate=[validate.Length(min=1), validate.Length(max=2000)],
        metadata={"description": "Where to go on: `next` of the page before, with the same filters."},
    )


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a list that is asked for: at most `limit` rows whose key is beyond `after` (None: from the start)."""

    limit: int
    after: tuple[Any, ...] | None
    bound: str

    def page(
        self,
        rows: Iterable[Row],
        *,
        document: Callable[[Row], bytes | dict[str, Any]],
        key: Callable[[Row], tuple[Any, ...]],
    ) -> Response:
        """The answer {"items": […], "next": cursor or null}, with a Link to the next page (RFC 8288).

        `rows` are up to limit + 1: the one too many says that there is a next page. `document` gives a row's stored
        bytes (JSON, taken as they are) or a dict; `key` its place in the order.
        """
        shown: list[bytes] = []
        last: Row | None = None
        more = False
        for row in rows:
            if len(shown) == self.limit:
                more = True
                break
            made = document(row)
            shown.append(orjson.dumps(made) if isinstance(made, dict) else made)
            last = row
        return self.of(b",".join(shown), key(last) if more and last is not None else None)

    def latest(
        self,
        rows: Any,
        *,
        document: Callable[[Any], bytes | dict[str, Any]] = lambda one: bytes(one.document),
        number: str = "id",
    ) -> Response:
        """The same answer, of a query of things that have a number, the last first; `document` as `page` takes it,
        the stored one unless said."""
        column = getattr(rows.model, number)
        rows = rows if self.after is None else rows.where(column < self.after[0])
        return self.page(
            rows.order_by(column.desc()).limit(self.limit + 1),
            document=document,
            key=lambda one: (getattr(one, number),),
        )

    def of(self, documents: bytes | memoryview, last: tuple[Any, ...] | None) -> Response:
        """The same answer, of documents with commas between them; `last` is the key of the last if there are more."""
        body, headers = self.told(documents, last)
        return Bytes.of(body, 200, headers, "application/json")

    def told(
        self, documents: bytes | memoryview, last: tuple[Any, ...] | None
    ) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of that answer."""
        if last is None:
            return b"".join((b'{"items":[', documents, b'],"next":null}')), {}
        following = self.cursor(last)
        link = {"Link": f'<{_without_cursor()}cursor={following}>; rel="next"'}
        return b"".join((b'{"items":[', documents, b'],"next":"', following.encode(), b'"}')), link

    def cursor(self, key: tuple[Any, ...]) -> str:
        """The cursor that goes on behind this key."""
        return base64.urlsafe_b64encode(orjson.dumps([self.bound, *key])).rstrip(b"=").decode()


def seek(query: dict[str, Any], *kinds: type) -> Window:
    """The window that a loaded Page query asks for; `kinds` are the types of the key's parts, in order (str, int).

    Raises errors.Invalid `bad_cursor` for a cursor that is not ours, or that was given for other filters.
    """
    filters = {k: v for k, v in query.items() if k not in ("limit", "cursor")}
    seed = repr((here.rule and here.rule.endpoint, here.arguments, sorted(filters.items()))).encode()
    bound = hashlib.blake2b(seed, digest_size=9).hexdigest()
    cursor = query.get("cursor")
    after = None if cursor is None else _after(cursor, bound, kinds)
    return Window(query["limit"], after, bound)


def _after(cursor: str, bound: str, kinds: tuple[type, ...]) -> tuple[Any, ...]:
    try:
        said = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
    except (ValueError, binascii.Error):
        said = None
    if not isinstance(said, list) or len(said) != len(kinds) + 1:
        raise _bad("The cursor is not one of this service.")
    if said[0] != bound:
        raise _bad("The cursor belongs to a list with other filters.")
    if not all(_fits(part, kind) for part, kind in zip(said[1:], kinds, strict=True)):
        raise _bad("The cursor is not one of this service.")
    return tuple(said[1:])


def _fits(part: Any, kind: type[Any]) -> bool:
    # Anybody can write a cursor: what a database cannot compare with must not get that far.
    if kind is int:
        return isinstance(part, int) and not isinstance(part, bool) and abs(part) <= MAX_INTEGER
    return isinstance(part, str) and text_fault(part) is None


def _bad(sentence: str) -> errors.Invalid:
    return errors.Invalid(
        sentence,
        code="bad_cursor",
        errors=[{"field": "/cursor", "in": "query", "code": "bad_cursor", "message": sentence}],
    )


def _without_cursor() -> str:
    # The address up to its cursor, which needs no quoting: it is base64url.
    query = here.environ["QUERY_STRING"]
    paged = PAGED.fullmatch(query)
    return f"{here.environ['PATH_INFO']}?{_kept(paged[1] if paged else query)}"


@functools.lru_cache(maxsize=256)
def _kept(query: str) -> str:
    return "".join(f"{urlencode([one])}&" for one in parse_qsl(query) if one[0] != "cursor")


def page_of(item: type[ma.Schema], name: str | None = None) -> type[Schema]:
    """The schema of a page of items, for the OpenAPI document."""
    stem = (name or item.__name__).removesuffix("Schema")
    members = {
        "items": fields.List(fields.Nested(item), required=True),
        "next": fields.String(
            required=True,
            allow_none=True,
            metadata={"description": "Cursor of the next page, null on the last."},
        ),
    }
    return type(f"{stem}PageSchema", (Schema,), members)
