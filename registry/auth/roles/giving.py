"""Roles as stored: who has which in which controller, since when and by whom; giving one, and taking it away.

A row is never altered but for its end. What a request may do is read from these rows by the statement that looks up its
token (registry.auth.tokens.access): a role that is taken away is gone with the next request.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import peewee
import rfc8785

from registry import clock, journal
from registry.auth.roles.duties import DUTIES, EVERY, Given
from registry.db import Instant, Stored, Text, writes
from registry.errors import Conflict, Forbidden, Gone, Invalid, NotFound
from registry.people import users

#: By whom the roles are that stand for what clients were given before there were roles (`write_down`).
MIGRATED = "migration"


def _person(user_id: str) -> bool:
    user = users.find(user_id)
    return user is not None and user.disabled_at is None


#: By kind of principal, what tells whether one with that id may ask: registered there, not disabled.
KINDS: dict[str, Callable[[str], bool]] = {"user": _person}


class StoredRole(Stored):
    """A role of a principal ("client/5d0c1f2e3a4b5c6d", "user/7") in a controller or EVERY.

    `registers`, `systems` and `scopes` are separated by spaces, NULL meaning not limited to any; `since` and `until`
    are the period that may be asked about; `audit` is the engagement that it belongs to, and `ends_at` its end.
    """

    id: Any = peewee.BigIntegerField(primary_key=True)
    principal = Text()
    controller = Text()
    role = Text()
    registers: Any = peewee.TextField(null=True)
    systems: Any = peewee.TextField(null=True)
    since: Any = Instant(null=True)
    until: Any = Instant(null=True)
    scopes: Any = peewee.TextField(null=True)
    audit: Any = peewee.BigIntegerField(null=True)
    ends_at: Any = Instant(null=True)
    given_by = Text()
    given_at = Instant()
    taken_by: Any = Text(null=True)
    taken_at: Any = Instant(null=True)

    class Meta:
        table_name = "auth_role"
        indexes = ((("principal", "taken_at"), False), (("controller", "taken_at", "id"), False))

    @property
    def given(self) -> Given:
        """As it is written and shown."""
        names = (None if text is None else tuple(text.split()) for text in (self.registers, self.systems))
        return Given(self.role, self.controller, *names)

    @property
    def version(self) -> int:
        """1 while it stands, 2 once it is taken away."""
        return 1 if self.taken_at is None else 2


class MoreThanOwn(Forbidden):
    """Nobody gives, or takes away, a role that gives more than they may do themselves."""

    code = "more_than_own"


def stands() -> Any:
    """A condition: neither taken away nor over."""
    now = clock.now()
    return StoredRole.taken_at.is_null() & (StoredRole.ends_at.is_null() | (StoredRole.ends_at > now))


def of(principal: str) -> list[StoredRole]:
    """The roles of a principal that stand, by controller."""
    rows = StoredRole.select().where((StoredRole.principal == principal) & stands())
    return list(rows.order_by(StoredRole.controller, StoredRole.id))


def may_ask(principal: str) -> bool:
    """Whether there is such a client or person, and it is not disabled."""
    kind, _, name = principal.partition("/")
    return kind in KINDS and KINDS[kind](name)


def needs(role: str, controller: str, rights: Mapping[str, frozenset[str]] | None) -> None:
    """Raises MoreThanOwn unless somebody with these rights by controller (None: the operator) may give the role."""
    if rights is None:
        return
    own = rights.get(controller, frozenset()) | rights.get(EVERY, frozenset())
    if not DUTIES[role].scopes <= own:
        raise MoreThanOwn("The role gives more than your own roles and your token give in that controller.")


# --- verbs


@writes
def give(
    principal: str, role: Given, *, by: str, rights: Mapping[str, frozenset[str]] | None = None
) -> StoredRole:
    """Give a principal a role; it has it from the next request on. `rights` are the giver's (None: the operator's).

    Raises errors.Invalid (`unknown_principal`) for somebody who is not there or is disabled, MoreThanOwn, and
    errors.Conflict (`given_already`) where they have that role in that controller.
    """
    needs(role.role, role.controller, rights)
    if not may_ask(principal):
        raise Invalid("There is no such client or person.", code="unknown_principal", field="/principal")
    same = (StoredRole.principal == principal) & (StoredRole.controller == role.controller) & stands()
    if StoredRole.select().where(same & (StoredRole.role == role.role)).exists():
        raise Conflict("They have that role there; take it away first.", code="given_already")
    return keep(principal, role, by=by)


@writes
def take(number: int, *, by: str, rights: Mapping[str, frozenset[str]] | None = None) -> StoredRole:
    """Take a role away, from the next request on.

    Raises errors.NotFound, errors.Gone for one that does not stand any more, MoreThanOwn, and errors.Conflict
    (`last_owner`) where a controller would be left without an owner, or `of_an_engagement`.
    """
    row = StoredRole.get_or_none(StoredRole.id == number)
    if row is None:
        raise NotFound("There is no such role.")
    if row.taken_at is not None:
        raise Gone("The role was taken away before.")
    if row.audit is not None:
        raise Conflict("The role belongs to an engagement: end that.", code="of_an_engagement")
    needs(row.role, row.controller, rights)
    if row.role == "owner" and not _another_owner(row):
        raise Conflict("Somebody has to own it: give the role to another first.", code="last_owner")
    return away(row, by=by)


@writes
def keep(principal: str, role: Given, *, by: str, **more: Any) -> StoredRole:
    """Write a role that is known to be good (see `give`); `more` are the columns of an engagement."""
    number = (StoredRole.select(peewee.fn.MAX(StoredRole.id)).scalar() or 0) + 1
    row = StoredRole.create(
        id=number,
        principal=principal,
        controller=role.controller,
        role=role.role,
        registers=_joined(role.registers),
        systems=_joined(role.systems),
        given_by=by,
        given_at=journal.stamp(),
        **more,
    )
    told = {"principal": principal, "role": str(role)}
    journal.append("role.given", _object(row), by=by, version=1, payload=told, content=_content(row, 1))
    return row


@writes
def away(row: StoredRole, *, by: str) -> StoredRole:
    """End a role that stands (see `take`)."""
    row.taken_by, row.taken_at = by, journal.stamp()
    row.save()
    told = {"principal": row.principal, "role": str(row.given)}
    journal.append("role.taken", _object(row), by=by, version=2, payload=told, content=_content(row, 2))
    return row


@writes
def write_down() -> int:
    """Say in the journal which roles a migration gave: it cannot, for the journal's code is of today and it is not.
    Gives how many there were; a second time there are none. Done by `registry migrate`."""
    count = 0
    for row in StoredRole.select().where(StoredRole.given_by == MIGRATED).order_by(StoredRole.id):
        of = _object(row)
        if journal.entries(of=of, action="role.given", limit=1):
            continue
        told = {"principal": row.principal, "role": str(row.given)}
        journal.append("role.given", of, by=MIGRATED, version=1, payload=told, content=_content(row, 1))
        count += 1
    return count


def _another_owner(row: StoredRole) -> bool:
    others = StoredRole.select(StoredRole.principal).where(
        stands()
        & (StoredRole.role == "owner")
        & StoredRole.controller.in_([row.controller, EVERY])
        & (StoredRole.id != row.id)
    )
    return any(may_ask(principal) for (principal,) in others.tuples())


def _joined(names: Collection[str] | None) -> str | None:
    return None if names is None else " ".join(names)


# --- what the journal compares its entries with


def _object(row: StoredRole) -> str:
    return f"role/{row.controller}/{row.id}"


def _content(row: StoredRole, version: int) -> bytes:
    names = ["id", "principal", "controller", "role", "registers", "systems", "since", "until", "scopes", "audit",
             "ends_at", "given_by", "given_at"]  # fmt: skip
    if version > 1:
        names += ["taken_by", "taken_at"]
    return rfc8785.dumps({name: getattr(row, name) for name in names})


def _every() -> Iterator[tuple[str, int]]:
    for row in StoredRole.select().order_by(StoredRole.id).iterator():
        yield from ((_object(row), version) for version in range(1, row.version + 1))


@journal.witness("role", every=_every)
def _stored(object_: str, version: int | None) -> bytes | None:
    number = object_.rpartition("/")[2]
    row = StoredRole.get_or_none(StoredRole.id == int(number)) if number.isdecimal() else None
    if row is None or _object(row) != object_ or row.version < (version or 1):
        return None
    return _content(row, version or 1)
