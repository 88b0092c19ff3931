"""Things that are kept in states: none is altered but for when the next took its place, and each has its journal entry.

Waivers, legal holds, changes of rules, engagements, connectors and webhooks are such things: proposed, opened or added
by one, approved, changed or ended by somebody later, and readable for ever as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import orjson
import peewee
import rfc8785

from registry.clock import ENDLESS
from registry.db import Instant, Stored, Text
from registry.errors import NotFound, PreconditionFailed
from registry.journal.entries import append
from registry.journal.verification import witness

#: A state as it is served: with `id`, `version`, and the instants at which somebody did something to the thing.
Told = dict[str, Any]


class State(Stored):
    """One state of a thing, from `recorded_at` until `superseded_at` (ENDLESS: it stands); `document` as it is served.

    Further columns are those that things of the kind are found by, copied from the document.
    """

    id: Any = peewee.BigIntegerField()
    version = peewee.BigIntegerField()
    controller = Text()
    recorded_at = Instant()
    superseded_at = Instant()
    document = peewee.BlobField()

    class Meta:
        primary_key = peewee.CompositeKey("id", "version")

    @property
    def told(self) -> Told:
        """The document as data."""
        return dict(orjson.loads(bytes(self.document)))


S = TypeVar("S", bound=State)


class States(Generic[S]):
    """The things of a kind, kept in the table of `model`.

    `kind` names them in the journal and in what people are told, `columns` are what is copied from a document,
    `controller` among it, and `times` the members that say when a state was written. `beside` says what is wrong
    with what else is stored of a state (None: nothing). `verify` holds all of it against the journal.
    """

    def __init__(
        self,
        model: type[S],
        kind: str,
        *,
        called: str,
        columns: Callable[[Told], Mapping[str, Any]],
        times: tuple[str, ...],
        beside: Callable[[S, Told], bytes | None] = lambda _row, _told: None,
    ) -> None:
        self.model, self.kind, self.called = model, kind, called
        self.columns, self.times, self.beside = columns, times, beside
        self.stands = model.superseded_at == ENDLESS
        witness(kind, every=self._every)(self._stored)

    def following(self) -> int:
        """The number of the next thing."""
        return (self.model.select(peewee.fn.MAX(self.model.id)).scalar() or 0) + 1

    def one(self, number: int, seen: Callable[[S], bool] = lambda _row: True) -> S:
        """The newest state of a thing. Raises errors.NotFound, also where it is not `seen` by whoever asks."""
        found: S | None = self.model.get_or_none(self.stands & (self.model.id == number))
        if found is None or not seen(found):
            raise NotFound(f"There is no such {self.called}.")
        return found

    def next(self, number: int, expect: int) -> Told:
        """What the newest state says, as a document of the next version to be altered and appended.

        Raises errors.NotFound, and errors.PreconditionFailed where it is another version than `expect`.
        """
        row = self.one(number)
        if row.version != expect:
            raise PreconditionFailed(
                "It has changed since you read it; read it again, and send the new ETag."
            )
        return {**row.told, "version": expect + 1}

    def append(
        self, told: Told, now: str, *, by: str, action: str, payload: Mapping[str, Any] | None = None
    ) -> Told:
        """Write a state at the stamp of the journal, with its entry; the state before does not stand any more.

        `action` is what was done (``approved``). Gives the document. Raises db.WriteOutside.
        """
        document, columns = rfc8785.dumps(told), self.columns(told)
        self.model.update(superseded_at=now).where(self.stands & (self.model.id == told["id"])).execute()
        self.model.insert(
            id=told["id"], version=told["version"], recorded_at=now, superseded_at=ENDLESS, document=document,
            **columns,
        ).execute()  # fmt: skip
        append(
            f"{self.kind}.{action}", self._object(columns["controller"], told["id"]),
            by=by, version=told["version"], payload=payload or {}, content=document,
        )  # fmt: skip
        return told

    def _object(self, controller: str, number: int) -> str:
        return f"{self.kind}/{controller}/{number}"

    # --- what the journal compares its entries with

    def _every(self) -> Iterator[tuple[str, int]]:
        row = self.model
        rows = row.select(row.controller, row.id, row.version).order_by(row.id, row.version)
        for controller, number, version in rows.tuples().iterator():
            yield self._object(controller, number), version

    def _stored(self, object_: str, version: int | None) -> bytes | None:
        number, row = object_.rpartition("/")[2], self.model
        if not number.isdecimal() or version is None:
            return None
        both = (row.id == int(number)) & row.version.in_([version, version + 1])
        states = list(row.select().where(both).order_by(row.version))
        if not states or states[0].version != version:
            return None
        state, following = states[0], states[1].recorded_at if len(states) > 1 else ENDLESS
        told = state.told
        columns = {
            "id": told["id"],
            "version": told["version"],
            "superseded_at": following,
            **self.columns(told),
        }
        if self._object(state.controller, state.id) != object_ or any(
            getattr(state, name) != value for name, value in columns.items()
        ):
            return b"columns differ from the document"
        if state.recorded_at != max(told[name] or "" for name in self.times):
            return b"another time than the document's"
        return self.beside(state, told) or bytes(state.document)
