"""Who is in the roles of a system: counted into accounts by role and domain, and into the roles themselves."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from marshmallow import ValidationError

from registry.connectors.observed.plain import Domain, Word
from registry.connectors.reading.tally import Accounts
from registry.connectors.seen import Seen, could_not_look
from registry.connectors.values import domain_of, word
from registry.connectors.way import Way
from registry.strict.schema import OneOf, Schema

_DOMAIN = Domain()


class RoleOfSystem(Schema):
    """A role of the system that a record declares, and what it lets its members do."""

    name = Word(required=True, metadata={"description": "As the system calls it."})
    permission = OneOf(
        "admin", "agent", "viewer", required=True, metadata={"description": "What its members may do."}
    )


class Members:
    """The members of roles, counted as they are read; of those who cannot sign in only that they are there.

    `elsewhere` is the domain of accounts that have no address of their own.
    """

    def __init__(self, roles: Sequence[Mapping[str, Any]], elsewhere: str | None = None) -> None:
        self._permissions = {role["name"]: role["permission"] for role in roles}
        self._elsewhere = elsewhere
        self._accounts = Accounts()
        self._active: Counter[str] = Counter()

    def add(self, role: str, address: str | None, *, active: bool, **other: Any) -> None:
        """Count a member of a role. `other` as of `registry.connectors.reading.tally.Accounts.add`.

        Raises ValueError for one whose domain cannot be told, NotSeen where there are too many groups of them.
        """
        domain = domain_of(address) if address and "@" in address else self._elsewhere
        try:
            known = _DOMAIN.deserialize(domain)
        except ValidationError:
            raise ValueError("no domain") from None
        self._accounts.add(role=word(role), domain=known, active=active, **other)
        self._active[role] += active

    def accounts(self) -> Mapping[str, Any]:
        """The payload of `accounts`."""
        return self._accounts.payload()

    def roles(self) -> Mapping[str, Any]:
        """The payload of `roles`: `members` are those who can sign in."""
        return {
            "roles": [
                {"role": word(name), "permission": permission, "members": self._active[name]}
                for name, permission in self._permissions.items()
            ]
        }


def seen(way: Way, members: Members, gather: Callable[[], None]) -> Iterator[Seen]:
    """Accounts and roles from one pull: what `gather` adds to `members`. Neither is more whole than the other."""

    def read() -> Mapping[str, Any]:
        gather()
        return members.accounts()

    accounts = way.look("accounts", read)
    yield accounts
    if accounts.kind == "could_not_look":
        yield could_not_look("roles", accounts.payload["reason"])
    else:
        yield dataclasses.replace(accounts, kind="roles", payload=members.roles())
