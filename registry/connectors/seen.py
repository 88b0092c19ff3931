"""What a look at a system gives: what was seen, or why nothing was."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from registry.connectors.observed.observation import Level

#: As registry.connectors.observed.reasons.REASONS.
Reason = Literal[
    "unauthorised", "forbidden", "no_such_endpoint", "unavailable", "not_understood", "not_supported", "other"
]


class NotSeen(Exception):
    """Something could not be looked at: the reason, and a stable `code` that says more."""

    def __init__(self, reason: Reason, code: str = "") -> None:
        super().__init__(f"{reason}: {code}" if code else reason)
        self.reason: Reason = reason
        self.code = code or reason


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """One observation as a source saw it; `complete` false when something of it was not read or not understood.

    `in_part`: it is not complete for the one reason that its source can never see all of it.
    """

    kind: str
    payload: Mapping[str, Any]
    complete: bool = True
    raw_sha256: str | None = None
    source_level: Level = "api"
    reference: str | None = None
    in_part: bool = False


def could_not_look(asked: str, reason: Reason) -> Seen:
    """The observation that the kind `asked` could not be looked at."""
    return Seen("could_not_look", {"asked": asked, "reason": reason}, complete=False)
