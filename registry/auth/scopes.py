"""Scopes: what a token may be good for, `<noun>:<read|write>`, each with its title in the three languages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from registry.errors import Invalid


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope. `dangerous`: what is done with it may reach the public, lose data or let others in."""

    name: str
    fi: str
    sv: str
    en: str
    dangerous: bool = False

    @property
    def title(self) -> dict[str, str]:
        """The title by language code."""
        return {"fi": self.fi, "sv": self.sv, "en": self.en}


# The journal has no write scope: it is written by every verb and by nobody directly.
SCOPES: dict[str, Scope] = {
    scope.name: scope
    for scope in (
        Scope(
            "controllers:read",
            "Lukea rekisterinpitäjien tietoja",
            "Läsa uppgifter om personuppgiftsansvariga",
            "Read controllers",
        ),
        Scope(
            "controllers:write",
            "Lisätä ja muuttaa rekisterinpitäjiä",
            "Lägga till och ändra personuppgiftsansvariga",
            "Add and change controllers",
            dangerous=True,
        ),
        Scope("systems:read", "Lukea tietojärjestelmien tietoja", "Läsa uppgifter om system", "Read systems"),
        Scope(
            "systems:write",
            "Lisätä ja muuttaa tietojärjestelmiä",
            "Lägga till och ändra system",
            "Add and change systems",
        ),
        Scope(
            "registers:read",
            "Lukea rekistereitä ja niiden historiaa",
            "Läsa register och deras historia",
            "Read registers and their history",
        ),
        Scope(
            "registers:write",
            "Lisätä, muuttaa ja päättää rekistereitä",
            "Lägga till, ändra och avsluta register",
            "Add, change and end registers",
            dangerous=True,
        ),
        Scope(
            "observations:read",
            "Lukea järjestelmistä tehtyjä havaintoja",
            "Läsa observationer av system",
            "Read what systems were observed to do",
        ),
        Scope(
            "observations:write",
            "Tallentaa havaintoja järjestelmistä",
            "Spara observationer av system",
            "Store observations of systems",
        ),
        Scope(
            "connectors:read",
            "Lukea, miten järjestelmiä havainnoidaan",
            "Läsa hur system observeras",
            "Read how systems are looked at",
        ),
        Scope(
            "connectors:write",
            "Liittää järjestelmiä havainnoitaviksi ja antaa niiden tunnukset",
            "Ansluta system för observation och ange deras inloggningsuppgifter",
            "Connect systems to be looked at, and give their credentials",
            dangerous=True,
        ),
        Scope(
            "findings:read",
            "Lukea tarkistusten tuloksia",
            "Läsa resultat av kontroller",
            "Read what the checks found",
        ),
        Scope("findings:write", "Ajaa tarkistuksia", "Köra kontroller", "Run the checks"),
        Scope(
            "waivers:write",
            "Hyväksyä poikkeamia tarkistuksista",
            "Godkänna undantag från kontroller",
            "Waive what the checks found",
            dangerous=True,
        ),
        Scope("retention:read", "Lukea säilytysaikoja", "Läsa lagringstider", "Read retention rules"),
        Scope(
            "retention:write",
            "Muuttaa säilytysaikoja",
            "Ändra lagringstider",
            "Change retention rules",
            dangerous=True,
        ),
        Scope(
            "holds:read",
            "Lukea poistamisen esteitä",
            "Läsa raderingsspärrar",
            "Read legal holds",
        ),
        Scope(
            "holds:write",
            "Asettaa, tarkistaa ja päättää poistamisen esteitä",
            "Införa, granska och avsluta raderingsspärrar",
            "Set, review and end legal holds",
            dangerous=True,
        ),
        Scope(
            "notices:read",
            "Lukea tietosuojaselosteiden tilaa",
            "Läsa dataskyddsbeskrivningars status",
            "Read the state of notices",
        ),
        Scope(
            "notices:write",
            "Julkaista ja poistaa tietosuojaselosteita julkisuudesta",
            "Publicera och dra tillbaka dataskyddsbeskrivningar",
            "Publish and withdraw notices",
            dangerous=True,
        ),
        Scope(
            "changes:read",
            "Seurata, mitä muuttuu",
            "Följa vad som ändras",
            "Follow what changes",
        ),
        Scope(
            "webhooks:read",
            "Lukea, kenelle muutoksista kerrotaan",
            "Läsa vem som får veta om ändringar",
            "Read webhooks and how they fare",
        ),
        Scope(
            "webhooks:write",
            "Lisätä, muuttaa ja poistaa vastaanottajia, joille muutoksista kerrotaan",
            "Lägga till, ändra och ta bort mottagare som får veta om ändringar",
            "Add, change and remove webhooks",
            dangerous=True,
        ),
        Scope("journal:read", "Lukea tapahtumapäiväkirjaa", "Läsa journalen", "Read the journal"),
        Scope(
            "roles:read",
            "Lukea, kenellä on mikä rooli",
            "Läsa vem som har vilken roll",
            "Read who has which role",
        ),
        Scope(
            "roles:write",
            "Antaa ja ottaa pois rooleja",
            "Ge och ta bort roller",
            "Give roles and take them away",
            dangerous=True,
        ),
        Scope(
            "audits:read",
            "Lukea, mitä tarkastajat saavat nähdä ja mitä he ovat lukeneet",
            "Läsa vad revisorer får se och vad de har läst",
            "Read what auditors may see and what they have read",
        ),
        Scope(
            "audits:write",
            "Avata ja päättää tarkastuksia",
            "Öppna och avsluta revisioner",
            "Open and end engagements of auditors",
            dangerous=True,
        ),
        Scope(
            "clients:read",
            "Lukea asiakasohjelmien tietoja",
            "Läsa uppgifter om klientprogram",
            "Read API clients",
        ),
        Scope(
            "clients:write",
            "Lisätä ja sulkea asiakasohjelmia",
            "Lägga till och stänga av klientprogram",
            "Add and disable API clients",
            dangerous=True,
        ),
    )
}


def known(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once, in the order of the book. Raises errors.Invalid (`unknown_scope`) if one is not in it."""
    asked = set(names)
    if asked - SCOPES.keys():
        raise Invalid(
            "There is no such scope; the metadata of the authorization server lists all.",
            code="unknown_scope",
            field="scope",
        )
    return tuple(name for name in SCOPES if name in asked)


def split(text: str) -> list[str]:
    """The names in a space-separated scope value (RFC 6749, 3.3), unchecked; none in an empty one."""
    return [name for name in text.split(" ") if name]


def joined(names: Iterable[str]) -> str:
    """A scope value: the names that the book knows, each once, in its order."""
    asked = set(names)
    return " ".join(name for name in SCOPES if name in asked)
