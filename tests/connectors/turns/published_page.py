"""Changes on a web site (on loopback) where a notice is published."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.connectors.stand_ins.serving import Asked, Reply, StandIn, serving
from tests.connectors.turns import Turn

#: Where it is published is known when the site is up.
RECORD: dict[str, Any] = {
    "retention": [{"duration": "P6M"}],
    "dpo": {"contact": {"email": "tietosuoja@acme.example"}},
    "processors": [{"name": "tawk.to"}],
}
NOTICE = """<!doctype html><html lang="fi"><head><meta charset="utf-8"><title>Seloste</title>
<style>p { margin: 24 kk }</style></head><body><nav><a href="/ohje">Ohje</a> <a href="mailto:x@acme.example">x</a></nav>
<h1>Uutiskirje</h1><p>Tiedot säilytetään <b>kuusi</b> kuukautta. Alustan tarjoaa tawk.to.</p>
<p>Yhteys: tietosuoja@acme.example. Päivitetty 3.11.2026.</p><script>var keep = "12 kk";</script></body></html>"""


class Site(StandIn):
    """Pages by path: status, headers and text."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, Reply] = {"/ohje": (200, b"<p>Ohje</p>", {"Content-Type": "text/html"})}
        self.pages["/oikeudet"] = self.pages["/ohje"]
        self.say()

    def say(self, *changes: tuple[str, str]) -> None:
        """Publish the notice, with other words."""
        text = NOTICE
        for one, other in changes:
            assert one in text
            text = text.replace(one, other)
        self.pages["/seloste"] = (200, text.encode(), {"Content-Type": "text/html; charset=utf-8"})

    def gone(self, path: str, status: int = 404, **headers: str) -> None:
        self.pages[path] = (status, b"<p>?</p>", {"Content-Type": "text/html", **headers})

    def back(self, path: str) -> None:
        self.pages[path] = self.pages["/ohje"]

    def answer(self, asked: Asked) -> Reply:
        return self.pages.get(asked.path, (404, b"", {}))


@contextmanager
def system(_: Any) -> Iterator[tuple[Site, dict[str, Any], dict[str, str]]]:
    site = Site()
    with serving(site):
        RECORD["document"] = {
            "publication_url": f"{site.origin}/seloste",
            "updated_on": "2026-11-03",
            "referenced_urls": [{"url": f"{site.origin}/oikeudet", "used_for": "rights"}],
        }
        yield site, {"notice": f"{site.origin}/seloste", "refers_to": [f"{site.origin}/oikeudet"]}, {}


def _text(name: str, *changes: tuple[str, str]) -> Turn:
    return Turn(
        kind="published_text", code="OBS307", name=name, key="text", then="open",
        do=lambda site: site.say(*changes), undo=lambda site: site.say(),
    )  # fmt: skip


TURNS = [
    _text("the page states another period", ("<b>kuusi</b> kuukautta", "12 kk")),
    _text("the page names a vendor that the record does not", ("tawk.to", "tawk.to ja Zendesk")),
    _text("the page no longer names the vendor", ("tawk.to", "palveluntarjoaja")),
    _text("the page gives another mailbox", ("tietosuoja@acme.example", "tietosuoja@vanha.example")),
    _text("the page is of another day", ("3.11.2026", "3.11.2019")),
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
]  # fmt: skip
