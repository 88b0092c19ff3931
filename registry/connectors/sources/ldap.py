"""A directory by LDAP (RFC 4511): who is in the groups that a record declares, members of groups in groups too.

TLS always, from the start (`ldaps`) or by StartTLS before anything is said; a server that will not is left. Referrals
are not followed: what lies on another server is not seen, and the look says so. Who may not sign in is read from
userAccountControl, nsAccountLock, pwdAccountLockedTime and shadowExpire, when they signed in last from
lastLogonTimestamp (which lags up to two weeks), authTimestamp and pwdLastSuccess, where a server has them and shows
them. What our own account may do beyond reading is told where the directory tells it (_ldap_rights.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from registry import clock
from registry.connectors.observed.plain import Domain, several
from registry.connectors.reading.ldap_session import Session
from registry.connectors.reading.membership import Members, RoleOfSystem, seen
from registry.connectors.source import Allow, Seen, Source, Way, could_not_look
from registry.connectors.sources import _ldap_rights
from registry.strict.schema import Integer, OneOf, Schema, Text

PORTS = {"ldaps": 636, "starttls": 389, "plain": 389}
DEPTH = 20  # groups in groups
#: Bytes of what one question is answered with. What is read of them takes eighty times as much, where a server means
#: ill; forty thousand members of a group fit, and those of a larger one are found by `memberOf`.
LONGEST = 4 * 1024 * 1024
SHOWN = 5  # groups of a role of which it is asked what we may change
GROUPS = frozenset(
    {"group", "groupofnames", "groupofuniquenames", "groupofmembers", "posixgroup", "organizationalrole"}
)
_GROUP_FILTER = "(|" + "".join(f"(objectClass={one})" for one in sorted(GROUPS)) + ")"
_MEMBERS = ("member", "uniqueMember", "roleOccupant", "memberUid")
_PERSON = (
    "objectClass", "mail", "userPrincipalName", "uid", "userAccountControl", "nsAccountLock", "pwdAccountLockedTime",
    "shadowExpire", "lastLogonTimestamp", "authTimestamp", "pwdLastSuccess",
)  # fmt: skip
_DISABLED = 2  # of userAccountControl
_FOR_GOOD = "000001010000Z"  # of pwdAccountLockedTime
_EPOCH = {"windows": datetime(1601, 1, 1, tzinfo=UTC), "unix": datetime(1970, 1, 1, tzinfo=UTC)}


class LdapRole(RoleOfSystem):
    """A group by its common name, or exactly by `dn`."""

    dn = Text(max=1000, metadata={"description": "Its whole name, where the common name is not enough."})


class LdapSettings(Schema):
    """Which directory, and which of its groups the record declares."""

    host = Text(
        max=253, required=True, metadata={"description": "The name of the server, as its certificate has it."}
    )
    port = Integer(
        min=1, max=65535, metadata={"description": "Where it is not the usual one: 636 for ldaps, else 389."}
    )
    security = OneOf(
        *PORTS,
        load_default="ldaps",
        metadata={"description": "plain only on the machine itself, where its operator permits that."},
    )
    base = Text(max=1000, required=True, metadata={"description": "Below it are the people and the groups."})
    members = OneOf(
        "member", "memberOf",
        load_default="member",
        metadata={"description": "Whether a group lists its members, or they their groups."},
    )  # fmt: skip
    roles = several(
        LdapRole,
        metadata={"description": "The groups or roles that the record declares, as the system calls them."},
    )
    domain = Domain(metadata={"description": "Of accounts that have no address."})


SOURCE = Source(
    title={"fi": "Käyttäjähakemisto (LDAP)", "sv": "Användarkatalog (LDAP)", "en": "Directory (LDAP)"},
    settings=LdapSettings,
    secrets={
        "bind_dn": "The name of an account that may read people and groups, and write nothing.",
        "bind_password": "Its password.",
    },
    sees=("accounts", "roles", "credential"),
)


def reach(settings: Mapping[str, Any]) -> Allow:
    """The directory, and no server that it refers to."""
    return Allow(hosts=(settings["host"],), ports=frozenset({_port(settings)}), most=LONGEST)


def observe(way: Way, settings: Mapping[str, Any]) -> Iterator[Seen]:
    """Accounts and roles, from one reading of both; then what our account may do, in the same session."""
    members = Members(settings["roles"], settings.get("domain"))
    directories: list[_Directory] = []
    with ExitStack() as stack:

        def gather() -> None:
            opened = Session(way, settings["host"], _port(settings), settings["security"])
            session = stack.enter_context(opened)
            session.bind(way.secret("bind_dn"), way.secret("bind_password"))
            directories.append(_Directory(way, session, settings))
            directories[0].gather(members)

        for one in seen(way, members, gather):
            yield one
        if directories:
            yield way.look("credential", lambda: directories[0].credential(way.secret("bind_dn")))
        else:
            yield could_not_look("credential", one.payload["reason"])


def _port(settings: Mapping[str, Any]) -> int:
    return int(settings.get("port") or PORTS[settings["security"]])


class _Directory:
    """The people and the groups below one name."""

    def __init__(self, way: Way, session: Session, settings: Mapping[str, Any]) -> None:
        self._way, self._session, self._base = way, session, settings["base"]
        self._back, self._roles = settings["members"] == "memberOf", settings["roles"]
        self._looked: list[str] = []

    def gather(self, members: Members) -> None:
        """Add the members of each role."""
        for role in self._roles:
            counted: set[str] = set()
            for dn, person in self._in_role(role):
                if dn.casefold() in counted:
                    continue
                if not counted:
                    self._looked.append(dn)
                counted.add(dn.casefold())
                with self._way.item():
                    known = {} if (day := _last_login(person)) is None else {"last_login_on": day}
                    members.add(role["name"], _address(person), active=_active(person), **known)

    def credential(self, own: str) -> Mapping[str, Any]:
        """What our own account may do beyond reading; after `gather`, by the entries that it looked at first."""
        return _ldap_rights.credential(self._session, self._base, own, self._looked)

    def _in_role(self, role: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, list[str]]]]:
        if "dn" in role:
            found = self._session.read(role["dn"], ("objectClass", *_MEMBERS))
            groups = [] if found is None else [(role["dn"], found)]
        else:
            named = f"(&{_GROUP_FILTER}(cn={self._session.escaped(role['name'])}))"
            groups = list(self._session.search(self._base, named, ("objectClass", *_MEMBERS)))
        if not groups:
            self._way.broken("role_not_found")
        self._looked += [dn for dn, _ in groups[:SHOWN]]
        done = {dn.casefold() for dn, _ in groups}
        waiting = [(dn, group, 1) for dn, group in groups]
        while waiting:
            dn, group, depth = waiting.pop()
            for name, entry in self._of_group(dn, group):
                if not GROUPS & {one.casefold() for one in entry.get("objectclass", ())}:
                    yield name, entry
                elif name.casefold() not in done:
                    done.add(name.casefold())
                    if depth >= DEPTH:
                        self._way.broken("groups_too_deep")
                    else:
                        waiting.append((name, entry, depth + 1))

    def _of_group(
        self, dn: str, group: Mapping[str, list[str]]
    ) -> Iterator[tuple[str, Mapping[str, list[str]]]]:
        """The entries that are in a group by themselves, people and groups."""
        wanted = (*_PERSON, *_MEMBERS)
        if self._back:
            found = f"(memberOf={self._session.escaped(dn)})"
            yield from self._session.search(self._base, found, wanted)
            return
        for name in (
            *group.get("member", ()),
            *group.get("uniquemember", ()),
            *group.get("roleoccupant", ()),
        ):
            entry = self._session.read(name, wanted)
            if entry is None:
                self._way.broken("member_not_found")
            else:
                yield name, entry
        for uid in group.get("memberuid", ()):
            among = list(self._session.search(self._base, f"(uid={self._session.escaped(uid)})", wanted))
            if not among:
                self._way.broken("member_not_found")
            yield from among


def _address(person: Mapping[str, list[str]]) -> str | None:
    return next(
        (values[0] for name in ("mail", "userprincipalname", "uid") if (values := person.get(name))), None
    )


def _active(person: Mapping[str, list[str]]) -> bool:
    """Whether they may sign in, by what the directory says of it; one that says nothing lets them."""
    control, expires = person.get("useraccountcontrol"), person.get("shadowexpire")
    today = (datetime.fromisoformat(clock.now()) - _EPOCH["unix"]).days
    return not (
        (control and int(control[0]) & _DISABLED)
        or person.get("nsaccountlock", [""])[0].upper() == "TRUE"
        or person.get("pwdaccountlockedtime", [""])[0] == _FOR_GOOD
        or (expires and 0 <= int(expires[0]) <= today)
    )


def _last_login(person: Mapping[str, list[str]]) -> str | None:
    """The day they signed in last; None where the directory does not say."""
    days = []
    if stamp := person.get("lastlogontimestamp"):
        with suppress(OverflowError):
            moment = _EPOCH["windows"] + timedelta(microseconds=int(stamp[0]) // 10)
            days.append(moment.date().isoformat())
    stamps = [person[name][0] for name in ("authtimestamp", "pwdlastsuccess") if name in person]
    days += [clock.day(f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}").isoformat() for stamp in stamps]
    return max(days, default=None)
