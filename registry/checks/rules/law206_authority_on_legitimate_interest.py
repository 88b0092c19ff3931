"""A public authority relies on legitimate interests in its own task.

Only processing that a person has marked as outside the authority's tasks (`outside_public_task`) may rest on them.

Why it matters
Legitimate interests are no basis for public authorities in the performance of their tasks (GDPR 6(1), second
subparagraph): the legislator gives the basis, which for a task in the public interest is 6(1)(e) with the act behind it
(6(3); Tietosuojalaki 4 §). The basis also decides which rights there are.

How to fix
Find the act that gives the task, and change the basis to 6(1)(e), or to 6(1)(c) for a duty; the right to object stays
under (e). If the processing is outside the tasks, as a shop or a parking lot may be, mark it so and keep the assessment
of interests.
"""

from collections.abc import Iterator

from registry.checks.rule import Case, Outcome, Rule
from registry.law.values import GDPR_APPLIES

RULE = Rule(
    code="LAW206",
    severity="error",
    title={
        "fi": "Viranomainen vetoaa oikeutettuun etuun omassa tehtävässään",
        "sv": "En myndighet stöder sig på berättigat intresse i sin egen uppgift",
        "en": "A public authority relies on legitimate interests in its own task",
    },
    law=("GDPR 6(1) second subparagraph", "Tietosuojalaki 4 §"),
    certainty="judgement",
    needs=("/controller/public_body", "/legal_bases/*/article", "/legal_bases/*/outside_public_task"),
    kinds=("fail", "pass", "na", "open"),
)


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each legitimate interest of a controller that is, or may be, a public body."""
    public = case.record.controller.public_body
    interests = [
        (index, basis) for index, basis in enumerate(case.record.legal_bases) if basis.article == "6(1)(f)"
    ]
    if not interests or public is False or case.as_of < GDPR_APPLIES:
        yield case.na(
            "/legal_bases",
            fi="Viranomaisen oikeutetusta edusta ei ole kyse.",
            en="No legitimate interest of a public authority is at issue.",
        )
        return
    inside = [(index, basis) for index, basis in interests if not basis.outside_public_task]
    for index, basis in inside:
        field = f"/legal_bases/{index}"
        if public is True:
            yield case.fail(
                field,
                key=basis.id,
                fi="Viranomainen ei voi vedota oikeutettuun etuun tehtävissään. Vaihda perusteeksi yleistä etua "
                "koskeva tehtävä (6 artiklan 1 kohdan e alakohta) ja kirjaa säädös, tai merkitse käsittely tehtävien "
                "ulkopuoliseksi.",
                en="A public authority cannot rely on legitimate interests in its tasks. Change the basis to the task "
                "in the public interest (6(1)(e)) and enter its act, or mark the processing as outside the tasks.",
            )
        else:
            yield case.open(
                field,
                key=basis.id,
                fi="Rekisterinpitäjästä ei ole ratkaistu, onko se viranomainen; oikeutettu etu ei sovi viranomaiselle.",
                en="Whether the controller is a public body is not decided; a public body could not use this basis.",
                closes=(
                    "Ratkaise, onko rekisterinpitäjä viranomainen tai julkishallinnon elin.",
                    "Decide whether the controller is a public authority or body.",
                ),
            )
    if not inside:
        yield case.passes(
            f"/legal_bases/{interests[0][0]}",
            fi="Oikeutettua etua käytetään vain viranomaistehtävien ulkopuolella.",
            en="Legitimate interests are used outside the tasks of an authority only.",
        )
