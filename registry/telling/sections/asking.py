"""What people may ask, how, when they are answered, and where to complain (GDPR 12, 13(2)(b)-(d), 15-22, 77)."""

from __future__ import annotations

from typing import Any

from registry.catalogue.record.rights import RIGHTS
from registry.law import law
from registry.telling.teller import Teller
from registry.telling.value import Block, Facts, Items, Said, Told


def right_named(t: Teller, key: str) -> Said:
    """A right, as the law table calls it."""
    own = t.words.get(f"words.rights.{key}")
    return Said(own, t.words.language, code=key) if own else t.words.labelled(law().rights[key].name, key)


def rights(t: Teller) -> list[Block]:
    """The rights that the record states, each with its words; then those that it says nothing of."""
    rows = []
    for n, one in enumerate(t.record.rights):
        at = f"/rights/{n}"
        said = (right_named(t, one.right),)
        told = (
            Told(said)
            if one.status == "stated"
            else Told(said, one.status, t.silent("right", one.status).note)
        )
        rows.append(
            {
                "right": told,
                "described": t.told("described", f"{at}/text", one.text, t.prose),
                "cited": t.told("cited", f"{at}/cited_law", one.cited_law, t.name),
            }
        )
    blocks = t.table("rights", ("right", "described", "cited"), rows)
    silent = [key for key in RIGHTS if key not in {one.right for one in t.record.rights}]
    if silent:
        missing = Told(
            tuple(right_named(t, key) for key in silent), "not_stated", t.words("gaps.rights.not_stated")
        )
        blocks.append(Items("rights_not_stated", t.words("headings.rights_not_stated"), (missing,)))
        blocks.append(t.note("rights"))
    return blocks


def requests(t: Teller) -> list[Block]:
    """How to make a request, for which rights, and how soon it is answered."""
    blocks: list[Block] = []
    for n, one in enumerate(t.record.request_procedure):
        blocks += _procedure(t, n, one)
    if not t.record.request_procedure:
        blocks.append(t.gap("requests", t.recorded("/request_procedure")))
    time = t.record.response_time
    if time.value is None:
        blocks += t.facts(t.stated_part("response_time", "/response_time", time, time.qualifier))
    else:
        blocks += t.facts(
            t.fact("response_time", "/response_time/value", time.value, t.period),
            t.fact("qualifier", "/response_time/qualifier", time.qualifier, t.prose),
        )
    more = [
        {
            "page": t.told("page", f"/further_information/{n}/url", one.url, t.url),
            "about": t.told("about", f"/further_information/{n}/about", one.about, t.term("referenced_for")),
            "ask": t.told("ask", f"/further_information/{n}/from", one.source, t.prose),
        }
        for n, one in enumerate(t.record.further_information)
    ]
    return blocks + t.table("further_information", ("about", "page", "ask"), more)


def _procedure(t: Teller, n: int, one: Any) -> list[Block]:
    at = f"/request_procedure/{n}"
    heading = tuple(
        t.words.said("other_requests", code="other") if right == "other" else right_named(t, right)
        for right in one.rights
    )
    found = t.facts(
        t.fact("addressed_to", f"{at}/addressed_to", one.addressed_to, t.term("addressees"), required=True),
        t.fact("written", f"{at}/written_required", one.written_required, t.yes_no),
        t.fact("signed", f"{at}/signed_required", one.signed_required, t.yes_no),
        t.fact("in_person", f"{at}/in_person", one.in_person, t.yes_no),
        t.fact("alternative", f"{at}/alternative", one.alternative, t.prose),
        t.fact("identity", f"{at}/identity_proof", one.identity_proof, t.term("identity_proofs")),
        t.fact("reply", f"{at}/reply_channel", one.reply_channel, t.term("reply_channels")),
        t.fact("fee", f"{at}/fee", one.fee, t.prose),
    )
    return [Facts(block.facts, heading) if isinstance(block, Facts) else block for block in found]


def complaint(t: Teller) -> list[Block]:
    """Where to complain as the record says; and, as ours, that everybody may, and to whom in Finland."""
    part = t.record.complaint
    blocks: list[Block] = [] if part.status == "stated" else [t.gap("complaint", part.status)]
    blocks += t.facts(
        t.fact(
            "authority", "/complaint/authority", part.authority, t.prose, required=part.status == "stated"
        ),
        t.fact("authority_contact", "/complaint/contact", part.contact, t.prose),
    )
    if part.authority is None:
        office = law().authority
        name = t.words.labelled(office.name, office.key)
        blocks += [
            t.note("complaint"),
            Items(
                "authority",
                t.words("headings.authority"),
                (
                    Told(
                        (
                            name,
                            Said(office.website, link=office.website),
                            Said(office.email, link=f"mailto:{office.email}"),
                        )
                    ),
                ),
            ),
        ]
    return blocks
