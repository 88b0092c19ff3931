"""A right is offered for a purpose the record does not declare.

The right is that of objecting to direct marketing, which the old act's catalogue names together with distance selling,
market research and opinion polls.

Why it matters
Either the data is used for marketing and the record does not say so (GDPR 5(1)(b), 13(1)(c)), or the right was copied
from a form and promises something that cannot happen. Where there is direct marketing, objecting to it is absolute
(21(2), 21(3)).

How to fix
If the data is used for marketing or polls, declare the purpose with its basis. If not, take the right out; the right to
object under 21(1) is another one, and stays where the basis is 6(1)(e) or 6(1)(f).
"""

from typing import Any

from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Rule

RULE = Rule(
    code="CON111",
    severity="warning",
    title={
        "fi": "Oikeus tarjotaan tarkoitukseen, jota selosteessa ei ilmoiteta",
        "sv": "En rättighet erbjuds för ett ändamål som registret inte anger",
        "en": "A right is offered for a purpose the record does not declare",
    },
    law=("GDPR 5(1)(b)", "GDPR 21(2)"),
    certainty="exact",
    needs=("/rights/*/right", "/rights/*/status", "/purposes/*/category", "/purposes/*/text"),
    kinds=("fail", "pass", "na", "open"),
)

#: Categories of purposes (DPV) that are marketing or selling.
MARKETING = frozenset(
    [
        *("dpv:Marketing", "dpv:DirectMarketing", "dpv:SocialMediaMarketing", "dpv:SellProducts"),
        *("dpv:Advertising", "dpv:PersonalisedAdvertising", "dpv:TargetedAdvertising"),
    ]
)
_OFFERED = ("stated", "partly_stated")


def check(case: Case) -> Outcome:
    """The right to object to direct marketing, against purposes that are marketing."""
    record = case.record
    offered = [
        index
        for index, one in enumerate(record.rights)
        if one.right == "object_direct_marketing" and one.status in _OFFERED
    ]
    if not offered:
        return case.na(
            "/rights",
            fi="Oikeutta kieltää suoramarkkinointi ei mainita.",
            en="The right to object to direct marketing is not mentioned.",
        )
    field = f"/rights/{offered[0]}"
    if not record.purposes:
        return case.open(
            field,
            fi="Suoramarkkinoinnin saa kieltää, mutta käyttötarkoituksia ei ole ilmoitettu lainkaan.",
            en="Direct marketing may be objected to, and no purposes are declared at all.",
            closes=("Ilmoita käyttötarkoitukset.", "Declare the purposes."),
        )
    if any(_marketing(purpose) for purpose in record.purposes):
        return case.passes(
            field,
            fi="Oikeus koskee ilmoitettua käyttötarkoitusta.",
            en="The right is for a purpose that is declared.",
        )
    return case.fail(
        field,
        fi="Suoramarkkinoinnin, etämyynnin tai kyselyt saa kieltää, mutta ne eivät ole ilmoitettuja tarkoituksia. "
        "Ilmoita tarkoitus ja sen peruste, tai poista maininta.",
        en="Direct marketing, distance selling or polls may be objected to, and none of them is a declared purpose. "
        "Declare the purpose and its basis, or take the right out.",
    )


def _marketing(purpose: Any) -> bool:
    return purpose.category in MARKETING or says("marketing", purpose.text)
