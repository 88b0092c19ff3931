"""tawk.to, by what its vendor publishes: where chats are stored, that nothing deletes them, what each chat brings.

Its REST interface is given on application only, so accounts come from a list of members (`registry observations
members`) or from whoever attests. What is told here is of the vendor's papers: it can show a wrong, and never that all
is well. A page that no longer says what it said when this was written is not understood, and nothing is concluded.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from babel import Locale

from registry.connectors.observed.statements import found
from registry.connectors.origin import Origin, only
from registry.connectors.reading import pages, personal
from registry.connectors.source import Allow, Seen, Source, Way, word
from registry.strict.schema import Schema

WEBHOOKS = ("https://developer.tawk.to", "/webhooks/")
HOSTING = ("https://help.tawk.to", "/article/why-do-you-need-my-personal-data")
STORING = ("https://www.tawk.to", "/how-we-store-your-data/")
_STORED_IN = re.compile(r"\b[Ss]tored in (?:the )?([A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+){0,3})")
_FOR_EVER = re.compile(r"\bstay on our servers indefinitely\b", re.IGNORECASE)
_AFTER = re.compile(r"\b(?:deleted|erased|removed) (?:automatically )?after ([0-9A-Za-z]+ [a-z]+)")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*")
_AREAS = {"European Union": "EU", "European Economic Area": "EEA"}


class TawkToSettings(Schema):
    """Nothing has to be set: the papers are the same for all. `papers` is where they are, if not at the vendor's."""

    papers = Origin(metadata={"description": "A stand-in for the three sites of the vendor."})


SOURCE = Source(
    title={"fi": "tawk.to (toimittajan tiedot)", "sv": "tawk.to (leverantörens uppgifter)",
           "en": "tawk.to (the vendor's papers)"},
    settings=TawkToSettings,
    secrets={},
    sees=("region", "deletion_rules", "field_inventory"),
)  # fmt: skip


def reach(settings: Mapping[str, Any]) -> Allow:
    """The vendor's three sites."""
    return only(
        *(
            [settings["papers"]]
            if "papers" in settings
            else [site for site, _ in (WEBHOOKS, HOSTING, STORING)]
        )
    )


def observe(way: Way, settings: Mapping[str, Any]) -> Iterator[Seen]:
    """Region, deletion and fields, each from its page."""

    def look(kind: str, page: tuple[str, str], read: Callable[[str], Mapping[str, Any]]) -> Seen:
        url = settings.get("papers", page[0]) + page[1]
        seen = way.look(kind, lambda: read(_html(way, url)), level="vendor_doc", reference=page[0] + page[1])
        return seen if seen.kind == kind else dataclasses.replace(seen, source_level="vendor_doc")

    yield look("region", HOSTING, _region)
    yield look("deletion_rules", STORING, _deletion)
    yield look("field_inventory", WEBHOOKS, lambda html: _fields(way, html))


def _html(way: Way, url: str) -> str:
    answer = way.ask("GET", url, headers={"Accept": "text/html"})
    way.evidence(answer.body)
    return pages.decoded(answer.body, answer.headers.get("content-type", ""))


def _region(html: str) -> Mapping[str, Any]:
    """The one place that the page says data is stored in. Raises ValueError where it says none, or several."""
    text, _ = pages.read(html, HOSTING[0])
    codes = {
        name: code for code, name in Locale("en").territories.items() if re.fullmatch("[A-Z]{2}", code)
    } | _AREAS
    (code,) = {codes[name] for name in _STORED_IN.findall(text) if name in codes}
    provider = {"provider": "Google Cloud"} if "Google Cloud" in text else {}
    return {"country": code, **provider}


def _deletion(html: str) -> Mapping[str, Any]:
    """No rule, where the page says that chats stay until somebody deletes them; one, where it says after how long they
    are. Raises ValueError for anything else.
    """
    text, _ = pages.read(html, STORING[0])
    periods = [
        one["value"] for said in _AFTER.findall(text) for one in found(said) if one["about"] == "period"
    ]
    if _FOR_EVER.search(text) and not periods:
        return {"rules": []}
    (after,) = periods
    rule = {"id": "published", "object": "chat", "active": True, "after": after, "counted_from": "created"}
    return {"rules": [{**rule, "action": "erase"}]}


def _fields(way: Way, html: str) -> Mapping[str, Any]:
    """The keys of what a webhook brings, by the tables that list them. Raises ValueError where there is none."""
    fields = {}
    for name in pages.first_cells(html, "Property"):
        way.took()
        if not _KEY.fullmatch(name):
            way.broken("item_not_understood")
            continue
        within, _, last = name.rpartition(".")
        term = personal.term(last, within=within)
        fields[name] = {"object": "webhook", "name": word(name), **({"pd": term} if term else {})}
    if not fields:
        raise ValueError("no table of properties")
    return {"fields": list(fields.values())}
