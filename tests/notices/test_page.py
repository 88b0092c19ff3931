"""The HTML: valid, in order, and proof against what somebody may have written into a record."""

from __future__ import annotations

import re

import pytest

from registry.catalogue.record import Record, assemble
from registry.notices import html
from registry.telling.words import languages
from tests.notices.bodies import Full
from tests.notices.conftest import document, fixtures
from tests.notices.reading import Reader

BASE = "https://registry.example"

CORPUS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg/onload=alert(1)>",
    "' onmouseover='alert(1)",
    "\" autofocus onfocus=alert(1) x=\"",
    "</bdi></td></tr></table><iframe src=//evil.example></iframe>",
    "</title><script src=//evil.example></script>",
    "<base href=//evil.example/><meta http-equiv=refresh content=0>",
    "<style>*{display:none}</style><link rel=stylesheet href=//evil.example>",
    "{{ 7*7 }}{% for x in range(3) %}",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://evil.example/\" onclick=\"alert(1)",
    "&lt;script&gt;&#60;b&#62;",
    "<!--", "]]>", "<a href='javascript:alert(1)'>x</a>", "<form action=//evil.example><input>",
    "\u202egnp.exe\u202c \u2066x", "\u200bzero\u200dwidth\ufeff", "Z\u0351\u036b\u0343" * 30,
    "😀👩‍👩‍👧", "a\u0300" * 50,
]  # fmt: skip


def page(record: Record, language: str = "fi") -> Reader:
    return Reader(html.notice_page(document(record, language), base=BASE))


@pytest.mark.parametrize("language", languages())
def test_the_pages_are_valid(record: Record, language: str) -> None:
    read = page(record, language)
    assert read.faults == []
    assert read.of("html")[0].attributes["lang"] == language
    assert [one.attributes["charset"] for one in read.of("meta") if "charset" in one.attributes] == ["utf-8"]
    assert read.of("body")[0].children[0].attributes["href"] == "#content"  # the skip link is first


@pytest.mark.parametrize("payload", CORPUS)
def test_g7_what_is_written_into_a_record_makes_no_element(payload: str) -> None:
    """The page of a record with the payload in every text has the very shape of one with harmless letters in it."""

    def shape(text: str) -> Reader:
        full = Full(text=lambda mark: f"{text} {mark}")
        return page(full.record())

    harmless, hostile = shape(re.sub(r"[^\s\d-]", "x", payload)), shape(payload)
    assert hostile.shape() == harmless.shape()
    assert hostile.faults == []


@pytest.mark.parametrize("payload", CORPUS)
def test_g7_what_is_written_is_shown_as_it_was_written(payload: str) -> None:
    full = Full(text=lambda mark: f"{payload} {mark}")
    read = page(full.record())
    isolated = {run for element in read.of("bdi") for run in element.runs}
    written = [value for pointer, _, value in full.leaves if re.fullmatch(r"/purposes/\d/text", pointer)]
    assert len(written) == 2
    assert set(written) <= isolated


@pytest.mark.parametrize(
    "payload", [*CORPUS, "JaVaScRiPt:alert(1)", " javascript:x", "//evil.example", "ftp://x.example"]
)
def test_g7_no_link_but_to_the_web_a_mailbox_or_a_number(payload: str) -> None:
    body = {
        "register": "X",
        "document": {"publication_url": payload, "referenced_urls": [payload]},
        "processors": [{"name": "P", "policy_urls": [payload]}],
        "contact_points": [{"role": "R", "email": payload[:320], "phone": payload[:60]}],
        "further_information": [payload],
    }
    details = {"name": "Acme", "email": payload[:320], "phone": payload[:60], "website": payload}
    read = page(assemble("acme/x", body, details))
    links = [one.attributes["href"] for one in read.of("a", "link")]
    assert [
        link
        for link in links
        if not re.match(r"https?://[^\"'<>\s]*$|mailto:[^\"'<>\s]+$|tel:\+?\d+$|[/#]", link)
    ] == []
    assert not [link for link in links if link.startswith("//")]


@pytest.mark.parametrize(
    ("written", "link"),
    [
        ("https://example.fi/a?b=c&d=e", "https://example.fi/a?b=c&d=e"),
        ("http://example.fi", "http://example.fi"),
        ("www.example.fi", None),
        ("https://", None),
        ("https://exa mple.fi", None),
        ("https://[::1", None),
        ("https://example.fi/\u202e", None),
    ],
)
def test_an_address_is_a_link_where_it_says_how_to_get_there(written: str, link: str | None) -> None:
    read = page(assemble("acme/x", {"register": "X"}, {"name": "Acme", "website": written}))
    shown = [one for one in read.of("bdi") if one.text == written]
    assert shown
    assert (
        shown[0].parent.attributes.get("href") if shown[0].parent and shown[0].parent.tag == "a" else None
    ) == link


def test_m4_direction_marks_in_a_name_turn_nothing_around() -> None:
    record = assemble("acme/x", {"register": "\u202egnp.exe"}, "\u05d0\u05d1 Acme")
    title = page(record).of("title")[0].text
    assert title.startswith("\u2068\u202egnp.exe\u2069 – \u2068\u05d0\u05d1 Acme\u2069")


def test_the_page_links_its_other_languages_and_its_data() -> None:
    read = page(fixtures()["seamk/library-chat"], "sv")
    links = [one.attributes for one in read.of("link")]
    here = f"{BASE}/notices/seamk/library-chat"
    assert {one["hreflang"]: one["href"] for one in links if "hreflang" in one} == {
        **{language: f"{here}?lang={language}" for language in languages()},
        "x-default": here,
    }
    assert f"{here}.json?lang=sv" in [one["href"] for one in links if one.get("type") == "application/json"]
    current = [one for one in read.of("a") if "aria-current" in one.attributes]
    assert [one.attributes["lang"] for one in current] == ["sv"]


def test_nothing_comes_from_elsewhere() -> None:
    for record in fixtures().values():
        for one in page(record).elements:
            for name in ("src", "action", "data", "poster", "background"):
                assert name not in one.attributes
            if one.tag == "link" and one.attributes["rel"] in ("stylesheet", "icon"):
                assert one.attributes["href"].startswith("/static/")
    styles = html.STYLES.decode()
    assert not re.search(r"url\(|@import|expression|//[a-z]", styles)


@pytest.mark.parametrize("language", languages())
def test_the_other_pages_are_valid_too(language: str) -> None:
    notices = [{"key": "x", "title": "<b>X</b>", "language": "sv", "published": "22.11.2026"}]
    groups = [{"key": "acme", "name": "Acme & <i>Co</i>", "notices": notices}]
    made = [
        html.index_page(language, groups, base=BASE, path="/notices", after="acme/x/1"),
        html.index_page(language, groups, base=BASE, path="/notices/acme"),
        html.index_page(language, [], base=BASE, path="/notices"),
        html.accessibility_page(
            language, [{"name": "<b>", "contact": "a@b.fi", "link": "mailto:a@b.fi"}], base=BASE
        ),
        html.accessibility_page(language, [], base=BASE),
        *(html.wrong_page(language, kind, path="/notices") for kind in ("not_found", "gone", "wrong")),
    ]
    for one in made:
        read = Reader(one)
        assert read.faults == []
        assert read.of("html")[0].attributes["lang"] == language
        assert {"/accessibility", "/accessibility#feedback"} <= {
            re.sub(r"\?lang=\w+", "", link.attributes["href"]) for link in read.of("a")
        }


def contrast(one: str, other: str) -> float:
    """WCAG 2.1 relative contrast of two colours #rrggbb."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((light(one), light(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("text", ["ink", "soft", "deep", "warn"])
@pytest.mark.parametrize("ground", ["paper", "card", "tint", "warn-tint"])
def test_g9_texts_stand_out_from_every_ground(text: str, ground: str) -> None:
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", html.STYLES.decode()))
    assert contrast(colours[text], colours[ground]) >= 4.5
