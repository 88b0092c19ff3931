"""Declarations from YAML files, as a DPO keeps them in git: read, compared with what is stored, written all or none."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from registry import clock
from registry.catalogue import store
from registry.catalogue.diff import diff
from registry.catalogue.record.assemble import load
from registry.db import writes, writing
from registry.errors import Invalid, NotFound, Problem
from registry.strict.body import parse

#: The sections of a file, in the order in which they are written.
SECTIONS = {"controllers": "controller", "systems": "system", "registers": "register"}


@dataclasses.dataclass(frozen=True)
class Item:
    """One declaration as a file has it. `where` is `file:line`."""

    kind: str
    controller: str
    key: str
    body: dict[str, Any]
    effective_from: str | None
    where: str

    @property
    def name(self) -> str:
        return store.object_name(self.kind, self.controller, self.key)


@dataclasses.dataclass(frozen=True)
class Change:
    """What loading an item would do: `create`, `change`, `reopen` or `same`, with the differences field by field."""

    item: Item
    action: str
    version: int
    differences: list[dict[str, Any]]


class _Loader(yaml.SafeLoader):
    """YAML that means what JSON means: no dates, no yes/no, no octal or base-60 numbers (01234 is a postal code)."""

    yaml_implicit_resolvers = {}


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|~|)$"), ["n", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9][0-9]*)$"), list("-0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?$"),
    list("-0123456789"),
)


def read(paths: Iterable[Path]) -> list[Item]:
    """The declarations of YAML files, controllers first, then systems, then registers.

    Raises `Invalid` with one error for everything that does not fit, each with its file and line.
    """
    items: list[Item] = []
    errors: list[dict[str, str]] = []
    for path in paths:
        try:
            items += _read_one(path)
        except Problem as problem:
            errors += problem.errors or [
                {"field": str(path), "code": problem.code, "message": problem.detail}
            ]
        except RecursionError:
            errors.append({"field": str(path), "code": "too_deep", "message": "Nested too deeply."})
    seen: dict[str, str] = {}
    for item in items:
        if item.name in seen:
            errors.append(
                {
                    "field": item.where,
                    "code": "duplicate",
                    "message": f"{item.name} is also in {seen[item.name]}.",
                }
            )
        seen[item.name] = item.where
    if errors:
        raise Invalid("The files do not fit; nothing was loaded.", errors=errors)
    order = list(SECTIONS.values())
    return sorted(items, key=lambda item: (order.index(item.kind), item.controller, item.key))


class _Undo(Exception):
    pass


def plan(items: Iterable[Item]) -> list[Change]:
    """What `apply` would do now, and raises as it does: it is done, and undone before anybody sees it."""
    done: list[Change] = []
    with suppress(_Undo), writing(why="undone"):
        done = apply(items, by="nobody")
        raise _Undo
    return done


@writes
def apply(items: Iterable[Item], *, by: str) -> list[Change]:
    """Write all items in one transaction, or none. What is stored already is left as it is."""
    done = []
    for item in items:
        change = _change(item)
        if change.action != "same":
            try:
                store.declare(
                    item.kind, item.controller, item.key, item.body,
                    by=by, expect=change.version, effective_from=item.effective_from,
                )  # fmt: skip
            except Problem as problem:
                raise _placed(problem, item) from problem
        done.append(change)
    return done


def _change(item: Item) -> Change:
    try:
        stored = store.newest(item.kind, item.controller, item.key)
    except NotFound:
        return Change(item, "create", store.NEW, [])
    differences = list(diff(stored.body, item.body))
    if item.effective_from and item.effective_from != stored.effective_from:
        differences.append(
            {
                "field": "/effective_from",
                "change": "changed",
                "before": stored.effective_from,
                "after": item.effective_from,
            }
        )
    action = "reopen" if stored.ended else "change" if differences else "same"
    return Change(item, action, stored.version, differences)


def _read_one(path: Path) -> list[Item]:
    lines: dict[str, int] = {}
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        raise Invalid(f"Cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Invalid("Not a text in UTF-8.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise Invalid(
            "",
            errors=[
                {"field": place, "code": "malformed_yaml", "message": str(getattr(error, "problem", error))}
            ],
        ) from error
    data = parse(json.dumps(_plain(node, "", lines, path, set())).encode())
    if not isinstance(data, dict) or not data or set(data) - set(SECTIONS):
        raise Invalid(f"A file has the sections {', '.join(SECTIONS)}, and nothing else.")
    return [item for section in data for item in _items(section, data[section] or {}, lines, path)]


def _items(section: str, entries: Any, lines: Mapping[str, int], path: Path) -> Iterator[Item]:
    kind = SECTIONS[section]
    if not isinstance(entries, dict):
        raise Invalid(f"{section} is a map from keys to what is declared.")
    for name, body in entries.items():
        at = f"/{section}/{str(name).replace('~', '~0').replace('/', '~1')}"
        where = f"{path}:{lines.get(at, 1)}"
        controller, _, key = str(name).partition("/")
        key = key or (controller if kind == "controller" else "")
        if (kind == "controller" and key != controller) or not (
            store.is_key(controller) and store.is_key(key)
        ):
            form = "a key such as acme" if kind == "controller" else "controller/key, such as acme/customers"
            raise Invalid(
                "", errors=[{"field": where, "code": "invalid_key", "message": f"The name is {form}."}]
            )
        body = {store.BARE[kind]: body} if isinstance(body, str) else dict(body or {})
        zone = "Europe/Helsinki"
        try:
            effective = body.pop("effective_from", None)
            instant = clock.instant(effective, zone) if effective is not None else None
            load(store.BODY[kind], body)
        except Problem as problem:
            listed = problem.errors or [
                {"field": "/effective_from", "code": problem.code, "message": problem.detail}
            ]
            raise Invalid(
                "",
                errors=[
                    {**error, "field": f"{path}:{_line(lines, at + error['field'])} {error['field']}"}
                    for error in listed
                ],
            ) from problem
        yield Item(kind, controller, key, body, instant, where)


def _line(lines: Mapping[str, int], pointer: str) -> int:
    while pointer and pointer not in lines:
        pointer = pointer.rpartition("/")[0]
    return lines.get(pointer, 1)


def _placed(problem: Problem, item: Item) -> Problem:
    listed = problem.errors or [{"field": "", "code": problem.code, "message": problem.detail}]
    return Invalid(
        "Nothing was loaded.",
        errors=[{**error, "field": f"{item.where} {error['field']}".strip()} for error in listed],
    )


def _plain(node: yaml.Node | None, at: str, lines: dict[str, int], path: Path, open_: set[int]) -> Any:
    """A composed node as plain data, noting the line of everything; refuses repeated keys and aliases."""
    if node is None:
        return None
    lines[at] = node.start_mark.line + 1
    if id(node) in open_:
        raise _at(path, node, "alias", "Anchors and aliases are not read; write the value out.")
    open_.add(id(node))
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None or key_node.tag == "tag:yaml.org,2002:merge":
                raise _at(path, key_node, "malformed_yaml", "A key is a plain word.")
            if key in found:
                raise _at(path, key_node, "duplicate_key", "This key is there twice.")
            below = f"{at}/{key.replace('~', '~0').replace('/', '~1')}"
            found[key] = _plain(value_node, below, lines, path, open_)
            lines[below] = key_node.start_mark.line + 1
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, f"{at}/{index}", lines, path, open_) for index, item in enumerate(node.value)]
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except yaml.YAMLError as error:
        raise _at(path, node, "malformed_yaml", "Not a value that a record can hold.") from error


def _at(path: Path, node: yaml.Node, code: str, message: str) -> Invalid:
    return Invalid(
        "", errors=[{"field": f"{path}:{node.start_mark.line + 1}", "code": code, "message": message}]
    )
