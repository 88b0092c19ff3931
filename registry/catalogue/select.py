"""Many declarations at once: filters over the rows beside them, keyset order, as of a moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import peewee

from registry import clock
from registry.catalogue.facets import words
from registry.catalogue.model import COLUMNS, Declaration, Facet, Version, Written, applicable, written


def select(
    kind: str,
    *,
    controllers: frozenset[str] | set[str] | None = None,
    exact: Mapping[str, str] | None = None,
    through_system: Mapping[str, str] | None = None,
    text: str | None = None,
    review_due_before: str | None = None,
    after: tuple[str, str] | None = None,
    limit: int | None = None,
    as_of: str | None = None,
    known_at: str | None = None,
) -> list[Written]:
    """Declarations in force, by controller and key, each in the version that applied.

    `controllers` None means all; `exact` are facets that must all be there; `through_system` facets that the
    declaration or one of its systems must have (vendor, kind); `text` words of which each must begin a word of the
    declaration or of its controller; `after` the last (controller, key) of the page before.
    """
    query = (
        Declaration.select(*COLUMNS)
        .join(Version, on=(Version.id == applicable(as_of or clock.now(), known_at)))
        .where((Declaration.kind == kind) & ~Version.ended)
        .order_by(Declaration.controller, Declaration.key)
    )
    if controllers is not None:
        query = query.where(Declaration.controller.in_(sorted(controllers)))
    if after is not None:
        query = query.where(peewee.Tuple(Declaration.controller, Declaration.key) > peewee.Tuple(*after))
    for condition in _conditions(kind, exact or {}, through_system or {}, text, review_due_before):
        query = query.where(condition)
    if limit is not None:
        query = query.limit(limit)
    return list(written(kind, query.tuples()))


def _conditions(
    kind: str,
    exact: Mapping[str, str],
    through_system: Mapping[str, str],
    text: str | None,
    review_due_before: str | None,
) -> Iterator[Any]:
    def versions(*where: Any) -> Any:
        return Facet.select(Facet.version).where(Facet.kind == kind, *where)

    for name, value in exact.items():
        yield Version.id.in_(versions(Facet.name == name, Facet.value == value))
    for name, value in through_system.items():
        system, beside = Facet.alias(), Facet.alias()
        through = (
            beside.select(beside.version)
            .join(system, on=(system.controller == beside.controller) & (system.key == beside.value))
            .where(
                (beside.kind == kind) & (beside.name == "system") & (system.kind == "system")
                & (system.name == name) & (system.value == value)
            )
        )  # fmt: skip
        yield Version.id.in_(versions(Facet.name == name, Facet.value == value)) | Version.id.in_(through)
    if review_due_before is not None:
        yield Version.id.in_(versions(Facet.name == "review_due", Facet.value < review_due_before))
    for word in sorted(words(text or "")):
        begins = (Facet.name == "text") & (Facet.value >= word) & (Facet.value < word + "\U0010ffff")
        # A register is also found by the name of its controller, former names included.
        controllers = Facet.select(Facet.controller).where((Facet.kind == "controller") & begins)
        yield Version.id.in_(versions(begins)) | Declaration.controller.in_(controllers)
