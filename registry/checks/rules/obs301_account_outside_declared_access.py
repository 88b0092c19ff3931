"""Active accounts are outside the declared roles or organisations.

An account belongs to an organisation by the domain of its address: one that the record gives for a role, one of the
controller's own (website, published mailboxes), or one that bears the name of an organisation of the record. Where the
record names no roles, this can be tested only if it says that nobody else has access. Where accounts have no domain, as
in a database, their roles there are compared with the declared ones by name, and by how those are said to be recognised
(`account_filter`).

Why it matters
Access is limited to those who need it (GDPR 5(1)(f), 25(2), 32(4)), and a record that says "only our staff" is wrong
as soon as one account is somebody else's. Accounts outlive projects, contracts and jobs.

How to fix
Close the account, or declare whose it is: add the role with its organisation and its domains under `access.roles`, and
the organisation itself as a partner, processor or recipient if it is not there yet. Take administrator rights from
those who are declared as agents. For a database, say under `account_filter` which of its roles each declared role has.
"""

import dataclasses
import fnmatch
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from registry.catalogue.facets import fold
from registry.catalogue.record import withheld
from registry.checks.rule import Case, Outcome, Rule
from registry.checks.rules._looking import serving, some, weak
from registry.connectors.observed.observation import Observation
from registry.connectors.observed.reasons import said

RULE = Rule(
    code="OBS301",
    severity="error",
    title={
        "fi": "Käytössä oleva tunnus on ilmoitettujen roolien tai organisaatioiden ulkopuolella",
        "sv": "Aktiva konton utanför de angivna rollerna eller organisationerna",
        "en": "Active accounts are outside the declared roles or organisations",
    },
    law=("GDPR 5(1)(f)", "GDPR 25(2)", "GDPR 32(4)"),
    certainty="evidence",
    needs=(
        "/access/roles/*/organisation", "/access/roles/*/domains", "/access/roles/*/permission", "/access/exclusive",
        "/access/roles/*/role", "/access/roles/*/account_filter", "observation:roles",
        "/controller/website", "/controller/email", "/controller/name", "/controller/alt_names",
        "/contact_points/*/email", "/dpo/contact/email", "/partners/*/name", "/joint_controllers/*/name",
        "/processors/*/name", "/systems/*/kind", "observation:accounts", "observation:could_not_look",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip

_ADMIN = re.compile(r"admin|owner|pääkäyttäj|huvudanvänd", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True)
class Declared:
    """Whose accounts may be there: known `domains`, organisations by `names`, and those `unplaced`, whose domains are
    not recorded; `exclusive`: the record says that nobody else has access; `agents_only`: no role may administer.
    """

    domains: frozenset[str]
    names: tuple[str, ...]
    unplaced: tuple[str, ...]
    exclusive: bool
    agents_only: bool = False

    def covers(self, domain: str) -> bool:
        """Whether an address in `domain` belongs to one of them."""
        if any(domain == known or domain.endswith(f".{known}") for known in self.domains):
            return True
        return any(_label(domain) in _forms(name) for name in self.names)


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each foreign domain in each system, and for each system that was not seen whole."""
    if case.record.systems and not list(case.systems()):
        yield case.na(
            "/systems", fi="Rekisteriä pidetään vain paperilla.", en="The register is on paper only."
        )
        return
    declared = _declared(case)
    if declared is None:
        yield _untestable(case)
        return
    outcomes = [said for system, _ in case.systems() for said in _judged(case, declared, system)]
    if not case.record.systems:
        outcomes = [_unseen(case, None)]
    yield from outcomes
    if not outcomes:
        yield case.passes(
            _field(case),
            fi="Järjestelmän käytössä olevat tunnukset kuuluvat ilmoitetuille.",
            en="The active accounts belong to those declared.",
        )


def _judged(case: Case, declared: Declared, system: str) -> Iterator[Outcome]:
    seen = case.observed("accounts", system)
    complete, administered = False, False
    for look in seen:
        complete |= look.complete
        active = serving(look)
        for domain in sorted({one["domain"] for one in active if not declared.covers(one["domain"])}):
            count = sum(one.get("count", 1) for one in active if one["domain"] == domain)
            yield _foreign(case, declared, look, domain, count)
        if declared.agents_only and any(_ADMIN.search(one["role"]) for one in active):
            administered = True
            yield _administrator(case, look)
    for look in case.observed("roles", system):
        used = [role for role in look.payload["roles"] if role["permission"] and role.get("members") != 0]
        admins = any(role["permission"] == "admin" for role in used)
        if declared.agents_only and admins and not administered:
            yield _administrator(case, look)
        if (
            not seen and case.blind("accounts", system) is None
        ):  # accounts tell by their domains whose they are
            complete |= look.complete
            yield from (_stranger(case, look, role) for role in used if not _recognised(case, role))
    if not complete:
        yield _unseen(case, system)


def _administrator(case: Case, look: Observation) -> Outcome:
    return case.fail(
        _field(case),
        key=f"{look.system}:admin",
        observation=look.id,
        severity=weak(look),
        fi=f"Järjestelmässä {look.system} on pääkäyttäjä, vaikka ilmoitettuna on vain muita rooleja.",
        en=f"The system {look.system} has an administrator, where only other roles are declared.",
    )


def _recognised(case: Case, role: Mapping[str, Any]) -> bool:
    """Whether a role of the system is one that is declared, by name or by how its accounts are recognised."""
    name = fold(role["role"])
    return any(
        (one.account_filter and fnmatch.fnmatchcase(name, fold(one.account_filter)))
        or (one.role and name in {fold(text) for text in one.role.texts.values()})
        for one in case.record.access.roles
    )


def _stranger(case: Case, look: Observation, role: Mapping[str, Any]) -> Outcome:
    """A role of the system with members that no declared role is recognised by; PUBLIC is everybody's, always."""
    members = "" if role.get("members") is None else f" ({role['members']})"
    fi = f"Järjestelmän {look.system} roolilla {role['role']}{members} on pääsy, eikä se ole mikään ilmoitettu rooli."
    en = f"The role {role['role']}{members} of {look.system} has access, and is none of the declared roles."
    said: dict[str, Any] = {"key": f"{look.system}:role:{role['role']}", "observation": look.id}
    if role["role"] == "PUBLIC" or any(one.account_filter for one in case.record.access.roles):
        fi, en = f"{fi} Poista oikeus tai ilmoita rooli.", f"{en} Revoke it, or declare the role."
        return case.fail(_field(case), severity=weak(look), fi=fi, en=en, **said)
    closes = (
        "Kirjaa rooleille, mistä niiden tunnukset tunnistaa (account_filter).",
        "Record how the accounts of each role are recognised (account_filter).",
    )
    return case.open(_field(case), fi=fi, en=en, closes=closes, **said)


def _foreign(case: Case, declared: Declared, look: Observation, domain: str, count: int) -> Outcome:
    fi = f"Järjestelmässä {look.system} on vieraan verkkotunnuksen {domain} käytössä olevia tunnuksia ({count})."
    en = f"Active accounts ({count}) of {look.system} belong to no declared organisation: {domain}."
    if declared.unplaced and not declared.exclusive:
        return case.open(
            _field(case),
            key=f"{look.system}:{domain}",
            observation=look.id,
            fi=fi,
            en=en,
            closes=(
                f"Kirjaa rooleille verkkotunnukset: {', '.join(declared.unplaced)}.",
                f"Record the domains of: {', '.join(declared.unplaced)}.",
            ),
        )
    return case.fail(
        _field(case),
        key=f"{look.system}:{domain}",
        observation=look.id,
        severity="warning" if look.source_level == "vendor_doc" else None,
        fi=f"{fi} Sulje tunnus, tai kirjaa rooli, organisaatio ja sen verkkotunnus.",
        en=f"{en} Close the account, or declare the role, its organisation and the domain.",
    )


#: What is looked at, in Finnish and English: accounts tell whose they are, roles are what there is without them.
_LOOKED_AT = {
    "accounts": ("tunnuksia", "tunnuksista", "accounts"),
    "roles": ("rooleja", "rooleista", "roles"),
}


def _unseen(case: Case, system: str | None) -> Outcome:
    look: Observation | None = None
    if system is None:
        fi = "Selosteessa ei ole järjestelmää, jonka tunnuksia voisi katsoa."
        en = "The record names no system whose accounts could be seen."
    else:
        fi, en = (
            f"Järjestelmän {system} tunnuksia ei ole katsottu.",
            f"Nobody has looked at the accounts of {system}.",
        )
    for kind, (at, of, what) in _LOOKED_AT.items() if system else ():
        if look := case.blind(kind, system or ""):
            why_fi, why_en = said(look.payload["reason"])
            fi = f"Järjestelmän {system} {at} ei saatu katsottua ({why_fi})."
            en = f"The {what} of {system} could not be looked at ({why_en})."
            break
        if look := next(iter(case.observed(kind, system)), None):
            fi = f"Järjestelmän {system} {of} on nähty vain osa."
            en = f"Only part of the {what} of {system} has been seen."
            break
    return case.open(
        _field(case),
        key=system or "",
        observation=look.id if look is not None else None,
        fi=fi,
        en=en,
        closes=(
            "Havainto järjestelmän tunnuksista roolin ja verkkotunnuksen mukaan.",
            "An observation of the system's accounts by role and domain.",
        ),
    )


def _untestable(case: Case) -> Outcome:
    domains = sorted(
        {
            one["domain"]
            for look in case.observed("accounts")
            for one in look.payload["accounts"]
            if one["active"]
        }
    )
    seen = {"fi": "", "en": ""}
    if domains:
        seen = {
            "fi": f" Tunnuksia on näistä: {some(domains)}.",
            "en": f" There are accounts of: {some(domains)}.",
        }
    return case.open(
        _field(case),
        fi=f"Rooleja, joilla on pääsy tietoihin, ei ole ilmoitettu.{seen['fi']}",
        en=f"The roles that have access are not declared.{seen['en']}",
        closes=(
            "Kirjaa roolit, organisaatiot ja verkkotunnukset.",
            "Declare the roles, their organisations and domains.",
        ),
    )


def _field(case: Case) -> str:
    return "/access/roles/0" if case.record.access.roles else "/access"


def _declared(case: Case) -> Declared | None:
    """Whose accounts may be there by the record; None where it neither names roles nor says "only"."""
    record = case.record
    own, called = frozenset(_own(case)), (record.controller.name, *record.controller.alt_names)
    if not record.access.roles:
        if not record.access.exclusive:
            return None
        parties = (*record.joint_controllers, *record.partners, *record.processors)
        others = tuple(party.name for party in parties if party.name)
        return Declared(own, (*called, *others), others, exclusive=True)
    roles = record.access.roles
    domains = {domain.casefold() for role in roles for domain in role.domains}
    bare = [role.organisation for role in roles if not role.domains]
    others = tuple(dict.fromkeys(name for name in bare if name not in (None, "own")))
    names, unplaced = others, others
    if len(others) < len(bare):  # some role is the controller's own
        domains |= own
        names = (*called, *others)
        unplaced = others if own else (record.controller.name, *others)
    permissions = {role.permission for role in roles}
    agents_only = not permissions & {None, "admin"}
    return Declared(frozenset(domains), names, unplaced, bool(record.access.exclusive), agents_only)


def _own(case: Case) -> set[str]:
    """The domains that the controller itself is reached at."""
    record = case.record
    mailboxes = [
        record.controller.email,
        record.dpo.contact.email,
        *(point.email for point in record.contact_points),
    ]
    found = {
        box.rpartition("@")[2].casefold() for box in mailboxes if box and "@" in box and not withheld(box)
    }
    if site := record.controller.website:
        try:
            host = urlsplit(site if "://" in site else f"https://{site}").hostname or ""
        except ValueError:  # an address that is none names no domain
            host = ""
        found.add(host.removeprefix("www."))
    return {domain for domain in found if "." in domain}


def _label(domain: str) -> str:
    """The label that bears the name: `luovi` of luovi.fi, of mail.luovi.fi and of luovi.co.uk."""
    labels = domain.split(".")[:-1]
    return _plain(
        labels[-2] if len(labels) > 1 and labels[-1] in ("ac", "co", "com", "edu", "org") else labels[-1]
    )


def _forms(name: str) -> frozenset[str]:
    """The labels that an organisation so named may have: each of its words, and all of them together."""
    words = [_plain(word) for word in re.findall(r"\w+", name)]
    return frozenset(word for word in (*words, "".join(words)) if len(word) > 2)


def _plain(text: str) -> str:
    """Small letters without marks or hyphens, as domains write names: `Åbo-Turku` as `aboturku`."""
    return "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if char.isalnum())
