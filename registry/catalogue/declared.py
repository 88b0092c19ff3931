"""A declared document inside an envelope: taken and given as it was written, described by its definition."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from registry.catalogue.record.value import Part, described


class Declared(fields.Field[Any]):
    """A document that `part` defines. It stays plain data: the verb that stores it loads it, and tells every fault."""

    default_error_messages = {"invalid": "Not an object."}

    def __init__(self, part: type[Part], **kwargs: Any) -> None:
        self.part = part
        super().__init__(**kwargs)

    def openapi(self, converter: Any) -> dict[str, Any]:
        """The definition, or the string that stands for its main field."""
        return described(self.part, converter)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, dict) or (isinstance(value, str) and self.part.bare):
            return value
        raise self.make_error("invalid")
