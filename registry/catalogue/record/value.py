"""How a statement is defined once, and held frozen: schema parts that judge plain data, and the values made of it.

Judging (marshmallow) and freezing are apart: what comes from outside is judged and then frozen, what is stored was
judged when it was written, and is only frozen, which costs a twentieth.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, ClassVar, cast

import marshmallow as ma
from marshmallow import fields, validate

from registry.errors import Problem
from registry.law import periods
from registry.strict import schema as strict
from registry.strict.schema import Boolean, Integer

#: How a thing was said, not only what: silence, "none" and a leftover of a template are different facts.
STATUSES = ("stated", "stated_none", "not_stated", "partly_stated", "referred_elsewhere", "placeholder")
#: Statuses under which there is nothing to point at.
ABSENT = ("stated_none", "not_stated", "referred_elsewhere", "placeholder")

#: `<role title>` in place of a name, number or mailbox: the source states it, and the record withholds it.
WITHHELD = re.compile(r"^<[^<>]+>$")


def withheld(value: str | None) -> bool:
    """Whether `value` only says that the source names a person here (data minimisation, GDPR 5(1)(c))."""
    return bool(value and WITHHELD.match(value))


@dataclasses.dataclass(frozen=True, slots=True)
class Localised:
    """A text in one or several languages; `None` as a language is the language of the document."""

    texts: Mapping[str | None, str]

    def get(self, language: str, default_language: str | None = None) -> str | None:
        """The text in `language` if it exists; one without a language counts as `default_language`."""
        if language in self.texts:
            return self.texts[language]
        return self.texts.get(None) if language == default_language else None

    def any(self) -> str:
        """The text as written, whichever language comes first."""
        return next(iter(self.texts.values()))

    def __str__(self) -> str:
        return self.any()


class Frozen:
    """Base of all loaded values: attributes named as in the schema, lists as tuples, absent parts empty and false."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return (
            any(
                bool(value) if isinstance(value, (Frozen, tuple, Mapping)) else value is not None
                for name, value in self.items()
                if name != "status"
            )
            or getattr(self, "status", "not_stated") != "not_stated"
        )

    def items(self) -> Iterator[tuple[str, Any]]:
        """Field names with their values, in the order of the schema."""
        for field in dataclasses.fields(cast(Any, self)):
            yield field.name, getattr(self, field.name)


class Part(ma.Schema):
    """A part of a record; unknown keys are refused.

    `bare`: the field that a plain string stands for, so that `purposes: [Uutiskirje]` can be written for
    `purposes: [{text: Uutiskirje}]`.
    """

    bare: ClassVar[str | None] = None

    class Meta:
        unknown = ma.RAISE

    @ma.pre_load
    def _from_bare(self, data: Any, **_: Any) -> Any:
        return {self.bare: data} if self.bare and isinstance(data, str) else data

    @classmethod
    def empty(cls) -> Any:
        """The value of this part where nothing is written."""
        return frozen_type(cls)()


class Stated(Part):
    """A part that carries its own status; a plain status word stands for the whole part."""

    bare = "status"
    status = fields.String(validate=validate.OneOf(STATUSES))


def freeze(part: type[Part], data: Any) -> Any:
    """Plain data that fits `part`, as a frozen value: attributes named as in the schema, absent ones with defaults."""
    if isinstance(data, str):
        data = {part.bare: data}
    made, freezers = _freezing(part)
    values = {}
    for name, value in data.items():
        attribute, frozen = freezers[name]
        values[attribute] = value if frozen is None else frozen(value)
    if "status" not in values and issubclass(part, Stated):
        values["status"] = "stated"
    return made(**values)


@functools.cache
def _freezing(part: type[Part]) -> tuple[Any, dict[str, tuple[str, Any]]]:
    """The frozen class of `part`, and by key the attribute and what freezes its value (None: it stays as it is)."""
    fields_ = part._declared_fields.items()
    freezers = {f.data_key or name: (f.attribute or name, getattr(f, "frozen", None)) for name, f in fields_}
    return frozen_type(part), freezers


@functools.cache
def frozen_type(schema: type[Part]) -> Any:
    """The frozen class of `schema`, one field for each of its fields, all with defaults."""
    spec: list[tuple[str, Any, Any]] = []
    for name, field in schema._declared_fields.items():
        spec.append(
            (field.attribute or name, Any, dataclasses.field(default_factory=_default(schema, name, field)))
        )
    name = schema.__name__.removesuffix("Schema")
    return dataclasses.make_dataclass(name, spec, bases=(Frozen,), frozen=True)


def _default(schema: type[Part], name: str, field: fields.Field[Any]) -> Any:
    if field.metadata.get("default") is not None:
        return lambda: field.metadata["default"]
    if name == "status" and issubclass(schema, Stated):
        # A part that somebody wrote without a status is stated; one that nobody wrote is not (see `freeze`).
        return lambda: "not_stated"
    if isinstance(field, Many):
        return tuple
    if isinstance(field, One):
        return field.part.empty
    if isinstance(field, ByPointer):
        return lambda: MappingProxyType({})
    return lambda: None


class One(fields.Nested):
    """One nested part."""

    def __init__(self, part: type[Part], **kwargs: Any) -> None:
        self.part = part
        super().__init__(part, **kwargs)

    def frozen(self, value: Any) -> Any:
        return freeze(self.part, value)

    def openapi(self, converter: Any) -> dict[str, Any]:
        return described(self.part, converter)


def described(part: type[Part], converter: Any) -> dict[str, Any]:
    """A part in OpenAPI: its object, or where it has a `bare` field also the string that stands for it."""
    whole = converter.resolve_nested_schema(part)
    if part.bare is None:
        return dict(whole)
    told = "the status" if part.bare == "status" else f"`{part.bare}` alone"
    return {"oneOf": [whole, {"type": "string", "description": f"Short for {told}."}]}


class Many(fields.List):
    """A list, held as a tuple. `numbered`: prefix of the ids given by position where none is written (`P1`, `P2`)."""

    def __init__(self, inner: Any, *, numbered: str | None = None, most: int = 1000, **kwargs: Any) -> None:
        self.numbered = numbered
        super().__init__(
            One(inner) if isinstance(inner, type) and issubclass(inner, Part) else inner,
            validate=validate.Length(max=most),
            **kwargs,
        )

    @property
    def part(self) -> type[Part] | None:
        return self.inner.part if isinstance(self.inner, One) else None

    def frozen(self, value: Any) -> Any:
        each = getattr(self.inner, "frozen", None)
        items = tuple(value) if each is None else tuple(map(each, value))
        if self.numbered is None:
            return items
        return tuple(
            item if item.id else dataclasses.replace(item, id=f"{self.numbered}{n}")
            for n, item in enumerate(items, 1)
        )


class ByPointer(fields.Dict):
    """A map from JSON Pointers (RFC 6901) to parts."""

    def __init__(self, part: type[Part], **kwargs: Any) -> None:
        self.part = part
        pointer = fields.String(validate=[validate.Regexp(r"^(/([^~/]|~0|~1)+)*$"), validate.Length(max=200)])
        super().__init__(keys=pointer, values=One(part), validate=validate.Length(max=2000), **kwargs)

    def frozen(self, value: Any) -> Any:
        return MappingProxyType({name: freeze(self.part, entry) for name, entry in value.items()})


def word(*values: str, **kwargs: Any) -> fields.String:
    """One word of a vocabulary."""
    return fields.String(validate=validate.OneOf(values), **kwargs)


def line(most: int = 500, **kwargs: Any) -> fields.String:
    """A short text in no particular language: a name, a number, a reference. Kept as stated, right or wrong."""
    return fields.String(validate=[validate.Length(min=1, max=most), _visible], **kwargs)


_BLANK = {"Zs", "Zl", "Zp", "Cc", "Cf"}


def _visible(text: str) -> None:
    if all(unicodedata.category(character) in _BLANK for character in text):
        raise ma.ValidationError("blank: Only blanks; leave the field out instead.")


def flag(**kwargs: Any) -> Boolean:
    """True or false and nothing else (`"yes"` and `1` are refused)."""
    return Boolean(**kwargs)


def whole(least: int = 0, **kwargs: Any) -> Integer:
    """A whole number that is one in JSON: 1.9, "12" and true are refused (a rounded period deletes too early)."""
    return Integer(min=least, **kwargs)


class Day(strict.Day):
    """A calendar day, `YYYY-MM-DD`; held as `datetime.date`."""

    frozen = staticmethod(date.fromisoformat)


class Period(fields.String):
    """A period in ISO 8601 (`P6M`); held as the text, which `law.periods` computes with."""

    default_error_messages = {
        "invalid_period": "invalid_period: Not a period in years, months, weeks or days (ISO 8601), such as P6M."
    }

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            periods.parse(text)
        except Problem as error:
            raise self.make_error("invalid_period") from error
        return text


class Prose(fields.Field[Any]):
    """A text for people: a string in the language of the document, or a map from languages (BCP 47) to texts."""

    default_error_messages = {
        "invalid": "Neither a text nor a map from languages to texts.",
        "empty": "An empty text; leave the field out instead.",
        "long": "Longer than {most} characters.",
        "language": "Not a language tag such as fi, sv or en.",
    }
    _tag = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")

    def __init__(self, *, most: int = 20_000, **kwargs: Any) -> None:
        self.most = most
        super().__init__(**kwargs)

    def openapi(self, _: Any) -> dict[str, Any]:
        texts = {
            "type": "object",
            "additionalProperties": {"type": "string", "maxLength": self.most},
            "minProperties": 1,
        }
        told = "In the language of the document, or one text for each language (BCP 47)."
        return {
            "oneOf": [{"type": "string", "minLength": 1, "maxLength": self.most}, texts],
            "description": told,
        }

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        texts = {None: value} if isinstance(value, str) else value
        if not isinstance(texts, Mapping) or not texts or not all(isinstance(t, str) for t in texts.values()):
            raise self.make_error("invalid")
        for tag, text in texts.items():
            if tag is not None and not (isinstance(tag, str) and self._tag.match(tag)):
                raise self.make_error("language")
            if not text.strip():
                raise self.make_error("empty")
            if len(text) > self.most:
                raise self.make_error("long", most=self.most)
        return value

    @staticmethod
    def frozen(value: Any) -> Localised:
        return Localised(MappingProxyType({None: value} if isinstance(value, str) else dict(value)))


class Term(fields.String):
    """A term of the Data Privacy Vocabulary as a compact IRI: `pd:EmailAddress`, `dpv:CustomerCare`."""

    def __init__(self, *prefixes: str, **kwargs: Any) -> None:
        pattern = rf"^({'|'.join(prefixes)}):[A-Za-z0-9][A-Za-z0-9-]*$"
        such = "pd:EmailAddress" if "pd" in prefixes else f"{prefixes[0]}:…"
        form = f"wrong_form: A term of the Data Privacy Vocabulary, with {' or '.join(prefixes)} before it: {such}."
        super().__init__(validate=[validate.Regexp(pattern, error=form), validate.Length(max=120)], **kwargs)


class Country(fields.String):
    """A country by ISO 3166-1 alpha-2, or `EU`, `EEA`."""

    def __init__(self, **kwargs: Any) -> None:
        form = "wrong_form: A country in two capital letters (FI), or EU, or EEA."
        super().__init__(validate=validate.Regexp(r"^([A-Z]{2}|EEA)$", error=form), **kwargs)


class Refs(fields.Field[Any]):
    """Ids of parts of the record, or one of the words given (`all`, `not_stated`); held as a tuple or that word."""

    default_error_messages = {"invalid": "Neither a list of ids nor one of: {words}."}

    def __init__(self, *words: str, **kwargs: Any) -> None:
        self.words = words
        super().__init__(**kwargs)

    @staticmethod
    def frozen(value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    def openapi(self, _: Any) -> dict[str, Any]:
        ids: dict[str, Any] = {"type": "array", "items": {"type": "string"}, "maxItems": 1000}
        return {"oneOf": [ids, {"type": "string", "enum": list(self.words)}]} if self.words else ids

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and value in self.words:
            return value
        if isinstance(value, list) and len(value) <= 1000 and all(isinstance(item, str) for item in value):
            return value
        raise self.make_error("invalid", words=", ".join(self.words) or "-")


class YesNoUnknown(fields.Field[Any]):
    """`true`, `false` or `"unknown"`; what nobody has decided stays unknown."""

    default_error_messages = {"invalid": 'Neither true, false nor "unknown".'}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"default": "unknown"}, **kwargs)

    def openapi(self, _: Any) -> dict[str, Any]:
        return {"enum": [True, False, "unknown"]}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if value is True or value is False or (value == "unknown" and isinstance(value, str)):
            return value
        raise self.make_error("invalid")
