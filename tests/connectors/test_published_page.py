"""The published page: what is read of it, what is not, and what a site that fails looks like."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.connectors.book import book, source
from registry.connectors.looking.pulling import pull
from registry.connectors.observed.passages import words
from registry.connectors.observed.statements import found
from registry.connectors.reading import pages, trackers
from registry.connectors.reading.personal import term
from registry.connectors.sources import published_page
from registry.errors import Invalid
from registry.strict.normal import MARKS, normal, piled
from tests.connectors.looking import Look, declare, loopback
from tests.connectors.stand_ins.serving import serving
from tests.connectors.turns.published_page import RECORD, Site, system


@pytest.fixture
def site() -> Iterator[Any]:
    with loopback(), system(None) as (made, settings, _):
        yield made, Look("published_page", settings, {})


def test_what_a_page_states(site: Any) -> None:
    made, look = site
    seen = look.look()["published_text"]
    assert seen.complete and seen.raw_sha256, look.way.faults
    notice, rights = seen.payload["pages"]
    assert (notice["url"], notice["status"], rights["status"]) == (f"{made.origin}/seloste", 200, 200)
    stated = [(one["about"], one["value"]) for one in notice["statements"]]
    assert {
        ("date", "2026-11-03"),
        ("mail_domain", "acme.example"),
        ("period", "P6M"),
        ("vendor", "tawk_to"),
    } <= {*stated}
    assert notice["language"] == "fi" and {"text", "heading", "beside"} == {
        one["part"] for one in notice["passages"]
    }
    assert len(notice["text_sha256"]) == 64 and "text_sha256" not in rights


def test_a_link_on_the_notice_that_leads_nowhere(site: Any, opened: str) -> None:
    made, look = site
    declare({"register": "Uutiskirje", "systems": ["desk"], **RECORD})
    place = ("OBS307", f"link:{made.origin}/ohje")
    assert place not in look.checked()
    made.gone("/ohje")
    assert look.checked()[place] == "fail"
    made.pages["/ohje"] = made.pages["/oikeudet"]
    assert look.checked().get(place) != "fail"


def test_links_to_other_hosts_are_not_asked(site: Any) -> None:
    made, look = site
    with serving(Site()) as other:
        made.say(("/ohje", f"{other.origin.replace('127.0.0.1', 'localhost')}/x"))
        assert look.look()["published_text"].complete
        assert other.asked == []


@pytest.mark.parametrize("status", [401, 403, 500, 503, 302])
def test_a_page_that_is_not_shown_is_neither_right_nor_gone(site: Any, opened: str, status: int) -> None:
    made, look = site
    declare({"register": "Uutiskirje", "systems": ["desk"], **RECORD})
    made.gone("/seloste", status, Location="/kirjaudu")
    held = {key: kind for (code, key), kind in look.checked().items() if code == "OBS307"}
    assert held == {"pages": "open", "inventory": "open"}


def test_a_site_that_does_not_answer_is_not_gone(opened: str) -> None:
    with loopback():
        with system(None) as (_, settings, _):
            pass
        declare({"register": "Uutiskirje", "systems": ["desk"], **RECORD})
        look = Look("published_page", settings, {})
        held = {key: kind for (code, key), kind in look.checked().items() if code == "OBS307"}
    assert held == {"pages": "open", "inventory": "open"}
    assert look.look()["published_text"].payload == {"asked": "published_text", "reason": "unavailable"}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/pdf", b"%PDF-1.7 6 kk"),
        ("text/html", b"<html><body><script>render('6 kk')</script></body>"),
    ],
)
def test_a_page_that_cannot_be_read_is_not_compared(site: Any, kind: str, body: bytes) -> None:
    made, look = site
    made.pages["/seloste"] = (200, body, {"Content-Type": kind})
    seen = look.look()["published_text"]
    assert not seen.complete and "statements" not in seen.payload["pages"][0]


def test_only_so_many_links_are_tried(site: Any) -> None:
    made, look = site
    more = "".join(f"<a href='/x{number}'>x</a>" for number in range(200))
    made.say(("</nav>", more + "</nav>"))
    seen = look.look()["published_text"]
    assert not seen.complete and look.way.faults["too_many_links"] == 1
    assert len(made.asked) <= published_page.LINKS + 2


def test_addresses_of_people_in_links_are_told_nowhere(site: Any) -> None:
    made, look = site
    made.say(("</nav>", "<a href='/people/some.body@acme.example'>x</a></nav>"))
    made.gone("/oikeudet", 301, Location="/people/some.body@acme.example")
    assert "@" not in str(look.look()["published_text"].payload)


@pytest.mark.parametrize(
    "url", ["", "ftp://a.fi/x", "https://me:pw@a.fi/", "mailto:x", "https://", "file:///etc/passwd"]
)
def test_a_notice_has_the_address_of_a_page(url: str) -> None:
    with pytest.raises(Invalid):
        source("published_page").settings({"notice": url})


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a<b>b</b>c</p><p>d", "abc d"),
        ("<body>a<script>b</script><style>c</style>d</body>", "a d"),
        ("<title>t</title>&auml;&#228; &nbsp;x", "ää x"),
        ("<div>" * 20_000 + "x", "x"),
        ("<script>a", ""),
        ("a<!-- b", "a"),
        ("a<b", "a"),
        ("1 < 2 <3", "1 < 2 <3"),
        ("<svg>a<p>b", "a b"),
        ("<svg/>a<svg>b</SVG >c", "a c"),
        ("<SCRIPT>a</Script>b", "b"),
        ("<template>a</template></script></div>b", "b"),
        ("a<!-- b -->c<![CDATA[d]]>", "a c"),
        ("A\u030a", "Å"),
    ],
)
def test_the_text_of_a_page(html: str, text: str) -> None:
    assert pages.read(html, "https://a.fi/")[0].replace("ac", "a c") == text.replace("ac", "a c")


@pytest.mark.parametrize(
    "piece",
    ["<!--", "<a ", "</", "<![CDATA[", "&#", "<a href='", "<script>", "<svg>", '<p a="', "x@", "1 kk ", "<"],
)
def test_h12_a_page_that_is_never_closed_is_read_once(piece: str) -> None:
    """html.parser would read it to the end again and again: that is minutes, and this is not."""
    text, links = pages.read(piece * (200_000 // len(piece)), "https://a.fi/")
    assert len(text) <= 200_000 and links == []
    found(text)


PILE = "\u0301\u0327" * 10_000


def test_h12_marks_heaped_on_a_letter_are_thinned() -> None:
    """unicodedata would put a million of them in order for an hour, while nothing else of the process runs."""
    text, links = pages.read(f"<p>a{PILE}</p><a href='//a{PILE[:2000]}/'>x</a>", "https://a.fi/")
    assert len(text) < 300 and links == []
    assert len("".join(words(f"a{PILE}"))) < 300
    assert list(trackers.of_page(f"<script src='//a{PILE[:1000]}/x.js'></script>", "https://a.fi/")) == []
    assert piled(PILE) and len(normal(PILE, "NFKD")) == MARKS
    assert term("e" + PILE + "mail") is None


@given(st.text(st.sampled_from("a\u0301\u0327\u0f73\uff9eäé\u1100\u1161가 "), max_size=600))
def test_h12_nobody_s_text_is_another_for_it(text: str) -> None:
    for form in ("NFC", "NFKC", "NFKD"):
        told = normal(text, form)
        assert piled(text) or told == unicodedata.normalize(form, text)
        assert (
            max(map(len, re.findall("[\u0301\u0327]+", unicodedata.normalize("NFD", told))), default=0)
            < 2 * MARKS
        )


@pytest.mark.parametrize("name", ["punycode", "unicode_escape", "utf-7", "idna", "utf-32", "zlib", "x" * 40])
def test_h12_what_is_no_encoding_of_pages_is_not_decoded_by(name: str) -> None:
    """Python's Punycode takes the longer the stranger a page is, and others make what is no character."""
    body = b"<p>" + b"a" * 30 + b"-" + b"\\ud800+2AA-" * 10
    assert pages.decoded(body, f"text/html; charset={name}") == body.decode()
    assert pages.decoded(b'<meta charset="%s">' % name.encode() + body, "text/html").endswith(body.decode())


@pytest.mark.parametrize("number", ["9" * 5000, "0" * 30 + "65", "1114112", "xD800", "x" + "f" * 5000])
def test_h12_a_reference_to_no_character_is_none(number: str) -> None:
    text, _ = pages.read(f"<p>Tiedot &#{number}; poistetaan</p>", "https://a.fi/")
    assert text.startswith("Tiedot ") and text.endswith(" poistetaan")
    text.encode()


@pytest.mark.parametrize(
    "where", ["http://[", "//a" + "\u00b8" * 9, "/\x9b31m\x01", "//a.fi/" + "x" * 60_000]
)
def test_h10_a_page_that_leads_to_no_address_hides_no_other(site: Any, where: str) -> None:
    made, look = site
    made.pages["/oikeudet"] = (301, b"", {"Location": where})
    seen = look.look()["published_text"]
    assert seen.kind == "published_text"
    notice, rights = seen.payload["pages"]
    assert notice["status"] == 200 and notice["passages"] and rights["status"] == 301
    assert rights.get("moved_to", "").isprintable()


@pytest.mark.parametrize(
    ("html", "links"),
    [
        ("<a href=/x>x</a><A HREF='y?a=1&amp;b=2#c'>", ["https://a.fi/x", "https://a.fi/y?a=1&b=2"]),
        ("<a name=x><a href=''><a data-href='/x'><!-- <a href='/y'> -->", ["https://a.fi/"]),
        (
            "<a href='mailto:x'><a href='javascript:x'><a href='http://['><a href='//b.fi/z'>",
            ["https://b.fi/z"],
        ),
        ("<script><a href='/x'></script>", []),
    ],
)
def test_the_links_of_a_page(html: str, links: list[str]) -> None:
    assert pages.read(html, "https://a.fi/")[1] == links


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("å".encode(), "text/html", "å"),
        ("å".encode("latin-1"), "text/html; charset=ISO-8859-1", "å"),
        (b"<meta charset='iso-8859-15'>\xe5", "text/html", "å"),
        (b"x", "text/html; charset=nothing-of-the-kind", "x"),
        (b"\xff", "text/html", "\ufffd"),
    ],
)
def test_the_characters_of_a_page(body: bytes, kind: str, text: str) -> None:
    assert pages.decoded(body, kind).endswith(text)


@pytest.mark.parametrize(
    ("text", "about", "values"),
    [
        ("säilytetään kuusi kuukautta (6 kk)", "period", ["P6M"]),
        ("kuuden kuukauden, kahden vuoden ja 30 päivän kuluttua", "period", ["P2Y", "P30D", "P6M"]),
        ("i två år, 6 månader eller fyra veckor", "period", ["P2Y", "P4W", "P6M"]),
        ("six (6) months, 6 (kuusi) kuukautta, kuuden (6) kuukauden ajan", "period", ["P6M"]),
        ("puolen vuoden kuluttua", "period", ["P6M"]),
        ("Puolta vuotta vanhemmat", "period", ["P6M"]),
        ("pääsääntöisesti kuukauden kuluessa", "period", ["P1M"]),
        ("half a year", "period", ["P6M"]),
        ("Poistetaan vuoden kuluttua", "period", ["P1Y"]),
        ("Poistetaan kahden vuoden kuluttua", "period", ["P2Y"]),
        ("6 kuukaudessa", "period", ["P6M"]),
        ("for 12 months, one year or 90 days", "period", ["P12M", "P1Y", "P90D"]),
        ("0 kk, 1.5 vuotta, 2026/12 kk, 12345 kk, vuosikuukausi, kk", "period", []),
        (
            "1.2.2026, 01.12.2019, 2026-03-31, 31.2.2026, 1.1.26",
            "date",
            ["2019-12-01", "2026-02-01", "2026-03-31"],
        ),
        (
            "25. toukokuuta 2018, den 3 november 2026, 1 Jan 2026, 31. helmikuuta 2026",
            "date",
            ["2018-05-25", "2026-01-01", "2026-11-03"],
        ),
        ("a@Acme.Example, dpo (at) seamk.fi, x@y, @z.fi", "mail_domain", ["acme.example", "seamk.fi"]),
        ("laki 1050/2018 ja 523/1999, s. 12/13", "act", ["1050/2018", "523/1999"]),
        ("Alustana on Tawk.to.", "vendor", ["tawk_to"]),
    ],
)
def test_what_is_found_in_a_text(text: str, about: str, values: list[str]) -> None:
    assert [one["value"] for one in found(text) if one["about"] == about] == values


def test_a_run_that_saw_as_much_as_can_be_is_complete_though_no_scan_of_cookies_ever_is() -> None:
    known = book()["published_page"]
    with loopback(), system(None) as (site, settings, _):
        pulled = pull(known, known.settings(settings), {})
        text, scan = (one.seen for one in pulled.looked)
        assert (pulled.state, text.complete, scan.complete, scan.in_part) == ("complete", True, False, True)
        site.gone("/oikeudet", 503)
        assert pull(known, known.settings(settings), {}).state == "complete"  # its status was seen
        site.gone("/seloste", 200)
        site.pages["/seloste"] = (200, b"%PDF-1.7", {"Content-Type": "application/octet-stream"})
        assert pull(known, known.settings(settings), {}).state == "incomplete"
