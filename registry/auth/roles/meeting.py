"""What a token may do at a door, decided here and nowhere else: the meeting of its scopes, those of its client, the
roles of its holder in each controller, and the engagement that a role belongs to."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from registry.api.door import Holder, Mark
from registry.api.reach import ALL, Reach, crossed
from registry.auth.roles.duties import DUTIES, EVERY


class Role(NamedTuple):
    """A role as it is stored: names and scopes separated by spaces, None for all; instants for the period."""

    controller: str
    role: str
    registers: str | None = None
    systems: str | None = None
    since: str | None = None
    until: str | None = None
    scopes: str | None = None
    audit: int | None = None

    @property
    def gives(self) -> frozenset[str]:
        """The scopes that it gives, none if nobody knows the role any more."""
        duty = DUTIES.get(self.role)
        most = duty.scopes if duty else frozenset()
        return most if self.scopes is None else most & frozenset(self.scopes.split())

    @property
    def reach(self) -> Reach:
        """How far it reaches in its controller. An auditor sees only what was published."""
        if self.role != "auditor" and self[2:6] == (None, None, None, None):
            return ALL
        return Reach(
            _names(self.registers), _names(self.systems), self.since, self.until, self.role == "auditor"
        )


@dataclass(frozen=True, slots=True)
class Asking:
    """Who holds a token: `scopes` are those that token and client have in common, `roles` those that stand now."""

    id: str
    client_id: str
    scopes: frozenset[str]
    roles: tuple[Role, ...]
    expires_at: str


class _Met(NamedTuple):
    controllers: frozenset[str] | None
    reach: Mapping[str, tuple[Reach, ...]]
    lacking: frozenset[str]
    rights: Mapping[str, frozenset[str]]
    audits: tuple[tuple[str, int], ...] = ()


def meet(asking: Asking, mark: Mark) -> Holder | None:
    """The holder of a token at a door; None where that door is theirs in no controller at all."""
    if not mark.scopes <= asking.scopes:
        return None
    met = _met(asking.roles, asking.scopes, mark)
    if met.controllers is not None and not met.controllers:
        return None
    return Holder(
        asking.id, asking.client_id, asking.scopes, met.controllers, asking.expires_at,
        met.reach, met.lacking, met.rights, met.audits, asking,
    )  # fmt: skip


@functools.lru_cache(maxsize=4096)
def _met(roles: tuple[Role, ...], scopes: frozenset[str], mark: Mark) -> _Met:
    everywhere = tuple(role for role in roles if role.controller == EVERY)
    rights = {
        controller: _rights((*everywhere, *(role for role in roles if role.controller == controller)), scopes)
        for controller in {role.controller for role in roles}
    }
    if mark.scopes <= rights.get(EVERY, frozenset()):
        return _Met(None, {}, frozenset(), rights)
    seen: dict[str, tuple[Reach, ...]] = {}
    for controller in rights:
        if controller != EVERY:
            here = (*everywhere, *(role for role in roles if role.controller == controller))
            seen[controller] = crossed(_reached(here, scope, mark) for scope in sorted(mark.scopes))
    whole = {controller for controller, some in seen.items() if some == (ALL,)}
    limited = {controller: some for controller, some in seen.items() if some and controller not in whole}
    found = frozenset(whole | limited.keys())
    audits = tuple((role.controller, role.audit) for role in roles if role.audit and role.controller in found)
    return _Met(found, limited, frozenset(rights) - found, rights, audits)


def _reached(roles: tuple[Role, ...], scope: str, mark: Mark) -> tuple[Reach, ...]:
    """How far these roles reach with a scope, as far as the door narrows what it answers."""
    some = (role.reach for role in roles if scope in role.gives)
    return tuple(dict.fromkeys(one for one in some if one.limits <= mark.within))


def _rights(roles: tuple[Role, ...], scopes: frozenset[str]) -> frozenset[str]:
    """The scopes that are given without a limit."""
    given: frozenset[str] = frozenset()
    for role in roles:
        if role.reach == ALL:
            given |= role.gives
    return given & scopes


def _names(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(text.split())
