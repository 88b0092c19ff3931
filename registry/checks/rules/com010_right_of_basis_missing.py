"""A right that follows from the stated basis is not mentioned (object, portability, withdraw consent).

Consent brings the right to withdraw it and the right to portability, a contract portability, a public task and a
legitimate interest the right to object; explicit consent for special categories can be withdrawn too. "The other rights
of the GDPR" names none of them.

Why it matters
People must be told the rights that they have here (GDPR 13(2)(b), 13(2)(c), 20). Consent that nobody knows can be
withdrawn is not valid (7(3)), and the right to object has to be brought up explicitly and apart from the rest (21(4)).

How to fix
Add the missing rights under `rights`, with how to use them. If a basis turns out to be the wrong one, change the basis
first: the rights follow from it.
"""

from registry.checks.rule import Case, Outcome, Place, Rule
from registry.law import remembered

RULE = Rule(
    code="COM010",
    severity="error",
    title={
        "fi": "Ilmoitetusta perusteesta seuraava oikeus puuttuu "
        "(vastustaminen, siirtäminen, suostumuksen peruuttaminen)",
        "sv": "En rättighet som följer av den angivna grunden nämns inte "
        "(invändning, dataportabilitet, återkallande av samtycke)",
        "en": "A right that follows from the stated basis is not mentioned (object, portability, withdraw consent)",
    },
    law=("GDPR 7(3)", "GDPR 13(2)(b)", "GDPR 13(2)(c)", "GDPR 20", "GDPR 21(4)"),
    certainty="exact",
    needs=(
        "/legal_bases/*/article", "/special_category_bases/*/exception", "/rights/*/right", "/rights/*/status",
        "/document/cited_laws/*/used_for", "/document/sections/*/heading", "/register/role",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip

_TOLD = ("stated", "partly_stated")


def check(case: Case) -> Outcome:
    """What the bases give, against what is told."""
    record = case.record
    if record.register.role == "processor":
        return case.na(
            fi="Käsittelijän selosteessa ei kerrota rekisteröidyn oikeuksista.",
            en="The record of a processor does not tell the rights of data subjects.",
        )
    if not any(basis.article for basis in record.legal_bases):
        return case.open(
            "/legal_bases",
            fi="Oikeudet seuraavat oikeusperusteesta, eikä sitä ole ilmoitettu (COM001).",
            en="The rights follow from the basis, and none is stated (COM001).",
            closes=("Päätä ensin oikeusperuste.", "Decide the basis first."),
        )
    owed = _owed(case)
    if not owed:
        return case.na(
            "/legal_bases",
            fi="Ilmoitetusta perusteesta ei seuraa muita oikeuksia kuin perusoikeudet (COM009).",
            en="The stated basis gives no rights beside the basic ones (COM009).",
        )
    missing = [right for right in owed if record.right(right) not in _TOLD]
    from_memory = tuple(right for right in missing or owed if remembered(case.law.rights[right]))
    if not missing:
        first = next(index for index, told in enumerate(record.rights) if told.right in owed)
        return case.passes(
            f"/rights/{first}",
            remembered=from_memory,
            fi="Perusteesta seuraavat oikeudet on mainittu.",
            en="The rights that follow from the basis are mentioned.",
        )
    fi, en = (", ".join(case.law.rights[right].name.get(side) for right in missing) for side in ("fi", "en"))
    return case.fail(
        "/rights",
        at=_where(case, owed[missing[0]]),
        remembered=from_memory,
        fi=f"Näistä perusteen mukaan kuuluvista oikeuksista ei kerrota: {fi}. Lisää ne.",
        en=f"These rights, which follow from the basis, are not mentioned: {en}. Add them.",
    )


def _owed(case: Case) -> dict[str, str]:
    """The rights that the bases give, each with the first basis that gives it, in the order of the law table."""
    grounds: dict[str, str] = {}
    for index, basis in enumerate(case.record.legal_bases):
        if basis.article:
            grounds.setdefault(basis.article, f"/legal_bases/{index}")
    owed = {
        key: next(field for article, field in grounds.items() if right.under(article) == "applies")
        for key, right in case.law.rights.items()
        if right.in_notice == "by_basis" and any(right.under(article) == "applies" for article in grounds)
    }
    for index, special in enumerate(case.record.special_category_bases):
        if special.exception == "9(2)(a)":
            owed.setdefault("withdraw_consent", f"/special_category_bases/{index}")
    return owed


def _where(case: Case, basis: str) -> Place:
    """Where other rights are spoken of, else under the heading of rights, else at the basis."""
    for index, cited in enumerate(case.record.document.cited_laws):
        if cited.used_for == "other_rights":
            return case.place(f"/document/cited_laws/{index}")
    heading = case.heading("heading_rights")
    return heading if heading != Place() else case.place(basis)
