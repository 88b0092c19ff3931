"""A named individual's direct contact details in a text meant for publication.

A name, or a mailbox of one person (firstname.lastname@). A name that the record withholds (`<role>`) stands in the
source all the same. The mailbox and number of a task, without a name, are what a notice should give.

Why it matters
A notice has to say whom to ask (GDPR 13(1)(a), 13(1)(b)); a task and its mailbox do, and outlive whoever does it. More
than is needed is not published (5(1)(c)), least of all by default (25(2)).

How to fix
Publish the task with its own mailbox and number ("data protection officer, tietosuoja@…"). Keep who it is in the
record, where it is not printed, and withhold the name in what is taken over from old notices.
"""

import re
from collections.abc import Iterator
from typing import Any

from registry.catalogue.record import withheld
from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Place, Rule

RULE = Rule(
    code="CON119",
    severity="info",
    title={
        "fi": "Julkaistavaksi tarkoitetussa tekstissä on yksittäisen henkilön nimi tai suora yhteystieto",
        "sv": "En namngiven persons direkta kontaktuppgifter i en text som ska publiceras",
        "en": "A named individual's direct contact details in a text meant for publication",
    },
    law=("GDPR 5(1)(c)", "GDPR 25(2)"),
    certainty="lexical",
    needs=(
        "/responsible_persons/*/name", "/responsible_persons/*/email", "/contact_points/*/name",
        "/contact_points/*/email", "/dpo/name", "/dpo/contact/email", "/controller/email",
    ),
    kinds=("fail", "pass", "na"),
)  # fmt: skip

#: Two names with a dot, a hyphen or a low line between them.
_PERSONAL = re.compile(r"[^\W\d_]{2,}(?:[.-][^\W\d_]+)*[._][^\W\d_]{2,}(?:-[^\W\d_]+)*")


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each person named, or reached at a mailbox of their own; no name is repeated."""
    parties = [(pointer, party) for pointer, party in _parties(case) if party]
    if not parties:
        yield case.na(fi="Selosteessa ei ole yhteyshenkilöitä.", en="The record has no contact persons.")
        return
    found = False
    for pointer, party in parties:
        named, own = bool(getattr(party, "name", None)), _personal(_mailbox(party))
        if not named and not own:
            continue
        found = True
        what = {
            (True, True): ("nimi ja oma sähköpostiosoite", "name and mailbox"),
            (True, False): ("nimi", "name"),
            (False, True): ("oma sähköpostiosoite", "mailbox"),
        }[named, own]
        yield case.fail(
            pointer,
            key=pointer,
            # The quote would repeat the name.
            at=Place(line=case.place(pointer).line),
            fi=f"Julkaistavassa tekstissä on yhden henkilön {what[0]}{_role(party)}. "
            "Julkaise tehtävä ja sen yhteystiedot.",
            en=f"The text to be published has the {what[1]} of one person{_role(party)}. "
            "Publish the task and its contact details.",
        )
    if not found:
        yield case.passes(
            parties[0][0],
            at=Place(line=case.place(parties[0][0]).line),
            fi="Yhteystiedot ovat tehtävien, eivät henkilöiden.",
            en="The contact details are those of tasks, not of persons.",
        )


def _parties(case: Case) -> Iterator[tuple[str, Any]]:
    record = case.record
    for name in ("responsible_persons", "contact_points"):
        for index, party in enumerate(getattr(record.statements, name)):
            yield f"/{name}/{index}", party
    yield ("/dpo" if record.statements.dpo else "/controller/dpo"), record.dpo
    if record.controller.email:
        yield "/controller/email", record.controller.email


def _mailbox(party: Any) -> str | None:
    if isinstance(party, str):
        return party
    contact = getattr(party, "contact", None)
    mailbox: str | None = party.email if contact is None else contact.email
    return mailbox


def _personal(mailbox: str | None) -> bool:
    """Whether a mailbox is one person's: withheld, or of the form of two names that are no words for tasks."""
    if not mailbox:
        return False
    local = mailbox.partition("@")[0]
    return withheld(mailbox) or (bool(_PERSONAL.fullmatch(local)) and not says("task_mailbox", local))


def _role(party: Any) -> str:
    role = getattr(party, "role", None)
    return f" ({role})" if role else ""
