"""What a person reads before allowing a program something: what it will see and do, of whom, until when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from registry import clock
from registry.auth import scopes as book
from registry.auth.clients.registration import REFRESH
from registry.auth.clients.stored import Client
from registry.auth.roles import giving
from registry.auth.roles.duties import DUTIES, EVERY
from registry.auth.roles.giving import StoredRole
from registry.auth.roles.meeting import Role

#: The application's names of controllers by their keys (registry.app says whose); keys where nobody knows better.
NAMES = "registry.names"
Named = Callable[[Iterable[str]], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class May:
    """One scope: its title, whether it is dangerous, and whether a role of the person gives it just now."""

    title: str
    dangerous: bool
    given: bool


@dataclass(frozen=True, slots=True)
class Whose:
    """One role of the person that the program would have: in which controller (None: in all), as what, how far."""

    controller: str | None
    role: str
    registers: tuple[str, ...]
    systems: tuple[str, ...]
    since: str | None
    until: str | None
    ends_at: str | None


@dataclass(frozen=True, slots=True)
class Consent:
    """What the page says. `place` is the host that answers go to, None for a program on the person's own machine or
    device; `until` is the instant at which the permission ends by itself.
    """

    name: str
    client_id: str
    place: str | None
    may: tuple[May, ...]
    whose: tuple[Whose, ...]
    until: str


def consent(
    client: Client,
    *,
    user_id: str,
    scope: str,
    redirect_uri: str | None,
    language: str,
    named: Named,
    access_seconds: int,
    consent_seconds: int,
) -> Consent:
    """What a client would get that asks for a scope on behalf of a person, in a language."""
    asked = [book.SCOPES[name] for name in book.split(scope)]
    rows = [row for row in giving.of(f"user/{user_id}") if _gives(row) & {one.name for one in asked}]
    given = frozenset().union(*map(_gives, rows))
    names = named({row.controller for row in rows} - {EVERY})
    lasts = consent_seconds if client.check_grant_type(REFRESH) else access_seconds
    return Consent(
        name=client.name,
        client_id=client.client_id,
        place=None if redirect_uri is None else _place(redirect_uri),
        may=tuple(May(one.title[language], one.dangerous, one.name in given) for one in asked),
        whose=tuple(_whose(row, names, language) for row in rows),
        until=clock.later(clock.now(), lasts),
    )


def origin(redirect_uri: str) -> str:
    """Where a browser has to be let go to with the answer, as a source of CSP's form-action."""
    parts = urlsplit(redirect_uri)
    if ":" in (parts.hostname or ""):  # CSP has no way to say [::1]
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}"


def _place(redirect_uri: str) -> str | None:
    parts = urlsplit(redirect_uri)
    return parts.hostname if parts.scheme == "https" else None


def _gives(row: StoredRole) -> frozenset[str]:
    return Role(row.controller, row.role, scopes=row.scopes).gives


def _whose(row: StoredRole, names: Mapping[str, str], language: str) -> Whose:
    return Whose(
        controller=None if row.controller == EVERY else names.get(row.controller, row.controller),
        role=DUTIES[row.role].title[language],
        registers=tuple((row.registers or "").split()),
        systems=tuple((row.systems or "").split()),
        since=row.since,
        until=row.until,
        ends_at=row.ends_at,
    )
