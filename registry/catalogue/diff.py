"""Two versions of a document compared field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from registry.catalogue.record.pointers import pointer

#: What tells two entries of a list apart, in this order; without one, entries are compared by position.
_IDENTITIES = ("id", "right", "category", "type", "name", "number", "act", "url", "role", "inventory_id")


def diff(before: Any, after: Any, at: tuple[str | int, ...] = ()) -> Iterator[dict[str, Any]]:
    """The differences as `{field, change, before?, after?}`; `change` is `added`, `removed` or `changed`.

    `field` is a JSON Pointer into `after`, or into `before` where something was removed.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            if name not in after:
                yield {"field": pointer(*at, name), "change": "removed", "before": before[name]}
            elif name not in before:
                yield {"field": pointer(*at, name), "change": "added", "after": after[name]}
            else:
                yield from diff(before[name], after[name], (*at, name))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, at)
    elif before != after or type(before) is not type(after):
        yield {"field": pointer(*at), "change": "changed", "before": before, "after": after}


def identified(items: list[Any]) -> bool:
    """Whether something tells the entries of a list apart, so that they are compared one with its like."""
    return _by_identity(items) is not None


def _lists(before: list[Any], after: list[Any], at: tuple[str | int, ...]) -> Iterator[dict[str, Any]]:
    old, new = _by_identity(before), _by_identity(after)
    if old is None or new is None:
        old, new = dict(enumerate(before)), dict(enumerate(after))
    positions = {key: index for index, key in enumerate(new)}
    for index, (key, item) in enumerate(old.items()):
        if key not in new:
            yield {"field": pointer(*at, index), "change": "removed", "before": item}
        else:
            yield from diff(item, new[key], (*at, positions[key]))
    for key, item in new.items():
        if key not in old:
            yield {"field": pointer(*at, positions[key]), "change": "added", "after": item}
    shared = [key for key in old if key in new]
    if shared != [key for key in new if key in old]:
        yield {"field": pointer(*at), "change": "changed", "before": list(before), "after": list(after)}


def _by_identity(items: list[Any]) -> dict[Any, Any] | None:
    """The entries by what identifies them, or `None` when nothing does."""
    if all(isinstance(item, str) for item in items) and len(set(items)) == len(items):
        return {item: item for item in items}
    for name in _IDENTITIES:
        keys = [item.get(name) if isinstance(item, Mapping) else None for item in items]
        if all(isinstance(key, str) for key in keys) and len(set(keys)) == len(keys):
            return dict(zip(keys, items, strict=True))
    return None
