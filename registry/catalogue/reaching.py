"""What a holder who is limited within a controller sees of its declarations.

The rooms above ask for registers as they always do; what `select` and `versions` find is narrowed here to what the
holder of the present request reaches (docs/adr/0015): a limit that each room had to remember would be forgotten in one.
Nothing is narrowed for who is not limited, nor outside a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from registry import clock, db, errors
from registry.api.asked import here
from registry.api.door import OutsideEngagement, holder, mine
from registry.api.reach import Reach
from registry.catalogue.model import Written, applicable

#: That a version w was published once: a table of the notices, which stand above and are not imported here.
PUBLISHED = """EXISTS (SELECT 1 FROM notice_publication n
    WHERE n.declaration_id = w.declaration_id AND n.version = w.version)"""
_SYSTEMS = "SELECT f.value FROM catalogue_facet f WHERE f.kind = 'register' AND f.name = 'system' AND f.controller = ?"

_OF_PUBLISHED = f"SELECT w.id FROM catalogue_version w WHERE {PUBLISHED}"  # noqa: S608 -- of constants


def limits(controller: str) -> tuple[Reach, ...]:
    """Within one or another of which the present holder sees a controller; () for whoever is not limited there."""
    asking = here.holder
    return asking.reach.get(controller, ()) if asking is not None and asking.reach else ()


def limited() -> dict[str, tuple[Reach, ...]]:
    """The same for all controllers in which the present holder is limited."""
    asking = here.holder
    return dict(asking.reach) if asking is not None and asking.reach else {}


def only_published(kind: str, controller: str, key: str) -> bool:
    """Whether the present holder sees no drafts of a register: versions that were never published."""
    some = [one for one in limits(controller) if one.register(key)] if kind == "register" else []
    return bool(some) and all(one.published for one in some)


def published(values: list[Any]) -> str:
    """A condition on a version w of declaration d: that it was published, if the present holder sees only that."""
    told = []
    for controller, some in limited().items():
        hidden, open_ = (
            _keys(one for one in some if one.published),
            _keys(one for one in some if not one.published),
        )
        if open_ is None or hidden == frozenset():
            continue
        condition = "d.kind = 'register' AND d.controller = ?"
        values.append(controller)
        for keys, word in ((hidden, "IN"), (open_ or None, "NOT IN")):
            if keys is not None:
                condition += f" AND d.key {word} ({', '.join('?' * len(keys))})"
                values.extend(sorted(keys))
        told.append(f" AND (NOT ({condition}) OR {PUBLISHED})")
    return "".join(told)


def narrowed(kind: str, moment: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Conditions on a declaration d that is listed as of a moment: that the present holder reaches it."""
    for controller, some in limited().items():
        there = [one for one in some if one.covers(moment)]
        if not there:
            yield "d.controller <> ?", (controller,)
        elif kind != "controller" and (keys := _keys(there)) is not None:
            if kind == "system":
                keys = frozenset().union(*(systems(controller, one) for one in there))
            if not keys:  # IN () is for SQLite alone
                yield "d.controller <> ?", (controller,)
                continue
            marks = ", ".join("?" * len(keys))
            yield f"(d.controller <> ? OR d.key IN ({marks}))", (controller, *sorted(keys))


def may_see(kind: str, controller: str, key: str, moment: str | None = None) -> None:
    """Raises NotFound unless the holder sees the declaration, OutsideEngagement where it is not for that moment."""
    mine(controller, key if kind == "register" else None)
    some = limits(controller)
    if not some:
        return
    if kind == "system":
        some = tuple(one for one in some if one.registers is None or key in systems(controller, one))
    elif kind == "register":
        some = tuple(one for one in some if one.register(key))
    if not some:
        raise errors.NotFound()
    if moment is not None and not any(one.covers(moment) for one in some):
        raise OutsideEngagement.of(some)


def system(controller: str, key: str) -> bool:
    """Whether the present holder reaches a system: none is out of reach for who is not limited."""
    some = limits(controller)
    return not some or any(one.registers is None or key in systems(controller, one) for one in some)


def systems(controller: str, reach: Reach) -> frozenset[str]:
    """The keys of the systems that some version of the registers that are reached names; of none that is a draft where
    no drafts are seen."""
    keys = sorted(reach.registers or ())
    marks = ", ".join("?" * len(keys))
    among = f" AND f.version_id IN ({_OF_PUBLISHED})" if reach.published else ""
    sql = f"{_SYSTEMS} AND f.key IN ({marks}){among}"
    found = db.execute(sql, controller, *keys)
    return frozenset(value for (value,) in found.fetchall())


def published_once(controller: str) -> frozenset[str]:
    """The registers of a controller that were ever published: to who sees no drafts there are no others."""
    found = db.execute("SELECT DISTINCT n.key FROM notice_publication n WHERE n.controller = ?", controller)
    return frozenset(key for (key,) in found.fetchall())


def in_force(controller: str, moment: str) -> dict[str, int]:
    """The registers of a controller of which the version in force at a moment was published, with that version."""
    return dict(db.execute(_IN_FORCE, controller, moment).fetchall())


_IN_FORCE = f"""SELECT d.key, v.version FROM catalogue_declaration d JOIN catalogue_version v ON v.declaration_id = d.id
WHERE d.kind = 'register' AND d.controller = ? AND v.id = {applicable(False)} AND {PUBLISHED.replace("w.", "v.")}"""  # noqa: S608 -- of constants


def covered(moment: str) -> None:
    """Raises OutsideEngagement where the holder sees controllers in part only, and none of that at a moment."""
    asking = holder()
    if asking.reach and asking.controllers is not None and not asking.controllers - asking.reach.keys():
        every = tuple(one for some in asking.reach.values() for one in some)
        if not any(one.covers(moment) for one in every):
            raise OutsideEngagement.of(every)


def in_period(controller: str, versions: Sequence[Written]) -> list[Written]:
    """Of all versions of a declaration those that the holder may see: that applied, by what was known at some time, at
    a moment of the period; and none that is planned for later."""
    some = limits(controller)
    if not some or not any(one.since or one.until or one.published for one in some):
        return list(versions)
    return [one for one in versions if any(_applied(one, versions, reach) for reach in some)]


def _applied(one: Written, versions: Sequence[Written], reach: Reach) -> bool:
    if reach.published and one.effective_from > clock.now():
        return False
    if reach.until is not None and one.effective_from >= reach.until:
        return False
    return reach.since is None or not any(
        later.version > one.version and one.effective_from <= later.effective_from <= reach.since
        for later in versions
    )


def _keys(some: Iterable[Reach]) -> frozenset[str] | None:
    """The registers that they reach together; None for all."""
    found: frozenset[str] = frozenset()
    for one in some:
        if one.registers is None:
            return None
        found |= one.registers
    return found
