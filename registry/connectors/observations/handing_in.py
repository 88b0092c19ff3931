"""What people hand in by the command line: a list of members that a system exported, and their word for a setting."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path
from typing import Any

from registry import clock
from registry.connectors.observations.push import read_yaml
from registry.connectors.observations.stored import record_observation
from registry.connectors.observed.observation import Observation
from registry.connectors.reading.membership import Members
from registry.connectors.seen import NotSeen
from registry.errors import Invalid

MOST = 20 * 1024 * 1024  # bytes of a file
ROWS = 500_000
_NOT = frozenset(
    {"", "0", "no", "false", "inactive", "disabled", "suspended", "removed", "ei", "nej", "pois käytöstä"}
)


def members(
    system: str,
    path: Path,
    *,
    email: str,
    role: str,
    active: str | None,
    by: str,
    taken_at: str | None = None,
) -> tuple[Observation, int]:
    """Store the accounts of a list of members (CSV with a head): by role and domain, nobody's name or address.

    `email`, `role` and `active` name its columns; without the last, whoever is on the list is active. Gives what was
    stored, and how many rows were not understood: with any, it is not the whole. Raises Invalid for what is no list.
    """
    raw = _bytes(path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("The list is not in UTF-8: save it as CSV in UTF-8.", code="malformed_csv") from None
    head = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    missing = [one for one in (email, role, active) if one is not None and one not in (rows.fieldnames or ())]
    if missing:
        told = (
            f"The list has no column {', '.join(missing)}: name its columns with --email, --role, --active."
        )
        raise Invalid(told, code="malformed_csv")
    counted, left_out = Members([]), 0
    try:
        for number, row in enumerate(rows):
            if number >= ROWS:
                raise Invalid(f"More than {ROWS} rows.", code="too_large")
            on = active is None or (row[active] or "").strip().casefold() not in _NOT
            try:
                counted.add((row[role] or "").strip(), row[email], active=on)
            except ValueError:
                left_out += 1
            except NotSeen:
                raise Invalid("More roles and domains than an observation holds.", code="too_large") from None
    except csv.Error:
        raise Invalid("The list breaks off.", code="malformed_csv") from None
    stored = record_observation(
        system, "accounts", counted.accounts(),
        by=by, taken_at=taken_at or clock.now(), source_level="export", complete=not left_out,
        collector="list of members", raw_sha256=hashlib.sha256(raw).hexdigest(),
    )  # fmt: skip
    return stored, left_out


def attest(
    system: str,
    kind: str,
    payload: Path,
    *,
    until: str,
    by: str,
    document: Path | None = None,
    reference: str | None = None,
    taken_at: str | None = None,
) -> Observation:
    """Store somebody's word for what a system is like (`payload`, YAML in the form of its kind), with its document.

    The document stays where it is: its SHA-256 and its `reference` are kept. Raises as record_observation does, and
    Invalid for files that cannot be read.
    """
    told: Any = read_yaml(payload)
    if not isinstance(told, dict):
        raise Invalid(
            "The payload is an object in the form of its kind.", code="wrong_type", field="/payload"
        )
    digest = None if document is None else hashlib.sha256(_bytes(document)).hexdigest()
    return record_observation(
        system, kind, told,
        by=by, taken_at=taken_at or clock.now(), source_level="attestation", complete=True,
        reference=reference, raw_sha256=digest, expires_on=clock.day(until).isoformat(),
    )  # fmt: skip


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST:
            raise Invalid("The file is larger than 20 MB.", code="too_large")
        return path.read_bytes()
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.") from None
