"""Another organisation takes part but its role (joint controller, processor, recipient) is not recorded.

Organisations that take part are partners, joint controllers, and whoever the record gives access to.

Why it matters
Who decides on purposes and means is a controller, and two who decide together have to agree on who does what, and tell
people the essence of it (GDPR 26(1), 26(2)); who only carries out is a processor and needs a contract (28). Until the
role is decided, nobody knows whom a data subject may turn to, or whose record this is (30(1)(a)).

How to fix
Decide with the other organisation who determines purposes and means, and enter its `art26_role`. For a joint
controller, make the arrangement of Article 26 and refer to it in `arrangement_ref`.
"""

from collections.abc import Iterator
from typing import Any

from registry.checks.rule import Case, Outcome, Rule
from registry.law.names import company

RULE = Rule(
    code="CON105",
    severity="error",
    title={
        "fi": "Toisen mukana olevan organisaation roolia (yhteisrekisterinpitäjä, käsittelijä, saaja) ei ole kirjattu",
        "sv": "En annan organisation deltar, men dess roll (gemensamt ansvarig, biträde, mottagare) har inte angetts",
        "en": "Another organisation takes part but its role (joint controller, processor, recipient) is not recorded",
    },
    law=("GDPR 26(1)", "GDPR 26(2)", "GDPR 28", "GDPR 30(1)(a)"),
    certainty="exact",
    needs=(
        "/partners/*/name", "/partners/*/art26_role", "/partners/*/arrangement_ref", "/joint_controllers/*/name",
        "/joint_controllers/*/arrangement_ref", "/access/roles/*/organisation", "/processors/*/name",
        "/processors/*/legal_entity", "/recipients/*/name",
        "/controller/name", "/controller/alt_names", "/controller/units",
    ),
    kinds=("fail", "pass", "na"),
)  # fmt: skip


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each organisation whose role, or whose arrangement, is not there."""
    record = case.record
    partners = [(f"/partners/{index}", partner) for index, partner in enumerate(record.partners)]
    joint = [(f"/joint_controllers/{index}", party) for index, party in enumerate(record.joint_controllers)]
    strangers = list(_strangers(case))
    if not partners and not joint and not strangers:
        yield case.na(fi="Muita organisaatioita ei ole mukana.", en="No other organisation takes part.")
        return
    wrongs: dict[str, Outcome] = {}
    for field, party in partners:
        if party.art26_role in (None, "undetermined"):
            wrongs.setdefault(_key(party.name, field), _undecided(case, field, party.name))
    arranged = {
        company(party.name) for _, party in (*partners, *joint) if party.name and party.arrangement_ref
    }
    together = [(field, party) for field, party in partners if party.art26_role == "joint_controller"]
    for field, party in (*together, *joint):
        if not party.arrangement_ref and company(party.name or "") not in arranged:
            wrongs.setdefault(_key(party.name, field), _unarranged(case, field, party))
    for field, name in strangers:
        wrongs.setdefault(company(name), _undecided(case, field, name))
    yield from wrongs.values()
    if not wrongs:
        yield case.passes(
            (*partners, *joint)[0][0],
            fi="Muiden organisaatioiden roolit on kirjattu.",
            en="The roles of the other organisations are recorded.",
        )


def _key(name: str | None, field: str) -> str:
    return company(name) if name else field


def _undecided(case: Case, field: str, name: str | None) -> Outcome:
    called = {"fi": name or "Nimeämätön organisaatio", "en": name or "An organisation without a name"}
    return case.fail(
        field,
        key=_key(name, field),
        fi=f"{called['fi']} on mukana, mutta sen roolia ei ole ratkaistu. Päättäkää yhdessä, kuka määrää "
        "tarkoituksista ja keinoista, ja kirjaa rooli.",
        en=f"{called['en']} takes part, and its role is not decided. Settle with it who determines the purposes and "
        "means, and enter the role.",
    )


def _unarranged(case: Case, field: str, party: Any) -> Outcome:
    called = {
        "fi": party.name or "Nimeämätön organisaatio",
        "en": party.name or "An organisation without a name",
    }
    return case.fail(
        field,
        key=_key(party.name, field),
        fi=f"{called['fi']} on yhteisrekisterinpitäjä, mutta keskinäistä järjestelyä ei ole kirjattu. "
        "Sopikaa vastuista (26 artikla) ja kirjaa viite järjestelyyn.",
        en=f"{called['en']} is a joint controller, and no arrangement is on record. "
        "Agree on who does what (Article 26), and refer to it.",
    )


def _strangers(case: Case) -> Iterator[tuple[str, str]]:
    """Organisations with access that the record has nowhere else, by the role that names them."""
    record, controller = case.record, case.record.controller
    names = ["own", controller.name, *controller.alt_names, *controller.units]
    for processor in record.processors:
        names += [processor.name, processor.legal_entity]
    for part in (record.partners, record.joint_controllers, record.recipients):
        names += [party.name for party in part]
    known = {company(name) for name in names if name}
    for index, role in enumerate(record.access.roles):
        if role.organisation and company(role.organisation) not in known:
            yield f"/access/roles/{index}", role.organisation
