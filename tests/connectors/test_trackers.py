"""What a first visit leaves on a device, as far as it shows: names and hosts, no values; never that it is nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.connectors.observed import kinds
from registry.connectors.reading import trackers
from tests.connectors.looking import Look, declare, loopback
from tests.connectors.turns.published_page import RECORD, system

HOME = "https://www.acme.example/notice"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("_ga=GA1.2.3; Path=/", [("_ga", "www.acme.example", False)]),
        ("PHPSESSID=x; HttpOnly, _fbp=1; Domain=.acme.example", [("PHPSESSID", "www.acme.example", True),
                                                                ("_fbp", "acme.example", False)]),
        ("a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT, b=2", [("a", "www.acme.example", None),
                                                             ("b", "www.acme.example", None)]),
        ("a=1; Max-Age=0", []),
        ("", []),
        ("nonsense, =x, a b=c", []),
        ("a=1; Domain=me@acme.example", [("a", None, None)]),
    ],
)  # fmt: skip
def test_cookies_are_told_by_name(said: str, told: list[Any]) -> None:
    found = trackers.of_answer({"set-cookie": said}, "www.acme.example")
    assert [(one["name"], one.get("domain"), one["essential"]) for one in found] == told


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("<script src='https://www.googletagmanager.com/gtm.js?id=1'></script>",
         [("www.googletagmanager.com", "other", False)]),
        ("<script async src=//static.chat.example/x.js>", [("static.chat.example", "other", None)]),
        ("<script src='/own.js'></script><script src='https://cdn.acme.example/x.js'></script>", []),
        ("<script type='text/plain' src='https://clarity.ms/x'></script><script data-src='https://clarity.ms/x'>", []),
        ("<script type=module src='https://www.clarity.ms/x'></script>", [("www.clarity.ms", "other", False)]),
        ("<iframe src='https://maps.other.example/'></iframe>", [("maps.other.example", "other", None)]),
        ("<img src='https://px.other.example/a' width=1 height='1px'><img src='https://px.other.example/b' width=100>",
         [("px.other.example", "pixel", None)]),
        ("<noscript><img src='https://px.other.example/a' width=1 height=1></noscript><!-- <script src=//a.b> -->", []),
        ("<script src='http://['></script><script src='data:x'></script><img width=1 height=1>", []),
    ],
)  # fmt: skip
def test_what_a_page_loads_from_elsewhere(page: str, told: list[Any]) -> None:
    assert [(one["name"], one["form"], one["essential"]) for one in trackers.of_page(page, HOME)] == told


@given(st.text(max_size=400), st.text(max_size=200))
def test_whatever_is_said_fits_its_kind(said: str, page: str) -> None:
    found = [
        *trackers.of_answer({"set-cookie": said}, "a.example"),
        *trackers.of_page(f"<script src='{page}'>", HOME),
    ]
    kinds.load("cookie_scan", {"pages": 1, "trackers": found})


def test_a_scan_that_shows_nothing_proves_nothing_and_values_are_not_kept(opened: str) -> None:
    with loopback(), system(None) as (site, settings, _):
        look = Look("published_page", settings, {})
        declare({**RECORD, "systems": ["desk"]})
        assert look.checked()["LAW208", "acme/desk"] == "open"
        site.say(cookies="session=canary; Path=/")
        seen = look.look()["cookie_scan"]
        assert not seen.complete and "canary" not in str(seen.payload)
        assert look.checked()["LAW208", "acme/desk"] == "open"  # nobody has judged what it is for
        site.say(cookies="_ga=canary; Path=/")
        assert look.checked()["LAW208", "acme/desk"] == "fail"
        site.say()
        assert look.checked()["LAW208", "acme/desk"] == "open"


def test_a_page_that_was_not_shown_was_not_scanned() -> None:
    with loopback(), system(None) as (site, settings, _):
        site.gone("/seloste", 503)
        site.gone("/oikeudet", 503)
        seen = Look("published_page", settings, {}).look()["cookie_scan"]
        assert seen.payload == {"asked": "cookie_scan", "reason": "unavailable"}
