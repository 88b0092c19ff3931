"""Changes on a web site (on loopback) where the registry's own notice is published."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from registry.catalogue.record import assemble
from registry.connectors.reading import passages
from registry.notices.html import notice_page
from registry.telling.render import render
from registry.telling.value import Standing
from tests.connectors import pdfs
from tests.connectors.stand_ins.serving import Asked, Reply, StandIn, serving
from tests.connectors.turns import Turn

#: Where it is published is known when the site is up.
RECORD: dict[str, Any] = {
    "register": "Uutiskirje",
    "retention": [{"applies_to": "all", "duration": "P6M", "action": "erase"}],
    "data_categories": [{"id": "D1", "text": "Sähköpostiosoite"}, {"id": "D2", "text": "Kieli"}],
    "purposes": [
        {"id": "P1", "text": "Uutiskirjeen lähettäminen tilaajille. Osoitteita ei luovuteta muille."}
    ],
    "dpo": {"contact": {"email": "tietosuoja@acme.example"}},
    "processors": [{"name": "tawk.to"}],
    "collection_channels": ["web"],
}
STANDING = Standing(1, "2018-01-01T00:00:00.000000Z", "2026-11-03T08:00:00.000000Z")
ACME = {"name": "Acme", "website": "https://www.acme.example"}


def notice(record: dict[str, Any], language: str = "fi", system: str = "Desk") -> str:
    """The page on which the registry publishes the notice of a record, with a link to the site's own help."""
    made = assemble("acme/clients", {"systems": ["desk"], **record}, ACME, {"desk": {"name": system}})
    page = notice_page(render(made, STANDING, language).document(), base="https://notices.example")
    return page.replace("</footer>", '<p><a href="/ohje">Ohje</a></p></footer>')


class Site(StandIn):
    """Pages by path: status, headers and text."""

    def __init__(self) -> None:
        super().__init__()
        self.record, self.called = RECORD, "Desk"
        self.pages: dict[str, Reply] = {"/ohje": (200, b"<p>Ohje</p>", {"Content-Type": "text/html"})}
        self.pages["/oikeudet"] = self.pages["/ohje"]

    def say(self, *changes: tuple[str, str], cookies: str = "") -> None:
        """Publish the notice, with other words, and set a cookie with it."""
        text = notice(self.record, system=self.called)
        for one, other in changes:
            assert one in text
            text = text.replace(one, other)
        headers = {"Content-Type": "text/html; charset=utf-8", **({"Set-Cookie": cookies} if cookies else {})}
        self.pages["/seloste"] = (200, text.encode(), headers)

    def print(self, *changes: tuple[str, str]) -> None:
        """Publish the notice as a PDF, with other words."""
        html = notice(self.record)
        for one, other in changes:
            assert one in html
            html = html.replace(one, other)
        read = [one for one in passages.blocks(html) if one.part != "beside"]
        blocks = [("H2" if one.part == "heading" else "P", one.text) for one in read]
        body = pdfs.tagged(blocks, links=["/oikeudet"])
        self.pages["/seloste"] = (200, body, {"Content-Type": "application/pdf"})

    def gone(self, path: str, status: int = 404, **headers: str) -> None:
        self.pages[path] = (status, b"<p>?</p>", {"Content-Type": "text/html", **headers})

    def back(self, path: str) -> None:
        self.pages[path] = self.pages["/ohje"]

    def answer(self, asked: Asked) -> Reply:
        elsewhere = asked.path.startswith(("/notices", "/accessibility"))  # where the page of a notice leads
        return self.pages.get(asked.path, self.pages["/oikeudet"] if elsewhere else (404, b"", {}))


@contextmanager
def system(_: Any) -> Iterator[tuple[Site, dict[str, Any], dict[str, str]]]:
    site = Site()
    with serving(site):
        RECORD["document"] = {
            "publication_url": f"{site.origin}/seloste",
            "updated_on": "2026-11-03",
            "referenced_urls": [{"url": f"{site.origin}/oikeudet", "used_for": "rights"}],
        }
        site.say()
        yield site, {"notice": f"{site.origin}/seloste", "refers_to": [f"{site.origin}/oikeudet"]}, {}


def _printed(name: str, *changes: tuple[str, str], key: str = "wording") -> Turn:
    return Turn(
        kind="published_text", code="OBS307", name=name, key=key, then="open",
        do=lambda site: site.print(*changes), undo=lambda site: site.print(),
    )  # fmt: skip


def _text(name: str, *changes: tuple[str, str], key: str = "wording") -> Turn:
    return Turn(
        kind="published_text", code="OBS307", name=name, key=key, then="open",
        do=lambda site: site.say(*changes), undo=lambda site: site.say(),
    )  # fmt: skip


TURNS = [
    _text("the page states another period", ("6 kuukautta", "12 kk"), key="text"),
    _text("the page names a vendor that the record does not", ("tawk.to", "tawk.to ja Zendesk"), key="text"),
    _text("the page no longer names the vendor", ("tawk.to", "palveluntarjoaja"), key="text"),
    _text("the page gives another mailbox", ("tietosuoja@acme.example", "tietosuoja@vanha.example"), key="text"),
    _text("the page is of another day", ("3. marraskuuta 2026", "3.11.2019"), key="text"),
    _text("a period of the text is another", ("6 kuukautta", "12 kuukautta")),
    _text("a \"not\" is taken out of the text", ("ei luovuteta muille", "luovutetaan muille")),
    _text("a sentence is taken out of the text", ("Uutiskirjeen lähettäminen tilaajille.", "")),
    _text("a sentence is added to the text", ("</h1>", "</h1><p>Tiedot myydään.</p>")),
    _text("a name takes the place of another", ("Acme</bdi>", "Emca</bdi>")),
    _printed("a period of the notice, which is a PDF, is another", ("6 kuukautta", "12 kuukautta")),
    _printed("a sentence is added to the notice, which is a PDF", ("</h1>", "</h1><p>Tiedot myydään.</p>")),
    _printed("a sentence is taken out of the notice, which is a PDF", ("Uutiskirjeen lähettäminen tilaajille.", "")),
    Turn(
        kind="published_text", code="OBS307", name="a page that the notice refers to is gone", then="open",
        key="dead:/document/referenced_urls/0",
        do=lambda site: site.gone("/oikeudet"), undo=lambda site: site.back("/oikeudet"),
    ),
    Turn(
        kind="published_text", code="OBS307", name="the notice is gone", then="open",
        key="dead:/document/publication_url",
        do=lambda site: site.gone("/seloste", 410), undo=lambda site: site.say(),
    ),
    Turn(
        kind="published_text", code="OBS307", name="the notice has moved", then="open",
        key="moved:/document/publication_url",
        do=lambda site: site.gone("/seloste", 301, Location="/tietosuoja"), undo=lambda site: site.say(),
    ),
    Turn(
        kind="cookie_scan", code="LAW208", name="the page counts its visitors without asking", then="open",
        key="acme/desk",
        do=lambda site: site.say(cookies="_ga=GA1.2.3; Path=/; Expires=Wed, 21 Oct 2099 07:28:00 GMT"),
        undo=lambda site: site.say(),
    ),
    Turn(
        kind="cookie_scan", code="LAW208", name="the page loads a script of an analytics service", then="open",
        key="acme/desk",
        do=lambda site: site.say(("</main>", '<script src="https://www.googletagmanager.com/x.js"></script></main>')),
        undo=lambda site: site.say(),
    ),
]  # fmt: skip
