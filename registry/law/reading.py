"""From the data files to frozen values, strictly: nothing unknown, nothing missing, nothing of another type."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from registry.law.values import Term

try:
    from yaml import CSafeLoader as SafeLoader
except ImportError:  # pragma: no cover - a PyYAML built without libyaml reads the same, slower
    from yaml import SafeLoader  # type: ignore[assignment]  # the slower twin

E = TypeVar("E")


class Misprint(ValueError):
    """An entry of the law table that cannot be right. Says the file, the entry and why."""


class _Strict(SafeLoader):
    """Safe YAML in which a key written twice is an error rather than the last one."""


def _mapping_once(loader: _Strict, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node)
        if key in seen:
            raise Misprint(f"{key!r} is written twice, line {key_node.start_mark.line + 1}")
        try:
            seen[key] = loader.construct_object(value_node, deep=True)
        except Misprint:
            raise
        except ValueError as error:  # 30 February
            raise Misprint(f"{key}: {error}, line {value_node.start_mark.line + 1}") from error
    return seen


_Strict.add_constructor("tag:yaml.org,2002:map", _mapping_once)


def parse(text: str, where: str) -> dict[str, Any]:
    """The mapping that a data file holds. Raises Misprint for bad YAML, a repeated key, or anything but a mapping."""
    try:
        data = yaml.load(text, Loader=_Strict)  # noqa: S506 - _Strict is a safe loader
    except (yaml.YAMLError, Misprint, TypeError) as error:  # a TypeError: a list as a key
        raise Misprint(f"{where}: {error}") from error
    if not isinstance(data, dict):
        raise Misprint(f"{where}: not a mapping")
    return data


def entries(kind: type[E], data: Any, where: str) -> Mapping[str, E]:
    """The entries of a list, by key, in the order written. Raises Misprint."""
    if not isinstance(data, list):
        raise Misprint(f"{where}: not a list of entries")
    found: dict[str, E] = {}
    for item in data:
        name = f"{where}, {item.get('key') if isinstance(item, dict) else item!r}"
        entry = build(kind, item, name)
        key: str = entry.key  # type: ignore[attr-defined]  # set by the loader
        if key in found:
            raise Misprint(f"{name}: the key is taken")
        found[key] = entry
    return types.MappingProxyType(found)


def words(data: Any, where: str) -> Mapping[str, str]:
    """A mapping of texts by words. Raises Misprint."""
    read: Mapping[str, str] = _value(Mapping[str, str], data, where)
    return read


def build(kind: type[E], data: Any, where: str) -> E:
    """One frozen value of dataclass `kind` from a mapping of exactly its fields. Raises Misprint."""
    if not isinstance(data, dict):
        raise Misprint(f"{where}: not a mapping")
    dataclass: Any = kind
    hints, required = _shape(dataclass)
    if "sections" in data and "sections" in hints:
        data = {**data, "sections": [_inherit(item, data) for item in _listed(data["sections"], where)]}
    if unknown := data.keys() - hints.keys():
        raise Misprint(f"{where}: no such field: {', '.join(sorted(map(str, unknown)))}")
    if missing := required - data.keys():
        raise Misprint(f"{where}: missing: {', '.join(sorted(missing))}")
    return kind(**{name: _value(hints[name], value, f"{where}: {name}") for name, value in data.items()})


def _inherit(section: Any, act: dict[str, Any]) -> Any:
    """A section with the sureness and source of its act where it has none of its own."""
    if not isinstance(section, dict):
        return section
    return {name: act[name] for name in ("sure", "source") if name in act} | section


@cache
def _shape(kind: Any) -> tuple[dict[str, Any], frozenset[str]]:
    hints = get_type_hints(kind)
    required = {
        item.name
        for item in dataclasses.fields(kind)
        if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
    }
    return {item.name: hints[item.name] for item in dataclasses.fields(kind)}, frozenset(required)


def _value(hint: Any, value: Any, where: str) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if origin in (
        Union,
        types.UnionType,
    ):  # X | None: a field that does not apply is left out, never written empty
        (hint,) = (arg for arg in args if arg is not types.NoneType)
        return _value(hint, value, where)
    if origin is Literal:
        if not isinstance(value, str) or value not in args:
            raise Misprint(f"{where}: {value!r} is none of {', '.join(args)}")
        return value
    if origin is tuple:
        return tuple(_value(args[0], item, where) for item in _listed(value, where))
    if origin is Mapping:
        if not isinstance(value, dict) or not all(isinstance(key, str) and key for key in value):
            raise Misprint(f"{where}: not a mapping by words")
        if args[1] is Term:
            return types.MappingProxyType(
                {key: _term(key, item, f"{where}, {key}") for key, item in value.items()}
            )
        return types.MappingProxyType({key: _value(args[1], item, where) for key, item in value.items()})
    if dataclasses.is_dataclass(hint):
        return build(hint, value, where)  # type: ignore[arg-type]  # the hint says which
    if type(value) is not hint:  # not isinstance: a YAML time is a date too, and true is an int
        raise Misprint(f"{where}: {value!r} is not {'a day' if hint is date else hint.__name__}")
    if hint is str and (not value or value != value.strip()):
        raise Misprint(f"{where}: empty, or blank at an end")
    return value


def _listed(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise Misprint(f"{where}: not a list")
    return value


def _term(key: str, value: Any, where: str) -> Term:
    """A term, written as its three words side by side with the rest."""
    if not isinstance(value, dict):
        raise Misprint(f"{where}: not a mapping")
    words = {name: value[name] for name in ("fi", "sv", "en") if name in value}
    rest = {name: item for name, item in value.items() if name not in words}
    return build(Term, {**rest, "key": key, "name": words}, where)
