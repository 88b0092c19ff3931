"""What an account of a directory may do beyond reading people and groups, as far as the directory tells.

Nothing is tried by writing. Active Directory says of each entry what the account that asks may change
(`allowedAttributesEffective` and its like), and of an account that it is a protected one (`adminCount`). OpenLDAP says
neither, but who may set passwords there, as its `rootdn` always may, can also read that they are set: so it is asked
whether the password of anybody else is to be seen, by the name of the attribute alone and without any value. So is
whether the configuration can be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from registry.connectors.reading import rights
from registry.connectors.reading.ldap_session import Session
from registry.connectors.seen import NotSeen

#: On an entry, what may be changed of it by whoever asks: by name of the attribute, what that is.
_EFFECTIVE = {
    "allowedattributeseffective": "change attributes",
    "allowedchildclasseseffective": "add entries",
    "sdrightseffective": "change rights",
}
#: There wherever the directory tells such things of an entry, whatever may be changed.
_TELLS = "allowedattributes"
_PASSWORDS = "userPassword"


def credential(session: Session, base: str, own: str, looked: Iterable[str]) -> Mapping[str, Any]:
    """The payload of `credential` for the account `own`, by the entries `looked` at and what is below `base`."""
    may: set[str] = set()
    told = True
    for dn in (base, *looked):
        entry = session.read(dn, (_TELLS, *_EFFECTIVE)) or {}
        told = told and _TELLS in entry
        if dn.casefold() != own.casefold():  # anybody may change something of their own
            may |= {
                what for name, what in _EFFECTIVE.items() if any(one != "0" for one in entry.get(name, ()))
            }
    if any(one != "0" for one in _shown(session, own, "adminCount").get("admincount", ())):
        may.add("what a protected group may (adminCount)")
    if session.shows(base, _PASSWORDS, but=own):
        may.add("read passwords of others, as who may set them can")
    if _shown(session, "cn=config", "cn"):
        may.add("read the configuration of the server (cn=config)")
    return rights.told(may, None if told else "not_shown")


def _shown(session: Session, dn: str, attribute: str) -> Mapping[str, list[str]]:
    """An entry that need not be there, nor be ours to see, nor on this server."""
    try:
        return session.read(dn, (attribute,)) or {}
    except NotSeen as failed:
        if failed.reason in ("forbidden", "other"):
            return {}
        raise
