"""The sources that there are, by kind: every file of registry/connectors/sources."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType, ModuleType
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from registry import errors
from registry.connectors import sources
from registry.connectors.observed.kinds import KINDS
from registry.connectors.source import Allow, Seen, Source, Way
from registry.strict.schema import invalid

LANGUAGES = frozenset({"fi", "sv", "en"})


@dataclasses.dataclass(frozen=True, slots=True)
class Bound:
    """A source as its file has it."""

    kind: str
    source: Source
    reach: Callable[[Mapping[str, Any]], Allow]
    look: Callable[[Way, Mapping[str, Any]], Iterator[Seen]]

    def observe(self, way: Way, settings: Mapping[str, Any]) -> Iterator[Seen]:
        """What the source sees. What it can never see all of is never complete: `in_part`, where all was seen that can
        be."""
        for seen in self.look(way, settings):
            if seen.kind in self.source.in_part and seen.complete:
                yield dataclasses.replace(seen, complete=False, in_part=True)
            else:
                yield seen

    def sees(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """The kinds of observation that a run with these settings gives, or says it could not."""
        asked = self.source.only_with
        return tuple(kind for kind in self.source.sees if kind not in asked or asked[kind] in settings)

    def document(self) -> dict[str, Any]:
        """What it asks for and can see, as served."""
        return {
            "kind": self.kind,
            "title": dict(self.source.title),
            "settings": described(self.source.settings()),
            "secrets": dict(self.source.secrets),
            "sees": list(self.source.sees),
            "only_with": dict(self.source.only_with),
            "in_part": list(self.source.in_part),
        }

    def settings(self, given: Any) -> dict[str, Any]:
        """Settings, checked. Raises errors.Invalid with one error for each fault, below /settings."""
        try:
            return dict(self.source.settings().load(given))
        except ValidationError as error:
            problem = invalid(error, "/settings")
            form = described(self.source.settings())
            told = [{**one, "message": _explained(one, form)} for one in problem.errors]
            raise errors.Invalid(problem.detail, errors=told) from None


def bound(kind: str, module: ModuleType) -> Bound:
    """The source of a file. Raises ValueError for one that is not as registry.connectors.source says."""
    source: Source = module.SOURCE
    unknown = [name for name in source.sees if name not in KINDS or name == "could_not_look"]
    unknown += [name for name in source.in_part if name not in source.sees]
    if unknown or not source.sees or set(source.title) != LANGUAGES:
        raise ValueError(f"{kind}: a title in {sorted(LANGUAGES)}, and kinds that there are (not {unknown})")
    if source.only_with.keys() - {*source.sees} or {*source.only_with.values()} - {*source.settings().fields}:
        raise ValueError(f"{kind}: only_with names a kind that it sees, and a setting that it has")
    if {*source.addressed} - {*source.settings().fields}:
        raise ValueError(f"{kind}: addressed names settings that it has")
    return Bound(kind, source, module.reach, module.observe)


def described(schema: Schema) -> list[dict[str, Any]]:
    """The settings of a schema: name, whether required, what each is; `one_of` which words it takes, where it takes
    some alone; `has` the settings of what is in it, and `many` whether it is a list."""
    found = []
    for name, field in schema.fields.items():
        many = isinstance(field, fields.List)
        inner = field.inner if isinstance(field, fields.List) else field
        words = [one.choices for one in field.validators if isinstance(one, validate.OneOf)]
        told = {
            "name": field.data_key or name,
            "required": field.required,
            "description": str(field.metadata.get("description", "")),
            "many": many,
        }
        if words:
            told["one_of"] = [str(word) for word in words[0]]
        if isinstance(inner, fields.Nested):
            told["has"] = described(inner.schema)
        found.append(told)
    return found


def _explained(fault: Mapping[str, str], form: list[dict[str, Any]]) -> str:
    """What is wrong with a setting, and what the setting is."""
    found: dict[str, Any] | None = None
    for name in fault["field"].split("/")[2:]:
        if not name.isdecimal():
            found = next((one for one in form if one["name"] == name), None)
            form = (found or {}).get("has", [])
    return (
        f"{fault['message']} {found['description']}" if found and found["description"] else fault["message"]
    )


@functools.cache
def book() -> Mapping[str, Bound]:
    """Every source by kind."""
    names = sorted(one.name for one in pkgutil.iter_modules(sources.__path__) if not one.name.startswith("_"))
    found = {name: bound(name, importlib.import_module(f"{sources.__name__}.{name}")) for name in names}
    return MappingProxyType(found)


def source(kind: str) -> Bound:
    """The source of a kind. Raises errors.Invalid (`unknown_source`)."""
    if kind not in book():
        told = f"The kinds of source are {', '.join(book())}."
        raise errors.Invalid(told, code="unknown_source", field="/kind")
    return book()[kind]
