"""An observation: what one system was seen to be at one time, and how good the evidence is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, get_args

Level = Literal["api", "export", "attestation", "vendor_doc"]
#: Levels of evidence, the strongest first: the system itself, a file it gave, somebody's word, the vendor's papers.
LEVELS: tuple[Level, ...] = get_args(Level)


@dataclasses.dataclass(frozen=True, slots=True)
class Observation:
    """One thing that one system showed. Keys, counts and dates; never contents, never the name of a person.

    `system` is ``controller/key``; `kind` says what `payload` holds (`kinds`); `taken_at` and
    `recorded_at` are instants. `complete` false: the pull broke off, so what is missing in it may well be there.
    `invented`: made up for a demonstration. `digest` is the SHA-256 of the canonical payload, `raw_sha256` that of the
    answer it was read from, if the collector kept one; `reference` and `expires_on` (a day) belong to attestations
    and vendors' papers.
    """

    id: int
    system: str
    kind: str
    taken_at: str
    recorded_at: str
    source_level: Level
    collector: str
    complete: bool
    invented: bool
    payload: Mapping[str, Any]
    digest: str = ""
    raw_sha256: str | None = None
    reference: str | None = None
    expires_on: str | None = None

    @property
    def controller(self) -> str:
        """Whose system it is."""
        return self.system.partition("/")[0]

    @property
    def strength(self) -> int:
        """How good the evidence is: 0 is the best."""
        return LEVELS.index(self.source_level)

    @property
    def about(self) -> str:
        """The kind that it tells of: its own, or what could not be looked at."""
        return str(self.payload["asked"]) if self.kind == "could_not_look" else self.kind
