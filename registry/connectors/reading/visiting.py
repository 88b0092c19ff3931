"""Pages of the public web: which addresses are pages, which hosts they are on, and asking for one as a visitor does.

Redirects are told and not followed. An address in http is asked in https.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from registry import outbound
from registry.connectors.observed.plain import Word
from registry.connectors.reading import pages
from registry.connectors.seen import NotSeen
from registry.connectors.way import Way
from registry.outbound import Allow, Answer, Refused

LONGEST = 2 * 1024 * 1024  # bytes of a page; a notice has a hundredth of that
PRINTED = 10 * 1024 * 1024  # bytes of a PDF; its letters and pictures come with it
GONE = (404, 410)
MOVED = (301, 308)
_ACCEPT = {"Accept": "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"}


class Address(Word):
    """The address of a page, with or without its scheme."""

    default_error_messages = {"url": "bad_url: An address of a page, such as https://www.example.fi/notice."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            _place(text)
        except ValueError:
            raise self.make_error("url") from None
        return text


def hosts_of(urls: Iterable[str]) -> Allow:
    """Leave to reach the hosts of these pages and no others. Raises ValueError for what is no page."""
    places = [_place(url) for url in urls]
    return Allow(
        hosts=tuple(dict.fromkeys(host for host, _ in places)), ports=frozenset(port for _, port in places)
    )


def ask(way: Way, url: str, most: int = LONGEST) -> tuple[Answer, str]:
    """What a page answers, whatever it is, and the URL that was asked. Raises NotSeen where there was no answer.

    An answer of more than `most` bytes is none.
    """
    whole = url if "://" in url else f"https://{url}"
    for asked in (whole, whole.replace("http://", "https://", 1)):
        way.asked += 1
        way.took()
        allow = dataclasses.replace(way.allow, seconds=min(way.allow.seconds, way.left()), most=most)
        try:
            return outbound.ask("GET", asked, allow=allow, headers=_ACCEPT, redirects=True), asked
        except Refused as refused:
            if refused.code != "scheme_refused" or asked.startswith("https://"):
                raise NotSeen("unavailable", refused.code) from None
    raise NotSeen("unavailable", "scheme_refused")


def ask_either(way: Way, url: str) -> tuple[Answer, str]:
    """The same of a page, or of a PDF, which may be longer. Raises NotSeen."""
    answer, asked = ask(way, url, PRINTED)
    if len(answer.body) > LONGEST and not is_pdf(answer):
        raise NotSeen("unavailable", "too_large")
    return answer, asked


def is_html(answer: Answer) -> bool:
    """Whether an answer says that it is a page of HTML; one that says nothing is taken for one."""
    return not is_pdf(answer) and "html" in answer.headers.get("content-type", "text/html").lower()


def is_pdf(answer: Answer) -> bool:
    """Whether an answer says that it is a PDF, or is one whatever it says."""
    kind = answer.headers.get("content-type", "").lower().partition(";")[0].strip()
    return kind in ("application/pdf", "application/x-pdf") or answer.body[:1024].lstrip().startswith(
        b"%PDF-"
    )


def characters(answer: Answer) -> str:
    """The characters of a page."""
    return pages.decoded(answer.body, answer.headers.get("content-type", "").lower())


def plain(url: str) -> str:
    """An address for comparing: in small letters, without its scheme and the stroke at its end."""
    return url.casefold().partition("://")[2].rstrip("/") if "://" in url else url.casefold().rstrip("/")


def _place(url: str) -> tuple[str, int]:
    """The host and the port of a page. Raises ValueError."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("no page")
    return parts.hostname, parts.port or 443
