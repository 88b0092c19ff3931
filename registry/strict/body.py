"""Strict JSON: what a body may be before any schema sees it.

Refused as not parseable (400): anything but UTF-8 JSON, a byte order mark, NaN and Infinity, a key twice in one object,
half a surrogate pair, more than 64 levels, a number of more than 64 characters. Refused as not valid (422), with a JSON
Pointer: NUL and the other control characters but tab and line ends, more marks on a letter than any language has
(registry.strict.normal), whole numbers beyond ±(2^53 − 1), which other readers of JSON cannot hold (RFC 8259 section 6,
RFC 7493), and numbers too large for a double. Texts and keys come out in Unicode normalisation form C.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn
from unicodedata import is_normalized, normalize

from registry import errors
from registry.strict.normal import piled

MAX_DEPTH = 64
MAX_NUMBER = 64  # characters of a literal
MAX_INTEGER = 2**53 - 1

_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def parse(data: bytes) -> Any:
    """The value of a JSON text. Raises errors.BadRequest (400) or errors.Invalid (422) as the module says."""
    if not data or data.isspace():
        raise errors.MalformedJson("The body is empty.", code="empty_body")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise errors.MalformedJson("The body is not UTF-8.", code="not_utf8") from None
    if text[0] == "\ufeff":
        raise errors.MalformedJson("The body begins with a byte order mark.", code="byte_order_mark")
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise errors.MalformedJson("The body is not JSON.") from None
    try:
        return _walk(value, 0)
    except _Fault as fault:
        raise fault.problem() from None


def text_fault(text: str) -> str | None:
    """The code of what makes a text unfit to keep, or None."""
    found = _UNWANTED.search(text)
    if found is None:
        return "too_many_marks" if piled(text) else None
    if found[0] == "\x00":
        return "nul_character"
    return "lone_surrogate" if found[0] >= "\ud800" else "control_character"


def pointer(parent: str, step: str | int) -> str:
    """One step further down a JSON Pointer (RFC 6901); overlong steps are cut, since the caller chose them."""
    if isinstance(step, int):
        return f"{parent}/{step}"
    shown = step if len(step) <= 80 else step[:80] + "…"
    return f"{parent}/{shown.replace('~', '~0').replace('/', '~1')}"


def _too_deep() -> errors.BadRequest:
    return errors.BadRequest(f"The body is nested more than {MAX_DEPTH} levels deep.", code="too_deep")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise errors.DuplicateKey("An object has the same key twice.")
    return made


def _integer(literal: str) -> int:
    if len(literal) > MAX_NUMBER:
        raise errors.MalformedJson("A number is too long.", code="number_too_long")
    return int(literal)


def _fraction(literal: str) -> float:
    if len(literal) > MAX_NUMBER:
        raise errors.MalformedJson("A number is too long.", code="number_too_long")
    return float(literal)


def _constant(_: str) -> NoReturn:
    raise errors.MalformedJson("NaN and Infinity are not JSON.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_fraction, parse_constant=_constant
)


class _Fault(Exception):
    """A value that may not be kept; the path is gathered on the way up, so that sound bodies pay nothing for it."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.path: list[str | int] = []

    def problem(self) -> errors.Problem:
        at = ""
        for step in reversed(self.path):
            at = pointer(at, step)
        kind = errors.BadRequest if self.code == "lone_surrogate" else errors.Invalid
        return kind(_TOLD[self.code], code=self.code, field=at)


_TOLD = {
    "lone_surrogate": "A text has half of a surrogate pair.",
    "nul_character": "A text has a NUL character.",
    "control_character": "A text has a control character.",
    "too_many_marks": "A text has more marks on one letter than any language does.",
    "number_too_large": "A number is larger than every reader can hold.",
}


def clean(text: str) -> str:
    """A text in normal form C. Raises errors.Invalid (errors.BadRequest for half a surrogate pair)."""
    try:
        return _text(text)
    except _Fault as fault:
        raise fault.problem() from None


def _text(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    if code := text_fault(text):
        raise _Fault(code)
    return text if is_normalized("NFC", text) else normalize("NFC", text)


def _walk(value: Any, depth: int) -> Any:
    """The value in normal form, changed in place; goes by exact type, for the decoder makes no others."""
    kind = type(value)
    if kind is str:
        return _text(value)
    if kind is dict:
        return _walk_object(value, depth)
    if kind is list:
        if depth >= MAX_DEPTH:
            raise _too_deep()
        for index, item in enumerate(value):
            try:
                value[index] = _walk(item, depth + 1)
            except _Fault as fault:
                fault.path.append(index)
                raise
        return value
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise _Fault("number_too_large")
    elif kind is float and not math.isfinite(value):
        raise _Fault("number_too_large")
    return value


def _walk_object(value: dict[str, Any], depth: int) -> dict[str, Any]:
    if depth >= MAX_DEPTH:
        raise _too_deep()
    renamed = False
    for key, item in value.items():
        try:
            if not (key.isascii() and key.isprintable()):
                renamed |= _text(key) != key
            value[key] = _walk(item, depth + 1)
        except _Fault as fault:
            # A key that is itself unfit is not repeated: the pointer then ends at its object.
            if text_fault(key) is None:
                fault.path.append(key)
            raise
    return _object([(_text(key), item) for key, item in value.items()]) if renamed else value
