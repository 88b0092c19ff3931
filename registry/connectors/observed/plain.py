"""The values that observations are made of: plain data, nobody's address, days and periods kept as text."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, validate

from registry import errors
from registry.law import periods
from registry.strict.schema import Day, Schema, Text

MOST = 10_000  # items in one observation; accounts and fields come grouped

#: Also the forms that get past a hasty look: full-width and small at signs.
ADDRESS = re.compile(r"[^\s@＠﹫]+[@＠﹫][^\s@＠﹫]+")
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")


class Word(Text):
    """A name that a system gives to a thing of its own: short, and nobody's address."""

    default_error_messages = {
        "address": "personal_data: Nobody's address has a place here; name the domain alone."
    }

    def __init__(self, *, most: int = 200, **kwargs: Any) -> None:
        super().__init__(max=most, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if ADDRESS.search(text):
            raise self.make_error("address")
        return text


class Domain(Word):
    """The domain that accounts belong to, in small letters; an e-mail address is refused."""

    default_error_messages = {"domain": "bad_domain: Not a domain such as example.fi."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(most=253, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).lower()
        if not DOMAIN.fullmatch(text):
            raise self.make_error("domain")
        return text


class PlainDay(Day):
    """YYYY-MM-DD, kept as that text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return str(super()._deserialize(value, attr, data, **kwargs).isoformat())


class PlainPeriod(fields.String):
    """A period of whole years, months, weeks or days (ISO 8601), kept as that text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            periods.parse(text)
        except errors.Invalid as problem:
            raise ValidationError(f"{problem.code}: {problem.detail}") from None
        return text


class Digest(fields.String):
    """A SHA-256 in small hexadecimal letters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Regexp(r"[0-9a-f]{64}\Z"), **kwargs)


def several(schema: type[Schema], **kwargs: Any) -> fields.List:
    """Many of one schema, required unless said otherwise."""
    return fields.List(
        fields.Nested(schema), validate=validate.Length(max=MOST), **{"required": True, **kwargs}
    )
