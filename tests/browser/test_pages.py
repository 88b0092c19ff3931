"""The public pages in a real browser: narrow, enlarged, by keyboard, and as assistive technology is told of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry.telling.words import languages
from tests.browser.chromium import Chromium

PATHS = [
    "/notices", "/notices/seamk", "/accessibility", "/notices/nobody", "/notices/helao/chat",
    "/notices/jamko/online-chat", "/notices/kaakko/chat", "/notices/osekk/opintori", "/notices/seamk/library-chat",
]  # fmt: skip
#: 320 px is 1280 px at 400 %, 640 px the same at 200 %.
WIDTHS = [320, 640, 1200]
TAGS = '["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]'
TAB, ENTER = ("Tab", 9), ("Enter", 13)

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
BEYOND = """
[...document.querySelectorAll("main *")]
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest("thead"))
  .map(e => e.tagName + ": " + e.textContent.trim().slice(0, 60)).slice(0, 5)
"""
PAPER = "getComputedStyle(document.body).backgroundColor"
FOCUSED = """(() => {
  const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
  return {href: e.getAttribute("href"), id: e.id, outlined: style.outlineStyle !== "none",
          seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0};
})()"""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", PATHS)
def test_g9_nothing_has_to_be_scrolled_sideways(
    chromium: Chromium, served: str, path: str, width: int
) -> None:
    for language in languages():
        chromium.open(f"{served}{path}?lang={language}", width=width)
        assert chromium.run(SIDEWAYS) <= 0, chromium.run(BEYOND)
        assert chromium.run(BEYOND) == []


@pytest.mark.parametrize("path", PATHS)
def test_g9_text_may_be_twice_as_large(chromium: Chromium, served: str, path: str) -> None:
    chromium.open(f"{served}{path}?lang=fi", width=1280)
    chromium.run("document.documentElement.style.fontSize = '200%'")
    assert chromium.run(SIDEWAYS) <= 0, chromium.run(BEYOND)


@pytest.mark.parametrize("path", PATHS)
def test_g8_nothing_is_fetched_from_elsewhere_and_nothing_is_refused(
    chromium: Chromium, served: str, path: str
) -> None:
    chromium.open(f"{served}{path}?lang=sv", width=1200)
    asked = [event["request"]["url"] for event in chromium.told("Network.requestWillBeSent")]
    assert asked
    assert [url for url in asked if not url.startswith(served + "/")] == []
    complaints = [entry["entry"]["text"] for entry in chromium.told("Log.entryAdded")]
    assert [text for text in complaints if "404" not in text or path != "/notices/nobody"] == []
    assert chromium.run("document.styleSheets.length") == 1
    assert chromium.run("document.cookie") == ""


def test_g9_every_link_is_reached_by_keyboard_and_seen_to_be(chromium: Chromium, served: str) -> None:
    chromium.open(f"{served}/notices/kaakko/chat?lang=fi", width=1200)
    links = chromium.run("[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    reached = []
    for _ in links:
        chromium.press(*TAB)
        focus = chromium.run(FOCUSED)
        assert focus["seen"], focus
        assert focus["outlined"], focus
        reached.append(focus["href"])
    assert reached == links  # in the order of the page


def test_g9_the_skip_link_leads_past_the_header(chromium: Chromium, served: str) -> None:
    chromium.open(f"{served}/notices/kaakko/chat?lang=fi", width=320)
    chromium.press(*TAB)
    assert chromium.run(FOCUSED)["href"] == "#content"
    chromium.press(*ENTER)
    assert chromium.run("document.activeElement.id") == "content"
    chromium.press(*TAB)
    assert chromium.run("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize("width", WIDTHS)
def test_g9_tables_are_told_as_tables_however_they_look(chromium: Chromium, served: str, width: int) -> None:
    """On a narrow screen rows look like cards; their cells still belong to columns."""
    chromium.open(f"{served}/notices/osekk/opintori?lang=en", width=width)
    nodes = chromium.ask("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in nodes if not node.get("ignored")]
    tables = chromium.run("document.querySelectorAll('table').length")
    assert roles.count("table") == tables > 5
    assert roles.count("columnheader") == chromium.run("document.querySelectorAll('thead th').length")
    assert roles.count("rowheader") == chromium.run("document.querySelectorAll('tbody th').length")
    assert {"banner", "main", "navigation", "contentinfo", "heading"} <= set(roles)
    named = [node.get("name", {}).get("value") for node in nodes if node["role"]["value"] == "table"]
    assert all(named)


@pytest.mark.parametrize("path", PATHS)
def test_g9_axe_finds_nothing(chromium: Chromium, served: str, axe: str, path: str) -> None:
    """WCAG 2.0 to 2.2, A and AA, and axe's best practices: no violation, in any language, wide and narrow."""
    chromium.ask("Page.setBypassCSP", enabled=True)  # the page lets no script in, not even this one
    try:
        for width in (320, 1200):
            for language in languages():
                chromium.open(f"{served}{path}?lang={language}", width=width)
                chromium.run(axe + "; undefined")
                found = chromium.run(f"axe.run(document, {{runOnly: {TAGS}}}).then(r => r.violations)")
                assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == []
    finally:
        chromium.ask("Page.setBypassCSP", enabled=False)


@pytest.fixture
def by_night(chromium: Chromium) -> Iterator[Chromium]:
    """The browser of somebody who likes it dark."""
    still = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    chromium.ask("Page.setBypassCSP", enabled=True)
    chromium.ask(
        "Emulation.setEmulatedMedia", features=[*still, {"name": "prefers-color-scheme", "value": "dark"}]
    )
    yield chromium
    chromium.ask("Emulation.setEmulatedMedia", media="", features=still)
    chromium.ask("Page.setBypassCSP", enabled=False)


@pytest.mark.parametrize("path", ["/notices", "/accessibility", "/notices/seamk/library-chat"])
def test_g9_dark_pages_can_be_read_as_well(by_night: Chromium, served: str, axe: str, path: str) -> None:
    by_night.open(f"{served}{path}?lang=sv", width=320)
    assert by_night.run(PAPER) == "rgb(18, 25, 30)"
    by_night.run(axe + "; undefined")
    found = by_night.run(f"axe.run(document, {{runOnly: {TAGS}}}).then(r => r.violations)")
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == []


def test_paper_is_white_also_by_night(by_night: Chromium, served: str) -> None:
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    by_night.ask("Emulation.setEmulatedMedia", media="print", features=dark)
    by_night.open(f"{served}/notices/seamk/library-chat?lang=fi", width=800)
    assert by_night.run(PAPER) == "rgb(255, 255, 255)"
    assert by_night.run("getComputedStyle(document.body).color") == "rgb(28, 43, 54)"
