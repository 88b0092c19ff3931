"""What a rule says where nobody looked, or not to the end: shared by the rules on observations."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from registry import clock
from registry.checks.rule import Case, Outcome, Severity, dated
from registry.connectors.observed.observation import Observation
from registry.connectors.observed.reasons import said


def on_paper(case: Case) -> Outcome | None:
    """Not applicable where the record's systems are paper; None where there is something to look at, or may be."""
    if not case.record.systems or list(case.systems()):
        return None
    return case.na("/systems", fi="Rekisteriä pidetään vain paperilla.", en="The register is on paper only.")


def unseen(
    case: Case, kind: str, system: str | None, field: str, *, closes: tuple[str, str], key: str | None = None
) -> Outcome:
    """The open question of a system that was not seen whole; `system` None: the record names none.

    It says whether the look failed, broke off, or was never made, and rests on the look that there was. `key` is the
    system's unless given.
    """
    failed = case.blind(kind, system) if system else None
    looks = ([failed] if failed is not None else case.observed(kind, system)) if system else []
    if system is None:
        fi, en = (
            "Selosteessa ei ole järjestelmää, josta sen voisi nähdä.",
            "The record names no system that could show it.",
        )
    elif over := case.lapsed(kind, system):
        fi, en = lapsed_in_words(over)
    elif failed is not None:
        why_fi, why_en = said(failed.payload["reason"])
        fi = f"Järjestelmää {system} ei saatu katsottua ({why_fi})."
        en = f"The system {system} could not be looked at ({why_en})."
    elif case.observed(kind, system):
        fi, en = (
            f"Järjestelmästä {system} on nähty vain osa.",
            f"Only part of the system {system} has been seen.",
        )
    elif any(one.system == system and one.kind != "could_not_look" for one in case.observations):
        fi = f"Järjestelmästä {system} ei ole katsottu tätä."
        en = f"Of the system {system} this has not been looked at."
    else:
        fi, en = f"Järjestelmää {system} ei ole katsottu.", f"Nobody has looked at the system {system}."
    return case.open(
        field,
        key=(system or "") if key is None else key,
        observation=looks[0].id if looks else None,
        fi=fi,
        en=en,
        closes=closes,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Unseen:
    """Why something was not seen, as sentences to add (each begins with a space), and the look that says so."""

    fi: str = ""
    en: str = ""
    observation: int | None = None


def why_unseen(case: Case, kind: str) -> Unseen:
    """Why a kind was not seen of any system, where a look failed or no longer counts; empty where nobody looked."""
    for system, _ in case.systems():
        if over := case.lapsed(kind, system):
            fi, en = lapsed_in_words(over)
            return Unseen(f" {fi}", f" {en}", over.id)
        if look := case.blind(kind, system):
            fi, en = said(look.payload["reason"])
            return Unseen(
                f" Järjestelmästä {system} sitä ei saatu katsottua ({fi}).",
                f" In {system} it could not be looked at ({en}).",
                look.id,
            )
    return Unseen()


def lapsed_in_words(seen: Observation) -> tuple[str, str]:
    """What is said, in Finnish and English, of evidence whose day has come."""
    day = dated(clock.day(str(seen.expires_on)))
    word = seen.source_level == "attestation"
    return (
        f"Järjestelmästä {seen.system} {'annettu vakuutus' if word else 'tehty havainto'} on vanhentunut ({day}).",
        f"What {'somebody vouched for' if word else 'was seen'} of {seen.system} no longer counts ({day}).",
    )


def weak(seen: Observation) -> Severity | None:
    """On the vendor's papers alone a finding is at most a warning."""
    return "warning" if seen.source_level == "vendor_doc" else None


def some(names: Sequence[str], most: int = 10, between: str = ", ") -> str:
    """The first of some names, and how many more there are: a system may have thousands."""
    return between.join(names[:most]) + (f" + {len(names) - most}" if len(names) > most else "")


#: Roles of those who are served, not of those who serve.
SERVED = frozenset({"end-user", "end user", "enduser", "customer", "visitor", "requester"})


def serving(seen: Observation) -> list[dict[str, Any]]:
    """The active accounts of those who serve, of an observation of accounts."""
    return [one for one in seen.payload["accounts"] if one["active"] and one["role"].casefold() not in SERVED]
