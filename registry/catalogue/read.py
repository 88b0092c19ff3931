"""Whole records as they applied: a register with its controller and its systems, of one moment."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from registry import clock
from registry.catalogue import store
from registry.catalogue.record import Record, assemble
from registry.catalogue.together import Whole, applied, together
from registry.errors import Gone, Invalid, NotFound


def parts(reference: str, field: str = "register") -> tuple[str, str]:
    """`controller/key` as its two keys. Raises `Invalid` (`invalid_key`) when it is not of that form."""
    controller, slash, key = reference.partition("/")
    if not (slash and store.is_key(controller) and store.is_key(key)):
        raise Invalid("The form is controller/key, such as acme/customers.", code="invalid_key", field=field)
    return controller, key


def record_at(
    controller: str, key: str, *, as_of: str | None = None, known_at: str | None = None
) -> tuple[Record, store.Written]:
    """The record that applied at `as_of`, as known at `known_at` (instants; default: now), and its stored version.

    Raises `NotFound` before the first version, `Gone` from the day the register ended.
    """
    moment = as_of or clock.now()
    return whole(
        store.at("register", controller, key, as_of=moment, known_at=known_at),
        as_of=moment,
        known_at=known_at,
    )


def whole(
    written: store.Written, *, as_of: str | None = None, known_at: str | None = None
) -> tuple[Record, store.Written]:
    """`written` (a version of a register) as a record, with the controller and systems that applied at `as_of`.

    Where the controller or a system was first declared later than `as_of`, its first version stands in: a register
    that applied then had one.
    """
    return _joined(written, as_of, known_at).record(), written


def whole_at(controller: str, key: str, *, as_of: str) -> Whole:
    """What applied at an instant, not yet put together as a record. Raises as `record_at` does."""
    return _joined(store.at("register", controller, key, as_of=as_of), as_of, None)


def drafted(controller: str, key: str, body: Mapping[str, Any], *, as_of: str) -> Record:
    """`body` as the record that it would be if it were declared, with the controller and systems of an instant.

    Raises `Invalid` for a body that does not fit or that names a system its controller lacks.
    """
    details = _at_or_first("controller", controller, controller, as_of, None).body
    systems: dict[str, Any] = {}
    named = body.get("systems", ())
    for name in named if isinstance(named, list) else ():
        with contextlib.suppress(NotFound):
            systems[str(name)] = _at_or_first("system", controller, str(name), as_of, None).body
    return assemble(f"{controller}/{key}", body, details, systems)


def _joined(written: store.Written, as_of: str | None, known_at: str | None) -> Whole:
    controller = _at_or_first("controller", written.controller, written.controller, as_of, known_at)
    systems = {
        name: _at_or_first("system", written.controller, name, as_of, known_at)
        for name in written.body.get("systems", ())
    }
    return Whole(written, controller, systems)


def records(
    controllers: Iterable[str] | None = None,
    *,
    as_of: str | None = None,
    known_at: str | None = None,
    page: int = 200,
) -> Iterator[tuple[Record, store.Written]]:
    """All records in force of `controllers` (None: of everybody), in pages, so that memory stays bounded."""
    for some in pages(controllers, as_of=as_of, known_at=known_at, page=page):
        for one in some:
            yield one.record(), one.register


def pages(
    controllers: Iterable[str] | None = None,
    *,
    as_of: str | None = None,
    known_at: str | None = None,
    page: int = 200,
) -> Iterator[list[Whole]]:
    """What `records` gives, a page at a time and not yet put together, by controller and key."""
    moment, after = as_of or clock.now(), None
    among = None if controllers is None else set(controllers)
    while True:
        found = store.select(
            "register", controllers=among, after=after, limit=page, as_of=moment, known_at=known_at
        )
        if found:
            yield together(
                found,
                moment,
                known_at,
                lambda kind, owner, key: _at_or_first(kind, owner, key, moment, known_at),
            )
        if len(found) < page:
            return
        after = (found[-1].controller, found[-1].key)


def sources(names: Iterable[str]) -> dict[str, str]:
    """The document that each of these registers (controller/key) was taken from, as it is in force: its URL or name."""
    keys: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        controller, _, key = name.partition("/")
        keys.setdefault(controller, []).append(key)
    found = {}
    for controller, own in keys.items():
        for start in range(0, len(own), 200):
            some = applied("register", {controller}, set(own[start : start + 200]), clock.now())
            for (_, _, key), written in some.items():
                document = written.body.get("document")
                source = document.get("source") if isinstance(document, dict) else None
                told = source.get("url") or source.get("name") if isinstance(source, dict) else source
                if told:
                    found[f"{controller}/{key}"] = str(told)
    return found


def named(controllers: Iterable[str]) -> dict[str, str]:
    """The names of controllers by their keys, as they were declared last; the key where nobody declared one."""
    found = {key: key for key in controllers}
    for key in found:
        with contextlib.suppress(NotFound, Gone):
            found[key] = store.newest("controller", key, key).body.get("name") or key
    return found


def zone_at(controller: str, *, as_of: str | None = None, known_at: str | None = None) -> str:
    """The time zone of a controller as declared at a moment, Helsinki where it names none. Raises `NotFound`."""
    found = _at_or_first("controller", controller, controller, as_of, known_at)
    return str(found.body.get("time_zone", clock.HELSINKI))


def _at_or_first(
    kind: str, controller: str, key: str, as_of: str | None, known_at: str | None
) -> store.Written:
    try:
        return store.at(kind, controller, key, as_of=as_of, known_at=known_at)
    except Gone:
        versions = store.history(kind, controller, key)
        known = [one for one in versions if known_at is None or one.recorded_at <= known_at]
        return (known or versions[:1])[-1]
    except NotFound:
        return store.numbered(kind, controller, key, 1)
