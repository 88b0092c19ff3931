"""Who is responsible, whom to ask, the data protection officer (GDPR 13(1)(a)-(b), 14(1)(a)-(b))."""

from __future__ import annotations

from typing import Any

from registry.telling.teller import Teller
from registry.telling.value import Block, Told


def controller(t: Teller) -> list[Block]:
    """The controller with its contact details, joint controllers, partners, the representative."""
    record, at = t.record, "/controller"
    party = record.controller
    reachable = party.email or party.phone or party.website
    blocks = t.facts(
        t.fact("name", f"{at}/name", party.name, t.name, required=True, label="controller"),
        t.fact("alt_names", f"{at}/alt_names", party.alt_names, t.name),
        t.fact("units", f"{at}/units", party.units, t.name),
        t.fact("business_id", f"{at}/business_id", party.business_id, t.name),
        t.fact("legal_form", f"{at}/legal_form", party.legal_form, t.term("legal_forms")),
        t.fact("address", f"{at}/address", party.address, t.address, required=True),
        t.fact("email", f"{at}/email", party.email, t.mailbox),
        t.fact("phone", f"{at}/phone", party.phone, t.phone),
        t.fact("website", f"{at}/website", party.website, t.url),
        None if reachable else t.fact("reach", f"{at}/email", None, t.name, required=True),
    )
    if record.register.role == "processor":
        blocks.append(t.statement("processor"))
    blocks += t.table("processor_for", ("name", "contact", "processing"), _processed_for(t))
    joint = [
        _organisation(t, f"/joint_controllers/{n}", one) for n, one in enumerate(record.joint_controllers)
    ]
    blocks += t.table("joint_controllers", ("name", "address", "email", "phone", "essence"), joint)
    blocks += t.table("partners", ("name", "stated_role", "art26_role"), _partners(t))
    if record.representative:
        at = "/representative" if record.statements.representative else "/controller/representative"
        row = _organisation(t, at, record.representative)
        blocks += t.table("representative", ("name", "address", "email", "phone"), [row])
    return blocks


def contact(t: Teller) -> list[Block]:
    """Whom to ask, and who answers for the register: by role, never by name."""
    points = [_person(t, f"/contact_points/{n}", one) for n, one in enumerate(t.record.contact_points)]
    blocks = t.table("contact_points", ("role", "function", "duties", "contact", "address"), points)
    if not points:
        blocks.append(t.gap("contact_points", t.recorded("/contact_points")))
    people = []
    for n, one in enumerate(t.record.responsible_persons):
        at = f"/responsible_persons/{n}"
        row = _person(t, at, one)
        row["for"] = t.told("for", f"{at}/for", one.responsible_for, t.term("responsible_for"))
        people.append(row)
    return blocks + t.table("responsible_persons", ("role", "for", "duties", "contact"), people)


def dpo(t: Teller) -> list[Block]:
    """How to reach the data protection officer, or that there is none, or that nothing is said of one."""
    officer = t.record.dpo
    at = "/dpo" if t.record.statements.dpo else "/controller/dpo"
    if officer.status != "stated":
        blocks: list[Block] = [t.gap("dpo", officer.status)]
    else:
        blocks = []
    email, phone = t.person(officer)
    place = officer.contact
    facts = t.facts(
        t.fact("role", f"{at}/role", officer.role, t.prose),
        t.fact("organisation", f"{at}/external_organisation", officer.external_organisation, t.name),
        t.fact("email", f"{at}/contact/email", place.email, email),
        t.fact("phone", f"{at}/contact/phone", place.phone, phone),
        t.fact("address", f"{at}/contact/address", place.address, t.address),
        t.fact("exemption", f"{at}/exemption_text", officer.exemption_text, t.prose),
        t.fact("reach", f"{at}/contact", None, t.name, required=True)
        if officer.status == "stated" and not (place.email or place.phone or place.address)
        else None,
    )
    return blocks + facts


def _organisation(t: Teller, at: str, one: Any) -> dict[str, Told | None]:
    unreachable = not (one.address or one.email or one.phone)
    return {
        "name": t.told("name", f"{at}/name", one.name, t.name, required=True),
        "address": t.told("address", f"{at}/address", one.address, t.address, required=unreachable),
        "email": t.told("email", f"{at}/email", one.email, t.mailbox),
        "phone": t.told("phone", f"{at}/phone", one.phone, t.phone),
        "essence": t.told("essence", f"{at}/essence_url", getattr(one, "essence_url", None), t.url),
    }


def _partners(t: Teller) -> list[dict[str, Told | None]]:
    return [
        {
            "name": t.told("name", f"/partners/{n}/name", one.name, t.name, required=True),
            "stated_role": t.told("stated_role", f"/partners/{n}/stated_role", one.stated_role, t.prose),
            "art26_role": t.told(
                "art26_role", f"/partners/{n}/art26_role", one.art26_role, t.term("party_roles")
            ),
        }
        for n, one in enumerate(t.record.partners)
    ]


def _processed_for(t: Teller) -> list[dict[str, Told | None]]:
    rows: list[dict[str, Told | None]] = []
    for n, one in enumerate(t.record.processor_for):
        at = f"/processor_for/{n}"
        place = one.contact
        reach = tuple(
            said
            for value, how in ((place.address, t.address), (place.email, t.mailbox), (place.phone, t.phone))
            if value
            for said in how(value)
        )
        rows.append(
            {
                "name": t.told("name", f"{at}/name", one.name, t.name, required=True),
                "contact": t.made("contact", reach, place or None),
                "processing": t.told(
                    "processing", f"{at}/categories_of_processing", one.categories_of_processing, t.prose
                ),
            }
        )
    return rows


def _person(t: Teller, at: str, one: Any) -> dict[str, Told | None]:
    email, phone = t.person(one)
    return {
        "role": t.told("role", f"{at}/role", one.role, t.prose, required=True),
        "function": t.told(
            "function", f"{at}/function", getattr(one, "function", None), t.term("contact_functions")
        ),
        "duties": t.told("duties", f"{at}/duties", one.duties, t.prose),
        "contact": t.together(
            t.told("email", f"{at}/email", one.email, email), t.told("phone", f"{at}/phone", one.phone, phone)
        ),
        "address": t.told("address", f"{at}/address", getattr(one, "address", None), t.address),
    }
