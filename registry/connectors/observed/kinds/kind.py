"""What a kind of observation is: a schema under its name, by which every payload of it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import marshmallow as ma
from marshmallow import ValidationError

from registry import errors
from registry.strict.schema import Schema, invalid

KINDS: dict[str, ma.Schema] = {}


def kind(name: str) -> Callable[[type[Schema]], type[Schema]]:
    """Make a schema the payload of the kind `name`. Raises ValueError where that is taken."""

    def take(schema: type[Schema]) -> type[Schema]:
        if name in KINDS:
            raise ValueError(f"{name} is taken by {type(KINDS[name]).__qualname__}")
        KINDS[name] = schema()
        return schema

    return take


def load(kind: str, payload: Any, at: str = "/payload") -> dict[str, Any]:
    """The payload of an observation, checked and in its one form.

    Raises errors.Invalid with one error for each fault, by JSON Pointer prefixed with `at`; for an unknown kind too.
    """
    schema = KINDS.get(kind)
    if schema is None:
        raise errors.Invalid(f"The kinds are {', '.join(KINDS)}.", code="not_one_of", field="/kind")
    try:
        return dict(schema.load(payload))
    except ValidationError as error:
        raise invalid(error, at) from None
