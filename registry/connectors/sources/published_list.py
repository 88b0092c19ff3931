"""The lists of sub-processors that processors publish: which stands there now, and who is on it where that is plain.

A list is known by the digest of the words of its page, whatever markup, scripts, menus and space there is around them.
What is told is of the vendor's papers. A page that could not be asked, is gone, has moved or cannot be read is left
out and leaves the look incomplete: nothing is concluded of a list that was not seen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from registry.connectors.observed import passages
from registry.connectors.observed.plain import Word
from registry.connectors.reading import listing, visiting
from registry.connectors.reading.pdf import apart
from registry.connectors.source import Allow, NotSeen, Seen, Source, Way
from registry.connectors.values import MISSHAPEN
from registry.law import law
from registry.law.names import company
from registry.outbound import Answer
from registry.strict.schema import Schema

LONGEST_REFERENCE = 2000


class Listed(Schema):
    """A list: whose it is, and the page on which it is published."""

    processor = Word(required=True, metadata={"description": "The processor, as registers name it."})
    address = visiting.Address(
        most=2000, required=True, metadata={"description": "The page on which it is published."}
    )
    mentions = Word(
        metadata={"description": "A name on the list; a page without it is not taken for the list."}
    )


class PublishedListSettings(Schema):
    """Which processors publish their lists where, one list of each."""

    lists = fields.List(
        fields.Nested(Listed), required=True, validate=validate.Length(min=1, max=50),
        metadata={"description": "Each with the processor, as registers name it, and the address of the page."},
    )  # fmt: skip

    @validates_schema(skip_on_field_errors=True)
    def _one_of_each(self, data: Mapping[str, Any], **_: Any) -> None:
        seen: set[str] = set()
        for number, one in enumerate(data["lists"]):
            vendor = law().vendor(one["processor"])
            key = vendor.key if vendor is not None else company(one["processor"])
            if key in seen:
                raise ValidationError(
                    {"lists": {number: {"processor": ["taken: This processor has a list already."]}}}
                )
            seen.add(key)


SOURCE = Source(
    title={"fi": "Julkaistut alikäsittelijäluettelot", "sv": "Publicerade listor över underbiträden",
           "en": "Published lists of sub-processors"},
    settings=PublishedListSettings,
    secrets={},
    sees=("sub_processors",),
)  # fmt: skip


def reach(settings: Mapping[str, Any]) -> Allow:
    """The hosts of the pages that are named."""
    return visiting.hosts_of(one["address"] for one in settings["lists"])


def observe(way: Way, settings: Mapping[str, Any]) -> Iterator[Seen]:
    """One look at all the lists."""
    read = "sub_processors", lambda: _lists(way, settings)
    seen = way.look(*read, level="vendor_doc", reference=_reference(settings))
    yield seen if seen.kind == "sub_processors" else dataclasses.replace(seen, source_level="vendor_doc")


def _reference(settings: Mapping[str, Any]) -> str:
    """The pages, as many as fit; each list has its own."""
    told = ""
    for address in dict.fromkeys(one["address"] for one in settings["lists"]):
        if len(told) + 1 + len(address) > LONGEST_REFERENCE:
            break
        told = f"{told} {address}".strip()
    return told


def _lists(way: Way, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    failed: NotSeen | None = None
    found = []
    for one in settings["lists"]:
        try:
            answer, _ = visiting.ask_either(way, one["address"])
            read = _read(way, answer, one.get("mentions"))
        except (NotSeen, *MISSHAPEN) as error:
            fault = error if isinstance(error, NotSeen) else NotSeen("not_understood")
            way.broken(fault.code)
            failed = failed or fault
            continue
        way.evidence(answer.body)
        found.append({"processor": one["processor"], "url": one["address"], **read})
    if failed is not None and not found:
        raise failed
    return {"lists": found}


def _read(way: Way, answer: Answer, mentions: str | None) -> dict[str, Any]:
    """What a page says. Raises NotSeen for one that is not there, or is none to be read."""
    if answer.status in visiting.GONE:
        raise NotSeen("no_such_endpoint", "page_gone")
    if 300 <= answer.status < 400:
        raise NotSeen("no_such_endpoint", "page_moved")
    if answer.status in (401, 403):
        raise NotSeen("forbidden", "page_not_shown")
    if answer.status == 429:
        raise NotSeen("unavailable", "rate_limited")
    if answer.status >= 500:
        raise NotSeen("unavailable", "source_unavailable")
    if answer.status != 200:
        raise NotSeen("other", "unexpected_status")
    read = _listing(way, answer)
    if not read.words:  # made by a script in the reader's browser
        raise NotSeen("not_understood", "no_text")
    if mentions is not None and not read.mentions(mentions):
        raise NotSeen("not_understood", "not_mentioned")
    names = {} if read.organisations is None else {"sub_processors": read.organisations}
    return {"list_sha256": passages.digest(read.words), **names}


def _listing(way: Way, answer: Answer) -> listing.Listing:
    """What a page lists, or a PDF. Raises NotSeen for what is neither, and for a PDF that was not read whole."""
    if visiting.is_html(answer):
        return listing.read(visiting.characters(answer))
    if not visiting.is_pdf(answer):
        raise NotSeen("not_supported", "not_html")
    try:
        printed = apart.read(answer.body, way.left())
    except apart.Unreadable as failed:
        raise NotSeen("not_understood", failed.code) from None
    if printed.faults:  # part of a list is another list
        raise NotSeen("not_understood", printed.faults[0])
    return listing.of_texts(text for _, text in printed.blocks)
