"""Requests are answered later than the declared or legal limit.

A request is due one month after it was received, or after the person was identified where that had to be asked, and
sooner where the record declares a shorter time. A notice of extension within the month gives two months more. A last
day on a Saturday or Sunday moves to the Monday after; other holidays are not known here, so look before you conclude.
What is late by the declared time only is a warning.

Why it matters
Rights that are answered late are rights denied: without undue delay, in one month at the latest, three if the person
was told why within the first (GDPR 12(3)).

How to fix
Answer what is overdue today, and say why it is late. Note when each request comes in, and tell within the first month
if it takes longer. Declare a time that is kept.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from registry import errors
from registry.checks.rule import Case, Outcome, Rule, Severity, dated
from registry.checks.rules._looking import unseen, weak
from registry.clock import day
from registry.connectors.observed.observation import Observation
from registry.law import periods

RULE = Rule(
    code="OBS308",
    severity="error",
    title={
        "fi": "Pyyntöihin vastataan myöhemmin kuin ilmoitettu tai laissa säädetty aika sallii",
        "sv": "Begäranden besvaras senare än den angivna eller lagstadgade tiden",
        "en": "Requests are answered later than the declared or legal limit",
    },
    law=("GDPR 12(3)",),
    certainty="evidence",
    needs=(
        "/response_time/value", "/register/role", "/systems/*/kind",
        "observation:request_log", "observation:could_not_look",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip

MONTH = "P1M"
EXTENSION = "P2M"
_FIELD = "/response_time"
_CLOSES = (
    "Pyyntöjen loki: vastaanotettu, tunnistettu, jatkettu, vastattu.",
    "A log of requests: received, identified, extended, answered.",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Late:
    """A request that was late: by how many days, and whether by the law or by what is declared only."""

    days: int
    legal: bool


def check(case: Case) -> Iterator[Outcome]:
    """One outcome for each log with late requests, and for each that was not seen whole; systems may keep none."""
    if case.record.register.role == "processor":
        yield case.na(
            fi="Pyyntöihin vastaa rekisterinpitäjä, ei käsittelijä.",
            en="It is the controller that answers requests, not the processor.",
        )
        return
    logs = case.observed("request_log")
    outcomes = [said for seen in logs if (said := _log(case, seen))]
    whole = next((seen for seen in logs if seen.complete), None)
    if not outcomes and whole is None:
        systems: list[str | None] = [system for system, _ in case.systems()]
        tried = [system for system in systems if system and case.blind("request_log", system)]
        about = logs[0].system if logs else (tried or systems or [None])[0]
        outcomes = [unseen(case, "request_log", about, _FIELD, closes=_CLOSES, key="")]
    elif not outcomes:
        outcomes = [unseen(case, "request_log", one, _FIELD, closes=_CLOSES) for one in _not_whole(case)]
    yield from outcomes
    if not outcomes and whole is not None:
        since = _since(whole)
        yield case.passes(
            _FIELD,
            observation=whole.id,
            fi=f"Pyyntöihin on vastattu ajoissa{since[0]}.",
            en=f"Requests were answered in time{since[1]}.",
        )


def _not_whole(case: Case) -> Iterator[str]:
    """The systems that keep a log of which not all was seen, or whose log could not be looked at."""
    for system, _ in case.systems():
        seen, failed = case.observed("request_log", system), case.blind("request_log", system)
        away = not seen and failed is not None and failed.payload["reason"] != "not_supported"
        if away or any(not one.complete for one in seen):
            yield system


def _since(seen: Observation) -> tuple[str, str]:
    """What is added where a log leaves out what was answered long ago."""
    if "since" not in seen.payload:
        return "", ""
    begun = dated(day(seen.payload["since"]))
    return f" (vastatut {begun} alkaen)", f" (answered since {begun})"


def _log(case: Case, seen: Observation) -> Outcome | None:
    requests = seen.payload["requests"]
    late = [found for one in requests if (found := _late(case, one, case.day_of(seen.taken_at)))]
    if not late:
        return None
    worst = max(one.days for one in late)
    legal = any(one.legal for one in late)
    severity: Severity | None = weak(seen) if legal else "warning"
    exceeded = MONTH if legal else _declared(case)
    limit = {language: periods.text(exceeded, language) for language in ("fi", "en")}
    return case.fail(
        _FIELD,
        key=seen.system,
        observation=seen.id,
        severity=severity,
        fi=f"Pyynnöistä {len(late)}/{len(requests)} on myöhässä (aika {limit['fi']}, pahimmillaan {worst} päivää yli). "
        "Vastaa niihin, ja korjaa menettely.",
        en=f"Of {len(requests)} requests {len(late)} are late (limit {limit['en']}, at worst {worst} days over). "
        "Answer them, and mend the procedure.",
    )


def _late(case: Case, request: Mapping[str, Any], taken: date) -> Late | None:
    """How late a request is on the day that the log was taken; an answer ends the count."""
    begun = day(request.get("identified_on") or request["received_on"])
    told = request.get("extended_on")
    extended = told is not None and day(told) <= _due(begun, MONTH)
    legal = _due(begun, *([MONTH, EXTENSION] if extended else [MONTH]))
    own = _declared(case)
    due = legal if own is None else min(legal, _due(begun, *([own, EXTENSION] if extended else [own])))
    answered = request["answered_on"]
    until = taken if answered is None else day(answered)
    return Late((until - due).days, until > legal) if until > due else None


def _due(begun: date, *parts: str) -> date:
    """The last day, moved from a weekend to the Monday after (Regulation 1182/71, Article 3(4))."""
    try:
        last = periods.add(begun, periods.total(*parts))
        return last + timedelta(days=7 - last.weekday() if last.weekday() > 4 else 0)
    except (errors.Invalid, OverflowError):  # past the end of the calendar
        return date.max


def _declared(case: Case) -> Any:
    return case.record.response_time.value
