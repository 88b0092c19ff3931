"""A look that failed; imported last, for it can be asked for any of the other kinds."""

from __future__ import annotations

from registry.connectors.observed.kinds.kind import KINDS, kind
from registry.connectors.observed.reasons import REASONS
from registry.strict.schema import OneOf, Schema


@kind("could_not_look")
class CouldNotLook(Schema):
    """A look that failed: a fact of its own, and never a sign that all is well."""

    asked = OneOf(
        *KINDS, required=True, metadata={"description": "The kind of observation that was to be made."}
    )
    reason = OneOf(*REASONS, required=True)
