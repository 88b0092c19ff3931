"""Why no rule can be told: what the checks of retention find in the published version that ought to have one."""

from __future__ import annotations

from typing import Any

from registry import clock
from registry.catalogue.read import whole
from registry.catalogue.versions import numbered
from registry.checks.book import book, examine
from registry.checks.runs.passing import case_of, zone_of
from registry.retention.publications.stored import Publication

#: The checks of the statement itself; what is observed is another question.
CODES = ("COM003", "COM004", "COM005")
#: So many registers are looked into for one call.
MOST = 20


def findings(controller: str, key: str, revision: int, now: str) -> list[dict[str, Any]]:
    """What the checks say against the retention statements of a publication, each {"check", "register", "title",
    "message" (both by language), "field", "line", "quote"}; empty where they have nothing to say."""
    publication = Publication.get_or_none(controller=controller, key=key, revision=revision)
    if publication is None:
        return []
    record, _ = whole(numbered("register", controller, key, publication.version), as_of=now)
    case = case_of(record, clock.day_of(now, zone_of(record)), now)
    return [
        {
            "check": check.code,
            "register": record.key,
            "title": dict(book()[check.code].rule.title),
            "message": dict(outcome.message),
            "field": outcome.field,
            "line": outcome.line,
            "quote": outcome.quote,
        }
        for check, outcome in examine(case, CODES)
        if outcome.kind == "fail"
    ]
