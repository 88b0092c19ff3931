"""Account hygiene differs from the declared security.

Shared accounts where the record says that each person has their own; active accounts that nobody has used for more than
90 days, or ever; accounts without a second factor, which is told for information where the record does not claim one.

Why it matters
Security is what is done, not what is written (GDPR 32(1)(b), 32(4)). An account that several people use cannot be
traced to anybody; one that nobody uses is missed by nobody when it is taken over; a password alone can be guessed.

How to fix
Give each person an account, close those that are not used, switch on the second factor, and look again each quarter. Or
correct what the record says of security.
"""

from collections.abc import Iterator
from typing import Any

from registry.checks.looking import on_paper, serving, unseen, weak
from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Rule
from registry.clock import day
from registry.connectors.observation import Observation

RULE = Rule(
    code="OBS306",
    severity="warning",
    title={
        "fi": "Käyttäjätunnusten hoito poikkeaa ilmoitetusta suojauksesta",
        "sv": "Skötseln av konton avviker från den angivna säkerheten",
        "en": "Account hygiene differs from the declared security",
    },
    law=("GDPR 32(1)(b)", "GDPR 32(4)"),
    certainty="evidence",
    needs=(
        "/access/personal_accounts", "/security_measures/*/text", "/security_measures/*/dpv", "/systems/*/kind",
        "observation:accounts", "observation:could_not_look",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip

IDLE_DAYS = 90
_CLOSES = (
    "Havainto tunnuksista: viimeinen kirjautuminen, toinen tekijä ja yhteiskäyttö.",
    "An observation of the accounts: last log-in, second factor, shared or not.",
)


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each wrong in each system, and for each system of which something was not seen."""
    if paper := on_paper(case):
        yield paper
        return
    systems: list[str | None] = [system for system, _ in case.systems()]
    outcomes = [said for system in systems or [None] for said in _judged(case, system)]
    yield from outcomes
    if not outcomes:
        yield case.passes(
            _field(case),
            fi="Tunnukset ovat niin kuin ilmoitetaan.",
            en="The accounts are kept as declared.",
        )


def _judged(case: Case, system: str | None) -> Iterator[Outcome]:
    seen = next(iter(case.observed("accounts", system)), None) if system else None
    if seen is None:
        yield unseen(case, "accounts", system, _field(case), closes=_CLOSES)
        return
    active = serving(seen)
    wrongs = [*_shared(case, seen, active), *_idle(case, seen, active), *_one_factor(case, seen, active)]
    yield from wrongs
    if wrongs:
        return
    unknown = _unknown(case, active)
    if unknown:
        yield case.open(
            _field(case),
            key=seen.system,
            observation=seen.id,
            fi=f"Järjestelmän {seen.system} tunnuksista ei ole nähty kaikkea: {', '.join(fi for fi, _ in unknown)}.",
            en=f"Not everything has been seen of the accounts of {seen.system}: {', '.join(en for _, en in unknown)}.",
            closes=_CLOSES,
        )
    elif not seen.complete:
        yield unseen(case, "accounts", seen.system, _field(case), closes=_CLOSES)


def _shared(case: Case, seen: Observation, active: list[dict[str, Any]]) -> Iterator[Outcome]:
    shared = [one for one in active if one.get("shared")]
    if shared and case.record.access.personal_accounts:
        yield case.fail(
            _field(case),
            key=f"{seen.system}:shared",
            observation=seen.id,
            severity=weak(seen),
            fi=f"Järjestelmässä {seen.system} on yhteiskäyttöisiä tunnuksia ({_count(shared)}), vaikka tunnusten "
            "ilmoitetaan olevan henkilökohtaisia. Anna jokaiselle oma tunnus.",
            en=f"The system {seen.system} has shared accounts ({_count(shared)}), though accounts are said to be "
            "personal. Give each person their own.",
        )


def _idle(case: Case, seen: Observation, active: list[dict[str, Any]]) -> Iterator[Outcome]:
    taken = case.day_of(seen.taken_at)
    idle = [
        one
        for one in active
        if "last_login_on" in one
        and (one["last_login_on"] is None or (taken - day(one["last_login_on"])).days > IDLE_DAYS)
    ]
    if idle:
        yield case.fail(
            _field(case),
            key=f"{seen.system}:idle",
            observation=seen.id,
            severity=weak(seen),
            fi=f"Järjestelmässä {seen.system} on tunnuksia ({_count(idle)}), joita ei ole käytetty "
            f"{IDLE_DAYS} päivään. Sulje ne, joita ei tarvita.",
            en=f"The system {seen.system} has accounts ({_count(idle)}) that nobody has used for {IDLE_DAYS} days. "
            "Close those that are not needed.",
        )


def _one_factor(case: Case, seen: Observation, active: list[dict[str, Any]]) -> Iterator[Outcome]:
    bare = [one for one in active if one.get("two_factor") is False]
    if not bare:
        return
    claimed = next(
        (
            f"/security_measures/{index}"
            for index, measure in enumerate(case.record.security_measures)
            if measure.dpv == "dpv:MultiFactorAuthentication" or says("two_factor", measure.text)
        ),
        None,
    )
    yield case.fail(
        claimed or _field(case),
        key=f"{seen.system}:two_factor",
        observation=seen.id,
        severity=weak(seen) if claimed else "info",
        fi=f"Järjestelmässä {seen.system} on tunnuksia ilman toista tunnistautumistekijää ({_count(bare)}). "
        "Ota kaksivaiheinen tunnistautuminen käyttöön.",
        en=f"The system {seen.system} has accounts without a second factor ({_count(bare)}). Switch it on.",
    )


def _unknown(case: Case, active: list[dict[str, Any]]) -> list[tuple[str, str]]:
    asked = [
        ("last_login_on", "viimeinen kirjautuminen", "last log-in"),
        ("two_factor", "toinen tekijä", "second factor"),
    ]
    if case.record.access.personal_accounts:
        asked.append(("shared", "yhteiskäyttö", "shared or not"))
    return [(fi, en) for name, fi, en in asked if any(name not in one for one in active)]


def _count(accounts: list[dict[str, Any]]) -> int:
    return sum(one.get("count", 1) for one in accounts)


def _field(case: Case) -> str:
    return "/access" if case.record.access.personal_accounts is None else "/access/personal_accounts"
