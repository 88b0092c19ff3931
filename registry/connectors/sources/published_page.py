"""The notice as it stands on the web, and the pages that it refers to: what is there, what it states, which are gone.

Text is told in passages without what may name people (`observed.passages`), by its digest, and by statements that can
be compared with a record (`observed.statements`). What a first visit without any consent leaves on the device is told
as far as it shows without running the page: never as all of it.

A notice that is a PDF is read in a process apart (`reading.pdf`), and told in the same passages.

A page that could not be asked is left out and leaves the look incomplete: only what answers 404 or 410 is gone.
Redirects are told and not followed. Addresses in http are asked in https.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from marshmallow import fields, validate

from registry.connectors.observed import statements
from registry.connectors.observed.plain import ADDRESS
from registry.connectors.reading import pages, passages, trackers, visiting
from registry.connectors.reading.pdf import apart
from registry.connectors.source import Allow, NotSeen, Seen, Source, Way, could_not_look, word
from registry.outbound import Answer
from registry.strict.normal import normal
from registry.strict.schema import Schema

LINKS = 60  # of the notice that are tried


class PublishedPageSettings(Schema):
    """Which pages, each as the register gives its address."""

    notice = visiting.Address(
        most=2000, required=True, metadata={"description": "Where the notice is published."}
    )
    refers_to = fields.List(
        visiting.Address(most=2000),
        validate=validate.Length(max=50),
        load_default=list,
        metadata={"description": "The pages that the notice refers to."},
    )


SOURCE = Source(
    title={"fi": "Julkaistu seloste", "sv": "Den publicerade beskrivningen", "en": "The published notice"},
    settings=PublishedPageSettings,
    secrets={},
    sees=("published_text", "cookie_scan"),
    # Scripts are not run, and the service has other pages: what was not seen here may well be there.
    in_part=("cookie_scan",),
)


def reach(settings: Mapping[str, Any]) -> Allow:
    """The hosts of the pages that are named."""
    return visiting.hosts_of((settings["notice"], *settings["refers_to"]))


def observe(way: Way, settings: Mapping[str, Any]) -> Iterator[Seen]:
    """One look at all the pages."""
    visits: list[Visit] = []
    text = way.look("published_text", lambda: _pages(way, settings, visits))
    yield text
    if not visits and any(page["status"] == 200 for page in text.payload.get("pages", ())):
        # What is there is a PDF: what it leaves behind can never be seen, and the run is no worse for that.
        yield dataclasses.replace(could_not_look("cookie_scan", "not_supported"), in_part=True)
    else:
        yield way.look("cookie_scan", lambda: _left(way, visits))


class Visit(NamedTuple):
    """What a page that was shown left on the device, and the digest of the page."""

    trackers: list[dict[str, Any]]
    digest: bytes


def _left(way: Way, visits: list[Visit]) -> Mapping[str, Any]:
    if not visits:
        raise NotSeen("unavailable", "no_page")
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for visit in visits:
        way.evidence(visit.digest)
        for one in visit.trackers:
            found.setdefault((one["name"], one["form"], one.get("domain")), one)
    return {"pages": len(visits), "trackers": list(found.values())}


def _pages(way: Way, settings: Mapping[str, Any], visits: list[Visit]) -> Mapping[str, Any]:
    failed: NotSeen | None = None
    found: dict[str, dict[str, Any]] = {}
    links: list[str] = []
    for url in dict.fromkeys((settings["notice"], *settings["refers_to"])):
        try:
            answer, asked = visiting.ask_either(way, url)
        except NotSeen as one:
            way.broken(one.code)
            failed = failed or one
            continue
        if answer.status == 200 and (visiting.is_html(answer) or visiting.is_pdf(answer)):
            with way.item():
                visits.append(_visit(answer, asked))
        told, there = {"url": url, "status": answer.status}, list[str]()
        with way.item():
            told, there = _page(way, url, asked, answer, notice=url == settings["notice"])
        found[url], links = told, links or there
    if failed is not None and not found:
        raise failed
    known = {visiting.plain(url) for url in found}
    return {
        "pages": [*found.values(), *_dead(way, [one for one in links if visiting.plain(one) not in known])]
    }


def _page(
    way: Way, url: str, asked: str, answer: Answer, *, notice: bool
) -> tuple[dict[str, Any], list[str]]:
    told: dict[str, Any] = {"url": url, "status": answer.status}
    if answer.status in visiting.MOVED and (where := answer.headers.get("location", "")):
        told["moved_to"] = word(urljoin(asked, where), most=2000)
    if not notice or answer.status != 200:
        return told, []
    way.evidence(answer.body)
    try:
        text = _printed(way, answer) if visiting.is_pdf(answer) else _html(answer, asked)
    except apart.Unreadable as failed:
        way.broken(failed.code)
        return {**told, "unread": failed.code}, []
    told["text_sha256"] = hashlib.sha256(text.line.encode()).hexdigest()
    told["statements"] = statements.found(text.line)
    told["passages"], whole = text.passages
    faults = text.faults if whole else (*text.faults, "too_many_passages")
    for fault in faults:
        way.broken(fault)
    if faults:
        told["unread"] = faults[0]
    if text.language is not None:
        told["language"] = text.language
    if text.guessed:
        told["guessed"] = True
    return told, text.links


class Text(NamedTuple):
    """The text of a notice: in one line, in passages, its language and where its links lead; what of it is not read."""

    line: str
    passages: tuple[list[dict[str, Any]], bool]
    language: str | None
    links: list[str]
    guessed: bool = False
    faults: tuple[str, ...] = ()


def _html(answer: Answer, asked: str) -> Text:
    if not visiting.is_html(answer):
        raise apart.Unreadable("not_html")
    html = visiting.characters(answer)
    text, links = pages.read(html, asked)
    if not text:
        raise apart.Unreadable("no_text")  # made by a script in the reader's browser
    return Text(text, passages.read(html), passages.language(html), links)


def _printed(way: Way, answer: Answer) -> Text:
    try:
        seconds = way.left()
    except NotSeen:
        raise apart.Unreadable("pdf_too_slow") from None
    found = apart.read(answer.body, seconds)
    line = normal(" ".join(text for _, text in found.blocks))
    links = dict.fromkeys(one for link in found.links if (one := pages.whole(link)) is not None)
    return Text(
        line, passages.of_blocks(found.blocks), found.language, list(links), found.guessed, found.faults
    )


def _visit(answer: Answer, asked: str) -> Visit:
    host = urlsplit(asked).hostname or ""
    page = (
        "" if visiting.is_pdf(answer) else visiting.characters(answer)
    )  # a PDF loads nothing from elsewhere
    left = itertools.chain(trackers.of_answer(answer.headers, host), trackers.of_page(page, asked))
    return Visit(list(itertools.islice(left, trackers.MOST)), hashlib.sha256(answer.body).digest())


def _dead(way: Way, links: list[str]) -> Iterator[dict[str, Any]]:
    """Of the links on the notice to the hosts that may be asked, those that lead nowhere."""
    hosts = set(way.allow.hosts)
    near = [link for link in links if urlsplit(link).hostname in hosts]
    if len(near) > LINKS:
        way.broken("too_many_links")
    for link in near[:LINKS]:
        if ADDRESS.search(link):
            continue
        try:
            answer, _ = visiting.ask(way, link)
        except NotSeen as failed:
            if failed.code != "port_refused":  # another service of the host is another place
                way.broken(failed.code)
            continue
        if answer.status in visiting.GONE:
            yield {"url": link[:2000], "status": answer.status, "linked": True}
