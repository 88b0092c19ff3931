""" "No disclosure" contradicts an outside party named elsewhere in the record.

Outside parties are other organisations with access, partners, joint controllers and recipients, and third parties
behind trackers on the website. A processor is left out: it handles the data for the controller, and in Finnish that
is no "luovutus" (CON106 asks for its contract, CON103 tells a transfer from a disclosure). So are the controller's own
people, and the person whom the data is about.

Why it matters
Somebody else gets the data, and the reader is told that nobody does (GDPR 5(1)(a)). Recipients, or categories of them,
have to be named (13(1)(e)), and every body to which data goes is one, other controllers included (4(9); WP260 rev.01).

How to fix
Say who gets which data and why, under `recipients` and `disclosures`. Where an organisation named handles the data
only on the controller's behalf, record it as a processor; where it does not get any, take it out.
"""

from collections.abc import Iterator

from registry.checks.rule import Case, Outcome, Rule
from registry.law.names import company

RULE = Rule(
    code="CON104",
    severity="error",
    title={
        "fi": '"Tietoja ei luovuteta", mutta selosteessa on toinen osapuoli',
        "sv": '"Inga uppgifter lämnas ut", fast registret nämner en utomstående part',
        "en": '"No disclosure" contradicts an outside party named elsewhere in the record',
    },
    law=("GDPR 4(9)", "GDPR 5(1)(a)", "GDPR 13(1)(e)"),
    certainty="exact",
    needs=(
        "/disclosures/status", "/access/roles/*/organisation", "/partners/*/name", "/partners/*/art26_role",
        "/joint_controllers/*/name", "/recipients/*/role", "/recipients/*/name", "/recipients/*/category",
        "/processors/*/name", "/processors/*/legal_entity", "/trackers/third_party",
        "/controller/name", "/controller/alt_names", "/controller/units",
    ),
    kinds=("fail", "pass", "na"),
)  # fmt: skip

#: Recipients to whom handing data over is no disclosure: on the controller's behalf, inside it, or the person's own.
_NOT_OUTSIDE = frozenset({"processor", "internal", "data_subject"})
_NAMELESS = ("nimeämätön organisaatio", "an organisation without a name")


def check(case: Case) -> Outcome:
    """A statement that nothing is disclosed, against everybody outside whom the record has."""
    if case.record.status("/disclosures") != "stated_none":
        return case.na(
            "/disclosures",
            fi="Selosteessa ei väitetä, ettei tietoja luovutettaisi.",
            en="The record does not say that nothing is disclosed.",
        )
    outside = list({company(en): (fi, en) for fi, en in _outside(case)}.values())
    if not outside:
        return case.passes(
            "/disclosures",
            fi="Selosteessa ei ole ulkopuolista, jolle tietoja luovutettaisiin.",
            en="The record has nobody outside to whom data would be disclosed.",
        )
    names = {"fi": ", ".join(fi for fi, _ in outside), "en": ", ".join(en for _, en in outside)}
    return case.fail(
        "/disclosures",
        fi=f"Tietoja ei sanota luovutettavan, mutta selosteessa on: {names['fi']}. "
        "Kerro, kenelle tietoja annetaan ja miksi, tai korjaa osapuolen rooli.",
        en=f"Data is said not to be disclosed, yet the record has: {names['en']}. "
        "Tell who gets which data and why, or correct the role of the party.",
    )


def _outside(case: Case) -> Iterator[tuple[str, str]]:
    """Names, in Finnish and English, of those outside who get the data."""
    record = case.record
    for partner in record.partners:
        if partner.art26_role != "processor":
            yield (partner.name, partner.name) if partner.name else _NAMELESS
    for joint in record.joint_controllers:
        yield (joint.name, joint.name) if joint.name else _NAMELESS
    for recipient in record.recipients:
        if recipient.role not in _NOT_OUTSIDE:
            name = recipient.name or (recipient.category.any() if recipient.category else None)
            yield (name, name) if name else _NAMELESS
    inside = _inside(case)
    for role in record.access.roles:
        if role.organisation and company(role.organisation) not in inside:
            yield role.organisation, role.organisation
    if record.trackers.third_party:
        yield "seurantatekniikoiden ulkopuolinen toimittaja", "a third party behind the trackers"


def _inside(case: Case) -> set[str]:
    """Names of the controller and of those who work on its behalf, as they compare."""
    record, controller = case.record, case.record.controller
    names = ["own", controller.name, *controller.alt_names, *controller.units]
    names += [partner.name for partner in record.partners if partner.art26_role == "processor"]
    for processor in record.processors:
        names += [processor.name, processor.legal_entity]
    return {company(name) for name in names if name}
