"""Many registers as whole records at once: the controllers and systems of a page of them are read in two statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from registry.catalogue.model import COLUMNS, Declaration, Version, Written, applicable, written
from registry.catalogue.record import Record, assemble

#: What reads one declaration that the statements did not give: ended, or not in force yet.
Read = Callable[[str, str, str], Written]


def together(
    page: Sequence[Written], moment: str, known_at: str | None, read: Read
) -> Iterator[tuple[Record, Written]]:
    """Versions of registers as records, each with the controller and systems that applied at an instant, as known then.

    `read(kind, controller, key)` gives what did not apply then.
    """
    bodies = [one.body for one in page]
    controllers = {one.controller for one in page}
    wanted = {
        ("system", one.controller, key)
        for one, body in zip(page, bodies, strict=True)
        for key in body.get("systems", ())
    }
    found = _bodies("controller", controllers, controllers, moment, known_at)
    found |= _bodies("system", controllers, {key for _, _, key in wanted}, moment, known_at)

    def body_of(kind: str, controller: str, key: str) -> dict[str, object]:
        name = (kind, controller, key)
        if name not in found:
            found[name] = read(kind, controller, key).body
        return found[name]

    for one, body in zip(page, bodies, strict=True):
        details = body_of("controller", one.controller, one.controller)
        systems = {key: body_of("system", one.controller, key) for key in body.get("systems", ())}
        yield assemble(f"{one.controller}/{one.key}", body, details, systems, stored=True), one


def _bodies(
    kind: str, controllers: set[str], keys: set[str], moment: str, known_at: str | None
) -> dict[tuple[str, str, str], dict[str, object]]:
    if not keys:
        return {}
    rows = (
        Declaration.select(*COLUMNS)
        .join(Version, on=(Version.id == applicable(moment, known_at)))
        .where(
            (Declaration.kind == kind) & ~Version.ended
            & Declaration.controller.in_(sorted(controllers)) & Declaration.key.in_(sorted(keys))
        )
    )  # fmt: skip
    return {(kind, one.controller, one.key): one.body for one in written(kind, rows.tuples())}
