"""Access roles are missing, circular, or wider than need-to-know.

A role is circular if it says no more than that those who may have access have it. It is wider than need-to-know if
everybody in it has access, it is the whole staff, the board or another organisation, and the record does not say that
only those who need the data in their work get it. Where a record does not say how wide such a role is, that is open.

Why it matters
Whoever gets in gets in because of their task (GDPR 5(1)(f), 25(2), 32(4)), and only roles that are named can be
compared with the accounts that there are (OBS301). A staff of hundreds is no task, nor is a board that changes.

How to fix
Name the tasks that need the data ("advisers of the chat", "administrator of the service"), with their organisation,
and give the accounts by them: `access.roles` with `scope: need_to_know`.
"""

from typing import Any

from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Rule

RULE = Rule(
    code="CON115",
    severity="warning",
    title={
        "fi": "Pääsyroolit puuttuvat, ovat kehäpäätelmä tai laajempia kuin tehtävät edellyttävät",
        "sv": "Åtkomstrollerna saknas, är cirkulära eller vidare än arbetsuppgifterna kräver",
        "en": "Access roles are missing, circular, or wider than need-to-know",
    },
    law=("GDPR 5(1)(f)", "GDPR 25(2)", "GDPR 32(4)"),
    certainty="judgement",
    needs=(
        "/access/roles/*/role", "/access/roles/*/organisation", "/access/roles/*/scope", "/access/need_to_know",
        "/access/granting",
    ),
    kinds=("fail", "pass", "open"),
)  # fmt: skip


def check(case: Case) -> Outcome:
    """Whether roles are named, mean something, and are no wider than tasks; the worst of them decides."""
    access = case.record.access
    if not access.roles:
        return _unnamed(case)
    roles = list(enumerate(access.roles))
    circular = [index for index, role in roles if says("authorised_people", role.role)]
    wide = [index for index, role in roles if role.scope == "all" and _wide(case, role)]
    unsure = [index for index, role in roles if role.scope is None and _wide(case, role)]
    if circular or wide:
        names = ", ".join(_called(access.roles[index]) for index in sorted({*circular, *wide}))
        fi, en = (
            ("Rooli on liian laaja", "A role is too wide")
            if wide
            else ("Rooli ei kerro, kenellä on pääsy", "A role does not tell who has access")
        )
        return case.fail(
            f"/access/roles/{min(*circular, *wide, len(roles))}",
            fi=f"{fi}: {names}. Nimeä tehtävät, joissa tietoja tarvitaan, ja rajaa pääsy niihin.",
            en=f"{en}: {names}. Name the tasks that need the data, and limit access to them.",
        )
    if unsure:
        names = ", ".join(_called(access.roles[index]) for index in unsure)
        return case.open(
            f"/access/roles/{unsure[0]}",
            fi=f"Ei selviä, onko pääsy kaikilla vai vain tietoja tarvitsevilla: {names}.",
            en=f"Whether everybody has access, or only those who need the data, cannot be told: {names}.",
            closes=("Kirjaa roolin laajuus.", "Record the scope of the role."),
        )
    return case.passes(
        "/access/roles/0",
        fi="Pääsy on rajattu tehtävien mukaan nimettyihin rooleihin.",
        en="Access is limited to roles named by their tasks.",
    )


def _unnamed(case: Case) -> Outcome:
    if says("authorised_people", case.record.access.granting):
        fi = "Pääsy kuvataan kehäpäätelmänä: oikeutetuilla on oikeus. Nimeä roolit ja tehtävät, jotka sitä vaativat."
        en = "Access is described in a circle: the authorised are authorised. Name the roles and their tasks."
    else:
        fi = "Rooleja, joilla on pääsy tietoihin, ei nimetä. Nimeä roolit ja tehtävät, joissa tietoja tarvitaan."
        en = "The roles that have access are not named. Name the roles, and the tasks that need the data."
    # Where accounts are spoken of, their holders should be.
    return case.fail("/access", at=case.place("/access/personal_accounts"), fi=fi, en=en)


def _wide(case: Case, role: Any) -> bool:
    """Whether a role is of the many or of others, and the record does not say that only those in need get in."""
    if case.record.access.need_to_know == "stated":
        return False
    return role.organisation not in (None, "own") or says("everybody", role.role)


def _called(role: Any) -> str:
    return str(role.role or role.organisation)
