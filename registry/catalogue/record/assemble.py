"""A record as rules, notices and retention read it: the register with its controller and its systems."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import marshmallow as ma

from registry.catalogue.record.keeping import SystemSchema
from registry.catalogue.record.parties import ControllerSchema
from registry.catalogue.record.pointers import dangling, pointer, resolve
from registry.catalogue.record.provenance import Provenance
from registry.catalogue.record.register import RecordSchema, faults
from registry.catalogue.record.value import Part, freeze
from registry.errors import Invalid
from registry.strict import schema as strict

_SCHEMAS: dict[str, Part] = {
    "record": RecordSchema(),
    "details": ControllerSchema(),
    "system": SystemSchema(),
}


@dataclasses.dataclass(frozen=True)
class Record:
    """One register with everything that is said of it.

    `statements` is the loaded register; its fields can be read from the record itself (`record.retention`).
    `controller` and `systems` are loaded too; `provenance` joins all three, with pointers from the record's root
    (`/controller/address`, `/systems/0/vendor`). `key` is `controller/register`.
    """

    key: str
    statements: Any
    controller: Any
    systems: tuple[Any, ...]
    system_keys: tuple[str, ...]
    provenance: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.statements, name)

    @property
    def language(self) -> str:
        """The language that texts without one are in."""
        return self.statements.document.language or self.controller.language

    @property
    def dpo(self) -> Any:
        """The data protection officer as the register states it, else as the controller does."""
        return self.statements.dpo or self.controller.dpo

    @property
    def representative(self) -> Any:
        """The Art. 27 representative, the register's own or the controller's."""
        return self.statements.representative or self.controller.representative

    def at(self, pointer: str) -> Any:
        """The value at a JSON Pointer, `None` where nothing is."""
        head = pointer.split("/", 2)[1:2]
        root: Any = self.statements if head not in (["controller"], ["systems"]) else self
        return resolve(root, pointer)

    def said(self, pointer: str) -> Any:
        """Provenance of the field at `pointer`, else of the nearest part around it; an empty one where none is kept."""
        while pointer:
            if pointer in self.provenance:
                return self.provenance[pointer]
            pointer = pointer.rpartition("/")[0]
        return Provenance.empty()

    def status(self, pointer: str) -> str:
        """The statement status at `pointer`: as recorded there, else the part's own, else by presence."""
        recorded = self.provenance.get(pointer)
        if recorded is not None and recorded.status:
            return str(recorded.status)
        value = self.at(pointer)
        own = getattr(value, "status", None)
        if own:
            return str(own)
        return "stated" if value not in (None, ()) and value is not False else "not_stated"

    def right(self, right: str) -> str:
        """The status of a right; one that is not listed is not stated."""
        return next((item.status for item in self.statements.rights if item.right == right), "not_stated")


def load(part: str, data: Any, at: str = "") -> Any:
    """`data` as a frozen value of `part` (`record`, `details` or `system`).

    Raises `Invalid` (422) with one error for each field, by JSON Pointer, prefixed with `at`.
    """
    schema = _SCHEMAS[part]
    try:
        schema.load(data)
    except ma.ValidationError as error:
        raise Invalid(_UNFIT, errors=strict.faults(error.messages, at)) from error
    value = freeze(type(schema), data)
    found = faults(value, data) if part == "record" else _loose(type(schema), value, data)
    if errors := [
        {"field": at + pointer(*path), "code": code, "message": told} for path, code, told in found
    ]:
        raise Invalid(_UNFIT, errors=errors[:100])
    return value


_UNFIT = "The document does not fit the definition of the record."


def _loose(schema: type[Part], value: Any, data: Any) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    if "provenance" in schema._declared_fields:
        for path, told in dangling(schema, value, data):
            yield path, "dangling_reference", told


def _frozen(part: str, data: Any, _: str) -> Any:
    return freeze(type(_SCHEMAS[part]), data)


def assemble(
    key: str,
    record: Any,
    controller: Any,
    systems: Mapping[str, Any] = MappingProxyType({}),
    *,
    stored: bool = False,
) -> Record:
    """The record `key` from plain documents: the register's `record`, the controller's `details`, `systems` by key.

    Raises `Invalid` when one does not fit; a system that the register names and `systems` lacks is an error too. With
    `stored` the documents were judged when they were written, and are not judged again.
    """
    take = _frozen if stored else load
    statements, details = take("record", record, "/record"), take("details", controller, "/details")
    missing = [name for name in statements.systems if name not in systems]
    if missing:
        raise Invalid(
            "The register names a system that its controller does not have.",
            errors=[
                {"field": f"/record/systems/{statements.systems.index(name)}", "code": "dangling_reference",
                 "message": "Declare the system first, or take the name out."}
                for name in missing
            ],
        )  # fmt: skip
    loaded = tuple(take("system", systems[name], f"/systems/{name}") for name in statements.systems)
    provenance = dict(statements.provenance)
    provenance.update({f"/controller{at}": entry for at, entry in details.provenance.items()})
    return Record(key, statements, details, loaded, statements.systems, MappingProxyType(provenance))
