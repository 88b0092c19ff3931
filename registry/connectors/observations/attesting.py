"""Somebody's word as evidence: what it has to rest on, and for how long it counts."""

from __future__ import annotations

from datetime import date

from registry import clock
from registry.connectors.observed.observation import Level
from registry.errors import Invalid
from registry.law import periods

#: Nobody can know for longer how a system will be set.
LONGEST = "P2Y"


def vouched(
    level: Level, taken_at: str, *, reference: str | None, raw_sha256: str | None, expires_on: str | None
) -> None:
    """Raise Invalid for an attestation that nobody could look into, or that would count for ever.

    It names the document that says so (`reference`) or is bound to it by digest (`raw_sha256`), and the day from which
    it no longer counts: at the earliest the day it was given on, which takes it back at once, at the latest two years
    after. Codes `required` and `impossible_time`. Other evidence is as it is.
    """
    if level != "attestation":
        return
    if not (reference or raw_sha256):
        raise Invalid(
            "Name the document that says so, or its SHA-256 (raw_sha256).",
            code="required",
            field="/reference",
        )
    if expires_on is None:
        raise Invalid("Somebody's word counts until a day; name it.", code="required", field="/expires_on")
    given = clock.day(taken_at[:10])
    if not given <= clock.day(expires_on) <= periods.add(given, LONGEST):
        raise Invalid(
            "The day from which it no longer counts is one of the two years after it was given.",
            code="impossible_time",
            field="/expires_on",
        )


def lapsed(expires_on: str | None, day: date) -> bool:
    """Whether what expires on a day counts no more."""
    return expires_on is not None and clock.day(expires_on) <= day
