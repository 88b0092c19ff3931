"""Cookies or other terminal-equipment access declared or observed without consent.

What the service cannot do without, for what the visitor asked for, needs no consent; a declaration counts as that only
if all of it says so. Whether consent is asked first shows in a scan of the pages before anything is agreed to, so
without one a web service stays open, whatever the record says.

Why it matters
Storing something on a person's device, or reading it from there, takes their consent first (Laki sähköisen viestinnän
palveluista 205 §), consent as the GDPR has it (4(11)). In TSV 4672/161/22 (13.12.2022) the Finnish authority found
analytics without it unlawful, and the transfers that came with it.

How to fix
Ask before the first tracker is set, with a "no" as easy as a "yes", and record how under `trackers.consent_mechanism`.
Or do without: a chat can load when it is opened, and figures can be counted on the server.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from registry.checks.phrases import says
from registry.checks.rule import Case, Outcome, Rule
from registry.checks.rules._looking import unseen, weak
from registry.connectors.observed.observation import Observation

RULE = Rule(
    code="LAW208",
    severity="error",
    title={
        "fi": "Evästeitä tai muuta pääsyä päätelaitteelle ilman suostumusta",
        "sv": "Kakor eller annan åtkomst till terminalutrustning utan samtycke",
        "en": "Cookies or other terminal-equipment access declared or observed without consent",
    },
    law=("Laki sähköisen viestinnän palveluista 205 §", "GDPR 4(11)", "TSV 4672/161/22 (13.12.2022)"),
    certainty="exact",
    needs=(
        "/trackers/status", "/trackers/types", "/trackers/purpose", "/trackers/consent_mechanism",
        "/collection_channels", "/systems/*/kind", "observation:cookie_scan", "observation:could_not_look",
    ),
    kinds=("fail", "pass", "na", "open"),
)  # fmt: skip

#: Channels and systems that people meet in a browser.
_WEB_CHANNELS = frozenset({"web", "web_form", "chat"})
_WEB_SYSTEMS = frozenset({"live_chat", "web_site", "web_analytics"})
_DECLARED = ("stated", "partly_stated")
_CLOSES = (
    "Palvelun sivujen läpikäynti ennen suostumusta: mitä laitteelle tallentuu.",
    "A scan of the service's pages before consent: what is stored on the device.",
)


def check(case: Case) -> Iterator[Outcome]:
    """The declaration, then each scan; a pass takes a whole scan that shows nothing."""
    declared = case.record.status("/trackers") in _DECLARED
    if not declared and not _on_the_web(case):
        yield case.na(
            "/trackers", fi="Palvelua ei ole verkossa.", en="The record names no service on the web."
        )
        return
    wrong = declared and not _covered(case.record.trackers)
    outcomes = [_undeclared_consent(case)] if wrong else []
    outcomes += [said for seen in case.observed("cookie_scan") if (said := _scanned(case, seen))]
    if not wrong:
        unscanned = [system for system in _to_scan(case) if not case.observed("cookie_scan", system)]
        outcomes += [unseen(case, "cookie_scan", system, "/trackers", closes=_CLOSES) for system in unscanned]
    yield from outcomes
    if not outcomes:
        yield case.passes(
            "/trackers",
            observation=case.observed("cookie_scan")[0].id,
            fi="Ennen suostumusta laitteelle ei tallennu muuta kuin välttämätöntä.",
            en="Nothing but what is necessary is stored on the device before consent.",
        )


def _on_the_web(case: Case) -> bool:
    return (
        bool(_WEB_CHANNELS.intersection(case.record.collection_channels))
        or any(system.kind in _WEB_SYSTEMS for system in case.record.systems)
        or bool(case.observed("cookie_scan"))
        or any(_tried(case, system) for system, _ in case.systems())
    )


def _tried(case: Case, system: str) -> bool:
    """Whether a page of the system was to be looked at, and could not be."""
    failed = case.blind("cookie_scan", system)
    return failed is not None and failed.payload["reason"] != "not_supported"


def _to_scan(case: Case) -> list[str] | list[None]:
    """The systems that are met in a browser; all of them where none is of such a kind, as a help desk with a form."""
    systems = list(case.systems())
    return (
        [key for key, system in systems if system.kind in _WEB_SYSTEMS]
        or [key for key, _ in systems]
        or [None]
    )


def _covered(trackers: Any) -> bool:
    """Whether consent is asked for what is declared, or all of it says that it needs none."""
    if trackers.consent_mechanism is not None:
        return True
    if trackers.types:
        return all(says("necessary_tracker", one) for one in trackers.types)
    return says("necessary_tracker", trackers.purpose)


def _undeclared_consent(case: Case) -> Outcome:
    return case.fail(
        "/trackers",
        key="declared",
        fi="Evästeitä tai muita seurantatekniikoita käytetään, mutta suostumuksen pyytämisestä ei kerrota. "
        "Pyydä suostumus ensin, ja kirjaa miten.",
        en="Cookies or other trackers are used, and how consent is asked is not said. "
        "Ask for consent first, and record how.",
    )


def _scanned(case: Case, seen: Observation) -> Outcome | None:
    early = [
        one for one in seen.payload["trackers"] if one["before_consent"] and one["essential"] is not True
    ]
    wrong = [one for one in early if one["essential"] is False]
    if wrong:
        names = _names(wrong)
        return case.fail(
            "/trackers",
            key=seen.system,
            observation=seen.id,
            severity=weak(seen),
            fi=f"Laitteelle tallentuu ennen suostumusta muuta kuin välttämätöntä ({seen.system}): {names}. "
            "Lataa ne vasta suostumuksen jälkeen.",
            en=f"More than what is necessary is stored on the device before consent ({seen.system}): {names}. "
            "Load it only after consent.",
        )
    if early:
        names = _names(early)
        return case.open(
            "/trackers",
            key=seen.system,
            observation=seen.id,
            fi=f"Ei ole arvioitu, ovatko nämä välttämättömiä ({seen.system}): {names}.",
            en=f"Whether these are necessary has not been judged ({seen.system}): {names}.",
            closes=(
                "Arvio siitä, mitkä niistä ovat välttämättömiä.",
                "A judgement of which of them are necessary.",
            ),
        )
    if not seen.complete:
        return unseen(case, "cookie_scan", seen.system, "/trackers", closes=_CLOSES)
    return None


def _names(trackers: list[Mapping[str, Any]]) -> str:
    """Some of their names; a page may set hundreds."""
    names = sorted({one["name"] for one in trackers})
    return ", ".join(names[:5]) + (f" + {len(names) - 5}" if len(names) > 5 else "")
