"""Marshmallow, strict: unknown fields refused, numbers and truth values never guessed, faults with stable codes.

    class SystemSchema(Schema):
        name = Text(required=True, max=200)
        kind = OneOf("live_chat", "ticketing", required=True)
        seats = Integer(min=0)

A validator may give its own code by writing it before its sentence: ValidationError("bad_period: Not a period.").
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import marshmallow as ma
from marshmallow import ValidationError, fields, validate

from registry import clock, errors
from registry.strict.body import MAX_INTEGER, pointer, text_fault

KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")

MAX_FAULTS = 100  # of one body; more would help nobody


class Schema(ma.Schema):
    """Base of every schema of bodies and queries: a field that it does not know is a fault that names the field."""

    class Meta:
        unknown = ma.RAISE


class Integer(fields.Integer):
    """A whole number as JSON has it, from `min` to `max`: 1.9, 1.0, "12" and true are refused."""

    def __init__(self, *, min: int = -MAX_INTEGER, max: int = MAX_INTEGER, **kwargs: Any) -> None:  # noqa: A002 -- as marshmallow's validators say it
        super().__init__(strict=True, **_with(kwargs, validate.Range(min, max)))

    def _validated(self, value: Any) -> Any:
        if type(value) is not int:
            raise self.make_error("invalid", input=value)
        return value


class QueryInteger(Integer):
    """A whole number in a query: ASCII digits, no sign, no leading zeros."""

    def _validated(self, value: Any) -> Any:
        if not (isinstance(value, str) and re.fullmatch(r"0|[1-9][0-9]{0,15}", value)):
            raise self.make_error("invalid", input=value)
        return int(value)


class Boolean(fields.Boolean):
    """true or false and nothing that resembles them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if type(value) is not bool:
            raise self.make_error("invalid", input=value)
        return value


class Text(fields.String):
    """A text of `min` to `max` characters (1 to 10,000) that is not blank."""

    default_error_messages = {"blank": "blank: A text needs a letter or a digit."}

    def __init__(self, *, min: int = 1, max: int = 10_000, **kwargs: Any) -> None:  # noqa: A002 -- as marshmallow's validators say it
        super().__init__(**_with(kwargs, validate.Length(min=min), validate.Length(max=max)))
        self._min = min

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if self._min and text and text.isspace():
            raise self.make_error("blank")
        return text


class Key(fields.String):
    """A key: 1 to 64 of a–z, 0–9 and the hyphen, which neither begins nor ends it."""

    default_error_messages = {"key": "bad_key: Keys are of a-z, 0-9 and hyphens, at most 64."}

    def __init__(self, **kwargs: Any) -> None:
        kwargs["metadata"] = {"pattern": f"^{KEY.pattern}$", **kwargs.get("metadata", {})}
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not KEY.fullmatch(text):
            raise self.make_error("key")
        return text


class OneOf(fields.String):
    """One of the words given."""

    def __init__(self, *words: str, **kwargs: Any) -> None:
        super().__init__(**_with(kwargs, validate.OneOf(words)))


class _Read(fields.Field[Any]):
    """A text read by a function of registry.clock, whose faults become this field's."""

    read: Callable[[str], Any]
    format: str

    def openapi(self, _: Any) -> dict[str, Any]:
        """What it takes, in OpenAPI."""
        return {"type": "string", "format": self.format}

    default_error_messages = {"invalid": "Not a valid string."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        try:
            return type(self).read(value)
        except errors.Invalid as problem:
            raise ValidationError(f"{problem.code}: {problem.detail}") from None

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else value


class Timestamp(_Read):
    """RFC 3339 date-time with its zone; loads as an instant of registry.clock."""

    read = staticmethod(clock.timestamp)
    format = "date-time"


class Instant(_Read):
    """RFC 3339 date-time with its zone, or a day, meaning its start in Helsinki; loads as an instant."""

    read = staticmethod(clock.instant)

    def openapi(self, _: Any) -> dict[str, Any]:
        """What it takes, in OpenAPI."""
        return {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}


class Day(_Read):
    """YYYY-MM-DD; loads as a datetime.date."""

    read = staticmethod(clock.day)
    format = "date"


def _with(kwargs: dict[str, Any], *rules: validate.Validator) -> dict[str, Any]:
    own = kwargs.pop("validate", ())
    return {
        **kwargs,
        "validate": [*rules, *(own if isinstance(own, (list, tuple)) else (own,) if own else ())],
    }


# ------------------------------------------------------------------------------------------------- faults and codes

_CODES = {
    "Field may not be null.": "null",
    "Missing data for required field.": "required",
    "Unknown field.": "unknown_field",
    "Invalid input type.": "wrong_type",
    "Invalid type.": "wrong_type",
    "Invalid value.": "invalid",
}
_VALIDATORS = {
    (validate.Length, "message_min"): "too_short",
    (validate.Length, "message_max"): "too_long",
    (validate.Length, "message_all"): "wrong_length",
    (validate.Length, "message_equal"): "wrong_length",
    (validate.Equal, "default_message"): "not_equal",
    (validate.Regexp, "default_message"): "wrong_form",
    (validate.OneOf, "default_message"): "not_one_of",
    (validate.ContainsOnly, "default_message"): "not_one_of",
    (validate.ContainsNoneOf, "default_message"): "not_allowed",
}
_OWN_CODE = re.compile(r"([a-z][a-z0-9_]{1,39}): (.+)", re.DOTALL)


def _patterns() -> Iterator[tuple[re.Pattern[str], str]]:
    def pattern(message: str) -> re.Pattern[str]:
        return re.compile("(?:.*)".join(map(re.escape, re.split(r"\{+[^{}]*\}+", message))), re.DOTALL)

    for (kind, name), code in _VALIDATORS.items():
        yield pattern(getattr(kind, name)), code
    yield re.compile(r"Must be (?:greater|less) than .*"), "out_of_range"
    for _, field in inspect.getmembers(fields, inspect.isclass):
        for key, message in vars(field).get("default_error_messages", {}).items():
            if message not in _CODES:
                code = {"unknown": "not_one_of", "invalid": f"not_{field.__name__.lower()}"}.get(key, key)
                yield pattern(message), re.sub(r"[^a-z0-9_]", "", code)


_KNOWN = list(_patterns())


@lru_cache(maxsize=4096)
def coded(message: str) -> tuple[str, str]:
    """(code, sentence) of a marshmallow message."""
    if own := _OWN_CODE.fullmatch(message):
        return own[1], own[2]
    if code := _CODES.get(message):
        return code, message
    return next((code for pattern, code in _KNOWN if pattern.fullmatch(message)), "invalid"), message


def faults(messages: Any, at: str = "") -> list[dict[str, str]]:
    """Marshmallow's nested messages as the errors[] of a problem: field (JSON Pointer), code, message; at most 100."""
    found: list[dict[str, str]] = []
    _gather(messages, at, found)
    return found


def _gather(messages: Any, at: str, found: list[dict[str, str]]) -> None:
    if len(found) >= MAX_FAULTS:
        return
    if isinstance(messages, Mapping):
        for step, below in messages.items():
            if step == "_schema":
                _gather(below, at, found)
            else:
                name = step if isinstance(step, int) else "?" if text_fault(str(step)) else str(step)
                _gather(below, pointer(at, name), found)
    elif isinstance(messages, Iterable) and not isinstance(messages, str):
        for below in messages:
            _gather(below, at, found)
    else:
        code, sentence = coded(str(messages))
        found.append({"field": at, "code": code, "message": sentence})


def invalid(error: ValidationError, at: str = "") -> errors.Invalid:
    """The problem that a marshmallow error means; `at` is the pointer of what was loaded."""
    found = faults(error.messages, at)
    return errors.Invalid("The request does not fit the schema; see errors.", errors=found)
