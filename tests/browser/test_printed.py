"""The registry's own notices, printed to PDF by a real browser: each agrees wholly with what would be published."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path

import pytest

from registry.connectors.reading import passages
from registry.connectors.reading.pdf import apart
from registry.notices.html import STYLES, notice_page
from registry.telling.compared import Differing, compare
from registry.telling.expected import expected
from registry.telling.render import render
from registry.telling.words import languages
from tests.browser.chromium import Chromium
from tests.connectors.test_published_text import CHANGES, SAID, record
from tests.connectors.turns.published_page import STANDING, notice
from tests.notices.conftest import fixtures

FOOT = "<span style='font-size:8px'><span class=pageNumber></span> / <span class=totalPages></span></span>"


def printed(chromium: Chromium, page: str, folder: Path, **how: object) -> bytes:
    """The PDF that the browser makes of a page with our styles."""
    file = folder / "page.html"
    file.write_text(page.replace("</head>", f"<style>{STYLES.decode()}</style></head>"), "utf-8")
    chromium.open(file.as_uri(), width=900)
    return base64.b64decode(chromium.ask("Page.printToPDF", **how)["data"])


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", sorted(fixtures()))
def test_the_registrys_own_notice_agrees_wholly_when_it_is_printed(
    chromium: Chromium, tmp_path: Path, name: str, language: str
) -> None:
    page = notice_page(render(fixtures()[name], STANDING, language).document(), base="https://a.example")
    found = apart.read(printed(chromium, page, tmp_path))
    read, whole = passages.of_blocks(found.blocks)
    assert (compare(expected(fixtures()[name], language), read), whole) == (Differing(), True)
    assert (found.language, found.guessed, found.faults) == (language, False, ())
    assert all(link.startswith(("https://", "http://", "mailto:", "tel:", "file:")) for link in found.links)


PAGE = """<html lang="{language}"><head></head><body><h1>Seloste</h1>
<p>Palvelu&shy;neuvojat käyttävät chat-asiakaspalvelua, ja fiilis sekä šakki ja Ångström säilyvät. {filling}</p>
<ul><li>Sähköpostiosoite</li><li>Henkilötunnus</li></ul>
<table><tr><th>Rekisterinpitäjä</th><td>Esimerkkikaupungin kirjastopalvelut</td></tr>
<tr><th>Säilytysaika</th><td>6 kuukautta</td></tr></table></body></html>"""


@pytest.mark.parametrize("tagged", [True, False])
def test_a_page_reads_alike_as_html_and_as_pdf(chromium: Chromium, tmp_path: Path, tagged: bool) -> None:
    page = PAGE.format(
        language="sv", filling="Tiedot säilytetään kuusi kuukautta ja poistetaan sen jälkeen. " * 120
    )
    body = printed(
        chromium, page, tmp_path, generateTaggedPDF=tagged, displayHeaderFooter=True, headerTemplate="<span></span>",
        footerTemplate=FOOT,
    )  # fmt: skip
    found = apart.read(body)
    assert (found.guessed, found.language) == (not tagged, "sv" if tagged else None)
    html, printed_ = passages.read(page)[0], passages.of_blocks(found.blocks)[0]
    assert [one["words_sha256"] for one in html] == [
        one["words_sha256"] for one in printed_ if one["part"] != "beside"
    ]


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", sorted(fixtures()))
def test_printed_without_tags_nothing_is_said_to_differ(
    chromium: Chromium, tmp_path: Path, name: str, language: str
) -> None:
    """Where its passages end is guessed, so some of what was left out may be undecided; never that it differs."""
    page = notice_page(render(fixtures()[name], STANDING, language).document(), base="https://a.example")
    found = apart.read(printed(chromium, page, tmp_path, generateTaggedPDF=False))
    read, whole = passages.of_blocks(found.blocks)
    assert found.guessed and whole
    differing = compare(expected(fixtures()[name], language), read, guessed=True)
    assert dataclasses.replace(differing, undecided=0) == Differing(), differing


@pytest.mark.parametrize("tagged", [True, False])
@pytest.mark.parametrize(("change", "sort", "named"), CHANGES)
def test_a_change_of_the_printed_notice_is_named(
    chromium: Chromium, tmp_path: Path, change: tuple[str, str], sort: str, named: str, tagged: bool
) -> None:
    page = notice(SAID)
    assert change[0] in page
    found = apart.read(printed(chromium, page.replace(*change), tmp_path, generateTaggedPDF=tagged))
    differing = compare(expected(record(), "fi"), passages.of_blocks(found.blocks)[0], guessed=found.guessed)
    told = getattr(differing, sort)
    texts = [one.says if sort == "extra" else (one if sort == "lacking" else one[0]).text for one in told]
    assert any(named in text for text in texts), differing
