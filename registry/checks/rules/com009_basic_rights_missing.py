"""A right that follows from every basis is not mentioned (access, rectification, erasure, restriction).

Why it matters
Whatever the basis, people must be told that they may ask for access to their data, for its rectification and erasure,
and for restriction of its processing (GDPR 13(2)(b), 14(2)(c), 15 to 18). A catalogue of rights copied from the old act
leaves out erasure and restriction. Erasure may be limited, as it is for a public task (17(3)), but it is still told.

How to fix
Add the missing rights under `rights`, and say how a request is made. A right that is limited here is stated with its
limits rather than left out.
"""

from registry.checks.rule import Case, Outcome, Rule

RULE = Rule(
    code="COM009",
    severity="error",
    title={
        "fi": "Kaikkiin käsittelyperusteisiin kuuluva oikeus puuttuu (pääsy, oikaisu, poistaminen, rajoittaminen)",
        "sv": "En rättighet som följer av varje grund nämns inte (tillgång, rättelse, radering, begränsning)",
        "en": "A right that follows from every basis is not mentioned (access, rectification, erasure, restriction)",
    },
    law=("GDPR 13(2)(b)", "GDPR 15", "GDPR 16", "GDPR 17", "GDPR 18"),
    certainty="exact",
    needs=("/rights/*/right", "/rights/*/status", "/document/sections/*/heading", "/register/role"),
    kinds=("fail", "pass", "na"),
)

BASIC = ("access", "rectification", "erasure", "restriction")
_TOLD = ("stated", "partly_stated")


def check(case: Case) -> Outcome:
    """Which of the four are stated, partly at least."""
    record = case.record
    if record.register.role == "processor":
        return case.na(
            fi="Käsittelijän selosteessa ei kerrota rekisteröidyn oikeuksista.",
            en="The record of a processor does not tell the rights of data subjects.",
        )
    missing = [right for right in BASIC if record.right(right) not in _TOLD]
    if not missing:
        return case.passes(
            "/rights",
            at=case.place(*(f"/rights/{index}" for index in range(len(record.rights)))),
            fi="Pääsy-, oikaisu-, poisto- ja rajoittamisoikeus on mainittu.",
            en="Access, rectification, erasure and restriction are mentioned.",
        )
    heading = case.heading("heading_rights")
    if len(missing) == len(BASIC):
        return case.fail(
            "/rights",
            at=heading,
            fi="Rekisteröidyn oikeuksia koskeva osa puuttuu. Kerro oikeuksista ja siitä, miten pyyntö tehdään.",
            en="The rights section is missing. Tell people their rights, and how to make a request.",
        )
    names = {language: _listed(case, missing, language) for language in ("fi", "en")}
    return case.fail(
        "/rights",
        at=heading,
        fi=f"Näistä oikeuksista ei kerrota: {names['fi']}. Lisää ne.",
        en=f"These rights are not mentioned: {names['en']}. Add them.",
    )


def _listed(case: Case, rights: list[str], language: str) -> str:
    return ", ".join(case.law.rights[right].name.get(language) for right in rights)
