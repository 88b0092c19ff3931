"""Counting accounts as they are read: groups that are alike, in bounded memory, however many there are."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from registry.connectors.observed.plain import MOST
from registry.connectors.seen import NotSeen

_UNSAID: Any = object()


@dataclasses.dataclass(slots=True)
class _Alike:
    count: int = 0
    latest: str | None = None


class Accounts:
    """The payload of an observation of accounts, made account by account.

    Accounts are one group while role, domain and all else that is said of them are alike and they were last used in
    the same month: whoever has been idle is not hidden behind whoever has not.
    """

    def __init__(self) -> None:
        self._groups: dict[tuple[Any, ...], _Alike] = {}

    def add(
        self,
        *,
        role: str,
        domain: str,
        active: bool,
        last_login_on: Any = _UNSAID,
        two_factor: bool | None = None,
        shared: bool | None = None,
        count: int = 1,
    ) -> None:
        """Count accounts. `last_login_on` is a day (YYYY-MM-DD), None for never; left out where it was not seen.

        `two_factor` and `shared` None: not seen. Raises NotSeen where there are more groups than an observation takes.
        """
        said = last_login_on is not _UNSAID
        month = last_login_on[:7] if said and last_login_on is not None else None
        key = (role, domain, active, said, month, two_factor, shared)
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= MOST:
                raise NotSeen("not_supported", "too_many_groups")
            group = self._groups[key] = _Alike()
        group.count += count
        if month is not None and (group.latest is None or last_login_on > group.latest):
            group.latest = last_login_on

    def payload(self) -> Mapping[str, Any]:
        """What was counted, in a fixed order."""
        ordered = sorted(self._groups.items(), key=lambda one: tuple(str(part) for part in one[0]))
        return {"accounts": [_told(key, group) for key, group in ordered]}


def _told(key: tuple[Any, ...], group: _Alike) -> dict[str, Any]:
    role, domain, active, said, _, two_factor, shared = key
    told: dict[str, Any] = {"role": role, "domain": domain, "active": active, "count": group.count}
    if said:
        told["last_login_on"] = group.latest
    if two_factor is not None:
        told["two_factor"] = two_factor
    if shared is not None:
        told["shared"] = shared
    return told
