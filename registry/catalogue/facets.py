"""What a declaration can be found by: the rows written beside each version, for filters and for text search."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

Facet = tuple[str, str]

_WORD = re.compile(r"\w+")
#: Parts that say where a statement was read; searching them would find headings and quotes, not statements.
_UNSEARCHED = {"provenance", "sections", "sha256", "placeholders"}


def fold(text: str) -> str:
    """`text` as it is compared: NFC and casefolded, the same on every engine (`Ä` is found by `ä`)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def words(text: str) -> set[str]:
    """The folded words of `text`; of a compound with hyphens the parts too."""
    return {word[:64] for word in _WORD.findall(fold(text))}


def facets(kind: str, body: Mapping[str, Any], value: Any) -> set[Facet]:
    """The facets of one declaration: `body` as written (for words), `value` as loaded (for everything else)."""
    found = {("text", word) for text in _texts(body) for word in words(text)}
    found |= {(name, text) for name, text in _OF[kind](value) if text}
    return found


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for name, below in node.items():
            if name not in _UNSEARCHED:
                yield from _texts(below)
    elif isinstance(node, list):
        for below in node:
            yield from _texts(below)


def _of_controller(details: Any) -> Iterator[Facet]:
    yield "country", details.address.country or ""
    yield "legal_form", details.legal_form or ""


def _of_system(system: Any) -> Iterator[Facet]:
    yield "kind", system.kind or ""
    yield "vendor", fold(system.vendor or "")


def _of_register(record: Any) -> Iterator[Facet]:
    yield "status", record.register.status
    for key in record.systems:
        yield "system", key
    for processor in record.processors:
        yield "vendor", fold(processor.name or "")
        yield "vendor", fold(processor.legal_entity or "")
        yield "country", processor.country or ""
    for basis in record.legal_bases:
        yield "legal_basis", basis.article or basis.legacy_article or ""
    for data in record.data_categories:
        yield "data_category", data.pd or ""
    for people in record.data_subjects:
        yield "data_subject", people.category or ""
    for transfer in record.transfers.items_:
        yield "country", transfer.country or ""
    for recipient in record.recipients:
        yield "country", recipient.country or ""
    for place in record.storage_locations:
        if place.area and re.fullmatch(r"[A-Z]{2}|EEA", place.area):
            yield "country", place.area
    if record.document.next_review_on:
        yield "review_due", record.document.next_review_on.isoformat()


_OF = {"controller": _of_controller, "system": _of_system, "register": _of_register}
