"""JSON Pointers into a record (RFC 6901): which the definition allows, and which of them point at something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from registry.catalogue.record.value import ABSENT, Frozen, Many, One, Part


def steps(pointer: str) -> list[str]:
    """The reference tokens of `pointer`, unescaped."""
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def pointer(*path: str | int) -> str:
    """The pointer of a path of names and positions."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def allowed(schema: type[Part], path: list[str]) -> bool:
    """Whether the definition of `schema` has a field at `path` (positions in lists may be any)."""
    here: Any = schema
    for step in path:
        if isinstance(here, type) and issubclass(here, Part):
            field = {f.data_key or name: f for name, f in here._declared_fields.items()}.get(step)
            if field is None:
                return False
            here = field.part if isinstance(field, One) else field
        elif isinstance(here, Many):
            if not _position(step):
                return False
            here = here.part or here.inner
        else:
            # A text in several languages, or a list of references: one step into it is as deep as it goes.
            here = None
            continue
        if here is None:
            return False
    return True


def resolve(value: Any, pointer_: str) -> Any:
    """The value at `pointer_` in a frozen value or in plain data; `None` where there is nothing."""
    for step in steps(pointer_):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, (list, tuple)):
            value = value[int(step)] if _position(step) and int(step) < len(value) else None
        else:
            value = getattr(value, _ATTRIBUTES.get(step, step), None)
        if value is None:
            return None
    return value


#: Field names that are words of Python or of mappings, and the attributes that hold them.
_ATTRIBUTES = {"for": "responsible_for", "from": "source", "items": "items_"}


def dangling(schema: type[Part], value: Any, data: Any) -> Iterator[tuple[tuple[str, str], str]]:
    """Provenance that names a field the definition lacks, or one that is not there although it is said to be."""
    for name, entry in value.provenance.items():
        path = steps(name)
        if not path or path[0] == "provenance" or not allowed(schema, path):
            yield ("provenance", name), "Points at no field of a record."
        elif entry.status not in ABSENT and _missing(resolve(value, name)) and resolve(data, name) is None:
            yield ("provenance", name), "Points at a field that this record does not have."


def _position(step: str) -> bool:
    return step.isascii() and step.isdigit() and len(step) < 6 and (step == "0" or step[0] != "0")


def _missing(value: Any) -> bool:
    # A short form is only there once frozen; a part that says "not stated" is only there as it was written.
    return value is None or value == () or (isinstance(value, Frozen) and not value)
