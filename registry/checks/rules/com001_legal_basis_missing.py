"""No legal basis is stated.

Why it matters
Processing without a basis in GDPR 6(1) is unlawful, and people must be told the basis when their data is collected
(5(1)(a), 13(1)(c), 14(1)(c)). That somebody hands over data is not by itself consent (4(11)).

How to fix
Decide the basis of each purpose, and enter it under `legal_bases` with the purposes and data it covers. Where the basis
is a legal obligation or a public task, add the act; where it is a legitimate interest, say which.
"""

from registry.checks.rule import Case, Outcome, Place, Rule

RULE = Rule(
    code="COM001",
    severity="error",
    title={
        "fi": "Käsittelyn oikeusperustetta ei ole ilmoitettu",
        "sv": "Ingen rättslig grund för behandlingen har angetts",
        "en": "No legal basis is stated",
    },
    law=("GDPR 5(1)(a)", "GDPR 6(1)", "GDPR 13(1)(c)"),
    certainty="exact",
    needs=(
        "/legal_bases/*/article",
        "/legal_bases/*/legacy_article",
        "/consent_statements/*/kind",
        "/register/role",
    ),
    kinds=("fail", "pass", "na"),
)


def check(case: Case) -> Outcome:
    """A basis is an article of 6(1), or the concept of the old act that stands in its place (LAW204 judges that)."""
    if case.record.register.role == "processor":
        return case.na(
            fi="Käsittelijän selosteessa ei ilmoiteta oikeusperustetta: se on rekisterinpitäjän asia.",
            en="The record of a processor states no legal basis: that is the controller's to state.",
        )
    stated = [
        (index, basis)
        for index, basis in enumerate(case.record.legal_bases)
        if basis.article or basis.legacy_article
    ]
    if stated:
        index, _ = next((one for one in stated if one[1].article), stated[0])
        articles = [basis.article for _, basis in stated if basis.article]
        named = ", ".join(dict.fromkeys(articles or [str(basis.legacy_article) for _, basis in stated]))
        return case.passes(
            f"/legal_bases/{index}",
            fi=f"Oikeusperuste on ilmoitettu: {named}.",
            en=f"A legal basis is stated: {named}.",
        )
    return case.fail(
        "/legal_bases",
        at=_nearest(case),
        fi="Oikeusperustetta ei ole ilmoitettu. Päätä ja kirjaa kunkin käyttötarkoituksen peruste (6 artikla).",
        en="No legal basis is stated. Decide the basis of each purpose (Article 6(1)) and enter it.",
    )


def _nearest(case: Case) -> Place:
    """The words that stand where a basis should: what is said of consent, else the heading."""
    spoken = case.place(
        *(f"/consent_statements/{index}" for index in range(len(case.record.consent_statements)))
    )
    return spoken if spoken != Place() else case.heading("heading_legal_basis")
