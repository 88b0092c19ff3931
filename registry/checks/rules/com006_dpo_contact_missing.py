"""DPO contact details missing where a DPO is required or mentioned.

A link to a page that has them is no contact. Where the record withholds the contact because it is a person's own, what
would be published has none, and the check is open.

Why it matters
A public authority or body has to have a data protection officer (GDPR 37(1)(a)), publishes how to reach them (37(7)),
and tells it to people when their data is collected (13(1)(b)); the record has it too (30(1)(a)). The name may be left
out, the contact may not.

How to fix
Enter a mailbox or a number of the office, not of the person, under `dpo.contact`: of the controller where it holds for
all its registers. Whether others than public bodies need one follows from 37(1)(b) and (c).
"""

from registry.catalogue.record import withheld
from registry.checks.rule import Case, Outcome, Rule

RULE = Rule(
    code="COM006",
    severity="error",
    title={
        "fi": "Tietosuojavastaavan yhteystiedot puuttuvat, vaikka tietosuojavastaava vaaditaan tai mainitaan",
        "sv": "Dataskyddsombudets kontaktuppgifter saknas fast ett ombud krävs eller nämns",
        "en": "DPO contact details missing where a DPO is required or mentioned",
    },
    law=("GDPR 13(1)(b)", "GDPR 30(1)(a)", "GDPR 37(1)(a)", "GDPR 37(7)"),
    certainty="exact",
    needs=(
        "/dpo/status", "/dpo/contact/email", "/dpo/contact/phone", "/dpo/contact/address",
        "/controller/dpo/status", "/controller/dpo/contact/email", "/controller/dpo/contact/phone",
        "/controller/dpo/contact/address", "/controller/public_body", "/controller/name",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip

_NOT_MENTIONED = ("not_stated", "stated_none")


def check(case: Case) -> Outcome:
    """The register's own statement, else the controller's; where there is none, whether one is required."""
    record = case.record
    field = "/dpo" if record.status("/dpo") != "not_stated" else "/controller/dpo"
    status, contact = record.status(field), record.at(field).contact
    given = [value for value in (contact.email, contact.phone) if value]
    if contact.address or not all(withheld(value) for value in given):
        return case.passes(
            f"{field}/contact",
            fi="Tietosuojavastaavan yhteystiedot on ilmoitettu.",
            en="The contact of the data protection officer is stated.",
        )
    if given:
        return case.open(
            f"{field}/contact",
            fi="Tietosuojavastaavan yhteystieto on henkilön oma, eikä sitä julkaista.",
            en="The contact of the data protection officer is a person's own and is not published.",
            closes=("Kirjaa roolin sähköposti tai puhelinnumero.", "Record a mailbox or number of the role."),
        )
    if status == "referred_elsewhere":
        return case.fail(
            f"{field}/contact",
            fi="Tietosuojavastaavan yhteystiedot ovat vain muualla. Kirjaa ne tähän.",
            en="The contact of the data protection officer is elsewhere only. Give it here.",
        )
    if status not in _NOT_MENTIONED:
        return case.fail(
            f"{field}/contact",
            fi="Tietosuojavastaava mainitaan ilman yhteystietoja. Lisää ne.",
            en="A data protection officer is mentioned without contact details. Add them.",
        )
    return _required(case)


def _required(case: Case) -> Outcome:
    where = case.place("/dpo", "/controller/dpo", "/controller/public_body", "/controller/name")
    public = case.record.controller.public_body
    if public is True:
        return case.fail(
            "/dpo",
            at=where,
            fi="Viranomaisella ja julkishallinnon elimellä on oltava tietosuojavastaava. "
            "Nimitä tietosuojavastaava ja kirjaa yhteystiedot.",
            en="A public authority or body must have a data protection officer. Designate one, and give the contact.",
        )
    if public is False:
        return case.na(
            "/dpo",
            fi="Tietosuojavastaavaa ei mainita, eikä rekisterinpitäjä ole julkishallinnon elin.",
            en="No data protection officer is mentioned, and the controller is not a public body.",
        )
    return case.open(
        "/dpo",
        at=where,
        fi="Tietosuojavastaavasta ei kerrota yhteystietoja, eikä ole ratkaistu, vaaditaanko tietosuojavastaava.",
        en="No contact of a data protection officer is told, and whether one is required is not decided.",
        closes=(
            "Kirjaa, onko rekisterinpitäjä viranomainen tai julkishallinnon elin.",
            "Record whether the controller is a public authority or body.",
        ),
    )
